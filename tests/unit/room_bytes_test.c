/* A room's bounds that count bytes: what waits for the disk, what is kept of the past. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "support/faulty.h"
#include "support/room_rig.h"

enum { PIECE_BYTES = (1 << 20) - 200, RECORD_BYTES_LEAST = PIECE_BYTES, MIB = 1 << 20 };

static struct room *room;
static struct room_effects *fx;
static char piece[PIECE_BYTES];
static uint64_t last_conn;

static const struct room_effect *step(const struct room_event *ev)
{
    room_effects_clear(fx);
    assert_int_equal(room_step(room, 0, ev, fx), 0);
    return room_effects_count(fx) != 0 ? room_effects_at(fx, 0) : NULL;
}

static void commit(uint64_t rev)
{
    step(&(struct room_event){.kind = ROOM_DURABLE, .durable_rev = rev});
}

static const struct room_effect *submit(struct weft_op *op)
{
    struct room_event ev = {.kind = ROOM_OPERATION, .conn = 1};
    ev.submission.op = op;
    return step(&ev);
}

/* A record of PIECE_BYTES and a head of some 60. */
static const struct room_effect *insert(void)
{
    struct weft_op op;
    weft_op_init(&op, &faulty_never()->alloc);
    assert_int_equal(weft_op_insert(&op, piece, PIECE_BYTES), 0);
    const struct room_effect *e = submit(&op);
    weft_op_done(&op);
    return e;
}

static void clear(void)
{
    struct weft_op op;
    weft_op_init(&op, &faulty_never()->alloc);
    assert_int_equal(weft_op_delete(&op, PIECE_BYTES), 0);
    submit(&op);
    weft_op_done(&op);
}

/* Is somebody who comes back with revision 0 brought up from there, or given the text? */
static bool is_given_the_text(void)
{
    struct room_event ev = {.kind = ROOM_JOIN, .conn = ++last_conn};
    ev.join.user_id.bytes[15] = 1;
    ev.join.spare_id.bytes[15] = 2;
    ev.join.resumes = true;
    ev.join.has_rev = true;
    const struct room_effect *e = step(&ev);
    assert_int_equal(e->message.type, MESSAGE_WELCOME);
    bool given = e->message.welcome.text != NULL;
    step(&(struct room_event){.kind = ROOM_LEAVE, .conn = last_conn});
    return given;
}

static int set_up(void **state)
{
    (void)state;
    const struct room_config config = {
        .document_bytes_max = 64 << 20, .people_max = 10, .message_bytes_max = MIB};
    const struct uuid epoch = {{0}};
    struct room_event join = {.kind = ROOM_JOIN, .conn = 1};
    join.join.user_id.bytes[0] = 1;
    memset(piece, 'x', sizeof piece);
    last_conn = 1;
    if (room_new(&faulty_never()->alloc, &config, &epoch, &room) != 0 ||
        room_effects_new(&faulty_never()->alloc, &fx) != 0)
        return -1;
    step(&join);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    room_effects_free(fx);
    room_free(room);
    return 0;
}

/* Taken as long as less than PENDING_BYTES_MAX wait: so at most that and one record. */
static void so_many_bytes_wait_for_the_disk(void **state)
{
    (void)state;
    unsigned n = 0;
    while (insert()->kind == ROOM_PERSIST)
        n++;
    assert_int_equal(n, PENDING_BYTES_MAX / RECORD_BYTES_LEAST + 1);
    assert_int_equal(room_effects_at(fx, 0)->message.error.err, WEFT_EIO);
    assert_int_equal(room_info(room).head_rev, n);
    commit(1);
    assert_int_equal(insert()->kind, ROOM_PERSIST);
    assert_int_equal(insert()->kind, ROOM_SEND);
}

static void the_past_has_so_many_bytes(void **state)
{
    (void)state;
    for (int i = 0; i < HISTORY_BYTES_MAX / MIB; i++) {
        insert();
        commit(room_info(room).head_rev);
        assert_false(is_given_the_text()); /* all of it is kept */
        clear();
        commit(room_info(room).head_rev);
    }
    assert_false(is_given_the_text());
    insert();
    commit(room_info(room).head_rev);
    assert_true(is_given_the_text());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(so_many_bytes_wait_for_the_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_past_has_so_many_bytes, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("room bytes", tests, NULL, NULL);
}
