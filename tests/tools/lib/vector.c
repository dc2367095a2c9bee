#include "tools/lib/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "wire/json_write.h"
#include "wire/wire.h"
#include <weft/op_json.h>
#include <weft/text.h>

void vector_need(bool true_here, const char *what)
{
    if (true_here)
        return;
    fprintf(stderr, "vectors: %s\n", what);
    exit(1);
}

static void must(int err)
{
    vector_need(err == 0, weft_error_text(err));
}

/* --- a case --- */

static struct weft_op *const *all_ops(struct vector *v)
{
    static struct weft_op *ops[4];
    ops[0] = &v->a, ops[1] = &v->b, ops[2] = &v->next, ops[3] = &v->units;
    return ops;
}

void vector_init(struct vector *v)
{
    *v = (struct vector){0};
    for (size_t i = 0; i < 4; i++)
        weft_op_init(all_ops(v)[i], weft_heap());
}

void vector_clear(struct vector *v)
{
    free(v->doc.at);
    free(v->to.at);
    free(v->json.at);
    v->doc = v->to = v->json = (struct vector_text){0};
    for (size_t i = 0; i < 4; i++)
        weft_op_clear(all_ops(v)[i]);
    for (size_t i = 0; i < v->list_len; i++)
        weft_op_done(&v->list[i]);
    v->list_len = 0;
}

void vector_done(struct vector *v)
{
    vector_clear(v);
    for (size_t i = 0; i < 4; i++)
        weft_op_done(all_ops(v)[i]);
    free(v->list);
    v->list = NULL;
}

struct weft_op *vector_list_add(struct vector *v)
{
    if ((v->list_len & (v->list_len - 1)) == 0) { /* a power of two: full */
        size_t cap = v->list_len != 0 ? 2 * v->list_len : 1;
        v->list = realloc(v->list, cap * sizeof *v->list);
        vector_need(v->list != NULL, "out of memory");
    }
    struct weft_op *op = &v->list[v->list_len++];
    weft_op_init(op, weft_heap());
    return op;
}

/* --- reading: arrays, strings and integers, no white space --- */

struct input {
    const char *at;
    const char *end;
};

static bool next_is(const struct input *in, char c)
{
    return in->at < in->end && *in->at == c;
}

static void expect(struct input *in, char c)
{
    vector_need(next_is(in, c), "a line that is not of the form of a case");
    in->at++;
}

static int64_t read_number(struct input *in)
{
    bool minus = next_is(in, '-');
    in->at += minus;
    vector_need(in->at < in->end && *in->at >= '0' && *in->at <= '9', "no number where one is due");
    int64_t n = 0;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++)
        n = 10 * n + (*in->at - '0');
    return minus ? -n : n;
}

/* Behind the backslash. JSON.stringify and jw_string write no \u but for control characters. */
static char read_escape(struct input *in)
{
    static const char LETTERS[] = "bfnrt";
    static const char MEANT[] = "\b\f\n\r\t";
    char c = *in->at++;
    if (c != 'u') {
        const char *letter = strchr(LETTERS, c);
        return letter != NULL ? MEANT[letter - LETTERS] : c;
    }
    vector_need(in->end - in->at > 4 && in->at[0] == '0' && in->at[1] == '0', "an unknown escape");
    const char hex[3] = {in->at[2], in->at[3], 0};
    in->at += 4;
    return (char)strtol(hex, NULL, 16);
}

static struct vector_text read_text(struct input *in)
{
    expect(in, '"');
    struct vector_text t = {.at = malloc((size_t)(in->end - in->at))};
    vector_need(t.at != NULL, "out of memory");
    while (!next_is(in, '"')) {
        vector_need(in->end - in->at > 1, "a string without its end");
        char c = *in->at++;
        t.at[t.len++] = c == '\\' ? read_escape(in) : c;
    }
    in->at++;
    return t;
}

static void read_op(struct input *in, struct weft_op *ret)
{
    expect(in, '[');
    while (!next_is(in, ']')) {
        if (next_is(in, '"')) {
            struct vector_text t = read_text(in);
            must(weft_op_insert(ret, t.at, t.len));
            free(t.at);
        } else {
            int64_t n = read_number(in);
            must(n > 0 ? weft_op_retain(ret, (size_t)n) : weft_op_delete(ret, (size_t)-n));
        }
        if (!next_is(in, ']'))
            expect(in, ',');
    }
    in->at++;
}

static void read_list(struct input *in, struct vector *v)
{
    expect(in, '[');
    while (!next_is(in, ']')) {
        read_op(in, vector_list_add(v));
        if (!next_is(in, ']'))
            expect(in, ',');
    }
    in->at++;
}

size_t vector_read(struct vector *v, const char *line, size_t len)
{
    struct input in = {.at = line, .end = line + len};
    vector_clear(v);
    expect(&in, '[');
    v->doc = read_text(&in);
    expect(&in, ',');
    for (size_t i = 0; i < 3; i++) {
        read_op(&in, all_ops(v)[i]);
        expect(&in, ',');
    }
    read_list(&in, v);
    expect(&in, ',');
    v->gap_cp = (size_t)read_number(&in);
    expect(&in, ',');
    v->to = read_text(&in);
    expect(&in, ',');
    v->json = read_text(&in);
    expect(&in, ',');
    read_op(&in, &v->units);
    expect(&in, ',');
    v->unit_u16 = (size_t)read_number(&in);
    expect(&in, ']');
    return (size_t)(in.at - line);
}

size_t vector_parts(const char *json, size_t len, size_t most, const char **ret_at, size_t *ret_len)
{
    size_t parts = 0;
    size_t depth = 0;
    bool in_string = false;
    const char *from = json + 1;
    for (size_t i = 0; i < len; i++) {
        char c = json[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        if (depth == 1 && (c == ',' || c == ']')) {
            vector_need(parts < most, "a line with too many answers");
            ret_at[parts] = from;
            ret_len[parts++] = (size_t)(json + i - from);
            from = json + i + 1;
        }
        depth += c == '[';
        depth -= c == ']';
    }
    vector_need(depth == 0 && !in_string, "a line with a broken list of answers");
    return parts;
}

/* --- writing --- */

static void put_op(struct json_writer *w, const struct weft_op *op)
{
    size_t n;
    size_t text_len;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &text_len);
    JW_LIT(w, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            JW_LIT(w, ",");
        if (parts[i].kind == WEFT_INSERT)
            jw_string(w, text, parts[i].len_bytes);
        else
            jw_int(w, parts[i].kind == WEFT_DELETE ? -(int64_t)parts[i].len_cp : parts[i].len_cp);
        text += parts[i].len_bytes;
    }
    JW_LIT(w, "]");
}

void vector_write_inputs(const struct vector *v, struct buf *out)
{
    struct json_writer w = jw_begin(out);
    const struct weft_op *const ops[] = {&v->a, &v->b, &v->next};
    JW_LIT(&w, "[");
    jw_string(&w, v->doc.at, v->doc.len);
    for (size_t i = 0; i < 3; i++) {
        JW_LIT(&w, ",");
        put_op(&w, ops[i]);
    }
    JW_LIT(&w, ",[");
    for (size_t i = 0; i < v->list_len; i++) {
        if (i > 0)
            JW_LIT(&w, ",");
        put_op(&w, &v->list[i]);
    }
    JW_LIT(&w, "],");
    jw_uint(&w, v->gap_cp);
    JW_LIT(&w, ",");
    jw_string(&w, v->to.at, v->to.len);
    JW_LIT(&w, ",");
    jw_string(&w, v->json.at, v->json.len);
    JW_LIT(&w, ",");
    put_op(&w, &v->units);
    JW_LIT(&w, ",");
    jw_uint(&w, v->unit_u16);
    JW_LIT(&w, "]");
    must(jw_end(&w));
}

/* --- what the engine makes of a case --- */

static struct weft_text *doc_of(const struct vector *v)
{
    struct weft_text *doc;
    must(weft_text_from(weft_heap(), v->doc.at, v->doc.len, &doc));
    return doc;
}

/* What of the engine's answers an answer is made of. */
struct answer {
    int err; /* not 0: refused */
    struct weft_op op;
};

static void put_answer(struct json_writer *w, const struct answer *a)
{
    if (a->err == 0)
        put_op(w, &a->op);
    else
        JW_LIT(w, "null");
}

static void put_applied(struct json_writer *w, const struct vector *v, const struct weft_op *op)
{
    struct weft_text *doc = doc_of(v);
    if (weft_op_apply(op, doc) == 0)
        jw_text(w, doc);
    else
        JW_LIT(w, "null");
    weft_text_free(doc);
}

/* Where the count ends: asked of the rope in one unit, read in the other. */
static int recount(const struct weft_text *doc, const struct weft_op *op, bool to_u16,
                   struct weft_op *ret)
{
    size_t n;
    size_t text_len;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &text_len);
    size_t at = 0;
    size_t before = 0;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].kind == WEFT_INSERT) {
            must(weft_op_insert(ret, text, parts[i].len_bytes));
            text += parts[i].len_bytes;
            continue;
        }
        struct weft_size size;
        at += parts[i].len_cp;
        int err = to_u16 ? weft_text_at_cp(doc, at, &size) : weft_text_at_u16(doc, at, &size);
        if (err != 0)
            return err;
        size_t there = to_u16 ? size.u16 : size.cp;
        must(parts[i].kind == WEFT_RETAIN ? weft_op_retain(ret, there - before)
                                          : weft_op_delete(ret, there - before));
        before = there;
    }
    return 0;
}

static void put_unit_at(struct json_writer *w, const struct weft_text *doc, size_t u16)
{
    struct weft_size size;
    int err = weft_text_at_u16(doc, u16, &size);
    if (err == WEFT_EINVAL) {
        JW_LIT(w, "[true,");
        err = weft_text_at_u16(doc, u16 + 1, &size);
    } else {
        JW_LIT(w, "[false,");
    }
    must(err);
    jw_uint(w, size.cp);
    JW_LIT(w, "]");
}

static int compose_list(const struct vector *v, struct weft_op *ret)
{
    const struct weft_op **ops = malloc((v->list_len + 1) * sizeof *ops);
    vector_need(ops != NULL, "out of memory");
    for (size_t i = 0; i < v->list_len; i++)
        ops[i] = &v->list[i];
    int err = weft_op_compose_all(ops, v->list_len, ret);
    free(ops);
    return err;
}

/* By the library's reader; the server's, which is another one, must say the same. */
static int from_json(const struct vector *v, struct weft_op *ret)
{
    static struct room_error unused;
    struct weft_op wire;
    weft_op_init(&wire, weft_heap());
    int wire_err = wire_decode_op(v->json.at, v->json.len, &wire, &unused);
    int err = weft_op_from_json(v->json.at, v->json.len, ret, NULL);
    if ((err != 0) != (wire_err != 0) || !weft_op_equal(ret, &wire)) {
        fprintf(stderr, "vectors: server and library read %.*s differently\n", (int)v->json.len,
                v->json.at);
        exit(1);
    }
    weft_op_done(&wire);
    return err;
}

static void answer_on_doc(const struct vector *v, size_t which, struct json_writer *w,
                          struct answer *a)
{
    struct weft_text *doc = doc_of(v);
    struct weft_size size;
    switch (which) {
    case 5:
        a->err = weft_op_invert(&v->a, doc, &a->op);
        put_answer(w, a);
        break;
    case 12:
        a->err = recount(doc, &v->a, true, &a->op);
        put_answer(w, a);
        break;
    case 13:
        a->err = recount(doc, &v->units, false, &a->op);
        put_answer(w, a);
        break;
    case 14:
        must(weft_text_at_cp(doc, v->gap_cp, &size));
        jw_uint(w, size.u16);
        break;
    default:
        put_unit_at(w, doc, v->unit_u16);
        break;
    }
    weft_text_free(doc);
}

const char *const vector_names[VECTOR_FUNCTIONS] = {
    "apply",
    "transform left",
    "transform right",
    "compose",
    "compose all",
    "invert",
    "transform_position left",
    "transform_position right",
    "diff",
    "decode and normalise",
    "span",
    "delta",
    "to UTF-16 counts",
    "from UTF-16 counts",
    "code point to UTF-16 position",
    "UTF-16 to code point position",
    "apply what was decoded",
};

void vector_answer(const struct vector *v, size_t which, struct buf *out)
{
    struct json_writer w = jw_begin(out);
    struct answer a = {0};
    weft_op_init(&a.op, weft_heap());
    switch (which) {
    case 0:
        put_applied(&w, v, &v->a);
        break;
    case 1:
    case 2:
        must(weft_op_transform(&v->a, &v->b, which == 1 ? WEFT_LEFT : WEFT_RIGHT, &a.op));
        put_answer(&w, &a);
        break;
    case 3:
        must(weft_op_compose(&v->a, &v->next, &a.op));
        put_answer(&w, &a);
        break;
    case 4:
        must(compose_list(v, &a.op));
        put_answer(&w, &a);
        break;
    case 6:
    case 7:
        jw_uint(&w,
                weft_op_transform_position(&v->a, v->gap_cp, which == 6 ? WEFT_LEFT : WEFT_RIGHT));
        break;
    case 8:
        must(weft_op_diff(v->doc.at, v->doc.len, v->to.at, v->to.len, &a.op));
        put_answer(&w, &a);
        break;
    case 9:
        a.err = from_json(v, &a.op);
        put_answer(&w, &a);
        break;
    case 10:
        jw_uint(&w, weft_op_span(&v->a));
        break;
    case 11:
        jw_int(&w, weft_op_delta(&v->a));
        break;
    case 16:
        if (from_json(v, &a.op) == 0)
            put_applied(&w, v, &a.op);
        else
            JW_LIT(&w, "null");
        break;
    default:
        answer_on_doc(v, which, &w, &a);
        break;
    }
    weft_op_done(&a.op);
    must(jw_end(&w));
}
