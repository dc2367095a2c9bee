/* bench/bench.h - what every benchmark shares: a clock, medians, and how a spread is printed.
 *
 * A figure is the median of an odd number of repeats, printed with the least and the most of them:
 * on a shared machine the spread says how far to trust it. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

enum { BENCH_REPEATS_MAX = 31 };

/* One figure, as measured several times. */
struct bench_figure {
    size_t n;
    double values[BENCH_REPEATS_MAX];
};

static inline void bench_add(struct bench_figure *f, double value)
{
    if (f->n < BENCH_REPEATS_MAX)
        f->values[f->n++] = value;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double bench_median(const struct bench_figure *f)
{
    struct bench_figure sorted = *f;
    qsort(sorted.values, sorted.n, sizeof *sorted.values, bench_compare);
    return sorted.n != 0 ? sorted.values[sorted.n / 2] : 0;
}

enum { BENCH_CELL_BYTES = 64 };

/* "1234", "12.3" or "0.123": three digits are more than a shared machine gives. */
static inline const char *bench_number(double v, char cell[BENCH_CELL_BYTES])
{
    snprintf(cell, BENCH_CELL_BYTES, v >= 100 ? "%.0f" : v >= 10 ? "%.1f" : "%.2f", v);
    return cell;
}

/* "median (least-most)". */
static inline const char *bench_spread(const struct bench_figure *f, char cell[BENCH_CELL_BYTES])
{
    struct bench_figure sorted = *f;
    qsort(sorted.values, sorted.n, sizeof *sorted.values, bench_compare);
    char a[BENCH_CELL_BYTES], b[BENCH_CELL_BYTES], c[BENCH_CELL_BYTES];
    if (f->n == 0)
        snprintf(cell, BENCH_CELL_BYTES, "-");
    else
        snprintf(cell, BENCH_CELL_BYTES, "%.20s (%.18s-%.18s)", bench_number(bench_median(f), a),
                 bench_number(sorted.values[0], b), bench_number(sorted.values[f->n - 1], c));
    return cell;
}

#endif
