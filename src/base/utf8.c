#include "base/utf8.h"

#include "base/bytes16.h"
#include "base/pure.h"

static const uint64_t HIGH_BITS = 0x8080808080808080u;

/* Sixteen bytes in one register, where the machine has such; the compiler splits them up where it
 * has not. A comparison makes each byte 0 or -1, so that subtracting it counts. */
typedef uint8_t lanes __attribute__((vector_size(16)));
typedef int8_t signed_lanes __attribute__((vector_size(16)));

enum { LANES = 16, LANES_MAX = 255 * LANES }; /* more would overflow a lane's count */

static lanes lanes_load(const char *s)
{
    lanes v;
    memcpy(&v, s, sizeof v);
    return v;
}

/* Not zero where a byte of it is not ASCII. */
static uint64_t lanes_high(lanes v)
{
    uint64_t half[2];
    memcpy(half, &v, sizeof half);
    return (half[0] | half[1]) & HIGH_BITS;
}

static size_t lanes_sum(lanes v)
{
    uint64_t half[2];
    memcpy(half, &v, sizeof half);
    const uint64_t even = 0x00ff00ff00ff00ffu;
    uint64_t four = (half[0] & even) + (half[0] >> 8 & even) + (half[1] & even) +
                    (half[1] >> 8 & even); /* sums of at most 1,020 in 16 bits each */
    return (size_t)(four * 0x0001000100010001u >> 48);
}

static bool is_tail(uint8_t b)
{
    return (b & 0xc0) == 0x80;
}

/* RFC 3629 section 4: the second byte's range is narrower for four lead bytes. */
static size_t valid_one(const uint8_t *p, size_t left)
{
    uint8_t b = p[0];
    if (b < 0x80)
        return 1;
    if (b < 0xc2 || b > 0xf4)
        return 0;
    if (b < 0xe0)
        return left >= 2 && is_tail(p[1]) ? 2 : 0;
    if (left < 3 || !is_tail(p[1]) || !is_tail(p[2]))
        return 0;
    if (b < 0xf0) {
        if ((b == 0xe0 && p[1] < 0xa0) || (b == 0xed && p[1] > 0x9f))
            return 0;
        return 3;
    }
    if (left < 4 || !is_tail(p[3]) || (b == 0xf0 && p[1] < 0x90) || (b == 0xf4 && p[1] > 0x8f))
        return 0;
    return 4;
}

/* Whether the next bytes, n of them at most 32 and at least 1, are ASCII. */
static bool few_are_ascii(const char *s, size_t n)
{
    if (n <= BYTES16_MAX)
        return bytes16_is_ascii(bytes16_load(s, n));
    return lanes_high(lanes_load(s) | lanes_load(s + n - LANES)) == 0;
}

bool utf8_valid(const char *s, size_t len_bytes, size_t *ret_bad_bytes)
{
    size_t i = 0;
    while (i < len_bytes) {
        size_t left = len_bytes - i;
        size_t few = left < 2 * LANES ? left : 2 * LANES;
        if (few_are_ascii(s + i, few)) {
            i += few;
            continue;
        }
        size_t n = valid_one((const uint8_t *)s + i, left);
        if (n == 0) {
            if (ret_bad_bytes != NULL)
                *ret_bad_bytes = i;
            return false;
        }
        i += n;
    }
    return true;
}

bool utf8_has_nul(const char *s, size_t len_bytes)
{
    static const uint64_t ONES = 0x0101010101010101u;
    size_t i = 0;
    for (; len_bytes - i >= 8; i += 8) {
        const uint64_t w = bytes8_load(s + i);
        /* Taking one from each byte sets bit 7 where it was clear only below 0x01. */
        if (((w - ONES) & ~w & HIGH_BITS) != 0)
            return true;
    }
    for (; i < len_bytes; i++)
        if (s[i] == 0)
            return true;
    return false;
}

/* Bit 7 of each byte that continues a code point: bit 7 is set there and bit 6 is not. */
static uint64_t tails_of(uint64_t w)
{
    return w & ~(w << 1) & HIGH_BITS;
}

/* Bit 7 of each lead byte of four, 1111xxxx. */
static uint64_t fours_of(uint64_t w)
{
    return w & w << 1 & w << 2 & w << 3 & HIGH_BITS;
}

/* What is above 0 as a signed byte: ASCII without NUL. */
static lanes lanes_plain(lanes v)
{
    return (lanes)((signed_lanes)v > 0);
}

/* Line feeds; *ret_plain tells whether all is ASCII without NUL. Of at most LANES_MAX bytes. */
static size_t lines_of(const char *s, size_t len_bytes, bool *ret_plain)
{
    lanes count = {0};
    lanes plain = ~count;
    size_t i = 0;
    for (; len_bytes - i >= 2 * LANES; i += 2 * LANES) {
        lanes v = lanes_load(s + i);
        lanes w = lanes_load(s + i + LANES);
        plain &= lanes_plain(v) & lanes_plain(w);
        count -= (lanes)(v == '\n') + (lanes)(w == '\n');
    }
    if (len_bytes - i >= LANES) {
        lanes v = lanes_load(s + i);
        plain &= lanes_plain(v);
        count -= (lanes)(v == '\n');
        i += LANES;
    }
    bool is_plain = lanes_high(~plain) == 0;
    size_t lines = lanes_sum(count);
    if (i < len_bytes) {
        struct bytes16 b = bytes16_load(s + i, len_bytes - i);
        lines += bytes16_lines(b);
        is_plain &= bytes16_is_plain(b, len_bytes - i);
    }
    *ret_plain = is_plain;
    return lines;
}

/* Continuations and lead bytes of four, of at most LANES_MAX bytes. */
static void not_ascii_of(const char *s, size_t len_bytes, size_t *tails, size_t *fours)
{
    lanes tail = {0};
    lanes four = {0};
    size_t i = 0;
    for (; len_bytes - i >= LANES; i += LANES) {
        lanes v = lanes_load(s + i);
        tail -= (lanes)((signed_lanes)v < -64);
        four -= (lanes)(v >= 0xf0);
    }
    *tails += lanes_sum(tail);
    *fours += lanes_sum(four);
    if (i < len_bytes) {
        struct bytes16 b = bytes16_load(s + i, len_bytes - i);
        *tails += bytes8_count_high(tails_of(b.lo)) + bytes8_count_high(tails_of(b.hi));
        *fours += bytes8_count_high(fours_of(b.lo)) + bytes8_count_high(fours_of(b.hi));
    }
}

size_t utf8_count(const char *s, size_t len_bytes)
{
    size_t tails = 0;
    for (size_t i = 0; i < len_bytes;) {
        size_t n = len_bytes - i < LANES_MAX ? len_bytes - i : LANES_MAX;
        size_t fours = 0;
        not_ascii_of(s + i, n, &tails, &fours);
        i += n;
    }
    return len_bytes - tails;
}

/* Block by block; one that is plain, as nearly all are, is read once. */
struct utf8_size utf8_measure(const char *s, size_t len_bytes)
{
    size_t tails = 0;
    size_t fours = 0;
    size_t lines = 0;
    for (size_t i = 0; i < len_bytes;) {
        size_t n = len_bytes - i < LANES_MAX ? len_bytes - i : LANES_MAX;
        bool is_plain;
        lines += lines_of(s + i, n, &is_plain);
        if (!is_plain)
            not_ascii_of(s + i, n, &tails, &fours);
        i += n;
    }
    size_t cps = len_bytes - tails;
    return (struct utf8_size){.cps = cps, .u16s = cps + fours, .lines = lines};
}

bool utf8_plain(const char *s, size_t len_bytes, size_t *ret_lines)
{
    size_t lines = 0;
    for (size_t i = 0; i < len_bytes;) {
        size_t n = len_bytes - i < LANES_MAX ? len_bytes - i : LANES_MAX;
        bool is_plain;
        lines += lines_of(s + i, n, &is_plain);
        if (!is_plain)
            return false;
        i += n;
    }
    *ret_lines = lines;
    return true;
}

size_t utf8_offset(const char *s, size_t len_bytes, size_t n_cp)
{
    size_t i = 0;
    while (n_cp >= 8 && len_bytes - i >= 8) {
        n_cp -= 8 - bytes8_count_high(tails_of(bytes8_load(s + i)));
        i += 8;
    }
    while (i < len_bytes && !utf8_is_start((uint8_t)s[i]))
        i++;
    for (; n_cp > 0 && i < len_bytes; n_cp--)
        i += utf8_len((uint8_t)s[i]);
    return i;
}

size_t utf8_skip_lines(const char *s, size_t len_bytes, size_t *n)
{
    size_t i = 0;
    for (; len_bytes - i >= 8; i += 8) {
        size_t lines = bytes8_count_high(bytes8_lines(bytes8_load(s + i)));
        if (lines >= *n)
            break;
        *n -= lines;
    }
    while (i<len_bytes && * n> 0)
        *n -= s[i++] == '\n';
    return i;
}

size_t utf8_skip_u16(const char *s, size_t len_bytes, size_t *n_u16)
{
    size_t i = 0;
    for (; len_bytes - i >= 8; i += 8) {
        uint64_t w = bytes8_load(s + i);
        size_t units = 8 - bytes8_count_high(tails_of(w)) + bytes8_count_high(fours_of(w));
        if (units >= *n_u16)
            break;
        *n_u16 -= units;
    }
    while (i < len_bytes && !utf8_is_start((uint8_t)s[i]))
        i++; /* of the last one that was counted */
    while (i<len_bytes && * n_u16> 0) {
        size_t bytes = utf8_len((uint8_t)s[i]);
        size_t units = bytes == 4 ? 2 : 1;
        if (units > *n_u16)
            break;
        *n_u16 -= units;
        i += bytes;
    }
    return i;
}

size_t utf8_put(char out[4], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | (cp >> 6));
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | (cp >> 12));
        out[1] = (char)(0x80 | ((cp >> 6) & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | (cp >> 18));
    out[1] = (char)(0x80 | ((cp >> 12) & 0x3f));
    out[2] = (char)(0x80 | ((cp >> 6) & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

uint32_t utf8_get(const char *s, size_t *ret_len_bytes)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t n = utf8_len(p[0]);
    *ret_len_bytes = n;
    if (n == 1)
        return p[0];
    uint32_t cp = p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        cp = cp << 6 | (p[i] & 0x3fu);
    return cp;
}
