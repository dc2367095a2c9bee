/* base/utf8.h - UTF-8 by RFC 3629: shortest form, no surrogates, nothing above U+10FFFF.
 *
 * Lengths are in bytes (`len_bytes`), code points (`_cp`) or UTF-16 units (`_u16`). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct utf8_size {
    size_t cps;   /* code points */
    size_t u16s;  /* UTF-16 units: one more for each code point above U+FFFF */
    size_t lines; /* line feeds */
};

/* True when the bytes are whole, valid UTF-8. NUL (U+0000) counts as valid here: who forbids it
 * asks utf8_has_nul(). On false, *ret_bad_bytes (may be NULL) is the offset of the first bad byte.
 * O(n), eight ASCII bytes at a time. */
bool utf8_valid(const char *s, size_t len_bytes, size_t *ret_bad_bytes);
bool utf8_has_nul(const char *s, size_t len_bytes);

/* True when all is ASCII and none of it NUL: then *ret_lines is its line feeds. */
bool utf8_plain(const char *s, size_t len_bytes, size_t *ret_lines);

/* The functions below take valid UTF-8. */
size_t utf8_count(const char *s, size_t len_bytes);
struct utf8_size utf8_measure(const char *s, size_t len_bytes);

/* Bytes that the first n_cp code points take; len_bytes when there are fewer. */
size_t utf8_offset(const char *s, size_t len_bytes, size_t n_cp);

/* Bytes up to and with the *n-th line feed, or all; what was passed is taken from *n. */
size_t utf8_skip_lines(const char *s, size_t len_bytes, size_t *n);
/* Bytes of the code points that *n_u16 units reach over, or all; what was passed is taken from
 * *n_u16. One is left in front of a code point of two. */
size_t utf8_skip_u16(const char *s, size_t len_bytes, size_t *n_u16);

/* Bytes of the code point that starts with `lead`: 1 to 4. */
static inline size_t utf8_len(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static inline bool utf8_is_start(uint8_t byte)
{
    return (byte & 0xc0) != 0x80;
}

/* Writes one scalar value; returns 1 to 4, the bytes written. */
size_t utf8_put(char out[4], uint32_t cp);

/* Reads the code point at s (valid, at least one byte); *ret_len_bytes is its length. */
uint32_t utf8_get(const char *s, size_t *ret_len_bytes);

#endif
