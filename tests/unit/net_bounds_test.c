/* What a peer can make net hold or do: messages that do not end, frames that are no message, what
 * comes behind a CLOSE, what nobody takes. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "unit/net_app.h"

static void expect_pong(struct wsclient *w)
{
    struct wsframe f;

    wsclient_frame(w, true, WSC_PING, "p", 1);
    assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
    assert_int_equal(f.opcode, WSC_PONG);
}

static void expect_closed(struct wsclient *w, unsigned code)
{
    struct wsframe f;

    assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
    assert_int_equal(f.opcode, WSC_CLOSE);
    assert_int_equal(f.code, code);
}

/* ---- messages that have begun ------------------------------------------------------------------ */

enum { PIECE_BYTES = 60000, PLACES = 4 };

static const char *piece(char letter)
{
    static char bytes[PIECE_BYTES];

    memset(bytes, letter, sizeof(bytes));
    return bytes;
}

/* A message that has begun with one piece; the server has it when this returns. */
static struct wsclient *begin(const struct server *s, char letter)
{
    struct wsclient *w = dial_ws(s);

    wsclient_frame(w, false, WSC_TEXT, piece(letter), PIECE_BYTES);
    expect_pong(w);
    return w;
}

static void end(struct wsclient *w, char letter)
{
    struct wsframe f;

    wsclient_frame(w, true, WSC_CONTINUATION, "", 0);
    assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
    assert_int_equal(f.len, PIECE_BYTES);
    assert_memory_equal(f.bytes, piece(letter), PIECE_BYTES);
    wsclient_free(w);
}

static void the_oldest_unfinished_message_makes_place(void **state)
{
    struct net_config config = app_config();
    struct server s;
    struct wsclient *w[PLACES + 2];

    (void)state;
    config.parts_bytes_max = PLACES * PIECE_BYTES;
    s = server_start(&config);
    for (int i = 0; i < PLACES; i++)
        w[i] = begin(&s, (char)('a' + i));
    for (int i = 0; i < PLACES; i++)
        expect_pong(w[i]); /* all that may be are there */
    /* One more: the first is closed, nobody else. */
    w[PLACES] = begin(&s, 'x');
    expect_closed(w[0], 4409);
    wsclient_free(w[0]);
    end(w[2], 'c');
    /* That one has made place for another. */
    w[PLACES + 1] = begin(&s, 'y');
    end(w[1], 'b');
    end(w[3], 'd');
    end(w[PLACES], 'x');
    end(w[PLACES + 1], 'y');
    server_stop(&s);
}

static void a_single_message_always_passes(void **state)
{
    struct net_config config = app_config();
    struct server s;

    (void)state;
    config.parts_bytes_max = 1;
    s = server_start(&config);
    end(begin(&s, 'z'), 'z');
    server_stop(&s);
}

/* ---- frames ------------------------------------------------------------------------------------ */

static void frames_that_are_no_message_are_told(void **state)
{
    struct wsclient *w = dial_ws(&common);

    (void)state;
    wsclient_frame(w, false, WSC_TEXT, "a", 1);
    for (int i = 0; i < 5; i++)
        wsclient_frame(w, false, WSC_CONTINUATION, "b", i < 3);
    wsclient_frame(w, true, WSC_CONTINUATION, "c", 1);
    expect_text(w, "abbbc");
    wsclient_frame(w, true, WSC_PONG, "p", 1);
    expect_pong(w);
    /* A large one that comes in many reads is one frame. */
    wsclient_frame(w, true, WSC_TEXT, piece('x'), PIECE_BYTES);
    wsclient_frame(w, true, WSC_TEXT, "!memory", 7);
    for (struct wsframe f = {0}; strncmp(f.len > 0 ? f.bytes : "", "frames=", 7) != 0;) {
        assert_int_equal(wsclient_next(w, &f), WSC_FRAME);
        if (f.len < 100)
            assert_non_null(strstr(f.bytes, "frames=7 "));
    }
    wsclient_free(w);
}

/* ---- behind a CLOSE ---------------------------------------------------------------------------- */

/* Sends as long as the server takes anything. */
static size_t send_all_it_takes(int fd)
{
    uint8_t bytes[64 << 10];
    size_t len = 0;
    size_t sum = 0;

    while (len + 2048 < sizeof(bytes))
        len += wsclient_encode(bytes + len, true, WSC_TEXT, piece('x'), 1000);
    for (size_t at = 0;;) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        ssize_t n;

        assert_int_equal(poll(&p, 1, 20000), 1);
        n = send(fd, bytes + at, len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return sum;
        if (n < 0)
            continue;
        sum += (size_t)n;
        at = (at + (size_t)n) % len;
    }
}

static void behind_a_close_little_is_read(void **state)
{
    struct wsclient *w = dial_ws(&common);

    (void)state;
    wsclient_text(w, "!close 4000 enough");
    /* 1 MiB, what was read with it, and what two sockets hold. Before there was a limit, five seconds
     * of all that the peer could send. */
    assert_in_range(send_all_it_takes(wsclient_fd(w)), 1 << 20, 48 << 20);
    wsclient_free(w);
}

/* ---- what nobody takes ------------------------------------------------------------------------- */

static struct wsclient *flooded(const struct server *s, char name)
{
    struct wsclient *w = wsclient_open_with("127.0.0.1", s->port, 4096, NULL);
    char text[] = "!name ?";

    assert_int_equal(wsclient_upgrade(w, "/ws/room", NULL), 101);
    text[6] = name;
    wsclient_text(w, text);
    expect_text(w, "named");
    wsclient_text(w, "!flood 300 20000");
    return w;
}

/* Asks until the answer has `end` at its end; returns what is kept. */
static size_t memory_until(struct wsclient *w, const char *end)
{
    struct wsframe f;
    size_t kept = 0;

    do {
        wsclient_text(w, "!memory");
        assert_int_equal(wsclient_next_message(w, &f), WSC_FRAME);
        assert_int_equal(sscanf(f.bytes, "frames=%*u kept=%zu", &kept), 1);
    } while (strcmp(f.bytes + f.len - strlen(end), end) != 0);
    return kept;
}

static void what_nobody_takes_is_counted_and_named(void **state)
{
    struct net_config config = app_config();
    struct server s = server_start(&config);
    struct wsclient *asks = dial_ws(&s);
    struct wsclient *a;
    struct wsclient *b;
    struct wsframe f;
    size_t of_one;

    (void)state;
    assert_int_equal(memory_until(asks, "stuck=-"), 0);
    a = flooded(&s, 'a');
    of_one = memory_until(asks, "stuck=a");
    assert_in_range(of_one, 500000, 2 << 20); /* of one pull of 1 MiB */
    b = flooded(&s, 'b');
    while (memory_until(asks, "stuck=a") < of_one + 500000)
        ;
    /* The first reads it all: the other is the one that is stuck, and then nobody is. */
    for (int i = 0; i < 300; i++) {
        assert_int_equal(wsclient_next_message(a, &f), WSC_FRAME);
        assert_int_equal(f.len, 20000);
    }
    assert_in_range(memory_until(asks, "stuck=b"), 500000, 2 << 20);
    wsclient_free(b);
    assert_int_equal(memory_until(asks, "stuck=-"), 0);
    wsclient_free(a);
    wsclient_free(asks);
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_that_are_no_message_are_told),
        cmocka_unit_test(the_oldest_unfinished_message_makes_place),
        cmocka_unit_test(a_single_message_always_passes),
        cmocka_unit_test(what_nobody_takes_is_counted_and_named),
        cmocka_unit_test(behind_a_close_little_is_read),
    };

    return cmocka_run_group_tests_name("net bounds", tests, common_start, common_stop);
}
