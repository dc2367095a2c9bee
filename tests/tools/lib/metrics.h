/* tools/lib/metrics.h - what a server says of itself at /metrics. */
#ifndef TOOLS_METRICS_H
#define TOOLS_METRICS_H

#include "tools/lib/process.h"

struct metrics {
    double commits;
    double records;        /* in these commits */
    double commit_seconds; /* the store's time for them */
};

/* What cannot be expected (no answer, a counter missing) prints a line and exits 1. */
struct metrics metrics_of(const struct process *server);

#endif
