/* net: WebSockets, from the outside. HTTP is in http_test.c, the parser of heads in head_test.c. */
#define _GNU_SOURCE /* prlimit() */
#include "unit/net_app.h"

#include <sys/resource.h>

/* The reason may be NULL: any. */
static void expect_close(struct wsclient *w, unsigned code, const char *reason)
{
    struct wsframe f;

    assert_int_equal(wsclient_next_message(w, &f), WSC_FRAME);
    assert_int_equal(f.opcode, WSC_CLOSE);
    assert_int_equal(f.code, code);
    if (reason != NULL)
        assert_string_equal(f.bytes, reason);
}

static void echoes_text_and_binary(void **state)
{
    struct wsclient *w = dial_ws(&common);
    struct wsframe f;
    static const size_t sizes[] = {0, 1, 125, 126, 4095, 4096, 4097, 65535, 65536, 200000};

    (void)state;
    wsclient_text(w, "caf\xc3\xa9 \xf0\x9f\x98\x80");
    expect_text(w, "caf\xc3\xa9 \xf0\x9f\x98\x80");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *bytes = malloc(sizes[i] + 1);

        for (size_t k = 0; k < sizes[i]; k++)
            bytes[k] = (uint8_t)(k * 7);
        wsclient_frame(w, true, WSC_BINARY, bytes, sizes[i]);
        assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
        assert_int_equal(f.opcode, WSC_BINARY);
        assert_int_equal(f.len, sizes[i]);
        assert_memory_equal(f.bytes, bytes, sizes[i]);
        free(bytes);
    }
    wsclient_free(w);
}

static void joins_fragments_and_answers_pings_between(void **state)
{
    struct wsclient *w = dial_ws(&common);
    struct wsframe f;

    (void)state;
    /* The second fragment begins in the middle of a code point. */
    wsclient_frame(w, false, WSC_TEXT, "caf\xc3", 4);
    wsclient_frame(w, true, WSC_PING, "are you there", 13);
    wsclient_frame(w, false, WSC_CONTINUATION, "", 0);
    assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
    assert_int_equal(f.opcode, WSC_PONG);
    assert_string_equal(f.bytes, "are you there");
    wsclient_frame(w, true, WSC_CONTINUATION, "\xa9!", 2);
    expect_text(w, "caf\xc3\xa9!");
    wsclient_free(w);
}

static void a_message_has_a_largest_size(void **state)
{
    struct net_config config = app_config();
    size_t max = config.message_bytes_max;
    char *bytes = malloc(max + 1);
    struct wsframe f;

    (void)state;
    memset(bytes, 'x', max + 1);
    for (int in_two = 0; in_two < 2; in_two++) {
        size_t first = in_two ? max / 2 : 0;
        struct wsclient *w = dial_ws(&common);

        if (in_two)
            wsclient_frame(w, false, WSC_TEXT, bytes, first);
        wsclient_frame(w, true, in_two ? WSC_CONTINUATION : WSC_TEXT, bytes + first, max - first);
        assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
        assert_int_equal(f.len, max);
        assert_memory_equal(f.bytes, bytes, max);
        if (in_two)
            wsclient_frame(w, false, WSC_TEXT, bytes, first);
        wsclient_frame(w, true, in_two ? WSC_CONTINUATION : WSC_TEXT, bytes + first,
                       max + 1 - first);
        expect_close(w, 1009, "a message has at most 1048576 bytes");
        wsclient_free(w);
    }
    free(bytes);
}

/* The size is known from the header: what was announced need not come. */
static void a_huge_length_is_refused_at_once(void **state)
{
    struct wsclient *w = dial_ws(&common);
    static const uint8_t header[] = {0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0,    0,    0,    0,    'x'};

    (void)state;
    wsclient_raw(w, header, sizeof(header));
    expect_close(w, 1009, NULL);
    wsclient_free(w);
}

static void broken_frames_are_closed(void **state)
{
    static const struct {
        bool fin;
        unsigned opcode;
        const char *bytes;
        unsigned code;
    } cases[] = {
        {true, WSC_TEXT, "\xff", 1007},
        {true, WSC_TEXT, "\xed\xa0\x80", 1007}, /* a lone surrogate */
        {true, WSC_TEXT, "abc\xc3", 1007},      /* ends in the middle */
        {true, 3, "x", 1002},
        {true, 0x41, "x", 1002}, /* RSV1 without an extension */
        {false, WSC_PING, "x", 1002},
        {true, WSC_CONTINUATION, "x", 1002},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wsclient *w = dial_ws(&common);

        wsclient_frame(w, cases[i].fin, cases[i].opcode, cases[i].bytes, strlen(cases[i].bytes));
        expect_close(w, cases[i].code, NULL);
        wsclient_free(w);
    }
}

/* libwebsockets takes them, though RFC 6455 says not to; a change should be noticed. */
static void unmasked_frames_are_taken(void **state)
{
    struct wsclient *w = dial_ws(&common);

    (void)state;
    wsclient_frame_unmasked(w, true, WSC_TEXT, "plain", 5);
    expect_text(w, "plain");
    wsclient_free(w);
}

static void the_peers_close_is_answered(void **state)
{
    struct wsclient *w = dial_ws(&common);

    (void)state;
    wsclient_close(w, 1000, "bye");
    expect_close(w, 1000, "bye");
    assert_true(wsclient_wait_eof(w));
    wsclient_free(w);
}

/* ---- the upgrade ------------------------------------------------------------------------------- */

static void only_weft_v1_is_answered(void **state)
{
    char token[900];
    char headers[1200];
    static const struct {
        const char *offered; /* NULL: no header */
        int status;
        const char *answered;
    } cases[] = {
        {NULL, 101, NULL},
        {"weft.v1", 101, "weft.v1"},
        {"weft.session.abc, weft.v1", 101, "weft.v1"},
        {"weft.v1, weft.token.abc.def-g_h", 101, "weft.v1"},
        {"weft.token.TOKEN,weft.v1", 101, "weft.v1"},
        {"chat", 400, NULL},
        {"weft.v2, WEFT.V1, weft.v11", 400, NULL},
        {"weft.session.abc", 400, NULL},
        {"a\r\nSec-WebSocket-Protocol: weft.v1", 101, "weft.v1"},
    };

    (void)state;
    memset(token, 't', sizeof(token));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wsclient *w = wsclient_open("127.0.0.1", common.port);
        const char *at = cases[i].offered != NULL ? strstr(cases[i].offered, "TOKEN") : NULL;
        char answered[64];

        headers[0] = '\0';
        if (at != NULL) /* longer than what libwebsockets would take */
            (void)snprintf(headers, sizeof(headers), "Sec-WebSocket-Protocol: %.*s%.800s%s\r\n",
                           (int)(at - cases[i].offered), cases[i].offered, token, at + 5);
        else if (cases[i].offered != NULL)
            (void)snprintf(headers, sizeof(headers), "Sec-WebSocket-Protocol: %s\r\n",
                           cases[i].offered);
        assert_int_equal(wsclient_upgrade_plain(w, "/ws/room", headers), cases[i].status);
        if (cases[i].answered != NULL)
            assert_string_equal(
                wsclient_header(w, "sec-websocket-protocol", answered, sizeof(answered)),
                cases[i].answered);
        else
            assert_null(wsclient_header(w, "sec-websocket-protocol", answered, sizeof(answered)));
        assert_null(wsclient_header(w, "sec-websocket-extensions", answered, sizeof(answered)));
        wsclient_free(w);
    }
}

static void the_handler_sees_the_head_as_sent(void **state)
{
    struct wsclient *w = wsclient_open("127.0.0.1", common.port);

    (void)state;
    assert_int_equal(
        wsclient_upgrade(w, "/hello?name=A+da%20&x=;y&z=%", "Authorization: Bearer t\r\n"), 101);
    expect_text(w, "name=A+da%20&x=;y&z=%|weft.v1|Bearer t|127.0.0.1");
    wsclient_free(w);
}

/* A client may send its first message without waiting for the answer to its upgrade. */
static void frames_behind_the_head_are_kept(void **state)
{
    struct wsclient *w = wsclient_open("127.0.0.1", common.port);
    static const char head[] = "GET /ws/room HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n"
                               "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    uint8_t all[sizeof(head) + 64];
    size_t len = sizeof(head) - 1;
    struct wsc_answer answer;

    (void)state;
    memcpy(all, head, len);
    len += wsclient_encode(all + len, true, WSC_TEXT, "early", 5);
    len += wsclient_encode(all + len, true, WSC_TEXT, "bird", 4);
    wsclient_raw(w, all, len);
    assert_int_equal(wsclient_answer(w, false, &answer), WSC_FRAME);
    assert_int_equal(answer.status, 101);
    expect_text(w, "early");
    expect_text(w, "bird");
    wsclient_free(w);
}

static void refusals_have_status_and_sentence(void **state)
{
    static const int statuses[] = {400, 401, 403, 404, 429, 503};
    char value[64];

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct wsclient *w = wsclient_open("127.0.0.1", common.port);
        char path[32];
        char body[64];

        (void)snprintf(path, sizeof(path), "/refuse/%d", statuses[i]);
        (void)snprintf(body, sizeof(body), "refused with %d", statuses[i]);
        assert_int_equal(wsclient_upgrade(w, path, NULL), statuses[i]);
        assert_string_equal(wsclient_body(w), body);
        if (statuses[i] == 429 || statuses[i] == 503)
            assert_non_null(wsclient_header(w, "retry-after", value, sizeof(value)));
        assert_non_null(wsclient_header(w, "content-security-policy", value, sizeof(value)));
        assert_true(wsclient_wait_eof(w));
        wsclient_free(w);
    }
}

static void bad_handshakes_are_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET /ws/a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         426},
        {"GET /ws/a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n",
         400},
        {"GET /ws/a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\n\r\n",
         400},
        {"POST /ws/a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         400},
        /* An upgrade to something else is a plain request. */
        {"GET /ws/a HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 200},
        {"GET /ws/a HTTP/1.1\r\nHost: x\r\nUpgrade: \r\nConnection: Upgrade\r\n\r\n", 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wsclient *w = wsclient_open("127.0.0.1", common.port);
        struct wsc_answer answer;

        wsclient_raw_text(w, cases[i].text);
        assert_int_equal(wsclient_answer(w, false, &answer), WSC_FRAME);
        assert_int_equal(answer.status, cases[i].status);
        wsclient_free(w);
    }
}

/* ---- closing ----------------------------------------------------------------------------------- */

static void codes_reach_the_peer_behind_everything(void **state)
{
    static const unsigned codes[] = {1000, 1001, 1008, 1011, 1012, 1013, 4401, 4409, 4429};

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct wsclient *w = dial_ws(&common);
        char text[64];

        (void)snprintf(text, sizeof(text), "!close %u because %u", codes[i], codes[i]);
        wsclient_text(w, text);
        wsclient_text(w, "this comes too late");
        (void)snprintf(text, sizeof(text), "because %u", codes[i]);
        expect_text(w, "one");
        expect_text(w, "two");
        expect_text(w, "three");
        expect_close(w, codes[i], text);
        wsclient_close(w, 1000, "");
        assert_true(wsclient_wait_eof(w));
        wsclient_free(w);
    }
}

static void a_long_reason_is_cut_between_code_points(void **state)
{
    struct wsclient *w = dial_ws(&common);
    char text[256] = "!close 1008 ";
    struct wsframe f;

    (void)state;
    for (int i = 0; i < 62; i++) /* 124 bytes: one too many, and the cut falls into the last one */
        memcpy(text + strlen(text), "\xc3\xa9", 3);
    wsclient_text(w, text);
    expect_text(w, "one");
    expect_text(w, "two");
    expect_text(w, "three");
    assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
    assert_int_equal(f.code, 1008);
    assert_int_equal(f.len, 122);
    wsclient_free(w);
}

/* The peer answers CLOSE with nothing: it is cut, by libwebsockets, after 5 s. It is asked early and
 * looked at late, so that the tests between have the 5 s. */
static struct wsclient *silent;

static void a_peer_is_asked_to_close(void **state)
{
    (void)state;
    silent = dial_ws(&common);
    wsclient_text(silent, "!close 1012 restart");
    expect_text(silent, "one");
    expect_text(silent, "two");
    expect_text(silent, "three");
    expect_close(silent, 1012, "restart");
    assert_false(wsclient_readable(silent, 0)); /* it is waited for */
}

static void who_does_not_answer_close_is_cut(void **state)
{
    (void)state;
    assert_true(wsclient_wait_eof(silent));
    wsclient_free(silent);
}

static void kill_cuts_without_a_word(void **state)
{
    struct net_config config = app_config();
    struct server s = server_start(&config);
    struct wsclient *a = dial_ws(&s);
    struct wsclient *b = dial_ws(&s);
    struct wsframe f;

    (void)state;
    wsclient_text(a, "!kill");
    assert_int_equal(wsclient_next(b, &f), WSC_EOF);
    wsclient_text(a, "!stats");
    assert_int_equal(wsclient_next(a, &f), WSC_FRAME);
    assert_non_null(strstr(f.bytes, "open=1 "));
    wsclient_free(a);
    wsclient_free(b);
    server_stop(&s);
}

/* ---- sending much ------------------------------------------------------------------------------ */

static void thousands_of_frames_in_order(void **state)
{
    struct wsclient *w = dial_ws(&common);
    struct wsframe f;

    (void)state;
    wsclient_text(w, "!flood 50000 100");
    for (int i = 0; i < 50000; i++) {
        assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
        assert_int_equal(f.len, 100);
        assert_memory_equal(f.bytes, "abcdefghijklmnopqrstuvwxyzabcd", 30);
    }
    wsclient_text(w, "after");
    expect_text(w, "after");
    wsclient_free(w);
}

static void large_frames_and_pongs_between(void **state)
{
    struct wsclient *w = wsclient_open_with("127.0.0.1", common.port, 8192, NULL);
    struct wsframe f;
    int pongs = 0;
    int texts = 0;

    (void)state;
    assert_int_equal(wsclient_upgrade(w, "/ws/room", NULL), 101);
    wsclient_text(w, "!flood 20 3000000");
    for (int i = 0; i < 5; i++)
        wsclient_frame(w, true, WSC_PING, "p", 1);
    while (texts < 20) {
        assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
        if (f.opcode == WSC_PONG) {
            pongs++;
        } else {
            assert_int_equal(f.len, 3000000);
            assert_int_equal(f.bytes[2999999], 'a' + 2999999 % 26);
            texts++;
        }
    }
    wsclient_frame(w, true, WSC_PING, "last", 4);
    do {
        assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
        assert_int_equal(f.opcode, WSC_PONG);
    } while (strcmp(f.bytes, "last") != 0);
    wsclient_free(w);
}

/* One that does not read is closed; the other does not notice. */
static void who_does_not_read_stalls_alone(void **state)
{
    struct net_config config = app_config();
    struct server s;
    struct wsclient *slow;
    struct wsclient *fast;
    struct wsframe f;
    bool stalled = false;

    (void)state;
    config.stall_ms = 100;
    s = server_start(&config);
    slow = wsclient_open_with("127.0.0.1", s.port, 4096, NULL);
    assert_int_equal(wsclient_upgrade(slow, "/ws/room", NULL), 101);
    fast = dial_ws(&s);
    wsclient_text(slow, "!flood 30 1000000");
    while (!stalled) {
        wsclient_text(fast, "quick");
        expect_text(fast, "quick");
        wsclient_text(fast, "!stats");
        assert_int_equal(wsclient_next(fast, &f), WSC_FRAME);
        stalled = strstr(f.bytes, "stalled=1 closed=1 ") != NULL;
    }
    wsclient_free(slow);
    wsclient_free(fast);
    server_stop(&s);
}

/* One that reads slowly, but reads, is no stalled one. */
static void who_reads_slowly_gets_everything_and_the_code(void **state)
{
    struct net_config config = app_config();
    struct server s;
    struct wsclient *w;
    struct wsframe f;

    (void)state;
    config.stall_ms = 10000;
    s = server_start(&config);
    w = wsclient_open_with("127.0.0.1", s.port, 4096, NULL);
    assert_int_equal(wsclient_upgrade(w, "/ws/room", NULL), 101);
    wsclient_text(w, "!flood 8 1000000");
    wsclient_text(w, "!close 4409 enough");
    for (int i = 0; i < 8; i++) {
        assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
        assert_int_equal(f.len, 1000000);
    }
    expect_text(w, "one");
    expect_text(w, "two");
    expect_text(w, "three");
    expect_close(w, 4409, "enough");
    wsclient_free(w);
    server_stop(&s);
}

static void pausing_loses_nothing(void **state)
{
    struct wsclient *w = dial_ws(&common);
    struct wsclient *other = dial_ws(&common);
    char text[300];

    (void)state;
    for (int round = 0; round < 3; round++) {
        wsclient_text(w, "!pause");
        for (int i = 0; i < 2000; i++) {
            (void)snprintf(text, sizeof(text), "%d %0200d", i, i);
            wsclient_text(w, text);
        }
        /* The server is alive, and has had the time to read what it must not read. */
        wsclient_text(other, "still here");
        expect_text(other, "still here");
        assert_false(wsclient_readable(w, 0));
        wsclient_text(other, "!resume");
        for (int i = 0; i < 2000; i++) {
            (void)snprintf(text, sizeof(text), "%d %0200d", i, i);
            expect_text(w, text);
        }
    }
    wsclient_free(w);
    wsclient_free(other);
}

/* ---- keepalive --------------------------------------------------------------------------------- */

static void silent_peers_are_pinged_and_dead_ones_cut(void **state)
{
    struct net_config config = app_config();
    struct server s;
    struct wsclient *alive;
    struct wsclient *dead;
    struct wsframe f;
    int pings = 0;

    (void)state;
    config.ping_ms = 50;
    config.dead_ms = 1000;
    s = server_start(&config);
    alive = dial_ws(&s);
    dead = dial_ws(&s);
    /* 30 pings take 1.5 s at least, longer than a dead one has. */
    while (pings < 30) {
        assert_int_equal(wsclient_next(alive, &f), WSC_FRAME);
        assert_int_equal(f.opcode, WSC_PING);
        wsclient_frame(alive, true, WSC_PONG, f.bytes, f.len);
        pings++;
    }
    assert_true(wsclient_wait_eof(dead));
    wsclient_text(alive, "!stats");
    do
        assert_int_equal(wsclient_next(alive, &f), WSC_FRAME);
    while (f.opcode == WSC_PING);
    assert_non_null(strstr(f.bytes, "open=1 "));
    wsclient_free(alive);
    wsclient_free(dead);
    server_stop(&s);
}

/* Reads `n` pings, answers them, and drops what else comes: time that passes. */
static void hear_pings(struct wsclient *w, int n)
{
    struct wsframe f;

    while (n > 0) {
        assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
        if (f.opcode != WSC_PING)
            continue;
        wsclient_frame(w, true, WSC_PONG, f.bytes, f.len);
        n--;
    }
}

static void who_takes_what_it_is_sent_is_not_dead(void **state)
{
    struct net_config config = app_config();
    struct server s;
    struct wsclient *clock;
    struct wsclient *slow;
    struct wsframe f;

    (void)state;
    config.ping_ms = 50;
    config.dead_ms = 1000;
    s = server_start(&config);
    clock = dial_ws(&s);
    slow = wsclient_open_with("127.0.0.1", s.port, 4096, NULL);
    assert_int_equal(wsclient_upgrade(slow, "/ws/room", NULL), 101);
    wsclient_text(slow, "!flood 400 20000");
    /* It says nothing for 2 s at least, twice as long as a dead one has, and reads all the while. */
    for (int i = 0; i < 40; i++) {
        hear_pings(clock, 1);
        assert_int_equal(wsclient_next(slow, &f), WSC_FRAME);
        assert_int_equal(f.len, 20000);
    }
    for (int i = 40; i < 400; i++) {
        do
            assert_int_equal(wsclient_next(slow, &f), WSC_FRAME);
        while (f.opcode == WSC_PING);
        assert_int_equal(f.len, 20000);
    }
    wsclient_free(clock);
    wsclient_free(slow);
    server_stop(&s);
}

/* ---- limits ------------------------------------------------------------------------------------ */

static void above_connections_max_is_told_full(void **state)
{
    struct net_config config = app_config();
    struct server s;
    struct wsclient *w[5];

    (void)state;
    config.connections_max = 4;
    s = server_start(&config);
    for (int i = 0; i < 4; i++) {
        w[i] = dial_ws(&s);
        wsclient_text(w[i], "in");
        expect_text(w[i], "in");
    }
    w[4] = dial_ws(&s);
    expect_close(w[4], 1013, "full");
    wsclient_close(w[4], 1013, "");
    assert_true(wsclient_wait_eof(w[4]));
    wsclient_free(w[4]);
    /* One goes, one comes. */
    wsclient_close(w[0], 1000, "");
    assert_true(wsclient_wait_eof(w[0]));
    wsclient_free(w[0]);
    w[0] = dial_ws(&s);
    wsclient_text(w[0], "in");
    expect_text(w[0], "in");
    for (int i = 0; i < 4; i++)
        wsclient_free(w[i]);
    server_stop(&s);
}

static void an_address_has_so_many(void **state)
{
    struct net_config config = app_config();
    struct server s;
    struct wsclient *w[4];
    struct wsclient *elsewhere;
    struct wsc_answer answer;

    (void)state;
    config.connections_per_address_max = 3;
    s = server_start(&config);
    for (int i = 0; i < 3; i++)
        w[i] = dial_ws(&s);
    w[3] = wsclient_open("127.0.0.1", s.port);
    assert_int_equal(wsclient_upgrade(w[3], "/ws/room", NULL), 429);
    assert_true(wsclient_wait_eof(w[3]));
    wsclient_free(w[3]);
    w[3] = wsclient_open("127.0.0.1", s.port);
    wsclient_get(w[3], "/x", NULL);
    assert_int_equal(wsclient_answer(w[3], false, &answer), WSC_FRAME);
    assert_int_equal(answer.status, 429);
    assert_true(wsclient_wait_eof(w[3]));
    wsclient_free(w[3]);
    elsewhere = wsclient_open_with("127.0.0.1", s.port, 0, "127.0.0.2");
    assert_int_equal(wsclient_upgrade(elsewhere, "/ws/room", NULL), 101);
    wsclient_close(w[0], 1000, "");
    assert_true(wsclient_wait_eof(w[0]));
    wsclient_free(w[0]);
    /* The count goes down with the socket, just after the peer sees its end. */
    for (int status = 0; status != 101;) {
        w[0] = wsclient_open("127.0.0.1", s.port);
        status = wsclient_upgrade(w[0], "/ws/room", NULL);
        if (status != 101)
            wsclient_free(w[0]);
    }
    for (int i = 0; i < 3; i++)
        wsclient_free(w[i]);
    wsclient_free(elsewhere);
    server_stop(&s);
}

/* ---- binding and ending ------------------------------------------------------------------------ */

static unsigned long turns_of(struct wsclient *w)
{
    struct wsframe f;
    unsigned long turns = 0;
    const char *at;

    wsclient_text(w, "!stats");
    assert_int_equal(wsclient_next_message(w, &f), WSC_FRAME);
    at = strstr(f.bytes, "turns=");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "turns=%lu", &turns), 1);
    return turns;
}

static void without_descriptors_the_loop_sleeps(void **state)
{
    struct net_config config = app_config();
    struct rlimit few = {0};
    struct rlimit before;
    struct server s;
    struct wsclient *here;
    struct wsclient *late;
    unsigned long turns;

    (void)state;
    config.ping_ms = 100;
    s = server_start(&config);
    here = dial_ws(&s);
    /* Fewer than it has: the one it keeps for refusing is given up, and does not come back. */
    assert_int_equal(prlimit(s.pid, RLIMIT_NOFILE, NULL, &before), 0);
    few.rlim_cur = 3;
    few.rlim_max = before.rlim_max;
    assert_int_equal(prlimit(s.pid, RLIMIT_NOFILE, &few, NULL), 0);
    late = wsclient_open("127.0.0.1", s.port); /* the kernel takes it; nobody accepts it */
    hear_pings(here, 2);
    turns = turns_of(here);
    hear_pings(here, 10); /* a second: some 50 turns, or as many as the processor can */
    assert_true(turns_of(here) - turns < 1000);
    assert_int_equal(prlimit(s.pid, RLIMIT_NOFILE, &before, NULL), 0);
    assert_int_equal(wsclient_upgrade(late, "/ws/room", NULL), 101);
    wsclient_free(here);
    wsclient_free(late);
    server_stop(&s);
}

static void binding_fails_with_a_sentence(void **state)
{
    struct net_config config = app_config();
    struct net_handler handler = {0};
    struct net *n = NULL;
    char why[200];

    (void)state;
    config.port = common.port;
    assert_int_equal(net_new(&config, &handler, &n, why, sizeof(why)), WEFT_EBUSY);
    assert_non_null(strstr(why, "127.0.0.1:"));
    assert_non_null(strstr(why, "in use"));
    config.port = 0;
    config.host = "localhost";
    assert_int_equal(net_new(&config, &handler, &n, why, sizeof(why)), WEFT_EINVAL);
    assert_non_null(strstr(why, "\"localhost\""));
    config.host = "192.0.2.1"; /* for documentation only: nobody has it */
    assert_int_equal(net_new(&config, &handler, &n, why, sizeof(why)), WEFT_EIO);
    assert_non_null(strstr(why, "192.0.2.1"));
    assert_null(n);
}

static void listens_on_every_kind_of_address(void **state)
{
    static const struct {
        const char *host;
        const char *to[2];
    } cases[] = {
        {"127.0.0.1", {"127.0.0.1"}},
        {"0.0.0.0", {"127.0.0.1"}},
        {"::1", {"::1"}},
        {"::", {"::1", "127.0.0.1"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_config config = app_config();
        struct server s;

        if (strchr(cases[i].host, ':') != NULL && access("/proc/net/if_inet6", R_OK) != 0)
            continue; /* a kernel without IPv6 */
        config.host = cases[i].host;
        s = server_start(&config);
        for (size_t k = 0; k < 2 && cases[i].to[k] != NULL; k++) {
            struct wsclient *w = wsclient_open(cases[i].to[k], s.port);
            char text[64];

            assert_int_equal(wsclient_upgrade(w, "/hello", NULL), 101);
            (void)snprintf(text, sizeof(text), "|weft.v1||%s", cases[i].to[k]);
            expect_text(w, text);
            wsclient_free(w);
        }
        server_stop(&s);
    }
}

static void ends_cleanly_with_everything_open(void **state)
{
    struct net_config config = app_config();
    struct server s = server_start(&config);
    struct wsclient *w[40];
    struct wsc_answer answer;

    (void)state;
    for (int i = 0; i < 40; i++)
        w[i] = dial_ws(&s);
    wsclient_text(w[0], "!flood 30 1000000");         /* blocked */
    wsclient_text(w[1], "!pause");                    /* paused */
    wsclient_frame(w[2], false, WSC_TEXT, "half", 4); /* in the middle of a message */
    wsclient_raw(w[3], "\x81", 1);                    /* in the middle of a frame */
    wsclient_text(w[4], "!close 1012 x");             /* closing */
    wsclient_free(w[5]);                              /* going */
    w[5] = wsclient_open("127.0.0.1", s.port);        /* silent */
    wsclient_free(w[6]);
    w[6] = wsclient_open("127.0.0.1", s.port);
    wsclient_raw_text(w[6], "GET /half HTTP/1.1\r\nHo"); /* in the middle of a head */
    wsclient_free(w[7]);
    w[7] = wsclient_open("127.0.0.1", s.port);
    wsclient_get(w[7], "/late", NULL); /* unanswered */
    wsclient_free(w[8]);
    w[8] = wsclient_open_with("127.0.0.1", s.port, 4096, NULL);
    wsclient_get(w[8], "/copy", NULL); /* half answered */
    wsclient_free(w[9]);
    w[9] = wsclient_open("127.0.0.1", s.port);
    wsclient_get(w[9], "/idle", NULL); /* idle, kept alive */
    assert_int_equal(wsclient_answer(w[9], false, &answer), WSC_FRAME);
    wsclient_text(w[10], "sync");
    expect_text(w[10], "sync");
    server_stop(&s);
    for (int i = 0; i < 40; i++)
        wsclient_free(w[i]);
}

static void frame_headers(void **state)
{
    uint8_t out[NET_FRAME_HEADER_MAX];

    (void)state;
    assert_int_equal(net_frame_header(0, out), 2);
    assert_memory_equal(out, "\x81\x00", 2);
    assert_int_equal(net_frame_header(125, out), 2);
    assert_memory_equal(out, "\x81\x7d", 2);
    assert_int_equal(net_frame_header(126, out), 4);
    assert_memory_equal(out, "\x81\x7e\x00\x7e", 4);
    assert_int_equal(net_frame_header(65535, out), 4);
    assert_memory_equal(out, "\x81\x7e\xff\xff", 4);
    assert_int_equal(net_frame_header(65536, out), 10);
    assert_memory_equal(out, "\x81\x7f\0\0\0\0\0\1\0\0", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_headers),
        cmocka_unit_test(a_peer_is_asked_to_close),
        cmocka_unit_test(echoes_text_and_binary),
        cmocka_unit_test(joins_fragments_and_answers_pings_between),
        cmocka_unit_test(a_message_has_a_largest_size),
        cmocka_unit_test(a_huge_length_is_refused_at_once),
        cmocka_unit_test(broken_frames_are_closed),
        cmocka_unit_test(unmasked_frames_are_taken),
        cmocka_unit_test(the_peers_close_is_answered),
        cmocka_unit_test(only_weft_v1_is_answered),
        cmocka_unit_test(the_handler_sees_the_head_as_sent),
        cmocka_unit_test(frames_behind_the_head_are_kept),
        cmocka_unit_test(refusals_have_status_and_sentence),
        cmocka_unit_test(bad_handshakes_are_refused),
        cmocka_unit_test(codes_reach_the_peer_behind_everything),
        cmocka_unit_test(a_long_reason_is_cut_between_code_points),
        cmocka_unit_test(kill_cuts_without_a_word),
        cmocka_unit_test(thousands_of_frames_in_order),
        cmocka_unit_test(large_frames_and_pongs_between),
        cmocka_unit_test(who_does_not_read_stalls_alone),
        cmocka_unit_test(who_reads_slowly_gets_everything_and_the_code),
        cmocka_unit_test(pausing_loses_nothing),
        cmocka_unit_test(silent_peers_are_pinged_and_dead_ones_cut),
        cmocka_unit_test(who_takes_what_it_is_sent_is_not_dead),
        cmocka_unit_test(above_connections_max_is_told_full),
        cmocka_unit_test(an_address_has_so_many),
        cmocka_unit_test(without_descriptors_the_loop_sleeps),
        cmocka_unit_test(binding_fails_with_a_sentence),
        cmocka_unit_test(listens_on_every_kind_of_address),
        cmocka_unit_test(who_does_not_answer_close_is_cut),
        cmocka_unit_test(ends_cleanly_with_everything_open),
    };

    return cmocka_run_group_tests_name("net", tests, common_start, common_stop);
}
