#include "support/room_server.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "room/record.h"
#include "support/faulty.h"

static void must(int err)
{
    WEFT_ASSERT(err == 0);
}

void server_init(struct server *s, const struct uuid *epoch, size_t outlog_bytes_max)
{
    memset(s, 0, sizeof *s);
    s->unix_ms = 1000000;
    disk_init(&s->disk, epoch);
    s->config = (struct room_config){
        .document_bytes_max = 1 << 20, .people_max = SERVER_LINKS_MAX, .message_bytes_max = 1000};
    must(room_effects_new(&faulty_never()->alloc, &s->fx));
    s->outlog_bytes_max = outlog_bytes_max;
    outlog_init(&s->outlog, &faulty_never()->alloc, outlog_bytes_max);
    buf_init(&s->frame, &faulty_never()->alloc);
    buf_init(&s->scratch, &faulty_never()->alloc);
    s->open_snapshot = SIZE_MAX;
}

static void wrong(struct server *s, const char *what)
{
    if (s->wrong == NULL)
        s->wrong = what;
}

/* --- connections --- */

static void up_done(struct up *up)
{
    weft_op_done(&up->op);
    free(up->meta);
    up->meta = NULL;
}

static void ups_clear(struct link *link)
{
    for (size_t i = 0; i < link->n_ups; i++)
        up_done(&link->ups[i]);
    link->n_ups = 0;
}

static void link_free_if_over(struct link *link)
{
    if (!link->closed || link->client >= 0)
        return;
    buf_done(&link->down);
    link->conn = 0;
}

/* The server's side is gone. */
static void close_link(struct link *link)
{
    if (link->closed)
        return;
    link->closed = true;
    link->joined = false;
    outlog_reader_done(&link->reader);
    ups_clear(link);
    link_free_if_over(link);
}

static struct link *find(struct server *s, uint64_t conn)
{
    for (size_t i = 0; i < SERVER_LINKS_MAX; i++)
        if (conn != 0 && s->links[i].conn == conn && !s->links[i].closed)
            return &s->links[i];
    return NULL;
}

struct up *server_send(struct link *link, enum room_event_kind kind)
{
    if (link->closed || link->n_ups == SERVER_UP_MAX)
        return NULL;
    struct up *up = &link->ups[link->n_ups++];
    memset(up, 0, sizeof *up);
    weft_op_init(&up->op, &faulty_never()->alloc);
    up->kind = kind;
    return up;
}

struct link *server_connect(struct server *s, int client, const struct room_join *join)
{
    struct link *link = s->links;
    while (link < s->links + SERVER_LINKS_MAX && link->conn != 0)
        link++;
    if (link == s->links + SERVER_LINKS_MAX)
        return NULL;
    memset(link, 0, sizeof *link);
    link->conn = ++s->last_conn;
    link->client = client;
    link->resume_rev = join->rev;
    buf_init(&link->down, &faulty_never()->alloc);
    outlog_reader_init(&link->reader, &s->outlog, &faulty_never()->alloc, link->conn, 0, 0);
    server_send(link, ROOM_JOIN)->join = *join;
    return link;
}

void server_hang_up(struct link *link)
{
    link->client = -1;
    buf_clear(&link->down);
    link_free_if_over(link);
}

/* --- effects --- */

/* The newest revision that a message shows anything of. */
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

static void check_ack(struct server *s, const struct room_ack *ack)
{
    struct record r;
    if (ack->rev == 0)
        return;
    const struct disk_bytes *b = &s->disk.records.items[ack->rev - 1];
    must(record_decode(b->at, b->len, &r));
    if (r.seq != ack->seq)
        wrong(s, "an ack of another operation than the log has there");
}

static void check_history(struct server *s, const struct room_history_answer *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct room_history_item *item = &m->items[i];
        const struct disk_bytes *b = &s->disk.records.items[item->rev - 1];
        struct record r;
        struct weft_op op;
        weft_op_init(&op, &faulty_never()->alloc);
        must(record_decode(b->at, b->len, &r));
        must(weft_op_decode(b->at + r.op_at, b->len - r.op_at, &op));
        if (item->rev != m->from + i || !weft_op_equal(&op, item->op) ||
            !uuid_equal(&r.user_id, &item->user_id))
            wrong(s, "a history that is not the log's");
        weft_op_done(&op);
    }
}

/* What is shown is on disk, and is what is there. */
static void check_message(struct server *s, const struct room_message *m)
{
    if (shown_rev(m) > disk_head(&s->disk)) {
        wrong(s, "something is shown that is not on disk");
        return;
    }
    if (m->type == MESSAGE_ACK)
        check_ack(s, &m->ack);
    if (m->type == MESSAGE_HISTORY)
        check_history(s, &m->history);
    if ((m->type == MESSAGE_TEXT && !disk_text_is(&s->disk, m->text.rev, m->text.text)) ||
        (m->type == MESSAGE_WELCOME && m->welcome.text != NULL &&
         !disk_text_is(&s->disk, m->welcome.rev, m->welcome.text)))
        wrong(s, "a text that is not the log's");
    if (m->type == MESSAGE_CURSOR &&
        (m->cursor.position_cp > disk_length_cp(&s->disk, m->cursor.rev) ||
         m->cursor.anchor_cp > disk_length_cp(&s->disk, m->cursor.rev)))
        wrong(s, "a caret outside the text");
}

static void send_one(struct server *s, const struct room_effect *e)
{
    struct link *link = find(s, e->conn);
    check_message(s, &e->message);
    if (link == NULL)
        return;
    if (e->message.type == MESSAGE_WELCOME) {
        const struct room_welcome *w = &e->message.welcome;
        outlog_reader_done(&link->reader);
        outlog_reader_init(&link->reader, &s->outlog, &faulty_never()->alloc, link->conn,
                           w->text != NULL ? w->rev : link->resume_rev, s->presence_seq);
        link->joined = true;
    }
    buf_clear(&s->frame);
    frame_encode(&e->message, &s->frame);
    must(outlog_send(&s->outlog, &link->reader, s->frame.data, s->frame.len, e->rev));
}

static void carry_out(struct server *s, const struct room_effect *e)
{
    struct link *link;
    switch (e->kind) {
    case ROOM_PERSIST:
    case ROOM_SNAPSHOT:
        s->n_snapshots += e->kind == ROOM_SNAPSHOT;
        disk_write(&s->disk, e->kind == ROOM_SNAPSHOT, e->rev, e->bytes);
        break;
    case ROOM_TRIM:
        s->n_trims++;
        disk_trim(&s->disk, e->rev);
        break;
    case ROOM_SEND:
        send_one(s, e);
        break;
    case ROOM_BROADCAST:
        check_message(s, &e->message);
        buf_clear(&s->frame);
        frame_encode(&e->message, &s->frame);
        must(outlog_append(&s->outlog, s->frame.data, s->frame.len, e->conn, e->rev,
                           e->presence_seq));
        if (e->presence_seq != 0)
            s->presence_seq = e->presence_seq;
        break;
    case ROOM_CLOSE:
        link = find(s, e->conn);
        s->n_too_slow += e->close.code == 4409;
        if (link != NULL)
            close_link(link); /* the room is told by the caller */
        break;
    case ROOM_FETCH:
        break; /* by the caller: it needs another step */
    }
}

static const uint8_t *record_at(const void *ctx, size_t i, size_t *ret_len)
{
    const struct disk_bytes *first = ctx;
    *ret_len = first[i].len;
    return first[i].at;
}

static void step(struct server *s, const struct room_event *event);

/* Reads are answered at once: their order among other things is not what is tested here. */
static void fetch(struct server *s, const struct room_fetch *want)
{
    struct room_event ev = {.kind = ROOM_FETCHED};
    struct room_fetched *f = &ev.fetched;
    uint64_t first = want->from;
    uint64_t last = want->to;
    f->ticket = want->ticket;
    if (want->base) {
        first = 1;
        last = want->rev;
        for (size_t i = 0; i < s->disk.snapshots.n; i++) {
            const struct disk_bytes *b = &s->disk.snapshots.items[i];
            if (b->rev > want->rev)
                break;
            f->has_snapshot = true;
            f->snapshot_rev = b->rev;
            f->snapshot = b->at;
            f->snapshot_len = b->len;
            first = b->rev + 1;
        }
    }
    if (want->base ? want->rev < s->disk.base : first <= s->disk.base)
        f->err = WEFT_EGONE;
    f->first_rev = first;
    f->n_records = last >= first ? (size_t)(last - first + 1) : 0;
    f->record = record_at;
    f->record_ctx = f->n_records != 0 ? &s->disk.records.items[first - 1] : NULL;
    s->n_fetched++;
    step(s, &ev);
}

static void step(struct server *s, const struct room_event *event)
{
    enum { FETCHES_MAX = 64 };
    struct room_fetch fetches[FETCHES_MAX];
    uint64_t closed[SERVER_LINKS_MAX];
    size_t n_fetches = 0;
    size_t n_closed = 0;
    room_effects_clear(s->fx);
    must(room_step(s->room, ++s->now_ms, event, s->fx));
    struct link *behind = event->kind == ROOM_BEHIND ? find(s, event->conn) : NULL;
    if (behind != NULL)
        outlog_reader_skip(&s->outlog, &behind->reader, behind->reader.rev,
                           room_info(s->room).presence_seq);
    for (size_t i = 0; i < room_effects_count(s->fx); i++) {
        const struct room_effect *e = room_effects_at(s->fx, i);
        if (e->kind == ROOM_FETCH && n_fetches < FETCHES_MAX)
            fetches[n_fetches++] = e->fetch;
        if (e->kind == ROOM_CLOSE)
            closed[n_closed++] = e->conn;
        carry_out(s, e);
    }
    if (!outlog_check(&s->outlog))
        wrong(s, "the outgoing log does not check");
    for (size_t i = 0; i < n_closed; i++)
        step(s, &(struct room_event){.kind = ROOM_LEAVE, .conn = closed[i]});
    for (size_t i = 0; i < n_fetches; i++)
        fetch(s, &fetches[i]);
}

/* --- what may happen --- */

static bool open_room(struct server *s)
{
    if (s->room != NULL)
        return true;
    s->room = disk_open(&s->disk, &s->config, s->open_snapshot, s->open_back, s->why);
    if (s->room == NULL)
        wrong(s, s->why);
    else if (!disk_text_is(&s->disk, disk_head(&s->disk), room_text(s->room)) ||
             !room_check(s->room))
        wrong(s, "the room that was loaded is not what the log holds");
    s->now_ms = 0;
    s->presence_seq = 0;
    s->n_opened++;
    return s->room != NULL;
}

void server_read(struct server *s, struct link *link)
{
    if (link->closed || link->n_ups == 0 || !open_room(s))
        return;
    struct up up = link->ups[0];
    memmove(link->ups, link->ups + 1, --link->n_ups * sizeof *link->ups);
    struct room_event ev = {.kind = up.kind, .conn = link->conn};
    switch (up.kind) {
    case ROOM_JOIN:
        ev.join = up.join;
        break;
    case ROOM_CURSOR:
        ev.cursor = up.cursor;
        break;
    case ROOM_TEXT:
    case ROOM_HISTORY:
        ev.query = up.query;
        break;
    case ROOM_OPERATION:
    case ROOM_META:
        ev.submission.op = up.kind == ROOM_OPERATION ? &up.op : NULL;
        ev.submission.meta = up.meta;
        ev.submission.has_rev = true;
        ev.submission.rev = up.rev;
        ev.submission.has_seq = true;
        ev.submission.seq = up.seq;
        ev.submission.at_ms = ++s->unix_ms;
        break;
    default:
        break; /* USER with no change */
    }
    step(s, &ev);
    up_done(&up);
}

void server_write(struct server *s, struct link *link, size_t max_bytes)
{
    enum outlog_state state;
    const uint8_t *bytes;
    size_t len;
    if (link->closed || !link->joined)
        return;
    must(outlog_pull(&s->outlog, &link->reader, max_bytes, &s->scratch, &state, &bytes, &len));
    if (state == OUTLOG_BYTES && link->client >= 0)
        must(buf_put(&link->down, bytes, len));
    if (state != OUTLOG_BEHIND)
        return;
    struct room_event ev = {.kind = ROOM_BEHIND, .conn = link->conn};
    ev.behind.rev = link->reader.rev;
    ev.behind.presence_seq = link->reader.presence_seq;
    s->n_behind++;
    step(s, &ev);
}

void server_notice(struct server *s, struct link *link)
{
    if (link->closed)
        return;
    uint64_t conn = link->conn;
    close_link(link);
    if (s->room != NULL)
        step(s, &(struct room_event){.kind = ROOM_LEAVE, .conn = conn});
}

void server_flush(struct server *s)
{
    if (s->room != NULL && room_info(s->room).wants_flush)
        step(s, &(struct room_event){.kind = ROOM_FLUSH});
}

void server_tick(struct server *s, const struct room_tick *tick)
{
    if (s->room == NULL)
        return;
    struct room_event ev = {.kind = ROOM_TICK, .tick = *tick};
    ev.tick.unix_ms = s->unix_ms;
    step(s, &ev);
}

void server_trim(struct server *s)
{
    uint64_t at = s->outlog.next_seq;
    for (size_t i = 0; i < SERVER_LINKS_MAX; i++)
        if (s->links[i].joined && s->links[i].reader.at < at)
            at = s->links[i].reader.at;
    outlog_trim(&s->outlog, at);
}

void server_submit(struct server *s)
{
    (void)disk_submit(&s->disk);
}

void server_commit(struct server *s, bool ok)
{
    if (!s->disk.committing)
        return;
    uint64_t rev = disk_finish(&s->disk, ok);
    struct room_stored stored = s->disk.stored;
    if (s->room != NULL && (stored.snapshot_rev != 0 || stored.trim_rev != 0))
        step(s, &(struct room_event){.kind = ROOM_STORED, .stored = stored});
    if (s->room == NULL || (ok && rev == 0))
        return;
    struct room_event ev = {.kind = ok ? ROOM_DURABLE : ROOM_COMMIT_FAILED};
    if (ok)
        ev.durable_rev = rev;
    step(s, &ev);
    if (!room_check(s->room) || !disk_text_is(&s->disk, room_info(s->room).rev, room_text(s->room)))
        wrong(s, "the room is not what the log holds");
}

static void drop_room(struct server *s)
{
    room_effects_clear(s->fx);
    room_free(s->room);
    s->room = NULL;
    outlog_done(&s->outlog);
    outlog_init(&s->outlog, &faulty_never()->alloc, s->outlog_bytes_max);
}

bool server_evict(struct server *s)
{
    if (s->room == NULL || !room_info(s->room).is_idle || s->disk.committing)
        return false;
    for (size_t i = 0; i < SERVER_LINKS_MAX; i++)
        if (s->links[i].joined)
            return false;
    drop_room(s);
    return true;
}

void server_crash(struct server *s, bool arrived)
{
    for (size_t i = 0; i < SERVER_LINKS_MAX; i++)
        if (s->links[i].conn != 0)
            close_link(&s->links[i]);
    drop_room(s);
    disk_crash(&s->disk, arrived);
}

void server_done(struct server *s)
{
    for (size_t i = 0; i < SERVER_LINKS_MAX; i++) {
        if (s->links[i].conn == 0)
            continue;
        close_link(&s->links[i]);
        if (s->links[i].conn != 0)
            server_hang_up(&s->links[i]);
    }
    drop_room(s);
    outlog_done(&s->outlog);
    room_effects_free(s->fx);
    buf_done(&s->frame);
    buf_done(&s->scratch);
    disk_done(&s->disk);
}

bool server_frame(const struct link *link, struct frame *ret, size_t *ret_len)
{
    *ret_len = frame_decode(link->down.data, link->down.len, ret);
    return *ret_len != 0;
}

void server_drop(struct link *link, size_t len)
{
    link->down.len -= len;
    memmove(link->down.data, link->down.data + len, link->down.len);
}
