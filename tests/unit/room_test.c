/* The life of an operation in a room: decided, durable, shown; refused; repeated; lost. */
#include "support/room_suite.h"

/* --- order, then disk, then everybody --- */

static void an_operation_is_shown_when_it_is_on_disk(void **state)
{
    (void)state;
    says(rig_join(&rig, 1, 'A'), "1: welcome 0 '' 0 A seq 0; !1: join A");
    says(rig_join(&rig, 2, 'B'), "2: welcome 0 '' 0 B seq 0 with A; !2: join B");
    says(rig_op(&rig, 1, "'hi'", 0, 1), "persist 1");
    assert_true(rig_text_is(&rig, ""));
    says(rig_durable(&rig, 1), "!1: edit 1 A [\"hi\"]; 1: ack 1 seq 1");
    assert_true(rig_text_is(&rig, "hi"));
    says(rig_op(&rig, 2, "1 -1 'ey'", 1, 0), "persist 2");
    says(rig_durable(&rig, 2), "!2: edit 2 B [1,-1,\"ey\"]; 2: ack 2");
    assert_true(rig_text_is(&rig, "hey"));
}

static void concurrent_ones_are_rewritten_the_later_goes_left(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    says(rig_op(&rig, 1, "'one'", 0, 1), "persist 1");
    says(rig_op(&rig, 2, "'two'", 0, 1), "persist 2");
    says(rig_op(&rig, 2, "'three'", 0, 2), "persist 3"); /* concurrent with its own too */
    says(rig_durable(&rig, 2), "!1: edit 1 A [\"one\"]; 1: ack 1 seq 1; "
                               "!2: edit 2 B [\"two\"]; 2: ack 2 seq 1");
    says(rig_durable(&rig, 3), "!2: edit 3 B [\"three\"]; 2: ack 3 seq 2");
    assert_true(rig_text_is(&rig, "threetwoone"));
}

static void a_deletion_of_what_is_gone_is_logged_all_the_same(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'abc'", 0, 1);
    rig_op(&rig, 1, "-3", 1, 2);
    rig_op(&rig, 1, "1 -2", 1, 3);
    says(rig_op(&rig, 1, "", 3, 4), "persist 4");
    says(rig_durable(&rig, 4), "!1: edit 1 A [\"abc\"]; 1: ack 1 seq 1; "
                               "!1: edit 2 A [-3]; 1: ack 2 seq 2; "
                               "!1: edit 3 A []; 1: ack 3 seq 3; "
                               "!1: edit 4 A []; 1: ack 4 seq 4");
}

static void without_a_revision_the_newest_decided_is_meant(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    says(rig_op(&rig, 1, "'ab'", RIG_NO_REV, 0), "persist 1");
    says(rig_op(&rig, 1, "1 'x'", RIG_NO_REV, 0), "persist 2");
    rig_commit(&rig);
    assert_true(rig_text_is(&rig, "axb"));
}

static void at_end_means_the_end_of_the_document_at_its_revision(void **state)
{
    (void)state;
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    assert_int_equal(weft_op_insert(&op, "!", 1), 0);
    struct room_event ev = {.kind = ROOM_OPERATION, .conn = 1};
    ev.submission.op = &op;
    ev.submission.at_end = true;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1,
           "'\xf0\x9f\x98\x80"
           "b'",
           0, 0);
    rig_op(&rig, 1, "2 'cd'", 1, 0);
    ev.submission.has_rev = true;
    ev.submission.rev = 1; /* "cd" was not seen: the later one goes left of it */
    says(rig_step(&rig, &ev), "persist 3");
    ev.submission.has_rev = false;
    says(rig_step(&rig, &ev), "persist 4");
    rig_commit(&rig);
    assert_true(rig_text_is(&rig, "\xf0\x9f\x98\x80"
                                  "b!cd!"));
    weft_op_done(&op);
}

/* --- refusals --- */

static void what_does_not_fit_is_refused_whole(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'abc'", 0, 1);
    rig_commit(&rig);
    says(rig_op(&rig, 1, "3 'x'", 1, 2), "persist 2");
    says(rig_op(&rig, 1, "'y' 4 'x'", 1, 3),
         "1: error out_of_range seq 3 (position: found 4, expected 0 to 3, the document's length "
         "at revision 1)");
    says(rig_op(&rig, 1, "2 -2", 1, 3),
         "1: error out_of_range seq 3 (position and length: found an end at 4, expected at most 3, "
         "the document's length at revision 1)");
    says(rig_op(&rig, 1, "'x'", 3, 3),
         "1: error bad_rev seq 3 (rev: found 3, expected at most 2, the newest revision)");
    /* A retain at the end is no part, but past the end it speaks of another document. */
    says(rig_op(&rig, 1, "1 'x' 3", 1, 3),
         "1: error out_of_range seq 3 (position: found 4, expected 0 to 3, the document's length "
         "at revision 1)");
    says(rig_op(&rig, 1, "1 'x' 2", 1, 3), "persist 3");
    says(rig_op(&rig, 1, "'x'", 3, 4), "persist 4"); /* the newest decided is fine */
}

/* As many parts as an operation may have, and what others inserted between two of its deletions. */
static void what_grows_too_large_by_merging_is_refused(void **state)
{
    (void)state;
    enum { PIECES = WEFT_OP_PARTS_MAX / 2 - 1 };
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    rig.config.document_bytes_max = 4 << 20;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    char *text = malloc(3 * PIECES + 6);
    assert_non_null(text);
    memset(text, '.', 3 * PIECES + 5);
    text[0] = text[3 * PIECES + 4] = '\'';
    text[3 * PIECES + 5] = '\0';
    rig_op(&rig, 1, text, 0, 1);
    free(text);
    rig_op(&rig, 1, "1 'x'", 1, 2);
    int err = 0;
    for (int i = 0; err == 0 && i < PIECES; i++) {
        err = weft_op_delete(&op, 2);
        if (err == 0)
            err = weft_op_retain(&op, 1);
    }
    if (err == 0)
        err = weft_op_delete(&op, 2);
    assert_int_equal(err, 0);
    struct room_event ev = {.kind = ROOM_OPERATION, .conn = 1};
    ev.submission =
        (struct room_submission){.op = &op, .has_rev = true, .rev = 1, .has_seq = true, .seq = 3};
    says(rig_step(&rig, &ev), "1: error too_large seq 3 (op: too many parts or code points once "
                              "merged; send it in smaller pieces)");
    assert_int_equal(room_info(rig.room).head_rev, 2);
    says(rig_op(&rig, 1, "'y'", 2, 4), "persist 3");
    weft_op_done(&op);
}

static void a_backlog_is_told_before_anything_is_refused(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    for (unsigned i = 0; i < PENDING_REVS_MAX / 2; i++) {
        assert_int_equal(room_info(rig.room).backlog,
                         i <= PENDING_REVS_MAX / 4 ? ROOM_BACKLOG_LOW : ROOM_BACKLOG_SOME);
        rig_op(&rig, 1, "'a'", i, 0);
    }
    assert_int_equal(room_info(rig.room).backlog, ROOM_BACKLOG_HIGH);
    rig_commit(&rig);
    assert_int_equal(room_info(rig.room).backlog, ROOM_BACKLOG_LOW);
}

static void a_reader_may_not_write(void **state)
{
    (void)state;
    struct room_event ev = {.kind = ROOM_JOIN, .conn = 1};
    ev.join.user_id = rig_user('A');
    ev.join.mode = ROOM_READ;
    says(rig_step(&rig, &ev), "1: welcome 0 '' 0 A seq 0 read; !1: join A");
    says(rig_op(&rig, 1, "'x'", 0, 7),
         "1: error read_only seq 7 (found an operation, expected none: this connection is in mode "
         "read)");
    says(rig_meta(&rig, 1, "a=b", 0),
         "1: error read_only (found an operation, expected none: this connection is in mode "
         "read)");
    assert_int_equal(room_info(rig.room).head_rev, 0);
}

static void a_full_document_still_takes_deletions(void **state)
{
    (void)state;
    rig.config.document_bytes_max = 5;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    says(rig_op(&rig, 1, "'abcde'", 0, 1), "persist 1"); /* N */
    says(rig_op(&rig, 1, "5 'f'", 1, 2),
         "1: error doc_full seq 2 (the document would be 6 bytes, expected at most 5; deleting is "
         "still possible)"); /* N + 1, before it is on disk */
    rig_commit(&rig);
    says(rig_op(&rig, 1, "5 'f'", 1, 2),
         "1: error doc_full seq 2 (the document would be 6 bytes, expected at most 5; deleting is "
         "still possible)");
    says(rig_op(&rig, 1, "-1 'f'", 1, 2), "persist 2");
    says(rig_op(&rig, 1, "-2", 2, 3), "persist 3");
    says(rig_op(&rig, 1, "'\xc3\xa4'", 3, 4), "persist 4"); /* bytes count, not code points */
    says(rig_op(&rig, 1, "'x'", 4, 5),
         "1: error doc_full seq 5 (the document would be 6 bytes, expected at most 5; deleting is "
         "still possible)");
    rig_commit(&rig);
    assert_true(rig_text_is(&rig, "\xc3\xa4"
                                  "cde"));
}

static void what_is_replaced_in_a_full_document_counts_in_bytes(void **state)
{
    (void)state;
    rig.config.document_bytes_max = 6;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    says(rig_op(&rig, 1, "'\xc3\xa4\xc3\xa4\xc3\xa4'", 0, 1), "persist 1");
    rig_commit(&rig);
    says(rig_op(&rig, 1, "1 -1 '\xc3\xb6' 1", 1, 2), "persist 2");
    says(rig_op(&rig, 1, "-1 '\xc3\xb6'", 2, 3), /* the least it can be, until it is measured */
         "1: error doc_full seq 3 (the document would be 8 bytes, expected at most 6; deleting is "
         "still possible)");
    rig_commit(&rig);
    says(rig_op(&rig, 1, "-1 '\xc3\xb6x'", 2, 3),
         "1: error doc_full seq 3 (the document would be 7 bytes, expected at most 6; deleting is "
         "still possible)");
    says(rig_op(&rig, 1, "-1 '\xc3\xb6' 1 -1 'x'", 2, 3), "persist 3");
    rig_commit(&rig);
    assert_true(rig_text_is(&rig, "\xc3\xb6\xc3\xb6x"));
    /* And where they stand: one byte goes here, two go there. */
    says(rig_op(&rig, 1, "-1 1 -1 'abcd'", 3, 4), "persist 4");
    rig_commit(&rig);
    says(rig_op(&rig, 1, "1 -1 'abcdefg'", 4, 5),
         "1: error doc_full seq 5 (the document would be 12 bytes, expected at most 6; deleting is "
         "still possible)");
}

static void above_the_limit_already_only_deletions_are_taken(void **state)
{
    (void)state;
    char why[200];
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'abcdefgh'", 0, 1);
    rig_commit(&rig);
    rig.config.document_bytes_max = 5; /* an operator lowered it */
    assert_int_equal(rig_reload(&rig, false, 1, 1, why), 0);
    rig_join(&rig, 2, 'B');
    says(rig_op(&rig, 2, "-3 'x'", 1, 1),
         "2: error doc_full seq 1 (the document would be 6 bytes, expected at most 5; deleting is "
         "still possible)");
    says(rig_op(&rig, 2, "-1", 1, 1), "persist 2");
}

static void who_has_not_joined_says_nothing(void **state)
{
    (void)state;
    says(rig_op(&rig, 9, "'x'", 0, 0), "");
    says(rig_cursor(&rig, 9, 0, 0), "");
    says(rig_leave(&rig, 9), "");
    says(rig_behind(&rig, 9, 0, 0), "");
}

static void the_disk_may_be_so_far_behind_and_no_further(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    for (int i = 0; i < PENDING_REVS_MAX; i++)
        rig_op(&rig, 1, "'x'", i, 0);
    says(rig_op(&rig, 1, "'x'", 0, 0),
         "1: error unavailable retry 1000 (storage is behind: 4096 operations wait for the disk; "
         "nothing was applied)");
    rig_durable(&rig, 1);
    says(rig_op(&rig, 1, "'x'", 1, 0), "persist 4097");
}

/* --- exactly once --- */

static void a_repeat_is_acknowledged_and_not_applied(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    says(rig_op(&rig, 1, "'a'", 0, 1), ""); /* not on disk yet: it waits */
    says(rig_durable(&rig, 1), "!1: edit 1 A [\"a\"]; 1: ack 1 seq 1; 1: ack 1 seq 1 dup");
    says(rig_op(&rig, 1, "'a'", 0, 1), "1: ack 1 seq 1 dup");
    rig_op(&rig, 1, "'b'", 1, 5); /* a gap is fine */
    rig_commit(&rig);
    says(rig_op(&rig, 1, "'z'", 2, 5), "1: ack 2 seq 5 dup");
    says(rig_op(&rig, 1, "'z'", 2, 3),
         "1: ack 0 seq 3 dup"); /* an older one: its rev is not known */
    /* Even one that would not fit: it is not looked at. */
    says(rig_op(&rig, 1, "99 'z'", 77, 4), "1: ack 0 seq 4 dup");
    assert_int_equal(room_info(rig.room).head_rev, 2);
}

static void a_repeat_waits_for_no_more_than_its_own(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_commit(&rig);
    rig_op(&rig, 1, "'b'", 1, 2);
    /* 1 is on disk, so that is said now; were it bound to 2, it would be lost together with it. */
    says(rig_op(&rig, 1, "'a'", 0, 1), "1: ack 1 seq 1 dup");
    says(rig_fail(&rig), "1: error unavailable seq 2 retry 1000 (storage failed; nothing was "
                         "applied, the operation may be sent again)");
}

static void sessions_count_each_for_themselves(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    says(rig_op(&rig, 1, "'a'", 0, 3), "persist 1");
    says(rig_op(&rig, 2, "'b'", 0, 2), "persist 2");
    says(rig_op(&rig, 2, "'b'", 0, 3), "persist 3");
}

/* --- a commit fails --- */

static void everything_not_on_disk_is_forgotten_and_its_authors_told(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'kept'", 0, 1);
    rig_commit(&rig);
    rig_op(&rig, 1, "'x'", 1, 2);
    rig_op(&rig, 2, "'y'", 1, 1);
    rig_op(&rig, 2, "'z'", 1, 0);
    rig_op(&rig, 2, "'y'", 1, 1); /* waits, and is lost with its original */
    says(rig_fail(&rig),
         "1: error unavailable seq 2 retry 1000 (storage failed; nothing was applied, the "
         "operation may be sent again); "
         "2: error unavailable seq 1 retry 1000 (storage failed; nothing was applied, the "
         "operation may be sent again); "
         "2: error unavailable retry 1000 (storage failed; nothing was applied, the operation may "
         "be sent again); "
         "2: error unavailable seq 1 retry 1000 (storage failed; nothing was applied, the "
         "operation may be sent again)");
    assert_int_equal(room_info(rig.room).head_rev, 1);
    assert_true(rig_text_is(&rig, "kept"));
    /* The same seq is new again, at the same revision. */
    says(rig_op(&rig, 2, "'y'", 1, 1), "persist 2");
    says(rig_op(&rig, 1, "'x'", 1, 2), "persist 3");
    says(rig_durable(&rig, 3), "!2: edit 2 B [\"y\"]; 2: ack 2 seq 1; "
                               "!1: edit 3 A [\"x\"]; 1: ack 3 seq 2");
    assert_true(rig_text_is(&rig, "xykept"));
}

static void what_was_lost_comes_again_before_anything_newer(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'1'", 0, 1);
    rig_op(&rig, 1, "'2'", 0, 2);
    rig_fail(&rig);
    says(rig_op(&rig, 1, "'3'", 0, 3),
         "1: error unavailable seq 3 retry 1000 (seq: found 3, expected 1 first: it could not be "
         "stored and must be sent again before)");
    says(rig_op(&rig, 1, "'x'", 0, 0), "persist 1"); /* without a seq there is no order to keep */
    says(rig_op(&rig, 1, "'1'", 0, 1), "persist 2");
    says(rig_op(&rig, 1, "'2'", 0, 2), "persist 3");
    says(rig_op(&rig, 1, "'3'", 0, 3), "persist 4");
}

/* The lost one comes again and this time it is refused for good: its author goes on with the next. */
static void a_lost_one_that_is_refused_later_holds_nothing_up(void **state)
{
    (void)state;
    rig.config.document_bytes_max = 5;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 1, "'abcd'", 0, 1);
    rig_fail(&rig);
    says(rig_op(&rig, 2, "'12345'", 0, 1), "persist 1");
    rig_commit(&rig);
    says(rig_op(&rig, 1, "'abcd'", 0, 1),
         "1: error doc_full seq 1 (the document would be 9 bytes, expected at most 5; deleting is "
         "still possible)");
    says(rig_op(&rig, 1, "-1", 1, 2), "persist 2");
}

static void a_failure_with_nothing_pending_says_nothing(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    says(rig_fail(&rig), "");
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_commit(&rig);
    says(rig_fail(&rig), "");
    says(rig_op(&rig, 1, "'a'", 0, 1), "1: ack 1 seq 1 dup");
}

/* --- entries --- */

static void entries_are_logged_with_an_operation_that_does_nothing(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    says(rig_meta(&rig, 1, "language=c,wrap=on", 1), "persist 1");
    assert_null(room_meta_of(rig.room));
    says(rig_commit(&rig), "!1: meta 1 A {language=c,wrap=on}; 1: ack 1 seq 1");
    says(rig_meta(&rig, 1, "-wrap,language=d,tab=4", 2), "persist 2");
    says(rig_commit(&rig), "!1: meta 2 A {-wrap,language=d,tab=4}; 1: ack 2 seq 2");
    says(rig_join(&rig, 2, 'B'), "2: welcome 2 '' 0 B seq 0 {language=d,tab=4} with A; !2: join B");
    says(rig_meta(&rig, 1, "-language,-tab,-never", 3), "persist 3");
    rig_commit(&rig);
    assert_null(room_meta_of(rig.room));
}

static void a_room_without_entries_holds_no_table_for_them(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    size_t before = faulty_never()->live_bytes;
    rig_op(&rig, 1, "'x'", 0, 1);
    assert_true(faulty_never()->live_bytes < before + sizeof(struct room_meta));
}

static void sixteen_keys_and_no_more(void **state)
{
    (void)state;
    static const char sixteen[] = "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1";
    static const char words[] =
        "1: error too_large seq 2 (meta: found more than 16 keys with those the room has, expected "
        "at most that; null removes one)";
    rig_join(&rig, 1, 'A');
    says(rig_meta(&rig, 1, sixteen, 1), "persist 1");
    says(rig_meta(&rig, 1, "q=1", 2), words); /* decided counts, not durable */
    rig_commit(&rig);
    says(rig_meta(&rig, 1, "q=1", 2), words);
    says(rig_meta(&rig, 1, "q=1,-a", 2), "persist 2"); /* one for another, in any order */
    says(rig_meta(&rig, 1, "b=2", 3), "persist 3");
    rig_fail(&rig);
    says(rig_meta(&rig, 1, "q=1", 2), words); /* a is back */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(an_operation_is_shown_when_it_is_on_disk),
        T(concurrent_ones_are_rewritten_the_later_goes_left),
        T(a_deletion_of_what_is_gone_is_logged_all_the_same),
        T(without_a_revision_the_newest_decided_is_meant),
        T(at_end_means_the_end_of_the_document_at_its_revision),
        T(what_does_not_fit_is_refused_whole),
        T(what_grows_too_large_by_merging_is_refused),
        T(a_backlog_is_told_before_anything_is_refused),
        T(a_reader_may_not_write),
        T(a_full_document_still_takes_deletions),
        T(what_is_replaced_in_a_full_document_counts_in_bytes),
        T(above_the_limit_already_only_deletions_are_taken),
        T(who_has_not_joined_says_nothing),
        T(the_disk_may_be_so_far_behind_and_no_further),
        T(a_repeat_is_acknowledged_and_not_applied),
        T(a_repeat_waits_for_no_more_than_its_own),
        T(sessions_count_each_for_themselves),
        T(everything_not_on_disk_is_forgotten_and_its_authors_told),
        T(what_was_lost_comes_again_before_anything_newer),
        T(a_lost_one_that_is_refused_later_holds_nothing_up),
        T(a_failure_with_nothing_pending_says_nothing),
        T(entries_are_logged_with_an_operation_that_does_nothing),
        T(a_room_without_entries_holds_no_table_for_them),
        T(sixteen_keys_and_no_more),
    };
    return cmocka_run_group_tests_name("the life of an operation", tests, NULL, NULL);
}
