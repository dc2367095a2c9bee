/* Who is there: joining, resuming, taking over, leaving; carets; readers that fell behind. */
#include "support/room_suite.h"

/* --- joining and leaving --- */

static struct room_event joining(uint64_t conn, char user, const char *name, const char *color)
{
    struct room_event ev = {.kind = ROOM_JOIN, .conn = conn};
    ev.join.user_id = rig_user(user);
    ev.join.spare_id = rig_user('?');
    ev.join.name = (struct room_str){name, strlen(name)};
    ev.join.color = (struct room_str){color, strlen(color)};
    return ev;
}

static void everybody_sees_who_comes_changes_and_goes(void **state)
{
    (void)state;
    struct room_event ev = joining(1, 'A', "Ada", "#c2185b");
    says(rig_step(&rig, &ev), "1: welcome 0 '' 0 A seq 0; !1: join A 'Ada' #c2185b");
    ev = joining(2, 'B', "", "");
    says(rig_step(&rig, &ev), "2: welcome 0 '' 0 B seq 0 with A 'Ada' #c2185b; !2: join B");
    ev = (struct room_event){.kind = ROOM_USER, .conn = 2};
    ev.user.has_name = true;
    ev.user.name = (struct room_str){"Bob", 3};
    says(rig_step(&rig, &ev), "!2: user B 'Bob'");
    ev = (struct room_event){.kind = ROOM_USER, .conn = 1};
    ev.user.has_name = true; /* empty: taken away; the colour stays */
    says(rig_step(&rig, &ev), "!1: user A #c2185b");
    says(rig_leave(&rig, 1), "*: leave A");
    says(rig_leave(&rig, 1), "");
    ev = joining(3, 'C', "", "");
    says(rig_step(&rig, &ev), "3: welcome 0 '' 0 C seq 0 with B 'Bob'; !3: join C");
    rig_leave(&rig, 2);
    rig_leave(&rig, 3);
    assert_true(room_info(rig.room).is_idle);
}

static void many_come_and_go_and_are_found(void **state)
{
    (void)state;
    size_t there = 0;
    for (uint64_t conn = 1; conn <= 300; conn++) {
        struct room_event ev = joining(conn, 'A', "", "");
        ev.join.user_id.bytes[7] = (uint8_t)conn;
        ev.join.user_id.bytes[8] = (uint8_t)(conn >> 8);
        rig_step(&rig, &ev);
        there++;
        if (conn > 20 && conn % 3 != 0) {
            rig_leave(&rig, conn - 20);
            there--;
        }
        assert_true(room_check(rig.room));
        assert_int_equal(room_info(rig.room).n_people, there);
    }
}

static void a_full_room_takes_nobody_but_who_is_in_it(void **state)
{
    (void)state;
    rig.config.people_max = 2;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    says(rig_join(&rig, 2, 'B'), "2: welcome 0 '' 0 B seq 0 with A; !2: join B");
    says(rig_join(&rig, 3, 'C'),
         "close 3 1013 (the room is full: it has as many people as it may)");
    says(rig_op(&rig, 3, "'x'", 0, 0), "");
    says(rig_resume(&rig, 4, 'B', 0),
         "4: welcome 0 resume 0 B seq 0 with A; "
         "close 2 1008 (this session was taken up by another connection); !4: user B");
    rig_leave(&rig, 1);
    says(rig_join(&rig, 5, 'C'), "5: welcome 0 '' 0 C seq 0 with B; !5: join C");
}

static size_t waits(const void *ctx, uint64_t conn)
{
    assert_int_equal(conn, 2);
    return *(const size_t *)ctx;
}

static void a_signal_waits_for_whom_reads(void **state)
{
    (void)state;
    size_t waiting = PRIVATE_BYTES_HIGH;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    struct room_event ev = {.kind = ROOM_SIGNAL, .conn = 1};
    ev.signal.to = rig_user('B');
    ev.signal.data = (struct room_str){"1", 1};
    ev.signal.waiting_bytes = waits;
    ev.signal.waiting_ctx = &waiting;
    says(rig_step(&rig, &ev), "2: signal A 1");
    waiting++;
    says(
        rig_step(&rig, &ev),
        "1: error rate_limited retry 1000 (to: found somebody who has not read what waits for them, "
        "expected one who has; try again later)");
}

static void a_signal_reaches_whom_it_names(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    struct room_event ev = {.kind = ROOM_SIGNAL, .conn = 1};
    ev.signal.to = rig_user('B');
    ev.signal.data = (struct room_str){"{\"sdp\":1}", 9};
    says(rig_step(&rig, &ev), "2: signal A {\"sdp\":1}");
    ev.signal.to = rig_user('C');
    says(rig_step(&rig, &ev),
         "1: error bad_field (to: found 43000000-0000-0000-0000-000000000043, expected the user_id "
         "of somebody who is in the room)");
    ev.conn = 9;
    says(rig_step(&rig, &ev), "");
}

/* Effects that are used again and again keep what they need for a step, and no more. */
static void a_thousand_steps_take_no_more_memory_than_ten(void **state)
{
    (void)state;
    char data[500] = {0};
    struct room_effects *fx;
    rig_join(&rig, 1, 'A');
    assert_int_equal(room_effects_new(&faulty_never()->alloc, &fx), 0);
    struct room_event ev = {.kind = ROOM_SIGNAL, .conn = 1};
    ev.signal.to = rig_user('A');
    ev.signal.data = (struct room_str){data, sizeof data};
    size_t early = 0;
    for (int i = 0; i < 1000; i++) {
        room_effects_clear(fx);
        assert_int_equal(room_step(rig.room, rig.now_ms, &ev, fx), 0);
        assert_int_equal(room_effects_count(fx), 1);
        if (i == 10)
            early = faulty_never()->live_bytes;
    }
    assert_int_equal(faulty_never()->live_bytes, early);
    room_effects_free(fx);
}

/* --- resuming --- */

static void what_was_missed_comes_composed_with_own_ones_as_acks(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_commit(&rig);
    rig_leave(&rig, 1);
    rig_op(&rig, 2, "1 'b'", 1, 1);
    rig_op(&rig, 2, "2 'c'", 2, 2);
    rig_commit(&rig);
    rig_join(&rig, 3, 'C');
    rig_resume(&rig, 4, 'A', 1); /* the first of its connections to come back */
    rig_op(&rig, 4, "3 'd'", 3, 2);
    rig_op(&rig, 4, "4 'e'", 4, 3);
    rig_op(&rig, 4, "5 'f'", 5, 0); /* without a seq: like anybody's */
    rig_meta(&rig, 2, "k=v", 3);
    rig_commit(&rig);
    says(rig_resume(&rig, 5, 'A', 1),
         "5: welcome 7 resume 6 A seq 3 {k=v} with B, C; 5: edit 1..3 [1,\"bc\"]; 5: ack 4 seq 2; "
         "5: ack 5 seq 3; 5: edit 5..7 [5,\"f\"] {k=v}; "
         "close 4 1008 (this session was taken up by another connection); !5: user A");
    says(rig_resume(&rig, 6, 'A', 7),
         "6: welcome 7 resume 6 A seq 3 {k=v} with B, C; "
         "close 5 1008 (this session was taken up by another connection); !6: user A");
}

static void resuming_without_a_session_is_fine(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_commit(&rig);
    struct room_event ev = joining(2, 'B', "", "");
    ev.join.has_rev = true;
    ev.join.epoch = rig.epoch;
    says(rig_step(&rig, &ev), "2: welcome 1 resume 1 B seq 0 with A; 2: edit 0..1 [\"a\"]; "
                              "!2: join B");
    /* With one that did not verify it is a newcomer like any other. */
    struct room_event bad = joining(3, 'C', "", "");
    bad.join.has_rev = true;
    bad.join.epoch = rig.epoch;
    bad.join.bad_session = true;
    says(rig_step(&rig, &bad), "3: welcome 1 'a' 1 C seq 0 with A, B; !3: join C");
}

static void another_epoch_or_an_unknown_revision_gives_the_text(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_commit(&rig);
    rig_leave(&rig, 1);
    says(rig_resume(&rig, 2, 'A', 2),
         "2: welcome 1 'a' 1 A seq 1; !2: join A"); /* above the head */
    rig_leave(&rig, 2);
    says(rig_resume(&rig, 3, 'A', RIG_NO_REV), "3: welcome 1 'a' 1 A seq 1; !3: join A");
    rig_leave(&rig, 3);
    struct uuid epoch = rig.epoch;
    rig.epoch = rig_user('F');
    says(rig_resume(&rig, 4, 'A', 1), "4: welcome 1 'a' 1 A seq 1; !4: join A");
    rig.epoch = epoch;
}

static void a_newer_connection_keeps_what_it_does_not_say_anew(void **state)
{
    (void)state;
    struct room_event ev = joining(1, 'A', "Ada", "#c2185b");
    rig_step(&rig, &ev);
    ev = joining(2, 'A', "", "#00ff00");
    ev.join.resumes = true;
    says(rig_step(&rig, &ev),
         "2: welcome 0 '' 0 A seq 0; close 1 1008 (this session was taken up by another "
         "connection); !2: user A 'Ada' #00ff00");
    ev = joining(3, 'A', "E", "");
    ev.join.resumes = true;
    ev.join.mode = ROOM_READ;
    says(rig_step(&rig, &ev),
         "3: welcome 0 '' 0 A seq 0 read; close 2 1008 (this session was taken up by another "
         "connection); !3: user A 'E' #00ff00");
    says(rig_op(&rig, 3, "'x'", 0, 0),
         "3: error read_only (found an operation, expected none: this connection is in mode "
         "read)");
}

/* What is decided and not on disk is not in the welcome; it is acked to the newer connection. */
static void a_session_is_taken_over_with_an_operation_under_way(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_op(&rig, 1, "'z'", 0, 0);
    says(rig_resume(&rig, 3, 'A', 0),
         "3: welcome 0 resume 0 A seq 0 with B; "
         "close 1 1008 (this session was taken up by another connection); !3: user A");
    says(rig_op(&rig, 1, "'late'", 0, 2), ""); /* from the one that is being closed */
    says(rig_leave(&rig, 1), "");
    says(rig_op(&rig, 3, "'a'", 0, 1), "");
    says(rig_commit(&rig), "!3: edit 1 A [\"a\"]; 3: ack 1 seq 1; *: edit 2 A [\"z\"]; "
                           "3: ack 1 seq 1 dup");
}

static void a_failure_is_told_to_the_newer_connection(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_op(&rig, 1, "'z'", 0, 0);
    rig_resume(&rig, 3, 'A', 0);
    says(rig_fail(&rig), "3: error unavailable seq 1 retry 1000 (storage failed; nothing was "
                         "applied, the operation may be sent again)");
    says(rig_op(&rig, 3, "'b'", 0, 2),
         "3: error unavailable seq 2 retry 1000 (seq: found 2, expected 1 first: it could not be "
         "stored and must be sent again before)");
    says(rig_op(&rig, 3, "'a'", 0, 1), "persist 1");
}

/* Seventeen keys do not fit one message, so the text is sent. With the session's own operation on
 * its way to the disk that would leave its author guessing where in the text it will be. */
static void no_text_while_an_own_operation_is_under_way(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_meta(&rig, 2, "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1", 0);
    rig_meta(&rig, 2, "-p,q=1", 0);
    rig_commit(&rig);
    rig_op(&rig, 1, "'x'", 0, 1);
    says(rig_resume(&rig, 3, 'A', 0),
         "close 3 1013 (an operation of this session is on its way to the disk: try again)");
    says(rig_commit(&rig), "!1: edit 3 A [\"x\"]; 1: ack 3 seq 1");
    const char *said = rig_resume(&rig, 4, 'A', 0);
    assert_non_null(strstr(said, "4: welcome 3 'x' 1 A seq 1 {"));
}

/* --- carets --- */

static void carets_are_told_once_a_flush_and_where_they_are_by_then(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'abcdef'", 0, 0);
    rig_commit(&rig);
    assert_false(room_info(rig.room).wants_flush);
    says(rig_cursor(&rig, 1, 3, 1), "");
    says(rig_cursor(&rig, 1, 4, 1), "");
    assert_true(room_info(rig.room).wants_flush);
    rig_op(&rig, 2, "4 '!'", 1, 0);
    says(rig_commit(&rig), "!2: edit 2 B [4,\"!\"]; 2: ack 2");
    says(rig_flush(&rig),
         "!1: cursor 2 A@4"); /* another's insert at the very gap: LEFT, it stays */
    assert_false(room_info(rig.room).wants_flush);
    says(rig_flush(&rig), "");
    rig_op(&rig, 1, "4 '?'", 2, 0);
    rig_commit(&rig);
    says(rig_join(&rig, 3, 'C'), /* its own pushes it: RIGHT */
         "3: welcome 3 'abcd?!ef' 8 C seq 0 with A@5, B; !3: join C");
}

/* The rest after a flush is as long as it said much; what moves meanwhile is told once, at its newest. */
static void many_carets_are_told_at_a_bounded_rate(void **state)
{
    (void)state;
    enum { PEOPLE = 20, PER_MS = 2 };
    rig.config.carets_per_ms = PER_MS;
    rig_reset(&rig);
    for (uint64_t conn = 1; conn <= PEOPLE; conn++)
        rig_join(&rig, conn, (char)('A' + conn - 1));
    rig_op(&rig, 1, "'abcdef'", 0, 0);
    rig_commit(&rig);
    for (uint64_t conn = 1; conn <= PEOPLE; conn++)
        rig_cursor(&rig, conn, 3, 1);
    assert_non_null(strstr(rig_flush(&rig), "cursor 1 T@3"));
    int64_t until_ms = rig.now_ms + PEOPLE * (PEOPLE - 1) / PER_MS;
    assert_int_equal(room_info(rig.room).flush_ms, until_ms);
    assert_false(room_info(rig.room).wants_flush);
    says(rig_cursor(&rig, 2, 4, 1), "");
    says(rig_cursor(&rig, 2, 5, 1), "");
    rig.now_ms = until_ms - 2; /* each step takes one */
    says(rig_flush(&rig), "");
    assert_true(room_info(rig.room).wants_flush);
    says(rig_flush(&rig), "!2: cursor 1 B@5");
    assert_int_equal(room_info(rig.room).flush_ms, until_ms + (PEOPLE - 1) / PER_MS);
}

static void a_caret_against_an_old_revision_is_brought_up(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'abc'", 0, 0);
    rig_op(&rig, 2, "'12'", 1, 0);  /* in front */
    rig_op(&rig, 1, "3 'x'", 2, 0); /* its own, at the caret */
    rig_commit(&rig);
    rig_cursor(&rig, 1, 1, 1);
    says(rig_flush(&rig), "!1: cursor 3 A@4");
    struct room_event ev = {.kind = ROOM_CURSOR, .conn = 1};
    ev.cursor = (struct room_cursor_move){
        .has_rev = true, .rev = 1, .position_cp = 3, .anchor_cp = 0, .has_anchor = true};
    rig_step(&rig, &ev);
    says(rig_flush(&rig), "!1: cursor 3 A@6-0");
}

static void a_caret_far_behind_is_moved_over_the_composed_range(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'abc'", 0, 0);
    for (int rev = 1; rev <= 200; rev++)
        rig_op(&rig, 2, "1 '.'", rev, 0);
    rig_commit(&rig);
    rig_cursor(&rig, 1, 2, 1);
    says(rig_flush(&rig), "!1: cursor 201 A@202");
    rig_cursor(&rig, 1, 1, 1); /* LEFT stays */
    says(rig_flush(&rig), "!1: cursor 201 A@1");
}

static void a_caret_in_what_is_not_on_disk_waits(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'abc'", 0, 1);
    rig_cursor(&rig, 1, 3, 1);
    says(rig_flush(&rig), "");
    says(rig_join(&rig, 3, 'C'), "3: welcome 0 '' 0 C seq 0 with A, B; !3: join C");
    rig_durable(&rig, 1);
    says(rig_flush(&rig), "!1: cursor 1 A@3");
    rig_op(&rig, 1, "3 'def'", 1, 2);
    rig_cursor(&rig, 1, 6, 2);
    rig_fail(&rig); /* what it stood in is gone */
    says(rig_flush(&rig), "!1: cursor 1 A@3");
}

static void carets_outside_the_document_are_refused(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'abc'", 0, 0);
    rig_commit(&rig);
    says(rig_cursor(&rig, 1, 3, 1), "");
    says(rig_cursor(&rig, 1, 4, 1),
         "1: error out_of_range (position: found 4, expected 0 to 3, the document's length at "
         "revision 1)");
    says(rig_cursor(&rig, 1, 1, 0),
         "1: error out_of_range (position: found 1, expected 0 to 0, the document's length at "
         "revision 0)");
    says(rig_cursor(&rig, 1, 0, 2), "1: error bad_rev (rev: found 2, expected 0 to 1)");
    struct room_event ev = {.kind = ROOM_CURSOR, .conn = 1};
    ev.cursor.has_anchor = true;
    ev.cursor.anchor_cp = 4;
    says(rig_step(&rig, &ev),
         "1: error out_of_range (anchor: found 4, expected 0 to 3, the document's length at "
         "revision 1)");
}

/* --- readers that fell behind --- */

static void who_fell_behind_is_told_what_it_lacks(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    uint64_t known = room_info(rig.room).presence_seq;
    rig_join(&rig, 3, 'C');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_op(&rig, 2, "1 'b'", 1, 0); /* the reader's own; without a seq, but it waits for its ack */
    rig_op(&rig, 1, "2 'c'", 2, 2);
    rig_commit(&rig);
    rig_cursor(&rig, 1, 2, 3);
    rig_flush(&rig);
    uint64_t with_caret = room_info(rig.room).presence_seq;
    rig_leave(&rig, 3);
    rig_join(&rig, 4, 'D');
    says(rig_behind(&rig, 2, 0, known),
         "2: edit 0..1 [\"a\"]; 2: ack 2; 2: edit 2..3 [2,\"c\"]; 2: leave C; "
         "2: cursor 3 A@2; 2: join D");
    says(rig_behind(&rig, 2, 3, with_caret), "2: leave C; 2: join D");
    known = room_info(rig.room).presence_seq;
    says(rig_behind(&rig, 2, 3, known), "");
    rig_leave(&rig, 4);
    rig_join(&rig, 5, 'D'); /* went and came back: a join alone would leave the old caret there */
    says(rig_behind(&rig, 2, 3, known), "2: leave D; 2: join D");
}

/* Without a seq nobody waits for an ack but the very connection that sent it. */
static void what_an_older_connection_sent_is_an_edit(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'z'", 0, 0);
    rig_resume(&rig, 3, 'A', 0);
    uint64_t known = room_info(rig.room).presence_seq;
    rig_op(&rig, 3, "1 'y'", 1, 0);
    rig_commit(&rig);
    says(rig_behind(&rig, 3, 0, known), "3: edit 0..1 [\"z\"]; 3: ack 2");
}

/* Told once: by the flush that is to come. */
static void a_caret_that_is_still_to_be_told_is_not_caught_up(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'abc'", 0, 1);
    rig_commit(&rig);
    uint64_t known = room_info(rig.room).presence_seq;
    rig_cursor(&rig, 1, 2, 1);
    rig_flush(&rig);
    says(rig_behind(&rig, 2, 1, known), "2: cursor 1 A@2");
    rig_cursor(&rig, 1, 3, 1);
    says(rig_behind(&rig, 2, 1, known), "");
    says(rig_flush(&rig), "!1: cursor 1 A@3");
    rig_op(&rig, 1, "3 'de'", 1, 2);
    rig_cursor(&rig, 1, 5, 2); /* in what is not on disk */
    says(rig_flush(&rig), "");
    says(rig_behind(&rig, 2, 1, known), "");
}

static void more_leaves_than_are_kept_close_the_reader(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    uint64_t known = room_info(rig.room).presence_seq;
    for (int i = 0; i < 64; i++) {
        rig_join(&rig, (uint64_t)(10 + i), 'X');
        rig_leave(&rig, (uint64_t)(10 + i));
    }
    assert_int_equal(strncmp(rig_behind(&rig, 1, 0, known), "1: leave X", 10), 0); /* N */
    rig_join(&rig, 100, 'X');
    rig_leave(&rig, 100);
    says(rig_behind(&rig, 1, 0, known), "close 1 4409 (too slow: reconnect and resume)");
    assert_int_equal(strncmp(rig_behind(&rig, 1, 0, known + 3), "1: leave X", 10), 0);
    rig_join(&rig, 101, 'B');
    says(rig_leave(&rig, 1), "*: leave A");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(everybody_sees_who_comes_changes_and_goes),
        T(many_come_and_go_and_are_found),
        T(a_full_room_takes_nobody_but_who_is_in_it),
        T(a_signal_reaches_whom_it_names),
        T(a_signal_waits_for_whom_reads),
        T(a_thousand_steps_take_no_more_memory_than_ten),
        T(what_was_missed_comes_composed_with_own_ones_as_acks),
        T(resuming_without_a_session_is_fine),
        T(another_epoch_or_an_unknown_revision_gives_the_text),
        T(a_newer_connection_keeps_what_it_does_not_say_anew),
        T(a_session_is_taken_over_with_an_operation_under_way),
        T(a_failure_is_told_to_the_newer_connection),
        T(no_text_while_an_own_operation_is_under_way),
        T(carets_are_told_once_a_flush_and_where_they_are_by_then),
        T(many_carets_are_told_at_a_bounded_rate),
        T(a_caret_against_an_old_revision_is_brought_up),
        T(a_caret_far_behind_is_moved_over_the_composed_range),
        T(a_caret_in_what_is_not_on_disk_waits),
        T(carets_outside_the_document_are_refused),
        T(who_fell_behind_is_told_what_it_lacks),
        T(what_an_older_connection_sent_is_an_edit),
        T(a_caret_that_is_still_to_be_told_is_not_caught_up),
        T(more_leaves_than_are_kept_close_the_reader),
    };
    return cmocka_run_group_tests_name("who is there", tests, NULL, NULL);
}
