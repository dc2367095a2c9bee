/* Connections: messages in, frames out, the end. How they come: hub_join.c.
 *
 * Nothing is read from a connection until it was sent its welcome, so a message never meets a room
 * that does not know its sender. Until then, and after its room is gone, it reads the lobby: an
 * outgoing log in which nothing ever stands, so that it gets what is for it alone. */
#include "server/hub_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static const struct outlog *log_of(const struct conn *c)
{
    return c->state == CONN_JOINED ? &c->entry->outlog : &c->hub->lobby;
}

/* --- frames out --- */

int hub_encode(struct hub *h, const struct room_message *m, const uint8_t **ret_bytes,
               size_t *ret_len)
{
    static const uint8_t space[NET_FRAME_HEADER_MAX];
    uint8_t header[NET_FRAME_HEADER_MAX];
    buf_clear(&h->frame);
    int err = buf_put(&h->frame, space, sizeof space);
    if (err == 0)
        err = wire_encode(m, &h->frame);
    if (err != 0)
        return err;
    /* The header's length depends on the payload's, so it is put right before it afterwards. */
    size_t header_len = net_frame_header(h->frame.len - sizeof space, header);
    uint8_t *at = h->frame.data + sizeof space - header_len;
    memcpy(at, header, header_len);
    *ret_bytes = at;
    *ret_len = h->frame.len - sizeof space + header_len;
    return 0;
}

void conn_pause(struct conn *c, unsigned why, bool paused)
{
    unsigned was = c->paused;
    c->paused = paused ? was | why : was & ~why;
    if (c->state != CONN_UPGRADING && !c->closing && (was != 0) != (c->paused != 0))
        net_pause(c->net, c->paused != 0);
}

/* rev: the revision this brings its reader to, 0 for none. */
void conn_send(struct hub *h, struct conn *c, const struct room_message *m, uint64_t rev)
{
    const uint8_t *frame = NULL;
    size_t len = 0;
    if (hub_encode(h, m, &frame, &len) != 0 ||
        outlog_send(log_of(c), &c->reader, frame, len, rev) != 0) {
        net_kill(c->net); /* a gap in what it is sent: it comes back and catches up */
        return;
    }
    memory_count(h, c);
    if (c->reader.private_bytes > PRIVATE_BYTES_HIGH)
        conn_pause(c, PAUSE_PRIVATE, true);
    net_want_write(c->net);
}

void conn_close(struct conn *c, uint16_t code, const char *reason)
{
    if (c->closing)
        return;
    if (c->paused != 0) /* its answer to the CLOSE is to be read */
        net_pause(c->net, false);
    c->closing = true;
    link_out(&c->resting);
    net_close(c->net, code, reason);
}

static void conn_error(struct hub *h, struct conn *c, int err, const char *words, uint64_t seq,
                       uint32_t retry_ms)
{
    struct room_message m = {.type = MESSAGE_ERROR};
    m.error.err = err;
    m.error.seq = seq;
    m.error.retry_ms = retry_ms;
    snprintf(m.error.words, sizeof m.error.words, "%s", words);
    conn_send(h, c, &m, 0);
}

void conn_put_off(struct hub *h, struct conn *c)
{
    conn_error(h, c, WEFT_ERATE,
               "found more than the server has memory for waiting to be read, expected less; try "
               "again later",
               0, HUB_RETRY_MS_MOST);
}

void conn_refuse(struct hub *h, struct conn *c, int err, const char *words, uint32_t retry_ms,
                 uint16_t code)
{
    if (c->closing)
        return;
    hub_refused(h, words);
    conn_error(h, c, err, words, 0, retry_ms);
    conn_close(c, code, "see the error before this");
}

void conn_closing(struct hub *h, struct conn *c)
{
    if (c->state == CONN_UPGRADING || c->closing) /* the former when its WebSocket is there */
        return;
    /* xorshift64; only spreads them in time. */
    h->chance ^= h->chance << 13;
    h->chance ^= h->chance >> 7;
    h->chance ^= h->chance << 17;
    struct room_message m = {.type = MESSAGE_CLOSING};
    m.closing.code = "restart";
    m.closing.retry_ms =
        HUB_RETRY_MS_LEAST + (uint32_t)(h->chance % (HUB_RETRY_MS_MOST - HUB_RETRY_MS_LEAST + 1));
    conn_send(h, c, &m, 0);
    conn_close(c, 1012, "restart");
}

/* --- the outgoing log --- */

/* Keeps count of who has everything. */
static void advanced(struct conn *c, uint64_t before)
{
    if (c->state == CONN_JOINED && before != c->reader.at &&
        c->reader.at == c->entry->outlog.next_seq)
        c->entry->n_at_end++;
}

static bool catch_up(struct hub *h, struct conn *c)
{
    struct room_event event = {.kind = ROOM_BEHIND, .conn = c->party.id};
    event.behind.rev = c->reader.rev;
    event.behind.presence_seq = c->reader.presence_seq;
    return !c->entry->doomed && hub_step(h, c->entry, &event) == 0;
}

void conn_skip(struct hub *h, struct entry *e, uint64_t id)
{
    struct conn *c = numbers_get(&h->numbers, id);
    WEFT_ASSERT(c != NULL && c->party.kind == PARTY_CONN && c->entry == e);
    uint64_t before = c->reader.at;
    outlog_reader_skip(&e->outlog, &c->reader, c->reader.rev, room_info(e->room).presence_seq);
    memory_count(h, c);
    advanced(c, before);
}

static void on_pull(void *ctx, struct net_conn *nc, void *user, const uint8_t **ret_bytes,
                    size_t *ret_len)
{
    struct hub *h = ctx;
    struct conn *c = user;
    *ret_len = 0;
    if (c->state == CONN_UPGRADING)
        return;
    for (int tries = 0; tries < 3; tries++) {
        enum outlog_state state = OUTLOG_NOTHING;
        uint64_t before = c->reader.at;
        int err = outlog_pull(log_of(c), &c->reader, HUB_WRITE_BYTES_MAX, &h->scratch, &state,
                              ret_bytes, ret_len);
        if (err == 0)
            advanced(c, before);
        memory_count(h, c);
        if (err == 0 && state == OUTLOG_BEHIND && memory_is_short(h)) {
            *ret_len = 0;
            memory_wait(h, c);
            return;
        }
        if (err != 0 || (state == OUTLOG_BEHIND && !catch_up(h, c))) {
            *ret_len = 0;
            net_kill(nc);
            return;
        }
        if (state != OUTLOG_BEHIND) {
            if (state == OUTLOG_NOTHING)
                *ret_len = 0;
            if (c->reader.private_bytes <= PRIVATE_BYTES_HIGH / 2)
                conn_pause(c, PAUSE_PRIVATE, false);
            if (!list_is_empty(&h->lacking) && !memory_is_short(h))
                uv_async_send(&h->wake); /* another turn, which begins with hub_settle() */
            return;
        }
    }
}

/* --- going --- */

void conn_drop_unread(struct hub *h, struct conn *c)
{
    outlog_reader_done(&c->reader);
    memory_count(h, c);
}

void conn_leave_entry(struct hub *h, struct conn *c)
{
    struct entry *e = c->entry;
    if (c->state == CONN_JOINED) {
        e->n_joined--;
        if (c->reader.at == e->outlog.next_seq)
            e->n_at_end--;
        c->state = CONN_WAITING;
        conn_drop_unread(h, c);
        outlog_reader_init(&c->reader, &h->lobby, weft_heap(), c->party.id, 0, 0);
    }
    link_out(&c->of_entry);
    e->n_conns--;
    c->entry = NULL;
}

static void on_stalled(void *ctx, struct net_conn *nc, void *user)
{
    struct conn *c = user;
    (void)ctx;
    (void)nc;
    log_line(LOG_DEBUG, "reader too slow", "room=%s private_bytes=%zu",
             c->entry != NULL ? c->entry->hash : "none", c->reader.private_bytes);
    conn_close(c, 4409, "too slow: reconnect and resume");
}

static void on_closed(void *ctx, struct net_conn *nc, void *user)
{
    struct hub *h = ctx;
    struct conn *c = user;
    struct entry *e = c->entry;
    bool known = c->state == CONN_JOINING || c->state == CONN_JOINED;
    struct room_event event = {.kind = ROOM_LEAVE, .conn = c->party.id};
    (void)nc;
    if (e != NULL)
        conn_leave_entry(h, c);
    numbers_drop(&h->numbers, c->party.id);
    link_out(&c->all);
    link_out(&c->resting);
    link_out(&c->lacking);
    conn_drop_unread(h, c);
    free(c);
    tally_add(&h->n_conns, (size_t)-1);
    if (h->phase == HUB_ENDED)
        return;
    if (e != NULL && known && !e->doomed && hub_step(h, e, &event) != 0) {
        e->doomed = true; /* or somebody who left would be shown for ever */
        entry_touch(h, e);
    }
    hub_settle(h);
}

/* --- messages --- */

static void rest(struct hub *h, struct conn *c, uint32_t wait_ms)
{
    if (c->closing)
        return;
    c->rested_ms = hub_now(h) + wait_ms;
    if (link_is_in(&c->resting))
        return;
    if (list_is_empty(&h->resting))
        uv_timer_again(&h->rest);
    list_append(&h->resting, &c->resting);
    conn_pause(c, PAUSE_RATE, true);
}

void conns_rest_over(struct hub *h)
{
    int64_t now_ms = hub_now(h);
    LINK_EACH(&h->resting, at)
    {
        struct conn *c = LINK_OF(at, struct conn, resting);
        if (now_ms < c->rested_ms)
            continue;
        uint32_t wait_ms = guard_rested(&c->guard, now_ms);
        if (wait_ms != 0) {
            c->rested_ms = now_ms + wait_ms;
            continue;
        }
        link_out(&c->resting);
        conn_pause(c, PAUSE_RATE, false);
    }
}

/* A room whose disk is behind is written to no further until it has caught up: what is piped in
 * faster than the disk takes it waits in the socket and is not refused. */
static void hold_back(struct conn *c)
{
    if (room_info(c->entry->room).backlog != ROOM_BACKLOG_HIGH)
        return;
    c->entry->held = true;
    conn_pause(c, PAUSE_DISK, true);
}

void conns_go_on(struct entry *e)
{
    if (!e->held || room_info(e->room).backlog != ROOM_BACKLOG_LOW)
        return;
    e->held = false;
    LINK_EACH(&e->conns, at)
    conn_pause(LINK_OF(at, struct conn, of_entry), PAUSE_DISK, false);
}

/* True when it may be answered. */
static bool admit(struct hub *h, struct conn *c, const struct wire_message *m)
{
    uint32_t retry_ms = 0;
    enum guard_verdict verdict = GUARD_PASS;
    if (m->kind == WIRE_EVENT)
        verdict = guard_event(&c->guard, m->event.kind, room_info(c->entry->room).length_bytes,
                              hub_now(h), &retry_ms);
    else if (m->kind == WIRE_HELP)
        verdict = guard_query(&c->guard, 0, hub_now(h), &retry_ms);
    switch (verdict) {
    case GUARD_PASS:
        return true;
    case GUARD_REFUSE:
        conn_error(h, c, WEFT_ERATE,
                   "found more text, history, signal and help than may be asked for at once, "
                   "expected fewer; try again later",
                   0, retry_ms);
        return false;
    case GUARD_CLOSE:
        conn_close(c, 4429, "too many queries after they were refused");
        return false;
    }
    return false;
}

/* A frame that is no message costs one all the same. */
static void on_frame(void *ctx, struct net_conn *nc, void *user)
{
    struct hub *h = ctx;
    struct conn *c = user;
    (void)nc;
    uint32_t wait_ms = guard_message(&c->guard, hub_now(h));
    if (wait_ms != 0)
        rest(h, c, wait_ms);
}

static size_t waiting_bytes(const void *ctx, uint64_t id)
{
    const struct hub *h = ctx;
    const struct party *party = numbers_get(&h->numbers, id);
    if (party == NULL || party->kind != PARTY_CONN)
        return 0;
    if (memory_is_short(h))
        return SIZE_MAX; /* nobody is to wait for anything more */
    return ((const struct conn *)(const void *)party)->reader.private_bytes;
}

static void handle(struct hub *h, struct conn *c, struct wire_message *m)
{
    struct room_message answer = {.type = m->kind == WIRE_PING ? MESSAGE_PONG : MESSAGE_HELP};
    uint64_t seq = 0;
    if (!admit(h, c, m))
        return;
    if (m->kind != WIRE_EVENT) {
        conn_send(h, c, &answer, 0);
        return;
    }
    m->event.conn = c->party.id;
    if (m->event.kind == ROOM_OPERATION || m->event.kind == ROOM_META) {
        m->event.submission.at_ms = hub_unix_ms();
        seq = m->event.submission.has_seq ? m->event.submission.seq : 0;
    }
    if (m->event.kind == ROOM_SIGNAL) {
        m->event.signal.waiting_bytes = waiting_bytes;
        m->event.signal.waiting_ctx = h;
    }
    int err = hub_step(h, c->entry, &m->event);
    if (err != 0)
        conn_error(h, c, err, weft_error_text(err), seq, HUB_RETRY_MS_MOST);
    if (m->event.kind == ROOM_OPERATION || m->event.kind == ROOM_META)
        hold_back(c);
}

static void on_message(void *ctx, struct net_conn *nc, void *user, const char *bytes, size_t len,
                       bool binary)
{
    struct hub *h = ctx;
    struct conn *c = user;
    struct wire_message m;
    struct room_message error = {.type = MESSAGE_ERROR};
    if (h->phase == HUB_ENDED || c->closing)
        return;
    net_want_write(nc); /* so that this turn has an end: hub_settle() */
    if (c->state != CONN_JOINED || c->entry->doomed) {
        /* Reading was stopped, or it is about to be closed: not applied, and not without a word. */
        conn_error(h, c, WEFT_EIO, "the room is not open; nothing was applied", 0, 1000);
        return;
    }
    uint32_t wait_ms = guard_message(&c->guard, hub_now(h));
    if (wait_ms != 0)
        rest(h, c, wait_ms);
    if (binary) {
        conn_error(h, c, WEFT_EJSON, "found a binary frame, expected a text frame with one object",
                   0, 0);
        return;
    }
    if (wire_decode(weft_heap(), bytes, len, &m, &error.error) != 0) {
        conn_send(h, c, &error, 0);
        return;
    }
    handle(h, c, &m);
    wire_message_done(&m);
}

struct net_handler hub_conn_handler(struct hub *h)
{
    return (struct net_handler){.ctx = h,
                                .upgrade = conn_upgrade,
                                .open = conn_open,
                                .message = on_message,
                                .frame = on_frame,
                                .pull = on_pull,
                                .stalled = on_stalled,
                                .closed = on_closed};
}
