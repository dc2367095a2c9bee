/* What the server sends, byte for byte: keys in the documented order, no white space, nothing left
 * in that has no value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/utf8.h"
#include "support/faulty.h"
#include "support/gen.h"
#include "support/rng.h"
#include "wire/wire.h"

#define ID_TEXT    "0c9e3d5e-6c0a-4b8e-9d55-0a1b2c3d4e5f"
#define EPOCH_TEXT "11111111-2222-4333-8444-555555555555"

static struct uuid uuid_of(const char *text)
{
    struct uuid u;
    assert_true(uuid_parse(text, strlen(text), &u));
    return u;
}

static struct room_str str_of(const char *s)
{
    return (struct room_str){s, strlen(s)};
}

static void assert_says(const struct room_message *m, const char *expected)
{
    struct buf out;
    buf_init(&out, weft_heap());
    assert_int_equal(buf_put(&out, "head", 4), 0); /* appended, not overwritten */
    assert_int_equal(wire_encode(m, &out), 0);
    assert_int_equal(buf_put_u8(&out, 0), 0);
    assert_memory_equal(out.data, "head", 4);
    assert_string_equal((char *)out.data + 4, expected);
    buf_done(&out);
}

static struct room_meta meta_of(const char *key, const char *value)
{
    struct room_meta meta = {.n = 1};
    meta.entries[0].key_len = (uint8_t)strlen(key);
    memcpy(meta.entries[0].key, key, strlen(key));
    meta.entries[0].removed = value == NULL;
    if (value != NULL) {
        meta.entries[0].value_len = (uint16_t)strlen(value);
        memcpy(meta.entries[0].value, value, strlen(value));
    }
    return meta;
}

static struct room_person person_of(const char *name, const char *color)
{
    struct room_person p = {.user_id = uuid_of(ID_TEXT), .name_len = (uint8_t)strlen(name)};
    memcpy(p.name, name, strlen(name));
    p.has_color = color != NULL;
    if (color != NULL)
        memcpy(p.color, color, COLOR_BYTES);
    return p;
}

/* --- messages --- */

static void test_welcome(void **state)
{
    (void)state;
    struct weft_text *text;
    assert_int_equal(weft_text_from(weft_heap(), "he\"llo\n", 7, &text), 0);
    struct room_meta meta = meta_of("language", "c");
    struct room_person users[2] = {person_of("Ada", "#c2185b"), person_of("", NULL)};
    users[0].has_cursor = users[0].has_anchor = true;
    users[0].position_cp = 2;
    users[0].anchor_cp = 2;
    struct room_message m = {.type = MESSAGE_WELCOME};
    m.welcome = (struct room_welcome){.epoch = uuid_of(EPOCH_TEXT),
                                      .rev = 12,
                                      .text = text,
                                      .length_cp = 7,
                                      .user_id = uuid_of(ID_TEXT),
                                      .seq = 3,
                                      .mode = ROOM_WRITE,
                                      .meta = &meta,
                                      .users = users,
                                      .n_users = 2,
                                      .room = str_of("notes"),
                                      .session = str_of("secret"),
                                      .read_key = str_of("opaque"),
                                      .limit_message_bytes = 1048576,
                                      .limit_document_bytes = 16777216};
    assert_says(&m,
                "{\"type\":\"welcome\",\"protocol\":\"weft.v1\",\"room\":\"notes\","
                "\"epoch\":\"" EPOCH_TEXT "\",\"rev\":12,\"text\":\"he\\\"llo\\n\",\"length\":7,"
                "\"user_id\":\"" ID_TEXT "\",\"session\":\"secret\",\"seq\":3,\"mode\":\"write\","
                "\"read_key\":\"opaque\",\"meta\":{\"language\":\"c\"},"
                "\"limits\":{\"message\":1048576,\"document\":16777216},"
                "\"users\":[{\"user_id\":\"" ID_TEXT "\",\"name\":\"Ada\",\"color\":\"#c2185b\","
                "\"position\":2,\"anchor\":2},{\"user_id\":\"" ID_TEXT "\"}]}");
    weft_text_free(text);

    /* A reader that resumes: no text, no room, no read key, nobody else. */
    m.welcome = (struct room_welcome){.epoch = uuid_of(EPOCH_TEXT),
                                      .user_id = uuid_of(ID_TEXT),
                                      .mode = ROOM_READ,
                                      .session = str_of("s")};
    assert_says(&m, "{\"type\":\"welcome\",\"protocol\":\"weft.v1\",\"epoch\":\"" EPOCH_TEXT
                    "\",\"rev\":0,\"length\":0,\"user_id\":\"" ID_TEXT "\",\"session\":\"s\","
                    "\"seq\":0,\"mode\":\"read\",\"users\":[]}");
}

static void test_ack(void **state)
{
    (void)state;
    struct room_message m = {.type = MESSAGE_ACK, .ack = {.rev = 13, .seq = 1}};
    assert_says(&m, "{\"type\":\"ack\",\"rev\":13,\"seq\":1}");
    m.ack = (struct room_ack){.rev = 9007199254740992};
    assert_says(&m, "{\"type\":\"ack\",\"rev\":9007199254740992}");
    m.ack = (struct room_ack){.seq = 4, .dup = true};
    assert_says(&m, "{\"type\":\"ack\",\"seq\":4,\"dup\":true}");
}

/* The simplest type that fits. */
static void test_edit(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"'hi'", "insert|\"position\":0,\"text\":\"hi\"}"},
        {"5 'h\"i'", "insert|\"position\":5,\"text\":\"h\\\"i\"}"},
        {"-3", "delete|\"position\":0,\"length\":3}"},
        {"7 -3", "delete|\"position\":7,\"length\":3}"},
        {"", "edit|\"op\":[]}"},
        {"'x' -3", "edit|\"op\":[\"x\",-3]}"},
        {"-3 'x'", "edit|\"op\":[-3,\"x\"]}"},
        {"'x' 3 'y'", "edit|\"op\":[\"x\",3,\"y\"]}"},
        {"1 'x' 3 -1", "edit|\"op\":[1,\"x\",3,-1]}"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct weft_op op;
        weft_op_init(&op, weft_heap());
        op_of(&op, CASES[i][0]);
        struct room_message m = {.type = MESSAGE_EDIT};
        m.edit = (struct room_edit){.rev = 13, .user_id = uuid_of(ID_TEXT), .op = &op};
        const char *bar = strchr(CASES[i][1], '|');
        char expected[300];
        snprintf(expected, sizeof expected, "{\"type\":\"%.*s\",\"rev\":13,\"user_id\":\"%s\",%s",
                 (int)(bar - CASES[i][1]), CASES[i][1], ID_TEXT, bar + 1);
        assert_says(&m, expected);
        weft_op_done(&op);
    }
}

/* A range is always an edit, whatever its operation looks like. */
static void test_composed(void **state)
{
    (void)state;
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    op_of(&op, "5 'hi'");
    struct room_meta meta = meta_of("language", NULL);
    struct room_message m = {.type = MESSAGE_EDIT};
    m.edit = (struct room_edit){.from = 10, .rev = 13, .composed = true, .op = &op};
    assert_says(&m, "{\"type\":\"edit\",\"from\":10,\"rev\":13,\"op\":[5,\"hi\"]}");
    m.edit.meta = &meta;
    assert_says(&m, "{\"type\":\"edit\",\"from\":10,\"rev\":13,\"op\":[5,\"hi\"],"
                    "\"meta\":{\"language\":null}}");
    weft_op_done(&op);
}

static void test_presence(void **state)
{
    (void)state;
    struct room_message m = {.type = MESSAGE_CURSOR};
    m.cursor = (struct room_cursor){.rev = 13,
                                    .user_id = uuid_of(ID_TEXT),
                                    .position_cp = 7,
                                    .anchor_cp = 5,
                                    .has_anchor = true};
    assert_says(&m, "{\"type\":\"cursor\",\"rev\":13,\"user_id\":\"" ID_TEXT
                    "\",\"position\":7,\"anchor\":5}");
    m.cursor.has_anchor = false;
    assert_says(&m, "{\"type\":\"cursor\",\"rev\":13,\"user_id\":\"" ID_TEXT "\",\"position\":7}");

    m = (struct room_message){.type = MESSAGE_JOIN};
    m.person = person_of("A\\da", "#c2185b");
    m.person.has_cursor = true; /* is told by a cursor message, which has a rev */
    assert_says(&m, "{\"type\":\"join\",\"user_id\":\"" ID_TEXT
                    "\",\"name\":\"A\\\\da\",\"color\":\"#c2185b\"}");
    m.type = MESSAGE_USER;
    assert_says(&m, "{\"type\":\"user\",\"user_id\":\"" ID_TEXT
                    "\",\"name\":\"A\\\\da\",\"color\":\"#c2185b\"}");
    m.type = MESSAGE_LEAVE;
    assert_says(&m, "{\"type\":\"leave\",\"user_id\":\"" ID_TEXT "\"}");
    m.type = MESSAGE_JOIN;
    m.person = person_of("", NULL);
    assert_says(&m, "{\"type\":\"join\",\"user_id\":\"" ID_TEXT "\"}");
    m.type = MESSAGE_USER; /* says what was taken away */
    assert_says(&m, "{\"type\":\"user\",\"user_id\":\"" ID_TEXT "\",\"name\":\"\",\"color\":\"\"}");
}

static void test_meta(void **state)
{
    (void)state;
    struct room_meta meta = meta_of("a\"b", "\x01\xc3\xa9");
    meta.n = 2;
    meta.entries[1] = meta_of("gone", NULL).entries[0];
    struct room_message m = {.type = MESSAGE_META};
    m.meta = (struct room_meta_set){.rev = 14, .user_id = uuid_of(ID_TEXT), .meta = &meta};
    assert_says(&m, "{\"type\":\"meta\",\"rev\":14,\"user_id\":\"" ID_TEXT
                    "\",\"meta\":{\"a\\\"b\":\"\\u0001\xc3\xa9\",\"gone\":null}}");
}

static void test_error(void **state)
{
    (void)state;
    struct room_message m = {.type = MESSAGE_ERROR};
    m.error = (struct room_error){.err = WEFT_ERANGE, .words = "position: \"9\"", .seq = 4};
    assert_says(&m, "{\"type\":\"error\",\"code\":\"out_of_range\","
                    "\"message\":\"position: \\\"9\\\"\",\"seq\":4}");
    m.error = (struct room_error){.err = WEFT_ERATE, .words = "slow", .retry_ms = 250};
    assert_says(&m, "{\"type\":\"error\",\"code\":\"rate_limited\",\"message\":\"slow\","
                    "\"retry_ms\":250}");
    /* Words cut in the middle of a character still make a frame of valid UTF-8. */
    m.error = (struct room_error){.err = WEFT_EIO};
    memset(m.error.words, 'x', sizeof m.error.words);
    memcpy(m.error.words + 8, "\xc3\xa9\xc3", 3);
    m.error.words[11] = '\0';
    assert_says(&m,
                "{\"type\":\"error\",\"code\":\"unavailable\",\"message\":\"xxxxxxxx\xc3\xa9\"}");
    m = (struct room_message){.type = MESSAGE_CLOSING, .closing = {"restart", 350}};
    assert_says(&m, "{\"type\":\"closing\",\"code\":\"restart\",\"retry_ms\":350}");
    m.closing.retry_ms = 0;
    assert_says(&m, "{\"type\":\"closing\",\"code\":\"restart\"}");
}

static void test_answers(void **state)
{
    (void)state;
    struct weft_text *text;
    assert_int_equal(weft_text_new(weft_heap(), &text), 0);
    struct room_message m = {.type = MESSAGE_TEXT, .text = {.rev = 0, .text = text}};
    assert_says(&m, "{\"type\":\"text\",\"rev\":0,\"text\":\"\"}");
    assert_int_equal(weft_text_insert(text, 0, "a\r\n\xf0\x9f\x98\x80", 7), 0);
    assert_says(&m, "{\"type\":\"text\",\"rev\":0,\"text\":\"a\\r\\n\xf0\x9f\x98\x80\"}");
    weft_text_free(text);

    struct weft_op op[2];
    weft_op_init(&op[0], weft_heap());
    weft_op_init(&op[1], weft_heap());
    op_of(&op[0], "'hi'");
    struct room_meta meta = meta_of("k", "v");
    struct room_history_item items[2] = {
        {.rev = 4, .user_id = uuid_of(ID_TEXT), .name = str_of("Ada"), .at_ms = 1700000000123},
        {.rev = 5, .user_id = uuid_of(ID_TEXT), .meta = &meta, .at_ms = -1},
    };
    items[0].op = &op[0];
    items[1].op = &op[1];
    m = (struct room_message){.type = MESSAGE_HISTORY};
    m.history = (struct room_history_answer){.from = 4, .to = 5, .items = items, .n = 2};
    assert_says(&m, "{\"type\":\"history\",\"from\":4,\"to\":5,\"ops\":["
                    "{\"rev\":4,\"user_id\":\"" ID_TEXT "\",\"name\":\"Ada\","
                    "\"at\":1700000000123,\"op\":[\"hi\"]},"
                    "{\"rev\":5,\"user_id\":\"" ID_TEXT "\",\"at\":-1,\"op\":[],"
                    "\"meta\":{\"k\":\"v\"}}]}");
    weft_op_done(&op[0]);
    weft_op_done(&op[1]);

    m = (struct room_message){.type = MESSAGE_SIGNAL};
    m.signal = (struct room_signal){.from = uuid_of(ID_TEXT), .data = str_of("{\"a\":[1]}")};
    assert_says(&m, "{\"type\":\"signal\",\"from\":\"" ID_TEXT "\",\"data\":{\"a\":[1]}}");
    m = (struct room_message){.type = MESSAGE_PONG};
    assert_says(&m, "{\"type\":\"pong\"}");
}

/* Every message is there, and each example is taken by the decoder. */
static void test_help(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, weft_heap());
    struct room_message m = {.type = MESSAGE_HELP};
    assert_int_equal(wire_encode(&m, &out), 0);
    json_t *help = json_loadb((char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(help);
    assert_string_equal(json_string_value(json_object_get(help, "type")), "help");
    const json_t *messages = json_object_get(help, "messages");
    assert_int_equal(json_array_size(messages), 11);
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *entry = json_array_get(messages, i);
        const json_t *example = json_object_get(entry, "example");
        assert_string_equal(json_string_value(json_object_get(entry, "type")),
                            json_string_value(json_object_get(example, "type")));
        assert_true(json_string_length(json_object_get(entry, "meaning")) > 10);
        char *json = json_dumps(example, JSON_COMPACT);
        struct wire_message decoded;
        struct room_error error;
        if (wire_decode(weft_heap(), json, strlen(json), &decoded, &error) != 0)
            fail_msg("%s: %s", json, error.words);
        wire_message_done(&decoded);
        free(json);
    }
    json_decref(help);
    buf_done(&out);
}

static void test_http_error(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, weft_heap());
    assert_int_equal(wire_encode_http_error("bad_field", "name: \"\xc3\xa9\"", &out), 0);
    assert_int_equal(buf_put_u8(&out, 0), 0);
    assert_string_equal(
        (char *)out.data,
        "{\"error\":{\"code\":\"bad_field\",\"message\":\"name: \\\"\xc3\xa9\\\"\"}}");
    buf_done(&out);
}

static void step(struct room *room, struct room_event event)
{
    struct room_effects *fx;
    assert_int_equal(room_effects_new(weft_heap(), &fx), 0);
    assert_int_equal(room_step(room, 1, &event, fx), 0);
    room_effects_free(fx);
}

/* Over plain HTTP: what is durable, and everybody who is there. */
static void test_room(void **state)
{
    (void)state;
    const struct room_config config = {.document_bytes_max = 1000, .people_max = 10};
    struct uuid epoch = uuid_of(EPOCH_TEXT);
    struct room *room;
    struct buf out;
    assert_int_equal(room_new(weft_heap(), &config, &epoch, &room), 0);
    buf_init(&out, weft_heap());
    assert_int_equal(wire_encode_room(room, str_of("no\"tes"), &out), 0);

    struct room_event join = {.kind = ROOM_JOIN, .conn = 1};
    join.join.user_id = uuid_of(ID_TEXT);
    join.join.name = str_of("Ada");
    step(room, join);
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    op_of(&op, "'hi\xc3\xa9'");
    struct room_event edit = {.kind = ROOM_OPERATION, .conn = 1};
    edit.submission.op = &op;
    step(room, edit);
    step(room, (struct room_event){.kind = ROOM_DURABLE, .durable_rev = 1});
    assert_int_equal(wire_encode_room(room, str_of("notes"), &out), 0);
    assert_int_equal(buf_put_u8(&out, 0), 0);
    assert_string_equal(
        (char *)out.data,
        "{\"room\":\"no\\\"tes\",\"epoch\":\"" EPOCH_TEXT "\",\"rev\":0,\"length\":0,\"users\":[]}"
        "{\"room\":\"notes\",\"epoch\":\"" EPOCH_TEXT
        "\",\"rev\":1,\"length\":3,\"users\":[{\"user_id\":\"" ID_TEXT "\",\"name\":\"Ada\"}]}");
    weft_op_done(&op);
    buf_done(&out);
    room_free(room);
}

/* --- strings, against jansson's reading of them --- */

/* A text of this content, said and read back, is the same. */
static void assert_text_survives(const char *utf8, size_t len)
{
    struct weft_text *text;
    assert_int_equal(weft_text_from(weft_heap(), utf8, len, &text), 0);
    struct buf out;
    buf_init(&out, weft_heap());
    struct room_message m = {.type = MESSAGE_TEXT, .text = {.rev = 1, .text = text}};
    assert_int_equal(wire_encode(&m, &out), 0);
    json_t *read = json_loadb((char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(read);
    const json_t *value = json_object_get(read, "text");
    assert_int_equal(json_string_length(value), len);
    assert_memory_equal(json_string_value(value), utf8, len);
    json_decref(read);
    buf_done(&out);
    weft_text_free(text);
}

/* Each ASCII character at each place of a word of eight, so that the eight-at-a-time search for what
 * must be escaped meets it everywhere. */
static void test_escapes(void **state)
{
    (void)state;
    for (size_t at = 0; at < 20; at++) {
        for (int c = 1; c < 0x80; c++) {
            char s[20];
            memset(s, 'a', sizeof s);
            s[at] = (char)c;
            assert_text_survives(s, sizeof s);
            memset(s, 0xc3, sizeof s); /* bytes with the high bit around it */
            for (size_t i = 1; i < sizeof s; i += 2)
                s[i] = (char)0xbf;
            s[at & ~(size_t)1] = (char)c;
            s[at | 1] = (char)c;
            assert_text_survives(s, sizeof s);
        }
    }
}

static void test_long_texts(void **state)
{
    (void)state;
    struct rng r = rng_of(rng_seed());
    for (size_t i = 0; i < 40; i++) {
        size_t n_cp = rng_below(&r, i < 35 ? 3000 : 300000);
        char *s = malloc(4 * n_cp + 1);
        assert_non_null(s);
        size_t len = rng_text(&r, s, n_cp);
        for (size_t k = 0; k < len; k++) /* some more that must be escaped */
            if (s[k] == 'q' || s[k] == 'z')
                s[k] = s[k] == 'q' ? '"' : '\\';
        assert_text_survives(s, len);
        free(s);
    }
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    struct weft_text *text;
    char *big = malloc(100000);
    assert_non_null(big);
    memset(big, '\t', 100000);
    assert_int_equal(weft_text_from(weft_heap(), big, 100000, &text), 0);
    struct room_message m = {.type = MESSAGE_TEXT, .text = {.rev = 1, .text = text}};
    for (long n = 0;; n++) {
        struct faulty f;
        struct buf out;
        faulty_init(&f, n);
        buf_init(&out, &f.alloc);
        int err = buf_put(&out, "before", 6);
        if (err == 0) {
            err = wire_encode(&m, &out);
            assert_int_equal(out.len, err == 0 ? 6 + 31 + 200000 + 2 : 6);
            assert_memory_equal(out.data, "before", 6);
        }
        buf_done(&out);
        assert_int_equal(f.live_blocks, 0);
        if (err == 0)
            break;
        assert_int_equal(err, WEFT_ENOMEM);
    }
    weft_text_free(text);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_welcome),  cmocka_unit_test(test_ack),
        cmocka_unit_test(test_edit),     cmocka_unit_test(test_composed),
        cmocka_unit_test(test_presence), cmocka_unit_test(test_meta),
        cmocka_unit_test(test_error),    cmocka_unit_test(test_answers),
        cmocka_unit_test(test_help),     cmocka_unit_test(test_http_error),
        cmocka_unit_test(test_escapes),  cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_room),     cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
