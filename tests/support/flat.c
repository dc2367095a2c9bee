#include "support/flat.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void flat_init(struct flat *f)
{
    *f = (struct flat){0};
}

void flat_done(struct flat *f)
{
    free(f->bytes);
    flat_init(f);
}

static void replace(struct flat *f, size_t at, size_t drop, const char *utf8, size_t len)
{
    WEFT_ASSERT(at + drop <= f->len);
    size_t want = f->len - drop + len;
    if (want > f->cap || f->bytes == NULL) {
        f->cap = want * 2 + 16;
        f->bytes = realloc(f->bytes, f->cap);
        WEFT_ASSERT(f->bytes != NULL);
    }
    memmove(f->bytes + at + len, f->bytes + at + drop, f->len - at - drop);
    if (len > 0)
        memcpy(f->bytes + at, utf8, len);
    f->len = want;
}

void flat_set(struct flat *f, const char *utf8, size_t len_bytes)
{
    replace(f, 0, f->len, utf8, len_bytes);
}

static bool is_first(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

size_t flat_offset(const struct flat *f, size_t pos_cp)
{
    size_t at = 0;
    for (; pos_cp > 0; pos_cp--) {
        WEFT_ASSERT(at < f->len);
        at++;
        while (at < f->len && !is_first(f->bytes[at]))
            at++;
    }
    return at;
}

void flat_insert(struct flat *f, size_t pos_cp, const char *utf8, size_t len_bytes)
{
    replace(f, flat_offset(f, pos_cp), 0, utf8, len_bytes);
}

void flat_delete(struct flat *f, size_t pos_cp, size_t len_cp)
{
    size_t from = flat_offset(f, pos_cp);
    replace(f, from, flat_offset(f, pos_cp + len_cp) - from, NULL, 0);
}

struct weft_size flat_measure(const struct flat *f, size_t from, size_t to)
{
    struct weft_size size = {.bytes = to - from};
    for (size_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)f->bytes[i];
        if (is_first(f->bytes[i])) {
            size.cp++;
            size.u16 += c >= 0xf0 ? 2 : 1;
        }
        if (c == '\n')
            size.lines++;
    }
    return size;
}

bool flat_size_equal(struct weft_size a, struct weft_size b)
{
    return a.bytes == b.bytes && a.cp == b.cp && a.u16 == b.u16 && a.lines == b.lines;
}
