/* base/fmt.h - sentences without stdio, for a core that has none.
 *
 * Appends to a fixed buffer, always NUL-terminated; what does not fit is cut at a code point. */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stddef.h>
#include <stdint.h>

struct fmt {
    char *out;
    size_t cap;
    size_t len;
};

struct fmt fmt_of(char *out, size_t cap); /* cap >= 1; empties out */
void fmt_bytes(struct fmt *f, const char *s, size_t len);
void fmt_s(struct fmt *f, const char *s);
void fmt_u(struct fmt *f, uint64_t v);

#endif
