#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "room/record.h"
#include "sim/pool.h"

enum { WHY_BYTES = 200 };

static void list_push(struct disk_list *l, struct disk_item item)
{
    if (l->n == l->cap) {
        size_t cap = l->cap * 2 + 64;
        l->items = weft_resize(pool(), l->items, l->cap * sizeof item, cap * sizeof item);
        l->cap = cap;
    }
    l->items[l->n++] = item;
}

static void list_done(struct disk_list *l)
{
    weft_release(pool(), l->items, l->cap * sizeof *l->items);
    *l = (struct disk_list){0};
}

static const uint8_t *bytes_of(const struct disk *d, const struct disk_item *item)
{
    return d->raw.data + item->at;
}

const uint8_t *disk_record(const struct disk *d, uint64_t rev, size_t *ret_len)
{
    if (rev == 0 || rev > d->records.n)
        sim_fail("revision %llu is asked for, the log has 1 to %zu", (unsigned long long)rev,
                 d->records.n);
    *ret_len = d->records.items[rev - 1].len;
    return bytes_of(d, &d->records.items[rev - 1]);
}

static void note_rev(struct disk *d)
{
    size_t rev = d->records.n;
    if (rev >= d->cap_revs) {
        size_t cap = d->cap_revs * 2 + 1024;
        size_t old_hashes = d->cap_revs / HASH_EVERY + 1;
        d->lengths = weft_resize(pool(), d->lengths, d->cap_revs * sizeof *d->lengths,
                                 cap * sizeof *d->lengths);
        d->hashes = weft_resize(pool(), d->hashes, d->hashes != NULL ? old_hashes * 8 : 0,
                                (cap / HASH_EVERY + 1) * 8);
        d->cap_revs = cap;
    }
    d->lengths[rev] = (uint32_t)d->n_shadow;
    if (rev % HASH_EVERY == 0)
        d->hashes[rev / HASH_EVERY] = ledger_hash_ids(d->shadow, d->n_shadow);
}

void disk_init(struct world *w)
{
    struct disk *d = &w->disk;
    memset(d, 0, offsetof(struct disk, seqs));
    d->epoch = sim_user(w, 0);
    buf_init(&d->raw, pool());
    note_rev(d);
}

void disk_done(struct disk *d)
{
    buf_done(&d->raw);
    list_done(&d->records);
    list_done(&d->snapshots);
    list_done(&d->gathering);
    list_done(&d->under_way);
    list_done(&d->refused);
    weft_release(pool(), d->shadow, d->cap_shadow * sizeof *d->shadow);
    weft_release(pool(), d->hashes, (d->cap_revs / HASH_EVERY + 1) * 8);
    weft_release(pool(), d->lengths, d->cap_revs * sizeof *d->lengths);
}

void disk_write(struct disk *d, const struct room_effect *e)
{
    struct disk_item item = {.rev = e->rev,
                             .at = d->raw.len,
                             .len = e->bytes.len,
                             .snapshot = e->kind == ROOM_SNAPSHOT,
                             .instead = e->instead};
    sim_must(buf_put(&d->raw, e->bytes.at, e->bytes.len), "a write");
    list_push(&d->gathering, item);
}

void disk_trim(struct disk *d, uint64_t rev)
{
    list_push(&d->gathering, (struct disk_item){.rev = rev, .trim = true});
}

static void trim(struct disk *d, uint64_t rev)
{
    for (size_t i = 0; i < d->snapshots.n; i++)
        if (d->snapshots.items[i].rev <= rev && d->snapshots.items[i].rev > d->base)
            d->base = d->snapshots.items[i].rev;
}

bool disk_submit(struct disk *d)
{
    if (d->committing || d->gathering.n == 0)
        return false;
    struct disk_list empty = d->under_way;
    d->under_way = d->gathering;
    d->gathering = empty;
    d->committing = true;
    return true;
}

/* --- the shadow: an operation carried out on an array of characters --- */

static void shadow_delete(struct world *w, size_t at, size_t n, size_t author)
{
    struct disk *d = &w->disk;
    if (at + n > d->n_shadow)
        sim_fail("revision %zu deletes up to %zu, the text has %zu code points", d->records.n,
                 at + n, d->n_shadow);
    for (size_t i = at; i < at + n; i++) {
        struct sim_char *c = &w->ledger.chars[d->shadow[i]];
        if ((c->delete_by & 1u << author) == 0 && !c->any)
            sim_fail(
                "revision %zu, of client %zu, deletes U+%04X, which that client has not deleted",
                d->records.n, author, (unsigned)c->cp);
        c->state = CHAR_DELETED;
    }
    d->n_shadow -= n;
    memmove(d->shadow + at, d->shadow + at + n, (d->n_shadow - at) * sizeof *d->shadow);
}

static void check_insert(const struct world *w, const struct sim_char *c, size_t author)
{
    size_t rev = w->disk.records.n;
    if (c->author != author)
        sim_fail("revision %zu, of client %zu, inserts U+%04X, which client %u has typed", rev,
                 author, (unsigned)c->cp, c->author);
    if (c->any)
        return;
    if (c->state != CHAR_TYPED)
        sim_fail("revision %zu inserts U+%04X a second time: an operation is applied twice", rev,
                 (unsigned)c->cp);
    if (c->refused)
        sim_fail("revision %zu inserts U+%04X, which had been refused", rev, (unsigned)c->cp);
}

static void shadow_insert(struct world *w, size_t at, const char *text, size_t len, size_t n,
                          size_t author)
{
    struct disk *d = &w->disk;
    if (d->n_shadow + n > d->cap_shadow) {
        size_t cap = (d->n_shadow + n) * 2;
        d->shadow = weft_resize(pool(), d->shadow, d->cap_shadow * sizeof *d->shadow,
                                cap * sizeof *d->shadow);
        d->cap_shadow = cap;
    }
    memmove(d->shadow + at + n, d->shadow + at, (d->n_shadow - at) * sizeof *d->shadow);
    d->n_shadow += n;
    for (size_t i = 0, used; i < len; i += used, at++) {
        uint16_t id = ledger_id(w, utf8_get(text + i, &used));
        check_insert(w, &w->ledger.chars[id], author);
        w->ledger.chars[id].state = CHAR_LOGGED;
        d->shadow[at] = id;
    }
}

static void shadow_apply(struct world *w, const struct weft_op *op, size_t author)
{
    size_t n, len, at = 0;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &len);
    for (size_t i = 0; i < n; i++) {
        switch (parts[i].kind) {
        case WEFT_RETAIN:
            at += parts[i].len_cp;
            break;
        case WEFT_DELETE:
            shadow_delete(w, at, parts[i].len_cp, author);
            break;
        case WEFT_INSERT:
            if (at > w->disk.n_shadow)
                sim_fail("revision %zu inserts at %zu, the text has %zu code points",
                         w->disk.records.n, at, w->disk.n_shadow);
            shadow_insert(w, at, text, parts[i].len_bytes, parts[i].len_cp, author);
            text += parts[i].len_bytes;
            at += parts[i].len_cp;
            break;
        }
    }
}

/* --- commits --- */

/* The record is the last one in the list of records. */
static void play_record(struct world *w)
{
    struct disk *d = &w->disk;
    const struct disk_item *item = &d->records.items[d->records.n - 1];
    const uint8_t *bytes = bytes_of(d, item);
    struct record r;
    struct weft_op op;
    if (item->rev != d->records.n)
        sim_fail("the room writes revision %llu, the log expects %zu",
                 (unsigned long long)item->rev, d->records.n);
    if (record_decode(bytes, item->len, &r) != 0 || r.rev != item->rev)
        sim_fail("the record of revision %zu does not check", d->records.n);
    size_t user = sim_user_number(w, &r.user_id);
    if (r.seq <= d->seqs[user])
        sim_fail("revision %zu has seq %llu, the session's last one in the log is %llu",
                 d->records.n, (unsigned long long)r.seq, (unsigned long long)d->seqs[user]);
    d->seqs[user] = r.seq;
    weft_op_init(&op, pool());
    sim_must(weft_op_decode(bytes + r.op_at, item->len - r.op_at, &op), "a record's operation");
    shadow_apply(w, &op, w->user_client[user]);
    weft_op_done(&op);
    note_rev(d);
}

static void put_snapshot(struct disk *d, const struct disk_item *item)
{
    size_t kept = 0;
    if (item->rev > d->records.n)
        sim_fail("a snapshot of revision %llu, the log has %zu", (unsigned long long)item->rev,
                 d->records.n);
    for (size_t i = 0; i < d->snapshots.n; i++)
        if (item->instead <= d->base || d->snapshots.items[i].rev != item->instead)
            d->snapshots.items[kept++] = d->snapshots.items[i];
    d->snapshots.n = kept;
    list_push(&d->snapshots, *item);
}

static uint64_t take_in(struct world *w, struct disk_list *batch)
{
    struct disk *d = &w->disk;
    uint64_t newest = 0;
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->items[i].trim) {
            trim(d, batch->items[i].rev);
            if (d->base < batch->items[i].rev)
                sim_fail("the log is to begin at revision %llu, where no snapshot stands",
                         (unsigned long long)batch->items[i].rev);
            d->stored.trim_rev = batch->items[i].rev;
            w->tally.log_trimmed++;
            continue;
        }
        if (batch->items[i].snapshot) {
            put_snapshot(d, &batch->items[i]);
            d->stored.snapshot_rev = batch->items[i].rev;
            continue;
        }
        list_push(&d->records, batch->items[i]);
        newest = batch->items[i].rev;
        w->tally.records++;
        play_record(w);
    }
    batch->n = 0;
    return newest;
}

uint64_t disk_finish(struct world *w, bool ok)
{
    struct disk *d = &w->disk;
    uint64_t newest = 0;
    d->committing = false;
    d->refused.n = 0;
    d->stored = (struct room_stored){0};
    if (ok)
        return take_in(w, &d->under_way);
    for (size_t i = 0; i < d->under_way.n; i++)
        if (!d->under_way.items[i].snapshot && !d->under_way.items[i].trim)
            newest = d->under_way.items[i].rev;
    if (newest == 0) { /* a snapshot alone */
        d->under_way.n = d->gathering.n = 0;
        return 0;
    }
    /* What gathered behind it was decided upon what is lost. */
    struct disk_list empty = d->refused;
    d->refused = d->under_way;
    d->under_way = empty;
    d->gathering.n = 0;
    return newest;
}

/* What was refused when it came again is there after all. */
static void excuse_refused(struct world *w)
{
    for (size_t id = 0; id < w->ledger.n; id++)
        if (w->ledger.chars[id].refused)
            w->ledger.chars[id].any = w->ledger.excuses = true;
}

void disk_crash(struct world *w, enum disk_end end)
{
    struct disk *d = &w->disk;
    d->gathering.n = 0;
    if (d->committing) {
        if (end == DISK_TORN) {
            /* Half of it reached the platter; the store finds no end mark behind it and goes back. */
            size_t records = d->records.n;
            for (size_t i = 0; i < (d->under_way.n + 1) / 2; i++)
                if (!d->under_way.items[i].snapshot && !d->under_way.items[i].trim)
                    list_push(&d->records, d->under_way.items[i]);
            d->records.n = records;
            w->tally.torn++;
        }
        d->committing = false;
        d->refused.n = 0;
        if (end == DISK_ARRIVED)
            (void)take_in(w, &d->under_way);
        d->under_way.n = 0;
        return;
    }
    if (end == DISK_REFUSED_SHOWS && d->refused.n != 0) {
        w->tally.refused_shown++;
        excuse_refused(w);
        (void)take_in(w, &d->refused);
    }
    d->refused.n = 0;
}

/* --- other lives --- */

/* What became of what is in the log, or on its way there, cannot be said any more. */
static void excuse_all(struct world *w)
{
    for (size_t id = 0; id < w->ledger.n; id++) {
        struct sim_char *c = &w->ledger.chars[id];
        if (c->state != CHAR_TYPED)
            c->any = true;
    }
    w->ledger.excuses = true;
    for (size_t i = 0; i < w->swarm.n_clients; i++) {
        const struct client *c = w->people[i].client;
        ledger_excuse(w, client_flight(c));
        ledger_excuse_deletes(w, client_flight(c), client_server_text(c));
    }
}

static void forget_seqs(struct world *w)
{
    memset(w->disk.seqs, 0, w->n_users * sizeof *w->disk.seqs);
}

void disk_wipe(struct world *w, const struct uuid *epoch)
{
    struct disk *d = &w->disk;
    excuse_all(w);
    d->epoch = *epoch;
    d->records.n = d->snapshots.n = d->refused.n = 0;
    d->base = 0;
    d->n_shadow = 0;
    forget_seqs(w);
    note_rev(d);
}

void disk_cut(struct world *w, uint64_t revs, const struct uuid *epoch)
{
    struct disk *d = &w->disk;
    excuse_all(w);
    d->refused.n = 0;
    d->n_shadow = 0;
    forget_seqs(w);
    size_t kept = 0;
    for (size_t i = 0; i < d->snapshots.n; i++)
        if (d->snapshots.items[i].rev <= revs && epoch == NULL)
            d->snapshots.items[kept++] = d->snapshots.items[i];
    d->snapshots.n = kept;
    if (epoch != NULL) { /* each record's sum continues the one before, the first the epoch */
        uint32_t sum = record_first_sum(epoch);
        for (uint64_t rev = 1; rev <= revs; rev++) {
            const struct disk_item *item = &d->records.items[rev - 1];
            sum = record_follow(d->raw.data + item->at, item->len, sum);
        }
        d->epoch = *epoch;
    }
    d->records.n = 0;
    note_rev(d);
    while (d->records.n < revs) {
        d->records.n++;
        play_record(w);
    }
}

/* --- reading --- */

struct room *disk_open(const struct world *w, size_t snapshot, uint64_t back)
{
    const struct disk *d = &w->disk;
    struct room *room;
    uint64_t first = 1;
    char why[WHY_BYTES] = "";
    sim_must(room_new(pool(), &w->swarm.room, &d->epoch, &room), "a new room");
    int err = 0;
    if (d->base != 0 && snapshot >= d->snapshots.n)
        snapshot = d->snapshots.n - 1;
    while (snapshot < d->snapshots.n && d->snapshots.items[snapshot].rev < d->base)
        snapshot++;
    if (snapshot < d->snapshots.n) {
        const struct disk_item *s = &d->snapshots.items[snapshot];
        err = room_load_snapshot(room, s->rev, bytes_of(d, s), s->len, why, sizeof why);
        first = s->rev + 1 > back ? s->rev + 1 - back : 1;
        if (first <= d->base)
            first = d->base + 1;
    }
    room_load_base(room, d->base);
    for (uint64_t rev = first; err == 0 && rev <= d->records.n; rev++) {
        const struct disk_item *r = &d->records.items[rev - 1];
        err = room_load_record(room, rev, bytes_of(d, r), r->len, why, sizeof why);
    }
    if (err == 0)
        err = room_load_end(room, d->records.n, why, sizeof why);
    if (err != 0)
        sim_fail("the room does not open from snapshot %zu of %zu with %llu records before it: %s",
                 snapshot, d->snapshots.n, (unsigned long long)back, why);
    return room;
}

void disk_check_text(const struct world *w, uint64_t rev, const struct weft_text *text,
                     const char *whose)
{
    const struct disk *d = &w->disk;
    if (rev > d->records.n)
        sim_fail("%s is at revision %llu, the disk has %zu", whose, (unsigned long long)rev,
                 d->records.n);
    bool same = weft_text_size(text).cp == d->lengths[rev];
    if (same && rev == d->records.n)
        same = ledger_text_is(w, text, d->shadow, d->n_shadow);
    else if (same && rev % HASH_EVERY == 0)
        same = ledger_hash(w, text) == d->hashes[rev / HASH_EVERY];
    if (!same)
        sim_fail("%s at revision %llu is not what the log makes: found %zu code points, expected "
                 "the %u of the log",
                 whose, (unsigned long long)rev, weft_text_size(text).cp, d->lengths[rev]);
}
