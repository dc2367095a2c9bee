/* Three of the ten million edits, with nodes of a few bytes: trees of many levels, where every edge
 * is reached often. */
#include "support/small_text.h"

#include "property/edit_play.h"

static void small_trees(void **state)
{
    (void)state;
    static const struct edit_kind kind = {.start_cp = 60, .most_cp = 150, .paste_cp = 40};
    edit_cases(&kind, 1500000, "edits of trees of two to four levels");
}

static void deep_trees(void **state)
{
    (void)state;
    static const struct edit_kind kind = {.start_cp = 1500, .most_cp = 2500, .paste_cp = 400};
    edit_cases(&kind, 1500000, "edits of trees of five levels and more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_trees),
        cmocka_unit_test(deep_trees),
    };
    return cmocka_run_group_tests_name("edits with small nodes", tests, NULL, NULL);
}
