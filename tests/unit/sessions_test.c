/* The table that makes exactly-once: finding, forgetting, rolling back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "room/sessions.h"
#include "support/faulty.h"
#include "support/rng.h"

static struct uuid id(uint64_t n)
{
    struct uuid u = {{0}};
    n++; /* never nobody */
    memcpy(u.bytes, &n, sizeof n);
    return u;
}

static void put(struct sessions *s, uint64_t n, uint64_t rev, uint64_t durable_rev)
{
    struct uuid u = id(n);
    if (sessions_find(s, &u) == NULL)
        assert_int_equal(sessions_reserve(s, durable_rev), 0);
    struct session *x = sessions_put(s, &u);
    *x = (struct session){u, n + 1, rev, n + 1, rev};
    assert_true(sessions_check(s));
}

static bool has(const struct sessions *s, uint64_t n)
{
    struct uuid u = id(n);
    return sessions_find(s, &u) != NULL;
}

static void what_was_put_is_found(void **state)
{
    (void)state;
    struct sessions s;
    sessions_init(&s, &faulty_never()->alloc, 1000);
    assert_false(has(&s, 0));
    for (uint64_t n = 0; n < 1000; n++) {
        put(&s, n * 8, n + 1, n + 1); /* the same slots again and again */
        assert_true(has(&s, n * 8));
        assert_false(has(&s, n * 8 + 1));
    }
    for (uint64_t n = 0; n < 1000; n++)
        assert_true(has(&s, n * 8));
    assert_int_equal(s.n, 1000);
    assert_int_equal(s.floor_rev, 0);
    sessions_done(&s);
    assert_false(has(&s, 0));
}

static void the_longest_unheard_of_are_forgotten(void **state)
{
    (void)state;
    struct sessions s;
    sessions_init(&s, &faulty_never()->alloc, 8);
    for (uint64_t n = 0; n < 8; n++)
        put(&s, n, 10 + n, 17); /* N */
    assert_int_equal(s.floor_rev, 0);
    put(&s, 0, 18, 18); /* heard of again */
    put(&s, 8, 19, 18); /* N + 1: 11..18 are cut in the middle, at 14 */
    assert_int_equal(s.floor_rev, 14);
    assert_true(has(&s, 0));
    for (uint64_t n = 1; n < 5; n++)
        assert_false(has(&s, n));
    for (uint64_t n = 5; n < 9; n++)
        assert_true(has(&s, n));
    sessions_done(&s);
}

static void what_waits_for_the_disk_is_never_forgotten(void **state)
{
    (void)state;
    struct sessions s;
    sessions_init(&s, &faulty_never()->alloc, 4);
    for (uint64_t n = 0; n < 4; n++)
        put(&s, n, 10 + n, 9);
    assert_int_equal(sessions_reserve(&s, 9), WEFT_ELIMIT);
    assert_int_equal(s.n, 4);
    assert_int_equal(s.floor_rev, 0);
    assert_int_equal(sessions_reserve(&s, 10), 0);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.floor_rev, 10);
    sessions_done(&s);
}

static void decided_goes_back_to_durable(void **state)
{
    (void)state;
    struct sessions s;
    sessions_init(&s, &faulty_never()->alloc, 100);
    put(&s, 1, 5, 5);
    struct uuid known = id(1), fresh = id(2);
    sessions_find(&s, &known)->head_seq = 9;
    sessions_find(&s, &known)->head_rev = 7;
    assert_int_equal(sessions_reserve(&s, 5), 0);
    sessions_put(&s, &fresh)->head_seq = 1;
    sessions_find(&s, &fresh)->head_rev = 8;
    assert_true(sessions_check(&s));
    sessions_roll_back(&s);
    assert_true(sessions_check(&s));
    assert_int_equal(sessions_find(&s, &known)->head_seq, 2);
    assert_int_equal(sessions_find(&s, &known)->head_rev, 5);
    assert_int_equal(sessions_find(&s, &fresh)->head_seq, 0);
    for (uint64_t n = 10; n < 30; n++) /* which says nothing, and goes when the table grows */
        put(&s, n, n, n);
    assert_false(has(&s, 2));
    assert_true(has(&s, 1));
    sessions_done(&s);
}

/* Whoever is not in the table has nothing in the log above the floor. */
static void the_floor_is_where_knowledge_ends(void **state)
{
    (void)state;
    enum { SESSIONS = 60 };
    for (uint64_t seed = rng_seed(); seed < rng_seed() + rng_cases(200); seed++) {
        struct rng rng = rng_of(seed);
        struct sessions s;
        uint64_t last_rev[SESSIONS] = {0};
        sessions_init(&s, &faulty_never()->alloc, rng_between(&rng, 1, 40));
        for (uint64_t rev = 1; rev < 400; rev++) {
            uint64_t n = rng_below(&rng, SESSIONS);
            put(&s, n, rev, rev - 1);
            last_rev[n] = rev;
            for (uint64_t i = 0; i < SESSIONS; i++)
                if (!has(&s, i) && last_rev[i] > s.floor_rev)
                    fail_msg("forgotten above the floor: WEFT_SEED=%llu", (unsigned long long)seed);
        }
        sessions_done(&s);
    }
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    struct faulty f;
    struct sessions s;
    faulty_init(&f, 1);
    sessions_init(&s, &f.alloc, 100);
    for (uint64_t n = 0; n < 6; n++)
        put(&s, n, n + 1, n + 1);
    assert_int_equal(sessions_reserve(&s, 6), WEFT_ENOMEM);
    assert_true(sessions_check(&s));
    assert_int_equal(s.n, 6);
    assert_int_equal(sessions_reserve(&s, 6), 0);
    sessions_done(&s);
    assert_int_equal(f.live_blocks, 0);
}

static void who_cannot_be_forgotten_is_still_known(void **state)
{
    (void)state;
    struct faulty f;
    struct sessions s;
    faulty_init(&f, -1);
    sessions_init(&s, &f.alloc, 4);
    for (uint64_t n = 1; n <= 4; n++)
        put(&s, n, n, n);
    f.fail_at = f.requests;
    assert_int_equal(sessions_reserve(&s, 4), WEFT_ENOMEM);
    assert_int_equal(s.floor_rev, 0);
    assert_int_equal(s.n, 4);
    assert_int_equal(sessions_reserve(&s, 4), 0);
    assert_int_equal(s.floor_rev, 2);
    sessions_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(the_longest_unheard_of_are_forgotten),
        cmocka_unit_test(what_waits_for_the_disk_is_never_forgotten),
        cmocka_unit_test(decided_goes_back_to_durable),
        cmocka_unit_test(the_floor_is_where_knowledge_ends),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(who_cannot_be_forgotten_is_still_known),
    };
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
