/* weft_op_diff with bounds of a few rounds, lines and steps, so that texts of some hundred code
 * points go through all its rules: those of ot/diff.h would take megabytes. The sources are compiled
 * in with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ot/diff.h"

struct bounds {
    uint32_t rounds, inside, stuck, worth, lines_max, line_cp_min, hunks_max, steps, steps_per_cp;
};

static struct bounds bounds;
static uint32_t cp_max = 1 << 20;

#undef DIFF_STEPS
#undef DIFF_STEPS_PER_CP
#define DIFF_ROUNDS        bounds.rounds
#define DIFF_ROUNDS_INSIDE bounds.inside
#define DIFF_ROUNDS_STUCK  bounds.stuck
#define DIFF_WORTH         bounds.worth
#define DIFF_LINES_MAX     bounds.lines_max
#define DIFF_LINE_CP_MIN   bounds.line_cp_min
#define DIFF_HUNKS_MAX     bounds.hunks_max
#define DIFF_STEPS         (uint64_t) bounds.steps
#define DIFF_STEPS_PER_CP  bounds.steps_per_cp
#define DIFF_CP_MAX        cp_max

#include "ot/diff.c"
#include "ot/diff_lines.c"
#include "ot/diff_search.c"

#include "support/faulty.h"
#include "support/gen.h"

#include "property/diff_golden.h"

static const struct bounds SMALL = {8, 3, 5, 4, 1000, 4, 1000, 1000000, 4};

static void must(int err)
{
    assert_int_equal(err, 0);
}

/* --- the dumb model --- */

/* Fewest code points to delete and insert, by trying everything, a row of the table at a time. */
static uint32_t least_edits(const struct cps *a, const struct cps *b)
{
    uint32_t *row = calloc(b->len + 1, sizeof *row);
    assert_non_null(row);
    for (size_t y = 0; y <= b->len; y++)
        row[y] = (uint32_t)y;
    for (size_t x = 1; x <= a->len; x++) {
        uint32_t slanted = row[0]++;
        for (size_t y = 1; y <= b->len; y++) {
            const uint32_t above = row[y];
            const uint32_t least = 1 + (above < row[y - 1] ? above : row[y - 1]);
            row[y] = a->cp[x - 1] == b->cp[y - 1] ? slanted : least;
            slanted = above;
        }
    }
    const uint32_t edits = row[b->len];
    free(row);
    return edits;
}

struct made {
    struct weft_op op;
    uint64_t steps;
    size_t edits;
};

static bool leads_to(const struct weft_op *op, const struct cps *a, const struct cps *b)
{
    struct model m = {0};
    struct cps reached = {0};
    model_of(op, a->len, &m);
    model_apply(&m, a, &reached);
    const bool equal = cps_equal(&reached, b);
    model_done(&m);
    cps_done(&reached);
    return equal;
}

static size_t changes_of(const struct weft_op *op)
{
    size_t n;
    size_t changes = 0;
    const struct weft_part *parts = weft_op_parts(op, &n);
    for (size_t i = 0; i < n; i++)
        changes += parts[i].kind != WEFT_RETAIN && (i == 0 || parts[i - 1].kind == WEFT_RETAIN);
    return changes;
}

/* Compares the two under the bounds that are set, and holds the result to all that is promised. */
static struct made compared(const struct cps *a, const struct cps *b)
{
    struct made made;
    size_t len[2];
    char *utf8[2] = {cps_utf8(a, &len[0]), cps_utf8(b, &len[1])};
    weft_op_init(&made.op, weft_heap());
    must(diff_counted(utf8[0], len[0], utf8[1], len[1], &made.op, &made.steps));
    made.edits = weft_op_inserted_cp(&made.op) + weft_op_deleted_cp(&made.op);
    assert_true(weft_op_check(&made.op));
    assert_true(leads_to(&made.op, a, b));
    assert_true(changes_of(&made.op) <= bounds.hunks_max);
    free(utf8[0]);
    free(utf8[1]);
    return made;
}

/* --- exact results --- */

/* What the bounds and the texts of a row give, over a number of cases: the sum of all steps, and one
 * number for all components. The same rows are in tests/web/diff.test.mjs. */
struct row {
    struct bounds bounds;
    struct golden texts;
    uint64_t steps;
    uint32_t sum;
};

enum { ROW_CASES = 200 };

static void results_are_exact(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {{8, 3, 5, 4, 1000, 4, 1000, 1000000, 4}, {'a', 20, 12, 5, 8}, 129720, 4269424464u},
        {{8, 3, 5, 4, 1000, 4, 1000, 1000000, 4}, {0x1f600, 20, 12, 5, 8}, 129720, 4269424464u},
        {{20, 4, 20, 4, 1000, 4, 1000, 1000000, 4}, {'a', 2, 6, 4, 6}, 339312, 1438880158u},
        {{16, 1, 1, 2, 1000, 12, 1000, 1000000, 4}, {'a', 3, 5, 3, 8}, 196546, 3999652924u},
        {{6, 2, 6, 3, 9, 4, 1000, 1000000, 4}, {'a', 26, 20, 4, 8}, 112555, 2976711581u},
        {{6, 6, 6, 1, 12, 1, 3, 1000000, 4}, {'a', 20, 16, 8, 10}, 340322, 3209828894u},
        {{12, 4, 8, 4, 1000, 4, 5, 700, 1}, {'a', 4, 7, 5, 8}, 180763, 427231929u},
        {{12, 4, 8, 4, 1000, 4, 5, 0, 2}, {0x4e00, 20, 7, 2, 9}, 151214, 1397715237u},
        {{30, 8, 30, 6, 1000, 4, 1, 1000000, 4}, {'a', 1, 10, 4, 8}, 434945, 1075227163u},
        {{2, 1, 2, 4, 2, 2, 1000, 1000000, 4}, {'a', 26, 30, 9, 5}, 35100, 4077488411u},
    };
    bool wrong = false;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        uint64_t steps = 0;
        uint32_t sum = GOLDEN_SUM_START;
        bounds = ROWS[i].bounds;
        for (uint32_t seed = 0; seed < ROW_CASES; seed++) {
            struct cps side[2] = {{0}, {0}};
            golden_texts(&ROWS[i].texts, seed * 0x9e3779b9u, side);
            struct made made = compared(&side[0], &side[1]);
            const uint32_t least = least_edits(&side[0], &side[1]);
            assert_true(made.edits >= least);
            const uint64_t enough =
                DIFF_STEPS + DIFF_STEPS_PER_CP * (uint64_t)(side[0].len + side[1].len);
            if (least <= 2 * bounds.rounds && made.steps < enough / 4 && bounds.hunks_max >= least)
                assert_int_equal(made.edits, least);
            steps += made.steps;
            sum = golden_sum(sum, &made.op);
            weft_op_done(&made.op);
            cps_done(&side[0]);
            cps_done(&side[1]);
        }
        if (steps != ROWS[i].steps || sum != ROWS[i].sum) {
            fprintf(stderr, "row %zu: %llu steps, sum %u\n", i, (unsigned long long)steps, sum);
            wrong = true;
        }
    }
    assert_false(wrong);
}

/* --- bounds that are met --- */

static struct cps text_of(const char *ascii)
{
    struct cps t = {0};
    for (; *ascii != 0; ascii++)
        cps_push(&t, (unsigned char)*ascii);
    return t;
}

/* From one text to the other in so many edits. */
static void takes(const char *from, const char *to, size_t edits)
{
    struct cps a = text_of(from), b = text_of(to);
    struct made made = compared(&a, &b);
    assert_int_equal(made.edits, edits);
    weft_op_done(&made.op);
    cps_done(&a);
    cps_done(&b);
}

/* The middles of both sides with something kept in their midst: looked at, or replaced whole. */
static void long_middles_are_replaced_whole(void **state)
{
    (void)state;
    bounds = SMALL;
    bounds.rounds = cp_max = 1000;
    for (size_t i = 0; i < 6; i++) {
        const size_t n = cp_max + i % 3 - 1;
        struct cps side[2] = {{0}, {0}};
        struct cps *longer = &side[i / 3], *other = &side[1 - i / 3];
        cps_push(longer, 'a');
        while (longer->len < n - 1)
            cps_push(longer, 'm');
        cps_push(longer, 'b');
        cps_push(other, 'x');
        cps_push(other, 'm');
        cps_push(other, 'y');
        struct made made = compared(&side[0], &side[1]);
        assert_int_equal(made.edits, n <= cp_max ? n + 1 : n + 3);
        weft_op_done(&made.op);
        cps_done(&side[0]);
        cps_done(&side[1]);
    }
    cp_max = 1 << 20;
}

#define TEN(s) s s s s s s s s s s

/* Two lines of one hash are not one line, if as long or not. Were they taken for one, all of one
 * text would be held against nothing. */
static void lines_of_one_hash(void **state)
{
    (void)state;
    static const char *const TWINS[][2] = {{"soeeuzjxz\n", "gvkjxcrtl\n"},
                                           {"qmblsvd\n", "nlppmvkbi\n"}};
    bounds = SMALL;
    bounds.rounds = bounds.inside = bounds.stuck = 20;
    for (size_t i = 0; i < 2; i++) {
        char from[300], to[300];
        snprintf(from, sizeof from, "%s" TEN("abcdefghijk") TEN("lmnopqrstuv") "1", TWINS[i][0]);
        snprintf(to, sizeof to, TEN("abXdefghijk") TEN("lmnopqYstuv") "2\n%s", TWINS[i][1]);
        /* the first line, two for each X and Y, 1 for 2, and what is behind it */
        takes(from, to, strlen(TWINS[i][0]) + 40 + 3 + strlen(TWINS[i][1]));
    }
}

/* One line more than may be compared, and none is. */
static void lines_are_bounded(void **state)
{
    (void)state;
    static const char FROM[] = "1111111111\nkept one\n2222222222\nkept two\n3333333333\n";
    static const char TO[] = "aaaaaaaaaaa\nkept one\nbbbbbbbbbbb\nkept two\nccccccccccc\n";
    bounds = SMALL;
    bounds.lines_max = 10;
    takes(FROM, TO, 63);
    bounds.lines_max = 9;
    takes(FROM, TO, 103);
    bounds.lines_max = 4;
    takes(FROM, TO, 103);
}

/* --- memory --- */

static void refused_once(const char *utf8[2], const size_t len[2], long *ret_requests)
{
    for (long n = 0;; n++) {
        struct faulty f;
        struct weft_op op;
        faulty_init(&f, n);
        weft_op_init(&op, &f.alloc);
        int err = weft_op_diff(utf8[0], len[0], utf8[1], len[1], &op);
        assert_true(weft_op_check(&op));
        assert_int_equal(weft_op_is_identity(&op), err != 0);
        assert_int_equal(f.live_bytes, weft_op_memory(&op)); /* nothing else is kept */
        weft_op_done(&op);
        assert_int_equal(f.live_blocks, 0);
        if (err == 0) {
            *ret_requests += n;
            return;
        }
        assert_int_equal(err, WEFT_ENOMEM);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const struct golden TEXTS[] = {{'a', 20, 12, 5, 40}, {0x1f600, 2, 3, 5, 20}};
    bounds = SMALL;
    long requests = 0;
    for (size_t i = 0; i < 20; i++) {
        struct cps side[2] = {{0}, {0}};
        size_t len[2];
        golden_texts(&TEXTS[i % 2], (uint32_t)i, side);
        char *utf8[2] = {cps_utf8(&side[0], &len[0]), cps_utf8(&side[1], &len[1])};
        refused_once((const char *[]){utf8[0], utf8[1]}, len, &requests);
        for (size_t k = 0; k < 2; k++) {
            free(utf8[k]);
            cps_done(&side[k]);
        }
    }
    assert_true(requests > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_exact),
        cmocka_unit_test(long_middles_are_replaced_whole),
        cmocka_unit_test(lines_of_one_hash),
        cmocka_unit_test(lines_are_bounded),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("diff with small bounds", tests, NULL, NULL);
}
