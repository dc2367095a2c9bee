/* Logs in an array, found by name; a log's records in an array by number, its snapshots in one
 * sorted by number.
 *
 * A commit allocates everything first (copies of the bytes, room in the arrays), checking as it
 * goes, and only then changes anything: from there on it cannot fail, so there is no roll-back. A
 * log that a failed commit would have made stays as an entry with head 0, which counts as absent. */
#include "store/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "store/name_map.h"

struct memory_item {
    uint64_t rev;
    uint8_t *bytes; /* NULL while len == 0 */
    size_t len;
    uint64_t instead;
};

struct memory_items {
    struct memory_item *at;
    size_t n;
    size_t cap;
};

struct memory_log {
    struct uuid epoch;
    uint64_t head;
    uint64_t base;
    struct uuid epoch_then; /* as head_then */
    uint64_t head_then;     /* after the commit that is being checked; == head outside commits */
    uint64_t base_then;
    size_t records_more; /* ... and the records and snapshots it may add */
    size_t snapshots_more;
    struct memory_items records;   /* at[i].rev == base + i + 1 */
    struct memory_items snapshots; /* rising revs */
};

struct store_memory {
    struct store store;
    struct name_map names; /* -> index in logs */
    struct memory_log *logs;
    size_t n_logs;
    size_t cap_logs;
    size_t fail_commits;
};

static struct store_memory *memory_of(struct store *s)
{
    return (struct store_memory *)(void *)s;
}

static int items_reserve(struct memory_items *items, size_t more)
{
    if (items->cap - items->n >= more)
        return 0;
    size_t cap = items->cap * 2 > items->n + more ? items->cap * 2 : items->n + more;
    struct memory_item *at = realloc(items->at, cap * sizeof *at);
    if (at == NULL)
        return WEFT_ENOMEM;
    items->at = at;
    items->cap = cap;
    return 0;
}

static void items_clear(struct memory_items *items)
{
    for (size_t i = 0; i < items->n; i++)
        free(items->at[i].bytes);
    items->n = 0;
}

static void items_done(struct memory_items *items)
{
    items_clear(items);
    free(items->at);
}

static void empty(struct memory_log *log)
{
    items_clear(&log->records);
    items_clear(&log->snapshots);
}

/* Drops the first n. */
static void items_drop(struct memory_items *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(items->at[i].bytes);
    items->n -= n;
    if (n != 0)
        memmove(items->at, items->at + n, items->n * sizeof *items->at);
}

/* The number of items with a revision of at most rev. */
static size_t items_until(const struct memory_items *items, uint64_t rev)
{
    size_t low = 0;
    size_t high = items->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (items->at[mid].rev <= rev)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* A log with something in it, or NULL. */
static struct memory_log *find_log(const struct store_memory *m, const char *name, size_t name_len)
{
    size_t i;
    if (!name_map_get(&m->names, name, name_len, &i))
        return NULL;
    WEFT_ASSERT(i < m->n_logs);
    return m->logs[i].head != 0 ? &m->logs[i] : NULL;
}

static int find_or_make(struct store_memory *m, const char *name, size_t name_len, size_t *ret)
{
    if (name_map_get(&m->names, name, name_len, ret))
        return 0;
    if (m->n_logs == m->cap_logs) {
        size_t cap = m->cap_logs != 0 ? m->cap_logs * 2 : 16;
        struct memory_log *logs = realloc(m->logs, cap * sizeof *logs);
        if (logs == NULL)
            return WEFT_ENOMEM;
        m->logs = logs;
        m->cap_logs = cap;
    }
    int err = name_map_add(&m->names, name, name_len, m->n_logs);
    if (err != 0)
        return err;
    m->logs[m->n_logs] = (struct memory_log){0};
    *ret = m->n_logs++;
    return 0;
}

/* A commit that is being checked: what has been so far, item by item. */
struct staging {
    const struct store_write *writes;
    struct memory_item *items;
    size_t *logs; /* of each */
    size_t n;
};

/* Whether the snapshot at rev is to go in the commit, from its item `from` on. */
static bool goes(const struct staging *c, size_t from, size_t log, uint64_t rev)
{
    for (size_t i = from; i < c->n; i++)
        if (c->logs[i] == log && c->items[i].instead == rev)
            return true;
    return false;
}

/* Where STORE_TRIM cuts: the newest snapshot at or below rev, as the writes before it leave them. */
static uint64_t trim_to(const struct store_memory *m, const struct staging *c, size_t log,
                        uint64_t rev)
{
    const struct memory_items *snapshots = &m->logs[log].snapshots;
    size_t before = items_until(snapshots, rev);
    while (before != 0 && goes(c, 0, log, snapshots->at[before - 1].rev))
        before--;
    uint64_t found = before != 0 ? snapshots->at[before - 1].rev : 0;
    for (size_t i = 0; i < c->n; i++) {
        enum store_write_kind kind = c->writes[i].kind;
        if (c->logs[i] != log)
            continue;
        if (kind == STORE_DROP)
            found = 0;
        if ((kind == STORE_SNAPSHOT || kind == STORE_BEGIN) && c->items[i].rev <= rev &&
            c->items[i].rev > found && !goes(c, i, log, c->items[i].rev))
            found = c->items[i].rev;
    }
    return found;
}

static int check_turn(struct store_memory *m, const struct memory_log *log,
                      const struct store_write *w)
{
    if (w->kind == STORE_DROP && log->head_then == 0)
        return store_fail(&m->store, WEFT_EINVAL, "there is no log to drop");
    if (w->kind == STORE_BEGIN && log->head_then != 0)
        return store_fail(&m->store, WEFT_EINVAL, "there is a log of this name already");
    bool in_turn = w->kind == STORE_RECORD ? w->rev == log->head_then + 1
                   : w->kind == STORE_SNAPSHOT
                       ? w->rev <= log->head_then && w->rev >= log->base_then
                   : w->kind == STORE_TRIM ? w->rev <= log->head_then
                                           : true;
    if (in_turn)
        return 0;
    return store_fail(&m->store, WEFT_EINVAL, "revision %llu is out of turn: the log has %llu",
                      (unsigned long long)w->rev, (unsigned long long)log->head_then);
}

static int copy_bytes(const struct store_write *w, struct memory_item *ret)
{
    *ret = (struct memory_item){.rev = w->rev, .len = w->len, .instead = w->instead};
    if (w->len == 0)
        return 0;
    ret->bytes = malloc(w->len);
    if (ret->bytes == NULL)
        return WEFT_ENOMEM;
    memcpy(ret->bytes, w->bytes, w->len);
    return 0;
}

/* Checks the next write and allocates all it needs: the item has a copy of its bytes. */
static int stage(struct store_memory *m, struct staging *c)
{
    const struct store_write *w = &c->writes[c->n];
    size_t i;
    int err = find_or_make(m, w->name, w->name_len, &i);
    if (err != 0)
        return err;
    struct memory_log *log = &m->logs[i];
    if (log->head_then == 0)
        log->epoch_then = w->epoch;
    if (!uuid_equal(&log->epoch_then, &w->epoch))
        return store_fail(&m->store, WEFT_EINVAL, "the log has another epoch");
    err = check_turn(m, log, w);
    struct memory_item item = {0};
    if (err == 0 && w->kind == STORE_RECORD)
        err = items_reserve(&log->records, log->records_more + 1);
    if (err == 0 && (w->kind == STORE_SNAPSHOT || w->kind == STORE_BEGIN))
        err = items_reserve(&log->snapshots, log->snapshots_more + 1);
    if (err == 0 && w->kind != STORE_DROP && w->kind != STORE_TRIM)
        err = copy_bytes(w, &item);
    if (err != 0)
        return err;
    switch (w->kind) {
    case STORE_RECORD:
        log->head_then++;
        log->records_more++;
        break;
    case STORE_SNAPSHOT:
        log->snapshots_more++;
        break;
    case STORE_TRIM:
        item.rev = trim_to(m, c, i, w->rev);
        if (item.rev > log->base_then)
            log->base_then = item.rev;
        break;
    case STORE_BEGIN:
        log->head_then = log->base_then = w->rev;
        log->snapshots_more++;
        break;
    case STORE_DROP:
        log->head_then = log->base_then = 0;
        break;
    }
    c->logs[c->n] = i;
    c->items[c->n++] = item;
    return 0;
}

/* Puts a staged item in; room was made. */
static void put(struct memory_items *items, struct memory_item item)
{
    size_t i = items_until(items, item.rev);
    if (i != 0 && items->at[i - 1].rev == item.rev) {
        free(items->at[i - 1].bytes);
        items->at[i - 1] = item;
        return;
    }
    WEFT_ASSERT(items->n < items->cap);
    memmove(items->at + i + 1, items->at + i, (items->n - i) * sizeof *items->at);
    items->at[i] = item;
    items->n++;
}

static void take_out(struct memory_items *items, uint64_t rev)
{
    size_t i = items_until(items, rev);
    if (i == 0 || items->at[i - 1].rev != rev)
        return;
    free(items->at[i - 1].bytes);
    memmove(items->at + i - 1, items->at + i, (items->n - i) * sizeof *items->at);
    items->n--;
}

static void trim(struct memory_log *log, uint64_t base)
{
    if (base <= log->base)
        return;
    items_drop(&log->records, items_until(&log->records, base));
    items_drop(&log->snapshots, items_until(&log->snapshots, base - 1));
    log->base = base;
}

/* Cannot fail. */
static void carry_out(struct memory_log *log, enum store_write_kind kind, struct memory_item item)
{
    switch (kind) {
    case STORE_RECORD:
        put(&log->records, item);
        break;
    case STORE_SNAPSHOT:
        if (item.instead > log->base)
            take_out(&log->snapshots, item.instead);
        put(&log->snapshots, item);
        break;
    case STORE_TRIM:
        trim(log, item.rev);
        break;
    case STORE_BEGIN:
        put(&log->snapshots, item);
        log->base = item.rev;
        break;
    case STORE_DROP:
        empty(log);
        log->base = 0;
        break;
    }
}

static int memory_commit(struct store *s, const struct store_write *writes, size_t n)
{
    struct store_memory *m = memory_of(s);
    if (m->fail_commits != 0) {
        m->fail_commits--;
        return store_fail(s, WEFT_EIO, "told to fail (0): commit");
    }
    struct staging c = {.writes = writes};
    c.items = calloc(n, sizeof *c.items);
    c.logs = calloc(n, sizeof *c.logs);
    int err = c.items != NULL && c.logs != NULL ? 0 : WEFT_ENOMEM;
    while (err == 0 && c.n < n)
        err = stage(m, &c);
    for (size_t i = 0; i < c.n; i++) {
        if (err != 0)
            free(c.items[i].bytes);
        else
            carry_out(&m->logs[c.logs[i]], writes[i].kind, c.items[i]);
    }
    for (size_t i = 0; i < c.n; i++) {
        struct memory_log *log = &m->logs[c.logs[i]];
        if (err == 0) {
            log->head = log->head_then;
            log->epoch = log->epoch_then;
        }
        log->head_then = log->head;
        log->base_then = log->base;
        log->epoch_then = log->epoch;
        log->records_more = 0;
        log->snapshots_more = 0;
        WEFT_ASSERT(log->records.n == log->head - log->base);
    }
    free(c.items);
    free(c.logs);
    return err != WEFT_ENOMEM ? err : store_fail(s, err, "out of memory: commit");
}

static int add_records(const struct memory_log *log, uint64_t from, uint64_t to, size_t max_bytes,
                       struct store_log *ret)
{
    size_t bytes = 0;
    bool full = false;
    for (uint64_t rev = from; !full && rev <= to && rev <= log->head; rev++) {
        const struct memory_item *item = &log->records.at[rev - log->base - 1];
        full = item->len > max_bytes - bytes;
        if (full && ret->n_records != 0)
            break;
        bytes += full ? 0 : item->len;
        int err = store_log_add(ret, rev, item->bytes, item->len);
        if (err != 0)
            return err;
    }
    return 0;
}

static int add_snapshot(const struct memory_log *log, uint64_t rev, struct store_log *ret)
{
    size_t i = items_until(&log->snapshots, rev);
    if (i == 0)
        return 0;
    const struct memory_item *item = &log->snapshots.at[i - 1];
    return store_log_snapshot(ret, item->rev, item->bytes, item->len);
}

static int memory_load(struct store *s, const char *name, size_t name_len, uint64_t tail_revs,
                       struct store_log *ret)
{
    const struct memory_log *log = find_log(memory_of(s), name, name_len);
    if (log == NULL)
        return WEFT_ENOENT;
    ret->epoch = log->epoch;
    ret->head = log->head;
    ret->base_rev = log->base;
    int err = add_snapshot(log, log->head, ret);
    if (err == 0)
        err = add_records(log, store_load_first(log->head, log->base, ret->snapshot_rev, tail_revs),
                          log->head, SIZE_MAX, ret);
    return err != 0 ? store_fail(s, err, "out of memory: load") : 0;
}

static int gone(struct store_memory *m, uint64_t base)
{
    return store_fail(&m->store, WEFT_EGONE, "records up to %llu are gone",
                      (unsigned long long)base);
}

static int memory_base(struct store *s, const char *name, size_t name_len, uint64_t rev,
                       struct store_log *ret)
{
    struct store_memory *m = memory_of(s);
    const struct memory_log *log = find_log(m, name, name_len);
    if (log == NULL)
        return WEFT_ENOENT;
    if (rev > log->head)
        return store_fail(s, WEFT_EINVAL, "revision %llu is above the log's %llu",
                          (unsigned long long)rev, (unsigned long long)log->head);
    if (rev < log->base)
        return gone(m, log->base);
    ret->epoch = log->epoch;
    ret->head = log->head;
    ret->base_rev = log->base;
    int err = add_snapshot(log, rev, ret);
    if (err == 0)
        err = add_records(log, ret->snapshot_rev + 1, rev, SIZE_MAX, ret);
    return err != 0 ? store_fail(s, err, "out of memory: base") : 0;
}

static int memory_read(struct store *s, const char *name, size_t name_len, uint64_t from,
                       uint64_t to, size_t max_bytes, struct store_log *ret)
{
    struct store_memory *m = memory_of(s);
    const struct memory_log *log = find_log(m, name, name_len);
    if (log == NULL)
        return WEFT_ENOENT;
    ret->epoch = log->epoch;
    ret->head = log->head;
    ret->base_rev = log->base;
    if (from <= log->base)
        return gone(m, log->base);
    int err = add_records(log, from, to, max_bytes, ret);
    return err != 0 ? store_fail(s, err, "out of memory: read") : 0;
}

/* The order of names: by bytes, a name before those it is the start of. */
static int name_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t least = a_len < b_len ? a_len : b_len;
    int by_bytes = least != 0 ? memcmp(a, b, least) : 0;
    return by_bytes != 0 ? by_bytes : (a_len > b_len) - (a_len < b_len);
}

/* All names are looked at each time: this store is for tests. */
static int memory_next(struct store *s, const char *after, size_t after_len, struct store_name *ret)
{
    const struct store_memory *m = memory_of(s);
    const struct name_slot *best = NULL;
    for (size_t i = 0; i < m->names.cap; i++) {
        const struct name_slot *slot = &m->names.slots[i];
        if (slot->name == NULL || m->logs[slot->value].head == 0)
            continue;
        if (after != NULL && name_compare(slot->name, slot->len, after, after_len) <= 0)
            continue;
        if (best == NULL || name_compare(slot->name, slot->len, best->name, best->len) < 0)
            best = slot;
    }
    if (best == NULL)
        return WEFT_ENOENT;
    ret->len = best->len;
    memcpy(ret->bytes, best->name, best->len);
    return 0;
}

static int memory_verify(struct store *s)
{
    (void)s;
    return 0;
}

static void memory_free(struct store *s)
{
    struct store_memory *m = memory_of(s);
    for (size_t i = 0; i < m->n_logs; i++) {
        items_done(&m->logs[i].records);
        items_done(&m->logs[i].snapshots);
    }
    free(m->logs);
    name_map_done(&m->names);
    free(m);
}

static const struct store_port MEMORY_PORT = {
    .commit = memory_commit,
    .load = memory_load,
    .base = memory_base,
    .read = memory_read,
    .next = memory_next,
    .verify = memory_verify,
    .free = memory_free,
};

int store_memory_new(struct store **ret)
{
    struct store_memory *m = calloc(1, sizeof *m);
    if (m == NULL)
        return WEFT_ENOMEM;
    m->store.port = &MEMORY_PORT;
    const uint64_t key[2] = {0, 0}; /* tests and simulations are to run the same each time */
    name_map_init(&m->names, key);
    *ret = &m->store;
    return 0;
}

void store_memory_fail_commits(struct store *s, size_t n)
{
    memory_of(s)->fail_commits = n;
}

int store_memory_damage(struct store *s, const char *name, size_t name_len, bool snapshot,
                        uint64_t rev, size_t bit)
{
    struct memory_log *log = find_log(memory_of(s), name, name_len);
    if (log == NULL)
        return WEFT_ENOENT;
    struct memory_items *items = snapshot ? &log->snapshots : &log->records;
    size_t i = items_until(items, rev);
    if (i == 0 || items->at[i - 1].rev != rev || items->at[i - 1].len == 0)
        return WEFT_ENOENT;
    struct memory_item *item = &items->at[i - 1];
    if (bit / 8 < item->len)
        item->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    else
        item->len--;
    return 0;
}
