/* room/snapshot.h - what a room is at one revision, as bytes: all that opening it needs, but the records
 * behind it.
 *
 *     u8  version   2
 *     u8[16] epoch  the log's
 *     varint rev
 *     u32 sum       checksum of record `rev`, which the next record continues
 *     varint n, then for each mark of the timeline: varint rev, varint at_ms
 *     varint floor_rev, varint n, then for each session: u8[16] user_id, varint seq, varint rev
 *     entries       as in a record
 *     blob text
 *     u32 crc       crc32c of everything before
 *
 * The first version, which is still read, has neither the epoch nor a timeline. */
#ifndef ROOM_SNAPSHOT_H
#define ROOM_SNAPSHOT_H

#include "base/buf.h"
#include "base/uuid.h"
#include "room/message.h"
#include "room/retention.h"
#include "room/sessions.h"
#include <weft/text.h>

struct snapshot {
    bool has_epoch;
    struct uuid epoch;
    uint64_t rev;
    uint32_t sum;
    struct timeline times;
    struct room_meta meta;
    struct room_str text; /* borrowed from the bytes; not known to be UTF-8 */
};

/* Takes one apart. Its sessions go into `sessions`, or past it when that is NULL. WEFT_ECORRUPT for
 * what no room writes, WEFT_ENOMEM; sessions may have been put in then. */
WEFT_CHECKED int snapshot_decode(const uint8_t *bytes, size_t len, struct snapshot *ret,
                                 struct sessions *sessions);

/* What snapshot_encode() takes at most. */
size_t snapshot_bound(const struct sessions *sessions, const struct weft_text *text);

/* Of s the epoch, rev, sum and times are written; `meta` may be NULL. WEFT_ENOMEM. */
WEFT_CHECKED int snapshot_encode(const struct snapshot *s, const struct sessions *sessions,
                                 const struct room_meta *meta, const struct weft_text *text,
                                 struct buf *out);

/* Makes a snapshot, in place, one of a log of another epoch. False: it is of the first version, and
 * names none. */
bool snapshot_follow(uint8_t *bytes, size_t len, const struct uuid *epoch);

#endif
