#include "base/uuid.h"

#include "base/pure.h"

static bool dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const struct uuid *u, char out[UUID_TEXT_LEN + 1])
{
    static const char HEX[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof u->bytes; i++) {
        if (dash_before(i))
            *out++ = '-';
        *out++ = HEX[u->bytes[i] >> 4];
        *out++ = HEX[u->bytes[i] & 15];
    }
    *out = 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(const char *s, size_t len, struct uuid *ret)
{
    struct uuid u;
    if (len != UUID_TEXT_LEN)
        return false;
    for (size_t i = 0; i < sizeof u.bytes; i++) {
        if (dash_before(i) && *s++ != '-')
            return false;
        int hi = hex_value(s[0]);
        int lo = hex_value(s[1]);
        if (hi < 0 || lo < 0)
            return false;
        u.bytes[i] = (uint8_t)(hi << 4 | lo);
        s += 2;
    }
    *ret = u;
    return true;
}
