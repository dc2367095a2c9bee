/* weft-replay - plays an editing trace through the text and says how long that took.
 *
 *     0  played     1  the file cannot be read or is no trace     2  not understood
 *
 * A trace has one patch a line: `position deleted "inserted"`, positions in code points, the string
 * as in JSON. It is applied in order to an empty text. The file is parsed first; what is measured
 * is making the text and all its edits, nothing else. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <openssl/evp.h>

#include <weft/alloc.h>
#include <weft/text.h>

enum { EXIT_PLAYED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, REPEAT_DEFAULT = 25, REPEAT_MAX = 100000 };

/* Small: what is read along with the edits costs time too. */
struct patch {
    uint32_t pos_cp;
    uint32_t del_cp;
    uint32_t text_bytes; /* of trace.text, behind those of the patches before */
};

struct trace {
    const char *name;
    struct patch *patches;
    size_t count;
    char *text; /* what is inserted, one after the other */
    size_t text_bytes;
};

static const char usage[] =
    "weft-replay [--repeat N] FILE   play an editing trace through the text\n"
    "\n"
    "  FILE        one patch a line: position deleted \"inserted\", in code points\n"
    "  --repeat N  play it N times, each from an empty text (25)\n"
    "\n"
    "Prints ms=<median of the times> sha256=<of the text that came out>.\n";

static void *resize(void *ptr, size_t bytes)
{
    void *got = realloc(ptr, bytes);
    if (got == NULL) {
        fprintf(stderr, "weft-replay: out of memory\n");
        exit(EXIT_FAILED);
    }
    return got;
}

static bool broken(const struct trace *t, const char *what)
{
    fprintf(stderr, "weft-replay: %s:%zu: %s\n", t->name, t->count + 1, what);
    return false;
}

/* A count in decimal digits and the blank behind it; NULL where there is none. */
static const char *number(const char *at, uint32_t *ret)
{
    uint64_t n = 0;
    const char *start = at;
    for (; *at >= '0' && *at <= '9'; at++) {
        n = n * 10 + (uint64_t)(*at - '0');
        if (n > UINT32_MAX)
            return NULL;
    }
    if (at == start || *at != ' ')
        return NULL;
    *ret = (uint32_t)n;
    return at + 1;
}

/* One line, without its line feed, NUL-terminated. trace.text has room for it: a JSON string is
 * never shorter than what it says. */
static bool parse_line(struct trace *t, const char *line, size_t len_bytes)
{
    struct patch p;
    const char *at = number(line, &p.pos_cp);
    if (at != NULL)
        at = number(at, &p.del_cp);
    if (at == NULL)
        return broken(t, "expected: position deleted \"inserted\"");
    json_error_t error;
    json_t *text =
        json_loadb(at, len_bytes - (size_t)(at - line), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (text == NULL)
        return broken(t, error.text);
    bool ok = json_is_string(text) && json_string_length(text) <= UINT32_MAX;
    if (ok) {
        p.text_bytes = (uint32_t)json_string_length(text);
        memcpy(t->text + t->text_bytes, json_string_value(text), p.text_bytes);
        t->text_bytes += p.text_bytes;
        t->patches[t->count++] = p;
    }
    json_decref(text);
    return ok || broken(t, "the third field is not a string");
}

static char *read_file(const char *name, size_t *ret_len)
{
    FILE *f = fopen(name, "rb");
    char *bytes = NULL;
    size_t len = 0;
    size_t cap = 0;
    while (f != NULL && !feof(f) && !ferror(f)) {
        if (len == cap)
            bytes = resize(bytes, (cap = cap * 2 + 65536) + 1);
        len += fread(bytes + len, 1, cap - len, f);
    }
    if (f == NULL || ferror(f)) {
        fprintf(stderr, "weft-replay: %s: %s\n", name, strerror(errno));
        free(bytes);
        bytes = NULL;
    }
    if (f != NULL)
        fclose(f);
    *ret_len = len;
    return bytes;
}

static bool load(const char *name, struct trace *t)
{
    size_t len;
    char *bytes = read_file(name, &len);
    if (bytes == NULL)
        return false;
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += bytes[i] == '\n';
    *t = (struct trace){.name = name};
    t->patches = resize(NULL, lines * sizeof *t->patches);
    t->text = resize(NULL, len + 1);
    bool ok = true;
    for (size_t at = 0; at < len && ok;) {
        char *end = memchr(bytes + at, '\n', len - at);
        size_t line = end == NULL ? len - at : (size_t)(end - (bytes + at));
        bytes[at + line] = 0;
        ok = parse_line(t, bytes + at, line);
        at += line + 1;
    }
    free(bytes);
    return ok;
}

static void unload(struct trace *t)
{
    free(t->patches);
    free(t->text);
}

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* The whole trace into a new text. On an error *ret_line is where. */
static int play(const struct trace *t, struct weft_text **ret, size_t *ret_line)
{
    const char *text = t->text;
    int err = weft_text_new(weft_heap(), ret);
    if (err != 0)
        *ret = NULL;
    size_t i = 0;
    for (; i < t->count && err == 0; i++) {
        const struct patch *p = &t->patches[i];
        if (p->del_cp > 0)
            err = weft_text_delete(*ret, p->pos_cp, p->del_cp);
        if (p->text_bytes > 0 && err == 0)
            err = weft_text_insert(*ret, p->pos_cp, text, p->text_bytes);
        text += p->text_bytes;
    }
    *ret_line = i;
    return err;
}

static bool print_sha256(const struct weft_text *t)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct weft_text_iter it;
    const char *chunk;
    size_t len_bytes;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
              weft_text_iter_at(t, 0, &it) == 0;
    while (ok && weft_text_iter_next(&it, &chunk, &len_bytes))
        ok = EVP_DigestUpdate(ctx, chunk, len_bytes) == 1;
    ok = ok && EVP_DigestFinal_ex(ctx, digest, &len) == 1;
    EVP_MD_CTX_free(ctx);
    printf(" sha256=");
    for (unsigned i = 0; i < len; i++)
        printf("%02x", digest[i]);
    printf("\n");
    return ok;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

static int replay(const struct trace *t, size_t repeat)
{
    double *times = resize(NULL, repeat * sizeof *times);
    struct weft_text *text = NULL;
    int err = 0;
    for (size_t i = 0; i < repeat && err == 0; i++) {
        size_t line;
        weft_text_free(text);
        double start = now_ms();
        err = play(t, &text, &line);
        times[i] = now_ms() - start;
        if (err != 0)
            fprintf(stderr, "weft-replay: %s:%zu: %s\n", t->name, line, weft_error_text(err));
    }
    bool ok = err == 0;
    if (ok) {
        qsort(times, repeat, sizeof *times, ascending);
        double median = (times[(repeat - 1) / 2] + times[repeat / 2]) / 2;
        printf("ms=%.3f", median);
        ok = print_sha256(text);
    }
    weft_text_free(text);
    free(times);
    return ok && fflush(stdout) == 0 ? EXIT_PLAYED : EXIT_FAILED;
}

static int misused(const char *what, const char *arg)
{
    fprintf(stderr, "weft-replay: %s%s\n\n%s", what, arg, usage);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    size_t repeat = REPEAT_DEFAULT;
    const char *name = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return EXIT_PLAYED;
        }
        if (strcmp(argv[i], "--repeat") == 0) {
            const char *value = i + 1 < argc ? argv[++i] : "";
            char *end;
            unsigned long n = strtoul(value, &end, 10);
            if (*value < '0' || *value > '9' || *end != 0 || n < 1 || n > REPEAT_MAX)
                return misused("--repeat takes a number from 1 to 100000, not: ", value);
            repeat = n;
        } else if (argv[i][0] == '-' && argv[i][1] != 0) {
            return misused("unknown flag ", argv[i]);
        } else if (name != NULL) {
            return misused("more than one file: ", argv[i]);
        } else {
            name = argv[i];
        }
    }
    if (name == NULL)
        return misused("no file", "");
    struct trace trace;
    memset(&trace, 0, sizeof trace);
    int status = load(name, &trace) ? replay(&trace, repeat) : EXIT_FAILED;
    unload(&trace);
    return status;
}
