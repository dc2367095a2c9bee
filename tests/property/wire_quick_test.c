/* What is decoded without a tree means what it means with one: random messages, nearly right ones and
 * damaged ones, of which the quick way takes some. What programs write is among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "support/rng.h"
#include "wire/quick.h"

enum { MESSAGE_BYTES_MAX = 600 };

struct message {
    char bytes[MESSAGE_BYTES_MAX];
    size_t len;
};

static void put(struct message *m, const char *s)
{
    size_t len = strlen(s);
    assert_true(m->len + len < sizeof m->bytes);
    memcpy(m->bytes + m->len, s, len);
    m->len += len;
}

static const char *one_of(struct rng *r, const char *const list[], size_t n)
{
    return list[rng_below(r, n)];
}
#define ONE_OF(r, ...)                                                                             \
    one_of(r, (const char *const[]){__VA_ARGS__},                                                  \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void put_number(struct rng *r, struct message *m)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%zu", rng_below(r, 1000));
    if (rng_chance(r, 93))
        put(m, digits);
    else
        put(m, ONE_OF(r, "0", "1", "00", "01", "-1", "-0", "1.0", "1e2", "2147483647", "2147483648",
                      "9007199254740992", "9007199254740993", "99999999999999999999", "null",
                      "true", "\"7\"", "[7]", "1 ", "1x", ""));
}

static void put_text(struct rng *r, struct message *m)
{
    put(m, ONE_OF(r, "\"x\"", "\"hello\"", "\"y\"", "\"]\"", "\"two words\"", "\"\"",
                  "\"\xc3\xa9\"", "\"\xf0\x9f\x98\x80 \"", "\"a\\nb\"", "\"\\u00e9\"", "\"a\tb\"",
                  "\"\x7f\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\xef\xbf\xbe\"", "\"}\"", "\",\"",
                  "\"\\\"\"", "7", "null", "\"\xc0\x80\""));
}

static void put_op(struct rng *r, struct message *m)
{
    put(m, "[");
    for (size_t n = rng_below(r, 5); n > 0; n--) {
        if (rng_chance(r, 40))
            put_text(r, m);
        else
            put_number(r, m);
        if (n > 1)
            put(m, ONE_OF(r, ",", ",", ",", ", ", " ,", "\n,", ",-"));
    }
    put(m, ONE_OF(r, "]", "]", "]", "]", "]", "]", " ]", "]]", "", "[]"));
}

static void put_value(struct rng *r, struct message *m, const char *key, const char *type)
{
    if (strcmp(key, "type") == 0) {
        put(m, "\"");
        put(m, type);
        put(m, "\"");
    } else if (strcmp(key, "text") == 0 || rng_chance(r, 1)) {
        put_text(r, m);
    } else if (strcmp(key, "op") == 0) {
        put_op(r, m);
    } else {
        put_number(r, m);
    }
}

/* The keys of its type, and now and then one that it has not, or has twice. */
static void make(struct rng *r, struct message *m)
{
    static const char *const FORMS[][6] = {
        {"insert", "text", "position", "rev", "seq", NULL},
        {"delete", "position", "length", "rev", "seq", NULL},
        {"edit", "op", "rev", "seq", NULL, NULL},
        {"cursor", "position", "anchor", "rev", NULL, NULL},
        {"text", "rev", NULL, NULL, NULL, NULL},
        {"ping", NULL, NULL, NULL, NULL, NULL},
    };
    const char *const *form = FORMS[rng_below(r, 6)];
    const char *keys[12] = {"type"};
    size_t n = rng_chance(r, 98);
    m->len = 0;
    for (size_t i = 1; i < 6 && form[i] != NULL; i++)
        if (rng_chance(r, 80))
            keys[n++] = form[i];
    if (rng_chance(r, 8))
        keys[n++] = ONE_OF(r, "type", "text", "rev", "seq", "length", "anchor", "op", "x", "");
    if (rng_chance(r, 30) && n > 1) {
        size_t i = rng_below(r, n);
        const char *first = keys[0];
        keys[0] = keys[i];
        keys[i] = first;
    }
    const char *colon = ONE_OF(r, ":", ":", ":", ": ", ": ", " : ", "\t:");
    const char *comma = ONE_OF(r, ",", ",", ",", ", ", " , ", ",\r\n");
    put(m, ONE_OF(r, "{", "{", "{", "{", "{", "{ ", " {", "\n{"));
    for (size_t i = 0; i < n; i++) {
        put(m, i > 0 ? comma : "");
        put(m, "\"");
        put(m, keys[i]);
        put(m, "\"");
        put(m, colon);
        put_value(r, m, keys[i], form[0]);
    }
    put(m, ONE_OF(r, "}", "}", "}", "}", "}", "}", "}", " }", "} ", ",}", "}}", ""));
    if (rng_chance(r, 10))
        m->bytes[rng_below(r, m->len)] = (char)rng_below(r, 256);
}

static bool same(const struct room_event *a, const struct room_event *b)
{
    if (a->kind != b->kind || a->conn != b->conn)
        return false;
    if (a->kind == ROOM_CURSOR)
        return memcmp(&a->cursor, &b->cursor, sizeof a->cursor) == 0;
    const struct room_submission *x = &a->submission;
    const struct room_submission *y = &b->submission;
    return a->kind == ROOM_OPERATION && x->has_rev == y->has_rev && x->has_seq == y->has_seq &&
           x->rev == y->rev && x->seq == y->seq && x->at_ms == y->at_ms && x->at_end == y->at_end &&
           x->meta == y->meta && weft_op_check(x->op) && weft_op_equal(x->op, y->op);
}

/* Whether the quick way takes it; what it makes of it is compared. */
static bool compare(const char *json, size_t len)
{
    struct wire_message quick, whole;
    struct room_error error;
    char *bytes = malloc(len + 1); /* no byte behind the last may be read */
    assert_non_null(bytes);
    memcpy(bytes, json, len);
    memset(&quick, 0, sizeof quick);
    weft_op_init(&quick.op_, weft_heap());
    buf_init(&quick.bytes_, weft_heap());
    bytes = realloc(bytes, len > 0 ? len : 1);
    bool taken = quick_decode(bytes, len, &quick);
    int err = taken ? decode_whole(weft_heap(), bytes, len, &whole, &error) : 0;
    bool right = !taken || (err == 0 && whole.kind == WIRE_EVENT && quick.kind == WIRE_EVENT &&
                            same(&quick.event, &whole.event));
    bool untouched = taken || (weft_op_is_identity(&quick.op_) && quick.event.kind == 0 &&
                               quick.event.submission.op == NULL);
    if (!right || !untouched)
        fail_msg("%s: %.*s", right ? "left something behind" : "means something else", (int)len,
                 json);
    if (taken)
        wire_message_done(&whole);
    wire_message_done(&quick);
    free(bytes);
    return taken;
}

static void what_it_takes_means_the_same(void **state)
{
    (void)state;
    enum { CASES = 200000 };
    uint64_t first = rng_seed();
    size_t taken = 0;
    for (uint64_t seed = first; seed < first + rng_cases(CASES); seed++) {
        struct rng r = rng_of(seed);
        struct message m;
        make(&r, &m);
        taken += compare(m.bytes, m.len);
    }
    print_message("# %zu taken\n", taken);
    assert_true(taken * 10 > rng_cases(CASES)); /* or nothing was compared */
    assert_true(rng_proved(rng_cases(CASES), CASES, "messages meant the same both ways"));
}

/* Every message of three bytes put into a good one, at every place. */
static void every_byte_at_every_place(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "{\"type\":\"insert\",\"position\":5,\"text\":\"h\xc3\xa9\",\"rev\":12,\"seq\":1}",
        "{\"type\":\"edit\",\"op\":[5,\"hi\",-2],\"rev\":12,\"seq\":3}",
        "{\"type\":\"cursor\",\"position\":3,\"anchor\":1,\"rev\":5}",
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        size_t len = strlen(GOOD[i]);
        char bytes[128];
        assert_true(compare(GOOD[i], len));
        for (size_t at = 0; at < len; at++) {
            memcpy(bytes, GOOD[i], len);
            (void)compare(bytes, at); /* cut off */
            for (int byte = 0; byte < 256; byte++) {
                bytes[at] = (char)byte;
                (void)compare(bytes, len);
            }
        }
    }
}

static void what_programs_write_is_taken(void **state)
{
    (void)state;
    static const char *const MESSAGES[] = {
        "{\"type\":\"insert\",\"text\":\"hello\"}",
        "{\"type\": \"insert\", \"position\": 0, \"text\": \"h\xc3\xa9 {}[],\", \"rev\": 0}",
        "{\"type\":\"delete\",\"position\":2147483646}",
        "{\"seq\":9007199254740992,\"type\":\"delete\",\"position\":1,\"length\":3,\"rev\":7}",
        "{\"type\":\"edit\",\"op\":[5,\"]},\",-2],\"rev\":12,\"seq\":3}",
        "{\"type\":\"edit\",\"rev\":12,\"seq\":3,\"op\":[]}",
        "{\"type\":\"cursor\",\"position\":3}",
        "{\"type\":\"cursor\",\"rev\":5,\"position\":3,\"anchor\":1}",
    };
    for (size_t i = 0; i < sizeof MESSAGES / sizeof *MESSAGES; i++)
        if (!compare(MESSAGES[i], strlen(MESSAGES[i])))
            fail_msg("not taken: %s", MESSAGES[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_takes_means_the_same),
        cmocka_unit_test(every_byte_at_every_place),
        cmocka_unit_test(what_programs_write_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
