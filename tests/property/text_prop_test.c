/* The text against the flat model, with the nodes that are shipped. */
#include "property/text_play.h"

/* Every edit is followed by a walk over the whole tree. */
static void each_edit_keeps_every_invariant(void **state)
{
    (void)state;
    static const struct play play = {.edits = 400,
                                     .start_cp = 6000,
                                     .piece_cp = 60,
                                     .big_cp = 5000,
                                     .max_cp = 20000,
                                     .check_every = 1,
                                     .query_every = 7,
                                     .ascii_percent = 30};
    play_cases(25, &play);
}

/* A walk also settles the sums; so here many edits and queries lie between two. */
static void sums_may_lag_for_many_edits(void **state)
{
    (void)state;
    static const struct play play = {.edits = 3000,
                                     .start_cp = 3000,
                                     .piece_cp = 400,
                                     .big_cp = 10000,
                                     .max_cp = 15000,
                                     .check_every = 101,
                                     .query_every = 37,
                                     .ascii_percent = 30};
    play_cases(8, &play);
}

static void large_documents(void **state)
{
    (void)state;
    static const struct play play = {.edits = 40,
                                     .start_cp = 1500000,
                                     .piece_cp = 3000,
                                     .big_cp = 300000,
                                     .max_cp = 2000000,
                                     .check_every = 15,
                                     .query_every = 20,
                                     .ascii_percent = 30};
    play_cases(2, &play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_edit_keeps_every_invariant),
        cmocka_unit_test(sums_may_lag_for_many_edits),
        cmocka_unit_test(large_documents),
    };
    return cmocka_run_group_tests_name("text against the flat model", tests, NULL, NULL);
}
