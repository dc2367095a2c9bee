#include "wire/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "wire/json_write.h"

/* Controls, and what changes the direction or the width of the text around it (Unicode 15 general
 * categories Cc and Cf, as far as they are in use). */
static bool is_safe(uint32_t cp)
{
    return cp >= 0x20 && (cp < 0x7f || cp > 0x9f) && cp != 0xad && cp != 0x61c && cp != 0xfeff &&
           (cp < 0x200b || cp > 0x200f) && (cp < 0x2028 || cp > 0x202e) &&
           (cp < 0x2060 || cp > 0x206f) && (cp < 0xfff9 || cp > 0xfffb) && cp < 0xe0000;
}

void words_clean(const char *bytes, size_t len, char *out, size_t cap)
{
    static const char MORE[] = "...";
    WEFT_ASSERT(cap > sizeof MORE);
    size_t n = 0;
    size_t fit = 0; /* n at the last place where the dots still fit behind it */
    for (size_t i = 0; i < len;) {
        size_t took = utf8_len((uint8_t)bytes[i]);
        bool good = took <= len - i && utf8_valid(bytes + i, took, NULL);
        size_t one;
        if (good)
            good = is_safe(utf8_get(bytes + i, &one));
        else
            took = 1;
        size_t puts = good ? took : 1;
        if (n + puts > cap - 1) {
            memcpy(out + fit, MORE, sizeof MORE);
            return;
        }
        memcpy(out + n, good ? bytes + i : "?", puts);
        n += puts;
        i += took;
        if (n + sizeof MORE <= cap)
            fit = n;
    }
    out[n] = '\0';
}

void words_quote(const char *bytes, size_t len, char out[FOUND_BYTES])
{
    out[0] = '"';
    words_clean(bytes, len, out + 1, FOUND_BYTES - 2);
    size_t n = strlen(out);
    memcpy(out + n, "\"", 2);
}

void words_of(const json_t *value, char out[FOUND_BYTES])
{
    if (value == NULL) {
        snprintf(out, FOUND_BYTES, "nothing");
        return;
    }
    switch (json_typeof(value)) {
    case JSON_STRING:
        words_quote(json_string_value(value), json_string_length(value), out);
        break;
    case JSON_INTEGER:
        snprintf(out, FOUND_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        /* 17 digits, a sign, a point and an exponent: never cut. */
        snprintf(out, FOUND_BYTES, "%.17g", json_real_value(value));
        if (strpbrk(out, ".e") == NULL)
            memcpy(out + strlen(out), ".0", 3);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(out, FOUND_BYTES, json_is_true(value) ? "true" : "false");
        break;
    case JSON_NULL:
        snprintf(out, FOUND_BYTES, "null");
        break;
    case JSON_ARRAY:
        snprintf(out, FOUND_BYTES, "an array of %zu", json_array_size(value));
        break;
    case JSON_OBJECT:
        snprintf(out, FOUND_BYTES, "an object of %zu", json_object_size(value));
        break;
    }
}

int words_fail(struct room_error *ret, int err, uint64_t seq, const char *field, const char *found,
               const char *expected)
{
    WEFT_ASSERT(err < 0);
    *ret = (struct room_error){.err = err, .seq = seq};
    int n = snprintf(ret->words, sizeof ret->words, "%s: found %s; expected %s", field, found,
                     expected);
    WEFT_ASSERT(n > 0);
    /* The longest field, found and expected together fit; a later one that does not is cut between
     * two characters, not inside one. */
    size_t bad;
    if (!utf8_valid(ret->words, strlen(ret->words), &bad))
        ret->words[bad] = '\0';
    return err;
}
