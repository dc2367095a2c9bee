/* wire/quick.h - the messages of which nearly all are, without a tree.
 *
 * Insert, delete, edit and cursor in the form that programs write them: one object, each key once and
 * none but those that the type has, whole numbers as digits, text without escapes; spaces where JSON
 * allows white space. Such a message is read in one pass, with no memory but the operation's, and means
 * to the bit what decode_whole() makes of it. Everything else, broken bytes among it, is not decided
 * here: it gets its answer, or its error, from there. tests/property/wire_quick_test.c and the fuzzer hold
 * the two together. */
#ifndef WIRE_QUICK_H
#define WIRE_QUICK_H

#include "wire/wire.h"

/* True: decoded, as by wire_decode(). False: not one of these, and *ret is as it was, that is
 * initialised and empty. */
bool quick_decode(const char *json, size_t len, struct wire_message *ret);

/* wire_decode() without it. */
WEFT_CHECKED int decode_whole(const struct weft_alloc *alloc, const char *json, size_t len,
                              struct wire_message *ret, struct room_error *ret_error);

#endif
