/* The life of a room on disk: snapshots by age, where the log is cut, and what is answered of what was cut
 * away. */
#include "support/room_suite.h"

#include "room/audit.h"
#include "room/state.h"

/* --- where a log may be cut --- */

static struct timeline times_of(size_t n, const uint64_t *revs)
{
    struct timeline t = {0};
    for (size_t i = 0; i < n; i++)
        timeline_add(&t, revs[i], (int64_t)revs[i] * 1000);
    return t;
}

static void test_cut_by_revisions(void **state)
{
    (void)state;
    struct timeline t = times_of(3, (const uint64_t[]){10, 20, 30});
    struct retention keep = {0};
    assert_int_equal(retention_cut(&keep, &t, 40, 0), 0); /* all */
    keep.revs = 10;
    assert_int_equal(retention_cut(&keep, &t, 40, 0), 30);
    assert_int_equal(retention_cut(&keep, &t, 39, 0), 20);
    keep.revs = 30;
    assert_int_equal(retention_cut(&keep, &t, 40, 0), 10);
    keep.revs = 31;
    assert_int_equal(retention_cut(&keep, &t, 40, 0), 0);
}

static void test_cut_by_time(void **state)
{
    (void)state;
    struct timeline t = times_of(3, (const uint64_t[]){10, 20, 30});
    struct retention keep = {.ms = 5000};
    assert_int_equal(retention_cut(&keep, &t, 40, 0), 0); /* nobody knows how late it is */
    assert_int_equal(retention_cut(&keep, &t, 40, 14999), 0);
    assert_int_equal(retention_cut(&keep, &t, 40, 15000), 10);
    assert_int_equal(retention_cut(&keep, &t, 40, 34999), 20);
    assert_int_equal(retention_cut(&keep, &t, 40, 35000), 30);
    assert_int_equal(retention_cut(&keep, &t, 40, 1000000), 30);
    keep.revs = 15; /* what either keeps is kept */
    assert_int_equal(retention_cut(&keep, &t, 40, 1000000), 20);
}

static void test_timeline(void **state)
{
    (void)state;
    struct timeline t = {0};
    timeline_add(&t, 5, 900);
    timeline_add(&t, 6, 100); /* the clock was put back: not older than what lies before it */
    assert_int_equal(t.marks[1].at_ms, 900);
    timeline_add(&t, 6, 950);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.marks[1].at_ms, 950);
    for (uint64_t rev = 7; t.n < TIMELINE_MAX; rev++)
        timeline_add(&t, rev, 1000);
    uint64_t newest = t.marks[TIMELINE_MAX - 1].rev;
    timeline_add(&t, newest + 1, 2000);
    assert_int_equal(t.n, TIMELINE_MAX / 2 + 1);
    assert_int_equal(t.marks[TIMELINE_MAX / 2].rev, newest + 1);
    assert_int_equal(t.marks[TIMELINE_MAX / 2 - 1].rev, newest);
    assert_int_equal(t.marks[0].rev, 6);
    timeline_trim(&t, 10);
    assert_int_equal(t.marks[0].rev, 10);
    timeline_trim(&t, newest + 5);
    assert_int_equal(t.n, 0);
}

static void test_rounds(void **state)
{
    (void)state;
    const int64_t day_ms = 86400000;
    assert_int_equal(retention_round_ms(&(struct retention){0}), 0);
    assert_int_equal(retention_round_ms(&(struct retention){.revs = 1}), day_ms);
    assert_int_equal(retention_round_ms(&(struct retention){.ms = day_ms}), day_ms / 8);
    assert_int_equal(retention_round_ms(&(struct retention){.ms = 30 * day_ms}), day_ms);
    assert_int_equal(retention_round_ms(&(struct retention){.ms = 60000}), 60000);
}

/* --- snapshots by age --- */

static const char *tick_at(int64_t now_ms, struct room_tick tick)
{
    rig.now_ms = now_ms - 1;
    return rig_step(&rig, &(struct room_event){.kind = ROOM_TICK, .tick = tick});
}

static void type(const char *notation, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rig_op(&rig, 1, notation, RIG_NO_REV, 0);
    rig_commit(&rig);
}

static void test_left_alone(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    type("'0123456789'", 50); /* 3,000 bytes of records: read before anybody waits */
    says(tick_at(100000, (struct room_tick){0}), "");
    says(tick_at(100001, (struct room_tick){.leaves = true}), "");
    type("'0123456789'", 50);
    int64_t changed = rig.now_ms;
    says(tick_at(changed + 29999, (struct room_tick){0}), "");
    says(tick_at(changed + 30000, (struct room_tick){0}), "snapshot 100");
    says(tick_at(changed + 90000, (struct room_tick){.leaves = true}), "");
    type("'0123456789'", 100);
    says(tick_at(changed + 90300, (struct room_tick){0}), "");
    says(tick_at(changed + 90301, (struct room_tick){.leaves = true}), "snapshot 200 for 100");
}

/* A large text is not written down again for a few words. */
static void test_large_and_little_changed(void **state)
{
    (void)state;
    char *big = malloc(200003);
    memset(big, 'x', 200002);
    big[0] = big[200001] = '\'';
    big[200002] = '\0';
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, big, RIG_NO_REV, 0);
    free(big);
    rig_commit(&rig);
    assert_int_equal(rig.snapshot_rev, 1);
    type("'0123456789'", 100); /* 6,000 bytes; a sixteenth is 12,500 */
    says(tick_at(100000, (struct room_tick){.leaves = true}), "");
    type("'0123456789'", 250);
    says(tick_at(200000, (struct room_tick){.leaves = true}), "snapshot 351");
}

/* The room anew, from the log that begins at this snapshot. */
static void load_from(const struct rig_bytes *snapshot, uint64_t rev, uint64_t head)
{
    char why[200];
    room_free(rig.room);
    assert_int_equal(room_new(rig.alloc, &rig.config, &rig.epoch, &rig.room), 0);
    assert_int_equal(room_load_snapshot(rig.room, rev, snapshot->at, snapshot->len, why, 200), 0);
    room_load_base(rig.room, rev);
    for (uint64_t at = rev + 1; at <= head; at++)
        assert_int_equal(room_load_record(rig.room, at, rig.records[at - 1].at,
                                          rig.records[at - 1].len, why, 200),
                         0);
    assert_int_equal(room_load_end(rig.room, head, why, 200), 0);
    assert_true(room_check(rig.room));
}

/* Records are to be replayed for no more than a quarter of a snapshot. Of the snapshots that makes one
 * stays for each whole one's worth of records, and the others go when the next is there. */
static void test_passing_snapshots(void **state)
{
    (void)state;
    uint64_t last = 0;
    uint64_t passing = 0;
    size_t bytes_past = 0;
    size_t bytes_past_kept = 0;
    size_t kept_bytes = 0;
    size_t n_passing = 0;
    size_t n_kept = 0;
    rig.config.snapshot_record_bytes = 1000;
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    for (uint64_t rev = 1; rev <= 3000; rev++) {
        rig_op(&rig, 1, "'0123456789'", RIG_NO_REV, 0);
        const char *said = rig_durable(&rig, rev);
        size_t len = rig.records[rev - 1].len;
        bytes_past += len;
        bytes_past_kept += len;
        if (rig.snapshot_rev == last) {
            assert_true(last == 0 || bytes_past < 1000 || bytes_past < rig.snapshot.len / 4);
            continue;
        }
        char words[60];
        snprintf(words, sizeof words, "snapshot %d for %d", (int)rev, (int)passing);
        if (passing == 0)
            snprintf(words, sizeof words, "snapshot %d", (int)rev);
        const char *found = strstr(said, "snapshot");
        assert_non_null(found);
        assert_string_equal(found, words);
        bool stays = bytes_past_kept >= 1000 && bytes_past_kept >= kept_bytes;
        last = rev;
        passing = stays ? 0 : rev;
        bytes_past = 0;
        n_passing += !stays;
        n_kept += stays;
        if (stays) {
            bytes_past_kept = 0;
            kept_bytes = rig.snapshot.len;
        }
    }
    assert_true(n_passing > 10 && n_kept > 5);
    /* One that a room was opened from stays, whatever it was. */
    load_from(&rig.snapshot, last, last);
    rig_join(&rig, 1, 'A');
    for (uint64_t rev = last + 1; rig.snapshot_rev == last; rev++) {
        rig_op(&rig, 1, "'0123456789'", RIG_NO_REV, 0);
        const char *said = rig_durable(&rig, rev);
        assert_null(strstr(said, " for "));
    }
}

/* A snapshot of its own commit that failed is taken again, and not each second. */
static void test_failed_snapshot(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    type("'0123456789'", 100);
    says(tick_at(100000, (struct room_tick){0}), "snapshot 100");
    says(rig_fail(&rig), "");
    says(tick_at(100002, (struct room_tick){0}), "");
    says(tick_at(130001, (struct room_tick){0}), "snapshot 100");
    assert_int_equal(room_info(rig.room).rev, 100);
}

/* Memory runs out at each request in turn: nothing is changed, and the tick given again does all of it. */
static void test_tick_without_memory(void **state)
{
    (void)state;
    bool fired = true;
    for (long n = 0; fired; n++) {
        struct faulty f;
        struct rig *poor = calloc(1, sizeof *poor);
        faulty_init(&f, -1);
        assert_int_equal(rig_init(poor, &f.alloc), 0);
        poor->config.retention.ms = 5;
        rig_reset(poor);
        rig_join(poor, 1, 'A');
        rig_op(poor, 1, "'abc'", RIG_NO_REV, 1);
        rig_commit(poor);
        poor->retries = true;
        f.fail_at = f.requests + n;
        const char *said = rig_step(
            poor,
            &(struct room_event){.kind = ROOM_TICK,
                                 .tick = {.leaves = true, .unix_ms = 5000, .spare_bytes_max = 1}});
        assert_int_equal(poor->err, 0);
        assert_string_equal(said, "snapshot 1; trim 1");
        fired = f.requests > f.fail_at;
        assert_true(fired || n > 2);
        f.fail_at = -1;
        rig_done(poor);
        free(poor);
        assert_int_equal(f.live_blocks, 0);
    }
}

/* --- trimming --- */

static void keep(uint64_t revs, int64_t ms)
{
    rig.config.retention = (struct retention){.revs = revs, .ms = ms};
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
}

static void test_trims_by_revisions(void **state)
{
    (void)state;
    keep(50, 0);
    type("'0123456789'", 100);
    says(tick_at(100000, (struct room_tick){.leaves = true}), "snapshot 100");
    type("'0123456789'", 49);
    says(tick_at(100100, (struct room_tick){0}), "");
    type("'0123456789'", 1);
    says(tick_at(100200, (struct room_tick){0}), "trim 100");
    says(tick_at(100201, (struct room_tick){0}), ""); /* once */
    says(rig_fail(&rig), "");
    says(tick_at(100203, (struct room_tick){0}), "trim 100"); /* its commit failed */
}

/* A commit that was under way when the snapshot was taken says nothing of it. */
static void test_cuts_where_a_snapshot_stands(void **state)
{
    (void)state;
    keep(1, 0);
    type("'0123456789'", 100);
    says(tick_at(100000, (struct room_tick){.leaves = true}), "snapshot 100");
    rig_op(&rig, 1, "'x'", RIG_NO_REV, 0);
    rig_step(&rig, &(struct room_event){.kind = ROOM_DURABLE, .durable_rev = 101});
    says(rig_fail(&rig), ""); /* that of the snapshot */
    says(tick_at(100100, (struct room_tick){.leaves = true}), "snapshot 101");
    type("'x'", 1);
    says(tick_at(100200, (struct room_tick){0}), "trim 101");
}

static void test_trims_by_time(void **state)
{
    (void)state;
    keep(0, 80000);
    type("'a'", 3); /* at 1,000 */
    /* Each eighth of the time there is one to cut at, where something changed. */
    says(tick_at(9999, (struct room_tick){.unix_ms = 1000}), "");
    says(tick_at(10000, (struct room_tick){.unix_ms = 1000}), "snapshot 3");
    says(tick_at(90000, (struct room_tick){.unix_ms = 80999}), "");
    says(tick_at(90001, (struct room_tick){.unix_ms = 81000}), "trim 3");
    type("'b'", 1);
    says(tick_at(90010, (struct room_tick){.unix_ms = 82000, .leaves = true}),
         "snapshot 4; trim 4"); /* its time was that of the log, 1,000 */
}

static const char *fetched_gone(uint64_t ticket)
{
    struct room_event ev = {.kind = ROOM_FETCHED};
    ev.fetched = (struct room_fetched){.ticket = ticket, .err = WEFT_EGONE};
    return rig_step(&rig, &ev);
}

static void trimmed(uint64_t rev)
{
    says(rig_step(&rig, &(struct room_event){.kind = ROOM_STORED, .stored.trim_rev = rev}), "");
    assert_true(room_check(rig.room));
}

/* What is answered of what was trimmed, and who comes late. */
static char *what_is_gone(void)
{
    char *all = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&all, &len);
    fprintf(f, "%s\n", rig_text(&rig, 7, 99));
    fprintf(f, "%s\n", rig_text(&rig, 7, 1));
    fprintf(f, "%s\n", rig_history(&rig, 7, 100, 105));
    fprintf(f, "%s\n", rig_history(&rig, 7, 1, 0));
    fprintf(f, "%s\n", rig_resume(&rig, 8, 'A', 99));
    assert_int_equal(fclose(f), 0);
    return all;
}

/* From the moment that the trim is on disk, and not before. What is on its way is merged. */
static void test_memory_does_not_tell(void **state)
{
    (void)state;
    keep(10, 0);
    rig_join(&rig, 2, 'B');
    for (uint64_t seq = 1; seq <= 100; seq++)
        rig_op(&rig, 1, "'0123456789'", RIG_NO_REV, seq);
    rig_commit(&rig);
    says(tick_at(100000, (struct room_tick){.leaves = true}), "snapshot 100");
    struct rig_bytes snapshot = rig.snapshot;
    rig.snapshot = (struct rig_bytes){0};
    type("'x'", 10);
    says(tick_at(100100, (struct room_tick){0}), "trim 100");
    says(rig_text(&rig, 7, 1), "7: text 1 '0123456789'");
    assert_non_null(strstr(rig_resume(&rig, 3, 'C', 99), "resume"));
    rig_leave(&rig, 3);
    rig_leave(&rig, 1);
    trimmed(100);
    trimmed(50); /* one that was overtaken */
    assert_non_null(strstr(rig_op(&rig, 2, "'y'", 99, 1), "persist 111"));
    says(rig_durable(&rig, 111), "!2: edit 111 B [\"y\"]; 2: ack 111 seq 1");
    rig_leave(&rig, 2);
    char *before = what_is_gone();
    rig_leave(&rig, 8);
    says(rig_text(&rig, 7, 100), "7: text 100 '1000 bytes'");

    load_from(&snapshot, 100, 111);
    char *after = what_is_gone();
    assert_string_equal(before, after);
    free(before);
    free(after);
    free(snapshot.at);
}

/* Of the operations that are gone no more stay in memory than are needed for what is on its way. */
static void test_memory_goes(void **state)
{
    (void)state;
    keep(10, 0);
    type("'0123456789'", 3000);
    uint64_t at = rig.snapshot_rev;
    type("'x'", 10);
    assert_int_equal(room_info(rig.room).base_rev, 0);
    char words[40];
    snprintf(words, sizeof words, "trim %d", (int)at);
    says(tick_at(100000, (struct room_tick){0}), words);
    assert_int_equal(room_info(rig.room).base_rev, 0);
    trimmed(at);
    assert_in_range(room_info(rig.room).base_rev, 1, at);
    assert_in_range(rig.room->history.bytes, 1, HISTORY_BYTES_LEAST);
}

/* From the snapshot at the base and what lies behind it: all that a client may ask for. */
static void test_life_of_a_trimmed_log(void **state)
{
    (void)state;
    keep(10, 0);
    for (uint64_t seq = 1; seq <= 100; seq++)
        rig_op(&rig, 1, "'0123456789'", RIG_NO_REV, seq);
    rig_commit(&rig);
    says(tick_at(100000, (struct room_tick){.leaves = true}), "snapshot 100");
    type("'x'", 10);
    says(tick_at(100100, (struct room_tick){0}), "trim 100");

    rig_reset(&rig);
    load_from(&rig.snapshot, 100, 110);

    /* Late: the whole text, and the session goes on. */
    says(rig_resume(&rig, 1, 'A', 40), "1: welcome 110 '1010 bytes' 1010 A seq 100; !1: join A");
    /* Sent again, though its record is gone: not applied again. */
    says(rig_op(&rig, 1, "'0123456789'", 105, 100), "1: ack 100 seq 100 dup");
    says(rig_op(&rig, 1, "'0123456789'", 105, 7), "1: ack 0 seq 7 dup");
    says(
        rig_op(&rig, 1, "'y'", 99, 101),
        "1: error gone seq 101 (rev: found 99, expected at least 100, the oldest revision that can "
        "be merged; join again for the text)");
    /* Texts and histories. */
    says(rig_text(&rig, 7, 100), "fetch 7 #1 base 100");
    says(rig_text(&rig, 7, 99),
         "7: error gone (rev: found 99, expected at least 100, the oldest revision "
         "the log keeps)");
    says(rig_history(&rig, 7, 100, 105),
         "7: error gone (from: found 100, expected at least 101, the oldest "
         "revision the log keeps)");
    /* It may be trimmed while it is read. */
    says(fetched_gone(1), "7: error gone (rev: found 100, expected at least 100, the oldest "
                          "revision the log keeps)");
    /* It was trimmed already. */
    says(tick_at(200000, (struct room_tick){0}), "");
}

static void test_audit_from_a_base(void **state)
{
    (void)state;
    char why[200];
    struct audit *a;
    keep(10, 0);
    type("'0123456789'", 100);
    says(tick_at(100000, (struct room_tick){.leaves = true}), "snapshot 100");
    type("'x'", 10);
    assert_int_equal(audit_new(&faulty_never()->alloc, &rig.epoch, &a), 0);
    assert_int_equal(audit_begin(a, 100, rig.snapshot.at, rig.snapshot.len, why, 200), 0);
    assert_int_equal(audit_rev(a), 100);
    assert_int_equal(audit_snapshot(a, rig.snapshot.at, rig.snapshot.len, why, 200), 0);
    for (uint64_t rev = 101; rev <= 110; rev++)
        assert_int_equal(
            audit_record(a, rig.records[rev - 1].at, rig.records[rev - 1].len, why, 200), 0);
    assert_true(weft_text_size(audit_text(a)).cp == 1010);
    audit_free(a);
    /* Records of the same numbers that do not continue it. */
    assert_int_equal(audit_new(&faulty_never()->alloc, &rig.epoch, &a), 0);
    assert_int_equal(audit_begin(a, 100, rig.snapshot.at, rig.snapshot.len, why, 200), 0);
    record_follow(rig.records[100].at, rig.records[100].len, 1234);
    assert_int_equal(audit_record(a, rig.records[100].at, rig.records[100].len, why, 200),
                     WEFT_ECORRUPT);
    assert_string_equal(why, "record 101: it does not continue the snapshot or the epoch");
    audit_free(a);
    /* Under another epoch only when it was made to follow it. */
    struct uuid other = rig_user('F');
    assert_int_equal(audit_new(&faulty_never()->alloc, &other, &a), 0);
    assert_int_equal(audit_begin(a, 100, rig.snapshot.at, rig.snapshot.len, why, 200),
                     WEFT_ECORRUPT);
    audit_free(a);
    assert_true(snapshot_follow(rig.snapshot.at, rig.snapshot.len, &other));
    assert_int_equal(audit_new(&faulty_never()->alloc, &other, &a), 0);
    assert_int_equal(audit_begin(a, 100, rig.snapshot.at, rig.snapshot.len, why, 200), 0);
    audit_free(a);
}

#define ROOM_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_by_revisions),
        cmocka_unit_test(test_cut_by_time),
        cmocka_unit_test(test_timeline),
        ROOM_TEST(test_left_alone),
        ROOM_TEST(test_large_and_little_changed),
        ROOM_TEST(test_passing_snapshots),
        ROOM_TEST(test_failed_snapshot),
        cmocka_unit_test(test_tick_without_memory),
        ROOM_TEST(test_rounds),
        ROOM_TEST(test_trims_by_revisions),
        ROOM_TEST(test_cuts_where_a_snapshot_stands),
        ROOM_TEST(test_trims_by_time),
        ROOM_TEST(test_memory_does_not_tell),
        ROOM_TEST(test_memory_goes),
        ROOM_TEST(test_life_of_a_trimmed_log),
        ROOM_TEST(test_audit_from_a_base),
    };
    return cmocka_run_group_tests_name("the life of a room on disk", tests, NULL, NULL);
}
