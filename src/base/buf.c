#include "base/buf.h"

#include "base/assert.h"
#include "base/pure.h"

void buf_init(struct buf *b, const struct weft_alloc *alloc)
{
    *b = (struct buf){.alloc = alloc};
}

void buf_done(struct buf *b)
{
    weft_release(b->alloc, b->data, b->cap);
    *b = (struct buf){.alloc = b->alloc};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

int buf_reserve(struct buf *b, size_t more)
{
    WEFT_ASSERT(b->len <= b->cap);
    if (b->cap - b->len >= more)
        return 0;
    if (more > SIZE_MAX / 2 - b->len)
        return WEFT_ENOMEM;
    size_t cap = b->cap < 32 ? 64 : b->cap * 2; /* doubling: each byte is moved O(1) times */
    if (cap < b->len + more)
        cap = b->len + more;
    uint8_t *data = weft_resize(b->alloc, b->data, b->cap, cap);
    if (data == NULL)
        return WEFT_ENOMEM;
    b->data = data;
    b->cap = cap;
    return 0;
}

int buf_put(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0)
        return 0;
    int err = buf_reserve(b, len);
    if (err != 0)
        return err;
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    return 0;
}

int buf_put_u8(struct buf *b, uint8_t v)
{
    return buf_put(b, &v, 1);
}

int buf_put_u32(struct buf *b, uint32_t v)
{
    uint8_t bytes[4];
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
    return buf_put(b, bytes, sizeof bytes);
}

int buf_put_u64(struct buf *b, uint64_t v)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
    return buf_put(b, bytes, sizeof bytes);
}

int buf_put_varint(struct buf *b, uint64_t v)
{
    uint8_t bytes[VARINT_BYTES_MAX];
    size_t n = 0;
    while (v >= 0x80) {
        bytes[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    bytes[n++] = (uint8_t)v;
    return buf_put(b, bytes, n);
}

int buf_put_blob(struct buf *b, const void *bytes, size_t len)
{
    if (len > SIZE_MAX - VARINT_BYTES_MAX)
        return WEFT_ENOMEM;
    size_t head = 1;
    for (size_t v = len; v >= 0x80; v >>= 7)
        head++;
    int err = buf_reserve(b, head + len); /* no more: there may be room for just that */
    if (err == 0)
        err = buf_put_varint(b, len);
    if (err == 0)
        err = buf_put(b, bytes, len);
    return err;
}

uint8_t *buf_take(struct buf *b, size_t *ret_len, size_t *ret_cap)
{
    uint8_t *data = b->data;
    *ret_len = b->len;
    *ret_cap = b->cap;
    *b = (struct buf){.alloc = b->alloc};
    return data;
}

uint64_t cur_u64(struct cur *c)
{
    const uint8_t *p = cur_bytes(c, 8);
    uint64_t v = 0;
    for (unsigned i = 0; p != NULL && i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint64_t cur_varint_long(struct cur *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = cur_u8(c);
        if (c->bad)
            return 0;
        /* The tenth byte has one bit to give; a last byte of zero is an overlong form. */
        if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    c->bad = true;
    return 0;
}

const uint8_t *cur_blob(struct cur *c, size_t max, size_t *ret_len)
{
    size_t len = (size_t)cur_varint_max(c, max);
    const uint8_t *p = cur_bytes(c, len);
    *ret_len = p != NULL ? len : 0;
    return p;
}
