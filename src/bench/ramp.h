/* bench/ramp.h - the highest rate with which deliveries still come in time.
 *
 * Doubles the rate from --rate on until a step is not held, halves what lies between the highest that
 * was held and the lowest that was not until they are within 5 % of each other, and then measures the
 * highest for --seconds, or less where that is not held so long. A step is held when the p99 of its
 * deliveries is within the bound, the server took the rate (load.h), nothing was
 * refused and no time was lost. While doubling, one that is not held is tried again once,
 * as a machine has hiccups. Where nothing is held for --seconds, the result is the best of the short
 * steps, and a note says so. */
#ifndef BENCH_RAMP_H
#define BENCH_RAMP_H

#include "bench/report.h"

/* Fills r's steps and its `measured`. False: load_why() or `why` says why there is no result. */
bool ramp_run(struct load *l, struct report *r, char *why, size_t why_bytes);

#endif
