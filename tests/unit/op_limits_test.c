/* Operations under limits of a few dozen code points and parts, so that each limit is really met:
 * those of include/weft/op.h would take gigabytes. The sources are compiled in with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

#define CP_MAX       40u
#define OP_PARTS_MAX 8u
#define SLOTS_MAX    40u

#include "ot/apply.c"
#include "ot/codec.c"
#include "ot/compose.c"
#include "ot/lists.c"
#include "ot/op.c"
#include "ot/position.c"
#include "ot/transform.c"

#include "support/gen.h"

static void must(int err)
{
    assert_int_equal(err, 0);
}

static struct weft_op op(const char *notation)
{
    struct weft_op made;
    weft_op_init(&made, weft_heap());
    op_of(&made, notation);
    return made;
}

#define FOUR        "\xf0\x9f\x98\x80" /* a character of four bytes */
#define EIGHT_OF(s) s s s s s s s s

/* Whether each is refused, and leaves both as they were. */
static void both_refuse(const char *a, const char *b)
{
    struct weft_op x = op(a), y = op(b), ret = op("1 'z'");
    int left = weft_op_transform(&x, &y, WEFT_LEFT, &ret);
    assert_true(left == 0 || weft_op_is_identity(&ret));
    int right = weft_op_transform(&y, &x, WEFT_RIGHT, &ret);
    assert_true(left == WEFT_ELIMIT || right == WEFT_ELIMIT);
    assert_int_equal(weft_op_transform_pair(&x, &y), WEFT_ELIMIT);
    assert_int_equal(weft_op_transform_lists(&x, 1, &y, 1), WEFT_ELIMIT);
    struct weft_op want[2] = {op(a), op(b)};
    assert_true(weft_op_equal(&x, &want[0]) && weft_op_equal(&y, &want[1]));
    struct weft_op *const all[] = {&x, &y, &ret, &want[0], &want[1]};
    for (size_t i = 0; i < 5; i++)
        weft_op_done(all[i]);
}

static void building_stops_at_the_limit(void **state)
{
    (void)state;
    struct weft_op o = op("30 -10");
    assert_int_equal(weft_op_retain(&o, 1), WEFT_ELIMIT);
    assert_int_equal(weft_op_delete(&o, 1), WEFT_ELIMIT);
    must(weft_op_insert(&o, "0123456789", 10));
    assert_int_equal(weft_op_insert(&o, "x", 1), WEFT_ELIMIT);
    assert_int_equal(weft_op_span(&o), 40);
    weft_op_done(&o);
    o = op("'" EIGHT_OF(FOUR) EIGHT_OF("x") "'"); /* 16 code points, 40 bytes */
    assert_int_equal(weft_op_insert(&o, "x", 1), WEFT_ELIMIT);
    weft_op_done(&o);
    o = op("1 -1 1 -1 1 -1 1 -1");
    must(weft_op_delete(&o, 1)); /* melts */
    assert_int_equal(weft_op_insert(&o, "x", 1), WEFT_ELIMIT);
    must(weft_op_retain(&o, 1));
    assert_int_equal(weft_op_delete(&o, 1), WEFT_ELIMIT);
    weft_op_done(&o);
}

static void merging_stops_at_the_limit(void **state)
{
    (void)state;
    both_refuse("35 'abc'", "3 'abcdef'");         /* after: too long */
    both_refuse("3 'abcdef'", "35 'abc'");         /* the other one of the two */
    both_refuse("35 -3", "3 'abcdef'");            /* before: too long */
    both_refuse("35 'abc' -2", "3 'abcdef'");      /* with more than one part */
    both_refuse("3 'abcdef'", "35 'abc' -2");      /* ... */
    both_refuse("1 -1 1 -1 1 -1 1 -3", "8 'a'");   /* nine parts and more */
    both_refuse("8 'a'", "1 -1 1 -1 1 -1 1 -3");   /* ... */
    both_refuse("-10", "1 'a' 1 'b' 1 'c' 1 'd'"); /* cut to pieces */
}

static void lists_stop_at_the_limit(void **state)
{
    (void)state;
    struct weft_op one = op("-20");
    struct weft_op many[41];
    for (size_t i = 0; i < 41; i++)
        many[i] = op("");
    for (size_t i = 0; i < 9; i++) /* each a gap further into what is left of the run */
        must(weft_op_retain(&many[i], 1 + 2 * i)), must(weft_op_insert(&many[i], "x", 1));
    assert_int_equal(weft_op_transform_lists(&one, 1, many, 9), WEFT_ELIMIT);
    assert_int_equal(weft_op_span(&one), 20); /* as it was */
    must(weft_op_transform_lists(&one, 1, many, 3));
    weft_op_clear(&one);
    must(weft_op_delete(&one, 1));
    assert_int_equal(weft_op_transform_lists(&one, 1, many, 40), 0);
    for (size_t i = 0; i < 41; i++)
        weft_op_clear(&many[i]);
    must(weft_op_insert(&many[40], "x", 1));
    weft_op_clear(&one);
    must(weft_op_insert(&one, "a", 1));
    must(weft_op_delete(&one, 1)); /* kept whole: no short way */
    assert_int_equal(weft_op_transform_lists(&one, 1, many, 41), WEFT_ELIMIT);
    assert_int_equal(weft_op_transform_lists(many, 41, &one, 1), WEFT_ELIMIT);
    weft_op_done(&one);
    for (size_t i = 0; i < 41; i++)
        weft_op_done(&many[i]);
}

static void composing_stops_at_the_limit(void **state)
{
    (void)state;
    static const char *const PAIRS[][2] = {
        {"30 -10", "25 -10"},                                     /* deleted on: 45 before */
        {"'" EIGHT_OF(FOUR) "'", "8 '" FOUR FOUR FOUR "'"},       /* 44 bytes */
        {"1 -1 1 -1 1 -1", "6 -1 1 -1"},                          /* ten parts */
        {"-10 'a'", "35 'x'"},                                    /* 44 before, in parts */
        {"'" EIGHT_OF(FOUR) "' 2 'x'", "1 '" FOUR FOUR FOUR "'"}, /* bytes, in parts */
    };
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        struct weft_op a = op(PAIRS[i][0]), b = op(PAIRS[i][1]), ret = op("");
        assert_int_equal(weft_op_compose(&a, &b, &ret), WEFT_ELIMIT);
        assert_true(weft_op_is_identity(&ret));
        assert_int_equal(op_compose_onto(&a, &b), 0);
        weft_op_done(&a);
        weft_op_done(&b);
        weft_op_done(&ret);
    }
}

/* One less than in the rows above: the limit itself is met. */
static void composing_reaches_the_limit(void **state)
{
    (void)state;
    static const char *const ROWS[][3] = {
        {"30 -5", "30 -5", "30 -10"},
        {"'" EIGHT_OF(FOUR) "'", "8 '" FOUR FOUR "'", "'" EIGHT_OF(FOUR) FOUR FOUR "'"},
        {"1 -1 1 -1 1 -1", "4 -1", "1 -1 1 -1 1 -1 1 -1"},
        {"-10 'a'", "31 'x'", "-10 'a' 30 'x'"},
        {"'abcdefghi' -1", "39 'x'", "'abcdefghi' -1 30 'x'"},
        {"'" EIGHT_OF(FOUR) "' 2 'x'", "1 'abcdefg'",
         "'" FOUR "abcdefg" FOUR FOUR FOUR FOUR FOUR FOUR FOUR "' 2 'x'"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct weft_op a = op(ROWS[i][0]), b = op(ROWS[i][1]), want = op(ROWS[i][2]);
        struct weft_op ret = op("");
        must(weft_op_compose(&a, &b, &ret));
        assert_true(weft_op_equal(&ret, &want));
        assert_int_equal(op_compose_onto(&a, &b), i < 2 ? 1 : 0);
        struct weft_op *const all[] = {&a, &b, &want, &ret};
        for (size_t k = 0; k < 4; k++)
            weft_op_done(all[k]);
    }
}

static void a_document_stops_at_the_limit(void **state)
{
    (void)state;
    struct weft_text *t;
    struct weft_op o = op("'a' 1 'b'"), ret = op("");
    must(weft_text_from(weft_heap(), EIGHT_OF("12345"), 40, &t));
    assert_int_equal(weft_op_apply(&o, t), WEFT_ELIMIT);
    assert_true(weft_text_equal(t, EIGHT_OF("12345"), 40));
    weft_text_free(t);
    weft_op_done(&o);
    o = op("-10"); /* of four bytes each: 40 are not too many */
    must(weft_text_from(weft_heap(), EIGHT_OF(FOUR FOUR), 64, &t));
    must(weft_op_invert(&o, t, &ret));
    must(weft_op_delete(&o, 1));
    assert_int_equal(weft_op_invert(&o, t, &ret), WEFT_ELIMIT);
    weft_text_free(t);
    weft_op_done(&o);
    weft_op_done(&ret);
}

static void decodes(const char *bytes, size_t len, int expected)
{
    struct weft_op o;
    weft_op_init(&o, weft_heap());
    assert_int_equal(weft_op_decode((const uint8_t *)bytes, len, &o), expected);
    assert_true(weft_op_check(&o));
    assert_true(expected == 0 || weft_op_is_identity(&o));
    weft_op_done(&o);
}

/* A head, in one byte or two. */
static size_t head(char *out, unsigned len, enum weft_kind kind)
{
    return (size_t)(put_head((uint8_t *)out, (uint64_t)len << KIND_BITS | kind) - (uint8_t *)out);
}

static void decoding_stops_at_the_limit(void **state)
{
    (void)state;
    char b[128];
    size_t n = head(b, 41, WEFT_DELETE);
    decodes(b, n, WEFT_ELIMIT);
    n = head(b, 39, WEFT_RETAIN);
    decodes(b, n + head(b + n, 1, WEFT_DELETE), 0);
    decodes(b, n + head(b + n, 2, WEFT_DELETE), WEFT_ELIMIT);
    n = 0;
    while (n < 60) {
        n += head(b + n, 1, WEFT_RETAIN);
        n += head(b + n, 1, WEFT_DELETE);
    }
    decodes(b, 8, 0);
    decodes(b, 10, WEFT_ELIMIT); /* more parts than one may have */
    decodes(b, 40, WEFT_ELIMIT); /* more than two may have: no room is taken for that */
    memset(b, 'a', sizeof b);
    for (size_t i = 0; i < 3; i++) {
        (void)head(b + 32 * i, 30, WEFT_INSERT);
        (void)head(b + 32 * i + 31, 1, WEFT_DELETE);
    }
    decodes(b, 32, 0);
    decodes(b, 64, WEFT_ELIMIT); /* 60 bytes of text */
    decodes(b, 96, WEFT_ELIMIT); /* 90: no room is taken for that */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(building_stops_at_the_limit),
        cmocka_unit_test(merging_stops_at_the_limit),
        cmocka_unit_test(lists_stop_at_the_limit),
        cmocka_unit_test(composing_stops_at_the_limit),
        cmocka_unit_test(composing_reaches_the_limit),
        cmocka_unit_test(a_document_stops_at_the_limit),
        cmocka_unit_test(decoding_stops_at_the_limit),
    };
    return cmocka_run_group_tests_name("operations under small limits", tests, NULL, NULL);
}
