/* The library and the server read the same JSON as the same operation, or both refuse it. The
 * server's reader stands on jansson and shares no line with the library's, so it is the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weft/op_json.h>

#include "support/gen.h"
#include "support/rng.h"
#include "wire/wire.h"

struct both {
    struct weft_op ours;
    struct weft_op model;
    size_t taken; /* how many were operations: a test that takes none proves nothing */
};

static void both_init(struct both *b)
{
    weft_op_init(&b->ours, weft_heap());
    weft_op_init(&b->model, weft_heap());
    b->taken = 0;
}

static void both_done(struct both *b)
{
    weft_op_done(&b->ours);
    weft_op_done(&b->model);
}

/* The bytes are given to each in a block of exactly their size. */
static void read_both(struct both *b, uint64_t seed, const char *json, size_t len)
{
    char *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, json, len);
    struct room_error words;
    size_t bad = 0;
    int err = weft_op_from_json(copy, len, &b->ours, &bad);
    int model_err = wire_decode_op(copy, len, &b->model, &words);
    free(copy);
    if ((err == 0) != (model_err == 0))
        fail_msg("seed %llu: %.*s\nlibrary: %s at byte %zu\nserver: %s", (unsigned long long)seed,
                 (int)len, json, weft_error_text(err), bad,
                 model_err == 0 ? "takes it" : words.words);
    if (!weft_op_check(&b->ours) || !weft_op_equal(&b->ours, &b->model) ||
        weft_op_reach(&b->ours) != weft_op_reach(&b->model))
        fail_msg("seed %llu: %.*s\nis two operations", (unsigned long long)seed, (int)len, json);
    if (err != 0 && (bad > len || weft_op_reach(&b->ours) != 0))
        fail_msg("seed %llu: %.*s\nrefused at byte %zu", (unsigned long long)seed, (int)len, json,
                 bad);
    b->taken += err == 0;
}

/* op -> JSON -> op, and the server writes the very same bytes. */
static void test_round_trip(void **state)
{
    (void)state;
    uint64_t first = rng_seed();
    for (uint64_t seed = first; seed < first + rng_cases(20000); seed++) {
        struct rng r = rng_of(seed);
        struct weft_op op;
        struct weft_op back;
        struct buf out;
        weft_op_init(&op, weft_heap());
        weft_op_init(&back, weft_heap());
        buf_init(&out, weft_heap());
        gen_op(&r, rng_below(&r, 60), 16, &op);
        size_t len = weft_op_to_json(&op, NULL, 0);
        char *json = malloc(len);
        assert_non_null(json);
        assert_int_equal(weft_op_to_json(&op, json, len), len);
        assert_int_equal(weft_op_from_json(json, len, &back, NULL), 0);
        assert_int_equal(wire_encode_op(&op, &out), 0);
        if (!weft_op_check(&back) || !weft_op_equal(&op, &back) || out.len != len ||
            memcmp(out.data, json, len) != 0) {
            const struct named_op ops[] = {{"op", &op}, {"read back", &back}, {NULL, NULL}};
            gen_report("an operation survives JSON", seed, NULL, ops);
            fail_msg("said: %.*s", (int)len, json);
        }
        free(json);
        weft_op_done(&op);
        weft_op_done(&back);
        buf_done(&out);
    }
}

/* --- JSON from pieces, most of it well-formed --- */

static const char *const COMPONENTS[] = {
    "1", "2", "-1", "-2", "\"a\"", "\"\xc3\xa9\"", "\"\\\"\\\\\\/\"", "\"\\b\\f\\n\\r\\t\"",
    "\"\\u0041\\u00e9\"", "\"\\ud83d\\ude00\"", "2147483647", "-2147483647",
    "\"\xf0\x9f\xa7\xb5 plain text that is longer\"", "10", "-10",
    /* refused */
    "0", "-0", "\"\"", "1.0", "1e1", "2147483648", "-2147483648", "99999999999999999999", "null",
    "true", "[1]", "{}", "01", "+1", "-", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\x\"",
    "\"\x01\"", "\"\xc3\"", "", "\"\\ud800\\ud800\"", "\"\\uD83D\\u0041\"", "{\"a\":1,\"a\":1}"};
enum { GOOD_COMPONENTS = 15, ALL_COMPONENTS = sizeof COMPONENTS / sizeof *COMPONENTS };

static void append(char *json, size_t *len, const char *more)
{
    size_t n = strlen(more);
    memcpy(json + *len, more, n);
    *len += n;
}

static void space(struct rng *r, char *json, size_t *len)
{
    static const char *const SPACES[] = {" ", "\n", "\t", "\r", "  "};
    if (rng_chance(r, 15))
        append(json, len, SPACES[rng_below(r, 5)]);
}

static size_t compose_json(struct rng *r, char *json)
{
    size_t len = 0;
    bool good = rng_chance(r, 70);
    space(r, json, &len);
    append(json, &len, "[");
    for (size_t n = rng_below(r, 7); n > 0; n--) {
        space(r, json, &len);
        append(json, &len, COMPONENTS[rng_below(r, good ? GOOD_COMPONENTS : ALL_COMPONENTS)]);
        space(r, json, &len);
        if (n > 1 || rng_chance(r, 2))
            append(json, &len, ",");
    }
    append(json, &len, "]");
    space(r, json, &len);
    return len;
}

static void mutate(struct rng *r, char *json, size_t *len)
{
    static const char BYTES[] =
        "[],-\"\\u0123456789abcdefDd8C.eE {}\n\t\x01\x7f\x80\xc3\xa9\xed\xf0";
    size_t at = rng_below(r, *len + 1);
    char byte = BYTES[rng_below(r, sizeof BYTES)]; /* the NUL at the end too */
    switch (rng_below(r, 4)) {
    case 0:
        memmove(json + at + 1, json + at, *len - at);
        json[at] = byte;
        ++*len;
        break;
    case 1:
        if (at < *len)
            json[at] = byte;
        break;
    case 2:
        if (at < *len) {
            memmove(json + at, json + at + 1, *len - at - 1);
            --*len;
        }
        break;
    default:
        if (rng_chance(r, 20))
            *len = at;
    }
}

static void test_same_as_the_server(void **state)
{
    (void)state;
    struct both b;
    both_init(&b);
    uint64_t first = rng_seed();
    size_t cases = rng_cases(60000);
    for (uint64_t seed = first; seed < first + cases; seed++) {
        char json[1024];
        struct rng r = rng_of(seed);
        size_t len = compose_json(&r, json);
        for (size_t n = rng_chance(&r, 50) ? rng_below(&r, 4) : 0; n > 0; n--)
            mutate(&r, json, &len);
        read_both(&b, seed, json, len);
    }
    assert_true(b.taken > cases / 10 && b.taken < cases - cases / 10);
    both_done(&b);
}

/* --- every short string --- */

static void try_all(struct both *b, char *at, size_t left, const char *whole, const char *tail)
{
    static const char BYTES[] = {'[', ']', ',', '-', '0', '7', '"',  '\\',       'u',        'd',
                                 'n', '.', 'e', ' ', '{', 't', 0x01, (char)0xc3, (char)0xa9, 0};
    size_t len = (size_t)(at - whole);
    size_t tail_len = strlen(tail);
    memcpy(at, tail, tail_len);
    read_both(b, 0, whole, len + tail_len);
    if (left == 0)
        return;
    for (size_t i = 0; i < sizeof BYTES; i++) {
        *at = BYTES[i];
        try_all(b, at + 1, left - 1, whole, tail);
    }
}

/* Every string of up to four bytes out of those that mean something, alone, in an array and in a
 * text. Each lies in a block of its own size: under AddressSanitizer a read past the end shows. */
static void test_every_short_string(void **state)
{
    static const char *const AROUND[][2] = {
        {"", ""}, {"[", "]"}, {"[\"", "\"]"}, {"[1,", ""}, {"[\"\\ud83d\\ud", "\"]"}};
    (void)state;
    struct both b;
    both_init(&b);
    for (size_t i = 0; i < sizeof AROUND / sizeof *AROUND; i++) {
        char json[64];
        size_t len = strlen(AROUND[i][0]);
        memcpy(json, AROUND[i][0], len);
        try_all(&b, json + len, i < 2 ? 4 : 3, json, AROUND[i][1]);
    }
    assert_true(b.taken > 1000);
    both_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_same_as_the_server),
        cmocka_unit_test(test_every_short_string),
    };
    return cmocka_run_group_tests_name("op_json properties", tests, NULL, NULL);
}
