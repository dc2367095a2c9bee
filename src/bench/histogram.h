/* bench/histogram.h - how long things took: a histogram that keeps every order of magnitude alike.
 *
 * Idea: a duration's bucket is its power of two and the seven bits behind the first one, so buckets
 * are as wide as 1/128 of what they hold (log-linear, as HdrHistogram does it). Below 256 ns each
 * nanosecond has a bucket of its own.
 *
 *     0 1 2 ... 255 | 256 258 ... 510 | 512 516 ... 1020 | ...  up to 2^41 ns, 36 minutes
 *
 * Invariants: n == sum of counts; least and most are exact, and so is the mean. A percentile is the
 * upper end of the bucket in which that sample lies, and no more than `most`: it is never below the
 * true one and at most 1/128 (0.8 %) above it. What is longer than 2^41 ns is counted as that.
 *
 * Cost: 35 KB, allocated by nobody; adding is a count of leading zeroes and an increment; a
 * percentile reads the buckets once; two merge by adding their counts, exactly as if one had taken
 * all samples.
 *
 * Rejected: keeping the samples, which at a million deliveries a second are gigabytes. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_BITS = 7,
    HISTOGRAM_NS_BITS = 41,
    HISTOGRAM_BUCKETS = (HISTOGRAM_NS_BITS - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS,
};

struct histogram {
    uint64_t n;
    uint64_t least; /* 0 while empty */
    uint64_t most;
    double sum;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *h); /* all zero is an empty one, too */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The value below or at which `percent` of 100 samples lie: of n, the ceil(n * percent / 100)th
 * smallest, at least the first. 0 when there is none. */
uint64_t histogram_percentile(const struct histogram *h, double percent);
double histogram_mean(const struct histogram *h); /* 0 when empty */

static inline size_t histogram_bucket(uint64_t v)
{
    if (v >> HISTOGRAM_NS_BITS != 0)
        v = ((uint64_t)1 << HISTOGRAM_NS_BITS) - 1;
    if (v >> (HISTOGRAM_BITS + 1) == 0)
        return (size_t)v;
    unsigned shift = 63u - (unsigned)__builtin_clzll(v) - HISTOGRAM_BITS;
    return ((size_t)shift << HISTOGRAM_BITS) + (size_t)(v >> shift);
}

static inline void histogram_add(struct histogram *h, uint64_t v)
{
    h->counts[histogram_bucket(v)]++;
    if (h->n == 0 || v < h->least)
        h->least = v;
    if (v > h->most)
        h->most = v;
    h->n++;
    h->sum += (double)v;
}

#endif
