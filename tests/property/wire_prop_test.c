/* Random operations and random messages survive being said and read: an operation is component by
 * component the same, every other field has the value it was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "support/gen.h"
#include "support/rng.h"
#include "wire/wire.h"

static void report(const char *claim, uint64_t seed, const struct weft_op *op,
                   const struct buf *said)
{
    const struct named_op ops[] = {{"op", op}, {NULL, NULL}};
    gen_report(claim, seed, NULL, ops);
    fail_msg("seed %llu said: %.*s", (unsigned long long)seed, (int)said->len,
             (const char *)said->data);
}

/* op -> [..] -> op */
static void test_operations(void **state)
{
    (void)state;
    uint64_t first = rng_seed();
    for (uint64_t seed = first; seed < first + rng_cases(20000); seed++) {
        struct rng r = rng_of(seed);
        struct weft_op op;
        struct weft_op back;
        struct buf out;
        struct room_error error;
        weft_op_init(&op, weft_heap());
        weft_op_init(&back, weft_heap());
        buf_init(&out, weft_heap());
        gen_op(&r, rng_below(&r, 40), 12, &op);
        assert_int_equal(wire_encode_op(&op, &out), 0);
        int err = wire_decode_op((const char *)out.data, out.len, &back, &error);
        if (err != 0 || !weft_op_check(&back) || !weft_op_equal(&op, &back))
            report("an operation survives JSON", seed, &op, &out);
        weft_op_done(&op);
        weft_op_done(&back);
        buf_done(&out);
    }
    assert_true(rng_proved(rng_cases(20000), 20000, "operations survived JSON"));
}

/* The broadcast form, whichever type is the simplest, means the same operation. */
static void test_broadcasts(void **state)
{
    (void)state;
    uint64_t first = rng_seed();
    for (uint64_t seed = first; seed < first + rng_cases(20000); seed++) {
        struct rng r = rng_of(seed);
        struct weft_op op;
        struct buf out;
        struct wire_message back;
        struct room_error error;
        weft_op_init(&op, weft_heap());
        buf_init(&out, weft_heap());
        gen_op(&r, rng_below(&r, 20), rng_between(&r, 1, 3), &op);
        struct room_message m = {.type = MESSAGE_EDIT};
        m.edit = (struct room_edit){.rev = rng_next(&r) % REV_MAX + 1, .op = &op};
        m.edit.composed = rng_chance(&r, 20);
        m.edit.from = m.edit.rev - 1;
        assert_int_equal(wire_encode(&m, &out), 0);
        int err = wire_decode(weft_heap(), (const char *)out.data, out.len, &back, &error);
        if (err != 0)
            report(error.words, seed, &op, &out);
        const struct room_submission *s = &back.event.submission;
        if (back.event.kind != ROOM_OPERATION || !weft_op_equal(&op, s->op) || !s->has_rev ||
            s->rev != m.edit.rev || s->at_end)
            report("a broadcast means its operation", seed, &op, &out);
        wire_message_done(&back);
        weft_op_done(&op);
        buf_done(&out);
    }
    assert_true(rng_proved(rng_cases(20000), 20000, "broadcasts meant their operation"));
}

/* A good message with some bytes changed is answered or taken, never more than that; a taken one
 * holds an operation in normal form. */
static void test_damaged(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "{\"type\":\"insert\",\"position\":5,\"text\":\"h\\u00e9 \\ud83d\\ude00\",\"seq\":1}",
        "{\"type\":\"edit\",\"op\":[5,\"hi\",-2,7,\"\xf0\x9f\x98\x80\"],\"rev\":12,\"seq\":3}",
        "{\"type\":\"meta\",\"meta\":{\"language\":\"c\",\"title\":null},\"seq\":4}",
        "{\"type\":\"user\",\"name\":\"Ada\",\"color\":\"#1565c0\"}",
        "{\"type\":\"signal\",\"to\":\"00000000-0000-4000-8000-000000000000\",\"data\":[1.5,{}]}",
    };
    uint64_t first = rng_seed();
    for (uint64_t seed = first; seed < first + rng_cases(50000); seed++) {
        struct rng r = rng_of(seed);
        const char *good = GOOD[rng_below(&r, sizeof GOOD / sizeof *GOOD)];
        size_t len = strlen(good);
        char *bytes = malloc(len);
        assert_non_null(bytes);
        memcpy(bytes, good, len);
        for (size_t n = rng_between(&r, 1, 3); n > 0; n--)
            bytes[rng_below(&r, len)] =
                rng_chance(&r, 50) ? good[rng_below(&r, len)] : (char)rng_below(&r, 256);
        if (rng_chance(&r, 10))
            len = rng_below(&r, len);
        struct wire_message m;
        struct room_error error;
        int err = wire_decode(weft_heap(), bytes, len, &m, &error);
        free(bytes); /* a message keeps nothing of what it was read from */
        bool good_op = err != 0 || m.kind != WIRE_EVENT || m.event.kind != ROOM_OPERATION ||
                       weft_op_check(m.event.submission.op);
        bool good_words = err == 0 || (error.err == err && strstr(error.words, ": found ") &&
                                       strstr(error.words, "; expected "));
        if (err == 0)
            wire_message_done(&m);
        if (!good_op || !good_words)
            fail_msg("seed %llu: %d %s", (unsigned long long)seed, err, err ? error.words : "");
    }
    assert_true(rng_proved(rng_cases(50000), 50000, "damaged messages were answered or taken"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_broadcasts),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
