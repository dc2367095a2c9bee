/* Finding a log, and reading from one. Every stretch is checked to be whole: its numbers follow one
 * another and end where logs.head says. */
#include "store/sqlite_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void sqlite_log_forget_all(struct store_sqlite *s)
{
    name_map_clear(&s->names);
    s->n_logs = 0;
}

int sqlite_log_cache(struct store_sqlite *s, const char *name, size_t name_len,
                     const struct sqlite_log *log, size_t *ret)
{
    if (s->n_logs == s->cap_logs) {
        size_t cap = s->cap_logs != 0 ? s->cap_logs * 2 : 64;
        struct sqlite_log *logs = realloc(s->logs, cap * sizeof *logs);
        if (logs == NULL)
            return store_fail(&s->store, WEFT_ENOMEM, "out of memory: finding a log");
        s->logs = logs;
        s->cap_logs = cap;
    }
    int err = name_map_add(&s->names, name, name_len, s->n_logs);
    if (err != 0)
        return store_fail(&s->store, err, "out of memory: finding a log");
    s->logs[s->n_logs] = *log;
    *ret = s->n_logs++;
    return 0;
}

int sqlite_log_find_lost(struct store_sqlite *s)
{
    struct sqlite_query q = sqlite_query_begin(s, STATEMENT_LOG_LOST, "looking for lost logs");
    int row;
    int err = 0;
    while (err == 0 && (row = sqlite_query_row(&q)) == 1) {
        const uint8_t *name = NULL;
        size_t len = 0;
        size_t ignored;
        row = sqlite_column_bytes(&q, 0, &name, &len);
        if (row != 0)
            break;
        if (!name_map_get(&s->lost, (const char *)name, len, &ignored))
            err = name_map_add(&s->lost, (const char *)name, len, 0);
        if (err != 0)
            err = store_fail(&s->store, err, "out of memory: looking for lost logs");
    }
    sqlite_query_end(&q);
    s->list_damaged = err == 0 && row == WEFT_ECORRUPT;
    return err == 0 && row < 0 && !s->list_damaged ? row : err;
}

static int read_log_row(struct sqlite_query *q, const char *name, size_t name_len,
                        struct sqlite_log *ret)
{
    uint64_t id = 0;
    const uint8_t *epoch = NULL;
    const uint8_t *own_name = NULL;
    size_t epoch_len = 0;
    size_t own_len = 0;
    int err = sqlite_column_int(q, 0, &id);
    if (err == 0)
        err = sqlite_column_bytes(q, 1, &epoch, &epoch_len);
    if (err == 0)
        err = sqlite_column_int(q, 2, &ret->head);
    if (err == 0)
        err = sqlite_column_int(q, 3, &ret->base);
    if (err == 0)
        err = sqlite_column_bytes(q, 4, &own_name, &own_len);
    if (err != 0)
        return err;
    if (own_len != name_len || (name_len != 0 && memcmp(own_name, name, name_len) != 0))
        return store_fail(&q->store->store, WEFT_ECORRUPT, "a log's row has another name");
    if (epoch_len != sizeof ret->epoch.bytes || ret->head == 0 || ret->base > ret->head)
        return store_fail(&q->store->store, WEFT_ECORRUPT, "a log's row does not hold together");
    ret->id = (int64_t)id;
    memcpy(ret->epoch.bytes, epoch, sizeof ret->epoch.bytes);
    return 0;
}

int sqlite_log_find(struct store_sqlite *s, const char *name, size_t name_len, size_t *ret)
{
    if (name_map_get(&s->names, name, name_len, ret)) {
        WEFT_ASSERT(*ret < s->n_logs);
        return 0;
    }
    struct sqlite_log log = {0};
    struct sqlite_query q = sqlite_query_begin(s, STATEMENT_LOG_FIND, "finding a log");
    sqlite_query_bytes(&q, 1, name, name_len);
    int row = sqlite_query_row(&q);
    int err = row == 1 ? read_log_row(&q, name, name_len, &log) : row == 0 ? WEFT_ENOENT : row;
    sqlite_query_end(&q);
    size_t ignored;
    if (err == WEFT_ENOENT && s->list_damaged)
        return store_fail(&s->store, WEFT_ECORRUPT, "not found, in a damaged list of logs");
    if (err == WEFT_ENOENT && name_map_get(&s->lost, name, name_len, &ignored))
        return store_fail(&s->store, WEFT_ECORRUPT, "the log has a row, and is not in the index");
    return err == 0 ? sqlite_log_cache(s, name, name_len, &log, ret) : err;
}

/* Outside commits: may empty the cache to make room. */
static int find_for_reading(struct store_sqlite *s, const char *name, size_t name_len,
                            struct sqlite_log *ret_log, struct store_log *ret)
{
    if (s->n_logs >= SQLITE_CACHED_LOGS_MAX)
        sqlite_log_forget_all(s);
    size_t i;
    int err = sqlite_sure(s);
    if (err == 0)
        err = sqlite_log_find(s, name, name_len, &i);
    if (err != 0)
        return err;
    WEFT_ASSERT(!s->logs[i].dirty);
    *ret_log = s->logs[i];
    ret->epoch = ret_log->epoch;
    ret->head = ret_log->head;
    ret->base_rev = ret_log->base;
    return 0;
}

static int out_of_memory(struct store_sqlite *s, int err)
{
    return err == WEFT_ENOMEM ? store_fail(&s->store, err, "out of memory: reading a log") : err;
}

/* The newest snapshot at or below rev, if there is one; in a trimmed log there is. */
static int read_snapshot(struct store_sqlite *s, const struct sqlite_log *log, uint64_t rev,
                         struct store_log *ret)
{
    struct sqlite_query q = sqlite_query_begin(s, STATEMENT_SNAPSHOT, "reading a snapshot");
    sqlite_query_int(&q, 1, (uint64_t)log->id);
    sqlite_query_int(&q, 2, rev);
    int err = sqlite_query_row(&q);
    if (err == 1) {
        uint64_t at = 0;
        const uint8_t *bytes = NULL;
        size_t len = 0;
        err = sqlite_column_int(&q, 0, &at);
        if (err == 0)
            err = sqlite_column_bytes(&q, 1, &bytes, &len);
        if (err == 0)
            err = out_of_memory(s, store_log_snapshot(ret, at, bytes, len));
        if (err == 0 && at > log->head)
            err = store_fail(&s->store, WEFT_ECORRUPT, "snapshot %llu is newer than the log's %llu",
                             (unsigned long long)at, (unsigned long long)log->head);
    }
    sqlite_query_end(&q);
    if (err == 0 && log->base > ret->snapshot_rev)
        err = store_fail(&s->store, WEFT_ECORRUPT,
                         "records up to %llu are gone, and no snapshot stands for them",
                         (unsigned long long)log->base);
    return err;
}

static int gone(struct store_sqlite *s, const struct sqlite_log *log)
{
    return store_fail(&s->store, WEFT_EGONE, "records up to %llu are gone",
                      (unsigned long long)log->base);
}

static int gap(struct store_sqlite *s, uint64_t wanted, uint64_t found)
{
    return store_fail(&s->store, WEFT_ECORRUPT, "record %llu is missing, found %llu instead",
                      (unsigned long long)wanted, (unsigned long long)found);
}

/* Records from..to, all of which must be there, or those that fit. `query_to` may lie above `to`:
 * a record that is found there has no business to exist. */
static int read_records(struct store_sqlite *s, const struct sqlite_log *log, uint64_t from,
                        uint64_t to, uint64_t query_to, size_t max_bytes, struct store_log *ret)
{
    struct sqlite_query q = sqlite_query_begin(s, STATEMENT_RECORDS, "reading records");
    sqlite_query_int(&q, 1, (uint64_t)log->id);
    sqlite_query_int(&q, 2, from);
    sqlite_query_int(&q, 3, query_to);
    uint64_t wanted = from;
    bool full = false;
    size_t bytes = 0;
    int err = 0;
    while (!full && (err = sqlite_query_row(&q)) == 1) {
        uint64_t rev = 0;
        const uint8_t *body = NULL;
        size_t len = 0;
        err = sqlite_column_int(&q, 0, &rev);
        if (err == 0 && (rev != wanted || rev > to))
            err = gap(s, wanted, rev);
        if (err == 0)
            err = sqlite_column_bytes(&q, 1, &body, &len);
        if (err != 0)
            break;
        full = len > max_bytes - bytes;
        if (full && ret->n_records != 0)
            break;
        bytes += full ? 0 : len;
        err = out_of_memory(s, store_log_add(ret, rev, body, len));
        if (err != 0)
            break;
        wanted++;
    }
    sqlite_query_end(&q);
    if (err == 0 && !full && wanted != to + 1)
        err = store_fail(&s->store, WEFT_ECORRUPT, "record %llu is missing",
                         (unsigned long long)wanted);
    return err;
}

int sqlite_load(struct store *store, const char *name, size_t name_len, uint64_t tail_revs,
                struct store_log *ret)
{
    struct store_sqlite *s = sqlite_of(store);
    struct sqlite_log log;
    int err = find_for_reading(s, name, name_len, &log, ret);
    if (err == 0)
        err = read_snapshot(s, &log, INT64_MAX, ret);
    if (err == 0)
        err = read_records(s, &log,
                           store_load_first(log.head, log.base, ret->snapshot_rev, tail_revs),
                           log.head, INT64_MAX, SIZE_MAX, ret);
    return err;
}

int sqlite_base(struct store *store, const char *name, size_t name_len, uint64_t rev,
                struct store_log *ret)
{
    struct store_sqlite *s = sqlite_of(store);
    struct sqlite_log log;
    int err = find_for_reading(s, name, name_len, &log, ret);
    if (err != 0)
        return err;
    if (rev > log.head)
        return store_fail(&s->store, WEFT_EINVAL, "revision %llu is above the log's %llu",
                          (unsigned long long)rev, (unsigned long long)log.head);
    if (rev < log.base)
        return gone(s, &log);
    err = read_snapshot(s, &log, rev, ret);
    if (err == 0)
        err = read_records(s, &log, ret->snapshot_rev + 1, rev, rev, SIZE_MAX, ret);
    return err;
}

int sqlite_read(struct store *store, const char *name, size_t name_len, uint64_t from, uint64_t to,
                size_t max_bytes, struct store_log *ret)
{
    struct store_sqlite *s = sqlite_of(store);
    struct sqlite_log log;
    int err = find_for_reading(s, name, name_len, &log, ret);
    if (err != 0)
        return err;
    if (from <= log.base)
        return gone(s, &log);
    uint64_t last = to < log.head ? to : log.head;
    return from <= last ? read_records(s, &log, from, last, last, max_bytes, ret) : 0;
}

static bool is_behind(const void *name, size_t len, const void *after, size_t after_len)
{
    size_t both = len < after_len ? len : after_len;
    int order = both != 0 ? memcmp(name, after, both) : 0;
    return order > 0 || (order == 0 && len > after_len);
}

int sqlite_next(struct store *store, const char *after, size_t after_len, struct store_name *ret)
{
    struct store_sqlite *s = sqlite_of(store);
    struct sqlite_query q = sqlite_query_begin(
        s, after != NULL ? STATEMENT_LOG_NEXT : STATEMENT_LOG_FIRST, "walking the logs");
    if (after != NULL)
        sqlite_query_bytes(&q, 1, after, after_len);
    int row = sqlite_query_row(&q);
    int err = row == 1 ? 0 : row == 0 ? WEFT_ENOENT : row;
    const uint8_t *name = NULL;
    if (err == 0)
        err = sqlite_column_bytes(&q, 0, &name, &ret->len);
    if (err == 0 && ret->len > sizeof ret->bytes)
        err = store_fail(store, WEFT_ECORRUPT, "a log's name has %zu bytes, %d are the most",
                         ret->len, STORE_NAME_BYTES_MAX);
    /* In an index that is out of order a walk could go round for ever. */
    if (err == 0 && after != NULL && !is_behind(name, ret->len, after, after_len))
        err = store_fail(store, WEFT_ECORRUPT, "the names of logs are out of order");
    if (err == 0 && ret->len != 0)
        memcpy(ret->bytes, name, ret->len);
    sqlite_query_end(&q);
    return err;
}
