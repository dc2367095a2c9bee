/* Rooms in memory: found by name, opened from the log, dropped, evicted.
 *
 *     LOADING      the disk was asked; joins and requests wait
 *     OPEN         struct room is there
 *     QUARANTINED  its log does not check: everybody is refused until it is evicted and asked for
 *                  again, or the server restarted; the log is never written
 *
 * The table is chained, keyed by a secret so that nobody can choose names that collide. Every entry
 * is in one of two lists: `busy` gets a tick each second, `idle` (nobody there, nothing pending) is
 * in the order of eviction. So a turn never walks all rooms, and eviction looks at the oldest. */
#include "server/hub_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "room/budget.h"
#include "server/chance.h"

enum { WHY_BYTES = 200 };

/* Whether an entry in state `from` may move to state `to`. */
static const bool moves[ENTRY_GONE + 1][ENTRY_GONE + 1] = {
    [ENTRY_LOADING] = {[ENTRY_OPEN] = true, [ENTRY_QUARANTINED] = true, [ENTRY_GONE] = true},
    [ENTRY_OPEN] = {[ENTRY_GONE] = true},
    [ENTRY_QUARANTINED] = {[ENTRY_GONE] = true},
};

static void move_to(struct entry *e, enum entry_state state)
{
    WEFT_ASSERT(moves[e->state][state]);
    e->state = state;
}

/* --- the table --- */

int entries_init(struct hub *h)
{
    h->n_buckets = 64;
    while (h->n_buckets < h->settings.limit_rooms / h->all->n)
        h->n_buckets *= 2;
    h->buckets = calloc(h->n_buckets, sizeof(struct entry *));
    return h->buckets != NULL ? 0 : WEFT_ENOMEM;
}

static struct entry **bucket_of(struct hub *h, const char *name, size_t len)
{
    return &h->buckets[siphash(&h->table_key, name, len) & (h->n_buckets - 1)];
}

static struct entry *find(struct hub *h, const char *name, size_t len)
{
    struct entry *e = *bucket_of(h, name, len);
    while (e != NULL && (e->name_len != len || memcmp(e->name, name, len) != 0))
        e = e->chain;
    return e;
}

static void leave_queue(struct hub *h, struct entry *e)
{
    if (e->is_idle)
        tally_add(&h->n_idle, (size_t)-1);
    e->is_idle = false;
    link_out(&e->queue);
}

/* Nobody may be in it any more. */
static void entry_free(struct hub *h, struct entry *e)
{
    WEFT_ASSERT(list_is_empty(&e->conns) && list_is_empty(&e->requests));
    struct entry **at = bucket_of(h, e->name, e->name_len);
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    tally_add(&h->n_entries, (size_t)-1);
    (void)__atomic_sub_fetch(&h->all->n_entries, 1, __ATOMIC_RELAXED);
    move_to(e, ENTRY_GONE);
    numbers_drop(&h->numbers, e->id);
    leave_queue(h, e);
    link_out(&e->touched);
    link_out(&e->late);
    link_out(&e->result);
    room_free(e->room);
    outlog_done(&e->outlog);
    free(e->read_key);
    WEFT_ASSERT(e->memory.bytes == 0);
    free(e);
}

void entries_done(struct hub *h)
{
    for (size_t i = 0; h->buckets != NULL && i < h->n_buckets; i++)
        while (h->buckets[i] != NULL)
            entry_free(h, h->buckets[i]);
    free(h->buckets);
    h->buckets = NULL;
}

static struct entry *entry_new(struct hub *h, const char *name, size_t len)
{
    struct entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    if (numbers_put(&h->numbers, e, &e->id) != 0) {
        free(e);
        return NULL;
    }
    e->state = ENTRY_LOADING;
    e->name_len = len;
    memcpy(e->name, name, len);
    snprintf(e->hash, sizeof e->hash, "%016llx",
             (unsigned long long)siphash(&h->log_key, name, len));
    list_init(&e->conns);
    list_init(&e->requests);
    counted_init(&e->memory, weft_heap(), &h->rooms_bytes);
    outlog_init(&e->outlog, &e->memory.alloc, OUTLOG_BYTES_MAX);
    list_append(&h->busy, &e->queue);
    struct entry **bucket = bucket_of(h, name, len);
    e->chain = *bucket;
    *bucket = e;
    tally_add(&h->n_entries, 1);
    (void)__atomic_add_fetch(&h->all->n_entries, 1, __ATOMIC_RELAXED);
    return e;
}

static bool is_idle(const struct entry *e)
{
    return list_is_empty(&e->conns) && list_is_empty(&e->requests) && !e->doomed && !e->failing &&
           (e->state == ENTRY_QUARANTINED ||
            (e->state == ENTRY_OPEN && room_info(e->room).is_idle));
}

static void evict(struct hub *h, struct entry *e)
{
    char hash[ROOM_HASH_CHARS + 1];
    size_t bytes = e->memory.bytes;
    WEFT_ASSERT(is_idle(e));
    memcpy(hash, e->hash, sizeof hash);
    entry_free(h, e); /* other hubs are not to count on it once it was said */
    log_line(LOG_DEBUG, "room evicted", "room=%s bytes=%zu", hash, bytes);
}

static bool evict_oldest(struct hub *h)
{
    if (list_is_empty(&h->idle))
        return false;
    evict(h, LINK_OF(h->idle.next, struct entry, queue));
    return true;
}

void entries_give(struct hub *h)
{
    for (size_t owed = place_owed(h); owed > 0 && evict_oldest(h); owed--)
        ;
}

/* What the rooms of all hubs take. */
static size_t bytes_of_all(const struct hub *h)
{
    return tally_know(&h->rooms_all, h->rooms_bytes);
}

/* For one more room. False: all that are there are in use. */
static bool make_place(struct hub *h)
{
    while (tally_read(&h->all->n_entries) >= h->settings.limit_rooms ||
           bytes_of_all(h) > h->settings.limit_memory)
        if (!evict_oldest(h))
            return place_elsewhere(h);
    return true;
}

int entry_get(struct hub *h, const char *name, size_t len, struct entry **ret)
{
    WEFT_ASSERT(len > 0 && len <= ROOM_NAME_BYTES_MAX);
    struct entry *e = find(h, name, len);
    if (e != NULL && !e->doomed) {
        e->visited = false;
        *ret = e;
        return 0;
    }
    if (e != NULL) /* dropped at this turn's end */
        return WEFT_ELIMIT;
    if (!make_place(h))
        return WEFT_ELIMIT;
    e = entry_new(h, name, len);
    if (e == NULL)
        return WEFT_ENOMEM;
    int err = store_worker_load(h->worker, name, len, HISTORY_LOAD_REVS, e->id);
    if (err != 0) {
        entry_free(h, e);
        return err;
    }
    *ret = e;
    return 0;
}

bool entry_visit(struct hub *h, const char *name, size_t len)
{
    struct entry *e = find(h, name, len);
    if (e != NULL) /* it has its ticks */
        return true;
    if (tally_read(&h->all->n_entries) >= h->settings.limit_rooms ||
        bytes_of_all(h) > h->settings.limit_memory || entry_get(h, name, len, &e) != 0)
        return false;
    e->visited = true;
    return true;
}

/* --- opening --- */

static void refuse_all(struct hub *h, struct entry *e, const char *words, uint32_t retry_ms,
                       uint16_t code)
{
    LINK_EACH(&e->conns, at)
    {
        struct conn *c = LINK_OF(at, struct conn, of_entry);
        conn_leave_entry(h, c);
        if (c->state != CONN_UPGRADING) /* else when its WebSocket is there */
            conn_refuse(h, c, WEFT_EIO, words, retry_ms, code);
    }
    LINK_EACH(&e->requests, at)
    request_fail(h, LINK_OF(at, struct request, of_entry), 503, "unavailable", words);
}

static void quarantine(struct hub *h, struct entry *e, const char *why)
{
    char quoted[LOG_QUOTED_BYTES];
    log_line(LOG_ERROR, "room quarantined", "room=%s why=%s", e->hash, log_quote(why, quoted));
    move_to(e, ENTRY_QUARANTINED);
    refuse_all(h, e, "the room's log does not check; the operator has to look at it", 0, 1011);
}

static int fill(struct room *room, const struct store_log *log, char *why)
{
    if (log->has_snapshot) {
        int err = room_load_snapshot(room, log->snapshot_rev, log->bytes.data + log->snapshot_at,
                                     log->snapshot_len, why, WHY_BYTES);
        if (err != 0)
            return err;
    }
    for (size_t i = 0; i < log->n_records; i++) {
        const struct store_span *span = &log->records[i];
        int err = room_load_record(room, log->first_rev + i, log->bytes.data + span->at, span->len,
                                   why, WHY_BYTES);
        if (err != 0)
            return err;
    }
    room_load_base(room, log->base_rev);
    return room_load_end(room, log->head, why, WHY_BYTES);
}

/* The room that a log holds; no log is an empty room of a new epoch. */
static int open_room(struct hub *h, struct entry *e, const struct store_result *result, char *why)
{
    struct uuid epoch = result->log.epoch;
    if (result->err != 0)
        chance_uuid(epoch.bytes);
    struct room *room = NULL;
    int err = room_new(&e->memory.alloc, &h->room_config, &epoch, &room);
    if (err == 0 && result->err == 0)
        err = fill(room, &result->log, why);
    if (err != 0) {
        room_free(room);
        return err;
    }
    e->room = room;
    e->epoch = epoch;
    return 0;
}

static void let_in(struct hub *h, struct entry *e)
{
    LINK_EACH(&e->requests, at)
    request_run(h, LINK_OF(at, struct request, of_entry));
    LINK_EACH(&e->conns, at)
    {
        struct conn *c = LINK_OF(at, struct conn, of_entry);
        if (c->state == CONN_WAITING && !c->closing)
            conn_join(h, c);
    }
}

void entry_loaded(struct hub *h, struct entry *e, struct store_result *result)
{
    char why[WHY_BYTES] = "";
    WEFT_ASSERT(e->state == ENTRY_LOADING);
    int err = result->err;
    if (err == WEFT_ENOENT && list_is_empty(&e->conns)) {
        /* Asked about over HTTP only: there is none, and none is made. */
        LINK_EACH(&e->requests, at)
        request_fail(h, LINK_OF(at, struct request, of_entry), 404, "not_found",
                     "no room of this name has an operation in its log");
        entry_free(h, e);
        return;
    }
    if (err == 0 || err == WEFT_ENOENT)
        err = open_room(h, e, result, why);
    if (err == 0) {
        move_to(e, ENTRY_OPEN);
        log_line(LOG_DEBUG, "room opened", "room=%s rev=%llu took_us=%lld", e->hash,
                 (unsigned long long)room_info(e->room).rev, (long long)result->took_us);
        let_in(h, e);
    } else if (err == WEFT_ECORRUPT || err == WEFT_EINVAL) {
        quarantine(h, e, why[0] != '\0' ? why : result->text);
    } else {
        refuse_all(h, e, "the room could not be read; try again in a second", 1000, 1013);
        entry_free(h, e);
    }
}

/* --- going --- */

void entry_drop(struct hub *h, struct entry *e)
{
    log_line(LOG_ERROR, "room dropped", "why=\"out of memory\" room=%s connections=%zu", e->hash,
             e->n_conns);
    store_batch_drop(h->gathering, e->id);
    LINK_EACH(&e->conns, at)
    {
        struct conn *c = LINK_OF(at, struct conn, of_entry);
        conn_leave_entry(h, c);
        if (c->state != CONN_UPGRADING)
            conn_closing(h, c);
    }
    LINK_EACH(&e->requests, at)
    request_fail(h, LINK_OF(at, struct request, of_entry), 503, "unavailable", "out of memory");
    entry_free(h, e);
}

void entry_use(struct hub *h, struct entry *e)
{
    leave_queue(h, e);
    list_append(&h->busy, &e->queue);
}

void entry_touch(struct hub *h, struct entry *e)
{
    if (!link_is_in(&e->touched))
        list_append(&h->touched, &e->touched);
}

static void tick_room(struct hub *h, struct entry *e, size_t share, bool leaves)
{
    struct room_event event = {.kind = ROOM_TICK};
    event.tick =
        (struct room_tick){.spare_bytes_max = share, .unix_ms = hub_unix_ms(), .leaves = leaves};
    if (hub_step(h, e, &event) != 0)
        log_line(LOG_DEBUG, "out of memory", "what=tick room=%s", e->hash);
}

bool entry_rest(struct hub *h, struct entry *e)
{
    if (!is_idle(e))
        return false;
    if (e->state == ENTRY_OPEN)
        tick_room(h, e, SIZE_MAX, true); /* the snapshot it is opened from the next time */
    if (!is_idle(e)) {                   /* ... which is to be on disk first */
        entry_use(h, e);
        return false;
    }
    leave_queue(h, e);
    e->idle_since_ms = hub_now(h);
    if (e->visited)
        e->idle_since_ms -= (int64_t)h->settings.idle_room_ms; /* the first to go */
    list_append(e->visited ? h->idle.next : &h->idle, &e->queue);
    e->is_idle = true;
    tally_add(&h->n_idle, 1);
    outlog_trim(&e->outlog, e->outlog.next_seq);
    return true;
}

/* Each hub gets back to its part of the goal, in proportion to what it has. Where one cannot, the
 * others' parts shrink with the next tick. */
static size_t goal_of(const struct hub *h)
{
    size_t goal = budget_goal(h->settings.limit_memory);
    if (h->all->n == 1)
        return goal;
    return (size_t)((double)goal * (double)h->rooms_bytes / (double)bytes_of_all(h));
}

/* What each room may keep of what it can do without: SIZE_MAX while there is memory for all. */
static size_t memory_share(struct hub *h)
{
    struct budget budget;
    if (bytes_of_all(h) <= h->settings.limit_memory)
        return SIZE_MAX;
    while (bytes_of_all(h) > h->settings.limit_memory && evict_oldest(h))
        ;
    budget_init(&budget, goal_of(h));
    LINK_EACH(&h->busy, at)
    {
        const struct entry *e = LINK_OF(at, struct entry, queue);
        size_t spare = e->state == ENTRY_OPEN ? room_spare_bytes(e->room) : 0;
        spare = spare < e->memory.bytes ? spare : e->memory.bytes;
        budget_add(&budget, e->memory.bytes - spare, spare);
    }
    return budget_share(&budget);
}

static void tick_busy(struct hub *h, struct entry *e, size_t share)
{
    if (!entry_rest(h, e) && e->state == ENTRY_OPEN && !e->doomed) {
        if (e->n_at_end == e->n_joined)
            outlog_trim(&e->outlog, e->outlog.next_seq);
        tick_room(h, e, share, false);
    }
}

/* Rooms that are in use make good what they would be opened from, until that weighs
 * HUB_STOP_BYTES: the others are opened with more to replay. */
void entries_leave(struct hub *h)
{
    LINK_EACH(&h->busy, at)
    {
        struct entry *e = LINK_OF(at, struct entry, queue);
        if (store_batch_bytes(h->gathering) >= HUB_STOP_BYTES / h->all->n)
            return;
        if (e->state == ENTRY_OPEN && !e->doomed && !e->failing)
            tick_room(h, e, 0, true);
    }
}

void entries_tick(struct hub *h)
{
    size_t share = memory_share(h);
    LINK_EACH(&h->busy, at)
    tick_busy(h, LINK_OF(at, struct entry, queue), share);
    while (!list_is_empty(&h->idle)) {
        struct entry *e = LINK_OF(h->idle.next, struct entry, queue);
        if (hub_now(h) - e->idle_since_ms < (int64_t)h->settings.idle_room_ms)
            break;
        evict(h, e);
    }
}
