/* base/bytes16.h - up to 16 bytes of text in two registers.
 *
 * Most of what is typed, pasted and deleted is a few bytes. Looking at them one by one costs a
 * branch each, a call of memcpy more than that; two words are looked at as a whole. */
#ifndef BASE_BYTES16_H
#define BASE_BYTES16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pure.h"

enum { BYTES16_MAX = 16 };

struct bytes16 {
    uint64_t lo; /* in memory order; what is not there is zero */
    uint64_t hi;
};

static inline uint64_t bytes8_load(const char *s)
{
    uint64_t w;
    memcpy(&w, s, sizeof w);
    return w;
}

/* Reads n bytes, 1 to 16, and not one more: what is in the middle is read twice instead. */
static inline struct bytes16 bytes16_load(const char *s, size_t n)
{
    struct bytes16 b = {0};
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (n > 8) {
        b.lo = bytes8_load(s);
        b.hi = bytes8_load(s + n - 8) >> (8 * (16 - n));
    } else if (n >= 4) {
        uint32_t head;
        uint32_t tail;
        memcpy(&head, s, sizeof head);
        memcpy(&tail, s + n - 4, sizeof tail);
        b.lo = head | (uint64_t)tail << (8 * (n - 4));
    } else {
        b.lo = (uint8_t)s[0] | (uint64_t)(uint8_t)s[n / 2] << (8 * (n / 2)) |
               (uint64_t)(uint8_t)s[n - 1] << (8 * (n - 1));
    }
#else
    memcpy(&b, s, n);
#endif
    return b;
}

/* Writes all 16. */
static inline void bytes16_store(char *out, struct bytes16 b)
{
    memcpy(out, &b, sizeof b);
}

static inline bool bytes16_is_ascii(struct bytes16 b)
{
    return ((b.lo | b.hi) & 0x8080808080808080u) == 0;
}

/* Whether the n bytes that were loaded are ASCII and none of them is NUL: one is taken from each of
 * them, which sets bit 7 where there is none to take. */
static inline bool bytes16_is_plain(struct bytes16 b, size_t n)
{
    const uint64_t high = 0x8080808080808080u;
    const uint64_t ones = 0x0101010101010101u;
    if (n <= 8)
        return ((b.lo | (b.lo - (ones >> 8 * (8 - n)))) & high) == 0;
    return ((b.lo | (b.lo - ones) | b.hi | (b.hi - (ones >> 8 * (16 - n)))) & high) == 0;
}

/* How many of eight bytes have bit 7 set, no other bit being set: their sum. */
static inline size_t bytes8_count_high(uint64_t bits)
{
    return (size_t)((bits >> 7) * 0x0101010101010101u >> 56);
}

/* Bit 7 of each byte that is a line feed. */
static inline uint64_t bytes8_lines(uint64_t w)
{
    const uint64_t low_7 = 0x7f7f7f7f7f7f7f7fu;
    uint64_t x = w ^ 0x0a0a0a0a0a0a0a0au; /* zero where one is */
    return ~(((x & low_7) + low_7) | x | low_7);
}

static inline size_t bytes16_lines(struct bytes16 b)
{
    return bytes8_count_high(bytes8_lines(b.lo)) + bytes8_count_high(bytes8_lines(b.hi));
}

#endif
