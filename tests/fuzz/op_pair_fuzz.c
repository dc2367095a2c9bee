/* Operations made from bytes: the laws of docs/operations.md must hold for all of them.
 *
 * The first byte is the length of a document. Each of x, a and b is then a list of byte pairs, ended
 * by a zero byte: what to do, and how much or which character. x and a are written against the
 * document, b against the document after a. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/op.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "support/gen.h"

struct bytes {
    const uint8_t *at;
    size_t left;
};

static uint8_t take(struct bytes *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static void must(int err)
{
    WEFT_ASSERT(err == 0);
}

/* Characters of one to four bytes. */
static uint32_t scalar(uint8_t byte)
{
    static const uint32_t BASE[4] = {'A', 0xc0, 0x20a0, 0x1f600};
    return BASE[byte >> 6] + (byte & 0x1fu);
}

static void read_op(struct bytes *in, size_t doc_cp, struct weft_op *op)
{
    size_t left = doc_cp;
    uint8_t what;
    while ((what = take(in)) != 0) {
        uint8_t much = take(in);
        size_t n_cp = left == 0 ? 0 : 1 + much % left;
        char utf8[4];
        if (what % 3 == 0) {
            must(weft_op_insert(op, utf8, utf8_put(utf8, scalar(much))));
        } else {
            must(what % 3 == 1 ? weft_op_retain(op, n_cp) : weft_op_delete(op, n_cp));
            left -= n_cp;
        }
    }
    WEFT_ASSERT(weft_op_check(op));
}

/* The document with up to two operations carried out, either of which may be NULL. */
static struct weft_text *play(const struct cps *doc, const struct weft_op *first,
                              const struct weft_op *second)
{
    size_t len;
    char *utf8 = cps_utf8(doc, &len);
    struct weft_text *text;
    must(weft_text_from(weft_heap(), utf8, len, &text));
    free(utf8);
    if (first != NULL)
        must(weft_op_apply(first, text));
    if (second != NULL)
        must(weft_op_apply(second, text));
    WEFT_ASSERT(weft_text_check(text));
    return text;
}

static bool same_text(struct weft_text *a, struct weft_text *b)
{
    size_t len = weft_text_size(a).bytes;
    size_t copied = 0;
    char *utf8 = malloc(len + 1);
    WEFT_ASSERT(utf8 != NULL);
    must(weft_text_copy(a, 0, weft_text_size(a).cp, utf8, len, &copied));
    bool same = copied == len && weft_text_equal(b, utf8, len);
    free(utf8);
    weft_text_free(a);
    weft_text_free(b);
    return same;
}

enum { X, A, B, AB, X_OVER_A, X_OVER_AB, X_STEPWISE, A_OVER_X, UNDO, OPS };

static void law(bool holds, const char *claim, const struct cps *doc, const struct weft_op *op)
{
    static const char *const NAMES[OPS] = {"x",
                                           "a",
                                           "b",
                                           "compose(a, b)",
                                           "transform(x, a, LEFT)",
                                           "transform(x, compose(a, b), LEFT)",
                                           "transform(transform(x, a, LEFT), b, LEFT)",
                                           "transform(a, x, RIGHT)",
                                           "invert(a)"};
    struct named_op list[OPS + 1] = {{NULL, NULL}};
    if (holds)
        return;
    for (size_t i = 0; i < OPS; i++)
        list[i] = (struct named_op){NAMES[i], &op[i]};
    gen_report(claim, 0, doc, list);
    abort();
}

static void check_laws(const struct cps *doc, struct weft_op *op)
{
    must(weft_op_compose(&op[A], &op[B], &op[AB]));
    must(weft_op_transform(&op[X], &op[A], WEFT_LEFT, &op[X_OVER_A]));
    must(weft_op_transform(&op[X_OVER_A], &op[B], WEFT_LEFT, &op[X_STEPWISE]));
    must(weft_op_transform(&op[X], &op[AB], WEFT_LEFT, &op[X_OVER_AB]));
    must(weft_op_transform(&op[A], &op[X], WEFT_RIGHT, &op[A_OVER_X]));
    struct weft_text *text = play(doc, NULL, NULL);
    must(weft_op_invert(&op[A], text, &op[UNDO]));
    weft_text_free(text);
    for (size_t i = 0; i < OPS; i++)
        law(weft_op_check(&op[i]), "law 7: normal form", doc, op);
    law(same_text(play(doc, &op[A], &op[X_OVER_A]), play(doc, &op[X], &op[A_OVER_X])),
        "law 1: both orders give one text", doc, op);
    law(same_text(play(doc, &op[A], &op[B]), play(doc, &op[AB], NULL)),
        "law 2: compose(a, b) does what a, then b do", doc, op);
    law(same_text(play(doc, &op[A], &op[UNDO]), play(doc, NULL, NULL)),
        "law 3: a, then invert(a) change nothing", doc, op);
    law(weft_op_equal(&op[X_OVER_AB], &op[X_STEPWISE]), "law 4: over both == one by one", doc, op);
    struct weft_op in_place[3]; /* x, and a and b that follow one another */
    for (size_t i = 0; i < 3; i++) {
        weft_op_init(&in_place[i], weft_heap());
        must(weft_op_copy(&in_place[i], &op[i]));
    }
    must(weft_op_transform_lists(&in_place[X], 1, &in_place[A], 2));
    for (size_t i = 0; i < 3; i++)
        law(weft_op_check(&in_place[i]), "law 7: normal form, in place", doc, op);
    law(weft_op_equal(&in_place[X], &op[X_STEPWISE]) && weft_op_equal(&in_place[A], &op[A_OVER_X]),
        "in place == one by one", doc, op);
    for (size_t i = 0; i < 3; i++)
        weft_op_done(&in_place[i]);
    for (size_t gap = 0; gap <= doc->len; gap++) {
        size_t step = weft_op_transform_position(&op[A], gap, WEFT_LEFT);
        law(weft_op_transform_position(&op[AB], gap, WEFT_LEFT) ==
                weft_op_transform_position(&op[B], step, WEFT_LEFT),
            "law 5: positions follow compositions", doc, op);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {.at = data, .left = size};
    struct weft_op op[OPS];
    struct cps doc = {0};
    for (size_t i = 0; i < OPS; i++)
        weft_op_init(&op[i], weft_heap());
    const size_t doc_cp = take(&in) % 64;
    for (size_t i = 0; i < doc_cp; i++)
        cps_push(&doc, scalar((uint8_t)(i * 37)));
    read_op(&in, doc_cp, &op[X]);
    read_op(&in, doc_cp, &op[A]);
    read_op(&in, (size_t)((int64_t)doc_cp + weft_op_delta(&op[A])), &op[B]);
    check_laws(&doc, op);
    for (size_t i = 0; i < OPS; i++)
        weft_op_done(&op[i]);
    cps_done(&doc);
    return 0;
}
