/* net: plain HTTP, from the outside. */
#include "unit/net_app.h"

static void expect_body(struct wsclient *w, int status, const char *body)
{
    struct wsc_answer answer;

    assert_int_equal(wsclient_answer(w, false, &answer), WSC_FRAME);
    assert_int_equal(answer.status, status);
    assert_string_equal(answer.body, body);
}

static void answers_with_security_headers(void **state)
{
    struct wsclient *w = wsclient_open("127.0.0.1", common.port);
    char value[400];

    (void)state;
    wsclient_get(w, "/a/b?c=d", NULL);
    expect_body(w, 200, "GET /a/b?c=d");
    assert_non_null(strstr(wsclient_header(w, "content-security-policy", value, sizeof(value)),
                           "default-src 'self'; connect-src 'self' ws: wss:"));
    assert_string_equal(wsclient_header(w, "x-content-type-options", value, sizeof(value)),
                        "nosniff");
    assert_string_equal(wsclient_header(w, "referrer-policy", value, sizeof(value)), "no-referrer");
    assert_string_equal(wsclient_header(w, "etag", value, sizeof(value)), "\"x\"");
    assert_string_equal(wsclient_header(w, "connection", value, sizeof(value)), "keep-alive");
    /* A line break in a value would be a header of somebody else's choice. */
    assert_null(wsclient_header(w, "x-bad", value, sizeof(value)));
    assert_null(wsclient_header(w, "set-cookie", value, sizeof(value)));
    wsclient_free(w);
}

static void the_path_comes_as_it_was_sent(void **state)
{
    static const char *const targets[] = {
        "/ws/c++", "/ws/%2B;a&b", "/a/../b//c/./d", "/%zz%", "/caf\xc3\xa9", "/?", "/a?b?c",
    };
    struct wsclient *w = wsclient_open("127.0.0.1", common.port);

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        char expected[100];

        wsclient_get(w, targets[i], NULL);
        (void)snprintf(expected, sizeof(expected), "GET %s%s", targets[i],
                       strchr(targets[i], '?') == NULL ? "?" : "");
        expect_body(w, 200, expected);
    }
    wsclient_free(w);
}

static void other_methods_reach_the_handler(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"};

    (void)state;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct wsclient *w = wsclient_open("127.0.0.1", common.port);
        char text[100];

        (void)snprintf(text, sizeof(text), "%s /x HTTP/1.1\r\nHost: y\r\n\r\n", methods[i]);
        wsclient_raw_text(w, text);
        (void)snprintf(text, sizeof(text), "%s /x?", methods[i]);
        expect_body(w, 200, text);
        wsclient_free(w);
    }
}

static void head_has_the_length_and_no_body(void **state)
{
    struct wsclient *w = wsclient_open("127.0.0.1", common.port);
    struct wsc_answer answer;
    char value[32];

    (void)state;
    wsclient_raw_text(w,
                      "HEAD /big HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(wsclient_answer(w, true, &answer), WSC_FRAME);
    assert_int_equal(answer.status, 200);
    assert_string_equal(wsclient_header(w, "content-length", value, sizeof(value)), "8388608");
    expect_body(w, 200, "GET /next?");
    wsclient_get(w, "/none", NULL);
    assert_int_equal(wsclient_answer(w, true, &answer), WSC_FRAME);
    assert_int_equal(answer.status, 304);
    wsclient_get(w, "/after", NULL);
    expect_body(w, 200, "GET /after?");
    wsclient_free(w);
}

static void requests_sent_ahead_are_answered_in_order(void **state)
{
    enum { N = 500 };
    struct wsclient *w = wsclient_open("127.0.0.1", common.port);
    char *all = calloc(N, 64);
    char text[64];
    size_t len = 0;

    (void)state;
    for (int i = 0; i < N; i++)
        len += (size_t)snprintf(all + len, 64, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
    wsclient_raw(w, all, len);
    for (int i = 0; i < N; i++) {
        (void)snprintf(text, sizeof(text), "GET /%d?", i);
        expect_body(w, 200, text);
    }
    /* And in pieces of one byte. */
    for (size_t i = 0; i < 200; i++)
        wsclient_raw(w, all + i, 1);
    expect_body(w, 200, "GET /0?");
    wsclient_free(w);
    free(all);
}

static void answers_may_come_late(void **state)
{
    struct wsclient *late = wsclient_open("127.0.0.1", common.port);
    struct wsclient *other = wsclient_open("127.0.0.1", common.port);

    (void)state;
    /* The second request waits for the first one's answer. */
    wsclient_raw_text(late, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n"
                            "GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
    wsclient_get(other, "/meanwhile", NULL);
    expect_body(other, 200, "GET /meanwhile?");
    assert_false(wsclient_readable(late, 0));
    wsclient_get(other, "/release", NULL);
    expect_body(late, 200, "late");
    expect_body(late, 200, "GET /second?");
    wsclient_free(late);
    wsclient_free(other);
}

static unsigned gone_count(struct wsclient *w)
{
    struct wsc_answer answer;
    unsigned released;
    unsigned gone;

    wsclient_get(w, "/release", NULL);
    assert_int_equal(wsclient_answer(w, false, &answer), WSC_FRAME);
    assert_int_equal(sscanf(answer.body, "released %u, gone %u", &released, &gone), 2);
    return gone;
}

/* In three ways: an end, a reset, and an end behind more requests than are read ahead. */
static void who_leaves_before_the_answer_is_told(void **state)
{
    struct net_config config = app_config();
    struct server s = server_start(&config);
    struct wsclient *other = wsclient_open("127.0.0.1", s.port);
    char *more = malloc(20000);

    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct wsclient *late = wsclient_open("127.0.0.1", s.port);
        struct wsclient *first = wsclient_open("127.0.0.1", s.port);

        wsclient_get(late, "/late", NULL);
        memset(more, 'x', 20000);
        if (way == 2)
            wsclient_raw(late, more, 20000);
        wsclient_get(first, "/sync", NULL);
        expect_body(first, 200, "GET /sync?");
        if (way == 1)
            wsclient_reset(late);
        else
            wsclient_free(late);
        while (gone_count(other) < way + 1) {
            /* It was released before its end was read: once more. */
            late = wsclient_open("127.0.0.1", s.port);
            wsclient_get(late, "/late", NULL);
            wsclient_get(first, "/sync", NULL);
            expect_body(first, 200, "GET /sync?");
            wsclient_reset(late);
        }
        wsclient_free(first);
    }
    wsclient_free(other);
    free(more);
    server_stop(&s);
}

static void large_bodies_arrive_whole(void **state)
{
    static const char *const paths[] = {"/big", "/copy"};
    struct wsc_answer answer;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct wsclient *w = wsclient_open_with("127.0.0.1", common.port, 8192, NULL);

        for (int round = 0; round < 2; round++) {
            wsclient_get(w, paths[i], NULL);
            assert_int_equal(wsclient_answer(w, false, &answer), WSC_FRAME);
            assert_int_equal(answer.body_len, BIG_BYTES);
            for (size_t k = 0; k < BIG_BYTES; k++)
                if (answer.body[k] != (char)('a' + k % 26))
                    fail_msg("byte %zu", k);
        }
        wsclient_free(w);
    }
}

/* Answers that nobody reads do not add up without end. */
static void unread_answers_are_bounded(void **state)
{
    struct net_config config = app_config();
    struct wsc_answer answer;
    struct server s;

    (void)state;
    config.answers_bytes_max = BIG_BYTES + BIG_BYTES / 2;
    s = server_start(&config);
    struct wsclient *slow = wsclient_open_with("127.0.0.1", s.port, 8192, NULL);
    struct wsclient *other = wsclient_open("127.0.0.1", s.port);

    wsclient_get(slow, "/copy", NULL); /* 8 MiB into a socket of 8 KiB: most of it stays */
    wsclient_get(other, "/echo", NULL);
    assert_int_equal(wsclient_answer(other, false, &answer), WSC_FRAME);
    assert_int_equal(answer.status, 200);
    wsclient_get(other, "/copy", NULL);
    assert_int_equal(wsclient_answer(other, false, &answer), WSC_FRAME);
    assert_int_equal(answer.status, 503);
    wsclient_free(other);

    /* Read, it makes place. */
    assert_int_equal(wsclient_answer(slow, false, &answer), WSC_FRAME);
    assert_int_equal(answer.body_len, BIG_BYTES);
    wsclient_get(slow, "/copy", NULL);
    assert_int_equal(wsclient_answer(slow, false, &answer), WSC_FRAME);
    assert_int_equal(answer.status, 200);
    wsclient_free(slow);
    server_stop(&s);
}

/* A reset must not overtake the answer. */
static void a_body_is_dropped_and_the_answer_arrives(void **state)
{
    static const char *const heads[] = {
        "PUT /x HTTP/1.1\r\nHost: y\r\nContent-Length: 500000\r\n\r\n",
        "PUT /x HTTP/1.1\r\nHost: y\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    char *body = calloc(1, 500000);
    char value[32];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct wsclient *w = wsclient_open("127.0.0.1", common.port);

        wsclient_raw_text(w, heads[i]);
        wsclient_raw(w, body, 500000);
        expect_body(w, 200, "PUT /x?");
        assert_string_equal(wsclient_header(w, "connection", value, sizeof(value)), "close");
        wsclient_half_close(w);
        assert_true(wsclient_wait_eof(w));
        wsclient_free(w);
    }
    free(body);
}

static void connections_end_when_asked_to(void **state)
{
    static const char *const heads[] = {
        "GET /x HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n",
        "GET /x HTTP/1.0\r\n\r\n",
    };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct wsclient *w = wsclient_open("127.0.0.1", common.port);

        wsclient_raw_text(w, heads[i]);
        expect_body(w, 200, "GET /x?");
        assert_true(wsclient_wait_eof(w));
        wsclient_free(w);
    }
}

static void broken_heads_are_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"hello\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         400},
    };
    char *long_head = malloc(9000);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wsclient *w = wsclient_open("127.0.0.1", common.port);
        struct wsc_answer answer;

        wsclient_raw_text(w, cases[i].text);
        assert_int_equal(wsclient_answer(w, false, &answer), WSC_FRAME);
        assert_int_equal(answer.status, cases[i].status);
        assert_true(answer.body_len > 20);
        assert_true(wsclient_wait_eof(w));
        wsclient_free(w);
    }
    /* A head of 8192 bytes is taken, one more is not. */
    for (size_t over = 0; over < 2; over++) {
        struct wsclient *w = wsclient_open("127.0.0.1", common.port);
        struct wsc_answer answer;
        size_t len = (size_t)snprintf(long_head, 9000, "GET /x HTTP/1.1\r\nHost: y\r\nX: ");

        memset(long_head + len, 'v', 8192 + over - len);
        memcpy(long_head + 8192 + over - 4, "\r\n\r\n", 4);
        wsclient_raw(w, long_head, 8192 + over);
        assert_int_equal(wsclient_answer(w, false, &answer), WSC_FRAME);
        assert_int_equal(answer.status, over == 0 ? 200 : 431);
        wsclient_free(w);
    }
    free(long_head);
}

static void slow_heads_are_cut(void **state)
{
    struct net_config config = app_config();
    struct server s;
    struct wsclient *silent;
    struct wsclient *trickling;

    (void)state;
    config.head_ms = 100;
    s = server_start(&config);
    silent = wsclient_open("127.0.0.1", s.port);
    trickling = wsclient_open("127.0.0.1", s.port);
    while (!wsclient_readable(trickling, 10))
        wsclient_raw(trickling, "G", 1);
    assert_true(wsclient_wait_eof(trickling));
    assert_true(wsclient_wait_eof(silent));
    wsclient_free(silent);
    wsclient_free(trickling);
    server_stop(&s);
}

static void a_stopping_server_refuses(void **state)
{
    struct net_config config = app_config();
    struct server s = server_start(&config);
    struct wsclient *http = wsclient_open("127.0.0.1", s.port);
    struct wsclient *upgrade = wsclient_open("127.0.0.1", s.port);
    struct wsclient *ws = dial_ws(&s);
    struct wsclient *more;

    (void)state;
    wsclient_get(http, "/x", NULL);
    expect_body(http, 200, "GET /x?");
    wsclient_get(upgrade, "/x", NULL);
    expect_body(upgrade, 200, "GET /x?");
    assert_int_equal(kill(s.pid, SIGUSR1), 0);
    while ((more = wsclient_try_open("127.0.0.1", s.port)) != NULL)
        wsclient_free(more);
    wsclient_get(http, "/x", NULL);
    expect_body(http, 503, "The server is stopping.");
    assert_int_equal(wsclient_upgrade(upgrade, "/ws/x", NULL), 503);
    wsclient_text(ws, "still served");
    expect_text(ws, "still served");
    wsclient_free(http);
    wsclient_free(upgrade);
    wsclient_free(ws);
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_with_security_headers),
        cmocka_unit_test(the_path_comes_as_it_was_sent),
        cmocka_unit_test(other_methods_reach_the_handler),
        cmocka_unit_test(head_has_the_length_and_no_body),
        cmocka_unit_test(requests_sent_ahead_are_answered_in_order),
        cmocka_unit_test(answers_may_come_late),
        cmocka_unit_test(who_leaves_before_the_answer_is_told),
        cmocka_unit_test(large_bodies_arrive_whole),
        cmocka_unit_test(unread_answers_are_bounded),
        cmocka_unit_test(a_body_is_dropped_and_the_answer_arrives),
        cmocka_unit_test(connections_end_when_asked_to),
        cmocka_unit_test(broken_heads_are_refused),
        cmocka_unit_test(slow_heads_are_cut),
        cmocka_unit_test(a_stopping_server_refuses),
    };

    return cmocka_run_group_tests_name("http", tests, common_start, common_stop);
}
