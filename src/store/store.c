#include "store/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/limits.h"

void store_log_init(struct store_log *log)
{
    *log = (struct store_log){0};
    buf_init(&log->bytes, weft_heap());
}

void store_log_done(struct store_log *log)
{
    free(log->records);
    buf_done(&log->bytes);
    store_log_init(log);
}

size_t store_log_memory(const struct store_log *log)
{
    return log->bytes.cap + log->cap_records_ * sizeof *log->records;
}

static int grow_records(struct store_log *log)
{
    if (log->n_records < log->cap_records_)
        return 0;
    size_t cap = log->cap_records_ != 0 ? log->cap_records_ * 2 : 16;
    struct store_span *records = realloc(log->records, cap * sizeof *records);
    if (records == NULL)
        return WEFT_ENOMEM;
    log->records = records;
    log->cap_records_ = cap;
    return 0;
}

int store_log_add(struct store_log *log, uint64_t rev, const void *bytes, size_t len)
{
    if (log->n_records != 0 && rev != log->first_rev + log->n_records)
        return WEFT_ECORRUPT;
    int err = grow_records(log);
    if (err != 0)
        return err;
    size_t at = log->bytes.len;
    err = buf_put(&log->bytes, bytes, len);
    if (err != 0)
        return err;
    if (log->n_records == 0)
        log->first_rev = rev;
    log->records[log->n_records++] = (struct store_span){.at = at, .len = len};
    return 0;
}

int store_log_snapshot(struct store_log *log, uint64_t rev, const void *bytes, size_t len)
{
    size_t at = log->bytes.len;
    int err = buf_put(&log->bytes, bytes, len);
    if (err != 0)
        return err;
    log->has_snapshot = true;
    log->snapshot_rev = rev;
    log->snapshot_at = at;
    log->snapshot_len = len;
    return 0;
}

uint64_t store_load_first(uint64_t head, uint64_t base_rev, uint64_t snapshot_rev,
                          uint64_t tail_revs)
{
    WEFT_ASSERT(base_rev <= snapshot_rev && snapshot_rev <= head);
    uint64_t tail_first = tail_revs < head - base_rev ? head - tail_revs + 1 : base_rev + 1;
    return tail_first < snapshot_rev + 1 ? tail_first : snapshot_rev + 1;
}

int store_fail(struct store *s, int err, const char *format, ...)
{
    WEFT_ASSERT(err < 0);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(s->text, sizeof s->text, format, args);
    va_end(args);
    return err;
}

const char *store_error_text(struct store *s)
{
    return s->text;
}

static int check_name(struct store *s, size_t name_len)
{
    if (name_len > STORE_NAME_BYTES_MAX)
        return store_fail(s, WEFT_ELIMIT, "a log's name has %zu bytes, %d are the most", name_len,
                          STORE_NAME_BYTES_MAX);
    return 0;
}

static int check_write(struct store *s, const struct store_write *w)
{
    WEFT_ASSERT(w->kind <= STORE_KIND_LAST);
    int err = check_name(s, w->name_len);
    if (err != 0 || w->kind == STORE_DROP)
        return err;
    if (w->len > STORE_ITEM_BYTES_MAX)
        return store_fail(s, WEFT_ELIMIT, "revision %llu has %zu bytes, %d are the most",
                          (unsigned long long)w->rev, w->len, STORE_ITEM_BYTES_MAX);
    if (w->rev == 0 || w->rev > REV_MAX)
        return store_fail(s, WEFT_EINVAL, "revision %llu is not one that can be written",
                          (unsigned long long)w->rev);
    WEFT_ASSERT(w->instead == 0 || (w->kind == STORE_SNAPSHOT && w->instead < w->rev));
    return 0;
}

int store_commit(struct store *s, const struct store_write *writes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int err = check_write(s, &writes[i]);
        if (err != 0)
            return err;
    }
    return n != 0 ? s->port->commit(s, writes, n) : 0;
}

/* Results are handed over whole or not at all. */
static int hand_over(struct store *s, int err, struct store_log *log, struct store_log *ret)
{
    if (err == 0) {
        *ret = *log;
        return 0;
    }
    store_log_done(log);
    if (err == WEFT_ENOENT)
        return store_fail(s, err, "no such log");
    return err;
}

int store_load(struct store *s, const char *name, size_t name_len, uint64_t tail_revs,
               struct store_log *ret)
{
    int err = check_name(s, name_len);
    if (err != 0)
        return err;
    struct store_log log;
    store_log_init(&log);
    return hand_over(s, s->port->load(s, name, name_len, tail_revs, &log), &log, ret);
}

int store_base(struct store *s, const char *name, size_t name_len, uint64_t rev,
               struct store_log *ret)
{
    int err = check_name(s, name_len);
    if (err != 0)
        return err;
    struct store_log log;
    store_log_init(&log);
    return hand_over(s, s->port->base(s, name, name_len, rev, &log), &log, ret);
}

int store_read(struct store *s, const char *name, size_t name_len, uint64_t from, uint64_t to,
               size_t max_bytes, struct store_log *ret)
{
    int err = check_name(s, name_len);
    if (err != 0)
        return err;
    if (from == 0)
        return store_fail(s, WEFT_EINVAL, "records count from 1");
    struct store_log log;
    store_log_init(&log);
    err = s->port->read(s, name, name_len, from, to, max_bytes, &log);
    return hand_over(s, err, &log, ret);
}

int store_next(struct store *s, const char *after, size_t after_len, struct store_name *ret)
{
    int err = check_name(s, after_len);
    if (err != 0)
        return err;
    struct store_name name = {0};
    err = s->port->next(s, after, after_len, &name);
    if (err == 0)
        *ret = name;
    return err == WEFT_ENOENT ? store_fail(s, err, "no further log") : err;
}

int store_tidy(struct store *s)
{
    return s->port->tidy != NULL ? s->port->tidy(s) : 0;
}

int store_verify(struct store *s)
{
    return s->port->verify(s);
}

void store_free(struct store *s)
{
    if (s != NULL)
        s->port->free(s);
}
