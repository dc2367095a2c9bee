/* support/served.h - what a server would serve of a data folder, boiled down to a number for each room.
 *
 * Each room is opened as the hub opens it (store_load, room_load_*), then asked for its whole history,
 * its text at several revisions, its entries and what it knows of sessions, with the store answering
 * what lies too far back for memory. Two folders that give the same numbers serve the same; a refusal
 * has its sentence. */
#ifndef SUPPORT_SERVED_H
#define SUPPORT_SERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVED_ROOMS_MAX = 8, SERVED_WHY_BYTES = 400 };

enum served_kind {
    SERVED_WHOLE,
    SERVED_NONE,    /* there is no such room: whoever comes makes a new one */
    SERVED_REFUSED, /* its log does not check */
    SERVED_IN_PART, /* open, but some of its past is refused */
    SERVED_FAILED,  /* the disk failed, or there was no memory */
};

struct served_room {
    enum served_kind kind;
    uint64_t sum; /* of all that is served, when WHOLE */
    char why[SERVED_WHY_BYTES];
};

struct served {
    bool starts;  /* the folder opens */
    bool renewed; /* with new epochs, which is logged: what ran last did not sync */
    uint64_t key; /* what sessions are made with */
    char why[SERVED_WHY_BYTES];
    struct served_room rooms[SERVED_ROOMS_MAX];
    uint64_t n_listed; /* rooms that the store names */
};

/* `tail_revs`: how far back memory goes; boot_id: of this run of the machine. The folder's store is
 * opened and closed, as by a server that nobody wrote to. */
void served_read(const char *folder, const char *const *names, size_t n, uint64_t tail_revs,
                 const char *boot_id, struct served *ret);

#endif
