/* base/escape.h - what JSON demands of the inside of a string (RFC 8259 section 7).
 *
 * Text is written as it is; only a quote, a backslash and what lies below U+0020 is escaped. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes from s on need no escape; eight at a time. Any bytes may be given. */
size_t escape_clean_run(const char *s, size_t len_bytes);

enum { ESCAPE_BYTES_MAX = 6 };

/* Copies with what needs it escaped; returns how many bytes that are. `out` has room for
 * ESCAPE_BYTES_MAX * len_bytes + 8. */
size_t escape_copy(char *out, const char *s, size_t len_bytes);

/* Writes the escape of a byte at which a clean run ended; returns its length, 2 or 6. */
size_t escape_put(char out[ESCAPE_BYTES_MAX], uint8_t byte);

#endif
