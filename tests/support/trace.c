#include "support/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "support/gen.h"

static void *must(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "trace: out of memory\n");
        abort();
    }
    return p;
}

static void broken(const char *name, size_t line, const char *what)
{
    fprintf(stderr, "trace %s, line %zu: %s\n", name, line, what);
    abort();
}

/* The whole of a gzipped file, or NULL when it is not there. */
static char *read_gz(const char *name, const char *suffix, size_t *ret_len)
{
    const char *folder = getenv("WEFT_TRACES");
    if (folder == NULL || *folder == 0)
        folder = "../shared/traces";
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s.gz", folder, name, suffix);
    FILE *there = fopen(path, "rb");
    if (there == NULL || strchr(path, '\'') != NULL) {
        if (there != NULL)
            fclose(there);
        return NULL;
    }
    fclose(there);
    char command[4200];
    snprintf(command, sizeof command, "gzip -dc '%s'", path);
    FILE *f = popen(command, "r");
    if (f == NULL)
        broken(name, 0, "gzip cannot be run");
    size_t len = 0;
    size_t cap = 1 << 16;
    char *bytes = must(malloc(cap));
    size_t got;
    while ((got = fread(bytes + len, 1, cap - len, f)) > 0) {
        len += got;
        if (len == cap)
            bytes = must(realloc(bytes, cap *= 2));
    }
    if (pclose(f) != 0)
        broken(name, 0, "gzip failed");
    *ret_len = len;
    return bytes;
}

static uint32_t hex4(const char *s)
{
    char digits[5] = {s[0], s[1], s[2], s[3], 0};
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* A JSON string at *at, unescaped in place; *at ends behind its closing quote. */
static size_t unescape(char **at, const char *name, size_t line)
{
    char *in = *at;
    char *out = in;
    char *start = in;
    if (*in++ != '"')
        broken(name, line, "expected a string");
    for (; *in != '"' && *in != 0; in++) {
        if (*in != '\\') {
            *out++ = *in;
            continue;
        }
        static const char FROM[] = "nrtbf\"\\/";
        static const char TO[] = "\n\r\t\b\f\"\\/";
        const char *c = strchr(FROM, *++in);
        if (c != NULL && *c != 0) {
            *out++ = TO[c - FROM];
            continue;
        }
        if (*in != 'u')
            broken(name, line, "unknown escape");
        uint32_t cp = hex4(in + 1);
        in += 4;
        if (cp >= 0xd800 && cp < 0xdc00 && in[1] == '\\') {
            cp = 0x10000 + ((cp - 0xd800) << 10) + (hex4(in + 3) - 0xdc00);
            in += 6;
        }
        out += utf8_put(out, cp);
    }
    *at = in + 1;
    return (size_t)(out - start);
}

static void parse(struct trace *t, size_t len, bool session)
{
    size_t cap = 1024;
    t->lines = must(malloc(cap * sizeof *t->lines));
    char *end = t->bytes + len;
    for (char *at = t->bytes; at < end;) {
        char *line_end = must(memchr(at, '\n', (size_t)(end - at)));
        *line_end = 0;
        if (t->n == cap)
            t->lines = must(realloc(t->lines, (cap *= 2) * sizeof *t->lines));
        struct trace_line *l = &t->lines[t->n++];
        *l = (struct trace_line){0};
        if (session) {
            l->client = (int)strtoul(at, &at, 10);
            l->base = strtoul(at, &at, 10);
        }
        l->pos_cp = strtoul(at, &at, 10);
        l->del_cp = strtoul(at, &at, 10);
        if (*at != ' ')
            broken(t->name, t->n, "expected numbers and a string");
        l->text = ++at;
        l->text_bytes = unescape(&at, t->name, t->n);
        at = line_end + 1;
    }
}

static bool load(const char *name, const char *suffix, bool session, struct trace *ret)
{
    *ret = (struct trace){.name = name};
    size_t len;
    ret->bytes = read_gz(name, suffix, &len);
    if (ret->bytes == NULL)
        return false;
    parse(ret, len, session);
    ret->end = read_gz(name, "end", &ret->end_bytes);
    return true;
}

bool trace_load_session(const char *name, struct trace *ret)
{
    return load(name, "session", true, ret);
}

bool trace_load_patches(const char *name, struct trace *ret)
{
    return load(name, "patches", false, ret);
}

void trace_done(struct trace *t)
{
    free(t->lines);
    free(t->end);
    free(t->bytes);
    *t = (struct trace){0};
}

void trace_op(const struct trace_line *line, struct weft_op *ret)
{
    weft_op_clear(ret);
    if (weft_op_retain(ret, line->pos_cp) != 0 || weft_op_delete(ret, line->del_cp) != 0 ||
        weft_op_insert(ret, line->text, line->text_bytes) != 0)
        broken("line", 0, "it is no operation");
}

/* --- generating --- */

enum { UNSEEN_MAX = 40, DOC_CP_MAX = 1500 };

/* One of the two: its own view, and what of the other it has not seen, in its own context. */
struct typist {
    struct cps view;
    struct model unseen[UNSEEN_MAX];
    size_t n_unseen;
    size_t seen;
    size_t caret;
};

static void see_some(struct rng *r, struct typist *t)
{
    size_t want = t->n_unseen >= UNSEEN_MAX - 1 ? t->n_unseen : rng_below(r, t->n_unseen + 1);
    if (t->n_unseen < UNSEEN_MAX - 1 && rng_chance(r, 60))
        want = 0;
    for (size_t i = 0; i < want; i++) {
        struct cps next = {0};
        model_apply(&t->unseen[i], &t->view, &next);
        t->caret = model_position(&t->unseen[i], t->caret, WEFT_LEFT);
        cps_done(&t->view);
        t->view = next;
        model_done(&t->unseen[i]);
    }
    t->n_unseen -= want;
    memmove(t->unseen, t->unseen + want, t->n_unseen * sizeof *t->unseen);
    t->seen += want;
}

/* Mostly typing on at the caret; sometimes elsewhere, sometimes deleting backwards. */
static void type_line(struct rng *r, struct typist *t, struct trace_line *l, char *text)
{
    if (rng_chance(r, 5) || t->caret > t->view.len)
        t->caret = rng_below(r, t->view.len + 1);
    *l = (struct trace_line){.base = t->seen, .pos_cp = t->caret, .text = text};
    bool shrink = t->view.len > DOC_CP_MAX;
    if (rng_chance(r, shrink ? 80 : 25) && t->caret > 0) {
        l->del_cp = rng_between(r, 1, t->caret < 6 ? t->caret : 6);
        l->pos_cp -= l->del_cp;
    }
    if (l->del_cp == 0 || rng_chance(r, 10))
        l->text_bytes = rng_text(r, text, rng_between(r, 1, 3));
    t->caret = l->pos_cp + utf8_count(text, l->text_bytes);
}

/* The typist's operation becomes known to the other, rewritten over all that is unseen. */
static struct model publish(struct typist *t, struct model own)
{
    for (size_t i = 0; i < t->n_unseen; i++) {
        struct model seen = {0};
        model_transform(&t->unseen[i], &own, WEFT_RIGHT, &seen);
        struct model next = {0};
        model_transform(&own, &t->unseen[i], WEFT_LEFT, &next);
        model_done(&t->unseen[i]);
        model_done(&own);
        t->unseen[i] = seen;
        own = next;
    }
    return own;
}

void trace_generate(uint64_t seed, size_t n, struct trace *ret)
{
    enum { LINE_BYTES_MAX = 12 };
    struct rng r = rng_of(seed);
    struct typist *typists = must(calloc(2, sizeof *typists));
    struct cps log_text = {0};
    *ret = (struct trace){.name = "generated", .n = n};
    ret->lines = must(calloc(n + 1, sizeof *ret->lines));
    ret->bytes = must(malloc(n * LINE_BYTES_MAX + 1));
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    for (size_t i = 0; i < n; i++) {
        int who = (int)rng_below(&r, 2);
        if (typists[1 - who].n_unseen == UNSEEN_MAX)
            who = 1 - who; /* the other has too much unseen: it is its turn to look */
        struct typist *t = &typists[who];
        see_some(&r, t);
        type_line(&r, t, &ret->lines[i], ret->bytes + i * LINE_BYTES_MAX);
        ret->lines[i].client = who;
        trace_op(&ret->lines[i], &op);
        struct model own = {0};
        model_of(&op, t->view.len, &own);
        struct cps view = {0};
        model_apply(&own, &t->view, &view);
        cps_done(&t->view);
        t->view = view;
        own = publish(t, own);
        struct cps text = {0};
        model_apply(&own, &log_text, &text);
        cps_done(&log_text);
        log_text = text;
        typists[1 - who].unseen[typists[1 - who].n_unseen++] = own;
    }
    weft_op_done(&op);
    ret->end = cps_utf8(&log_text, &ret->end_bytes);
    cps_done(&log_text);
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < typists[i].n_unseen; k++)
            model_done(&typists[i].unseen[k]);
        cps_done(&typists[i].view);
    }
    free(typists);
}
