#include "room/outlog.h"

#include "base/assert.h"
#include "base/pure.h"

struct outlog_entry {
    size_t end; /* where its frame ends in `bytes`; it starts where the one before ends */
    uint64_t except;
    uint64_t rev;          /* the newest of this entry and all before it; */
    uint64_t presence_seq; /* likewise: whoever was given this one was told of that */
};

struct outlog_private {
    struct outlog_private *next;
    uint64_t place; /* goes before log entry `place` */
    uint64_t ack_rev;
    size_t len;
    uint8_t frame[];
};

enum {
    /* Memory that an idle room keeps; more is given back once everybody has everything. */
    OUTLOG_KEEP_BYTES = 4096,
    OUTLOG_ENTRIES_FIRST = 16,
    /* Who writes is acknowledged again and again: so many small frames are kept for that. */
    SPARES_MAX = 8,
};

_Static_assert(sizeof(struct outlog_private) <= OUTLOG_PRIVATE_BYTES, "with the allocator's own");

void outlog_init(struct outlog *log, const struct weft_alloc *alloc, size_t max_bytes)
{
    *log = (struct outlog){.max_bytes = max_bytes, .base_seq = 1, .next_seq = 1};
    buf_init(&log->bytes, alloc);
}

static void entries_free(struct outlog *log)
{
    weft_release(log->bytes.alloc, log->entries, log->cap_entries * sizeof *log->entries);
    log->entries = NULL;
    log->cap_entries = 0;
}

void outlog_done(struct outlog *log)
{
    entries_free(log);
    buf_done(&log->bytes);
}

static const struct outlog_entry *entry_at(const struct outlog *log, uint64_t seq)
{
    WEFT_ASSERT(seq >= log->base_seq && seq < log->next_seq);
    return &log->entries[log->dead_entries + (size_t)(seq - log->base_seq)];
}

/* Where the frame of entry `seq` starts; for next_seq, where the next will. */
static size_t start_of(const struct outlog *log, uint64_t seq)
{
    return seq == log->base_seq ? log->dead_bytes : entry_at(log, seq - 1)->end;
}

/* Moves the live part to the front when the dead part has become the larger: each byte is moved at
 * most once for each byte that died. */
static void compact(struct outlog *log)
{
    if (log->dead_bytes > log->bytes.len / 2) {
        size_t shift = log->dead_bytes;
        log->bytes.len -= shift;
        memmove(log->bytes.data, log->bytes.data + shift, log->bytes.len);
        for (size_t i = 0; i < log->n_entries; i++)
            log->entries[log->dead_entries + i].end -= shift;
        log->dead_bytes = 0;
    }
    if (log->dead_entries > log->n_entries) {
        memmove(log->entries, log->entries + log->dead_entries,
                log->n_entries * sizeof *log->entries);
        log->dead_entries = 0;
    }
}

static void drop_oldest(struct outlog *log)
{
    log->dead_bytes = entry_at(log, log->base_seq)->end;
    log->dead_entries++;
    log->n_entries--;
    log->base_seq++;
}

static int reserve_entry(struct outlog *log)
{
    size_t used = log->dead_entries + log->n_entries;
    if (used < log->cap_entries)
        return 0;
    size_t cap = log->cap_entries != 0 ? log->cap_entries * 2 : OUTLOG_ENTRIES_FIRST;
    struct outlog_entry *entries = weft_resize(
        log->bytes.alloc, log->entries, log->cap_entries * sizeof *entries, cap * sizeof *entries);
    if (entries == NULL)
        return WEFT_ENOMEM;
    log->entries = entries;
    log->cap_entries = cap;
    return 0;
}

int outlog_append(struct outlog *log, const uint8_t *frame, size_t len, uint64_t except,
                  uint64_t rev, uint64_t presence_seq)
{
    WEFT_ASSERT(len > 0);
    int err = reserve_entry(log);
    if (err == 0)
        err = buf_put(&log->bytes, frame, len);
    if (err != 0)
        return err;
    if (rev > log->rev)
        log->rev = rev;
    if (presence_seq > log->presence_seq)
        log->presence_seq = presence_seq;
    log->entries[log->dead_entries + log->n_entries++] =
        (struct outlog_entry){log->bytes.len, except, log->rev, log->presence_seq};
    log->next_seq++;
    while (log->n_entries > 1 && log->bytes.len - log->dead_bytes > log->max_bytes)
        drop_oldest(log);
    compact(log);
    return 0;
}

void outlog_trim(struct outlog *log, uint64_t at)
{
    WEFT_ASSERT(at <= log->next_seq);
    while (log->base_seq < at)
        drop_oldest(log);
    if (log->n_entries != 0) {
        compact(log);
        return;
    }
    log->dead_bytes = 0;
    log->dead_entries = 0;
    log->bytes.len = 0;
    if (log->bytes.cap > OUTLOG_KEEP_BYTES) {
        buf_done(&log->bytes);
        entries_free(log);
    }
}

void outlog_reader_init(struct outlog_reader *r, const struct outlog *log,
                        const struct weft_alloc *alloc, uint64_t conn, uint64_t rev,
                        uint64_t presence_seq)
{
    *r = (struct outlog_reader){.conn = conn,
                                .at = log->next_seq,
                                .rev = rev,
                                .presence_seq = presence_seq,
                                .alloc = alloc};
}

static struct outlog_private *private_new(struct outlog_reader *r, size_t len)
{
    struct outlog_private *p = r->spares;
    if (p == NULL || len > OUTLOG_SMALL_BYTES) {
        p = weft_resize(r->alloc, NULL, 0, sizeof *p + outlog_private_room(len));
    } else {
        r->spares = p->next;
        r->n_spares--;
    }
    if (p != NULL)
        r->private_bytes += OUTLOG_PRIVATE_BYTES + outlog_private_room(len);
    return p;
}

static void private_free(struct outlog_reader *r, struct outlog_private *p)
{
    r->private_bytes -= OUTLOG_PRIVATE_BYTES + outlog_private_room(p->len);
    if (p->len > OUTLOG_SMALL_BYTES || r->n_spares == SPARES_MAX) {
        weft_release(r->alloc, p, sizeof *p + outlog_private_room(p->len));
        return;
    }
    p->next = r->spares;
    r->spares = p;
    r->n_spares++;
}

static void spares_free(struct outlog_reader *r)
{
    while (r->spares != NULL) {
        struct outlog_private *next = r->spares->next;
        weft_release(r->alloc, r->spares, sizeof *next + OUTLOG_SMALL_BYTES);
        r->spares = next;
    }
    r->n_spares = 0;
}

void outlog_reader_done(struct outlog_reader *r)
{
    while (r->first != NULL) {
        struct outlog_private *next = r->first->next;
        private_free(r, r->first);
        r->first = next;
    }
    r->last = NULL;
    r->splice = NULL;
    spares_free(r);
}

int outlog_send(const struct outlog *log, struct outlog_reader *r, const uint8_t *frame, size_t len,
                uint64_t ack_rev)
{
    WEFT_ASSERT(len > 0);
    struct outlog_private *p = private_new(r, len);
    if (p == NULL)
        return WEFT_ENOMEM;
    *p = (struct outlog_private){.place = log->next_seq, .ack_rev = ack_rev, .len = len};
    memcpy(p->frame, frame, len);
    if (log->next_seq != r->at) /* something was broadcast since: the catching up is over */
        r->splice = NULL;
    /* While catching up: before the frames that were kept. */
    struct outlog_private **link = r->splice != NULL ? r->splice
                                   : r->last != NULL ? &r->last->next
                                                     : &r->first;
    p->next = *link;
    *link = p;
    if (p->next == NULL)
        r->last = p;
    if (r->splice != NULL)
        r->splice = &p->next;
    return 0;
}

bool outlog_has_more(const struct outlog *log, const struct outlog_reader *r)
{
    return r->first != NULL || r->at < log->next_seq;
}

/* One piece of what a pull gives. */
struct piece {
    const uint8_t *bytes;
    size_t len;
    struct outlog_private *from; /* NULL: of the log */
};

/* A private frame that is due before entry r->at, or a stretch of entries that may all be given. An
 * empty piece: nothing more. *at is moved past what it covers. */
static struct piece next_piece(const struct outlog *log, const struct outlog_reader *r,
                               struct outlog_private *waiting, uint64_t *at, size_t max_bytes)
{
    if (waiting != NULL && waiting->place <= *at)
        return (struct piece){waiting->frame, waiting->len, waiting};
    uint64_t to =
        waiting != NULL && waiting->place < log->next_seq ? waiting->place : log->next_seq;
    while (*at < to && entry_at(log, *at)->except == r->conn)
        ++*at;
    if (waiting != NULL && waiting->place <= *at)
        return (struct piece){waiting->frame, waiting->len, waiting};
    size_t start = start_of(log, *at);
    if (*at == to)
        return (struct piece){log->bytes.data + start, 0, NULL};
    /* The loop that runs for each delivery: it looks at one number of each entry, or at two. */
    const struct outlog_entry *from = entry_at(log, *at);
    const struct outlog_entry *stop = from + (to - *at);
    const struct outlog_entry *e = from + 1;
    if (stop[-1].end - start <= max_bytes)
        while (e != stop && e->except != r->conn)
            e++;
    else
        while (e != stop && e->except != r->conn && e->end - start <= max_bytes)
            e++;
    *at += (uint64_t)(e - from);
    return (struct piece){log->bytes.data + start, e[-1].end - start, NULL};
}

/* What the reader has been told once it has everything before `at`. */
static void note_given(const struct outlog *log, struct outlog_reader *r, uint64_t at)
{
    if (at == r->at)
        return;
    const struct outlog_entry *last = entry_at(log, at - 1);
    r->at = at;
    if (last->rev > r->rev)
        r->rev = last->rev;
    if (last->presence_seq > r->presence_seq)
        r->presence_seq = last->presence_seq;
}

static void private_given(struct outlog_reader *r, struct outlog_private *p)
{
    WEFT_ASSERT(r->first == p);
    if (p->ack_rev > r->rev)
        r->rev = p->ack_rev;
    r->first = p->next;
    if (r->first == NULL)
        r->last = NULL;
    private_free(r, p);
}

/* Copies pieces into scratch until max_bytes; takes nothing from the reader yet. */
static int gather(const struct outlog *log, const struct outlog_reader *r, size_t max_bytes,
                  struct buf *scratch, uint64_t *ret_at, size_t *ret_privates)
{
    struct outlog_private *waiting = r->first;
    uint64_t at = r->at;
    size_t privates = 0;
    buf_clear(scratch);
    /* Behind: only what belongs in front of the first entry that is gone. */
    bool behind = at < log->base_seq;
    while (scratch->len < max_bytes) {
        uint64_t after = at;
        if (behind && (waiting == NULL || waiting->place > at))
            break;
        struct piece p = next_piece(log, r, waiting, &after, max_bytes - scratch->len);
        if (scratch->len != 0 && scratch->len + p.len > max_bytes)
            break;
        int err = buf_put(scratch, p.bytes, p.len);
        if (err != 0)
            return err;
        if (p.from != NULL) {
            waiting = waiting->next;
            privates++;
        }
        bool moved = after != at || p.len != 0;
        at = after;
        if (!moved)
            break;
    }
    *ret_at = at;
    *ret_privates = privates;
    return 0;
}

int outlog_pull(const struct outlog *log, struct outlog_reader *r, size_t max_bytes,
                struct buf *scratch, enum outlog_state *ret_state, const uint8_t **ret_bytes,
                size_t *ret_len)
{
    *ret_state = OUTLOG_NOTHING;
    if (!outlog_has_more(log, r))
        return 0;
    r->splice = NULL;
    if (r->first == NULL && r->at >= log->base_seq) {
        /* The way of a reader that only reads: the log's own bytes, if nothing is passed over. */
        uint64_t at = r->at;
        struct piece p = next_piece(log, r, NULL, &at, max_bytes);
        bool more_behind = at < log->next_seq && entry_at(log, at)->except == r->conn;
        if (!more_behind || p.len >= max_bytes / 2) {
            note_given(log, r, at);
            *ret_state = p.len != 0 ? OUTLOG_BYTES : OUTLOG_NOTHING;
            *ret_bytes = p.bytes;
            *ret_len = p.len;
            return 0;
        }
    }
    uint64_t at;
    size_t privates;
    int err = gather(log, r, max_bytes, scratch, &at, &privates);
    if (err != 0)
        return err;
    if (scratch->len == 0 && r->at < log->base_seq) {
        *ret_state = OUTLOG_BEHIND;
        return 0;
    }
    for (; privates > 0; privates--)
        private_given(r, r->first);
    if (r->at >= log->base_seq)
        note_given(log, r, at);
    *ret_state = scratch->len != 0 ? OUTLOG_BYTES : OUTLOG_NOTHING;
    *ret_bytes = scratch->data;
    *ret_len = scratch->len;
    return 0;
}

void outlog_reader_skip(const struct outlog *log, struct outlog_reader *r, uint64_t rev,
                        uint64_t presence_seq)
{
    struct outlog_private **link = &r->first;
    r->last = NULL;
    while (*link != NULL) {
        struct outlog_private *p = *link;
        if (p->ack_rev != 0) {
            *link = p->next;
            private_free(r, p);
            continue;
        }
        p->place = log->next_seq;
        r->last = p;
        link = &p->next;
    }
    r->at = log->next_seq;
    r->rev = rev;
    r->presence_seq = presence_seq;
    r->splice = &r->first;
}

bool outlog_check(const struct outlog *log)
{
    if (log->n_entries != log->next_seq - log->base_seq ||
        log->dead_entries + log->n_entries > log->cap_entries)
        return false;
    size_t end = log->dead_bytes;
    for (size_t i = 0; i < log->n_entries; i++) {
        const struct outlog_entry *e = &log->entries[log->dead_entries + i];
        if (e->end <= end)
            return false;
        end = e->end;
    }
    return end == log->bytes.len &&
           (log->n_entries <= 1 || log->bytes.len - log->dead_bytes <= log->max_bytes);
}
