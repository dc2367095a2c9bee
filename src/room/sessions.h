/* room/sessions.h - what of each session is in the log: exactly-once.
 *
 * A hash table from user id to the session's last sequence number and the revision it got: once as
 * decided (`head_*`), once as durable. A failed commit sets decided back to durable.
 *
 * Bounded: when SESSIONS_MAX is reached those not heard of for the most revisions are forgotten,
 * and floor_rev rises to the newest revision any of them had. A session that is not in the table
 * may be taken up again only by a client that has floor_rev or more: then whatever of it is in the
 * log beyond the client's revision is in the table, or there is nothing.
 *
 * Open addressing, linear probing, at most three quarters full; the ids are random (ours), so
 * eight of their bytes are the hash. Cost: O(1); forgetting O(n), which frees many at once. */
#ifndef ROOM_SESSIONS_H
#define ROOM_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include <weft/alloc.h>
#include <weft/error.h>

struct session {
    struct uuid user_id; /* nil: free slot */
    uint64_t seq;        /* durable; 0: nothing yet */
    uint64_t rev;
    uint64_t head_seq; /* decided */
    uint64_t head_rev;
};

struct sessions {
    const struct weft_alloc *alloc;
    struct session *slots;
    size_t n;
    size_t cap; /* power of two, or 0 */
    size_t max;
    uint64_t floor_rev;
};

void sessions_init(struct sessions *s, const struct weft_alloc *alloc, size_t max);
void sessions_done(struct sessions *s);

/* NULL when not there. Valid until the table changes. */
struct session *sessions_find(const struct sessions *s, const struct uuid *user_id);

/* Makes room for one more, so that the next sessions_put() cannot fail. durable_rev: nothing above
 * it is forgotten. */
WEFT_CHECKED int sessions_reserve(struct sessions *s, uint64_t durable_rev);

/* The session's entry, made when missing (all zero). Only after sessions_reserve(). */
struct session *sessions_put(struct sessions *s, const struct uuid *user_id);

/* Decided goes back to durable, for all. O(n). */
void sessions_roll_back(struct sessions *s);

bool sessions_check(const struct sessions *s);

#endif
