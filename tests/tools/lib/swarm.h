/* tools/lib/swarm.h - many WebSocket clients of weft.v1 on one thread, over epoll.
 *
 * Made to weigh a server, so it does as little as a client can: it knows frames, reads the type and
 * `rev` of a message by their places in the bytes, and keeps no text. Rooms are r0, r1, ..., each
 * with `per_room` clients. An operation inserts one character at a random position of the document
 * at the revision that client was last sent (a fresh room's length is its revision, as long as
 * everybody types one character at a time).
 *
 * An operation is *delivered* when another client of its room has read it; one that stands in a
 * composed edit counts as delivered too. The moment is that of the read() that brought it.
 *
 * Everything is bounded in time. A server that closes a connection, refuses an operation or does
 * not answer within 20 s ends the program with a line. */
#ifndef TOOLS_SWARM_H
#define TOOLS_SWARM_H

#include <stddef.h>
#include <stdint.h>

#include "tools/lib/process.h"
#include "tools/lib/samples.h"

struct swarm;

struct swarm *swarm_new(const struct process *server, size_t n_clients, size_t per_room);
void swarm_free(struct swarm *s); /* closes every connection */

/* Connects everybody, at most `window` on their way at once, and waits until all have their
 * welcome. */
struct swarm_joined {
    double seconds;
    double cpu_us;       /* the server's */
    struct samples join; /* connect() to welcome; the caller's to free */
};
void swarm_join(struct swarm *s, size_t window, struct swarm_joined *ret);

enum { SWARM_DEPTH_MAX = 64 };

struct swarm_load {
    size_t writers;          /* the first so many clients type */
    double per_second;       /* each; 0: as soon as one was acknowledged */
    size_t depth;            /* operations of one writer in flight; 0: one */
    size_t movers;           /* the next so many move their carets */
    double moves_per_second; /* each */
    unsigned warm_ms;
    unsigned ms;
};

/* A writer waits while it has `depth` operations in flight. What was sent after the warm-up and acknowledged before
 * the end is added to *ret, which starts all zero and may be given again. */
struct swarm_typed {
    double seconds;
    double cpu_us;
    uint64_t ops;
    uint64_t deliveries;
    uint64_t cursors; /* of others, as they were told */
    struct samples ack;
    struct samples delivery;
};
void swarm_type(struct swarm *s, const struct swarm_load *load, struct swarm_typed *ret);

#endif
