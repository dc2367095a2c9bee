#include "wire/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "wire/words.h"

_Static_assert(USER_NAME_BYTES_MAX == 64, "NAME_EXPECTED says so");

int field_fail(const struct reader *r, int err, const char *field, const char *found,
               const char *expected)
{
    return words_fail(r->error, err, r->seq, field, found, expected);
}

int field_fail_value(const struct reader *r, int err, const char *field, const json_t *found,
                     const char *expected)
{
    char shown[FOUND_BYTES];
    words_of(found, shown);
    return field_fail(r, err, field, shown, expected);
}

static int fail_uint(const struct reader *r, const char *name, const json_t *found, uint64_t min,
                     uint64_t max)
{
    char expected[80];
    snprintf(expected, sizeof expected, "an integer from %" PRIu64 " to %" PRIu64, min, max);
    return field_fail_value(r, WEFT_EINVAL, name, found, expected);
}

int field_uint(const struct reader *r, const char *name, uint64_t min, uint64_t max, bool *ret_has,
               uint64_t *ret)
{
    const json_t *value = json_object_get(r->root, name);
    if (value == NULL) {
        *ret_has = false;
        return 0;
    }
    json_int_t v = json_integer_value(value); /* 0 for what is none */
    if (!json_is_integer(value) || v < 0 || (uint64_t)v < min || (uint64_t)v > max)
        return fail_uint(r, name, value, min, max);
    *ret_has = true;
    *ret = (uint64_t)v;
    return 0;
}

int field_need_uint(const struct reader *r, const char *name, uint64_t min, uint64_t max,
                    uint64_t *ret)
{
    bool has;
    int err = field_uint(r, name, min, max, &has, ret);
    if (err != 0)
        return err;
    return has ? 0 : fail_uint(r, name, NULL, min, max);
}

int field_string_of(const struct reader *r, const char *name, const json_t *value,
                    const char *expected, struct room_str *ret)
{
    if (!json_is_string(value))
        return field_fail_value(r, WEFT_EINVAL, name, value, expected);
    struct room_str s = {json_string_value(value), json_string_length(value)};
    const char *nul = s.len != 0 ? memchr(s.at, 0, s.len) : NULL;
    if (nul != NULL) {
        char found[FOUND_BYTES];
        snprintf(found, sizeof found, "a NUL (U+0000) at character %zu",
                 utf8_count(s.at, (size_t)(nul - s.at)));
        return field_fail(r, WEFT_EUTF8, name, found, "text without it");
    }
    *ret = s;
    return 0;
}

bool field_has_control(const char *utf8, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t b = (uint8_t)utf8[i];
        /* U+0080-009F are c2 80 to c2 9f */
        if (b < 0x20 || b == 0x7f || (b == 0xc2 && i + 1 < len && (uint8_t)utf8[i + 1] < 0xa0))
            return true;
    }
    return false;
}

bool field_name_ok(const char *bytes, size_t len)
{
    return len <= USER_NAME_BYTES_MAX && utf8_valid(bytes, len, NULL) &&
           !field_has_control(bytes, len);
}

bool field_color_ok(const char *bytes, size_t len)
{
    if (len != COLOR_BYTES || bytes[0] != '#')
        return false;
    for (size_t i = 1; i < len; i++) {
        char c = bytes[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}
