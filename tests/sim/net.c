#include "sim/sim.h"

#include <string.h>

#include "room/record.h"
#include "sim/pool.h"
#include "wire/wire.h"

/* --- frames --- */

static void put_text(struct buf *out, const struct weft_text *text, struct frame *f)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    f->has_text = true;
    f->text_bytes = (uint32_t)weft_text_size(text).bytes;
    sim_must(weft_text_iter_at(text, 0, &it), "reading a text");
    while (weft_text_iter_next(&it, &chunk, &len))
        sim_must(buf_put(out, chunk, len), "a frame");
}

static void put_op(struct buf *out, const struct weft_op *op, struct frame *f)
{
    f->plain_op = weft_op_memory(op) == 0;
    if (f->plain_op) {
        f->op_bytes = sizeof *op;
        sim_must(buf_put(out, op, sizeof *op), "a frame");
        return;
    }
    f->op_bytes = (uint32_t)weft_op_encoded_size(op);
    sim_must(buf_reserve(out, f->op_bytes + 1), "a frame");
    weft_op_encode(op, out->data + out->len);
    out->len += f->op_bytes;
}

static void put_meta(struct buf *out, const struct room_meta *meta, struct frame *f)
{
    if (meta == NULL)
        return;
    size_t start = out->len;
    sim_must(meta_encode(meta, out), "a frame");
    f->meta_bytes = (uint32_t)(out->len - start);
}

static void put_users(struct buf *out, const struct room_welcome *m, struct frame *f)
{
    f->n_users = (uint16_t)m->n_users;
    for (size_t i = 0; i < m->n_users; i++) {
        const struct room_person *p = &m->users[i];
        struct client_peer peer = {.user_id = p->user_id,
                                   .has_cursor = p->has_cursor,
                                   .position_cp = p->position_cp,
                                   .anchor_cp = p->anchor_cp};
        if (!p->has_cursor)
            peer.position_cp = peer.anchor_cp = 0;
        sim_must(buf_put(out, &peer, sizeof peer), "a frame");
    }
}

static void put_welcome(struct buf *out, const struct room_welcome *m, struct frame *f)
{
    f->epoch = m->epoch;
    f->user_id = m->user_id;
    f->rev = m->rev;
    f->seq = m->seq;
    if (m->text != NULL)
        put_text(out, m->text, f);
    put_meta(out, m->meta, f);
    put_users(out, m, f);
}

static void put_message(struct buf *out, const struct room_message *m, struct frame *f)
{
    switch (m->type) {
    case MESSAGE_WELCOME:
        put_welcome(out, &m->welcome, f);
        break;
    case MESSAGE_ACK:
        f->rev = m->ack.rev;
        f->seq = m->ack.seq;
        f->dup = m->ack.dup;
        break;
    case MESSAGE_EDIT:
        f->rev = m->edit.rev;
        f->from = m->edit.composed ? m->edit.from : m->edit.rev - 1;
        f->composed = m->edit.composed;
        f->user_id = m->edit.user_id;
        put_op(out, m->edit.op, f);
        put_meta(out, m->edit.meta, f);
        break;
    case MESSAGE_META:
        f->rev = m->meta.rev;
        f->user_id = m->meta.user_id;
        put_meta(out, m->meta.meta, f);
        break;
    case MESSAGE_CURSOR:
        f->rev = m->cursor.rev;
        f->user_id = m->cursor.user_id;
        f->position_cp = (uint32_t)m->cursor.position_cp;
        f->anchor_cp = (uint32_t)m->cursor.anchor_cp;
        break;
    case MESSAGE_JOIN:
    case MESSAGE_USER:
    case MESSAGE_LEAVE:
        f->user_id = m->person.user_id;
        break;
    case MESSAGE_ERROR:
        f->err = (int8_t)m->error.err;
        f->seq = m->error.seq;
        f->of_log = m->error.seq == 0 && strstr(m->error.words, "the log ") != NULL;
        break;
    case MESSAGE_TEXT:
        f->rev = m->text.rev;
        break;
    case MESSAGE_HISTORY:
        f->from = m->history.from;
        f->rev = m->history.to;
        break;
    case MESSAGE_SIGNAL:
    case MESSAGE_CLOSING:
    case MESSAGE_PONG:
    case MESSAGE_HELP:
        sim_fail("the room says what is never asked for here");
    }
}

/* As it would go over the wire, with what the hub adds to a welcome. */
static void put_json(struct world *w, const struct room_message *m, struct buf *out,
                     struct frame *f)
{
    struct room_message full = *m;
    char session[UUID_TEXT_LEN + 1];
    if (w->record == NULL)
        return;
    if (m->type == MESSAGE_WELCOME) {
        uuid_format(&m->welcome.user_id, session);
        full.welcome.session = (struct room_str){session, UUID_TEXT_LEN};
        full.welcome.room = (struct room_str){"sim", 3};
    }
    size_t start = out->len;
    sim_must(wire_encode(&full, out), "a message as JSON");
    f->json_bytes = (uint32_t)(out->len - start);
}

void frame_encode(struct world *w, const struct room_message *m, struct buf *out)
{
    struct frame f;
    memset(&f, 0, sizeof f);
    f.type = (uint8_t)m->type;
    buf_clear(out);
    sim_must(buf_reserve(out, sizeof f), "a frame");
    out->len = sizeof f;
    put_message(out, m, &f);
    put_json(w, m, out, &f);
    f.len = (uint32_t)out->len;
    memcpy(out->data, &f, sizeof f);
}

/* Text, operation, entries, users, JSON: in the order they were put; one of the first two at most. */
bool frame_next(const struct link *link, struct frame_parts *ret)
{
    const uint8_t *at = link->down.data + link->down_at;
    if (link->down.len - link->down_at < sizeof ret->head)
        return false;
    memcpy(&ret->head, at, sizeof ret->head);
    if (link->down.len - link->down_at < ret->head.len)
        return false;
    at += sizeof ret->head;
    ret->text = at;
    ret->op = at += ret->head.text_bytes;
    ret->meta = at += ret->head.op_bytes;
    ret->users = at += ret->head.meta_bytes;
    ret->json = at + ret->head.n_users * sizeof(struct client_peer);
    return true;
}

/* --- connections --- */

static struct up *up_at(struct link *link, size_t i)
{
    return &link->ups[(link->first_up + i) % UPS_MAX];
}

struct up *net_send(struct link *link, enum room_event_kind kind)
{
    if (link->closed || link->n_ups == UPS_MAX)
        return NULL;
    struct up *up = up_at(link, link->n_ups++);
    up->kind = kind;
    up->meta = NULL;
    weft_op_init(&up->op, pool());
    return up;
}

void net_drop_up(struct link *link)
{
    struct up *up = up_at(link, 0);
    weft_op_done(&up->op);
    weft_release(pool(), up->meta, sizeof *up->meta);
    link->first_up = (link->first_up + 1) % UPS_MAX;
    link->n_ups--;
}

static void free_if_over(struct world *w, struct link *link)
{
    if (!link->closed || link->held)
        return;
    buf_done(&link->down);
    weft_release(pool(), link->ups, UPS_MAX * sizeof *link->ups);
    w->live &= ~(1u << (link->conn % LINKS_MAX));
    link->conn = 0;
}

struct link *net_connect(struct world *w, int client, const struct room_join *join)
{
    if (w->live == UINT32_MAX)
        return NULL;
    unsigned at = (unsigned)__builtin_ctz(~w->live);
    struct link *link = &w->links[at];
    memset(link, 0, sizeof *link);
    link->conn = ++w->last_conn * LINKS_MAX + at;
    w->live |= 1u << at;
    link->client = client;
    link->held = true;
    link->resume_rev = join->rev;
    link->ups = weft_resize(pool(), NULL, 0, UPS_MAX * sizeof *link->ups);
    buf_init(&link->down, pool());
    outlog_reader_init(&link->reader, &w->outlog, pool(), link->conn, 0, 0);
    net_send(link, ROOM_JOIN)->join = *join;
    return link;
}

struct link *net_find(struct world *w, uint64_t conn)
{
    struct link *link = &w->links[conn % LINKS_MAX];
    return conn != 0 && link->conn == conn && !link->closed ? link : NULL;
}

void net_hang_up(struct world *w, struct link *link)
{
    link->held = false;
    buf_clear(&link->down);
    link->down_at = 0;
    free_if_over(w, link);
}

void net_close(struct world *w, struct link *link)
{
    if (link->closed)
        return;
    link->closed = true;
    link->joined = false;
    outlog_reader_done(&link->reader);
    while (link->n_ups != 0)
        net_drop_up(link);
    free_if_over(w, link);
}
