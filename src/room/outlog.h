/* room/outlog.h - what a room has sent, kept once for all readers.
 *
 * Every broadcast is encoded once and appended here as a finished frame. A reader holds no queue of
 * them, only a cursor: the number of the next entry it has not been given. What is for one reader
 * alone (welcome, acks, errors, answers) waits in that reader's own short queue, each with the
 * place in the log behind which it belongs. Pulling gives a reader everything it lacks as one run
 * of bytes: a stretch of the shared log itself where nothing private lies in it, else put together
 * in a scratch buffer.
 *
 *     log:      base .. [ e7 ][ e8 ][ e9 ][ e10 ] .. next_seq = 11
 *     reader:   at = 8, private: [ack, after 9]        pull gives  e8 e9 ack e10
 *               (an entry whose `except` is the reader's conn is passed over)
 *
 * Invariants: base_seq <= reader.at <= next_seq, or the reader is behind; kept bytes are at most
 * max_bytes unless one entry alone is larger; private places never decrease along the queue.
 * Cost: append O(len) amortised; pull O(1) plus the bytes that had to be put together.
 *
 * Pure: entries are bytes, what is in them is not known here. */
#ifndef ROOM_OUTLOG_H
#define ROOM_OUTLOG_H

#include "base/buf.h"
#include <weft/alloc.h>
#include <weft/error.h>

struct outlog_entry;

struct outlog {
    struct buf bytes;  /* frames back to back; starts at entry base_seq + dead prefix */
    size_t dead_bytes; /* of trimmed entries, not yet moved over */
    struct outlog_entry *entries;
    size_t n_entries;
    size_t cap_entries;
    size_t dead_entries;
    uint64_t base_seq; /* number of the oldest entry kept */
    uint64_t next_seq; /* number the next entry will have */
    uint64_t rev;      /* the newest that any entry ever had */
    uint64_t presence_seq;
    size_t max_bytes;
};

/* A private frame that waits, and what it takes besides its bytes: an ack has 24 of those. */
struct outlog_private;
enum { OUTLOG_PRIVATE_BYTES = 48, OUTLOG_SMALL_BYTES = 56 };

/* Bytes of frame that one of len bytes is given: the next ack fits where the last one was. */
static inline size_t outlog_private_room(size_t len)
{
    return len > OUTLOG_SMALL_BYTES ? len : OUTLOG_SMALL_BYTES;
}

struct outlog_reader {
    uint64_t conn;
    uint64_t at;           /* next entry to be given */
    uint64_t rev;          /* last revision given, 0 at first: what ROOM_BEHIND wants */
    uint64_t presence_seq; /* last presence given */
    size_t private_bytes;  /* memory of what waits: the frames, and what holds each */
    struct outlog_private *first;
    struct outlog_private *last;
    struct outlog_private *spares; /* given, and kept for the next */
    unsigned n_spares;
    struct outlog_private **splice; /* catching up: where the next send goes in; else NULL */
    const struct weft_alloc *alloc;
};

void outlog_init(struct outlog *log, const struct weft_alloc *alloc, size_t max_bytes);
void outlog_done(struct outlog *log);

/* Appends a frame. rev / presence_seq: as in the effect, 0 where it is none. Entries that no longer
 * fit max_bytes are dropped from the old end. 0, or WEFT_ENOMEM with the log unchanged. */
WEFT_CHECKED int outlog_append(struct outlog *log, const uint8_t *frame, size_t len,
                               uint64_t except, uint64_t rev, uint64_t presence_seq);

/* Drops what every reader has been given: `at` is the least of their cursors (next_seq when there is
 * no reader). Gives memory back when nothing is left. */
void outlog_trim(struct outlog *log, uint64_t at);

/* A reader that starts at the log's end, knowing revision `rev` and presence up to presence_seq. */
void outlog_reader_init(struct outlog_reader *r, const struct outlog *log,
                        const struct weft_alloc *alloc, uint64_t conn, uint64_t rev,
                        uint64_t presence_seq);
/* Drops its private frames. It may still be sent to, and then be done with again. */
void outlog_reader_done(struct outlog_reader *r);

/* Queues a frame for this reader alone, behind everything in the log now. ack_rev: the revision it
 * acknowledges, 0 for anything else. Copies the frame. 0 or WEFT_ENOMEM. */
WEFT_CHECKED int outlog_send(const struct outlog *log, struct outlog_reader *r,
                             const uint8_t *frame, size_t len, uint64_t ack_rev);

enum outlog_state {
    OUTLOG_NOTHING, /* it has everything */
    OUTLOG_BYTES,   /* *ret_bytes, *ret_len are to be sent */
    OUTLOG_BEHIND,  /* what it lacks is no longer kept: ROOM_BEHIND, then outlog_reader_skip() */
};

/* The next run of at most max_bytes (at least one whole frame). Valid until the log, the reader or
 * scratch changes. Counts as given at once: what was pulled is not pulled again. err is 0 or
 * WEFT_ENOMEM (state unchanged). */
WEFT_CHECKED int outlog_pull(const struct outlog *log, struct outlog_reader *r, size_t max_bytes,
                             struct buf *scratch, enum outlog_state *ret_state,
                             const uint8_t **ret_bytes, size_t *ret_len);

/* Whether a pull would give something, without pulling. */
bool outlog_has_more(const struct outlog *log, const struct outlog_reader *r);

/* After OUTLOG_BEHIND: to be called before the effects of ROOM_BEHIND are carried out. Forgets
 * waiting acks (the room says them again, in their places), keeps other private frames, and sets
 * the cursor to the log's end; `rev` and presence are those the room's effects bring the reader to.
 * The effects' frames are queued with outlog_send() and come before the private frames kept; that
 * ends with the next pull or broadcast. */
void outlog_reader_skip(const struct outlog *log, struct outlog_reader *r, uint64_t rev,
                        uint64_t presence_seq);

bool outlog_check(const struct outlog *log);

#endif
