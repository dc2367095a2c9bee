/* A room from its log: with and without a snapshot, every kind of damage named, exactly-once kept. */
#include "support/room_suite.h"

#include "base/buf.h"
#include "base/crc32c.h"
#include "room/record.h"

static char why[200];

/* A log of `head` revisions by A and B; a snapshot is taken where it weighs enough, near its middle
 * when there are more than about 700. */
static void play(uint64_t head)
{
    char notation[200];
    rig_join(&rig, 1, 'A');
    rig_join(&rig, 2, 'B');
    for (uint64_t rev = 1; rev <= head; rev++) {
        if (rev % 10 == 0) {
            rig_meta(&rig, 1, rev % 20 == 0 ? "k=v" : "-k,l=w", rev);
        } else if (rev % 4 == 0) {
            rig_op(&rig, 1, "1 -1", (int64_t)rev - 1, rev);
        } else {
            snprintf(notation, sizeof notation, "1 '%c\xf0\x9f\x98\x80%060d'",
                     (char)('a' + rev % 26), (int)rev);
            rig_op(&rig, rev % 3 == 0 ? 1 : 2, rev == 1 ? "'..'" : notation, (int64_t)rev - 1,
                   rev % 3 == 0   ? rev
                   : rev % 3 == 1 ? rev
                                  : 0);
        }
        rig_durable(&rig, rev);
    }
}

static void expect_same_after(bool with_snapshot, uint64_t first, uint64_t head)
{
    char *before = rig_state(&rig);
    assert_int_equal(rig_reload(&rig, with_snapshot, first, head, why), 0);
    assert_true(room_check(rig.room));
    assert_int_equal(room_info(rig.room).base_rev, first - 1);
    rig_join(&rig, 3, 'C');
    assert_string_equal(strstr(rig.said, "with") == NULL ? "alone" : rig.said, "alone");
    rig_leave(&rig, 3);
    char *after = rig_state(&rig);
    /* Revisions, base and people differ; text and entries do not. */
    char *text = strchr(before, '\'');
    assert_non_null(text);
    text[strcspn(text, ";")] = '\0';
    assert_string_equal(strchr(after, '\''), text);
    free(before);
    free(after);
}

static void a_log_of_nothing_is_an_empty_room(void **state)
{
    (void)state;
    assert_int_equal(rig_reload(&rig, false, 1, 0, why), 0);
    says(rig_join(&rig, 1, 'A'), "1: welcome 0 '' 0 A seq 0; !1: join A");
    says(rig_op(&rig, 1, "'x'", 0, 1), "persist 1");
}

static void from_records_alone(void **state)
{
    (void)state;
    play(100);
    expect_same_after(false, 1, 100);
    /* It goes on where it was, and what clients had is still known. */
    says(rig_resume(&rig, 4, 'A', 98),
         "4: welcome 100 resume 4260 A seq 100 {l=w,k=v}; 4: ack 99 seq 99; 4: ack 100 seq 100; "
         "!4: join A");
    says(rig_op(&rig, 4, "'x'", 100, 100), "4: ack 100 seq 100 dup");
    says(rig_op(&rig, 4, "'x'", 100, 101), "persist 101");
    says(rig_resume(&rig, 5, 'B', 95),
         "5: welcome 100 resume 4260 B seq 97 {l=w,k=v} with A; 5: edit 95..96 [1,-1]; "
         "5: ack 97 seq 97; 5: edit 97..100 [124 in, 0 out] {k=v}; !5: join B");
}

static void from_a_snapshot_and_what_lies_around_it(void **state)
{
    (void)state;
    play(900);
    uint64_t at = rig.snapshot_rev;
    assert_in_range(at, 300, 899);
    expect_same_after(true, at + 1, 900); /* as little as possible */
    char words[80];
    snprintf(words, sizeof words, "fetch 7 #1 read %d-%d", (int)at, (int)at + 1);
    says(rig_history(&rig, 7, at, at + 1), words);  /* the record at the base is not kept */
    says(rig_resume(&rig, 5, 'A', (int64_t)at - 1), /* not kept any more: the text */
         "5: welcome 900 '40707 bytes' 38820 A seq 900 {l=w,k=v}; !5: join A");
    expect_same_after(true, 1, 900); /* with all before it */
    assert_int_equal(rig_reload(&rig, true, at - 5, 900, why), 0);
    assert_true(room_check(rig.room));
    const char *said = rig_resume(&rig, 6, 'B', (int64_t)at - 6);
    assert_non_null(strstr(said, "resume"));
    assert_int_equal(rig_reload(&rig, true, at, 900, why), 0); /* from the snapshot's own record */
    assert_true(room_check(rig.room));
    /* Sessions come from the snapshot too: B's last seq lies before `at` only in the table. */
    assert_int_equal(rig_reload(&rig, true, 1, at, why), 0);
    assert_true(room_check(rig.room));
}

static void a_snapshot_is_taken_when_it_is_worth_it(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    size_t record_bytes = 0;
    size_t snapshot_bytes = 0;
    size_t written_bytes = 0;
    size_t last_bytes = 0;
    size_t snapshots = 0;
    size_t left = 0;
    for (int rev = 0; rev < 3000; rev++) {
        char notation[160];
        snprintf(notation, sizeof notation, "'%0100d'", rev);
        rig_op(&rig, 1, notation, rev, 0);
        record_bytes += rig.records[rev].len;
        const char *said = rig_commit(&rig);
        if (strstr(said, "snapshot") != NULL) {
            bool instead = rig.snapshot_instead != 0;
            snapshots++;
            left += !instead;
            written_bytes += rig.snapshot.len;
            snapshot_bytes += rig.snapshot.len - (instead ? last_bytes : 0);
            last_bytes = rig.snapshot.len;
            assert_true(snapshot_bytes <= 2 * record_bytes + last_bytes);
            assert_true(written_bytes <= 5 * record_bytes);
        }
    }
    assert_in_range(snapshots, 6, 9);
    assert_in_range(left, 4, 6); /* of 40, 80, 160, 320 KiB of text, and the last one */
}

static void a_snapshot_is_due_at_its_very_weight(void **state)
{
    (void)state;
    enum { DUE_BYTES = 64 << 10, PIECE_BYTES = 8000 };
    char notation[PIECE_BYTES + 3];
    size_t weight = 0;
    int rev = 0;
    rig_join(&rig, 1, 'A');
    snprintf(notation, sizeof notation, "'%0*d'", PIECE_BYTES, 0);
    for (; weight + 2 * PIECE_BYTES < DUE_BYTES; rev++) {
        rig_op(&rig, 1, notation, rev, 0);
        assert_null(strstr(rig_commit(&rig), "snapshot"));
        weight += rig.records[rev].len;
    }
    int last = (int)(DUE_BYTES - weight - (rig.records[0].len - PIECE_BYTES));
    snprintf(notation, sizeof notation, "'%0*d'", last / 2, 0);
    rig_op(&rig, 1, notation, rev, 0);
    assert_null(strstr(rig_commit(&rig), "snapshot"));
    weight += rig.records[rev++].len;
    last = (int)(DUE_BYTES - weight - (rig.records[0].len - PIECE_BYTES));
    snprintf(notation, sizeof notation, "'%0*d'", last, 0);
    rig_op(&rig, 1, notation, rev, 0);
    assert_int_equal(weight + rig.records[rev].len, DUE_BYTES);
    assert_non_null(strstr(rig_commit(&rig), "snapshot"));
}

static void a_snapshot_that_may_be_lost_is_taken_again(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    char notation[8010];
    snprintf(notation, sizeof notation, "'%08000d'", 0);
    for (int rev = 0; rig.snapshot_rev == 0; rev++) {
        rig_op(&rig, 1, notation, rev, 0);
        rig_commit(&rig);
    }
    int64_t at = (int64_t)rig.snapshot_rev;
    rig_op(&rig, 1, "'x'", at, 0);
    rig_fail(&rig);
    rig_op(&rig, 1, "'x'", at, 0);
    assert_non_null(strstr(rig_commit(&rig), "snapshot"));
    rig_op(&rig, 1, "'x'", at + 1, 0);
    assert_null(strstr(rig_commit(&rig), "snapshot"));
    rig_op(&rig, 1, "'x'", at + 2, 0);
    rig_fail(&rig); /* the snapshot is on disk by now */
    rig_op(&rig, 1, "'x'", at + 2, 0);
    assert_null(strstr(rig_commit(&rig), "snapshot"));
}

static void another_life_of_a_log_has_another_epoch(void **state)
{
    (void)state;
    play(12);
    struct uuid own = rig.epoch;
    rig.config.generation = (struct uuid){{0x81, 0, 0x18}};
    assert_int_equal(rig_reload(&rig, false, 1, 12, why), 0);
    struct room_info info = room_info(rig.room);
    assert_true(uuid_equal(&info.log_epoch, &own));
    struct uuid shown = own;
    shown.bytes[0] ^= 0x81;
    shown.bytes[2] ^= 0x18;
    assert_true(uuid_equal(&info.epoch, &shown));
    /* Who knows the log's first life is given the text, who knows this one is brought on. */
    assert_non_null(strstr(rig_resume(&rig, 3, 'B', 12), "welcome 12 '"));
    rig.epoch = shown;
    assert_non_null(strstr(rig_resume(&rig, 4, 'A', 12), "welcome 12 resume "));
    /* The log goes on as the one that it is. */
    rig_op(&rig, 4, "'x'", 12, 13);
    rig_commit(&rig);
    rig.epoch = own;
    rig.config.generation = (struct uuid){{0}};
    assert_int_equal(rig_reload(&rig, false, 1, 13, why), 0);
}

/* What may still be set is counted against the entries that the log left, not against none. */
static void a_full_table_of_entries_is_still_full(void **state)
{
    (void)state;
    rig_join(&rig, 1, 'A');
    rig_meta(&rig, 1, "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1", 0);
    rig_commit(&rig);
    assert_int_equal(rig_reload(&rig, false, 1, 1, why), 0);
    rig_join(&rig, 2, 'B');
    says(rig_meta(&rig, 2, "q=1", 0),
         "2: error too_large (meta: found more than 16 keys with those the room has, expected at "
         "most that; null removes one)");
    says(rig_meta(&rig, 2, "-p,q=1", 0), "persist 2");
}

/* Sessions whose numbers take most bytes, in a log that has come far: the snapshot holds them all. */
static void a_snapshot_has_room_for_many_old_sessions(void **state)
{
    (void)state;
    enum { SESSIONS = 3000 };
    const uint64_t at = REV_MAX - 100;
    struct buf b;
    buf_init(&b, &faulty_never()->alloc);
    int bad = buf_put_u8(&b, 1) || buf_put_varint(&b, at) || buf_put_u32(&b, 0) ||
              buf_put_varint(&b, 0) || buf_put_varint(&b, SESSIONS);
    for (uint64_t i = 1; i <= SESSIONS; i++) {
        struct uuid id = {{0}};
        memcpy(id.bytes, &i, sizeof i);
        bad |= buf_put(&b, id.bytes, sizeof id.bytes) || buf_put_varint(&b, REV_MAX) ||
               buf_put_varint(&b, at);
    }
    bad |= buf_put_varint(&b, 0) || buf_put_blob(&b, "", 0) ||
           buf_put_u32(&b, crc32c(0, b.data, b.len));
    assert_int_equal(bad, 0);
    assert_int_equal(room_load_snapshot(rig.room, at, b.data, b.len, why, sizeof why), 0);
    assert_int_equal(room_load_end(rig.room, at, why, sizeof why), 0);
    rig_join(&rig, 1, 'A');
    const struct room_effect *last = NULL;
    char *text = calloc(1, b.len + (64 << 10)); /* past what makes a snapshot due */
    assert_non_null(text);
    memset(text, 'x', b.len + (64 << 10));
    struct weft_op op;
    weft_op_init(&op, &faulty_never()->alloc);
    assert_int_equal(weft_op_insert(&op, text, b.len + (64 << 10)), 0);
    struct room_event ev = {.kind = ROOM_OPERATION, .conn = 1, .submission = {.op = &op}};
    room_effects_clear(rig.fx);
    assert_int_equal(room_step(rig.room, rig.now_ms, &ev, rig.fx), 0);
    ev = (struct room_event){.kind = ROOM_DURABLE, .durable_rev = at + 1};
    room_effects_clear(rig.fx);
    assert_int_equal(room_step(rig.room, rig.now_ms, &ev, rig.fx), 0);
    last = room_effects_at(rig.fx, room_effects_count(rig.fx) - 1);
    assert_int_equal(last->kind, ROOM_SNAPSHOT);
    assert_true(last->bytes.len > 2 * b.len);
    weft_op_done(&op);
    free(text);
    buf_done(&b);
}

static void make_snapshot(void);

static void a_snapshot_has_room_for_the_largest_entries(void **state)
{
    (void)state;
    struct room_meta meta = {.n = META_KEYS_MAX};
    for (size_t i = 0; i < META_KEYS_MAX; i++) {
        struct room_meta_entry *e = &meta.entries[i];
        memset(e->key, 'a' + (int)i, META_KEY_BYTES_MAX);
        memset(e->value, 'v', META_VALUE_BYTES_MAX);
        e->key_len = META_KEY_BYTES_MAX;
        e->value_len = META_VALUE_BYTES_MAX;
    }
    rig_join(&rig, 1, 'A');
    struct room_event ev = {.kind = ROOM_META, .conn = 1, .submission = {.meta = &meta}};
    says(rig_step(&rig, &ev), "persist 1");
    rig_commit(&rig);
    make_snapshot();
    assert_true(rig.snapshot.len > META_KEYS_MAX * (META_KEY_BYTES_MAX + META_VALUE_BYTES_MAX));
    assert_int_equal(rig_reload(&rig, true, rig.snapshot_rev + 1, rig.snapshot_rev + 1, why), 0);
    assert_int_equal(room_meta_of(rig.room)->n, META_KEYS_MAX);
}

static void an_old_text_is_made_from_a_snapshot(void **state)
{
    (void)state;
    char words[300], expected[300];
    make_snapshot();
    uint64_t at = rig.snapshot_rev;
    /* A room that has not been there since the beginning cannot make it from what it keeps. */
    assert_int_equal(rig_reload(&rig, true, at + 1, at + 1, why), 0);
    snprintf(expected, sizeof expected, "fetch 7 #1 base %d", (int)at);
    says(rig_text(&rig, 7, (int64_t)at), expected);
    struct room_event ev = {.kind = ROOM_FETCHED};
    ev.fetched = (struct room_fetched){.ticket = 1,
                                       .has_snapshot = true,
                                       .snapshot = rig.snapshot.at,
                                       .snapshot_len = rig.snapshot.len - 1};
    says(rig_step(&rig, &ev), "7: error unavailable retry 1000 (the log could not be read: stored "
                              "bytes do not check)");
    rig_text(&rig, 7, (int64_t)at);
    ev.fetched.ticket = 2;
    ev.fetched.snapshot_len++;
    snprintf(words, sizeof words, "7: text %d 'left", (int)at);
    assert_int_equal(strncmp(rig_step(&rig, &ev), words, strlen(words)), 0);
}

/* --- damage --- */

static void refuses(bool with_snapshot, uint64_t first, uint64_t head, const char *words)
{
    assert_int_equal(rig_reload(&rig, with_snapshot, first, head, why), WEFT_ECORRUPT);
    assert_string_equal(why, words);
}

static void every_flipped_bit_of_a_log_is_found(void **state)
{
    (void)state;
    char words[100];
    play(12);
    for (uint64_t rev = 1; rev <= 12; rev++) {
        struct rig_bytes *b = &rig.records[rev - 1];
        snprintf(words, sizeof words, "record %d: its checksum does not hold", (int)rev);
        for (size_t bit = 0; bit < b->len * 8; bit++) {
            b->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            refuses(false, 1, 12, words);
            b->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t len = 0; len < b->len; len++) {
            size_t whole = b->len;
            b->len = len;
            refuses(false, 1, 12, words);
            b->len = whole;
        }
    }
    assert_int_equal(rig_reload(&rig, false, 1, 12, why), 0);
}

static void make_snapshot(void)
{
    char notation[8010];
    snprintf(notation, sizeof notation, "'%08000d'", 0);
    if (room_info(rig.room).n_people == 0 || room_meta_of(rig.room) == NULL) {
        rig_join(&rig, 1, 'A');
        rig_meta(&rig, 1, "k=v", 1);
        rig_commit(&rig);
    }
    int64_t head = (int64_t)room_info(rig.room).head_rev;
    /* As much as is needed, and gone again, so that the snapshot itself is small. */
    for (int64_t rev = head; rig.snapshot_rev == 0; rev += 2) {
        rig_op(&rig, 1, notation, rev, 0);
        rig_op(&rig, 1, "-8000 'left'", rev + 1, (uint64_t)rev + 1);
        rig_commit(&rig);
    }
    rig_op(&rig, 1, "'after'", (int64_t)rig.snapshot_rev, 0);
    rig_commit(&rig);
}

static void every_flipped_bit_of_a_snapshot_is_found(void **state)
{
    (void)state;
    char words[100];
    make_snapshot();
    uint64_t at = rig.snapshot_rev;
    assert_int_equal(rig_reload(&rig, true, at + 1, at + 1, why), 0);
    assert_in_range(rig.snapshot.len, 40, 200);
    snprintf(words, sizeof words, "snapshot %d: its checksum does not hold", (int)at);
    for (size_t bit = 0; bit < rig.snapshot.len * 8; bit++) {
        rig.snapshot.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refuses(true, at + 1, at + 1, words);
        rig.snapshot.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    while (rig.snapshot.len-- > 0)
        refuses(true, at + 1, at + 1, words);
    rig.snapshot.len = 0;
}

/* Where a session's user id stands in the snapshot; its seq and its revision follow. */
static size_t session_at(char user)
{
    struct uuid id = rig_user(user);
    size_t at = 0;
    while (memcmp(rig.snapshot.at + at, id.bytes, sizeof id.bytes) != 0)
        assert_true(++at + sizeof id.bytes < rig.snapshot.len);
    return at;
}

/* Another byte, and the checksum holds. */
static void forge(size_t at, uint8_t byte)
{
    struct rig_bytes *b = &rig.snapshot;
    b->at[at] = byte;
    uint32_t crc = crc32c(0, b->at, b->len - 4);
    for (size_t i = 0; i < 4; i++)
        b->at[b->len - 4 + i] = (uint8_t)(crc >> 8 * i);
}

static void a_snapshot_of_another_version_is_not_read(void **state)
{
    (void)state;
    char words[100];
    make_snapshot();
    uint64_t at = rig.snapshot_rev;
    snprintf(words, sizeof words, "snapshot %d: its checksum does not hold", (int)at);
    forge(0, 3);
    refuses(true, at + 1, at + 1, words);
    forge(0, 2);
    assert_int_equal(rig_reload(&rig, true, at + 1, at + 1, why), 0);
    snprintf(words, sizeof words, "snapshot %d: it says it is of another epoch", (int)at);
    forge(5, 1);
    refuses(true, at + 1, at + 1, words);
}

/* The first version had neither the epoch nor a timeline. */
static void a_snapshot_of_the_first_version_is_read(void **state)
{
    (void)state;
    make_snapshot();
    uint64_t at = rig.snapshot_rev;
    assert_int_equal(rig_reload(&rig, true, at + 1, at + 1, why), 0);
    char *before = rig_state(&rig);
    struct rig_bytes *b = &rig.snapshot;
    struct cur c = cur_of(b->at, b->len);
    (void)cur_bytes(&c, 1 + sizeof(struct uuid));
    const uint8_t *rev = c.at;
    (void)cur_varint(&c);
    (void)cur_u32(&c);
    size_t len = (size_t)(c.at - rev);
    for (uint64_t n = cur_varint(&c); n > 0; n--) {
        (void)cur_varint(&c);
        (void)cur_varint(&c);
    }
    assert_false(c.bad);
    size_t rest = cur_left(&c);
    memmove(b->at + 1, rev, len);
    memmove(b->at + 1 + len, c.at, rest);
    b->len = 1 + len + rest;
    forge(0, 1);
    assert_int_equal(rig_reload(&rig, true, at + 1, at + 1, why), 0);
    char *after = rig_state(&rig);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* What no room writes: a session without a user, a sequence number or a revision, or there twice. */
static void a_table_of_sessions_that_no_room_writes_is_found(void **state)
{
    (void)state;
    enum { SEQ = 16, REV = 17 };
    char words[100];
    rig_join(&rig, 2, 'B');
    rig_op(&rig, 2, "'b'", 0, 1);
    rig_commit(&rig);
    make_snapshot();
    uint64_t rev = rig.snapshot_rev;
    snprintf(words, sizeof words, "snapshot %d: its checksum does not hold", (int)rev);
    size_t at = session_at('B');
    forge(at + SEQ, 1);
    assert_int_equal(rig_reload(&rig, true, rev + 1, rev + 1, why), 0);
    forge(at + SEQ, 0);
    refuses(true, rev + 1, rev + 1, words);
    forge(at + SEQ, 1);
    forge(at + REV, 0);
    refuses(true, rev + 1, rev + 1, words);
    forge(at + REV, 1);
    forge(at, 'A');
    forge(at + 15, 'A');
    refuses(true, rev + 1, rev + 1, words);
    forge(at, 0);
    forge(at + 15, 0);
    refuses(true, rev + 1, rev + 1, words);
}

/* Behind a snapshot's text, and counted by its checksum. */
static const char *behind_the_text = "";

/* Loads a snapshot with this text (NULL: none, not even its length) and, if `key` is not NULL, that key, set or removed. */
static int load_made(uint64_t rev, uint32_t sum, const char *key, bool removed, const char *text)
{
    struct buf b;
    buf_init(&b, &faulty_never()->alloc);
    int bad = buf_put_u8(&b, 1) || buf_put_varint(&b, rev) || buf_put_u32(&b, sum) ||
              buf_put_varint(&b, 0) || buf_put_varint(&b, 0) || buf_put_varint(&b, key != NULL) ||
              (key != NULL && buf_put_u8(&b, removed)) ||
              (key != NULL && buf_put_blob(&b, key, strlen(key))) ||
              (key != NULL && !removed && buf_put_blob(&b, "v", 1)) ||
              (text != NULL && buf_put_blob(&b, text, strlen(text))) ||
              buf_put(&b, behind_the_text, strlen(behind_the_text)) ||
              buf_put_u32(&b, crc32c(0, b.data, b.len));
    assert_int_equal(bad, 0);
    rig_reset(&rig);
    int err = room_load_snapshot(rig.room, rev, b.data, b.len, why, sizeof why);
    buf_done(&b);
    return err;
}

static void a_table_of_entries_holds_what_is_there(void **state)
{
    (void)state;
    assert_int_equal(load_made(1, 0, "k", false, "x"), 0);
    assert_int_equal(load_made(1, 0, "k", true, "x"), WEFT_ECORRUPT);
    assert_string_equal(why, "snapshot 1: its checksum does not hold");
}

static void a_text_that_is_none_is_found(void **state)
{
    (void)state;
    assert_int_equal(load_made(1, 0, NULL, false, "x\xff"), WEFT_ECORRUPT);
    assert_string_equal(why, "snapshot 1: its text is not valid UTF-8");
}

static void a_snapshot_ends_with_its_text(void **state)
{
    (void)state;
    assert_int_equal(load_made(1, 0, NULL, false, "x"), 0);
    assert_int_equal(load_made(1, 0, NULL, false, NULL), WEFT_ECORRUPT);
    behind_the_text = "!";
    assert_int_equal(load_made(1, 0, NULL, false, "x"), WEFT_ECORRUPT);
    behind_the_text = "";
}

/* A snapshot of revision 2 with this text, and both records before it. */
static int load_around(const char *text)
{
    struct record second;
    assert_int_equal(record_decode(rig.records[1].at, rig.records[1].len, &second), 0);
    assert_int_equal(load_made(2, second.sum, NULL, false, text), 0);
    for (uint64_t rev = 1; rev <= 2; rev++) {
        const struct rig_bytes *b = &rig.records[rev - 1];
        assert_int_equal(room_load_record(rig.room, rev, b->at, b->len, why, sizeof why), 0);
    }
    return room_load_end(rig.room, 2, why, sizeof why);
}

/* The length at each revision is found from the snapshot's text backwards; none is below zero, nor
 * shorter than where its next operation reaches. */
static void a_text_too_short_for_the_records_before_it_is_found(void **state)
{
    (void)state;
    static const char words[] = "snapshot 2: its text is not what the records before it make";
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'abc'", 0, 1);
    rig_op(&rig, 1, "3 'de'", 1, 2);
    assert_int_equal(load_around("abcde"), 0);
    assert_true(room_check(rig.room));
    assert_int_equal(load_around("abcd"), WEFT_ECORRUPT); /* of 2, where the second needs 3 */
    assert_string_equal(why, words);
    assert_int_equal(load_around("x"), WEFT_ECORRUPT);
    assert_string_equal(why, words);
}

/* Loads records of a log of their own, one after the other, each with x in front of the document. */
static int load_all(const struct record *records, size_t n)
{
    struct weft_op op;
    struct buf b;
    uint32_t sum = record_first_sum(&rig.epoch);
    int err = 0;
    rig_reset(&rig);
    weft_op_init(&op, &faulty_never()->alloc);
    buf_init(&b, &faulty_never()->alloc);
    assert_int_equal(weft_op_insert(&op, "x", 1), 0);
    for (size_t i = 0; err == 0 && i < n; i++) {
        struct record r = records[i];
        r.rev = i + 1;
        r.prev_sum = sum;
        buf_clear(&b);
        assert_int_equal(record_encode(&r, &op, &b), 0);
        sum = r.sum;
        err = room_load_record(rig.room, i + 1, b.data, b.len, why, sizeof why);
    }
    buf_done(&b);
    weft_op_done(&op);
    return err;
}

/* Record 1 and 2 of a log, both by A. */
static int load_two(uint64_t seq, uint64_t next_seq)
{
    const struct record both[] = {{.seq = seq, .user_id = rig_user('A')},
                                  {.seq = next_seq, .user_id = rig_user('A')}};
    return load_all(both, 2);
}

static void a_seq_of_nobody_is_found(void **state)
{
    (void)state;
    assert_int_equal(load_all(&(struct record){.seq = 0}, 1), 0);
    assert_int_equal(load_all(&(struct record){.seq = 1}, 1), WEFT_ECORRUPT);
}

static struct room_meta keys(char first, size_t n)
{
    struct room_meta meta = {.n = n};
    for (size_t i = 0; i < n; i++)
        meta.entries[i] = (struct room_meta_entry){
            .key = {(char)(first + (int)i)}, .key_len = 1, .value = "v", .value_len = 1};
    return meta;
}

static void entries_that_no_room_takes_are_found(void **state)
{
    (void)state;
    struct room_meta some = keys('a', 9), others = keys('q', 7), one_more = keys('z', 1);
    const struct record records[] = {{.meta = &some}, {.meta = &others}, {.meta = &one_more}};
    assert_int_equal(load_all(records, 2), 0);
    assert_int_equal(load_all(records, 3), WEFT_ECORRUPT);
    assert_string_equal(why, "record 3: its operation does not fit the text");
    some.entries[8].key[0] = 'a'; /* there twice */
    assert_int_equal(load_all(records, 1), WEFT_ECORRUPT);
}

static void a_seq_that_comes_twice_is_found(void **state)
{
    (void)state;
    assert_int_equal(load_two(7, 8), 0);
    assert_int_equal(load_two(7, 7), WEFT_ECORRUPT);
    assert_int_equal(load_two(7, 6), WEFT_ECORRUPT);
    assert_int_equal(load_two(7, 0), 0); /* without one: it is not counted */
}

static void a_missing_start_or_end_is_found(void **state)
{
    (void)state;
    play(5);
    refuses(false, 2, 5, "record 2: there is a gap before it");
    rig_reset(&rig);
    for (uint64_t rev = 1; rev <= 4; rev++)
        assert_int_equal(room_load_record(rig.room, rev, rig.records[rev - 1].at,
                                          rig.records[rev - 1].len, why, sizeof why),
                         0);
    assert_int_equal(room_load_end(rig.room, 5, why, sizeof why), WEFT_ECORRUPT);
    assert_string_equal(why, "record 5: the log ends before it");
}

static void a_record_in_the_wrong_place_is_found(void **state)
{
    (void)state;
    play(5);
    struct rig_bytes two = rig.records[1];
    struct rig_bytes three = rig.records[2];
    rig.records[1] = three;
    rig.records[2] = two;
    refuses(false, 1, 5, "record 2: it says it is of another revision");
    rig.records[1] = two;
    rig.records[2] = three;
    /* Another log's record of the same revision: whole in itself, but it continues something else. */
    rig_reset(&rig);
    rig_join(&rig, 1, 'A');
    struct rig_bytes own = rig.records[0];
    rig.records[0] = (struct rig_bytes){0};
    rig_op(&rig, 1, "'other'", 0, 0);
    refuses(false, 1, 5, "record 2: it does not continue the record before it");
    free(rig.records[0].at);
    rig.records[0] = own;
    rig.epoch = rig_user('F');
    refuses(false, 1, 5, "record 1: it does not continue the snapshot or the epoch");
    rig.epoch = rig_user('E');
    assert_int_equal(rig_reload(&rig, false, 1, 5, why), 0);
}

static void a_snapshot_of_something_else_is_found(void **state)
{
    (void)state;
    char words[100];
    make_snapshot();
    uint64_t at = rig.snapshot_rev;
    rig.snapshot_rev++;
    snprintf(words, sizeof words, "snapshot %d: it says it is of another revision", (int)at + 1);
    refuses(true, at + 1, at + 1, words);
    rig.snapshot_rev--;
    struct rig_bytes kept = rig.records[at - 1];
    struct rig_bytes after = rig.records[at];
    /* The same history with another last operation: its records do not lead to the snapshot. */
    assert_int_equal(rig_reload(&rig, false, 1, at - 1, why), 0);
    rig.records[at - 1] = (struct rig_bytes){0};
    rig.records[at] = (struct rig_bytes){0};
    rig_join(&rig, 1, 'A');
    rig_op(&rig, 1, "'other'", (int64_t)at - 1, 0);
    rig_op(&rig, 1, "'more'", (int64_t)at, 0);
    snprintf(words, sizeof words, "record %d: it is not the one its snapshot was taken at",
             (int)at);
    refuses(true, at - 1, at + 1, words);
    snprintf(words, sizeof words, "record %d: it does not continue the snapshot or the epoch",
             (int)at + 1);
    refuses(true, at + 1, at + 1, words);
    free(rig.records[at - 1].at);
    free(rig.records[at].at);
    rig.records[at - 1] = kept;
    rig.records[at] = after;
    /* Records that end before the snapshot. */
    rig_reset(&rig);
    assert_int_equal(
        room_load_snapshot(rig.room, at, rig.snapshot.at, rig.snapshot.len, why, sizeof why), 0);
    assert_int_equal(room_load_record(rig.room, at - 1, rig.records[at - 2].at,
                                      rig.records[at - 2].len, why, sizeof why),
                     0);
    assert_int_equal(room_load_end(rig.room, at, why, sizeof why), WEFT_ECORRUPT);
    snprintf(words, sizeof words, "record %d: the log ends before it", (int)at);
    assert_string_equal(why, words);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_log_of_nothing_is_an_empty_room),
        T(from_records_alone),
        T(from_a_snapshot_and_what_lies_around_it),
        T(a_snapshot_is_taken_when_it_is_worth_it),
        T(a_snapshot_is_due_at_its_very_weight),
        T(a_snapshot_that_may_be_lost_is_taken_again),
        T(another_life_of_a_log_has_another_epoch),
        T(a_full_table_of_entries_is_still_full),
        T(a_snapshot_has_room_for_many_old_sessions),
        T(a_snapshot_has_room_for_the_largest_entries),
        T(an_old_text_is_made_from_a_snapshot),
        T(every_flipped_bit_of_a_log_is_found),
        T(every_flipped_bit_of_a_snapshot_is_found),
        T(a_snapshot_of_another_version_is_not_read),
        T(a_snapshot_of_the_first_version_is_read),
        T(a_table_of_sessions_that_no_room_writes_is_found),
        T(a_table_of_entries_holds_what_is_there),
        T(a_text_that_is_none_is_found),
        T(a_snapshot_ends_with_its_text),
        T(a_seq_that_comes_twice_is_found),
        T(a_seq_of_nobody_is_found),
        T(entries_that_no_room_takes_are_found),
        T(a_text_too_short_for_the_records_before_it_is_found),
        T(a_missing_start_or_end_is_found),
        T(a_record_in_the_wrong_place_is_found),
        T(a_snapshot_of_something_else_is_found),
    };
    return cmocka_run_group_tests_name("a room from its log", tests, NULL, NULL);
}
