/* The histogram against the sorted samples themselves: a percentile is never below the true one and
 * at most 1/128 above it, and merging is as if one had taken all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/histogram.h"
#include "support/rng.h"

enum { SAMPLES_MAX = 2000 };

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Of every order of magnitude, many at the edges of buckets. */
static uint64_t sample(struct rng *r)
{
    uint64_t v = rng_next(r) >> rng_between(r, 23, 63);
    size_t bit = rng_below(r, 41);
    if (rng_chance(r, 30))
        v = ((uint64_t)1 << bit) - rng_below(r, 2);
    if (rng_chance(r, 10))
        v = ((uint64_t)129 << bit >> 7) - rng_below(r, 2);
    return v & (((uint64_t)1 << HISTOGRAM_NS_BITS) - 1);
}

/* False: the seed has been told. */
static bool percentile_is_right(const struct histogram *h, const uint64_t *sorted, size_t n,
                                double percent)
{
    size_t rank = 0;
    while (rank < n && (double)rank * 100 < (double)n * percent)
        rank++;
    uint64_t truth = sorted[rank != 0 ? rank - 1 : 0];
    uint64_t found = histogram_percentile(h, percent);
    return found >= truth && (double)found <= (double)truth * (1 + 1.0 / 128) && found <= h->most;
}

static void test_sorted_samples(void **state)
{
    (void)state;
    static const double percents[] = {0, 1, 10, 50, 90, 99, 99.9, 100};
    static uint64_t all[SAMPLES_MAX];
    static struct histogram whole, part[2];
    size_t cases = rng_cases(2000);
    for (size_t i = 0; i < cases; i++) {
        uint64_t seed = rng_seed() + i;
        struct rng r = rng_of(seed);
        size_t n = rng_between(&r, 1, rng_chance(&r, 50) ? 20 : SAMPLES_MAX);
        bool ok = true;
        histogram_clear(&whole);
        histogram_clear(&part[0]);
        histogram_clear(&part[1]);
        for (size_t k = 0; k < n; k++) {
            all[k] = sample(&r);
            histogram_add(&whole, all[k]);
            histogram_add(&part[rng_below(&r, 2)], all[k]);
        }
        qsort(all, n, sizeof *all, compare);
        ok = whole.n == n && whole.least == all[0] && whole.most == all[n - 1];
        for (size_t k = 0; k < sizeof percents / sizeof *percents; k++)
            ok = ok && percentile_is_right(&whole, all, n, percents[k]);
        histogram_merge(&part[0], &part[1]);
        ok = ok && part[0].n == n && part[0].least == whole.least && part[0].most == whole.most &&
             memcmp(part[0].counts, whole.counts, sizeof whole.counts) == 0;
        if (!ok)
            rng_tell(seed);
        assert_true(ok);
    }
}

static void test_empty_and_beyond(void **state)
{
    (void)state;
    static struct histogram h, none;
    assert_int_equal(histogram_percentile(&h, 99), 0);
    assert_true(histogram_mean(&h) <= 0);
    histogram_add(&h, UINT64_MAX);
    histogram_add(&h, 3);
    histogram_merge(&h, &none);
    histogram_merge(&none, &h);
    assert_int_equal(none.n, 2);
    assert_int_equal(none.least, 3);
    assert_true(none.most == UINT64_MAX);
    assert_int_equal(histogram_percentile(&h, 50), 3);
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    for (size_t bit = 0; bit < HISTOGRAM_NS_BITS; bit++) /* no gap, no step back */
        assert_int_equal(histogram_bucket((uint64_t)1 << bit),
                         histogram_bucket(((uint64_t)1 << bit) - 1) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_samples),
        cmocka_unit_test(test_empty_and_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
