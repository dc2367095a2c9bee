/* Memory runs out at the n-th request, for every n until the call passes, in every public function
 * of include/weft/ that may say WEFT_ENOMEM: nothing leaks, inputs and documents are as they were to
 * the letter, a result is what its header promises, and what failed passes once there is memory.
 * The table is complete: a function of the headers that it does not name fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <weft/op.h>
#include <weft/op_json.h>
#include <weft/text.h>

#include "support/faulty.h"
#include "support/gen.h"
#include "support/rng.h"

enum { DOC_CP = 20000, PARTS = 60 };

/* What a call works on, all of it held from one allocator that fails. */
struct world {
    struct faulty memory;
    struct weft_text *doc;
    struct weft_op a, b; /* concurrent, on the heap */
    struct weft_op after_a;
    struct weft_op ret;     /* holds something at first */
    struct weft_text *made; /* a text as result */
};

static const char LONG_TEXT[] = "\xf0\x9f\x98\x80 a text that does not lie inline, \xc3\xa4\n";

static void must(int err)
{
    assert_int_equal(err, 0);
}

static int text_new(struct world *w)
{
    return weft_text_new(&w->memory.alloc, &w->made);
}

static int text_from(struct world *w)
{
    return weft_text_from(&w->memory.alloc, LONG_TEXT, sizeof LONG_TEXT - 1, &w->made);
}

static int text_clone(struct world *w)
{
    return weft_text_clone(w->doc, &w->made);
}

static int text_insert(struct world *w)
{
    static char much[40000];
    memset(much, 'x', sizeof much);
    return weft_text_insert(w->doc, DOC_CP / 2, much, sizeof much);
}

static int text_reserve(struct world *w)
{
    return weft_text_reserve(w->doc, 50, 100000);
}

static int op_apply(struct world *w)
{
    return weft_op_apply(&w->a, w->doc);
}

static int op_copy(struct world *w)
{
    return weft_op_copy(&w->ret, &w->a);
}

static int op_retain(struct world *w)
{
    int err = weft_op_retain(&w->b, 1);
    return err != 0 ? err : weft_op_retain(&w->b, 1);
}

static int op_insert(struct world *w)
{
    static char much[5000];
    memset(much, 'x', sizeof much);
    return weft_op_insert(&w->b, much, sizeof much);
}

static int op_delete(struct world *w)
{
    return weft_op_delete(&w->b, 1);
}

static int op_transform_left(struct world *w)
{
    return weft_op_transform(&w->a, &w->b, WEFT_LEFT, &w->ret);
}

static int op_transform_right(struct world *w)
{
    return weft_op_transform(&w->a, &w->b, WEFT_RIGHT, &w->ret);
}

static int op_compose(struct world *w)
{
    return weft_op_compose(&w->a, &w->after_a, &w->ret);
}

static int op_compose_all(struct world *w)
{
    const struct weft_op *list[] = {&w->a, &w->after_a, &w->after_a, &w->after_a, &w->after_a};
    return weft_op_compose_all(list, 5, &w->ret);
}

static int op_invert(struct world *w)
{
    return weft_op_invert(&w->a, w->doc, &w->ret);
}

static int op_diff(struct world *w)
{
    return weft_op_diff("abc", 3, LONG_TEXT, sizeof LONG_TEXT - 1, &w->ret);
}

static int op_decode(struct world *w)
{
    size_t len = weft_op_encoded_size(&w->a);
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    weft_op_encode(&w->a, bytes);
    int err = weft_op_decode(bytes, len, &w->ret);
    free(bytes);
    return err;
}

static int op_from_json(struct world *w)
{
    static const char JSON[] =
        "[1,\"a text that does not lie inline, \\ud83d\\ude00\",2,-3,4,\"b\",5,-6,7,\"c\"]";
    return weft_op_from_json(JSON, sizeof JSON - 1, &w->ret, NULL);
}

enum result {
    TEXT,     /* w->made is a text, or not written */
    RESULT,   /* w->ret is the result, or the identity */
    IN_PLACE, /* a document or an operation was changed, or is as before */
};

static const struct row {
    const char *name;
    int (*call)(struct world *w);
    enum result result;
    bool may_need_none; /* it may get by with what the object holds */
} ROWS[] = {
    {"weft_text_new", text_new, TEXT, false},
    {"weft_text_from", text_from, TEXT, false},
    {"weft_text_clone", text_clone, TEXT, false},
    {"weft_text_insert", text_insert, IN_PLACE, false},
    {"weft_text_reserve", text_reserve, IN_PLACE, false},
    {"weft_op_apply", op_apply, IN_PLACE, false},
    {"weft_op_copy", op_copy, RESULT, false},
    {"weft_op_retain", op_retain, IN_PLACE, true},
    {"weft_op_insert", op_insert, IN_PLACE, false},
    {"weft_op_delete", op_delete, IN_PLACE, true},
    {"weft_op_transform", op_transform_left, RESULT, false},
    {"weft_op_transform", op_transform_right, RESULT, false},
    {"weft_op_compose", op_compose, RESULT, false},
    {"weft_op_compose_all", op_compose_all, RESULT, false},
    {"weft_op_invert", op_invert, RESULT, false},
    {"weft_op_diff", op_diff, RESULT, false},
    {"weft_op_decode", op_decode, RESULT, false},
    {"weft_op_from_json", op_from_json, RESULT, false},
};
enum { N_ROWS = sizeof ROWS / sizeof *ROWS };

/* Those that never need memory, and those that have such a test of their own. */
static const char *const OTHERS[] = {
    "weft_text_delete",       "weft_text_at_cp",         "weft_text_at_byte",
    "weft_text_at_u16",       "weft_text_at_line",       "weft_text_iter_at",
    "weft_text_copy",         "weft_op_transform_lists", /* tests/property/lists_test.c */
    "weft_op_transform_pair",                            /* the same */
};
enum { N_OTHERS = sizeof OTHERS / sizeof *OTHERS };

/* --- the world, and everything there is to see of it --- */

/* Of many parts; `odd` ones begin with a delete. */
static void build(struct weft_op *op, size_t parts, size_t odd)
{
    for (size_t i = 0; i < parts; i++) {
        must(weft_op_retain(op, 3 + odd));
        if ((i + odd) % 2 == 0)
            must(weft_op_insert(op, LONG_TEXT, sizeof LONG_TEXT - 1));
        must(weft_op_delete(op, 2));
    }
}

static void world_init(struct world *w)
{
    char *utf8 = malloc(4 * DOC_CP);
    struct rng r = rng_of(7);
    assert_non_null(utf8);
    *w = (struct world){0};
    faulty_init(&w->memory, -1);
    must(weft_text_from(&w->memory.alloc, utf8, rng_text(&r, utf8, DOC_CP), &w->doc));
    free(utf8);
    weft_op_init(&w->a, &w->memory.alloc);
    weft_op_init(&w->b, &w->memory.alloc);
    weft_op_init(&w->after_a, &w->memory.alloc);
    weft_op_init(&w->ret, &w->memory.alloc);
    build(&w->a, PARTS, 0);
    build(&w->b, PARTS, 1);
    build(&w->after_a, PARTS, 2);
    must(weft_op_insert(&w->ret, "old", 3));
}

static void world_done(struct world *w)
{
    weft_text_free(w->doc);
    weft_text_free(w->made);
    weft_op_done(&w->a);
    weft_op_done(&w->b);
    weft_op_done(&w->after_a);
    weft_op_done(&w->ret);
    assert_int_equal(w->memory.live_blocks, 0);
    assert_int_equal(w->memory.live_bytes, 0);
}

static void see_op(FILE *f, const char *name, const struct weft_op *op)
{
    char *json = op_json(op);
    fprintf(f, "%s = %s reach %zu span %zu\n", name, json, weft_op_reach(op), weft_op_span(op));
    free(json);
    assert_true(weft_op_check(op));
}

static void see_text(FILE *f, const char *name, const struct weft_text *t)
{
    struct weft_size s = weft_text_size(t);
    char *utf8 = malloc(s.bytes + 1);
    size_t len;
    assert_non_null(utf8);
    must(weft_text_copy(t, 0, s.cp, utf8, s.bytes, &len));
    fprintf(f, "%s: %zu %zu %zu %zu ", name, s.bytes, s.cp, s.u16, s.lines);
    text_print(f, utf8, len);
    fputc('\n', f);
    free(utf8);
    assert_true(weft_text_check(t));
}

/* malloc'd: all but the result of a function that has one. */
static char *see(const struct world *w)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);
    assert_non_null(f);
    see_text(f, "doc", w->doc);
    see_op(f, "a", &w->a);
    see_op(f, "b", &w->b);
    see_op(f, "after_a", &w->after_a);
    fclose(f);
    return out;
}

static char *see_result(const struct world *w)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);
    assert_non_null(f);
    see_op(f, "ret", &w->ret);
    if (w->made != NULL)
        see_text(f, "made", w->made);
    fclose(f);
    return out;
}

/* Counted by the allocator, and by the objects themselves. */
static void check_held(const struct world *w)
{
    size_t held = weft_text_memory(w->doc) + weft_op_memory(&w->a) + weft_op_memory(&w->b) +
                  weft_op_memory(&w->after_a) + weft_op_memory(&w->ret);
    if (w->made != NULL)
        held += weft_text_memory(w->made);
    assert_int_equal(held, w->memory.live_bytes);
}

static void check_failed(const struct world *w, const struct row *row, const char *before)
{
    char *after = see(w);
    if (strcmp(after, before) != 0)
        fail_msg("%s failed and changed something", row->name);
    free(after);
    assert_null(w->made);
    if (row->result == RESULT)
        assert_true(weft_op_is_identity(&w->ret));
    check_held(w);
}

/* Returns how many requests it makes. */
static long play(const struct row *row)
{
    struct world w;
    char *expected = NULL;
    char *expected_result = NULL;
    for (long n = -1;; n++) { /* first without a failure */
        world_init(&w);
        char *before = see(&w);
        long requests = w.memory.requests;
        w.memory.fail_at = n < 0 ? -1 : requests + n;
        int err = row->call(&w);
        bool reached = w.memory.fail_at >= 0 && w.memory.requests > w.memory.fail_at;
        w.memory.fail_at = -1;
        if (err != 0) {
            assert_true(n >= 0);
            assert_int_equal(err, WEFT_ENOMEM);
            check_failed(&w, row, before);
            must(row->call(&w));
        }
        char *after = see(&w);
        char *result = see_result(&w);
        check_held(&w);
        if (n < 0) {
            expected = after;
            expected_result = result;
        } else {
            assert_string_equal(after, expected);
            assert_string_equal(result, expected_result);
            free(after);
            free(result);
        }
        free(before);
        world_done(&w);
        if (n >= 0 && !reached) {
            assert_int_equal(err, 0);
            free(expected);
            free(expected_result);
            return n;
        }
    }
}

static void every_request_may_fail(void **state)
{
    (void)state;
    long all = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        long requests = play(&ROWS[i]);
        if (requests == 0 && !ROWS[i].may_need_none)
            fail_msg("%s needed no memory: nothing was tried", ROWS[i].name);
        all += requests;
    }
    print_message("# proved: %ld allocations of %d calls failed, one by one, without a trace\n",
                  all, (int)N_ROWS);
}

/* The builder needs memory when its parts are full; where that is depends on how it grows. */
static void builders_at_every_size(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t parts = 0; parts < 200; parts++) {
        for (int what = 0; what < 3; what++) {
            struct faulty f;
            struct weft_op op;
            faulty_init(&f, -1);
            weft_op_init(&op, &f.alloc);
            for (size_t i = 0; i < parts; i++)
                must(i % 2 == 0 ? weft_op_insert(&op, "ab", 2) : weft_op_delete(&op, 2));
            must(weft_op_retain(&op, 4)); /* becomes a part with what follows */
            char *before = op_json(&op);
            size_t reach = weft_op_reach(&op);
            f.fail_at = f.requests;
            int err = what == 0   ? weft_op_retain(&op, 1)
                      : what == 1 ? weft_op_insert(&op, LONG_TEXT, sizeof LONG_TEXT - 1)
                                  : weft_op_delete(&op, 1);
            assert_true(err == 0 || err == WEFT_ENOMEM);
            assert_true(weft_op_check(&op));
            if (err != 0) {
                char *after = op_json(&op);
                assert_string_equal(after, before);
                assert_int_equal(weft_op_reach(&op), reach);
                free(after);
                failed++;
            }
            free(before);
            weft_op_done(&op);
            assert_int_equal(f.live_blocks, 0);
        }
    }
    assert_true(failed > 10);
}

static bool is_named(const char *name)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (strcmp(ROWS[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < N_OTHERS; i++)
        if (strcmp(OTHERS[i], name) == 0)
            return true;
    return false;
}

/* Every function of the public headers whose result must be looked at is in one of the lists. */
static void the_table_is_complete(void **state)
{
    (void)state;
    static const char MARK[] = "WEFT_CHECKED int ";
    const char *root = getenv("WEFT_ROOT");
    char command[4096];
    char line[512];
    size_t found = 0;
    (void)snprintf(command, sizeof command, "cat '%s'/include/weft/*.h", root ? root : ".");
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, MARK, sizeof MARK - 1) != 0)
            continue;
        char *name = line + sizeof MARK - 1;
        name[strcspn(name, "(")] = 0;
        found++;
        if (!is_named(name))
            fail_msg("%s is in no row of tests/unit/no_memory_test.c: add one", name);
    }
    assert_int_equal(pclose(f), 0);
    assert_true(found >= 20);
}

/* What is decoded takes room for its parts and for its text once each, and no more than they need. */
static void decoding_asks_once(void **state)
{
    (void)state;
    struct weft_op op;
    struct faulty f;
    weft_op_init(&op, weft_heap());
    for (size_t i = 0; i < PARTS / 2; i++) {
        must(weft_op_retain(&op, 1));
        must(weft_op_insert(&op, LONG_TEXT, sizeof LONG_TEXT - 1));
    }
    const size_t len = weft_op_encoded_size(&op);
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    (void)weft_op_encode(&op, bytes);
    weft_op_done(&op);
    faulty_init(&f, -1);
    weft_op_init(&op, &f.alloc);
    must(weft_op_decode(bytes, len, &op));
    assert_int_equal(f.requests, 2);
    assert_int_equal(f.live_bytes,
                     PARTS * sizeof(struct weft_part) + PARTS / 2 * (sizeof LONG_TEXT - 1));
    weft_op_done(&op);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_may_fail),
        cmocka_unit_test(builders_at_every_size),
        cmocka_unit_test(decoding_asks_once),
        cmocka_unit_test(the_table_is_complete),
    };
    return cmocka_run_group_tests_name("no memory", tests, NULL, NULL);
}
