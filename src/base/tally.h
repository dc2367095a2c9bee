/* base/tally.h - a sum that several threads add to all the time and that each of them knows nearly.
 *
 * Each thread keeps its own number, by itself, in plain memory, and now and then tells the others:
 * when it has moved by a grain since it was told. So a number that changes with every operation costs
 * no line of memory that cores pass to and fro.
 *
 *     sum = what all were told;  a thread knows:  sum - what it told + its own number
 *
 * That is exact for one thread; for n it is off by less than (n - 1) grains. Who wants it exact
 * tells with a grain of 0 at every change. */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One thread's part. */
struct tally {
    size_t *sum; /* of all parts: starts at 0, touched by these functions only */
    size_t told;
};

static inline size_t tally_know(const struct tally *t, size_t own)
{
    return __atomic_load_n(t->sum, __ATOMIC_RELAXED) - t->told + own;
}

/* True when this has taken the sum from `edge` or more to below it. */
static inline bool tally_tell(struct tally *t, size_t own, size_t grain, size_t edge)
{
    size_t more = own - t->told; /* wraps where it fell, and so does the sum */
    size_t apart = own < t->told ? t->told - own : more;
    if (more == 0 || apart < grain)
        return false;
    t->told = own;
    size_t before = __atomic_fetch_add(t->sum, more, __ATOMIC_RELAXED);
    return before >= edge && before + more < edge;
}

/* Counters that one thread writes and any may read. */
static inline size_t tally_read(const size_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static inline void tally_add(size_t *counter, size_t more)
{
    __atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

static inline uint64_t tally_read64(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static inline void tally_add64(uint64_t *counter, uint64_t more)
{
    __atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

#endif
