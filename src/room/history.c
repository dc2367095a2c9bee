#include "room/history.h"

#include "base/assert.h"
#include "base/pure.h"
#include "ot/sums.h"
#include "room/blocks.h"

enum {
    ENTRIES_FIRST = 16,
    /* A block of records: as large as all records before it, within these, so that a room of a few
     * edits is small and a large one asks for memory every 300 edits. */
    RECORDS_BYTES_FIRST = 512,
    RECORDS_BYTES_MOST = 16384,
};

struct history_records {
    struct history_records *older;
    struct history_records *newer;
    size_t cap;
    size_t used;
    size_t n; /* records in it that are still there */
    uint8_t bytes[];
};

void history_init(struct history *h, const struct weft_alloc *alloc, uint64_t base_rev,
                  uint32_t base_length_cp)
{
    *h = (struct history){.alloc = alloc, .base_rev = base_rev, .base_length_cp = base_length_cp};
}

/* --- records --- */

static void records_free(struct history *h, struct history_records *b)
{
    if (b->older != NULL)
        b->older->newer = b->newer;
    else
        h->oldest = b->newer;
    if (b->newer != NULL)
        b->newer->older = b->older;
    else
        h->newest = b->older;
    h->records_bytes -= sizeof *b + b->cap;
    weft_release(h->alloc, b, sizeof *b + b->cap);
}

static struct history_records *records_new(struct history *h, size_t len)
{
    size_t cap = h->bytes < RECORDS_BYTES_MOST ? h->bytes : RECORDS_BYTES_MOST;
    if (cap < RECORDS_BYTES_FIRST)
        cap = RECORDS_BYTES_FIRST;
    if (cap < len)
        cap = len;
    struct history_records *b = weft_resize(h->alloc, NULL, 0, sizeof *b + cap);
    if (b == NULL)
        return NULL;
    *b = (struct history_records){.older = h->newest, .cap = cap};
    if (h->newest != NULL)
        h->newest->newer = b;
    else
        h->oldest = b;
    h->newest = b;
    h->records_bytes += sizeof *b + cap;
    return b;
}

/* Where len bytes fit behind the newest record. */
static uint8_t *records_reserve(struct history *h, size_t len)
{
    struct history_records *b = h->newest;
    if (b != NULL && b->cap - b->used >= len)
        return b->bytes + b->used;
    struct history_records *next = records_new(h, len);
    if (next == NULL)
        return NULL;
    if (b != NULL && b->n == 0) /* asked for, and nothing came of it; or all in it has gone */
        records_free(h, b);
    return next->bytes;
}

/* One record of a block has gone. The newest block stays, for what comes next. */
static void records_drop(struct history *h, struct history_records *b)
{
    WEFT_ASSERT(b->n > 0);
    b->n--;
    if (b->n > 0)
        return;
    if (b == h->newest && b == h->oldest)
        b->used = 0;
    else
        records_free(h, b);
}

void history_done(struct history *h)
{
    while (h->oldest != NULL)
        records_free(h, h->oldest);
    weft_release(h->alloc, h->entries, h->cap * sizeof *h->entries);
    blocks_done(h);
    *h = (struct history){.alloc = h->alloc};
}

/* --- revisions --- */

uint32_t history_length_cp(const struct history *h, uint64_t rev)
{
    return rev == h->base_rev ? h->base_length_cp : history_at(h, rev)->length_cp;
}

size_t history_memory(const struct history *h)
{
    return h->cap * sizeof *h->entries + h->records_bytes + h->block_bytes +
           h->cap_blocks * sizeof(struct history_block *);
}

/* cap: a power of two that holds what is there. */
static int entries_resize(struct history *h, size_t cap)
{
    struct history_entry *entries = weft_resize(h->alloc, NULL, 0, cap * sizeof *entries);
    if (entries == NULL)
        return WEFT_ENOMEM;
    for (uint64_t rev = h->base_rev + 1; rev <= history_head(h); rev++)
        entries[rev & (cap - 1)] = *history_at(h, rev);
    weft_release(h->alloc, h->entries, h->cap * sizeof *entries);
    h->entries = entries;
    h->cap = cap;
    return 0;
}

uint8_t *history_reserve(struct history *h, size_t len)
{
    if (h->n == h->cap && entries_resize(h, h->cap != 0 ? h->cap * 2 : ENTRIES_FIRST) != 0)
        return NULL;
    return records_reserve(h, len);
}

void history_push(struct history *h, const struct history_entry *e)
{
    struct history_records *b = h->newest;
    WEFT_ASSERT(h->n < h->cap);
    WEFT_ASSERT(e->record == b->bytes + b->used && e->len <= b->cap - b->used);
    WEFT_ASSERT(e->op_at <= e->len);
    b->used += e->len;
    b->n++;
    h->n++;
    h->bytes += e->len;
    h->entries[history_head(h) & (h->cap - 1)] = *e;
}

int history_push_copy(struct history *h, const struct history_entry *e)
{
    uint8_t *record = history_reserve(h, e->len);
    if (record == NULL)
        return WEFT_ENOMEM;
    memcpy(record, e->record, e->len);
    struct history_entry mine = *e;
    mine.record = record;
    history_push(h, &mine);
    return 0;
}

void history_cut(struct history *h, uint64_t rev)
{
    WEFT_ASSERT(rev >= h->base_rev && rev <= history_head(h));
    while (history_head(h) > rev) {
        if (h->newest->n == 0) /* asked for, and nothing came of it */
            records_free(h, h->newest);
        struct history_records *b = h->newest;
        uint32_t len = history_at(h, history_head(h))->len;
        b->used -= len;
        h->bytes -= len;
        h->n--;
        records_drop(h, b);
    }
}

void history_trim(struct history *h, uint64_t rev)
{
    WEFT_ASSERT(rev <= history_head(h));
    while (h->base_rev < rev) {
        const struct history_entry *e = history_at(h, h->base_rev + 1);
        h->base_length_cp = e->length_cp;
        h->bytes -= e->len;
        h->base_rev++;
        h->n--;
        records_drop(h, h->oldest);
    }
    size_t cap = h->cap;
    while (cap > ENTRIES_FIRST && h->n <= cap / 4)
        cap /= 2;
    blocks_trim(h);
    if (cap != h->cap && entries_resize(h, cap) != 0)
        return; /* it stays as large as it was */
}

int history_op(const struct history *h, uint64_t rev, struct weft_op *ret)
{
    const struct history_entry *e = history_at(h, rev);
    int err = weft_op_decode(e->record + e->op_at, e->len - e->op_at, ret);
    WEFT_ASSERT(err == 0 || err == WEFT_ENOMEM);
    return err;
}

struct record history_record(const struct history *h, uint64_t rev)
{
    const struct history_entry *e = history_at(h, rev);
    struct record r;
    record_known(e->record, e->len, &r);
    return r;
}

/* The records lie in the blocks in their order, and nothing else does. */
static bool records_check(const struct history *h)
{
    uint64_t rev = h->base_rev;
    const struct history_records *last = NULL;
    size_t bytes = 0;
    for (const struct history_records *b = h->oldest; b != NULL; last = b, b = b->newer) {
        if (b->older != last || b->used > b->cap || b->n > history_head(h) - rev ||
            (b->n == 0 && b->newer != NULL))
            return false;
        bytes += sizeof *b + b->cap;
        const uint8_t *end = b->bytes + b->used;
        for (size_t i = b->n; i > 0; i--) { /* the oldest of a block may have gone */
            const struct history_entry *e = history_at(h, rev + i);
            if (e->record + e->len != end)
                return false;
            end = e->record;
        }
        rev += b->n;
        if (end < b->bytes)
            return false;
    }
    return last == h->newest && rev == history_head(h) && bytes == h->records_bytes;
}

bool history_check(const struct history *h)
{
    size_t bytes = 0;
    int64_t length = h->base_length_cp;
    if (h->n > h->cap || !records_check(h))
        return false;
    for (uint64_t rev = h->base_rev + 1; rev <= history_head(h); rev++) {
        const struct history_entry *e = history_at(h, rev);
        struct record r;
        struct op_sums sums = {0};
        bool good = record_decode(e->record, e->len, &r) == 0 && r.rev == rev &&
                    r.op_at == e->op_at && (r.meta_at != 0) == e->has_meta &&
                    op_sums(e->record + e->op_at, e->len - e->op_at, &sums) == 0 &&
                    sums.span_cp <= (size_t)length;
        length += (int64_t)sums.insert_cp - (int64_t)sums.delete_cp;
        if (!good || length != e->length_cp)
            return false;
        bytes += e->len;
    }
    return bytes == h->bytes;
}
