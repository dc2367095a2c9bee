/* The rope: edits played into a text, memory held, positions converted, texts compared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/engine/engine.h"

static void play(const struct edits *list, struct weft_text *t)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct edit *e = &list->at[i];
        if (e->del_cp != 0)
            must(weft_text_delete(t, e->pos_cp, e->del_cp));
        if (e->len_bytes != 0)
            must(weft_text_insert(t, e->pos_cp, e->text, e->len_bytes));
    }
}

/* edit weft BASE_CP KIND FILE MIN_MS */
void ask_edit(char *const words[])
{
    static struct laps laps;
    struct edits list;
    char sha[HEX_BYTES] = "";
    edits_load(words[4], &list);
    laps_init(&laps, number(words[5]));
    while (laps_more(&laps)) {
        struct weft_text *t = base_rope(weft_heap(), words[3], number(words[2]));
        laps_start(&laps);
        play(&list, t);
        laps_stop(&laps);
        if (laps.n == 1)
            sha_of_text(t, sha);
        weft_text_free(t);
    }
    printf("{\"ns\":%.0f,\"n\":%zu,\"sha\":\"%s\"}\n", laps_median(&laps), list.n, sha);
    edits_done(&list);
}

/* memory weft BASE_CP KIND FILE: what the rope says it holds is what it took */
void ask_memory(char *const words[])
{
    struct edits list;
    struct counted counted;
    char sha[HEX_BYTES];
    edits_load(words[4], &list);
    counted_init(&counted);
    struct weft_text *t = base_rope(&counted.alloc, words[3], number(words[2]));
    play(&list, t);
    if (weft_text_memory(t) != counted.held_bytes) {
        fprintf(stderr, "engine_bench: weft_text_memory says %zu, held are %zu\n",
                weft_text_memory(t), counted.held_bytes);
        abort();
    }
    sha_of_text(t, sha);
    printf("{\"bytes\":%zu,\"text\":%zu,\"sha\":\"%s\"}\n", counted.held_bytes,
           weft_text_size(t).bytes, sha);
    weft_text_free(t);
    edits_done(&list);
}

/* convert weft N_CP COUNT MIN_MS: code points to UTF-16 units, at scattered places */
void ask_convert(char *const words[])
{
    static struct laps laps;
    size_t n_cp = number(words[2]);
    size_t count = number(words[3]);
    struct weft_text *t = base_rope(weft_heap(), "mixed", n_cp);
    uint64_t sum = 0;
    laps_init(&laps, number(words[4]));
    while (laps_more(&laps)) {
        uint64_t at = 12345;
        sum = 0;
        laps_start(&laps);
        for (size_t i = 0; i < count; i++) {
            struct weft_size size;
            at = (at * 1103515245 + 12345) & 0x7fffffff;
            must(weft_text_at_cp(t, (size_t)(at % n_cp), &size));
            sum += size.u16;
        }
        laps_stop(&laps);
    }
    printf("{\"ns\":%.0f,\"n\":%zu,\"sha\":\"%llu\"}\n", laps_median(&laps), count,
           (unsigned long long)sum);
    weft_text_free(t);
}

/* diff weft BASE_CP FILE MIN_MS: what the edits of the file made of a text */
void ask_diff(char *const words[])
{
    static struct laps laps;
    struct edits list;
    edits_load(words[3], &list);
    size_t before_bytes;
    char *before = base_text("ascii", number(words[2]), &before_bytes);
    struct weft_text *t = base_rope(weft_heap(), "ascii", number(words[2]));
    play(&list, t);
    size_t after_bytes = weft_text_size(t).bytes;
    char *after = must_have(malloc(after_bytes + 1));
    must(weft_text_copy(t, 0, weft_text_size(t).cp, after, after_bytes, &after_bytes));
    weft_text_free(t);

    struct weft_op op;
    weft_op_init(&op, weft_heap());
    laps_init(&laps, number(words[4]));
    while (laps_more(&laps)) {
        laps_start(&laps);
        must(weft_op_diff(before, before_bytes, after, after_bytes, &op));
        laps_stop(&laps);
    }
    t = base_rope(weft_heap(), "ascii", number(words[2]));
    must(weft_op_apply(&op, t));
    bool right = weft_text_equal(t, after, after_bytes);
    size_t n_parts;
    (void)weft_op_parts(&op, &n_parts);
    printf("{\"ns\":%.0f,\"parts\":%zu,\"right\":%s}\n", laps_median(&laps), n_parts,
           right ? "true" : "false");
    weft_op_done(&op);
    weft_text_free(t);
    free(before);
    free(after);
    edits_done(&list);
}
