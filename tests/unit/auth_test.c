/* auth: sessions and read keys hold what they promise, and stay what they are from one version to
 * the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "auth/auth.h"
#include "auth/base64url.h"

static const uint8_t key[AUTH_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const struct uuid somebody = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255}};
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct auth *a;

static int start(void **state)
{
    (void)state;
    return auth_new(key, &a);
}

static int end(void **state)
{
    (void)state;
    auth_free(a);
    auth_free(NULL);
    return 0;
}

/* Every secret that differs from a good one in one character, or is cut. */
static void for_each_change(const char *good, bool (*is_taken)(const char *s, size_t len))
{
    size_t len = strlen(good);
    char *s = malloc(len + 2);

    for (size_t i = 0; i < len; i++)
        for (size_t k = 0; k < 66; k++) {
            char c = k < 64 ? alphabet[k] : k == 64 ? '=' : '+';

            memcpy(s, good, len + 1);
            if (s[i] == c)
                continue;
            s[i] = c;
            if (is_taken(s, len))
                fail_msg("%s taken for %s", s, good);
        }
    for (size_t n = 0; n < len; n++)
        assert_false(is_taken(good, n));
    (void)snprintf(s, len + 2, "%sA", good);
    assert_false(is_taken(s, len + 1));
    free(s);
}

static bool session_is_taken(const char *s, size_t len)
{
    struct uuid who;

    return auth_session_verify(a, "notes", 5, s, len, &who) == 0;
}

static bool read_key_is_taken(const char *s, size_t len)
{
    char room[ROOM_NAME_BYTES_MAX + 1];
    size_t room_len;

    return auth_read_key_open(a, s, len, room, &room_len);
}

static void a_session_opens_its_own_room_only(void **state)
{
    char session[AUTH_SESSION_CHARS + 1];
    struct uuid who = {{0}};

    (void)state;
    assert_int_equal(auth_session_make(a, "notes", 5, &somebody, session), 0);
    assert_int_equal(strlen(session), AUTH_SESSION_CHARS);
    assert_int_equal(auth_session_verify(a, "notes", 5, session, AUTH_SESSION_CHARS, &who), 0);
    assert_true(uuid_equal(&who, &somebody));
    who = (struct uuid){{9}};
    assert_int_equal(auth_session_verify(a, "notes2", 6, session, AUTH_SESSION_CHARS, &who),
                     WEFT_EINVAL);
    assert_int_equal(auth_session_verify(a, "note", 4, session, AUTH_SESSION_CHARS, &who),
                     WEFT_EINVAL);
    assert_int_equal(auth_session_verify(a, "", 0, session, AUTH_SESSION_CHARS, &who), WEFT_EINVAL);
    assert_int_equal(who.bytes[0], 9); /* untouched */
    for_each_change(session, session_is_taken);
}

static void another_key_opens_nothing(void **state)
{
    uint8_t other_key[AUTH_KEY_BYTES];
    char session[AUTH_SESSION_CHARS + 1];
    char read_key[AUTH_READ_KEY_CHARS_MAX + 1];
    char room[ROOM_NAME_BYTES_MAX + 1];
    size_t room_len;
    struct auth *other;
    struct uuid who;

    (void)state;
    memcpy(other_key, key, sizeof(key));
    other_key[31] ^= 1;
    assert_int_equal(auth_new(other_key, &other), 0);
    assert_int_equal(auth_session_make(a, "notes", 5, &somebody, session), 0);
    assert_int_equal(auth_session_verify(other, "notes", 5, session, AUTH_SESSION_CHARS, &who),
                     WEFT_EINVAL);
    assert_int_equal(auth_read_key_make(a, "notes", 5, read_key), 0);
    assert_false(auth_read_key_open(other, read_key, strlen(read_key), room, &room_len));
    auth_free(other);
    /* The same key, another process: the same secrets. */
    assert_int_equal(auth_new(key, &other), 0);
    assert_int_equal(auth_session_verify(other, "notes", 5, session, AUTH_SESSION_CHARS, &who), 0);
    assert_true(auth_read_key_open(other, read_key, strlen(read_key), room, &room_len));
    auth_free(other);
}

static void read_keys_open_for_every_length(void **state)
{
    char name[ROOM_NAME_BYTES_MAX + 1];
    char read_key[AUTH_READ_KEY_CHARS_MAX + 1];
    char again[AUTH_READ_KEY_CHARS_MAX + 1];
    char room[ROOM_NAME_BYTES_MAX + 1];
    size_t room_len;

    (void)state;
    for (size_t len = 1; len <= ROOM_NAME_BYTES_MAX; len++) {
        for (size_t i = 0; i < len; i++)
            name[i] = (char)(i % 3 == 0 ? '\xc3' : i % 3 == 1 ? '\xa9' : 'a' + (char)(i % 26));
        assert_int_equal(auth_read_key_make(a, name, len, read_key), 0);
        assert_int_equal(auth_read_key_make(a, name, len, again), 0);
        assert_string_equal(read_key, again);
        /* The length tells no more than the multiple of 16. */
        assert_int_equal(strlen(read_key), BASE64URL_CHARS(16 + (len + 15) / 16 * 16));
        assert_true(auth_read_key_open(a, read_key, strlen(read_key), room, &room_len));
        assert_int_equal(room_len, len);
        assert_memory_equal(room, name, len);
        assert_int_equal(room[len], 0);
    }
    assert_int_equal(auth_read_key_make(a, name, 0, read_key), WEFT_EINVAL);
    assert_int_equal(auth_read_key_make(a, "a\0b", 3, read_key), WEFT_EINVAL);
    assert_int_equal(auth_read_key_make(a, name, ROOM_NAME_BYTES_MAX + 1, read_key), WEFT_EINVAL);
}

static void a_changed_read_key_does_not_open(void **state)
{
    char read_key[AUTH_READ_KEY_CHARS_MAX + 1];

    (void)state;
    assert_int_equal(auth_read_key_make(a, "notes", 5, read_key), 0);
    for_each_change(read_key, read_key_is_taken);
}

/* A session by another road: HKDF and HMAC spelled out (RFC 5869 with an empty salt, RFC 2104). */
static void a_session_is_what_it_says(void **state)
{
    static const uint8_t salt[32] = {0};
    uint8_t prk[32];
    uint8_t session_key[32];
    uint8_t both[32];
    uint8_t input[16 + 5];
    uint8_t mac[32];
    char session[AUTH_SESSION_CHARS + 1];
    char expected[AUTH_SESSION_CHARS + 1];
    static const char info[] = "weft session v1\x01";

    (void)state;
    assert_non_null(HMAC(EVP_sha256(), salt, 32, key, sizeof(key), prk, NULL));
    assert_non_null(
        HMAC(EVP_sha256(), prk, 32, (const uint8_t *)info, sizeof(info) - 1, session_key, NULL));
    memcpy(input, somebody.bytes, 16);
    memcpy(input + 16, "notes", 5);
    assert_non_null(HMAC(EVP_sha256(), session_key, 32, input, sizeof(input), mac, NULL));
    memcpy(both, somebody.bytes, 16);
    memcpy(both + 16, mac, 16);
    base64url_put(expected, both, sizeof(both));
    assert_int_equal(auth_session_make(a, "notes", 5, &somebody, session), 0);
    assert_string_equal(session, expected);
}

/* What was handed out must open for ever: these strings are part of the format. Python's
 * cryptography (HKDF, AESSIV) makes the same read key. */
static void secrets_do_not_change_between_versions(void **state)
{
    char session[AUTH_SESSION_CHARS + 1];
    char read_key[AUTH_READ_KEY_CHARS_MAX + 1];

    (void)state;
    assert_int_equal(auth_session_make(a, "notes", 5, &somebody, session), 0);
    assert_string_equal(session, "AQIDBAUGBwgJCgsMDQ4P_9lajMUp3eFLr9aL05-PkMA");
    assert_int_equal(auth_read_key_make(a, "notes", 5, read_key), 0);
    assert_string_equal(read_key, "Oigg8pPtRDfcdAofwZEMqzDFGN6MNJmTx37-AbzQ23s");
}

static void base64url_is_strict(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } cases[] = {{"", ""},        {"f", "Zg"},        {"fo", "Zm8"},
                 {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xfb\xff", "-_8"}};
    static const char *const bad[] = {"A", "Zh", "Zm9", "Zg==", "Zm9v\n", "+_8", "/_8", "Zm9vY"};
    uint8_t out[8];
    char text[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        base64url_put(text, (const uint8_t *)cases[i].bytes, strlen(cases[i].bytes));
        assert_string_equal(text, cases[i].text);
        assert_int_equal(base64url_get(text, strlen(text), out, sizeof(out), &len), 0);
        assert_int_equal(len, strlen(cases[i].bytes));
        assert_memory_equal(out, cases[i].bytes, len);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(base64url_get(bad[i], strlen(bad[i]), out, sizeof(out), &len),
                         WEFT_EINVAL);
    assert_int_equal(base64url_get("Zm9v", 4, out, 2, &len), WEFT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64url_is_strict),
        cmocka_unit_test(a_session_opens_its_own_room_only),
        cmocka_unit_test(another_key_opens_nothing),
        cmocka_unit_test(read_keys_open_for_every_length),
        cmocka_unit_test(a_changed_read_key_does_not_open),
        cmocka_unit_test(a_session_is_what_it_says),
        cmocka_unit_test(secrets_do_not_change_between_versions),
    };

    return cmocka_run_group_tests_name("auth", tests, start, end);
}
