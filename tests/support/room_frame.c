#include "support/room_frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "room/record.h"

static void must(int err)
{
    WEFT_ASSERT(err == 0);
}

static void put_uuid(struct buf *out, const struct uuid *id)
{
    must(buf_put(out, id->bytes, sizeof id->bytes));
}

static void get_uuid(struct cur *c, struct uuid *ret)
{
    const uint8_t *at = cur_bytes(c, sizeof ret->bytes);
    WEFT_ASSERT(at != NULL);
    memcpy(ret->bytes, at, sizeof ret->bytes);
}

static void put_op(struct buf *out, const struct weft_op *op)
{
    size_t len = weft_op_encoded_size(op);
    must(buf_put_varint(out, len));
    must(buf_reserve(out, len + 1));
    weft_op_encode(op, out->data + out->len);
    out->len += len;
}

static void get_op(struct cur *c, struct weft_op *op)
{
    size_t len;
    const uint8_t *at = cur_blob(c, SIZE_MAX, &len);
    must(weft_op_decode(at, len, op));
}

static void put_text(struct buf *out, const struct weft_text *text)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    must(buf_put_varint(out, weft_text_size(text).bytes));
    must(weft_text_iter_at(text, 0, &it));
    while (weft_text_iter_next(&it, &chunk, &len))
        must(buf_put(out, chunk, len));
}

static void get_text(struct cur *c, struct frame *ret)
{
    ret->has_text = true;
    ret->text = (const char *)cur_blob(c, SIZE_MAX, &ret->text_len);
}

static void put_welcome(struct buf *out, const struct room_welcome *w)
{
    put_uuid(out, &w->epoch);
    put_uuid(out, &w->user_id);
    must(buf_put_varint(out, w->rev));
    must(buf_put_varint(out, w->seq));
    must(meta_encode(w->meta, out));
    must(buf_put_varint(out, w->n_users));
    for (size_t i = 0; i < w->n_users; i++) {
        put_uuid(out, &w->users[i].user_id);
        must(buf_put_u8(out, w->users[i].has_cursor));
        must(buf_put_varint(out, w->users[i].position_cp));
        must(buf_put_varint(out, w->users[i].anchor_cp));
    }
    must(buf_put_u8(out, w->text != NULL));
    if (w->text != NULL)
        put_text(out, w->text);
}

static void get_welcome(struct cur *c, struct frame *ret)
{
    get_uuid(c, &ret->epoch);
    get_uuid(c, &ret->user_id);
    ret->rev = cur_varint(c);
    ret->seq = cur_varint(c);
    meta_decode(c, &ret->meta);
    ret->n_peers = (size_t)cur_varint_max(c, FRAME_PEERS_MAX);
    for (size_t i = 0; i < ret->n_peers; i++) {
        get_uuid(c, &ret->peers[i].user_id);
        ret->peers[i].has_cursor = cur_u8(c) != 0;
        ret->peers[i].position_cp = (size_t)cur_varint(c);
        ret->peers[i].anchor_cp = (size_t)cur_varint(c);
    }
    if (cur_u8(c) != 0)
        get_text(c, ret);
}

static void put_message(const struct room_message *m, struct buf *out)
{
    switch (m->type) {
    case MESSAGE_WELCOME:
        put_welcome(out, &m->welcome);
        break;
    case MESSAGE_ACK:
        must(buf_put_varint(out, m->ack.rev));
        must(buf_put_varint(out, m->ack.seq));
        must(buf_put_u8(out, m->ack.dup));
        break;
    case MESSAGE_EDIT:
        must(buf_put_varint(out, m->edit.rev));
        must(buf_put_varint(out, m->edit.from));
        must(buf_put_u8(out, m->edit.composed));
        put_uuid(out, &m->edit.user_id);
        must(meta_encode(m->edit.meta, out));
        put_op(out, m->edit.op);
        break;
    case MESSAGE_META:
        must(buf_put_varint(out, m->meta.rev));
        put_uuid(out, &m->meta.user_id);
        must(meta_encode(m->meta.meta, out));
        break;
    case MESSAGE_CURSOR:
        must(buf_put_varint(out, m->cursor.rev));
        put_uuid(out, &m->cursor.user_id);
        must(buf_put_varint(out, m->cursor.position_cp));
        must(buf_put_varint(out, m->cursor.anchor_cp));
        break;
    case MESSAGE_JOIN:
    case MESSAGE_USER:
    case MESSAGE_LEAVE:
        put_uuid(out, &m->person.user_id);
        break;
    case MESSAGE_ERROR:
        must(buf_put_u8(out, (uint8_t)-m->error.err));
        must(buf_put_varint(out, m->error.seq));
        break;
    case MESSAGE_TEXT:
        must(buf_put_varint(out, m->text.rev));
        put_text(out, m->text.text);
        break;
    case MESSAGE_HISTORY:
        must(buf_put_varint(out, m->history.from));
        must(buf_put_varint(out, m->history.to));
        break;
    case MESSAGE_SIGNAL:
    case MESSAGE_CLOSING:
    case MESSAGE_PONG:
    case MESSAGE_HELP:
        WEFT_NEVER("not used in these tests");
    }
}

void frame_encode(const struct room_message *m, struct buf *out)
{
    size_t start = out->len;
    must(buf_put_u32(out, 0));
    must(buf_put_u8(out, (uint8_t)m->type));
    put_message(m, out);
    size_t len = out->len - start;
    for (unsigned i = 0; i < 4; i++)
        out->data[start + i] = (uint8_t)(len >> (8 * i));
}

static void get_message(struct cur *c, struct frame *ret)
{
    switch (ret->type) {
    case MESSAGE_WELCOME:
        get_welcome(c, ret);
        break;
    case MESSAGE_ACK:
        ret->rev = cur_varint(c);
        ret->seq = cur_varint(c);
        ret->dup = cur_u8(c) != 0;
        break;
    case MESSAGE_EDIT:
        ret->rev = cur_varint(c);
        ret->from = cur_varint(c);
        ret->composed = cur_u8(c) != 0;
        get_uuid(c, &ret->user_id);
        meta_decode(c, &ret->meta);
        get_op(c, &ret->op);
        break;
    case MESSAGE_META:
        ret->rev = cur_varint(c);
        get_uuid(c, &ret->user_id);
        meta_decode(c, &ret->meta);
        break;
    case MESSAGE_CURSOR:
        ret->rev = cur_varint(c);
        get_uuid(c, &ret->user_id);
        ret->position_cp = (size_t)cur_varint(c);
        ret->anchor_cp = (size_t)cur_varint(c);
        break;
    case MESSAGE_JOIN:
    case MESSAGE_USER:
    case MESSAGE_LEAVE:
        get_uuid(c, &ret->user_id);
        break;
    case MESSAGE_ERROR:
        ret->err = -(int)cur_u8(c);
        ret->seq = cur_varint(c);
        break;
    case MESSAGE_TEXT:
        ret->rev = cur_varint(c);
        get_text(c, ret);
        break;
    case MESSAGE_HISTORY:
        ret->from = cur_varint(c);
        ret->rev = cur_varint(c);
        break;
    case MESSAGE_SIGNAL:
    case MESSAGE_CLOSING:
    case MESSAGE_PONG:
    case MESSAGE_HELP:
        WEFT_NEVER("not used in these tests");
    }
}

size_t frame_decode(const uint8_t *bytes, size_t len, struct frame *ret)
{
    struct cur c = cur_of(bytes, len);
    size_t whole = cur_u32(&c);
    if (c.bad || whole > len)
        return 0;
    c = cur_of(bytes + 4, whole - 4);
    memset(ret, 0, sizeof *ret);
    weft_op_init(&ret->op, weft_heap());
    ret->type = (enum room_message_type)cur_u8(&c);
    get_message(&c, ret);
    WEFT_ASSERT(!c.bad && cur_left(&c) == 0);
    return whole;
}

void frame_done(struct frame *f)
{
    weft_op_done(&f->op);
}
