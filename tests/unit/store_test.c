/* Every store against the same suite; the batch; what only the memory store can do. */
#include "support/store_conformance.h"

#include <string.h>

#include "store/batch.h"
#include "store/memory.h"
#include "store/name_map.h"
#include "store/sqlite.h"

static int open_memory(const char *folder, struct store **ret)
{
    (void)folder;
    return store_memory_new(ret);
}

static int open_sqlite(const char *folder, enum store_sync sync, struct store **ret)
{
    char why[256] = "";
    int err = store_sqlite_open(folder, sync, ret, why, sizeof why);
    if (err != 0)
        print_error("%s\n", why);
    return err;
}

static int open_full(const char *folder, struct store **ret)
{
    return open_sqlite(folder, STORE_SYNC_FULL, ret);
}

static int open_off(const char *folder, struct store **ret)
{
    return open_sqlite(folder, STORE_SYNC_OFF, ret);
}

static const struct store_backend BACKENDS[] = {
    {.name = "memory", .open = open_memory, .persistent = false},
    {.name = "sqlite full", .open = open_full, .persistent = true},
    {.name = "sqlite off", .open = open_off, .persistent = true},
};

/* ---- batch ------------------------------------------------------------------------------------ */

static void batch_copies(void **state)
{
    (void)state;
    struct store_batch *b;
    assert_int_equal(store_batch_new(&b), 0);
    size_t n = 99;
    (void)store_batch_writes(b, &n);
    assert_int_equal(n, 0);
    char name[] = "log";
    char bytes[] = "bytes";
    for (uint64_t rev = 1; rev <= 100; rev++) {
        struct store_write w = store_record(name, rev, bytes);
        assert_int_equal(store_batch_add(b, &w, rev * 10), 0);
    }
    struct store_write snapshot = store_snapshot(name, 100, "");
    snapshot.bytes = NULL;
    assert_int_equal(store_batch_add(b, &snapshot, 7), 0);
    memset(name, 'x', sizeof name);
    memset(bytes, 'x', sizeof bytes);

    assert_int_equal(store_batch_count(b), 101);
    assert_int_equal(store_batch_bytes(b), 100 * 8 + 3);
    const struct store_write *writes = store_batch_writes(b, &n);
    assert_int_equal(n, 101);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(store_batch_owner(b, i), (i + 1) * 10);
        assert_int_equal(store_batch_rev(b, i), i + 1);
        assert_int_equal(store_batch_kind(b, i), STORE_RECORD);
        assert_int_equal(writes[i].rev, i + 1);
        assert_int_equal(writes[i].name_len, 3);
        assert_memory_equal(writes[i].name, "log", 3);
        assert_int_equal(writes[i].len, 5);
        assert_memory_equal(writes[i].bytes, "bytes", 5);
    }
    assert_int_equal(store_batch_kind(b, 100), STORE_SNAPSHOT);
    assert_int_equal(writes[100].len, 0);
    store_batch_clear(b);
    assert_int_equal(store_batch_count(b), 0);
    assert_int_equal(store_batch_bytes(b), 0);
    store_batch_free(b);
    store_batch_free(NULL);
}

static void batch_drops_an_owner(void **state)
{
    (void)state;
    struct store_batch *b;
    assert_int_equal(store_batch_new(&b), 0);
    static const struct {
        const char *log, *bytes;
        uint64_t rev, owner;
    } WRITES[] = {{"aa", "1", 1, 5}, {"b", "22", 1, 6}, {"aa", "", 2, 5},
                  {"", "333", 1, 7}, {"b", "4", 2, 6},  {"aa", "55", 3, 5}};
    for (size_t i = 0; i < 6; i++) {
        struct store_write w = store_record(WRITES[i].log, WRITES[i].rev, WRITES[i].bytes);
        assert_int_equal(store_batch_add(b, &w, WRITES[i].owner), 0);
    }
    store_batch_drop(b, 99);
    assert_int_equal(store_batch_count(b), 6);
    store_batch_drop(b, 5);
    size_t n;
    const struct store_write *writes = store_batch_writes(b, &n);
    assert_int_equal(n, 3);
    assert_int_equal(store_batch_bytes(b), 3 + 3 + 2);
    static const size_t KEPT[] = {1, 3, 4};
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(store_batch_owner(b, i), WRITES[KEPT[i]].owner);
        assert_int_equal(writes[i].rev, WRITES[KEPT[i]].rev);
        assert_int_equal(writes[i].name_len, strlen(WRITES[KEPT[i]].log));
        if (writes[i].name_len != 0)
            assert_memory_equal(writes[i].name, WRITES[KEPT[i]].log, writes[i].name_len);
        assert_int_equal(writes[i].len, strlen(WRITES[KEPT[i]].bytes));
        assert_memory_equal(writes[i].bytes, WRITES[KEPT[i]].bytes, writes[i].len);
    }
    /* What is added behind a drop does not run into what was kept. */
    struct store_write w = store_record("c", 1, "66");
    assert_int_equal(store_batch_add(b, &w, 6), 0);
    store_batch_drop(b, 7);
    store_batch_drop(b, 6);
    assert_int_equal(store_batch_count(b), 0);
    assert_int_equal(store_batch_bytes(b), 0);
    store_batch_free(b);
}

static void batch_refuses_what_no_store_takes(void **state)
{
    (void)state;
    struct store_batch *b;
    assert_int_equal(store_batch_new(&b), 0);
    struct store_write w = store_record("a", 1, "x");
    w.len = (size_t)STORE_ITEM_BYTES_MAX + 1;
    assert_int_equal(store_batch_add(b, &w, 1), WEFT_ELIMIT);
    w = store_record("a", 1, "x");
    w.name_len = STORE_NAME_BYTES_MAX + 1;
    assert_int_equal(store_batch_add(b, &w, 1), WEFT_ELIMIT);
    assert_int_equal(store_batch_count(b), 0);
    store_batch_free(b);
}

/* ---- name map, memory store ------------------------------------------------------------------- */

static void name_map_finds_what_was_added(void **state)
{
    (void)state;
    enum { NAMES = 5000 };
    const uint64_t key[2] = {1, 2};
    struct name_map m;
    name_map_init(&m, key);
    size_t value = 77;
    assert_false(name_map_get(&m, "x", 1, &value));
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < NAMES; i++) /* four bytes, most with NULs in them */
            assert_int_equal(name_map_add(&m, (const char *)&i, sizeof i, i), 0);
        for (uint32_t i = 0; i < 2 * NAMES; i++) {
            assert_int_equal(name_map_get(&m, (const char *)&i, sizeof i, &value), i < NAMES);
            if (i < NAMES)
                assert_int_equal(value, i);
            value = 77;
            assert_false(name_map_get(&m, (const char *)&i, 3, &value));
            assert_int_equal(value, 77);
        }
        name_map_clear(&m);
        assert_false(name_map_get(&m, "\0\0\0\0", 4, &value));
    }
    name_map_done(&m);
}

static void memory_fails_when_told(void **state)
{
    (void)state;
    struct store *s;
    assert_int_equal(store_memory_new(&s), 0);
    store_memory_fail_commits(s, 2);
    struct store_write w = store_record("a", 1, "x");
    assert_int_equal(store_commit(s, &w, 1), WEFT_EIO);
    assert_int_equal(store_commit(s, &w, 1), WEFT_EIO);
    struct store_log log;
    assert_int_equal(store_load(s, "a", 1, 0, &log), WEFT_ENOENT);
    assert_int_equal(store_commit(s, &w, 1), 0);
    store_free(s);
}

static void memory_damages_when_told(void **state)
{
    (void)state;
    struct store *s;
    assert_int_equal(store_memory_new(&s), 0);
    struct store_write writes[] = {store_record("a", 1, "ab"), store_snapshot("a", 1, "cd")};
    assert_int_equal(store_commit(s, writes, 2), 0);
    assert_int_equal(store_memory_damage(s, "b", 1, false, 1, 0), WEFT_ENOENT);
    assert_int_equal(store_memory_damage(s, "a", 1, false, 2, 0), WEFT_ENOENT);
    assert_int_equal(store_memory_damage(s, "a", 1, false, 1, 9), 0);
    assert_int_equal(store_memory_damage(s, "a", 1, true, 1, 16), 0);
    struct store_log log;
    assert_int_equal(store_load(s, "a", 1, 1, &log), 0);
    assert_int_equal(log.records[0].len, 2);
    assert_memory_equal(log.bytes.data + log.records[0].at, "a`", 2);
    assert_int_equal(log.snapshot_len, 1);
    store_log_done(&log);
    assert_int_equal(store_memory_damage(s, "a", 1, true, 1, 16), 0);
    assert_int_equal(store_memory_damage(s, "a", 1, true, 1, 16), WEFT_ENOENT);
    store_free(s);
}

int main(void)
{
    enum { N_BACKENDS = sizeof BACKENDS / sizeof *BACKENDS };
    const struct CMUnitTest own[] = {
        cmocka_unit_test(batch_copies),
        cmocka_unit_test(batch_drops_an_owner),
        cmocka_unit_test(batch_refuses_what_no_store_takes),
        cmocka_unit_test(name_map_finds_what_was_added),
        cmocka_unit_test(memory_fails_when_told),
        cmocka_unit_test(memory_damages_when_told),
    };
    enum { N_OWN = sizeof own / sizeof *own };
    struct CMUnitTest tests[N_BACKENDS * STORE_CONFORMANCE_TESTS + N_OWN];
    for (size_t i = 0; i < N_BACKENDS; i++)
        store_conformance_tests(&BACKENDS[i], tests + i * STORE_CONFORMANCE_TESTS);
    memcpy(tests + N_BACKENDS * STORE_CONFORMANCE_TESTS, own, sizeof own);
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
