/* The SQLite store over a disk that fails its n-th call, and over a heap that fails its n-th
 * allocation, for n = 0, 1, 2 ... until nothing fails any more.
 *
 * Faults come from a VFS that wraps SQLite's own and from its allocator hook; the store knows of
 * neither. A ledger of what was reported committed is compared with what is there afterwards. */
#include "support/store_conformance.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/sqlite.h"

/* ---- a disk that fails ------------------------------------------------------------------------ */

enum fault_kind {
    FAULT_IO,    /* the call fails */
    FAULT_FULL,  /* ... for want of space */
    FAULT_SHORT, /* ... after half of the bytes were written */
    FAULT_KINDS,
};

static struct {
    bool armed;
    bool sticky; /* every call from the n-th on fails, until disarmed */
    enum fault_kind kind;
    long fail_at;
    long calls;
    bool fired;
    long syncs; /* asked for, of any file */
} fault;

static bool heap_faults; /* allocations are counted and fail, and not calls to the disk */

static bool fault_now(bool heap)
{
    if (!fault.armed || heap != heap_faults)
        return false;
    long call = fault.calls++;
    bool now = call == fault.fail_at || (fault.sticky && call > fault.fail_at);
    fault.fired = fault.fired || now;
    return now;
}

/* The wrapped VFS's own file lies behind ours. */
struct fault_file {
    sqlite3_file base;
};

static sqlite3_vfs *inner_vfs;

static sqlite3_file *inner_of(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((struct fault_file *)(void *)file + 1);
}

static int fault_close(sqlite3_file *f)
{
    return inner_of(f)->pMethods->xClose(inner_of(f));
}
static int fault_read(sqlite3_file *f, void *bytes, int len, sqlite3_int64 at)
{
    return inner_of(f)->pMethods->xRead(inner_of(f), bytes, len, at);
}
static int fault_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
    if (fault_now(false)) {
        if (fault.kind == FAULT_SHORT)
            (void)inner_of(f)->pMethods->xWrite(inner_of(f), bytes, len / 2, at);
        return fault.kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return inner_of(f)->pMethods->xWrite(inner_of(f), bytes, len, at);
}
static int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fault_now(false) ? SQLITE_IOERR_TRUNCATE
                            : inner_of(f)->pMethods->xTruncate(inner_of(f), size);
}
/* Only counted: nobody pulls a plug here, and real disks are slow at it. */
static int fault_sync(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    fault.syncs++;
    return fault_now(false) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}
static int fault_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    return inner_of(f)->pMethods->xFileSize(inner_of(f), ret);
}
static int fault_lock(sqlite3_file *f, int level)
{
    return inner_of(f)->pMethods->xLock(inner_of(f), level);
}
static int fault_unlock(sqlite3_file *f, int level)
{
    return inner_of(f)->pMethods->xUnlock(inner_of(f), level);
}
static int fault_reserved(sqlite3_file *f, int *ret)
{
    return inner_of(f)->pMethods->xCheckReservedLock(inner_of(f), ret);
}
static int fault_control(sqlite3_file *f, int op, void *arg)
{
    return inner_of(f)->pMethods->xFileControl(inner_of(f), op, arg);
}
static int fault_sector(sqlite3_file *f)
{
    return inner_of(f)->pMethods->xSectorSize(inner_of(f));
}
static int fault_traits(sqlite3_file *f)
{
    return inner_of(f)->pMethods->xDeviceCharacteristics(inner_of(f));
}
static int fault_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    return inner_of(f)->pMethods->xShmMap(inner_of(f), page, size, extend, ret);
}
static int fault_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return inner_of(f)->pMethods->xShmLock(inner_of(f), offset, n, flags);
}
static void fault_shm_barrier(sqlite3_file *f)
{
    inner_of(f)->pMethods->xShmBarrier(inner_of(f));
}
static int fault_shm_unmap(sqlite3_file *f, int remove)
{
    return inner_of(f)->pMethods->xShmUnmap(inner_of(f), remove);
}

static const sqlite3_io_methods FAULT_METHODS = {
    .iVersion = 2, /* no memory-mapped pages: they would go past us */
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_reserved,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_traits,
    .xShmMap = fault_shm_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_shm_barrier,
    .xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                      int *ret_flags)
{
    (void)vfs;
    int rc = inner_vfs->xOpen(inner_vfs, name, inner_of(file), flags, ret_flags);
    file->pMethods = inner_of(file)->pMethods != NULL ? &FAULT_METHODS : NULL;
    return rc;
}

static void install_vfs(void)
{
    static sqlite3_vfs vfs;
    inner_vfs = sqlite3_vfs_find(NULL);
    assert_non_null(inner_vfs);
    vfs = *inner_vfs; /* all but opening goes straight through */
    vfs.zName = "fault";
    vfs.szOsFile = (int)sizeof(struct fault_file) + inner_vfs->szOsFile;
    vfs.xOpen = fault_open;
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

/* ---- a heap that fails ------------------------------------------------------------------------ */

static sqlite3_mem_methods inner_heap;

static void *fault_malloc(int bytes)
{
    return fault_now(true) ? NULL : inner_heap.xMalloc(bytes);
}

static void *fault_realloc(void *p, int bytes)
{
    return fault_now(true) ? NULL : inner_heap.xRealloc(p, bytes);
}

static void install_heap(void)
{
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &inner_heap), SQLITE_OK);
    sqlite3_mem_methods heap = inner_heap;
    heap.xMalloc = fault_malloc;
    heap.xRealloc = fault_realloc;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &heap), SQLITE_OK);
}

/* ---- the runs --------------------------------------------------------------------------------- */

enum { COMMITS = 5, TRIM_AT = 4, BASE = 2 };

static const char *const LOGS[2] = {"a", "b"};

/* Commit k: record k + 1 of both logs, "<log>:<rev>" as in store_fill(), at times a snapshot, and once `a`
 * is trimmed to its first one. */
static int commit_both(struct store *s, uint64_t rev)
{
    char a[] = "a:0";
    char b[] = "b:0";
    static char large[20000];
    memset(large, 's', sizeof large - 1);
    a[2] = b[2] = (char)('0' + rev);
    struct store_write writes[] = {store_record("a", rev, a), store_record("b", rev, b),
                                   store_snapshot("a", rev, large),
                                   store_snapshot("a", TRIM_AT - 1, "")};
    writes[3].kind = STORE_TRIM;
    return store_commit(s, writes, rev == TRIM_AT ? 4 : rev % 2 == 0 ? 3 : 2);
}

static void assert_both(struct store *s, uint64_t head)
{
    for (size_t i = 0; i < 2; i++) {
        struct store_log log;
        int err = store_load(s, LOGS[i], 1, 99, &log);
        if (head == 0) {
            assert_int_equal(err, WEFT_ENOENT);
            continue;
        }
        assert_int_equal(err, 0);
        assert_int_equal(log.head, head);
        uint64_t base = i == 0 && head >= TRIM_AT ? BASE : 0;
        assert_int_equal(log.base_rev, base);
        store_assert_filled(&log, LOGS[i], base + 1, head);
        store_log_done(&log);
    }
}

static void arm(long n)
{
    fault.armed = true;
    fault.fail_at = n;
    fault.calls = 0;
    fault.fired = false;
}

static bool is_expected(int err)
{
    return err == WEFT_ENOMEM || (!heap_faults && err == WEFT_EIO);
}

/* One store's life with a fault at call n. False when n lay beyond it. */
static bool live_with_fault(long n, enum store_sync sync)
{
    char folder[STORE_FOLDER_BYTES];
    char why[256] = "";
    store_folder_make(folder);
    struct store *s = NULL;
    arm(n);
    int err = store_sqlite_open(folder, sync, &s, why, sizeof why);
    if (err != 0) {
        assert_true(is_expected(err));
        assert_non_null(strstr(why, folder));
        fault.armed = false;
        assert_int_equal(store_sqlite_open(folder, sync, &s, why, sizeof why), 0);
    }
    for (uint64_t rev = 1; rev <= COMMITS; rev++) {
        err = commit_both(s, rev);
        if (err != 0) {
            assert_true(is_expected(err));
            assert_true(strlen(store_error_text(s)) > 0);
            fault.armed = false;
            assert_both(s, rev - 1);                  /* nothing of it is there ... */
            assert_int_equal(commit_both(s, rev), 0); /* ... and the next may succeed */
        }
        struct store_log log;
        err = store_tidy(s); /* what it cannot do now it does later */
        assert_true(err >= 0 || is_expected(err));
        err = store_load(s, "b", 1, 99, &log);
        assert_true(err == 0 || is_expected(err));
        if (err == 0)
            store_log_done(&log);
    }
    store_free(s); /* copies the journal into the file: may fail, and loses nothing */
    bool fired = fault.fired;
    fault.armed = false;
    assert_int_equal(store_sqlite_open(folder, sync, &s, why, sizeof why), 0);
    assert_both(s, COMMITS);
    assert_int_equal(store_tidy(s), 0);
    assert_int_equal(store_tidy(s), 0);
    assert_both(s, COMMITS);
    assert_int_equal(store_verify(s), 0);
    store_free(s);
    store_folder_remove(folder);
    return fired;
}

static void sweep(enum store_sync sync, long at_least)
{
    long n = 0;
    while (live_with_fault(n, sync))
        n++;
    print_message("# %ld calls failed in turn\n", n);
    assert_true(n >= at_least); /* otherwise nothing was tried */
}

static void survives_each_failing_disk_call(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        for (int sticky = 0; sticky < 2; sticky++) {
            fault.kind = (enum fault_kind)kind;
            fault.sticky = sticky == 1;
            sweep(STORE_SYNC_FULL, 20);
        }
    }
}

/* Every process that was killed: what one commit left half-written in the journal is not there. The
 * file is copied at the moment of failure, as a crash would leave it, and opened elsewhere. */
static void copy_file(const char *from, const char *to, const char *name)
{
    char path[STORE_FOLDER_BYTES + 32];
    (void)snprintf(path, sizeof path, "%s/%s", from, name);
    int in = open(path, O_RDONLY);
    assert_true(in >= 0);
    (void)snprintf(path, sizeof path, "%s/%s", to, name);
    int out = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(out >= 0);
    char bytes[4096];
    ssize_t len;
    while ((len = read(in, bytes, sizeof bytes)) > 0)
        assert_int_equal(write(out, bytes, (size_t)len), len);
    assert_int_equal(close(in), 0);
    assert_int_equal(close(out), 0);
}

static bool crash_at(long n)
{
    char folder[STORE_FOLDER_BYTES];
    char crashed[STORE_FOLDER_BYTES];
    char why[256] = "";
    store_folder_make(folder);
    store_folder_make(crashed);
    struct store *s = NULL;
    struct store *after = NULL;
    assert_int_equal(store_sqlite_open(folder, STORE_SYNC_FULL, &s, why, sizeof why), 0);
    uint64_t reported = 0;
    arm(n);
    while (reported < COMMITS && commit_both(s, reported + 1) == 0)
        reported++;
    bool fired = fault.fired;
    fault.armed = false;
    copy_file(folder, crashed, "weft.db");
    copy_file(folder, crashed, "weft.db-wal");
    assert_int_equal(store_sqlite_open(crashed, STORE_SYNC_FULL, &after, why, sizeof why), 0);
    struct store_log log;
    uint64_t head = 0;
    if (store_load(after, "a", 1, 0, &log) == 0) {
        head = log.head;
        store_log_done(&log);
    }
    /* A commit whose sync failed may have reached the file whole; half of one never has. */
    assert_in_range(head, reported, reported + (fired ? 1 : 0));
    assert_both(after, head);
    store_free(after);
    store_free(s);
    store_folder_remove(folder);
    store_folder_remove(crashed);
    return fired;
}

static void crash_leaves_whole_commits(void **state)
{
    (void)state;
    fault.kind = FAULT_SHORT;
    fault.sticky = true;
    long n = 0;
    while (crash_at(n))
        n++;
    print_message("# %ld crashes\n", n);
    assert_true(n >= 20);
}

static void survives_each_failing_allocation(void **state)
{
    (void)state;
    heap_faults = true;
    fault.sticky = false;
    sweep(STORE_SYNC_OFF, 100);
    heap_faults = false;
}

/* What --sync promises, as calls. */
static void syncs_as_promised(void **state)
{
    (void)state;
    for (int off = 0; off < 2; off++) {
        char folder[STORE_FOLDER_BYTES];
        char why[256] = "";
        store_folder_make(folder);
        struct store *s = NULL;
        enum store_sync sync = off ? STORE_SYNC_OFF : STORE_SYNC_FULL;
        assert_int_equal(store_sqlite_open(folder, sync, &s, why, sizeof why), 0);
        assert_int_equal(commit_both(s, 1), 0); /* the first one also begins the journal */
        for (uint64_t rev = 2; rev <= COMMITS; rev++) {
            long before = fault.syncs;
            assert_int_equal(commit_both(s, rev), 0);
            assert_int_equal(fault.syncs - before, off ? 0 : 1);
        }
        store_free(s);
        store_folder_remove(folder);
    }
}

int main(void)
{
    /* The faults are played, so memory does for a disk, and is quicker. */
    if (access("/dev/shm", W_OK | X_OK) == 0)
        assert_int_equal(setenv("WEFT_TMP", "/dev/shm", 1), 0);
    install_heap(); /* before SQLite is used for the first time */
    install_vfs();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syncs_as_promised),
        cmocka_unit_test(survives_each_failing_disk_call),
        cmocka_unit_test(crash_leaves_whole_commits),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests_name("store faults", tests, NULL, NULL);
}
