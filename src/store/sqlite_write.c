/* Commits: one transaction, one sync. */
#include "store/sqlite_impl.h"

#include "base/assert.h"

/* *ret: where the log of this name was, when it was dropped in this commit (`again`); and where it
 * is. It begins behind `base`. */
static int make_log(struct store_sqlite *s, const struct store_write *w, uint64_t base, bool again,
                    size_t *ret)
{
    struct sqlite_query q = sqlite_query_begin(s, STATEMENT_LOG_ADD, "making a log");
    sqlite_query_bytes(&q, 1, w->name, w->name_len);
    sqlite_query_bytes(&q, 2, w->epoch.bytes, sizeof w->epoch.bytes);
    sqlite_query_int(&q, 3, base);
    int err = sqlite_query_run(&q);
    if (err != 0)
        return err;
    const struct sqlite_log log = {
        .id = sqlite3_last_insert_rowid(s->db), .epoch = w->epoch, .head = base, .base = base};
    if (again) {
        s->logs[*ret] = log;
        return 0;
    }
    return sqlite_log_cache(s, w->name, w->name_len, &log, ret);
}

static int put(struct store_sqlite *s, int64_t log, const struct store_write *w)
{
    bool record = w->kind == STORE_RECORD;
    struct sqlite_query q =
        sqlite_query_begin(s, record ? STATEMENT_RECORD_ADD : STATEMENT_SNAPSHOT_ADD,
                           record ? "writing a record" : "writing a snapshot");
    sqlite_query_int(&q, 1, (uint64_t)log);
    sqlite_query_int(&q, 2, w->rev);
    sqlite_query_bytes(&q, 3, w->bytes, w->len);
    return sqlite_query_run(&q);
}

/* Before the new one is put in, which is then written where the old one was. */
static int drop_snapshot(struct store_sqlite *s, int64_t log, uint64_t rev)
{
    struct sqlite_query q = sqlite_query_begin(s, STATEMENT_SNAPSHOT_DROP, "dropping a snapshot");
    sqlite_query_int(&q, 1, (uint64_t)log);
    sqlite_query_int(&q, 2, rev);
    return sqlite_query_run(&q);
}

static int drop(struct store_sqlite *s, struct sqlite_log *log)
{
    static const enum sqlite_statement STATEMENTS[] = {STATEMENT_SNAPSHOTS_DROP,
                                                       STATEMENT_RECORDS_DROP, STATEMENT_LOG_DROP};
    int err = 0;
    for (size_t i = 0; err == 0 && i < sizeof STATEMENTS / sizeof *STATEMENTS; i++) {
        struct sqlite_query q = sqlite_query_begin(s, STATEMENTS[i], "dropping a log");
        sqlite_query_int(&q, 1, (uint64_t)log->id);
        err = sqlite_query_run(&q);
    }
    log->gone = true;
    log->dirty = false;
    return err;
}

static int no_log(struct store_sqlite *s, const struct store_write *w)
{
    if (w->kind == STORE_DROP)
        return store_fail(&s->store, WEFT_EINVAL, "there is no log to drop");
    return store_fail(&s->store, WEFT_EINVAL, "revision %llu is out of turn: there is no log",
                      (unsigned long long)w->rev);
}

static bool in_turn(const struct sqlite_log *log, const struct store_write *w)
{
    if (w->kind == STORE_RECORD)
        return w->rev == log->head + 1;
    return w->rev <= log->head && (w->kind != STORE_SNAPSHOT || w->rev >= log->base);
}

static int write_to(struct store_sqlite *s, struct sqlite_log *log, const struct store_write *w)
{
    if (!uuid_equal(&log->epoch, &w->epoch))
        return store_fail(&s->store, WEFT_EINVAL, "the log has another epoch");
    if (w->kind == STORE_DROP)
        return drop(s, log);
    if (!in_turn(log, w))
        return store_fail(&s->store, WEFT_EINVAL, "revision %llu is out of turn: the log has %llu",
                          (unsigned long long)w->rev, (unsigned long long)log->head);
    if (w->kind == STORE_TRIM)
        return sqlite_trim(s, log, w->rev);
    int err = w->instead > log->base ? drop_snapshot(s, log->id, w->instead) : 0;
    if (err == 0)
        err = put(s, log->id, w);
    if (err == 0 && w->kind == STORE_RECORD) {
        log->head++;
        log->dirty = true;
    }
    return err;
}

static int write_one(struct store_sqlite *s, const struct store_write *w)
{
    size_t i;
    int err = sqlite_log_find(s, w->name, w->name_len, &i);
    bool gone = err == 0 && s->logs[i].gone;
    if (err == 0 && !gone && w->kind == STORE_BEGIN)
        return store_fail(&s->store, WEFT_EINVAL, "there is a log of this name already");
    if (gone)
        err = WEFT_ENOENT;
    if (err == WEFT_ENOENT && w->kind == STORE_RECORD && w->rev == 1)
        err = make_log(s, w, 0, gone, &i);
    else if (err == WEFT_ENOENT && w->kind == STORE_BEGIN)
        err = make_log(s, w, w->rev, gone, &i);
    else if (err == WEFT_ENOENT)
        err = no_log(s, w);
    return err == 0 ? write_to(s, &s->logs[i], w) : err;
}

/* Brings the rows of the logs that were appended to up to date: each once. */
static int write_heads(struct store_sqlite *s, const struct store_write *writes, size_t n)
{
    for (size_t w = 0; w < n; w++) {
        size_t i;
        bool cached = name_map_get(&s->names, writes[w].name, writes[w].name_len, &i);
        WEFT_ASSERT(cached); /* since write_one(), and to the end of the commit */
        struct sqlite_log *log = &s->logs[i];
        if (!log->dirty)
            continue;
        struct sqlite_query q = sqlite_query_begin(s, STATEMENT_LOG_HEAD, "counting a log on");
        sqlite_query_int(&q, 1, (uint64_t)log->id);
        sqlite_query_int(&q, 2, log->head);
        int err = sqlite_query_run(&q);
        if (err != 0)
            return err;
        if (sqlite3_changes(s->db) != 1)
            return store_fail(&s->store, WEFT_ECORRUPT, "a log's row is gone");
        log->dirty = false;
    }
    return 0;
}

/* Ends what is open, if anything is: some failures end the transaction by themselves. The text of
 * what went wrong stays that of the first failure. */
void sqlite_roll_back(struct store_sqlite *s)
{
    if (sqlite3_get_autocommit(s->db) == 0) {
        /* Should even this fail, the next commit tries again before it begins. */
        (void)sqlite3_step(s->statements[STATEMENT_ROLLBACK]);
        (void)sqlite3_reset(s->statements[STATEMENT_ROLLBACK]);
    }
    sqlite_log_forget_all(s);
}

int sqlite_run(struct store_sqlite *s, enum sqlite_statement which, const char *where)
{
    struct sqlite_query q = sqlite_query_begin(s, which, where);
    return sqlite_query_run(&q);
}

/* ---- the journal ------------------------------------------------------------------------------ */

static int note_pages(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct store_sqlite *s = ctx;
    (void)db;
    (void)name;
    s->journal_pages = pages;
    return SQLITE_OK;
}

void sqlite_watch_journal(struct store_sqlite *s)
{
    (void)sqlite3_wal_hook(s->db, note_pages, s);
}

/* Copies the journal into the file, so that it is used again from its start. The commits in it are
 * on disk already: when this fails nothing is lost, and the next commit tries again.
 *
 * SQLite remembers up to where it has copied and does not copy that again. While a reader outside
 * holds up the rest, the part that was copied is not synced. When the sync at the end fails, the
 * system may have thrown away all that was written since the last good one, that part as well, and
 * SQLite would neither write it again nor read it from the journal. From then on nothing is read,
 * written or copied any more: the journal has it all, and whoever opens it next starts at its
 * beginning. */
static void copy_journal(struct store_sqlite *s)
{
    int in_journal = 0;
    int copied = 0;
    int rc =
        sqlite3_wal_checkpoint_v2(s->db, "main", SQLITE_CHECKPOINT_PASSIVE, &in_journal, &copied);
    s->copy_failed = rc == SQLITE_BUSY ? 0 : rc;
    if (rc == SQLITE_OK)
        s->partial = copied < in_journal;
    else if (rc == SQLITE_IOERR_FSYNC && s->partial)
        s->unsure = true;
}

static int journal_full(struct store_sqlite *s)
{
    if (s->copy_failed == 0 || s->journal_pages < SQLITE_JOURNAL_PAGES_MAX)
        return 0;
    copy_journal(s);
    if (s->copy_failed == 0)
        return 0;
    return store_fail(&s->store, WEFT_EIO, "%s (%d): the journal is full and cannot be copied",
                      sqlite3_errstr(s->copy_failed), s->copy_failed);
}

int sqlite_sure(struct store_sqlite *s)
{
    if (!s->unsure)
        return 0;
    return store_fail(&s->store, WEFT_EIO,
                      "a sync failed while somebody else read; the server must be restarted");
}

/* What is written to a file that is in no folder any more is gone when we end. Moved back, it is ours
 * again. */
static int file_there(struct store_sqlite *s)
{
    int moved = 0;
    int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (rc != SQLITE_OK || moved == 0)
        return 0;
    return store_fail(&s->store, WEFT_EIO, "the file is not in its folder any more");
}

int sqlite_may_write(struct store_sqlite *s)
{
    int err = sqlite_sure(s);
    if (err == 0)
        err = journal_full(s);
    return err == 0 ? file_there(s) : err;
}

void sqlite_written(struct store_sqlite *s)
{
    tip_note(&s->tip, (uint32_t)s->journal_pages);
    if (s->journal_pages >= SQLITE_JOURNAL_COPY_PAGES)
        copy_journal(s);
}

/* ---- commits ---------------------------------------------------------------------------------- */

int sqlite_commit(struct store *store, const struct store_write *writes, size_t n)
{
    struct store_sqlite *s = sqlite_of(store);
    int err = sqlite_may_write(s);
    if (err != 0)
        return err;
    if (sqlite3_get_autocommit(s->db) == 0)
        sqlite_roll_back(s);
    if (s->n_logs >= SQLITE_CACHED_LOGS_MAX)
        sqlite_log_forget_all(s); /* never later in a commit: heads are only here until its end */
    err = sqlite_run(s, STATEMENT_BEGIN, "beginning a commit");
    for (size_t i = 0; err == 0 && i < n; i++)
        err = write_one(s, &writes[i]);
    if (err == 0)
        err = write_heads(s, writes, n);
    if (err == 0)
        err = sqlite_run(s, STATEMENT_COMMIT, "commit");
    if (err != 0)
        sqlite_roll_back(s);
    for (size_t i = 0; err == 0 && i < n; i++)
        if (writes[i].kind == STORE_DROP) {
            sqlite_log_forget_all(s); /* what is gone must not be found */
            break;
        }
    if (err == 0)
        sqlite_written(s);
    return err;
}
