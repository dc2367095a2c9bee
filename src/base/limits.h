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
    /* Revisions kept in memory behind the newest: two hours of two fast typists. An older base is
     * answered `gone`, an older resume with the whole text. Past it the oldest eighth goes, so
     * somebody who comes back 100,000 revisions behind (a long flight) is still merged. Just so many
     * that with all that may wait for the disk they fit 131,072 entries. */
    HISTORY_REVS_MAX = 131072 - 4096,
    /* ... and their bytes, so that 100,000 pasted books do not stay: 132 each for all of them, of
     * which 50 are what a typed character takes and 64 the longest name.
     *
     * With the entries (32 bytes each) and the composed ranges (BLOCK_BYTES_MAX) a room's history
     * takes at most 28 MiB; with 100,000 typed characters, 10 MiB. Only a room that is never empty
     * keeps that much, as one that is opened reads HISTORY_LOAD_REVS. What all rooms take together is
     * bounded by a setting, to which the largest histories give way first (room/budget.h). */
    HISTORY_BYTES_MAX = 16 << 20,
    /* Of its history a room keeps so much however little memory there is: 700 typed characters, so
     * that what is on its way from twenty typists still finds the revision it was written against. */
    HISTORY_BYTES_LEAST = 64 << 10,
    /* An old text kept while its room is open, so that a reader who walks through time asks the disk
     * once; one that is larger is read again each time. */
    PAST_TEXT_BYTES_MAX = 4 << 20,
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
    /* A snapshot is taken when this many bytes of records, and a quarter of what the last snapshot
     * had, lie behind it, so that opening never replays more than that; and it stays when this many,
     * and as many as the last one that stayed had, lie behind that one: those never weigh more than
     * twice the log (room/keep.c). */
    SNAPSHOT_RECORD_BYTES = 64 << 10,

    /* --- the wire --- */
    JSON_DEPTH_MAX = 16, /* a message needs 3, a signal's data some more; bounds recursion */
    /* The protocol's revisions, seq and times: what a JavaScript number holds exactly is 2^53. */

    /* --- outgoing --- */
    /* Frames kept for readers that are behind by less than this; further behind, a reader gets one
     * composed operation. */
    OUTLOG_BYTES_MAX = 1 << 20,
    /* Memory of what waits for one reader alone (acks, texts, histories) before nothing more is read
     * from it. */
    PRIVATE_BYTES_HIGH = 1 << 20,
    /* Carets of others that all in one room together are told in a millisecond, on average; and the
     * longest that one may wait for it. */
    CARETS_PER_MS = 100,
    CARETS_MS_MAX = 1000,
};

#define REV_MAX ((uint64_t)1 << 53)

_Static_assert(PENDING_REVS_MAX < HISTORY_REVS_MAX, "what is not durable is never trimmed");
_Static_assert(HISTORY_REVS_MAX - HISTORY_REVS_MAX / 8 >= 100000, "what is left of them by a trim");

#endif
