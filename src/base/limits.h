/* base/limits.h - every fixed bound of weft, with its reason.
 *
 * Bounds that an operator may want to move are settings (server/settings.c); their defaults stand
 * here so that there is one place to read. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <weft/limits.h>

enum {
    /* --- operations and text --- */
    /* Public, and their reasons in weft/limits.h. A message of 1 MiB can hold 500,000 parts. */
    CP_MAX = WEFT_CP_MAX,
    OP_PARTS_MAX = WEFT_OP_PARTS_MAX,

    /* --- names --- */
    ROOM_NAME_BYTES_MAX = 128,  /* protocol */
    USER_NAME_BYTES_MAX = 64,   /* fits a flag at a caret; 16 characters of four bytes */
    META_KEYS_MAX = 16,         /* protocol */
    META_KEY_BYTES_MAX = 32,    /* protocol */
    META_VALUE_BYTES_MAX = 256, /* protocol */

    /* --- a room --- */
    /* Revisions kept in memory behind the newest: an hour of two fast typists. An older base is
     * answered `gone`, an older resume with the whole text. */
    HISTORY_REVS_MAX = 65536,
    /* ... and their bytes, so that 65,536 pasted books do not stay. */
    HISTORY_BYTES_MAX = 16 << 20,
    /* Revisions read back when a room is opened, so that clients that were cut off by a restart
     * resume with what they missed instead of the whole text. */
    HISTORY_LOAD_REVS = 4096,
    /* Operations decided and not yet on disk. At 20,000 a second and a disk that takes 0.2 s that
     * is full; further ones are answered `unavailable`. */
    PENDING_REVS_MAX = 4096,
    PENDING_BYTES_MAX = 32 << 20,
    /* Sessions whose last seq is remembered: 64 bytes each, 4 MiB a room at most. */
    SESSIONS_MAX = 65536,
    /* Answers waiting for the disk (welcomes, texts, repeated acks) in one room. */
    WAITING_MAX = 4096,
    /* One answer to `history`: operations and bytes; the client asks again from where it ended. */
    HISTORY_ANSWER_REVS_MAX = 1000,
    HISTORY_ANSWER_BYTES_MAX = 1 << 20,
    /* A snapshot is taken when this many bytes of records, or as many as the last snapshot had,
     * lie behind it: snapshots never weigh more than twice the log, opening never replays more
     * than a snapshot's worth. */
    SNAPSHOT_RECORD_BYTES = 64 << 10,

    /* --- the wire --- */
    JSON_DEPTH_MAX = 16, /* a message needs 3, a signal's data some more; bounds recursion */
    /* The protocol's revisions, seq and times: what a JavaScript number holds exactly is 2^53. */

    /* --- outgoing --- */
    /* Frames kept for readers that are behind by less than this; further behind, a reader gets one
     * composed operation. */
    OUTLOG_BYTES_MAX = 1 << 20,
    /* Private answers (texts, histories) queued for one reader before its reading is paused. */
    PRIVATE_BYTES_HIGH = 1 << 20,
};

#define REV_MAX ((uint64_t)1 << 53)

_Static_assert(PENDING_REVS_MAX < HISTORY_REVS_MAX, "what is not durable is never trimmed");

#endif
