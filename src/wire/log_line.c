#include "wire/log_line.h"

#include <string.h>

#include "wire/decode_meta.h"
#include "wire/decode_op.h"
#include "wire/encode.h"
#include "wire/load.h"
#include "wire/wire.h"

enum { LOG_VERSION = 1 };

int log_head_encode(const struct log_head *head, struct buf *out)
{
    struct json_writer w = jw_begin(out);
    JW_LIT(&w, "{\"weft\":\"log\"");
    JW_KEY(&w, "version");
    jw_uint(&w, LOG_VERSION);
    JW_KEY(&w, "room");
    jw_string(&w, head->room, head->room_len);
    JW_KEY(&w, "epoch");
    jw_uuid(&w, &head->epoch);
    JW_KEY(&w, "rev");
    jw_uint(&w, head->rev);
    JW_LIT(&w, "}\n");
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
        err = field_need_uint(r, "version", LOG_VERSION, LOG_VERSION, &version);
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
    return err == 0 ? field_need_uint(r, "rev", 1, REV_MAX, &ret->rev) : err;
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
