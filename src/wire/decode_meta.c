#include "wire/decode_meta.h"

#include <stdio.h>
#include <string.h>

#include "wire/words.h"

_Static_assert(META_KEYS_MAX == 16 && META_KEY_BYTES_MAX == 32 && META_VALUE_BYTES_MAX == 256,
               "the words below say so");

static int read_entry(const struct reader *r, const char *key, size_t key_len, const json_t *value,
                      struct room_meta_entry *ret)
{
    static const char EXPECTED[] = "a string of at most 256 bytes, or null";
    char field[FOUND_BYTES];
    char found[FOUND_BYTES];
    if (key_len == 0 || key_len > META_KEY_BYTES_MAX) {
        snprintf(found, sizeof found, "a key of %zu bytes", key_len);
        return field_fail(r, WEFT_EINVAL, "meta", found, "keys of 1 to 32 bytes");
    }
    memcpy(field, "meta.", 5);
    words_clean(key, key_len, field + 5, sizeof field - 5);
    ret->removed = json_is_null(value);
    ret->key_len = (uint8_t)key_len;
    memcpy(ret->key, key, key_len);
    ret->value_len = 0;
    if (ret->removed)
        return 0;
    struct room_str s;
    int err = field_string_of(r, field, value, EXPECTED, &s);
    if (err != 0)
        return err;
    if (s.len > META_VALUE_BYTES_MAX) {
        snprintf(found, sizeof found, "a string of %zu bytes", s.len);
        return field_fail(r, WEFT_EINVAL, field, found, EXPECTED);
    }
    ret->value_len = (uint16_t)s.len;
    memcpy(ret->value, s.at, s.len);
    return 0;
}

int meta_of_json(const struct reader *r, json_t *entries, struct room_meta *ret)
{
    size_t n = json_object_size(entries); /* 0 for what is none */
    if (n == 0 || n > META_KEYS_MAX)
        return field_fail_value(r, WEFT_EINVAL, "meta", entries, "an object with 1 to 16 entries");
    int err = 0;
    ret->n = 0;
    for (void *it = json_object_iter(entries); err == 0 && it != NULL;
         it = json_object_iter_next(entries, it))
        err = read_entry(r, json_object_iter_key(it), json_object_iter_key_len(it),
                         json_object_iter_value(it), &ret->entries[ret->n++]);
    return err;
}
