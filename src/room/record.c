#include "room/record.h"

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/pure.h"
#include "base/utf8.h"

enum { RECORD_VERSION = 1 };

uint32_t record_first_sum(const struct uuid *epoch)
{
    return crc32c(0, epoch->bytes, sizeof epoch->bytes);
}

int meta_encode(const struct room_meta *meta, struct buf *out)
{
    size_t n = meta != NULL ? meta->n : 0;
    int err = buf_put_varint(out, n);
    for (size_t i = 0; err == 0 && i < n; i++) {
        const struct room_meta_entry *e = &meta->entries[i];
        err = buf_put_u8(out, e->removed);
        if (err == 0)
            err = buf_put_blob(out, e->key, e->key_len);
        if (err == 0 && !e->removed)
            err = buf_put_blob(out, e->value, e->value_len);
    }
    return err;
}

static size_t meta_find(const struct room_meta *meta, const struct room_meta_entry *e)
{
    size_t i = 0;
    while (i < meta->n && (meta->entries[i].key_len != e->key_len ||
                           memcmp(meta->entries[i].key, e->key, e->key_len) != 0))
        i++;
    return i;
}

static void entry_decode(struct cur *c, struct room_meta_entry *ret)
{
    uint8_t removed = cur_u8(c);
    size_t len = 0;
    const uint8_t *key = cur_blob(c, META_KEY_BYTES_MAX, &len);
    if (removed > 1 || key == NULL || len == 0) {
        c->bad = true;
        return;
    }
    *ret = (struct room_meta_entry){.key_len = (uint8_t)len, .removed = removed != 0};
    memcpy(ret->key, key, len);
    if (removed)
        return;
    const uint8_t *value = cur_blob(c, META_VALUE_BYTES_MAX, &len);
    if (value == NULL)
        return;
    memcpy(ret->value, value, len);
    ret->value_len = (uint16_t)len;
}

void meta_decode(struct cur *c, struct room_meta *ret)
{
    size_t n = (size_t)cur_varint_max(c, META_KEYS_MAX);
    ret->n = 0;
    while (ret->n < n && !c->bad) {
        struct room_meta_entry *e = &ret->entries[ret->n];
        entry_decode(c, e);
        /* meta_merge() counts on one entry a key. */
        if (!c->bad && meta_find(ret, e) != ret->n)
            c->bad = true;
        ret->n++;
    }
    if (c->bad)
        ret->n = 0;
}

/* How many entries there would be; nothing is changed yet. */
static size_t meta_merged_count(const struct room_meta *meta, const struct room_meta *changes,
                                bool keep_removed)
{
    size_t n = meta->n;
    for (size_t i = 0; i < changes->n; i++) {
        bool there = meta_find(meta, &changes->entries[i]) < meta->n;
        bool goes = changes->entries[i].removed && !keep_removed;
        if (there && goes)
            n--;
        else if (!there && !goes)
            n++;
    }
    return n;
}

int meta_merge(struct room_meta *meta, const struct room_meta *changes, bool keep_removed)
{
    /* Removals first: a full table may swap one key for another in one message. */
    if (meta_merged_count(meta, changes, keep_removed) > META_KEYS_MAX)
        return WEFT_ELIMIT;
    for (size_t i = 0; i < changes->n && !keep_removed; i++) {
        size_t at = meta_find(meta, &changes->entries[i]);
        if (!changes->entries[i].removed || at == meta->n)
            continue;
        meta->n--;
        memmove(&meta->entries[at], &meta->entries[at + 1],
                (meta->n - at) * sizeof meta->entries[0]);
    }
    for (size_t i = 0; i < changes->n; i++) {
        if (changes->entries[i].removed && !keep_removed)
            continue;
        size_t at = meta_find(meta, &changes->entries[i]);
        meta->entries[at] = changes->entries[i];
        if (at == meta->n)
            meta->n++;
        WEFT_ASSERT(meta->n <= META_KEYS_MAX);
    }
    return 0;
}

static size_t varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static uint8_t *put_varint(uint8_t *at, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *at++ = (uint8_t)(v | 0x80);
    *at++ = (uint8_t)v;
    return at;
}

static size_t meta_size(const struct room_meta *meta)
{
    size_t n = meta != NULL ? meta->n : 0;
    size_t size = varint_size(n);
    for (size_t i = 0; i < n; i++) {
        const struct room_meta_entry *e = &meta->entries[i];
        size += 1 + varint_size(e->key_len) + e->key_len;
        if (!e->removed)
            size += varint_size(e->value_len) + e->value_len;
    }
    return size;
}

static void store_u32(uint8_t *at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

uint32_t record_follow(uint8_t *bytes, size_t len, uint32_t prev_sum)
{
    WEFT_ASSERT(len > RECORD_SUM_BYTES);
    uint32_t sum = crc32c(prev_sum, bytes + RECORD_SUM_BYTES, len - RECORD_SUM_BYTES);
    store_u32(bytes, prev_sum);
    store_u32(bytes + 4, sum);
    return sum;
}

size_t record_size(const struct record *r, const struct weft_op *op)
{
    const uint64_t at_ms = r->at_ms > 0 ? (uint64_t)r->at_ms : 0;
    return RECORD_SUM_BYTES + 1 + varint_size(r->rev) + sizeof r->user_id.bytes +
           varint_size(r->seq) + varint_size(at_ms) + varint_size(r->name.len) + r->name.len +
           meta_size(r->meta) + weft_op_encoded_size(op);
}

void record_put(struct record *r, const struct weft_op *op, uint8_t *out, size_t size)
{
    uint8_t *at = out + RECORD_SUM_BYTES;
    *at++ = RECORD_VERSION;
    at = put_varint(at, r->rev);
    memcpy(at, r->user_id.bytes, sizeof r->user_id.bytes);
    at = put_varint(at + sizeof r->user_id.bytes, r->seq);
    at = put_varint(at, r->at_ms > 0 ? (uint64_t)r->at_ms : 0);
    at = put_varint(at, r->name.len);
    if (r->name.len != 0)
        memcpy(at, r->name.at, r->name.len);
    at += r->name.len;
    if (r->meta == NULL) {
        *at++ = 0;
    } else {
        /* A buf over what is there, which is enough. */
        struct buf entries = {.data = at, .cap = size - (size_t)(at - out)};
        int err = meta_encode(r->meta, &entries);
        WEFT_ASSERT(err == 0);
        at += entries.len;
    }
    r->op_at = (size_t)(at - out);
    WEFT_ASSERT(r->op_at + weft_op_encoded_size(op) == size);
    weft_op_encode(op, at);
    r->sum = record_follow(out, size, r->prev_sum);
}

int record_encode(struct record *r, const struct weft_op *op, struct buf *out)
{
    const size_t size = record_size(r, op);
    int err = buf_reserve(out, size);
    if (err != 0)
        return err;
    record_put(r, op, out->data + out->len, size);
    out->len += size;
    return 0;
}

/* Walks over the entries without keeping them. */
static size_t skip_meta(struct cur *c, const uint8_t *start)
{
    size_t at = (size_t)(c->at - start);
    size_t n = (size_t)cur_varint_max(c, META_KEYS_MAX);
    for (size_t i = 0; i < n && !c->bad; i++) {
        size_t len;
        uint8_t removed = cur_u8(c);
        (void)cur_blob(c, META_KEY_BYTES_MAX, &len);
        if (!removed)
            (void)cur_blob(c, META_VALUE_BYTES_MAX, &len);
    }
    return n != 0 ? at : 0;
}

static int parse(const uint8_t *bytes, size_t len, struct record *ret)
{
    struct cur c = cur_of(bytes, len);
    struct record r = {.prev_sum = cur_u32(&c)};
    r.sum = cur_u32(&c);
    uint8_t version = cur_u8(&c);
    r.rev = cur_varint_max(&c, REV_MAX);
    const uint8_t *id = cur_bytes(&c, sizeof r.user_id.bytes);
    if (id != NULL)
        memcpy(r.user_id.bytes, id, sizeof r.user_id.bytes);
    r.seq = cur_varint_max(&c, REV_MAX);
    r.at_ms = (int64_t)cur_varint_max(&c, REV_MAX);
    r.name.at = (const char *)cur_blob(&c, USER_NAME_BYTES_MAX, &r.name.len);
    r.meta_at = skip_meta(&c, bytes);
    if (c.bad || version != RECORD_VERSION || r.rev == 0)
        return WEFT_ECORRUPT;
    r.op_at = (size_t)(c.at - bytes);
    *ret = r;
    return 0;
}

int record_decode(const uint8_t *bytes, size_t len, struct record *ret)
{
    struct cur c = cur_of(bytes, len);
    uint32_t prev_sum = cur_u32(&c);
    uint32_t sum = cur_u32(&c);
    if (c.bad || crc32c(prev_sum, c.at, cur_left(&c)) != sum)
        return WEFT_ECORRUPT;
    return parse(bytes, len, ret);
}

/* A number that is known to be there, and well formed. */
static uint64_t take_varint(const uint8_t **at)
{
    const uint8_t *p = *at;
    uint64_t v = *p & 0x7f;
    for (unsigned shift = 7; *p++ >= 0x80; shift += 7)
        v |= (uint64_t)(*p & 0x7f) << shift;
    *at = p;
    return v;
}

void record_known(const uint8_t *bytes, size_t len, struct record *ret)
{
    struct cur c = cur_of(bytes, len);
    ret->prev_sum = cur_u32(&c);
    ret->sum = cur_u32(&c);
    WEFT_ASSERT(cur_u8(&c) == RECORD_VERSION);
    const uint8_t *at = c.at;
    ret->rev = take_varint(&at);
    memcpy(ret->user_id.bytes, at, sizeof ret->user_id.bytes);
    at += sizeof ret->user_id.bytes;
    ret->seq = take_varint(&at);
    ret->at_ms = (int64_t)take_varint(&at);
    ret->name.len = (size_t)take_varint(&at);
    ret->name.at = (const char *)at;
    at += ret->name.len;
    ret->meta = NULL;
    c.at = at;
    ret->meta_at = skip_meta(&c, bytes);
    ret->op_at = (size_t)(c.at - bytes);
    WEFT_ASSERT(!c.bad);
}

int record_meta(const uint8_t *bytes, size_t len, const struct record *r, struct room_meta *ret)
{
    WEFT_ASSERT(r->meta_at != 0 && r->meta_at < len);
    struct cur c = cur_of(bytes + r->meta_at, len - r->meta_at);
    meta_decode(&c, ret);
    return c.bad ? WEFT_ECORRUPT : 0;
}
