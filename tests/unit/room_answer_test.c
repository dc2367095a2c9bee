/* Texts and histories: from memory, from the log, and waiting for the disk. */
#include "room/record.h"
#include "support/room_suite.h"

static const char unreadable[] = "7: error unavailable retry 1000 (the log could not be read: %s)";

static void one_reads_ones_own_writes_once_they_are_on_disk(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    says(rig_text(&rig, 7, RIG_NO_REV), "7: text 0 ''"); /* who asks need not have joined */
    says(rig_history(&rig, 7, 1, 0), "7: history 1-0");
    rig_op(&rig, 1, "'a'", 0, 1);
    says(rig_text(&rig, 7, RIG_NO_REV), "");
    says(rig_history(&rig, 7, 1, 0), "");
    rig_op(&rig, 1, "1 'b'", 1, 2);
    says(rig_text(&rig, 7, 2), "");
    assert_false(room_info(rig.room).is_idle);
    says(rig_durable(&rig, 1),
         "!1: edit 1 A [\"a\"]; 1: ack 1 seq 1; 7: text 1 'a'; 7: history 1-1 <1 A [\"a\"]>");
    says(rig_history(&rig, 7, 1, 1),
         "7: history 1-1 <1 A [\"a\"]>"); /* no newer one is waited for */
    says(rig_durable(&rig, 2), "!1: edit 2 A [1,\"b\"]; 1: ack 2 seq 2; 7: text 2 'ab'");
    says(rig_text(&rig, 7, 3), "7: error bad_rev (rev: found 3, expected at most 2, the newest "
                               "revision)");
    says(rig_history(&rig, 7, 3, 0), "7: history 3-2"); /* one past the newest: nothing yet */
    says(rig_history(&rig, 7, 4, 0),
         "7: error bad_rev (from: found 4, expected at most 3, one above the newest revision)");
}

static void a_history_names_who_and_what(void **state)
{
    (void)state;
    struct room_event ev = {.kind = ROOM_JOIN, .conn = 1};
    ev.join.user_id = rig_user('A');
    ev.join.name = (struct room_str){"Ada", 3};
    rig_step(&rig, &ev);
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_meta(&rig, 1, "k=v", 2);
    ev = (struct room_event){.kind = ROOM_USER, .conn = 1};
    ev.user.has_name = true;
    rig_step(&rig, &ev); /* the name is the one of that time */
    rig_op(&rig, 1, "-1", 2, 3);
    rig_commit(&rig);
    says(rig_history(&rig, 7, 1, 0),
         "7: history 1-3 <1 A 'Ada' [\"a\"]> <2 A 'Ada' [] {k=v}> <3 A [-1]>");
    says(rig_history(&rig, 7, 2, 2), "7: history 2-2 <2 A 'Ada' [] {k=v}>");
    says(rig_history(&rig, 7, 3, 9), "7: history 3-3 <3 A [-1]>");
}

static void an_answer_has_an_end(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    for (int rev = 0; rev < HISTORY_ANSWER_REVS_MAX + 1; rev++)
        rig_op(&rig, 1, "", rev, 0);
    rig_commit(&rig);
    says(rig_history(&rig, 7, 2, 0), "7: history 2-1001"); /* N */
    says(rig_history(&rig, 7, 1, 0), "7: history 1-1000"); /* N + 1 */
    says(rig_history(&rig, 7, 900, 940), "7: history 900-940");
}

static void an_answer_has_so_many_bytes_and_at_least_one_item(void **state)
{
    (void)state;
    enum { BIG = 400 << 10 };
    rig.config.document_bytes_max = 16 << 20;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    char *notation = malloc(3 * BIG + 3);
    assert_non_null(notation);
    memset(notation, 'x', 3 * BIG + 2);
    notation[0] = '\'';
    notation[BIG + 1] = '\'';
    notation[BIG + 2] = '\0';
    for (int rev = 0; rev < 3; rev++)
        rig_op(&rig, 1, notation, rev, 0);
    notation[BIG + 1] = 'x';
    notation[BIG + 2] = 'x';
    notation[3 * BIG + 1] = '\'';
    notation[3 * BIG + 2] = '\0';
    rig_op(&rig, 1, notation, 3, 0);
    rig_commit(&rig);
    says(rig_history(&rig, 7, 1, 0),
         "7: history 1-2 <1 A [409600 in, 0 out]> <2 A [409600 in, 0 out]>");
    says(rig_history(&rig, 7, 4, 0), "7: history 4-4 <4 A [1228800 in, 0 out]>");
    free(notation);
}

/* Revisions 'a', 'b', 'c', one so large that a snapshot is taken, and its end; opened again so that
 * the history starts behind base_rev. */
static void reopen(uint64_t base_rev)
{
    enum { LARGE = 70000 };
    char *notation = malloc(LARGE + 3);
    char why[200];
    assert_non_null(notation);
    memset(notation, 'x', LARGE + 2);
    notation[0] = '\'';
    notation[LARGE + 1] = '\'';
    notation[LARGE + 2] = '\0';
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_op(&rig, 1, "1 'b'", 1, 2);
    rig_op(&rig, 1, "2 'c'", 2, 3);
    rig_op(&rig, 1, notation, 3, 4);
    rig_commit(&rig);
    assert_int_equal(rig.snapshot_rev, 4);
    rig_op(&rig, 1, "-70000", 4, 5);
    rig_commit(&rig);
    free(notation);
    assert_int_equal(rig_reload(&rig, true, base_rev + 1, 5, why), 0);
    assert_int_equal(room_info(rig.room).base_rev, base_rev);
}

static void what_is_kept_is_not_fetched(void **state)
{
    (void)state;
    char why[200];
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    rig_meta(&rig, 1, "k=v", 0);
    rig_op(&rig, 1, "1 'b'", 2, 2);
    rig_commit(&rig);
    says(rig_text(&rig, 7, 2), "7: text 2 'a'"); /* the history reaches back to the empty text */
    says(rig_text(&rig, 7, 0), "7: text 0 ''");
    assert_int_equal(rig_reload(&rig, false, 1, 3, why), 0);
    says(rig_history(&rig, 7, 1, 2), "7: history 1-2 <1 A [\"a\"]> <2 A [] {k=v}>");
}

static void an_old_text_is_fetched(void **state)
{
    (void)state;
    reopen(4);
    says(rig_text(&rig, 7, 2), "fetch 7 #1 base 2");
    assert_false(room_info(rig.room).is_idle);
    says(rig_text(&rig, 7, 0), "fetch 7 #2 base 0");
    says(rig_fetched(&rig, 2, 0, 1, 0), "7: text 0 ''");
    says(rig_fetched(&rig, 1, 0, 1, 2), "7: text 2 'ab'");
    assert_true(room_info(rig.room).is_idle);
    says(rig_text(&rig, 7, 2), "fetch 7 #3 base 2"); /* nothing in memory goes on from it */
}

/* From where the history begins, or the snapshot if that is later, nothing more is asked for. */
static void one_fetch_is_enough_for_all_that_is_kept(void **state)
{
    (void)state;
    reopen(1);
    says(rig_text(&rig, 7, 3), "fetch 7 #1 base 3");
    says(rig_fetched(&rig, 1, 0, 1, 3), "7: text 3 'abc'");
    says(rig_text(&rig, 7, 2), "7: text 2 'ab'");
    says(rig_text(&rig, 7, 1), "7: text 1 'a'");
    says(rig_text(&rig, 7, 3), "7: text 3 'abc'");
    says(rig_text(&rig, 7, 0), "fetch 7 #2 base 0");
    says(rig_fetched(&rig, 2, 0, 1, 0), "7: text 0 ''");
    says(rig_text(&rig, 7, 1), "7: text 1 'a'");
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'d'", 5, 6);
    rig_commit(&rig);
    says(rig_text(&rig, 7, 5), "7: text 5 'abc'");
    says(rig_text(&rig, 7, 6), "7: text 6 'dabc'");
}

static const uint8_t *fifth(const void *ctx, size_t i, size_t *ret_len)
{
    (void)ctx;
    assert_int_equal(i, 0);
    *ret_len = rig.records[4].len;
    return rig.records[4].at;
}

static void the_oldest_text_fetched_is_the_one_that_stays(void **state)
{
    (void)state;
    struct room_event ev = {.kind = ROOM_FETCHED};
    reopen(1);
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'d'", 5, 6);
    rig_commit(&rig);
    says(rig_text(&rig, 7, 5), "fetch 7 #1 base 5");
    says(rig_text(&rig, 7, 2), "fetch 7 #2 base 2");
    ev.fetched = (struct room_fetched){.ticket = 1,
                                       .has_snapshot = true,
                                       .snapshot_rev = 4,
                                       .snapshot = rig.snapshot.at,
                                       .snapshot_len = rig.snapshot.len,
                                       .first_rev = 5,
                                       .n_records = 1,
                                       .record = fifth};
    says(rig_step(&rig, &ev), "7: text 5 'abc'");
    says(rig_text(&rig, 7, 5), "7: text 5 'abc'"); /* from the snapshot */
    says(rig_text(&rig, 7, 3), "fetch 7 #3 base 3");
    says(rig_fetched(&rig, 3, 0, 1, 3), "7: text 3 'abc'");
    says(rig_text(&rig, 7, 1), "7: text 1 'a'");
    says(rig_fetched(&rig, 2, 0, 1, 2), "7: text 2 'ab'");
    says(rig_text(&rig, 7, 1), "7: text 1 'a'");
}

/* The log says something else than the history: the answer is the log's, and is not built on. */
static void a_text_that_the_history_does_not_continue_is_not_kept(void **state)
{
    (void)state;
    struct record r = {.rev = 1, .prev_sum = record_first_sum(&rig.epoch)};
    struct weft_op op;
    struct buf b;
    reopen(1);
    weft_op_init(&op, weft_heap());
    buf_init(&b, weft_heap());
    assert_int_equal(weft_op_insert(&op, "z", 1), 0);
    assert_int_equal(record_encode(&r, &op, &b), 0);
    struct rig_bytes good = rig.records[0];
    rig.records[0] = (struct rig_bytes){b.data, b.len};
    rig_text(&rig, 7, 1);
    says(rig_fetched(&rig, 1, 0, 1, 1), "7: text 1 'z'");
    says(rig_text(&rig, 7, 1), "fetch 7 #2 base 1");
    rig.records[0] = good;
    says(rig_fetched(&rig, 2, 0, 1, 1), "7: text 1 'a'");
    says(rig_text(&rig, 7, 1), "7: text 1 'a'");
    buf_done(&b);
    weft_op_done(&op);
}

/* Makes the room forget its history, as one does whose log is long: 4 MiB a revision. */
static void fill_history(void)
{
    enum { BIG = 4 << 20 };
    char *notation = malloc(BIG + 3);
    assert_non_null(notation);
    memset(notation, 'x', BIG + 2);
    notation[0] = '\'';
    notation[BIG + 1] = '\'';
    notation[BIG + 2] = '\0';
    rig.config.document_bytes_max = 16 << 20;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    for (int rev = 1; rev < 9; rev += 2) {
        rig_op(&rig, 1, notation, rev, 0);
        rig_op(&rig, 1, "-4194304", rev + 1, 0);
        rig_commit(&rig);
    }
    free(notation);
}

static void a_long_history_is_forgotten_from_the_old_end(void **state)
{
    (void)state;
    fill_history();
    uint64_t base = room_info(rig.room).base_rev;
    assert_in_range(base, 1, 8);
    char words[200];
    snprintf(words, sizeof words,
             "1: error gone seq 9 (rev: found %d, expected at least %d, the oldest revision that "
             "can be merged; join again for the text)",
             (int)base - 1, (int)base);
    says(rig_op(&rig, 1, "'x'", (int64_t)base - 1, 9), words);
    says(rig_op(&rig, 1, "'x'", (int64_t)base, 9), "persist 10");
    rig_commit(&rig);
    snprintf(words, sizeof words, "1: error gone (rev: found %d, expected %d to 10)", (int)base - 1,
             (int)base);
    says(rig_cursor(&rig, 1, 0, (int64_t)base - 1), words);
    says(rig_behind(&rig, 1, base - 1, 0), "close 1 4409 (too slow: reconnect and resume)");
    assert_non_null(strstr(rig_resume(&rig, 2, 'A', (int64_t)base - 1), "2: welcome 10 'xa' 2"));
    assert_non_null(strstr(rig_resume(&rig, 3, 'A', (int64_t)base), "3: welcome 10 resume 2"));
    says(rig_history(&rig, 7, 1, 1), "fetch 7 #1 read 1-1");
    says(rig_fetched(&rig, 1, 0, 1, 1), "7: history 1-1 <1 A [\"a\"]>");
}

/* Text 2 has more than 4 MiB. */
static void what_is_too_large_is_not_kept(void **state)
{
    (void)state;
    fill_history();
    assert_int_equal(room_info(rig.room).base_rev, 2);
    rig_text(&rig, 7, 3);
    says(rig_fetched(&rig, 1, 0, 1, 3), "7: text 3 'a'");
    says(rig_text(&rig, 7, 3), "fetch 7 #2 base 3");
}

/* A record that is whole, and of another log. */
static void a_fetched_history_is_a_chain(void **state)
{
    (void)state;
    char words[200];
    snprintf(words, sizeof words, unreadable, "stored bytes do not check");
    reopen(4);
    says(rig_history(&rig, 7, 1, 3), "fetch 7 #1 read 1-3");
    rig_fetched(&rig, 1, 0, 1, 3);
    assert_non_null(strstr(rig.said, "7: history 1-3 "));
    struct rig_bytes *second = &rig.records[1];
    uint32_t sum = record_follow(second->at, second->len, 77);
    rig_history(&rig, 7, 1, 3);
    says(rig_fetched(&rig, 2, 0, 1, 3), words);
    /* Behind one that it follows, but the third does not follow it. */
    (void)record_follow(second->at, second->len, sum);
    rig_history(&rig, 7, 2, 3);
    says(rig_fetched(&rig, 3, 0, 2, 3), words);
    const struct uuid other = rig_user('F');
    (void)record_follow(rig.records[0].at, rig.records[0].len, record_first_sum(&other));
    rig_history(&rig, 7, 1, 1);
    says(rig_fetched(&rig, 4, 0, 1, 1), words);
}

static void what_was_fetched_and_does_not_check_is_an_error(void **state)
{
    (void)state;
    char words[200];
    snprintf(words, sizeof words, unreadable, "stored bytes do not check");
    reopen(4);
    rig_text(&rig, 7, 2);
    says(rig_fetched(&rig, 1, 0, 1, 1), words); /* too few */
    rig_text(&rig, 7, 2);
    says(rig_fetched(&rig, 2, 0, 2, 2), words); /* none before it */
    rig_text(&rig, 7, 2);
    says(rig_fetched(&rig, 3, 0, 1, 3), words); /* too many */
    rig_text(&rig, 7, 2);
    rig.records[1].at[12] ^= 1;
    says(rig_fetched(&rig, 4, 0, 1, 2), words);
    rig.records[1].at[12] ^= 1;
    rig_text(&rig, 7, 2);
    snprintf(words, sizeof words, unreadable, "storage failed");
    says(rig_fetched(&rig, 5, WEFT_EIO, 1, 0), words);
    rig_text(&rig, 7, 2);
    says(rig_fetched(&rig, 6, 0, 1, 2), "7: text 2 'ab'");
}

static void a_wrong_stretch_of_history_is_an_error(void **state)
{
    (void)state;
    char words[200];
    snprintf(words, sizeof words, unreadable, "stored bytes do not check");
    fill_history();
    says(rig_history(&rig, 7, 1, 1), "fetch 7 #1 read 1-1");
    says(rig_fetched(&rig, 1, 0, 3, 3), words);
}

static void what_waited_for_a_failed_commit_is_answered_with_what_there_is(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 0);
    rig_commit(&rig);
    rig_op(&rig, 1, "'b'", 1, 0);
    rig_op(&rig, 1, "'c'", 2, 0);
    rig_text(&rig, 7, RIG_NO_REV);
    rig_text(&rig, 7, 2);
    rig_history(&rig, 7, 1, 0);
    rig_history(&rig, 7, 2, 0);
    const char *said = strstr(rig_fail(&rig), "7: ");
    assert_non_null(said);
    says(said, "7: text 1 'a'; 7: text 1 'a'; 7: history 1-1 <1 A [\"a\"]>; 7: history 2-1");
}

static void so_many_answers_wait_and_no_more(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'a'", 0, 1);
    for (int i = 0; i < WAITING_MAX; i++)
        says(rig_text(&rig, 7, RIG_NO_REV), "");
    says(rig_text(&rig, 7, RIG_NO_REV),
         "7: error rate_limited retry 1000 (found 4096 answers that wait for the disk, expected "
         "fewer; ask again later)");
    says(rig_op(&rig, 1, "'a'", 0, 1),
         "1: error rate_limited seq 1 retry 1000 (found 4096 answers that wait for the disk, "
         "expected fewer; ask again later)");
    rig_commit(&rig);
    says(rig_text(&rig, 7, RIG_NO_REV), "7: text 1 'a'");
}

static void so_many_reads_are_under_way_and_no_more(void **state)
{
    (void)state;
    char expected[100];
    reopen(4);
    for (int i = 1; i <= 256; i++) {
        snprintf(expected, sizeof expected, "fetch 7 #%d base 0", i);
        says(rig_text(&rig, 7, 0), expected);
    }
    says(rig_text(&rig, 7, 0),
         "7: error rate_limited retry 1000 (found 256 reads of the log under way in this room, "
         "expected fewer; ask again later)");
    says(rig_fetched(&rig, 100, 0, 1, 0), "7: text 0 ''"); /* in any order */
    says(rig_text(&rig, 7, 0), "fetch 7 #257 base 0");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(one_reads_ones_own_writes_once_they_are_on_disk),
        T(a_history_names_who_and_what),
        T(an_answer_has_an_end),
        T(an_answer_has_so_many_bytes_and_at_least_one_item),
        T(what_is_kept_is_not_fetched),
        T(an_old_text_is_fetched),
        T(one_fetch_is_enough_for_all_that_is_kept),
        T(the_oldest_text_fetched_is_the_one_that_stays),
        T(a_text_that_the_history_does_not_continue_is_not_kept),
        T(what_is_too_large_is_not_kept),
        T(a_long_history_is_forgotten_from_the_old_end),
        T(a_fetched_history_is_a_chain),
        T(what_was_fetched_and_does_not_check_is_an_error),
        T(a_wrong_stretch_of_history_is_an_error),
        T(what_waited_for_a_failed_commit_is_answered_with_what_there_is),
        T(so_many_answers_wait_and_no_more),
        T(so_many_reads_are_under_way_and_no_more),
    };
    return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
