/* A leaf's gap buffer: see text/node.h. Text lies in bytes[0, gap_bytes) and in bytes[behind,
 * LEAF_CAP). An edit moves the gap to its place and then only touches the edges of the gap; gap_cp
 * goes along, because the caller says the place in code points. Each side of the gap knows whether
 * it is ASCII, and is then never searched. */
#include "base/assert.h"
#include "base/bytes16.h"
#include "base/pure.h"
#include "base/utf8.h"
#include "text/node.h"

static bool is_ascii(const struct leaf *l)
{
    return (l->count.wide | l->count.more) == 0;
}

struct count text_measure(const char *utf8, size_t len_bytes)
{
    struct utf8_size m = utf8_measure(utf8, len_bytes);
    return (struct count){.cp = (uint32_t)m.cps,
                          .lines = (uint32_t)m.lines,
                          .wide = (uint32_t)(m.u16s - m.cps),
                          .more = (uint32_t)(len_bytes - m.u16s)};
}

void leaf_set(struct leaf *l, const char *utf8, size_t len_bytes)
{
    WEFT_ASSERT(len_bytes <= LEAF_CAP);
    if (utf8 != l->bytes)
        memcpy(l->bytes, utf8, len_bytes);
    l->count = text_measure(l->bytes, len_bytes);
    l->gap_bytes = (uint32_t)len_bytes;
    l->gap_cp = l->count.cp;
    l->behind = LEAF_CAP;
}

void leaf_get(const struct leaf *l, char *out)
{
    memcpy(out, l->bytes, l->gap_bytes);
    memcpy(out + l->gap_bytes, l->bytes + l->behind, LEAF_CAP - l->behind);
}

size_t leaf_run(const struct leaf *l, size_t at_bytes, const char **ret)
{
    if (at_bytes < l->gap_bytes) {
        *ret = l->bytes + at_bytes;
        return l->gap_bytes - at_bytes;
    }
    *ret = l->bytes + at_bytes + leaf_room(l);
    return leaf_bytes(l) - at_bytes;
}

/* Bytes of the last n_cp code points before `end`. */
static size_t tail_bytes(const char *end, size_t n_cp)
{
    const char *at = end;
    for (; n_cp > 0; n_cp--) {
        do
            at--;
        while (!utf8_is_start((uint8_t)*at));
    }
    return (size_t)(end - at);
}

enum { STEPS_MAX = 64 }; /* code points walked back one by one; from the other end, eight at once */

size_t leaf_offset_cp(const struct leaf *l, size_t at_cp)
{
    if (is_ascii(l))
        return at_cp;
    if (at_cp <= l->gap_cp) {
        if (l->gap_cp == l->gap_bytes) /* ASCII before the gap */
            return at_cp;
        if (l->gap_cp - at_cp <= STEPS_MAX)
            return l->gap_bytes - tail_bytes(l->bytes + l->gap_bytes, l->gap_cp - at_cp);
        return utf8_offset(l->bytes, l->gap_bytes, at_cp);
    }
    size_t behind_bytes = LEAF_CAP - l->behind;
    if (l->count.cp - l->gap_cp == behind_bytes)
        return l->gap_bytes + (at_cp - l->gap_cp);
    return l->gap_bytes + utf8_offset(l->bytes + l->behind, behind_bytes, at_cp - l->gap_cp);
}

/* Two registers. */
enum { STRIDE = 2 * sizeof(uint64_t) };

static inline void stride_copy(char *to, const char *from)
{
    struct {
        uint64_t half[2];
    } both;
    memcpy(&both, from, sizeof both);
    memcpy(to, &both, sizeof both);
}

enum { NEAR_MAX = 8 * STRIDE };

/* The gap goes to at_bytes. A short way is gone in whole strides where the gap is as wide as one:
 * what is copied too much falls into the gap, or is read from the leaf's head or pad. memmove
 * chooses among many ways by the length, and at most jumps guesses wrong. */
static void gap_move(struct leaf *l, size_t at_bytes, size_t at_cp)
{
    char *leaf = (char *)l; /* not l->bytes: strides reach out of it */
    char *gap = leaf + offsetof(struct leaf, bytes) + l->gap_bytes;
    char *behind = leaf + offsetof(struct leaf, bytes) + l->behind;
    bool is_wide = leaf_room(l) >= STRIDE;
    if (at_bytes < l->gap_bytes) {
        size_t n = l->gap_bytes - at_bytes;
        if (is_wide && n <= NEAR_MAX)
            for (size_t done = STRIDE; done < n + STRIDE; done += STRIDE)
                stride_copy(behind - done, gap - done);
        else
            memmove(behind - n, gap - n, n);
        l->behind -= (uint32_t)n;
    } else {
        size_t n = at_bytes - l->gap_bytes;
        if (is_wide && n <= NEAR_MAX)
            for (size_t done = 0; done < n; done += STRIDE)
                stride_copy(gap + done, behind + done);
        else
            memmove(gap, behind, n);
        l->behind += (uint32_t)n;
    }
    l->gap_bytes = (uint32_t)at_bytes;
    l->gap_cp = (uint32_t)at_cp;
}

void leaf_move(struct leaf *l, size_t at_cp)
{
    WEFT_ASSERT(at_cp <= l->count.cp);
    gap_move(l, leaf_offset_cp(l, at_cp), at_cp);
}

/* What a run of this leaf measures: knows what an ASCII leaf, or one without line feeds, saves. */
static struct count run_measure(const struct leaf *l, const char *run, size_t len_bytes)
{
    if (!is_ascii(l))
        return text_measure(run, len_bytes);
    struct count count = {.cp = (uint32_t)len_bytes};
    if (len_bytes == 0 || l->count.lines == 0)
        return count;
    size_t lines = 0;
    if (len_bytes <= BYTES16_MAX)
        lines = bytes16_lines(bytes16_load(run, len_bytes));
    else
        (void)utf8_plain(run, len_bytes, &lines);
    count.lines = (uint32_t)lines;
    return count;
}

struct count leaf_delete(struct leaf *l, size_t at_cp, size_t len_cp)
{
    WEFT_ASSERT(at_cp <= l->count.cp);
    WEFT_ASSERT(len_cp <= l->count.cp - at_cp);
    struct count gone = l->count;
    if (len_cp == l->count.cp) {
        leaf_empty(l);
        return gone;
    }
    size_t from = leaf_offset_cp(l, at_cp);
    size_t to = leaf_offset_cp(l, at_cp + len_cp);
    if (to < l->gap_bytes)
        gap_move(l, to, at_cp + len_cp);
    else if (from > l->gap_bytes)
        gap_move(l, from, at_cp);
    /* Now from <= gap_bytes <= to: the gap grows to both sides. */
    gone = run_measure(l, l->bytes + from, l->gap_bytes - from);
    struct count more = run_measure(l, l->bytes + l->behind, to - l->gap_bytes);
    count_add(&gone, &more);
    WEFT_ASSERT(gone.cp == len_cp);
    count_sub(&l->count, &gone);
    l->behind += (uint32_t)(to - l->gap_bytes);
    l->gap_bytes = (uint32_t)from;
    l->gap_cp = (uint32_t)at_cp;
    return gone;
}

size_t leaf_offset_line(const struct leaf *l, size_t lines)
{
    size_t left = lines;
    size_t at = utf8_skip_lines(l->bytes, l->gap_bytes, &left);
    at += utf8_skip_lines(l->bytes + l->behind, LEAF_CAP - l->behind, &left);
    WEFT_ASSERT(left == 0);
    return at;
}

bool leaf_offset_u16(const struct leaf *l, size_t at_u16, size_t *ret_bytes)
{
    if (is_ascii(l)) {
        *ret_bytes = at_u16;
        return true;
    }
    size_t left = at_u16;
    size_t at = utf8_skip_u16(l->bytes, l->gap_bytes, &left);
    if (left > 0 && at == l->gap_bytes)
        at += utf8_skip_u16(l->bytes + l->behind, LEAF_CAP - l->behind, &left);
    if (left > 0)
        return false; /* between the two halves of a surrogate pair */
    *ret_bytes = at;
    return true;
}

bool leaf_offset_byte(const struct leaf *l, size_t at_bytes)
{
    const char *run;
    return leaf_run(l, at_bytes, &run) == 0 || utf8_is_start((uint8_t)*run);
}

struct count leaf_before(const struct leaf *l, size_t at_bytes)
{
    WEFT_ASSERT(at_bytes <= leaf_bytes(l));
    if (at_bytes == leaf_bytes(l))
        return l->count;
    size_t front = at_bytes < l->gap_bytes ? at_bytes : l->gap_bytes;
    struct count count = run_measure(l, l->bytes, front);
    struct count more = run_measure(l, l->bytes + l->behind, at_bytes - front);
    count_add(&count, &more);
    return count;
}
