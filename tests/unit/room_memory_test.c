/* Memory runs out at the n-th request, for every n, in the middle of a room's life: the step changed
 * nothing, given again it succeeds, and in the end everything was said and written as if nothing
 * had happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "support/faulty.h"
#include "support/room_rig.h"

struct script {
    struct rig rig;
    FILE *out;
    char *said; /* all of it, with a sum of each record and snapshot */
    size_t said_len;
};

static void note(struct script *s)
{
    fprintf(s->out, "%s\n", s->rig.said);
}

static void sum_up(struct script *s)
{
    uint64_t head = room_info(s->rig.room).head_rev;
    for (uint64_t rev = 1; rev <= head; rev++) {
        const struct rig_bytes *b = &s->rig.records[rev - 1];
        fprintf(s->out, "record %d: %08x\n", (int)rev, crc32c(0, b->at, b->len));
    }
    fprintf(s->out, "snapshot %d: %08x\n", (int)s->rig.snapshot_rev,
            crc32c(0, s->rig.snapshot.at, s->rig.snapshot.len));
    char *state = rig_state(&s->rig);
    fprintf(s->out, "%s\n", state);
    free(state);
}

#define DO(call) (call, note(s))

static void edit_session(struct script *s)
{
    struct rig *r = &s->rig;
    char long_one[500];
    snprintf(long_one, sizeof long_one, "1 '%0400d' -1", 7);
    DO(rig_join(r, 1, 'A'));
    DO(rig_join(r, 2, 'B'));
    DO(rig_op(r, 1, "'hello \xf0\x9f\x98\x80 world'", 0, 1));
    DO(rig_op(r, 2, "'concurrent and rather long, more than lies inline'", 0, 1));
    DO(rig_op(r, 1, "'hello \xf0\x9f\x98\x80 world'", 0, 1)); /* a repeat that waits */
    DO(rig_text(r, 7, RIG_NO_REV));
    DO(rig_history(r, 7, 1, 0));
    DO(rig_cursor(r, 1, 5, 2));
    DO(rig_durable(r, 2));
    DO(rig_flush(r));
    DO(rig_meta(r, 1, "language=c,wrap=on", 2));
    DO(rig_op(r, 2, long_one, 2, 2));
    DO(rig_op(r, 2, long_one, 2, 3)); /* over what is not on disk */
    DO(rig_durable(r, 5));
    DO(rig_cursor(r, 2, 3, 1));
    DO(rig_flush(r));
    DO(rig_leave(r, 1));
    DO(rig_op(r, 2, "1 'x' 3 'y' 3 'z' 3 -4 'u' 2 'v'", 4, 4));
    DO(rig_meta(r, 2, "-wrap", 5));
    DO(rig_commit(r));
    DO(rig_resume(r, 3, 'A', 2));
    DO(rig_resume(r, 4, 'B', 0)); /* takes the other connection's place */
    DO(rig_behind(r, 3, 0, 0));
    DO(rig_text(r, 7, 1));
    DO(rig_history(r, 7, 1, 0));
    DO(rig_op(r, 3, "99999 'x'", 5, 3)); /* refused */
    for (uint64_t conn = 10; conn < 14; conn++)
        DO(rig_join(r, conn, (char)('G' + conn)));
    DO(rig_op(r, 3, "'last'", 7, 3));
    DO(rig_fail(r));
    DO(rig_op(r, 3, "'last'", 7, 3));
    DO(rig_commit(r));
}

/* Entries before anything else; a failed commit with more in it than was ever said at once. */
static void lost_session(struct script *s)
{
    struct rig *r = &s->rig;
    DO(rig_join(r, 1, 'A'));
    DO(rig_join(r, 2, 'B'));
    DO(rig_meta(r, 1, "k=v", 1));
    for (uint64_t seq = 2; seq <= 12; seq++)
        DO(rig_op(r, 1, "'x'", 0, seq));
    DO(rig_fail(r));
    DO(rig_meta(r, 1, "k=v", 1));
    DO(rig_commit(r));
    struct room_event ev = {.kind = ROOM_USER, .conn = 1};
    ev.user = (struct room_user_change){.has_name = true, .name = {"Ada", 3}};
    DO(rig_step(r, &ev));
    ev = (struct room_event){.kind = ROOM_SIGNAL, .conn = 1};
    ev.signal.to = rig_user('B');
    ev.signal.data = (struct room_str){"hello", 5};
    DO(rig_step(r, &ev));
    ev.signal.to = rig_user('Z');
    DO(rig_step(r, &ev));
    DO(rig_cursor(r, 1, 1, 1)); /* refused */
    DO(rig_cursor(r, 1, 0, 1));
    DO(rig_flush(r));
}

static void long_session(struct script *s)
{
    struct rig *r = &s->rig;
    char piece[8200];
    snprintf(piece, sizeof piece, "'%08000d'", 7);
    DO(rig_join(r, 1, 'A'));
    DO(rig_join(r, 2, 'B'));
    for (int rev = 0; rev < 36; rev++) { /* to the first snapshot */
        DO(rig_op(r, 1, rev < 10 ? piece : rev < 20 ? "-8000" : "'x'", rev, (uint64_t)rev + 1));
        if (rev % 4 == 3)
            DO(rig_commit(r));
    }
    assert_true(r->snapshot_rev != 0);
    DO(rig_op(r, 2, "'late'", 1, 1)); /* over composed blocks */
    DO(rig_commit(r));
    DO(rig_behind(r, 2, 3, 0));
    DO(rig_resume(r, 3, 'A', 20)); /* an ack for each of many */
}

static int play(struct script *s, struct faulty *memory, void (*session)(struct script *))
{
    s->out = open_memstream(&s->said, &s->said_len);
    assert_non_null(s->out);
    int err = rig_init(&s->rig, &memory->alloc);
    if (err == 0) {
        s->rig.retries = true;
        session(s);
        memory->fail_at = -1; /* the check takes memory of its own */
        assert_true(room_check(s->rig.room));
        sum_up(s);
        rig_done(&s->rig);
    }
    fclose(s->out);
    return err;
}

/* Fails with the first line that differs. */
static void expect_same(long request, const char *found, const char *expected)
{
    while (*found != '\0' || *expected != '\0') {
        int n = (int)strcspn(found, "\n");
        int m = (int)strcspn(expected, "\n");
        if (n != m || memcmp(found, expected, (size_t)n) != 0)
            fail_msg("request %ld failed: found \"%.*s\", expected \"%.*s\"", request,
                     n < 400 ? n : 400, found, m < 400 ? m : 400, expected);
        found += n + (found[n] != '\0');
        expected += m + (expected[m] != '\0');
    }
}

static void sweep(void (*session)(struct script *))
{
    static struct script calm, torn;
    struct faulty f;
    faulty_init(&f, -1);
    assert_int_equal(play(&calm, &f, session), 0);
    assert_int_equal(f.live_blocks, 0);
    long requests = f.requests;
    for (long n = 0; n < requests; n++) {
        faulty_init(&f, n);
        int err = play(&torn, &f, session);
        assert_int_equal(f.live_blocks, 0);
        assert_int_equal(f.live_bytes, 0);
        if (err != 0)
            assert_int_equal(err, WEFT_ENOMEM);
        else
            expect_same(n, torn.said, calm.said);
        free(torn.said);
    }
    free(calm.said);
}

static void an_edit_session(void **state)
{
    (void)state;
    sweep(edit_session);
}

static void a_session_that_loses_much(void **state)
{
    (void)state;
    sweep(lost_session);
}

static void a_session_with_a_snapshot(void **state)
{
    (void)state;
    sweep(long_session);
}

/* A failed commit says what it can: answers that it has no memory for come with the next one. None
 * is lost and none comes twice. */
static void answers_to_a_failed_commit(void **state)
{
    (void)state;
    static struct rig r;
    for (long n = 0;; n++) {
        struct faulty f;
        faulty_init(&f, -1);
        assert_int_equal(rig_init(&r, &f.alloc), 0);
        rig_join(&r, 1, 'A');
        rig_op(&r, 1, "'a'", 0, 0);
        rig_commit(&r);
        rig_op(&r, 1, "'b'", 1, 0);
        for (uint64_t conn = 100; conn < 160; conn++)
            rig_history(&r, conn, 1, 0);
        f.fail_at = f.requests + n;
        r.retries = true;
        char *said = strdup(rig_fail(&r));
        bool failed = f.requests > f.fail_at;
        rig_op(&r, 1, "'c'", 1, 0);
        rig_commit(&r);
        for (uint64_t conn = 100; conn < 160; conn++) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "%d: history ", (int)conn);
            const char *first = strstr(said, prefix);
            const char *later = strstr(r.said, prefix);
            if ((first != NULL) == (later != NULL))
                fail_msg("request %ld: %s, then %s", n, said, r.said);
        }
        free(said);
        rig_done(&r);
        assert_int_equal(f.live_blocks, 0);
        if (!failed)
            break;
    }
}

/* Memory that stays short: what is on disk is still to be shown, and is, once there is some. */
static void memory_that_stays_short(void **state)
{
    (void)state;
    static struct rig r;
    for (long n = 0;; n++) {
        struct faulty f;
        faulty_init(&f, -1);
        assert_int_equal(rig_init(&r, &f.alloc), 0);
        rig_join(&r, 1, 'A');
        rig_op(&r, 1, "'a long one, which does not lie inside the operation itself'", 0, 1);
        rig_meta(&r, 1, "k=v", 2);
        f.fail_at = f.requests + n;
        f.stays_short = true;
        rig_durable(&r, 2);
        bool failed = f.requests > f.fail_at;
        f.fail_at = -1;
        assert_true(room_check(r.room));
        if (r.err != 0)
            assert_int_equal(r.err, WEFT_ENOMEM);
        rig_durable(&r, 2);
        assert_int_equal(r.err, 0);
        assert_int_equal(room_info(r.room).rev, 2);
        rig_done(&r);
        assert_int_equal(f.live_blocks, 0);
        if (!failed)
            break;
    }
}

/* A room whose first revisions are in the log alone. */
static void make_long(struct rig *r)
{
    char piece[4100];
    snprintf(piece, sizeof piece, "'%04000d'", 7);
    char name[USER_NAME_BYTES_MAX];
    memset(name, 'n', sizeof name);
    rig_join(r, 1, 'A');
    struct room_event ev = {.kind = ROOM_USER, .conn = 1};
    ev.user = (struct room_user_change){.has_name = true, .name = {name, sizeof name}};
    rig_step(r, &ev);
    rig_meta(r, 1, "k=v", 1);
    for (int rev = 1; rev < 30; rev++) {
        rig_op(r, 1, piece, rev, (uint64_t)rev + 1);
        rig_commit(r);
    }
    assert_in_range(r->snapshot_rev, 10, 29);
}

/* A read for which there is no memory is answered all the same: that it failed. */
static void answering_from_the_log(void **state)
{
    (void)state;
    enum { TO = 10 };
    static struct rig r;
    char why[200];
    struct faulty f;
    faulty_init(&f, -1);
    assert_int_equal(rig_init(&r, &f.alloc), 0);
    make_long(&r);
    assert_int_equal(rig_reload(&r, true, r.snapshot_rev + 1, 30, why), 0);
    r.retries = true;
    uint64_t ticket = 0;
    for (int text = 0; text < 2; text++) {
        bool failed = true;
        for (long n = 0; failed; n++) {
            const char *said = text ? rig_text(&r, 7, TO) : rig_history(&r, 7, 1, TO);
            assert_int_equal(strncmp(said, "fetch 7 ", 8), 0);
            f.fail_at = f.requests + n;
            said = rig_fetched(&r, ++ticket, 0, 1, TO);
            failed = f.requests > f.fail_at;
            f.fail_at = -1;
            const char *answer = text ? "7: text 10 " : "7: history 1-10 ";
            if (strncmp(said, answer, strlen(answer)) != 0)
                assert_string_equal(said, "7: error unavailable retry 1000 (the log could not be "
                                          "read: out of memory)");
            else if (!text)
                assert_non_null(strstr(said, "{k=v}"));
        }
    }
    rig_done(&r);
    assert_int_equal(f.live_blocks, 0);
}

static void loading_an_empty_log(void **state)
{
    (void)state;
    const struct room_config config = {.people_max = 1};
    const struct uuid epoch = rig_user('E');
    char why[200];
    struct faulty f;
    struct room *room;
    faulty_init(&f, -1);
    assert_int_equal(room_new(&f.alloc, &config, &epoch, &room), 0);
    f.fail_at = f.requests;
    assert_int_equal(room_load_end(room, 0, why, sizeof why), WEFT_ENOMEM);
    assert_int_equal(room_load_end(room, 0, why, sizeof why), 0);
    room_free(room);
    assert_int_equal(f.live_blocks, 0);
}

static void loading(void **state)
{
    (void)state;
    static struct rig r;
    char why[200];
    assert_int_equal(rig_init(&r, weft_heap()), 0);
    make_long(&r);
    uint64_t at = r.snapshot_rev;
    for (long n = 0;; n++) {
        struct faulty f;
        faulty_init(&f, n);
        struct room *room = NULL;
        int err = room_new(&f.alloc, &r.config, &r.epoch, &room);
        if (err == 0)
            err = room_load_snapshot(room, at, r.snapshot.at, r.snapshot.len, why, sizeof why);
        for (uint64_t rev = at - 5; err == 0 && rev <= 30; rev++)
            err = room_load_record(room, rev, r.records[rev - 1].at, r.records[rev - 1].len, why,
                                   sizeof why);
        if (err == 0)
            err = room_load_end(room, 30, why, sizeof why);
        f.fail_at = -1;
        if (err == 0)
            assert_true(room_check(room));
        room_free(room);
        assert_int_equal(f.live_blocks, 0);
        if (err == 0)
            break;
        assert_int_equal(err, WEFT_ENOMEM);
    }
    rig_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_session),           cmocka_unit_test(a_session_that_loses_much),
        cmocka_unit_test(a_session_with_a_snapshot), cmocka_unit_test(answers_to_a_failed_commit),
        cmocka_unit_test(memory_that_stays_short),   cmocka_unit_test(answering_from_the_log),
        cmocka_unit_test(loading_an_empty_log),      cmocka_unit_test(loading),
    };
    return cmocka_run_group_tests_name("a room without memory", tests, NULL, NULL);
}
