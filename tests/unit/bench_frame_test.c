/* weft bench's own WebSocket: frames out and in, cut at every byte, and what no server may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/frame.h"
#include "bench/link.h"

static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/* As a server sends it: not masked. */
static size_t put_frame(uint8_t *out, unsigned first, const void *payload, size_t len)
{
    size_t n = 2;
    size_t wide = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[0] = (uint8_t)first;
    out[1] = (uint8_t)(wide == 0 ? len : wide == 2 ? 126 : 127);
    for (size_t i = wide; i-- > 0;)
        out[n++] = (uint8_t)((uint64_t)len >> (8 * i));
    memcpy(out + n, payload, len);
    return n + len;
}

static void test_what_is_written_is_masked(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 125, 126, 65535, 65536, 70000};
    static uint8_t payload[70000], frame[70000 + FRAME_HEADER_BYTES_MAX];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t len = lengths[i];
        size_t n = frame_write(frame, FRAME_BINARY, payload, len);
        size_t head = len < 126 ? 2 : len < 65536 ? 4 : 10;
        uint64_t said = len < 126 ? frame[1] & 0x7fu : 0;
        assert_int_equal(n, head + 4 + len);
        assert_int_equal(frame[0], 0x82);
        assert_int_equal(frame[1] & 0x80, 0x80);
        for (size_t k = 2; k < head; k++)
            said = said << 8 | frame[k];
        assert_int_equal(said, len);
        for (size_t k = 0; k < len; k++)
            assert_int_equal(frame[head + 4 + k] ^ frame[head + k % 4], payload[k]);
    }
}

static void test_lengths_are_read(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 125, 126, 65535, 65536};
    static uint8_t payload[65536], bytes[65536 + 10];
    memset(payload, 'p', sizeof payload);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct frame f;
        uint64_t used = 0;
        const char *why = NULL;
        size_t n = put_frame(bytes, 0x81, payload, lengths[i]);
        for (size_t cut = 0; cut < n; cut += cut < 16 || cut > n - 16 ? 1 : 997) {
            /* A buffer of its own, so that a byte too far is found. */
            uint8_t *part = malloc(cut != 0 ? cut : 1);
            assert_non_null(part);
            memcpy(part, bytes, cut);
            assert_int_equal(frame_read(part, cut, &f, &used, &why), FRAME_CUT);
            assert_true(used > cut && used <= n);
            free(part);
        }
        assert_int_equal(frame_read(bytes, n, &f, &used, &why), FRAME_WHOLE);
        assert_int_equal(used, n);
        assert_int_equal(f.len, lengths[i]);
        assert_true(f.fin && f.opcode == FRAME_TEXT);
    }
}

static void test_hostile_frames(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[10];
        size_t len;
    } bad[] = {
        {{0xc1, 1, 'x'}, 3},                /* reserved bits: nothing was agreed */
        {{0x91, 1, 'x'}, 3},                /* another one */
        {{0x81, 0x81, 1, 2, 3, 4, 'x'}, 7}, /* masked */
        {{0x83, 0}, 2},                     /* unknown */
        {{0x8b, 0}, 2},                     /* unknown, control */
        {{0x09, 0}, 2},                     /* a ping in parts */
        {{0x89, 126, 0, 200}, 4},           /* a long ping */
        {{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, 10} /* 2^64 bytes */,
        {{0x81, 127, 0, 0, 0, 0, 0x80, 0, 0, 1}, 10}, /* 2 GiB and one */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct frame f;
        uint64_t used = 0;
        const char *why = NULL;
        assert_int_equal(frame_read(bad[i].bytes, bad[i].len, &f, &used, &why), FRAME_BAD);
        assert_non_null(why);
    }
}

static void test_answers(void **state)
{
    (void)state;
    char why[200] = "";
    uint64_t used = 0;
    static const char refused[] = "HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n";
    static const char wrong[] = "HTTP/1.1 101 Sure\r\nSec-WebSocket-Accept: no\r\n\r\n";
    static char endless[FRAME_HEAD_BYTES_MAX + 1];
    for (size_t cut = 0; cut + 1 < sizeof ANSWER; cut++)
        assert_int_equal(frame_answer(ANSWER, cut, &used, why, sizeof why), FRAME_CUT);
    assert_int_equal(frame_answer(ANSWER, sizeof ANSWER - 1, &used, why, sizeof why), FRAME_WHOLE);
    assert_int_equal(used, sizeof ANSWER - 1);
    assert_int_equal(frame_answer(refused, sizeof refused - 1, &used, why, sizeof why), FRAME_BAD);
    assert_non_null(strstr(why, "404 Not Found"));
    assert_int_equal(frame_answer(wrong, sizeof wrong - 1, &used, why, sizeof why), FRAME_BAD);
    assert_non_null(strstr(why, "Sec-WebSocket-Accept"));
    memset(endless, 'a', sizeof endless);
    assert_int_equal(frame_answer(endless, sizeof endless, &used, why, sizeof why), FRAME_BAD);
}

/* --- links, over a pair of sockets --- */

struct pair {
    struct link link;
    struct link_scratch scratch;
    int server;
    char heard[400]; /* messages, each in brackets; binary ones in angles */
    bool ended;
};

static void pair_init(struct pair *p)
{
    int fds[2];
    memset(p, 0, sizeof *p);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    p->link = (struct link){.fd = fds[0], .state = LINK_UPGRADING};
    p->server = fds[1];
    link_scratch_init(&p->scratch);
}

static void pair_done(struct pair *p)
{
    link_close(&p->link);
    link_scratch_done(&p->scratch);
    close(p->server);
}

static void pair_turn(struct pair *p, const uint8_t *bytes, size_t len)
{
    struct link_message m;
    enum link_what what;
    assert_int_equal(write(p->server, bytes, len), (ssize_t)len);
    assert_true(link_read(&p->link, &p->scratch));
    /* Another link reads between two reads of this one. */
    while ((what = link_next(&p->link, &p->scratch, &m)) != LINK_NOTHING && what != LINK_ENDED) {
        size_t at = strlen(p->heard);
        if (what == LINK_OPENED)
            snprintf(p->heard + at, sizeof p->heard - at, "open");
        else
            snprintf(p->heard + at, sizeof p->heard - at, m.binary ? "<%.*s>" : "[%.*s]",
                     (int)m.len, (const char *)m.bytes);
    }
    p->ended = what == LINK_ENDED;
    memset(p->scratch.bytes.at, '!', p->scratch.bytes.cap);
}

static size_t conversation(uint8_t *out)
{
    size_t n = sizeof ANSWER - 1;
    memcpy(out, ANSWER, n);
    n += put_frame(out + n, 0x81, "one", 3);
    n += put_frame(out + n, 0x02, "par", 3); /* a message in three parts, a ping in between */
    n += put_frame(out + n, 0x89, "pp", 2);
    n += put_frame(out + n, 0x00, "", 0);
    n += put_frame(out + n, 0x80, "ts", 2);
    n += put_frame(out + n, 0x8a, "", 0);
    n += put_frame(out + n, 0x81, "", 0);
    return n;
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    uint8_t bytes[400];
    size_t n = conversation(bytes);
    for (size_t cut = 1; cut <= n; cut++) {
        struct pair p;
        pair_init(&p);
        pair_turn(&p, bytes, cut);
        if (cut < n)
            pair_turn(&p, bytes + cut, n - cut);
        assert_string_equal(p.heard, "open[one]<parts>[]");
        assert_false(p.ended);
        assert_null(p.link.in.at);                  /* at rest it holds nothing */
        assert_int_equal(link_waiting(&p.link), 8); /* the pong */
        pair_done(&p);
    }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    uint8_t bytes[400];
    size_t n = conversation(bytes);
    struct pair p;
    pair_init(&p);
    for (size_t i = 0; i < n; i++)
        pair_turn(&p, bytes + i, 1);
    assert_string_equal(p.heard, "open[one]<parts>[]");
    assert_int_equal(p.link.bytes_in, n);
    pair_done(&p);
}

static void test_ends(void **state)
{
    (void)state;
    uint8_t bytes[400];
    struct pair p;
    pair_init(&p);
    p.link.state = LINK_OPEN;
    size_t n = put_frame(bytes, 0x81, "last", 4);
    n += put_frame(bytes + n, 0x88, "\x11\x39slow", 6);
    pair_turn(&p, bytes, n);
    assert_string_equal(p.heard, "[last]");
    assert_true(p.ended);
    assert_string_equal(p.scratch.why, "it was closed with 4409: slow");
    pair_done(&p);

    pair_init(&p);
    p.link.state = LINK_OPEN;
    close(p.server);
    assert_false(link_read(&p.link, &p.scratch));
    assert_non_null(strstr(p.scratch.why, "without a CLOSE"));
    p.server = dup(p.link.fd);
    pair_done(&p);

    /* Parts that do not fit together. */
    static const uint8_t wrong[][8] = {{0x80, 1, 'x'}, {0x01, 1, 'x', 0x81, 1, 'y'}};
    static const size_t wrong_len[] = {3, 6};
    for (size_t i = 0; i < 2; i++) {
        pair_init(&p);
        p.link.state = LINK_OPEN;
        pair_turn(&p, wrong[i], wrong_len[i]);
        assert_true(p.ended);
        assert_non_null(strstr(p.scratch.why, "broken"));
        pair_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_masked),
        cmocka_unit_test(test_lengths_are_read),
        cmocka_unit_test(test_hostile_frames),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
