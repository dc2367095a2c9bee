/* wire/field.h - the fields of a message: exactly what they must be, or an error that says so.
 *
 * Every function returns 0 or a negative WEFT_E* with the reader's error filled in. A field that is
 * not there is no error: *ret_has (or a NULL) tells. Integers are JSON integers: 5.0 and 1e2 are
 * none. */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "room/message.h"
#include <weft/error.h>

struct reader {
    const json_t *root; /* an object */
    struct room_error *error;
    uint64_t seq; /* goes into every error; 0: none could be read */
};

/* Fills in the error and returns err. */
int field_fail(const struct reader *r, int err, const char *field, const char *found,
               const char *expected);
/* The same with `found` told from the value; NULL: nothing. */
int field_fail_value(const struct reader *r, int err, const char *field, const json_t *found,
                     const char *expected);

WEFT_CHECKED int field_uint(const struct reader *r, const char *name, uint64_t min, uint64_t max,
                            bool *ret_has, uint64_t *ret);
/* Missing is an error. */
WEFT_CHECKED int field_need_uint(const struct reader *r, const char *name, uint64_t min,
                                 uint64_t max, uint64_t *ret);
/* A value that must be a string without NUL; `expected` for the error. Borrowed from the tree. */
WEFT_CHECKED int field_string_of(const struct reader *r, const char *name, const json_t *value,
                                 const char *expected, struct room_str *ret);

/* Rules that a message and a URL's query share: at most USER_NAME_BYTES_MAX bytes without control
 * characters; # and six hex digits. `bytes` may be anything. */
bool field_name_ok(const char *bytes, size_t len);
bool field_color_ok(const char *bytes, size_t len);
bool field_has_control(const char *utf8, size_t len); /* U+0000-001F, U+007F-009F */

#define NAME_EXPECTED  "at most 64 bytes of UTF-8 without control characters"
#define COLOR_EXPECTED "# and six hex digits, as in #c2185b"

#endif
