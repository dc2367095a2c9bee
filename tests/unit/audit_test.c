/* A whole log held against its snapshots: what a room wrote passes, and every kind of difference is
 * named. Snapshots that are wrong in one thing only, with a checksum that holds, are made here. */
#include "base/crc32c.h"
#include "room/audit.h"
#include "room/record.h"
#include "support/faulty.h"
#include "support/room_suite.h"

static char why[200];

enum { HEAD = 60 };

/* HEAD revisions by A (with sequence numbers) and B (without), entries among them. */
static void play(void)
{
    says(rig_join(&rig, 1, 'A'), "1: welcome 0 '' 0 A seq 0; !1: join A");
    rig_join(&rig, 2, 'B');
    for (uint64_t rev = 1; rev <= HEAD; rev++) {
        int64_t base = (int64_t)rev - 1;
        if (rev % 10 == 0)
            rig_meta(&rig, 1, rev % 20 == 0 ? "k=v" : "-k,l=w", rev);
        else if (rev % 4 == 0)
            rig_op(&rig, 1, "1 -1", base, rev);
        else
            rig_op(&rig, rev % 3 == 0 ? 1 : 2, rev == 1 ? "'..'" : "1 'a\xf0\x9f\x98\x80'", base,
                   rev % 3 == 0 ? rev : 0);
        rig_durable(&rig, rev);
    }
}

static struct audit *start(const struct weft_alloc *alloc)
{
    struct audit *a = NULL;
    assert_int_equal(audit_new(alloc, &rig.epoch, &a), 0);
    return a;
}

static int feed(struct audit *a, uint64_t to)
{
    int err = 0;
    while (err == 0 && audit_rev(a) < to) {
        const struct rig_bytes *b = &rig.records[audit_rev(a)];
        err = audit_record(a, b->at, b->len, why, sizeof why);
    }
    return err;
}

/* A snapshot as a room would write it, of what is asked for. */
struct forged {
    uint64_t rev;
    uint32_t sum;
    uint64_t floor_rev;
    char user;    /* whose session it has; 0: A's */
    uint64_t seq; /* of that session; 0: it is left out */
    uint64_t seq_rev;
    struct room_meta meta;
    const char *text;
    size_t text_len;
};

static struct buf forge(const struct forged *f)
{
    struct buf out;
    buf_init(&out, &faulty_never()->alloc);
    struct uuid user = rig_user(f->user != 0 ? f->user : 'A');
    assert_int_equal(buf_put_u8(&out, 1), 0);
    assert_int_equal(buf_put_varint(&out, f->rev), 0);
    assert_int_equal(buf_put_u32(&out, f->sum), 0);
    assert_int_equal(buf_put_varint(&out, f->floor_rev), 0);
    assert_int_equal(buf_put_varint(&out, f->seq != 0), 0);
    if (f->seq != 0) {
        assert_int_equal(buf_put(&out, user.bytes, sizeof user.bytes), 0);
        assert_int_equal(buf_put_varint(&out, f->seq), 0);
        assert_int_equal(buf_put_varint(&out, f->seq_rev), 0);
    }
    assert_int_equal(meta_encode(&f->meta, &out), 0);
    assert_int_equal(buf_put_varint(&out, f->text_len), 0);
    assert_int_equal(buf_put(&out, f->text, f->text_len), 0);
    assert_int_equal(buf_put_u32(&out, crc32c(0, out.data, out.len)), 0);
    return out;
}

/* What is true at HEAD. */
static struct forged truth(struct audit *a, char *text, size_t text_cap)
{
    struct record last;
    struct forged f = {.rev = HEAD, .seq = HEAD, .seq_rev = HEAD, .text = text};
    assert_int_equal(record_decode(rig.records[HEAD - 1].at, rig.records[HEAD - 1].len, &last), 0);
    f.sum = last.sum;
    f.meta = *room_meta_of(rig.room);
    size_t cp = weft_text_size(audit_text(a)).cp;
    assert_int_equal(weft_text_copy(audit_text(a), 0, cp, text, text_cap, &f.text_len), 0);
    return f;
}

static void judged(struct audit *a, const struct forged *f, const char *words)
{
    struct buf bytes = forge(f);
    why[0] = '\0';
    int err = audit_snapshot(a, bytes.data, bytes.len, why, sizeof why);
    assert_string_equal(why, words);
    assert_int_equal(err, *words == '\0' ? 0 : WEFT_ECORRUPT);
    buf_done(&bytes);
}

static void a_log_that_a_room_wrote_passes(void **state)
{
    (void)state;
    play();
    struct audit *a = start(&faulty_never()->alloc);
    assert_int_equal(audit_rev(a), 0);
    assert_int_equal(feed(a, HEAD), 0);
    assert_int_equal(audit_rev(a), HEAD);
    char text[1000];
    struct forged f = truth(a, text, sizeof text);
    assert_true(weft_text_equal(room_text(rig.room), f.text, f.text_len));
    judged(a, &f, "");
    audit_free(a);
    audit_free(NULL);
}

static void the_snapshots_that_rooms_take_pass(void **state)
{
    (void)state;
    char notation[600];
    rig_join(&rig, 1, 'A');
    struct audit *a = start(&faulty_never()->alloc);
    size_t snapshots = 0;
    for (uint64_t rev = 1; rev <= 1000; rev++) {
        snprintf(notation, sizeof notation, "'%0500d'", (int)rev);
        if (rev % 50 == 0)
            rig_meta(&rig, 1, rev % 100 == 0 ? "k=v" : "-k,l=w", rev);
        else
            rig_op(&rig, 1, notation, (int64_t)rev - 1, rev % 3 == 0 ? rev : 0);
        rig_durable(&rig, rev);
        assert_int_equal(feed(a, rev), 0);
        if (rig.snapshot_rev != rev)
            continue;
        snapshots++;
        assert_int_equal(audit_snapshot(a, rig.snapshot.at, rig.snapshot.len, why, sizeof why), 0);
    }
    assert_in_range(snapshots, 6, 9);
    audit_free(a);
}

static void a_snapshot_that_differs_is_named(void **state)
{
    (void)state;
    play();
    struct audit *a = start(&faulty_never()->alloc);
    assert_int_equal(feed(a, HEAD), 0);
    char text[1000];
    const struct forged good = truth(a, text, sizeof text);

    struct forged f = good;
    f.rev++;
    judged(a, &f, "snapshot 60: it says it is of another revision");
    f = good;
    f.sum ^= 1;
    judged(a, &f, "snapshot 60: it was not taken at the record of its revision");
    f = good;
    f.text_len--;
    judged(a, &f, "snapshot 60: its text is not what the records make");
    f = good;
    text[0] = text[0] == 'a' ? 'b' : 'a';
    judged(a, &f, "snapshot 60: its text is not what the records make");
    audit_free(a);
    a = start(&faulty_never()->alloc);
    assert_int_equal(feed(a, HEAD), 0);
    f = truth(a, text, sizeof text);
    f.meta.entries[0].value[0] ^= 1;
    judged(a, &f, "snapshot 60: its entries are not what the records set");
    f = good;
    f.meta.entries[0].key[0] ^= 1;
    judged(a, &f, "snapshot 60: its entries are not what the records set");
    f = good;
    f.meta.n--;
    judged(a, &f, "snapshot 60: its entries are not what the records set");
    /* After all that it can still be told from a good one. */
    judged(a, &good, "");
    audit_free(a);
}

static void sessions_may_be_forgotten_but_not_wrong(void **state)
{
    (void)state;
    play();
    struct audit *a = start(&faulty_never()->alloc);
    assert_int_equal(feed(a, HEAD), 0);
    char text[1000];
    const struct forged good = truth(a, text, sizeof text);
    const char *wrong = "snapshot 60: its sessions are not those of the records";

    struct forged f = good;
    f.seq--;
    judged(a, &f, wrong);
    f = good;
    f.seq_rev--;
    judged(a, &f, wrong);
    f = good;
    f.seq = 0;
    judged(a, &f, wrong);
    f.floor_rev = HEAD - 1; /* A was heard of later */
    judged(a, &f, wrong);
    f.floor_rev = HEAD;
    judged(a, &f, "");
    f = good;
    f.floor_rev = HEAD - 1;
    judged(a, &f, "");
    audit_free(a);
}

/* Wherever in the table it stands. */
static void each_session_is_looked_at(void **state)
{
    (void)state;
    for (char user = 'A'; user <= 'P'; user++) {
        rig_reset(&rig);
        rig_join(&rig, 1, user);
        rig_op(&rig, 1, "'x'", 0, 1);
        rig_commit(&rig);
        struct audit *a = start(&faulty_never()->alloc);
        assert_int_equal(feed(a, 1), 0);
        struct record last;
        assert_int_equal(record_decode(rig.records[0].at, rig.records[0].len, &last), 0);
        struct forged f = {.rev = 1, .sum = last.sum, .user = user, .seq = 1, .seq_rev = 1};
        f.text = "x";
        f.text_len = 1;
        judged(a, &f, "");
        f.seq = 0;
        judged(a, &f, "snapshot 1: its sessions are not those of the records");
        audit_free(a);
    }
}

static void a_bad_record_ends_it_where_it_is(void **state)
{
    (void)state;
    play();
    struct rig_bytes *b = &rig.records[29];
    struct audit *a = start(&faulty_never()->alloc);
    b->at[b->len - 1] ^= 1;
    assert_int_equal(feed(a, HEAD), WEFT_ECORRUPT);
    assert_string_equal(why, "record 30: its checksum does not hold");
    assert_int_equal(audit_rev(a), 29);
    b->at[b->len - 1] ^= 1;
    audit_free(a);

    a = start(&faulty_never()->alloc);
    struct rig_bytes kept = *b;
    *b = rig.records[30];
    assert_int_equal(feed(a, HEAD), WEFT_ECORRUPT);
    assert_string_equal(why, "record 30: it says it is of another revision");
    *b = kept;
    audit_free(a);

    rig.epoch.bytes[0] ^= 1;
    a = start(&faulty_never()->alloc);
    assert_int_equal(feed(a, HEAD), WEFT_ECORRUPT);
    assert_string_equal(why, "record 1: it does not continue the snapshot or the epoch");
    assert_int_equal(audit_rev(a), 0);
    rig.epoch.bytes[0] ^= 1;
    audit_free(a);
}

static void running_out_of_memory_is_told(void **state)
{
    (void)state;
    play();
    struct audit *whole = start(&faulty_never()->alloc);
    assert_int_equal(feed(whole, HEAD), 0);
    char text[1000];
    const struct forged f = truth(whole, text, sizeof text);
    audit_free(whole);
    struct buf snapshot = forge(&f);
    int err = WEFT_ENOMEM;
    for (long n = 0; err != 0; n++) {
        struct faulty faulty;
        faulty_init(&faulty, n);
        struct audit *a = NULL;
        err = audit_new(&faulty.alloc, &rig.epoch, &a);
        if (err == 0)
            err = feed(a, HEAD);
        if (err == 0)
            err = audit_snapshot(a, snapshot.data, snapshot.len, why, sizeof why);
        assert_true(err == 0 || err == WEFT_ENOMEM);
        audit_free(a);
        assert_int_equal(faulty.live_blocks, 0);
    }
    buf_done(&snapshot);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_log_that_a_room_wrote_passes),   CASE(the_snapshots_that_rooms_take_pass),
        CASE(a_snapshot_that_differs_is_named), CASE(sessions_may_be_forgotten_but_not_wrong),
        CASE(each_session_is_looked_at),        CASE(a_bad_record_ends_it_where_it_is),
        CASE(running_out_of_memory_is_told),
    };
    return cmocka_run_group_tests_name("a log walked from its first record", tests, NULL, NULL);
}
