/* The text: every error, every limit, and what holds when memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "support/faulty.h"
#include "support/flat.h"
#include "text/node.h"
#include <weft/text.h>

#define GRIN "\xf0\x9f\x98\x80" /* U+1F600: four bytes, two UTF-16 units */
#define AUML "\xc3\xa4"
#define EURO "\xe2\x82\xac"

static struct weft_text *text_of(const char *s)
{
    struct weft_text *t;
    assert_int_equal(weft_text_from(weft_heap(), s, strlen(s), &t), 0);
    assert_true(weft_text_check(t));
    return t;
}

#define assert_text(t, s)                                                                          \
    do {                                                                                           \
        assert_true(weft_text_check(t));                                                           \
        assert_true(weft_text_equal(t, s, strlen(s)));                                             \
    } while (0)

static void assert_size(struct weft_size s, size_t bytes, size_t cp, size_t u16, size_t lines)
{
    assert_int_equal(s.bytes, bytes);
    assert_int_equal(s.cp, cp);
    assert_int_equal(s.u16, u16);
    assert_int_equal(s.lines, lines);
}

/* `n` bytes of ASCII; freed by the caller. */
static char *ascii(size_t n)
{
    char *s = malloc(n + 1);
    assert_non_null(s);
    for (size_t i = 0; i < n; i++)
        s[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 26);
    s[n] = 0;
    return s;
}

static void empty_text(void **state)
{
    (void)state;
    struct weft_text *t;
    assert_int_equal(weft_text_new(weft_heap(), &t), 0);
    assert_text(t, "");
    assert_size(weft_text_size(t), 0, 0, 0, 0);
    struct weft_size s;
    assert_int_equal(weft_text_at_cp(t, 0, &s), 0);
    assert_size(s, 0, 0, 0, 0);
    assert_int_equal(weft_text_at_line(t, 0, &s), 0);
    assert_int_equal(weft_text_at_line(t, 1, &s), WEFT_ERANGE);
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    assert_int_equal(weft_text_iter_at(t, 0, &it), 0);
    assert_false(weft_text_iter_next(&it, &chunk, &len));
    assert_false(weft_text_iter_next(&it, &chunk, &len));
    assert_false(weft_text_iter_prev(&it, &chunk, &len));
    assert_int_equal(weft_text_delete(t, 0, 0), 0);
    assert_int_equal(weft_text_insert(t, 0, "", 0), 0);
    assert_int_equal(weft_text_copy(t, 0, 0, NULL, 0, &len), 0);
    assert_int_equal(len, 0);
    weft_text_free(t);
    weft_text_free(NULL);
}

static void insert_and_delete(void **state)
{
    (void)state;
    struct weft_text *t = text_of("");
    assert_int_equal(weft_text_insert(t, 0, "ad", 2), 0);
    assert_int_equal(weft_text_insert(t, 1, GRIN "b\n", 6), 0);
    assert_text(t, "a" GRIN "b\nd");
    assert_size(weft_text_size(t), 8, 5, 6, 1);
    assert_int_equal(weft_text_insert(t, 5, EURO, 3), 0);
    assert_int_equal(weft_text_insert(t, 0, AUML, 2), 0);
    assert_text(t, AUML "a" GRIN "b\nd" EURO);
    assert_int_equal(weft_text_delete(t, 2, 3), 0);
    assert_text(t, AUML "ad" EURO);
    assert_int_equal(weft_text_delete(t, 0, 1), 0);
    assert_int_equal(weft_text_delete(t, 2, 1), 0);
    assert_text(t, "ad");
    assert_int_equal(weft_text_delete(t, 0, 2), 0);
    assert_text(t, "");
    assert_int_equal(weft_text_insert(t, 0, "again", 5), 0);
    assert_text(t, "again");
    weft_text_free(t);
}

/* U+0000 is refused wherever it stands, alone or beside other code points, typed or loaded. */
static void nul_is_no_text(void **state)
{
    (void)state;
    static const char *const FILL[] = {"a", AUML};
    char s[2 * 70];
    struct weft_text *t = text_of("ab" AUML "c");
    struct weft_text *none = t;
    for (size_t at = 1; at <= 4; at++) { /* the gap stays where it was, or goes there first */
        assert_int_equal(weft_text_insert(t, at, "x", 1), 0);
        assert_int_equal(weft_text_insert(t, at + 1, "\0", 1), WEFT_EUTF8);
        assert_int_equal(weft_text_insert(t, at - 1, "\0", 1), WEFT_EUTF8);
        assert_int_equal(weft_text_delete(t, at, 1), 0);
    }
    for (size_t width = 1; width <= 2; width++) {
        for (size_t n = 1; n <= 70; n++) {
            for (size_t i = 0; i < n; i++)
                memcpy(s + width * i, FILL[width - 1], width);
            for (size_t i = 0; i < n; i++) {
                char saved[2];
                size_t len = width * n - width + 1;
                memcpy(saved, s + width * i, width);
                memmove(s + width * i + 1, s + width * (i + 1), width * (n - i - 1));
                s[width * i] = 0;
                assert_int_equal(weft_text_insert(t, 2, s, len), WEFT_EUTF8);
                assert_int_equal(weft_text_from(weft_heap(), s, len, &none), WEFT_EUTF8);
                memmove(s + width * (i + 1), s + width * i + 1, width * (n - i - 1));
                memcpy(s + width * i, saved, width);
            }
        }
    }
    assert_ptr_equal(none, t);
    assert_text(t, "ab" AUML "c");
    weft_text_free(t);
}

static void out_of_range(void **state)
{
    (void)state;
    struct weft_text *t = text_of("a" GRIN "b\n");
    struct weft_size s = {1, 2, 3, 4};
    struct weft_text_iter it;
    char out[16];
    size_t len = 77;
    assert_int_equal(weft_text_insert(t, 5, "x", 1), WEFT_ERANGE);
    assert_int_equal(weft_text_insert(t, SIZE_MAX, "x", 1), WEFT_ERANGE);
    assert_int_equal(weft_text_insert(t, 5, "", 0), WEFT_ERANGE);
    assert_int_equal(weft_text_delete(t, 0, 5), WEFT_ERANGE);
    assert_int_equal(weft_text_delete(t, 4, 1), WEFT_ERANGE);
    assert_int_equal(weft_text_delete(t, 5, 0), WEFT_ERANGE);
    assert_int_equal(weft_text_delete(t, 1, SIZE_MAX), WEFT_ERANGE);
    assert_int_equal(weft_text_delete(t, SIZE_MAX, 2), WEFT_ERANGE);
    assert_int_equal(weft_text_at_cp(t, 5, &s), WEFT_ERANGE);
    assert_int_equal(weft_text_at_byte(t, 8, &s), WEFT_ERANGE);
    assert_int_equal(weft_text_at_u16(t, 6, &s), WEFT_ERANGE);
    assert_int_equal(weft_text_at_line(t, 2, &s), WEFT_ERANGE);
    assert_int_equal(weft_text_iter_at(t, 5, &it), WEFT_ERANGE);
    assert_int_equal(weft_text_copy(t, 5, 0, out, sizeof out, &len), WEFT_ERANGE);
    assert_int_equal(weft_text_copy(t, 4, 1, out, sizeof out, &len), WEFT_ERANGE);
    assert_int_equal(weft_text_copy(t, 1, SIZE_MAX, out, sizeof out, &len), WEFT_ERANGE);
    assert_size(s, 1, 2, 3, 4);
    assert_int_equal(len, 77);
    assert_text(t, "a" GRIN "b\n");
    weft_text_free(t);
}

static void broken_utf8(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "\x80",         "\xff",     "\xc3",   "a\xf0\x9f\x98",
        "\xed\xa0\x80", "\xc0\x80", "ok\xe2", "\xf4\x90\x80\x80",
        "abc\x80zzz",
    };
    struct weft_text *t = text_of("ab");
    struct weft_text *none = t;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        size_t len = strlen(BAD[i]);
        assert_int_equal(weft_text_insert(t, 1, BAD[i], len), WEFT_EUTF8);
        assert_int_equal(weft_text_from(weft_heap(), BAD[i], len, &none), WEFT_EUTF8);
    }
    assert_ptr_equal(none, t);
    assert_text(t, "ab");
    /* Which error comes first: the place, then the text. */
    assert_int_equal(weft_text_insert(t, 3, "\x80", 1), WEFT_ERANGE);
    weft_text_free(t);
}

static void every_unit(void **state)
{
    (void)state;
    struct weft_text *t = text_of("a\n" GRIN "\n" AUML EURO);
    struct weft_size s;
    assert_int_equal(weft_text_at_cp(t, 3, &s), 0);
    assert_size(s, 6, 3, 4, 1);
    s = (struct weft_size){0};
    assert_int_equal(weft_text_at_byte(t, 6, &s), 0);
    assert_size(s, 6, 3, 4, 1);
    s = (struct weft_size){0};
    assert_int_equal(weft_text_at_u16(t, 4, &s), 0);
    assert_size(s, 6, 3, 4, 1);
    assert_int_equal(weft_text_at_u16(t, 3, &s), WEFT_EINVAL);
    for (size_t i = 3; i < 6; i++)
        assert_int_equal(weft_text_at_byte(t, i, &s), WEFT_EINVAL);
    assert_int_equal(weft_text_at_byte(t, 8, &s), WEFT_EINVAL);
    assert_int_equal(weft_text_at_line(t, 0, &s), 0);
    assert_size(s, 0, 0, 0, 0);
    assert_int_equal(weft_text_at_line(t, 1, &s), 0);
    assert_size(s, 2, 2, 2, 1);
    assert_int_equal(weft_text_at_line(t, 2, &s), 0);
    assert_size(s, 7, 4, 5, 2);
    assert_int_equal(weft_text_at_line(t, 3, &s), WEFT_ERANGE);
    assert_int_equal(weft_text_at_cp(t, 6, &s), 0);
    assert_size(s, 12, 6, 7, 2);
    weft_text_free(t);
}

static void copy_and_its_room(void **state)
{
    (void)state;
    struct weft_text *t = text_of("a" GRIN "bc");
    char out[8] = "-------";
    size_t len = 77;
    assert_int_equal(weft_text_copy(t, 1, 2, out, 4, &len), WEFT_ELIMIT);
    assert_int_equal(len, 77);
    assert_string_equal(out, "-------");
    assert_int_equal(weft_text_copy(t, 1, 2, out, 5, &len), 0);
    assert_int_equal(len, 5);
    assert_string_equal(out, GRIN "b--");
    weft_text_free(t);
}

static void equal_looks_at_every_byte(void **state)
{
    (void)state;
    char *s = ascii(5000);
    struct weft_text *t = text_of(s);
    assert_true(weft_text_equal(t, s, 5000));
    assert_false(weft_text_equal(t, s, 4999));
    static const size_t AT[] = {0, 2500, 4999};
    for (size_t i = 0; i < 3; i++) {
        s[AT[i]] ^= 1;
        assert_false(weft_text_equal(t, s, 5000));
        s[AT[i]] ^= 1;
    }
    weft_text_free(t);
    free(s);
}

/* A copy and its source go separate ways. */
static void clone_is_its_own(void **state)
{
    (void)state;
    struct weft_text *t = text_of("abc");
    assert_int_equal(weft_text_insert(t, 1, "--", 2), 0);
    struct weft_text *copy;
    assert_int_equal(weft_text_clone(t, &copy), 0);
    assert_int_equal(weft_text_delete(t, 0, 2), 0);
    assert_int_equal(weft_text_insert(copy, 5, "!", 1), 0);
    assert_text(t, "-bc");
    weft_text_free(t);
    assert_text(copy, "a--bc!");
    weft_text_free(copy);
}

/* The limit itself is 2 GiB of text; so the text is told that it has that much already. */
static void longest_text(void **state)
{
    (void)state;
    struct weft_text *t = text_of("ab");
    t->total.cp += CP_MAX - 4;
    assert_int_equal(weft_text_insert(t, 0, "xyz", 3), WEFT_ELIMIT);
    assert_int_equal(weft_text_insert(t, 0, "x" GRIN, 5), 0);
    assert_int_equal(weft_text_insert(t, 0, "x", 1), WEFT_ELIMIT);
    t->total.cp -= CP_MAX - 4;
    assert_text(t, "x" GRIN "ab");
    weft_text_free(t);
}

/* Around the size of one leaf: whatever its length, a text is cut so that every leaf holds enough. */
static void sizes_around_a_leaf(void **state)
{
    (void)state;
    char *s = ascii(3 * LEAF_CAP);
    for (size_t leaves = 1; leaves <= 2; leaves++) {
        for (size_t n = leaves * LEAF_CAP - 12; n <= leaves * LEAF_CAP + 4; n++) {
            struct weft_text *t;
            assert_int_equal(weft_text_from(weft_heap(), s, n, &t), 0);
            assert_true(weft_text_check(t));
            assert_true(weft_text_equal(t, s, n));
            /* ... and splits at the front, and fills up at the end. */
            assert_int_equal(weft_text_insert(t, 0, s, 10), 0);
            assert_true(weft_text_check(t));
            assert_int_equal(weft_text_delete(t, 0, 10), 0);
            assert_int_equal(weft_text_insert(t, n, s + n, 10), 0);
            assert_true(weft_text_check(t));
            assert_true(weft_text_equal(t, s, n + 10));
            weft_text_free(t);
        }
    }
    free(s);
}

/* What is loaded is in one leaf when it fits, else in as few as leave each of them some room. */
static void loaded_leaves(void **state)
{
    (void)state;
    char *s = ascii(3 * LEAF_CAP);
    for (size_t n = LEAF_CAP - 2; n <= 3 * LEAF_LOADED; n++) {
        struct weft_text *t;
        assert_int_equal(weft_text_from(weft_heap(), s, n, &t), 0);
        assert_int_equal(t->leaves, n <= LEAF_CAP ? 1 : (n + LEAF_LOADED - 1) / LEAF_LOADED);
        assert_int_equal(t->inners, 1);
        assert_int_equal(t->spare_leaves + t->spare_inners, 0);
        weft_text_free(t);
    }
    free(s);
}

/* At the memory the header promises: about twice the text, whatever way it came about. */
static void memory_is_bounded(void **state)
{
    (void)state;
    struct faulty f;
    faulty_init(&f, -1);
    size_t n = 300000;
    char *s = ascii(n);
    struct weft_text *t;
    assert_int_equal(weft_text_new(&f.alloc, &t), 0);
    assert_int_equal(weft_text_memory(t), f.live_bytes);
    assert_true(weft_text_memory(t) < 5000);
    for (size_t i = 0; i < n; i++) /* typed at the end: leaves are full */
        assert_int_equal(weft_text_insert(t, i, s + i, 1), 0);
    assert_true(weft_text_equal(t, s, n));
    assert_true(weft_text_memory(t) < n / 10 * 12);
    weft_text_free(t);
    assert_int_equal(weft_text_new(&f.alloc, &t), 0);
    for (size_t i = n; i-- > 0;) /* backwards: each leaf is left half full */
        assert_int_equal(weft_text_insert(t, 0, s + i, 1), 0);
    assert_true(weft_text_equal(t, s, n));
    assert_true(weft_text_memory(t) < n / 10 * 22 + 4096);
    /* Where leaves have the least there is room for few more, however many insertions come. */
    assert_int_equal(weft_text_reserve(t, 100, 100), 0);
    assert_true(t->leaves + t->spare_leaves <= (n + 100) / LEAF_MIN + 1);
    assert_int_equal(weft_text_reserve(t, 0, 0), 0);
    assert_int_equal(weft_text_delete(t, 5, n - 5), 0);
    assert_int_equal(weft_text_memory(t), f.live_bytes);
    assert_true(weft_text_memory(t) < 10000);
    /* A paste is bounded from above before it is made: what is over is given back. */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(weft_text_insert(t, 3, s, n), 0);
        assert_true(weft_text_memory(t) < (i + 1) * n / 10 * 12 + 10000);
    }
    assert_int_equal(weft_text_delete(t, 5, 2 * n), 0);
    assert_int_equal(weft_text_memory(t), f.live_bytes);
    assert_true(weft_text_memory(t) < 10000);
    weft_text_free(t);
    assert_int_equal(f.live_blocks, 0);
    free(s);
}

/* What may fail, each of it on a text of several leaves. Returns its error. */
typedef int (*entry_fn)(struct weft_text *t, const char *s);

static int entry_insert_short(struct weft_text *t, const char *s)
{
    return weft_text_insert(t, 2000, s, 5);
}

static int entry_insert_long(struct weft_text *t, const char *s)
{
    return weft_text_insert(t, 2000, s, 20000);
}

static int entry_append(struct weft_text *t, const char *s)
{
    return weft_text_insert(t, weft_text_size(t).cp, s, 70000);
}

static int entry_reserve(struct weft_text *t, const char *s)
{
    (void)s;
    return weft_text_reserve(t, 100, 50000);
}

static int entry_clone(struct weft_text *t, const char *s)
{
    (void)s;
    struct weft_text *copy = NULL;
    int err = weft_text_clone(t, &copy);
    assert_true(err == 0 ? weft_text_check(copy) : copy == NULL);
    weft_text_free(copy);
    return err;
}

/* A text of full leaves: typed at its end. */
static struct weft_text *text_full(const struct weft_alloc *alloc, const char *s, size_t leaves)
{
    struct weft_text *t;
    assert_int_equal(weft_text_new(alloc, &t), 0);
    assert_int_equal(weft_text_insert(t, 0, s, leaves * LEAF_CAP), 0);
    assert_int_equal(t->leaves, leaves);
    return t;
}

enum { FAULT_LEAVES = 8, FAULT_TEXT_BYTES = FAULT_LEAVES * LEAF_CAP };

/* Fails request n, n = 0, 1, 2, ... of the entry until it passes. Returns how many it makes. */
static long fail_each_request(entry_fn entry, const char *s)
{
    for (long n = 0;; n++) {
        struct faulty f;
        faulty_init(&f, -1);
        struct weft_text *t = text_full(&f.alloc, s, FAULT_LEAVES);
        assert_int_equal(weft_text_reserve(t, 0, 0), 0);
        pool_trim(t, 0, 0);
        f.fail_at = f.requests + n;
        long before = f.requests;
        size_t held = f.live_bytes;
        int err = entry(t, s);
        long made = f.requests - before;
        assert_true(weft_text_check(t));
        assert_int_equal(weft_text_memory(t), f.live_bytes);
        if (err != 0) {
            assert_int_equal(err, WEFT_ENOMEM);
            assert_true(weft_text_equal(t, s, FAULT_TEXT_BYTES));
            assert_int_equal(f.live_bytes, held);
            /* And it can go on: the same passes once there is memory. */
            f.fail_at = -1;
            assert_int_equal(entry(t, s), 0);
            assert_true(weft_text_check(t));
        }
        weft_text_free(t);
        assert_int_equal(f.live_blocks, 0);
        if (err == 0)
            return made;
    }
}

static void no_memory_anywhere(void **state)
{
    (void)state;
    char *s = ascii(80000);
    assert_true(fail_each_request(entry_insert_short, s) >= 1);
    assert_true(fail_each_request(entry_insert_long, s) >= 10);
    assert_true(fail_each_request(entry_append, s) >= 35);
    assert_true(fail_each_request(entry_reserve, s) >= 25);
    assert_true(fail_each_request(entry_clone, s) >= 10);
    free(s);
}

static void no_memory_for_a_new_text(void **state)
{
    (void)state;
    char *s = ascii(100000);
    for (long n = 0;; n++) {
        struct faulty f;
        faulty_init(&f, n);
        struct weft_text *t = NULL;
        int err = weft_text_from(&f.alloc, s, 100000, &t);
        if (err == 0)
            assert_true(weft_text_equal(t, s, 100000));
        else
            assert_null(t);
        weft_text_free(t);
        assert_int_equal(f.live_blocks, 0);
        if (err == 0) {
            assert_true(n > 50);
            break;
        }
        assert_int_equal(err, WEFT_ENOMEM);
    }
    for (long n = 0; n < 3; n++) { /* the text, a leaf, a node */
        struct faulty f;
        faulty_init(&f, n);
        struct weft_text *t = NULL;
        assert_int_equal(weft_text_new(&f.alloc, &t), WEFT_ENOMEM);
        assert_null(t);
        assert_int_equal(f.live_blocks, 0);
    }
    free(s);
}

static void deleting_needs_no_memory(void **state)
{
    (void)state;
    char *s = ascii(60000);
    struct faulty f;
    faulty_init(&f, -1);
    struct weft_text *t;
    assert_int_equal(weft_text_from(&f.alloc, s, 60000, &t), 0);
    f.fail_at = f.requests;
    for (size_t n = 60000; n > 0;) {
        size_t drop = n < 777 ? n : 777;
        assert_int_equal(weft_text_delete(t, (n - drop) / 3, drop), 0);
        assert_true(weft_text_check(t));
        n -= drop;
    }
    assert_text(t, "");
    assert_int_equal(f.requests, f.fail_at);
    weft_text_free(t);
    assert_int_equal(f.live_blocks, 0);
    free(s);
}

/* What ends or begins at the gap, around the length that two registers hold. */
static void rubbing_out(void **state)
{
    (void)state;
    static const char FEEDS[] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
    for (size_t n = 1; n < sizeof FEEDS; n++) {
        struct weft_text *t = text_of("abcd");
        for (size_t behind = 0; behind < 2; behind++) {
            assert_int_equal(weft_text_insert(t, 2, FEEDS, n), 0);
            if (behind != 0) { /* the gap goes before them */
                assert_int_equal(weft_text_insert(t, 2, "x", 1), 0);
                assert_int_equal(weft_text_delete(t, 2, 1), 0);
            }
            assert_int_equal(weft_text_delete(t, 2, n), 0);
            assert_text(t, "abcd");
        }
        weft_text_free(t);
    }
}

static void filling_a_leaf_needs_no_memory(void **state)
{
    (void)state;
    char *s = ascii(LEAF_CAP);
    struct faulty f;
    faulty_init(&f, -1);
    struct weft_text *t;
    assert_int_equal(weft_text_from(&f.alloc, s, 100, &t), 0);
    f.fail_at = f.requests;
    assert_int_equal(weft_text_insert(t, 100, s + 100, LEAF_CAP - 100), 0);
    assert_true(weft_text_equal(t, s, LEAF_CAP));
    assert_int_equal(weft_text_insert(t, 100, s, 1), WEFT_ENOMEM);
    assert_true(weft_text_check(t));
    weft_text_free(t);
    free(s);
}

/* Only the last leaf may get short, down to one byte. */
static void the_last_leaf_may_be_short(void **state)
{
    (void)state;
    char *s = ascii(2 * LEAF_CAP);
    struct weft_text *t = text_full(weft_heap(), s, 2);
    assert_int_equal(weft_text_delete(t, LEAF_CAP + 1, LEAF_CAP - 1), 0);
    assert_int_equal(t->leaves, 2);
    assert_true(weft_text_check(t));
    assert_int_equal(weft_text_delete(t, 0, LEAF_CAP - LEAF_MIN), 0);
    assert_int_equal(t->leaves, 2);
    assert_int_equal(weft_text_delete(t, 0, 1), 0);
    assert_int_equal(t->leaves, 1);
    assert_true(weft_text_check(t));
    weft_text_free(t);
    free(s);
}

/* The worst for a reservation: every insertion hits a full leaf, under full nodes. */
static void reserve_for_full_leaves(void **state)
{
    (void)state;
    enum { LEAVES = INNER_CAP * INNER_CAP };
    size_t n = (size_t)LEAVES * LEAF_CAP;
    char *s = ascii(n);
    struct faulty f;
    faulty_init(&f, -1);
    struct weft_text *full = text_full(&f.alloc, s, LEAVES);
    struct weft_text *t; /* a copy has full inner nodes too */
    assert_int_equal(weft_text_clone(full, &t), 0);
    weft_text_free(full);
    assert_int_equal(t->height, 2);
    assert_int_equal(weft_text_reserve(t, LEAVES, LEAVES * 5), 0);
    f.fail_at = f.requests;
    for (size_t i = LEAVES; i-- > 0;)
        assert_int_equal(weft_text_insert(t, i * LEAF_CAP + LEAF_CAP / 2, "12345", 5), 0);
    assert_int_equal(f.requests, f.fail_at);
    assert_int_equal(t->leaves, 2 * LEAVES);
    assert_int_equal(t->height, 3);
    assert_true(weft_text_check(t));
    /* The next one is not covered. */
    assert_int_equal(weft_text_size(t).cp, n + LEAVES * 5);
    weft_text_free(t);
    assert_int_equal(f.live_blocks, 0);
    free(s);
}

static void reserve_lasts_until_it_is_used(void **state)
{
    (void)state;
    char *s = ascii(40000);
    struct faulty f;
    faulty_init(&f, -1);
    struct weft_text *t;
    assert_int_equal(weft_text_from(&f.alloc, s, 100, &t), 0);
    size_t before = f.live_bytes;
    assert_int_equal(weft_text_reserve(t, 2, 40000), 0);
    size_t held = f.live_bytes;
    assert_true(held > before + 40000);
    /* Edits that give nodes back leave it as it is ... */
    f.fail_at = f.requests;
    assert_int_equal(weft_text_insert(t, 50, s, 20000), 0);
    assert_int_equal(weft_text_delete(t, 10, 20000), 0);
    assert_int_equal(f.live_bytes, held);
    assert_int_equal(weft_text_insert(t, 70, s, 20000), 0);
    assert_int_equal(f.requests, f.fail_at);
    /* ... an insertion it does not cover, or the next call, ends it. */
    f.fail_at = -1;
    assert_int_equal(weft_text_reserve(t, 0, 0), 0);
    assert_true(f.live_bytes < held);
    assert_int_equal(weft_text_reserve(t, 5, 10), 0);
    assert_int_equal(weft_text_insert(t, 0, s, 11), 0);
    assert_int_equal(t->held_inserts, 0);
    assert_true(weft_text_check(t));
    /* Its bytes are used up before its insertions are. */
    assert_int_equal(weft_text_reserve(t, 3, 20000), 0);
    assert_int_equal(weft_text_insert(t, 60, s, 20000), 0);
    assert_int_equal(weft_text_insert(t, 70, s, 20000), 0);
    assert_int_equal(t->held_inserts, 0);
    assert_true(weft_text_check(t));
    weft_text_free(t);
    /* ... or its insertions before its bytes. */
    t = text_full(&f.alloc, s, 4);
    assert_int_equal(weft_text_reserve(t, 1, 10), 0);
    for (size_t i = 4; i-- > 1;)
        assert_int_equal(weft_text_insert(t, i * LEAF_CAP - 9, s, 5), 0);
    assert_int_equal(t->leaves, 7);
    assert_true(weft_text_check(t));
    weft_text_free(t);
    assert_int_equal(f.live_blocks, 0);
    free(s);
}

/* The bound by room: many insertions into a small text do not set aside a leaf each. */
static void reserve_is_no_waste(void **state)
{
    (void)state;
    struct faulty f;
    faulty_init(&f, -1);
    struct weft_text *t;
    assert_int_equal(weft_text_new(&f.alloc, &t), 0);
    size_t before = f.live_bytes;
    assert_int_equal(weft_text_reserve(t, 1, 1), 0);
    assert_int_equal(f.live_bytes, before); /* an empty text has room for it */
    assert_int_equal(weft_text_reserve(t, 100000, 100000), 0);
    assert_true(f.live_bytes < 250000);
    assert_int_equal(weft_text_reserve(t, SIZE_MAX, 100000), 0);
    assert_true(f.live_bytes < 250000);
    /* More than any text holds is refused at once, and changes nothing. */
    size_t held = f.live_bytes;
    assert_int_equal(weft_text_reserve(t, 1, SIZE_MAX), WEFT_ENOMEM);
    assert_int_equal(weft_text_reserve(t, SIZE_MAX, SIZE_MAX / 2), WEFT_ENOMEM);
    assert_int_equal(f.live_bytes, held);
    weft_text_free(t);
    /* The bound by events: a few insertions into a large text take a leaf each. Inner nodes are
     * bounded by room: there may be 11, and are 7. */
    char *s = ascii(300000);
    assert_int_equal(weft_text_from(&f.alloc, s, 300000, &t), 0);
    assert_int_equal(t->height, 2);
    assert_int_equal(weft_text_reserve(t, 5, 50), 0);
    assert_int_equal(t->spare_leaves, 5);
    assert_int_equal(t->inners, 7);
    assert_int_equal(t->spare_inners, 4);
    /* While it lasts nothing is given back. */
    size_t reserved = f.live_bytes;
    assert_int_equal(weft_text_delete(t, 50000, 50000), 0);
    assert_true(t->inners < 7);
    assert_int_equal(f.live_bytes, reserved);
    /* One takes a leaf, and an inner node below a root that has room. */
    assert_int_equal(weft_text_reserve(t, 1, 1), 0);
    assert_int_equal(t->spare_leaves, 1);
    assert_int_equal(t->spare_inners, 1);
    weft_text_free(t);
    assert_int_equal(f.live_blocks, 0);
    free(s);
}

/* The checker is what all the other tests lean on: it must see each kind of damage. */
#define DAMAGE(lvalue, change)                                                                     \
    do {                                                                                           \
        __typeof__(lvalue) saved = (lvalue);                                                       \
        (lvalue) = change;                                                                         \
        assert_false(weft_text_check(t));                                                          \
        (lvalue) = saved;                                                                          \
        assert_true(weft_text_check(t));                                                           \
    } while (0)

static void check_finds_damage(void **state)
{
    (void)state;
    char *s = ascii(2 * INNER_CAP * LEAF_CAP);
    struct weft_text *t = text_of(s);
    assert_int_equal(t->height, 2);
    struct inner *inner = t->root->child[1];
    for (size_t u = 0; u < UNITS; u++)
        DAMAGE(t->root->sum[u][1], saved + 1);
    DAMAGE(inner->child[1], t->first);
    DAMAGE(t->root->count, 0);
    DAMAGE(t->root->count, INNER_CAP + 1);
    for (size_t u = 0; u < UNITS; u++)
        DAMAGE(inner->sum[u][2], saved + 1);
    DAMAGE(inner->count, INNER_MIN - 1);
    DAMAGE(t->root->count, 1);
    DAMAGE(t->total.more, saved - 1);
    DAMAGE(t->total.cp, saved - 1);
    DAMAGE(t->total.cp, (uint32_t)CP_MAX + 1);
    DAMAGE(t->total.wide, saved + 1);
    DAMAGE(t->total.lines, saved + 1);
    DAMAGE(t->height, 0);
    DAMAGE(t->height, HEIGHT_MAX + 1);
    DAMAGE(t->leaves, saved + 1);
    DAMAGE(t->inners, saved + 1);
    DAMAGE(t->spare_leaves, saved + 1);
    DAMAGE(t->spare_inners, saved + 1);
    DAMAGE(t->last, t->first);
    DAMAGE(t->first, t->last);
    weft_text_free(t);
    free(s);
}

static void check_finds_damaged_leaves(void **state)
{
    (void)state;
    char *s = ascii(2 * INNER_CAP * LEAF_CAP);
    struct weft_text *t = text_of(s);
    struct leaf *l = t->first->next;
    struct inner *inner = t->root->child[1];
    DAMAGE(l->prev, NULL);
    DAMAGE(l->next, NULL);
    DAMAGE(l->bytes[3], saved == '\n' ? 'x' : '\n');
    DAMAGE(l->bytes[3], '\x80');
    DAMAGE(l->bytes[3], 0);
    DAMAGE(l->gap_bytes, saved - 1);
    DAMAGE(l->gap_cp, saved - 1);
    DAMAGE(l->behind, LEAF_CAP + 1);
    DAMAGE(l->behind, l->gap_bytes - 1);
    DAMAGE(l->gap_bytes, LEAF_MIN - 1);
    DAMAGE(l->count.cp, saved - 1);
    DAMAGE(l->count.wide, saved + 1);
    DAMAGE(l->count.more, saved + 1);
    struct leaf *first = t->first;
    DAMAGE(first->prev, l);
    DAMAGE(t->last->next, l);
    assert_int_equal(weft_text_insert(t, t->first->count.cp + 100, "x", 1), 0);
    assert_ptr_equal(t->finger.leaf, l);
    assert_true(weft_text_check(t));
    DAMAGE(l->bytes[l->behind], '\x80');
    DAMAGE(l->bytes[l->behind], 0);
    DAMAGE(t->finger.start_cp, saved + 1);
    struct step *steps = t->finger.path;
    DAMAGE(steps[1].node, inner);
    DAMAGE(steps[1].at, t->root->count);
    DAMAGE(steps[0].node, inner);
    DAMAGE(t->finger.leaf, t->last);
    /* A leaf that is linked and that no node knows. */
    struct leaf *last = t->last;
    static struct leaf extra;
    extra = (struct leaf){.prev = last, .behind = LEAF_CAP};
    last->next = &extra;
    t->last = &extra;
    assert_false(weft_text_check(t));
    last->next = NULL;
    t->last = last;
    assert_true(weft_text_check(t));
    weft_text_free(t);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_text),
        cmocka_unit_test(insert_and_delete),
        cmocka_unit_test(nul_is_no_text),
        cmocka_unit_test(out_of_range),
        cmocka_unit_test(broken_utf8),
        cmocka_unit_test(every_unit),
        cmocka_unit_test(copy_and_its_room),
        cmocka_unit_test(equal_looks_at_every_byte),
        cmocka_unit_test(clone_is_its_own),
        cmocka_unit_test(longest_text),
        cmocka_unit_test(sizes_around_a_leaf),
        cmocka_unit_test(loaded_leaves),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(no_memory_anywhere),
        cmocka_unit_test(no_memory_for_a_new_text),
        cmocka_unit_test(deleting_needs_no_memory),
        cmocka_unit_test(rubbing_out),
        cmocka_unit_test(filling_a_leaf_needs_no_memory),
        cmocka_unit_test(the_last_leaf_may_be_short),
        cmocka_unit_test(reserve_for_full_leaves),
        cmocka_unit_test(reserve_lasts_until_it_is_used),
        cmocka_unit_test(reserve_is_no_waste),
        cmocka_unit_test(check_finds_damage),
        cmocka_unit_test(check_finds_damaged_leaves),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
