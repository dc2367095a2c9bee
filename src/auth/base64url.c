#include "auth/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_put(char *out, const uint8_t *bytes, size_t len)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        n_bits += 8;
        while (n_bits >= 6) {
            n_bits -= 6;
            *out++ = alphabet[bits >> n_bits & 63];
        }
    }
    if (n_bits > 0)
        *out++ = alphabet[bits << (6 - n_bits) & 63];
    *out = '\0';
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int base64url_get(const char *text, size_t len, uint8_t *out, size_t cap, size_t *ret_len)
{
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t n = 0;

    if (len % 4 == 1)
        return WEFT_EINVAL;
    for (size_t i = 0; i < len; i++) {
        int v = value_of(text[i]);

        if (v < 0)
            return WEFT_EINVAL;
        bits = bits << 6 | (uint32_t)v;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            if (n == cap)
                return WEFT_EINVAL;
            out[n++] = (uint8_t)(bits >> n_bits);
        }
    }
    if ((bits & ((1u << n_bits) - 1)) != 0)
        return WEFT_EINVAL;
    *ret_len = n;
    return 0;
}
