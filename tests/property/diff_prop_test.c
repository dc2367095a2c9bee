/* weft_op_diff: the fewest edits, in a bounded number of steps. Small texts are compared with a
 * table of all prefixes against all prefixes (the dumb model), large ones with the edits that were
 * made. WEFT_SEED and WEFT_CASES choose what is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weft/op.h>

#include "base/limits.h"
#include "ot/diff.h"
#include "support/faulty.h"
#include "support/gen.h"

#include "property/diff_golden.h"

enum { SMALL_CP_MOST = 40 };

static void must(int err)
{
    assert_int_equal(err, 0);
}

/* --- the dumb model --- */

/* Fewest code points to delete and insert, by trying everything. */
static size_t least_edits(const struct cps *a, const struct cps *b)
{
    static size_t cost[SMALL_CP_MOST * 2 + 1][SMALL_CP_MOST * 2 + 1];
    assert_true(a->len <= SMALL_CP_MOST * 2 && b->len <= SMALL_CP_MOST * 2);
    for (size_t x = 0; x <= a->len; x++) {
        for (size_t y = 0; y <= b->len; y++) {
            size_t best = x + y;
            if (x > 0 && y > 0) {
                best = 1 + (cost[x - 1][y] < cost[x][y - 1] ? cost[x - 1][y] : cost[x][y - 1]);
                if (a->cp[x - 1] == b->cp[y - 1] && cost[x - 1][y - 1] < best)
                    best = cost[x - 1][y - 1];
            }
            cost[x][y] = best;
        }
    }
    return cost[a->len][b->len];
}

static size_t edits_of(const struct weft_op *op)
{
    return weft_op_inserted_cp(op) + weft_op_deleted_cp(op);
}

/* Normal form, and where both stand at one place, the delete first. */
static bool is_tidy(const struct weft_op *op)
{
    size_t n;
    const struct weft_part *parts = weft_op_parts(op, &n);
    for (size_t i = 1; i < n; i++)
        if (parts[i - 1].kind == WEFT_INSERT && parts[i].kind == WEFT_DELETE)
            return false;
    return weft_op_check(op);
}

static void small_case(uint64_t seed, const struct cps *a, const struct cps *b)
{
    size_t len[2];
    char *utf8[2] = {cps_utf8(a, &len[0]), cps_utf8(b, &len[1])};
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    must(weft_op_diff(utf8[0], len[0], utf8[1], len[1], &op));
    struct model m = {0};
    struct cps reached = {0};
    model_of(&op, a->len, &m);
    model_apply(&m, a, &reached);
    const char *wrong = NULL;
    if (!cps_equal(&reached, b))
        wrong = "diff leads from one text to the other";
    else if (edits_of(&op) != least_edits(a, b))
        wrong = "diff takes the fewest edits";
    else if (!is_tidy(&op))
        wrong = "diff is in normal form, a delete in front of the insert";
    if (wrong != NULL) {
        fprintf(stderr, "after: \"%s\", fewest edits: %zu\n", utf8[1], least_edits(a, b));
        gen_report(wrong, seed, a, (const struct named_op[]){{"diff", &op}, {NULL, NULL}});
        fail();
    }
    model_done(&m);
    cps_done(&reached);
    weft_op_done(&op);
    free(utf8[0]);
    free(utf8[1]);
}

/* --- small texts --- */

static const struct {
    uint32_t from;
    size_t n;
} ALPHABET[] = {{'a', 1}, {'a', 2}, {'a', 4}, {'a', 26}, {0x1f600, 2}, {0xe8, 6}, {0xfffe, 4}};

static struct cps some_text(struct rng *r, size_t alphabet, size_t len)
{
    struct cps t = {0};
    while (t.len < len)
        cps_push(&t, ALPHABET[alphabet].from + (uint32_t)rng_below(r, ALPHABET[alphabet].n));
    return t;
}

static void the_fewest_edits(void **state)
{
    (void)state;
    const size_t cases = rng_cases(30000);
    for (uint64_t seed = rng_seed(); seed < rng_seed() + cases; seed++) {
        struct rng r = rng_of(seed);
        const size_t alphabet = rng_below(&r, sizeof ALPHABET / sizeof *ALPHABET);
        struct cps a = some_text(&r, alphabet, rng_below(&r, SMALL_CP_MOST + 1));
        struct cps b = {0};
        if (rng_chance(&r, 40)) {
            b = some_text(&r, alphabet, rng_below(&r, SMALL_CP_MOST + 1));
        } else { /* the same with some edits */
            for (size_t i = 0; i < a.len && b.len < 2 * SMALL_CP_MOST - 1; i++) {
                const size_t what = rng_below(&r, 8);
                if (what <= 1)
                    cps_push(&b, ALPHABET[alphabet].from);
                if (what != 0 && what != 2)
                    cps_push(&b, a.cp[i]);
            }
        }
        small_case(seed, &a, &b);
        small_case(seed, &b, &a);
        cps_done(&a);
        cps_done(&b);
    }
}

/* Text number i of those with up to `most` letters of `letters`; false behind the last. */
static bool nth_text(size_t i, size_t letters, size_t most, struct cps *ret)
{
    size_t len = 0;
    for (size_t n = 1; i >= n; n *= letters, len++)
        i -= n;
    ret->len = 0;
    for (size_t k = 0; k < len; k++, i /= letters)
        cps_push(ret, 'a' + (uint32_t)(i % letters));
    return len <= most;
}

static void every_pair(size_t letters, size_t most, size_t expected)
{
    struct cps a = {0};
    struct cps b = {0};
    size_t pairs = 0;
    for (size_t i = 0; nth_text(i, letters, most, &a); i++)
        for (size_t k = 0; nth_text(k, letters, most, &b); k++, pairs++)
            small_case(0, &a, &b);
    assert_int_equal(pairs, expected);
    cps_done(&a);
    cps_done(&b);
}

static void every_pair_of_short_texts(void **state)
{
    (void)state;
    every_pair(2, 6, 127 * 127);
    every_pair(3, 4, 121 * 121);
}

/* --- large texts --- */

/* A text, and a second one that is made of it by a known number of edits. */
struct pair {
    struct cps a, b;
    size_t edits;
};

/* A line of 40 to 70 code points, of letters from `first` on. */
static void put_line(struct rng *r, uint32_t first, struct cps *out)
{
    for (size_t n = rng_between(r, 40, 70); n > 0; n--)
        cps_push(out, first + (uint32_t)rng_below(r, 20));
    cps_push(out, '\n');
}

/* Puts the code points of one text into both, with an edit about every `every` of them. */
static void put_edited(struct rng *r, struct pair *p, const struct cps *text, size_t every)
{
    size_t next = rng_below(r, 2 * every);
    for (size_t i = 0; i < text->len; i++) {
        cps_push(&p->a, text->cp[i]);
        if (every == 0 || next-- > 0) {
            cps_push(&p->b, text->cp[i]);
            continue;
        }
        next = every / 2 + rng_below(r, every);
        p->edits++;
        if (rng_chance(r, 50)) {
            cps_push(&p->b, text->cp[i]);
            cps_push(&p->b, 'A' + (uint32_t)rng_below(r, 20));
        }
    }
}

static struct cps lines_of(struct rng *r, uint32_t first, size_t len)
{
    struct cps t = {0};
    while (t.len < len)
        put_line(r, first, &t);
    return t;
}

static void put_lines(struct rng *r, struct pair *p, uint32_t first, size_t len, size_t every)
{
    struct cps t = lines_of(r, first, len);
    put_edited(r, p, &t, every);
    cps_done(&t);
}

/* Text that only one of the two has. */
static void put_one_sided(struct rng *r, struct pair *p, int side, uint32_t first, size_t len)
{
    struct cps t = lines_of(r, first, len);
    cps_append(side == 0 ? &p->a : &p->b, &t);
    p->edits += t.len;
    cps_done(&t);
}

/* Compares, checks and ends the pair; the edits that diff makes. */
static size_t large_case(struct pair *p)
{
    size_t len[2];
    char *utf8[2] = {cps_utf8(&p->a, &len[0]), cps_utf8(&p->b, &len[1])};
    const uint64_t both = (uint64_t)p->a.len + p->b.len;
    struct weft_op op;
    struct weft_text *text;
    uint64_t steps;
    weft_op_init(&op, weft_heap());
    must(diff_counted(utf8[0], len[0], utf8[1], len[1], &op, &steps));
    must(weft_text_from(weft_heap(), utf8[0], len[0], &text));
    must(weft_op_apply(&op, text));
    assert_true(weft_text_equal(text, utf8[1], len[1]));
    assert_true(is_tidy(&op));
    /* The last run may go past the bound, and what is left is looked at once more. */
    assert_true(steps <= DIFF_STEPS + (DIFF_STEPS_PER_CP + 1) * both);
    const size_t edits = edits_of(&op);
    weft_text_free(text);
    weft_op_done(&op);
    free(utf8[0]);
    free(utf8[1]);
    cps_done(&p->a);
    cps_done(&p->b);
    return edits;
}

static void edits_far_apart_are_found_exactly(void **state)
{
    (void)state;
    static const uint32_t FIRST[2] = {'a', 0x1f600};
    for (size_t i = 0; i < 2; i++) {
        struct rng r = rng_of(rng_seed() + i);
        struct pair p = {0};
        put_lines(&r, &p, FIRST[i], 300000, 1000);
        assert_in_range(p.edits, 250, 350);
        assert_int_equal(large_case(&p), p.edits);
    }
}

/* More edits than the first search reaches, in all lines: cut after cut. */
static void a_change_in_every_line(void **state)
{
    (void)state;
    static const uint32_t FIRST[2] = {'a', 0x1f600};
    for (size_t i = 0; i < 2; i++) {
        struct rng r = rng_of(rng_seed() + i);
        struct pair p = {0};
        put_lines(&r, &p, FIRST[i], 300000, 30);
        assert_true(p.edits > 2 * DIFF_ROUNDS);
        assert_in_range(large_case(&p), 0, p.edits + p.edits / 20);
    }
}

/* What was pasted in two places is too much for a search; the lines between say where one is. */
static void edits_between_large_insertions(void **state)
{
    (void)state;
    struct rng r = rng_of(rng_seed());
    struct pair p = {0};
    put_lines(&r, &p, 'a', 60000, 1000);
    put_one_sided(&r, &p, 1, 'a', 20000);
    put_lines(&r, &p, 'a', 60000, 1000);
    put_one_sided(&r, &p, 0, 'a', 20000);
    put_lines(&r, &p, 'a', 60000, 1000);
    assert_in_range(large_case(&p), 0, p.edits + p.edits / 20);
}

/* The same without a line to hold on to: every one was changed. A sentence is seen past. */
static void sentences_between_changed_lines(void **state)
{
    (void)state;
    struct rng r = rng_of(rng_seed());
    struct pair p = {0};
    for (int i = 0; i < 20; i++) {
        put_lines(&r, &p, 'a', 20000, 25);
        put_one_sided(&r, &p, i % 2, 'a', 80);
    }
    assert_true(p.edits > 2 * DIFF_ROUNDS);
    assert_in_range(large_case(&p), 0, p.edits + p.edits / 20);
}

static void nothing_in_common(void **state)
{
    (void)state;
    struct rng r = rng_of(rng_seed());
    struct pair p = {0};
    put_one_sided(&r, &p, 0, 'a', 500000);
    put_one_sided(&r, &p, 1, 'A', 500000);
    cps_push(&p.a, 'x');
    p.edits++;
    assert_in_range(large_case(&p), p.edits - p.edits / 10, p.edits);
}

/* One of ten equal stretches was taken out. The ways from both ends pass one another, as each goes
 * along all that is left. */
static void ways_that_pass_one_another(void **state)
{
    (void)state;
    struct rng r = rng_of(rng_seed());
    struct pair p = {0};
    struct cps stretch = some_text(&r, 3, 5000);
    cps_push(&p.b, 'A');
    for (int i = 0; i < 10; i++) {
        cps_append(&p.a, &stretch);
        if (i > 0)
            cps_append(&p.b, &stretch);
    }
    cps_push(&p.b, 'Z');
    cps_done(&stretch);
    assert_in_range(large_case(&p), 5002, 5300);
}

/* The steps of a comparison are part of the contract: a peer that counts otherwise finds another
 * operation where they are used up. The same rows are in tests/web/diff.test.mjs. */
static void steps_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        uint64_t steps;
    } ROWS[] = {
        {"same", "same", 0},
        {"abc", "abxc", 0},
        {"ab", "ba", 9},
        {"kitten", "sitting", 42},
        {"abc", "xxxxxxxbxxxxxxxxxxxxxaxxxxxxxxxxxxxxcxxxx", 352},
        {"xxxxxxxbxxxxxxxxxxxxxaxxxxxxxxxxxxxxcxxxx", "abc", 312},
        {"qaaaaaaaaaaaaaaaaaaaaaaaaaaaaaap", "raaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaas", 71},
        {"The quick brown fox jumps over the lazy dog", "A quick red fox leaps over lazy dogs!",
         386},
        {"\xf0\x9f\x98\x80\xf0\x9f\x98\x81xyz", "zy\xf0\x9f\x98\x81\xf0\x9f\x98\x80", 25},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct weft_op op;
        uint64_t steps;
        weft_op_init(&op, weft_heap());
        must(diff_counted(ROWS[i].before, strlen(ROWS[i].before), ROWS[i].after,
                          strlen(ROWS[i].after), &op, &steps));
        assert_int_equal(steps, ROWS[i].steps);
        weft_op_done(&op);
    }
}

/* The same rows are in tests/web/diff.test.mjs. */
static void large_results_are_exact(void **state)
{
    (void)state;
    static const struct {
        struct golden texts;
        uint64_t steps;
        size_t parts;
        uint32_t sum;
    } ROWS[] = {
        {{'a', 20, 60, 30, 3000}, 5211785, 7295, 1566351062u},
        {{'a', 20, 8, 40, 3000}, 8849717, 11981, 4205149867u},
        {{'a', 2, 12, 10, 6000}, 18356891, 41740, 971853485u},
        {{'a', 3, 3, 50, 4000}, 4248371, 3, 3178434478u},
        {{'a', 26, 400, 5, 3000}, 6045091, 4668, 571871575u},
        {{'a', 1, 30, 20, 3000}, 14197152, 13446, 1671690980u},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct cps side[2] = {{0}, {0}};
        golden_texts(&ROWS[i].texts, ROWS[i].texts.letters, side);
        size_t len[2];
        char *utf8[2] = {cps_utf8(&side[0], &len[0]), cps_utf8(&side[1], &len[1])};
        struct weft_op op;
        uint64_t steps;
        size_t parts;
        weft_op_init(&op, weft_heap());
        must(diff_counted(utf8[0], len[0], utf8[1], len[1], &op, &steps));
        (void)weft_op_parts(&op, &parts);
        assert_int_equal(steps, ROWS[i].steps);
        assert_int_equal(parts, ROWS[i].parts);
        assert_int_equal(golden_sum(GOLDEN_SUM_START, &op), ROWS[i].sum);
        weft_op_done(&op);
        for (size_t k = 0; k < 2; k++) {
            free(utf8[k]);
            cps_done(&side[k]);
        }
    }
}

/* Half of two texts of two letters agrees by chance: each cut is worth it, until the steps are used
 * up. Runs of one letter are walked on every diagonal. */
static void steps_are_bounded(void **state)
{
    (void)state;
    struct rng r = rng_of(rng_seed());
    struct pair p = {.a = some_text(&r, 1, 600000), .b = some_text(&r, 1, 600000)};
    assert_in_range(large_case(&p), 600000, 1200000 - 10000);

    p = (struct pair){.a = some_text(&r, 3, 4000), .b = some_text(&r, 3, 4000)};
    for (size_t i = 0; i < 500000; i++) {
        cps_push(&p.a, 'a');
        cps_push(&p.b, 'a');
    }
    for (size_t i = 0; i < 4000; i++) {
        cps_push(&p.a, 'a' + (uint32_t)rng_below(&r, 26));
        cps_push(&p.b, 'a' + (uint32_t)rng_below(&r, 26));
    }
    (void)large_case(&p);
}

/* An operation has no more components than it may: the last change takes all the rest. */
static void changes_are_bounded(void **state)
{
    (void)state;
    struct pair p = {0};
    for (uint32_t i = 0; i < DIFF_HUNKS_MAX + 100; i++) {
        for (uint32_t digit = 1; digit < 10000000; digit *= 10) {
            cps_push(&p.a, '0' + i / digit % 10);
            cps_push(&p.b, '0' + i / digit % 10);
        }
        cps_push(&p.a, '\n');
        cps_push(&p.a, 'a');
        cps_push(&p.b, '\n');
        cps_push(&p.b, 'b');
        cps_push(&p.a, '\n');
        cps_push(&p.b, '\n');
    }
    /* 100 places of 10 code points are replaced whole, and DIFF_HUNKS_MAX letters */
    assert_in_range(large_case(&p), 2 * DIFF_HUNKS_MAX + 1900, 2 * DIFF_HUNKS_MAX + 2100);
}

/* --- memory --- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const uint32_t FIRST[2] = {'a', 0x1f600};
    for (size_t i = 0; i < 2; i++) {
        struct rng r = rng_of(rng_seed());
        struct pair p = {0};
        for (int k = 0; k < 100; k++) {
            put_lines(&r, &p, FIRST[i], 100, 0);
            put_one_sided(&r, &p, k % 2, FIRST[i], 60);
        }
        size_t len[2];
        char *utf8[2] = {cps_utf8(&p.a, &len[0]), cps_utf8(&p.b, &len[1])};
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
                assert_true(n > 8); /* each kind of memory it can need was refused */
                break;
            }
            assert_int_equal(err, WEFT_ENOMEM);
        }
        free(utf8[0]);
        free(utf8[1]);
        cps_done(&p.a);
        cps_done(&p.b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fewest_edits),
        cmocka_unit_test(every_pair_of_short_texts),
        cmocka_unit_test(edits_far_apart_are_found_exactly),
        cmocka_unit_test(a_change_in_every_line),
        cmocka_unit_test(edits_between_large_insertions),
        cmocka_unit_test(sentences_between_changed_lines),
        cmocka_unit_test(nothing_in_common),
        cmocka_unit_test(ways_that_pass_one_another),
        cmocka_unit_test(steps_are_exact),
        cmocka_unit_test(large_results_are_exact),
        cmocka_unit_test(steps_are_bounded),
        cmocka_unit_test(changes_are_bounded),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
