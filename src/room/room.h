/* room/room.h - one room: a state machine. Events in, effects out; no socket, clock, disk, thread.
 *
 * The life of an operation:
 *
 *     ROOM_OPERATION   decided: seq (exactly-once), rev and span are checked, it is transformed over
 *                      what it has not seen, gets the next revision and joins the history as *not
 *                      yet durable*. Effect: ROOM_PERSIST, the record's bytes.
 *     ROOM_DURABLE     applied: the record is on disk. The text moves on, the author is sent its
 *                      ack, everybody else the operation.
 *     ROOM_COMMIT_FAILED   forgotten: everything not durable is dropped, its authors get
 *                      `unavailable`. The text never had it, so there is nothing to undo.
 *
 * Deciding needs no text, only the history and lengths; the one text a room holds is the durable
 * one, so what anybody is shown is on disk by construction. What is decided depends on the
 * submission and on what was decided before, with no clock and no chance in it: a log that is
 * ordered elsewhere can drive it. (Only how sharply the limit of a document's bytes is drawn depends
 * on the disk, decide.c; such a log is durable when it is read, so there it does not.)
 *
 *     durable_rev <= head_rev,  base_rev <= durable_rev
 *     history holds revisions base_rev+1 .. head_rev
 *
 * Time (`now_ms`, monotonic) and randomness (user ids, the epoch of a new room) come in as
 * arguments, memory through an allocator. */
#ifndef ROOM_ROOM_H
#define ROOM_ROOM_H

#include "room/message.h"
#include "room/retention.h"
#include <weft/alloc.h>
#include <weft/error.h>

struct room;

struct room_config {
    size_t document_bytes_max;
    size_t people_max;
    size_t message_bytes_max; /* told in the welcome */
    /* What of the log is kept in memory, and how much of it makes a snapshot due. 0: as in limits.h;
     * smaller ones are for tests. What is not durable is kept however much it is. */
    size_t history_revs_max;
    size_t history_bytes_max;
    size_t snapshot_record_bytes;
    struct retention retention; /* of the log, on disk */
    /* The same of what waits for the disk, and of the sessions that are remembered. */
    size_t pending_revs_max;
    size_t sessions_max;
    size_t carets_per_ms; /* told to others; 0: as in limits.h */
    /* Which life of the log this is; nil for its first. The epoch that anybody is shown is the
     * log's own with these bits turned, so a log that was put back from a backup has another one,
     * and nothing of it needs to be written anew. */
    struct uuid generation;
};

/* --- events --- */

enum room_event_kind {
    ROOM_JOIN,
    ROOM_LEAVE,
    ROOM_OPERATION,
    ROOM_META,
    ROOM_CURSOR,
    ROOM_USER,
    ROOM_TEXT,
    ROOM_HISTORY,
    ROOM_SIGNAL,
    ROOM_DURABLE,
    ROOM_COMMIT_FAILED,
    ROOM_STORED,
    ROOM_FETCHED,
    ROOM_BEHIND,
    ROOM_FLUSH,
    ROOM_TICK,
};

/* A connection joins. `conn` is the hub's number for it, never 0 and never used again. Answered with a
 * welcome or, when the room is full or an operation of a session that needs the whole text is still
 * on its way to the disk, with ROOM_CLOSE. */
struct room_join {
    struct uuid user_id;  /* of the verified session when `resumes`, else new */
    struct uuid spare_id; /* new as well: used when the session cannot be taken up again */
    bool resumes;         /* user_id is that of a session whose secret verified */
    bool bad_session;     /* it came with one that did not verify: it is given the whole text */
    bool has_rev;         /* epoch and rev were given */
    struct uuid epoch;
    uint64_t rev;
    enum room_mode mode;
    struct room_str name;  /* at most USER_NAME_BYTES_MAX, checked by wire; len 0: none */
    struct room_str color; /* COLOR_BYTES, or len 0 */
};

/* An operation or, with `meta`, entries to set. */
struct room_submission {
    bool has_rev; /* left out: against the newest decided revision */
    bool has_seq;
    uint64_t rev;
    uint64_t seq;                 /* from 1 */
    int64_t at_ms;                /* Unix time, for the log only */
    const struct weft_op *op;     /* NULL with ROOM_META */
    bool at_end;                  /* op is one insert, to go to the end of the document at rev */
    const struct room_meta *meta; /* with ROOM_META */
};

struct room_cursor_move {
    bool has_rev;
    uint64_t rev;
    size_t position_cp;
    size_t anchor_cp;
    bool has_anchor;
};

struct room_user_change {
    bool has_name; /* given: replaces, empty takes it away */
    bool has_color;
    struct room_str name;
    struct room_str color;
};

struct room_query {
    bool has_rev; /* text: at this revision */
    uint64_t rev;
    uint64_t from; /* history */
    uint64_t to;   /* 0: up to the newest */
};

struct room_signal_send {
    struct uuid to;
    struct room_str data;
    /* How much waits to be read by this connection: above PRIVATE_BYTES_HIGH nothing more is put in its
     * way, or whoever reads nothing could be sent more than there is memory. NULL: nobody waits. */
    size_t (*waiting_bytes)(const void *ctx, uint64_t conn);
    const void *waiting_ctx;
};

/* A commit has succeeded with a snapshot or a trim in it. Given before the ROOM_DURABLE of that commit. */
struct room_stored {
    uint64_t snapshot_rev; /* that of the last ROOM_SNAPSHOT in it; 0: none */
    uint64_t trim_rev;     /* ... ROOM_TRIM */
};

/* Records and a snapshot, read from the log because a room asked with ROOM_FETCH. */
struct room_fetched {
    uint64_t ticket; /* as in the effect */
    int err;         /* 0, or the store's error: the asker gets `unavailable` */
    bool has_snapshot;
    uint64_t snapshot_rev;
    const uint8_t *snapshot;
    size_t snapshot_len;
    uint64_t first_rev;
    size_t n_records;
    /* The i-th record's bytes. */
    const uint8_t *(*record)(const void *ctx, size_t i, size_t *ret_len);
    const void *record_ctx;
};

/* A reader fell off the outgoing log: it was last sent revision `rev` and what of presence was known
 * at `presence_seq`. */
struct room_behind {
    uint64_t rev;
    uint64_t presence_seq;
};

/* Time passes: about once a second while the room is in use. */
struct room_tick {
    /* So much of room_spare_bytes() may be kept; 0: all of it. A share of what all rooms may
     * have (room/budget.h); HISTORY_BYTES_LEAST of the history stay in any case. */
    size_t spare_bytes_max;
    int64_t unix_ms; /* now, for retention by time; 0: not known, nothing is old enough then */
    /* It is about to leave memory, or nobody is left in it: what it would be opened from is to be made
     * good now, where that is worth a write. */
    bool leaves;
};

struct room_event {
    enum room_event_kind kind;
    uint64_t conn; /* whose; 0 for DURABLE, COMMIT_FAILED, STORED, FETCHED, FLUSH, TICK */
    union {
        struct room_join join;
        struct room_submission submission; /* OPERATION, META */
        struct room_cursor_move cursor;
        struct room_user_change user;
        struct room_query query; /* TEXT, HISTORY: `conn` need not have joined (plain HTTP) */
        struct room_signal_send signal;
        uint64_t durable_rev;
        struct room_stored stored;
        struct room_fetched fetched;
        struct room_behind behind;
        struct room_tick tick;
    };
};

/* --- effects --- */

enum room_effect_kind {
    ROOM_PERSIST,   /* write this record; then ROOM_DURABLE or ROOM_COMMIT_FAILED */
    ROOM_SNAPSHOT,  /* write this snapshot with the next commit, in place of the one at `instead`;
                     * then ROOM_STORED or, as for a record, ROOM_COMMIT_FAILED */
    ROOM_SEND,      /* to conn, behind all that was broadcast so far */
    ROOM_BROADCAST, /* to everybody who has joined but `conn` (0: to all) */
    ROOM_TRIM,  /* with the next commit, let the log begin at its newest snapshot up to rev; then
                     * the same */
    ROOM_CLOSE, /* close conn with `code`, after what was sent to it */
    ROOM_FETCH, /* read from the log, answer with ROOM_FETCHED */
};

struct room_fetch {
    uint64_t ticket;
    bool base; /* store_base(rev); else store_read(from, to) */
    uint64_t rev;
    uint64_t from;
    uint64_t to;
    size_t max_bytes;
};

struct room_close {
    uint16_t code;
    const char *reason; /* static, at most 100 bytes */
};

struct room_effect {
    enum room_effect_kind kind;
    uint64_t conn;
    uint64_t rev;     /* PERSIST, SNAPSHOT, TRIM; BROADCAST and SEND of an operation or ack: its
                            * revision, else 0 */
    uint64_t instead; /* SNAPSHOT: an older one that it takes the place of; 0: none */
    uint64_t presence_seq; /* BROADCAST of presence: its number, else 0 */
    union {
        struct room_str bytes; /* PERSIST, SNAPSHOT */
        struct room_message message;
        struct room_close close;
        struct room_fetch fetch;
    };
};

/* In the order they must be carried out. What effects point to stays valid until room_effects_clear
 * or the next room_step() of the same room, whichever is first. */
struct room_effects;

WEFT_CHECKED int room_effects_new(const struct weft_alloc *alloc, struct room_effects **ret);
void room_effects_free(struct room_effects *fx);
void room_effects_clear(struct room_effects *fx);
size_t room_effects_count(const struct room_effects *fx);
const struct room_effect *room_effects_at(const struct room_effects *fx, size_t i);

/* --- the room --- */

/* A room with an empty log, of this epoch. `config` is copied. */
WEFT_CHECKED int room_new(const struct weft_alloc *alloc, const struct room_config *config,
                          const struct uuid *epoch, struct room **ret);

/* Filling a new room from what the store has: first the snapshot, if there is one, then records,
 * oldest first. Records at or before the snapshot only extend the history backwards; they start
 * anywhere but have no gap, and reach at least to the snapshot's revision where there are any.
 * Everything is checked: WEFT_ECORRUPT with a sentence in `why` (of why_bytes) that names the
 * revision; the room is then only good for room_free(). */
WEFT_CHECKED int room_load_snapshot(struct room *room, uint64_t rev, const uint8_t *bytes,
                                    size_t len, char *why, size_t why_bytes);
WEFT_CHECKED int room_load_record(struct room *room, uint64_t rev, const uint8_t *bytes, size_t len,
                                  char *why, size_t why_bytes);
/* Anywhere between, where the log has been trimmed: its records up to base_rev are gone. */
void room_load_base(struct room *room, uint64_t base_rev);
/* Last: `head_rev` is what the store says the log's last record is. */
WEFT_CHECKED int room_load_end(struct room *room, uint64_t head_rev, char *why, size_t why_bytes);

void room_free(struct room *room); /* NULL is fine */

/* room_step - give a room one event; collect what must happen next.
 *
 * now_ms   monotonic milliseconds, never below the previous call's.
 * event    borrowed until return.
 * fx       appended to.
 *
 * A peer's mistakes become ROOM_SEND of an error. Returns 0 or WEFT_ENOMEM. After WEFT_ENOMEM the
 * room is as before the event and nothing was appended, with one exception: ROOM_DURABLE may have
 * moved part of the way; its effects so far stand, and the event is to be given again. */
WEFT_CHECKED int room_step(struct room *room, int64_t now_ms, const struct room_event *event,
                           struct room_effects *fx);

/* How much is decided and waits for the disk. From HIGH (half of what a room takes before it answers
 * `unavailable`) on, whoever writes is not to be read, until it is LOW (a quarter). */
enum room_backlog { ROOM_BACKLOG_LOW, ROOM_BACKLOG_SOME, ROOM_BACKLOG_HIGH };

/* What anybody may be shown: the durable state. */
struct room_info {
    struct uuid epoch;     /* as clients are shown it */
    struct uuid log_epoch; /* as the log has it */
    bool exists;           /* a room does from its first operation on */
    uint64_t rev;          /* durable */
    uint64_t head_rev;     /* decided */
    enum room_backlog backlog;
    uint64_t base_rev; /* oldest revision an operation may be written against */
    size_t length_cp;
    size_t length_bytes;
    size_t n_people;
    bool wants_flush; /* a cursor waits for ROOM_FLUSH, */
    int64_t flush_ms; /* which says nothing before then */
    bool is_idle;     /* nobody there, nothing pending (a snapshot or a trim neither), waiting or
                       * being fetched: may be evicted */
    uint64_t presence_seq;
};

struct room_info room_info(const struct room *room);
/* What of its memory a room can do without: older revisions, composed ranges of them, an old text. The
 * rest (text, sessions, who is there) it needs as long as it is open. */
size_t room_spare_bytes(const struct room *room);
const struct weft_text *room_text(const struct room *room);
const struct room_meta *room_meta_of(const struct room *room); /* NULL: none */
/* The i-th person, i < n_people, in the order they came; cursors at the durable revision. */
void room_person_at(const struct room *room, size_t i, struct room_person *ret);

/* Full walk: every invariant, sums against contents. Takes no memory. For tests. */
bool room_check(const struct room *room);

#endif
