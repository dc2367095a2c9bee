/* support/lanes.h: what happens to a packet. Time is moved by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "support/lanes.h"

static struct lanes l;

static int set_up(void **state)
{
    (void)state;
    lanes_init(&l, 7);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lanes_done(&l);
    return 0;
}

static void offer(int64_t now_us, unsigned client, enum lane_dir dir, uint8_t mark, size_t len)
{
    uint8_t bytes[1500] = {mark};

    lanes_offer(&l, now_us, client, dir, bytes, len);
}

/* The mark of what is due, or -1. */
static int taken(int64_t now_us)
{
    struct lane_packet *p = lanes_take(&l, now_us);
    int mark = p != NULL ? p->bytes[0] : -1;

    free(p);
    return mark;
}

static void perfect_links_pass_all_in_order(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 200; i++)
        offer(i, i % 5 + 1, i % 2 ? LANE_UP : LANE_DOWN, i, 100);
    for (int i = 0; i < 200; i++)
        assert_int_equal(taken(200), i);
    assert_int_equal(taken(INT64_MAX), -1);
    assert_true(lanes_due_us(&l) == INT64_MAX);
}

static void delay_and_jitter_stay_within_bounds(void **state)
{
    (void)state;
    assert_true(lanes_set(&l, "* up delay 25 jitter 5"));
    for (int i = 0; i < 1000; i++) {
        offer(0, 9, LANE_UP, 1, 100);
        assert_in_range(lanes_due_us(&l), 20000, 30000);
        assert_int_equal(taken(19999), -1);
        assert_int_equal(taken(30000), 1);
    }
    offer(0, 9, LANE_DOWN, 1, 100);
    assert_int_equal(taken(0), 1);
}

static void a_share_is_lost_doubled_and_overtakes(void **state)
{
    struct lane_counters *c = &l.counters[LANE_DOWN];

    (void)state;
    assert_true(lanes_set(&l, "3 down delay 10 loss 2.5 dup 1 reorder 5"));
    for (int i = 0; i < 10000; i++) {
        offer(i * 100000, 3, LANE_DOWN, 1, 100);
        while (taken(INT64_MAX) >= 0)
            ;
    }
    assert_in_range(c->lost, 200, 300);
    assert_in_range(c->doubled, 60, 140);
    assert_in_range(c->overtaking, 400, 600);
    assert_int_equal(c->passed, 10000 - c->lost + c->doubled);
    /* The one that overtakes is there before the one that was before it. */
    assert_true(lanes_set(&l, "3 down clear 1 delay 10"));
    offer(0, 3, LANE_DOWN, 1, 100);
    assert_true(lanes_set(&l, "3 down reorder 100"));
    offer(1, 3, LANE_DOWN, 2, 100);
    assert_int_equal(taken(INT64_MAX), 2);
    assert_int_equal(taken(INT64_MAX), 1);
}

static void a_cut_is_of_one_lane_and_heals(void **state)
{
    (void)state;
    assert_true(lanes_set(&l, "4 up cut 1"));
    offer(0, 4, LANE_UP, 1, 100);
    offer(0, 4, LANE_DOWN, 2, 100);
    offer(0, 5, LANE_UP, 3, 100);
    assert_int_equal(taken(0), 2);
    assert_int_equal(taken(0), 3);
    assert_int_equal(taken(INT64_MAX), -1);
    assert_int_equal(l.counters[LANE_UP].cut, 1);
    assert_true(lanes_set(&l, "* both clear 1"));
    offer(0, 4, LANE_UP, 4, 100);
    assert_int_equal(taken(0), 4);
}

static void a_rate_spaces_packets_and_fills_a_queue(void **state)
{
    (void)state;
    assert_true(lanes_set(&l, "2 down rate 80000 queue 5000")); /* 10 bytes in a ms */
    for (uint8_t i = 0; i < 8; i++)
        offer(0, 2, LANE_DOWN, i, 1000);
    assert_int_equal(l.counters[LANE_DOWN].overflowed, 3);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(lanes_due_us(&l), (i + 1) * 100000);
        assert_int_equal(taken(INT64_MAX), i);
    }
    offer(1000000, 2, LANE_DOWN, 9, 1000);
    assert_int_equal(lanes_due_us(&l), 1100000);
}

static void the_same_seed_draws_the_same(void **state)
{
    uint64_t lost[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        lanes_done(&l);
        lanes_init(&l, 11);
        assert_true(lanes_set(&l, "* both loss 20"));
        for (int k = 0; k < 500; k++)
            offer(k, 2, LANE_UP, 1, 50);
        lost[i] = l.counters[LANE_UP].lost;
    }
    assert_int_equal(lost[0], lost[1]);
    assert_in_range(lost[0], 60, 140);
}

static void there_is_a_bound(void **state)
{
    (void)state;
    assert_true(lanes_set(&l, "* both delay 1000"));
    for (int i = 0; i < LANES_PACKETS_MAX + 10; i++)
        offer(i, 2, LANE_UP, 1, 20);
    assert_int_equal(l.counters[LANE_UP].overflowed, 10);
    for (int i = 0; i < LANES_PACKETS_MAX; i++)
        assert_int_equal(taken(INT64_MAX), 1);
}

static void what_is_not_understood_changes_nothing(void **state)
{
    static const char *const bad[] = {"",
                                      "*",
                                      "* sideways cut 1",
                                      "0 up cut 1",
                                      "256 up cut 1",
                                      "x up cut 1",
                                      "2 up cut",
                                      "2 up loss 5 cut",
                                      "2 up loss -1",
                                      "2 up noise 3",
                                      "2 up loss 5 noise 3"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(lanes_set(&l, bad[i]));
    for (int k = 0; k < 200; k++)
        offer(k, 2, LANE_UP, 1, 50);
    assert_int_equal(l.counters[LANE_UP].lost + l.counters[LANE_UP].cut, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        T(perfect_links_pass_all_in_order),
        T(delay_and_jitter_stay_within_bounds),
        T(a_share_is_lost_doubled_and_overtakes),
        T(a_cut_is_of_one_lane_and_heals),
        T(a_rate_spaces_packets_and_fills_a_queue),
        T(the_same_seed_draws_the_same),
        T(there_is_a_bound),
        T(what_is_not_understood_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
