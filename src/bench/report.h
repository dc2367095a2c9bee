/* bench/report.h - what was measured, as a table for people and as JSON for programs.
 *
 * What was not measured is left out: a figure of zero is a measured zero. docs/performance.md has the
 * fields of the JSON. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/load.h"

enum { REPORT_STEPS_MAX = 64, REPORT_NOTES_MAX = 8, REPORT_NOTE_BYTES = 300 };

/* One step of a ramp. */
struct report_step {
    double offered; /* operations a second, all writers */
    double ops_per_s;
    double p99_us; /* of deliveries; with has_p99 */
    bool has_p99;
    bool held;
};

struct report {
    const struct options *o;
    const char *failure; /* NULL: none */
    bool has_joined;
    bool has_measured;
    struct load_joined joined;
    struct load_measured measured; /* of a ramp: at the highest rate that was held */
    struct report_step steps[REPORT_STEPS_MAX];
    size_t n_steps;
    char notes[REPORT_NOTES_MAX][REPORT_NOTE_BYTES];
    size_t n_notes;
};

void report_note(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What is being done, before it is. */
void report_begin(const struct report *r, FILE *out);
void report_joined(const struct report *r, FILE *out);
void report_table(const struct report *r, FILE *out);
void report_json(const struct report *r, FILE *out);

#endif
