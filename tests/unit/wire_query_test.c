/* The parts of a URL that weft reads: the query of an upgrade and the room's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire.h"

#define EPOCH_TEXT "11111111-2222-4333-8444-555555555555"

static struct wire_connect query_of(const char *query)
{
    struct wire_connect c;
    struct room_error error;
    if (wire_decode_query(query, strlen(query), &c, &error) != 0)
        fail_msg("%s was refused: %s", query, error.words);
    return c;
}

static void test_query(void **state)
{
    (void)state;
    struct wire_connect c = query_of("");
    assert_int_equal(c.mode, ROOM_WRITE);
    assert_false(c.has_rev || c.has_color);
    assert_int_equal(c.name_len, 0);

    c = query_of("name=Ada+L%2Bv%C3%A9&color=%23c2185b&mode=read&epoch=" EPOCH_TEXT
                 "&rev=9007199254740992");
    assert_int_equal(c.mode, ROOM_READ);
    assert_int_equal(c.name_len, 9);
    assert_memory_equal(c.name, "Ada L+v\xc3\xa9", 9);
    assert_true(c.has_color && c.has_rev);
    assert_memory_equal(c.color, "#c2185b", 7);
    assert_int_equal(c.rev, 9007199254740992);
    assert_int_equal(c.epoch.bytes[0], 0x11);

    c = query_of("epoch=elsewhere&rev=7"); /* matches nothing: the whole text */
    assert_false(c.has_rev);

    c = query_of("&&mode=write&color=&unknown=%zz&n=&=x&na%6De=Bob&rev=0&epoch=" EPOCH_TEXT);
    assert_int_equal(c.mode, ROOM_WRITE);
    assert_false(c.has_color);
    assert_int_equal(c.name_len, 3); /* the key was percent-encoded too */
    assert_true(c.has_rev);
    assert_int_equal(c.rev, 0);
}

static void test_query_refused(void **state)
{
    (void)state;
    static const char *const CASES[][4] = {
        {"name=a%0ab", "name: ", "\"a?b\"", "64 bytes"},
        {"name=%00", "name: ", "\"?\"", "control"},
        {"name=%ff", "name: ", "\"?\"", "UTF-8"},
        {"name=%C2%85", "name: ", "\"?\"", "control"},
        {"name=%4", "name: ", "\"%4\"", "hex digits after each %"},
        {"name=%zz", "name: ", "\"%zz\"", "hex digits after each %"},
        {"name=%", "name: ", "\"%\"", "hex digits after each %"},
        {"name=a&name=b", "name: ", "twice", "once"},
        {"color=c2185b", "color: ", "\"c2185b\"", "%23"},
        {"color=%23c2185", "color: ", "\"#c2185\"", "six hex digits"},
        {"color=%23c2185bb", "color: ", "\"#c2185bb\"", "six hex digits"},
        {"mode=admin", "mode: ", "\"admin\"", "read or write"},
        {"mode", "mode: ", "\"\"", "read or write"},
        {"epoch=" EPOCH_TEXT, "rev: ", "nothing", "both"},
        {"rev=1", "epoch: ", "nothing", "both"},
        {"rev=", "rev: ", "\"\"", "an integer"},
        {"rev=-1", "rev: ", "\"-1\"", "an integer"},
        {"rev=1.0", "rev: ", "\"1.0\"", "an integer"},
        {"rev=9007199254740993", "rev: ", "\"9007199254740993\"", "9007199254740992"},
        {"rev=99999999999999999999999", "rev: ", "\"99999999999999999999999\"", "an integer"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        /* Of exactly that size on the heap: a sanitizer sees a read past the end. */
        size_t len = strlen(CASES[i][0]);
        char *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, CASES[i][0], len);
        struct wire_connect c = {.rev = 77};
        struct room_error error;
        assert_int_equal(wire_decode_query(copy, len, &c, &error), WEFT_EINVAL);
        free(copy);
        assert_int_equal(error.err, WEFT_EINVAL);
        assert_int_equal(c.rev, 77); /* untouched */
        for (size_t k = 1; k < 4; k++)
            if (strstr(error.words, CASES[i][k]) == NULL)
                fail_msg("%s\nsaid: %s\nwhich lacks: %s", CASES[i][0], error.words, CASES[i][k]);
    }
}

static void test_name_length(void **state)
{
    (void)state;
    for (size_t n = 64; n <= 200; n += n == 64 ? 1 : 45) {
        char query[256] = "name=";
        memset(query + 5, 'n', n);
        struct wire_connect c;
        struct room_error error;
        int err = wire_decode_query(query, 5 + n, &c, &error);
        assert_int_equal(err, n == 64 ? 0 : WEFT_EINVAL);
        if (err == 0)
            assert_int_equal(c.name_len, 64);
        else
            assert_non_null(strstr(error.words, "at most 64 bytes"));
    }
}

static void test_room_name(void **state)
{
    (void)state;
    char name[ROOM_NAME_BYTES_MAX + 1];
    size_t len;
    struct room_error error;
    static const char SEGMENT[] = "caf%C3%A9+a%20%3f%26.";
    assert_int_equal(wire_decode_room_name(SEGMENT, strlen(SEGMENT), name, &len, &error), 0);
    assert_string_equal(name, "caf\xc3\xa9+a ?&."); /* '+' is a '+' in a path */
    assert_int_equal(len, strlen(name));

    static const char *const CASES[][2] = {
        {"", "\"\""},       {"a%2Fb", "\"a/b\""}, {"a%0a", "\"a?\""},
        {"a%00", "\"a?\""}, {"%ff", "\"?\""},     {"%2", "\"%2\""},
        {"a%", "\"a%\""},   {"%c2%80", "\"?\""},  {"%ed%a0%80", "\"???\""},
        {"a/b", "\"a/b\""}, {"\x7f", "\"?\""},    {"%g1", "\"%g1\""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        strcpy(name, "kept");
        int err = wire_decode_room_name(CASES[i][0], strlen(CASES[i][0]), name, &len, &error);
        assert_int_equal(err, WEFT_EINVAL);
        assert_string_equal(name, "kept");
        if (strstr(error.words, "room: found ") == NULL || strstr(error.words, CASES[i][1]) == NULL)
            fail_msg("%s said: %s", CASES[i][0], error.words);
    }

    char longest[3 * 129];
    for (size_t i = 0; i < 129; i++)
        memcpy(longest + 3 * i, "%61", 3);
    assert_int_equal(wire_decode_room_name(longest, 3 * 128, name, &len, &error), 0);
    assert_int_equal(len, 128);
    assert_int_equal(wire_decode_room_name(longest, 3 * 129, name, &len, &error), WEFT_EINVAL);
    assert_non_null(strstr(error.words, "1 to 128 bytes"));
}

static void test_query_of_plain_http(void **state)
{
    (void)state;
    struct room_error error;
    bool has_rev = true;
    uint64_t rev = 1;
    assert_int_equal(wire_decode_query_rev("", 0, &has_rev, &rev, &error), 0);
    assert_false(has_rev);
    assert_int_equal(wire_decode_query_rev("mode=%zz&re%76=7", 16, &has_rev, &rev, &error), 0);
    assert_true(has_rev && rev == 7);
    static const char *const WRONG[] = {"rev=", "rev=-1", "rev=9007199254740993", "rev=1&rev=1",
                                        "rev=%zz"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        assert_int_equal(wire_decode_query_rev(WRONG[i], strlen(WRONG[i]), &has_rev, &rev, &error),
                         WEFT_EINVAL);
        assert_non_null(strstr(error.words, "rev: found "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_refused),
        cmocka_unit_test(test_name_length),
        cmocka_unit_test(test_room_name),
        cmocka_unit_test(test_query_of_plain_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
