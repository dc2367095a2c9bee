/* Two histories past each other in place: whatever they are made of, the result is, component by
 * component, that of one weft_op_transform() after the other. WEFT_SEED and WEFT_CASES choose what
 * is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <weft/op.h>

#include "base/limits.h"
#include "ot/transform.h"
#include "support/faulty.h"
#include "support/gen.h"

enum { LIST_MOST = 80 };

static void must(int err)
{
    assert_int_equal(err, 0);
}

/* Two histories from one document. */
struct grid {
    struct weft_op a[LIST_MOST], b[LIST_MOST];
    size_t a_len, b_len;
};

static void grid_init(struct grid *g, const struct weft_alloc *alloc)
{
    *g = (struct grid){0};
    for (size_t i = 0; i < LIST_MOST; i++) {
        weft_op_init(&g->a[i], alloc);
        weft_op_init(&g->b[i], alloc);
    }
}

static void grid_done(struct grid *g)
{
    for (size_t i = 0; i < LIST_MOST; i++) {
        weft_op_done(&g->a[i]);
        weft_op_done(&g->b[i]);
    }
}

static void grid_copy(struct grid *to, const struct grid *from)
{
    to->a_len = from->a_len;
    to->b_len = from->b_len;
    for (size_t i = 0; i < from->a_len; i++)
        must(weft_op_copy(&to->a[i], &from->a[i]));
    for (size_t i = 0; i < from->b_len; i++)
        must(weft_op_copy(&to->b[i], &from->b[i]));
}

static bool grid_equal(const struct grid *x, const struct grid *y)
{
    bool same = x->a_len == y->a_len && x->b_len == y->b_len;
    for (size_t i = 0; same && i < x->a_len; i++)
        same = weft_op_equal(&x->a[i], &y->a[i]) && weft_op_check(&x->a[i]);
    for (size_t i = 0; same && i < x->b_len; i++)
        same = weft_op_equal(&x->b[i], &y->b[i]) && weft_op_check(&x->b[i]);
    return same;
}

/* By the book: every pair, one call for each side. */
static int slowly(struct grid *g)
{
    struct weft_op x, y;
    int err = 0;
    weft_op_init(&x, weft_heap());
    weft_op_init(&y, weft_heap());
    for (size_t i = 0; i < g->b_len; i++) {
        for (size_t k = 0; err == 0 && k < g->a_len; k++) {
            err = weft_op_transform(&g->a[k], &g->b[i], WEFT_LEFT, &x);
            if (err == 0)
                err = weft_op_transform(&g->b[i], &g->a[k], WEFT_RIGHT, &y);
            if (err == 0)
                err = weft_op_copy(&g->a[k], &x);
            if (err == 0)
                err = weft_op_copy(&g->b[i], &y);
        }
    }
    weft_op_done(&x);
    weft_op_done(&y);
    return err;
}

static void edit_at(struct weft_op *op, size_t pos_cp, const char *text, size_t bytes, size_t del)
{
    weft_op_clear(op);
    must(weft_op_retain(op, pos_cp));
    must(weft_op_insert(op, text, bytes));
    must(weft_op_delete(op, del));
}

/* What the next operation of a history may be: mostly an edit at one place, sometimes a
 * replacement, nothing, or anything at all. */
static void gen_edit(struct rng *r, size_t doc_cp, bool plain, struct weft_op *op)
{
    char text[4 * 40] = "";
    const size_t kind = rng_below(r, 100);
    const size_t pos_cp = rng_below(r, doc_cp + 1);
    const size_t del_most = doc_cp - pos_cp < 6 ? doc_cp - pos_cp : 6;
    if (kind < 50)
        edit_at(op, pos_cp, text, rng_text(r, text, rng_between(r, 1, kind < 2 ? 40 : 3)), 0);
    else if (plain || kind < 90)
        edit_at(op, pos_cp, text, 0, rng_below(r, del_most + 1));
    else if (kind < 95)
        edit_at(op, pos_cp, text, rng_text(r, text, 1), del_most);
    else
        gen_op(r, doc_cp, 6, op);
}

static void gen_list(struct rng *r, size_t doc_cp, bool plain, struct weft_op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        gen_edit(r, doc_cp, plain, &ops[i]);
        doc_cp = (size_t)((int64_t)doc_cp + weft_op_delta(&ops[i]));
    }
}

static void report(uint64_t seed, const struct grid *before, const struct grid *want,
                   const struct grid *got)
{
    struct named_op list[6 * LIST_MOST + 1] = {{NULL, NULL}};
    const struct grid *const grids[3] = {before, want, got};
    static const char *const NAMES[3][2] = {
        {"a", "b"}, {"a one by one", "b one by one"}, {"a as a list", "b as a list"}};
    size_t n = 0;
    for (size_t g = 0; g < 3; g++) {
        for (size_t i = 0; i < grids[g]->a_len; i++)
            list[n++] = (struct named_op){NAMES[g][0], &grids[g]->a[i]};
        for (size_t i = 0; i < grids[g]->b_len; i++)
            list[n++] = (struct named_op){NAMES[g][1], &grids[g]->b[i]};
    }
    gen_report("lists pass each other as their pairs do", seed, NULL, list);
    fail();
}

static void play(uint64_t seed, struct grid *g, struct grid *want)
{
    struct grid *before = calloc(1, sizeof *before);
    assert_non_null(before);
    grid_init(before, weft_heap());
    grid_copy(before, g);
    grid_copy(want, g);
    must(slowly(want));
    must(weft_op_transform_lists(g->a, g->a_len, g->b, g->b_len));
    if (!grid_equal(g, want))
        report(seed, before, want, g);
    grid_done(before);
    free(before);
}

static void lists_pass_as_their_pairs_do(void **state)
{
    (void)state;
    static struct grid g, want;
    const size_t cases = rng_cases(6000);
    for (size_t i = 0; i < cases; i++) {
        struct rng r = rng_of(rng_seed() + i);
        const bool plain = rng_chance(&r, 60);
        const size_t most = rng_chance(&r, 5) ? LIST_MOST : 7;
        const size_t doc_cp = rng_below(&r, 40);
        grid_init(&g, weft_heap());
        grid_init(&want, weft_heap());
        g.a_len = rng_below(&r, most + 1);
        g.b_len = rng_below(&r, most + 1);
        gen_list(&r, doc_cp, plain, g.a, g.a_len);
        gen_list(&r, doc_cp, plain, g.b, g.b_len);
        play(rng_seed() + i, &g, &want);
        grid_done(&g);
        grid_done(&want);
    }
}

/* --- each pair and each triple of edits at one place --- */

enum { SCOPE_CP = 5, SCOPE_MOST = 64 };

/* All inserts of one or two and all deletes on a document of doc_cp code points. */
static size_t all_edits(size_t doc_cp, char label, struct weft_op *ops)
{
    const char text[2] = {label, (char)(label + 1)};
    size_t n = 0;
    for (size_t pos_cp = 0; pos_cp <= doc_cp; pos_cp++) {
        for (size_t k = 0; k <= 2; k++) {
            weft_op_init(&ops[n], weft_heap());
            edit_at(&ops[n++], pos_cp, text, k, 0);
        }
        for (size_t k = 1; k <= doc_cp - pos_cp; k++) {
            weft_op_init(&ops[n], weft_heap());
            edit_at(&ops[n++], pos_cp, text, 0, k);
        }
    }
    assert_true(n <= SCOPE_MOST);
    return n;
}

static void two_past_one(const struct weft_op *a1, const struct weft_op *a2,
                         const struct weft_op *b, struct grid *g, struct grid *want)
{
    for (int turn = 0; turn < 2; turn++) { /* as the short list and as the long one */
        struct weft_op *two = turn == 0 ? g->a : g->b;
        struct weft_op *one = turn == 0 ? g->b : g->a;
        g->a_len = turn == 0 ? 2 : 1;
        g->b_len = turn == 0 ? 1 : 2;
        must(weft_op_copy(&two[0], a1));
        must(weft_op_copy(&two[1], a2));
        must(weft_op_copy(&one[0], b));
        play(0, g, want);
    }
}

static void every_two_edits_past_one(void **state)
{
    (void)state;
    static struct grid g, want;
    static struct weft_op as[SCOPE_MOST], bs[SCOPE_MOST], more[SCOPE_MOST];
    size_t played = 0;
    grid_init(&g, weft_heap());
    grid_init(&want, weft_heap());
    for (size_t doc_cp = 0; doc_cp <= 4; doc_cp++) {
        const size_t a_len = all_edits(doc_cp, 'A', as);
        const size_t b_len = all_edits(doc_cp, 'P', bs);
        for (size_t i = 0; i < a_len; i++) {
            size_t mid_cp = (size_t)((int64_t)doc_cp + weft_op_delta(&as[i]));
            const size_t more_len = all_edits(mid_cp, 'C', more);
            for (size_t k = 0; k < more_len; k++)
                for (size_t m = 0; m < b_len; m++, played++)
                    two_past_one(&as[i], &more[k], &bs[m], &g, &want);
        }
    }
    grid_done(&g);
    grid_done(&want);
    assert_true(played > 10000);
}

/* --- single pairs --- */

/* The arithmetic on sums against the walk over parts, on both sides, and the pair in place. */
static void closed_form_is_the_walk(uint64_t seed, const struct weft_op *a, const struct weft_op *b)
{
    struct weft_op fast, parts, x, y;
    struct weft_op *const all[4] = {&fast, &parts, &x, &y};
    for (size_t i = 0; i < 4; i++)
        weft_op_init(all[i], weft_heap());
    must(weft_op_copy(&x, a));
    must(weft_op_copy(&y, b));
    must(weft_op_transform_pair(&x, &y));
    for (int side = WEFT_LEFT; side <= WEFT_RIGHT; side++) {
        const struct weft_op *in_place = side == WEFT_LEFT ? &x : &y;
        const struct weft_op *from = side == WEFT_LEFT ? a : b;
        const struct weft_op *over = side == WEFT_LEFT ? b : a;
        must(weft_op_transform(from, over, (enum weft_side)side, &fast));
        must(op_transform_parts(from, over, (enum weft_side)side, &parts));
        bool same = weft_op_check(&fast) && weft_op_check(in_place) &&
                    weft_op_equal(&fast, in_place) && fast.parts_len_ == parts.parts_len_;
        size_t n;
        const struct weft_part *got = weft_op_parts(&fast, &n);
        for (size_t i = 0; same && i < n; i++) {
            const struct weft_part *want = &weft_op_parts(&parts, &n)[i];
            same = got[i].kind == want->kind && got[i].len_cp == want->len_cp &&
                   got[i].len_bytes == want->len_bytes;
        }
        if (!same) {
            gen_report("a single edit is moved as the walk moves it", seed, NULL,
                       (const struct named_op[]){{"a", a},
                                                 {"b", b},
                                                 {"transform", &fast},
                                                 {"in place", in_place},
                                                 {NULL, NULL}});
            fail();
        }
    }
    for (size_t i = 0; i < 4; i++)
        weft_op_done(all[i]);
}

static void every_pair_of_edits(void **state)
{
    (void)state;
    static struct weft_op as[SCOPE_MOST], bs[SCOPE_MOST];
    for (size_t doc_cp = 0; doc_cp <= SCOPE_CP; doc_cp++) {
        const size_t a_len = all_edits(doc_cp, 'A', as);
        const size_t b_len = all_edits(doc_cp, 'P', bs);
        for (size_t i = 0; i < a_len; i++)
            for (size_t k = 0; k < b_len; k++)
                closed_form_is_the_walk(0, &as[i], &bs[k]);
    }
}

static void random_pairs(void **state)
{
    (void)state;
    const size_t cases = rng_cases(60000);
    struct weft_op a, b;
    weft_op_init(&a, weft_heap());
    weft_op_init(&b, weft_heap());
    for (size_t i = 0; i < cases; i++) {
        struct rng r = rng_of(rng_seed() + i);
        const size_t doc_cp = rng_chance(&r, 5) ? CP_MAX - 200 : rng_below(&r, 30);
        gen_edit(&r, doc_cp, rng_chance(&r, 80), &a);
        gen_edit(&r, doc_cp, rng_chance(&r, 80), &b);
        closed_form_is_the_walk(rng_seed() + i, &a, &b);
    }
    weft_op_done(&a);
    weft_op_done(&b);
}

/* --- failing --- */

/* Near the largest document: the same refusal as one by one, and nothing changed. */
static void what_no_document_holds_is_refused(void **state)
{
    (void)state;
    static struct grid g, want, before;
    size_t refused = 0, passed = 0;
    const size_t cases = rng_cases(2000);
    for (size_t i = 0; i < cases; i++) {
        struct rng r = rng_of(rng_seed() + i);
        const size_t doc_cp = CP_MAX - rng_below(&r, 30);
        grid_init(&g, weft_heap());
        grid_init(&want, weft_heap());
        grid_init(&before, weft_heap());
        g.a_len = rng_between(&r, 1, 4);
        g.b_len = rng_between(&r, 1, 4);
        for (int side = 0; side < 2; side++) {
            struct weft_op *ops = side == 0 ? g.a : g.b;
            for (size_t k = 0; k < (side == 0 ? g.a_len : g.b_len); k++) {
                /* Deletes first make room, so that some get through. */
                bool drops = k == 0 && rng_chance(&r, 50);
                size_t pos_cp = doc_cp - 8 - rng_below(&r, 8);
                edit_at(&ops[k], pos_cp, "abcdefgh", drops ? 0 : rng_between(&r, 1, 8),
                        drops ? rng_between(&r, 1, 8) : 0);
            }
        }
        grid_copy(&before, &g);
        grid_copy(&want, &g);
        const int slow = slowly(&want);
        const int err = weft_op_transform_lists(g.a, g.a_len, g.b, g.b_len);
        assert_int_equal(err, slow);
        if (err != 0)
            assert_int_equal(err, WEFT_ELIMIT);
        assert_true(grid_equal(&g, err == 0 ? &want : &before));
        refused += err != 0;
        passed += err == 0;
        grid_done(&g);
        grid_done(&want);
        grid_done(&before);
    }
    assert_true(cases < 100 || (refused > 0 && passed > 0));
}

/* Splits, operations that are kept whole, and more of them than lie on the stack. */
static void without_memory_nothing_changes(void **state)
{
    (void)state;
    static struct grid g, want, before;
    for (long n = 0;; n++) {
        struct faulty f;
        struct rng r = rng_of(rng_seed());
        faulty_init(&f, -1);
        grid_init(&g, &f.alloc);
        grid_init(&want, weft_heap());
        grid_init(&before, weft_heap());
        g.a_len = 33;
        g.b_len = 34;
        gen_list(&r, 60, false, g.a, g.a_len);
        gen_list(&r, 60, false, g.b, g.b_len);
        edit_at(&g.a[0], 0, "", 0, 60); /* b writes into it again and again */
        for (size_t i = 1; i < g.a_len; i++)
            edit_at(&g.a[i], 0, "x", 1, 0);
        op_of(&g.a[2], "'p' 1 'q' 1 'r' 1 's' 1 't' 1 'u'"); /* more parts than the struct has */
        op_of(&g.b[0], "1 'y' 1 -3 1 -3 1 -3 1 -3");
        gen_list(&r, 49, false, g.b + 1, g.b_len - 1);
        grid_copy(&before, &g);
        grid_copy(&want, &g);
        must(slowly(&want));
        f.fail_at = f.requests + n;
        int err = weft_op_transform_lists(g.a, g.a_len, g.b, g.b_len);
        bool over = f.requests <= f.fail_at;
        assert_int_equal(err, over ? 0 : WEFT_ENOMEM);
        assert_true(grid_equal(&g, over ? &want : &before));
        grid_done(&g);
        grid_done(&want);
        grid_done(&before);
        assert_int_equal(f.live_blocks, 0);
        if (over)
            break;
    }
}

/* A pair with more parts than lie in the struct, and one whose results have more. */
static void a_pair_without_memory_stays(void **state)
{
    (void)state;
    static const char *const PAIRS[][2] = {
        {"-9", "1 'a' 1 'b' 1 'c' 1 'd'"},
        {"1 'a' 1 'b' 1 'c' 1 'd'", "-9"},
        {"1 'a' 1 'b' 1 'c' -5 1 'd'", "2 -1 3 'x' 1 -2 'y'"},
    };
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        for (long n = 0, over = 0; !over; n++) {
            struct faulty f;
            struct weft_op op[4], want[2];
            faulty_init(&f, -1);
            for (size_t k = 0; k < 2; k++) {
                weft_op_init(&op[k], &f.alloc);
                weft_op_init(&op[2 + k], weft_heap());
                weft_op_init(&want[k], weft_heap());
                op_of(&op[k], PAIRS[i][k]);
                op_of(&op[2 + k], PAIRS[i][k]);
            }
            must(weft_op_transform(&op[0], &op[1], WEFT_LEFT, &want[0]));
            must(weft_op_transform(&op[1], &op[0], WEFT_RIGHT, &want[1]));
            f.fail_at = f.requests + n;
            int err = weft_op_transform_pair(&op[0], &op[1]);
            over = f.requests <= f.fail_at;
            assert_int_equal(err, over ? 0 : WEFT_ENOMEM);
            for (size_t k = 0; k < 2; k++) {
                assert_true(weft_op_equal(&op[k], over ? &want[k] : &op[2 + k]));
                weft_op_done(&op[k]);
                weft_op_done(&op[2 + k]);
                weft_op_done(&want[k]);
            }
            assert_int_equal(f.live_blocks, 0);
        }
    }
}

static void few_single_edits_need_no_memory(void **state)
{
    (void)state;
    static struct grid g;
    struct faulty f;
    faulty_init(&f, 0);
    grid_init(&g, &f.alloc);
    g.a_len = 16;
    g.b_len = 16;
    for (size_t i = 0; i < 16; i++) {
        edit_at(&g.a[i], i, "a", 1, 0);
        edit_at(&g.b[i], 3, "", 0, 1);
    }
    must(weft_op_transform_lists(g.a, g.a_len, g.b, g.b_len));
    must(weft_op_transform_lists(g.a, g.a_len, g.b, 0));
    must(weft_op_transform_lists(g.a, 0, g.b, g.b_len));
    must(weft_op_transform_pair(&g.a[0], &g.b[0]));
    assert_int_equal(f.requests, 0);
    grid_done(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_edits),
        cmocka_unit_test(random_pairs),
        cmocka_unit_test(every_two_edits_past_one),
        cmocka_unit_test(lists_pass_as_their_pairs_do),
        cmocka_unit_test(what_no_document_holds_is_refused),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(a_pair_without_memory_stays),
        cmocka_unit_test(few_single_edits_need_no_memory),
    };
    return cmocka_run_group_tests_name("pairs and lists", tests, NULL, NULL);
}
