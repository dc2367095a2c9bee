/* bench/times.h - when each operation was due, found again when it is acknowledged and delivered.
 *
 * Idea: a ring for each writer, in which operation `number` lies at number mod size, and, where
 * deliveries name revisions, a ring for each room at revision mod size, filled by the acks. A delivery
 * may be read before the ack that says which operation it is (they come over two sockets): it waits in
 * a list until the ack is there.
 *
 * Invariants: a place of a ring belongs to the newest operation that fell on it; what an older one is
 * asked for is not known any more (TIMES_LOST), never guessed. The memory of all rings together is
 * bounded, whatever the number of writers and rooms: 96 MiB.
 *
 * Cost: an array access each way. A run of n operations that arrive with one read is one call. */
#ifndef BENCH_TIMES_H
#define BENCH_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/histogram.h"

/* What is being measured: durations of operations that were due in it go into the histograms. */
struct times_window {
    uint64_t from_ns;
    uint64_t to_ns;
    struct histogram ack;
    struct histogram delivery;
    uint64_t lost; /* deliveries whose operation was not known any more */
};

struct times_place {
    uint64_t number;
    uint64_t due_ns;
};

struct times_early {
    uint64_t first;
    uint64_t n;
    uint64_t now_ns;
    uint32_t room;
};

struct times {
    struct times_place *writers;
    struct times_place *rooms; /* NULL: deliveries name writers */
    uint64_t writer_mask;
    uint64_t room_mask;
    struct times_early *early;
    size_t n_early;
    size_t cap_early;
};

enum { TIMES_EARLY_MAX = 1 << 20 };

/* n_rooms 0: deliveries name writers. Out of memory ends the program with a line. */
void times_init(struct times *t, size_t n_writers, size_t n_rooms);
void times_done(struct times *t);

/* So many operations of one writer may be in flight, or their times would be lost. */
size_t times_in_flight_max(const struct times *t);

void times_sent(struct times *t, size_t writer, uint64_t number, uint64_t due_ns);

/* Operation `number` is done, as `revision` (0: revisions name nothing). False: nobody sent it. */
bool times_acked(struct times *t, struct times_window *w, size_t writer, uint64_t number,
                 size_t room, uint64_t revision, uint64_t now_ns);

/* n in a row. `by_writer`: `who` is a writer and `first` its number, else a room and a revision. */
void times_delivered(struct times *t, struct times_window *w, bool by_writer, size_t who,
                     uint64_t first, uint64_t n, uint64_t now_ns);

/* Looks again at what was delivered before its ack. */
void times_look_again(struct times *t, struct times_window *w);

/* Gives up on what still waits: it is lost. */
void times_forget(struct times *t, struct times_window *w);

#endif
