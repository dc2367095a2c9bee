/* base: buffers and cursors, UTF-8, CRC-32C, UUIDs, the error table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes16.h"
#include "base/crc32c.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "support/faulty.h"
#include "support/rng.h"

/* --- buf ----------------------------------------------------------------------------------- */

static void buf_round_trip(void **state)
{
    (void)state;
    struct faulty f;
    faulty_init(&f, -1);
    struct buf b;
    buf_init(&b, &f.alloc);
    assert_int_equal(buf_put_u8(&b, 0xfe), 0);
    assert_int_equal(buf_put_u32(&b, 0x01020304), 0);
    assert_int_equal(buf_put_u64(&b, 0x1122334455667788), 0);
    assert_int_equal(buf_put_varint(&b, 300), 0);
    assert_int_equal(buf_put_blob(&b, "blob", 4), 0);
    assert_int_equal(buf_put(&b, "end", 3), 0);
    assert_int_equal(buf_put(&b, NULL, 0), 0);
    static const uint8_t WANT[] = {0xfe, 4,    3, 2, 1,   0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22,
                                   0x11, 0xac, 2, 4, 'b', 'l',  'o',  'b',  'e',  'n',  'd'};
    assert_int_equal(b.len, sizeof WANT);
    assert_memory_equal(b.data, WANT, sizeof WANT);

    struct cur c = cur_of(b.data, b.len);
    assert_int_equal(cur_u8(&c), 0xfe);
    assert_int_equal(cur_u32(&c), 0x01020304);
    assert_true(cur_u64(&c) == 0x1122334455667788);
    assert_int_equal(cur_varint(&c), 300);
    size_t len;
    const uint8_t *blob = cur_blob(&c, 4, &len);
    assert_int_equal(len, 4);
    assert_memory_equal(blob, "blob", 4);
    assert_int_equal(cur_left(&c), 3);
    assert_memory_equal(cur_bytes(&c, 3), "end", 3);
    assert_int_equal(cur_left(&c), 0);
    assert_false(c.bad);
    buf_done(&b);
    buf_done(&b);
    assert_int_equal(f.live_blocks, 0);
}

/* As often as memory runs out, what is in the buffer stays as it was. */
static void buf_without_memory(void **state)
{
    (void)state;
    for (long n = 0; n < 4; n++) {
        struct faulty f;
        faulty_init(&f, n);
        struct buf b;
        buf_init(&b, &f.alloc);
        int err = 0;
        size_t puts = 0;
        while (err == 0) {
            err = puts % 2 != 0 ? buf_put_u64(&b, puts) : buf_put_blob(&b, "abcdefg", 7);
            puts += err == 0;
        }
        assert_int_equal(err, WEFT_ENOMEM);
        assert_int_equal(b.len, puts * 8);
        for (size_t i = 0; i < puts; i++) {
            uint8_t *at = b.data + i * 8;
            if (i % 2 != 0)
                assert_int_equal(*at, i);
            else
                assert_memory_equal(at, "\7abcdefg", 8);
        }
        buf_done(&b);
        assert_int_equal(f.live_blocks, 0);
    }
}

static void buf_reserve_makes_puts_sure(void **state)
{
    (void)state;
    struct faulty f;
    faulty_init(&f, -1);
    struct buf b;
    buf_init(&b, &f.alloc);
    assert_int_equal(buf_put_u8(&b, 7), 0);
    assert_int_equal(buf_reserve(&b, 1000), 0);
    f.fail_at = f.requests;
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(buf_put_u8(&b, (uint8_t)i), 0);
    assert_int_equal(b.data[0], 7);
    assert_int_equal(b.data[1000], 1000 % 256 - 1);
    assert_int_equal(b.len, 1001);
    /* A sum that overflows is no memory, not a small buffer. */
    f.fail_at = -1;
    assert_int_equal(buf_reserve(&b, SIZE_MAX), WEFT_ENOMEM);
    assert_int_equal(buf_reserve(&b, SIZE_MAX / 2), WEFT_ENOMEM);
    assert_int_equal(buf_put_blob(&b, "", SIZE_MAX), WEFT_ENOMEM);
    assert_int_equal(b.len, 1001);
    buf_clear(&b);
    assert_int_equal(b.len, 0);
    assert_true(b.cap >= 1001);
    buf_done(&b);
    assert_int_equal(f.live_blocks, 0);
}

static void buf_take_gives_the_bytes_away(void **state)
{
    (void)state;
    struct faulty f;
    faulty_init(&f, -1);
    struct buf b;
    buf_init(&b, &f.alloc);
    assert_int_equal(buf_put(&b, "abc", 3), 0);
    size_t len;
    size_t cap;
    uint8_t *data = buf_take(&b, &len, &cap);
    assert_int_equal(len, 3);
    assert_memory_equal(data, "abc", 3);
    assert_int_equal(b.len, 0);
    assert_int_equal(b.cap, 0);
    assert_null(b.data);
    assert_int_equal(buf_put(&b, "new", 3), 0);
    assert_memory_equal(data, "abc", 3);
    weft_release(&f.alloc, data, cap);
    buf_done(&b);
    assert_int_equal(f.live_blocks, 0);
}

/* --- cur ----------------------------------------------------------------------------------- */

static void varints_come_back(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, weft_heap());
    for (unsigned bits = 0; bits <= 64; bits++) {
        uint64_t edge = bits == 64 ? 0 : (uint64_t)1 << bits;
        for (uint64_t v = edge - 2; v != edge + 3; v++) {
            buf_clear(&b);
            assert_int_equal(buf_put_varint(&b, v), 0);
            size_t want = 1;
            for (uint64_t rest = v >> 7; rest != 0; rest >>= 7)
                want++;
            assert_int_equal(b.len, want);
            assert_true(b.len <= VARINT_BYTES_MAX);
            struct cur c = cur_of(b.data, b.len);
            assert_true(cur_varint(&c) == v);
            assert_false(c.bad);
            assert_int_equal(cur_left(&c), 0);
            /* Each beginning of it is too short. */
            for (size_t n = 0; n < b.len; n++) {
                c = cur_of(b.data, n);
                assert_true(cur_varint(&c) == 0);
                assert_true(c.bad);
            }
        }
    }
    buf_done(&b);
}

static void assert_bad_varint(const char *bytes, size_t len)
{
    struct cur c = cur_of(bytes, len);
    assert_true(cur_varint(&c) == 0);
    assert_true(c.bad);
}

static void overlong_varints_are_refused(void **state)
{
    (void)state;
    assert_bad_varint("\x80\x00", 2);
    assert_bad_varint("\xff\x00", 2);
    assert_bad_varint("\x80\x80\x00", 3);
    assert_bad_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", 10);
    assert_bad_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10); /* 2^64 and more */
    assert_bad_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11);
    assert_bad_varint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
    struct cur c = cur_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
    assert_true(cur_varint(&c) == UINT64_MAX);
    assert_false(c.bad);
}

static void reads_past_the_end(void **state)
{
    (void)state;
    static const uint8_t BYTES[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    size_t len = 77;
    struct cur c = cur_of(NULL, 0);
    assert_int_equal(cur_left(&c), 0);
    assert_int_equal(cur_u8(&c), 0);
    assert_true(c.bad);
    c = cur_of(BYTES, 3);
    assert_int_equal(cur_u32(&c), 0);
    assert_true(c.bad);
    /* Bad once is bad for good, even where there would be enough. */
    assert_int_equal(cur_u8(&c), 0);
    assert_int_equal(cur_varint(&c), 0);
    assert_null(cur_bytes(&c, 0));
    assert_null(cur_blob(&c, 10, &len));
    assert_int_equal(len, 0);
    c = cur_of(BYTES, 7);
    assert_true(cur_u64(&c) == 0);
    assert_true(c.bad);
    c = cur_of(BYTES, 8);
    assert_null(cur_bytes(&c, 9));
    assert_true(c.bad);
    c = cur_of(BYTES, 8);
    assert_null(cur_bytes(&c, SIZE_MAX));
    assert_true(c.bad);
    c = cur_of(BYTES, 8);
    assert_ptr_equal(cur_bytes(&c, 8), BYTES);
    assert_ptr_equal(cur_bytes(&c, 0), BYTES + 8);
    assert_false(c.bad);
}

static void limits_of_numbers_and_blobs(void **state)
{
    (void)state;
    struct cur c = cur_of("\x05", 1);
    assert_int_equal(cur_varint_max(&c, 5), 5);
    assert_false(c.bad);
    c = cur_of("\x05", 1);
    assert_int_equal(cur_varint_max(&c, 4), 0);
    assert_true(c.bad);
    size_t len = 77;
    c = cur_of("\x03"
               "abc",
               4);
    assert_non_null(cur_blob(&c, 3, &len));
    assert_int_equal(len, 3);
    c = cur_of("\x03"
               "abc",
               4);
    assert_null(cur_blob(&c, 2, &len));
    assert_int_equal(len, 0);
    assert_true(c.bad);
    c = cur_of("\x03"
               "ab",
               3);
    assert_null(cur_blob(&c, 3, &len));
    assert_true(c.bad);
    c = cur_of("\x00", 1);
    assert_non_null(cur_blob(&c, 3, &len));
    assert_int_equal(len, 0);
    assert_false(c.bad);
}

/* --- utf8 ---------------------------------------------------------------------------------- */

/* A decoder in the plainest words: the number that the bits say, and whether one may say it so.
 * Returns the length, or 0 where no code point begins. */
static size_t naive_decode(const uint8_t *p, size_t left, uint32_t *ret)
{
    if (left == 0)
        return 0;
    size_t len = p[0] < 0x80       ? 1
                 : p[0] >> 5 == 6  ? 2
                 : p[0] >> 4 == 14 ? 3
                 : p[0] >> 3 == 30 ? 4
                                   : 0;
    if (len == 0 || len > left)
        return 0;
    static const uint32_t LEAD_MASK[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t cp = p[0] & LEAD_MASK[len];
    for (size_t i = 1; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
        cp = cp * 64 + (p[i] - 0x80u);
    }
    if (cp < LEAST[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return 0;
    *ret = cp;
    return len;
}

static bool naive_valid(const uint8_t *p, size_t len, size_t *ret_bad)
{
    for (size_t at = 0; at < len;) {
        uint32_t cp;
        size_t n = naive_decode(p + at, len - at, &cp);
        if (n == 0) {
            *ret_bad = at;
            return false;
        }
        at += n;
    }
    return true;
}

static void every_scalar_value(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        if (cp >= 0xd800 && cp <= 0xdfff)
            continue;
        char s[4];
        size_t len = utf8_put(s, cp);
        uint32_t naive = 0;
        size_t back = 0;
        bool ok = naive_decode((uint8_t *)s, len, &naive) == len && naive == cp &&
                  utf8_get(s, &back) == cp && back == len && utf8_len((uint8_t)s[0]) == len &&
                  utf8_valid(s, len, NULL) && utf8_count(s, len) == 1;
        struct utf8_size m = utf8_measure(s, len);
        ok = ok && m.cps == 1 && m.u16s == (cp > 0xffff ? 2u : 1u) && m.lines == (cp == '\n');
        for (size_t cut = 1; cut < len; cut++)
            ok = ok && !utf8_valid(s, cut, NULL) && !utf8_is_start((uint8_t)s[cut]);
        if (!ok) {
            fprintf(stderr, "U+%04X\n", cp);
            fail();
        }
    }
}

static void assert_valid_like_naive(const uint8_t *p, size_t len)
{
    size_t want_bad = 99;
    size_t got_bad = 99;
    bool want = naive_valid(p, len, &want_bad);
    bool got = utf8_valid((const char *)p, len, &got_bad);
    if (want != got || want_bad != got_bad) {
        fprintf(stderr, "bytes %02x %02x %02x, %zu of them\n", p[0], p[1], p[2], len);
        fail();
    }
}

static void every_run_of_three_bytes(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 1u << 24; v++) {
        uint8_t p[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        assert_valid_like_naive(p, 3);
        if (p[2] == 0)
            assert_valid_like_naive(p, 2);
        if (p[2] == 0 && p[1] == 0)
            assert_valid_like_naive(p, 1);
    }
}

/* Four bytes: each lead, and of each tail its edges. */
static void edges_of_four_bytes(void **state)
{
    (void)state;
    static const uint8_t EDGES[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    enum { N = sizeof EDGES };
    for (unsigned lead = 0; lead < 256; lead++) {
        for (size_t i = 0; i < N * N * N; i++) {
            uint8_t p[4] = {(uint8_t)lead, EDGES[i / N / N], EDGES[i / N % N], EDGES[i % N]};
            assert_valid_like_naive(p, 4);
        }
    }
}

/* RFC 3629 section 3 and 4: the first and last of each length, and what lies just outside. */
static void boundaries_of_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        bool valid;
    } CASES[] = {
        {"\x00", 1, true},
        {"\x7f", 1, true},
        {"\x80", 1, false},
        {"\xbf", 1, false},
        {"\xc0\x80", 2, false},
        {"\xc1\xbf", 2, false},
        {"\xc2\x80", 2, true},
        {"\xdf\xbf", 2, true},
        {"\xe0\x80\x80", 3, false},
        {"\xe0\x9f\xbf", 3, false},
        {"\xe0\xa0\x80", 3, true},
        {"\xed\x9f\xbf", 3, true},
        {"\xed\xa0\x80", 3, false},
        {"\xed\xbf\xbf", 3, false},
        {"\xee\x80\x80", 3, true},
        {"\xef\xbf\xbf", 3, true},
        {"\xf0\x80\x80\x80", 4, false},
        {"\xf0\x8f\xbf\xbf", 4, false},
        {"\xf0\x90\x80\x80", 4, true},
        {"\xf4\x8f\xbf\xbf", 4, true},
        {"\xf4\x90\x80\x80", 4, false},
        {"\xf5\x80\x80\x80", 4, false},
        {"\xf8\x88\x80\x80\x80", 5, false},
        {"\xfe", 1, false},
        {"\xff", 1, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_int_equal(utf8_valid(CASES[i].bytes, CASES[i].len, NULL), CASES[i].valid);
    assert_true(utf8_valid("", 0, NULL));
    assert_true(utf8_valid(NULL, 0, NULL));
}

/* Eight bytes are looked at together: one bad byte is found at each place and alignment. */
static void bad_byte_anywhere(void **state)
{
    (void)state;
    char s[64];
    for (size_t from = 0; from < 9; from++) {
        for (size_t at = from; at < 40; at++) {
            memset(s, 'a', sizeof s);
            s[at] = '\x80';
            size_t bad = 99;
            assert_false(utf8_valid(s + from, 40 - from, &bad));
            assert_int_equal(bad, at - from);
            /* ... and none where it lies just behind. */
            assert_true(utf8_valid(s + from, at - from, NULL));
            s[at] = 0;
            assert_true(utf8_has_nul(s + from, 40 - from));
            assert_false(utf8_has_nul(s + from, at - from));
        }
    }
}

/* Each number of line feeds and of UTF-16 units. */
static bool skips_like_one_by_one(const char *s, size_t len, struct utf8_size whole)
{
    size_t at = 0; /* behind `units` units */
    size_t lines = 0;
    for (size_t units = 0; units <= whole.u16s + 1; units++) {
        size_t left = units;
        size_t got = utf8_skip_u16(s, len, &left);
        struct utf8_size passed = utf8_measure(s, at);
        bool inside = passed.u16s != units; /* a code point, or past the end */
        if (got != at || left != (inside ? 1u : 0u))
            return false;
        if (inside || at == len) {
            at += at < len ? 4 : 0;
            continue;
        }
        size_t n = utf8_len((uint8_t)s[at]);
        if (s[at] == '\n') {
            left = ++lines;
            if (utf8_skip_lines(s, len, &left) != at + 1 || left != 0)
                return false;
        }
        at += n == 4 ? 0 : n; /* the second unit of four bytes is on the way */
    }
    size_t left = lines + 3;
    return lines == whole.lines && utf8_skip_lines(s, len, &left) == len && left == 3;
}

static void measuring_like_one_by_one(void **state)
{
    (void)state;
    uint64_t seed = rng_seed();
    for (size_t n = rng_cases(3000); n > 0; n--, seed++) {
        struct rng r = rng_of(seed);
        char s[4 * 80];
        size_t len = rng_text(&r, s, rng_below(&r, 80));
        struct utf8_size want = {0};
        bool ok = true;
        for (size_t at = 0; at < len;) {
            ok = ok && utf8_offset(s, len, want.cps) == at;
            uint32_t cp = 0;
            at += naive_decode((uint8_t *)s + at, len - at, &cp);
            want.cps++;
            want.u16s += cp > 0xffff ? 2 : 1;
            want.lines += cp == '\n';
        }
        ok = ok && skips_like_one_by_one(s, len, want);
        size_t lines = 99;
        bool plain = utf8_plain(s, len, &lines);
        ok = ok && plain == (want.cps == len) && lines == (plain ? want.lines : 99);
        struct utf8_size got = utf8_measure(s, len);
        ok = ok && got.cps == want.cps && got.u16s == want.u16s && got.lines == want.lines &&
             utf8_count(s, len) == want.cps && utf8_offset(s, len, want.cps) == len &&
             utf8_offset(s, len, want.cps + 1 + rng_below(&r, 99)) == len;
        if (!ok) {
            fprintf(stderr, "WEFT_SEED=%llu\n", (unsigned long long)seed);
            fail();
        }
    }
}

/* Sixteen bytes are counted side by side, so many times that no count overflows. */
static void measuring_long_texts(void **state)
{
    (void)state;
    enum { CPS = 5000 };
    static const char *const EACH[] = {"\n", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    char *s = malloc(4 * CPS);
    assert_non_null(s);
    for (size_t kind = 0; kind < 5; kind++) {
        size_t n = strlen(EACH[kind]);
        for (size_t i = 0; i < CPS; i++)
            memcpy(s + i * n, EACH[kind], n);
        for (size_t cps = CPS; cps > CPS - 40; cps--) {
            struct utf8_size m = utf8_measure(s, cps * n);
            assert_int_equal(m.cps, cps);
            assert_int_equal(m.u16s, n == 4 ? 2 * cps : cps);
            assert_int_equal(m.lines, kind == 0 ? cps : 0);
            assert_int_equal(utf8_count(s, cps * n), cps);
            assert_true(utf8_valid(s, cps * n, NULL));
            size_t lines = 99;
            assert_int_equal(utf8_plain(s, cps * n, &lines), n == 1);
            assert_int_equal(lines, kind == 0 ? cps : n == 1 ? 0 : 99);
        }
        /* One that is not ASCII, or is NUL, behind many that are. */
        if (n == 1) {
            for (size_t len = 1; len <= 100; len++) {
                size_t lines = 99;
                s[CPS / 2] = 0;
                assert_false(utf8_plain(s + CPS / 2 + 1 - len, len, &lines));
                assert_false(utf8_plain(s, CPS / 2 + len, &lines));
                assert_int_equal(utf8_measure(s, CPS).cps, CPS);
                s[CPS / 2] = *EACH[kind];
                assert_int_equal(lines, 99);
            }
            memcpy(s + CPS, EACH[2], 2);
            size_t lines = 99;
            assert_false(utf8_plain(s, CPS + 2, &lines));
            assert_int_equal(utf8_measure(s, CPS + 2).cps, CPS + 1);
            assert_false(utf8_valid(s, CPS + 1, &lines));
            assert_int_equal(lines, CPS);
        }
    }
    free(s);
}

/* Reads what is there and not a byte more: the sanitizer watches the ends. */
static void up_to_sixteen_bytes(void **state)
{
    (void)state;
    for (size_t n = 1; n <= BYTES16_MAX; n++) {
        char *s = malloc(n);
        assert_non_null(s);
        for (size_t i = 0; i < n; i++)
            s[i] = (char)('a' + i);
        struct bytes16 b = bytes16_load(s, n);
        char out[BYTES16_MAX];
        bytes16_store(out, b);
        assert_memory_equal(out, s, n);
        for (size_t i = n; i < BYTES16_MAX; i++)
            assert_int_equal(out[i], 0);
        assert_true(bytes16_is_plain(b, n));
        assert_int_equal(bytes16_lines(b), 0);
        for (size_t i = 0; i < n; i++) {
            char saved = s[i];
            s[i] = '\n';
            assert_int_equal(bytes16_lines(bytes16_load(s, n)), 1);
            for (int byte = -128; byte < 128; byte++) {
                s[i] = (char)byte;
                b = bytes16_load(s, n);
                assert_int_equal(bytes16_is_ascii(b), byte >= 0);
                assert_int_equal(bytes16_is_plain(b, n), byte > 0);
            }
            s[i] = saved;
        }
        free(s);
    }
}

/* Line feeds are told from their neighbours of one bit, and from what a borrow could fake. */
static void measuring_each_byte_in_each_lane(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 128; byte++) {
        for (size_t lane = 0; lane < 8; lane++) {
            char s[8];
            memset(s, '\n', sizeof s);
            s[lane] = (char)byte;
            assert_int_equal(utf8_measure(s, 8).lines, byte == '\n' ? 8 : 7);
            memset(s, '\x0b', sizeof s);
            s[lane] = (char)byte;
            assert_int_equal(utf8_measure(s, 8).lines, byte == '\n');
            assert_int_equal(utf8_measure(s, 8).cps, 8);
        }
    }
}

/* --- crc32c -------------------------------------------------------------------------------- */

static uint32_t naive_crc(const uint8_t *p, size_t len)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < len * 8; i++) {
        uint32_t bit = (crc ^ (uint32_t)p[i / 8] >> i % 8) & 1;
        crc = crc >> 1 ^ (bit != 0 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

/* Bit by bit, as the polynomial says. */
static uint32_t slow_crc32c(const uint8_t *p, size_t len)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

/* A single byte at each of sixteen places reaches every entry of every table; two such steps, and one
 * of each smaller kind. */
static void test_crc32c_tables(void **state)
{
    (void)state;
    for (size_t place = 0; place < 47; place++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t p[47] = {0};
            p[place] = (uint8_t)byte;
            assert_int_equal(crc32c(0, p, sizeof p), slow_crc32c(p, sizeof p));
        }
    }
}

static void crc_values(void **state)
{
    (void)state;
    uint8_t p[32];
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, NULL, 0), 0);
    /* RFC 3720 appendix B.4 */
    memset(p, 0, sizeof p);
    assert_int_equal(crc32c(0, p, sizeof p), 0x8a9136aa);
    memset(p, 0xff, sizeof p);
    assert_int_equal(crc32c(0, p, sizeof p), 0x62a8ab43);
    for (size_t i = 0; i < sizeof p; i++)
        p[i] = (uint8_t)i;
    assert_int_equal(crc32c(0, p, sizeof p), 0x46dd794e);
}

static void crc_continues(void **state)
{
    (void)state;
    struct rng r = rng_of(1);
    uint8_t p[300];
    for (size_t i = 0; i < sizeof p; i++)
        p[i] = (uint8_t)rng_next(&r);
    uint32_t whole = naive_crc(p, sizeof p);
    assert_int_equal(crc32c(0, p, sizeof p), whole);
    for (size_t cut = 0; cut <= sizeof p; cut++)
        assert_int_equal(crc32c(crc32c(0, p, cut), p + cut, sizeof p - cut), whole);
    /* Each single flipped bit shows. */
    for (size_t bit = 0; bit < 8 * sizeof p; bit++) {
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(crc32c(0, p, sizeof p), whole);
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* --- uuid ---------------------------------------------------------------------------------- */

static void uuid_text(void **state)
{
    (void)state;
    static const char TEXT[] = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    struct uuid u;
    assert_true(uuid_parse(TEXT, UUID_TEXT_LEN, &u));
    static const uint8_t WANT[16] = {0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78,
                                     0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0};
    assert_memory_equal(u.bytes, WANT, 16);
    char out[UUID_TEXT_LEN + 1];
    uuid_format(&u, out);
    assert_string_equal(out, TEXT);
    struct uuid upper;
    assert_true(uuid_parse("0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0", UUID_TEXT_LEN, &upper));
    assert_true(uuid_equal(&u, &upper));
    assert_false(uuid_is_nil(&u));
    for (size_t i = 0; i < 16; i++) {
        upper = u;
        upper.bytes[i] ^= 1;
        assert_false(uuid_equal(&u, &upper));
        struct uuid one = {{0}};
        assert_true(uuid_is_nil(&one));
        one.bytes[i] = 1;
        assert_false(uuid_is_nil(&one));
    }
}

/* One wrong character, at each place, and each wrong length. */
static void uuid_refuses(void **state)
{
    (void)state;
    static const char TEXT[] = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    struct uuid u;
    memset(&u, 0x55, sizeof u);
    struct uuid before = u;
    for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
        static const char WRONG[] = {'g', 'G', '/', ':', '@', '`', ' ', 0, '\xff'};
        char s[UUID_TEXT_LEN];
        for (size_t w = 0; w < sizeof WRONG; w++) {
            memcpy(s, TEXT, sizeof s);
            s[i] = WRONG[w];
            assert_false(uuid_parse(s, sizeof s, &u));
        }
        s[i] = TEXT[i] == '-' ? '0' : '-';
        assert_false(uuid_parse(s, sizeof s, &u));
        assert_false(uuid_parse(TEXT, i, &u));
    }
    assert_false(uuid_parse("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f00", UUID_TEXT_LEN + 1, &u));
    assert_true(uuid_equal(&u, &before));
}

/* --- arena and fmt ------------------------------------------------------------------------- */

static void arena_pieces(void **state)
{
    (void)state;
    struct faulty f;
    faulty_init(&f, -1);
    struct arena a;
    arena_init(&a, &f.alloc);
    unsigned char *pieces[200];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 200; i++) { /* one of them larger than a block */
            size_t len = i == 100 ? 10000 : i;
            pieces[i] = arena_take(&a, len);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            memset(pieces[i], (int)i, len);
        }
        for (unsigned i = 0; i < 200; i++)
            for (size_t n = 0; n < (i == 100 ? 10000 : i); n++)
                assert_int_equal(pieces[i][n], i);
        arena_clear(&a);
        assert_int_equal(f.live_blocks, 1);
    }
    /* What fits the kept block asks for nothing. */
    f.fail_at = f.requests;
    assert_memory_equal(arena_copy(&a, "abc", 3), "abc", 3);
    assert_non_null(arena_copy(&a, NULL, 0));
    assert_null(arena_take(&a, 5000));
    assert_null(arena_copy(&a, "abc", SIZE_MAX));
    f.fail_at = -1;
    arena_clear(&a);
    arena_done(&a);
    arena_done(&a);
    assert_int_equal(f.live_blocks, 0);
    /* A large block does not stay for good. */
    assert_non_null(arena_take(&a, 100000));
    arena_clear(&a);
    assert_int_equal(f.live_blocks, 0);
}

static void fmt_sentences(void **state)
{
    (void)state;
    char out[12];
    struct fmt f = fmt_of(out, sizeof out);
    assert_string_equal(out, "");
    fmt_s(&f, "rev ");
    fmt_u(&f, 0);
    fmt_s(&f, "/");
    fmt_u(&f, 1203);
    assert_string_equal(out, "rev 0/1203");
    /* One byte is left, the code point needs two: it is left out whole. */
    fmt_s(&f, "\xc3\xa4z");
    assert_string_equal(out, "rev 0/1203");
    fmt_bytes(&f, "xyz", 3);
    assert_string_equal(out, "rev 0/1203x");
    fmt_s(&f, "more");
    assert_string_equal(out, "rev 0/1203x");
    assert_int_equal(f.len, 11);
    char wide[32];
    f = fmt_of(wide, sizeof wide);
    fmt_u(&f, UINT64_MAX);
    assert_string_equal(wide, "18446744073709551615");
    f = fmt_of(out, 1);
    fmt_s(&f, "a");
    assert_string_equal(out, "");
}

/* --- errors -------------------------------------------------------------------------------- */

static void error_table(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *wire;
        const char *text;
    } TABLE[] = {
#define ROW(name, value, wire, text) {WEFT_##name, wire, text},
        WEFT_ERRORS(ROW)
#undef ROW
    };
    enum { N = sizeof TABLE / sizeof *TABLE };
    for (size_t i = 0; i < N; i++) {
        assert_true(TABLE[i].code < 0);
        assert_string_equal(weft_error_text(TABLE[i].code), TABLE[i].text);
        if (TABLE[i].wire != NULL)
            assert_string_equal(weft_error_wire(TABLE[i].code), TABLE[i].wire);
        else
            assert_null(weft_error_wire(TABLE[i].code));
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(TABLE[i].code, TABLE[j].code);
            assert_string_not_equal(TABLE[i].text, TABLE[j].text);
        }
    }
    assert_string_equal(weft_error_text(0), "no error");
    assert_null(weft_error_wire(0));
    static const int NONE[] = {1, -1000, -2147483647};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(weft_error_text(NONE[i]), "unknown error");
        assert_null(weft_error_wire(NONE[i]));
    }
    assert_string_equal(weft_error_wire(WEFT_ERANGE), "out_of_range");
    assert_string_equal(weft_error_wire(WEFT_ENOMEM), "unavailable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_round_trip),
        cmocka_unit_test(buf_without_memory),
        cmocka_unit_test(buf_reserve_makes_puts_sure),
        cmocka_unit_test(buf_take_gives_the_bytes_away),
        cmocka_unit_test(varints_come_back),
        cmocka_unit_test(overlong_varints_are_refused),
        cmocka_unit_test(reads_past_the_end),
        cmocka_unit_test(limits_of_numbers_and_blobs),
        cmocka_unit_test(every_scalar_value),
        cmocka_unit_test(every_run_of_three_bytes),
        cmocka_unit_test(edges_of_four_bytes),
        cmocka_unit_test(boundaries_of_rfc_3629),
        cmocka_unit_test(bad_byte_anywhere),
        cmocka_unit_test(measuring_like_one_by_one),
        cmocka_unit_test(measuring_each_byte_in_each_lane),
        cmocka_unit_test(measuring_long_texts),
        cmocka_unit_test(up_to_sixteen_bytes),
        cmocka_unit_test(crc_values),
        cmocka_unit_test(test_crc32c_tables),
        cmocka_unit_test(crc_continues),
        cmocka_unit_test(uuid_text),
        cmocka_unit_test(uuid_refuses),
        cmocka_unit_test(arena_pieces),
        cmocka_unit_test(fmt_sentences),
        cmocka_unit_test(error_table),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
