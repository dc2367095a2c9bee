/* wire/decode.c - one message of a client: from bytes to an event of its room. */
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "wire/decode_meta.h"
#include "wire/decode_op.h"
#include "wire/field.h"
#include "wire/help.h"
#include "wire/json_write.h"
#include "wire/load.h"
#include "wire/messages.h"
#include "wire/quick.h"
#include "wire/words.h"

_Static_assert(META_KEYS_MAX == 16 && META_KEY_BYTES_MAX == 32 && META_VALUE_BYTES_MAX == 256,
               "the words below say so");

static int fail_memory(const struct reader *r)
{
    return op_fail(r, WEFT_ENOMEM, "server");
}

/* --- operations --- */

static int read_submission(const struct reader *r, struct wire_message *m)
{
    struct room_submission *s = &m->event.submission;
    int err = field_uint(r, "rev", 0, REV_MAX, &s->has_rev, &s->rev);
    if (err == 0)
        err = field_uint(r, "seq", 1, REV_MAX, &s->has_seq, &s->seq);
    return err;
}

static int read_insert(const struct reader *r, struct wire_message *m)
{
    static const char EXPECTED[] = "text that is not empty";
    m->event.kind = ROOM_OPERATION;
    struct room_submission *s = &m->event.submission;
    bool has_position;
    uint64_t position_cp = 0;
    const json_t *value = json_object_get(r->root, "text");
    struct room_str text;
    int err = read_submission(r, m);
    if (err == 0)
        err = field_uint(r, "position", 0, CP_MAX, &has_position, &position_cp);
    if (err == 0)
        err = field_string_of(r, "text", value, EXPECTED, &text);
    if (err != 0)
        return err;
    if (text.len == 0)
        return field_fail_value(r, WEFT_EINVAL, "text", value, EXPECTED);
    err = weft_op_retain(&m->op_, (size_t)position_cp);
    if (err == 0)
        err = weft_op_insert(&m->op_, text.at, text.len);
    if (err != 0)
        return op_fail(r, err, "position");
    s->op = &m->op_;
    s->at_end = !has_position;
    return 0;
}

static int read_delete(const struct reader *r, struct wire_message *m)
{
    m->event.kind = ROOM_OPERATION;
    uint64_t position_cp;
    uint64_t length_cp = 1;
    bool has_length;
    int err = read_submission(r, m);
    if (err == 0)
        err = field_need_uint(r, "position", 0, CP_MAX, &position_cp);
    if (err == 0)
        err = field_uint(r, "length", 1, CP_MAX, &has_length, &length_cp);
    if (err != 0)
        return err;
    err = weft_op_retain(&m->op_, (size_t)position_cp);
    if (err == 0)
        err = weft_op_delete(&m->op_, (size_t)length_cp);
    if (err != 0)
        return op_fail(r, err, "length");
    m->event.submission.op = &m->op_;
    return 0;
}

static int read_edit(const struct reader *r, struct wire_message *m)
{
    m->event.kind = ROOM_OPERATION;
    int err = read_submission(r, m);
    if (err == 0)
        err = op_of_json(r, json_object_get(r->root, "op"), &m->op_);
    if (err == 0)
        m->event.submission.op = &m->op_;
    return err;
}

static int read_meta(const struct reader *r, struct wire_message *m)
{
    m->event.kind = ROOM_META;
    int err = read_submission(r, m);
    if (err != 0)
        return err;
    m->meta_ = weft_resize(m->bytes_.alloc, NULL, 0, sizeof *m->meta_);
    if (m->meta_ == NULL)
        return fail_memory(r);
    m->event.submission.meta = m->meta_;
    return meta_of_json(r, json_object_get(r->root, "meta"), m->meta_);
}

/* --- presence and questions --- */

static int read_cursor(const struct reader *r, struct wire_message *m)
{
    m->event.kind = ROOM_CURSOR;
    struct room_cursor_move *c = &m->event.cursor;
    uint64_t position_cp;
    uint64_t anchor_cp = 0;
    int err = field_uint(r, "rev", 0, REV_MAX, &c->has_rev, &c->rev);
    if (err == 0)
        err = field_need_uint(r, "position", 0, CP_MAX, &position_cp);
    if (err == 0)
        err = field_uint(r, "anchor", 0, CP_MAX, &c->has_anchor, &anchor_cp);
    if (err != 0)
        return err;
    c->position_cp = (size_t)position_cp;
    c->anchor_cp = (size_t)anchor_cp;
    return 0;
}

/* A string or, to take it away, "" or null. */
static int read_clearable(const struct reader *r, const char *name, const char *expected,
                          bool (*is_ok)(const char *, size_t), bool *ret_has, struct room_str *ret)
{
    const json_t *value = json_object_get(r->root, name);
    *ret_has = value != NULL;
    if (value == NULL || json_is_null(value))
        return 0;
    int err = field_string_of(r, name, value, expected, ret);
    if (err != 0)
        return err;
    if (ret->len != 0 && !is_ok(ret->at, ret->len))
        return field_fail_value(r, WEFT_EINVAL, name, value, expected);
    return 0;
}

/* The tree goes away after decoding: keeps a copy in the message. `m->bytes_` has room. */
static void keep(struct wire_message *m, struct room_str *s)
{
    char *at = (char *)m->bytes_.data + m->bytes_.len;
    int err = buf_put(&m->bytes_, s->at, s->len);
    WEFT_ASSERT(err == 0);
    s->at = at;
}

static int read_user(const struct reader *r, struct wire_message *m)
{
    m->event.kind = ROOM_USER;
    struct room_user_change *u = &m->event.user;
    int err = read_clearable(r, "name", NAME_EXPECTED, field_name_ok, &u->has_name, &u->name);
    if (err == 0)
        err = read_clearable(r, "color", COLOR_EXPECTED, field_color_ok, &u->has_color, &u->color);
    if (err != 0)
        return err;
    if (!u->has_name && !u->has_color)
        return field_fail(r, WEFT_EINVAL, "name", "neither name nor color", "at least one of them");
    if (buf_reserve(&m->bytes_, u->name.len + u->color.len + 1) != 0)
        return fail_memory(r);
    keep(m, &u->name);
    keep(m, &u->color);
    return 0;
}

static int read_text(const struct reader *r, struct wire_message *m)
{
    m->event.kind = ROOM_TEXT;
    return field_uint(r, "rev", 0, REV_MAX, &m->event.query.has_rev, &m->event.query.rev);
}

static int read_history(const struct reader *r, struct wire_message *m)
{
    m->event.kind = ROOM_HISTORY;
    struct room_query *q = &m->event.query;
    bool has_to;
    int err = field_need_uint(r, "from", 1, REV_MAX, &q->from);
    if (err == 0)
        err = field_uint(r, "to", q->from, REV_MAX, &has_to, &q->to);
    return err;
}

/* Recursion ends: the whole message is at most JSON_DEPTH_MAX deep. */
static void write_value(struct json_writer *w, json_t *value)
{
    const char *comma = "";
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        JW_LIT(w, "{");
        for (void *it = json_object_iter(value); it != NULL;
             it = json_object_iter_next(value, it)) {
            jw_raw(w, comma, strlen(comma));
            jw_string(w, json_object_iter_key(it), json_object_iter_key_len(it));
            JW_LIT(w, ":");
            write_value(w, json_object_iter_value(it));
            comma = ",";
        }
        JW_LIT(w, "}");
        break;
    case JSON_ARRAY:
        JW_LIT(w, "[");
        for (size_t i = 0; i < json_array_size(value); i++) {
            jw_raw(w, comma, strlen(comma));
            write_value(w, json_array_get(value, i));
            comma = ",";
        }
        JW_LIT(w, "]");
        break;
    case JSON_STRING:
        jw_string(w, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        jw_int(w, json_integer_value(value));
        break;
    case JSON_REAL:
        jw_real(w, json_real_value(value));
        break;
    case JSON_TRUE:
        JW_LIT(w, "true");
        break;
    case JSON_FALSE:
        JW_LIT(w, "false");
        break;
    case JSON_NULL:
        JW_LIT(w, "null");
        break;
    }
}

static int read_signal(const struct reader *r, struct wire_message *m)
{
    static const char EXPECTED[] = "a user_id";
    m->event.kind = ROOM_SIGNAL;
    struct room_signal_send *s = &m->event.signal;
    const json_t *to = json_object_get(r->root, "to");
    json_t *data = json_object_get(r->root, "data");
    struct room_str id;
    int err = field_string_of(r, "to", to, EXPECTED, &id);
    if (err != 0)
        return err;
    if (!uuid_parse(id.at, id.len, &s->to))
        return field_fail_value(r, WEFT_EINVAL, "to", to, EXPECTED);
    if (data == NULL)
        return field_fail_value(r, WEFT_EINVAL, "data", NULL, "any JSON");
    struct json_writer w = jw_begin(&m->bytes_);
    write_value(&w, data);
    if (jw_end(&w) != 0)
        return fail_memory(r);
    s->data = (struct room_str){(const char *)m->bytes_.data, m->bytes_.len};
    return 0;
}

static int read_ping(const struct reader *r, struct wire_message *m)
{
    (void)r;
    m->kind = WIRE_PING;
    return 0;
}

static int read_help(const struct reader *r, struct wire_message *m)
{
    (void)r;
    m->kind = WIRE_HELP;
    return 0;
}

/* --- the message --- */

static const struct form {
    const char *name;
    size_t len;
    int (*read)(const struct reader *r, struct wire_message *m);
} FORMS[] = {
#define FORM(name, read, meaning, example) {name, sizeof name - 1, read},
    WIRE_MESSAGES(FORM)
#undef FORM
};

static const struct form *find_form(const json_t *type)
{
    const char *name = json_string_value(type);
    size_t len = json_string_length(type);
    for (size_t i = 0; name != NULL && i < sizeof FORMS / sizeof *FORMS; i++)
        if (FORMS[i].len == len && memcmp(FORMS[i].name, name, len) == 0)
            return &FORMS[i];
    return NULL;
}

static int read_message(struct reader *r, struct wire_message *m)
{
    if (!json_is_object(r->root))
        return field_fail_value(r, WEFT_EJSON, "message", r->root, "one JSON object");
    /* First, and lenient: every error is to carry it where it can be read. */
    json_int_t seq = json_integer_value(json_object_get(r->root, "seq"));
    r->seq = seq >= 1 && (uint64_t)seq <= REV_MAX ? (uint64_t)seq : 0;
    const json_t *type = json_object_get(r->root, "type");
    const struct form *form = find_form(type);
    if (form == NULL)
        return field_fail_value(r, WEFT_ETYPE, "type", type, HELP_TYPES);
    return form->read(r, m);
}

static void start(struct wire_message *m, const struct weft_alloc *alloc)
{
    m->kind = WIRE_EVENT;
    memset(&m->event, 0, sizeof m->event); /* every kind's fields, not just the first's */
    m->meta_ = NULL;
    weft_op_init(&m->op_, alloc);
    buf_init(&m->bytes_, alloc);
}

int decode_whole(const struct weft_alloc *alloc, const char *json, size_t len,
                 struct wire_message *ret, struct room_error *ret_error)
{
    struct wire_doc doc;
    int err = wire_doc_load(alloc, json, len, "one JSON object", &doc, ret_error);
    if (err != 0)
        return err;
    start(ret, alloc);
    struct reader r = {.root = doc.root, .error = ret_error};
    err = read_message(&r, ret);
    wire_doc_done(&doc);
    if (err != 0)
        wire_message_done(ret);
    return err;
}

int wire_decode(const struct weft_alloc *alloc, const char *json, size_t len,
                struct wire_message *ret, struct room_error *ret_error)
{
    start(ret, alloc);
    if (quick_decode(json, len, ret))
        return 0;
    weft_op_done(&ret->op_);
    return decode_whole(alloc, json, len, ret, ret_error);
}

void wire_message_done(struct wire_message *m)
{
    weft_release(m->bytes_.alloc, m->meta_, sizeof *m->meta_);
    m->meta_ = NULL;
    weft_op_done(&m->op_);
    buf_done(&m->bytes_);
}
