/* store/sqlite_impl.h - what the files of the SQLite store share; nobody else includes it.
 *
 * sqlite.c        opening, the schema, closing, errors, queries
 * sqlite_write.c  commits
 * sqlite_trim.c   trimming, and taking out of the file what was trimmed
 * sqlite_read.c   load, base, read, and finding a log
 *
 * Numbers of a log (id, epoch, head) are kept in a small cache, so that appending to a log that was
 * used lately needs no look-up, and its row is updated once for each commit and not once for each
 * record. The folder is ours alone, so the cache can only be wrong after a roll-back: it is emptied
 * then. Invariant outside commits: every cached head equals logs.head in the file. */
#ifndef STORE_SQLITE_IMPL_H
#define STORE_SQLITE_IMPL_H

#include <sqlite3.h>

#include "store/name_map.h"
#include "store/sqlite.h"
#include "store/tip.h"

/* Logs kept in the cache, names of 255 bytes and all: 6 MiB at most. When full it starts anew. */
enum { SQLITE_CACHED_LOGS_MAX = 16384 };

/* Pages of 4 KiB. The journal is copied into the file at 16 MiB: SQLite's default of 4 MiB writes
 * pages that are changed often four times as often, more would make the pause longer. We do it
 * ourselves because SQLite does not tell when that fails. At 128 MiB, which it only reaches where
 * copying fails, nothing more is written. */
enum { SQLITE_JOURNAL_COPY_PAGES = 4000, SQLITE_JOURNAL_PAGES_MAX = 32000 };

/* X(name, SQL) */
#define SQLITE_STATEMENTS(X)                                                                       \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    /* The row's own name comes along: found by a damaged index, it may be another one's. */       \
    X(LOG_FIND, "SELECT i.id, l.epoch, l.head, l.base, l.name FROM "                               \
                "(SELECT id FROM logs WHERE name = ?1 LIMIT 1) i "                                 \
                "LEFT JOIN logs l ON l.id = i.id")                                                 \
    X(LOG_LOST, "SELECT t.name FROM logs t NOT INDEXED WHERE NOT EXISTS (SELECT 1 FROM logs i "    \
                "INDEXED BY sqlite_autoindex_logs_1 WHERE i.name = t.name AND i.id = t.id)")       \
    X(LOG_FIRST, "SELECT name FROM logs ORDER BY name LIMIT 1")                                    \
    X(LOG_NEXT, "SELECT name FROM logs WHERE name > ?1 ORDER BY name LIMIT 1")                     \
    X(LOG_ADD, "INSERT INTO logs (name, epoch, head, base, swept) VALUES (?1, ?2, ?3, ?3, ?3)")    \
    X(LOG_HEAD, "UPDATE logs SET head = ?2 WHERE id = ?1")                                         \
    X(LOG_BASE, "UPDATE logs SET base = ?2 WHERE id = ?1")                                         \
    X(UNTIDY, "SELECT id, base, swept FROM logs WHERE swept < base LIMIT 1")                       \
    X(LOG_SWEPT, "UPDATE logs SET swept = ?2 WHERE id = ?1")                                       \
    X(RECORDS_SWEEP, "DELETE FROM records WHERE log = ?1 AND rev <= ?2")                           \
    X(SNAPSHOTS_SWEEP, "DELETE FROM snapshots WHERE log = ?1 AND rev <= ?2 AND rev < ?3")          \
    X(SNAPSHOT_REV,                                                                                \
      "SELECT rev FROM snapshots WHERE log = ?1 AND rev <= ?2 ORDER BY rev DESC LIMIT 1")          \
    X(LOG_DROP, "DELETE FROM logs WHERE id = ?1")                                                  \
    X(RECORDS_DROP, "DELETE FROM records WHERE log = ?1")                                          \
    X(SNAPSHOTS_DROP, "DELETE FROM snapshots WHERE log = ?1")                                      \
    X(RECORD_ADD, "INSERT INTO records (log, rev, body) VALUES (?1, ?2, ?3)")                      \
    X(RECORDS, "SELECT rev, body FROM records WHERE log = ?1 AND rev BETWEEN ?2 AND ?3 "           \
               "ORDER BY rev")                                                                     \
    X(SNAPSHOT_ADD, "INSERT INTO snapshots (log, rev, body) VALUES (?1, ?2, ?3) "                  \
                    "ON CONFLICT (log, rev) DO UPDATE SET body = excluded.body")                   \
    X(SNAPSHOT_DROP, "DELETE FROM snapshots WHERE log = ?1 AND rev = ?2")                          \
    X(SNAPSHOT, "SELECT rev, body FROM snapshots WHERE log = ?1 AND rev <= ?2 "                    \
                "ORDER BY rev DESC LIMIT 1")

#define SQLITE_STATEMENT_ENUM(name, sql) STATEMENT_##name,
enum sqlite_statement { SQLITE_STATEMENTS(SQLITE_STATEMENT_ENUM) STATEMENT_COUNT };
#undef SQLITE_STATEMENT_ENUM

struct sqlite_log {
    int64_t id;
    struct uuid epoch;
    uint64_t head;
    uint64_t base;
    /* Only inside a commit: */
    bool dirty; /* head is newer than the row */
    bool gone;  /* dropped; there is no row */
};

struct store_sqlite {
    struct store store;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct name_map names; /* -> index in logs */
    /* Names that have a row and are not found by it, since the index is damaged. A name that is
     * neither found nor here has no log. */
    struct name_map lost;
    bool list_damaged; /* more may be lost than can be told: no name is known to have no log */
    struct sqlite_log *logs;
    size_t n_logs;
    size_t cap_logs;

    /* The journal. See sqlite_write.c. */
    int journal_pages; /* in it, after the last commit */
    bool partial;      /* a part of it was copied, and not synced, since it was last copied whole */
    bool unsure;       /* that part may be lost: see sqlite_sure() */
    int copy_failed;   /* SQLite's code of the last try to copy it; 0: it went well */

    bool untidy; /* something that was trimmed may still be in the file */

    enum store_sync sync;
    struct tip tip;
};

static inline struct store_sqlite *sqlite_of(struct store *s)
{
    return (struct store_sqlite *)(void *)s; /* embedded first */
}

/* Leaves SQLite's last failure as text, "what (code): where", and returns the WEFT_E* for it. */
int sqlite_fail(struct store_sqlite *s, int rc, const char *where);

/* One use of a prepared statement: begin, bind, row by row or run, end. The first failure sticks
 * and is what later calls return; it has been put into words already. */
struct sqlite_query {
    struct store_sqlite *store;
    sqlite3_stmt *statement;
    const char *where;
    int err;
};

struct sqlite_query sqlite_query_begin(struct store_sqlite *s, enum sqlite_statement which,
                                       const char *where);
void sqlite_query_int(struct sqlite_query *q, int at, uint64_t value);
void sqlite_query_bytes(struct sqlite_query *q, int at, const void *bytes, size_t len); /* borrowed
                                                                            * until the end */
/* 1: a row is there; 0: no more; negative: error. */
int sqlite_query_row(struct sqlite_query *q);

/* Columns of the row. WEFT_ECORRUPT for a value of another kind or a negative number. Bytes are
 * valid until the next row. */
WEFT_CHECKED int sqlite_column_int(struct sqlite_query *q, int at, uint64_t *ret);
WEFT_CHECKED int sqlite_column_bytes(struct sqlite_query *q, int at, const uint8_t **ret,
                                     size_t *ret_len);

void sqlite_query_end(struct sqlite_query *q);

/* For a statement without rows: runs and ends it. */
WEFT_CHECKED int sqlite_query_run(struct sqlite_query *q);

/* Fills s->lost. Where the rows cannot be walked to the end s->list_damaged is set, which is no error: logs
 * that are found are read. */
WEFT_CHECKED int sqlite_log_find_lost(struct store_sqlite *s);

/* Takes all of the log's numbers from the cache or the file. *ret is an index in s->logs.
 * WEFT_ENOENT when there is no such log. */
WEFT_CHECKED int sqlite_log_find(struct store_sqlite *s, const char *name, size_t name_len,
                                 size_t *ret);
WEFT_CHECKED int sqlite_log_cache(struct store_sqlite *s, const char *name, size_t name_len,
                                  const struct sqlite_log *log, size_t *ret);
void sqlite_log_forget_all(struct store_sqlite *s);

void sqlite_watch_journal(struct store_sqlite *s); /* once, after opening, before the first write */
int sqlite_sure(struct store_sqlite *s); /* WEFT_EIO when the file may not be what was written */

/* Before a commit: whether it would be safe. After one: how long the journal is gets noted, and it is
 * copied when it is long. */
WEFT_CHECKED int sqlite_may_write(struct store_sqlite *s);
void sqlite_written(struct store_sqlite *s);

/* The newest snapshot at or below rev becomes the base. In a commit. */
WEFT_CHECKED int sqlite_trim(struct store_sqlite *s, struct sqlite_log *log, uint64_t rev);
WEFT_CHECKED int sqlite_run(struct store_sqlite *s, enum sqlite_statement which, const char *where);
void sqlite_roll_back(struct store_sqlite *s);

int sqlite_commit(struct store *store, const struct store_write *writes, size_t n);
int sqlite_load(struct store *store, const char *name, size_t name_len, uint64_t tail_revs,
                struct store_log *ret);
int sqlite_base(struct store *store, const char *name, size_t name_len, uint64_t rev,
                struct store_log *ret);
int sqlite_read(struct store *store, const char *name, size_t name_len, uint64_t from, uint64_t to,
                size_t max_bytes, struct store_log *ret);
int sqlite_tidy(struct store *store);
int sqlite_next(struct store *store, const char *after, size_t after_len, struct store_name *ret);

#endif
