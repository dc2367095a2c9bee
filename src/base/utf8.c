#include "base/utf8.h"

#include "base/pure.h"

static const uint64_t HIGH_BITS = 0x8080808080808080u;

static uint64_t load8(const char *s)
{
    uint64_t w;
    memcpy(&w, s, sizeof w);
    return w;
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

bool utf8_valid(const char *s, size_t len_bytes, size_t *ret_bad_bytes)
{
    size_t i = 0;
    while (i < len_bytes) {
        if (len_bytes - i >= 8 && (load8(s + i) & HIGH_BITS) == 0) {
            i += 8;
            continue;
        }
        size_t n = valid_one((const uint8_t *)s + i, len_bytes - i);
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
        const uint64_t w = load8(s + i);
        /* Taking one from each byte sets bit 7 where it was clear only below 0x01. */
        if (((w - ONES) & ~w & HIGH_BITS) != 0)
            return true;
    }
    for (; i < len_bytes; i++)
        if (s[i] == 0)
            return true;
    return false;
}

size_t utf8_count(const char *s, size_t len_bytes)
{
    size_t i = 0;
    size_t cps = 0;
    for (; len_bytes - i >= 8; i += 8) {
        uint64_t w = load8(s + i);
        /* A continuation byte has bit 7 set and bit 6 clear. */
        uint64_t tails = (w & HIGH_BITS) & ~((w << 1) & HIGH_BITS);
        cps += 8u - (size_t)__builtin_popcountll(tails);
    }
    for (; i < len_bytes; i++)
        cps += utf8_is_start((uint8_t)s[i]);
    return cps;
}

/* How many of the eight bytes have bit 7 set, no other bit being set: their sum. */
static size_t count_high(uint64_t bits)
{
    return (size_t)((bits >> 7) * 0x0101010101010101u >> 56);
}

struct utf8_size utf8_measure(const char *s, size_t len_bytes)
{
    static const uint64_t LOW_7 = 0x7f7f7f7f7f7f7f7fu;
    struct utf8_size size = {0};
    size_t i = 0;
    for (; len_bytes - i >= 8; i += 8) {
        uint64_t w = load8(s + i);
        size_t starts = 8;
        size_t fours = 0; /* lead bytes of four: 1111xxxx */
        if ((w & HIGH_BITS) != 0) {
            starts -= count_high(w & ~(w << 1) & HIGH_BITS);
            fours = count_high(w & w << 1 & w << 2 & w << 3 & HIGH_BITS);
        }
        /* Bit 7 of each byte that is zero once line feeds are. */
        uint64_t x = w ^ 0x0a0a0a0a0a0a0a0au;
        size.cps += starts;
        size.u16s += starts + fours;
        size.lines += count_high(~(((x & LOW_7) + LOW_7) | x | LOW_7));
    }
    for (; i < len_bytes; i++) {
        uint8_t b = (uint8_t)s[i];
        size.cps += utf8_is_start(b);
        size.u16s += (size_t)utf8_is_start(b) + (b >= 0xf0);
        size.lines += b == '\n';
    }
    return size;
}

size_t utf8_offset(const char *s, size_t len_bytes, size_t n_cp)
{
    size_t i = 0;
    while (n_cp >= 8 && len_bytes - i >= 8) {
        uint64_t w = load8(s + i);
        uint64_t tails = (w & HIGH_BITS) & ~((w << 1) & HIGH_BITS);
        n_cp -= 8u - (size_t)__builtin_popcountll(tails);
        i += 8;
    }
    while (i < len_bytes && !utf8_is_start((uint8_t)s[i]))
        i++;
    for (; n_cp > 0 && i < len_bytes; n_cp--)
        i += utf8_len((uint8_t)s[i]);
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
