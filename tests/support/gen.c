#include "support/gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"

static void *grow(void *p, size_t bytes)
{
    void *moved = realloc(p, bytes != 0 ? bytes : 1);
    WEFT_ASSERT(moved != NULL);
    return moved;
}

static void must(int err)
{
    WEFT_ASSERT(err == 0);
}

/* --- texts as arrays of code points --- */

void cps_done(struct cps *t)
{
    free(t->cp);
    *t = (struct cps){0};
}

void cps_push(struct cps *t, uint32_t cp)
{
    if (t->len == t->cap) {
        t->cap = t->cap != 0 ? 2 * t->cap : 8;
        t->cp = grow(t->cp, t->cap * sizeof *t->cp);
    }
    t->cp[t->len++] = cp;
}

void cps_append(struct cps *t, const struct cps *more)
{
    for (size_t i = 0; i < more->len; i++)
        cps_push(t, more->cp[i]);
}

struct cps cps_copy(const struct cps *t)
{
    struct cps copy = {0};
    cps_append(&copy, t);
    return copy;
}

void cps_read(struct cps *t, const char *utf8, size_t len_bytes)
{
    size_t n;
    for (size_t i = 0; i < len_bytes; i += n)
        cps_push(t, utf8_get(utf8 + i, &n));
}

struct cps cps_from(const char *utf8, size_t len_bytes)
{
    struct cps t = {0};
    cps_read(&t, utf8, len_bytes);
    return t;
}

char *cps_utf8(const struct cps *t, size_t *ret_len_bytes)
{
    char *out = grow(NULL, 4 * t->len + 1);
    size_t len = 0;
    for (size_t i = 0; i < t->len; i++)
        len += utf8_put(out + len, t->cp[i]);
    out[len] = 0;
    if (ret_len_bytes != NULL)
        *ret_len_bytes = len;
    return out;
}

bool cps_equal(const struct cps *a, const struct cps *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->cp, b->cp, a->len * sizeof *a->cp) == 0);
}

/* --- the model --- */

static struct cps inserted(const struct model *m, size_t gap)
{
    size_t from = gap > 0 ? m->upto[gap - 1] : 0;
    return (struct cps){.cp = m->text.cp + from, .len = m->upto[gap] - from};
}

/* A model is written from the first gap to the last. */
static void begin(struct model *m, size_t doc_cp)
{
    if (m->cap == 0 || m->cap < doc_cp + 1) {
        m->cap = 2 * (doc_cp + 1);
        m->upto = grow(m->upto, m->cap * sizeof *m->upto);
        m->dead = grow(m->dead, m->cap * sizeof *m->dead);
    }
    memset(m->dead, 0, (doc_cp + 1) * sizeof *m->dead);
    m->doc_cp = doc_cp;
    m->text.len = 0;
    m->gap = 0;
}

static void go_to(struct model *m, size_t gap)
{
    WEFT_ASSERT(m->gap <= gap && gap <= m->doc_cp + 1);
    while (m->gap < gap)
        m->upto[m->gap++] = m->text.len;
}

static void put(struct model *m, size_t gap, const struct cps *text)
{
    if (text->len > 0) {
        go_to(m, gap);
        cps_append(&m->text, text);
    }
}

static void end(struct model *m)
{
    go_to(m, m->doc_cp + 1);
}

void model_done(struct model *m)
{
    cps_done(&m->text);
    free(m->upto);
    free(m->dead);
    *m = (struct model){0};
}

void model_of(const struct weft_op *op, size_t doc_cp, struct model *ret)
{
    WEFT_ASSERT(weft_op_span(op) <= doc_cp);
    size_t n;
    size_t text_len;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &text_len);
    size_t gap = 0;
    begin(ret, doc_cp);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].kind == WEFT_INSERT) {
            go_to(ret, gap);
            cps_read(&ret->text, text, parts[i].len_bytes);
            text += parts[i].len_bytes;
            continue;
        }
        for (size_t k = 0; k < parts[i].len_cp; k++)
            ret->dead[gap++] = parts[i].kind == WEFT_DELETE;
    }
    end(ret);
}

void model_to_op(const struct model *m, struct weft_op *ret)
{
    weft_op_clear(ret);
    for (size_t gap = 0; gap <= m->doc_cp; gap++) {
        struct cps text = inserted(m, gap);
        for (size_t k = 0; k < text.len; k++) {
            char utf8[4];
            must(weft_op_insert(ret, utf8, utf8_put(utf8, text.cp[k])));
        }
        if (gap < m->doc_cp)
            must(m->dead[gap] ? weft_op_delete(ret, 1) : weft_op_retain(ret, 1));
    }
}

size_t model_result_cp(const struct model *m)
{
    size_t n = m->text.len;
    for (size_t i = 0; i < m->doc_cp; i++)
        n += !m->dead[i];
    return n;
}

void model_apply(const struct model *m, const struct cps *doc, struct cps *ret)
{
    WEFT_ASSERT(doc->len == m->doc_cp);
    ret->len = 0;
    for (size_t gap = 0; gap <= doc->len; gap++) {
        struct cps text = inserted(m, gap);
        cps_append(ret, &text);
        if (gap < doc->len && !m->dead[gap])
            cps_push(ret, doc->cp[gap]);
    }
}

void model_merge(const struct model *left, const struct model *right, const struct cps *doc,
                 struct cps *ret)
{
    WEFT_ASSERT(doc->len == left->doc_cp && doc->len == right->doc_cp);
    ret->len = 0;
    for (size_t gap = 0; gap <= doc->len; gap++) {
        struct cps first = inserted(left, gap);
        struct cps second = inserted(right, gap);
        cps_append(ret, &first);
        cps_append(ret, &second);
        if (gap < doc->len && !left->dead[gap] && !right->dead[gap])
            cps_push(ret, doc->cp[gap]);
    }
}

void model_transform(const struct model *a, const struct model *b, enum weft_side side,
                     struct model *ret)
{
    WEFT_ASSERT(a->doc_cp == b->doc_cp);
    begin(ret, model_result_cp(b));
    size_t at = 0; /* in the document after b */
    for (size_t gap = 0; gap <= a->doc_cp; gap++) {
        struct cps text = inserted(a, gap);
        size_t behind = at + inserted(b, gap).len;
        put(ret, side == WEFT_LEFT ? at : behind, &text);
        at = behind;
        if (gap < a->doc_cp && !b->dead[gap])
            ret->dead[at++] = a->dead[gap];
    }
    end(ret);
}

/* Lays out the document before, with a's text and with tombstones for what a deleted, and puts each
 * text of b right in front of the code point that b saw behind it. */
void model_compose(const struct model *a, const struct model *b, struct model *ret)
{
    WEFT_ASSERT(model_result_cp(a) == b->doc_cp);
    begin(ret, a->doc_cp);
    size_t at = 0; /* in the document between */
    for (size_t gap = 0; gap <= a->doc_cp; gap++) {
        struct cps text = inserted(a, gap);
        struct cps of_b;
        for (size_t k = 0; k < text.len; k++, at++) {
            of_b = inserted(b, at);
            put(ret, gap, &of_b);
            if (!b->dead[at])
                put(ret, gap, &(struct cps){.cp = text.cp + k, .len = 1});
        }
        if (gap < a->doc_cp && a->dead[gap]) {
            ret->dead[gap] = true;
            continue;
        }
        of_b = inserted(b, at);
        put(ret, gap, &of_b);
        if (gap < a->doc_cp)
            ret->dead[gap] = b->dead[at++];
    }
    end(ret);
}

void model_invert(const struct model *m, const struct cps *doc, struct model *ret)
{
    begin(ret, model_result_cp(m));
    size_t at = 0; /* in the document after */
    for (size_t gap = 0; gap <= m->doc_cp; gap++) {
        for (size_t k = inserted(m, gap).len; k > 0; k--)
            ret->dead[at++] = true;
        if (gap < m->doc_cp && m->dead[gap])
            put(ret, at, &(struct cps){.cp = doc->cp + gap, .len = 1});
        else if (gap < m->doc_cp)
            at++;
    }
    end(ret);
}

size_t model_position(const struct model *m, size_t gap_cp, enum weft_side side)
{
    size_t pos = 0;
    for (size_t gap = 0; gap < gap_cp; gap++)
        pos += inserted(m, gap).len + !m->dead[gap];
    return pos + (side == WEFT_RIGHT ? inserted(m, gap_cp).len : 0);
}

/* --- generators --- */

/* 1 .. most, half of the time 1 to 3. */
static size_t some(struct rng *r, size_t most)
{
    return rng_between(r, 1, rng_chance(r, 50) && most > 3 ? 3 : most);
}

struct cps gen_doc(struct rng *r, size_t most_cp)
{
    struct cps doc = {0};
    size_t n = rng_chance(r, 10) ? 0 : rng_between(r, 0, rng_chance(r, 40) ? most_cp / 4 : most_cp);
    char *utf8 = grow(NULL, 4 * n);
    doc = cps_from(utf8, rng_text(r, utf8, n));
    free(utf8);
    return doc;
}

void gen_op(struct rng *r, size_t doc_cp, size_t most, struct weft_op *ret)
{
    enum { TEXT_CP_MOST = 12 };
    char text[4 * TEXT_CP_MOST];
    weft_op_clear(ret);
    size_t pieces = rng_below(r, most + 1);
    size_t left = doc_cp;
    for (size_t i = 0; i < pieces; i++) {
        size_t kind = rng_below(r, 10);
        if (kind < 4) { /* neighbouring inserts melt: longer texts come by themselves */
            size_t n_cp = rng_chance(r, 70) ? rng_between(r, 1, 2) : some(r, TEXT_CP_MOST);
            must(weft_op_insert(ret, text, rng_text(r, text, n_cp)));
            continue;
        }
        if (left == 0)
            continue;
        size_t n_cp = rng_chance(r, 5) ? left : some(r, left);
        left -= n_cp;
        must(kind < 7 ? weft_op_retain(ret, n_cp) : weft_op_delete(ret, n_cp));
    }
}

void op_of(struct weft_op *ret, const char *notation)
{
    weft_op_clear(ret);
    for (const char *p = notation; *p != 0;) {
        if (*p == ' ') {
            p++;
        } else if (*p == '\'') {
            const char *end = strchr(p + 1, '\'');
            WEFT_ASSERT(end != NULL);
            must(weft_op_insert(ret, p + 1, (size_t)(end - p - 1)));
            p = end + 1;
        } else {
            char *end;
            long n = strtol(p, &end, 10);
            WEFT_ASSERT(end != p);
            must(n > 0 ? weft_op_retain(ret, (size_t)n) : weft_op_delete(ret, (size_t)-n));
            p = end;
        }
    }
}

/* --- for the reader of a failure --- */

/* What shows as itself on a terminal. */
static bool is_plain(uint32_t cp)
{
    return (cp >= 0x20 && cp < 0x7f) || (cp > 0xa0 && cp < 0x370) ||
           (cp >= 0x20a0 && cp < 0x20c0) || (cp >= 0x1f300 && cp < 0x1fb00);
}

void text_print(FILE *f, const char *utf8, size_t len)
{
    fputc('"', f);
    size_t n;
    for (size_t i = 0; i < len; i += n) {
        uint32_t cp = utf8_get(utf8 + i, &n);
        if (cp == '"' || cp == '\\')
            fprintf(f, "\\%c", (int)cp);
        else if (is_plain(cp))
            fwrite(utf8 + i, 1, n, f);
        else if (cp >= 0x10000)
            fprintf(f, "\\u%04x\\u%04x", 0xd7c0 + (cp >> 10), 0xdc00 + (cp & 0x3ff));
        else
            fprintf(f, "\\u%04x", cp);
    }
    fputc('"', f);
}

char *op_json(const struct weft_op *op)
{
    char *out = NULL;
    size_t out_len = 0;
    FILE *f = open_memstream(&out, &out_len);
    WEFT_ASSERT(f != NULL);
    size_t n;
    size_t text_len;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &text_len);
    fputc('[', f);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            fputc(',', f);
        if (parts[i].kind == WEFT_INSERT)
            text_print(f, text, parts[i].len_bytes);
        else
            fprintf(f, "%s%u", parts[i].kind == WEFT_DELETE ? "-" : "", parts[i].len_cp);
        text += parts[i].len_bytes;
    }
    fputc(']', f);
    fclose(f);
    return out;
}

void gen_report(const char *claim, uint64_t seed, const struct cps *doc, const struct named_op *ops)
{
    fprintf(stderr, "# broken: %s\n", claim);
    if (doc != NULL) {
        size_t len;
        char *utf8 = cps_utf8(doc, &len);
        fprintf(stderr, "#   document of %zu code points: ", doc->len);
        text_print(stderr, utf8, len);
        fputc('\n', stderr);
        free(utf8);
    }
    for (; ops->name != NULL; ops++) {
        if (ops->op == NULL)
            continue;
        char *json = op_json(ops->op);
        fprintf(stderr, "#   %s = %s\n", ops->name, json);
        free(json);
    }
    rng_tell(seed);
}
