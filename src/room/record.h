/* room/record.h - a revision as bytes: what the log on disk holds, and the history in memory.
 *
 *     u32 prev      checksum of the record before (of the epoch for revision 1)
 *     u32 sum       crc32c(prev, everything that follows)
 *     u8  version   1
 *     varint rev
 *     u8[16] user_id
 *     varint seq    0: none was given
 *     varint at_ms  Unix time
 *     blob name     of the author at that time
 *     varint n_meta, then for each: u8 removed, blob key, blob value (when not removed)
 *     op            weft_op_encode, to the end
 *
 * Because each sum continues the one before, a flipped bit, a lost or a swapped record all show.
 * Numbers are little endian; varint and blob as in base/buf.h. */
#ifndef ROOM_RECORD_H
#define ROOM_RECORD_H

#include "base/buf.h"
#include "base/uuid.h"
#include "room/message.h"

struct record {
    uint32_t prev_sum;
    uint32_t sum;
    uint64_t rev;
    struct uuid user_id;
    uint64_t seq;
    int64_t at_ms;
    struct room_str name;         /* borrowed */
    const struct room_meta *meta; /* encoding: NULL for none */
    size_t meta_at;               /* decoding: where the entries stand, 0 when there are none */
    size_t op_at;                 /* the op is bytes [op_at, len) */
};

enum { RECORD_SUM_BYTES = 8 };

/* The sum that revision 1 continues. */
uint32_t record_first_sum(const struct uuid *epoch);

/* Bytes the record takes. */
size_t record_size(const struct record *r, const struct weft_op *op);

/* Writes it, of record_size() bytes; r->sum and r->op_at are filled in. */
void record_put(struct record *r, const struct weft_op *op, uint8_t *out, size_t size);

/* Appends the record to out. 0 or WEFT_ENOMEM. */
WEFT_CHECKED int record_encode(struct record *r, const struct weft_op *op, struct buf *out);

/* Takes a record apart and checks its sum against its own contents. The op is decoded by whoever
 * needs it. 0 or WEFT_ECORRUPT. */
WEFT_CHECKED int record_decode(const uint8_t *bytes, size_t len, struct record *ret);

/* The same for a record that was checked when it came into memory: no further check. */
void record_known(const uint8_t *bytes, size_t len, struct record *ret);

/* Puts a good record behind another one, whose sum is prev_sum, or first into a log of another epoch
 * (record_first_sum): only its two sums change. Returns its new sum. */
uint32_t record_follow(uint8_t *bytes, size_t len, uint32_t prev_sum);

/* The entries of a record that has some; ECORRUPT when they do not check. */
WEFT_CHECKED int record_meta(const uint8_t *bytes, size_t len, const struct record *r,
                             struct room_meta *ret);

/* The same form stands in snapshots. */
WEFT_CHECKED int meta_encode(const struct room_meta *meta, struct buf *out);
void meta_decode(struct cur *c, struct room_meta *ret); /* c->bad when it does not check */

/* Sets `changes` in `meta`. WEFT_ELIMIT, with meta unchanged, when there would be more than
 * META_KEYS_MAX. With keep_removed the result is itself a message: removals are kept as such. */
WEFT_CHECKED int meta_merge(struct room_meta *meta, const struct room_meta *changes,
                            bool keep_removed);

#endif
