/* Trimming. A log's base moves at once; what lies below it is never read any more, and is taken out of
 * the file a little at a time (store/worker.c): a log of a million records is no pause, and damage in it
 * fails nobody's commit. `swept` says how far that has got, so that it goes on after a crash.
 *
 *     swept <= base <= head,   no record up to swept is there, no snapshot below base up to swept
 *
 * What is deleted is overwritten with zeros (secure_delete): nobody who reads the file finds it. */
#include "store/sqlite_impl.h"

/* A step deletes so many records, and the snapshots between them: a few milliseconds. */
enum { SWEEP_RECORDS = 4000 };

int sqlite_trim(struct store_sqlite *s, struct sqlite_log *log, uint64_t rev)
{
    uint64_t base = 0;
    struct sqlite_query q = sqlite_query_begin(s, STATEMENT_SNAPSHOT_REV, "trimming a log");
    sqlite_query_int(&q, 1, (uint64_t)log->id);
    sqlite_query_int(&q, 2, rev);
    int err = sqlite_query_row(&q);
    if (err == 1)
        err = sqlite_column_int(&q, 0, &base);
    sqlite_query_end(&q);
    if (err != 0 || base <= log->base)
        return err;
    q = sqlite_query_begin(s, STATEMENT_LOG_BASE, "trimming a log");
    sqlite_query_int(&q, 1, (uint64_t)log->id);
    sqlite_query_int(&q, 2, base);
    err = sqlite_query_run(&q);
    if (err == 0) {
        log->base = base;
        s->untidy = true;
    }
    return err;
}

static int sweep_to(struct store_sqlite *s, uint64_t id, uint64_t base, uint64_t to)
{
    static const enum sqlite_statement STATEMENTS[] = {
        STATEMENT_RECORDS_SWEEP, STATEMENT_SNAPSHOTS_SWEEP, STATEMENT_LOG_SWEPT};
    int err = 0;
    for (size_t i = 0; err == 0 && i < sizeof STATEMENTS / sizeof *STATEMENTS; i++) {
        struct sqlite_query q = sqlite_query_begin(s, STATEMENTS[i], "taking out what was trimmed");
        sqlite_query_int(&q, 1, id);
        sqlite_query_int(&q, 2, to);
        if (STATEMENTS[i] == STATEMENT_SNAPSHOTS_SWEEP)
            sqlite_query_int(&q, 3, base);
        err = sqlite_query_run(&q);
    }
    return err;
}

static int sweep(struct store_sqlite *s)
{
    uint64_t id = 0;
    uint64_t base = 0;
    uint64_t swept = 0;
    struct sqlite_query q = sqlite_query_begin(s, STATEMENT_UNTIDY, "looking for what was trimmed");
    int row = sqlite_query_row(&q);
    int err = row == 1 ? sqlite_column_int(&q, 0, &id) : row;
    if (err == 0 && row == 1)
        err = sqlite_column_int(&q, 1, &base);
    if (err == 0 && row == 1)
        err = sqlite_column_int(&q, 2, &swept);
    sqlite_query_end(&q);
    if (err != 0)
        return err;
    if (row == 0) {
        s->untidy = false;
        return 0;
    }
    return sweep_to(s, id, base, base - swept > SWEEP_RECORDS ? swept + SWEEP_RECORDS : base);
}

int sqlite_tidy(struct store *store)
{
    struct store_sqlite *s = sqlite_of(store);
    if (!s->untidy)
        return 0;
    int err = sqlite_may_write(s);
    if (err == 0)
        err = sqlite_run(s, STATEMENT_BEGIN, "beginning to tidy");
    if (err == 0)
        err = sweep(s);
    if (err == 0)
        err = sqlite_run(s, STATEMENT_COMMIT, "tidying");
    if (err != 0) {
        sqlite_roll_back(s);
        s->untidy = true;
    } else {
        sqlite_written(s);
    }
    return err == 0 ? s->untidy : err;
}
