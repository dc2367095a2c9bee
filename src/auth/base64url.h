/* auth/base64url.h - base64 with the URL alphabet and without padding (RFC 4648 section 5).
 *
 * One text per value and one value per text: reading refuses padding, characters outside the
 * alphabet and leftover bits that are not zero, so that a secret cannot be written in two ways. */
#ifndef AUTH_BASE64URL_H
#define AUTH_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

#include <weft/error.h>

/* Characters that n bytes take, without the terminating NUL. */
#define BASE64URL_CHARS(n) (((n)*4 + 2) / 3)

/* Writes BASE64URL_CHARS(len) characters and a NUL. */
void base64url_put(char *out, const uint8_t *bytes, size_t len);

/* At most `cap` bytes to `out`; *ret_len how many. WEFT_EINVAL, and `out` undefined, for anything
 * that base64url_put() would not have written, or that is longer than cap. */
WEFT_CHECKED int base64url_get(const char *text, size_t len, uint8_t *out, size_t cap,
                               size_t *ret_len);

#endif
