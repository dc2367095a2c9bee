/* The adapter of weft.v1, and the times of operations it finds again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/times.h"
#include "bench/weft.h"

enum { EVENTS_MAX = 8 };

struct rig {
    struct adapter_sink sink; /* first */
    struct adapter_conn conn;
    uint64_t state[8];
    struct adapter_event events[EVENTS_MAX];
    size_t n;
};

static void emit(struct adapter_sink *sink, const struct adapter_event *event)
{
    struct rig *rig = (struct rig *)sink;
    assert_true(rig->n < EVENTS_MAX);
    rig->events[rig->n++] = *event;
}

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    assert_true(ADAPTER_WEFT.conn_bytes <= sizeof rig->state);
    rig->sink.emit = emit;
    rig->conn = (struct adapter_conn){.chars = 2, .room = "r-1", .state = rig->state};
}

/* Of its own size, so that a byte read behind it is found. */
static const struct adapter_event *hear(struct rig *rig, const char *text)
{
    size_t len = strlen(text);
    uint8_t *bytes = malloc(len != 0 ? len : 1);
    assert_non_null(bytes);
    memcpy(bytes, text, len);
    rig->n = 0;
    ADAPTER_WEFT.received(&rig->conn, bytes, len, false, &rig->sink);
    free(bytes);
    return rig->n == 1 ? &rig->events[0] : NULL;
}

static const char WELCOME[] =
    "{\"type\":\"welcome\",\"protocol\":\"weft.v1\",\"room\":\"r-1\",\"epoch\":\"e\",\"rev\":12,"
    "\"text\":\"a \\\"quote\\\",\\\"length\\\":99\",\"length\":23,\"user_id\":\"u\"}";

static void expect(struct rig *rig, const char *text, enum adapter_what what, uint64_t first,
                   uint64_t n)
{
    const struct adapter_event *e = hear(rig, text);
    assert_non_null(e);
    assert_int_equal(e->what, what);
    assert_int_equal(e->first, first);
    if (what != ADAPTER_REFUSED && what != ADAPTER_BROKEN)
        assert_int_equal(e->n, n);
}

static void test_a_life(void **state)
{
    (void)state;
    struct rig rig;
    char out[ADAPTER_MESSAGE_BYTES_MAX];
    rig_init(&rig);
    expect(&rig, WELCOME, ADAPTER_JOINED, 0, 1);
    size_t len = ADAPTER_WEFT.op(&rig.conn, 1, 24 + 23, out);
    assert_int_equal(
        len, strlen("{\"type\":\"insert\",\"position\":23,\"rev\":12,\"seq\":1,\"text\":\"bc\"}"));
    assert_memory_equal(
        out, "{\"type\":\"insert\",\"position\":23,\"rev\":12,\"seq\":1,\"text\":\"bc\"}", len);
    expect(&rig, "{\"type\":\"insert\",\"rev\":13,\"user_id\":\"u\",\"position\":1,\"text\":\"x\"}",
           ADAPTER_DELIVERY, 13, 1);
    expect(&rig, "{\"type\":\"ack\",\"rev\":14,\"seq\":1}", ADAPTER_ACK, 1, 1);
    assert_int_equal(rig.events[0].revision, 14);
    expect(&rig, "{\"type\":\"edit\",\"from\":14,\"rev\":1000,\"op\":[1,\"x\"]}", ADAPTER_DELIVERY,
           15, 986);
    expect(&rig, "{\"type\":\"cursor\",\"rev\":14,\"user_id\":\"u\",\"position\":7}",
           ADAPTER_CURSOR, 0, 1);
    assert_null(hear(&rig, "{\"type\":\"join\",\"user_id\":\"u\"}"));
    assert_int_equal(rig.n, 0);
    assert_null(hear(&rig, "{\"type\":\"leave\",\"user_id\":\"u\"}"));
    assert_int_equal(rig.n, 0);
    /* 23, and two for each of 13 to 1000 */
    len = ADAPTER_WEFT.cursor(&rig.conn, 23 + 2 * 988, out);
    assert_memory_equal(out, "{\"type\":\"cursor\",\"position\":1999,\"rev\":1000}", len);
    expect(&rig, "{\"type\":\"error\",\"code\":\"rate_limited\",\"message\":\"m\",\"seq\":7}",
           ADAPTER_REFUSED, 7, 0);
    expect(&rig, "{\"type\":\"error\",\"code\":\"bad_json\",\"message\":\"m\"}", ADAPTER_REFUSED, 0,
           0);
}

static void test_what_is_broken(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "hello",
        "{\"type\":\"history\"}",
        "{\"type\":\"insert\",\"rev\":14,\"user_id\":\"u\"}", /* a gap */
        "{\"type\":\"insert\",\"rev\":12,\"user_id\":\"u\"}", /* again */
        "{\"type\":\"insert\",\"rev\":0,\"user_id\":\"u\"}",
        "{\"type\":\"insert\",\"rev\":",
        "{\"type\":\"insert\",\"rev\":99999999999999999999999999}",
        "{\"type\":\"edit\",\"from\":11,\"rev\":13,\"op\":[]}",
        "{\"type\":\"edit\",\"from\":12,\"rev\":12,\"op\":[]}",
        "{\"type\":\"edit\",\"from\":12",
        "{\"type\":\"ack\",\"seq\":1}",
        "{\"type\":\"ack\",\"rev\":14,\"seq\":1}",
        WELCOME,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig rig;
        rig_init(&rig);
        expect(&rig, WELCOME, ADAPTER_JOINED, 0, 1);
        expect(&rig, bad[i], ADAPTER_BROKEN, 0, 0);
    }
    struct rig rig;
    rig_init(&rig);
    expect(&rig, "{\"type\":\"insert\",\"rev\":1,\"user_id\":\"u\"}", ADAPTER_BROKEN, 0, 0);
    for (size_t cut = 1; cut < strlen(WELCOME) - 16; cut++) { /* up to the length */
        char part[sizeof WELCOME];
        snprintf(part, sizeof part, "%.*s", (int)(strlen(WELCOME) - 16 - cut), WELCOME);
        rig_init(&rig);
        const struct adapter_event *e = hear(&rig, part);
        assert_non_null(e);
        if (e->what != ADAPTER_JOINED) /* "length":2 is one, too */
            assert_int_equal(e->what, ADAPTER_BROKEN);
    }
}

/* --- times --- */

static void test_by_revision(void **state)
{
    (void)state;
    static struct times_window w;
    struct times t;
    memset(&w, 0, sizeof w);
    w.from_ns = 100;
    w.to_ns = 200;
    times_init(&t, 2, 1);
    times_sent(&t, 0, 1, 90);
    times_sent(&t, 0, 2, 150);
    times_sent(&t, 1, 1, 160);
    assert_false(times_acked(&t, &w, 0, 3, 0, 1, 300)); /* nobody sent it */
    /* All three are delivered in one piece before their acks, which come in another order. */
    times_delivered(&t, &w, false, 0, 1, 3, 400);
    assert_int_equal(w.delivery.n, 0);
    assert_true(times_acked(&t, &w, 0, 2, 0, 2, 410));
    times_look_again(&t, &w);
    assert_int_equal(w.delivery.n, 0);
    assert_true(times_acked(&t, &w, 0, 1, 0, 1, 420)); /* was due before the window */
    times_look_again(&t, &w);
    assert_int_equal(w.delivery.n, 1);
    assert_int_equal(w.delivery.most, 250);
    assert_true(times_acked(&t, &w, 1, 1, 0, 3, 430));
    times_look_again(&t, &w);
    assert_int_equal(w.delivery.n, 2);
    assert_int_equal(w.delivery.least, 240);
    times_look_again(&t, &w); /* not twice */
    times_delivered(&t, &w, false, 0, 2, 1, 500);
    assert_int_equal(w.delivery.n, 3);
    assert_int_equal(w.ack.n, 2);
    times_delivered(&t, &w, false, 0, 4, 2, 500);
    times_forget(&t, &w);
    assert_int_equal(w.lost, 2);
    times_done(&t);
}

static void test_rings_go_round(void **state)
{
    (void)state;
    static struct times_window w;
    struct times t;
    memset(&w, 0, sizeof w);
    w.to_ns = UINT64_MAX;
    times_init(&t, 1, 1);
    size_t size = times_in_flight_max(&t) + 1;
    for (uint64_t i = 1; i <= 3 * size; i++) {
        times_sent(&t, 0, i, i);
        assert_true(times_acked(&t, &w, 0, i, 0, i, i + 5));
    }
    times_delivered(&t, &w, false, 0, 3 * size, 1, 3 * size + 9);
    assert_int_equal(w.delivery.n, 1);
    assert_int_equal(w.delivery.most, 9);
    times_delivered(&t, &w, false, 0, 1, 1, 3 * size + 9); /* long forgotten, and not guessed */
    assert_int_equal(w.delivery.n, 1);
    assert_int_equal(w.lost, 1);
    times_done(&t);
}

static void test_by_writer(void **state)
{
    (void)state;
    static struct times_window w;
    struct times t;
    memset(&w, 0, sizeof w);
    w.to_ns = UINT64_MAX;
    times_init(&t, 3, 0);
    for (uint64_t i = 1; i <= 4; i++)
        times_sent(&t, 2, i, 10 * i);
    times_delivered(&t, &w, true, 2, 2, 3, 100);
    assert_int_equal(w.delivery.n, 3);
    assert_int_equal(w.delivery.least, 60);
    assert_int_equal(w.delivery.most, 80);
    times_delivered(&t, &w, true, 1, 1, 1, 100);
    times_delivered(&t, &w, true, 2, 5, 1, 100);
    assert_int_equal(w.lost, 2);
    assert_true(times_acked(&t, &w, 2, 4, 0, 0, 140));
    assert_int_equal(w.ack.most, 100);
    times_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_life),      cmocka_unit_test(test_what_is_broken),
        cmocka_unit_test(test_by_revision), cmocka_unit_test(test_rings_go_round),
        cmocka_unit_test(test_by_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
