/* room/state.h - the inside of a room, shared by the files of this folder and nobody else.
 *
 *     room.c      making, freeing, room_step's table
 *     decide.c    an operation gets its revision           (order)
 *     durable.c   what is on disk is applied and shown     (apply in order); failed commits
 *     people.c    who is there, carets, joining, leaving
 *     catch_up.c  what a reader missed, composed
 *     past.c      texts at old revisions
 *     answer.c    texts, histories, repeated acks: answers that may wait for the disk
 *     load.c      from a log
 *     keep.c      what stays: in memory; on disk, that is snapshots and where the log is cut
 *     audit.c     a whole log, held against its snapshots
 */
#ifndef ROOM_STATE_H
#define ROOM_STATE_H

#include "base/fmt.h"
#include "room/effects.h"
#include "room/history.h"
#include "room/record.h"
#include "room/room.h"
#include "room/sessions.h"
#include "room/snapshot.h"

struct member {
    uint64_t conn;
    struct room_person person; /* its caret at cursor_rev */
    enum room_mode mode;
    uint64_t cursor_rev; /* durable_rev, or above it: written against what is not durable yet */
    bool cursor_dirty;   /* others have not been told */
    uint64_t person_seq; /* presence_seq of its last join or user */
    uint64_t cursor_seq; /* ... of its last cursor */
    uint64_t failed_seq; /* lowest seq lost with a failed commit and not sent again yet; 0: none */
};

/* Conn -> place in members, for up to people_max of them. */
struct member_slot {
    uint64_t conn; /* 0: free */
    size_t at;
};

/* An answer that waits until `need_rev` is durable. */
enum waiting_kind { WAITING_TEXT, WAITING_HISTORY, WAITING_DUP };

struct waiting {
    enum waiting_kind kind;
    uint64_t conn;
    uint64_t need_rev;
    struct room_query query; /* TEXT, HISTORY */
    struct room_ack ack;     /* DUP */
};

/* A read from the log that is under way. */
struct fetching {
    uint64_t ticket;
    uint64_t conn;
    bool text; /* else history */
    uint64_t rev;
    uint64_t from, to;
};

enum {
    DEPARTED_MAX = 64,  /* leaves a reader may have missed and still be caught up */
    FETCHING_MAX = 256, /* reads under way in one room */
};

struct departed {
    struct uuid user_id;
    uint64_t presence_seq;
};

struct room {
    const struct weft_alloc *alloc;
    struct room_config config;
    struct uuid epoch; /* the log's own */
    int64_t now_ms;

    uint64_t durable_rev;
    struct weft_text *text; /* at durable_rev */
    struct history history; /* base_rev+1 .. head_rev */
    uint32_t durable_sum;   /* checksum of record durable_rev */
    uint32_t head_sum;      /* ... of record head_rev */
    /* Bound of the document's bytes at head: those at durable_rev plus what the records behind it
     * insert minus one byte for each code point they delete. Exact when nothing is pending. */
    size_t head_bytes;
    size_t pending_bytes; /* of records behind durable_rev */

    struct room_meta *meta;      /* at durable_rev; NULL: never any */
    struct room_meta *head_meta; /* at head_rev; NULL when meta is */
    struct sessions sessions;

    struct member *members; /* in the order they came */
    size_t n_members;
    size_t cap_members;
    struct member_slot *slots;
    size_t cap_slots;
    size_t n_dirty;   /* members with cursor_dirty */
    int64_t flush_ms; /* when others are told of carets again */

    uint64_t presence_seq;
    struct departed departed[DEPARTED_MAX]; /* ring, newest at (n_departed - 1) % MAX */
    uint64_t n_departed;

    struct waiting *waiting; /* need_rev never decreases */
    size_t n_waiting;
    size_t cap_waiting;

    struct fetching *fetching;
    size_t n_fetching;
    size_t cap_fetching;
    uint64_t next_ticket;

    struct weft_text *past; /* an old text that later ones are made from; NULL: none */
    uint64_t past_rev;      /* base_rev <= past_rev < durable_rev */

    uint64_t snapshot_rev;      /* last one taken or loaded; 0: none */
    size_t snapshot_bytes;      /* its size */
    size_t bytes_past_snapshot; /* of durable records behind it */
    uint64_t passing_rev; /* snapshot_rev, where that one goes when the next is there; else 0 */
    size_t kept_bytes;    /* the same of the last one that stays */
    size_t bytes_past_kept;
    uint64_t stored_rev; /* the newest snapshot that is on disk: snapshot_rev, or below it */
    int64_t snapshot_ms; /* when it was taken, or the room opened */
    int64_t changed_ms;  /* when something became durable last */

    int64_t durable_at_ms;     /* Unix time of record durable_rev */
    struct timeline times;     /* of the snapshots that the log has */
    uint64_t log_base_rev;     /* the log begins there: nothing before it is shown to anybody */
    uint64_t trim_rev;         /* ... or has been asked to; at least log_base_rev */
    struct room_load *loading; /* only between room_new and room_load_end */
    size_t unchecked_steps;    /* room_check_now_and_then() */
};

static inline uint64_t room_head(const struct room *room)
{
    return history_head(&room->history);
}

/* Bound of a document's bytes after an operation: what it deletes has at least one each. */
static inline size_t room_bytes_after(size_t bytes, const struct weft_op *op)
{
    size_t inserted;
    (void)weft_op_text(op, &inserted);
    return bytes + inserted - weft_op_deleted_cp(op);
}

/* The epoch by which clients know this life of the log. */
static inline struct uuid room_shown_epoch(const struct room *room)
{
    struct uuid shown = room->epoch;
    for (size_t i = 0; i < sizeof shown.bytes; i++)
        shown.bytes[i] ^= room->config.generation.bytes[i];
    return shown;
}

/* Starts an error to conn: fills code and seq, returns where the sentence goes. Only after
 * effects_reserve(). */
struct fmt room_refuse(struct room_effects *fx, uint64_t conn, int err, uint64_t seq,
                       uint32_t retry_ms);

/* room_check() after a step, in debug builds: after each in a small room, and in a large one as seldom as
 * it is large, or a long test would take the square of its length. */
bool room_check_now_and_then(struct room *room);

/* NULL when this connection has not joined (any more). */
struct member *room_member(const struct room *room, uint64_t conn);
struct member *room_member_by_user(const struct room *room, const struct uuid *user_id);
void members_done(struct room *room);

/* decide.c */
WEFT_CHECKED int room_on_submission(struct room *room, uint64_t conn,
                                    const struct room_submission *s, struct room_effects *fx);

/* durable.c */
WEFT_CHECKED int room_on_durable(struct room *room, uint64_t rev, struct room_effects *fx);
WEFT_CHECKED int room_on_commit_failed(struct room *room, struct room_effects *fx);

/* people.c */
WEFT_CHECKED int room_on_join(struct room *room, uint64_t conn, const struct room_join *join,
                              struct room_effects *fx);
WEFT_CHECKED int room_on_leave(struct room *room, uint64_t conn, struct room_effects *fx);
WEFT_CHECKED int room_on_user(struct room *room, uint64_t conn, const struct room_user_change *u,
                              struct room_effects *fx);
WEFT_CHECKED int room_on_signal(struct room *room, uint64_t conn, const struct room_signal_send *s,
                                struct room_effects *fx);

/* cursors.c */
WEFT_CHECKED int room_on_cursor(struct room *room, uint64_t conn, const struct room_cursor_move *c,
                                struct room_effects *fx);
WEFT_CHECKED int room_on_flush(struct room *room, struct room_effects *fx);
/* Moves everybody's caret over the operation of durable_rev, by `author`. */
void room_move_cursors(struct room *room, const struct weft_op *op, const struct uuid *author);
/* After a failed commit: carets written against what is gone. */
void room_clamp_cursors(struct room *room);
void room_cursor_effect(struct room *room, struct member *m, struct room_effect *e);

/* catch_up.c: what `member` lacks of revisions from+1 .. durable_rev, as sends to it. With `live` the
 * member is connected all along: all its own operations are acks, not only those with a seq.
 * WEFT_ELIMIT where that cannot be said in messages of bounded size. */
WEFT_CHECKED int room_catch_up(struct room *room, const struct member *member, uint64_t from,
                               bool live, struct room_effects *fx);
WEFT_CHECKED int room_on_behind(struct room *room, uint64_t conn, const struct room_behind *b,
                                struct room_effects *fx);

/* past.c: can the text at rev, at most durable_rev, be made of what lies in memory? */
bool room_past_reaches(const struct room *room, uint64_t rev);
/* ... made. It lives as long as the effects. */
WEFT_CHECKED int room_past_text(struct room *room, uint64_t rev, struct room_effects *fx,
                                struct weft_text **ret);
/* The same from what was read from the log; WEFT_ECORRUPT when that does not lead to rev. */
WEFT_CHECKED int room_past_rebuild(struct room *room, const struct room_fetched *f, uint64_t rev,
                                   struct room_effects *fx, struct weft_text **ret);
void room_past_forget(struct room *room);

/* answer.c */
WEFT_CHECKED int room_on_query(struct room *room, uint64_t conn, bool text,
                               const struct room_query *q, struct room_effects *fx);
WEFT_CHECKED int room_on_fetched(struct room *room, const struct room_fetched *f,
                                 struct room_effects *fx);
WEFT_CHECKED int room_wait_dup(struct room *room, uint64_t conn, const struct room_ack *ack,
                               uint64_t need_rev, struct room_effects *fx);
WEFT_CHECKED int room_answer_waiting(struct room *room, struct room_effects *fx);

/* keep.c */
/* The oldest revisions go where there are more than a room keeps. */
void room_keep_within(struct room *room);
void room_on_stored(struct room *room, const struct room_stored *stored);
WEFT_CHECKED int room_on_tick(struct room *room, const struct room_tick *tick,
                              struct room_effects *fx);

/* After a failed commit. */
void room_snapshot_lost(struct room *room);
/* A snapshot, when so much lies behind the last one. */
WEFT_CHECKED int room_snapshot_if_due(struct room *room, struct room_effects *fx);

/* load.c */
void room_load_free(struct room *room);
/* "<what> <rev>: <found>" into why; returns WEFT_ECORRUPT. */
int room_load_corrupt(char *why, size_t why_bytes, const char *what, uint64_t rev,
                      const char *found);

#endif
