/* Real keystrokes through the pure room, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "support/replay.h"
#include "support/rng.h"

static void play_and_compare(struct trace *t)
{
    struct replay *r = replay_new(t);
    size_t played = replay_lines(r, t->n);
    assert_int_equal(played, t->n);
    assert_true(room_check(replay_room(r)));
    if (!weft_text_equal(room_text(replay_room(r)), t->end, t->end_bytes))
        fail_msg("%s: the text after %zu lines is not the one that must come out "
                 "(%zu code points; the most lines unseen at once were %zu)",
                 t->name, t->n, room_info(replay_room(r)).length_cp, replay_unseen_most(r));
    replay_free(r);
    trace_done(t);
}

static void test_recorded_session(void **state)
{
    (void)state;
    struct trace t;
    if (!trace_load_session("friendsforever", &t)) {
        print_message("no recording found: set WEFT_TRACES to a folder that has one\n");
        skip();
    }
    play_and_compare(&t);
}

static void test_recorded_patches(void **state)
{
    static const char *const NAMES[] = {"sveltecomponent", "json-crdt-patch", "rustcode",
                                        "friendsforever_flat", "automerge-paper"};
    (void)state;
    size_t found = 0;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        struct trace t;
        if (!trace_load_patches(NAMES[i], &t))
            continue;
        found++;
        play_and_compare(&t);
    }
    if (found == 0)
        skip();
}

static void test_generated_session(void **state)
{
    (void)state;
    uint64_t seed = rng_seed();
    for (size_t i = 0; i < rng_cases(6); i++, seed++) {
        struct trace t;
        trace_generate(seed, 1500, &t);
        print_message("seed %llu\n", (unsigned long long)seed);
        play_and_compare(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_session),
        cmocka_unit_test(test_recorded_patches),
        cmocka_unit_test(test_generated_session),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
