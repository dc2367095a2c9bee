/* Names and bytes of all writes lie back to back, in the writes' order, in one buffer. It may move
 * while the batch grows, so places are kept as offsets and turned into pointers when the writes are
 * asked for.
 *
 * Invariant: sum over i of items[i].name_len + items[i].len == bytes.len. */
#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

/* A cleared batch keeps its memory up to this, so that one large snapshot does not stay. */
enum { KEEP_BYTES = 1 << 20 };

struct batch_item {
    uint64_t owner;
    size_t at; /* of the name in `bytes`; the write's bytes follow it */
};

struct store_batch {
    struct buf bytes;
    struct batch_item *items;
    struct store_write *writes; /* pointers are set by store_batch_writes() */
    size_t n;
    size_t cap; /* of both arrays */
};

int store_batch_new(struct store_batch **ret)
{
    struct store_batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return WEFT_ENOMEM;
    buf_init(&b->bytes, weft_heap());
    *ret = b;
    return 0;
}

void store_batch_free(struct store_batch *b)
{
    if (b == NULL)
        return;
    buf_done(&b->bytes);
    free(b->items);
    free(b->writes);
    free(b);
}

void store_batch_clear(struct store_batch *b)
{
    b->n = 0;
    if (b->bytes.cap > KEEP_BYTES)
        buf_done(&b->bytes);
    else
        buf_clear(&b->bytes);
}

static int grow(struct store_batch *b)
{
    if (b->n < b->cap)
        return 0;
    size_t cap = b->cap != 0 ? b->cap * 2 : 32;
    struct batch_item *items = realloc(b->items, cap * sizeof *items);
    if (items == NULL)
        return WEFT_ENOMEM;
    b->items = items; /* cap stays the smaller one until both have grown */
    struct store_write *writes = realloc(b->writes, cap * sizeof *writes);
    if (writes == NULL)
        return WEFT_ENOMEM;
    b->writes = writes;
    b->cap = cap;
    return 0;
}

int store_batch_add(struct store_batch *b, const struct store_write *write, uint64_t owner)
{
    if (write->name_len > STORE_NAME_BYTES_MAX || write->len > STORE_ITEM_BYTES_MAX)
        return WEFT_ELIMIT;
    int err = grow(b);
    if (err != 0)
        return err;
    err = buf_reserve(&b->bytes, write->name_len + write->len);
    if (err != 0)
        return err;
    size_t at = b->bytes.len;
    err = buf_put(&b->bytes, write->name, write->name_len);
    WEFT_ASSERT(err == 0); /* reserved above */
    err = buf_put(&b->bytes, write->bytes, write->len);
    WEFT_ASSERT(err == 0);
    b->items[b->n] = (struct batch_item){.owner = owner, .at = at};
    b->writes[b->n] = *write;
    b->writes[b->n].name = NULL;
    b->writes[b->n].bytes = NULL;
    b->n++;
    return 0;
}

size_t store_batch_count(const struct store_batch *b)
{
    return b->n;
}

size_t store_batch_bytes(const struct store_batch *b)
{
    return b->bytes.len;
}

uint64_t store_batch_owner(const struct store_batch *b, size_t i)
{
    WEFT_ASSERT(i < b->n);
    return b->items[i].owner;
}

uint64_t store_batch_rev(const struct store_batch *b, size_t i)
{
    WEFT_ASSERT(i < b->n);
    return b->writes[i].rev;
}

enum store_write_kind store_batch_kind(const struct store_batch *b, size_t i)
{
    WEFT_ASSERT(i < b->n);
    return b->writes[i].kind;
}

void store_batch_drop(struct store_batch *b, uint64_t owner)
{
    size_t n = 0;
    size_t at = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->items[i].owner == owner)
            continue;
        size_t len = b->writes[i].name_len + b->writes[i].len;
        if (len != 0 && at != b->items[i].at)
            memmove(b->bytes.data + at, b->bytes.data + b->items[i].at, len);
        b->writes[n] = b->writes[i];
        b->items[n] = (struct batch_item){.owner = b->items[i].owner, .at = at};
        at += len;
        n++;
    }
    WEFT_ASSERT(at <= b->bytes.len);
    b->n = n;
    b->bytes.len = at;
}

const struct store_write *store_batch_writes(struct store_batch *b, size_t *ret_n)
{
    for (size_t i = 0; i < b->n; i++) {
        struct store_write *w = &b->writes[i];
        /* Both may be empty, and then there may be no buffer to point into. */
        const uint8_t *at =
            b->bytes.data != NULL ? b->bytes.data + b->items[i].at : (const uint8_t *)"";
        w->name = (const char *)at;
        w->bytes = at + w->name_len;
    }
    *ret_n = b->n;
    return b->writes;
}
