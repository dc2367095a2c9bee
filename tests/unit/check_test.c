/* `weft check` and `weft repair` on data folders that are whole and on some that are not: what they
 * print, how they end, and what is there afterwards. The logs are those of real rooms; damage is done to the file with SQLite. */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "room/salvage.h"
#include "server/check.h"
#include "server/command.h"
#include "server/repair.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "support/room_suite.h"
#include "support/store_conformance.h"

static char folder[STORE_FOLDER_BYTES];
static char printed[4000];

/* What the command printed, both streams in one, in the order they were written. */
static int run(int (*command)(int argc, char **argv), const char *word, const char *a,
               const char *b)
{
    char path[STORE_FOLDER_BYTES + 20];
    snprintf(path, sizeof path, "%s.out", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    int was[2] = {dup(1), dup(2)};
    assert_true(fd >= 0 && was[0] >= 0 && was[1] >= 0);
    fflush(NULL);
    dup2(fd, 1);
    dup2(fd, 2);
    char words[3][300];
    char *argv[4] = {words[0], NULL, NULL, NULL};
    int argc = 1;
    snprintf(words[0], sizeof words[0], "%s", word);
    for (const char *const *arg = (const char *[]){a, b, NULL}; *arg != NULL; arg++) {
        snprintf(words[argc], sizeof words[argc], "%s", *arg);
        argv[argc] = words[argc];
        argc++;
    }
    int status = command(argc, argv);
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

static int check(const char *a, const char *b)
{
    return run(command_check, "check", a, b);
}

static int repair(void)
{
    return run(command_repair, "repair", "--data", folder);
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
        writes[0] = (struct store_write){STORE_RECORD, name,  strlen(name), rig.epoch,
                                         rev,          b->at, b->len,       0};
        writes[1] = (struct store_write){STORE_SNAPSHOT,   name,
                                         strlen(name),     rig.epoch,
                                         rig.snapshot_rev, rig.snapshot.at,
                                         rig.snapshot.len, rig.snapshot_instead};
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

/* Two rooms: `plan` with 400 revisions and three snapshots, `tea/time` with three revisions. */
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

/* The folder in the data folder that repairing made; false when there is none. */
static bool find_kept(char out[2 * STORE_FOLDER_BYTES])
{
    bool there = false;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strncmp(e->d_name, "before-repair-", 14) != 0)
            continue;
        assert_false(there);
        there = true;
        snprintf(out, 2 * STORE_FOLDER_BYTES, "%s/%.200s", folder, e->d_name);
    }
    closedir(dir);
    return there;
}

static int drop_folder(void **state)
{
    char kept[2 * STORE_FOLDER_BYTES];
    if (find_kept(kept))
        store_folder_remove(kept);
    store_folder_remove(folder);
    return tear_down(state);
}

static void a_whole_folder_is_good(void **state)
{
    (void)state;
    store_free(open_store());
    expect(EXIT_DONE, "looked at 0 rooms, 0 revisions, 0 snapshots: all good\n");
    write_folder();
    expect(EXIT_DONE, "looked at 2 rooms, 403 revisions, 3 snapshots: all good\n");
    /* And again: nothing was changed. */
    expect(EXIT_DONE, "looked at 2 rooms, 403 revisions, 3 snapshots: all good\n");
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
           "looked at 2 rooms, 401 revisions, 3 snapshots: 1 room damaged\n");
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
    assert_non_null(strstr(printed, "looked at 2 rooms, 403 revisions, 3 snapshots: 1 room d"));
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
                         "looked at 2 rooms, 403 revisions, 3 snapshots: 1 room damaged\n");
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

/* --- repair --- */

/* What a server would find: the log as a room, which stays in the rig. */
static uint64_t open_room(const char *name, struct uuid *ret_epoch)
{
    char why[200] = "";
    struct store_log log;
    struct store *store = open_store();
    assert_int_equal(store_load(store, name, strlen(name), 10, &log), 0);
    rig.epoch = log.epoch;
    rig_reset(&rig);
    const uint8_t *bytes = log.bytes.data;
    if (log.has_snapshot)
        assert_int_equal(room_load_snapshot(rig.room, log.snapshot_rev, bytes + log.snapshot_at,
                                            log.snapshot_len, why, sizeof why),
                         0);
    for (size_t i = 0; i < log.n_records; i++)
        assert_int_equal(room_load_record(rig.room, log.first_rev + i, bytes + log.records[i].at,
                                          log.records[i].len, why, sizeof why),
                         0);
    assert_int_equal(room_load_end(rig.room, log.head, why, sizeof why), 0);
    *ret_epoch = log.epoch;
    uint64_t head = log.head;
    store_log_done(&log);
    store_free(store);
    return head;
}

static void what_is_whole_is_not_touched(void **state)
{
    (void)state;
    char kept[2 * STORE_FOLDER_BYTES];
    write_folder();
    assert_int_equal(repair(), EXIT_DONE);
    assert_string_equal(printed, "nothing to repair\n");
    assert_false(find_kept(kept));
}

static void a_room_is_kept_up_to_its_last_good_revision(void **state)
{
    (void)state;
    char kept[2 * STORE_FOLDER_BYTES];
    struct uuid epoch;
    write_folder();
    sql("UPDATE records SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE "
        "log = 1 AND rev = 300");
    assert_int_equal(repair(), EXIT_DONE);
    assert_non_null(strstr(printed, "room \"plan\": record 300: its checksum does not hold; of 400 "
                                    "revisions the first 299 are good\n"
                                    "the folder as it was is kept in "));
    assert_non_null(strstr(printed, "room \"plan\": repaired: revisions 1 to 299 of 400 are kept, "
                                    "as a new epoch\n"));
    assert_non_null(strstr(printed, "\n1 room repaired, 0 not\n"));
    expect(EXIT_DONE, "looked at 2 rooms, 302 revisions, 0 snapshots: all good\n");

    const struct uuid before = rig.epoch;
    assert_int_equal(open_room("plan", &epoch), 299);
    assert_false(uuid_equal(&epoch, &before));
    assert_int_equal(room_info(rig.room).length_cp, 299 * 500);
    /* Exactly-once goes on where the log ends; who knew more is given the text. */
    assert_non_null(strstr(rig_resume(&rig, 1, 'A', 299), "welcome 299 resume 149500 A seq 299"));
    rig.epoch = before;
    assert_non_null(strstr(rig_resume(&rig, 2, 'A', 350), "welcome 299 '"));
    assert_int_equal(open_room("tea/time", &epoch), 3);
    assert_true(epoch.bytes[15] == 'F'); /* the other one is as it was */
    rig.epoch = before;

    assert_true(find_kept(kept));
    assert_int_equal(check("--data", kept), EXIT_DAMAGED);
    assert_non_null(strstr(printed, "record 300: its checksum does not hold"));
}

static void damaged_snapshots_cost_nothing(void **state)
{
    (void)state;
    struct uuid epoch;
    write_folder();
    sql("UPDATE snapshots SET body = CAST(substr(body, 1, 100) || x'00' || substr(body, 102) AS BLOB)");
    assert_int_equal(repair(), EXIT_DONE);
    assert_non_null(strstr(
        printed, "room \"plan\": repaired: its damaged snapshots are gone, no revision is\n"));
    expect(EXIT_DONE, "looked at 2 rooms, 403 revisions, 0 snapshots: all good\n");
    const struct uuid before = rig.epoch;
    assert_int_equal(open_room("plan", &epoch), 400);
    assert_true(uuid_equal(&epoch, &before));
}

/* Cuts `plan` at its first snapshot. Returns where that is; *ret_second: the next one. */
static uint64_t trim_plan(uint64_t *ret_second)
{
    struct store *store = open_store();
    struct store_log log;
    assert_int_equal(store_base(store, "plan", 4, 400, &log), 0);
    *ret_second = log.snapshot_rev;
    store_log_done(&log);
    assert_int_equal(store_base(store, "plan", 4, *ret_second - 1, &log), 0);
    uint64_t first = log.snapshot_rev;
    assert_true(log.has_snapshot && first > 1);
    store_log_done(&log);
    const struct store_write trim = {.kind = STORE_TRIM,
                                     .name = "plan",
                                     .name_len = 4,
                                     .epoch = rig.epoch,
                                     .rev = *ret_second - 1};
    assert_int_equal(store_commit(store, &trim, 1), 0);
    while (store_tidy(store) == 1)
        ;
    store_free(store);
    return first;
}

static void a_trimmed_log_is_whole(void **state)
{
    (void)state;
    char words[200];
    uint64_t second;
    write_folder();
    uint64_t first = trim_plan(&second);
    snprintf(words, sizeof words, "looked at 2 rooms, %d revisions, 2 snapshots: all good\n",
             403 - (int)first);
    expect(EXIT_DONE, words);
    assert_int_equal(repair(), EXIT_DONE);
    assert_string_equal(printed, "nothing to repair\n");
}

static void a_trimmed_log_is_kept_from_its_base(void **state)
{
    (void)state;
    char words[200];
    struct uuid epoch;
    uint64_t second;
    write_folder();
    uint64_t first = trim_plan(&second);
    sql("UPDATE records SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE "
        "log = 1 AND rev = 300");
    assert_int_equal(repair(), EXIT_DONE);
    snprintf(
        words, sizeof words,
        "record 300: its checksum does not hold; of revisions %d to 400 those up to 299 are good",
        (int)first);
    assert_non_null(strstr(printed, words));
    snprintf(words, sizeof words,
             "room \"plan\": repaired: revisions %d to 299 of 400 are kept, as a new epoch\n",
             (int)first);
    assert_non_null(strstr(printed, words));
    snprintf(words, sizeof words, "looked at 2 rooms, %d revisions, 1 snapshot: all good\n",
             302 - (int)first);
    expect(EXIT_DONE, words);
    const struct uuid before = rig.epoch;
    assert_int_equal(open_room("plan", &epoch), 299);
    assert_false(uuid_equal(&epoch, &before));
    assert_int_equal(room_info(rig.room).length_cp, 299 * 500);
    rig.epoch = before;
}

static void a_lost_base_is_the_next_snapshot(void **state)
{
    (void)state;
    char words[200];
    struct uuid epoch;
    uint64_t second;
    write_folder();
    (void)trim_plan(&second);
    sql("UPDATE snapshots SET body = CAST(substr(body, 1, 100) || x'00' || substr(body, 102) AS BLOB)"
        " WHERE rev = (SELECT min(rev) FROM snapshots)");
    assert_int_equal(repair(), EXIT_DONE);
    snprintf(words, sizeof words,
             "room \"plan\": repaired: it begins at revision %d now, what is before is gone\n",
             (int)second);
    assert_non_null(strstr(printed, words));
    const struct uuid before = rig.epoch;
    assert_int_equal(open_room("plan", &epoch), 400);
    assert_true(uuid_equal(&epoch, &before)); /* what clients know of it holds */
    /* Without any it cannot be begun. */
    sql("UPDATE snapshots SET body = CAST(substr(body, 1, 100) || x'00' || substr(body, 102) AS "
        "BLOB)");
    assert_int_equal(repair(), EXIT_DAMAGED);
    assert_non_null(strstr(printed,
                           "its first records were trimmed away, and no snapshot is good to "
                           "begin with\n"));
    assert_non_null(strstr(printed, "room \"plan\": not repaired: nothing of it can be read; put a "
                                    "backup back\n"));
}

/* --- the rule --- */

static void the_rule_of_repairing(void **state)
{
    (void)state;
    struct salvage_found f = {.head = 10, .good = 10};
    assert_int_equal(salvage_of(&f).what, SALVAGE_NOTHING);
    f.snapshots_damaged = true;
    struct salvage s = salvage_of(&f);
    assert_true(s.what == SALVAGE_REWRITE && !s.new_epoch && s.base_rev == 0 && s.last_rev == 10);
    f.records_damaged = true;
    f.good = 9;
    s = salvage_of(&f);
    assert_true(s.what == SALVAGE_REWRITE && s.new_epoch && s.last_rev == 9);
    f.good = 0;
    s = salvage_of(&f);
    assert_true(s.what == SALVAGE_REWRITE && s.new_epoch && s.last_rev == 0);
    f.head = 0;
    assert_int_equal(salvage_of(&f).what, SALVAGE_LOST);
    f = (struct salvage_found){.head = 10, .base_rev = 4, .good = 0, .records_damaged = true};
    assert_int_equal(salvage_of(&f).what, SALVAGE_LOST);
    f.start_rev = f.good = 7; /* all that is left is a snapshot */
    s = salvage_of(&f);
    assert_true(s.what == SALVAGE_REWRITE && s.new_epoch && s.base_rev == 7 && s.last_rev == 7);
    f = (struct salvage_found){
        .head = 10, .base_rev = 4, .start_rev = 7, .good = 10, .snapshots_damaged = true};
    s = salvage_of(&f);
    assert_true(s.what == SALVAGE_REWRITE && !s.new_epoch && s.base_rev == 7 && s.last_rev == 10);
}

static void what_cannot_be_kept_is_said(void **state)
{
    (void)state;
    write_folder();
    sql("DELETE FROM records WHERE log = 2 AND rev = 1; UPDATE logs SET epoch = x'00' WHERE id = 1");
    assert_int_equal(repair(), EXIT_DAMAGED);
    assert_non_null(strstr(
        printed, "room \"plan\": not repaired: nothing of it can be read; put a backup back\n"));
    assert_non_null(strstr(printed, "room \"tea/time\": record 1 is missing; the first 0 "));
    assert_non_null(strstr(printed, "room \"tea/time\": repaired: none of its 3 revisions could be "
                                    "kept, it is empty\n"));
    assert_non_null(strstr(printed, "\n1 room repaired, 1 not\n"));
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
        CASE(what_is_whole_is_not_touched),
        CASE(a_room_is_kept_up_to_its_last_good_revision),
        CASE(damaged_snapshots_cost_nothing),
        CASE(a_trimmed_log_is_whole),
        CASE(a_trimmed_log_is_kept_from_its_base),
        CASE(a_lost_base_is_the_next_snapshot),
        CASE(the_rule_of_repairing),
        CASE(what_cannot_be_kept_is_said),
        CASE(arguments_are_read),
    };
    return cmocka_run_group_tests_name("looking after a data folder", tests, NULL, NULL);
}
