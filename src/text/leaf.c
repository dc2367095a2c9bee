/* A leaf's gap buffer: see text/node.h. Text lies in bytes[0, gap_bytes) and, behind the gap, in
 * the last size.bytes - gap_bytes places. An edit moves the gap to its place and then only touches
 * the edges of the gap; gap_cp goes along, because the caller says the place in code points. */
#include "base/assert.h"
#include "base/pure.h"
#include "base/utf8.h"
#include "text/node.h"

/* Distance between a byte's offset and its place, for bytes behind the gap. */
static size_t gap_len(const struct leaf *l)
{
    return LEAF_CAP - l->size.bytes;
}

static bool is_ascii(const struct leaf *l)
{
    return l->size.bytes == l->size.cp;
}

struct weft_size text_measure(const char *utf8, size_t len_bytes)
{
    struct utf8_size m = utf8_measure(utf8, len_bytes);
    return (struct weft_size){.bytes = len_bytes, .cp = m.cps, .u16 = m.u16s, .lines = m.lines};
}

void leaf_set(struct leaf *l, const char *utf8, size_t len_bytes)
{
    WEFT_ASSERT(len_bytes <= LEAF_CAP);
    memmove(l->bytes, utf8, len_bytes);
    l->size = text_measure(l->bytes, len_bytes);
    l->gap_bytes = len_bytes;
    l->gap_cp = l->size.cp;
}

void leaf_get(const struct leaf *l, char *out)
{
    memcpy(out, l->bytes, l->gap_bytes);
    memcpy(out + l->gap_bytes, l->bytes + l->gap_bytes + gap_len(l), l->size.bytes - l->gap_bytes);
}

size_t leaf_run(const struct leaf *l, size_t at_bytes, const char **ret)
{
    if (at_bytes < l->gap_bytes) {
        *ret = l->bytes + at_bytes;
        return l->gap_bytes - at_bytes;
    }
    *ret = l->bytes + at_bytes + gap_len(l);
    return l->size.bytes - at_bytes;
}

/* Code points to bytes, from the gap where that is on the way. */
static size_t offset_of_cp(const struct leaf *l, size_t at_cp)
{
    if (is_ascii(l))
        return at_cp;
    if (at_cp == l->gap_cp)
        return l->gap_bytes;
    if (at_cp < l->gap_cp)
        return utf8_offset(l->bytes, l->gap_bytes, at_cp);
    const char *behind;
    size_t len_bytes = leaf_run(l, l->gap_bytes, &behind);
    return l->gap_bytes + utf8_offset(behind, len_bytes, at_cp - l->gap_cp);
}

static void gap_move(struct leaf *l, size_t at_bytes, size_t at_cp)
{
    size_t gap = gap_len(l);
    if (at_bytes < l->gap_bytes)
        memmove(l->bytes + at_bytes + gap, l->bytes + at_bytes, l->gap_bytes - at_bytes);
    else if (at_bytes > l->gap_bytes)
        memmove(l->bytes + l->gap_bytes, l->bytes + l->gap_bytes + gap, at_bytes - l->gap_bytes);
    l->gap_bytes = at_bytes;
    l->gap_cp = at_cp;
}

void leaf_insert(struct leaf *l, size_t at_cp, const char *utf8, const struct weft_size *size)
{
    WEFT_ASSERT(at_cp <= l->size.cp);
    WEFT_ASSERT(size->bytes <= gap_len(l));
    if (at_cp != l->gap_cp)
        gap_move(l, offset_of_cp(l, at_cp), at_cp);
    if (size->bytes == 1)
        l->bytes[l->gap_bytes] = *utf8;
    else
        memcpy(l->bytes + l->gap_bytes, utf8, size->bytes);
    l->gap_bytes += size->bytes;
    l->gap_cp += size->cp;
    size_add(&l->size, size);
}

/* What a run of this leaf measures: knows what an ASCII leaf, or one without line feeds, saves. */
static struct weft_size run_measure(const struct leaf *l, const char *run, size_t len_bytes)
{
    if (is_ascii(l) && (l->size.lines == 0 || len_bytes == 0))
        return (struct weft_size){.bytes = len_bytes, .cp = len_bytes, .u16 = len_bytes};
    return text_measure(run, len_bytes);
}

struct weft_size leaf_delete(struct leaf *l, size_t at_cp, size_t len_cp)
{
    WEFT_ASSERT(at_cp <= l->size.cp);
    WEFT_ASSERT(len_cp <= l->size.cp - at_cp);
    struct weft_size gone = l->size;
    if (len_cp == l->size.cp) {
        l->size = (struct weft_size){0};
        l->gap_bytes = 0;
        l->gap_cp = 0;
        return gone;
    }
    size_t from = offset_of_cp(l, at_cp);
    size_t to = offset_of_cp(l, at_cp + len_cp);
    if (to < l->gap_bytes)
        gap_move(l, to, at_cp + len_cp);
    else if (from > l->gap_bytes)
        gap_move(l, from, at_cp);
    /* Now from <= gap_bytes <= to: the gap grows to both sides. */
    const char *behind = l->bytes + l->gap_bytes + gap_len(l);
    gone = run_measure(l, l->bytes + from, l->gap_bytes - from);
    struct weft_size more = run_measure(l, behind, to - l->gap_bytes);
    size_add(&gone, &more);
    WEFT_ASSERT(gone.cp == len_cp);
    size_sub(&l->size, &gone);
    l->gap_bytes = from;
    l->gap_cp = at_cp;
    return gone;
}

/* The byte behind the n-th line feed; there are that many. */
static size_t offset_of_line(const struct leaf *l, size_t n)
{
    size_t at = 0;
    while (n > 0) {
        const char *run;
        size_t len_bytes = leaf_run(l, at, &run);
        WEFT_ASSERT(len_bytes > 0);
        size_t i = 0;
        while (i < len_bytes && n > 0)
            n -= run[i++] == '\n';
        at += i;
    }
    return at;
}

static bool offset_of_u16(const struct leaf *l, size_t n, size_t *ret_bytes)
{
    size_t at = 0;
    while (n > 0) {
        const char *run;
        size_t len_bytes = leaf_run(l, at, &run);
        WEFT_ASSERT(len_bytes > 0);
        size_t i = 0;
        while (i < len_bytes && n > 0) {
            size_t bytes = utf8_len((uint8_t)run[i]);
            size_t units = bytes == 4 ? 2 : 1;
            if (units > n)
                return false; /* between the two halves of a surrogate pair */
            n -= units;
            i += bytes;
        }
        at += i;
    }
    *ret_bytes = at;
    return true;
}

bool leaf_offset(const struct leaf *l, enum unit unit, size_t at, size_t *ret_bytes)
{
    if (unit == UNIT_LINES) {
        *ret_bytes = offset_of_line(l, at);
        return true;
    }
    if (unit == UNIT_CP || is_ascii(l)) {
        *ret_bytes = offset_of_cp(l, at);
        return true;
    }
    if (unit == UNIT_U16)
        return offset_of_u16(l, at, ret_bytes);
    const char *run;
    if (leaf_run(l, at, &run) > 0 && !utf8_is_start((uint8_t)*run))
        return false;
    *ret_bytes = at;
    return true;
}

struct weft_size leaf_before(const struct leaf *l, size_t at_bytes)
{
    WEFT_ASSERT(at_bytes <= l->size.bytes);
    if (at_bytes == l->size.bytes)
        return l->size;
    size_t front = at_bytes < l->gap_bytes ? at_bytes : l->gap_bytes;
    const char *behind = l->bytes + l->gap_bytes + gap_len(l);
    struct weft_size size = run_measure(l, l->bytes, front);
    struct weft_size more = run_measure(l, behind, at_bytes - front);
    size_add(&size, &more);
    return size;
}
