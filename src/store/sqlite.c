/* Opening, the schema, closing, errors, queries. See sqlite_impl.h for the whole.
 *
 * records is WITHOUT ROWID: a log's records then lie side by side in key order, and reading a
 * stretch is one seek. snapshots is a table with a row id and an index beside it: in a WITHOUT
 * ROWID table the bytes are part of the key's cell, and SQLite reads a cell that spills over onto
 * other pages whole to compare it, which is 16 MiB for each step of a search. */
#include "store/sqlite_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/assert.h"

/* "weft" in ASCII; file(1) and our own open read it at byte 68 of the file. */
enum { APPLICATION_ID = 0x77656674, SCHEMA_VERSION = 2, PATH_BYTES = 4096 };

/* The index has the few logs only of which something is left to be taken out. */
#define SCHEMA_NEW_IN_2                                                                            \
    "CREATE INDEX logs_untidy ON logs (id) WHERE swept < base;"                                    \
    "PRAGMA user_version = 2;"

static const char SCHEMA[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE logs ("
    " id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, epoch BLOB NOT NULL,"
    " head INTEGER NOT NULL, base INTEGER NOT NULL DEFAULT 0,"
    " swept INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE records ("
    " log INTEGER NOT NULL, rev INTEGER NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY (log, rev)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE snapshots ("
    " id INTEGER PRIMARY KEY, log INTEGER NOT NULL, rev INTEGER NOT NULL, body BLOB NOT NULL,"
    " UNIQUE (log, rev)) STRICT;"
    "PRAGMA application_id = 0x77656674;" SCHEMA_NEW_IN_2 "COMMIT";

/* From the first schema, which did not know trimmed logs. */
static const char SCHEMA_FROM_1[] =
    "BEGIN IMMEDIATE;"
    "ALTER TABLE logs ADD COLUMN base INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE logs ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;" SCHEMA_NEW_IN_2 "COMMIT";

/* busy_timeout: the folder is ours alone, but a backup made by hand holds locks for moments.
 * journal_size_limit: a journal that one large commit has blown up is cut again.
 * cache_size: 32 MiB of pages; the default of 2 MiB halves throughput at 1,000 busy logs.
 * cell_size_check: a damaged page is noticed when it is read, not when it is followed.
 * secure_delete: what is deleted is overwritten, so that a text that was trimmed away is in no free
 * page; only trimming and dropping logs delete. */
static const char SETTINGS[] = "PRAGMA busy_timeout = 1000;"
                               "PRAGMA journal_size_limit = 33554432;"
                               "PRAGMA cache_size = -32768;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF";

/* ---- errors ----------------------------------------------------------------------------------- */

static int error_of(int rc)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return WEFT_ENOMEM;
    if (rc == SQLITE_IOERR_CORRUPTFS)
        return WEFT_ECORRUPT;
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return WEFT_ENOMEM;
    case SQLITE_TOOBIG:
        return WEFT_ELIMIT;
    /* Only a row that is there although logs.head says it is not can violate a constraint; only a
     * file that was changed under us has another schema. */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:
        return WEFT_ECORRUPT;
    default:
        return WEFT_EIO;
    }
}

int sqlite_fail(struct store_sqlite *s, int rc, const char *where)
{
    int last = errno;
    WEFT_ASSERT(rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE);
    WEFT_ASSERT(rc != SQLITE_MISUSE && rc != SQLITE_RANGE); /* ours, not the disk's */
    const char *what = s->db != NULL && sqlite3_errcode(s->db) != SQLITE_OK ? sqlite3_errmsg(s->db)
                                                                            : sqlite3_errstr(rc);
    int os = s->db != NULL ? sqlite3_system_errno(s->db) : 0;
    if (os == 0) /* SQLite does not keep it where a commit fails */
        os = last;
    int kind = rc & 0xff;
    if (os != 0 && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_FULL)) {
        errno = os;
        return store_fail(&s->store, error_of(rc), "%s (%d, %m): %s", what, rc, where);
    }
    return store_fail(&s->store, error_of(rc), "%s (%d): %s", what, rc, where);
}

/* ---- queries ---------------------------------------------------------------------------------- */

struct sqlite_query sqlite_query_begin(struct store_sqlite *s, enum sqlite_statement which,
                                       const char *where)
{
    return (struct sqlite_query){.store = s, .statement = s->statements[which], .where = where};
}

static void note(struct sqlite_query *q, int rc)
{
    if (rc != SQLITE_OK && q->err == 0)
        q->err = sqlite_fail(q->store, rc, q->where);
}

void sqlite_query_int(struct sqlite_query *q, int at, uint64_t value)
{
    WEFT_ASSERT(value <= INT64_MAX);
    note(q, sqlite3_bind_int64(q->statement, at, (sqlite3_int64)value));
}

void sqlite_query_bytes(struct sqlite_query *q, int at, const void *bytes, size_t len)
{
    /* A NULL pointer would bind NULL instead of no bytes. */
    note(q, sqlite3_bind_blob64(q->statement, at, len != 0 ? bytes : "", len, SQLITE_STATIC));
}

int sqlite_query_row(struct sqlite_query *q)
{
    if (q->err != 0)
        return q->err;
    errno = 0;
    int rc = sqlite3_step(q->statement);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    note(q, rc);
    return q->err;
}

static int odd_column(struct sqlite_query *q)
{
    q->err = store_fail(&q->store->store, WEFT_ECORRUPT, "a stored value is of the wrong kind: %s",
                        q->where);
    return q->err;
}

int sqlite_column_int(struct sqlite_query *q, int at, uint64_t *ret)
{
    if (sqlite3_column_type(q->statement, at) != SQLITE_INTEGER)
        return odd_column(q);
    sqlite3_int64 value = sqlite3_column_int64(q->statement, at);
    if (value < 0)
        return odd_column(q);
    *ret = (uint64_t)value;
    return 0;
}

int sqlite_column_bytes(struct sqlite_query *q, int at, const uint8_t **ret, size_t *ret_len)
{
    if (sqlite3_column_type(q->statement, at) != SQLITE_BLOB)
        return odd_column(q);
    const uint8_t *bytes = sqlite3_column_blob(q->statement, at);
    int len = sqlite3_column_bytes(q->statement, at);
    if (bytes == NULL && len != 0) {
        note(q, SQLITE_NOMEM); /* the only way that column_blob fails */
        return q->err;
    }
    *ret = bytes;
    *ret_len = (size_t)len;
    return 0;
}

void sqlite_query_end(struct sqlite_query *q)
{
    /* Repeats the error of the last step, which has been looked at. */
    (void)sqlite3_reset(q->statement);
    (void)sqlite3_clear_bindings(q->statement);
}

int sqlite_query_run(struct sqlite_query *q)
{
    int row = sqlite_query_row(q);
    WEFT_ASSERT(row <= 0);
    sqlite_query_end(q);
    return row;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static int run_sql(struct store_sqlite *s, const char *sql, const char *where)
{
    errno = 0;
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc, where);
}

/* The one value that sql answers with: as a number, and as text where `text` has room for it. */
static int ask(struct store_sqlite *s, const char *sql, int64_t *ret, char *text, size_t text_bytes)
{
    sqlite3_stmt *statement = NULL;
    errno = 0;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    int err = 0;
    if (rc == SQLITE_ROW) {
        *ret = sqlite3_column_int64(statement, 0);
        const unsigned char *value = sqlite3_column_text(statement, 0);
        if (text != NULL)
            (void)snprintf(text, text_bytes, "%s", value != NULL ? (const char *)value : "");
    } else if (rc == SQLITE_DONE) {
        err = store_fail(&s->store, WEFT_ECORRUPT, "no answer: %s", sql);
    } else {
        err = sqlite_fail(s, rc, sql);
    }
    /* The answer comes first, and what it says is done only when the statement ends: journal_mode
     * answers "wal" and may then fail to write that into the file. */
    while (rc == SQLITE_ROW)
        rc = sqlite3_step(statement);
    if (err == 0 && rc != SQLITE_DONE)
        err = sqlite_fail(s, rc, sql);
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    return err;
}

/* Tells an empty file, ours, a newer one and somebody else's apart, without changing any. */
static int look_at_file(struct store_sqlite *s, bool *ret_empty, bool *ret_first)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t objects = 0;
    int err = ask(s, "PRAGMA application_id", &application, NULL, 0);
    if (err == 0)
        err = ask(s, "PRAGMA user_version", &version, NULL, 0);
    if (err == 0)
        err = ask(s, "SELECT count(*) FROM sqlite_schema", &objects, NULL, 0);
    if (err != 0)
        return err;
    *ret_first = false;
    *ret_empty = application == 0 && version == 0 && objects == 0;
    if (*ret_empty)
        return 0;
    if (application != APPLICATION_ID)
        return store_fail(&s->store, WEFT_EINVAL, "this is a database of another program");
    if (version > SCHEMA_VERSION)
        return store_fail(&s->store, WEFT_EINVAL,
                          "made by a newer weft (schema %lld, this one knows %d)",
                          (long long)version, SCHEMA_VERSION);
    *ret_first = version == 1;
    if (version != SCHEMA_VERSION && version != 1)
        return store_fail(&s->store, WEFT_ECORRUPT, "schema %lld has never existed",
                          (long long)version);
    return 0;
}

static int start_noting(struct store_sqlite *s)
{
    int64_t page_bytes = 0;
    int err = ask(s, "PRAGMA page_size", &page_bytes, NULL, 0);
    if (err != 0)
        return err;
    s->tip.page_bytes = (uint32_t)page_bytes;
    return 0;
}

static int set_up(struct store_sqlite *s, enum store_sync sync)
{
    int err = run_sql(s, SETTINGS, "settings");
    bool empty = false;
    bool first = false;
    if (err == 0)
        err = look_at_file(s, &empty, &first);
    if (err != 0)
        return err;

    char mode[16];
    int64_t ignored;
    err = ask(s, "PRAGMA journal_mode = WAL", &ignored, mode, sizeof mode);
    if (err == 0 && strcmp(mode, "wal") != 0)
        err = store_fail(&s->store, WEFT_EIO,
                         "this file system cannot hold a write-ahead log (journal mode %s)", mode);
    if (err == 0)
        err = run_sql(
            s, sync == STORE_SYNC_OFF ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL",
            "synchronous");
    if (err == 0 && empty)
        err = run_sql(s, SCHEMA, "schema");
    if (err == 0 && first)
        err = run_sql(s, SCHEMA_FROM_1, "a newer schema");
    return err;
}

/* Also a first check: a statement compiles only when its tables and columns are there. */
static int prepare_all(struct store_sqlite *s)
{
#define SQLITE_STATEMENT_SQL(name, sql) sql,
    static const char *const SQL[] = {SQLITE_STATEMENTS(SQLITE_STATEMENT_SQL)};
#undef SQLITE_STATEMENT_SQL
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        int rc = sqlite3_prepare_v3(s->db, SQL[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i],
                                    NULL);
        if (rc != SQLITE_OK)
            return sqlite_fail(s, rc, "schema");
    }
    return 0;
}

/* What `weft backup` leaves when it is broken off: store/backup.h. A new file beside it would make an
 * empty server of what somebody takes for a copy. */
static bool is_half_backup(const char *path)
{
    char part[PATH_BYTES];
    int len = snprintf(part, sizeof part, "%s.part", path);
    return len > 0 && len < PATH_BYTES && access(path, F_OK) != 0 && access(part, F_OK) == 0;
}

/* 0, or -1 with errno. */
static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int failed = fsync(fd) != 0 ? errno : 0;
    (void)close(fd);
    errno = failed;
    return failed == 0 ? 0 : -1;
}

/* SQLite would make the file readable for everybody; its journals take over the file's mode. The
 * folder is synced so that the new file's name survives a power cut as its content does. */
static int make_file(struct store_sqlite *s, const char *folder, const char *path)
{
    if (is_half_backup(path))
        return store_fail(
            &s->store, WEFT_EINVAL,
            "is not there, but weft.db.part is: a backup was broken off; make it again, "
            "into an empty folder");
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return 0;
    if (fd >= 0)
        (void)close(fd); /* nothing was written */
    if (fd >= 0 && sync_folder(folder) == 0)
        return 0;
    int failed = errno;
    return store_fail(&s->store, WEFT_EIO, "%m (%d): making the file", failed);
}

/* Answers with "ok" or with what it found first. It reads every page, so that a damaged one is
 * named here and not by whoever needs it next. */
static int sqlite_verify(struct store *store)
{
    struct store_sqlite *s = sqlite_of(store);
    char found[STORE_TEXT_BYTES];
    int64_t ignored;
    int err = ask(s, "PRAGMA integrity_check(1)", &ignored, found, sizeof found);
    if (err != 0 || strcmp(found, "ok") == 0)
        return err;
    found[strcspn(found, "\n")] = '\0';
    return store_fail(store, WEFT_ECORRUPT, "%s", found);
}

static void leave_journal(struct store_sqlite *s)
{
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL); /* cannot fail */
}

static void sqlite_close(struct store *store)
{
    struct store_sqlite *s = sqlite_of(store);
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(s->statements[i]);
    /* Copies the journal into the file and removes it, unless it is to be left alone, or a note says
     * that it must be there. Should that fail, the journal stays, and the next opening reads it:
     * nothing is lost, so there is nothing to tell. */
    if (s->db != NULL && (s->sync == STORE_READ || s->unsure ||
                          tip_forget(&s->tip, s->sync == STORE_SYNC_FULL) != 0))
        leave_journal(s);
    tip_done(&s->tip);
    int rc = sqlite3_close(s->db);
    WEFT_ASSERT(rc != SQLITE_BUSY);
    sqlite_log_forget_all(s);
    name_map_done(&s->lost);
    free(s->logs);
    free(s);
}

static const struct store_port SQLITE_PORT = {
    .commit = sqlite_commit,
    .load = sqlite_load,
    .base = sqlite_base,
    .read = sqlite_read,
    .next = sqlite_next,
    .verify = sqlite_verify,
    .tidy = sqlite_tidy,
    .free = sqlite_close,
};

static int open_path(struct store_sqlite *s, const char *folder, const char *path,
                     enum store_sync sync)
{
    int err = make_file(s, folder, path);
    if (err != 0)
        return err;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, &s->db, flags, NULL);
    if (rc != SQLITE_OK)
        return sqlite_fail(s, rc, "open");
    (void)sqlite3_extended_result_codes(s->db, 1); /* cannot fail; SQLite before 3.37 */
    if (sync == STORE_READ)
        leave_journal(s);
    else
        sqlite_watch_journal(s);
    err = set_up(s, sync);
    /* The journal's name too must survive a power cut; SQLite does not look whether it does. */
    if (err == 0 && sync == STORE_SYNC_FULL && sync_folder(folder) != 0)
        err = store_fail(&s->store, WEFT_EIO, "%m (%d): syncing the folder", errno);
    if (err == 0)
        err = prepare_all(s);
    if (err == 0)
        err = start_noting(s);
    return err == 0 ? sqlite_log_find_lost(s) : err;
}

/* A path that starts with "file:" would be read as a URI. */
static bool path_of(const char *folder, char path[PATH_BYTES])
{
    int len = snprintf(path, PATH_BYTES, "%s%s/weft.db", folder[0] == '/' ? "" : "./", folder);
    return len >= 0 && len < PATH_BYTES;
}

bool store_sqlite_is_there(const char *folder, char *why, size_t why_bytes)
{
    char path[PATH_BYTES];
    if (!path_of(folder, path)) {
        (void)snprintf(why, why_bytes, "the data folder's path is too long");
        return false;
    }
    if (access(path, F_OK) == 0)
        return true;
    if (errno == ENOENT)
        (void)snprintf(why, why_bytes, "%s is not there; expected a data folder of weft in %s",
                       path, folder);
    else
        (void)snprintf(why, why_bytes, "%s: %m", path);
    return false;
}

int store_sqlite_open(const char *folder, enum store_sync sync, struct store **ret, char *why,
                      size_t why_bytes)
{
    char path[PATH_BYTES];
    if (!path_of(folder, path)) {
        (void)snprintf(why, why_bytes, "the data folder's path is too long");
        return WEFT_ELIMIT;
    }
    struct store_sqlite *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)snprintf(why, why_bytes, "%s: out of memory", path);
        return WEFT_ENOMEM;
    }
    s->store.port = &SQLITE_PORT;
    s->sync = sync;
    tip_init(&s->tip, folder);
    uint64_t key[2] = {0};
    int err = 0;
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
        err = store_fail(&s->store, WEFT_EIO, "the system gives no random numbers");
    name_map_init(&s->names, key);
    s->untidy = true; /* what a crash has left */
    name_map_init(&s->lost, key);
    if (err == 0)
        err = open_path(s, folder, path, sync);
    if (err != 0) {
        (void)snprintf(why, why_bytes, "%s: %s", path, s->store.text);
        sqlite_close(&s->store);
        return err;
    }
    *ret = &s->store;
    return 0;
}
