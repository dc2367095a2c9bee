/* The outgoing log: what a reader is given, in which order, and when it has fallen off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "room/outlog.h"
#include "support/faulty.h"

static struct outlog box;
static struct outlog_reader reader;
static struct buf scratch;

static int set_up(void **state)
{
    (void)state;
    outlog_init(&box, &faulty_never()->alloc, 10);
    outlog_reader_init(&reader, &box, &faulty_never()->alloc, 1, 0, 0);
    buf_init(&scratch, &faulty_never()->alloc);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    outlog_reader_done(&reader);
    outlog_done(&box);
    buf_done(&scratch);
    return 0;
}

static void put(const char *frame, uint64_t except)
{
    assert_int_equal(outlog_append(&box, (const uint8_t *)frame, strlen(frame), except, 0, 0), 0);
    assert_true(outlog_check(&box));
}

static void send(const char *frame, uint64_t ack_rev)
{
    assert_int_equal(outlog_send(&box, &reader, (const uint8_t *)frame, strlen(frame), ack_rev), 0);
}

/* One pull: its bytes, "-" for nothing, "behind". */
static const char *pull(size_t max_bytes)
{
    static char out[100];
    enum outlog_state state;
    const uint8_t *bytes = NULL;
    size_t len = 0;
    bool more = outlog_has_more(&box, &reader);
    assert_int_equal(outlog_pull(&box, &reader, max_bytes, &scratch, &state, &bytes, &len), 0);
    if (state == OUTLOG_NOTHING)
        return "-";
    assert_true(more);
    if (state == OUTLOG_BEHIND)
        return "behind";
    assert_in_range(len, 1, sizeof out - 1);
    memcpy(out, bytes, len);
    out[len] = '\0';
    return out;
}

static void a_reader_is_given_what_comes_after_it(void **state)
{
    (void)state;
    assert_string_equal(pull(100), "-");
    put("aa", 0);
    put("bb", 0);
    assert_string_equal(pull(100), "aabb");
    assert_string_equal(pull(100), "-");
    put("cc", 0);
    struct outlog_reader late;
    outlog_reader_init(&late, &box, &faulty_never()->alloc, 2, 0, 0);
    assert_false(outlog_has_more(&box, &late));
    assert_string_equal(pull(100), "cc");
    outlog_reader_done(&late);
}

static void a_pull_has_whole_frames_and_at_least_one(void **state)
{
    (void)state;
    put("aaa", 0);
    put("bb", 0);
    put("cccc", 0);
    assert_string_equal(pull(5), "aaabb");
    assert_string_equal(pull(1), "cccc");
    send("private", 0);
    send("q", 0);
    assert_string_equal(pull(1), "private");
    put("dd", 0);
    assert_string_equal(pull(3), "qdd");
}

static void what_is_of_the_reader_itself_is_passed_over(void **state)
{
    (void)state;
    put("aa", 1);
    assert_string_equal(pull(100), "-");
    put("bb", 0);
    put("cc", 1);
    put("dd", 0);
    put("ee", 1);
    assert_string_equal(pull(100), "bbdd");
    assert_string_equal(pull(100), "-");
    assert_int_equal(reader.at, box.next_seq);
}

static void private_frames_come_in_their_places(void **state)
{
    (void)state;
    send("<1>", 0);
    put("aa", 0);
    put("own", 1);
    send("<2>", 0);
    send("<3>", 0);
    put("bb", 0);
    assert_int_equal(reader.private_bytes, 3 * (outlog_private_room(3) + OUTLOG_PRIVATE_BYTES));
    assert_string_equal(pull(100), "<1>aa<2><3>bb");
    assert_int_equal(reader.private_bytes, 0);
    send("<4>", 0);
    put("cc", 0);
    assert_string_equal(pull(3), "<4>");
    assert_string_equal(pull(3), "cc");
}

static void what_was_given_is_known(void **state)
{
    (void)state;
    assert_int_equal(outlog_append(&box, (const uint8_t *)"a", 1, 0, 5, 0), 0);
    assert_int_equal(outlog_append(&box, (const uint8_t *)"b", 1, 0, 0, 9), 0);
    assert_int_equal(outlog_append(&box, (const uint8_t *)"c", 1, 1, 6, 0), 0);
    send("ack", 6);
    assert_string_equal(pull(1), "a");
    assert_int_equal(reader.rev, 5);
    assert_int_equal(reader.presence_seq, 0);
    assert_string_equal(pull(4), "back");
    assert_int_equal(reader.rev, 6);
    assert_int_equal(reader.presence_seq, 9);
}

static void the_oldest_go_when_there_are_too_many_bytes(void **state)
{
    (void)state;
    put("aaaaa", 0);
    put("bbbbb", 0); /* N */
    assert_string_equal(pull(100), "aaaaabbbbb");
    put("ccccc", 0);
    put("ddddd", 0);
    put("e", 0); /* N + 1 */
    assert_string_equal(pull(100), "behind");
    assert_string_equal(pull(100), "behind"); /* until it was skipped */
    assert_string_equal(pull(100), "behind");
    put("a frame larger than all that is kept", 0);
    assert_int_equal(box.n_entries, 1);
    outlog_reader_skip(&box, &reader, 12, 34);
    assert_int_equal(reader.rev, 12);
    assert_int_equal(reader.presence_seq, 34);
    assert_string_equal(pull(100), "-");
    put("f", 0);
    assert_string_equal(pull(100), "f");
}

static void who_fell_off_is_given_what_belongs_before_that(void **state)
{
    (void)state;
    put("aa", 0);
    assert_string_equal(pull(100), "aa");
    send("<text>", 0);
    send("<ack 7>", 7);
    for (int i = 0; i < 5; i++)
        put("bbb", 0);
    send("<ack 8>", 8);
    send("<error>", 0);
    put("ccc", 0);
    assert_string_equal(pull(100), "<text><ack 7>");
    assert_int_equal(reader.rev, 7);
    assert_string_equal(pull(100), "behind");
    /* Acks are said again by the room, other answers are not. */
    outlog_reader_skip(&box, &reader, reader.rev, 0);
    send("<edit 7..9>", 9);
    send("<leave>", 0);
    put("ddd", 0);
    assert_string_equal(pull(100), "<edit 7..9><leave><error>ddd");
    assert_int_equal(reader.rev, 9);
    assert_string_equal(pull(100), "-");
}

/* What is sent after the catching up goes behind what was kept: the order of answers is the order of
 * what they answer. */
static void catching_up_ends_with_the_next_broadcast(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        put("bbb", 0);
    send("<kept>", 0);
    assert_string_equal(pull(100), "behind");
    outlog_reader_skip(&box, &reader, 0, 0);
    send("<caught up>", 5);
    put("ccc", 0);
    send("<later>", 0);
    assert_string_equal(pull(100), "<caught up><kept>ccc<later>");
}

static void what_everybody_has_is_dropped(void **state)
{
    (void)state;
    put("aa", 0);
    put("bb", 0);
    put("cc", 0);
    assert_string_equal(pull(2), "aa");
    outlog_trim(&box, reader.at);
    assert_true(outlog_check(&box));
    assert_int_equal(box.n_entries, 2);
    assert_string_equal(pull(100), "bbcc");
    outlog_trim(&box, reader.at);
    assert_int_equal(box.n_entries, 0);
    outlog_trim(&box, 1); /* long gone */
    put("dd", 0);
    assert_string_equal(pull(100), "dd");
}

/* Whatever has gone through, there is room for what is kept and as much again that is gone. */
static void a_long_life_takes_no_more_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        put("a", 0);
    put("0123456789", 0); /* all others go at once */
    for (int i = 0; i < 5000; i++) {
        put("a", 0);
        if (i % 3 == 0)
            assert_non_null(pull(100));
    }
    assert_in_range(box.cap_entries, 1, 64);
    assert_in_range(box.bytes.cap, 1, 512);
}

static void a_quiet_log_gives_its_memory_back(void **state)
{
    (void)state;
    struct faulty f;
    uint8_t big[3000];
    faulty_init(&f, -1);
    struct outlog log;
    outlog_init(&log, &f.alloc, 1 << 20);
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 50; i++)
        assert_int_equal(outlog_append(&log, big, sizeof big, 0, 0, 0), 0);
    assert_true(f.live_bytes > 150000);
    outlog_trim(&log, log.next_seq);
    assert_int_equal(f.live_bytes, 0);
    assert_true(outlog_check(&log));
    assert_int_equal(outlog_append(&log, big, 10, 0, 0, 0), 0);
    assert_true(outlog_check(&log));
    outlog_done(&log);
    assert_int_equal(f.live_blocks, 0);
}

/* A byte is moved only when as many have gone as are left. */
static void the_rest_is_moved_when_most_has_gone(void **state)
{
    (void)state;
    outlog_done(&box);
    outlog_init(&box, &faulty_never()->alloc, 1 << 20);
    for (int i = 0; i < 8; i++)
        put("ab", 0);
    outlog_trim(&box, 5);
    assert_int_equal(box.bytes.len, 16);
    outlog_trim(&box, 6);
    assert_int_equal(box.bytes.len, 6);
    assert_true(outlog_check(&box));
}

static void so_much_memory_is_kept(void **state)
{
    (void)state;
    enum { KEPT = 4096 };
    outlog_done(&box);
    outlog_init(&box, &faulty_never()->alloc, 1 << 20);
    while (box.bytes.cap < KEPT)
        put("ab", 0);
    assert_int_equal(box.bytes.cap, KEPT);
    outlog_trim(&box, box.next_seq);
    assert_int_equal(box.bytes.cap, KEPT);
    while (box.bytes.cap <= KEPT)
        put("ab", 0);
    outlog_trim(&box, box.next_seq);
    assert_int_equal(box.bytes.cap, 0);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct faulty f;
        struct outlog log;
        struct outlog_reader r;
        struct buf pulled;
        enum outlog_state what = OUTLOG_NOTHING;
        const uint8_t *bytes = NULL;
        size_t len = 0;
        faulty_init(&f, n);
        outlog_init(&log, &f.alloc, 100);
        outlog_reader_init(&r, &log, &f.alloc, 1, 0, 0);
        buf_init(&pulled, &f.alloc);
        unsigned failed = 0;
        for (int i = 0; i < 20; i++) { /* whatever fails is done again */
            char frame[2] = {(char)('a' + i), '.'};
            while (outlog_append(&log, (uint8_t *)frame, 2, 0, 0, 0) != 0) {
                failed++;
                assert_int_equal(log.n_entries, i);
            }
            frame[1] = '!';
            while (outlog_send(&log, &r, (uint8_t *)frame, 2, 0) != 0)
                failed++;
            assert_true(outlog_check(&log));
        }
        while (outlog_pull(&log, &r, 1000, &pulled, &what, &bytes, &len) != 0)
            failed++;
        assert_true(failed <= 1);
        assert_int_equal(what, OUTLOG_BYTES);
        assert_int_equal(len, 80);
        assert_memory_equal(bytes, "a.a!b.b!c.c!d.d!", 16);
        outlog_reader_done(&r);
        outlog_done(&log);
        buf_done(&pulled);
        assert_int_equal(f.live_blocks, 0);
        if (failed == 0)
            break;
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_reader_is_given_what_comes_after_it),
        T(a_pull_has_whole_frames_and_at_least_one),
        T(what_is_of_the_reader_itself_is_passed_over),
        T(private_frames_come_in_their_places),
        T(what_was_given_is_known),
        T(the_oldest_go_when_there_are_too_many_bytes),
        T(who_fell_off_is_given_what_belongs_before_that),
        T(catching_up_ends_with_the_next_broadcast),
        T(what_everybody_has_is_dropped),
        T(a_long_life_takes_no_more_memory),
        T(a_quiet_log_gives_its_memory_back),
        T(the_rest_is_moved_when_most_has_gone),
        T(so_much_memory_is_kept),
        T(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests_name("the outgoing log", tests, NULL, NULL);
}
