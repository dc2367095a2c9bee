/* base/buf.h - a growing run of bytes, and a cursor that cannot read past one.
 *
 * struct buf owns its bytes. Every function that may grow it returns 0 or WEFT_ENOMEM and leaves
 * the contents unchanged on failure. buf_reserve() first, then the `_put_` calls cannot fail for as
 * many bytes as were reserved: that is how callers mutate without roll-back.
 *
 * struct cur reads. After any read past the end or any malformed number `bad` is set, every further
 * read returns zero, and the caller looks at `bad` once at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/alloc.h>
#include <weft/error.h>

struct buf {
    const struct weft_alloc *alloc;
    uint8_t *data; /* NULL while cap == 0 */
    size_t len;
    size_t cap;
};

void buf_init(struct buf *b, const struct weft_alloc *alloc);
void buf_done(struct buf *b);  /* frees; may be called twice */
void buf_clear(struct buf *b); /* len = 0, keeps the memory */

/* Room for `more` further bytes. */
WEFT_CHECKED int buf_reserve(struct buf *b, size_t more);

WEFT_CHECKED int buf_put(struct buf *b, const void *bytes, size_t len);
WEFT_CHECKED int buf_put_u8(struct buf *b, uint8_t v);
WEFT_CHECKED int buf_put_u32(struct buf *b, uint32_t v); /* little endian */
WEFT_CHECKED int buf_put_u64(struct buf *b, uint64_t v);
WEFT_CHECKED int buf_put_varint(struct buf *b, uint64_t v); /* LEB128, 1 to 10 bytes */
/* varint length, then the bytes */
WEFT_CHECKED int buf_put_blob(struct buf *b, const void *bytes, size_t len);

/* Hands the bytes to the caller (to be released with b->alloc and *ret_cap) and empties b. */
uint8_t *buf_take(struct buf *b, size_t *ret_len, size_t *ret_cap);

enum { VARINT_BYTES_MAX = 10 };

struct cur {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline struct cur cur_of(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    /* NULL + 0 is undefined, an empty run is not. */
    return (struct cur){.at = p, .end = len != 0 ? p + len : p, .bad = false};
}

static inline size_t cur_left(const struct cur *c)
{
    return (size_t)(c->end - c->at);
}

static inline uint8_t cur_u8(struct cur *c)
{
    if (c->bad || c->at == c->end) {
        c->bad = true;
        return 0;
    }
    return *c->at++;
}

/* NULL when bad. */
static inline const uint8_t *cur_bytes(struct cur *c, size_t len)
{
    if (c->bad || cur_left(c) < len) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *at = c->at;
    c->at += len;
    return at;
}

static inline uint32_t cur_u32(struct cur *c)
{
    const uint8_t *p = cur_bytes(c, 4);
    if (p == NULL)
        return 0;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t cur_u64(struct cur *c);
uint64_t cur_varint_long(struct cur *c);

/* Refuses overlong forms. Most numbers are one byte. */
static inline uint64_t cur_varint(struct cur *c)
{
    if (!c->bad && c->at != c->end && *c->at < 0x80)
        return *c->at++;
    return cur_varint_long(c);
}

/* Above max: bad. */
static inline uint64_t cur_varint_max(struct cur *c, uint64_t max)
{
    uint64_t v = cur_varint(c);
    if (v > max) {
        c->bad = true;
        return 0;
    }
    return v;
}

/* varint length of at most max, then the bytes; borrowed from what is read. */
const uint8_t *cur_blob(struct cur *c, size_t max, size_t *ret_len);

#endif
