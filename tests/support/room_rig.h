/* support/room_rig.h - a room, its effects, and what it said as one line of text.
 *
 * Each step returns what came of it, one effect after the other, separated by "; ":
 *
 *     persist 3                         snapshot 3            trim 3
 *     1: ack 3 seq 2 dup                a message to connection 1
 *     !1: edit 3 A [5,"hi"]             ... to everybody but 1; "*:" to everybody
 *     2: edit 1..3 ["x"] {k=v,-gone}    composed: revisions 2 and 3, with entries
 *     close 1 4409 words                fetch 1 #1 base 5       fetch 1 #2 read 1-5
 *
 * Users are named by letters: 'A' is the id that ends in the byte 'A'. What a step asked to persist
 * is kept, by revision, so that a second room can be made from it. Memory comes from the allocator
 * given; the rig's own from the heap. Everything stops the program when it cannot go on. */
#ifndef SUPPORT_ROOM_RIG_H
#define SUPPORT_ROOM_RIG_H

#include "room/room.h"

enum { RIG_RECORDS_MAX = 8192, RIG_NO_REV = -1 };

struct rig_bytes {
    uint8_t *at; /* malloc'd */
    size_t len;
};

struct rig {
    const struct weft_alloc *alloc;
    struct room_config config;
    struct uuid epoch;
    struct room *room;
    struct room_effects *fx;
    int64_t now_ms;
    /* A step that runs out of memory is checked to have changed nothing and given again. */
    bool retries;
    int err;                                   /* of the last step */
    char *said;                                /* by the last step; malloc'd */
    struct rig_bytes records[RIG_RECORDS_MAX]; /* [rev - 1]: the newest asked for */
    struct rig_bytes snapshot;                 /* the newest asked for */
    uint64_t snapshot_rev;                     /* 0: none */
    uint64_t snapshot_instead;                 /* the one whose place it takes */
};

struct uuid rig_user(char letter);

/* An empty room of epoch 'E' that takes 1,000 people and 1 MiB. WEFT_ENOMEM leaves nothing
 * behind. */
WEFT_CHECKED int rig_init(struct rig *r, const struct weft_alloc *alloc);
void rig_done(struct rig *r);
/* Another room in place of the one there is, with an empty log; records are kept. */
void rig_reset(struct rig *r);

/* Any event. rig.err has the result. */
const char *rig_step(struct rig *r, const struct room_event *event);

/* The usual ones. `rev` RIG_NO_REV and seq 0: not given. */
const char *rig_join(struct rig *r, uint64_t conn, char user);
const char *rig_resume(struct rig *r, uint64_t conn, char user, int64_t rev);
const char *rig_leave(struct rig *r, uint64_t conn);
const char *rig_op(struct rig *r, uint64_t conn, const char *notation, int64_t rev, uint64_t seq);
/* "key=value" or "-key", separated by commas. */
const char *rig_meta(struct rig *r, uint64_t conn, const char *entries, uint64_t seq);
const char *rig_cursor(struct rig *r, uint64_t conn, size_t position_cp, int64_t rev);
const char *rig_text(struct rig *r, uint64_t conn, int64_t rev);
const char *rig_history(struct rig *r, uint64_t conn, uint64_t from, uint64_t to);
const char *rig_durable(struct rig *r, uint64_t rev);
const char *rig_fail(struct rig *r);
const char *rig_flush(struct rig *r);
const char *rig_behind(struct rig *r, uint64_t conn, uint64_t rev, uint64_t presence_seq);
/* Everything decided is made durable. */
const char *rig_commit(struct rig *r);

/* A fetch answered from the records kept: first..last, none when first > last. */
const char *rig_fetched(struct rig *r, uint64_t ticket, int err, uint64_t first, uint64_t last);

/* A new room from what was kept: the snapshot when `with_snapshot`, then records first..head.
 * Returns what loading says; `why` (of 200) is its sentence. */
WEFT_CHECKED int rig_reload(struct rig *r, bool with_snapshot, uint64_t first, uint64_t head,
                            char *why);

/* The whole observable state as malloc'd text: revisions, text, entries, people. */
char *rig_state(const struct rig *r);
bool rig_text_is(const struct rig *r, const char *utf8);

#endif
