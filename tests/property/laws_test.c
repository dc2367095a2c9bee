/* Law 7 of operations (docs/operations.md), the form of every result, and what diff promises, as
 * properties of random cases. merge_laws_test.c has the laws of merging, small_scope_test.c goes
 * through all small cases. WEFT_SEED and WEFT_CASES choose what is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <weft/op.h>

#include "support/gen.h"

enum { DOC_CP_MOST = 24, PIECES_MOST = 9 };

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
static void each_case(size_t usual, void (*play)(uint64_t seed), const char *what)
{
    const size_t cases = rng_cases(usual);
    for (size_t i = 0; i < cases; i++)
        play(rng_seed() + i);
    assert_true(rng_proved(cases, usual, what));
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
    struct model m = {0};
    struct cps after = {0};
    model_of(op, doc->len, &m);
    model_apply(&m, doc, &after);
    model_done(&m);
    utf8 = cps_utf8(&after, &len);
    LAW(weft_text_equal(text, utf8, len), "apply does what the model does", seed, doc, {"op", op});
    free(utf8);
    weft_text_free(text);
    return after;
}

static size_t length_after(size_t doc_cp, const struct weft_op *op)
{
    return (size_t)((int64_t)doc_cp + weft_op_delta(op));
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
    each_case(
        50000, play_normal,
        "cases in which every function returned normal form, and decode undid encode (law 7)");
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
    each_case(30000, play_diff, "pairs of texts of which diff made one of the other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(law_7_results_are_normal),
        cmocka_unit_test(diff_finds_the_way),
    };
    return cmocka_run_group_tests_name("laws", tests, NULL, NULL);
}
