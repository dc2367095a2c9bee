/* `weft check` on data folders that are whole and on some that are not: what it prints and how it
 * ends. The logs are those of real rooms; damage is done to the file with SQLite. */
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "server/check.h"
#include "server/command.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "support/room_suite.h"
#include "support/store_conformance.h"

static char folder[STORE_FOLDER_BYTES];
static char printed[4000];

/* What the command printed, both streams in one, in the order they were written. */
static int check(const char *a, const char *b)
{
    char path[STORE_FOLDER_BYTES + 20];
    snprintf(path, sizeof path, "%s.out", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    int was[2] = {dup(1), dup(2)};
    assert_true(fd >= 0 && was[0] >= 0 && was[1] >= 0);
    fflush(NULL);
    dup2(fd, 1);
    dup2(fd, 2);
    char words[3][300] = {"check"};
    char *argv[4] = {words[0], NULL, NULL, NULL};
    int argc = 1;
    for (const char *const *arg = (const char *[]){a, b, NULL}; *arg != NULL; arg++) {
        snprintf(words[argc], sizeof words[argc], "%s", *arg);
        argv[argc] = words[argc];
        argc++;
    }
    int status = command_check(argc, argv);
    fflush(NULL);
    dup2(was[0], 1);
    dup2(was[1], 2);
    close(was[0]);
    close(was[1]);
    ssize_t n = pread(fd, printed, sizeof printed - 1, 0);
    assert_true(n >= 0);
    printed[n] = '\0';
    close(fd);
    unlink(path);
    return status;
}

static void expect(int status, const char *words)
{
    int found = check("--data", folder);
    assert_string_equal(printed, words);
    assert_int_equal(found, status);
}

/* A room of `head` revisions that weigh 500 bytes each: a snapshot is due now and then. */
static void write_room(struct store *store, const char *name, uint64_t head)
{
    char notation[600];
    rig_reset(&rig);
    rig.snapshot_rev = 0;
    says(rig_join(&rig, 1, 'A'), "1: welcome 0 '' 0 A seq 0; !1: join A");
    for (uint64_t rev = 1; rev <= head; rev++) {
        snprintf(notation, sizeof notation, "'%0500d'", (int)rev);
        rig_op(&rig, 1, notation, (int64_t)rev - 1, rev);
        rig_durable(&rig, rev);
        const struct rig_bytes *b = &rig.records[rev - 1];
        struct store_write writes[2];
        writes[0] =
            (struct store_write){STORE_RECORD, name, strlen(name), rig.epoch, rev, b->at, b->len};
        writes[1] = (struct store_write){
            STORE_SNAPSHOT,  name, strlen(name), rig.epoch, rig.snapshot_rev, rig.snapshot.at,
            rig.snapshot.len};
        size_t n = rig.snapshot_rev == rev ? 2 : 1;
        assert_int_equal(store_commit(store, writes, n), 0);
    }
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    char why[200];
    assert_int_equal(store_sqlite_open(folder, STORE_SYNC_OFF, &store, why, sizeof why), 0);
    return store;
}

/* Two rooms: `plan` with 400 revisions and two snapshots, `tea/time` with three revisions. */
static void write_folder(void)
{
    struct store *store = open_store();
    write_room(store, "plan", 400);
    rig.epoch = rig_user('F');
    write_room(store, "tea/time", 3);
    rig.epoch = rig_user('E');
    store_free(store);
}

static void sql(const char *statement)
{
    sqlite3 *db = NULL;
    char path[STORE_FOLDER_BYTES + 20];
    snprintf(path, sizeof path, "%s/weft.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int make_folder(void **state)
{
    store_folder_make(folder);
    return set_up(state);
}

static int drop_folder(void **state)
{
    store_folder_remove(folder);
    return tear_down(state);
}

static void a_whole_folder_is_good(void **state)
{
    (void)state;
    store_free(open_store());
    expect(EXIT_DONE, "looked at 0 rooms, 0 revisions, 0 snapshots: all good\n");
    write_folder();
    expect(EXIT_DONE, "looked at 2 rooms, 403 revisions, 2 snapshots: all good\n");
    /* And again: nothing was changed. */
    expect(EXIT_DONE, "looked at 2 rooms, 403 revisions, 2 snapshots: all good\n");
}

static void damage_is_named_and_the_rest_is_still_read(void **state)
{
    (void)state;
    write_folder();
    sql("UPDATE records SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE log = 2 AND "
        "rev = 2");
    expect(EXIT_DAMAGED,
           "room \"tea/time\": record 2: its checksum does not hold; of 3 revisions the first 1 "
           "are good\n"
           "looked at 2 rooms, 401 revisions, 2 snapshots: 1 room damaged\n");
    sql("DELETE FROM records WHERE log = 1 AND rev = 77");
    expect(EXIT_DAMAGED,
           "room \"plan\": record 77 is missing; the first 76 revisions are good\n"
           "room \"tea/time\": record 2: its checksum does not hold; of 3 revisions the first 1 "
           "are good\n"
           "looked at 2 rooms, 77 revisions, 0 snapshots: 2 rooms damaged\n");
}

static void a_damaged_snapshot_is_named_and_the_records_are_read_on(void **state)
{
    (void)state;
    write_folder();
    sql("UPDATE snapshots SET body = CAST(substr(body, 1, 100) || x'00' || substr(body, 102) AS BLOB) "
        "WHERE id = (SELECT min(id) FROM snapshots)");
    assert_int_equal(check("--data", folder), EXIT_DAMAGED);
    assert_non_null(strstr(printed, "room \"plan\": snapshot 1"));
    assert_non_null(strstr(printed, ": its checksum does not hold\n"));
    assert_non_null(strstr(printed, "looked at 2 rooms, 403 revisions, 2 snapshots: 1 room d"));
    /* A snapshot that is whole, and is that of another room's same revision. */
    sql("UPDATE snapshots SET body = (SELECT body FROM snapshots WHERE id = 2) WHERE id = 1");
    assert_int_equal(check("--data", folder), EXIT_DAMAGED);
    assert_non_null(strstr(printed, ": it says it is of another revision\n"));
}

static void a_head_that_is_wrong_is_found(void **state)
{
    (void)state;
    write_folder();
    sql("UPDATE logs SET head = 4 WHERE id = 2");
    expect(EXIT_DAMAGED, "room \"tea/time\": record 4 is missing; the first 3 revisions are good\n"
                         "looked at 2 rooms, 403 revisions, 2 snapshots: 1 room damaged\n");
    sql("UPDATE logs SET head = 2 WHERE id = 2");
    assert_int_equal(check("--data", folder), EXIT_DAMAGED);
    assert_non_null(strstr(printed, "room \"tea/time\": record 3 "));
    sql("UPDATE logs SET head = 3, epoch = x'00' WHERE id = 2");
    assert_int_equal(check("--data", folder), EXIT_DAMAGED);
    assert_non_null(strstr(printed,
                           "room \"tea/time\": a log's row does not hold together; the first 0 "
                           "revisions are good\n"));
}

static void a_damaged_file_is_told(void **state)
{
    (void)state;
    write_folder();
    char path[STORE_FOLDER_BYTES + 20];
    snprintf(path, sizeof path, "%s/weft.db", folder);
    int fd = open(path, O_RDWR);
    char zeros[4096] = {0};
    off_t end = lseek(fd, 0, SEEK_END);
    /* Pages in the middle of the file: records or their index. */
    assert_int_equal(pwrite(fd, zeros, sizeof zeros, end / 2 / 4096 * 4096), (ssize_t)sizeof zeros);
    assert_int_equal(check("--data", folder), EXIT_DAMAGED);
    assert_non_null(strstr(printed, "weft.db: "));
    /* No database at all any more. */
    assert_int_equal(pwrite(fd, "nonsense", 8, 0), 8);
    close(fd);
    assert_int_equal(check("--data", folder), EXIT_DAMAGED);
    assert_non_null(strstr(printed, "/weft.db: file is not a database (26)"));
}

static void what_cannot_be_read_is_no_damage(void **state)
{
    (void)state;
    char words[600];
    snprintf(words, sizeof words,
             "weft: %s/weft.db is not there; expected a data folder of weft in %s\n", folder,
             folder);
    expect(EXIT_FAILED, words);
    assert_int_not_equal(access(folder, F_OK), -1);
    snprintf(words, sizeof words, "%s/weft.db", folder);
    assert_int_equal(access(words, F_OK), -1); /* nothing was made */

    store_free(open_store());
    int lock = -1;
    char why[200];
    assert_int_equal(store_folder_take(folder, &lock, why, sizeof why), 0);
    assert_int_equal(check("--data", folder), EXIT_FAILED);
    assert_non_null(strstr(printed, "is in use by process"));
    close(lock);
}

static void arguments_are_read(void **state)
{
    (void)state;
    assert_int_equal(check("--help", NULL), EXIT_DONE);
    assert_non_null(strstr(printed, "weft check [--data FOLDER]"));
    assert_int_equal(check("--dat", NULL), EXIT_USAGE);
    assert_int_equal(check("--room", "x"), EXIT_USAGE);
    assert_non_null(strstr(printed, "weft check: unrecognized option '--room'"));
    assert_int_equal(check("plan", NULL), EXIT_USAGE);
    assert_string_equal(printed,
                        "weft check: found plan; expected flags only, see weft check --help\n");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)
    const struct CMUnitTest tests[] = {
        CASE(a_whole_folder_is_good),
        CASE(damage_is_named_and_the_rest_is_still_read),
        CASE(a_damaged_snapshot_is_named_and_the_records_are_read_on),
        CASE(a_head_that_is_wrong_is_found),
        CASE(a_damaged_file_is_told),
        CASE(what_cannot_be_read_is_no_damage),
        CASE(arguments_are_read),
    };
    return cmocka_run_group_tests_name("weft check", tests, NULL, NULL);
}
