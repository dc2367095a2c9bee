#include "base/fmt.h"

#include "base/assert.h"
#include "base/pure.h"
#include "base/utf8.h"

struct fmt fmt_of(char *out, size_t cap)
{
    WEFT_ASSERT(cap >= 1);
    out[0] = 0;
    return (struct fmt){.out = out, .cap = cap};
}

void fmt_bytes(struct fmt *f, const char *s, size_t len)
{
    size_t room = f->cap - 1 - f->len;
    if (len > room) {
        len = room;
        while (len > 0 && !utf8_is_start((uint8_t)s[len]))
            len--;
    }
    memcpy(f->out + f->len, s, len);
    f->len += len;
    f->out[f->len] = 0;
}

void fmt_s(struct fmt *f, const char *s)
{
    fmt_bytes(f, s, strlen(s));
}

void fmt_u(struct fmt *f, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    fmt_bytes(f, digits + at, sizeof digits - at);
}
