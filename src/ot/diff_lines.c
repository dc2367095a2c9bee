/* ot/diff_lines.c - where two texts that differ in much have the same lines.
 *
 * A line that stands exactly once in each of the two says where one continues in the other, however
 * much was put between (Bram Cohen's patience diff). Of all such pairs the longest run that goes
 * down in both is taken.
 *
 * A line is known by a hash of 32 bits; two lines of one hash in one text are not unique, whatever
 * they hold. So a text made to collide finds fewer places and costs nothing. Pairs are compared in
 * full. All lines are numbered, those of the first text first, and sorted by hash: O(length). */
#include "base/pure.h"
#include "ot/diff.h"

struct line {
    uint32_t start, len, hash;
};

struct lines {
    const struct weft_alloc *alloc;
    struct line *at; /* of the first text, then of the second */
    uint32_t len, cap;
    uint32_t first; /* how many of them are of the first text */
    uint32_t *work; /* 3 * len: by line number; the sort needs two of them */
};

static uint32_t count_lines(const struct diff *d, int side, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    uint32_t start = from;
    for (uint32_t i = from; i < to; i++) {
        if (diff_cp(d, side, i) != '\n' && i + 1 < to)
            continue;
        n += i + 1 - start >= DIFF_LINE_CP_MIN;
        start = i + 1;
    }
    return n;
}

static void read_lines(const struct diff *d, int side, uint32_t from, uint32_t to, struct lines *l)
{
    uint32_t start = from;
    uint32_t hash = 0x811c9dc5u; /* FNV-1a, over code points */
    for (uint32_t i = from; i < to; i++) {
        const uint32_t cp = diff_cp(d, side, i);
        hash = (hash ^ cp) * 0x01000193u;
        if (cp != '\n' && i + 1 < to)
            continue;
        if (i + 1 - start >= DIFF_LINE_CP_MIN)
            l->at[l->len++] = (struct line){start, i + 1 - start, hash};
        start = i + 1;
        hash = 0x811c9dc5u;
    }
}

/* Line numbers by hash, those of one hash in their order: 11 bits at a time, the lowest first. */
static const uint32_t *sorted(const struct lines *l)
{
    uint32_t *from = l->work;
    uint32_t *to = l->work + l->len;
    for (uint32_t i = 0; i < l->len; i++)
        from[i] = i;
    for (uint32_t shift = 0; shift < 32; shift += 11) {
        uint32_t begin[2049] = {0};
        for (uint32_t i = 0; i < l->len; i++)
            begin[(l->at[i].hash >> shift & 2047) + 1]++;
        for (uint32_t b = 1; b < 2048; b++)
            begin[b] += begin[b - 1];
        for (uint32_t i = 0; i < l->len; i++)
            to[begin[l->at[from[i]].hash >> shift & 2047]++] = from[i];
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static bool same_line(const struct diff *d, const struct line *a, const struct line *b)
{
    if (a->len != b->len)
        return false;
    for (uint32_t i = 0; i < a->len; i++)
        if (diff_cp(d, 0, a->start + i) != diff_cp(d, 1, b->start + i))
            return false;
    return true;
}

enum { NO_LINE = UINT32_MAX };

/* For each line of the first text its only twin in the second, or NO_LINE. The order is used up:
 * the result may lie where it lay. */
static void pair_up(const struct diff *d, const struct lines *l, const uint32_t *order,
                    uint32_t *twin)
{
    for (uint32_t i = 0; i < l->first; i++)
        twin[i] = NO_LINE;
    for (uint32_t i = 0; i < l->len;) {
        uint32_t end = i + 1;
        while (end < l->len && l->at[order[end]].hash == l->at[order[i]].hash)
            end++;
        if (end == i + 2 && order[i] < l->first && order[i + 1] >= l->first &&
            same_line(d, &l->at[order[i]], &l->at[order[i + 1]]))
            twin[order[i]] = order[i + 1];
        i = end;
    }
}

/* The longest run of lines whose twins go up (patience sorting): takes the twin from every other
 * line. last[n] is the line with the least twin that ends a run of n + 1. */
static void longest_run(const struct lines *l, uint32_t *twin, uint32_t *last, uint32_t *before)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->first; i++) {
        if (twin[i] == NO_LINE)
            continue;
        uint32_t lo = 0;
        uint32_t hi = n;
        while (lo < hi) {
            const uint32_t mid = lo + (hi - lo) / 2;
            if (twin[last[mid]] < twin[i])
                lo = mid + 1;
            else
                hi = mid;
        }
        before[i] = lo > 0 ? last[lo - 1] : NO_LINE;
        last[lo] = i;
        n += lo == n;
    }
    uint32_t keep = n > 0 ? last[n - 1] : NO_LINE;
    for (uint32_t i = l->first; i-- > 0;) {
        if (i == keep)
            keep = before[i];
        else
            twin[i] = NO_LINE;
    }
}

/* The lines that were kept, as places. */
static int places(const struct lines *l, const uint32_t *twin, struct diff_point **ret,
                  uint32_t *ret_len, uint32_t *ret_cap)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->first; i++)
        n += twin[i] != NO_LINE;
    if (n == 0)
        return 0;
    struct diff_point *at = weft_resize(l->alloc, NULL, 0, n * sizeof *at);
    if (at == NULL)
        return WEFT_ENOMEM;
    *ret = at;
    *ret_cap = n;
    struct diff_point end = {UINT32_MAX, UINT32_MAX}; /* of the pair before */
    for (uint32_t i = 0; i < l->first; i++) {
        if (twin[i] == NO_LINE)
            continue;
        const struct diff_point p = {l->at[i].start, l->at[twin[i]].start};
        if (p.x != end.x || p.y != end.y)
            at[(*ret_len)++] = p;
        end = (struct diff_point){p.x + l->at[i].len, p.y + l->at[i].len};
    }
    return 0;
}

int diff_lines(struct diff *d, const struct diff_box *box, struct diff_point **ret,
               uint32_t *ret_len, uint32_t *ret_cap)
{
    *ret = NULL;
    *ret_len = 0;
    *ret_cap = 0;
    d->steps += (box->x1 - box->x0) / 4 + (box->y1 - box->y0) / 4;
    struct lines l = {.alloc = d->alloc};
    const uint32_t first = count_lines(d, 0, box->x0, box->x1);
    const uint32_t second = count_lines(d, 1, box->y0, box->y1);
    if (first == 0 || second == 0 || first > DIFF_LINES_MAX || second > DIFF_LINES_MAX - first)
        return 0;
    l.cap = first + second;
    l.first = first;
    const size_t at_bytes = l.cap * sizeof *l.at;
    const size_t work_bytes = 3 * (size_t)l.cap * sizeof *l.work;
    int err = WEFT_ENOMEM;
    l.at = weft_resize(d->alloc, NULL, 0, at_bytes);
    l.work = weft_resize(d->alloc, NULL, 0, work_bytes);
    if (l.at != NULL && l.work != NULL) {
        read_lines(d, 0, box->x0, box->x1, &l);
        read_lines(d, 1, box->y0, box->y1, &l);
        uint32_t *twin = l.work + 2 * (size_t)l.len;
        pair_up(d, &l, sorted(&l), twin);
        longest_run(&l, twin, l.work, l.work + l.len);
        err = places(&l, twin, ret, ret_len, ret_cap);
    }
    weft_release(d->alloc, l.at, at_bytes);
    weft_release(d->alloc, l.work, work_bytes);
    return err;
}
