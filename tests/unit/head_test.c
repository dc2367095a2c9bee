/* net/head: what is taken, what is refused, and that no cut of the bytes matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "net/head.h"

static char join[HEAD_BYTES_MAX];

static int parse(const char *text, struct head *ret)
{
    return head_parse(text, strlen(text), join, ret);
}

static void expect_str(struct net_str s, const char *text)
{
    assert_int_equal(s.len, strlen(text));
    assert_memory_equal(s.at, text, s.len);
}

static const char full[] = "\r\nGET /r/a%20b?x=1&y HTTP/1.1\r\nhost:localhost:8080\r\n"
                           "Origin: http://localhost:8080 \r\nAuthorization:  Bearer t\r\n"
                           "If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n"
                           "Connection: keep-alive\r\nConnection: Upgrade\r\nUPGRADE: WebSocket\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a, b\r\n"
                           "Sec-WebSocket-Protocol: weft.v1\r\nX-Other: \t\xc3\xa9\r\n\r\nrest";

static void reads_everything(void **state)
{
    struct head h;

    (void)state;
    assert_int_equal(parse(full, &h), (int)strlen(full) - 4);
    expect_str(h.at.method, "GET");
    expect_str(h.at.path, "/r/a%20b");
    expect_str(h.at.query, "x=1&y");
    expect_str(h.at.host, "localhost:8080");
    expect_str(h.at.origin, "http://localhost:8080");
    expect_str(h.at.authorization, "Bearer t");
    expect_str(h.at.if_none_match, "\"a\",\"b\"");
    expect_str(h.at.protocols, "a, b,weft.v1");
    expect_str(h.ws_key, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_true(h.wants_ws);
    assert_true(h.keep_alive);
    assert_false(h.has_body);
    assert_false(h.http_1_0);
}

static void accepts_a_coding(void **state)
{
    static const char *const yes[] = {"gzip", "GZip",    "br, gzip",        " gzip ;q=0.1",
                                      "*",    "*;q=0.5", "gzip;q=1, *;q=0", "identity;q=0, *"};
    static const char *const no[] = {"",         "identity",        "gzip;q=0", "gzip; Q=0.00",
                                     "*;q=0",    "gzip;q=0, *;q=1", "x-gzip",   "gzipp",
                                     "br;q=gzip"};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(head_accepts_coding((struct net_str){yes[i], strlen(yes[i])}, "gzip"));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(head_accepts_coding((struct net_str){no[i], strlen(no[i])}, "gzip"));
}

/* Each shorter prefix asks for more, in a buffer that ends where the prefix does. */
static void every_prefix_asks_for_more(void **state)
{
    struct head h;

    (void)state;
    for (size_t len = 0; len < strlen(full) - 4; len++) {
        char *copy = malloc(len + 1);

        memcpy(copy, full, len);
        if (head_parse(copy, len, join, &h) != 0)
            fail_msg("prefix of %zu bytes", len);
        free(copy);
    }
}

static void refuses_what_can_be_read_in_two_ways(void **state)
{
    static const struct {
        const char *text;
        int result;
    } cases[] = {
        {"GET / HTTP/1.1\nHost: x\n\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nNo: host\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1111111111111111111\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: x\r\n\r\n", -400},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", -400},
        {"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", -400},
        {"GET /\r\n\r\n", -400},
        {"GET  HTTP/1.1\r\nHost: x\r\n\r\n", -400},
        {"GET / a HTTP/1.1\r\nHost: x\r\n\r\n", -400},
        {"G\xc3\xa9T / HTTP/1.1\r\nHost: x\r\n\r\n", -400},
        {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", -400},
        {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", -400},
        {"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", -400},
        {"GET / http/1.1\r\nHost: x\r\n\r\n", -400},
        {"GET / HTTP/1.2\r\nHost: x\r\n\r\n", -505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -505},
        {"\x16\x03\x01\x02\r\n", -400}, /* TLS */
    };
    struct head h;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (parse(cases[i].text, &h) != cases[i].result)
            fail_msg("%s: %d", cases[i].text, parse(cases[i].text, &h));
}

static void knows_when_a_connection_goes_on(void **state)
{
    static const struct {
        const char *text;
        bool keep_alive;
        bool has_body;
        bool wants_ws;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true, false, false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", false, false, false},
        {"GET / HTTP/1.0\r\n\r\n", false, false, false},
        {"GET / HTTP/1.0\r\nConnection: a, Keep-Alive\r\n\r\n", true, false, false},
        {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 00\r\n\r\n", true, false, false},
        {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", true, true, false},
        {"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", true, true, false},
        {"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", true, false, false},
        {"GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", false, false,
         false},
        {"GET http://h/a HTTP/1.1\r\nHost: x\r\nUpgrade: a,websocket\r\nConnection:upgrade\r\n\r\n",
         true, false, true},
    };
    struct head h;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(cases[i].text, &h), (int)strlen(cases[i].text));
        assert_int_equal(h.keep_alive, cases[i].keep_alive);
        assert_int_equal(h.has_body, cases[i].has_body);
        assert_int_equal(h.wants_ws, cases[i].wants_ws);
    }
}

static void lines_have_a_limit(void **state)
{
    char text[HEAD_BYTES_MAX];
    struct head h;

    (void)state;
    for (int over = 0; over < 2; over++) {
        size_t len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n");

        for (int i = 1; i < HEAD_LINES_MAX + over; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "A: b\r\n");
        len += (size_t)snprintf(text + len, sizeof(text) - len, "\r\n");
        assert_int_equal(head_parse(text, len, join, &h), over ? -431 : (int)len);
    }
}

/* Two lists that take turns are copied again and again; it must end in a refusal. */
static void joining_stays_in_its_buffer(void **state)
{
    char text[HEAD_BYTES_MAX];
    char *exact = malloc(HEAD_BYTES_MAX);
    struct head h;
    size_t len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n");

    (void)state;
    for (int i = 0; i < 45; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "Upgrade: %030d\r\nConnection: %030d\r\n", i, i);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "\r\n");
    assert_int_equal(head_parse(text, len, exact, &h), -431);
    /* One list alone may come in many lines. */
    len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 90; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "Upgrade: %050d\r\n", i);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "\r\n");
    assert_int_equal(head_parse(text, len, exact, &h), (int)len);
    free(exact);
}

static void lists_have_elements(void **state)
{
    struct net_str list = {"a, weft.v1 ,,b", 14};

    (void)state;
    assert_true(head_list_has(list, "weft.v1", false));
    assert_true(head_list_has(list, "WEFT.V1", true));
    assert_true(head_list_has(list, "b", false));
    assert_false(head_list_has(list, "WEFT.V1", false));
    assert_false(head_list_has(list, "weft", false));
    assert_false(head_list_has((struct net_str){"", 0}, "a", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(accepts_a_coding),
        cmocka_unit_test(every_prefix_asks_for_more),
        cmocka_unit_test(refuses_what_can_be_read_in_two_ways),
        cmocka_unit_test(knows_when_a_connection_goes_on),
        cmocka_unit_test(lines_have_a_limit),
        cmocka_unit_test(joining_stays_in_its_buffer),
        cmocka_unit_test(lists_have_elements),
    };

    return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
