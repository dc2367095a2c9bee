#include "sim/sim.h"

#include <string.h>

#include "room/record.h"
#include "sim/pool.h"

enum { CLOSES_MAX = LINKS_MAX, CLOSE_TOO_SLOW = 4409, CHECK_EVERY = 64, OPEN_CHECK_EVERY = 16 };

/* --- what the room says is held against the disk --- */

static uint64_t shown_rev(const struct room_message *m)
{
    switch (m->type) {
    case MESSAGE_WELCOME:
        return m->welcome.rev;
    case MESSAGE_ACK:
        return m->ack.rev;
    case MESSAGE_EDIT:
        return m->edit.rev;
    case MESSAGE_META:
        return m->meta.rev;
    case MESSAGE_CURSOR:
        return m->cursor.rev;
    case MESSAGE_TEXT:
        return m->text.rev;
    case MESSAGE_HISTORY:
        return m->history.to;
    default:
        return 0;
    }
}

static void check_ack(struct world *w, const struct link *link, const struct room_ack *ack)
{
    struct record r;
    size_t len;
    if (ack->rev == 0)
        return;
    const uint8_t *bytes = disk_record(&w->disk, ack->rev, &len);
    record_known(bytes, len, &r);
    if (r.seq != ack->seq || (link != NULL && !uuid_equal(&r.user_id, &link->user_id)))
        sim_fail("seq %llu is acknowledged as revision %llu, which is another operation",
                 (unsigned long long)ack->seq, (unsigned long long)ack->rev);
}

static void check_history(struct world *w, const struct room_history_answer *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct room_history_item *item = &m->items[i];
        struct record r;
        struct weft_op op;
        size_t len;
        const uint8_t *bytes = disk_record(&w->disk, m->from + i, &len);
        weft_op_init(&op, pool());
        record_known(bytes, len, &r);
        sim_must(weft_op_decode(bytes + r.op_at, len - r.op_at, &op), "a record");
        if (item->rev != m->from + i || !weft_op_equal(&op, item->op) ||
            !uuid_equal(&r.user_id, &item->user_id))
            sim_fail("the history of revision %llu is not the log's",
                     (unsigned long long)item->rev);
        weft_op_done(&op);
    }
}

static void check_cursor(struct world *w, const struct room_cursor *c)
{
    size_t length_cp = w->disk.lengths[c->rev];
    if (c->position_cp > length_cp || c->anchor_cp > length_cp)
        sim_fail("a caret at %zu, selecting to %zu, in a text of %zu code points", c->position_cp,
                 c->anchor_cp, length_cp);
}

/* What was trimmed is shown to nobody, whether it is still in memory or not. */
static void check_gone(const struct world *w, const struct link *link, const struct room_message *m)
{
    uint64_t rev = REV_MAX;
    if (m->type == MESSAGE_TEXT)
        rev = m->text.rev;
    else if (m->type == MESSAGE_HISTORY && m->history.n != 0)
        rev = m->history.from - 1;
    else if (m->type == MESSAGE_WELCOME && m->welcome.text == NULL && link != NULL)
        rev = link->resume_rev;
    if (rev < w->disk.base)
        sim_fail("revision %llu is shown (message %d), the log begins at %llu",
                 (unsigned long long)rev, (int)m->type, (unsigned long long)w->disk.base);
}

static void check_message(struct world *w, const struct link *link, const struct room_message *m)
{
    uint64_t rev = shown_rev(m);
    check_gone(w, link, m);
    if (rev > disk_head(&w->disk))
        sim_fail("revision %llu is shown (message %d), the disk has %llu", (unsigned long long)rev,
                 (int)m->type, (unsigned long long)disk_head(&w->disk));
    if (m->type == MESSAGE_ACK)
        check_ack(w, link, &m->ack);
    else if (m->type == MESSAGE_HISTORY)
        check_history(w, &m->history);
    else if (m->type == MESSAGE_TEXT)
        disk_check_text(w, rev, m->text.text, "an answer's text");
    else if (m->type == MESSAGE_WELCOME && m->welcome.text != NULL)
        disk_check_text(w, rev, m->welcome.text, "a welcome's text");
    else if (m->type == MESSAGE_CURSOR)
        check_cursor(w, &m->cursor);
}

/* --- effects --- */

static void greet(struct world *w, struct link *link, const struct room_welcome *m)
{
    outlog_reader_done(&link->reader);
    outlog_reader_init(&link->reader, &w->outlog, pool(), link->conn,
                       m->text != NULL ? m->rev : link->resume_rev, w->presence_seq);
    link->joined = true;
    link->user_id = m->user_id;
    if (m->text == NULL)
        w->tally.resumed++;
}

static void send_one(struct world *w, const struct room_effect *e)
{
    struct link *link = net_find(w, e->conn);
    if (link != NULL && e->message.type == MESSAGE_WELCOME)
        greet(w, link, &e->message.welcome);
    check_message(w, link, &e->message);
    w->tally.dups += e->message.type == MESSAGE_ACK && e->message.ack.dup;
    if (link == NULL)
        return;
    frame_encode(w, &e->message, &w->frame);
    sim_must(outlog_send(&w->outlog, &link->reader, w->frame.data, w->frame.len, e->rev),
             "a frame for one");
}

static void broadcast(struct world *w, const struct room_effect *e)
{
    check_message(w, NULL, &e->message);
    frame_encode(w, &e->message, &w->frame);
    sim_must(
        outlog_append(&w->outlog, w->frame.data, w->frame.len, e->conn, e->rev, e->presence_seq),
        "a frame for all");
    if (w->outlog.n_entries > 1 && w->outlog.bytes.len - w->outlog.dead_bytes > w->outlog.max_bytes)
        sim_fail("the outgoing log has %zu bytes, expected at most %zu",
                 w->outlog.bytes.len - w->outlog.dead_bytes, w->outlog.max_bytes);
    if (e->presence_seq != 0)
        w->presence_seq = e->presence_seq;
}

/* What is to be kept is. */
static void check_trim(const struct world *w, uint64_t rev)
{
    const struct retention *keep = &w->swarm.room.retention;
    struct record r;
    size_t len;
    const uint8_t *bytes = disk_record(&w->disk, rev, &len);
    record_known(bytes, len, &r);
    uint64_t left = room_info(w->room).rev - rev;
    if ((keep->revs == 0 && keep->ms == 0) || left < keep->revs)
        sim_fail("the log is trimmed up to revision %llu: %llu are left, expected at least %llu",
                 (unsigned long long)rev, (unsigned long long)left, (unsigned long long)keep->revs);
    if (keep->ms != 0 && r.at_ms > w->unix_ms - keep->ms)
        sim_fail("revision %llu is trimmed, which is %lld ms old, expected at least %lld",
                 (unsigned long long)rev, (long long)(w->unix_ms - r.at_ms), (long long)keep->ms);
}

static void carry_out(struct world *w, const struct room_effect *e)
{
    struct link *link;
    switch (e->kind) {
    case ROOM_PERSIST:
    case ROOM_SNAPSHOT:
        w->tally.snapshots += e->kind == ROOM_SNAPSHOT;
        disk_write(&w->disk, e);
        break;
    case ROOM_TRIM:
        check_trim(w, e->rev);
        disk_trim(&w->disk, e->rev);
        break;
    case ROOM_SEND:
        send_one(w, e);
        break;
    case ROOM_BROADCAST:
        broadcast(w, e);
        break;
    case ROOM_CLOSE:
        link = net_find(w, e->conn);
        w->tally.too_slow += e->close.code == CLOSE_TOO_SLOW;
        if (link != NULL)
            net_close(w, link); /* the room is told by the caller */
        break;
    case ROOM_FETCH:
        if (w->n_fetches == FETCHES_MAX)
            sim_fail("more than %d reads of the log are under way", FETCHES_MAX);
        w->fetches[w->n_fetches++] = e->fetch;
        break;
    }
}

/* `trimmed`: a commit has succeeded. (A room that was opened may have more than it keeps.) */
static void check_bounds(const struct world *w, bool trimmed)
{
    struct room_info info = room_info(w->room);
    const struct room_config *c = &w->swarm.room;
    if (info.rev > disk_head(&w->disk))
        sim_fail("the room takes revision %llu for durable, the disk has %llu",
                 (unsigned long long)info.rev, (unsigned long long)disk_head(&w->disk));
    if (c->pending_revs_max != 0 && info.head_rev - info.rev > c->pending_revs_max)
        sim_fail("%llu operations wait for the disk, expected at most %zu",
                 (unsigned long long)(info.head_rev - info.rev), c->pending_revs_max);
    if (trimmed && c->history_revs_max != 0 && info.rev - info.base_rev > c->history_revs_max)
        sim_fail("%llu revisions are kept in memory, expected at most %zu",
                 (unsigned long long)(info.rev - info.base_rev), c->history_revs_max);
}

static void step(struct world *w, const struct room_event *event)
{
    uint64_t closed[CLOSES_MAX];
    size_t n_closed = 0;
    room_effects_clear(w->fx);
    sim_must(room_step(w->room, ++w->now_ms, event, w->fx), "a step of the room");
    struct link *behind = event->kind == ROOM_BEHIND ? net_find(w, event->conn) : NULL;
    if (behind != NULL)
        outlog_reader_skip(&w->outlog, &behind->reader, behind->reader.rev,
                           room_info(w->room).presence_seq);
    size_t n = room_effects_count(w->fx);
    for (size_t i = 0; i < n; i++) {
        const struct room_effect *e = room_effects_at(w->fx, i);
        if (e->kind == ROOM_CLOSE)
            closed[n_closed++] = e->conn;
        carry_out(w, e);
    }
    for (size_t i = 0; i < n_closed; i++)
        step(w, &(struct room_event){.kind = ROOM_LEAVE, .conn = closed[i]});
}

/* --- what may happen --- */

static void open_room(struct world *w)
{
    if (w->room != NULL)
        return;
    struct disk *d = &w->disk;
    /* Mostly as the hub does it, from the newest snapshot; sometimes from an older one or none. */
    size_t snapshot = d->snapshots.n - 1;
    uint64_t back = rng_chance(&w->rng, 70) ? rng_below(&w->rng, 40) : disk_head(d);
    if (rng_chance(&w->rng, 10))
        snapshot = rng_below(&w->rng, d->snapshots.n + 1);
    w->room = disk_open(w, snapshot, back);
    w->now_ms = 0;
    w->presence_seq = 0;
    disk_check_text(w, disk_head(d), room_text(w->room), "the room that was opened");
    if (++w->tally.opened % OPEN_CHECK_EVERY == 0 && !room_check(w->room))
        sim_fail("the room that was opened does not check");
}

static void event_of(struct up *up, int64_t unix_ms, struct room_event *ev)
{
    switch (up->kind) {
    case ROOM_JOIN:
        ev->join = up->join;
        break;
    case ROOM_CURSOR:
        ev->cursor = up->cursor;
        break;
    case ROOM_TEXT:
    case ROOM_HISTORY:
        ev->query = up->query;
        break;
    case ROOM_OPERATION:
    case ROOM_META:
        memset(&ev->submission, 0, sizeof ev->submission);
        ev->submission.op = up->kind == ROOM_OPERATION ? &up->op : NULL;
        ev->submission.meta = up->meta;
        ev->submission.at_ms = unix_ms;
        ev->submission.has_rev = true;
        ev->submission.rev = up->rev;
        ev->submission.has_seq = true;
        ev->submission.seq = up->seq;
        break;
    default:
        memset(&ev->user, 0, sizeof ev->user);
        ev->user.has_name = true;
        ev->user.name = (struct room_str){"Ada", up->seq % 4};
        break;
    }
}

void server_read(struct world *w, struct link *link)
{
    if (link->closed || link->n_ups == 0)
        return;
    open_room(w);
    struct up *up = &link->ups[link->first_up];
    struct room_event ev;
    ev.kind = up->kind;
    ev.conn = link->conn;
    event_of(up, ++w->unix_ms, &ev);
    uint64_t conn = link->conn;
    step(w, &ev);
    if (link->conn == conn && !link->closed) /* else the queue went with it */
        net_drop_up(link);
    if (ev.kind == ROOM_OPERATION)
        check_bounds(w, false);
}

void server_write(struct world *w, struct link *link, size_t max_bytes)
{
    enum outlog_state state;
    const uint8_t *bytes;
    size_t len;
    if (link->closed || !link->joined)
        return;
    sim_must(outlog_pull(&w->outlog, &link->reader, max_bytes, &w->scratch, &state, &bytes, &len),
             "a pull");
    if (state == OUTLOG_BYTES && link->held)
        sim_must(buf_put(&link->down, bytes, len), "the network");
    if (state != OUTLOG_BEHIND)
        return;
    struct room_event ev = {.kind = ROOM_BEHIND, .conn = link->conn};
    ev.behind.rev = link->reader.rev;
    ev.behind.presence_seq = link->reader.presence_seq;
    w->tally.behind++;
    step(w, &ev);
}

void server_notice(struct world *w, struct link *link)
{
    if (link->closed || link->held)
        return;
    uint64_t conn = link->conn;
    net_close(w, link);
    if (w->room != NULL)
        step(w, &(struct room_event){.kind = ROOM_LEAVE, .conn = conn});
}

void server_flush(struct world *w)
{
    if (w->room != NULL && room_info(w->room).wants_flush)
        step(w, &(struct room_event){.kind = ROOM_FLUSH});
}

void server_trim(struct world *w)
{
    uint64_t at = w->outlog.next_seq;
    EACH_LINK(w, link)
    if (link->joined && link->reader.at < at)
        at = link->reader.at;
    outlog_trim(&w->outlog, at);
    if (!outlog_check(&w->outlog))
        sim_fail("the outgoing log does not check");
}

/* Some time has passed. */
void server_tick(struct world *w)
{
    struct room_event ev = {.kind = ROOM_TICK};
    w->unix_ms += (int64_t)rng_below(&w->rng, 20);
    if (w->room == NULL)
        return;
    w->now_ms += (int64_t)rng_below(&w->rng, 20000);
    ev.tick.unix_ms = w->unix_ms;
    ev.tick.leaves = rng_chance(&w->rng, 30);
    ev.tick.spare_bytes_max = w->swarm.spare && rng_chance(&w->rng, 10) ? 1 : 0;
    step(w, &ev);
}

void server_commit(struct world *w, bool ok)
{
    if (!w->disk.committing)
        return;
    uint64_t base_rev = w->room != NULL ? room_info(w->room).base_rev : 0;
    uint64_t rev = disk_finish(w, ok);
    w->tally.failed += !ok;
    struct room_stored stored = w->disk.stored;
    if (w->room != NULL && (stored.snapshot_rev != 0 || stored.trim_rev != 0))
        step(w, &(struct room_event){.kind = ROOM_STORED, .stored = stored});
    if (w->room == NULL || (ok && rev == 0))
        return;
    struct room_event ev = {.kind = ok ? ROOM_DURABLE : ROOM_COMMIT_FAILED};
    if (ok)
        ev.durable_rev = rev;
    step(w, &ev);
    check_bounds(w, ok);
    if (!ok && room_info(w->room).head_rev != disk_head(&w->disk))
        sim_fail("after a failed commit the room has revision %llu, the disk %llu",
                 (unsigned long long)room_info(w->room).head_rev,
                 (unsigned long long)disk_head(&w->disk));
    w->tally.trimmed += room_info(w->room).base_rev != base_rev;
    if (rev != 0 && rev % CHECK_EVERY == 0) {
        disk_check_text(w, room_info(w->room).rev, room_text(w->room), "the room");
        if (!room_check(w->room))
            sim_fail("the room does not check");
    }
}

struct stretch {
    const struct disk *disk;
    uint64_t first_rev;
};

static const uint8_t *record_at(const void *ctx, size_t i, size_t *ret_len)
{
    const struct stretch *s = ctx;
    return disk_record(s->disk, s->first_rev + i, ret_len);
}

void server_fetched(struct world *w, size_t i, int err)
{
    struct disk *d = &w->disk;
    struct room_fetch want = w->fetches[i];
    struct room_event ev = {.kind = ROOM_FETCHED};
    struct room_fetched *f = &ev.fetched;
    w->fetches[i] = w->fetches[--w->n_fetches];
    f->ticket = want.ticket;
    f->err = err;
    f->first_rev = want.base ? 1 : want.from;
    uint64_t last = want.base ? want.rev : want.to;
    for (size_t k = 0; want.base && k < d->snapshots.n; k++) {
        const struct disk_item *s = &d->snapshots.items[k];
        if (s->rev > want.rev)
            break;
        f->has_snapshot = true;
        f->snapshot_rev = s->rev;
        f->snapshot = d->raw.data + s->at;
        f->snapshot_len = s->len;
        f->first_rev = s->rev + 1;
    }
    if (want.base ? want.rev < d->base : f->first_rev <= d->base)
        f->err = WEFT_EGONE;
    f->n_records = last >= f->first_rev ? (size_t)(last - f->first_rev + 1) : 0;
    f->record = record_at;
    f->record_ctx = &(struct stretch){d, f->first_rev};
    w->tally.fetched++;
    step(w, &ev);
}

static void drop_room(struct world *w)
{
    room_effects_clear(w->fx);
    room_free(w->room);
    w->room = NULL;
    w->n_fetches = 0;
    outlog_done(&w->outlog);
    outlog_init(&w->outlog, pool(), w->swarm.outlog_bytes_max);
}

bool server_evict(struct world *w)
{
    if (w->room == NULL || !room_info(w->room).is_idle)
        return false;
    EACH_LINK(w, link)
    if (link->joined)
        return false;
    drop_room(w);
    w->tally.evicted++;
    return true;
}

void server_stop(struct world *w)
{
    EACH_LINK(w, link)
    net_close(w, link);
    drop_room(w);
}
