#include "base/escape.h"

#include <stdbool.h>

#include "base/pure.h"

static bool must_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

size_t escape_clean_run(const char *s, size_t len_bytes)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t highs = ones * 0x80;
    size_t i = 0;
    for (; len_bytes - i >= 8; i += 8) {
        uint64_t x;
        memcpy(&x, s + i, sizeof x);
        uint64_t quote = x ^ (ones * '"');
        uint64_t slash = x ^ (ones * '\\');
        /* Each term has a high bit set when some byte is below 0x20, a quote, a backslash. */
        uint64_t low = (x - ones * 0x20) & ~x;
        quote = (quote - ones) & ~quote;
        slash = (slash - ones) & ~slash;
        if (((low | quote | slash) & highs) != 0)
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
