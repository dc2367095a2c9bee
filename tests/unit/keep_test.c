/* How much of the log stays in memory: a room's own limits, its share of what all rooms have, and how
 * that share is found. */
#include "support/room_suite.h"

#include "base/counted.h"
#include "room/budget.h"
#include "room/state.h"
#include "support/rng.h"

/* --- the share --- */

enum { ROOMS_MAX = 40 };

/* By trying: the largest share with which all fit, up to `most`. */
static size_t best_share(const size_t *spare, size_t n, size_t left)
{
    size_t low = 0;
    size_t high = (size_t)1 << 40;
    while (low < high) {
        size_t mid = low + (high - low + 1) / 2;
        size_t sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += spare[i] < mid ? spare[i] : mid;
        if (sum <= left)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

static void test_share_fits_and_is_fair(void **state)
{
    (void)state;
    struct rng rng = rng_of(rng_seed());
    size_t short_of = 0;
    for (size_t i = 0; i < 2000; i++) {
        size_t spare[ROOMS_MAX];
        size_t n = rng_between(&rng, 1, ROOMS_MAX);
        size_t sum = 0;
        for (size_t k = 0; k < n; k++) {
            spare[k] = rng_below(&rng, (size_t)1 << rng_between(&rng, 1, 30));
            sum += spare[k];
        }
        size_t needed = rng_below(&rng, 1 << 20);
        size_t left = rng_below(&rng, sum + sum / 4 + 1);
        struct budget b;
        budget_init(&b, needed + left);
        for (size_t k = 0; k < n; k++)
            budget_add(&b, k == 0 ? needed : 0, spare[k]);
        size_t share = budget_share(&b);
        if (sum <= left) {
            assert_true(share == SIZE_MAX);
            continue;
        }
        size_t best = best_share(spare, n, left);
        short_of++;
        if (best == 0) {
            assert_int_equal(share, 1);
            continue;
        }
        assert_true(share <= best && share >= best / 2);
    }
    assert_true(short_of > 500);
}

static void test_small_rooms_do_not_pay(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 1000000);
    for (size_t i = 0; i < 100; i++)
        budget_add(&b, 1000, 1000);
    for (size_t i = 0; i < 4; i++)
        budget_add(&b, 0, 900000);
    assert_int_equal(budget_share(&b), 200000); /* what the hundred leave, divided by four */
}

static void test_share_without_room_for_it(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 1000);
    assert_true(budget_share(&b) == SIZE_MAX); /* nobody is there */
    budget_add(&b, 5000, 100);
    assert_int_equal(budget_share(&b), 1); /* what is needed alone is too much */
    budget_init(&b, 1000);
    budget_add(&b, 900, 100);
    assert_true(budget_share(&b) == SIZE_MAX); /* just so */
    budget_add(&b, 0, 1);
    assert_int_equal(budget_share(&b), 99);
    budget_init(&b, SIZE_MAX);
    budget_add(&b, 0, SIZE_MAX);
    assert_true(budget_share(&b) == SIZE_MAX);
    assert_int_equal(budget_goal(800), 700);
}

/* --- counting --- */

static void test_counted(void **state)
{
    (void)state;
    struct faulty f;
    size_t total = 5;
    struct counted a, b;
    faulty_init(&f, 2);
    counted_init(&a, &f.alloc, &total);
    counted_init(&b, &f.alloc, &total);
    void *p = weft_resize(&a.alloc, NULL, 0, 100);
    void *q = weft_resize(&b.alloc, NULL, 0, 30);
    assert_int_equal(a.bytes, 100);
    assert_int_equal(b.bytes, 30);
    assert_int_equal(total, 135);
    assert_null(weft_resize(&a.alloc, p, 100, 200)); /* memory is out: as it was */
    assert_int_equal(a.bytes, 100);
    p = weft_resize(&a.alloc, p, 100, 40);
    assert_int_equal(a.bytes, 40);
    assert_int_equal(total, 75);
    weft_release(&a.alloc, p, 40);
    weft_release(&b.alloc, q, 30);
    assert_int_equal(a.bytes + b.bytes, 0);
    assert_int_equal(total, 5);
    assert_int_equal(f.live_blocks, 0);
}

/* --- a room --- */

static void type(uint64_t n, size_t bytes)
{
    char notation[4000];
    snprintf(notation, sizeof notation, "'%0*d'", (int)bytes, 7);
    for (uint64_t i = 0; i < n; i++)
        rig_op(&rig, 1, notation, RIG_NO_REV, 0);
}

static const char *tick(size_t spare_bytes_max)
{
    struct room_event event = {.kind = ROOM_TICK};
    event.tick.spare_bytes_max = spare_bytes_max;
    return rig_step(&rig, &event);
}

static void test_limits_of_its_own(void **state)
{
    (void)state;
    rig.config.history_revs_max = 16;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    type(16, 1);
    rig_commit(&rig);
    assert_int_equal(room_info(rig.room).base_rev, 0);
    type(1, 1);
    rig_commit(&rig);
    assert_int_equal(room_info(rig.room).base_rev, 3); /* an eighth of 17 */
    says(
        rig_op(&rig, 1, "'x'", 2, 0),
        "1: error gone (rev: found 2, expected at least 3, the oldest revision that can be merged; "
        "join again for the text)");
    says(rig_op(&rig, 1, "'x'", 3, 0), "persist 18");
    rig_commit(&rig);
}

/* What waits for the disk stays, though it alone is more than a room keeps; and looking for what could
 * go comes to an end. */
static void test_pending_is_kept_however_much(void **state)
{
    (void)state;
    rig.config.history_revs_max = 4;
    rig.config.history_bytes_max = 500;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    type(30, 100);
    rig_durable(&rig, 10);
    assert_true(room_check(rig.room));
    struct room_info info = room_info(rig.room);
    assert_int_equal(info.base_rev, 10);
    assert_int_equal(info.head_rev, 30);
    says(tick(1), "");
    assert_int_equal(room_info(rig.room).base_rev, 10);
    rig_commit(&rig);
    info = room_info(rig.room);
    assert_int_equal(info.rev, 30);
    assert_true(info.base_rev > 20);
    assert_true(room_check(rig.room));
}

static void test_gives_back_down_to_its_share(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    type(1000, 400);
    rig_commit(&rig);
    size_t had = room_spare_bytes(rig.room);
    assert_true(had > 1000 * 400);
    says(tick(0), ""); /* no bound */
    says(tick(had), "");
    assert_int_equal(room_spare_bytes(rig.room), had);
    says(tick(had - 1), "");
    assert_true(room_spare_bytes(rig.room) < had);
    assert_true(room_spare_bytes(rig.room) > had / 2); /* no more than it had to */
    size_t live = faulty_never()->live_bytes;
    size_t before = room_spare_bytes(rig.room);
    says(tick(200000), "");
    assert_true(room_spare_bytes(rig.room) <= 200000);
    /* It is the allocator's again, and what is said to be spare is what it was. */
    assert_true(live - faulty_never()->live_bytes >=
                (before - room_spare_bytes(rig.room)) * 9 / 10);
    says(tick(1), "");
    const struct history *h = &rig.room->history;
    assert_true(h->bytes <= HISTORY_BYTES_LEAST && h->bytes > HISTORY_BYTES_LEAST * 3 / 4);
    assert_true(room_spare_bytes(rig.room) < 3 * HISTORY_BYTES_LEAST);
}

/* What can be made again goes before what cannot. */
static void test_composed_ranges_go_first(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    type(600, 100);
    rig_commit(&rig);
    size_t plain = room_spare_bytes(rig.room);
    rig_op(&rig, 1, "'x' 3 'y'", 1, 0); /* at one place it would need no ranges */
    rig_commit(&rig);
    assert_true(rig.room->history.block_bytes > 0);
    assert_true(room_spare_bytes(rig.room) > plain + 10000);
    says(tick(room_spare_bytes(rig.room)), ""); /* just so much */
    assert_true(rig.room->history.block_bytes > 0);
    says(tick(plain + 2000), "");
    assert_int_equal(rig.room->history.block_bytes, 0);
    assert_int_equal(room_info(rig.room).base_rev, 0);
}

/* Without memory for a smaller ring the large one stays until there is, and all the rest goes on. */
static void test_gives_back_without_memory(void **state)
{
    (void)state;
    struct faulty f;
    faulty_init(&f, -1);
    struct rig poor;
    assert_int_equal(rig_init(&poor, &f.alloc), 0);
    rig_join(&poor, 1, 'A');
    for (size_t i = 0; i < 1100; i++)
        rig_op(&poor, 1,
               "'01234567890123456789012345678901234567890123456789"
               "01234567890123456789012345678901234567890123456789"
               "01234567890123456789012345678901234567890123456789'",
               RIG_NO_REV, 0);
    rig_commit(&poor);
    size_t cap = poor.room->history.cap;
    size_t spare = room_spare_bytes(poor.room);
    struct room_event event = {.kind = ROOM_TICK, .tick = {.spare_bytes_max = spare / 8}};
    room_effects_clear(poor.fx);
    f.fail_at = f.requests;
    assert_int_equal(room_step(poor.room, ++poor.now_ms, &event, poor.fx), 0);
    assert_true(f.requests > f.fail_at); /* it was asked for */
    assert_true(poor.room->history.cap < cap);
    assert_true(room_info(poor.room).base_rev > 0);
    assert_true(room_spare_bytes(poor.room) < spare / 2);
    rig_done(&poor);
    assert_int_equal(f.live_blocks, 0);
}

#define ROOM_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share_fits_and_is_fair),
        cmocka_unit_test(test_small_rooms_do_not_pay),
        cmocka_unit_test(test_share_without_room_for_it),
        cmocka_unit_test(test_counted),
        ROOM_TEST(test_limits_of_its_own),
        ROOM_TEST(test_pending_is_kept_however_much),
        ROOM_TEST(test_gives_back_down_to_its_share),
        ROOM_TEST(test_composed_ranges_go_first),
        ROOM_TEST(test_gives_back_without_memory),
    };
    return cmocka_run_group_tests_name("what stays in memory", tests, NULL, NULL);
}
