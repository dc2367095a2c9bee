/* The JSON form of operations: what is written, what is taken, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weft/op_json.h>

#include "base/escape.h"
#include "base/limits.h"
#include "support/rng.h"
#include "support/faulty.h"
#include "support/gen.h"

/* --- helpers --- */

/* Of exactly that size on the heap: a sanitizer sees a read past the end. */
static int from_exact(const char *json, size_t len, struct weft_op *ret, size_t *ret_bad_bytes)
{
    char *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, json, len);
    int err = weft_op_from_json(copy, len, ret, ret_bad_bytes);
    free(copy);
    return err;
}

static char *to_string(const struct weft_op *op)
{
    size_t len = weft_op_to_json(op, NULL, 0);
    char *json = malloc(len + 1);
    assert_non_null(json);
    assert_int_equal(weft_op_to_json(op, json, len), len);
    json[len] = 0;
    return json;
}

static void assert_reads(const char *json, const char *expected)
{
    struct weft_op op;
    size_t bad = 77;
    weft_op_init(&op, weft_heap());
    int err = from_exact(json, strlen(json), &op, &bad);
    if (err != 0)
        fail_msg("%s was refused: %s at byte %zu", json, weft_error_text(err), bad);
    assert_int_equal(bad, 77); /* left alone */
    assert_true(weft_op_check(&op));
    char *said = to_string(&op);
    assert_string_equal(said, expected);
    free(said);
    weft_op_done(&op);
}

static void refuse_bytes(const char *json, size_t len, int expected, size_t expected_bad)
{
    struct weft_op op;
    size_t bad = 77777;
    weft_op_init(&op, weft_heap());
    assert_int_equal(weft_op_delete(&op, 3), 0);
    assert_int_equal(weft_op_retain(&op, 3), 0);
    int err = from_exact(json, len, &op, &bad);
    if (err != expected || bad != expected_bad)
        fail_msg("%.*s gave %s at byte %zu, expected %s at byte %zu", (int)len, json,
                 weft_error_text(err), bad, weft_error_text(expected), expected_bad);
    assert_true(weft_op_check(&op));
    assert_int_equal(weft_op_reach(&op), 0); /* the identity, nothing of before */
    assert_int_equal(from_exact(json, len, &op, NULL), expected);
    weft_op_done(&op);
}

static void assert_refuses(const char *json, int expected, size_t expected_bad)
{
    refuse_bytes(json, strlen(json), expected, expected_bad);
}

/* --- out --- */

static void test_writes(void **state)
{
    static const char *const CASES[][2] = {
        {"", "[]"},
        {"5 'hi' -2", "[5,\"hi\",-2]"},
        {"'x' -3", "[\"x\",-3]"},
        {"-3 'x'", "[-3,\"x\"]"},
        {"2147483646 -1", "[2147483646,-1]"},
        {"-2147483647", "[-2147483647]"},
        {"1 'a' 10 'b' 100 -7", "[1,\"a\",10,\"b\",100,-7]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct weft_op op;
        weft_op_init(&op, weft_heap());
        op_of(&op, CASES[i][0]);
        char *said = to_string(&op);
        assert_string_equal(said, CASES[i][1]);
        assert_reads(said, said);
        free(said);
        weft_op_done(&op);
    }
}

static void test_writes_escapes(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 0x80; c++) {
        struct weft_op op;
        weft_op_init(&op, weft_heap());
        const char byte = (char)c;
        char expected[20];
        const char *name = c != 0 ? strchr("\bb\tt\nn\ff\rr\"\"\\\\", (int)c) : NULL;
        if (c < 0x20 || c == '"' || c == '\\') {
            if (name != NULL && c != 'b')
                snprintf(expected, sizeof expected, "[\"\\%c\"]", name[1]);
            else
                snprintf(expected, sizeof expected, "[\"\\u%04x\"]", c);
        } else {
            snprintf(expected, sizeof expected, "[\"%c\"]", byte);
        }
        assert_int_equal(weft_op_insert(&op, &byte, 1), 0);
        char *said = to_string(&op);
        assert_string_equal(said, expected);
        assert_reads(said, said);
        free(said);
        weft_op_done(&op);
    }
}

/* A buffer of every size: nothing behind it is touched, the length is always that of the whole. */
static void test_writes_within(void **state)
{
    static const char WHOLE[] = "[12,\"a\\nb\\u0001\\\"12345678\xf0\x9f\xa7\xb5\",-345]";
    (void)state;
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    assert_int_equal(weft_op_from_json(WHOLE, sizeof WHOLE - 1, &op, NULL), 0);
    for (size_t cap = 0; cap < sizeof WHOLE + 3; cap++) {
        char out[sizeof WHOLE + 3];
        memset(out, '#', sizeof out);
        assert_int_equal(weft_op_to_json(&op, out, cap), sizeof WHOLE - 1);
        for (size_t i = cap; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
        if (cap >= sizeof WHOLE - 1) {
            assert_memory_equal(out, WHOLE, sizeof WHOLE - 1);
            assert_int_equal(out[sizeof WHOLE - 1], '#'); /* no NUL is added */
        }
    }
    weft_op_done(&op);
}

static void test_clean_run(void **state)
{
    char text[40];
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const int special = c < 0x20 || c == '"' || c == '\\';
        for (size_t at = 0; at < sizeof text; at++) {
            memset(text, 0xc3, sizeof text);
            text[at] = (char)c;
            assert_int_equal(escape_clean_run(text, sizeof text), special ? at : sizeof text);
        }
    }
    assert_int_equal(escape_clean_run(text, 0), 0);
}

/* Any bytes at any place, short and long, as one byte after the other gives. */
static void test_escape_copy(void **state)
{
    enum { MOST = 40 };
    char text[MOST], out[ESCAPE_BYTES_MAX * MOST + 8], want[ESCAPE_BYTES_MAX * MOST];
    struct rng r = rng_of(rng_seed());
    (void)state;
    for (size_t n = 0; n < 60000; n++) {
        const size_t len = rng_below(&r, MOST + 1);
        const unsigned percent = (unsigned)rng_below(&r, 101);
        size_t want_len = 0;
        for (size_t i = 0; i < len; i++) {
            text[i] =
                (char)(rng_chance(&r, percent) ? rng_below(&r, 256)
                                               : (size_t) "\"\\\n\x1f\x01\xc3 x"[rng_below(&r, 8)]);
            if (escape_clean_run(text + i, 1) == 1)
                want[want_len++] = text[i];
            else
                want_len += escape_put(want + want_len, (uint8_t)text[i]);
        }
        assert_int_equal(escape_copy(out, text, len), want_len);
        assert_memory_equal(out, want, want_len);
    }
}

/* --- in --- */

static void test_reads(void **state)
{
    static const char *const CASES[][2] = {
        {"[]", "[]"},
        {" \t\r\n[ \t\r\n] \t\r\n", "[]"},
        {" [ 5 , \"hi\" , -2 ] ", "[5,\"hi\",-2]"},
        /* need not be in normal form */
        {"[5]", "[]"},
        {"[1,2,-1,-2,3]", "[3,-3]"},
        {"[\"a\",\"b\",-1,\"c\"]", "[\"ab\",-1,\"c\"]"},
        {"[2147483647]", "[]"},
        {"[-2147483647,\"x\"]", "[-2147483647,\"x\"]"},
        /* escapes */
        {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\"\\\\/\\b\\f\\n\\r\\t\"]"},
        {"[\"\\u0041\\u00e9\\u20AC\\uFFFF\"]", "[\"A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf\"]"},
        {"[\"\\ud83d\\ude00\\uD800\\uDC00\\uDbFf\\uDfFf\"]",
         "[\"\xf0\x9f\x98\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]"},
        {"[\"a\\u0062c\\u0001\x7f\"]", "[\"abc\\u0001\x7f\"]"},
        {"[\"\\uD7FF\\uE000\"]", "[\"\xed\x9f\xbf\xee\x80\x80\"]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_reads(CASES[i][0], CASES[i][1]);
}

/* What a retain at the end said about the document is kept, as the builder keeps it. */
static void test_reach(void **state)
{
    (void)state;
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    assert_int_equal(weft_op_from_json("[2,-1,4]", 8, &op, NULL), 0);
    assert_int_equal(weft_op_span(&op), 3);
    assert_int_equal(weft_op_reach(&op), 7);
    weft_op_done(&op);
}

static void test_refuses_no_json(void **state)
{
    static const struct {
        const char *json;
        size_t bad;
    } CASES[] = {
        {"", 0},
        {"  ", 2},
        {"[", 1},
        {"[5", 2},
        {"[5,", 3},
        {"[5,]", 3},
        {"[,5]", 1},
        {"[5 6]", 3},
        {"[5;6]", 2},
        {"[]]", 2},
        {"[] x", 3},
        {"[][]", 2},
        {"\xef\xbb\xbf[]", 0},
        {"x", 0},
        {"[x]", 1},
        {"[+1]", 1},
        {"[-]", 2},
        {"[-x]", 2},
        {"[01]", 2},
        {"[-01]", 3},
        {"[00]", 2},
        {"[.5]", 1},
        {"['a']", 1},
        {"[\"a]", 4},
        {"[\"", 2},
        {"[\"a\n\"]", 3},
        {"[\"a\x1f\"]", 3},
        {"[\"\\", 2},
        {"[\"\\x\"]", 2},
        {"[\"a\\a\"]", 3},
        {"[\"\\u", 2},
        {"[\"\\u12", 2},
        {"[\"\\u123g\"]", 2},
        {"[\"\\u 123\"]", 2},
        {"[\"\\U0041\"]", 2},
        {"[\"\\uG000\"]", 2},
        {"[\"\\u00`0\"]", 2},
        {"[\"\\u00@0\"]", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_refuses(CASES[i].json, WEFT_EJSON, CASES[i].bad);
    refuse_bytes("[]\0", 3, WEFT_EJSON, 2);
    refuse_bytes("[\"\\\0\"]", 6, WEFT_EJSON, 2); /* no name of an escape */
    assert_int_equal(weft_op_from_json(NULL, 0, &(struct weft_op){.alloc_ = weft_heap()}, NULL),
                     WEFT_EJSON);
}

static void test_refuses_no_operation(void **state)
{
    static const struct {
        const char *json;
        size_t bad;
    } CASES[] = {{"{}", 0},       {" 5", 1},          {"-1", 0},     {"\"a\"", 0},
                 {"null", 0},     {"true", 0},        {"false", 0},  {"[0]", 1},
                 {"[-0]", 1},     {"[0.5]", 1},       {"[5,0]", 3},  {"[\"\"]", 1},
                 {"[5,\"\"]", 3}, {"[1.0]", 1},       {"[ 1e2]", 2}, {"[1E2]", 1},
                 {"[-1.5]", 1},   {"[null]", 1},      {"[true]", 1}, {"[false]", 1},
                 {"[[]]", 1},     {"[[[[[1]]]]]", 1}, {"[{}]", 1},   {"[1,[2]]", 3},
                 {"[0e0]", 1},    {"[\"a\",0]", 5}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_refuses(CASES[i].json, WEFT_EINVAL, CASES[i].bad);
}

static void test_refuses_text(void **state)
{
    static const struct {
        const char *json;
        size_t bad;
    } CASES[] = {
        {"[\"\\u0000\"]", 2},         {"[\"ab\\u0000\"]", 4},
        {"[\"\\ud83d\"]", 2},         {"[\"\\ude00\"]", 2},
        {"[\"\\ude00\\ud83d\"]", 2},  {"[\"\\ud83d\\ud83d\\ude00\"]", 2},
        {"[\"a\\ud83d\\u0041\"]", 3}, {"[\"\\ud83dx\"]", 2},
        {"[\"\\ud83d\\n\"]", 2},      {"[\"\\ud83d\\ude0\"]", 2},
        {"[\"\\ud83d\\ue000\"]", 2},  {"[\"\\udbff", 2},
        {"[\"\\ud7ff\\udc00\"]", 8},  {"[\"ab\x80\"]", 4},
        {"[\"abcdefgh\xc3\"]", 10},   {"[\"\xc0\xaf\"]", 2},
        {"[\"\xed\xa0\xbd\"]", 2},    {"[\"\xf4\x90\x80\x80\"]", 2},
        {"[\"\xc3\\n\"]", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_refuses(CASES[i].json, WEFT_EUTF8, CASES[i].bad);
    refuse_bytes("[\"a\0\"]", 6, WEFT_EUTF8, 3);
}

static void test_refuses_limits(void **state)
{
    static const struct {
        const char *json;
        size_t bad;
    } CASES[] = {
        {"[2147483648]", 1},
        {"[-2147483648]", 1},
        {"[99999999999999999999999999999999999999]", 1},
        {"[18446744073709551617]", 1},
        {"[2147483647,1]", 12},
        {"[2147483647,-1]", 12},
        {"[2147483647,\"ab\"]", 13},
        {"[2147483647,\"\\n\"]", 13},
        {"[2147483647,\"\\u0041\"]", 13},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_refuses(CASES[i].json, WEFT_ELIMIT, CASES[i].bad);
}

/* As many components as are allowed, as written, and one more. */
static void test_parts_limit(void **state)
{
    (void)state;
    const size_t n = WEFT_OP_PARTS_MAX + 1;
    char *json = malloc(2 * n + 1);
    assert_non_null(json);
    json[0] = '[';
    for (size_t i = 0; i < n; i++)
        memcpy(json + 1 + 2 * i, "1,", 2);
    json[2 * n - 2] = ']'; /* n - 1 of them */
    struct weft_op op;
    size_t bad;
    weft_op_init(&op, weft_heap());
    assert_int_equal(weft_op_from_json(json, 2 * n - 1, &op, &bad), 0);
    assert_int_equal(weft_op_reach(&op), n - 1);
    json[2 * n - 2] = ',';
    json[2 * n] = ']';
    assert_int_equal(weft_op_from_json(json, 2 * n + 1, &op, &bad), WEFT_ELIMIT);
    assert_int_equal(bad, 2 * n - 1);
    assert_true(weft_op_is_identity(&op));
    assert_int_equal(weft_op_reach(&op), 0);
    weft_op_done(&op);
    free(json);
}

/* Cut anywhere, it is refused at the end of what is there. */
static void test_cut(void **state)
{
    static const char WHOLE[] = "[12, \"a\\nb\\ud83d\\ude00 \xf0\x9f\xa7\xb5\", -345 ]";
    (void)state;
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    for (size_t len = 0; len < sizeof WHOLE - 1; len++) {
        size_t bad = len + 1;
        assert_int_not_equal(from_exact(WHOLE, len, &op, &bad), 0);
        assert_true(bad <= len);
        assert_int_equal(weft_op_reach(&op), 0);
    }
    assert_int_equal(from_exact(WHOLE, sizeof WHOLE - 1, &op, NULL), 0);
    weft_op_done(&op);
}

static void test_memory(void **state)
{
    static const char JSON[] = "[1,\"0123456789012345678901234567890123456789\",-1,2,\"\\u0041"
                               "0123456789012345678901234567890123456789\\n\",-1,\"x\",3,-1]";
    (void)state;
    for (long n = 0;; n++) {
        struct faulty f;
        struct weft_op op;
        faulty_init(&f, n);
        weft_op_init(&op, &f.alloc);
        size_t bad = sizeof JSON;
        int err = weft_op_from_json(JSON, sizeof JSON - 1, &op, &bad);
        assert_true(weft_op_check(&op));
        if (err != 0) {
            assert_int_equal(err, WEFT_ENOMEM);
            assert_int_equal(weft_op_reach(&op), 0);
            assert_true(bad < sizeof JSON - 1);
        }
        weft_op_done(&op);
        assert_int_equal(f.live_blocks, 0);
        if (err == 0) {
            assert_true(n >= 2); /* there was something to fail */
            return;
        }
    }
}

/* A single edit of a few characters needs no memory, and saying it needs none ever. */
static void test_no_memory_needed(void **state)
{
    static const char JSON[] = "[1000,\"a\\u00e9\",-1]";
    (void)state;
    struct faulty f;
    struct weft_op op;
    char out[sizeof JSON];
    faulty_init(&f, 0);
    weft_op_init(&op, &f.alloc);
    assert_int_equal(weft_op_from_json(JSON, sizeof JSON - 1, &op, NULL), 0);
    assert_true(weft_op_to_json(&op, out, sizeof out) < sizeof out);
    assert_int_equal(f.requests, 0);
    weft_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_writes_escapes),
        cmocka_unit_test(test_writes_within),
        cmocka_unit_test(test_clean_run),
        cmocka_unit_test(test_escape_copy),
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_refuses_no_json),
        cmocka_unit_test(test_refuses_no_operation),
        cmocka_unit_test(test_refuses_text),
        cmocka_unit_test(test_refuses_limits),
        cmocka_unit_test(test_parts_limit),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_no_memory_needed),
    };
    return cmocka_run_group_tests_name("op_json", tests, NULL, NULL);
}
