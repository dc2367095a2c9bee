/* ot/diff.c - an operation from two texts, with the fewest code points inserted and deleted.
 *
 *     before   The quick brown fox           kept at both ends: what is equal there; where the two
 *     after    The slow brown fox            overlap (aXa against a) the start is taken first
 *                  ^^^^^                     between: the shortest script, diff_search.c
 *
 * The middles are split into boxes, part of the one against part of the other, worked off from left
 * to right. From a box what is equal at both ends is taken off first, the start before the end. When
 * one side is empty the other is inserted or deleted. Else the search finds a place on a shortest
 * way, and the box becomes two. So a script of up to 2 * DIFF_ROUNDS edits is minimal.
 *
 * Texts that differ in more are split where both have the same line (diff_lines.c), and searched
 * between these. A box without such a line is cut where the furthest way from an end has got to, if
 * that was worth it; or else searched once more with more rounds, and then replaced whole. So is
 * each box that is left when DIFF_STEPS are used up.
 * That bounds the time: the steps are counted in place of it.
 *
 * Edits without a kept code point between them are one change: a delete followed by an insert. That
 * is what composing gives for somebody who deletes a range and then types: a diff and the edits it
 * stands for are merged alike. A change that only inserts or only deletes stands as late as it can
 * (between equal code points that is a choice), so that it may become one with the next. */
#include <weft/op.h>

#include "base/assert.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "ot/diff.h"
#include "ot/storage.h"

static bool is_text(const char *s, size_t len_bytes)
{
    return utf8_valid(s, len_bytes, NULL) && !utf8_has_nul(s, len_bytes);
}

static size_t common_start(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    const size_t most = a_bytes < b_bytes ? a_bytes : b_bytes;
    size_t n = 0;
    while (most - n >= 8 && diff_load8(a + n) == diff_load8(b + n))
        n += 8;
    while (n < most && a[n] == b[n])
        n++;
    /* Two code points may share their first bytes. The shorter text ends between code points, and
     * so does the other one there. */
    while (n > 0 && n < most && !utf8_is_start((uint8_t)a[n]))
        n--;
    return n;
}

static size_t common_end(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    const size_t most = a_bytes < b_bytes ? a_bytes : b_bytes;
    size_t n = 0;
    while (most - n >= 8 && diff_load8(a + a_bytes - n - 8) == diff_load8(b + b_bytes - n - 8))
        n += 8;
    while (n < most && a[a_bytes - n - 1] == b[b_bytes - n - 1])
        n++;
    /* Two code points may share their last bytes. */
    while (n > 0 && !utf8_is_start((uint8_t)a[a_bytes - n]))
        n--;
    return n;
}

/* --- the script, written from left to right --- */

struct script {
    struct weft_op *op;
    const char *after; /* the second middle, */
    size_t after_bytes;
    uint32_t at_x, at_y; /* and how far the operation has got in both */
    size_t at_byte;
    uint32_t hunks;
    bool open; /* a change that is not yet written: x0 to x1 becomes y0 to y1 */
    uint32_t x0, x1, y0, y1;
};

static int write_change(struct script *s)
{
    if (!s->open)
        return 0;
    s->hunks++;
    const char *kept = s->after + s->at_byte;
    const size_t kept_bytes = utf8_offset(kept, s->after_bytes - s->at_byte, s->y0 - s->at_y);
    const char *text = kept + kept_bytes;
    const size_t text_bytes =
        utf8_offset(text, s->after_bytes - s->at_byte - kept_bytes, s->y1 - s->y0);
    int err = weft_op_retain(s->op, s->x0 - s->at_x);
    WEFT_ASSERT(err == 0); /* within the document */
    err = weft_op_delete(s->op, s->x1 - s->x0);
    if (err == 0)
        err = weft_op_insert(s->op, text, text_bytes);
    s->at_x = s->x1;
    s->at_y = s->y1;
    s->at_byte += kept_bytes + text_bytes;
    return err;
}

/* Moves the open change over what is kept behind it, `most` code points, as far as that means the
 * same: what it passes must be what it begins with. True when it got to the end. */
static bool slide(const struct diff *d, struct script *s, uint32_t most)
{
    const int side = s->x0 == s->x1 ? 1 : 0;
    const uint32_t from = side == 0 ? s->x0 : s->y0;
    const uint32_t to = side == 0 ? s->x1 : s->y1;
    uint32_t n = 0;
    if (s->x0 == s->x1 || s->y0 == s->y1)
        while (n < most && diff_cp(d, side, from + n) == diff_cp(d, side, to + n))
            n++;
    s->x0 += n;
    s->x1 += n;
    s->y0 += n;
    s->y1 += n;
    return n == most;
}

/* x0 to x1 becomes y0 to y1, behind all that was written before. */
static int change(struct diff *d, struct script *s, const struct diff_box *box)
{
    if (s->open && (slide(d, s, box->x0 - s->x1) || s->hunks + 1 == DIFF_HUNKS_MAX)) {
        s->x1 = box->x1;
        s->y1 = box->y1;
        return 0;
    }
    int err = write_change(s);
    s->open = true;
    s->x0 = box->x0;
    s->x1 = box->x1;
    s->y0 = box->y0;
    s->y1 = box->y1;
    return err;
}

/* --- boxes --- */

struct boxes {
    const struct weft_alloc *alloc;
    struct diff_box *at; /* the leftmost is the last */
    uint32_t len, cap;
};

enum { BOXES_FIRST = 8 };

/* Room for so many more. */
static int reserve(struct boxes *s, uint32_t more)
{
    const uint32_t cap = (uint32_t)op_grown(s->cap, (size_t)s->len + more);
    if (cap == s->cap)
        return 0;
    struct diff_box *at = weft_resize(s->alloc, s->at, s->cap * sizeof *at, cap * sizeof *at);
    if (at == NULL)
        return WEFT_ENOMEM;
    s->at = at;
    s->cap = cap;
    return 0;
}

/* The box from one place to another; there is room. */
static void push(struct boxes *s, struct diff_point from, struct diff_point to, uint32_t rounds,
                 bool lines)
{
    WEFT_ASSERT(s->len < s->cap);
    s->at[s->len++] = (struct diff_box){from.x, to.x, from.y, to.y, rounds, lines};
}

/* Splits the box where lines are the same. *ret_done: there were some. */
static int split_at_lines(struct diff *d, struct boxes *s, const struct diff_box *box,
                          bool *ret_done)
{
    struct diff_point *at;
    uint32_t len;
    uint32_t cap;
    int err = diff_lines(d, box, &at, &len, &cap);
    if (err == 0)
        err = reserve(s, len + 1);
    *ret_done = err == 0 && len > 0;
    if (*ret_done) {
        struct diff_point to = {box->x1, box->y1};
        for (uint32_t i = len; i-- > 0; to = at[i])
            push(s, at[i], to, DIFF_ROUNDS_INSIDE, true);
        push(s, (struct diff_point){box->x0, box->y0}, to, DIFF_ROUNDS_INSIDE, true);
    }
    weft_release(d->alloc, at, cap * sizeof *at);
    return err;
}

enum { SPLIT_BOXES_MOST = 3 }; /* by a search; lines take room of their own */

/* A box with something on both sides: into smaller ones, or *ret_whole. */
static int split(struct diff *d, struct boxes *s, const struct diff_box *box,
                 struct diff_fronts *fronts, bool *ret_whole)
{
    const struct diff_point from = {box->x0, box->y0};
    const struct diff_point to = {box->x1, box->y1};
    struct diff_found found;
    const enum diff_outcome outcome = diff_search(d, box, fronts, &found);
    *ret_whole = outcome == DIFF_TIRED;
    if (*ret_whole)
        return 0;
    bool done = false;
    int err = reserve(s, SPLIT_BOXES_MOST);
    if (err == 0 && outcome == DIFF_FAR && box->lines)
        err = split_at_lines(d, s, box, &done);
    if (err != 0 || done)
        return err;
    if (outcome == DIFF_MET) {
        push(s, found.met, to, box->rounds, box->lines);
        push(s, from, found.met, box->rounds, box->lines);
    } else if (found.has_ahead || found.has_back) {
        if (found.has_back)
            push(s, found.back, to, box->rounds, false);
        push(s, found.has_ahead ? found.ahead : from, found.has_back ? found.back : to,
             DIFF_ROUNDS_INSIDE, false);
        if (found.has_ahead)
            push(s, from, found.ahead, box->rounds, false);
    } else if (box->rounds < DIFF_ROUNDS_STUCK) {
        push(s, from, to, DIFF_ROUNDS_STUCK, false);
    } else {
        *ret_whole = true;
    }
    return 0;
}

static void take_ends(struct diff *d, struct diff_box *box)
{
    const uint32_t n = box->x1 - box->x0;
    const uint32_t m = box->y1 - box->y0;
    const uint32_t most = n < m ? n : m;
    const uint32_t start = diff_ahead(d, box->x0, box->y0, most);
    const uint32_t end = diff_behind(d, box->x1, box->y1, most - start);
    box->x0 += start;
    box->y0 += start;
    box->x1 -= end;
    box->y1 -= end;
}

static int work_off(struct diff *d, struct boxes *boxes, struct diff_fronts *fronts,
                    struct script *script)
{
    int err = 0;
    while (err == 0 && boxes->len > 0) {
        struct diff_box box = boxes->at[--boxes->len];
        take_ends(d, &box);
        bool whole = box.x0 == box.x1 || box.y0 == box.y1 || d->steps > d->steps_max;
        if (!whole)
            err = split(d, boxes, &box, fronts, &whole);
        if (whole && (box.x0 != box.x1 || box.y0 != box.y1))
            err = change(d, script, &box);
    }
    /* The middles differ in their last code point: nothing is kept behind the last change. */
    return err != 0 ? err : write_change(script);
}

/* --- the middles --- */

static void decode(const char *s, size_t len_bytes, uint32_t *out)
{
    for (size_t i = 0; i < len_bytes;) {
        size_t len;
        *out++ = utf8_get(s + i, &len);
        i += len;
    }
}

struct memory {
    struct diff_fronts fronts;
    uint32_t wide[]; /* the middles, decoded, unless both are ASCII */
};

/* The shortest script between two middles that differ at both ends, behind what `op` retains. */
static int compare(struct diff *d, const char *const text[2], const size_t bytes[2],
                   struct weft_op *op)
{
    const uint64_t both = (uint64_t)d->len[0] + d->len[1];
    const size_t memory_bytes =
        sizeof(struct memory) + (d->wide ? (size_t)both * sizeof(uint32_t) : 0);
    struct memory *memory = weft_resize(d->alloc, NULL, 0, memory_bytes);
    if (memory == NULL)
        return WEFT_ENOMEM;
    d->cp[0] = text[0];
    d->cp[1] = text[1];
    if (d->wide) {
        decode(text[0], bytes[0], memory->wide);
        decode(text[1], bytes[1], memory->wide + d->len[0]);
        d->cp[0] = memory->wide;
        d->cp[1] = memory->wide + d->len[0];
    }
    d->steps_max = DIFF_STEPS + DIFF_STEPS_PER_CP * both;
    struct script script = {.op = op, .after = text[1], .after_bytes = bytes[1]};
    struct boxes boxes = {.alloc = d->alloc};
    int err = reserve(&boxes, BOXES_FIRST);
    if (err == 0) {
        push(&boxes, (struct diff_point){0, 0}, (struct diff_point){d->len[0], d->len[1]},
             DIFF_ROUNDS, true);
        err = work_off(d, &boxes, &memory->fronts, &script);
    }
    weft_release(d->alloc, boxes.at, boxes.cap * sizeof *boxes.at);
    weft_release(d->alloc, memory, memory_bytes);
    return err;
}

int diff_counted(const char *before, size_t before_bytes, const char *after, size_t after_bytes,
                 struct weft_op *ret, uint64_t *ret_steps)
{
    op_reset(ret);
    *ret_steps = 0;
    if (before_bytes > CP_MAX || after_bytes > CP_MAX)
        return WEFT_ELIMIT;
    if (!is_text(before, before_bytes) || !is_text(after, after_bytes))
        return WEFT_EUTF8;
    const size_t start = common_start(before, before_bytes, after, after_bytes);
    const size_t end =
        common_end(before + start, before_bytes - start, after + start, after_bytes - start);
    WEFT_ASSERT(start + end <= before_bytes);
    WEFT_ASSERT(start + end <= after_bytes);
    const char *const text[2] = {before + start, after + start};
    const size_t bytes[2] = {before_bytes - start - end, after_bytes - start - end};
    struct diff d = {
        .alloc = ret->alloc_,
        .len = {(uint32_t)utf8_count(text[0], bytes[0]), (uint32_t)utf8_count(text[1], bytes[1])},
    };
    d.wide = d.len[0] != bytes[0] || d.len[1] != bytes[1];
    int err = weft_op_retain(ret, utf8_count(before, start));
    WEFT_ASSERT(err == 0);
    if (d.len[0] == 0 || d.len[1] == 0 || d.len[0] > DIFF_CP_MAX || d.len[1] > DIFF_CP_MAX) {
        err = weft_op_delete(ret, d.len[0]);
        WEFT_ASSERT(err == 0); /* two parts lie within the struct */
        err = weft_op_insert(ret, text[1], bytes[1]);
    } else {
        err = compare(&d, text, bytes, ret);
    }
    *ret_steps = d.steps;
    if (err != 0)
        op_reset(ret);
    ret->tail_retain_cp_ = 0; /* equal texts: nothing is left of the shared start */
    return err;
}

int weft_op_diff(const char *before, size_t before_bytes, const char *after, size_t after_bytes,
                 struct weft_op *ret)
{
    uint64_t steps;
    return diff_counted(before, before_bytes, after, after_bytes, ret, &steps);
}
