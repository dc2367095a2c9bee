/* Operations: pairs, all pairs of two sequences, composing, applying. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/engine/engine.h"

static struct weft_op *ops_of(const struct weft_alloc *alloc, const char *path, size_t most,
                              size_t *ret_n)
{
    struct edits list;
    edits_load(path, &list);
    size_t n = most < list.n ? most : list.n;
    struct weft_op *ops = edits_ops(alloc, &list, n);
    edits_done(&list);
    *ret_n = n;
    return ops;
}

/* All results' texts behind one another, so that one sum checks them. */
static void check_pairs(const struct weft_op *a, const struct weft_op *b, size_t n, size_t base_cp,
                        char ret_hex[HEX_BYTES])
{
    struct weft_text *all;
    struct weft_op moved;
    must(weft_text_new(weft_heap(), &all));
    weft_op_init(&moved, weft_heap());
    for (size_t i = 0; i < n; i++) {
        struct weft_text *t = base_rope(weft_heap(), "ascii", base_cp);
        must(weft_op_transform(&a[i], &b[i], WEFT_LEFT, &moved));
        must(weft_op_apply(&b[i], t));
        must(weft_op_apply(&moved, t));
        struct weft_text_iter it;
        const char *chunk;
        size_t len;
        must(weft_text_iter_at(t, 0, &it));
        while (weft_text_iter_next(&it, &chunk, &len))
            must(weft_text_insert(all, weft_text_size(all).cp, chunk, len));
        weft_text_free(t);
    }
    sha_of_text(all, ret_hex);
    weft_text_free(all);
    weft_op_done(&moved);
}

/* pair weft FILE FILE BASE_CP MIN_MS: the i-th edits of both files against one text */
void ask_pair(char *const words[])
{
    static struct laps one, two;
    size_t n, n_b;
    struct counted counted;
    counted_init(&counted);
    struct weft_op *a = ops_of(&counted.alloc, words[2], SIZE_MAX, &n);
    struct weft_op *b = ops_of(&counted.alloc, words[3], SIZE_MAX, &n_b);
    struct weft_op left;
    char sha[HEX_BYTES];
    n = n < n_b ? n : n_b;
    check_pairs(a, b, n, number(words[4]), sha);
    weft_op_init(&left, &counted.alloc);
    counted.calls = 0;
    laps_init(&one, number(words[5]));
    laps_init(&two, number(words[5]));
    while (laps_more(&one)) {
        laps_start(&one);
        for (size_t i = 0; i < n; i++)
            must(weft_op_transform(&a[i], &b[i], WEFT_LEFT, &left));
        laps_stop(&one);
    }
    while (laps_more(&two)) {
        laps_start(&two);
        for (size_t i = 0; i < n; i++) {
            struct weft_op moved[2] = {a[i], b[i]}; /* single edits hold no memory */
            must(weft_op_transform_pair(&moved[0], &moved[1]));
        }
        laps_stop(&two);
    }
    printf("{\"ns\":%.3f,\"both_ns\":%.3f,\"allocs\":%.6f,\"sha\":\"%s\"}\n",
           laps_median(&one) / (double)n, laps_median(&two) / (double)n,
           (double)counted.calls / (double)(n * (one.n + 2 * two.n)), sha);
    weft_op_done(&left);
    ops_done(a, n);
    ops_done(b, n_b);
}

/* allpairs weft FILE FILE BASE_CP N: N edits of each file, one author each */
void ask_allpairs(char *const words[])
{
    static struct laps laps;
    size_t n, n_b;
    struct weft_op *a = ops_of(weft_heap(), words[2], number(words[5]), &n);
    struct weft_op *b = ops_of(weft_heap(), words[3], number(words[5]), &n_b);
    struct weft_text *t = base_rope(weft_heap(), "ascii", number(words[4]));
    char sha[HEX_BYTES];
    for (size_t i = 0; i < n_b; i++)
        must(weft_op_apply(&b[i], t));
    laps_init(&laps, 0);
    laps_start(&laps);
    must(weft_op_transform_lists(a, n, b, n_b));
    laps_stop(&laps);
    for (size_t i = 0; i < n; i++)
        must(weft_op_apply(&a[i], t));
    sha_of_text(t, sha);
    printf("{\"ms\":%.3f,\"sha\":\"%s\"}\n", laps_median(&laps) / 1e6, sha);
    ops_done(a, n);
    ops_done(b, n_b);
    weft_text_free(t);
}

/* compose weft FILE BASE_CP N MIN_MS */
void ask_compose(char *const words[])
{
    static struct laps laps;
    size_t n;
    struct weft_op *ops = ops_of(weft_heap(), words[2], number(words[4]), &n);
    const struct weft_op **list = must_have(malloc((n + 1) * sizeof *list));
    struct weft_op all;
    char sha[HEX_BYTES];
    for (size_t i = 0; i < n; i++)
        list[i] = &ops[i];
    laps_init(&laps, number(words[5]));
    while (laps_more(&laps)) {
        weft_op_init(&all, weft_heap());
        laps_start(&laps);
        must(weft_op_compose_all(list, n, &all));
        laps_stop(&laps);
        if (laps_more(&laps))
            weft_op_done(&all);
    }
    struct weft_text *t = base_rope(weft_heap(), "ascii", number(words[3]));
    must(weft_op_apply(&all, t));
    sha_of_text(t, sha);
    size_t n_parts;
    (void)weft_op_parts(&all, &n_parts);
    printf("{\"ms\":%.4f,\"parts\":%zu,\"sha\":\"%s\"}\n", laps_median(&laps) / 1e6, n_parts, sha);
    weft_op_done(&all);
    free(list);
    ops_done(ops, n);
    weft_text_free(t);
}

/* apply weft FILE BASE_CP MIN_MS: the file's edits as one operation onto a text */
void ask_apply(char *const words[])
{
    static struct laps laps;
    size_t n;
    struct weft_op *ops = ops_of(weft_heap(), words[2], SIZE_MAX, &n);
    struct weft_op all;
    char sha[HEX_BYTES] = "";
    weft_op_init(&all, weft_heap());
    ops_compose(ops, n, &all);
    laps_init(&laps, number(words[4]));
    while (laps_more(&laps)) {
        struct weft_text *t = base_rope(weft_heap(), "ascii", number(words[3]));
        laps_start(&laps);
        must(weft_op_apply(&all, t));
        laps_stop(&laps);
        if (laps.n == 1)
            sha_of_text(t, sha);
        weft_text_free(t);
    }
    printf("{\"ns\":%.0f,\"sha\":\"%s\"}\n", laps_median(&laps), sha);
    weft_op_done(&all);
    ops_done(ops, n);
}
