/* room/salvage.h - what of a damaged log is kept, and whether clients may go on with what they know of
 * it. Pure: what was found is told, what is to be done is said (server/repair.c does it).
 *
 * Kept is the longest good stretch from where the log can be checked: from its first record or, where it
 * was trimmed, from its oldest good snapshot. Records behind a damaged one are not: nobody can say what
 * text they were written for.
 *
 * The epoch ends when a revision that clients may have seen is lost at the end: its number will be given
 * to another operation. Losing snapshots, or the start of the log, ends none. */
#ifndef ROOM_SALVAGE_H
#define ROOM_SALVAGE_H

#include <stdbool.h>
#include <stdint.h>

struct salvage_found {
    uint64_t head;      /* of the log; 0: not even that could be read */
    uint64_t base_rev;  /* its records up to this one were trimmed away; 0: none */
    uint64_t start_rev; /* the snapshot that could be begun with; 0: none, or none was needed */
    uint64_t good;      /* the last revision that is good, counted from there */
    bool records_damaged;
    bool snapshots_damaged;
};

enum salvage_what {
    SALVAGE_NOTHING, /* all is good */
    SALVAGE_REWRITE,
    SALVAGE_LOST, /* nothing of it can be read */
};

struct salvage {
    enum salvage_what what;
    bool new_epoch;
    uint64_t base_rev; /* begin with the snapshot there, 0: with the first record ... */
    uint64_t last_rev; /* ... and the records behind it up to this one */
};

struct salvage salvage_of(const struct salvage_found *found);

#endif
