/* Exactly-once at the limit: more sessions than a room remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/faulty.h"
#include "support/room_rig.h"

static struct room *room;
static struct room_effects *fx;
static uint64_t last_conn;

/* Session 0 is the first; the n-th has the log's revision n + 1. */
static struct uuid session(uint32_t n)
{
    struct uuid id = {{0}};
    n = (n + 1) * 2654435761u; /* spread over the table */
    memcpy(id.bytes, &n, sizeof n);
    return id;
}

static const struct room_effect *step(const struct room_event *ev)
{
    room_effects_clear(fx);
    assert_int_equal(room_step(room, 0, ev, fx), 0);
    return room_effects_count(fx) != 0 ? room_effects_at(fx, 0) : NULL;
}

static const struct room_welcome *resume(uint32_t n, bool has_rev, uint64_t rev)
{
    struct room_event ev = {.kind = ROOM_JOIN, .conn = ++last_conn};
    ev.join.user_id = session(n);
    ev.join.spare_id.bytes[15] = 1;
    ev.join.resumes = true;
    ev.join.has_rev = has_rev;
    ev.join.rev = rev;
    const struct room_effect *e = step(&ev);
    assert_int_equal(e->message.type, MESSAGE_WELCOME);
    return &e->message.welcome;
}

/* On the newest connection. */
static const struct room_effect *submit(uint64_t seq)
{
    static struct weft_op nothing;
    weft_op_init(&nothing, &faulty_never()->alloc);
    struct room_event ev = {.kind = ROOM_OPERATION, .conn = last_conn};
    ev.submission.op = &nothing;
    ev.submission.has_seq = true;
    ev.submission.seq = seq;
    return step(&ev);
}

static void commit(void)
{
    step(&(struct room_event){.kind = ROOM_DURABLE, .durable_rev = room_info(room).head_rev});
}

static void leave(void)
{
    step(&(struct room_event){.kind = ROOM_LEAVE, .conn = last_conn});
}

/* A room that remembers as many sessions as it can. */
static int fill(void **state)
{
    (void)state;
    const struct room_config config = {
        .document_bytes_max = 1 << 20, .people_max = 10, .message_bytes_max = 1 << 20};
    const struct uuid epoch = {{0}};
    assert_int_equal(room_new(&faulty_never()->alloc, &config, &epoch, &room), 0);
    assert_int_equal(room_effects_new(&faulty_never()->alloc, &fx), 0);
    for (uint32_t n = 0; n < SESSIONS_MAX; n++) {
        assert_int_equal(resume(n, true, n)->seq, 0);
        submit(7);
        commit();
        leave();
    }
    assert_true(room_check(room));
    return 0;
}

static int empty(void **state)
{
    (void)state;
    room_effects_free(fx);
    room_free(room);
    return 0;
}

static bool is_nobody(const struct uuid *id)
{
    return id->bytes[15] == 1;
}

static void all_are_known_at_the_limit(void **state)
{
    (void)state;
    assert_int_equal(resume(0, false, 0)->seq, 7);
    assert_int_equal(resume(SESSIONS_MAX - 1, false, 0)->seq, 7);
}

static void one_more_and_the_oldest_are_strangers(void **state)
{
    (void)state;
    resume(SESSIONS_MAX, false, 0);
    assert_int_equal(submit(1)->kind, ROOM_PERSIST);
    commit();
    leave();
    assert_true(room_check(room));
    /* Whoever has the floor or more may go on: nothing of it is in the log above that. */
    uint64_t floor_rev = SESSIONS_MAX / 2;
    const struct room_welcome *w = resume(10, true, floor_rev);
    assert_true(uuid_equal(&w->user_id, &(struct uuid){{0}}) == false);
    assert_false(is_nobody(&w->user_id));
    assert_null(w->text);
    assert_int_equal(w->seq, 0);
    leave();
    /* Whoever has less could have something in flight that is there: it begins anew. */
    w = resume(10, true, floor_rev - 1);
    assert_true(is_nobody(&w->user_id));
    assert_non_null(w->text);
    leave();
    w = resume(10, false, 0);
    assert_true(is_nobody(&w->user_id));
    leave();
    assert_int_equal(resume(SESSIONS_MAX - 1, false, 0)->seq, 7);
}

/* The first session is the oldest of all. Its next operation needs no place in the table, so nobody
 * is forgotten for it, itself least of all: a failed commit would leave a session that says it has
 * nothing in the log. */
static void a_session_is_not_forgotten_for_its_own_sake(void **state)
{
    (void)state;
    resume(0, false, 0);
    assert_int_equal(submit(8)->kind, ROOM_PERSIST);
    step(&(struct room_event){.kind = ROOM_COMMIT_FAILED});
    assert_true(room_check(room));
    leave();
    assert_int_equal(resume(0, false, 0)->seq, 7);
    const struct room_effect *e = submit(7);
    assert_int_equal(e->message.type, MESSAGE_ACK);
    assert_true(e->message.ack.dup);
    leave();
    assert_int_equal(resume(1, false, 0)->seq, 7);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fill, empty)
    const struct CMUnitTest tests[] = {
        T(all_are_known_at_the_limit),
        T(one_more_and_the_oldest_are_strangers),
        T(a_session_is_not_forgotten_for_its_own_sake),
    };
    return cmocka_run_group_tests_name("more sessions than are remembered", tests, NULL, NULL);
}
