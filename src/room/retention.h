/* room/retention.h - how much of a log is kept on disk, and where it may be cut. Pure.
 *
 * A log is cut at snapshots only, so that each revision it still has can be made. A timeline says where
 * they stand and how old what lies before them is: the newest TIMELINE_MAX at most; when it is full,
 * every second one is forgotten, and no cut is made there. It is kept in each snapshot.
 *
 *     marks[i].rev rises, marks[i].at_ms does not fall: the clock that wrote them may have */
#ifndef ROOM_RETENTION_H
#define ROOM_RETENTION_H

#include <stddef.h>
#include <stdint.h>

enum { TIMELINE_MAX = 32 };

struct timeline {
    size_t n;
    struct timeline_mark {
        uint64_t rev;
        int64_t at_ms; /* Unix time of record `rev` */
    } marks[TIMELINE_MAX];
};

/* All zero: everything is kept. With both, what either keeps is kept. */
struct retention {
    uint64_t revs; /* at least so many of the newest revisions */
    int64_t ms;    /* at least what was written in the last so many milliseconds */
};

/* rev is at least the newest there is. A time before that one's counts as the same. */
void timeline_add(struct timeline *t, uint64_t rev, int64_t at_ms);

/* Forgets those above rev. */
void timeline_back_to(struct timeline *t, uint64_t rev);

/* Forgets those below rev. */
void timeline_trim(struct timeline *t, uint64_t rev);

/* The newest mark up to which all may go; 0: none. now_ms: Unix time, 0 when it is not known. */
uint64_t retention_cut(const struct retention *keep, const struct timeline *t, uint64_t durable_rev,
                       int64_t now_ms);

/* Rooms that nobody opens are looked at in rounds, for they grow old all the same: how long after a round
 * began the next one does. 0: never, everything is kept. */
int64_t retention_round_ms(const struct retention *keep);

#endif
