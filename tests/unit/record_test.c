/* Records and entries as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "base/limits.h"
#include "room/record.h"
#include "support/faulty.h"
#include "support/gen.h"

static struct room_meta_entry entry(char key, const char *value)
{
    struct room_meta_entry e = {.key_len = 1, .removed = value == NULL};
    e.key[0] = key;
    e.value_len = (uint16_t)(value != NULL ? strlen(value) : 0);
    if (value != NULL)
        memcpy(e.value, value, e.value_len);
    return e;
}

static struct room_meta meta(const char *notation)
{
    struct room_meta m = {0};
    for (; *notation != '\0'; notation += 2) /* "+a-b": sets a, removes b */
        m.entries[m.n++] = entry(notation[1], *notation == '+' ? "v" : NULL);
    return m;
}

static void encode(struct buf *b, const struct room_meta *entries)
{
    struct weft_op op;
    struct record r = {.prev_sum = 0xdeadbeef,
                       .rev = 300,
                       .seq = 1000,
                       .at_ms = 1700000000000,
                       .name = {"Ada", 3},
                       .meta = entries};
    memset(r.user_id.bytes, 0xab, sizeof r.user_id.bytes);
    weft_op_init(&op, &faulty_never()->alloc);
    op_of(&op, "3 'hey' -2");
    assert_int_equal(record_encode(&r, &op, b), 0);
    weft_op_done(&op);
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    struct buf b;
    struct record r;
    struct weft_op op;
    struct room_meta out;
    struct room_meta in = meta("+a-b");
    buf_init(&b, &faulty_never()->alloc);
    weft_op_init(&op, &faulty_never()->alloc);
    for (int with = 0; with < 2; with++) {
        buf_clear(&b);
        encode(&b, with ? &in : NULL);
        assert_int_equal(record_decode(b.data, b.len, &r), 0);
        assert_int_equal(r.prev_sum, 0xdeadbeef);
        assert_int_equal(r.rev, 300);
        assert_int_equal(r.seq, 1000);
        assert_int_equal(r.at_ms, 1700000000000);
        assert_int_equal(r.user_id.bytes[15], 0xab);
        assert_memory_equal(r.name.at, "Ada", 3);
        assert_int_equal(weft_op_decode(b.data + r.op_at, b.len - r.op_at, &op), 0);
        char *json = op_json(&op);
        assert_string_equal(json, "[3,\"hey\",-2]");
        free(json);
        assert_int_equal(r.meta_at != 0, with);
    }
    assert_int_equal(record_meta(b.data, b.len, &r, &out), 0);
    assert_memory_equal(&out, &in, sizeof out.n + 2 * sizeof out.entries[0]);
    weft_op_done(&op);
    buf_done(&b);
}

static void a_record_goes_behind_what_is_there(void **state)
{
    (void)state;
    struct buf b;
    struct record r;
    buf_init(&b, &faulty_never()->alloc);
    assert_int_equal(buf_put(&b, "before", 6), 0);
    encode(&b, NULL);
    assert_memory_equal(b.data, "before", 6);
    assert_int_equal(record_decode(b.data + 6, b.len - 6, &r), 0);
    assert_int_equal(r.rev, 300);
    buf_done(&b);
}

static void a_time_before_the_epoch_is_none(void **state)
{
    (void)state;
    struct buf b;
    struct weft_op op;
    struct record r = {.rev = 1, .at_ms = -5};
    buf_init(&b, &faulty_never()->alloc);
    weft_op_init(&op, &faulty_never()->alloc);
    assert_int_equal(record_encode(&r, &op, &b), 0);
    assert_int_equal(record_decode(b.data, b.len, &r), 0);
    assert_int_equal(r.at_ms, 0);
    buf_done(&b);
    weft_op_done(&op);
}

static void every_flip_and_every_cut_is_found(void **state)
{
    (void)state;
    struct buf b;
    struct record r;
    struct room_meta in = meta("+a-b");
    buf_init(&b, &faulty_never()->alloc);
    encode(&b, &in);
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(record_decode(b.data, b.len, &r), WEFT_ECORRUPT);
        b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(record_decode(b.data, len, &r), WEFT_ECORRUPT);
    assert_int_equal(record_decode(b.data, b.len, &r), 0);
    buf_done(&b);
}

/* A sum that holds over contents that are none: written by something else. */
static void contents_are_checked_too(void **state)
{
    (void)state;
    struct buf b;
    struct record r;
    struct {
        size_t at;
        uint8_t value;
    } wrong[] = {
        {8, 2},     /* another version */
        {9, 0},     /* revision 0; then nothing fits */
        {35, 0xff}, /* the name's length */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        buf_init(&b, &faulty_never()->alloc);
        encode(&b, NULL);
        b.data[wrong[i].at] = wrong[i].value;
        uint32_t sum = crc32c(0xdeadbeef, b.data + 8, b.len - 8);
        for (unsigned k = 0; k < 4; k++)
            b.data[4 + k] = (uint8_t)(sum >> (8 * k));
        assert_int_equal(record_decode(b.data, b.len, &r), WEFT_ECORRUPT);
        buf_done(&b);
    }
}

static void decode_refuses(const char *bytes, size_t len)
{
    struct cur c = cur_of(bytes, len);
    struct room_meta out;
    meta_decode(&c, &out);
    assert_true(c.bad);
    assert_int_equal(out.n, 0);
}

static void entries_are_checked(void **state)
{
    (void)state;
    char long_key[60] = "\1\0\41kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\1v";
    decode_refuses("", 0);
    decode_refuses("\21", 1);                 /* 17 of them */
    decode_refuses("\1\2\1k\1v", 6);          /* neither there nor removed */
    decode_refuses("\1\0\0\1v", 5);           /* no key */
    decode_refuses(long_key, 38);             /* a key of 33 bytes */
    decode_refuses("\1\0\1k\201\2vvvv", 10);  /* a value of 257 bytes */
    decode_refuses("\1\0\1k\2v", 6);          /* and a byte is missing */
    decode_refuses("\2\0\1k\1v\0\1k\1w", 11); /* one key twice */
    decode_refuses("\2\0\1k\1v\1\1k", 9);     /* set and removed */
    struct cur c = cur_of("\2\0\1k\1v\1\1l", 9);
    struct room_meta out;
    meta_decode(&c, &out);
    assert_false(c.bad);
    assert_int_equal(out.n, 2);
}

static void expect_merge(const char *base, const char *changes, bool keep_removed, const char *sum)
{
    struct room_meta m = meta(base);
    struct room_meta more = meta(changes);
    struct room_meta before = m;
    if (sum == NULL) {
        assert_int_equal(meta_merge(&m, &more, keep_removed), WEFT_ELIMIT);
        assert_memory_equal(&m, &before, sizeof m);
        return;
    }
    assert_int_equal(meta_merge(&m, &more, keep_removed), 0);
    assert_int_equal(m.n * 2, strlen(sum));
    for (size_t i = 0; i < m.n; i++) {
        assert_int_equal(m.entries[i].key[0], sum[i * 2 + 1]);
        assert_int_equal(m.entries[i].removed, sum[i * 2] == '-');
    }
}

static void entries_are_merged(void **state)
{
    (void)state;
    static const char sixteen[] = "+a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p";
    expect_merge("", "+a+b", false, "+a+b");
    expect_merge("+a+b", "-a+c", false, "+b+c");
    expect_merge("+a+b", "-c", false, "+a+b");
    expect_merge("+a+b", "+a", false, "+a+b");
    expect_merge("+a+b", "-a+c", true, "-a+b+c"); /* a message: removals are news */
    expect_merge("-a", "+a", true, "+a");
    expect_merge("", sixteen, false, sixteen);
    expect_merge(sixteen, "+p", false, sixteen);
    expect_merge(sixteen, "+q", false, NULL);
    expect_merge(sixteen, "+q-a", false, "+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q");
    expect_merge(sixteen, "+q-a", true, NULL);
    expect_merge(sixteen, "-a", true, "-a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p");
}

static void without_memory_nothing_is_added(void **state)
{
    (void)state;
    struct weft_op op;
    weft_op_init(&op, &faulty_never()->alloc);
    op_of(&op, "'a text of more than a few bytes, so that the buffer has to grow for it'");
    struct room_meta in = meta("+a-b");
    for (long n = 0;; n++) {
        struct faulty f;
        struct buf b;
        struct record r = {.rev = 1, .meta = &in};
        faulty_init(&f, -1);
        buf_init(&b, &f.alloc);
        assert_int_equal(buf_put(&b, "before", 6), 0);
        f.fail_at = f.requests + n;
        int err = record_encode(&r, &op, &b);
        if (err != 0) {
            assert_int_equal(err, WEFT_ENOMEM);
            assert_int_equal(b.len, 6);
        }
        buf_done(&b);
        assert_int_equal(f.live_blocks, 0);
        if (err == 0)
            break;
    }
    weft_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(a_record_goes_behind_what_is_there),
        cmocka_unit_test(a_time_before_the_epoch_is_none),
        cmocka_unit_test(every_flip_and_every_cut_is_found),
        cmocka_unit_test(contents_are_checked_too),
        cmocka_unit_test(entries_are_checked),
        cmocka_unit_test(entries_are_merged),
        cmocka_unit_test(without_memory_nothing_is_added),
    };
    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
