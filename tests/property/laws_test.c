/* The laws of operations (docs/operations.md) as properties of random cases. Every result is also
 * compared with the model of support/gen.h. tests/property/small_scope_test.c goes through all
 * small cases. WEFT_SEED and WEFT_CASES choose what is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <weft/op.h>

#include "support/gen.h"

enum { DOC_CP_MOST = 24, PIECES_MOST = 9, HISTORY_MOST = 64 };

#define NAMED(...) ((const struct named_op[]){__VA_ARGS__, {NULL, NULL}})

/* `holds`, or a report that a stranger can read. */
#define LAW(holds, claim, seed, doc, ...)                                                          \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            gen_report(claim, seed, doc, NAMED(__VA_ARGS__));                                      \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

static void must(int err)
{
    assert_int_equal(err, 0);
}

/* Each case has a seed of its own, so that one can be played alone. */
static void each_case(size_t usual, void (*play)(uint64_t seed))
{
    const size_t cases = rng_cases(usual);
    for (size_t i = 0; i < cases; i++)
        play(rng_seed() + i);
}

static void init_ops(struct weft_op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        weft_op_init(&ops[i], weft_heap());
}

static void done_ops(struct weft_op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        weft_op_done(&ops[i]);
}

/* Carries op out on the real document and on the model; both must agree. */
static struct cps apply(uint64_t seed, const struct cps *doc, const struct weft_op *op)
{
    size_t len;
    char *utf8 = cps_utf8(doc, &len);
    struct weft_text *text;
    must(weft_text_from(weft_heap(), utf8, len, &text));
    free(utf8);
    must(weft_op_apply(op, text));
    assert_true(weft_text_check(text));
    struct model m = model_of(op, doc->len);
    struct cps after = model_apply(&m, doc);
    model_done(&m);
    utf8 = cps_utf8(&after, &len);
    LAW(weft_text_equal(text, utf8, len), "apply does what the model does", seed, doc, {"op", op});
    free(utf8);
    weft_text_free(text);
    return after;
}

static bool same_as_model(const struct weft_op *op, struct model *m)
{
    struct weft_op expected;
    weft_op_init(&expected, weft_heap());
    model_to_op(m, &expected);
    bool same = weft_op_equal(op, &expected);
    weft_op_done(&expected);
    model_done(m);
    return same;
}

static size_t length_after(size_t doc_cp, const struct weft_op *op)
{
    return (size_t)((int64_t)doc_cp + weft_op_delta(op));
}

/* --- law 1: both orders of two concurrent operations give one text --- */

static void play_tp1(uint64_t seed)
{
    struct rng r = rng_of(seed);
    struct weft_op op[4];
    init_ops(op, 4);
    struct cps doc = gen_doc(&r, DOC_CP_MOST);
    gen_op(&r, doc.len, PIECES_MOST, &op[0]);
    gen_op(&r, doc.len, PIECES_MOST, &op[1]);
    must(weft_op_transform(&op[0], &op[1], WEFT_LEFT, &op[2]));
    must(weft_op_transform(&op[1], &op[0], WEFT_RIGHT, &op[3]));
    struct cps after_a = apply(seed, &doc, &op[0]);
    struct cps after_b = apply(seed, &doc, &op[1]);
    struct cps a_then_b = apply(seed, &after_a, &op[3]);
    struct cps b_then_a = apply(seed, &after_b, &op[2]);
    LAW(cps_equal(&a_then_b, &b_then_a), "law 1: a, then b' == b, then a'", seed, &doc,
        {"a", &op[0]}, {"b", &op[1]}, {"a' = transform(a, b, LEFT)", &op[2]},
        {"b' = transform(b, a, RIGHT)", &op[3]});
    cps_done(&doc);
    cps_done(&after_a);
    cps_done(&after_b);
    cps_done(&a_then_b);
    cps_done(&b_then_a);
    done_ops(op, 4);
}

static void law_1_both_orders_give_one_text(void **state)
{
    (void)state;
    each_case(30000, play_tp1);
}

/* --- law 2: composing --- */

static void play_compose(uint64_t seed)
{
    struct rng r = rng_of(seed);
    struct weft_op op[7];
    struct weft_op none;
    init_ops(op, 7);
    weft_op_init(&none, weft_heap());
    struct cps doc = gen_doc(&r, DOC_CP_MOST);
    gen_op(&r, doc.len, PIECES_MOST, &op[0]);
    struct cps mid = apply(seed, &doc, &op[0]);
    gen_op(&r, mid.len, PIECES_MOST, &op[1]);
    struct cps end = apply(seed, &mid, &op[1]);
    gen_op(&r, end.len, PIECES_MOST, &op[2]);
    must(weft_op_compose(&op[0], &op[1], &op[3]));
    struct cps once = apply(seed, &doc, &op[3]);
    LAW(cps_equal(&once, &end), "law 2: compose(a, b) does what a, then b do", seed, &doc,
        {"a", &op[0]}, {"b", &op[1]}, {"compose(a, b)", &op[3]});
    must(weft_op_compose(&op[3], &op[2], &op[4]));
    must(weft_op_compose(&op[1], &op[2], &op[5]));
    must(weft_op_compose(&op[0], &op[5], &op[6]));
    LAW(weft_op_equal(&op[4], &op[6]), "law 2: compose is associative", seed, &doc, {"a", &op[0]},
        {"b", &op[1]}, {"c", &op[2]}, {"(a b) c", &op[4]}, {"a (b c)", &op[6]});
    must(weft_op_compose(&op[0], &none, &op[5]));
    must(weft_op_compose(&none, &op[0], &op[6]));
    LAW(weft_op_equal(&op[0], &op[5]) && weft_op_equal(&op[0], &op[6]),
        "law 2: the identity is neutral on both sides", seed, &doc, {"a", &op[0]},
        {"compose(a, [])", &op[5]}, {"compose([], a)", &op[6]});
    cps_done(&doc);
    cps_done(&mid);
    cps_done(&end);
    cps_done(&once);
    done_ops(op, 7);
}

static void law_2_compose_is_exact_and_associative(void **state)
{
    (void)state;
    each_case(30000, play_compose);
}

/* --- law 3: undoing --- */

static void play_invert(uint64_t seed)
{
    struct rng r = rng_of(seed);
    struct weft_op op[2];
    init_ops(op, 2);
    struct cps doc = gen_doc(&r, DOC_CP_MOST);
    gen_op(&r, doc.len, PIECES_MOST, &op[0]);
    size_t len;
    char *utf8 = cps_utf8(&doc, &len);
    struct weft_text *text;
    must(weft_text_from(weft_heap(), utf8, len, &text));
    must(weft_op_invert(&op[0], text, &op[1]));
    must(weft_op_apply(&op[0], text));
    must(weft_op_apply(&op[1], text));
    LAW(weft_text_equal(text, utf8, len), "law 3: a, then invert(a) change nothing", seed, &doc,
        {"a", &op[0]}, {"invert(a)", &op[1]});
    struct model m = model_of(&op[0], doc.len);
    struct model inverse = model_invert(&m, &doc);
    LAW(same_as_model(&op[1], &inverse), "invert does what the model does", seed, &doc,
        {"a", &op[0]}, {"invert(a)", &op[1]});
    model_done(&m);
    weft_text_free(text);
    free(utf8);
    cps_done(&doc);
    done_ops(op, 2);
}

static void law_3_invert_undoes(void **state)
{
    (void)state;
    each_case(30000, play_invert);
}

/* --- law 4: merging over a composition is merging over its parts --- */

/* n operations that follow one another; returns the length of the document behind them. */
static size_t gen_history(struct rng *r, size_t doc_cp, struct weft_op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* Mostly edits as people make them, so that some of the long histories stay readable. */
        gen_op(r, doc_cp, rng_chance(r, 60) ? 3 : PIECES_MOST, &ops[i]);
        doc_cp = length_after(doc_cp, &ops[i]);
    }
    return doc_cp;
}

/* Composes with brackets set at random. */
static void compose_somehow(struct rng *r, const struct weft_op *ops, size_t n, struct weft_op *ret)
{
    if (n == 1) {
        must(weft_op_copy(ret, &ops[0]));
        return;
    }
    struct weft_op part[2];
    init_ops(part, 2);
    size_t split = rng_between(r, 1, n - 1);
    compose_somehow(r, ops, split, &part[0]);
    compose_somehow(r, ops + split, n - split, &part[1]);
    must(weft_op_compose(&part[0], &part[1], ret));
    done_ops(part, 2);
}

static void report_history(uint64_t seed, const char *claim, const struct weft_op *x,
                           const struct weft_op *ops, size_t n, const struct weft_op *stepwise,
                           const struct weft_op *ranged)
{
    struct named_op list[HISTORY_MOST + 4] = {{"x", x}};
    for (size_t i = 0; i < n; i++)
        list[1 + i] = (struct named_op){"logged", &ops[i]};
    list[n + 1] = (struct named_op){"x merged one by one", stepwise};
    list[n + 2] = (struct named_op){"x merged by ranges", ranged};
    gen_report(claim, seed, NULL, list);
    fail();
}

/* Merges x over ops, a random number at a time; each range is composed with random brackets. */
static void merge_by_ranges(struct rng *r, const struct weft_op *ops, size_t n, size_t range_most,
                            const struct weft_op *x, struct weft_op *ret)
{
    struct weft_op range;
    struct weft_op next;
    init_ops(&range, 1);
    init_ops(&next, 1);
    must(weft_op_copy(ret, x));
    for (size_t at = 0; at < n;) {
        size_t left = n - at;
        size_t many = rng_between(r, 1, left < range_most ? left : range_most);
        compose_somehow(r, ops + at, many, &range);
        must(weft_op_transform(ret, &range, WEFT_LEFT, &next));
        must(weft_op_copy(ret, &next));
        at += many;
    }
    weft_op_done(&range);
    weft_op_done(&next);
}

static void play_history(uint64_t seed)
{
    struct rng r = rng_of(seed);
    struct weft_op ops[HISTORY_MOST];
    struct weft_op m[5]; /* x, x one by one, x by ranges, x over all, all composed */
    const struct weft_op *list[HISTORY_MOST];
    const size_t n = rng_between(&r, 2, rng_chance(&r, 70) ? 8 : HISTORY_MOST);
    const size_t doc_cp = rng_below(&r, DOC_CP_MOST + 1);
    init_ops(ops, n);
    init_ops(m, 5);
    gen_op(&r, doc_cp, PIECES_MOST, &m[0]);
    gen_history(&r, doc_cp, ops, n);
    for (size_t i = 0; i < n; i++)
        list[i] = &ops[i];

    merge_by_ranges(&r, ops, n, 1, &m[0], &m[1]);
    merge_by_ranges(&r, ops, n, n, &m[0], &m[2]);
    if (!weft_op_equal(&m[1], &m[2]))
        report_history(seed, "law 4: by ranges == one by one", &m[0], ops, n, &m[1], &m[2]);
    must(weft_op_compose_all(list, n, &m[4]));
    must(weft_op_transform(&m[0], &m[4], WEFT_LEFT, &m[3]));
    if (!weft_op_equal(&m[1], &m[3]))
        report_history(seed, "law 4: over all composed == one by one", &m[0], ops, n, &m[1], &m[3]);
    compose_somehow(&r, ops, n, &m[3]);
    if (!weft_op_equal(&m[3], &m[4]))
        report_history(seed, "law 2: any bracketing composes to one operation", &m[0], ops, n,
                       &m[3], &m[4]);
    done_ops(ops, n);
    done_ops(m, 5);
}

static void law_4_ranges_merge_like_single_steps(void **state)
{
    (void)state;
    each_case(10000, play_history);
}

/* --- law 5: positions --- */

static void play_position(uint64_t seed)
{
    struct rng r = rng_of(seed);
    struct weft_op op[3];
    init_ops(op, 3);
    size_t doc_cp = rng_below(&r, DOC_CP_MOST + 1);
    gen_op(&r, doc_cp, PIECES_MOST, &op[0]);
    size_t mid_cp = length_after(doc_cp, &op[0]);
    gen_op(&r, mid_cp, PIECES_MOST, &op[1]);
    must(weft_op_compose(&op[0], &op[1], &op[2]));
    struct model m = model_of(&op[0], doc_cp);
    for (size_t gap = 0; gap <= doc_cp; gap++) {
        size_t left = weft_op_transform_position(&op[0], gap, WEFT_LEFT);
        size_t right = weft_op_transform_position(&op[0], gap, WEFT_RIGHT);
        LAW(left == model_position(&m, gap, WEFT_LEFT) &&
                right == model_position(&m, gap, WEFT_RIGHT),
            "a position moves as in the model", seed, NULL, {"a", &op[0]});
        LAW(left <= right && right <= mid_cp, "a position stays in the document", seed, NULL,
            {"a", &op[0]});
        size_t stepwise = weft_op_transform_position(&op[1], left, WEFT_LEFT);
        LAW(weft_op_transform_position(&op[2], gap, WEFT_LEFT) == stepwise,
            "law 5: over compose(a, b) == over a, then over b", seed, NULL, {"a", &op[0]},
            {"b", &op[1]}, {"compose(a, b)", &op[2]});
    }
    model_done(&m);
    done_ops(op, 3);
}

static void law_5_positions_follow_compositions(void **state)
{
    (void)state;
    each_case(30000, play_position);
}

/* --- law 6: nothing vanishes that its deleter had not seen --- */

static bool contains(const struct cps *t, uint32_t cp)
{
    for (size_t i = 0; i < t->len; i++)
        if (t->cp[i] == cp)
            return true;
    return false;
}

/* Gives every inserted code point an identity: one that is used once. */
static void name_inserts(struct model *m, uint32_t *next_cp)
{
    for (size_t gap = 0; gap <= m->doc_cp; gap++)
        for (size_t k = 0; k < m->ins[gap].len; k++)
            m->ins[gap].cp[k] = (*next_cp)++;
}

/* `merged` turned `before` into `after`; its author had seen `seen` and written `written`. */
static void check_step(uint64_t seed, const struct cps *seen, const struct model *written,
                       const struct weft_op *op, const struct weft_op *merged,
                       const struct cps *before, const struct cps *after)
{
    struct cps dropped = {0};
    struct cps added = {0};
    for (size_t gap = 0; gap <= seen->len; gap++) {
        cps_append(&added, &written->ins[gap]);
        if (gap < seen->len && written->dead[gap])
            cps_push(&dropped, seen->cp[gap]);
    }
    bool kept = true;
    for (size_t i = 0; i < before->len; i++)
        kept &= contains(after, before->cp[i]) != contains(&dropped, before->cp[i]);
    LAW(kept, "law 6: exactly what the author saw and deleted is gone", seed, seen,
        {"as written", op}, {"as merged", merged});
    bool there = true;
    for (size_t i = 0; i < added.len; i++)
        there &= contains(after, added.cp[i]);
    LAW(there, "law 6: all that the author wrote is there", seed, seen, {"as written", op},
        {"as merged", merged});
    cps_done(&dropped);
    cps_done(&added);
}

static void play_log(uint64_t seed)
{
    enum { REVS = 12 };
    struct rng r = rng_of(seed);
    struct weft_op log[REVS];
    struct weft_op m[2]; /* as written, and a spare */
    struct cps docs[REVS + 1] = {{0}};
    uint32_t next_cp = 0x10000;
    init_ops(log, REVS);
    init_ops(m, 2);
    for (size_t i = 0; i < DOC_CP_MOST; i++)
        cps_push(&docs[0], next_cp++);
    for (size_t rev = 0; rev < REVS; rev++) {
        size_t base = rng_below(&r, rev + 1);
        gen_op(&r, docs[base].len, PIECES_MOST, &m[0]);
        struct model written = model_of(&m[0], docs[base].len);
        name_inserts(&written, &next_cp);
        model_to_op(&written, &m[0]);
        must(weft_op_copy(&log[rev], &m[0]));
        for (size_t i = base; i < rev; i++) {
            must(weft_op_transform(&log[rev], &log[i], WEFT_LEFT, &m[1]));
            must(weft_op_copy(&log[rev], &m[1]));
        }
        docs[rev + 1] = apply(seed, &docs[rev], &log[rev]);
        check_step(seed, &docs[base], &written, &m[0], &log[rev], &docs[rev], &docs[rev + 1]);
        model_done(&written);
    }
    for (size_t rev = 0; rev <= REVS; rev++)
        cps_done(&docs[rev]);
    done_ops(log, REVS);
    done_ops(m, 2);
}

static void law_6_unseen_text_stays(void **state)
{
    (void)state;
    each_case(1500, play_log);
}

/* --- law 7: normal form --- */

/* Builds op again out of pieces of its parts, with pieces of nothing between. */
static void rebuild(struct rng *r, const struct weft_op *op, struct weft_op *ret)
{
    size_t n;
    size_t text_len;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &text_len);
    for (size_t i = 0; i < n; i++) {
        struct cps piece = cps_from(text, parts[i].len_bytes);
        text += parts[i].len_bytes;
        for (size_t at = 0; at < parts[i].len_cp;) {
            size_t many = rng_between(r, 1, parts[i].len_cp - at);
            if (parts[i].kind == WEFT_INSERT) {
                struct cps some = {.cp = piece.cp + at, .len = many};
                size_t len;
                char *utf8 = cps_utf8(&some, &len);
                must(weft_op_insert(ret, utf8, len));
                free(utf8);
            } else if (parts[i].kind == WEFT_DELETE) {
                must(weft_op_delete(ret, many));
            } else {
                must(weft_op_retain(ret, many));
            }
            at += many;
            must(weft_op_insert(ret, "", 0));
            must(weft_op_delete(ret, 0));
            must(weft_op_retain(ret, 0));
        }
        cps_done(&piece);
    }
    must(weft_op_retain(ret, rng_below(r, 5)));
}

static void check_normal(struct rng *r, uint64_t seed, const char *name, const struct weft_op *op)
{
    struct weft_op again[2];
    init_ops(again, 2);
    LAW(weft_op_check(op), "law 7: every result is in normal form", seed, NULL, {name, op});
    rebuild(r, op, &again[0]);
    LAW(weft_op_check(&again[0]) && weft_op_equal(op, &again[0]),
        "law 7: building it again changes nothing", seed, NULL, {name, op}, {"again", &again[0]});
    size_t len = weft_op_encoded_size(op);
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    weft_op_encode(op, bytes);
    must(weft_op_decode(bytes, len, &again[1]));
    free(bytes);
    LAW(weft_op_check(&again[1]) && weft_op_equal(op, &again[1]), "decode undoes encode", seed,
        NULL, {name, op}, {"decoded", &again[1]});
    done_ops(again, 2);
}

static void play_normal(uint64_t seed)
{
    struct rng r = rng_of(seed);
    struct weft_op op[8];
    const struct weft_op *list[4] = {&op[0], &op[2], &op[0], &op[2]};
    init_ops(op, 8);
    struct cps doc = gen_doc(&r, DOC_CP_MOST);
    struct cps other = gen_doc(&r, DOC_CP_MOST);
    size_t len[2];
    char *utf8[2] = {cps_utf8(&doc, &len[0]), cps_utf8(&other, &len[1])};
    struct weft_text *text;
    gen_op(&r, doc.len, PIECES_MOST, &op[0]);
    gen_op(&r, doc.len, PIECES_MOST, &op[1]);
    gen_op(&r, length_after(doc.len, &op[0]), PIECES_MOST, &op[2]);
    must(weft_op_transform(&op[0], &op[1], WEFT_LEFT, &op[3]));
    must(weft_op_transform(&op[0], &op[1], WEFT_RIGHT, &op[4]));
    must(weft_op_compose(&op[0], &op[2], &op[5]));
    must(weft_text_from(weft_heap(), utf8[0], len[0], &text));
    must(weft_op_invert(&op[0], text, &op[6]));
    must(weft_op_diff(utf8[0], len[0], utf8[1], len[1], &op[7]));
    static const char *const NAMES[8] = {
        "a",         "b",   "c", "transform(a, b, LEFT)", "transform(a, b, RIGHT)", "compose(a, c)",
        "invert(a)", "diff"};
    for (size_t i = 0; i < 8; i++)
        check_normal(&r, seed, NAMES[i], &op[i]);
    must(weft_op_compose_all(list, 2, &op[3]));
    LAW(weft_op_check(&op[3]) && weft_op_equal(&op[3], &op[5]), "compose_all of two is compose",
        seed, &doc, {"a", &op[0]}, {"b", &op[2]});
    weft_text_free(text);
    free(utf8[0]);
    free(utf8[1]);
    cps_done(&doc);
    cps_done(&other);
    done_ops(op, 8);
}

static void law_7_results_are_normal(void **state)
{
    (void)state;
    each_case(15000, play_normal);
}

/* --- the model's opinion --- */

static void play_model(uint64_t seed)
{
    struct rng r = rng_of(seed);
    struct weft_op op[4];
    init_ops(op, 4);
    size_t doc_cp = rng_below(&r, DOC_CP_MOST + 1);
    gen_op(&r, doc_cp, PIECES_MOST, &op[0]);
    gen_op(&r, doc_cp, PIECES_MOST, &op[1]);
    gen_op(&r, length_after(doc_cp, &op[0]), PIECES_MOST, &op[2]);
    struct model a = model_of(&op[0], doc_cp);
    struct model b = model_of(&op[1], doc_cp);
    struct model c = model_of(&op[2], model_result_cp(&a));
    for (int side = WEFT_LEFT; side <= WEFT_RIGHT; side++) {
        struct model m = model_transform(&a, &b, (enum weft_side)side);
        must(weft_op_transform(&op[0], &op[1], (enum weft_side)side, &op[3]));
        LAW(same_as_model(&op[3], &m), "transform does what the model does", seed, NULL,
            {"a", &op[0]}, {"b", &op[1]},
            {side == WEFT_LEFT ? "transform(a, b, LEFT)" : "transform(a, b, RIGHT)", &op[3]});
    }
    struct model m = model_compose(&a, &c);
    must(weft_op_compose(&op[0], &op[2], &op[3]));
    LAW(same_as_model(&op[3], &m), "compose does what the model does", seed, NULL, {"a", &op[0]},
        {"b", &op[2]}, {"compose(a, b)", &op[3]});
    model_done(&a);
    model_done(&b);
    model_done(&c);
    done_ops(op, 4);
}

static void transform_and_compose_agree_with_the_model(void **state)
{
    (void)state;
    each_case(30000, play_model);
}

/* --- diff --- */

static void play_diff(uint64_t seed)
{
    struct rng r = rng_of(seed);
    struct weft_op op[2];
    init_ops(op, 2);
    struct cps before = gen_doc(&r, DOC_CP_MOST);
    gen_op(&r, before.len, rng_chance(&r, 50) ? 3 : PIECES_MOST, &op[0]);
    struct cps after = apply(seed, &before, &op[0]);
    size_t len[2];
    char *utf8[2] = {cps_utf8(&before, &len[0]), cps_utf8(&after, &len[1])};
    must(weft_op_diff(utf8[0], len[0], utf8[1], len[1], &op[1]));
    struct cps reached = apply(seed, &before, &op[1]);
    LAW(cps_equal(&reached, &after), "diff leads from one text to the other", seed, &before,
        {"edit", &op[0]}, {"diff", &op[1]});
    LAW(weft_op_is_identity(&op[1]) == cps_equal(&before, &after), "equal texts differ in nothing",
        seed, &before, {"edit", &op[0]}, {"diff", &op[1]});
    LAW(weft_op_inserted_cp(&op[1]) + weft_op_deleted_cp(&op[1]) <=
            weft_op_inserted_cp(&op[0]) + weft_op_deleted_cp(&op[0]),
        "diff takes no more than the edit that was made", seed, &before, {"edit", &op[0]},
        {"diff", &op[1]});
    free(utf8[0]);
    free(utf8[1]);
    cps_done(&before);
    cps_done(&after);
    cps_done(&reached);
    done_ops(op, 2);
}

static void diff_finds_the_way(void **state)
{
    (void)state;
    each_case(30000, play_diff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(law_1_both_orders_give_one_text),
        cmocka_unit_test(law_2_compose_is_exact_and_associative),
        cmocka_unit_test(law_3_invert_undoes),
        cmocka_unit_test(law_4_ranges_merge_like_single_steps),
        cmocka_unit_test(law_5_positions_follow_compositions),
        cmocka_unit_test(law_6_unseen_text_stays),
        cmocka_unit_test(law_7_results_are_normal),
        cmocka_unit_test(transform_and_compose_agree_with_the_model),
        cmocka_unit_test(diff_finds_the_way),
    };
    return cmocka_run_group_tests_name("laws", tests, NULL, NULL);
}
