/* The token bucket, against one that counts every millisecond, and at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room/rate.h"
#include "support/rng.h"

static void a_burst_at_once_then_the_rate(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, 10, 3, 1000);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rate_take(&r, 1, 1000), 0);
    assert_int_equal(rate_take(&r, 1, 1000), 100); /* N + 1 */
    assert_int_equal(rate_take(&r, 1, 1050), 50);
    assert_int_equal(rate_take(&r, 1, 1099), 1);
    assert_int_equal(rate_take(&r, 1, 1100), 0);
    assert_int_equal(rate_take(&r, 3, 1100), 300);
    assert_int_equal(rate_take(&r, 3, 1400), 0);
    assert_int_equal(rate_take(&r, 3, 1000000), 0); /* never more than the burst */
    assert_int_equal(rate_take(&r, 1, 1000000), 100);
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, 0, 1, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rate_take(&r, 1000, 0), 0); /* no limit */
    rate_init(&r, 1, 0, 0);                          /* no burst is a burst of one */
    assert_int_equal(rate_take(&r, 0, 0), 0);
    assert_int_equal(rate_take(&r, 1, 0), 0);
    assert_int_equal(rate_take(&r, 0, 0), 0);
    assert_int_equal(rate_take(&r, 1, 0), 1000);
}

static void far_away_times_and_large_numbers(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, UINT32_MAX, UINT32_MAX, INT64_MIN / 4);
    assert_int_equal(rate_take(&r, UINT32_MAX, INT64_MIN / 4), 0);
    assert_int_equal(rate_take(&r, UINT32_MAX, INT64_MIN / 4), 1000);
    assert_int_equal(rate_take(&r, UINT32_MAX, INT64_MAX / 4), 0);
    rate_init(&r, 1, UINT32_MAX, 0);
    assert_int_equal(rate_take(&r, UINT32_MAX, 0), 0);
    assert_int_equal(rate_take(&r, UINT32_MAX, 0), UINT32_MAX); /* 4,294,967,295 s, cut to fit */
    assert_int_equal(rate_take(&r, 1, 1000), 0);
    rate_init(&r, 1u << 31, 1, 0); /* tokens since then: 0 in 64 bits */
    assert_int_equal(rate_take(&r, 1, 0), 0);
    assert_int_equal(rate_take(&r, 1, (int64_t)1 << 33), 0);
}

/* Waiting for as long as was said is enough, and one millisecond less is not. */
static void it_says_how_long_to_wait(void **state)
{
    (void)state;
    for (uint64_t seed = rng_seed(); seed < rng_seed() + rng_cases(300); seed++) {
        struct rng rng = rng_of(seed);
        struct rate r;
        uint32_t per_second = (uint32_t)rng_between(&rng, 1, 3000);
        uint32_t burst = (uint32_t)rng_between(&rng, 1, 50);
        int64_t now_ms = 0;
        uint64_t milli = (uint64_t)burst * 1000; /* the model: one step a millisecond */
        rate_init(&r, per_second, burst, now_ms);
        for (int i = 0; i < 200; i++) {
            for (size_t ms = rng_below(&rng, 40); ms > 0; ms--) {
                now_ms++;
                milli += per_second;
                if (milli > (uint64_t)burst * 1000)
                    milli = (uint64_t)burst * 1000;
            }
            uint32_t n = (uint32_t)rng_between(&rng, 0, burst);
            uint32_t wait_ms = rate_take(&r, n, now_ms);
            if ((wait_ms == 0) != (milli >= (uint64_t)n * 1000))
                fail_msg("another answer than the model's: WEFT_SEED=%llu",
                         (unsigned long long)seed);
            if (wait_ms == 0) {
                milli -= (uint64_t)n * 1000;
                continue;
            }
            assert_true(milli + (uint64_t)wait_ms * per_second >= (uint64_t)n * 1000);
            assert_true(milli + (uint64_t)(wait_ms - 1) * per_second < (uint64_t)n * 1000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_at_once_then_the_rate),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(far_away_times_and_large_numbers),
        cmocka_unit_test(it_says_how_long_to_wait),
    };
    return cmocka_run_group_tests_name("the rate", tests, NULL, NULL);
}
