/* vectors - cases for another engine to compare itself with (the form: tools/lib/vector.h).
 *
 *     vectors write --seed S --cases N
 *         N random cases with this engine's answers to stdout; case i is the one that --seed S+i
 *         writes first
 *     vectors answer
 *         reads cases from stdin and writes them with this engine's answers in place of theirs
 *     vectors check
 *         reads cases from stdin and compares their answers with this engine's; says for the first
 *         of each function that differ
 *             {"case":<line, from 0>,"function":"…","answer":<this engine's>}
 *         and at the end for each function
 *             {"function":"…","compared":<n>,"differ":<n>}
 *     vectors names
 *         the functions, one a line
 *
 * Exit status: 0 done, 1 what was read is not of the form, 2 not understood. What it means that
 * answers differ is for the reader of the output to judge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "support/gen.h"
#include "tools/lib/vector.h"
#include "wire/json_write.h"

enum { EXIT_USAGE = 2, DIFFER_SHOWN = 3 /* of each function */ };

static void must(int err)
{
    vector_need(err == 0, weft_error_text(err));
}

/* --- cases --- */

static struct vector_text text_of(const struct cps *t)
{
    struct vector_text text;
    text.at = cps_utf8(t, &text.len);
    return text;
}

/* Most cases are so small that every boundary is met by every other; a few are large. */
static size_t doc_most(struct rng *r)
{
    size_t n = rng_below(r, 1000);
    return n < 600 ? 6 : n < 900 ? 24 : n < 997 ? 120 : 3000;
}

/* What a text becomes: itself after some edits, or another one. */
static struct cps gen_to(struct rng *r, const struct cps *doc)
{
    if (rng_chance(r, 20))
        return gen_doc(r, doc_most(r));
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    gen_op(r, doc->len, rng_chance(r, 50) ? 3 : 10, &op);
    struct model m = {0};
    struct cps to = {0};
    model_of(&op, doc->len, &m);
    model_apply(&m, doc, &to);
    model_done(&m);
    weft_op_done(&op);
    return to;
}

static void gen_list(struct rng *r, size_t doc_cp, struct vector *v)
{
    size_t n = rng_below(r, 1000) < 2 ? 200 : rng_below(r, 6);
    for (size_t i = 0; i < n; i++) {
        struct weft_op *op = vector_list_add(v);
        gen_op(r, doc_cp, 4, op);
        doc_cp = (size_t)((int64_t)doc_cp + weft_op_delta(op));
    }
}

static struct vector_text gen_json(struct rng *r)
{
    static const char *const GOOD[] = {
        "1",          "2",           "3",       "-1",    "-2",
        "-3",         "\"x\"",       "\"é\"",   "\"😀\"", "\"\\ud83d\\ude00\"",
        "\"\\r\\n\"", "\"e\u0301\"", "\"1.5\"", "\"-2\""};
    static const char *const ODD[] = {"0",
                                      "-0",
                                      "\"\"",
                                      "\"\\ud83d\"",
                                      "\"\\ude00\\ud83d\"",
                                      "\"\\u0000\"",
                                      "1.0",
                                      "2e0",
                                      "-1.5",
                                      "1E2",
                                      "2147483647",
                                      "2147483648",
                                      "-2147483647",
                                      "-2147483648",
                                      "9007199254740993",
                                      "1e400",
                                      "true",
                                      "null",
                                      "[1]",
                                      "{}",
                                      "01",
                                      "+1",
                                      "-",
                                      "\"a\tb\"",
                                      "\"\x7f\"",
                                      "'x'",
                                      "1 2",
                                      "{\"a\":1}",
                                      "\"\\x\"",
                                      "99999999999999999999",
                                      "\"\\",
                                      "\"",
                                      "[",
                                      "\xef\xbb\xbf",
                                      "\"\\\"\\\\\\/\"",
                                      "1073741824",
                                      "-1073741824",
                                      "\xe2\x80\xa8",
                                      "NaN",
                                      "\"\\uD83D\\uDE00\""};
    static const char *const COMMA[] = {",", ",", ",", ",", ", ", " ,\n", "\t,\r\n", ",,", " "};
    struct vector_text t = {.at = malloc(1024)};
    vector_need(t.at != NULL, "out of memory");
    const size_t good_only = rng_chance(r, 60);
    size_t n = rng_below(r, 8);
    t.at[0] = 0;
    strcat(t.at, good_only || rng_chance(r, 95) ? "[" : "");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            strcat(t.at, COMMA[rng_below(r, good_only ? 7 : 9)]);
        strcat(t.at, good_only || rng_chance(r, 80) ? GOOD[rng_below(r, sizeof GOOD / sizeof *GOOD)]
                                                    : ODD[rng_below(r, sizeof ODD / sizeof *ODD)]);
    }
    strcat(t.at, good_only || rng_chance(r, 95) ? "]" : ",");
    if (rng_chance(r, 4))
        strcat(t.at, ODD[rng_below(r, sizeof ODD / sizeof *ODD)]);
    t.len = strlen(t.at);
    return t;
}

static size_t units_of(const struct cps *t)
{
    size_t n = t->len;
    for (size_t i = 0; i < t->len; i++)
        n += t->cp[i] > 0xffff;
    return n;
}

static void gen_case(uint64_t seed, struct vector *v)
{
    struct rng r = rng_of(seed);
    vector_clear(v);
    struct cps doc = gen_doc(&r, doc_most(&r));
    const size_t most = rng_chance(&r, 90) ? 6 : 40;
    v->doc = text_of(&doc);
    gen_op(&r, doc.len, most, &v->a);
    gen_op(&r, doc.len, most, &v->b);
    gen_op(&r, (size_t)((int64_t)doc.len + weft_op_delta(&v->a)), most, &v->next);
    gen_list(&r, doc.len, v);
    v->gap_cp = rng_below(&r, doc.len + 1);
    struct cps to = gen_to(&r, &doc);
    v->to = text_of(&to);
    v->json = gen_json(&r);
    const size_t units = units_of(&doc);
    gen_op(&r, units + rng_chance(&r, 5), rng_chance(&r, 60) ? 2 : 6, &v->units);
    v->unit_u16 = rng_below(&r, units + 1);
    cps_done(&doc);
    cps_done(&to);
}

/* --- the three ways --- */

static void put(struct buf *out, const char *bytes)
{
    must(buf_put(out, bytes, strlen(bytes)));
}

static void put_answers(const struct vector *v, struct buf *out)
{
    for (size_t i = 0; i < VECTOR_FUNCTIONS; i++) {
        put(out, i == 0 ? "[" : ",");
        vector_answer(v, i, out);
    }
    put(out, "]");
}

static void flush_above(struct buf *out, size_t bytes)
{
    if (out->len <= bytes)
        return;
    vector_need(fwrite(out->data, 1, out->len, stdout) == out->len, "stdout takes no more");
    buf_clear(out);
}

static void put_case(const struct vector *v, struct buf *out)
{
    put(out, "[");
    vector_write_inputs(v, out);
    put(out, ",");
    put_answers(v, out);
    put(out, "]\n");
    flush_above(out, 1 << 16);
}

static void write_cases(uint64_t seed, uint64_t cases, struct vector *v, struct buf *out)
{
    for (uint64_t i = 0; i < cases; i++) {
        gen_case(seed + i, v);
        put_case(v, out);
    }
}

static void answer_cases(struct vector *v, struct buf *out)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    while ((len = getline(&line, &cap, stdin)) > 1) {
        (void)vector_read(v, line + 1, (size_t)len - 1);
        put_case(v, out);
    }
    free(line);
}

static void say_differs(const struct buf *answer, const char *name, uint64_t number,
                        struct buf *out)
{
    char head[128];
    snprintf(head, sizeof head,
             "{\"case\":%llu,\"function\":\"%s\",\"answer\":", (unsigned long long)number, name);
    put(out, head);
    must(buf_put(out, answer->data, answer->len));
    put(out, "}\n");
}

/* Counts in `differ`, by function, what this case adds. */
static void check_case(const struct vector *v, const char *answers, size_t len, uint64_t number,
                       uint64_t differ[VECTOR_FUNCTIONS], struct buf *out)
{
    const char *at[VECTOR_FUNCTIONS];
    size_t part_len[VECTOR_FUNCTIONS];
    struct buf own;
    buf_init(&own, weft_heap());
    vector_need(vector_parts(answers, len, VECTOR_FUNCTIONS, at, part_len) == VECTOR_FUNCTIONS,
                "a line with too few answers");
    for (size_t i = 0; i < VECTOR_FUNCTIONS; i++) {
        buf_clear(&own);
        vector_answer(v, i, &own);
        if (own.len == part_len[i] && memcmp(own.data, at[i], own.len) == 0)
            continue;
        if (differ[i]++ < DIFFER_SHOWN)
            say_differs(&own, vector_names[i], number, out);
    }
    buf_done(&own);
}

static void check_cases(struct vector *v, struct buf *out)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    uint64_t cases = 0;
    uint64_t differ[VECTOR_FUNCTIONS] = {0};
    while ((len = getline(&line, &cap, stdin)) > 1) {
        size_t end = (size_t)len - (line[len - 1] == '\n');
        size_t inputs = vector_read(v, line + 1, end - 1);
        size_t skip = 1 + inputs + 1; /* [INPUTS, */
        vector_need(skip + 1 < end && line[skip - 1] == ',' && line[end - 1] == ']',
                    "a line without answers");
        check_case(v, line + skip, end - 1 - skip, cases++, differ, out);
    }
    free(line);
    for (size_t i = 0; i < VECTOR_FUNCTIONS; i++) {
        char text[160];
        snprintf(text, sizeof text, "{\"function\":\"%s\",\"compared\":%llu,\"differ\":%llu}\n",
                 vector_names[i], (unsigned long long)cases, (unsigned long long)differ[i]);
        put(out, text);
    }
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    uint64_t seed = 1;
    uint64_t cases = 1;
    for (int i = 2; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0)
            seed = value;
        else if (strcmp(argv[i], "--cases") == 0)
            cases = value;
        else
            mode = "";
    }
    struct vector v;
    struct buf out;
    vector_init(&v);
    buf_init(&out, weft_heap());
    int status = 0;
    if (strcmp(mode, "write") == 0) {
        write_cases(seed, cases, &v, &out);
    } else if (strcmp(mode, "answer") == 0) {
        answer_cases(&v, &out);
    } else if (strcmp(mode, "check") == 0) {
        check_cases(&v, &out);
    } else if (strcmp(mode, "names") == 0) {
        for (size_t i = 0; i < VECTOR_FUNCTIONS; i++)
            puts(vector_names[i]);
    } else {
        fprintf(stderr, "usage: vectors write --seed S --cases N | answer | check | names\n");
        status = EXIT_USAGE;
    }
    flush_above(&out, 0);
    vector_done(&v);
    buf_done(&out);
    return status;
}
