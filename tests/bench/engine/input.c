#include "bench/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "bench/bench.h"

void must(int err)
{
    if (err != 0) {
        fprintf(stderr, "engine_bench: %s\n", weft_error_text(err));
        abort();
    }
}

void *must_have(void *p)
{
    if (p == NULL)
        must(WEFT_ENOMEM);
    return p;
}

size_t number(const char *word)
{
    char *end;
    unsigned long long n = strtoull(word, &end, 10);
    if (end == word || *end != 0) {
        fprintf(stderr, "engine_bench: \"%s\" is no number\n", word);
        abort();
    }
    return (size_t)n;
}

/* --- files of edits --- */

static char *read_all(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        abort();
    }
    size_t len = (size_t)ftell(f);
    char *bytes = must_have(malloc(len + 1));
    rewind(f);
    if (fread(bytes, 1, len, f) != len) {
        perror(path);
        abort();
    }
    fclose(f);
    *ret_len = len;
    return bytes;
}

/* Little endian, as this side's machines are. */
static uint32_t word_at(const char *bytes, size_t i)
{
    uint32_t v;
    memcpy(&v, bytes + i * sizeof v, sizeof v);
    return v;
}

void edits_load(const char *path, struct edits *ret)
{
    *ret = (struct edits){0};
    if (strcmp(path, "-") == 0)
        return;
    size_t len;
    ret->bytes = read_all(path, &len);
    ret->n = len >= 4 ? word_at(ret->bytes, 0) : 0;
    ret->at = must_have(malloc((ret->n + 1) * sizeof *ret->at));
    size_t text_at = 4 + 12 * ret->n;
    for (size_t i = 0; i < ret->n; i++) {
        struct edit *e = &ret->at[i];
        e->pos_cp = word_at(ret->bytes, 1 + 3 * i);
        e->del_cp = word_at(ret->bytes, 2 + 3 * i);
        e->len_bytes = word_at(ret->bytes, 3 + 3 * i);
        e->text = ret->bytes + text_at;
        text_at += e->len_bytes;
    }
    if (text_at != len) {
        fprintf(stderr, "engine_bench: %s is broken\n", path);
        abort();
    }
}

void edits_done(struct edits *list)
{
    free(list->at);
    free(list->bytes);
    *list = (struct edits){0};
}

struct weft_op *edits_ops(const struct weft_alloc *alloc, const struct edits *list, size_t n)
{
    struct weft_op *ops = must_have(malloc((n + 1) * sizeof *ops));
    for (size_t i = 0; i < n; i++) {
        const struct edit *e = &list->at[i];
        weft_op_init(&ops[i], alloc);
        must(weft_op_retain(&ops[i], e->pos_cp));
        must(weft_op_delete(&ops[i], e->del_cp));
        must(weft_op_insert(&ops[i], e->text, e->len_bytes));
    }
    return ops;
}

void ops_done(struct weft_op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        weft_op_done(&ops[i]);
    free(ops);
}

void ops_compose(const struct weft_op *ops, size_t n, struct weft_op *ret)
{
    const struct weft_op **list = must_have(malloc((n + 1) * sizeof *list));
    for (size_t i = 0; i < n; i++)
        list[i] = &ops[i];
    must(weft_op_compose_all(list, n, ret));
    free(list);
}

/* --- texts --- */

static const char ASCII[] = "The quick brown fox jumps over the lazy dog; 0123456789 abcdef.\n";
static const char MIXED[] = "Zażółć gęślą jaźń, 你好世界 😀 naïve façade, the quick fox 123\n";

char *base_text(const char *kind, size_t n_cp, size_t *ret_len_bytes)
{
    const char *pattern = strcmp(kind, "mixed") == 0 ? MIXED : ASCII;
    char *out = must_have(malloc(4 * n_cp + 4));
    size_t len = 0;
    const char *in = pattern;
    for (size_t i = 0; i < n_cp; i++) {
        if (*in == 0)
            in = pattern;
        do
            out[len++] = *in++;
        while (((unsigned char)*in & 0xc0) == 0x80);
    }
    *ret_len_bytes = len;
    return out;
}

struct weft_text *base_rope(const struct weft_alloc *alloc, const char *kind, size_t n_cp)
{
    size_t len;
    char *utf8 = base_text(kind, n_cp, &len);
    struct weft_text *t;
    must(weft_text_from(alloc, utf8, len, &t));
    free(utf8);
    return t;
}

void sha_of(const char *bytes, size_t len, char ret_hex[HEX_BYTES])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int sum_len = 0;
    if (EVP_Digest(bytes, len, sum, &sum_len, EVP_sha256(), NULL) != 1)
        must(WEFT_ENOMEM);
    for (unsigned int i = 0; i < sum_len; i++)
        snprintf(ret_hex + (size_t)(2 * i), 3, "%02x", sum[i]);
}

void sha_of_text(const struct weft_text *t, char ret_hex[HEX_BYTES])
{
    struct weft_size size = weft_text_size(t);
    char *bytes = must_have(malloc(size.bytes + 1));
    size_t len;
    must(weft_text_copy(t, 0, size.cp, bytes, size.bytes, &len));
    sha_of(bytes, len, ret_hex);
    free(bytes);
}

/* --- times --- */

void laps_init(struct laps *l, uint64_t min_ms)
{
    l->enough_ns = min_ms * 1000000;
    l->sum_ns = 0;
    l->began_ns = bench_now_ns();
    l->n = 0;
}

bool laps_more(const struct laps *l)
{
    enum { LAPS_MAX = sizeof l->times_ns / sizeof *l->times_ns, WALL_FACTOR = 3 };
    return l->n == 0 || (l->n < LAPS_MAX && l->sum_ns < l->enough_ns &&
                         bench_now_ns() - l->began_ns < WALL_FACTOR * l->enough_ns);
}

void laps_start(struct laps *l)
{
    l->start_ns = bench_now_ns();
}

void laps_stop(struct laps *l)
{
    uint64_t took_ns = bench_now_ns() - l->start_ns;
    l->sum_ns += took_ns;
    l->times_ns[l->n++] = (double)took_ns;
}

double laps_median(struct laps *l)
{
    qsort(l->times_ns, l->n, sizeof *l->times_ns, bench_compare);
    return l->times_ns[l->n / 2];
}

/* --- memory --- */

static void *counted_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    struct counted *c = ctx;
    c->held_bytes = c->held_bytes - old_bytes + new_bytes;
    c->calls += new_bytes != 0;
    return weft_resize(weft_heap(), ptr, old_bytes, new_bytes);
}

void counted_init(struct counted *c)
{
    *c = (struct counted){.alloc = {.resize = counted_resize, .ctx = c}};
}
