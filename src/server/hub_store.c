/* The disk's side: batches out, results in.
 *
 * Group commit: at most one batch is under way, the next one gathers meanwhile. There are two, and
 * they take turns: `spare` is NULL while one is with the disk. */
#include "server/hub_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

bool store_committing(const struct hub *h)
{
    return h->spare == NULL;
}

void store_wake(void *ctx)
{
    struct hub *h = ctx;
    uv_async_send(&h->wake);
}

static void log_health(const struct health *health, const char *what, int err, const char *text,
                       size_t n_records, uint32_t left_out)
{
    char quoted[LOG_QUOTED_BYTES];
    if (err != 0)
        log_line(LOG_ERROR, "disk failed", "what=%s why=%s lost_records=%zu not_logged=%u", what,
                 log_quote(text, quoted), n_records, left_out);
    else
        log_line(LOG_INFO, "disk works again", "what=%s failed=%s not_logged=%u", what,
                 log_quote(health->why, quoted), left_out);
}

static void lock(struct hub_all *all)
{
    int rc = pthread_mutex_lock(&all->mutex);
    WEFT_ASSERT(rc == 0);
}

static void unlock(struct hub_all *all)
{
    int rc = pthread_mutex_unlock(&all->mutex);
    WEFT_ASSERT(rc == 0);
}

/* One line when it begins to fail and one when it works again, however many operations that hits;
 * and not many of those when small commits succeed between large ones on a disk nearly full. */
static void note_health(struct hub *h, struct health *health, bool commit, int err,
                        const char *text, size_t n_records)
{
    uint32_t left_out = 0;
    if (*text == '\0')
        text = weft_error_text(err);
    if (health->failing != (err != 0) &&
        log_allowed(&health->changes, hub_now(h), HUB_LOG_BURST, &left_out))
        log_health(health, commit ? "commit" : "load", err, text, n_records, left_out);
    __atomic_store_n(&health->failing, err != 0, __ATOMIC_RELAXED);
    if (err != 0) {
        health->failed_ms = hub_now(h);
        snprintf(health->why, sizeof health->why, "%s", text);
    }
}

void store_health(struct hub *h, bool commit, int err, const char *text, size_t n_records)
{
    struct health *health = commit ? &h->all->commits : &h->all->loads;
    if (err == 0 && !__atomic_load_n(&health->failing, __ATOMIC_RELAXED))
        return; /* as ever */
    lock(h->all);
    note_health(h, health, commit, err, text, n_records);
    unlock(h->all);
}

bool store_is_sick(struct hub *h, char ret_why[STORE_TEXT_BYTES])
{
    lock(h->all);
    const struct health *sick = h->all->commits.failing ? &h->all->commits : &h->all->loads;
    bool is_sick = sick->failing && hub_now(h) - sick->failed_ms < HUB_UNREADY_MS;
    memcpy(ret_why, sick->why, STORE_TEXT_BYTES);
    unlock(h->all);
    return is_sick;
}

void hub_refused(struct hub *h, const char *why)
{
    uint32_t left_out = 0;
    lock(h->all);
    bool is_told = log_allowed(&h->all->refusals, hub_now(h), HUB_LOG_BURST, &left_out) != 0;
    unlock(h->all);
    if (is_told)
        log_line(LOG_WARN, "connection refused", "why=\"%s\" not_logged=%u", why, left_out);
}

/* --- commits --- */

/* The entries that have writes in a batch, each once, with what is in it. */
static void collect(struct hub *h, struct store_batch *batch, struct link *into)
{
    list_init(into);
    for (size_t i = 0; i < store_batch_count(batch); i++) {
        struct entry *e = numbers_get(&h->numbers, store_batch_owner(batch, i));
        if (e == NULL) /* dropped since */
            continue;
        if (!link_is_in(&e->result)) {
            list_append(into, &e->result);
            e->result_rev = 0;
            e->result_stored = (struct room_stored){0};
        }
        uint64_t rev = store_batch_rev(batch, i);
        switch (store_batch_kind(batch, i)) {
        case STORE_RECORD:
            e->result_rev = rev;
            break;
        case STORE_SNAPSHOT:
            e->result_stored.snapshot_rev = rev;
            break;
        case STORE_TRIM:
            e->result_stored.trim_rev = rev;
            break;
        case STORE_BEGIN:
        case STORE_DROP:
            break;
        }
    }
}

static void tell_result(struct hub *h, struct entry *e)
{
    struct room_event event = {.kind = ROOM_STORED, .stored = e->result_stored};
    bool stored = e->result_stored.snapshot_rev != 0 || e->result_stored.trim_rev != 0;
    if (stored && !e->doomed && hub_step(h, e, &event) != 0)
        e->doomed = true;
    event = (struct room_event){.kind = ROOM_DURABLE, .durable_rev = e->result_rev};
    if (e->result_rev != 0 && !e->doomed && hub_step(h, e, &event) != 0)
        e->doomed = true; /* it is on disk, but who waits for it cannot be told */
}

static void commit_result(struct hub *h, const struct store_result *result)
{
    struct link entries;
    struct store_batch *batch = result->batch;
    size_t n = store_batch_count(batch);
    int err = result->err;
    collect(h, batch, &entries);
    metrics_commit(h, result);
    store_batch_clear(batch);
    h->spare = batch;
    store_health(h, true, err, result->text, n);
    while (!list_is_empty(&entries)) {
        struct entry *e = LINK_OF(entries.next, struct entry, result);
        link_out(&e->result);
        if (err != 0) {
            entry_fail(h, e);
            continue;
        }
        tell_result(h, e);
    }
}

void store_submit(struct hub *h)
{
    if (store_committing(h) || store_batch_count(h->gathering) == 0)
        return;
    struct store_batch *batch = h->gathering;
    int err = store_worker_commit(h->worker, batch, 0);
    if (err == 0) {
        h->gathering = h->spare;
        h->spare = NULL;
        return;
    }
    struct store_result result = {.kind = STORE_JOB_COMMIT, .err = err, .batch = batch};
    snprintf(result.text, sizeof result.text, "the disk's thread takes no batch");
    h->gathering = h->spare;
    commit_result(h, &result);
}

/* --- reads --- */

static void fetch_free(struct hub *h, struct fetch *f)
{
    link_out(&f->link);
    numbers_drop(&h->numbers, f->id);
    free(f);
}

void store_fetches_done(struct hub *h)
{
    LINK_EACH(&h->fetches, at)
    fetch_free(h, LINK_OF(at, struct fetch, link));
    LINK_EACH(&h->fetches_failed, at)
    fetch_free(h, LINK_OF(at, struct fetch, link));
}

void store_fetch(struct hub *h, struct entry *e, const struct room_fetch *want)
{
    struct fetch *f = calloc(1, sizeof *f);
    if (f == NULL || numbers_put(&h->numbers, f, &f->id) != 0) {
        /* Not even the failure can be told. Whoever asked waits in the room, so the room goes. */
        free(f);
        e->doomed = true;
        return;
    }
    f->entry_id = e->id;
    f->ticket = want->ticket;
    f->err = want->base ? store_worker_base(h->worker, e->name, e->name_len, want->rev, f->id)
                        : store_worker_read(h->worker, e->name, e->name_len, want->from, want->to,
                                            want->max_bytes, f->id);
    list_append(f->err == 0 ? &h->fetches : &h->fetches_failed, &f->link);
}

static const uint8_t *record_at(const void *ctx, size_t i, size_t *ret_len)
{
    const struct store_log *log = ctx;
    *ret_len = log->records[i].len;
    return log->bytes.data + log->records[i].at;
}

static void fetched(struct hub *h, struct fetch *f, int err, const struct store_log *log)
{
    struct entry *e = numbers_get(&h->numbers, f->entry_id);
    struct room_event event = {.kind = ROOM_FETCHED};
    event.fetched.ticket = f->ticket;
    event.fetched.err = err;
    if (err == 0) {
        event.fetched.has_snapshot = log->has_snapshot;
        event.fetched.snapshot_rev = log->snapshot_rev;
        event.fetched.snapshot = log->has_snapshot ? log->bytes.data + log->snapshot_at : NULL;
        event.fetched.snapshot_len = log->snapshot_len;
        event.fetched.first_rev = log->first_rev;
        event.fetched.n_records = log->n_records;
        event.fetched.record = record_at;
        event.fetched.record_ctx = log;
    }
    fetch_free(h, f);
    if (e == NULL || e->doomed || hub_step(h, e, &event) == 0)
        return;
    event.fetched = (struct room_fetched){.ticket = event.fetched.ticket, .err = WEFT_ENOMEM};
    if (hub_step(h, e, &event) != 0)
        e->doomed = true;
}

void store_fetches_failed(struct hub *h)
{
    while (!list_is_empty(&h->fetches_failed)) {
        struct fetch *f = LINK_OF(h->fetches_failed.next, struct fetch, link);
        fetched(h, f, f->err, NULL);
    }
}

/* --- results --- */

static void load_result(struct hub *h, struct store_result *result)
{
    struct entry *e = numbers_get(&h->numbers, result->tag);
    bool disk_failed = result->err == WEFT_EIO || result->err == WEFT_ENOMEM;
    store_health(h, false, disk_failed ? result->err : 0, disk_failed ? result->text : "", 0);
    if (e != NULL)
        entry_loaded(h, e, result);
}

void store_results(struct hub *h)
{
    struct store_result result;
    while (store_worker_take(h->worker, &result)) {
        struct fetch *f = NULL;
        switch (result.kind) {
        case STORE_JOB_COMMIT:
            commit_result(h, &result);
            break;
        case STORE_JOB_LOAD:
            load_result(h, &result);
            break;
        case STORE_JOB_NEXT:
            rounds_next(h, &result);
            break;
        case STORE_JOB_BASE:
        case STORE_JOB_READ:
            f = numbers_get(&h->numbers, result.tag);
            if (f != NULL)
                fetched(h, f, result.err, &result.log);
            break;
        }
        if (result.kind != STORE_JOB_COMMIT && result.err == 0)
            store_log_done(&result.log);
    }
}
