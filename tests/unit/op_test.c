/* Operations: the examples of docs/operations.md, every error, every limit, and every allocation
 * that can fail. The laws are in tests/property. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weft/op.h>

#include "ot/sums.h"
#include "base/limits.h"
#include "support/faulty.h"
#include "support/gen.h"

static void must(int err)
{
    assert_int_equal(err, 0);
}

static struct weft_op op(const char *notation)
{
    struct weft_op made;
    weft_op_init(&made, weft_heap());
    op_of(&made, notation);
    return made;
}

static void is_op(const struct weft_op *got, const char *json)
{
    assert_true(weft_op_check(got));
    char *text = op_json(got);
    assert_string_equal(text, json);
    free(text);
}

static struct weft_text *text_of(const char *utf8)
{
    struct weft_text *t;
    must(weft_text_from(weft_heap(), utf8, strlen(utf8), &t));
    return t;
}

static bool text_is(const struct weft_text *t, const char *utf8)
{
    return weft_text_equal(t, utf8, strlen(utf8));
}

/* --- building and reading --- */

static void neighbours_of_one_kind_melt(void **state)
{
    (void)state;
    struct weft_op o = op("2 3 'ab' 'c' -1 -2 'd' 4");
    is_op(&o, "[5,\"abc\",-3,\"d\"]");
    must(weft_op_retain(&o, 1)); /* the retain of 4 was not a part, but it was not forgotten */
    must(weft_op_delete(&o, 1));
    is_op(&o, "[5,\"abc\",-3,\"d\",5,-1]");
    weft_op_done(&o);
}

static void order_of_insert_and_delete_is_kept(void **state)
{
    (void)state;
    struct weft_op before = op("'x' -3");
    struct weft_op behind = op("-3 'x'");
    struct weft_op inside = op("-1 'x' -2 'y'");
    is_op(&before, "[\"x\",-3]");
    is_op(&behind, "[-3,\"x\"]");
    is_op(&inside, "[-1,\"x\",-2,\"y\"]");
    assert_false(weft_op_equal(&before, &behind));
}

static void nothing_of_length_zero_is_stored(void **state)
{
    (void)state;
    struct weft_op o = op("");
    must(weft_op_retain(&o, 0));
    must(weft_op_insert(&o, "", 0));
    must(weft_op_insert(&o, NULL, 0));
    must(weft_op_delete(&o, 0));
    must(weft_op_retain(&o, 7));
    assert_true(weft_op_is_identity(&o));
    is_op(&o, "[]");
}

static void sums_count_code_points(void **state)
{
    (void)state;
    struct weft_op o = op("5 '\xf0\x9f\x98\x80\xe2\x82\xac' -3 2 'a'");
    size_t parts;
    size_t bytes;
    assert_int_equal(weft_op_span(&o), 10);
    assert_int_equal(weft_op_delta(&o), 0);
    assert_int_equal(weft_op_inserted_cp(&o), 3);
    assert_int_equal(weft_op_deleted_cp(&o), 3);
    assert_int_equal(weft_op_parts(&o, &parts)[1].len_bytes, 7);
    assert_int_equal(weft_op_parts(&o, &parts)[1].len_cp, 2);
    assert_int_equal(parts, 5);
    assert_memory_equal(weft_op_text(&o, &bytes),
                        "\xf0\x9f\x98\x80\xe2\x82\xac"
                        "a",
                        8);
    assert_int_equal(bytes, 8);
    weft_op_done(&o);
    o = op("-9 'a'");
    assert_int_equal(weft_op_delta(&o), -8);
}

static void small_operations_need_no_memory(void **state)
{
    (void)state;
    struct faulty f;
    faulty_init(&f, 0);
    struct weft_op o[4];
    for (size_t i = 0; i < 4; i++)
        weft_op_init(&o[i], &f.alloc);
    op_of(&o[0], "100 'hello, this is a line!' -3");
    op_of(&o[1], "3 'and one more' -40 'x'");
    must(weft_op_copy(&o[2], &o[0]));
    must(weft_op_transform(&o[0], &o[1], WEFT_LEFT, &o[3]));
    is_op(&o[3], "[73,\"hello, this is a line!\",-3]");
    must(weft_op_transform(&o[1], &o[0], WEFT_RIGHT, &o[3]));
    op_of(&o[0], "9 'a'");
    op_of(&o[1], "10 'b'");
    must(weft_op_compose(&o[0], &o[1], &o[3]));
    assert_int_equal(f.requests, 0);
    assert_int_equal(weft_op_memory(&o[3]), 0);
    weft_op_done(&o[0]);
}

static void operations_may_be_moved(void **state)
{
    (void)state;
    struct weft_op o = op("1 'small'");
    struct weft_op moved = o;
    memset(&o, 0xee, sizeof o);
    is_op(&moved, "[1,\"small\"]");
    weft_op_done(&moved);
    o = op("1 'a' 1 'b' 1 'c' 1 'd' 1 'this text is longer than what fits into the struct'");
    moved = o;
    memset(&o, 0xee, sizeof o);
    assert_true(weft_op_check(&moved));
    assert_true(weft_op_memory(&moved) > 0);
    weft_op_done(&moved);
    weft_op_done(&moved); /* twice is fine */
    assert_true(weft_op_is_identity(&moved));
    assert_int_equal(weft_op_memory(&moved), 0);
}

static void clear_keeps_memory_and_copies_are_equal(void **state)
{
    (void)state;
    struct weft_op o = op("1 'a' 1 'b' 1 'c' -1 2");
    struct weft_op copy = op("'what it held before is dropped'");
    must(weft_op_copy(&copy, &o));
    assert_true(weft_op_equal(&o, &copy));
    must(weft_op_delete(&copy, 1)); /* the copy goes on where the original was */
    is_op(&copy, "[1,\"a\",1,\"b\",1,\"c\",-1,2,-1]");
    assert_false(weft_op_equal(&o, &copy));
    size_t held = weft_op_memory(&o);
    weft_op_clear(&o);
    assert_true(weft_op_is_identity(&o));
    assert_int_equal(weft_op_memory(&o), held);
    weft_op_done(&o);
    weft_op_done(&copy);
}

static void equality_looks_at_everything(void **state)
{
    (void)state;
    static const char *const DIFFERENT[] = {"",    "1 'a'",  "2 'a'",    "1 'b'",       "1 -1",
                                            "'a'", "1 'ab'", "1 'a' -1", "1 '\xc3\xa4'"};
    const size_t n = sizeof DIFFERENT / sizeof *DIFFERENT;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            struct weft_op a = op(DIFFERENT[i]);
            struct weft_op b = op(DIFFERENT[k]);
            assert_int_equal(weft_op_equal(&a, &b), i == k);
        }
    }
}

static void bad_text_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } BAD[] = {{"\xff", 1},         {"a\x80", 2},       {"\xed\xa0\x80", 3},
               {"\xf0\x9f\x98", 3}, {"\xc0\x80", 2},    {"\xf4\x90\x80\x80", 4},
               {"a\0b", 3},         {"\xed\xbf\xbf", 3}};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct weft_op o = op("3 'kept'");
        assert_int_equal(weft_op_insert(&o, BAD[i].bytes, BAD[i].len), WEFT_EUTF8);
        is_op(&o, "[3,\"kept\"]");
        assert_int_equal(weft_op_diff(BAD[i].bytes, BAD[i].len, "a", 1, &o), WEFT_EUTF8);
        is_op(&o, "[]");
        assert_int_equal(weft_op_diff("a", 1, BAD[i].bytes, BAD[i].len, &o), WEFT_EUTF8);
    }
}

static void sums_have_a_limit(void **state)
{
    (void)state;
    struct weft_op o = op("");
    must(weft_op_retain(&o, (size_t)CP_MAX - 1));
    assert_int_equal(weft_op_retain(&o, 2), WEFT_ELIMIT);
    assert_int_equal(weft_op_retain(&o, SIZE_MAX), WEFT_ELIMIT);
    assert_int_equal(weft_op_delete(&o, 2), WEFT_ELIMIT);
    assert_int_equal(weft_op_delete(&o, SIZE_MAX), WEFT_ELIMIT);
    assert_int_equal(weft_op_insert(&o, "ab", 2), WEFT_ELIMIT);
    assert_int_equal(weft_op_insert(&o, "a", (size_t)CP_MAX + 1), WEFT_ELIMIT);
    assert_true(weft_op_is_identity(&o));
    must(weft_op_insert(&o, "a", 1));
    must(weft_op_delete(&o, 1));
    assert_int_equal(weft_op_insert(&o, "b", 1), WEFT_ELIMIT);
    assert_int_equal(weft_op_delete(&o, 1), WEFT_ELIMIT);
    is_op(&o, "[2147483646,\"a\",-1]");
    assert_int_equal(weft_op_span(&o), CP_MAX);
    /* Each of the two documents has its own sum. */
    o = op("2147483646 'a'");
    assert_int_equal(weft_op_insert(&o, "b", 1), WEFT_ELIMIT);
    must(weft_op_delete(&o, 1));
    o = op("-2147483647");
    assert_int_equal(weft_op_delete(&o, 1), WEFT_ELIMIT);
    must(weft_op_insert(&o, "a", 1));
    is_op(&o, "[-2147483647,\"a\"]");
    assert_int_equal(weft_op_diff("a", 1, "b", (size_t)CP_MAX + 1, &o), WEFT_ELIMIT);
    is_op(&o, "[]");
    assert_int_equal(weft_op_diff("a", (size_t)CP_MAX + 1, "b", 1, &o), WEFT_ELIMIT);
}

static void parts_have_a_limit(void **state)
{
    (void)state;
    struct weft_op o = op("");
    for (size_t i = 0; i < OP_PARTS_MAX; i++)
        must(i % 2 == 0 ? weft_op_insert(&o, "a", 1) : weft_op_delete(&o, 1));
    assert_int_equal(weft_op_insert(&o, "a", 1), WEFT_ELIMIT);
    must(weft_op_delete(&o, 1)); /* melts: no further part */
    must(weft_op_retain(&o, 1));
    assert_int_equal(weft_op_delete(&o, 1), WEFT_ELIMIT);
    assert_int_equal(weft_op_deleted_cp(&o), OP_PARTS_MAX / 2 + 1);
    struct weft_op two = op("2 'x'");
    struct weft_op ret = op("");
    assert_int_equal(weft_op_transform(&o, &two, WEFT_LEFT, &ret), WEFT_ELIMIT);
    is_op(&ret, "[]");
    weft_op_done(&o);
    weft_op_done(&ret);
}

static void results_have_a_limit(void **state)
{
    (void)state;
    struct weft_op far = op("2147483646 'x'");
    struct weft_op two = op("'yz'");
    struct weft_op y = op("'y'");
    struct weft_op all = op("-2147483647");
    struct weft_op one = op("-1");
    struct weft_op ret = op("'old'");
    assert_int_equal(weft_op_transform(&far, &two, WEFT_LEFT, &ret), WEFT_ELIMIT);
    is_op(&ret, "[]");
    assert_int_equal(weft_op_transform(&far, &y, WEFT_LEFT, &ret), WEFT_ELIMIT);
    is_op(&ret, "[]");
    must(weft_op_transform(&all, &one, WEFT_LEFT, &ret));
    is_op(&ret, "[-2147483646]");
    assert_int_equal(weft_op_compose(&all, &one, &ret), WEFT_ELIMIT);
    is_op(&ret, "[]");
    const struct weft_op *list[] = {&all, &one};
    assert_int_equal(weft_op_compose_all(list, 2, &ret), WEFT_ELIMIT);
    is_op(&ret, "[]");
    must(weft_op_transform(&one, &all, WEFT_LEFT, &ret));
    is_op(&ret, "[]");
}

/* --- transform and compose --- */

struct row {
    const char *a;
    const char *b;
    const char *left;  /* or composed */
    const char *right; /* NULL: as left */
};

static void transform_examples(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"", "", "[]", NULL},
        {"3 'x'", "", "[3,\"x\"]", NULL},
        {"", "3 'x' -2", "[]", NULL},
        /* one gap: the side decides */
        {"3 'x'", "3 'yz'", "[3,\"x\"]", "[5,\"x\"]"},
        {"'x'", "'yz'", "[\"x\"]", "[2,\"x\"]"},
        /* elsewhere it does not */
        {"3 'x'", "1 'yz'", "[5,\"x\"]", NULL},
        {"1 'x'", "3 'yz'", "[1,\"x\"]", NULL},
        /* deletes that overlap */
        {"2 -4", "3 -1", "[2,-3]", NULL},
        {"2 -4", "-9", "[]", NULL},
        {"2 -4", "1 -2", "[1,-3]", NULL},
        /* text put into a range that somebody else deletes stays */
        {"3 'x'", "1 -4", "[1,\"x\"]", NULL},
        {"1 -4", "3 'x'", "[1,-2,1,-2]", NULL},
        /* why order is kept: an insert inside the deleted range ends on different sides of x */
        {"1 'y'", "'x' -3", "[1,\"y\"]", NULL},
        {"1 'y'", "-3 'x'", "[\"y\"]", NULL},
        {"'x' -3", "1 'y'", "[\"x\",-1,1,-2]", NULL},
        {"-3 'x'", "1 'y'", "[-1,1,-2,\"x\"]", NULL},
        {"-1 'x' -2", "-3", "[\"x\"]", NULL},
        /* two inserts become neighbours and melt */
        {"1 'x' 2 'y'", "-3", "[\"xy\"]", NULL},
        {"2 '\xf0\x9f\x98\x80' 1 'y'", "1 -3 '\xe2\x82\xac'", "[1,\"\xf0\x9f\x98\x80y\"]", NULL},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct weft_op a = op(ROWS[i].a);
        struct weft_op b = op(ROWS[i].b);
        struct weft_op ret = op("'dropped'");
        must(weft_op_transform(&a, &b, WEFT_LEFT, &ret));
        is_op(&ret, ROWS[i].left);
        must(weft_op_transform(&a, &b, WEFT_RIGHT, &ret));
        is_op(&ret, ROWS[i].right != NULL ? ROWS[i].right : ROWS[i].left);
    }
}

static void compose_examples(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"", "", "[]", NULL},
        {"3 'ab'", "5 'c'", "[3,\"abc\"]", NULL},
        {"3 'ac'", "4 'b'", "[3,\"abc\"]", NULL},
        {"3 'abc'", "4 -1", "[3,\"ac\"]", NULL},
        {"3 'abc'", "3 -3", "[]", NULL},
        {"3 'abc'", "2 -5", "[2,-2]", NULL},
        {"2 -3", "2 -1", "[2,-4]", NULL},
        {"4 -1", "3 -1", "[3,-2]", NULL},
        {"1 -1", "5 'x'", "[1,-1,4,\"x\"]", NULL},
        /* b's text goes behind the run that a deleted */
        {"-3", "'x'", "[-3,\"x\"]", NULL},
        {"'y' -3", "'x'", "[\"xy\",-3]", NULL},
        {"'y' -3", "1 'x'", "[\"y\",-3,\"x\"]", NULL},
        {"-1 'y' -2", "'x'", "[-1,\"xy\",-2]", NULL},
        {"-1 'y' -2", "-1 'x'", "[-3,\"x\"]", NULL},
        /* splitting text that is not ASCII */
        {"'\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa4'", "1 'x' -1", "[\"\xf0\x9f\x98\x80x\xc3\xa4\"]",
         NULL},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct weft_op a = op(ROWS[i].a);
        struct weft_op b = op(ROWS[i].b);
        struct weft_op ret = op("'dropped'");
        must(weft_op_compose(&a, &b, &ret));
        is_op(&ret, ROWS[i].left);
    }
}

static void compose_all_follows_the_order(void **state)
{
    (void)state;
    static const char WORD[] = "the quick brown fox jumps over the lazy dog";
    enum { N = sizeof WORD - 1 };
    struct weft_op typed[N];
    const struct weft_op *list[N];
    for (size_t i = 0; i < N; i++) {
        weft_op_init(&typed[i], weft_heap());
        must(weft_op_retain(&typed[i], 5 + i));
        must(weft_op_insert(&typed[i], WORD + i, 1));
        list[i] = &typed[i];
    }
    struct weft_op ret = op("'dropped'");
    for (size_t n = 0; n <= N; n++) {
        must(weft_op_compose_all(list, n, &ret));
        assert_true(weft_op_check(&ret));
        size_t len;
        const char *text = weft_op_text(&ret, &len);
        assert_int_equal(len, n);
        assert_memory_equal(text, WORD, n);
        assert_int_equal(weft_op_span(&ret), n > 0 ? 5 : 0);
    }
    weft_op_done(&ret);
}

/* --- apply and invert --- */

static void apply_examples(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *op;
        const char *after;
    } ROWS[] = {
        {"", "", ""},
        {"", "'new'", "new"},
        {"hello", "5 '!'", "hello!"},
        {"hello", "-5", ""},
        {"hello", "'J' -1", "Jello"},
        {"hello", "-1 'J'", "Jello"},
        {"\xf0\x9f\x98\x80\xe2\x82\xac"
         "b",
         "-2 'x'", "xb"},
        {"hello", "-1 'x' -2 'y' 1 'z' -1", "xylz"},
        {"\xf0\x9f\x98\x80"
         "b\xe2\x82\xac",
         "1 'x' -1 1 '\xc3\xa4'", "\xf0\x9f\x98\x80x\xe2\x82\xac\xc3\xa4"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct weft_text *t = text_of(ROWS[i].before);
        struct weft_op o = op(ROWS[i].op);
        struct weft_op inverse = op("'dropped'");
        must(weft_op_invert(&o, t, &inverse));
        must(weft_op_apply(&o, t));
        assert_true(text_is(t, ROWS[i].after));
        assert_true(weft_op_check(&inverse));
        must(weft_op_apply(&inverse, t));
        assert_true(text_is(t, ROWS[i].before));
        assert_true(weft_text_check(t));
        weft_text_free(t);
        weft_op_done(&o);
        weft_op_done(&inverse);
    }
}

static void what_does_not_fit_changes_nothing(void **state)
{
    (void)state;
    static const char *const TOO_LONG[] = {"-6", "6 'x'", "'x' 1 'y' -5", "1 -4 1 'z'",
                                           "2147483646 'x'"};
    struct weft_text *t = text_of("h\xc3\xa4llo");
    struct weft_op inverse = op("'old'");
    for (size_t i = 0; i < sizeof TOO_LONG / sizeof *TOO_LONG; i++) {
        struct weft_op o = op(TOO_LONG[i]);
        assert_int_equal(weft_op_apply(&o, t), WEFT_ERANGE);
        assert_true(text_is(t, "h\xc3\xa4llo"));
        assert_int_equal(weft_op_invert(&o, t, &inverse), WEFT_ERANGE);
        is_op(&inverse, "[]");
        weft_op_done(&o);
    }
    struct weft_op fits = op("-5 'x'");
    must(weft_op_apply(&fits, t));
    assert_true(text_is(t, "x"));
    weft_text_free(t);
}

static void invert_mirrors_each_component(void **state)
{
    (void)state;
    struct weft_text *t = text_of("abcdef");
    struct weft_op o = op("1 'x' -2 'yz' 1 -1");
    struct weft_op inverse = op("");
    must(weft_op_invert(&o, t, &inverse));
    is_op(&inverse, "[1,-1,\"bc\",-2,1,\"e\"]");
    weft_text_free(t);
    weft_op_done(&o);
    weft_op_done(&inverse);
}

/* --- positions --- */

static void position_examples(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        size_t gap;
        size_t left;
        size_t right;
    } ROWS[] = {
        {"", 7, 7, 7},
        {"3 'xy'", 2, 2, 2},
        {"3 'xy'", 3, 3, 5},
        {"3 'xy'", 4, 6, 6},
        {"3 -4", 3, 3, 3},
        {"3 -4", 5, 3, 3},
        {"3 -4", 7, 3, 3},
        {"3 -4", 8, 4, 4},
        {"3 -4 'xy'", 7, 3, 5},
        {"3 -4 'xy'", 6, 3, 3},
        {"3 'xy' -4", 6, 5, 5},
        {"3 'xy' -4", 3, 3, 5},
        {"3 -2 'xy' -2", 4, 3, 3},
        {"3 -2 'xy' -2", 5, 3, 5},
        {"3 -2 'xy' -2", 6, 5, 5},
        {"'x'", 0, 0, 1},
        {"'xy' -1", 100, 101, 101},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct weft_op o = op(ROWS[i].op);
        assert_int_equal(weft_op_transform_position(&o, ROWS[i].gap, WEFT_LEFT), ROWS[i].left);
        assert_int_equal(weft_op_transform_position(&o, ROWS[i].gap, WEFT_RIGHT), ROWS[i].right);
    }
}

/* --- diff --- */

static void diff_examples(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *after;
        const char *json;
    } ROWS[] = {
        {"", "", "[]"},
        {"same", "same", "[]"},
        {"", "a", "[\"a\"]"},
        {"a", "", "[-1]"},
        {"hello", "hallo", "[1,-1,\"a\"]"},
        {"aa", "aaa", "[2,\"a\"]"},
        {"aaa", "aa", "[2,-1]"},
        {"abcabc", "abc", "[3,-3]"},
        {"start end", "start and end", "[6,\"and \"]"},
        /* the fewest edits, in all places; at one place the delete goes first */
        {"The quick brown fox", "A quick red fox", "[-3,\"A\",7,-1,1,-3,\"ed\"]"},
        {"one two three", "one 2 three four", "[4,-3,\"2\",6,\" four\"]"},
        {"ab", "ba", "[-1,1,\"a\"]"},
        {"abcd", "badc", "[-1,1,-1,\"a\",1,\"c\"]"},
        {"1a2b3", "1aa4bb3", "[2,-1,\"a4b\"]"},
        {"1\r\n2\n3", "1\n2\r\n4", "[1,-1,2,\"\\u000d\",1,-1,\"4\"]"},
        /* what only inserts or only deletes stands as late as it can */
        {"qxaay", "Qxaaay!", "[-1,\"Q\",3,\"a\",1,\"!\"]"},
        {"qxabaaby", "Qxaby!", "[-1,\"Q\",3,-3,1,\"!\"]"},
        /* a letter and the accent upon it are two code points */
        {"1e\xcc\x81.", "3e\xcc\x80:", "[-1,\"3\",1,-2,\"\xcc\x80:\"]"},
        {"\xf0\x9f\x98\x80.\xf0\x9f\x98\x81", "\xf0\x9f\x98\x81.\xf0\x9f\x98\x80",
         "[-2,1,\".\xf0\x9f\x98\x80\"]"},
        /* code points that share their first, or their last, bytes */
        {"x\xc3\xa4y", "x\xc3\xb6y", "[1,-1,\"\xc3\xb6\"]"},
        {"x\xc3\xa4", "x\xc4\xa4", "[1,-1,\"\xc4\xa4\"]"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x99\x80", "[-1,\"\xf0\x9f\x99\x80\"]"},
        {"\xe2\x82\xac", "\xe2\x82\xac\xe2\x82\xad", "[1,\"\xe2\x82\xad\"]"},
        {"\xe2\x82\xad\xe2\x82\xac", "\xe2\x82\xac", "[-1]"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct weft_op ret = op("5 'dropped'");
        must(weft_op_diff(ROWS[i].before, strlen(ROWS[i].before), ROWS[i].after,
                          strlen(ROWS[i].after), &ret));
        is_op(&ret, ROWS[i].json);
        size_t span = weft_op_span(&ret);
        must(weft_op_insert(&ret, "!", 1)); /* goes on behind the last part, not elsewhere */
        assert_int_equal(weft_op_span(&ret), span);
        weft_op_done(&ret);
    }
}

/* --- the compact form --- */

static int decode(struct weft_op *ret, const char *bytes, size_t len)
{
    struct op_sums sums;
    int err = weft_op_decode((const uint8_t *)bytes, len, ret);
    assert_true((op_sums((const uint8_t *)bytes, len, &sums) == 0) == (err == 0));
    if (err == 0) {
        assert_int_equal(sums.span_cp, weft_op_span(ret));
        assert_int_equal((int64_t)sums.insert_cp - (int64_t)sums.delete_cp, weft_op_delta(ret));
    }
    return err;
}

static void codec_has_this_form(void **state)
{
    (void)state;
    static const char BYTES[] = "\x14\x09hi\x0e\x8c\x08\x11\xf0\x9f\x98\x80";
    struct weft_op o = op("5 'hi' -3 259 '\xf0\x9f\x98\x80'");
    uint8_t out[sizeof BYTES - 1];
    assert_int_equal(weft_op_encoded_size(&o), sizeof out);
    weft_op_encode(&o, out);
    assert_memory_equal(out, BYTES, sizeof out);
    struct weft_op back = op("");
    must(decode(&back, BYTES, sizeof BYTES - 1));
    assert_true(weft_op_equal(&o, &back));
    must(weft_op_decode(NULL, 0, &back));
    is_op(&back, "[]");
    assert_int_equal(weft_op_encoded_size(&back), 0);
    weft_op_done(&o);
    weft_op_done(&back);
}

static void codec_refuses_what_it_did_not_write(void **state)
{
    (void)state;
#define ROW(text, err)                                                                             \
    {                                                                                              \
        text, sizeof text - 1, err                                                                 \
    }
    static const struct {
        const char *bytes;
        size_t len;
        int err;
    } BAD[] = {
        ROW("\x14", WEFT_EINVAL), /* a retain at the end */
        ROW("\x05"
            "a\x14",
            WEFT_EINVAL),
        ROW("\x00", WEFT_EINVAL), /* lengths of zero */
        ROW("\x01", WEFT_EINVAL),
        ROW("\x02", WEFT_EINVAL),
        ROW("\x07", WEFT_EINVAL),     /* kind 3 */
        ROW("\x06\x06", WEFT_EINVAL), /* neighbours of one kind */
        ROW("\x05"
            "a\x05"
            "b",
            WEFT_EINVAL),
        ROW("\x14\x14\x06", WEFT_EINVAL),
        ROW("\x80", WEFT_EINVAL), /* cut off */
        ROW("\x09"
            "a",
            WEFT_EINVAL),
        ROW("\x86\x00", WEFT_EINVAL),                                 /* overlong */
        ROW("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", WEFT_EINVAL), /* more than 64 bits */
        ROW("\x82\x80\x80\x80\x20", WEFT_ELIMIT),                     /* a delete of 2^31 */
        ROW("\xfe\xff\xff\xff\x1f\x05"
            "a\x06",
            WEFT_ELIMIT), /* 2^31-1, then one more */
        ROW("\x05\x80", WEFT_EUTF8),
        ROW("\x05\xff", WEFT_EUTF8),
        ROW("\x05\x00", WEFT_EUTF8),
        ROW("\x0d\xed\xa0\x80", WEFT_EUTF8),
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct weft_op ret = op("'old'");
        assert_int_equal(decode(&ret, BAD[i].bytes, BAD[i].len), BAD[i].err);
        is_op(&ret, "[]");
    }
    struct weft_op ret = op("");
    must(decode(&ret, "\xfe\xff\xff\xff\x1f", 5));
    is_op(&ret, "[-2147483647]");
}

static void codec_refuses_too_many_parts(void **state)
{
    (void)state;
    const size_t n = 2 * (size_t)OP_PARTS_MAX + 1;
    uint8_t *bytes = malloc(n);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = i % 2 == 0 ? 1 << 2 | WEFT_DELETE : 1 << 2 | WEFT_RETAIN;
    struct weft_op ret = op("");
    assert_int_equal(weft_op_decode(bytes, n, &ret), WEFT_ELIMIT);
    assert_int_equal(weft_op_decode(bytes, (size_t)OP_PARTS_MAX + 1, &ret), WEFT_ELIMIT);
    is_op(&ret, "[]");
    must(weft_op_decode(bytes, (size_t)OP_PARTS_MAX - 1, &ret));
    assert_true(weft_op_check(&ret));
    free(bytes);
    weft_op_done(&ret);
}

/* --- the checker itself --- */

static void check_finds_what_is_broken(void **state)
{
    (void)state;
    struct weft_op good = op("2 'a\xc3\xa4' -1");
    struct weft_op bad;
    assert_true(weft_op_check(&good));
#define BREAK(what)                                                                                \
    do {                                                                                           \
        bad = good;                                                                                \
        what;                                                                                      \
        assert_false(weft_op_check(&bad));                                                         \
    } while (0)
    BREAK(bad.parts_inline_[0].len_cp = 0);
    BREAK(bad.parts_inline_[0].kind = WEFT_INSERT);
    BREAK(bad.parts_inline_[1].kind = WEFT_RETAIN);
    BREAK(bad.parts_inline_[0].kind = (enum weft_kind)3);
    BREAK(bad.parts_inline_[0].len_bytes = 1);
    BREAK(bad.parts_inline_[2].kind = WEFT_RETAIN);
    BREAK(bad.parts_inline_[1].len_cp = 3);
    BREAK(bad.parts_inline_[1].len_bytes = 2);
    BREAK(bad.parts_inline_[1].len_bytes = 4);
    BREAK(bad.text_inline_[0] = 0);
    BREAK(bad.text_inline_[1] = 'a');
    BREAK(bad.text_len_ = 4);
    BREAK(bad.text_len_ = 25);
    BREAK((bad.text_len_ = 0x80000000u, bad.text_cap_ = 0x80000000u));
    BREAK((bad.parts_len_ = OP_PARTS_MAX + 1, bad.parts_cap_ = OP_PARTS_MAX + 1));
    BREAK(bad.parts_len_ = 5);
    BREAK(bad.parts_cap_ = 3);
    BREAK(bad.text_cap_ = 23);
    BREAK(bad.retain_cp_++);
    BREAK(bad.insert_cp_++);
    BREAK(bad.delete_cp_++);
    BREAK((bad.parts_inline_[0].len_cp = CP_MAX, bad.retain_cp_ = CP_MAX));
    BREAK((bad.parts_inline_[0].len_cp = 0x7ffffffe, bad.retain_cp_ = 0x7ffffffe));
#undef BREAK
}

/* --- allocations that fail --- */

/* Operations too large for the struct, in the allocator under test or not. */
static const char LARGE_A[] =
    "1 'a text that is longer than the struct can hold' -1 1 'b' -2 'c' 1 -1";
static const char LARGE_B[] = "2 'and another long one, to be composed with it' -1 1 'd' 1 -1 'e'";
static const char LARGE_DOC[] = "a document with some text in it, and some more \xf0\x9f\x98\x80";

static int build_large(struct weft_op *ret)
{
    int err = weft_op_retain(ret, 1);
    for (int i = 0; err == 0 && i < 20; i++) {
        struct weft_op before;
        weft_op_init(&before, weft_heap());
        must(weft_op_copy(&before, ret));
        err = i % 2 == 0 ? weft_op_insert(ret, "four", 4) : weft_op_delete(ret, 1);
        if (err != 0) /* as before the call */
            assert_true(weft_op_check(ret) && weft_op_equal(ret, &before));
        weft_op_done(&before);
    }
    if (err != 0)
        weft_op_clear(ret);
    return err;
}

static int copy_large(struct weft_op *ret)
{
    struct weft_op a = op(LARGE_A);
    int err = weft_op_copy(ret, &a);
    weft_op_done(&a);
    return err;
}

static int transform_large(struct weft_op *ret)
{
    struct weft_op a = op(LARGE_A);
    struct weft_op b = op(LARGE_B);
    int err = weft_op_transform(&a, &b, WEFT_LEFT, ret);
    weft_op_done(&a);
    weft_op_done(&b);
    return err;
}

/* A bound too large for the scratch parts, so that memory is taken at the start. */
static int transform_many(struct weft_op *ret)
{
    struct weft_op a = op("1 'a' 1 'b' 1 'c' 1 'd' 1 'e' 1 'f' 1 'g' 1 'h' 1 'i'");
    struct weft_op b = op("1 -1 1 'x' -1");
    int err = weft_op_transform(&a, &b, WEFT_LEFT, ret);
    weft_op_done(&a);
    weft_op_done(&b);
    return err;
}

static int compose_large(struct weft_op *ret)
{
    struct weft_op a = op(LARGE_A);
    struct weft_op b = op(LARGE_B);
    int err = weft_op_compose(&a, &b, ret);
    weft_op_done(&a);
    weft_op_done(&b);
    return err;
}

static int compose_all_large(struct weft_op *ret)
{
    struct weft_op ops[7];
    const struct weft_op *list[7];
    for (size_t i = 0; i < 7; i++) {
        ops[i] = op(i % 2 == 0 ? LARGE_A : LARGE_B);
        list[i] = &ops[i];
    }
    int err = weft_op_compose_all(list, 7, ret);
    for (size_t i = 0; i < 7; i++)
        weft_op_done(&ops[i]);
    return err;
}

static int compose_all_one(struct weft_op *ret)
{
    struct weft_op a = op(LARGE_A);
    const struct weft_op *list[] = {&a};
    int err = weft_op_compose_all(list, 1, ret);
    weft_op_done(&a);
    return err;
}

static int invert_large(struct weft_op *ret)
{
    struct weft_text *t = text_of(LARGE_DOC);
    struct weft_op o = op("-40 'a' 1 'b' 1 'c' 1 'd'");
    int err = weft_op_invert(&o, t, ret);
    weft_text_free(t);
    weft_op_done(&o);
    return err;
}

static int diff_large(struct weft_op *ret)
{
    return weft_op_diff("abc", 3, LARGE_DOC, sizeof LARGE_DOC - 1, ret);
}

static int decode_large(struct weft_op *ret)
{
    struct weft_op a = op(LARGE_A);
    size_t len = weft_op_encoded_size(&a);
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    weft_op_encode(&a, bytes);
    int err = weft_op_decode(bytes, len, ret);
    free(bytes);
    weft_op_done(&a);
    return err;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static int (*const MAKE[])(struct weft_op * ret) = {
        build_large,       copy_large,      transform_large, transform_many, compose_large,
        compose_all_large, compose_all_one, invert_large,    diff_large,     decode_large,
    };
    for (size_t i = 0; i < sizeof MAKE / sizeof *MAKE; i++) {
        struct weft_op expected = op("");
        must(MAKE[i](&expected));
        for (long n = 0;; n++) {
            struct faulty f;
            faulty_init(&f, n);
            struct weft_op ret;
            weft_op_init(&ret, &f.alloc);
            must(weft_op_insert(&ret, "old", 3));
            weft_op_clear(&ret);
            int err = MAKE[i](&ret);
            assert_true(weft_op_check(&ret));
            if (err != 0)
                is_op(&ret, "[]");
            else
                assert_true(weft_op_equal(&ret, &expected));
            weft_op_done(&ret);
            assert_int_equal(f.live_blocks, 0);
            if (err == 0) {
                assert_true(n > 0); /* it did need memory */
                break;
            }
            assert_int_equal(err, WEFT_ENOMEM);
        }
        weft_op_done(&expected);
    }
}

static void apply_is_whole_or_not_at_all(void **state)
{
    (void)state;
    char more[4096];
    memset(more, 'm', sizeof more);
    struct weft_op o = op("3 'start' -4 'more' 6 ");
    must(weft_op_insert(&o, more, sizeof more));
    must(weft_op_delete(&o, 2));
    bool failed = false;
    for (long n = 0;; n++) {
        struct faulty f;
        faulty_init(&f, -1);
        struct weft_text *t;
        must(weft_text_from(&f.alloc, LARGE_DOC, sizeof LARGE_DOC - 1, &t));
        f.fail_at = f.requests + n;
        int err = weft_op_apply(&o, t);
        assert_true(weft_text_check(t));
        if (err != 0)
            assert_true(text_is(t, LARGE_DOC));
        else
            assert_int_equal(weft_text_size(t).cp,
                             (int64_t)(sizeof LARGE_DOC - 1 - 3) + weft_op_delta(&o));
        weft_text_free(t);
        assert_int_equal(f.live_blocks, 0);
        if (err == 0)
            break;
        assert_int_equal(err, WEFT_ENOMEM);
        failed = true;
    }
    assert_true(failed);
    weft_op_done(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_of_one_kind_melt),
        cmocka_unit_test(order_of_insert_and_delete_is_kept),
        cmocka_unit_test(nothing_of_length_zero_is_stored),
        cmocka_unit_test(sums_count_code_points),
        cmocka_unit_test(small_operations_need_no_memory),
        cmocka_unit_test(operations_may_be_moved),
        cmocka_unit_test(clear_keeps_memory_and_copies_are_equal),
        cmocka_unit_test(equality_looks_at_everything),
        cmocka_unit_test(bad_text_is_refused),
        cmocka_unit_test(sums_have_a_limit),
        cmocka_unit_test(parts_have_a_limit),
        cmocka_unit_test(results_have_a_limit),
        cmocka_unit_test(transform_examples),
        cmocka_unit_test(compose_examples),
        cmocka_unit_test(compose_all_follows_the_order),
        cmocka_unit_test(apply_examples),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(invert_mirrors_each_component),
        cmocka_unit_test(position_examples),
        cmocka_unit_test(diff_examples),
        cmocka_unit_test(codec_has_this_form),
        cmocka_unit_test(codec_refuses_what_it_did_not_write),
        cmocka_unit_test(codec_refuses_too_many_parts),
        cmocka_unit_test(check_finds_what_is_broken),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(apply_is_whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
