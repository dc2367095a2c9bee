/* support/room_disk.h - a log that can lose what was not committed, and remembers everything else.
 *
 * Writes gather in one batch while another is under way, as in the server. Committed records are
 * replayed at once by the plainest means there is, so that the text at every revision is known
 * without the room. Snapshots are kept all; what was trimmed is kept for the test to look at, but no room
 * is made of it. Memory comes from the heap; running out stops the
 * program. */
#ifndef SUPPORT_ROOM_DISK_H
#define SUPPORT_ROOM_DISK_H

#include "room/room.h"

struct disk_bytes {
    uint64_t rev;
    uint8_t *at;
    size_t len;
};

struct disk_list {
    struct disk_bytes *items;
    size_t n;
    size_t cap;
};

struct disk {
    struct uuid epoch;
    struct disk_list records;   /* [rev - 1] */
    struct disk_list snapshots; /* oldest first */
    struct disk_list texts;     /* [rev]: the text at that revision; one more than records */
    struct weft_text *shadow;   /* at the last record */
    struct disk_list gathering, under_way; /* rev with a top bit: a snapshot, a trim */
    uint64_t base;                         /* a room is told that records up to this one are gone */
    struct room_stored stored;             /* by the last commit */
    bool committing;
};

void disk_init(struct disk *d, const struct uuid *epoch);
void disk_done(struct disk *d);
void disk_wipe(struct disk *d, const struct uuid *epoch); /* nothing was ever there */

void disk_write(struct disk *d, bool snapshot, uint64_t rev, struct room_str bytes);
void disk_trim(struct disk *d, uint64_t rev); /* to the newest snapshot up to rev */
/* What gathered is on its way; false when there is nothing or something is on its way already. */
bool disk_submit(struct disk *d);
/* The commit under way ends. Returns the newest record in it, 0 when there was none; what failed is
 * dropped together with what gathered behind it. */
uint64_t disk_finish(struct disk *d, bool ok);
/* The machine stops: what is under way arrived, or not; what gathered did not. */
void disk_crash(struct disk *d, bool arrived);

/* A room made from what is there: with the i-th snapshot (i == snapshots.n: none), and `back`
 * records before it; as far as that was not trimmed. Returns NULL and says why when the room refuses. */
struct room *disk_open(const struct disk *d, const struct room_config *config, size_t snapshot,
                       uint64_t back, char why[200]);

static inline uint64_t disk_head(const struct disk *d)
{
    return d->records.n;
}

/* Whether this text is the one at `rev`. */
bool disk_text_is(const struct disk *d, uint64_t rev, const struct weft_text *text);
size_t disk_length_cp(const struct disk *d, uint64_t rev);

#endif
