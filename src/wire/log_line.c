#include "wire/log_line.h"

#include <string.h>

#include "wire/decode_meta.h"
#include "wire/decode_op.h"
#include "wire/encode.h"
#include "wire/load.h"
#include "wire/wire.h"

enum { LOG_WHOLE = 1, LOG_TRIMMED = 2 }; /* versions of the format */

int log_head_encode(const struct log_head *head, struct buf *out)
{
    struct json_writer w = jw_begin(out);
    JW_LIT(&w, "{\"weft\":\"log\"");
    JW_KEY(&w, "version");
    jw_uint(&w, head->base_rev != 0 ? LOG_TRIMMED : LOG_WHOLE);
    JW_KEY(&w, "room");
    jw_string(&w, head->room, head->room_len);
    JW_KEY(&w, "epoch");
    jw_uuid(&w, &head->epoch);
    if (head->base_rev != 0) {
        JW_KEY(&w, "base");
        jw_uint(&w, head->base_rev);
    }
    JW_KEY(&w, "rev");
    jw_uint(&w, head->rev);
    JW_LIT(&w, "}\n");
    return jw_end(&w);
}

int log_base_encode(const struct snapshot *s, const struct sessions *sessions, struct buf *out)
{
    struct json_writer w = jw_begin(out);
    JW_LIT(&w, "{\"rev\":");
    jw_uint(&w, s->rev);
    JW_KEY(&w, "at");
    jw_int(&w, s->times.n != 0 ? s->times.marks[s->times.n - 1].at_ms : 0);
    JW_KEY(&w, "text");
    jw_string(&w, s->text.at, s->text.len);
    if (s->meta.n != 0) {
        JW_KEY(&w, "meta");
        write_meta(&w, &s->meta);
    }
    JW_KEY(&w, "forgotten");
    jw_uint(&w, sessions->floor_rev);
    JW_KEY(&w, "sessions");
    JW_LIT(&w, "[");
    bool first = true;
    for (size_t i = 0; i < sessions->cap; i++) {
        const struct session *one = &sessions->slots[i];
        if (one->seq == 0)
            continue;
        if (!first)
            JW_LIT(&w, ",");
        first = false;
        JW_LIT(&w, "{\"user_id\":");
        jw_uuid(&w, &one->user_id);
        JW_KEY(&w, "seq");
        jw_uint(&w, one->seq);
        JW_KEY(&w, "rev");
        jw_uint(&w, one->rev);
        JW_LIT(&w, "}");
    }
    JW_LIT(&w, "]}\n");
    return jw_end(&w);
}

int log_line_encode(const struct record *r, const struct weft_op *op, const struct room_meta *meta,
                    struct buf *out)
{
    struct json_writer w = jw_begin(out);
    JW_LIT(&w, "{\"rev\":");
    jw_uint(&w, r->rev);
    JW_KEY(&w, "user_id");
    jw_uuid(&w, &r->user_id);
    if (r->name.len != 0) {
        JW_KEY(&w, "name");
        jw_string(&w, r->name.at, r->name.len);
    }
    JW_KEY(&w, "at");
    jw_int(&w, r->at_ms);
    if (r->seq != 0) {
        JW_KEY(&w, "seq");
        jw_uint(&w, r->seq);
    }
    JW_KEY(&w, "op");
    jw_op(&w, op);
    if (meta != NULL && meta->n != 0) {
        JW_KEY(&w, "meta");
        write_meta(&w, meta);
    }
    JW_LIT(&w, "}\n");
    return jw_end(&w);
}

/* --- reading --- */

static int load(const char *json, size_t len, struct wire_doc *ret, struct room_error *ret_error)
{
    static const char EXPECTED[] = "one JSON object";
    int err = wire_doc_load(weft_heap(), json, len, EXPECTED, ret, ret_error);
    if (err != 0 || json_is_object(ret->root))
        return err;
    struct reader r = {.root = ret->root, .error = ret_error};
    err = field_fail_value(&r, WEFT_EINVAL, "line", ret->root, EXPECTED);
    wire_doc_done(ret);
    return err;
}

static int read_uuid(const struct reader *r, const char *name, struct uuid *ret)
{
    static const char EXPECTED[] = "a UUID";
    struct room_str s;
    const json_t *value = json_object_get(r->root, name);
    int err = field_string_of(r, name, value, EXPECTED, &s);
    if (err == 0 && !uuid_parse(s.at, s.len, ret))
        err = field_fail_value(r, WEFT_EINVAL, name, value, EXPECTED);
    return err;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static int read_head(const struct reader *r, struct log_head *ret)
{
    static const char EXPECTED[] = "the name of a room, 1 to 128 bytes";
    struct room_str s = {NULL, 0};
    uint64_t version;
    const json_t *weft = json_object_get(r->root, "weft");
    int err = field_string_of(r, "weft", weft, "\"log\"", &s);
    if (err == 0 && (s.len != 3 || memcmp(s.at, "log", 3) != 0))
        err = field_fail_value(r, WEFT_EINVAL, "weft", weft, "\"log\"");
    if (err == 0)
        err = field_need_uint(r, "version", LOG_WHOLE, LOG_TRIMMED, &version);
    const json_t *room = json_object_get(r->root, "room");
    if (err == 0)
        err = field_string_of(r, "room", room, EXPECTED, &s);
    if (err == 0 && !wire_is_room_name(s.at, s.len))
        err = field_fail_value(r, WEFT_EINVAL, "room", room, EXPECTED);
    if (err != 0)
        return err;
    ret->room_len = (uint8_t)s.len;
    memcpy(ret->room, s.at, s.len);
    err = read_uuid(r, "epoch", &ret->epoch);
    if (err == 0 && version == LOG_TRIMMED)
        err = field_need_uint(r, "base", 1, REV_MAX, &ret->base_rev);
    return err == 0 ? field_need_uint(r, "rev", larger(ret->base_rev, 1), REV_MAX, &ret->rev) : err;
}

int log_head_decode(const char *json, size_t len, struct log_head *ret,
                    struct room_error *ret_error)
{
    struct wire_doc doc;
    struct log_head head = {0};
    int err = load(json, len, &doc, ret_error);
    if (err != 0)
        return err;
    struct reader r = {.root = doc.root, .error = ret_error};
    err = read_head(&r, &head);
    wire_doc_done(&doc);
    if (err == 0)
        *ret = head;
    return err;
}

static int read_text(const struct reader *r, struct weft_text **ret)
{
    static const char EXPECTED[] = "a string without NUL";
    struct room_str s;
    const json_t *value = json_object_get(r->root, "text");
    int err = field_string_of(r, "text", value, EXPECTED, &s);
    if (err != 0)
        return err;
    err = weft_text_from(weft_heap(), s.at, s.len, ret);
    return err == 0 || err == WEFT_ENOMEM ? err : field_fail_value(r, err, "text", value, EXPECTED);
}

static int read_session(const struct reader *r, uint64_t base_rev, struct sessions *ret)
{
    struct session s;
    int err = read_uuid(r, "user_id", &s.user_id);
    if (err == 0)
        err = field_need_uint(r, "seq", 1, REV_MAX, &s.seq);
    if (err == 0)
        err = field_need_uint(r, "rev", 1, base_rev, &s.rev);
    if (err != 0)
        return err;
    if (uuid_is_nil(&s.user_id) || sessions_find(ret, &s.user_id) != NULL)
        return field_fail_value(r, WEFT_EINVAL, "user_id", json_object_get(r->root, "user_id"),
                                "one that is not nil and not there twice");
    s.head_seq = s.seq;
    s.head_rev = s.rev;
    err = sessions_reserve(ret, s.rev);
    if (err == 0)
        *sessions_put(ret, &s.user_id) = s;
    return err;
}

static int read_sessions(const struct reader *r, uint64_t base_rev, struct sessions *ret)
{
    static const char EXPECTED[] = "an array of at most 65536 sessions";
    const json_t *list = json_object_get(r->root, "sessions");
    int err = field_need_uint(r, "forgotten", 0, base_rev, &ret->floor_rev);
    if (err == 0 && (!json_is_array(list) || json_array_size(list) > SESSIONS_MAX))
        err = field_fail_value(r, WEFT_EINVAL, "sessions", list, EXPECTED);
    for (size_t i = 0; err == 0 && i < json_array_size(list); i++) {
        struct reader one = {.root = json_array_get(list, i), .error = r->error};
        err = json_is_object(one.root)
                  ? read_session(&one, base_rev, ret)
                  : field_fail_value(r, WEFT_EINVAL, "sessions", one.root, "one JSON object each");
    }
    return err;
}

static int read_base(const struct reader *r, struct log_base *ret)
{
    uint64_t at_ms = 0;
    int err = field_need_uint(r, "rev", 1, REV_MAX, &ret->rev);
    if (err == 0)
        err = field_need_uint(r, "at", 0, REV_MAX, &at_ms);
    ret->at_ms = (int64_t)at_ms;
    if (err == 0)
        err = read_text(r, &ret->text);
    json_t *meta = json_object_get(r->root, "meta");
    if (err == 0 && meta != NULL)
        err = meta_of_json(r, meta, &ret->meta);
    for (size_t i = 0; err == 0 && i < ret->meta.n; i++)
        if (ret->meta.entries[i].removed)
            err = field_fail_value(r, WEFT_EINVAL, "meta", meta, "entries that are there");
    return err == 0 ? read_sessions(r, ret->rev, &ret->sessions) : err;
}

int log_base_decode(const char *json, size_t len, struct log_base *ret,
                    struct room_error *ret_error)
{
    struct wire_doc doc;
    int err = load(json, len, &doc, ret_error);
    if (err != 0)
        return err;
    struct reader r = {.root = doc.root, .error = ret_error};
    ret->text = NULL;
    ret->meta.n = 0;
    sessions_init(&ret->sessions, weft_heap(), SESSIONS_MAX);
    err = read_base(&r, ret);
    wire_doc_done(&doc);
    if (err != 0)
        log_base_done(ret);
    return err;
}

void log_base_done(struct log_base *base)
{
    weft_text_free(base->text);
    base->text = NULL;
    sessions_done(&base->sessions);
}

static int read_name(const struct reader *r, struct log_line *ret)
{
    struct room_str s;
    const json_t *value = json_object_get(r->root, "name");
    if (value == NULL)
        return 0;
    int err = field_string_of(r, "name", value, NAME_EXPECTED, &s);
    if (err == 0 && !field_name_ok(s.at, s.len))
        err = field_fail_value(r, WEFT_EINVAL, "name", value, NAME_EXPECTED);
    if (err != 0)
        return err;
    memcpy(ret->name_, s.at, s.len);
    ret->record.name = (struct room_str){ret->name_, s.len};
    return 0;
}

static int read_line(const struct reader *r, struct log_line *ret)
{
    bool has;
    uint64_t at_ms = 0;
    int err = field_need_uint(r, "rev", 1, REV_MAX, &ret->record.rev);
    if (err == 0)
        err = read_uuid(r, "user_id", &ret->record.user_id);
    if (err == 0)
        err = read_name(r, ret);
    if (err == 0)
        err = field_need_uint(r, "at", 0, REV_MAX, &at_ms);
    if (err == 0)
        err = field_uint(r, "seq", 1, REV_MAX, &has, &ret->record.seq);
    if (err == 0)
        err = op_of_json(r, json_object_get(r->root, "op"), &ret->op);
    ret->record.at_ms = (int64_t)at_ms;
    json_t *meta = json_object_get(r->root, "meta");
    if (err != 0 || meta == NULL)
        return err;
    ret->record.meta = &ret->meta_;
    return meta_of_json(r, meta, &ret->meta_);
}

int log_line_decode(const char *json, size_t len, struct log_line *ret,
                    struct room_error *ret_error)
{
    struct wire_doc doc;
    int err = load(json, len, &doc, ret_error);
    if (err != 0)
        return err;
    struct reader r = {.root = doc.root, .error = ret_error};
    ret->record = (struct record){0};
    ret->meta_.n = 0;
    weft_op_init(&ret->op, weft_heap());
    err = read_line(&r, ret);
    wire_doc_done(&doc);
    if (err != 0)
        weft_op_done(&ret->op);
    return err;
}

void log_line_done(struct log_line *line)
{
    weft_op_done(&line->op);
}
