/* room/history.h - the logged operations of a room that are kept in memory, and ranges of them.
 *
 *     base_rev            durable_rev        head_rev
 *        |  base+1 ... ...     |   decided only  |
 *
 *     entries   a ring: revision r stands at r modulo its size, a power of two
 *     records   oldest -> ... -> newest: blocks of bytes, filled from front to back
 *
 * Each revision is kept as its record's bytes (room/record.h), compact, decoded when asked for.
 * Beside it stands the document's length after it, so that an operation written against any kept
 * revision can be checked without a text. Revisions come at one end and go at the other, or, those
 * of a failed commit, at the same: so records lie one behind the other in a few blocks, which no
 * record asks the allocator for and which go when the last record in them has gone. A record never
 * moves. A typed character takes about 60 bytes of record and the 32 of its entry.
 *
 * Merging an operation that is h revisions behind takes O(log h) transforms: the unseen revisions
 * are cut at multiples of powers of two, and each such block is composed once, from its two halves,
 * and kept (law 4 of docs/operations.md makes that exact). Only durable revisions are put in blocks.
 * The blocks' memory is bounded (BLOCK_BYTES_MAX); past it all are dropped and made again as needed.
 *
 * Cost: push O(1) amortised; at O(1); transform over h revisions at most 2 log2 h transforms over
 * blocks and 30 over single revisions at the two ends plus, the first time, O(total log h) composing:
 * about 60 ns a revision of typed text. What is not durable is passed one by one. One edit over at most
 * 1,024 revisions that are one edit each needs neither: some 5 ns a revision. */
#ifndef ROOM_HISTORY_H
#define ROOM_HISTORY_H

#include "base/assert.h"
#include "base/buf.h"
#include "room/record.h"
#include <weft/op.h>

struct history_entry {
    const uint8_t *record; /* in the history's blocks */
    uint64_t conn;         /* that sent it; 0 when loaded */
    uint32_t len;
    uint32_t length_cp; /* of the document after this revision */
    uint16_t op_at;     /* in record */
    bool has_meta;
};

_Static_assert(sizeof(struct history_entry) <= 32, "each revision kept takes one");

struct history_records;
struct history_block;

struct history {
    const struct weft_alloc *alloc;
    struct history_entry *entries; /* of revision r: entries[r & (cap - 1)] */
    size_t n;
    size_t cap;
    struct history_records *oldest;
    struct history_records *newest;
    uint64_t base_rev;
    uint32_t base_length_cp;
    size_t bytes;         /* of all records kept */
    size_t records_bytes; /* of the memory they lie in */

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
static inline struct history_entry *history_at(const struct history *h, uint64_t rev)
{
    WEFT_ASSERT(rev > h->base_rev);
    WEFT_ASSERT(rev <= history_head(h));
    return &h->entries[rev & (h->cap - 1)];
}

/* Length of the document after `rev`; base_rev <= rev <= head. */
uint32_t history_length_cp(const struct history *h, uint64_t rev);

/* Room for one more revision, whose record has len bytes: where to write it, or NULL when memory is
 * out. Holds until the next call of this or of history_push(). */
uint8_t *history_reserve(struct history *h, size_t len);

/* The next revision, whose e->record is what history_reserve() gave, e->len bytes of it filled. */
void history_push(struct history *h, const struct history_entry *e);

/* The same with a record that lies elsewhere and is copied. WEFT_ENOMEM. */
WEFT_CHECKED int history_push_copy(struct history *h, const struct history_entry *e);

/* Drops revisions above rev (never blocks: those hold durable revisions only). */
void history_cut(struct history *h, uint64_t rev);

/* Drops revisions up to rev. Their memory goes back; a ring that is left three quarters empty is made
 * smaller where there is memory to do that. */
void history_trim(struct history *h, uint64_t rev);

/* What all of it takes. */
size_t history_memory(const struct history *h);

/* The operation of one revision, into an initialised op. WEFT_ENOMEM. (What is kept was checked when
 * it came in, so anything else asserts.) */
WEFT_CHECKED int history_op(const struct history *h, uint64_t rev, struct weft_op *ret);

/* What stands in front of the operation in one revision's record; borrowed. */
struct record history_record(const struct history *h, uint64_t rev);

/* op, written against revision `from`, rewritten to run after `to`, going LEFT of everything it
 * meets: in place. durable_rev bounds what may be put into blocks. On failure op is as it was. */
WEFT_CHECKED int history_transform(struct history *h, struct weft_op *op, uint64_t from,
                                   uint64_t to, uint64_t durable_rev);

/* Revisions from+1 .. to as one operation. */
WEFT_CHECKED int history_compose(struct history *h, uint64_t from, uint64_t to,
                                 uint64_t durable_rev, struct weft_op *ret);

/* Plays revisions from+1 .. to on the text of `from`: a few one by one, a long range of h revisions as
 * O(log h) composed operations. WEFT_ENOMEM leaves it part of the way. */
WEFT_CHECKED int history_apply(struct history *h, uint64_t from, uint64_t to, uint64_t durable_rev,
                               struct weft_text *text);

/* Takes no memory. */
bool history_check(const struct history *h);

#endif
