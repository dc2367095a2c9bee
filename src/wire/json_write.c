#include "wire/json_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/escape.h"
#include <weft/op_json.h>

enum { PIECE_BYTES = 1024, ESCAPE_SLACK = 8 };

struct json_writer jw_begin(struct buf *out)
{
    return (struct json_writer){.out = out, .start = out->len};
}

int jw_end(struct json_writer *w)
{
    if (!w->failed)
        return 0;
    w->out->len = w->start;
    return WEFT_ENOMEM;
}

/* Room for n more bytes; NULL when memory is out, now or before. */
static char *jw_room(struct json_writer *w, size_t n)
{
    if (w->failed)
        return NULL;
    if (w->out->cap - w->out->len < n && buf_reserve(w->out, n) != 0) {
        w->failed = true;
        return NULL;
    }
    return (char *)w->out->data + w->out->len;
}

void jw_raw(struct json_writer *w, const char *bytes, size_t len)
{
    char *at = jw_room(w, len);
    if (at == NULL || len == 0)
        return;
    memcpy(at, bytes, len);
    w->out->len += len;
}

void jw_uint(struct json_writer *w, uint64_t v)
{
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    jw_raw(w, digits + n, sizeof digits - n);
}

void jw_int(struct json_writer *w, int64_t v)
{
    if (v < 0)
        JW_LIT(w, "-");
    jw_uint(w, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void jw_real(struct json_writer *w, double v)
{
    char text[40];
    /* 17 digits always read back the same (IEEE 754), 15 are enough for what people write.
     * The decimal point is a point: weft never sets a locale. */
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, v);
        double back = strtod(text, NULL);
        if (memcmp(&back, &v, sizeof v) == 0)
            break;
    }
    WEFT_ASSERT(strpbrk(text, "in") == NULL); /* inf and nan are no JSON */
    jw_raw(w, text, strlen(text));
    if (strpbrk(text, ".e") == NULL)
        JW_LIT(w, ".0"); /* 5.0 stays a real */
}

/* --- strings --- */

/* The inside of a string, or a piece of it. */
static void put_chunk(struct json_writer *w, const char *utf8, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = len - i < PIECE_BYTES ? len - i : PIECE_BYTES;
        char *at = jw_room(w, ESCAPE_BYTES_MAX * n + ESCAPE_SLACK);
        if (at == NULL)
            return;
        w->out->len += escape_copy(at, utf8 + i, n);
        i += n;
    }
}

void jw_string(struct json_writer *w, const char *utf8, size_t len_bytes)
{
    JW_LIT(w, "\"");
    put_chunk(w, utf8, len_bytes);
    JW_LIT(w, "\"");
}

void jw_uuid(struct json_writer *w, const struct uuid *u)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(u, text);
    JW_LIT(w, "\"");
    jw_raw(w, text, UUID_TEXT_LEN);
    JW_LIT(w, "\"");
}

void jw_text(struct json_writer *w, const struct weft_text *text)
{
    JW_LIT(w, "\"");
    /* One growth for the whole of it, escapes of an ordinary text (its line ends) included. */
    struct weft_size size = weft_text_size(text);
    (void)jw_room(w, size.bytes + size.lines + ESCAPE_BYTES_MAX * PIECE_BYTES + 16);
    struct weft_text_iter it;
    int err = weft_text_iter_at(text, 0, &it);
    WEFT_ASSERT(err == 0); /* every text has a gap 0 */
    const char *chunk;
    size_t len;
    while (!w->failed && weft_text_iter_next(&it, &chunk, &len))
        put_chunk(w, chunk, len);
    JW_LIT(w, "\"");
}

void jw_op(struct json_writer *w, const struct weft_op *op)
{
    char *at = jw_room(w, sizeof "[]" - 1);
    if (at == NULL)
        return;
    /* Nearly every operation fits what is there: then it is walked once. */
    const size_t left = w->out->cap - w->out->len;
    size_t len = weft_op_to_json(op, at, left);
    if (len > left) {
        at = jw_room(w, len);
        if (at == NULL)
            return;
        len = weft_op_to_json(op, at, len);
    }
    w->out->len += len;
}
