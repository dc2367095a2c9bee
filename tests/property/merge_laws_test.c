/* The laws of merging (docs/operations.md, 1 to 6) as properties of random cases, each also compared
 * with the model of support/gen.h. A case that breaks one is made smaller and printed.
 * tests/property/small_scope_test.c goes through all small cases, laws_test.c has law 7.
 * WEFT_SEED and WEFT_CASES choose what is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <weft/op.h>

#include "base/utf8.h"
#include "support/rng.h"
#include "support/script.h"

enum { HISTORY_MOST = 64, REVS_MOST = 12, SPARES = 8, LEVELS = 16 };

/* What every case works with; memory is kept from one to the next. */
static struct {
    struct weft_op ops[SCRIPT_OPS_MOST];
    struct weft_op op[SPARES];
    struct weft_op half[LEVELS][2]; /* while composing with brackets */
    struct model model[4];
    struct cps doc, want;
    struct cps docs[REVS_MOST + 1];
    char *utf8;
    size_t utf8_cap;
} its;

static void must(int err)
{
    if (err != 0)
        fail_msg("error %d (%s) where none can be", err, weft_error_text(err));
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCRIPT_OPS_MOST; i++)
        weft_op_init(&its.ops[i], weft_heap());
    for (size_t i = 0; i < SPARES; i++)
        weft_op_init(&its.op[i], weft_heap());
    for (size_t i = 0; i < LEVELS; i++)
        for (size_t k = 0; k < 2; k++)
            weft_op_init(&its.half[i][k], weft_heap());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCRIPT_OPS_MOST; i++)
        weft_op_done(&its.ops[i]);
    for (size_t i = 0; i < SPARES; i++)
        weft_op_done(&its.op[i]);
    for (size_t i = 0; i < LEVELS; i++)
        for (size_t k = 0; k < 2; k++)
            weft_op_done(&its.half[i][k]);
    for (size_t i = 0; i < 4; i++)
        model_done(&its.model[i]);
    for (size_t i = 0; i <= REVS_MOST; i++)
        cps_done(&its.docs[i]);
    cps_done(&its.doc);
    cps_done(&its.want);
    free(its.utf8);
    return 0;
}

static size_t put_utf8(const struct cps *t)
{
    if (its.utf8_cap < 4 * t->len + 1) {
        its.utf8_cap = 8 * t->len + 64;
        its.utf8 = realloc(its.utf8, its.utf8_cap);
        assert_non_null(its.utf8);
    }
    size_t len = 0;
    for (size_t i = 0; i < t->len; i++)
        len += utf8_put(its.utf8 + len, t->cp[i]);
    return len;
}

static struct weft_text *text_of(const struct cps *t)
{
    struct weft_text *text;
    size_t len = put_utf8(t);
    must(weft_text_from(weft_heap(), its.utf8, len, &text));
    return text;
}

/* Whether the text is this one; frees it. */
static bool came_to(struct weft_text *text, const struct cps *want)
{
    size_t len = put_utf8(want);
    bool same = weft_text_equal(text, its.utf8, len) && weft_text_size(text).cp == want->len &&
                weft_text_check(text);
    weft_text_free(text);
    return same;
}

static bool is_model(const struct weft_op *op, const struct model *m)
{
    model_to_op(m, &its.op[SPARES - 1]);
    return weft_op_check(op) && weft_op_equal(op, &its.op[SPARES - 1]);
}

static size_t length_after(size_t doc_cp, const struct weft_op *op)
{
    return (size_t)((int64_t)doc_cp + weft_op_delta(op));
}

static void prove(const struct script_kind *kind, size_t cases, bool (*play)(const struct script *),
                  const char *what)
{
    const size_t n = rng_cases(cases);
    const size_t held = script_play(kind, n, play);
    if (held < n)
        fail_msg("case %zu of %zu broke a law; it is printed above", held + 1, n);
    assert_true(rng_proved(held, cases, what));
}

/* --- law 1: both orders of two concurrent operations give one text --- */

static bool play_tp1(const struct script *s)
{
    struct weft_op *a = &its.op[0], *b = &its.op[1], *a2 = &its.op[2], *b2 = &its.op[3];
    script_doc(s, &its.doc);
    script_op(s, 0, its.doc.len, a);
    script_op(s, 1, its.doc.len, b);
    must(weft_op_transform(a, b, WEFT_LEFT, a2));
    must(weft_op_transform(b, a, WEFT_RIGHT, b2));
    model_of(a, its.doc.len, &its.model[0]);
    model_of(b, its.doc.len, &its.model[1]);
    model_merge(&its.model[0], &its.model[1], &its.doc, &its.want);
    struct weft_text *a_then_b = text_of(&its.doc);
    struct weft_text *b_then_a = text_of(&its.doc);
    bool fits = weft_op_apply(a, a_then_b) == 0 && weft_op_apply(b2, a_then_b) == 0 &&
                weft_op_apply(b, b_then_a) == 0 && weft_op_apply(a2, b_then_a) == 0;
    bool one = came_to(a_then_b, &its.want);
    bool two = came_to(b_then_a, &its.want);
    return SCRIPT_LAW(s, fits && one && two,
                      !fits  ? "a transformed operation fits the document the other one left"
                      : !one ? "law 1: a, then b' give what the model says"
                             : "law 1: b, then a' give what the model says",
                      {"a", a}, {"b", b}, {"a' = transform(a, b, LEFT)", a2},
                      {"b' = transform(b, a, RIGHT)", b2});
}

static void law_1_both_orders_give_one_text(void **state)
{
    (void)state;
    prove(&(struct script_kind){2, 2, false}, 1000000, play_tp1,
          "pairs of concurrent operations lead to one text in both orders (law 1)");
}

static bool play_transform(const struct script *s)
{
    struct weft_op *a = &its.op[0], *b = &its.op[1], *got = &its.op[2];
    script_op(s, 0, s->doc_cp, a);
    script_op(s, 1, s->doc_cp, b);
    model_of(a, s->doc_cp, &its.model[0]);
    model_of(b, s->doc_cp, &its.model[1]);
    for (int side = WEFT_LEFT; side <= WEFT_RIGHT; side++) {
        model_transform(&its.model[0], &its.model[1], (enum weft_side)side, &its.model[2]);
        must(weft_op_transform(a, b, (enum weft_side)side, got));
        if (!SCRIPT_LAW(
                s, is_model(got, &its.model[2]), "transform does what the model does", {"a", a},
                {"b", b},
                {side == WEFT_LEFT ? "transform(a, b, LEFT)" : "transform(a, b, RIGHT)", got},
                {"the model", &its.op[SPARES - 1]}))
            return false;
    }
    return true;
}

static void transform_agrees_with_the_model(void **state)
{
    (void)state;
    prove(&(struct script_kind){2, 2, false}, 200000, play_transform,
          "pairs transformed, to both sides, as the model does, component by component");
}

/* --- law 2: composing --- */

static bool play_compose(const struct script *s)
{
    struct weft_op *a = &its.op[0], *b = &its.op[1], *c = &its.op[2], *ab = &its.op[3],
                   *bc = &its.op[4], *left = &its.op[5], *right = &its.op[6];
    script_doc(s, &its.doc);
    script_op(s, 0, its.doc.len, a);
    size_t mid_cp = length_after(its.doc.len, a);
    script_op(s, 1, mid_cp, b);
    script_op(s, 2, length_after(mid_cp, b), c);
    must(weft_op_compose(a, b, ab));
    model_of(a, its.doc.len, &its.model[0]);
    model_of(b, mid_cp, &its.model[1]);
    model_apply(&its.model[0], &its.doc, &its.docs[0]);
    model_apply(&its.model[1], &its.docs[0], &its.want);
    struct weft_text *steps = text_of(&its.doc);
    struct weft_text *once = text_of(&its.doc);
    bool fits = weft_op_apply(a, steps) == 0 && weft_op_apply(b, steps) == 0 &&
                weft_op_apply(ab, once) == 0;
    bool by_steps = came_to(steps, &its.want);
    bool at_once = came_to(once, &its.want);
    if (!SCRIPT_LAW(s, by_steps, "apply does what the model does", {"a", a}, {"then b", b}) ||
        !SCRIPT_LAW(s, fits && at_once, "law 2: compose(a, b) does what a, then b do", {"a", a},
                    {"b", b}, {"compose(a, b)", ab}))
        return false;
    model_compose(&its.model[0], &its.model[1], &its.model[2]);
    if (!SCRIPT_LAW(s, is_model(ab, &its.model[2]), "compose does what the model does", {"a", a},
                    {"b", b}, {"compose(a, b)", ab}, {"the model", &its.op[SPARES - 1]}))
        return false;
    must(weft_op_compose(ab, c, left));
    must(weft_op_compose(b, c, bc));
    must(weft_op_compose(a, bc, right));
    if (!SCRIPT_LAW(s, weft_op_equal(left, right), "law 2: compose is associative", {"a", a},
                    {"b", b}, {"c", c}, {"(a b) c", left}, {"a (b c)", right}))
        return false;
    weft_op_clear(bc);
    must(weft_op_compose(a, bc, left));
    must(weft_op_compose(bc, a, right));
    return SCRIPT_LAW(s, weft_op_equal(a, left) && weft_op_equal(a, right),
                      "law 2: the identity is neutral on both sides", {"a", a},
                      {"compose(a, [])", left}, {"compose([], a)", right});
}

static void law_2_compose_is_exact_and_associative(void **state)
{
    (void)state;
    prove(&(struct script_kind){3, 3, false}, 200000, play_compose,
          "triples compose as the model does, with either bracket (law 2)");
}

/* --- law 3: undoing --- */

static bool play_invert(const struct script *s)
{
    struct weft_op *a = &its.op[0], *undo = &its.op[1];
    script_doc(s, &its.doc);
    script_op(s, 0, its.doc.len, a);
    struct weft_text *text = text_of(&its.doc);
    bool fits = weft_op_invert(a, text, undo) == 0 && weft_op_apply(a, text) == 0 &&
                weft_op_apply(undo, text) == 0;
    bool back = came_to(text, &its.doc);
    if (!SCRIPT_LAW(s, fits && back, "law 3: a, then invert(a) change nothing", {"a", a},
                    {"invert(a)", undo}))
        return false;
    model_of(a, its.doc.len, &its.model[0]);
    model_invert(&its.model[0], &its.doc, &its.model[1]);
    return SCRIPT_LAW(s, is_model(undo, &its.model[1]), "invert does what the model does", {"a", a},
                      {"invert(a)", undo}, {"the model", &its.op[SPARES - 1]});
}

static void law_3_invert_undoes(void **state)
{
    (void)state;
    prove(&(struct script_kind){1, 1, false}, 200000, play_invert,
          "operations undone, as the model does (law 3)");
}

/* --- law 4: merging over a composition is merging over its parts --- */

/* The operations as one, with random brackets. */
static void compose_somehow(struct rng *r, const struct weft_op *ops, size_t n, size_t level,
                            struct weft_op *ret)
{
    if (n == 1) {
        must(weft_op_copy(ret, &ops[0]));
        return;
    }
    /* Anywhere, but never deeper than there is room for. */
    bool deep = n > (size_t)1 << (LEVELS - 1 - level) / 2;
    size_t split = deep ? n / 2 : rng_between(r, 1, n - 1);
    if (level + 2 >= LEVELS)
        split = n / 2;
    struct weft_op *half = its.half[level];
    compose_somehow(r, ops, split, level + 1, &half[0]);
    compose_somehow(r, ops + split, n - split, level + 1, &half[1]);
    must(weft_op_compose(&half[0], &half[1], ret));
}

static bool tell_history(const struct script *s, const char *claim, size_t n,
                         const struct named_op *more)
{
    static char names[SCRIPT_OPS_MOST][32];
    struct named_op list[SCRIPT_OPS_MOST + 4] = {{NULL, NULL}};
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(names[i], sizeof names[i], "logged %zu", i + 1);
        list[i] = (struct named_op){names[i], &its.ops[i]};
    }
    for (size_t i = 0; more[i].name != NULL; i++)
        list[n + i] = more[i];
    return script_law(s, false, claim, list);
}

/* Merges x over all, a random number at a time; each range is composed with random brackets. */
static void merge_by_ranges(struct rng *r, size_t n, const struct weft_op *x, struct weft_op *ret)
{
    struct weft_op *range = &its.op[5], *next = &its.op[6];
    must(weft_op_copy(ret, x));
    for (size_t at = 0; at < n;) {
        size_t many = rng_between(r, 1, n - at);
        compose_somehow(r, its.ops + at, many, 0, range);
        must(weft_op_transform(ret, range, WEFT_LEFT, next));
        must(weft_op_copy(ret, next));
        at += many;
    }
}

static bool play_history(const struct script *s)
{
    struct rng r = rng_of(s->seed ^ s->n_ops);
    struct weft_op *x = &its.op[0], *one_by_one = &its.op[1], *ranged = &its.op[2],
                   *all = &its.op[3], *somehow = &its.op[4];
    const struct weft_op *list[SCRIPT_OPS_MOST];
    const size_t n = s->n_ops - 1u;
    size_t doc_cp = s->doc_cp;
    script_op(s, 0, doc_cp, x);
    for (size_t i = 0; i < n; i++) {
        script_op(s, i + 1, doc_cp, &its.ops[i]);
        doc_cp = length_after(doc_cp, &its.ops[i]);
        list[i] = &its.ops[i];
    }
    must(weft_op_copy(one_by_one, x));
    for (size_t i = 0; i < n; i++) {
        must(weft_op_transform(one_by_one, list[i], WEFT_LEFT, somehow));
        must(weft_op_copy(one_by_one, somehow));
    }
    merge_by_ranges(&r, n, x, ranged);
    if (!weft_op_equal(one_by_one, ranged))
        return tell_history(
            s, "law 4: by ranges == one by one", n,
            (const struct named_op[]){
                {"x", x}, {"x one by one", one_by_one}, {"x by ranges", ranged}, {NULL, NULL}});
    must(weft_op_compose_all(list, n, all));
    compose_somehow(&r, its.ops, n, 0, somehow);
    if (!weft_op_equal(all, somehow))
        return tell_history(s, "law 2: any bracketing composes to one operation", n,
                            (const struct named_op[]){{"compose_all", all},
                                                      {"with random brackets", somehow},
                                                      {NULL, NULL}});
    must(weft_op_transform(x, all, WEFT_LEFT, ranged));
    if (!weft_op_equal(one_by_one, ranged))
        return tell_history(s, "law 4: over all composed == one by one", n,
                            (const struct named_op[]){{"x", x},
                                                      {"x one by one", one_by_one},
                                                      {"all composed", all},
                                                      {"x over all composed", ranged},
                                                      {NULL, NULL}});
    return true;
}

static void law_4_ranges_merge_like_single_steps(void **state)
{
    (void)state;
    prove(&(struct script_kind){3, HISTORY_MOST + 1, true}, 60000, play_history,
          "histories of 2 to 64 operations merged by ranges as one by one (laws 4 and 2)");
}

/* --- law 5: positions --- */

static bool play_position(const struct script *s)
{
    struct weft_op *a = &its.op[0], *b = &its.op[1], *ab = &its.op[2];
    const size_t doc_cp = s->doc_cp;
    script_op(s, 0, doc_cp, a);
    const size_t mid_cp = length_after(doc_cp, a);
    script_op(s, 1, mid_cp, b);
    must(weft_op_compose(a, b, ab));
    model_of(a, doc_cp, &its.model[0]);
    for (size_t gap = 0; gap <= doc_cp; gap++) {
        size_t left = weft_op_transform_position(a, gap, WEFT_LEFT);
        size_t right = weft_op_transform_position(a, gap, WEFT_RIGHT);
        size_t steps = weft_op_transform_position(b, left, WEFT_LEFT);
        bool as_model = left == model_position(&its.model[0], gap, WEFT_LEFT) &&
                        right == model_position(&its.model[0], gap, WEFT_RIGHT) && left <= right &&
                        right <= mid_cp;
        bool as_steps = weft_op_transform_position(ab, gap, WEFT_LEFT) == steps;
        if (as_model && as_steps)
            continue;
        char claim[120];
        (void)snprintf(claim, sizeof claim,
                       as_model ? "law 5: position %zu over compose(a, b) == over a, then over b"
                                : "position %zu moves over a as in the model, inside the text",
                       gap);
        return SCRIPT_LAW(s, false, claim, {"a", a}, {"b", b}, {"compose(a, b)", ab});
    }
    return true;
}

static void law_5_positions_follow_compositions(void **state)
{
    (void)state;
    prove(&(struct script_kind){2, 2, false}, 200000, play_position,
          "pairs moved every position of a document as the model does (law 5)");
}

/* --- law 6: nothing vanishes that its deleter had not seen --- */

static bool contains(const struct cps *t, uint32_t cp)
{
    for (size_t i = 0; i < t->len; i++)
        if (t->cp[i] == cp)
            return true;
    return false;
}

/* `before` became `after` by what an author wrote who had seen `seen`: gone is exactly what it saw
 * and deleted, and all it wrote is there. */
static bool is_fair(const struct cps *seen, const struct model *written, const struct cps *before,
                    const struct cps *after)
{
    for (size_t i = 0; i < before->len; i++) {
        bool deleted = false;
        for (size_t k = 0; k < seen->len; k++)
            deleted |= written->dead[k] && seen->cp[k] == before->cp[i];
        if (contains(after, before->cp[i]) == deleted)
            return false;
    }
    for (size_t i = 0; i < written->text.len; i++)
        if (!contains(after, written->text.cp[i]))
            return false;
    return true;
}

/* A log grows by operations whose authors are up to some revisions behind. Each code point is used
 * once in a case, so that a text shows what became of which. */
static bool play_log(const struct script *s)
{
    struct weft_op *written = &its.op[0], *merged = &its.op[1], *next = &its.op[2];
    uint32_t next_cp = 0x10000;
    its.docs[0].len = 0;
    for (size_t i = 0; i < s->doc_cp; i++)
        cps_push(&its.docs[0], next_cp++);
    for (size_t rev = 0; rev < s->n_ops; rev++) {
        const size_t base = rev - s->ops[rev].base % (rev + 1);
        script_op(s, rev, its.docs[base].len, written);
        model_of(written, its.docs[base].len, &its.model[0]);
        for (size_t i = 0; i < its.model[0].text.len; i++)
            its.model[0].text.cp[i] = next_cp++;
        model_to_op(&its.model[0], written);
        must(weft_op_copy(merged, written));
        for (size_t i = base; i < rev; i++) {
            must(weft_op_transform(merged, &its.ops[i], WEFT_LEFT, next));
            must(weft_op_copy(merged, next));
        }
        must(weft_op_copy(&its.ops[rev], merged));
        struct weft_text *text = text_of(&its.docs[rev]);
        must(weft_op_apply(merged, text));
        struct cps *after = &its.docs[rev + 1];
        size_t len;
        char *utf8 = malloc(weft_text_size(text).bytes + 1);
        assert_non_null(utf8);
        must(weft_text_copy(text, 0, weft_text_size(text).cp, utf8, weft_text_size(text).bytes,
                            &len));
        after->len = 0;
        cps_read(after, utf8, len);
        free(utf8);
        weft_text_free(text);
        if (!is_fair(&its.docs[base], &its.model[0], &its.docs[rev], after)) {
            char name[60];
            (void)snprintf(name, sizeof name, "written by one who had seen %zu of them", base);
            return tell_history(
                s, "law 6: gone is what the author saw and deleted; what it wrote is there", rev,
                (const struct named_op[]){{name, written}, {"as merged", merged}, {NULL, NULL}});
        }
    }
    return true;
}

static void law_6_unseen_text_stays(void **state)
{
    (void)state;
    prove(&(struct script_kind){2, REVS_MOST, false}, 40000, play_log,
          "logs of 2 to 12 operations by authors who lag: no unseen text is lost (law 6)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(law_1_both_orders_give_one_text),
        cmocka_unit_test(transform_agrees_with_the_model),
        cmocka_unit_test(law_2_compose_is_exact_and_associative),
        cmocka_unit_test(law_3_invert_undoes),
        cmocka_unit_test(law_4_ranges_merge_like_single_steps),
        cmocka_unit_test(law_5_positions_follow_compositions),
        cmocka_unit_test(law_6_unseen_text_stays),
    };
    return cmocka_run_group_tests_name("merge_laws", tests, set_up, tear_down);
}
