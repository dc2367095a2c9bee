/* The laws on every small case: all operations of up to three components on documents of up to four
 * code points, in all pairs and, for what concerns three operations, in all triples. Most mistakes
 * in merging show up with two or three components; here none of those is left to chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weft/op.h>

#include "support/gen.h"

enum {
    PARTS_MOST = 3,
    DOC_CP_MOST = 4,
    TEXT_CP_MOST = 2,
    /* A document, with the most that two operations one after the other can add. */
    REACHED_CP_MOST = DOC_CP_MOST + 2 * 2 * TEXT_CP_MOST,
};

/* All operations on one length of document. */
struct family {
    struct weft_op *ops;
    size_t len;
    size_t cap;
};

static void must(int err)
{
    assert_int_equal(err, 0);
}

/* Adds op, and all that have more components, to the family. Each insert of an operation has its own
 * letters, so that no two texts are mixed up: `label` 'A' gives "A", "AB", then "C", "CD". */
static void grow_family(struct family *f, const struct weft_op *op, size_t left_cp, size_t text_cp,
                        char label)
{
    size_t n;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const bool retaining = op->tail_retain_cp_ != 0;
    const int last = retaining ? WEFT_RETAIN : n > 0 ? (int)parts[n - 1].kind : -1;
    if (!retaining) {
        if (f->len == f->cap) {
            f->cap = f->cap != 0 ? 2 * f->cap : 64;
            f->ops = realloc(f->ops, f->cap * sizeof *f->ops);
            assert_non_null(f->ops);
        }
        f->ops[f->len++] = *op; /* small: nothing on the heap */
    }
    if (n + retaining == PARTS_MOST)
        return;
    for (size_t k = 1; last != WEFT_INSERT && k <= text_cp; k++) {
        struct weft_op more = *op;
        const char text[2] = {(char)(label + 2 * (char)n), (char)(label + 2 * (char)n + 1)};
        must(weft_op_insert(&more, text, k));
        grow_family(f, &more, left_cp, text_cp, label);
    }
    for (size_t k = 1; k <= left_cp; k++) {
        struct weft_op more = *op;
        if (last != WEFT_DELETE) {
            must(weft_op_delete(&more, k));
            grow_family(f, &more, left_cp - k, text_cp, label);
        }
        more = *op;
        if (last != WEFT_RETAIN && n + 1 < PARTS_MOST) {
            must(weft_op_retain(&more, k));
            grow_family(f, &more, left_cp - k, text_cp, label);
        }
    }
}

static struct family family_of(size_t doc_cp, size_t text_cp, char label)
{
    struct family f = {0};
    struct weft_op none;
    weft_op_init(&none, weft_heap());
    grow_family(&f, &none, doc_cp, text_cp, label);
    return f;
}

/* Families for every length that is reached, made once. */
static void all_families(struct family *f, size_t n, size_t text_cp, char label)
{
    for (size_t doc_cp = 0; doc_cp < n; doc_cp++)
        f[doc_cp] = family_of(doc_cp, text_cp, label);
}

/* --- the same counted another way: all lists of up to three components, sorted out by the rules --- */

/* Components as numbers: 0 nothing, then all retains, all deletes, all inserts, by length. */
enum { WORDS = 1 + 2 * REACHED_CP_MOST + TEXT_CP_MOST };

static int kind_of(size_t word)
{
    return word == 0                     ? -1
           : word <= REACHED_CP_MOST     ? WEFT_RETAIN
           : word <= 2 * REACHED_CP_MOST ? WEFT_DELETE
                                         : WEFT_INSERT;
}

/* ways[d]: how many operations on a document of doc_cp make it d - doc_cp longer. Returns all. */
static size_t count_by_rule(size_t doc_cp, size_t text_cp, size_t *ways)
{
    size_t all = 0;
    memset(ways, 0, (REACHED_CP_MOST + 1) * sizeof *ways);
    for (size_t code = 0; code < (size_t)WORDS * WORDS * WORDS; code++) {
        const size_t word[PARTS_MOST] = {code / WORDS / WORDS, code / WORDS % WORDS, code % WORDS};
        bool normal = true;
        size_t sum[3] = {0}; /* by kind */
        int last = -1;
        for (size_t i = 0; i < PARTS_MOST; i++) {
            int kind = kind_of(word[i]);
            normal &= kind < 0 || i == 0 || (word[i - 1] != 0 && kind != last);
            if (kind < 0)
                continue;
            sum[kind] += 1 + (word[i] - 1) % REACHED_CP_MOST;
            normal &= kind != WEFT_INSERT || 1 + (word[i] - 1) % REACHED_CP_MOST <= text_cp;
            last = kind;
        }
        normal &= last != WEFT_RETAIN && sum[WEFT_RETAIN] + sum[WEFT_DELETE] <= doc_cp;
        size_t after = doc_cp + sum[WEFT_INSERT] - sum[WEFT_DELETE];
        if (normal && after <= REACHED_CP_MOST)
            ways[after]++;
        all += normal;
    }
    return all;
}

/* All of the family are different, in normal form and fit; with as many as the rules allow there is
 * none that it lacks. */
static void family_is_whole(const struct family *f, size_t doc_cp, size_t text_cp)
{
    size_t ways[REACHED_CP_MOST + 1];
    assert_int_equal(f->len, count_by_rule(doc_cp, text_cp, ways));
    for (size_t i = 0; i < f->len; i++) {
        size_t n;
        (void)weft_op_parts(&f->ops[i], &n);
        assert_true(weft_op_check(&f->ops[i]) && n <= PARTS_MOST);
        assert_true(weft_op_span(&f->ops[i]) <= doc_cp);
        for (size_t k = 0; k < i; k++)
            assert_false(weft_op_equal(&f->ops[i], &f->ops[k]));
    }
}

static void proved_all(size_t counted, size_t expected, const char *what)
{
    print_message("# proved: all %zu %s\n", counted, what);
    assert_int_equal(counted, expected);
}

static void free_families(struct family *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(f[i].ops);
}

static size_t length_after(size_t doc_cp, const struct weft_op *op)
{
    return (size_t)((int64_t)doc_cp + weft_op_delta(op));
}

/* The documents here are ASCII; returns the length. */
static size_t apply(const char *doc, size_t doc_len, const struct weft_op *op, char *out)
{
    size_t n;
    size_t text_len;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &text_len);
    size_t at = 0;
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].kind == WEFT_INSERT) {
            memcpy(out + len, text, parts[i].len_cp);
            text += parts[i].len_cp;
        } else {
            memcpy(out + len, doc + at, parts[i].len_cp);
            at += parts[i].len_cp;
        }
        len += parts[i].kind == WEFT_DELETE ? 0 : parts[i].len_cp;
    }
    memcpy(out + len, doc + at, doc_len - at);
    return len + doc_len - at;
}

static void broken(const char *claim, size_t doc_cp, const struct weft_op *a,
                   const struct weft_op *b, const struct weft_op *c, const struct weft_op *got)
{
    fprintf(stderr, "# on a document of %zu code points\n", doc_cp);
    gen_report(
        claim, 0, NULL,
        (const struct named_op[]){{"a", a}, {"b", b}, {"c", c}, {"result", got}, {NULL, NULL}});
    fail();
}

static const char DOC[] = "0123456789ab";
_Static_assert(sizeof DOC > REACHED_CP_MOST, "one character for each position");

/* Law 1, and the model's opinion on transform. */
static void check_pair(size_t doc_cp, const struct weft_op *a, const struct weft_op *b,
                       struct weft_op *t)
{
    char out[2][64];
    char end[2][64];
    must(weft_op_transform(a, b, WEFT_LEFT, &t[0]));
    must(weft_op_transform(b, a, WEFT_RIGHT, &t[1]));
    if (!weft_op_check(&t[0]) || !weft_op_check(&t[1]))
        broken("transform gives normal form", doc_cp, a, b, &t[0], &t[1]);
    size_t after_b = apply(DOC, doc_cp, b, out[0]);
    size_t after_a = apply(DOC, doc_cp, a, out[1]);
    size_t len_0 = apply(out[0], after_b, &t[0], end[0]);
    size_t len_1 = apply(out[1], after_a, &t[1], end[1]);
    if (len_0 != len_1 || memcmp(end[0], end[1], len_0) != 0)
        broken("law 1: both orders give one text", doc_cp, a, b, &t[0], &t[1]);
    static struct model x, y, left, right;
    model_of(a, doc_cp, &x);
    model_of(b, doc_cp, &y);
    model_transform(&x, &y, WEFT_LEFT, &left);
    model_transform(&y, &x, WEFT_RIGHT, &right);
    model_to_op(&left, &t[2]);
    if (!weft_op_equal(&t[0], &t[2]))
        broken("transform LEFT does what the model does", doc_cp, a, b, &t[2], &t[0]);
    model_to_op(&right, &t[2]);
    if (!weft_op_equal(&t[1], &t[2]))
        broken("transform RIGHT does what the model does", doc_cp, a, b, &t[2], &t[1]);
    must(weft_op_copy(&t[2], a));
    must(weft_op_copy(&t[3], b));
    must(weft_op_transform_pair(&t[2], &t[3]));
    if (!weft_op_equal(&t[0], &t[2]) || !weft_op_equal(&t[1], &t[3]))
        broken("a pair in place is transformed as one by one", doc_cp, a, b, &t[2], &t[3]);
}

static void every_concurrent_pair(void **state)
{
    (void)state;
    struct weft_op t[4];
    size_t ways[REACHED_CP_MOST + 1];
    size_t pairs = 0;
    size_t expected = 0;
    for (size_t i = 0; i < 4; i++)
        weft_op_init(&t[i], weft_heap());
    for (size_t doc_cp = 0; doc_cp <= DOC_CP_MOST; doc_cp++) {
        struct family a = family_of(doc_cp, TEXT_CP_MOST, 'A');
        struct family b = family_of(doc_cp, TEXT_CP_MOST, 'P');
        size_t n = count_by_rule(doc_cp, TEXT_CP_MOST, ways);
        family_is_whole(&a, doc_cp, TEXT_CP_MOST);
        family_is_whole(&b, doc_cp, TEXT_CP_MOST);
        for (size_t i = 0; i < a.len; i++)
            for (size_t k = 0; k < b.len; k++, pairs++)
                check_pair(doc_cp, &a.ops[i], &b.ops[k], t);
        expected += n * n;
        free(a.ops);
        free(b.ops);
    }
    for (size_t i = 0; i < 4; i++)
        weft_op_done(&t[i]);
    proved_all(pairs, expected,
               "pairs of operations of up to 3 components on documents of up to 4 code points "
               "(law 1, the model)");
}

/* Laws 3 and 7, and the text itself, for one operation. */
static void check_one(size_t doc_cp, const struct weft_op *a, struct weft_op *t)
{
    char after[64];
    uint8_t bytes[64];
    struct weft_text *text;
    must(weft_text_from(weft_heap(), DOC, doc_cp, &text));
    must(weft_op_invert(a, text, &t[0]));
    must(weft_op_apply(a, text));
    if (!weft_text_equal(text, after, apply(DOC, doc_cp, a, after)))
        broken("apply does what it says", doc_cp, a, NULL, NULL, NULL);
    must(weft_op_apply(&t[0], text));
    if (!weft_text_equal(text, DOC, doc_cp) || !weft_op_check(&t[0]))
        broken("law 3: a, then invert(a) change nothing", doc_cp, a, NULL, NULL, &t[0]);
    weft_text_free(text);
    static struct model x, undo;
    model_of(a, doc_cp, &x);
    struct cps doc = cps_from(DOC, doc_cp);
    model_invert(&x, &doc, &undo);
    cps_done(&doc);
    model_to_op(&undo, &t[1]);
    if (!weft_op_equal(&t[0], &t[1]))
        broken("invert does what the model does", doc_cp, a, NULL, &t[1], &t[0]);
    size_t len = weft_op_encoded_size(a);
    assert_true(len <= sizeof bytes);
    weft_op_encode(a, bytes);
    must(weft_op_decode(bytes, len, &t[1]));
    if (!weft_op_equal(a, &t[1]))
        broken("decode undoes encode", doc_cp, a, NULL, NULL, &t[1]);
    model_done(&x);
    model_done(&undo);
}

static void every_operation(void **state)
{
    (void)state;
    struct weft_op t[2];
    size_t ways[REACHED_CP_MOST + 1];
    size_t n = 0;
    size_t expected = 0;
    for (size_t i = 0; i < 2; i++)
        weft_op_init(&t[i], weft_heap());
    for (size_t doc_cp = 0; doc_cp <= DOC_CP_MOST; doc_cp++) {
        struct family a = family_of(doc_cp, TEXT_CP_MOST, 'A');
        for (size_t i = 0; i < a.len; i++, n++)
            check_one(doc_cp, &a.ops[i], t);
        expected += count_by_rule(doc_cp, TEXT_CP_MOST, ways);
        free(a.ops);
    }
    for (size_t i = 0; i < 2; i++)
        weft_op_done(&t[i]);
    proved_all(n, expected, "of those operations, applied, undone, encoded (laws 3 and 7)");
}

/* Laws 2 and 5 and the model's opinion, for a, then b. */
static void check_follow(size_t doc_cp, const struct weft_op *a, const struct weft_op *b,
                         struct weft_op *ab, struct weft_op *spare)
{
    char out[3][64];
    must(weft_op_compose(a, b, ab));
    if (!weft_op_check(ab))
        broken("compose gives normal form", doc_cp, a, b, NULL, ab);
    size_t mid_len = apply(DOC, doc_cp, a, out[0]);
    size_t end_len = apply(out[0], mid_len, b, out[1]);
    size_t len = apply(DOC, doc_cp, ab, out[2]);
    if (len != end_len || memcmp(out[1], out[2], len) != 0)
        broken("law 2: compose(a, b) does what a, then b do", doc_cp, a, b, NULL, ab);
    for (size_t gap = 0; gap <= doc_cp; gap++) {
        size_t step = weft_op_transform_position(a, gap, WEFT_LEFT);
        if (weft_op_transform_position(ab, gap, WEFT_LEFT) !=
            weft_op_transform_position(b, step, WEFT_LEFT))
            broken("law 5: positions follow compositions", doc_cp, a, b, NULL, ab);
    }
    static struct model x, y, both;
    model_of(a, doc_cp, &x);
    for (size_t gap = 0; gap <= doc_cp; gap++)
        for (int side = WEFT_LEFT; side <= WEFT_RIGHT; side++)
            if (weft_op_transform_position(a, gap, (enum weft_side)side) !=
                model_position(&x, gap, (enum weft_side)side))
                broken("positions move as in the model", doc_cp, a, NULL, NULL, NULL);
    model_of(b, mid_len, &y);
    model_compose(&x, &y, &both);
    model_to_op(&both, spare);
    if (!weft_op_equal(ab, spare))
        broken("compose does what the model does", doc_cp, a, b, spare, ab);
}

/* Law 4 for every x beside a, then b; law 2's bracketing for every c behind them. */
static size_t check_triples(size_t doc_cp, const struct weft_op *a, const struct weft_op *b,
                            const struct weft_op *ab, const struct family *xs,
                            const struct family *cs, struct weft_op *t)
{
    for (size_t i = 0; i < xs->len; i++) {
        const struct weft_op *x = &xs->ops[i];
        must(weft_op_transform(x, ab, WEFT_LEFT, &t[0]));
        must(weft_op_transform(x, a, WEFT_LEFT, &t[1]));
        must(weft_op_transform(&t[1], b, WEFT_LEFT, &t[2]));
        if (!weft_op_equal(&t[0], &t[2]))
            broken("law 4: c over compose(a, b) == over a, then over b", doc_cp, a, b, x, &t[0]);
    }
    for (size_t i = 0; i < cs->len; i++) {
        const struct weft_op *c = &cs->ops[i];
        must(weft_op_compose(ab, c, &t[0]));
        must(weft_op_compose(b, c, &t[1]));
        must(weft_op_compose(a, &t[1], &t[2]));
        if (!weft_op_equal(&t[0], &t[2]))
            broken("law 2: (a b) c == a (b c)", doc_cp, a, b, c, &t[0]);
    }
    return xs->len + cs->len;
}

struct sequences {
    size_t pairs;
    size_t triples;
};

/* Documents of up to `doc_cp_most`, inserts of up to `text_cp`. */
static struct sequences every_sequence_up_to(size_t doc_cp_most, size_t text_cp)
{
    enum { LENGTHS = REACHED_CP_MOST + 1 };
    struct family as[LENGTHS];
    struct family bs[LENGTHS];
    struct family cs[LENGTHS];
    struct weft_op t[5];
    struct sequences n = {0};
    all_families(as, LENGTHS, text_cp, 'A');
    all_families(bs, LENGTHS, text_cp, 'P');
    all_families(cs, LENGTHS, text_cp, 'c');
    for (size_t i = 0; i < 5; i++)
        weft_op_init(&t[i], weft_heap());
    for (size_t doc_cp = 0; doc_cp <= doc_cp_most; doc_cp++) {
        for (size_t i = 0; i < as[doc_cp].len; i++) {
            const struct weft_op *a = &as[doc_cp].ops[i];
            const size_t mid_cp = length_after(doc_cp, a);
            for (size_t k = 0; k < bs[mid_cp].len; k++) {
                const struct weft_op *b = &bs[mid_cp].ops[k];
                check_follow(doc_cp, a, b, &t[3], &t[4]);
                n.pairs++;
                n.triples += check_triples(doc_cp, a, b, &t[3], &cs[doc_cp],
                                           &cs[length_after(mid_cp, b)], t);
            }
        }
    }
    for (size_t i = 0; i < 5; i++)
        weft_op_done(&t[i]);
    free_families(as, LENGTHS);
    free_families(bs, LENGTHS);
    free_families(cs, LENGTHS);
    return n;
}

/* How many every_sequence_up_to() has to play, from the rules alone. */
static struct sequences count_sequences(size_t doc_cp_most, size_t text_cp)
{
    static size_t ways[REACHED_CP_MOST + 1][REACHED_CP_MOST + 1];
    size_t all[REACHED_CP_MOST + 1];
    struct sequences n = {0};
    for (size_t cp = 0; cp <= REACHED_CP_MOST; cp++)
        all[cp] = count_by_rule(cp, text_cp, ways[cp]);
    for (size_t cp = 0; cp <= doc_cp_most; cp++) {
        for (size_t mid = 0; mid <= REACHED_CP_MOST; mid++) {
            for (size_t end = 0; end <= REACHED_CP_MOST; end++) {
                size_t pairs = ways[cp][mid] * ways[mid][end];
                n.pairs += pairs;
                n.triples += pairs * (all[cp] + all[end]);
            }
        }
    }
    return n;
}

static void prove_sequences(size_t text_cp, const char *pairs, const char *triples)
{
    struct sequences played = every_sequence_up_to(DOC_CP_MOST, text_cp);
    struct sequences expected = count_sequences(DOC_CP_MOST, text_cp);
    proved_all(played.pairs, expected.pairs, pairs);
    proved_all(played.triples, expected.triples, triples);
}

static void every_sequence_of_single_characters(void **state)
{
    (void)state;
    prove_sequences(1, "pairs that follow one another, inserts of 1 code point (laws 2 and 5)",
                    "triples with them (laws 4 and 2)");
}

static void every_sequence_of_texts_that_can_be_split(void **state)
{
    (void)state;
    prove_sequences(TEXT_CP_MOST,
                    "pairs that follow one another, inserts of 1 and 2 (laws 2 and 5)",
                    "triples with them (laws 4 and 2)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation),
        cmocka_unit_test(every_concurrent_pair),
        cmocka_unit_test(every_sequence_of_single_characters),
        cmocka_unit_test(every_sequence_of_texts_that_can_be_split),
    };
    return cmocka_run_group_tests_name("small_scope", tests, NULL, NULL);
}
