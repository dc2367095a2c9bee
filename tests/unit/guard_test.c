/* What one connection may ask for: messages are delayed, never refused; queries are refused, and
 * who goes on is closed. The clock is an argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "room/guard.h"

static struct guard guard_of(uint32_t rate, uint32_t burst, uint32_t queries,
                             uint32_t queries_burst)
{
    struct guard g;
    struct guard_config config = {rate, burst, queries, queries_burst};
    guard_init(&g, &config, 1000);
    return g;
}

static void test_burst_passes_at_once(void **state)
{
    (void)state;
    struct guard g = guard_of(1000, 10, 0, 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(guard_message(&g, 1000), 0);
    assert_int_not_equal(guard_message(&g, 1000), 0);
}

static void test_rest_pays_what_is_owed(void **state)
{
    (void)state;
    struct guard g = guard_of(100, 2, 0, 1);
    assert_int_equal(guard_message(&g, 1000), 0);
    assert_int_equal(guard_message(&g, 1000), 0);
    uint32_t wait_ms = guard_message(&g, 1000); /* owes one: 10 ms */
    assert_int_equal(wait_ms, GUARD_REST_MS);
    assert_int_equal(guard_rested(&g, 1005), GUARD_REST_MS);
    assert_int_equal(guard_rested(&g, 1010), 0);
    /* What came while it rested is paid for as well, also when it is more than the burst. */
    for (int i = 0; i < 5; i++)
        assert_int_not_equal(guard_message(&g, 1010), 0);
    assert_int_not_equal(guard_rested(&g, 1030), 0); /* two of five */
    assert_int_not_equal(guard_rested(&g, 1050), 0);
    assert_int_equal(guard_rested(&g, 1060), 0);
}

/* Over a long time exactly the rate passes, however the messages come. */
static void test_long_run(void **state)
{
    (void)state;
    struct guard g = guard_of(1000, 100, 0, 1);
    int64_t now_ms = 1000;
    int passed = 0;
    while (now_ms < 11000) {
        uint32_t wait_ms = guard_message(&g, now_ms);
        passed++;
        while (wait_ms != 0) {
            now_ms += wait_ms;
            wait_ms = guard_rested(&g, now_ms);
        }
    }
    assert_in_range(passed, 10000, 10000 + 100 + GUARD_REST_MS);
}

static void test_no_limit(void **state)
{
    (void)state;
    struct guard g = guard_of(0, 1, 0, 1);
    uint32_t retry_ms = 0;
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(guard_message(&g, 1000), 0);
        assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_PASS);
    }
}

static void test_queries(void **state)
{
    (void)state;
    struct guard g = guard_of(0, 1, 20, 40);
    uint32_t retry_ms = 0;
    for (int i = 0; i < 40; i++)
        assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_PASS);
    assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_REFUSE);
    assert_int_equal(retry_ms, 50);
    assert_int_equal(guard_query(&g, 0, 1050, &retry_ms), GUARD_PASS);
}

static void test_long_answers_cost_more(void **state)
{
    (void)state;
    struct guard g = guard_of(0, 1, 10, 40);
    uint32_t retry_ms = 0;
    assert_int_equal(guard_query(&g, 29 * GUARD_QUERY_BYTES, 1000, &retry_ms), GUARD_PASS);
    assert_int_equal(guard_query(&g, 10 * GUARD_QUERY_BYTES, 1000, &retry_ms), GUARD_REFUSE);
    assert_int_equal(retry_ms, 100);
    assert_int_equal(guard_query(&g, 9 * GUARD_QUERY_BYTES, 1000, &retry_ms), GUARD_PASS);
    assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_REFUSE);
    /* One that costs more than the burst passes when the burst is whole. */
    assert_int_equal(guard_query(&g, SIZE_MAX, 1000 + 4000, &retry_ms), GUARD_PASS);
}

static void test_which_events_are_queries(void **state)
{
    static const enum room_event_kind FREE[] = {ROOM_OPERATION, ROOM_META, ROOM_CURSOR, ROOM_USER};
    (void)state;
    struct guard g = guard_of(0, 1, 1, 3);
    uint32_t retry_ms = 0;
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(guard_event(&g, FREE[i % 4], SIZE_MAX, 1000, &retry_ms), GUARD_PASS);
    /* Of these only a text costs what it is long. */
    assert_int_equal(guard_event(&g, ROOM_HISTORY, SIZE_MAX, 1000, &retry_ms), GUARD_PASS);
    assert_int_equal(guard_event(&g, ROOM_SIGNAL, SIZE_MAX, 1000, &retry_ms), GUARD_PASS);
    assert_int_equal(guard_event(&g, ROOM_TEXT, GUARD_QUERY_BYTES, 1000, &retry_ms), GUARD_REFUSE);
    assert_int_equal(guard_event(&g, ROOM_TEXT, 0, 1000, &retry_ms), GUARD_PASS);
    assert_int_equal(guard_event(&g, ROOM_HISTORY, 0, 1000, &retry_ms), GUARD_REFUSE);
}

static void test_refusals_close(void **state)
{
    (void)state;
    struct guard g = guard_of(0, 1, 1, 1);
    uint32_t retry_ms = 0;
    assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_PASS);
    for (int i = 0; i < GUARD_REFUSALS_MAX; i++)
        assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_REFUSE);
    assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_CLOSE);
}

static void test_quiet_forgives(void **state)
{
    (void)state;
    struct guard g = guard_of(0, 1, 1, 1);
    uint32_t retry_ms = 0;
    assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_PASS);
    for (int i = 0; i < GUARD_REFUSALS_MAX; i++)
        assert_int_equal(guard_query(&g, 0, 1000, &retry_ms), GUARD_REFUSE);
    assert_int_equal(guard_query(&g, 0, 1000 + GUARD_QUIET_MS, &retry_ms), GUARD_PASS);
    for (int i = 0; i < GUARD_REFUSALS_MAX; i++)
        assert_int_equal(guard_query(&g, 0, 1000 + GUARD_QUIET_MS, &retry_ms), GUARD_REFUSE);
    assert_int_equal(guard_query(&g, 0, 1000 + GUARD_QUIET_MS, &retry_ms), GUARD_CLOSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_passes_at_once),
        cmocka_unit_test(test_rest_pays_what_is_owed),
        cmocka_unit_test(test_long_run),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_long_answers_cost_more),
        cmocka_unit_test(test_which_events_are_queries),
        cmocka_unit_test(test_refusals_close),
        cmocka_unit_test(test_quiet_forgives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
