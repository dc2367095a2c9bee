/* Bit rot: a data folder is damaged in one place after the other, and what is served of it compared
 * with what was served before. Whatever changed must have been found: the room is refused, or the
 * folder, with a sentence; and `weft check` says so too. What did not change must be served.
 *
 * The folder has rooms of every sort: records that spill over onto further pages, a snapshot, entries,
 * a past that is no longer in memory, free pages, and a write-ahead log that was not copied back.
 *
 * Sizes are for `make check`; `make fault` plays a hundred times as many (WEFT_PERCENT=10000), which is
 * about every tenth byte of the logs and all of what little there is beside them. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "server/check.h"
#include "server/command.h"
#include "server/repair.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "support/rng.h"
#include "support/room_rig.h"
#include "support/served.h"
#include "support/store_conformance.h"

enum {
    FILES = 7,
    TAIL_REVS = 12, /* in memory; what lies further back is asked of the disk */
    PATH_BYTES = STORE_FOLDER_BYTES + 40,
    PAGE = 4096,
};

#define BOOT "a run of the machine"

static const char *const NAMES[FILES] = {"weft.db",    "weft.db-wal", "weft.db-shm", "secret.key",
                                         "generation", "unsynced",    "weft.db-tip"};
/* The last one is not there, and must not be. */
static const char *const ROOMS[] = {
    "plan", "tea/time", "entries", "a room whose name is longer than what others are called", "new",
};
enum { N_ROOMS = sizeof ROOMS / sizeof *ROOMS };

/* A folder, as bytes. */
struct image {
    struct {
        uint8_t *at;
        size_t len;
        bool there;
    } files[FILES];
};

static struct rig rig;
static char folder[STORE_FOLDER_BYTES];
static struct image closed; /* by a server that ended as it should */
static struct image killed; /* while there was a write-ahead log */
static struct image older; /* `closed`, some revisions before: what `killed` has journalled since */
static struct image oldest; /* before that */

/* Nothing here loses its power: syncing thousands of folders would only wait for the disk. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

/* --- folders --- */

static void path_of(size_t i, char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%s/%s", folder, NAMES[i]);
}

static void image_read(struct image *m)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < FILES; i++) {
        path_of(i, path);
        int fd = open(path, O_RDONLY);
        m->files[i].there = fd >= 0;
        if (fd < 0)
            continue;
        off_t len = lseek(fd, 0, SEEK_END);
        m->files[i].len = (size_t)len;
        m->files[i].at = malloc((size_t)len + 1);
        assert_non_null(m->files[i].at);
        assert_int_equal(pread(fd, m->files[i].at, (size_t)len, 0), len);
        close(fd);
    }
}

static void image_done(struct image *m)
{
    for (size_t i = 0; i < FILES; i++)
        free(m->files[i].at);
}

static void image_write(const struct image *m)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < FILES; i++) {
        path_of(i, path);
        unlink(path); /* a file that is cut and written anew goes to the disk when it is closed */
        if (!m->files[i].there)
            continue;
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, m->files[i].at, m->files[i].len), (ssize_t)m->files[i].len);
        close(fd);
    }
    snprintf(path, sizeof path, "%s/weft.db-journal", folder);
    unlink(path);
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    char why[200];
    assert_int_equal(store_sqlite_open(folder, STORE_SYNC_OFF, &store, why, sizeof why), 0);
    return store;
}

/* `n` further revisions of `bytes` bytes each; every fifth has entries and none of the bytes. */
static void write_room(struct store *store, const char *name, char epoch, uint64_t n, int bytes)
{
    static char notation[5000];
    rig.epoch = rig_user(epoch);
    rig_reset(&rig);
    rig.snapshot_rev = 0;
    assert_non_null(rig_join(&rig, 1, 'A'));
    assert_non_null(rig_join(&rig, 2, 'B'));
    for (uint64_t rev = 1; rev <= n; rev++) {
        uint64_t conn = 1 + rev % 2;
        snprintf(notation, sizeof notation, "'%0*d'", bytes, (int)rev);
        if (rev % 5 == 0) {
            snprintf(notation, sizeof notation, "key%d=%s %d", (int)(rev % 3), name, (int)rev);
            rig_meta(&rig, conn, notation, rev);
        } else {
            rig_op(&rig, conn, notation, (int64_t)rev - 1, rev);
        }
        rig_durable(&rig, rev);
        const struct rig_bytes *b = &rig.records[rev - 1];
        struct store_write writes[2] = {
            {STORE_RECORD, name, strlen(name), rig.epoch, rev, b->at, b->len, 0},
            {STORE_SNAPSHOT, name, strlen(name), rig.epoch, rig.snapshot_rev, rig.snapshot.at,
             rig.snapshot.len, rig.snapshot_instead}};
        assert_int_equal(store_commit(store, writes, rig.snapshot_rev == rev ? 2 : 1), 0);
    }
}

static void make_images(void)
{
    char why[200];
    uint8_t key[32];
    assert_int_equal(store_folder_secret(folder, "secret.key", key, sizeof key, why, sizeof why),
                     0);
    assert_int_equal(store_folder_renew(folder, why, sizeof why), 0);
    struct store *store = open_store();
    write_room(store, "gone", 'G', 20, 1500);
    store_free(store);
    image_read(&oldest);
    store = open_store();
    write_room(store, ROOMS[0], 'P', 44, 2000);
    write_room(store, ROOMS[1], 'T', 3, 40);
    store_free(store);
    image_read(&older);
    store = open_store();
    write_room(store, ROOMS[2], 'M', 30, 60);
    write_room(store, ROOMS[3], 'L', 25, 200);
    struct store_write drop = {
        .kind = STORE_DROP, .name = "gone", .name_len = 4, .epoch = rig_user('G')};
    assert_int_equal(store_commit(store, &drop, 1), 0);
    image_read(&killed);
    store_free(store);
    image_read(&closed);
    assert_true(killed.files[1].there && killed.files[1].len > 100000);
    assert_false(closed.files[1].there);
    rig.epoch = rig_user('E');
}

/* --- commands --- */

/* Quietly: what it printed is in `printed`. */
static char printed[8000];

static int command(int (*run)(int, char **), const char *word)
{
    char path[PATH_BYTES];
    char words[3][PATH_BYTES];
    char *argv[] = {words[0], words[1], words[2], NULL};
    snprintf(words[0], PATH_BYTES, "%s", word);
    snprintf(words[1], PATH_BYTES, "--data");
    snprintf(words[2], PATH_BYTES, "%s", folder);
    snprintf(path, sizeof path, "%s.out", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    int was[2] = {dup(1), dup(2)};
    assert_true(fd >= 0 && was[0] >= 0 && was[1] >= 0);
    fflush(NULL);
    dup2(fd, 1);
    dup2(fd, 2);
    int status = run(3, argv);
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

/* --- damage --- */

enum damage_kind { FLIP, CUT, ZERO, SWAP, OLD_PAGE, OLD_FILE, REMOVE, SQL };

struct damage {
    enum damage_kind kind;
    const struct image *image;
    size_t file;
    size_t at;    /* a byte; of ZERO, SWAP, OLD_PAGE the first one of a page */
    size_t other; /* SWAP: the other page; FLIP: the bit */
    const char *sql;
};

static const char *say(const struct damage *d)
{
    static const char *const WORDS[] = {"flip",     "cut",      "zero page", "swap pages",
                                        "old page", "old file", "remove",    "sql"};
    static char out[300];
    snprintf(out, sizeof out, "%s %s, %s at %zu (%zu) %s",
             d->image == &killed ? "killed" : "closed", d->kind == SQL ? "" : NAMES[d->file],
             WORDS[d->kind], d->at, d->other, d->sql != NULL ? d->sql : "");
    return out;
}

static void put(int fd, const uint8_t *bytes, size_t len, size_t at)
{
    assert_int_equal(pwrite(fd, bytes, len, (off_t)at), (ssize_t)len);
}

static void damage_bytes(const struct damage *d, int fd)
{
    static const uint8_t zeros[PAGE];
    const uint8_t *was = d->image->files[d->file].at;
    const size_t len = d->image->files[d->file].len;
    uint8_t byte = was[d->at < len ? d->at : 0] ^ (uint8_t)(1 << d->other % 8);
    if (d->kind == FLIP) {
        put(fd, &byte, 1, d->at);
    } else if (d->kind == CUT) {
        assert_int_equal(ftruncate(fd, (off_t)d->at), 0);
    } else if (d->kind == ZERO) {
        put(fd, zeros, len - d->at < PAGE ? len - d->at : PAGE, d->at);
    } else if (d->kind == SWAP) {
        put(fd, was + d->at, PAGE, d->other);
        put(fd, was + d->other, PAGE, d->at);
    } else {
        put(fd, older.files[d->file].at + d->at, PAGE, d->at);
    }
}

/* The folder, laid out and damaged. False where the damage cannot be done. */
static bool lay_out(const struct damage *d)
{
    char path[PATH_BYTES];
    image_write(d->image);
    path_of(d->file, path);
    if (d->kind == SQL) {
        sqlite3 *db = NULL;
        path_of(0, path);
        bool done = sqlite3_open(path, &db) == SQLITE_OK &&
                    sqlite3_exec(db, d->sql, NULL, NULL, NULL) == SQLITE_OK;
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        return done;
    }
    if (d->kind == REMOVE || d->kind == OLD_FILE)
        assert_int_equal(unlink(path), 0);
    if (d->kind == REMOVE)
        return true;
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    if (d->kind == OLD_FILE)
        put(fd, oldest.files[d->file].at, oldest.files[d->file].len, 0);
    else
        damage_bytes(d, fd);
    close(fd);
    return true;
}

/* --- one case --- */

static struct {
    size_t tried;
    size_t changed; /* something did, or was refused */
    size_t found;   /* of these, what was noticed */
    size_t refused; /* the whole folder was */
    size_t silent;
    size_t unchecked; /* refused by a server, good for `weft check` */
    size_t alarms;    /* a room was refused whose rows are what they were */
    size_t failed;    /* called a failure of the disk */
    size_t repaired;
} counts;

static struct served whole;
static uint64_t whole_rows[N_ROOMS];
static size_t repair_every;

static void tell(const char *what, const struct damage *d, const char *how)
{
    fprintf(stderr, "# %s: %s: %s\n", say(d), what, how);
}

static uint64_t rows_of(sqlite3 *db, const char *room)
{
    static const char TEXT[] =
        "SELECT name, epoch, head, r.rev, r.body FROM logs CROSS JOIN records r ON r.log = logs.id "
        "WHERE name = ?1 UNION ALL SELECT name, epoch, head, s.rev, s.body FROM logs "
        "CROSS JOIN snapshots s ON s.log = logs.id WHERE name = ?1";
    sqlite3_stmt *st = NULL;
    uint32_t sum = 0;
    int rc = sqlite3_prepare_v2(db, TEXT, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(st, 1, room, (int)strlen(room), SQLITE_STATIC);
    if (rc == SQLITE_OK)
        while ((rc = sqlite3_step(st)) == SQLITE_ROW)
            for (int i = 0; i < 5; i++) {
                const void *at = sqlite3_column_blob(st, i);
                size_t len = (size_t)sqlite3_column_bytes(st, i);
                sum = crc32c(crc32c(sum, &len, sizeof len), at, len);
            }
    (void)sqlite3_finalize(st);
    return rc == SQLITE_DONE ? sum : UINT64_MAX;
}

/* Damage to the tree that happens not to be met is damage. */
static bool is_sound(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    bool sound = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &st, NULL) == SQLITE_OK &&
                 sqlite3_step(st) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
    (void)sqlite3_finalize(st);
    return sound;
}

static void all_rows(uint64_t out[N_ROOMS])
{
    sqlite3 *db = NULL;
    char path[PATH_BYTES];
    path_of(0, path);
    bool open = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                sqlite3_exec(db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL) == SQLITE_OK &&
                is_sound(db);
    for (size_t i = 0; i < N_ROOMS; i++)
        out[i] = open ? rows_of(db, ROOMS[i]) : UINT64_MAX;
    sqlite3_close(db);
}

static bool is_refused(const struct served_room *room)
{
    return room->kind == SERVED_REFUSED || room->kind == SERVED_IN_PART;
}

static bool differs(const struct served_room *now, const struct served_room *was)
{
    return !is_refused(now) && (now->kind != was->kind || now->sum != was->sum);
}

/* Is a room refused whose rows are what they were? */
static void look_for_alarms(const struct damage *d, const struct served *now)
{
    uint64_t rows[N_ROOMS];
    if (!lay_out(d))
        return;
    all_rows(rows);
    for (size_t i = 0; i < N_ROOMS; i++)
        if (is_refused(&now->rooms[i]) && rows[i] == whole_rows[i]) {
            counts.alarms++;
            tell("refused, though its rows are what they were", d, now->rooms[i].why);
        }
}

/* Everything that can be repaired is good afterwards, and what was good is as it was. */
static void look_at_repair(const struct damage *d, const struct served *was)
{
    struct served now;
    char kept[2 * PATH_BYTES];
    assert_true(lay_out(d));
    int status = command(command_repair, "repair");
    bool said = status == EXIT_DAMAGED || strstr(printed, "repaired:") != NULL ||
                strstr(printed, "not repaired") != NULL || strstr(printed, "weft: ") != NULL;
    const char *at = strstr(printed, "is kept in ");
    if (at != NULL && sscanf(at + 11, "%500[^\n]", kept) == 1)
        store_folder_remove(kept);
    if (!said)
        tell("repaired without a word", d, printed);
    assert_true(said);
    if (status != EXIT_DONE)
        return;
    counts.repaired++;
    if (command(command_check, "check") != EXIT_DONE) {
        tell("not good after it was repaired", d, printed);
        fail();
    }
    served_read(folder, ROOMS, N_ROOMS, TAIL_REVS, BOOT, &now);
    assert_true(now.starts);
    for (size_t i = 0; i < N_ROOMS; i++) {
        const struct served_room *room = &now.rooms[i];
        bool good = was->starts && was->rooms[i].kind == SERVED_WHOLE;
        if (is_refused(room) || (good && differs(room, &was->rooms[i]))) {
            tell("changed by repairing another one", d, ROOMS[i]);
            fail();
        }
    }
}

static void look_at_check(const struct damage *d, bool found)
{
    if (!lay_out(d))
        return;
    int status = command(command_check, "check");
    if (found && status == EXIT_DONE) {
        counts.unchecked++;
        tell("weft check finds nothing", d, "");
    }
}

/* What the damage does to what is served. */
static void judge(const struct damage *d)
{
    struct served now;
    if (!lay_out(d))
        return;
    served_read(folder, ROOMS, N_ROOMS, TAIL_REVS, BOOT, &now);
    bool silent = false;
    bool found = !now.starts || now.renewed;
    bool changed = now.starts && (now.key != whole.key || now.n_listed != whole.n_listed);
    counts.tried++;
    counts.refused += !now.starts;
    for (size_t i = 0; now.starts && i < N_ROOMS; i++) {
        found = found || is_refused(&now.rooms[i]);
        if (now.rooms[i].kind == SERVED_FAILED) {
            counts.failed++;
            tell("the disk is blamed", d, now.rooms[i].why);
        } else if (differs(&now.rooms[i], &whole.rooms[i]) && !now.renewed) {
            tell("changed, and nobody noticed", d, ROOMS[i]);
            silent = true;
        }
    }
    if (changed && !found)
        tell("changed, and nobody noticed", d, "the key or the list of rooms");
    silent = silent || (changed && !found);
    if (!now.starts)
        assert_true(now.why[0] != '\0');
    counts.changed += silent || found;
    counts.found += found && !silent;
    counts.silent += silent;
    if (found && now.starts && !now.renewed)
        look_for_alarms(d, &now);
    look_at_check(d, found && !now.renewed);
    if (found && !now.renewed && counts.found % repair_every == 0)
        look_at_repair(d, &now);
}

/* --- sweeps --- */

static int start(void **state)
{
    (void)state;
    static bool made;
    memset(&counts, 0, sizeof counts);
    if (made)
        return 0;
    store_folder_make(folder);
    if (rig_init(&rig, weft_heap()) != 0)
        return -1;
    make_images();
    image_write(&closed);
    all_rows(whole_rows);
    served_read(folder, ROOMS, N_ROOMS, TAIL_REVS, BOOT, &whole);
    made = true;
    return 0;
}

static void expect_found(const char *what)
{
    char words[300];
    snprintf(words, sizeof words,
             "%s; %zu changed what is served, %zu found, %zu of them by refusing the folder; "
             "false alarms %zu, missed by weft check %zu, repaired %zu",
             what, counts.changed, counts.found, counts.refused, counts.alarms, counts.unchecked,
             counts.repaired);
    rng_proved(counts.tried, 0, words);
    assert_int_equal(counts.found, counts.changed);
    assert_int_equal(counts.unchecked, 0);
    assert_int_equal(counts.failed, 0);
    assert_int_equal(counts.alarms, 0);
}

static void a_whole_folder_is_served(void **state)
{
    (void)state;
    struct served now;
    const struct image *const images[] = {&closed, &killed};
    for (size_t i = 0; i < 2; i++) {
        image_write(images[i]);
        served_read(folder, ROOMS, N_ROOMS, TAIL_REVS, BOOT, &now);
        assert_string_equal(now.why, "");
        for (size_t room = 0; room < N_ROOMS; room++) {
            assert_int_equal(now.rooms[room].kind, room + 1 < N_ROOMS ? SERVED_WHOLE : SERVED_NONE);
            assert_true(now.rooms[room].sum == whole.rooms[room].sum);
        }
        image_write(images[i]);
        assert_int_equal(command(command_check, "check"), EXIT_DONE);
        image_write(images[i]);
        assert_int_equal(command(command_repair, "repair"), EXIT_DONE);
        assert_string_equal(printed, "nothing to repair\n");
    }
}

/* A bit here and there: in small files each byte. */
static void flip(const struct image *m, size_t file, size_t n)
{
    struct rng r = rng_of(rng_seed() + file);
    const size_t len = m->files[file].len;
    if (!m->files[file].there)
        return;
    for (size_t i = 0; i < n && i < len; i++) {
        size_t from = len <= n ? i : i * (len / n);
        size_t to = len <= n ? i : from + len / n - 1;
        struct damage d = {.kind = FLIP,
                           .image = m,
                           .file = file,
                           .at = rng_between(&r, from, to),
                           .other = rng_below(&r, 8)};
        judge(&d);
    }
}

static void flips_of_the_logs(void **state)
{
    (void)state;
    repair_every = 40;
    flip(&closed, 0, rng_cases(250));
    expect_found("bits of weft.db flipped");
}

static void flips_of_the_journal(void **state)
{
    (void)state;
    repair_every = 40;
    for (size_t file = 0; file < FILES; file++)
        flip(&killed, file, rng_cases(file == 1 ? 120 : 40));
    expect_found("bits of a killed server's folder flipped");
}

/* Where little says much: heads of pages, names, epochs. */
static void flips_where_they_hurt(void **state)
{
    (void)state;
    repair_every = 60;
    const uint8_t *db = closed.files[0].at;
    const size_t len = closed.files[0].len;
    struct rng r = rng_of(rng_seed());
    const size_t share = rng_cases(12); /* per cent of them */
    for (size_t page = 0; page < len; page += PAGE)
        for (size_t at = page; at < page + (page == 0 ? 120 : 24); at++) {
            struct damage d = {FLIP, &closed, 0, at, rng_below(&r, 8), NULL};
            if (rng_chance(&r, (unsigned)share))
                judge(&d);
        }
    for (size_t room = 0; room + 1 < N_ROOMS; room++) {
        size_t name_len = strlen(ROOMS[room]);
        for (size_t at = 16; at + name_len + 32 < len; at++)
            if (memcmp(db + at, ROOMS[room], name_len) == 0 && db[at - 1] != ' ')
                for (size_t i = at - 16; i < at + name_len + 32; i++) {
                    struct damage d = {FLIP, &closed, 0, i, rng_below(&r, 8), NULL};
                    if (rng_chance(&r, (unsigned)share))
                        judge(&d);
                }
    }
    expect_found("bits flipped where names, epochs and heads of pages stand");
}

static void files_cut_short(void **state)
{
    (void)state;
    repair_every = 40;
    struct rng r = rng_of(rng_seed());
    const struct image *const images[] = {&closed, &killed};
    for (size_t m = 0; m < 2; m++)
        for (size_t file = 0; file < FILES; file++) {
            size_t len = images[m]->files[file].len;
            size_t n = rng_cases(30);
            for (size_t i = 0; images[m]->files[file].there && i < n && i < len; i++) {
                size_t at = len <= n ? i : i * (len / n) + rng_below(&r, len / n);
                if (i % 3 == 0 && len > PAGE)
                    at = at / PAGE * PAGE;
                struct damage d = {CUT, images[m], file, at, 0, NULL};
                judge(&d);
            }
        }
    expect_found("files cut short");
}

/* Writes that never came, or came to the wrong place. */
static void pages_lost_and_swapped(void **state)
{
    (void)state;
    repair_every = 10;
    struct rng r = rng_of(rng_seed());
    const size_t pages = closed.files[0].len / PAGE;
    for (size_t i = 0; i < pages; i++) {
        struct damage zero = {ZERO, &closed, 0, i * PAGE, 0, NULL};
        struct damage swap = {SWAP, &closed, 0, i * PAGE, rng_below(&r, pages) * PAGE, NULL};
        struct damage old = {OLD_PAGE, &closed, 0, i * PAGE, 0, NULL};
        judge(&zero);
        judge(&swap);
        if ((i + 1) * PAGE <= older.files[0].len)
            judge(&old);
    }
    for (size_t at = 0; at < killed.files[1].len; at += PAGE + 24) {
        struct damage zero = {ZERO, &killed, 1, at + 32, 0, NULL};
        judge(&zero);
    }
    expect_found("pages zeroed, swapped and put back from before");
}

/* Rows that are whole, and do not belong there. */
static void rows_exchanged(void **state)
{
    (void)state;
    static const char *const STATEMENTS[] = {
        "UPDATE records SET body = (SELECT body FROM records WHERE log = 3 AND rev = 2) WHERE log = 2 AND "
        "rev = 2",
        "UPDATE records SET body = (SELECT body FROM records WHERE log = 2 AND rev = 3) WHERE log = 2 AND "
        "rev = 2",
        "INSERT INTO records SELECT log, 45, body FROM records WHERE log = 2 AND rev = 44",
        "INSERT INTO records SELECT 99, rev, body FROM records WHERE log = 3",
        "DELETE FROM records WHERE log = 2 AND rev = 1",
        "DELETE FROM records WHERE log = 2 AND rev = 20",
        "DELETE FROM records WHERE log = 2 AND rev = 44",
        "DELETE FROM records WHERE log = 3",
        "UPDATE records SET rev = 46 WHERE log = 2 AND rev = 44",
        "UPDATE logs SET epoch = (SELECT epoch FROM logs WHERE id = 3) WHERE id = 2",
        "UPDATE logs SET id = 77 WHERE id = 3",
        "UPDATE logs SET head = 43 WHERE id = 2",
        "UPDATE logs SET head = head + 1",
        "UPDATE snapshots SET rev = rev + 1",
        "UPDATE snapshots SET body = substr(body, 1, length(body) - 1)",
        "UPDATE snapshots SET log = 4",
        "DELETE FROM snapshots",
    };
    repair_every = 1;
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof *STATEMENTS; i++) {
        struct damage d = {SQL, &closed, 0, 0, 0, STATEMENTS[i]};
        judge(&d);
    }
    expect_found("rows changed by hand");
}

static void files_that_are_others(void **state)
{
    (void)state;
    repair_every = 1;
    const struct damage CASES[] = {
        {OLD_FILE, &killed, 0, 0, 0, NULL}, {REMOVE, &killed, 1, 0, 0, NULL},
        {REMOVE, &killed, 2, 0, 0, NULL},   {REMOVE, &killed, 0, 0, 0, NULL},
        {REMOVE, &closed, 0, 0, 0, NULL},   {REMOVE, &killed, 6, 0, 0, NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        judge(&CASES[i]);
    expect_found("files of another time");
}

/* A whole older folder is whole: nothing in it says that there was more. docs/storage.md says so. */
static void an_older_state_is_a_state(void **state)
{
    (void)state;
    struct served now;
    image_write(&older);
    served_read(folder, ROOMS, N_ROOMS, TAIL_REVS, BOOT, &now);
    assert_true(now.starts);
    assert_int_equal(now.rooms[1].kind, SERVED_WHOLE);
    assert_int_equal(now.rooms[2].kind, SERVED_NONE);
    assert_int_equal(command(command_check, "check"), EXIT_DONE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, start)
    const struct CMUnitTest tests[] = {
        CASE(a_whole_folder_is_served),
        CASE(flips_of_the_logs),
        CASE(flips_of_the_journal),
        CASE(flips_where_they_hurt),
        CASE(files_cut_short),
        CASE(pages_lost_and_swapped),
        CASE(rows_exchanged),
        CASE(files_that_are_others),
        CASE(an_older_state_is_a_state),
    };
    int failed = cmocka_run_group_tests_name("bit rot", tests, NULL, NULL);
    rig_done(&rig);
    image_done(&closed);
    image_done(&killed);
    image_done(&older);
    image_done(&oldest);
    store_folder_remove(folder);
    return failed;
}
