/* The data folder and the SQLite file in it: locks, modes, foreign and damaged files, a full disk, a
 * killed process. */
#define _GNU_SOURCE
#include "support/store_conformance.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/folder.h"
#include "store/sqlite.h"
#include "support/rng.h"

enum { PATH_BYTES = STORE_FOLDER_BYTES + 64 };

struct place {
    char folder[STORE_FOLDER_BYTES];
    char db[PATH_BYTES];
    char why[256];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    store_folder_make(p->folder);
    (void)snprintf(p->db, sizeof p->db, "%s/weft.db", p->folder);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    store_folder_remove(p->folder);
    free(p);
    return 0;
}

static struct store *open_store(struct place *p, enum store_sync sync)
{
    struct store *s;
    int err = store_sqlite_open(p->folder, sync, &s, p->why, sizeof p->why);
    if (err != 0)
        fail_msg("%s", p->why);
    return s;
}

/* Does to the file what no store would. */
static void raw(struct place *p, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s: %s", sql, text);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static mode_t mode_of(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static int status_of(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* ---- folder ----------------------------------------------------------------------------------- */

static void folder_is_made_for_us_alone(void **state)
{
    struct place *p = *state;
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/data", p->folder);
    int fd;
    assert_int_equal(store_folder_take(path, &fd, p->why, sizeof p->why), 0);
    assert_int_equal(mode_of(p->folder, "data"), 0700);
    assert_int_equal(mode_of(path, "lock"), 0600);
    assert_int_equal(close(fd), 0);
    store_folder_remove(path);

    (void)snprintf(path, sizeof path, "%s/no/such/parent", p->folder);
    assert_int_equal(store_folder_take(path, &fd, p->why, sizeof p->why), WEFT_EIO);
    assert_non_null(strstr(p->why, path));
    write_file(p->folder, "file", "x", 1);
    (void)snprintf(path, sizeof path, "%s/file", p->folder);
    assert_int_equal(store_folder_take(path, &fd, p->why, sizeof p->why), WEFT_EIO);
    assert_non_null(strstr(p->why, path));
}

static void folder_is_held_by_one_process(void **state)
{
    struct place *p = *state;
    int ready[2];
    int done[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd;
        char byte = (char)(store_folder_take(p->folder, &fd, p->why, sizeof p->why) == 0);
        (void)close(done[1]);
        if (write(ready[1], &byte, 1) == 1)
            (void)!read(done[0], &byte, 1); /* until the parent is done, or gone */
        _exit(0);
    }
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    int fd;
    assert_int_equal(store_folder_take(p->folder, &fd, p->why, sizeof p->why), WEFT_EBUSY);
    char pid[32];
    (void)snprintf(pid, sizeof pid, "process %ld;", (long)child);
    assert_non_null(strstr(p->why, pid));
    assert_non_null(strstr(p->why, p->folder));

    assert_int_equal(kill(child, SIGKILL), 0);
    (void)status_of(child);
    assert_int_equal(store_folder_take(p->folder, &fd, p->why, sizeof p->why), 0);
    assert_int_equal(close(fd), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(close(ready[i]), 0);
        assert_int_equal(close(done[i]), 0);
    }
}

static void secret_is_kept(void **state)
{
    struct place *p = *state;
    uint8_t a[32];
    uint8_t b[32];
    memset(a, 0, sizeof a);
    assert_int_equal(store_folder_secret(p->folder, "key", a, 32, p->why, sizeof p->why), 0);
    memset(b, 0, sizeof b);
    assert_memory_not_equal(a, b, 32);
    assert_int_equal(store_folder_secret(p->folder, "key", b, 32, p->why, sizeof p->why), 0);
    assert_memory_equal(a, b, 32);
    assert_int_equal(mode_of(p->folder, "key"), 0600);
    assert_int_equal(store_folder_secret(p->folder, "other", b, 32, p->why, sizeof p->why), 0);
    assert_memory_not_equal(a, b, 32);
}

static bool is_there(const struct place *p, const char *name)
{
    char path[STORE_FOLDER_BYTES + 40];
    (void)snprintf(path, sizeof path, "%s/%s", p->folder, name);
    return access(path, F_OK) == 0;
}

/* A server's start: whether the folder has another generation afterwards. */
static bool renews(struct place *p, bool synced, const char *boot_id)
{
    struct uuid before;
    struct uuid after;
    bool renewed = !synced; /* to be overwritten */
    assert_int_equal(store_folder_generation(p->folder, &before, p->why, sizeof p->why), 0);
    assert_int_equal(
        store_folder_begin(p->folder, synced, boot_id, &renewed, p->why, sizeof p->why), 0);
    assert_int_equal(store_folder_generation(p->folder, &after, p->why, sizeof p->why), 0);
    assert_int_equal(renewed, !uuid_equal(&before, &after));
    assert_int_equal(is_there(p, "unsynced"), !synced);
    return renewed;
}

static void unsynced_logs_get_a_new_generation_when_the_machine_stopped(void **state)
{
    struct place *p = *state;
    struct uuid none;
    assert_int_equal(store_folder_generation(p->folder, &none, p->why, sizeof p->why), 0);
    assert_true(uuid_is_nil(&none));
    /* Synced: no mark, whatever happens. */
    assert_false(renews(p, true, "run 1"));
    assert_false(renews(p, true, "run 2"));
    /* Unsynced, and stopped as it should be. */
    assert_false(renews(p, false, "run 2"));
    assert_int_equal(store_folder_end(p->folder, p->why, sizeof p->why), 0);
    assert_false(is_there(p, "unsynced"));
    assert_false(renews(p, false, "run 3"));
    /* Killed: the system still has what was written. */
    assert_false(renews(p, false, "run 3"));
    assert_false(renews(p, true, "run 3"));
    assert_false(renews(p, true, "run 4"));
    /* The machine stopped; of names of which one is the start of the other as well. */
    assert_false(renews(p, false, "run 4"));
    assert_true(renews(p, false, "run 45"));
    assert_true(renews(p, false, "run 4"));
    assert_true(renews(p, true, "run 6"));
    assert_false(renews(p, true, "run 7"));
    /* Where the system does not name its runs, each start could be after a stop. */
    assert_false(renews(p, false, ""));
    assert_true(renews(p, false, ""));
}

static void a_generation_of_a_wrong_size_is_refused(void **state)
{
    struct place *p = *state;
    char path[STORE_FOLDER_BYTES + 40];
    struct uuid kept = {{7}};
    (void)snprintf(path, sizeof path, "%s/generation", p->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs("short", file) >= 0 && fclose(file) == 0, 1);
    assert_int_equal(store_folder_generation(p->folder, &kept, p->why, sizeof p->why),
                     WEFT_ECORRUPT);
    assert_int_equal(kept.bytes[0], 7);
    /* Whoever removed it would take up the epochs of the log's first life again. */
    assert_non_null(strstr(p->why, "random bytes into it"));
    assert_null(strstr(p->why, "remove"));
}

static void runs_of_the_machine_have_names(void **state)
{
    (void)state;
    char a[STORE_BOOT_ID_BYTES] = "x";
    char b[STORE_BOOT_ID_BYTES] = "y";
    store_folder_boot_id(a);
    store_folder_boot_id(b);
    assert_string_equal(a, b);
    assert_null(strchr(a, '\n'));
}

static void secret_of_a_wrong_size_is_refused(void **state)
{
    struct place *p = *state;
    uint8_t secret[32];
    write_file(p->folder, "key", "short", 5);
    assert_int_equal(store_folder_secret(p->folder, "key", secret, 32, p->why, sizeof p->why),
                     WEFT_ECORRUPT);
    assert_non_null(strstr(p->why, "/key"));
    /* What a crash has left while a secret was made does no harm. */
    write_file(p->folder, "new.tmp", "half", 4);
    assert_int_equal(store_folder_secret(p->folder, "new", secret, 32, p->why, sizeof p->why), 0);
}

/* ---- the file --------------------------------------------------------------------------------- */

static void files_are_ours_alone(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_SYNC_FULL);
    store_fill(s, "a", 0, 1, 1);
    assert_int_equal(mode_of(p->folder, "weft.db"), 0600);
    assert_int_equal(mode_of(p->folder, "weft.db-wal"), 0600);
    assert_int_equal(mode_of(p->folder, "weft.db-shm"), 0600);
    store_free(s);
}

static void assert_refused(struct place *p, int err, const char *words)
{
    struct store *s;
    assert_int_equal(store_sqlite_open(p->folder, STORE_SYNC_FULL, &s, p->why, sizeof p->why), err);
    assert_non_null(strstr(p->why, p->db));
    if (strstr(p->why, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", p->why, words);
}

static void foreign_files_are_refused(void **state)
{
    struct place *p = *state;
    raw(p, "CREATE TABLE songs (name)");
    assert_refused(p, WEFT_EINVAL, "another program");
    raw(p, "INSERT INTO songs VALUES ('still there')");
    assert_int_equal(unlink(p->db), 0);
    raw(p, "PRAGMA application_id = 5");
    assert_refused(p, WEFT_EINVAL, "another program");
    write_file(p->folder, "weft.db", "This is a letter to a friend, not a database at all.", 52);
    assert_refused(p, WEFT_ECORRUPT, "not a database");
}

static void newer_and_odd_schemas_are_refused(void **state)
{
    struct place *p = *state;
    store_free(open_store(p, STORE_SYNC_FULL));
    raw(p, "PRAGMA user_version = 3");
    assert_refused(p, WEFT_EINVAL, "newer weft");
    raw(p, "PRAGMA user_version = 0");
    assert_refused(p, WEFT_ECORRUPT, "schema 0");
    raw(p, "PRAGMA user_version = 2");
    store_free(open_store(p, STORE_SYNC_FULL));
    raw(p, "ALTER TABLE records RENAME COLUMN body TO soul");
    assert_refused(p, WEFT_ECORRUPT, "schema");
}

/* A file of the first schema, with a log in it, is read and then trimmed like any other. */
static void the_first_schema_is_taken_over(void **state)
{
    struct place *p = *state;
    struct store_log log;
    raw(p, "PRAGMA application_id = 0x77656674; PRAGMA user_version = 1;"
           "CREATE TABLE logs (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE,"
           " epoch BLOB NOT NULL, head INTEGER NOT NULL) STRICT;"
           "CREATE TABLE records (log INTEGER NOT NULL, rev INTEGER NOT NULL, body BLOB NOT NULL,"
           " PRIMARY KEY (log, rev)) STRICT, WITHOUT ROWID;"
           "CREATE TABLE snapshots (id INTEGER PRIMARY KEY, log INTEGER NOT NULL,"
           " rev INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (log, rev)) STRICT;"
           "INSERT INTO logs VALUES (1, CAST('a' AS BLOB), zeroblob(16), 2);"
           "UPDATE logs SET epoch = x'01010101010101010101010101010101';"
           "INSERT INTO records VALUES (1, 1, CAST('a:1' AS BLOB)), (1, 2, CAST('a:2' AS BLOB))");
    for (int times = 0; times < 2; times++) {
        struct store *s = open_store(p, STORE_SYNC_FULL);
        assert_int_equal(store_read(s, "a", 1, 1, 2, 999, &log), 0);
        assert_int_equal(log.base_rev, 0);
        store_assert_filled(&log, "a", 1, 2);
        store_log_done(&log);
        store_free(s);
    }
    struct store *s = open_store(p, STORE_SYNC_FULL);
    struct store_write writes[2] = {store_snapshot("a", 1, "at 1"), store_snapshot("a", 2, "")};
    writes[1].kind = STORE_TRIM;
    assert_int_equal(store_commit(s, writes, 2), 0);
    assert_int_equal(store_read(s, "a", 1, 1, 2, 999, &log), WEFT_EGONE);
    store_free(s);
}

static size_t times_in_file(const struct place *p, const char *name, const char *text)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", p->folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    static char bytes[4 << 20];
    size_t len = fread(bytes, 1, sizeof bytes, file);
    assert_true(len < sizeof bytes);
    assert_int_equal(fclose(file), 0);
    size_t n = 0;
    for (char *at = bytes;
         (at = memmem(at, len - (size_t)(at - bytes), text, strlen(text))) != NULL; at++)
        n++;
    return n;
}

/* What was trimmed is in no page of the file, free ones included. */
static void trimmed_bytes_leave_the_file(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_SYNC_FULL);
    char body[300];
    for (uint64_t rev = 1; rev <= 2000; rev++) {
        (void)snprintf(body, sizeof body, "%s %0200d", rev <= 1500 ? "confidential" : "public", 7);
        struct store_write w = store_record("a", rev, body);
        assert_int_equal(store_commit(s, &w, 1), 0);
        struct store_write shot = store_snapshot("a", rev, body);
        if (rev % 100 == 1)
            assert_int_equal(store_commit(s, &shot, 1), 0);
    }
    store_free(s);
    assert_true(times_in_file(p, "weft.db", "confidential") > 1000);
    s = open_store(p, STORE_SYNC_FULL);
    struct store_write trim = store_snapshot("a", 1510, "");
    trim.kind = STORE_TRIM;
    assert_int_equal(store_commit(s, &trim, 1), 0);
    while (store_tidy(s) == 1)
        ;
    store_free(s);
    assert_int_equal(times_in_file(p, "weft.db", "confidential"), 0);
    assert_int_equal(times_in_file(p, "weft.db-wal", "confidential"), 0);
    assert_true(times_in_file(p, "weft.db", "public") > 400);
}

static void unusable_places_are_refused(void **state)
{
    struct place *p = *state;
    assert_int_equal(mkdir(p->db, 0700), 0);
    assert_refused(p, WEFT_EIO, "open");
    assert_int_equal(rmdir(p->db), 0);
    struct store *s;
    assert_int_equal(store_sqlite_open("/nonexistent", STORE_SYNC_FULL, &s, p->why, sizeof p->why),
                     WEFT_EIO);
}

/* The write-ahead log is folded into the file as it grows. */
static void journal_stays_bounded(void **state)
{
    struct place *p = *state;
    struct store *s = open_store(p, STORE_SYNC_OFF);
    enum { BYTES = 256 << 10, COMMITS = 400 }; /* 100 MiB altogether */
    char *bytes = malloc(BYTES + 1);
    assert_non_null(bytes);
    memset(bytes, 'b', BYTES);
    bytes[BYTES] = '\0';
    char wal[PATH_BYTES + 8];
    (void)snprintf(wal, sizeof wal, "%s-wal", p->db);
    off_t largest = 0;
    for (uint64_t rev = 1; rev <= COMMITS; rev++) {
        struct store_write write = store_record("a", rev, bytes);
        assert_int_equal(store_commit(s, &write, 1), 0);
        struct stat info;
        assert_int_equal(stat(wal, &info), 0);
        largest = info.st_size > largest ? info.st_size : largest;
    }
    assert_in_range(largest, 1, 20 << 20);
    free(bytes);
    store_free(s);
}

/* ---- damage ----------------------------------------------------------------------------------- */

static void damage_is_noticed_and_stays_local(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *log, *sql;
    } DAMAGES[] = {
        {"middle", "DELETE FROM records WHERE rev = 4 AND log = "},
        {"end", "DELETE FROM records WHERE rev = 9 AND log = "},
        {"all", "DELETE FROM records WHERE log = "},
        {"head low", "UPDATE logs SET head = 8 WHERE id = "},
        {"head zero", "UPDATE logs SET head = 0 WHERE id = "},
        {"head below zero", "UPDATE logs SET head = -1 WHERE id = "},
        {"epoch", "UPDATE logs SET epoch = x'00' WHERE id = "},
        {"snapshot", "UPDATE snapshots SET rev = 10 WHERE log = "},
    };
    enum { N = sizeof DAMAGES / sizeof *DAMAGES };
    struct store *s = open_store(p, STORE_SYNC_OFF);
    for (size_t i = 0; i < N; i++) {
        store_fill(s, DAMAGES[i].log, 0, 9, 9);
        struct store_write write = store_snapshot(DAMAGES[i].log, 2, "two");
        assert_int_equal(store_commit(s, &write, 1), 0);
    }
    store_fill(s, "sound", 0, 9, 9);
    store_free(s);
    for (size_t i = 0; i < N; i++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql, "%s(SELECT id FROM logs WHERE name = CAST('%s' AS BLOB))",
                       DAMAGES[i].sql, DAMAGES[i].log);
        raw(p, sql);
    }
    s = open_store(p, STORE_SYNC_OFF);
    for (size_t i = 0; i < N; i++) {
        struct store_log log;
        int err = store_load(s, DAMAGES[i].log, strlen(DAMAGES[i].log), 9, &log);
        if (err != WEFT_ECORRUPT)
            fail_msg("%s: %d", DAMAGES[i].log, err);
        assert_true(strlen(store_error_text(s)) > 0);
    }
    struct store_log log;
    assert_int_equal(store_load(s, "sound", 5, 0, &log), 0);
    store_assert_filled(&log, "sound", 1, 9);
    store_log_done(&log);
    /* A record that is there although the head does not count it is never written over. */
    struct store_write write = store_record("head low", 9, "x");
    assert_int_equal(store_commit(s, &write, 1), WEFT_ECORRUPT);
    store_fill(s, "sound", 9, 1, 1);
    store_free(s);
}

/* ---- a full disk ------------------------------------------------------------------------------ */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* In a child, whose limit ends with it. Returns what went wrong, 0 for nothing. */
static int fill_the_disk(struct place *p)
{
    struct store *s;
    if (store_sqlite_open(p->folder, STORE_SYNC_FULL, &s, p->why, sizeof p->why) != 0)
        return 1;
    store_fill(s, "a", 0, 10, 1);
    static char bytes[200001];
    memset(bytes, 'x', sizeof bytes - 1);
    for (int round = 0; round < 3; round++) {
        struct store_write writes[] = {store_record("new", 1, "x"),
                                       store_record("a", 11 + (uint64_t)round, bytes)};
        limit_files(100000);
        int err = store_commit(s, writes, 2);
        bool worded = strlen(store_error_text(s)) > 0;
        struct store_log log;
        int read = store_load(s, "a", 1, 100, &log); /* reading goes on */
        uint64_t head = read == 0 ? log.head : 0;
        if (read == 0)
            store_log_done(&log);
        limit_files(RLIM_INFINITY);
        if (err != WEFT_EIO || !worded)
            return 2;
        if (read != 0 || head != 10 + (uint64_t)round)
            return 3;
        if (store_load(s, "new", 3, 0, &log) != WEFT_ENOENT)
            return 4;
        if (store_commit(s, &writes[1], 1) != 0)
            return 5;
    }
    store_free(s);
    return 0;
}

static void full_disk_refuses_and_recovers(void **state)
{
    struct place *p = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGXFSZ, SIG_IGN); /* so that write(2) fails instead */
        _exit(fill_the_disk(p));
    }
    int status = status_of(child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct store *s = open_store(p, STORE_SYNC_FULL);
    struct store_log log;
    assert_int_equal(store_load(s, "a", 1, 0, &log), 0);
    assert_int_equal(log.n_records, 13);
    store_log_done(&log);
    store_free(s);
}

/* ---- kill -9 ---------------------------------------------------------------------------------- */

/* In a child: commits to two logs at once for ever, and tells each success to the pipe. */
static void commit_until_killed(struct place *p, enum store_sync sync, uint64_t head, int pipe_fd)
{
    struct store *s;
    int fd;
    if (store_folder_take(p->folder, &fd, p->why, sizeof p->why) != 0 ||
        store_sqlite_open(p->folder, sync, &s, p->why, sizeof p->why) != 0)
        _exit(1);
    for (uint64_t rev = head + 1;; rev++) {
        char a[32];
        char b[32];
        (void)snprintf(a, sizeof a, "a:%llu", (unsigned long long)rev);
        (void)snprintf(b, sizeof b, "b:%llu", (unsigned long long)rev);
        struct store_write writes[] = {store_record("a", rev, a), store_record("b", rev, b)};
        if (store_commit(s, writes, 2) != 0 || write(pipe_fd, &rev, sizeof rev) != sizeof rev)
            _exit(2);
    }
}

static uint64_t check_both(struct place *p, enum store_sync sync, uint64_t reported)
{
    struct store *s = open_store(p, sync);
    uint64_t head = 0;
    for (size_t i = 0; i < 2; i++) {
        struct store_log log;
        const char *name = i == 0 ? "a" : "b";
        assert_int_equal(store_load(s, name, 1, 0, &log), 0);
        store_assert_filled(&log, name, 1, log.head);
        if (i == 1)
            assert_int_equal(log.head, head); /* both of a commit or none */
        head = log.head;
        store_log_done(&log);
    }
    assert_true(head >= reported);
    assert_true(head <= reported + 1);
    store_free(s);
    return head;
}

static void kill_in_the_middle(struct place *p, enum store_sync sync)
{
    uint64_t seed = rng_seed();
    print_message("# seed %llu\n", (unsigned long long)seed);
    struct rng r = rng_of(seed);
    uint64_t head = 0;
    for (int round = 0; round < 15; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(fds[0]);
            commit_until_killed(p, sync, head, fds[1]);
        }
        assert_int_equal(close(fds[1]), 0);
        uint64_t reported = head;
        size_t kill_after = rng_between(&r, 1, 60);
        for (size_t n = 0; read(fds[0], &reported, sizeof reported) == sizeof reported; n++) {
            if (n == kill_after)
                assert_int_equal(kill(child, SIGKILL), 0);
        }
        int status = status_of(child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(close(fds[0]), 0);
        assert_true(reported > head);
        head = check_both(p, sync, reported);
    }
}

static void kill_loses_nothing_full(void **state)
{
    kill_in_the_middle(*state, STORE_SYNC_FULL);
}

static void kill_loses_nothing_off(void **state)
{
    kill_in_the_middle(*state, STORE_SYNC_OFF);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(folder_is_made_for_us_alone),
        CASE(folder_is_held_by_one_process),
        CASE(secret_is_kept),
        CASE(secret_of_a_wrong_size_is_refused),
        CASE(unsynced_logs_get_a_new_generation_when_the_machine_stopped),
        CASE(a_generation_of_a_wrong_size_is_refused),
        CASE(runs_of_the_machine_have_names),
        CASE(files_are_ours_alone),
        CASE(foreign_files_are_refused),
        CASE(newer_and_odd_schemas_are_refused),
        CASE(the_first_schema_is_taken_over),
        CASE(trimmed_bytes_leave_the_file),
        CASE(unusable_places_are_refused),
        CASE(journal_stays_bounded),
        CASE(damage_is_noticed_and_stays_local),
        CASE(full_disk_refuses_and_recovers),
        CASE(kill_loses_nothing_full),
        CASE(kill_loses_nothing_off),
    };
#undef CASE
    return cmocka_run_group_tests_name("store on disk", tests, NULL, NULL);
}
