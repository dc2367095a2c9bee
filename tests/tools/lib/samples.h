/* tools/lib/samples.h - durations in nanoseconds, and their percentiles. */
#ifndef TOOLS_SAMPLES_H
#define TOOLS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct samples {
    uint64_t *ns;
    size_t n;
    size_t cap;
    bool sorted;
};

enum { SAMPLES_MAX = 4 << 20 }; /* further ones are dropped: 32 MiB are enough for a percentile */

void samples_add(struct samples *s, uint64_t ns);
double samples_us(struct samples *s, double percent); /* 0 when there is none; sorts */
void samples_done(struct samples *s);

uint64_t samples_now_ns(void); /* monotonic */

#endif
