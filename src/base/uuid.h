/* base/uuid.h - a UUID as 16 bytes and as text (RFC 9562 section 4). Making one needs randomness,
 * which comes from outside (libuuid, in server). */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pure.h"

enum { UUID_TEXT_LEN = 36 };

struct uuid {
    uint8_t bytes[16];
};

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* All zero: nobody. */
static inline bool uuid_is_nil(const struct uuid *u)
{
    static const struct uuid NIL = {{0}};
    return uuid_equal(u, &NIL);
}

/* Lower case, with its four dashes and a terminating NUL. */
void uuid_format(const struct uuid *u, char out[UUID_TEXT_LEN + 1]);

/* Either case. False, and *ret unchanged, when it is not exactly one UUID. */
bool uuid_parse(const char *s, size_t len, struct uuid *ret);

#endif
