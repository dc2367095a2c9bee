#include "bench/histogram.h"

#include <string.h>

#include "base/assert.h"

void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof *h);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->n == 0)
        return;
    if (into->n == 0 || from->least < into->least)
        into->least = from->least;
    if (from->most > into->most)
        into->most = from->most;
    into->n += from->n;
    into->sum += from->sum;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
}

/* The largest value that belongs to it. */
static uint64_t top_of(size_t bucket)
{
    if (bucket >> (HISTOGRAM_BITS + 1) == 0)
        return bucket;
    size_t shift = (bucket >> HISTOGRAM_BITS) - 1;
    uint64_t lead = bucket - (shift << HISTOGRAM_BITS);
    return ((lead + 1) << shift) - 1;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
    double wanted = (double)h->n * percent / 100;
    uint64_t rank = (uint64_t)wanted;
    uint64_t seen = 0;
    if (h->n == 0)
        return 0;
    if ((double)rank < wanted || rank == 0)
        rank++;
    if (rank >= h->n)
        return h->most;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= rank)
            return top_of(i) < h->most ? top_of(i) : h->most;
    }
    WEFT_ASSERT(seen == h->n);
    return h->most;
}

double histogram_mean(const struct histogram *h)
{
    return h->n != 0 ? h->sum / (double)h->n : 0;
}
