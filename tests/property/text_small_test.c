/* The text with nodes of a few bytes: random edits on deep trees, and everything there is to do in
 * a small scope. */
#include "support/small_text.h"

#include "property/text_play.h"

static void deep_trees(void **state)
{
    (void)state;
    static const struct play play = {.edits = 400,
                                     .start_cp = 300,
                                     .piece_cp = 6,
                                     .big_cp = 120,
                                     .max_cp = 600,
                                     .check_every = 1,
                                     .query_every = 3,
                                     .ascii_percent = 30};
    play_cases(400, &play);
}

static void deep_trees_with_lagging_sums(void **state)
{
    (void)state;
    static const struct play play = {.edits = 2000,
                                     .start_cp = 300,
                                     .piece_cp = 6,
                                     .big_cp = 200,
                                     .max_cp = 3000,
                                     .check_every = 23,
                                     .query_every = 11,
                                     .ascii_percent = 30};
    play_cases(60, &play);
}

/* A text of n code points in which all widths and line feeds take turns; `turn` shifts them. */
static size_t mixed(char *out, size_t n_cp, size_t turn)
{
    static const char *const TURNS[] = {"a", "\xf0\x9f\x98\x80", "\n", "\xc3\xa4", "\xe2\x82\xac"};
    size_t len = 0;
    for (size_t i = 0; i < n_cp; i++) {
        const char *s = TURNS[(i + turn) % 5];
        memcpy(out + len, s, strlen(s));
        len += strlen(s);
    }
    return len;
}

enum { SCOPE_CP = 26 };

static void try_insert(struct flat *f, size_t pos, const char *piece, size_t len)
{
    struct weft_text *t;
    assert_int_equal(weft_text_from(weft_heap(), f->bytes, f->len, &t), 0);
    assert_int_equal(weft_text_insert(t, pos, piece, len), 0);
    struct flat after;
    flat_init(&after);
    flat_set(&after, f->bytes, f->len);
    flat_insert(&after, pos, piece, len);
    assert_true(weft_text_check(t));
    assert_true(weft_text_equal(t, after.bytes, after.len));
    flat_done(&after);
    weft_text_free(t);
}

/* Each length of text, each gap, each length of insertion. */
static void every_insertion(void **state)
{
    (void)state;
    char bytes[4 * SCOPE_CP];
    char piece[4 * SCOPE_CP];
    struct flat f;
    flat_init(&f);
    for (size_t n = 0; n <= SCOPE_CP; n++) {
        for (size_t turn = 0; turn < 5; turn++) {
            flat_set(&f, bytes, mixed(bytes, n, turn));
            for (size_t pos = 0; pos <= n; pos++)
                for (size_t m = 0; m <= SCOPE_CP; m++)
                    try_insert(&f, pos, piece, mixed(piece, m, turn + pos));
        }
    }
    flat_done(&f);
}

/* Each length of text, each range. */
static void every_deletion(void **state)
{
    (void)state;
    char bytes[8 * SCOPE_CP];
    struct flat f;
    flat_init(&f);
    for (size_t n = 0; n <= 2 * SCOPE_CP; n++) {
        size_t len = mixed(bytes, n, n);
        for (size_t pos = 0; pos <= n; pos++) {
            for (size_t drop = 0; drop <= n - pos; drop++) {
                struct weft_text *t;
                assert_int_equal(weft_text_from(weft_heap(), bytes, len, &t), 0);
                assert_int_equal(weft_text_delete(t, pos, drop), 0);
                flat_set(&f, bytes, len);
                flat_delete(&f, pos, drop);
                assert_true(weft_text_check(t));
                assert_true(weft_text_equal(t, f.bytes, f.len));
                weft_text_free(t);
            }
        }
    }
    flat_done(&f);
}

/* Each position of each unit on texts of each length. */
static void every_position(void **state)
{
    (void)state;
    char bytes[8 * SCOPE_CP];
    struct flat f;
    flat_init(&f);
    for (size_t n = 0; n <= 2 * SCOPE_CP; n++) {
        flat_set(&f, bytes, mixed(bytes, n, n));
        struct weft_text *t;
        assert_int_equal(weft_text_from(weft_heap(), f.bytes, f.len, &t), 0);
        struct weft_size got;
        size_t u16 = 0;
        for (size_t at = 0; at <= f.len; at++) {
            bool start = at == f.len || ((unsigned char)f.bytes[at] & 0xc0) != 0x80;
            struct weft_size want = flat_measure(&f, 0, at);
            assert_int_equal(weft_text_at_byte(t, at, &got), start ? 0 : WEFT_EINVAL);
            if (!start)
                continue;
            assert_true(flat_size_equal(got, want));
            got = (struct weft_size){.bytes = SIZE_MAX}; /* no answer of another query */
            assert_int_equal(weft_text_at_cp(t, want.cp, &got), 0);
            assert_true(flat_size_equal(got, want));
            for (; u16 < want.u16; u16++)
                assert_int_equal(weft_text_at_u16(t, u16, &got), WEFT_EINVAL);
            got = (struct weft_size){.bytes = SIZE_MAX};
            assert_int_equal(weft_text_at_u16(t, u16++, &got), 0);
            assert_true(flat_size_equal(got, want));
            if (at == 0 || f.bytes[at - 1] == '\n') {
                got = (struct weft_size){.bytes = SIZE_MAX};
                assert_int_equal(weft_text_at_line(t, want.lines, &got), 0);
                assert_true(flat_size_equal(got, want));
            }
        }
        weft_text_free(t);
    }
    flat_done(&f);
}

/* The greatest text, to the code point: loaded, typed, pasted, in bytes that are fewer or more. */
static void longest_text(void **state)
{
    (void)state;
    char *s = malloc(4 * TEXT_CP_MAX + 4);
    assert_non_null(s);
    for (size_t width = 1; width <= 4; width += 3) {
        for (size_t i = 0; i <= TEXT_CP_MAX; i++)
            memcpy(s + width * i, width == 1 ? "a" : "\xf0\x9f\x98\x80", width);
        struct weft_text *t = NULL;
        assert_int_equal(weft_text_from(weft_heap(), s, width * (TEXT_CP_MAX + 1), &t),
                         WEFT_ELIMIT);
        assert_null(t);
        assert_int_equal(weft_text_from(weft_heap(), s, width * TEXT_CP_MAX, &t), 0);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(weft_text_size(t).cp, TEXT_CP_MAX);
            assert_int_equal(weft_text_insert(t, 7, "x", 1), WEFT_ELIMIT);
            assert_int_equal(weft_text_insert(t, 7, s, width * TEXT_CP_MAX), WEFT_ELIMIT);
            assert_int_equal(weft_text_insert(t, TEXT_CP_MAX, "\xc3\xa4", 2), WEFT_ELIMIT);
            assert_true(weft_text_check(t));
            assert_int_equal(weft_text_delete(t, 5, 30), 0);
            assert_int_equal(weft_text_insert(t, 5, s, width * 31), WEFT_ELIMIT);
            assert_int_equal(weft_text_insert(t, 5, s, width * 29), 0);
            assert_int_equal(weft_text_insert(t, 5, "x", 1), 0);
            assert_int_equal(weft_text_insert(t, 6, "x", 1), WEFT_ELIMIT); /* at the gap */
        }
        assert_true(weft_text_check(t));
        assert_int_equal(weft_text_reserve(t, 1, 4 * TEXT_CP_MAX), 0);
        assert_int_equal(weft_text_reserve(t, 1, 4 * TEXT_CP_MAX + 4), WEFT_ENOMEM);
        assert_int_equal(weft_text_delete(t, 0, TEXT_CP_MAX), 0);
        assert_true(weft_text_equal(t, "", 0));
        weft_text_free(t);
    }
    free(s);
}

/* The bytes of leaf i, and where it starts: of ASCII. */
static size_t leaf_len(const struct weft_text *t, size_t i, size_t *ret_start)
{
    const struct leaf *l = t->first;
    *ret_start = 0;
    for (; i > 0; i--, l = l->next)
        *ret_start += leaf_bytes(l);
    return leaf_bytes(l);
}

static void drop_leaves(struct weft_text *t, size_t from, size_t n)
{
    size_t start;
    size_t len = leaf_len(t, from, &start);
    for (size_t i = 1; i < n; i++) {
        size_t unused;
        len += leaf_len(t, from + i, &unused);
    }
    assert_int_equal(weft_text_delete(t, start, len), 0);
}

/* A tree of the least nodes there may be, but for its root: then the text has hardly room for one
 * node more, and a reservation sets less aside than a single insertion would ask for. */
static void reserve_in_the_least_tree(void **state)
{
    (void)state;
    char s[64 * LEAF_LOADED];
    memset(s, 'a', sizeof s);
    struct faulty f;
    faulty_init(&f, -1);
    struct weft_text *t;
    assert_int_equal(weft_text_from(&f.alloc, s, sizeof s, &t), 0);
    assert_int_equal(t->leaves, 64);
    for (size_t i = 16; i-- > 0;) /* nodes of four leaves to such of two */
        drop_leaves(t, 4 * i + 2, 2);
    for (size_t i = 4; i-- > 0;) /* their parents to two */
        drop_leaves(t, 8 * i + 4, 4);
    size_t start;
    for (size_t i = 16; i-- > 0;) {
        size_t len = leaf_len(t, i, &start);
        assert_int_equal(weft_text_delete(t, start, len - LEAF_MIN), 0);
    }
    assert_int_equal(leaf_len(t, 7, &start), LEAF_MIN);
    assert_int_equal(weft_text_insert(t, start + 1, s, LEAF_CAP - LEAF_MIN), 0);
    assert_true(weft_text_check(t));
    assert_int_equal(t->leaves, 16);
    assert_int_equal(t->inners, 1 + 4 + 8);
    assert_int_equal(t->root->count, INNER_CAP);

    assert_int_equal(weft_text_reserve(t, 2, 2), 0);
    assert_true(t->spare_inners < t->height + 1);
    f.fail_at = f.requests;
    assert_int_equal(weft_text_insert(t, 1, "b", 1), 0);
    assert_int_equal(weft_text_insert(t, start + 4, "c", 1), 0);
    assert_int_equal(t->leaves, 17);
    assert_int_equal(f.requests, f.fail_at);
    assert_true(weft_text_check(t));
    weft_text_free(t);
    assert_int_equal(f.live_blocks, 0);
}

struct sequence {
    struct weft_text *text;
    struct flat flat;
    size_t played;
};

static void sequence_check(struct sequence *s)
{
    s->played++;
    assert_true(weft_text_equal(s->text, s->flat.bytes, s->flat.len));
    assert_true(weft_text_check(s->text));
}

/* Each sequence of `depth` edits; a branch is played on a clone. */
static void sequences(const struct sequence *from, size_t depth)
{
    static const char *const PIECES[] = {"a", "\n", "\xf0\x9f\x98\x80",
                                         "\xc3\xa4zzzzzzzzzzzzzzzzzzz"};
    size_t n = weft_text_size(from->text).cp;
    for (size_t edit = 0; depth > 0 && edit < 4 * (n + 1) + n * (n + 1) / 2; edit++) {
        struct sequence s = {.played = from->played};
        assert_int_equal(weft_text_clone(from->text, &s.text), 0);
        flat_set(&s.flat, from->flat.bytes, from->flat.len);
        if (edit < 4 * (n + 1)) {
            const char *piece = PIECES[edit % 4];
            assert_int_equal(weft_text_insert(s.text, edit / 4, piece, strlen(piece)), 0);
            flat_insert(&s.flat, edit / 4, piece, strlen(piece));
        } else {
            size_t range = edit - 4 * (n + 1); /* ranges, the short ones first */
            size_t len = 1;
            while (range >= n + 1 - len)
                range -= n + 1 - len++;
            assert_int_equal(weft_text_delete(s.text, range, len), 0);
            flat_delete(&s.flat, range, len);
        }
        sequence_check(&s);
        sequences(&s, depth - 1);
        weft_text_free(s.text);
        flat_done(&s.flat);
    }
}

static void every_sequence_of_edits(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 7; n++) {
        char bytes[4 * 8] = "";
        struct sequence s = {0};
        size_t len = mixed(bytes, n, 1);
        flat_set(&s.flat, bytes, len);
        assert_int_equal(weft_text_from(weft_heap(), bytes, len, &s.text), 0);
        sequences(&s, n < 5 ? 3 : 2);
        weft_text_free(s.text);
        flat_done(&s.flat);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_trees),      cmocka_unit_test(deep_trees_with_lagging_sums),
        cmocka_unit_test(every_insertion), cmocka_unit_test(every_deletion),
        cmocka_unit_test(every_position),  cmocka_unit_test(every_sequence_of_edits),
        cmocka_unit_test(longest_text),    cmocka_unit_test(reserve_in_the_least_tree),
    };
    return cmocka_run_group_tests_name("text with small nodes", tests, NULL, NULL);
}
