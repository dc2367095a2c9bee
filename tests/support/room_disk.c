#include "support/room_disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "room/record.h"
#include "support/faulty.h"

#define SNAPSHOT_BIT ((uint64_t)1 << 63)
#define TRIM_BIT     ((uint64_t)1 << 62)

static void push_take(struct disk_list *l, uint64_t rev, uint8_t *at, size_t len)
{
    if (l->n == l->cap) {
        l->cap = l->cap * 2 + 8;
        l->items = realloc(l->items, l->cap * sizeof *l->items);
        WEFT_ASSERT(l->items != NULL);
    }
    l->items[l->n++] = (struct disk_bytes){rev, at, len};
}

static void list_clear(struct disk_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->items[i].at);
    l->n = 0;
}

static void list_done(struct disk_list *l)
{
    list_clear(l);
    free(l->items);
    *l = (struct disk_list){0};
}

/* The text after the last record, as plain bytes. */
static void note_text(struct disk *d)
{
    size_t len = weft_text_size(d->shadow).bytes;
    uint8_t *at = malloc(len + 1);
    WEFT_ASSERT(at != NULL);
    int err = weft_text_copy(d->shadow, 0, weft_text_size(d->shadow).cp, (char *)at, len, &len);
    WEFT_ASSERT(err == 0);
    push_take(&d->texts, d->records.n, at, len);
}

void disk_init(struct disk *d, const struct uuid *epoch)
{
    *d = (struct disk){.epoch = *epoch};
    int err = weft_text_new(&faulty_never()->alloc, &d->shadow);
    WEFT_ASSERT(err == 0);
    note_text(d);
}

void disk_done(struct disk *d)
{
    list_done(&d->records);
    list_done(&d->snapshots);
    list_done(&d->texts);
    list_done(&d->gathering);
    list_done(&d->under_way);
    weft_text_free(d->shadow);
    d->shadow = NULL;
}

void disk_wipe(struct disk *d, const struct uuid *epoch)
{
    disk_done(d);
    disk_init(d, epoch);
}

void disk_write(struct disk *d, bool snapshot, uint64_t rev, struct room_str bytes)
{
    uint8_t *at = malloc(bytes.len + 1);
    WEFT_ASSERT(at != NULL);
    memcpy(at, bytes.at, bytes.len);
    push_take(&d->gathering, snapshot ? rev | SNAPSHOT_BIT : rev, at, bytes.len);
}

void disk_trim(struct disk *d, uint64_t rev)
{
    push_take(&d->gathering, rev | TRIM_BIT, NULL, 0);
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

static void replay(struct disk *d, const struct disk_bytes *b)
{
    struct record r;
    struct weft_op op;
    weft_op_init(&op, &faulty_never()->alloc);
    int err = record_decode(b->at, b->len, &r);
    if (err == 0)
        err = weft_op_decode(b->at + r.op_at, b->len - r.op_at, &op);
    WEFT_ASSERT(err == 0);
    WEFT_ASSERT(r.rev == b->rev && r.rev == d->records.n);
    err = weft_op_apply(&op, d->shadow);
    WEFT_ASSERT(err == 0);
    weft_op_done(&op);
    note_text(d);
}

uint64_t disk_finish(struct disk *d, bool ok)
{
    uint64_t newest = 0;
    WEFT_ASSERT(d->committing);
    d->stored = (struct room_stored){0};
    d->committing = false;
    for (size_t i = 0; i < d->under_way.n; i++) {
        struct disk_bytes *b = &d->under_way.items[i];
        bool snapshot = (b->rev & SNAPSHOT_BIT) != 0;
        bool trims = (b->rev & TRIM_BIT) != 0;
        b->rev &= ~(SNAPSHOT_BIT | TRIM_BIT);
        if (!snapshot && !trims)
            newest = b->rev;
        if (!ok) {
            free(b->at);
        } else if (trims) {
            trim(d, b->rev);
            d->stored.trim_rev = b->rev;
        } else if (snapshot) {
            push_take(&d->snapshots, b->rev, b->at, b->len);
            d->stored.snapshot_rev = b->rev;
        } else {
            WEFT_ASSERT(b->rev == d->records.n + 1); /* what the port of the real store demands */
            push_take(&d->records, b->rev, b->at, b->len);
            replay(d, b);
        }
    }
    d->under_way.n = 0;
    if (!ok)
        list_clear(&d->gathering);
    return newest;
}

void disk_crash(struct disk *d, bool arrived)
{
    list_clear(&d->gathering);
    if (d->committing)
        (void)disk_finish(d, arrived);
}

struct room *disk_open(const struct disk *d, const struct room_config *config, size_t snapshot,
                       uint64_t back, char why[200])
{
    enum { WHY_BYTES = 200 };
    struct room *room;
    uint64_t first = 1;
    int err = room_new(&faulty_never()->alloc, config, &d->epoch, &room);
    WEFT_ASSERT(err == 0);
    why[0] = '\0';
    if (d->base != 0 && snapshot >= d->snapshots.n)
        snapshot = d->snapshots.n - 1;
    while (snapshot < d->snapshots.n && d->snapshots.items[snapshot].rev < d->base)
        snapshot++;
    if (snapshot < d->snapshots.n) {
        const struct disk_bytes *s = &d->snapshots.items[snapshot];
        err = room_load_snapshot(room, s->rev, s->at, s->len, why, WHY_BYTES);
        first = s->rev + 1 > back ? s->rev + 1 - back : 1;
        if (first <= d->base)
            first = d->base + 1;
    }
    room_load_base(room, d->base);
    for (uint64_t rev = first; err == 0 && rev <= d->records.n; rev++) {
        const struct disk_bytes *r = &d->records.items[rev - 1];
        err = room_load_record(room, rev, r->at, r->len, why, WHY_BYTES);
    }
    if (err == 0)
        err = room_load_end(room, d->records.n, why, WHY_BYTES);
    if (err == 0)
        return room;
    room_free(room);
    return NULL;
}

bool disk_text_is(const struct disk *d, uint64_t rev, const struct weft_text *text)
{
    const struct disk_bytes *t = &d->texts.items[rev];
    return weft_text_equal(text, (const char *)t->at, t->len);
}

size_t disk_length_cp(const struct disk *d, uint64_t rev)
{
    const struct disk_bytes *t = &d->texts.items[rev];
    return utf8_count((const char *)t->at, t->len);
}
