/* wire/words.h - sentences about bad input: which field, what was found, what was expected.
 *
 * What was found comes from outside: it is shortened, and what a terminal or a log would act on
 * (controls, characters that turn the writing direction) is shown as '?'. */
#ifndef WIRE_WORDS_H
#define WIRE_WORDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "room/message.h"

enum { FOUND_BYTES = 48 };

/* At most cap - 1 bytes of safe, valid UTF-8 and a NUL; longer input ends in "...". The input may
 * be any bytes. */
void words_clean(const char *bytes, size_t len, char *out, size_t cap);

/* The same in quotes. */
void words_quote(const char *bytes, size_t len, char out[FOUND_BYTES]);

/* "abc", 5, 5.0, true, null, an array of 3, an object of 2; NULL is nothing. */
void words_of(const json_t *value, char out[FOUND_BYTES]);

/* Fills *ret with `field: found ...; expected ...` and returns err. */
int words_fail(struct room_error *ret, int err, uint64_t seq, const char *field, const char *found,
               const char *expected);

#endif
