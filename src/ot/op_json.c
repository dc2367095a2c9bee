/* ot/op_json.c - [5,"hi",-2]: the one writer of operations as JSON, and a reader for programs that
 * have no JSON library. The server reads whole messages with one (wire/load.h) and takes exactly
 * the same operations; tests/property/op_json_prop_test.c holds the two together. */
#include <weft/op_json.h>

#include <stdint.h>

#include "base/escape.h"
#include "base/limits.h"
#include "base/pure.h"
#include "base/utf8.h"

/* --- out --- */

/* Counts everything and writes as long as it fits: one path for both, so that they agree. */
struct sink {
    char *out;
    uint64_t cap;
    uint64_t len; /* once above cap, it stays there: nothing more is written */
};

static inline void put(struct sink *s, const char *bytes, size_t len)
{
    if (len != 0 && s->len + len <= s->cap)
        memcpy(s->out + s->len, bytes, len);
    s->len += len;
}

static inline void put_byte(struct sink *s, char byte)
{
    if (s->len < s->cap)
        s->out[s->len] = byte;
    s->len++;
}

static void put_count(struct sink *s, uint32_t v)
{
    char digits[10];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    put(s, digits + at, sizeof digits - at);
}

static void put_text(struct sink *s, const char *utf8, size_t len)
{
    put_byte(s, '"');
    for (size_t i = 0; i < len;) {
        size_t run = escape_clean_run(utf8 + i, len - i);
        put(s, utf8 + i, run);
        i += run;
        if (i < len) {
            char escape[ESCAPE_BYTES_MAX];
            put(s, escape, escape_put(escape, (uint8_t)utf8[i++]));
        }
    }
    put_byte(s, '"');
}

size_t weft_op_to_json(const struct weft_op *op, char *out, size_t cap_bytes)
{
    struct sink s = {.out = out, .cap = cap_bytes};
    size_t n;
    size_t text_len;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &text_len);
    put_byte(&s, '[');
    for (size_t i = 0; i < n; i++) {
        if (i != 0)
            put_byte(&s, ',');
        if (parts[i].kind == WEFT_INSERT) {
            put_text(&s, text, parts[i].len_bytes);
            text += parts[i].len_bytes;
        } else {
            if (parts[i].kind == WEFT_DELETE)
                put_byte(&s, '-');
            put_count(&s, parts[i].len_cp);
        }
    }
    put_byte(&s, ']');
    return (size_t)s.len;
}

/* --- in --- */

struct reader {
    const char *json;
    size_t len;
    size_t at; /* after an error: what could not be taken */
    struct weft_op *op;
};

enum { END = -1 };

static int peek_ahead(const struct reader *r, size_t by)
{
    return by < r->len - r->at ? (uint8_t)r->json[r->at + by] : END;
}

static int peek(const struct reader *r)
{
    return peek_ahead(r, 0);
}

/* The next byte that is no white space, not yet taken. */
static int peek_token(struct reader *r)
{
    int c = peek(r);
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        r->at++;
        c = peek(r);
    }
    return c;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Text, a piece at a time; the pieces of one string melt together. */
static int insert(struct reader *r, const char *utf8, size_t len_bytes)
{
    return weft_op_insert(r->op, utf8, len_bytes);
}

/* A retain or a delete. The number is told apart from what is no number at all first, so that 01
 * and - are bad JSON, while 0 and 1.5 are JSON that is no component. */
static int read_count(struct reader *r)
{
    const size_t start = r->at;
    const bool negative = peek(r) == '-';
    r->at += negative;
    const size_t first = r->at;
    uint64_t v = 0;
    for (int c = peek(r); is_digit(c); c = peek(r)) {
        if (v <= CP_MAX)
            v = v * 10 + (uint64_t)(c - '0');
        r->at++;
    }
    const size_t digits = r->at - first;
    if (digits == 0 || (digits > 1 && r->json[first] == '0')) {
        r->at = digits == 0 ? r->at : first + 1;
        return WEFT_EJSON;
    }
    const int after = peek(r);
    int err = 0;
    if (v == 0 || after == '.' || after == 'e' || after == 'E')
        err = WEFT_EINVAL;
    else if (v > CP_MAX)
        err = WEFT_ELIMIT;
    else
        err = negative ? weft_op_delete(r->op, (size_t)v) : weft_op_retain(r->op, (size_t)v);
    if (err != 0)
        r->at = start;
    return err;
}

/* Four hex digits from `by` bytes on; false where there are not four. */
static bool read_hex(const struct reader *r, size_t by, uint32_t *ret)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int c = peek_ahead(r, by + i);
        if (is_digit(c))
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    *ret = v;
    return true;
}

/* \uXXXX, or two of them for what lies above U+FFFF. */
static int read_unicode(struct reader *r)
{
    uint32_t cp;
    uint32_t low;
    size_t taken = 6;
    if (!read_hex(r, 2, &cp))
        return WEFT_EJSON;
    if (cp >= 0xd800 && cp <= 0xdbff && peek_ahead(r, 6) == '\\' && peek_ahead(r, 7) == 'u' &&
        read_hex(r, 8, &low) && low >= 0xdc00 && low <= 0xdfff) {
        cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
        taken = 12;
    }
    if (cp == 0 || (cp >= 0xd800 && cp <= 0xdfff))
        return WEFT_EUTF8;
    char utf8[4];
    int err = insert(r, utf8, utf8_put(utf8, cp));
    r->at += err == 0 ? taken : 0;
    return err;
}

static int read_escape(struct reader *r)
{
    static const char NAMES[] = "\"\\/bfnrt";
    static const char MEANT[] = "\"\\/\b\f\n\r\t";
    int name = peek_ahead(r, 1);
    if (name == 'u')
        return read_unicode(r);
    for (size_t i = 0; i < sizeof NAMES - 1; i++)
        if (name == NAMES[i]) {
            int err = insert(r, &MEANT[i], 1);
            r->at += err == 0 ? 2 : 0;
            return err;
        }
    return WEFT_EJSON;
}

/* What needs no escape, up to a quote, a backslash, a control character or the end. */
static int read_run(struct reader *r)
{
    const char *utf8 = r->json + r->at;
    size_t run = escape_clean_run(utf8, r->len - r->at);
    int err = insert(r, utf8, run);
    size_t taken = err == 0 ? run : 0;
    if (err == WEFT_EUTF8)
        (void)utf8_valid(utf8, run, &taken);
    r->at += taken;
    return err;
}

static int read_string(struct reader *r)
{
    if (peek_ahead(r, 1) == '"')
        return WEFT_EINVAL;
    r->at++;
    for (;;) {
        int err = read_run(r);
        if (err != 0)
            return err;
        int c = peek(r);
        if (c == '"') {
            r->at++;
            return 0;
        }
        if (c != '\\')
            return c == 0 ? WEFT_EUTF8 : WEFT_EJSON;
        err = read_escape(r);
        if (err != 0)
            return err;
    }
}

/* Where no value of ours starts: another value of JSON, or nothing of JSON. */
static int wrong_start(int c)
{
    bool json = c == '{' || c == '[' || c == '"' || c == '-' || is_digit(c) || c == 't' ||
                c == 'f' || c == 'n';
    return json ? WEFT_EINVAL : WEFT_EJSON;
}

static int read_component(struct reader *r)
{
    int c = peek_token(r);
    if (c == '"')
        return read_string(r);
    if (c == '-' || is_digit(c))
        return read_count(r);
    return wrong_start(c);
}

static int read_components(struct reader *r)
{
    for (size_t n = 0;; n++) {
        int err = n < OP_PARTS_MAX ? read_component(r) : WEFT_ELIMIT;
        if (err != 0)
            return err;
        int c = peek_token(r);
        if (c != ',' && c != ']')
            return WEFT_EJSON;
        r->at++;
        if (c == ']')
            return 0;
    }
}

static int read_array(struct reader *r)
{
    int c = peek_token(r);
    if (c != '[')
        return wrong_start(c);
    r->at++;
    int err = 0;
    if (peek_token(r) == ']')
        r->at++;
    else
        err = read_components(r);
    if (err == 0 && peek_token(r) != END)
        err = WEFT_EJSON;
    return err;
}

int weft_op_from_json(const char *json, size_t len_bytes, struct weft_op *ret,
                      size_t *ret_bad_bytes)
{
    struct reader r = {.json = json, .len = len_bytes, .op = ret};
    weft_op_clear(ret);
    int err = read_array(&r);
    if (err != 0) {
        weft_op_clear(ret);
        if (ret_bad_bytes != NULL)
            *ret_bad_bytes = r.at;
    }
    return err;
}
