#include "room/history.h"

#include "base/assert.h"
#include "base/pure.h"
#include "room/blocks.h"

enum { HISTORY_CAP_FIRST = 16 };

void history_init(struct history *h, const struct weft_alloc *alloc, uint64_t base_rev,
                  uint32_t base_length_cp)
{
    *h = (struct history){.alloc = alloc, .base_rev = base_rev, .base_length_cp = base_length_cp};
}

static void entry_done(struct history *h, struct history_entry *e)
{
    h->bytes -= e->len;
    weft_release(h->alloc, e->record, e->len);
    e->record = NULL;
}

void history_done(struct history *h)
{
    for (size_t i = 0; i < h->n; i++)
        entry_done(h, &h->entries[h->dead + i]);
    weft_release(h->alloc, h->entries, h->cap * sizeof *h->entries);
    blocks_done(h);
    *h = (struct history){.alloc = h->alloc};
}

struct history_entry *history_at(const struct history *h, uint64_t rev)
{
    WEFT_ASSERT(rev > h->base_rev);
    WEFT_ASSERT(rev <= history_head(h));
    return &h->entries[h->dead + (size_t)(rev - h->base_rev - 1)];
}

uint32_t history_length_cp(const struct history *h, uint64_t rev)
{
    return rev == h->base_rev ? h->base_length_cp : history_at(h, rev)->length_cp;
}

int history_reserve(struct history *h)
{
    if (h->dead + h->n < h->cap)
        return 0;
    if (h->dead > h->n) { /* more holes than entries: moving is paid for by the trims */
        memmove(h->entries, h->entries + h->dead, h->n * sizeof *h->entries);
        h->dead = 0;
        return 0;
    }
    size_t cap = h->cap != 0 ? h->cap * 2 : HISTORY_CAP_FIRST;
    struct history_entry *entries =
        weft_resize(h->alloc, h->entries, h->cap * sizeof *entries, cap * sizeof *entries);
    if (entries == NULL)
        return WEFT_ENOMEM;
    h->entries = entries;
    h->cap = cap;
    return 0;
}

void history_push_take(struct history *h, const struct history_entry *e)
{
    WEFT_ASSERT(h->dead + h->n < h->cap);
    WEFT_ASSERT(e->record != NULL && e->op_at <= e->len);
    h->entries[h->dead + h->n++] = *e;
    h->bytes += e->len;
}

void history_cut(struct history *h, uint64_t rev)
{
    WEFT_ASSERT(rev >= h->base_rev && rev <= history_head(h));
    while (history_head(h) > rev) {
        entry_done(h, &h->entries[h->dead + h->n - 1]);
        h->n--;
    }
}

void history_trim(struct history *h, uint64_t rev)
{
    WEFT_ASSERT(rev <= history_head(h));
    while (h->base_rev < rev) {
        struct history_entry *e = &h->entries[h->dead];
        h->base_length_cp = e->length_cp;
        entry_done(h, e);
        h->dead++;
        h->n--;
        h->base_rev++;
    }
    /* Blocks that reach below the base are dropped with the rest when their bound is met; they are
     * never asked for again, since ranges start at or above the base. */
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
    struct record r = {0};
    int err = record_parse(e->record, e->len, &r);
    WEFT_ASSERT(err == 0);
    return r;
}

bool history_check(const struct history *h)
{
    size_t bytes = 0;
    int64_t length = h->base_length_cp;
    for (size_t i = 0; i < h->n; i++) {
        const struct history_entry *e = &h->entries[h->dead + i];
        struct record r;
        struct weft_op op;
        weft_op_init(&op, h->alloc);
        bool good = record_decode(e->record, e->len, &r) == 0 && r.rev == h->base_rev + 1 + i &&
                    r.op_at == e->op_at &&
                    weft_op_decode(e->record + e->op_at, e->len - e->op_at, &op) == 0 &&
                    weft_op_span(&op) <= (size_t)length;
        length += weft_op_delta(&op);
        weft_op_done(&op);
        if (!good || length != e->length_cp)
            return false;
        bytes += e->len;
    }
    return bytes == h->bytes && h->dead + h->n <= h->cap;
}
