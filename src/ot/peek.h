/* ot/peek.h - the numbers of a compact operation that is one edit at one place, without making an
 * operation of it: for who passes hundreds of them at once. The form is codec.c's. */
#ifndef OT_PEEK_H
#define OT_PEEK_H

#include "ot/single.h"

enum { PEEK_KIND_BITS = 2, PEEK_KIND_MASK = (1 << PEEK_KIND_BITS) - 1 };

/* A head of up to four bytes. False for a longer one and for what is broken. */
static inline bool peek_head(const uint8_t **at, const uint8_t *end, uint32_t *ret)
{
    uint32_t v = 0;
    for (unsigned shift = 0; shift < 28 && *at != end; shift += 7) {
        const uint8_t byte = *(*at)++;
        v |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = v;
            return byte != 0; /* 0 is an overlong form, or a length of 0 */
        }
    }
    return false;
}

/* Bytes that are known to be an operation, and by how much it makes a document longer, which says
 * how many code points its text has. False: it is something else than one edit, or the identity. */
static inline bool peek_single(const uint8_t *at, size_t len, int64_t delta_cp, struct single *ret)
{
    const uint8_t *const end = at + len;
    uint32_t head;
    *ret = (struct single){0};
    if (len == 0)
        return true;
    if (!peek_head(&at, end, &head))
        return false;
    if ((head & PEEK_KIND_MASK) == WEFT_RETAIN) {
        ret->pos_cp = head >> PEEK_KIND_BITS;
        if (!peek_head(&at, end, &head))
            return false;
    }
    if ((head & PEEK_KIND_MASK) == WEFT_INSERT) {
        ret->ins_cp = (uint32_t)delta_cp;
        return (size_t)(end - at) == head >> PEEK_KIND_BITS;
    }
    ret->del_cp = head >> PEEK_KIND_BITS;
    return at == end && (head & PEEK_KIND_MASK) == WEFT_DELETE;
}

#endif
