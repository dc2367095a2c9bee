/* room/history.h - the logged operations of a room that are kept in memory, and ranges of them.
 *
 *     base_rev            durable_rev        head_rev
 *        |  base+1 ... ...     |   decided only  |
 *
 * Each revision is kept as its record's bytes (room/record.h), compact, decoded when asked for.
 * Beside it stands the document's length after it, so that an operation written against any kept
 * revision can be checked without a text.
 *
 * Merging an operation that is h revisions behind takes O(log h) transforms: the unseen revisions
 * are cut at multiples of powers of two, and each such block is composed once, from its two halves,
 * and kept (law 4 of docs/operations.md makes that exact). Only durable revisions are put in blocks.
 * The blocks' memory is bounded (BLOCK_BYTES_MAX); past it all are dropped and made again as needed.
 *
 * Cost: push O(1) amortised; at O(1); transform over h revisions at most 2 log2 h transforms over
 * blocks and 30 over single revisions at the two ends plus, the first time, O(total log h) composing:
 * about 60 ns a revision of typed text. What is not durable is passed one by one. */
#ifndef ROOM_HISTORY_H
#define ROOM_HISTORY_H

#include "base/buf.h"
#include "room/record.h"
#include <weft/op.h>

struct history_entry {
    uint8_t *record; /* owned */
    uint32_t len;
    uint32_t op_at;     /* in record */
    uint32_t length_cp; /* of the document after this revision */
    uint32_t bytes_in;  /* inserted bytes */
    uint32_t cp_out;    /* deleted code points, each at least a byte */
    bool has_meta;
    uint64_t conn; /* that sent it; 0 when loaded */
};

struct history_block;

struct history {
    const struct weft_alloc *alloc;
    struct history_entry *entries; /* entries[dead + i] is base_rev + 1 + i */
    size_t dead;
    size_t n;
    size_t cap;
    uint64_t base_rev;
    uint32_t base_length_cp;
    size_t bytes; /* of all records kept */

    struct history_block **blocks; /* hash table by (level, index) */
    size_t n_blocks;
    size_t cap_blocks;
    size_t block_bytes;
};

void history_init(struct history *h, const struct weft_alloc *alloc, uint64_t base_rev,
                  uint32_t base_length_cp);
void history_done(struct history *h);

static inline uint64_t history_head(const struct history *h)
{
    return h->base_rev + h->n;
}

/* base_rev < rev <= head. */
struct history_entry *history_at(const struct history *h, uint64_t rev);

/* Length of the document after `rev`; base_rev <= rev <= head. */
uint32_t history_length_cp(const struct history *h, uint64_t rev);

/* Room for one more, so that the next history_push() cannot fail. */
WEFT_CHECKED int history_reserve(struct history *h);

/* The next revision. Takes e->record, which has e->len bytes from the history's allocator. */
void history_push_take(struct history *h, const struct history_entry *e);

/* Drops revisions above rev (never blocks: those hold durable revisions only). */
void history_cut(struct history *h, uint64_t rev);

/* Drops revisions up to rev. */
void history_trim(struct history *h, uint64_t rev);

/* The operation of one revision, into an initialised op. WEFT_ENOMEM. (What is kept was checked when
 * it came in, so anything else asserts.) */
WEFT_CHECKED int history_op(const struct history *h, uint64_t rev, struct weft_op *ret);

/* The record's parts of one revision; borrowed. */
struct record history_record(const struct history *h, uint64_t rev);

/* op, written against revision `from`, rewritten to run after `to`, going LEFT of everything it
 * meets: in place. durable_rev bounds what may be put into blocks. On failure op is as it was. */
WEFT_CHECKED int history_transform(struct history *h, struct weft_op *op, uint64_t from,
                                   uint64_t to, uint64_t durable_rev);

/* Revisions from+1 .. to as one operation. */
WEFT_CHECKED int history_compose(struct history *h, uint64_t from, uint64_t to,
                                 uint64_t durable_rev, struct weft_op *ret);

bool history_check(const struct history *h);

#endif
