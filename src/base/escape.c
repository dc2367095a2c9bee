#include "base/escape.h"

#include <stdbool.h>

#include "base/pure.h"

static bool must_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

/* Not 0 when one of eight bytes must be escaped. The lowest bit that is set is the high bit of the
 * first of those; what lies above it says nothing, because subtracting has borrowed there. */
static inline uint64_t must_escape_8(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t quote = x ^ (ones * '"');
    uint64_t slash = x ^ (ones * '\\');
    /* Each term has a high bit set when some byte is below 0x20, a quote, a backslash. */
    uint64_t low = (x - ones * 0x20) & ~x;
    quote = (quote - ones) & ~quote;
    slash = (slash - ones) & ~slash;
    return (low | quote | slash) & (ones * 0x80);
}

size_t escape_clean_run(const char *s, size_t len_bytes)
{
    size_t i = 0;
    for (; len_bytes - i >= 8; i += 8) {
        uint64_t x;
        memcpy(&x, s + i, sizeof x);
        if (must_escape_8(x) != 0)
            break;
    }
    while (i < len_bytes && !must_escape((uint8_t)s[i]))
        i++;
    return i;
}

size_t escape_put(char out[ESCAPE_BYTES_MAX], uint8_t byte)
{
    static const char HEX[] = "0123456789abcdef";
    static const char SHORT[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    out[0] = '\\';
    if (byte >= 0x20 || SHORT[byte] != 0) {
        out[1] = byte >= 0x20 ? (char)byte : SHORT[byte];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = HEX[byte >> 4];
    out[5] = HEX[byte & 15];
    return 6;
}

/* How many of eight bytes in memory are in front of the lowest bit of `marks`. */
static inline size_t bytes_before(uint64_t marks)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t)__builtin_ctzll(marks) / 8;
#else
    (void)marks; /* the first in memory is the highest there, of which nothing is known */
    return 0;
#endif
}

size_t escape_copy(char *out, const char *s, size_t len_bytes)
{
    char *const start = out;
    size_t i = 0;
    while (len_bytes - i >= 8) {
        uint64_t x;
        memcpy(&x, s + i, sizeof x);
        uint64_t marks = must_escape_8(x);
        memcpy(out, &x, sizeof x);
        size_t clean = marks == 0 ? 8 : bytes_before(marks);
        out += clean;
        i += clean;
        if (marks == 0)
            continue;
        if (must_escape((uint8_t)s[i]))
            out += escape_put(out, (uint8_t)s[i]);
        else
            *out++ = s[i];
        i++;
    }
    for (; i < len_bytes; i++) {
        if (must_escape((uint8_t)s[i]))
            out += escape_put(out, (uint8_t)s[i]);
        else
            *out++ = s[i];
    }
    return (size_t)(out - start);
}
