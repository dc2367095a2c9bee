/* Two people edit one text at the same time, and both end with the same text.
 *
 *     cc -std=c11 example.c $(pkg-config --cflags --libs weft) -o example && ./example
 *
 * docs/library.md explains the words. */
#include <stdio.h>
#include <stdlib.h>

#include <weft/weft.h>

/* An allocator of our own: the process heap, counted. The library tells the old size, so nothing
 * needs to be remembered for each block. */
struct counter {
    size_t live_bytes;
    size_t most_bytes;
};

static void *count_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    struct counter *counter = ctx;
    void *moved = weft_resize(weft_heap(), ptr, old_bytes, new_bytes);
    if (moved == NULL && new_bytes != 0)
        return NULL; /* no memory: the old block is as it was */
    counter->live_bytes += new_bytes - old_bytes;
    if (counter->live_bytes > counter->most_bytes)
        counter->most_bytes = counter->live_bytes;
    return moved;
}

/* A real program hands errors on; an example stops. */
static void must(int err)
{
    if (err == 0)
        return;
    fprintf(stderr, "weft: %s\n", weft_error_text(err));
    exit(1);
}

static void show_op(const char *name, const struct weft_op *op)
{
    char json[256];
    size_t len = weft_op_to_json(op, json, sizeof json);
    if (len > sizeof json)
        len = 0; /* it did not fit: ask for the length first where that can happen */
    printf("%-10s %.*s\n", name, (int)len, json);
}

static void show_text(const char *name, const struct weft_text *text)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len_bytes;
    printf("%-10s ", name);
    must(weft_text_iter_at(text, 0, &it));
    while (weft_text_iter_next(&it, &chunk, &len_bytes))
        fwrite(chunk, 1, len_bytes, stdout);
    struct weft_size size = weft_text_size(text);
    printf("  (%zu code points, %zu UTF-16 units, %zu bytes)\n", size.cp, size.u16, size.bytes);
}

int main(void)
{
    static const char START[] = "The weft runs across";
    struct counter counter = {0, 0};
    const struct weft_alloc alloc = {count_resize, &counter};
    struct weft_text *ada_text;
    struct weft_text *ben_text;
    struct weft_op ada, ben, ada_after_ben, ben_after_ada, both, undo;
    struct weft_op *const ops[] = {&ada, &ben, &ada_after_ben, &ben_after_ada, &both, &undo};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        weft_op_init(ops[i], &alloc);
    must(weft_text_from(&alloc, START, sizeof START - 1, &ada_text));
    must(weft_text_clone(ada_text, &ben_text));
    show_text("start", ada_text);

    /* Ada puts a word in front of "weft"; Ben replaces the end. Neither has seen the other. */
    must(weft_op_retain(&ada, 4));
    must(weft_op_insert(&ada, "golden ", 7));
    const char ben_says[] = "[14,\"under the warp \xf0\x9f\xa7\xb5\",-6]";
    size_t bad_bytes = 0;
    int err = weft_op_from_json(ben_says, sizeof ben_says - 1, &ben, &bad_bytes);
    if (err != 0)
        fprintf(stderr, "at byte %zu: ", bad_bytes);
    must(err);
    show_op("Ada", &ada);
    show_op("Ben", &ben);

    /* Each applies their own at once, and the other's when it arrives, rewritten to run behind it.
     * Ada's reached the log first. The later one goes LEFT, on both sides. */
    must(weft_op_transform(&ben, &ada, WEFT_LEFT, &ben_after_ada));
    must(weft_op_transform(&ada, &ben, WEFT_RIGHT, &ada_after_ben));
    must(weft_op_apply(&ada, ada_text));
    must(weft_op_apply(&ben_after_ada, ada_text));
    must(weft_op_apply(&ben, ben_text));
    must(weft_op_apply(&ada_after_ben, ben_text));
    show_op("Ben merged", &ben_after_ada);
    show_text("Ada sees", ada_text);
    show_text("Ben sees", ben_text);

    /* The two as one operation, what undoes it, and a caret that moves along. */
    must(weft_op_compose(&ada, &ben_after_ada, &both));
    weft_text_free(ben_text);
    must(weft_text_from(&alloc, START, sizeof START - 1, &ben_text));
    must(weft_op_invert(&both, ben_text, &undo));
    show_op("both", &both);
    show_op("undo", &undo);
    printf("%-10s from 8 to %zu\n", "caret", weft_op_transform_position(&both, 8, WEFT_LEFT));
    must(weft_op_apply(&undo, ada_text));
    show_text("undone", ada_text);

    /* What does not fit is refused whole. */
    err = weft_op_apply(&undo, ben_text);
    printf("%-10s %s\n", "refused", weft_error_text(err));

    weft_text_free(ada_text);
    weft_text_free(ben_text);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        weft_op_done(ops[i]);
    printf("%-10s %zu bytes still held\n", "memory", counter.live_bytes);
    return counter.most_bytes == 0 || counter.live_bytes != 0;
}
