#include "support/store_conformance.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/memory.h"
#include "support/rng.h"

/* ---- helpers ---------------------------------------------------------------------------------- */

void store_folder_make(char out[STORE_FOLDER_BYTES])
{
    const char *base = getenv("WEFT_TMP");
    (void)snprintf(out, STORE_FOLDER_BYTES, "%s/weft-store.XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(out));
}

void store_folder_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
    }
    assert_int_equal(closedir(dir), 0);
    assert_int_equal(rmdir(folder), 0);
}

struct uuid store_epoch(uint8_t which)
{
    struct uuid epoch;
    memset(epoch.bytes, which, sizeof epoch.bytes);
    return epoch;
}

static struct store_write make_write(enum store_write_kind kind, const char *log, uint64_t rev,
                                     const char *bytes)
{
    return (struct store_write){.kind = kind,
                                .name = log,
                                .name_len = strlen(log),
                                .epoch = store_epoch(1),
                                .rev = rev,
                                .bytes = (const uint8_t *)bytes,
                                .len = strlen(bytes)};
}

struct store_write store_record(const char *log, uint64_t rev, const char *bytes)
{
    return make_write(STORE_RECORD, log, rev, bytes);
}

struct store_write store_snapshot(const char *log, uint64_t rev, const char *bytes)
{
    return make_write(STORE_SNAPSHOT, log, rev, bytes);
}

enum { BODY_BYTES = 64, COMMIT_WRITES_MAX = 64 };

static void body_of(const char *log, uint64_t rev, char out[BODY_BYTES])
{
    (void)snprintf(out, BODY_BYTES, "%s:%llu", log, (unsigned long long)rev);
}

void store_fill(struct store *s, const char *log, uint64_t head, uint64_t n, size_t per_commit)
{
    assert_in_range(per_commit, 1, COMMIT_WRITES_MAX);
    struct store_write writes[COMMIT_WRITES_MAX];
    char bodies[COMMIT_WRITES_MAX][BODY_BYTES];
    for (uint64_t done = 0; done < n;) {
        size_t count = 0;
        while (count < per_commit && done < n) {
            done++;
            body_of(log, head + done, bodies[count]);
            writes[count] = store_record(log, head + done, bodies[count]);
            count++;
        }
        assert_int_equal(store_commit(s, writes, count), 0);
    }
}

static void assert_bytes(const struct store_log *log, size_t at, size_t len, const char *want)
{
    assert_int_equal(len, strlen(want));
    assert_true(at + len <= log->bytes.len);
    if (len != 0)
        assert_memory_equal(log->bytes.data + at, want, len);
}

void store_assert_filled(const struct store_log *log, const char *name, uint64_t first,
                         uint64_t last)
{
    assert_int_equal(log->n_records, last + 1 - first);
    if (log->n_records != 0)
        assert_int_equal(log->first_rev, first);
    for (size_t i = 0; i < log->n_records; i++) {
        char body[BODY_BYTES];
        body_of(name, first + i, body);
        assert_bytes(log, log->records[i].at, log->records[i].len, body);
    }
}

static void assert_snapshot(const struct store_log *log, uint64_t rev, const char *want)
{
    assert_true(log->has_snapshot);
    assert_int_equal(log->snapshot_rev, rev);
    assert_bytes(log, log->snapshot_at, log->snapshot_len, want);
}

static int commit_one(struct store *s, struct store_write write)
{
    return store_commit(s, &write, 1);
}

static void assert_absent(struct store *s, const char *name)
{
    struct store_log log;
    assert_int_equal(store_load(s, name, strlen(name), 10, &log), WEFT_ENOENT);
    assert_int_equal(store_base(s, name, strlen(name), 0, &log), WEFT_ENOENT);
    assert_int_equal(store_read(s, name, strlen(name), 1, 9, 999, &log), WEFT_ENOENT);
}

static void assert_head(struct store *s, const char *name, uint64_t head)
{
    struct store_log log;
    assert_int_equal(store_load(s, name, strlen(name), 0, &log), 0);
    assert_int_equal(log.head, head);
    store_log_done(&log);
}

/* ---- one store for each test ------------------------------------------------------------------ */

struct case_state {
    const struct store_backend *backend;
    struct store *store;
    char folder[STORE_FOLDER_BYTES];
};

static int set_up(void **state)
{
    struct case_state *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->backend = *state;
    store_folder_make(c->folder);
    assert_int_equal(c->backend->open(c->folder, &c->store), 0);
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    struct case_state *c = *state;
    store_free(c->store);
    store_folder_remove(c->folder);
    free(c);
    return 0;
}

/* What is in the store must still be there: through the disk where there is one. */
static void reopen(struct case_state *c)
{
    if (!c->backend->persistent)
        return;
    store_free(c->store);
    c->store = NULL;
    assert_int_equal(c->backend->open(c->folder, &c->store), 0);
}

/* ---- the tests -------------------------------------------------------------------------------- */

static void appends(void **state)
{
    struct case_state *c = *state;
    assert_absent(c->store, "a");
    assert_int_equal(store_commit(c->store, NULL, 0), 0);
    store_fill(c->store, "a", 0, 10, 3);
    for (int again = 0; again < 2; again++) {
        struct store_log log;
        assert_int_equal(store_load(c->store, "a", 1, 0, &log), 0);
        const struct uuid epoch = store_epoch(1);
        assert_true(uuid_equal(&log.epoch, &epoch));
        assert_int_equal(log.head, 10);
        assert_false(log.has_snapshot);
        store_assert_filled(&log, "a", 1, 10);
        store_log_done(&log);
        reopen(c);
    }
    store_fill(c->store, "a", 10, 5, 5);
    assert_head(c->store, "a", 15);
    assert_absent(c->store, "b");
}

static void refuses_out_of_turn(void **state)
{
    struct case_state *c = *state;
    struct store *s = c->store;
    assert_int_equal(commit_one(s, store_record("a", 2, "x")), WEFT_EINVAL);
    assert_absent(s, "a");
    store_fill(s, "a", 0, 3, 1);
    assert_int_equal(commit_one(s, store_record("a", 0, "x")), WEFT_EINVAL);
    assert_int_equal(commit_one(s, store_record("a", 1, "x")), WEFT_EINVAL);
    assert_int_equal(commit_one(s, store_record("a", 3, "x")), WEFT_EINVAL);
    assert_int_equal(commit_one(s, store_record("a", 5, "x")), WEFT_EINVAL);
    assert_int_equal(commit_one(s, store_record("a", UINT64_MAX, "x")), WEFT_EINVAL);
    assert_true(strlen(store_error_text(s)) > 0);
    struct store_log log;
    assert_int_equal(store_load(s, "a", 1, 0, &log), 0);
    store_assert_filled(&log, "a", 1, 3);
    store_log_done(&log);
    assert_int_equal(commit_one(s, store_record("a", 4, "x")), 0);
}

static void refuses_another_epoch(void **state)
{
    struct case_state *c = *state;
    store_fill(c->store, "a", 0, 1, 1);
    struct store_write write = store_record("a", 2, "x");
    write.epoch = store_epoch(2);
    assert_int_equal(commit_one(c->store, write), WEFT_EINVAL);
    write = store_snapshot("a", 1, "x");
    write.epoch = store_epoch(2);
    assert_int_equal(commit_one(c->store, write), WEFT_EINVAL);
    assert_head(c->store, "a", 1);
    reopen(c);
    assert_int_equal(commit_one(c->store, write), WEFT_EINVAL);
    assert_int_equal(commit_one(c->store, store_record("a", 2, "x")), 0);
}

static void refuses_snapshots_of_nothing(void **state)
{
    struct case_state *c = *state;
    assert_int_equal(commit_one(c->store, store_snapshot("a", 1, "x")), WEFT_EINVAL);
    assert_absent(c->store, "a");
    store_fill(c->store, "a", 0, 2, 1);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 3, "x")), WEFT_EINVAL);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 0, "x")), WEFT_EINVAL);
    struct store_log log;
    assert_int_equal(store_load(c->store, "a", 1, 0, &log), 0);
    assert_false(log.has_snapshot);
    store_log_done(&log);
}

static void refuses_what_is_too_large(void **state)
{
    struct case_state *c = *state;
    char name[STORE_NAME_BYTES_MAX + 2];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(commit_one(c->store, store_record(name, 1, "x")), WEFT_ELIMIT);
    struct store_log log;
    assert_int_equal(store_load(c->store, name, strlen(name), 0, &log), WEFT_ELIMIT);
    name[STORE_NAME_BYTES_MAX] = '\0';
    assert_int_equal(commit_one(c->store, store_record(name, 1, "x")), 0);
    reopen(c);
    assert_head(c->store, name, 1);
    struct store_write write = store_record("a", 1, "x");
    write.len = (size_t)STORE_ITEM_BYTES_MAX + 1; /* refused before anybody reads that far */
    assert_int_equal(commit_one(c->store, write), WEFT_ELIMIT);
}

/* A failure at each place of a batch leaves nothing of it, in any of the logs. */
static void commits_are_atomic(void **state)
{
    struct case_state *c = *state;
    store_fill(c->store, "old", 0, 2, 1);
    for (size_t bad = 0; bad < 6; bad++) {
        struct store_write writes[] = {
            store_record("old", 3, "x"),   store_record("new", 1, "x"),
            store_snapshot("old", 3, "x"), store_record("new", 2, "x"),
            store_snapshot("new", 1, "x"), store_record("old", 4, "x"),
        };
        writes[bad].rev += 7;
        assert_int_equal(store_commit(c->store, writes, 6), WEFT_EINVAL);
        assert_absent(c->store, "new");
        if (bad % 2 == 0)
            reopen(c);
        struct store_log log;
        assert_int_equal(store_load(c->store, "old", 3, 0, &log), 0);
        assert_int_equal(log.head, 2);
        assert_false(log.has_snapshot);
        store_assert_filled(&log, "old", 1, 2);
        store_log_done(&log);
    }
    store_fill(c->store, "old", 2, 1, 1);
    store_fill(c->store, "new", 0, 1, 1);
}

/* A log may get its first record and its snapshot in one commit, and another epoch than one that a
 * failed commit would have given it. */
static void orders_within_a_commit(void **state)
{
    struct case_state *c = *state;
    struct store_write failing[] = {store_record("a", 1, "x"), store_record("a", 3, "x")};
    failing[0].epoch = failing[1].epoch = store_epoch(9);
    assert_int_equal(store_commit(c->store, failing, 2), WEFT_EINVAL);

    struct store_write writes[] = {store_record("a", 1, "one"), store_snapshot("a", 1, "ONE"),
                                   store_record("b", 1, "uno"), store_record("a", 2, "two"),
                                   store_snapshot("a", 2, "TWO")};
    assert_int_equal(store_commit(c->store, writes, 5), 0);
    reopen(c);
    struct store_log log;
    assert_int_equal(store_load(c->store, "a", 1, 0, &log), 0);
    assert_int_equal(log.head, 2);
    assert_snapshot(&log, 2, "TWO");
    assert_int_equal(log.n_records, 0);
    store_log_done(&log);
    assert_int_equal(store_load(c->store, "a", 1, 1, &log), 0);
    assert_int_equal(log.n_records, 1);
    assert_bytes(&log, log.records[0].at, log.records[0].len, "two");
    store_log_done(&log);
}

static void snapshots_take_each_others_place(void **state)
{
    struct case_state *c = *state;
    store_fill(c->store, "a", 0, 3, 3);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 2, "first, and longer")), 0);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 2, "second")), 0);
    reopen(c);
    struct store_log log;
    assert_int_equal(store_load(c->store, "a", 1, 0, &log), 0);
    assert_snapshot(&log, 2, "second");
    store_assert_filled(&log, "a", 3, 3);
    store_log_done(&log);
}

/* first record = min(snapshot + 1, head - tail + 1), at least 1 */
static void loads_with_a_tail(void **state)
{
    struct case_state *c = *state;
    store_fill(c->store, "a", 0, 20, 7);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 6, "six")), 0);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 14, "fourteen")), 0);
    reopen(c);
    static const struct {
        uint64_t tail;
        uint64_t first;
    } CASES[] = {{0, 15}, {5, 15}, {6, 15}, {7, 14},        {15, 6},
                 {19, 2}, {20, 1}, {21, 1}, {UINT64_MAX, 1}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct store_log log;
        assert_int_equal(store_load(c->store, "a", 1, CASES[i].tail, &log), 0);
        assert_int_equal(log.head, 20);
        assert_snapshot(&log, 14, "fourteen");
        store_assert_filled(&log, "a", CASES[i].first, 20);
        store_log_done(&log);
    }
}

static struct store_write drop_of(const char *log)
{
    return make_write(STORE_DROP, log, 0, "");
}

static void drops_a_log_whole(void **state)
{
    struct case_state *c = *state;
    struct store_log log;
    assert_int_equal(commit_one(c->store, drop_of("a")), WEFT_EINVAL);
    store_fill(c->store, "a", 0, 5, 2);
    store_fill(c->store, "b", 0, 5, 2);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 3, "three")), 0);
    struct store_write other = drop_of("a");
    other.epoch = store_epoch(2);
    assert_int_equal(commit_one(c->store, other), WEFT_EINVAL);
    assert_int_equal(store_load(c->store, "a", 1, 0, &log), 0);
    store_log_done(&log);

    assert_int_equal(commit_one(c->store, drop_of("a")), 0);
    for (int pass = 0; pass < 2; pass++, reopen(c)) {
        struct store_name name;
        assert_int_equal(store_load(c->store, "a", 1, 0, &log), WEFT_ENOENT);
        assert_int_equal(store_next(c->store, NULL, 0, &name), 0);
        assert_memory_equal(name.bytes, "b", 1);
        assert_int_equal(commit_one(c->store, store_record("a", 6, "x")), WEFT_EINVAL);
        assert_int_equal(commit_one(c->store, drop_of("a")), WEFT_EINVAL);
    }
    assert_int_equal(store_load(c->store, "b", 1, 9, &log), 0);
    store_assert_filled(&log, "b", 1, 5);
    store_log_done(&log);
}

static void begins_a_dropped_log_anew(void **state)
{
    struct case_state *c = *state;
    struct store_log log;
    store_fill(c->store, "a", 0, 9, 3);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 9, "nine")), 0);
    struct store_write writes[] = {
        store_record("a", 10, "ten"),   drop_of("a"),
        store_record("a", 1, "one"),    store_record("a", 2, "two"),
        store_snapshot("a", 2, "text"), store_record("a", 3, "three"),
    };
    for (size_t i = 2; i < 6; i++)
        writes[i].epoch = store_epoch(7);
    /* All or nothing: the last one is out of turn. */
    writes[5].rev = 4;
    assert_int_equal(store_commit(c->store, writes, 6), WEFT_EINVAL);
    assert_int_equal(store_load(c->store, "a", 1, 0, &log), 0);
    assert_int_equal(log.head, 9);
    assert_bytes(&log, log.snapshot_at, log.snapshot_len, "nine");
    store_log_done(&log);

    writes[5].rev = 3;
    assert_int_equal(store_commit(c->store, writes, 6), 0);
    const struct uuid epoch = store_epoch(7);
    for (int pass = 0; pass < 2; pass++, reopen(c)) {
        assert_int_equal(store_load(c->store, "a", 1, 9, &log), 0);
        assert_true(uuid_equal(&log.epoch, &epoch));
        assert_int_equal(log.head, 3);
        assert_int_equal(log.n_records, 3);
        assert_bytes(&log, log.records[2].at, log.records[2].len, "three");
        assert_int_equal(log.snapshot_rev, 2);
        assert_bytes(&log, log.snapshot_at, log.snapshot_len, "text");
        store_log_done(&log);
    }
    /* Twice in one commit, and gone at its end. */
    struct store_write more[] = {drop_of("a"), store_record("a", 1, "x"), drop_of("a")};
    more[0].epoch = epoch;
    assert_int_equal(store_commit(c->store, more, 3), 0);
    assert_int_equal(store_load(c->store, "a", 1, 9, &log), WEFT_ENOENT);
    store_fill(c->store, "a", 0, 2, 1);
}

static struct store_write trim_of(const char *log, uint64_t rev)
{
    return make_write(STORE_TRIM, log, rev, "");
}

static void tidy_up(struct store *s)
{
    int more;
    while ((more = store_tidy(s)) == 1)
        ;
    assert_int_equal(more, 0);
}

/* What there is of a log trimmed to 20, with snapshots at 20 and 25, of 30 records. */
static void assert_trimmed(struct store *s)
{
    struct store_log log;
    assert_int_equal(store_load(s, "log", 3, 100, &log), 0);
    assert_int_equal(log.base_rev, 20);
    assert_int_equal(log.head, 30);
    assert_snapshot(&log, 25, "at 25");
    store_assert_filled(&log, "log", 21, 30);
    store_log_done(&log);
    assert_int_equal(store_load(s, "log", 3, 8, &log), 0);
    store_assert_filled(&log, "log", 23, 30);
    store_log_done(&log);
    assert_int_equal(store_base(s, "log", 3, 20, &log), 0);
    assert_snapshot(&log, 20, "at 20");
    store_assert_filled(&log, "log", 21, 20);
    store_log_done(&log);
    assert_int_equal(store_base(s, "log", 3, 23, &log), 0);
    assert_snapshot(&log, 20, "at 20");
    store_assert_filled(&log, "log", 21, 23);
    store_log_done(&log);
    assert_int_equal(store_base(s, "log", 3, 19, &log), WEFT_EGONE);
    assert_string_equal(store_error_text(s), "records up to 20 are gone");
    assert_int_equal(store_read(s, "log", 3, 20, 30, 999, &log), WEFT_EGONE);
    assert_int_equal(store_read(s, "log", 3, 1, 5, 999, &log), WEFT_EGONE);
    assert_int_equal(store_read(s, "log", 3, 21, 24, 999, &log), 0);
    assert_int_equal(log.base_rev, 20);
    store_assert_filled(&log, "log", 21, 24);
    store_log_done(&log);
}

static void trims_to_a_snapshot(void **state)
{
    struct case_state *c = *state;
    store_fill(c->store, "log", 0, 30, 7);
    store_fill(c->store, "other", 0, 3, 1);
    assert_int_equal(commit_one(c->store, trim_of("log", 30)),
                     0); /* no snapshot: nothing happens */
    struct store_log log;
    assert_int_equal(store_read(c->store, "log", 3, 1, 30, 9999, &log), 0);
    assert_int_equal(log.base_rev, 0);
    store_assert_filled(&log, "log", 1, 30);
    store_log_done(&log);
    assert_int_equal(commit_one(c->store, store_snapshot("log", 10, "at 10")), 0);
    assert_int_equal(commit_one(c->store, store_snapshot("log", 25, "at 25")), 0);
    /* In the commit of its snapshot, which comes first in it. */
    struct store_write both[2] = {store_snapshot("log", 20, "at 20"), trim_of("log", 24)};
    assert_int_equal(store_commit(c->store, both, 2), 0);
    assert_trimmed(c->store);
    assert_int_equal(commit_one(c->store, trim_of("log", 15)), 0); /* is so already */
    assert_trimmed(c->store);
    tidy_up(c->store);
    assert_trimmed(c->store);
    reopen(c);
    tidy_up(c->store);
    if (c->backend->persistent) {
        assert_trimmed(c->store);
        assert_int_equal(store_read(c->store, "other", 5, 1, 3, 999, &log), 0);
        store_assert_filled(&log, "other", 1, 3);
        store_log_done(&log);
    }
    assert_int_equal(store_verify(c->store), 0);
}

static struct store_write snapshot_for(uint64_t rev, uint64_t instead)
{
    struct store_write w = store_snapshot("log", rev, "");
    w.instead = instead;
    return w;
}

static void a_snapshot_takes_the_place_of_another(void **state)
{
    struct case_state *c = *state;
    store_fill(c->store, "log", 0, 30, 7);
    /* First one by one. What 16 is to replace is gone; what was trimmed to stays. */
    static const uint64_t REVS[][2] = {{5, 0}, {10, 0}, {15, 10}, {16, 10}};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(commit_one(c->store, snapshot_for(REVS[i][0], REVS[i][1])), 0);
    const struct store_write all[] = {snapshot_for(20, 16), snapshot_for(22, 20),
                                      trim_of("log", 21), snapshot_for(25, 15),
                                      snapshot_for(26, 22)};
    assert_int_equal(store_commit(c->store, all, 5), 0);
    static const uint64_t FOUND[][2] = {{24, 15}, {25, 25}, {26, 26}};
    for (size_t i = 0; i < 3; i++) {
        struct store_log log;
        assert_int_equal(store_base(c->store, "log", 3, FOUND[i][0], &log), 0);
        assert_int_equal(log.snapshot_rev, FOUND[i][1]);
        store_log_done(&log);
    }
}

static void trims_to_the_head_and_goes_on(void **state)
{
    struct case_state *c = *state;
    struct store_log log;
    store_fill(c->store, "log", 0, 5, 5);
    assert_int_equal(commit_one(c->store, store_snapshot("log", 5, "at 5")), 0);
    assert_int_equal(commit_one(c->store, trim_of("log", 5)), 0);
    tidy_up(c->store);
    assert_int_equal(store_load(c->store, "log", 3, 100, &log), 0);
    assert_int_equal(log.base_rev, 5);
    assert_int_equal(log.head, 5);
    assert_int_equal(log.n_records, 0);
    assert_snapshot(&log, 5, "at 5");
    store_log_done(&log);
    assert_int_equal(commit_one(c->store, store_record("log", 5, "again")), WEFT_EINVAL);
    assert_int_equal(commit_one(c->store, store_snapshot("log", 4, "late")), WEFT_EINVAL);
    assert_int_equal(commit_one(c->store, trim_of("log", 6)), WEFT_EINVAL);
    store_fill(c->store, "log", 5, 3, 1);
    assert_int_equal(store_load(c->store, "log", 3, 100, &log), 0);
    store_assert_filled(&log, "log", 6, 8);
    store_log_done(&log);
    assert_int_equal(commit_one(c->store, drop_of("log")), 0);
    assert_absent(c->store, "log");
    store_fill(c->store, "log", 0, 2, 1);
    assert_int_equal(store_read(c->store, "log", 3, 1, 2, 999, &log), 0);
    assert_int_equal(log.base_rev, 0);
    store_log_done(&log);
}

static void begins_a_trimmed_log(void **state)
{
    struct case_state *c = *state;
    struct store_log log;
    const struct store_write writes[] = {make_write(STORE_BEGIN, "log", 7, "at 7"),
                                         store_record("log", 8, "log:8"),
                                         store_record("log", 9, "log:9")};
    assert_int_equal(store_commit(c->store, writes, 3), 0);
    assert_int_equal(store_load(c->store, "log", 3, 100, &log), 0);
    assert_int_equal(log.base_rev, 7);
    assert_snapshot(&log, 7, "at 7");
    store_assert_filled(&log, "log", 8, 9);
    store_log_done(&log);
    assert_int_equal(commit_one(c->store, writes[0]), WEFT_EINVAL); /* it is there */
    /* In the place of one that goes in the same commit. */
    struct store_write anew[2] = {drop_of("log"), make_write(STORE_BEGIN, "log", 3, "at 3")};
    anew[1].epoch = store_epoch(2);
    assert_int_equal(store_commit(c->store, anew, 2), 0);
    assert_int_equal(store_load(c->store, "log", 3, 100, &log), 0);
    assert_int_equal(log.base_rev, 3);
    assert_int_equal(log.head, 3);
    assert_int_equal(log.n_records, 0);
    store_log_done(&log);
    assert_int_equal(store_verify(c->store), 0);
}

/* A log longer than one step takes, and a crash between the steps. */
static void tidies_in_steps(void **state)
{
    struct case_state *c = *state;
    enum { N = 9000 };
    struct store_log log;
    store_fill(c->store, "log", 0, N, 60);
    assert_int_equal(commit_one(c->store, store_snapshot("log", N - 1, "near the end")), 0);
    assert_int_equal(commit_one(c->store, trim_of("log", N)), 0);
    int first = store_tidy(c->store);
    assert_int_equal(first, c->backend->persistent ? 1 : 0);
    reopen(c);
    if (!c->backend->persistent)
        return;
    assert_int_equal(store_load(c->store, "log", 3, N, &log), 0);
    store_assert_filled(&log, "log", N, N);
    store_log_done(&log);
    size_t steps = 0;
    while (store_tidy(c->store) == 1)
        steps++;
    assert_in_range(steps, 1, 10);
    assert_int_equal(store_load(c->store, "log", 3, N, &log), 0);
    store_assert_filled(&log, "log", N, N);
    assert_snapshot(&log, N - 1, "near the end");
    store_log_done(&log);
}

static void gives_the_base_of_each_revision(void **state)
{
    struct case_state *c = *state;
    enum { HEAD = 12 };
    store_fill(c->store, "a", 0, HEAD, 5);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 8, "eight")), 0);
    assert_int_equal(commit_one(c->store, store_snapshot("a", 4, "four")), 0);
    for (uint64_t rev = 0; rev <= HEAD; rev++) {
        struct store_log log;
        assert_int_equal(store_base(c->store, "a", 1, rev, &log), 0);
        assert_int_equal(log.head, HEAD);
        if (rev < 4)
            assert_false(log.has_snapshot);
        else if (rev < 8)
            assert_snapshot(&log, 4, "four");
        else
            assert_snapshot(&log, 8, "eight");
        store_assert_filled(&log, "a", (log.has_snapshot ? log.snapshot_rev : 0) + 1, rev);
        store_log_done(&log);
    }
    struct store_log log;
    assert_int_equal(store_base(c->store, "a", 1, HEAD + 1, &log), WEFT_EINVAL);
    assert_int_equal(store_base(c->store, "a", 1, UINT64_MAX, &log), WEFT_EINVAL);
}

static void reads_within_a_byte_limit(void **state)
{
    struct case_state *c = *state;
    store_fill(c->store, "a", 0, 9, 9); /* "a:1" to "a:9": three bytes each */
    static const struct {
        uint64_t from, to;
        size_t max_bytes;
        uint64_t last;
    } CASES[] = {{1, 9, 999, 9}, {3, 5, 999, 5}, {3, 3, 999, 3},
                 {1, 9, 9, 3},   {1, 9, 8, 2},   {2, 9, 3, 2},
                 {2, 9, 2, 2},   {2, 9, 0, 2},   {8, UINT64_MAX, SIZE_MAX, 9},
                 {5, 4, 999, 4}, {10, 20, 9, 9}, {UINT64_MAX, UINT64_MAX, 9, UINT64_MAX - 1}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct store_log log;
        assert_int_equal(
            store_read(c->store, "a", 1, CASES[i].from, CASES[i].to, CASES[i].max_bytes, &log), 0);
        assert_int_equal(log.head, 9);
        assert_false(log.has_snapshot);
        store_assert_filled(&log, "a", CASES[i].from, CASES[i].last);
        store_log_done(&log);
    }
    struct store_log log;
    assert_int_equal(store_read(c->store, "a", 1, 0, 3, 9, &log), WEFT_EINVAL);
}

/* Steps through all logs: how many there are, each behind the one before it in byte order. */
static size_t count_logs(struct store *s)
{
    struct store_name name;
    struct store_name before = {0};
    size_t n = 0;
    int err = store_next(s, NULL, 0, &name);
    for (; err == 0; n++) {
        size_t least = name.len < before.len ? name.len : before.len;
        int order = memcmp(before.bytes, name.bytes, least);
        assert_true(n == 0 || order < 0 || (order == 0 && before.len < name.len));
        before = name;
        err = store_next(s, name.bytes, name.len, &name);
    }
    assert_int_equal(err, WEFT_ENOENT);
    return n;
}

static void walks_the_logs_in_order(void **state)
{
    struct case_state *c = *state;
    struct store_name name = {.len = 7};
    assert_int_equal(store_next(c->store, NULL, 0, &name), WEFT_ENOENT);
    assert_int_equal(name.len, 7); /* written on success only */
    static const char *const NAMES[] = {"b", "ab", "\xc3\xa4", "a", "B"};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(commit_one(c->store, store_record(NAMES[i], 1, "x")), 0);
    /* One that a failed commit would have made is none. */
    const struct store_write torn[] = {store_record("aa", 1, "x"), store_record("aa", 3, "x")};
    assert_int_equal(store_commit(c->store, torn, 2), WEFT_EINVAL);
    static const char *const ORDER[] = {"B", "a", "ab", "b", "\xc3\xa4"};
    for (int pass = 0; pass < 2; pass++, reopen(c)) {
        assert_int_equal(store_next(c->store, NULL, 0, &name), 0);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(name.len, strlen(ORDER[i]));
            assert_memory_equal(name.bytes, ORDER[i], name.len);
            int err = store_next(c->store, name.bytes, name.len, &name);
            assert_int_equal(err, i < 4 ? 0 : WEFT_ENOENT);
        }
        /* From a name that is none. */
        assert_int_equal(store_next(c->store, "aZ", 2, &name), 0);
        assert_memory_equal(name.bytes, "ab", 2);
        assert_int_equal(count_logs(c->store), 5);
        assert_int_equal(store_verify(c->store), 0);
    }
}

static void keeps_names_of_any_bytes(void **state)
{
    struct case_state *c = *state;
    static const struct {
        const char *bytes;
        size_t len;
    } NAMES[] = {{"", 0},     {"\0", 1},           {"\0\0", 2},     {"a", 1},     {"A", 1},
                 {"a\0b", 3}, {"a\0c", 3},         {"\xff\xfe", 2}, {"a' --", 5}, {"1", 1},
                 {"%s", 2},   {"\xed\xa0\x80", 3}, {"\xc3\xa4", 2}, {"a ", 2},    {"./..", 4}};
    enum { N = sizeof NAMES / sizeof *NAMES };
    for (size_t i = 0; i < N; i++) {
        struct store_write write = store_record("", 1, "x");
        write.name = NAMES[i].bytes;
        write.name_len = NAMES[i].len;
        write.epoch = store_epoch((uint8_t)i);
        assert_int_equal(commit_one(c->store, write), 0);
    }
    reopen(c);
    for (size_t i = 0; i < N; i++) {
        struct store_log log;
        const struct uuid epoch = store_epoch((uint8_t)i);
        assert_int_equal(store_load(c->store, NAMES[i].bytes, NAMES[i].len, 0, &log), 0);
        assert_true(uuid_equal(&log.epoch, &epoch));
        store_log_done(&log);
    }
    assert_int_equal(count_logs(c->store), N);
}

static void keeps_bytes_of_any_kind(void **state)
{
    struct case_state *c = *state;
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    struct store_write writes[4] = {store_record("a", 1, ""), store_record("a", 2, ""),
                                    store_record("a", 3, "y"), store_snapshot("a", 3, "")};
    writes[0].bytes = NULL;
    writes[1].bytes = all;
    writes[1].len = sizeof all;
    assert_int_equal(store_commit(c->store, writes, 4), 0);
    reopen(c);
    struct store_log log;
    assert_int_equal(store_load(c->store, "a", 1, 3, &log), 0);
    assert_snapshot(&log, 3, "");
    assert_int_equal(log.n_records, 3);
    assert_int_equal(log.records[0].len, 0);
    assert_int_equal(log.records[1].len, sizeof all);
    assert_memory_equal(log.bytes.data + log.records[1].at, all, sizeof all);
    assert_bytes(&log, log.records[2].at, log.records[2].len, "y");
    store_log_done(&log);
}

static void keeps_large_bytes(void **state)
{
    struct case_state *c = *state;
    enum { SNAPSHOT_BYTES = 16 << 20, RECORD_BYTES = 1 << 20 };
    uint8_t *bytes = malloc(SNAPSHOT_BYTES);
    assert_non_null(bytes);
    struct rng r = rng_of(7);
    for (size_t i = 0; i < SNAPSHOT_BYTES; i += 8) {
        uint64_t v = rng_next(&r);
        memcpy(bytes + i, &v, 8);
    }
    store_fill(c->store, "a", 0, 2, 2);
    struct store_write writes[2] = {store_record("a", 3, ""), store_snapshot("a", 3, "")};
    writes[0].bytes = bytes + 5;
    writes[0].len = RECORD_BYTES;
    writes[1].bytes = bytes;
    writes[1].len = SNAPSHOT_BYTES;
    assert_int_equal(store_commit(c->store, writes, 2), 0);
    store_fill(c->store, "a", 3, 2, 1);
    reopen(c);
    struct store_log log;
    assert_int_equal(store_load(c->store, "a", 1, 3, &log), 0);
    assert_int_equal(log.snapshot_len, SNAPSHOT_BYTES);
    assert_memory_equal(log.bytes.data + log.snapshot_at, bytes, SNAPSHOT_BYTES);
    assert_int_equal(log.n_records, 3);
    assert_int_equal(log.records[0].len, RECORD_BYTES);
    assert_memory_equal(log.bytes.data + log.records[0].at, bytes + 5, RECORD_BYTES);
    store_log_done(&log);
    free(bytes);
}

/* More than the SQLite store keeps in its cache. */
static void keeps_many_logs(void **state)
{
    struct case_state *c = *state;
    enum { LOGS = 20000, PER_COMMIT = 50 };
    char names[PER_COMMIT][16];
    struct store_write writes[PER_COMMIT];
    for (size_t from = 0; from < LOGS; from += PER_COMMIT) {
        for (size_t i = 0; i < PER_COMMIT; i++) {
            (void)snprintf(names[i], sizeof names[i], "log %zu", from + i);
            writes[i] = store_record(names[i], 1, names[i]);
        }
        assert_int_equal(store_commit(c->store, writes, PER_COMMIT), 0);
    }
    reopen(c);
    for (size_t i = 0; i < LOGS; i++) {
        char name[16];
        struct store_log log;
        (void)snprintf(name, sizeof name, "log %zu", i);
        assert_int_equal(store_load(c->store, name, strlen(name), 0, &log), 0);
        assert_int_equal(log.n_records, 1);
        assert_bytes(&log, log.records[0].at, log.records[0].len, name);
        store_log_done(&log);
    }
    store_fill(c->store, "log 0", 1, 1, 1);
    store_fill(c->store, "log 19999", 1, 1, 1);
}

static void writes_nothing_on_failure(void **state)
{
    struct case_state *c = *state;
    struct store_log log;
    memset(&log, 0x5a, sizeof log);
    struct store_log before = log;
    assert_int_equal(store_load(c->store, "a", 1, 0, &log), WEFT_ENOENT);
    assert_int_equal(store_base(c->store, "a", 1, 0, &log), WEFT_ENOENT);
    assert_int_equal(store_read(c->store, "a", 1, 1, 1, 1, &log), WEFT_ENOENT);
    assert_memory_equal(&log, &before, sizeof log);
}

/* ---- a random run beside the memory store ------------------------------------------------------ */

static void assert_same(int err_a, struct store_log *a, int err_b, struct store_log *b)
{
    assert_int_equal(err_a, err_b);
    if (err_a != 0)
        return;
    assert_int_equal(a->head, b->head);
    assert_int_equal(a->has_snapshot, b->has_snapshot);
    assert_int_equal(a->snapshot_rev, b->snapshot_rev);
    assert_int_equal(a->n_records, b->n_records);
    assert_int_equal(a->first_rev, b->first_rev);
    assert_int_equal(a->base_rev, b->base_rev);
    assert_int_equal(a->bytes.len, b->bytes.len);
    if (a->bytes.len != 0)
        assert_memory_equal(a->bytes.data, b->bytes.data, a->bytes.len);
    for (size_t i = 0; i < a->n_records; i++)
        assert_int_equal(a->records[i].len, b->records[i].len);
    store_log_done(a);
    store_log_done(b);
}

enum { RANDOM_LOGS = 5, RANDOM_BYTES = 3000 };

/* Mostly in turn: `heads` is what the commit is expected to bring about. */
static struct store_write random_write(struct rng *r, const uint8_t *pool, uint64_t *heads)
{
    static const char *const NAMES[RANDOM_LOGS] = {"a", "b", "c", "", "\xff"};
    size_t log = rng_below(r, RANDOM_LOGS);
    if (rng_chance(r, 3)) {
        heads[log] = 0;
        return drop_of(NAMES[log]);
    }
    if (rng_chance(r, 5)) {
        struct store_write trim = store_snapshot(NAMES[log], rng_below(r, heads[log] + 2), "");
        trim.kind = STORE_TRIM;
        return trim;
    }
    if (rng_chance(r, heads[log] == 0 ? 30 : 2)) {
        struct store_write begin = store_snapshot(NAMES[log], rng_between(r, 1, 30), "begun");
        begin.kind = STORE_BEGIN;
        heads[log] = begin.rev;
        return begin;
    }
    bool snapshot = rng_chance(r, 15);
    struct store_write w = snapshot ? store_snapshot(NAMES[log], rng_below(r, heads[log] + 1), "")
                                    : store_record(NAMES[log], heads[log] + 1, "");
    if (rng_chance(r, 2))
        w.rev += rng_below(r, 3);
    if (!snapshot)
        heads[log] = w.rev;
    w.len = rng_chance(r, 10) ? rng_below(r, RANDOM_BYTES) : rng_below(r, 40);
    w.bytes = pool + rng_below(r, RANDOM_BYTES);
    return w;
}

static void compare_reads(struct rng *r, struct store *s, struct store *model)
{
    static const char *const NAMES[RANDOM_LOGS + 1] = {"a", "b", "c", "", "\xff", "absent"};
    for (size_t i = 0; i <= RANDOM_LOGS; i++) {
        const char *n = NAMES[i];
        size_t len = strlen(n);
        struct store_log a;
        struct store_log b;
        uint64_t tail = rng_below(r, 30);
        int err = store_load(s, n, len, tail, &a);
        assert_same(err, &a, store_load(model, n, len, tail, &b), &b);
        uint64_t rev = rng_below(r, 60);
        err = store_base(s, n, len, rev, &a);
        assert_same(err, &a, store_base(model, n, len, rev, &b), &b);
        uint64_t to = rev + rng_below(r, 20);
        size_t max_bytes = rng_below(r, 500);
        err = store_read(s, n, len, rev, to, max_bytes, &a);
        assert_same(err, &a, store_read(model, n, len, rev, to, max_bytes, &b), &b);
    }
}

static void agrees_with_the_model(void **state)
{
    struct case_state *c = *state;
    uint64_t seed = rng_seed();
    print_message("# seed %llu\n", (unsigned long long)seed);
    struct rng r = rng_of(seed);
    uint8_t pool[2 * RANDOM_BYTES];
    for (size_t i = 0; i < sizeof pool; i++)
        pool[i] = (uint8_t)rng_next(&r);
    struct store *model;
    assert_int_equal(store_memory_new(&model), 0);
    uint64_t heads[RANDOM_LOGS] = {0};
    size_t refused = 0;
    for (int turn = 0; turn < 300; turn++) {
        uint64_t then[RANDOM_LOGS];
        memcpy(then, heads, sizeof heads);
        struct store_write writes[8];
        size_t n = rng_between(&r, 1, 8);
        for (size_t i = 0; i < n; i++)
            writes[i] = random_write(&r, pool, then);
        int err = store_commit(model, writes, n);
        assert_int_equal(store_commit(c->store, writes, n), err);
        if (err == 0)
            memcpy(heads, then, sizeof heads);
        else
            refused++;
        if (turn % 10 == 0)
            compare_reads(&r, c->store, model);
        if (turn % 7 == 0)
            assert_in_range(store_tidy(c->store), 0, 1);
        if (turn % 100 == 99)
            reopen(c);
    }
    assert_in_range(refused, 1, 299);
    compare_reads(&r, c->store, model);
    store_free(model);
}

/* ---- the list --------------------------------------------------------------------------------- */

void store_conformance_tests(const struct store_backend *backend,
                             struct CMUnitTest out[STORE_CONFORMANCE_TESTS])
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest CASES[] = {
        CASE(appends),
        CASE(refuses_out_of_turn),
        CASE(refuses_another_epoch),
        CASE(refuses_snapshots_of_nothing),
        CASE(refuses_what_is_too_large),
        CASE(commits_are_atomic),
        CASE(orders_within_a_commit),
        CASE(snapshots_take_each_others_place),
        CASE(loads_with_a_tail),
        CASE(drops_a_log_whole),
        CASE(begins_a_dropped_log_anew),
        CASE(a_snapshot_takes_the_place_of_another),
        CASE(trims_to_a_snapshot),
        CASE(trims_to_the_head_and_goes_on),
        CASE(begins_a_trimmed_log),
        CASE(tidies_in_steps),
        CASE(gives_the_base_of_each_revision),
        CASE(reads_within_a_byte_limit),
        CASE(walks_the_logs_in_order),
        CASE(keeps_names_of_any_bytes),
        CASE(keeps_bytes_of_any_kind),
        CASE(keeps_large_bytes),
        CASE(keeps_many_logs),
        CASE(writes_nothing_on_failure),
        CASE(agrees_with_the_model),
    };
#undef CASE
    _Static_assert(sizeof CASES / sizeof *CASES == STORE_CONFORMANCE_TESTS, "the header's count");
    /* The names live as long as the program: a runner that prints them does so at the end. */
    static char names[8][STORE_CONFORMANCE_TESTS][96];
    static size_t backends;
    assert_in_range(backends, 0, 7);
    for (size_t i = 0; i < STORE_CONFORMANCE_TESTS; i++) {
        (void)snprintf(names[backends][i], sizeof names[backends][i], "%s: %s", backend->name,
                       CASES[i].name);
        out[i] = CASES[i];
        out[i].name = names[backends][i];
        out[i].initial_state = (void *)(uintptr_t)backend;
    }
    backends++;
}
