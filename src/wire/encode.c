/* wire/encode.c - what a room says, as JSON. Keys stand in the order of docs/protocol.md; a field
 * without a value is left out. */
#include "wire/encode.h"

#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "wire/help.h"
#include "wire/wire.h"

static void put_str(struct json_writer *w, struct room_str s)
{
    jw_string(w, s.at, s.len);
}

/* For people to read: cut at the first byte that is no UTF-8, so that the frame always is. */
static void put_words(struct json_writer *w, const char *words, size_t len)
{
    size_t bad;
    jw_string(w, words, utf8_valid(words, len, &bad) ? len : bad);
}

void write_meta(struct json_writer *w, const struct room_meta *meta)
{
    JW_LIT(w, "{");
    for (size_t i = 0; i < meta->n; i++) {
        const struct room_meta_entry *e = &meta->entries[i];
        if (i != 0)
            JW_LIT(w, ",");
        jw_string(w, e->key, e->key_len);
        JW_LIT(w, ":");
        if (e->removed)
            JW_LIT(w, "null");
        else
            jw_string(w, e->value, e->value_len);
    }
    JW_LIT(w, "}");
}

void write_person(struct json_writer *w, const struct room_person *p)
{
    JW_LIT(w, "{\"user_id\":");
    jw_uuid(w, &p->user_id);
    if (p->name_len != 0) {
        JW_KEY(w, "name");
        jw_string(w, p->name, p->name_len);
    }
    if (p->has_color) {
        JW_KEY(w, "color");
        jw_string(w, p->color, COLOR_BYTES);
    }
    if (p->has_cursor) {
        JW_KEY(w, "position");
        jw_uint(w, p->position_cp);
    }
    if (p->has_cursor && p->has_anchor) {
        JW_KEY(w, "anchor");
        jw_uint(w, p->anchor_cp);
    }
    JW_LIT(w, "}");
}

static void put_welcome_secrets(struct json_writer *w, const struct room_welcome *m)
{
    if (m->session.len != 0) {
        JW_KEY(w, "session");
        put_str(w, m->session);
    }
    JW_KEY(w, "seq");
    jw_uint(w, m->seq);
    JW_KEY(w, "mode");
    if (m->mode == ROOM_READ)
        JW_LIT(w, "\"read\"");
    else
        JW_LIT(w, "\"write\"");
    if (m->read_key.len != 0) {
        JW_KEY(w, "read_key");
        put_str(w, m->read_key);
    }
}

static void put_welcome(struct json_writer *w, const struct room_welcome *m)
{
    JW_LIT(w, "{\"type\":\"welcome\",\"protocol\":\"weft.v1\"");
    if (m->room.len != 0) {
        JW_KEY(w, "room");
        put_str(w, m->room);
    }
    JW_KEY(w, "epoch");
    jw_uuid(w, &m->epoch);
    JW_KEY(w, "rev");
    jw_uint(w, m->rev);
    if (m->text != NULL) {
        JW_KEY(w, "text");
        jw_text(w, m->text);
    }
    JW_KEY(w, "length");
    jw_uint(w, m->length_cp);
    JW_KEY(w, "user_id");
    jw_uuid(w, &m->user_id);
    put_welcome_secrets(w, m);
    if (m->meta != NULL && m->meta->n != 0) {
        JW_KEY(w, "meta");
        write_meta(w, m->meta);
    }
    if (m->limit_message_bytes != 0 || m->limit_document_bytes != 0) {
        JW_KEY(w, "limits");
        JW_LIT(w, "{\"message\":");
        jw_uint(w, m->limit_message_bytes);
        JW_KEY(w, "document");
        jw_uint(w, m->limit_document_bytes);
        JW_LIT(w, "}");
    }
    JW_KEY(w, "users");
    JW_LIT(w, "[");
    for (size_t i = 0; i < m->n_users; i++) {
        if (i != 0)
            JW_LIT(w, ",");
        write_person(w, &m->users[i]);
    }
    JW_LIT(w, "]}");
}

static void put_ack(struct json_writer *w, const struct room_ack *m)
{
    JW_LIT(w, "{\"type\":\"ack\"");
    if (m->rev != 0) {
        JW_KEY(w, "rev");
        jw_uint(w, m->rev);
    }
    if (m->seq != 0) {
        JW_KEY(w, "seq");
        jw_uint(w, m->seq);
    }
    if (m->dup)
        JW_LIT(w, ",\"dup\":true");
    JW_LIT(w, "}");
}

/* An operation that is one insert or one delete, perhaps behind a retain, in its own fields. */
static void put_simplest(struct json_writer *w, const struct weft_op *op)
{
    size_t n;
    size_t text_len;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &text_len);
    const struct weft_part *last = &parts[n - 1];
    JW_KEY(w, "position");
    jw_uint(w, n == 2 ? parts[0].len_cp : 0);
    if (last->kind == WEFT_INSERT) {
        JW_KEY(w, "text");
        jw_string(w, text, text_len);
    } else {
        JW_KEY(w, "length");
        jw_uint(w, last->len_cp);
    }
}

static bool is_simple(const struct weft_op *op)
{
    size_t n;
    const struct weft_part *parts = weft_op_parts(op, &n);
    return n == 1 || (n == 2 && parts[0].kind == WEFT_RETAIN);
}

static void put_edit(struct json_writer *w, const struct room_edit *m)
{
    if (m->composed) {
        WEFT_ASSERT(m->from < m->rev);
        JW_LIT(w, "{\"type\":\"edit\",\"from\":");
        jw_uint(w, m->from);
        JW_KEY(w, "rev");
        jw_uint(w, m->rev);
        JW_KEY(w, "op");
        jw_op(w, m->op);
        if (m->meta != NULL && m->meta->n != 0) {
            JW_KEY(w, "meta");
            write_meta(w, m->meta);
        }
        JW_LIT(w, "}");
        return;
    }
    bool simple = is_simple(m->op);
    if (!simple)
        JW_LIT(w, "{\"type\":\"edit\",\"rev\":");
    else if (weft_op_inserted_cp(m->op) != 0)
        JW_LIT(w, "{\"type\":\"insert\",\"rev\":");
    else
        JW_LIT(w, "{\"type\":\"delete\",\"rev\":");
    jw_uint(w, m->rev);
    JW_KEY(w, "user_id");
    jw_uuid(w, &m->user_id);
    if (simple) {
        put_simplest(w, m->op);
    } else {
        JW_KEY(w, "op");
        jw_op(w, m->op);
    }
    JW_LIT(w, "}");
}

static void put_meta_set(struct json_writer *w, const struct room_meta_set *m)
{
    JW_LIT(w, "{\"type\":\"meta\",\"rev\":");
    jw_uint(w, m->rev);
    JW_KEY(w, "user_id");
    jw_uuid(w, &m->user_id);
    JW_KEY(w, "meta");
    write_meta(w, m->meta);
    JW_LIT(w, "}");
}

static void put_cursor(struct json_writer *w, const struct room_cursor *m)
{
    JW_LIT(w, "{\"type\":\"cursor\",\"rev\":");
    jw_uint(w, m->rev);
    JW_KEY(w, "user_id");
    jw_uuid(w, &m->user_id);
    JW_KEY(w, "position");
    jw_uint(w, m->position_cp);
    if (m->has_anchor) {
        JW_KEY(w, "anchor");
        jw_uint(w, m->anchor_cp);
    }
    JW_LIT(w, "}");
}

static void put_join(struct json_writer *w, const struct room_person *p)
{
    JW_LIT(w, "{\"type\":\"join\",\"user_id\":");
    jw_uuid(w, &p->user_id);
    if (p->name_len != 0) {
        JW_KEY(w, "name");
        jw_string(w, p->name, p->name_len);
    }
    if (p->has_color) {
        JW_KEY(w, "color");
        jw_string(w, p->color, COLOR_BYTES);
    }
    JW_LIT(w, "}");
}

/* Both fields, always: "" says that it was taken away, as it does on the way in. */
static void put_user(struct json_writer *w, const struct room_person *p)
{
    JW_LIT(w, "{\"type\":\"user\",\"user_id\":");
    jw_uuid(w, &p->user_id);
    JW_KEY(w, "name");
    jw_string(w, p->name, p->name_len);
    JW_KEY(w, "color");
    jw_string(w, p->color, p->has_color ? COLOR_BYTES : 0);
    JW_LIT(w, "}");
}

static void put_leave(struct json_writer *w, const struct room_person *p)
{
    JW_LIT(w, "{\"type\":\"leave\",\"user_id\":");
    jw_uuid(w, &p->user_id);
    JW_LIT(w, "}");
}

static void put_error(struct json_writer *w, const struct room_error *m)
{
    const char *code = weft_error_wire(m->err);
    WEFT_ASSERT(code != NULL); /* the others never leave the process */
    JW_LIT(w, "{\"type\":\"error\",\"code\":");
    jw_string(w, code, strlen(code));
    JW_KEY(w, "message");
    put_words(w, m->words, strnlen(m->words, sizeof m->words));
    if (m->seq != 0) {
        JW_KEY(w, "seq");
        jw_uint(w, m->seq);
    }
    if (m->retry_ms != 0) {
        JW_KEY(w, "retry_ms");
        jw_uint(w, m->retry_ms);
    }
    JW_LIT(w, "}");
}

static void put_closing(struct json_writer *w, const struct room_closing *m)
{
    JW_LIT(w, "{\"type\":\"closing\",\"code\":");
    jw_string(w, m->code, strlen(m->code));
    if (m->retry_ms != 0) {
        JW_KEY(w, "retry_ms");
        jw_uint(w, m->retry_ms);
    }
    JW_LIT(w, "}");
}

static void put_text_answer(struct json_writer *w, const struct room_text_answer *m)
{
    JW_LIT(w, "{\"type\":\"text\",\"rev\":");
    jw_uint(w, m->rev);
    JW_KEY(w, "text");
    jw_text(w, m->text);
    JW_LIT(w, "}");
}

static void put_history_item(struct json_writer *w, const struct room_history_item *m)
{
    JW_LIT(w, "{\"rev\":");
    jw_uint(w, m->rev);
    JW_KEY(w, "user_id");
    jw_uuid(w, &m->user_id);
    if (m->name.len != 0) {
        JW_KEY(w, "name");
        put_str(w, m->name);
    }
    JW_KEY(w, "at");
    jw_int(w, m->at_ms);
    JW_KEY(w, "op");
    jw_op(w, m->op);
    if (m->meta != NULL && m->meta->n != 0) {
        JW_KEY(w, "meta");
        write_meta(w, m->meta);
    }
    JW_LIT(w, "}");
}

static void put_history(struct json_writer *w, const struct room_history_answer *m)
{
    JW_LIT(w, "{\"type\":\"history\",\"from\":");
    jw_uint(w, m->from);
    JW_KEY(w, "to");
    jw_uint(w, m->to);
    JW_KEY(w, "ops");
    JW_LIT(w, "[");
    for (size_t i = 0; i < m->n; i++) {
        if (i != 0)
            JW_LIT(w, ",");
        put_history_item(w, &m->items[i]);
    }
    JW_LIT(w, "]}");
}

static void put_signal(struct json_writer *w, const struct room_signal *m)
{
    JW_LIT(w, "{\"type\":\"signal\",\"from\":");
    jw_uuid(w, &m->from);
    JW_KEY(w, "data");
    jw_raw(w, m->data.at, m->data.len);
    JW_LIT(w, "}");
}

static void put_message(struct json_writer *w, const struct room_message *m)
{
    WEFT_ASSERT(m->type <= MESSAGE_HELP);
    switch (m->type) {
    case MESSAGE_WELCOME:
        put_welcome(w, &m->welcome);
        return;
    case MESSAGE_ACK:
        put_ack(w, &m->ack);
        return;
    case MESSAGE_EDIT:
        put_edit(w, &m->edit);
        return;
    case MESSAGE_META:
        put_meta_set(w, &m->meta);
        return;
    case MESSAGE_CURSOR:
        put_cursor(w, &m->cursor);
        return;
    case MESSAGE_JOIN:
        put_join(w, &m->person);
        return;
    case MESSAGE_USER:
        put_user(w, &m->person);
        return;
    case MESSAGE_LEAVE:
        put_leave(w, &m->person);
        return;
    case MESSAGE_ERROR:
        put_error(w, &m->error);
        return;
    case MESSAGE_CLOSING:
        put_closing(w, &m->closing);
        return;
    case MESSAGE_TEXT:
        put_text_answer(w, &m->text);
        return;
    case MESSAGE_HISTORY:
        put_history(w, &m->history);
        return;
    case MESSAGE_SIGNAL:
        put_signal(w, &m->signal);
        return;
    case MESSAGE_PONG:
        JW_LIT(w, "{\"type\":\"pong\"}");
        return;
    case MESSAGE_HELP:
        help_write(w);
        return;
    }
}

int wire_encode(const struct room_message *m, struct buf *out)
{
    struct json_writer w = jw_begin(out);
    put_message(&w, m);
    return jw_end(&w);
}

int wire_encode_op(const struct weft_op *op, struct buf *out)
{
    struct json_writer w = jw_begin(out);
    jw_op(&w, op);
    return jw_end(&w);
}

int wire_encode_http_error(const char *code, const char *words, struct buf *out)
{
    struct json_writer w = jw_begin(out);
    JW_LIT(&w, "{\"error\":{\"code\":");
    jw_string(&w, code, strlen(code));
    JW_KEY(&w, "message");
    put_words(&w, words, strlen(words));
    JW_LIT(&w, "}}");
    return jw_end(&w);
}
