/* What clients send: every message, every refusal with its words, every limit at N and N+1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "support/faulty.h"
#include "unit/wire_refusals.h"
#include "wire/quick.h"
#include "wire/wire.h"

/* --- helpers --- */

static void decode_bytes(const char *json, size_t len, struct wire_message *m)
{
    struct room_error error;
    int err = wire_decode(weft_heap(), json, len, m, &error);
    if (err != 0)
        fail_msg("%.*s\nwas refused: %s", (int)len, json, error.words);
}

static void decode(const char *json, struct wire_message *m)
{
    decode_bytes(json, strlen(json), m);
}

static void assert_has(const char *text, const char *part, const char *about)
{
    if (strstr(text, part) == NULL)
        fail_msg("%s\nsaid: %s\nwhich lacks: %s", about, text, part);
}

/* What is between the words is not looked at, but these three must be there. */
static struct room_error refuse_bytes(const char *json, size_t len, int expected_err,
                                      const char *field, const char *found, const char *expected)
{
    /* Of exactly that size on the heap: a sanitizer sees a read past the end. */
    char *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, json, len);
    struct wire_message m;
    struct room_error error;
    int err = wire_decode(weft_heap(), copy, len, &m, &error);
    free(copy);
    if (err != expected_err)
        fail_msg("%.*s\ngave %d (%s), expected %d", (int)len, json, err,
                 err != 0 ? error.words : "", expected_err);
    assert_int_equal(error.err, err);
    assert_has(error.words, field, json);
    assert_has(error.words, found, json);
    assert_has(error.words, expected, json);
    return error;
}

static struct room_error refuse(const char *json, int err, const char *field, const char *found,
                                const char *expected)
{
    return refuse_bytes(json, strlen(json), err, field, found, expected);
}

static void assert_op(const struct weft_op *op, const char *json)
{
    struct buf out;
    buf_init(&out, weft_heap());
    assert_int_equal(wire_encode_op(op, &out), 0);
    assert_int_equal(buf_put_u8(&out, 0), 0);
    assert_string_equal((char *)out.data, json);
    buf_done(&out);
}

static void assert_str(struct room_str s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.at, expected, s.len);
}

/* `n` times `piece` between `before` and `after`; malloc'd. */
static char *repeated(const char *before, const char *piece, size_t n, const char *after)
{
    size_t piece_len = strlen(piece);
    char *out = malloc(strlen(before) + n * piece_len + strlen(after) + 1);
    assert_non_null(out);
    strcpy(out, before);
    char *at = out + strlen(before);
    for (size_t i = 0; i < n; i++, at += piece_len)
        memcpy(at, piece, piece_len);
    strcpy(at, after);
    return out;
}

/* --- messages --- */

static void test_insert(void **state)
{
    (void)state;
    struct wire_message m;
    decode("{\"type\":\"insert\",\"position\":5,\"text\":\"h\\u00e9 \\ud83d\\ude00\","
           "\"rev\":12,\"seq\":1}",
           &m);
    assert_int_equal(m.kind, WIRE_EVENT);
    assert_int_equal(m.event.kind, ROOM_OPERATION);
    assert_int_equal(m.event.conn, 0);
    const struct room_submission *s = &m.event.submission;
    assert_true(s->has_rev && s->has_seq && !s->at_end);
    assert_int_equal(s->rev, 12);
    assert_int_equal(s->seq, 1);
    assert_int_equal(s->at_ms, 0);
    assert_null(s->meta);
    assert_op(s->op, "[5,\"h\xc3\xa9 \xf0\x9f\x98\x80\"]");
    wire_message_done(&m);

    decode(" {\"text\" : \"hi\\r\\n\", \"type\":\"insert\", \"more\":[{}]}\n", &m);
    assert_true(m.event.submission.at_end);
    assert_false(m.event.submission.has_rev || m.event.submission.has_seq);
    assert_op(m.event.submission.op, "[\"hi\\r\\n\"]");
    wire_message_done(&m);

    decode("{\"type\":\"insert\",\"text\":\"x\",\"position\":0,\"rev\":0}", &m);
    assert_false(m.event.submission.at_end);
    assert_true(m.event.submission.has_rev);
    assert_op(m.event.submission.op, "[\"x\"]");
    wire_message_done(&m);
    wire_message_done(&m); /* twice is fine */
}

static void test_delete(void **state)
{
    (void)state;
    struct wire_message m;
    decode("{\"type\":\"delete\",\"position\":5,\"length\":2,\"rev\":12,\"seq\":2}", &m);
    assert_int_equal(m.event.kind, ROOM_OPERATION);
    assert_false(m.event.submission.at_end);
    assert_op(m.event.submission.op, "[5,-2]");
    wire_message_done(&m);
    decode("{\"type\":\"delete\",\"position\":0}", &m);
    assert_op(m.event.submission.op, "[-1]");
    wire_message_done(&m);
}

static void test_edit(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"[5,\"hi\",-2]", "[5,\"hi\",-2]"},
        {"[]", "[]"},
        {"[5]", "[]"},
        {"[1,2,\"a\",\"b\",-1,-2,3]", "[3,\"ab\",-3]"},
        {"[-3,\"x\"]", "[-3,\"x\"]"},
        {"[\"x\",-3]", "[\"x\",-3]"},
        {"[-2147483647]", "[-2147483647]"},
        {"[2147483647]", "[]"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char json[200];
        snprintf(json, sizeof json, "{\"type\":\"edit\",\"op\":%s,\"seq\":3}", CASES[i][0]);
        struct wire_message m;
        decode(json, &m);
        assert_int_equal(m.event.kind, ROOM_OPERATION);
        assert_op(m.event.submission.op, CASES[i][1]);
        wire_message_done(&m);

        struct weft_op op;
        struct room_error error;
        weft_op_init(&op, weft_heap());
        assert_int_equal(wire_decode_op(CASES[i][0], strlen(CASES[i][0]), &op, &error), 0);
        assert_op(&op, CASES[i][1]);
        weft_op_done(&op);
    }
}

static void test_meta(void **state)
{
    (void)state;
    struct wire_message m;
    decode("{\"type\":\"meta\",\"meta\":{\"language\":\"c\",\"title\":null,\"e\":\"\"},\"seq\":4}",
           &m);
    assert_int_equal(m.event.kind, ROOM_META);
    assert_null(m.event.submission.op);
    const struct room_meta *meta = m.event.submission.meta;
    assert_int_equal(meta->n, 3);
    assert_int_equal(meta->entries[0].key_len, 8);
    assert_memory_equal(meta->entries[0].key, "language", 8);
    assert_int_equal(meta->entries[0].value_len, 1);
    assert_memory_equal(meta->entries[0].value, "c", 1);
    assert_false(meta->entries[0].removed);
    assert_true(meta->entries[1].removed);
    assert_false(meta->entries[2].removed);
    assert_int_equal(meta->entries[2].value_len, 0);
    wire_message_done(&m);
}

static void test_presence(void **state)
{
    (void)state;
    struct wire_message m;
    decode("{\"type\":\"cursor\",\"position\":7,\"anchor\":5,\"rev\":12}", &m);
    assert_int_equal(m.event.kind, ROOM_CURSOR);
    assert_int_equal(m.event.cursor.position_cp, 7);
    assert_int_equal(m.event.cursor.anchor_cp, 5);
    assert_true(m.event.cursor.has_anchor && m.event.cursor.has_rev);
    assert_int_equal(m.event.cursor.rev, 12);
    wire_message_done(&m);
    decode("{\"type\":\"cursor\",\"position\":2147483647}", &m);
    assert_int_equal(m.event.cursor.position_cp, CP_MAX);
    assert_false(m.event.cursor.has_anchor || m.event.cursor.has_rev);
    wire_message_done(&m);

    decode("{\"type\":\"user\",\"name\":\"Ada\",\"color\":\"#1565C0\"}", &m);
    assert_int_equal(m.event.kind, ROOM_USER);
    assert_true(m.event.user.has_name && m.event.user.has_color);
    assert_str(m.event.user.name, "Ada");
    assert_str(m.event.user.color, "#1565C0");
    wire_message_done(&m);
    decode("{\"type\":\"user\",\"name\":\"\"}", &m);
    assert_true(m.event.user.has_name && !m.event.user.has_color);
    assert_int_equal(m.event.user.name.len, 0);
    wire_message_done(&m);
    decode("{\"type\":\"user\",\"color\":null,\"name\":null}", &m);
    assert_true(m.event.user.has_color && m.event.user.has_name);
    assert_int_equal(m.event.user.color.len, 0);
    wire_message_done(&m);
}

static void test_questions(void **state)
{
    (void)state;
    struct wire_message m;
    decode("{\"type\":\"text\"}", &m);
    assert_int_equal(m.event.kind, ROOM_TEXT);
    assert_false(m.event.query.has_rev);
    wire_message_done(&m);
    decode("{\"type\":\"text\",\"rev\":0}", &m);
    assert_true(m.event.query.has_rev);
    wire_message_done(&m);
    decode("{\"type\":\"history\",\"from\":1,\"to\":9}", &m);
    assert_int_equal(m.event.kind, ROOM_HISTORY);
    assert_int_equal(m.event.query.from, 1);
    assert_int_equal(m.event.query.to, 9);
    wire_message_done(&m);
    decode("{\"type\":\"history\",\"from\":9,\"to\":9}", &m);
    wire_message_done(&m);
    decode("{\"type\":\"history\",\"from\":9}", &m);
    assert_int_equal(m.event.query.to, 0);
    wire_message_done(&m);
    decode("{\"type\":\"ping\"}", &m);
    assert_int_equal(m.kind, WIRE_PING);
    wire_message_done(&m);
    decode("{\"type\":\"help\"}", &m);
    assert_int_equal(m.kind, WIRE_HELP);
    wire_message_done(&m);
}

/* Data is handed on as it means, without white space; numbers keep their kind and value. */
static void test_signal(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"{ \"sdp\" : \"v=0\\r\\n\", \"b\":[1,-2,true,false,null,{}],\"a\":[] }",
         "{\"sdp\":\"v=0\\r\\n\",\"b\":[1,-2,true,false,null,{}],\"a\":[]}"},
        {"null", "null"},
        {"\"\\u0000\\u001f\\/\\\"\\\\\"", "\"\\u0000\\u001f/\\\"\\\\\""},
        {"[0.1,1e2,5.0,-0.0,1e-7,123456789.123456789,1.7976931348623157e308]",
         "[0.1,100.0,5.0,-0.0,1e-07,123456789.12345679,1.7976931348623157e+308]"},
        {"[9223372036854775807,-9223372036854775808]",
         "[9223372036854775807,-9223372036854775808]"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char json[400];
        snprintf(json, sizeof json,
                 "{\"type\":\"signal\",\"to\":\"0C9E3D5E-6c0a-4b8e-9d55-0a1b2c3d4e5f\","
                 "\"data\":%s}",
                 CASES[i][0]);
        struct wire_message m;
        decode(json, &m);
        assert_int_equal(m.event.kind, ROOM_SIGNAL);
        assert_int_equal(m.event.signal.to.bytes[0], 0x0c);
        assert_str(m.event.signal.data, CASES[i][1]);
        wire_message_done(&m);
    }
}

/* --- refusals --- */

static void test_fields_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        const struct refusal *c = &FIELDS[i];
        refuse(c->json, c->err, c->field, c->found, c->expected);
    }
}

static void test_broken_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BROKEN / sizeof *BROKEN; i++) {
        const struct refusal *c = &BROKEN[i];
        refuse(c->json, c->err, c->field, c->found, c->expected);
    }
    static const char RAW[] = "{\"type\":\"insert\",\"text\":\"a\0b\",\"seq\":6}";
    struct room_error error =
        refuse_bytes(RAW, sizeof RAW - 1, WEFT_EUTF8, "text", "a NUL at byte 26", "without it");
    assert_int_equal(error.seq, 6);
}

/* An error carries the message's seq wherever one can be read. */
static void test_seq_in_errors(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int err;
        uint64_t seq;
    } CASES[] = {
        {"{\"type\":\"insert\",\"seq\":7}", WEFT_EINVAL, 7},
        {"{\"type\":\"what\",\"seq\":7}", WEFT_ETYPE, 7},
        {"{\"type\":\"insert\",\"seq\":9007199254740992}", WEFT_EINVAL, 9007199254740992},
        {"{\"type\":\"insert\",\"seq\":9007199254740993}", WEFT_EINVAL, 0},
        {"{\"type\":\"insert\",\"seq\":-7}", WEFT_EINVAL, 0},
        {"{\"type\":\"insert\",\"seq\":\"7\"}", WEFT_EINVAL, 0},
        {"{\"type\":\"insert\",\"text\":\"\\ud800\",\"seq\" : 7 }", WEFT_EUTF8, 7},
        {"{\"seq\":7,\"type\":\"insert\",\"text\":\"\\ud800\"}", WEFT_EUTF8, 7},
        {"{\"text\":\"\\\"seq\\\":5\\ud800\",\"seq\":7}", WEFT_EUTF8, 7},
        {"{\"a\":{\"seq\":5},\"text\":\"\\ud800\"}", WEFT_EUTF8, 0},
        {"{\"seq\":7.5,\"text\":\"\\ud800\"}", WEFT_EUTF8, 0},
        {"{\"seq\":99999999999999999,\"text\":\"\\ud800\"}", WEFT_EUTF8, 0},
        {"{\"position\":99999999999999999999,\"seq\":7}", WEFT_EINVAL, 7},
        {"{\"a\":1,\"a\":1,\"seq\":7}", WEFT_EJSON, 7},
        {"{\"seq\":7,\"a\":x}", WEFT_EJSON, 7},
        {"{\"seq\":7,\"text\":\"\xff\"}", WEFT_EUTF8, 7},
        {"{\"seq\":7,\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", WEFT_EJSON, 7},
        {"{\"seq\":7", WEFT_EJSON, 7},
        {"{\"seq\":", WEFT_EJSON, 0},
        {"{\"seq\"", WEFT_EJSON, 0},
        {"{\"", WEFT_EJSON, 0},
        {"{\"\\", WEFT_EJSON, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct room_error e = refuse(CASES[i].json, CASES[i].err, "", "", "");
        if (e.seq != CASES[i].seq)
            fail_msg("%s: seq %llu", CASES[i].json, (unsigned long long)e.seq);
        assert_int_equal(e.retry_ms, 0);
    }
}

/* What a sender put into a field never reaches a log or a terminal as it is. */
static void test_found_is_safe(void **state)
{
    (void)state;
    refuse("{\"type\":\"\\u001b[31m\\u202e\\u0007x\\u00e9\"}", WEFT_ETYPE, "type",
           "\"?[31m??x\xc3\xa9\"", "insert");
    char *json = repeated("{\"type\":\"", "\xf0\x9f\x98\x80", 1000, "\"}");
    struct room_error e = refuse(json, WEFT_ETYPE, "type", "...\"", "help");
    assert_true(strlen(e.words) < sizeof e.words - 1); /* nothing was cut */
    free(json);
    json = repeated("{\"type\":\"insert\",\"", "k", 1000, "\":\"\\ud800\"}");
    refuse(json, WEFT_EUTF8, "kkkkkkkkkk...", "surrogate", "whole");
    free(json);
    json = repeated("{\"type\":\"insert\",\"text\":\"a\",\"rev\":", "9", 1000, "}");
    refuse(json, WEFT_EINVAL, "rev", "999999...", "9007199254740992");
    free(json);
}

/* --- limits --- */

static void test_depth(void **state)
{
    (void)state;
    struct wire_message m;
    /* The message is one level, so data may have 15. */
    static const char HEAD[] =
        "{\"type\":\"signal\",\"to\":\"00000000-0000-4000-8000-000000000000\",\"data\":";
    for (size_t n = JSON_DEPTH_MAX - 1; n <= JSON_DEPTH_MAX; n++) {
        char *open = repeated(HEAD, "[", n, "\"[[{\\\"[\"");
        char *json = repeated(open, "]", n, "}");
        if (n < JSON_DEPTH_MAX) {
            decode(json, &m);
            wire_message_done(&m);
        } else {
            refuse(json, WEFT_EJSON, "message", "17 deep", "at most 16");
        }
        free(open);
        free(json);
    }
    char *bomb = repeated("", "[", 1000000, "");
    refuse(bomb, WEFT_EJSON, "message", "17 deep at byte 16", "at most 16");
    free(bomb);
    /* Side by side is not deep. */
    char *wide = repeated("{\"type\":\"ping\",\"x\":[0", ",[{}]", 1000, "]}");
    decode(wide, &m);
    wire_message_done(&m);
    free(wide);
}

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *before, *piece;
        size_t n;
        const char *after, *field, *expected;
    } CASES[] = {
        {"{\"type\":\"user\",\"name\":\"", "n", 64, "\"}", "name", "at most 64 bytes"},
        {"{\"type\":\"user\",\"name\":\"", "\xf0\x9f\x98\x80", 16, "\"}", "name", "at most 64"},
        {"{\"type\":\"meta\",\"meta\":{\"", "k", 32, "\":\"v\"}}", "meta", "1 to 32 bytes"},
        {"{\"type\":\"meta\",\"meta\":{\"k\":\"", "v", 256, "\"}}", "meta.k", "at most 256 bytes"},
        {"{\"type\":\"meta\",\"meta\":{\"k\":\"", "\xc3\xa9", 128, "\"}}", "meta.k", "256 bytes"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct wire_message m;
        char *fits = repeated(CASES[i].before, CASES[i].piece, CASES[i].n, CASES[i].after);
        decode(fits, &m);
        wire_message_done(&m);
        free(fits);
        char *over = repeated(CASES[i].before, CASES[i].piece, CASES[i].n + 1, CASES[i].after);
        refuse(over, WEFT_EINVAL, CASES[i].field, "", CASES[i].expected);
        free(over);
    }
}

static void test_counts(void **state)
{
    (void)state;
    struct wire_message m;
    for (int n = META_KEYS_MAX; n <= META_KEYS_MAX + 1; n++) {
        char json[400];
        int at = snprintf(json, sizeof json, "{\"type\":\"meta\",\"meta\":{");
        for (int i = 0; i < n; i++)
            at += snprintf(json + at, sizeof json - (size_t)at, "%s\"k%d\":\"v\"", i ? "," : "", i);
        snprintf(json + at, sizeof json - (size_t)at, "}}");
        if (n == META_KEYS_MAX) {
            decode(json, &m);
            assert_int_equal(m.event.submission.meta->n, META_KEYS_MAX);
            wire_message_done(&m);
        } else {
            refuse(json, WEFT_EINVAL, "meta", "an object of 17", "1 to 16");
        }
    }
    char *parts = repeated("{\"type\":\"edit\",\"op\":[1", ",1", OP_PARTS_MAX - 1, "]}");
    decode(parts, &m);
    assert_op(m.event.submission.op, "[]");
    wire_message_done(&m);
    free(parts);
    parts = repeated("{\"type\":\"edit\",\"op\":[1", ",1", OP_PARTS_MAX, "],\"seq\":2}");
    refuse(parts, WEFT_ELIMIT, "op", "an array of 1048577", "at most 1048576 parts");
    free(parts);
    decode("{\"type\":\"insert\",\"text\":\"a\",\"rev\":9007199254740992,"
           "\"seq\":9007199254740992,\"position\":2147483646}",
           &m);
    assert_int_equal(m.event.submission.rev, REV_MAX);
    wire_message_done(&m);
}

/* --- operations alone, memory --- */

static void test_op_alone(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int err;
        const char *words;
    } CASES[] = {
        {"{}", WEFT_EINVAL, "op: found an object of 0; expected an array"},
        {"", WEFT_EJSON, "end of file; expected an array such as [5,\"hi\",-2]"},
        {"[1,", WEFT_EJSON, "line 1"},
        {"[1]x", WEFT_EJSON, "line 1"},
        {"[1,\"a\",0]", WEFT_EINVAL, "op[2]: found 0"},
        {"[1,\"\\ud800\"]", WEFT_EUTF8, "lone surrogate"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct weft_op op;
        struct room_error error;
        weft_op_init(&op, weft_heap());
        assert_int_equal(weft_op_insert(&op, "old", 3), 0);
        int err = wire_decode_op(CASES[i].json, strlen(CASES[i].json), &op, &error);
        assert_int_equal(err, CASES[i].err);
        assert_has(error.words, CASES[i].words, CASES[i].json);
        assert_true(weft_op_is_identity(&op));
        weft_op_done(&op);
    }
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    char *big = repeated("{\"type\":\"insert\",\"seq\":9,\"text\":\"", "a\\n", 20000, "\"}");
    char *parts = repeated("{\"type\":\"edit\",\"seq\":9,\"op\":[1", ",\"abc\",-1", 3000, "]}");
    const char *const cases[] = {
        big,
        parts,
        "{\"type\":\"meta\",\"seq\":9,\"meta\":{\"a\":\"b\",\"c\":null}}",
        "{\"type\":\"user\",\"seq\":9,\"name\":\"Ada\",\"color\":\"#123456\"}",
        "{\"type\":\"signal\",\"seq\":9,\"to\":\"00000000-0000-4000-8000-000000000000\","
        "\"data\":[1,2.5,\"x\",{\"a\":null}]}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (long n = 0;; n++) {
            struct faulty f;
            struct wire_message m;
            struct room_error error;
            faulty_init(&f, n);
            /* Where the quick way has no memory the other one is tried, which may have some. */
            int err = wire_decode(&f.alloc, cases[i], strlen(cases[i]), &m, &error);
            if (err == 0)
                wire_message_done(&m);
            assert_int_equal(f.live_blocks, 0);
            faulty_init(&f, n);
            err = decode_whole(&f.alloc, cases[i], strlen(cases[i]), &m, &error);
            if (err == 0)
                wire_message_done(&m);
            assert_int_equal(f.live_blocks, 0);
            if (err == 0) {
                assert_true(n >= 2); /* the parse and the message both ask for memory */
                break;
            }
            assert_int_equal(err, WEFT_ENOMEM);
            assert_int_equal(error.err, WEFT_ENOMEM);
            assert_int_equal(error.seq, 9);
            assert_has(error.words, "no memory left", cases[i]);
        }
    }
    free(big);
    free(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert),         cmocka_unit_test(test_delete),
        cmocka_unit_test(test_edit),           cmocka_unit_test(test_meta),
        cmocka_unit_test(test_presence),       cmocka_unit_test(test_questions),
        cmocka_unit_test(test_signal),         cmocka_unit_test(test_fields_refused),
        cmocka_unit_test(test_broken_refused), cmocka_unit_test(test_seq_in_errors),
        cmocka_unit_test(test_found_is_safe),  cmocka_unit_test(test_depth),
        cmocka_unit_test(test_lengths),        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_op_alone),       cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
