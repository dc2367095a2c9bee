/* Ten million edits: most of them here, with the nodes that are shipped, the others with small nodes
 * in edits_small_test.c. */
#include "property/edit_play.h"

static void short_texts(void **state)
{
    (void)state;
    static const struct edit_kind kind = {
        .start_cp = 60, .most_cp = 300, .paste_cp = 100, .ops = true};
    edit_cases(&kind, 3000000, "edits of texts of one leaf");
}

static void usual_texts(void **state)
{
    (void)state;
    static const struct edit_kind kind = {
        .start_cp = 3000, .most_cp = 6000, .paste_cp = 2000, .ops = true};
    edit_cases(&kind, 3000000, "edits of texts of some leaves");
}

static void long_texts(void **state)
{
    (void)state;
    static const struct edit_kind kind = {
        .start_cp = 60000, .most_cp = 90000, .paste_cp = 6000, .ops = true};
    edit_cases(&kind, 1000000, "edits of texts of a hundred leaves");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_texts),
        cmocka_unit_test(usual_texts),
        cmocka_unit_test(long_texts),
    };
    return cmocka_run_group_tests_name("edits", tests, NULL, NULL);
}
