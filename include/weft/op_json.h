/* weft/op_json.h - operations as JSON, the form in which they travel and are shown to people.
 *
 * An array: a positive integer retains, a string inserts, a negative integer deletes:
 *
 *     [5,"hi",-2]     keep 5 code points, insert hi, delete 2, keep the rest
 *     []              the identity
 *
 * The server speaks the same form (docs/protocol.md): what the one writes the other reads. */
#ifndef WEFT_OP_JSON_H
#define WEFT_OP_JSON_H

#include <weft/op.h>

WEFT_API_BEGIN

/* Writes the shortest JSON for `op` to `out`, which has room for cap_bytes: no white space, text as
 * plain UTF-8, escapes only for quote, backslash and what lies below U+0020. Returns the length of
 * the whole; no NUL is added. What is longer than cap_bytes was not written, and the content of
 * `out` is then undefined; `out` may be NULL when cap_bytes is 0. So either give a buffer and look
 * whether it was enough, or ask for the length first. Allocates nothing and cannot fail.
 *
 *     size_t len = weft_op_to_json(&op, NULL, 0);
 *     char *json = malloc(len + 1);
 *     weft_op_to_json(&op, json, len);
 *     json[len] = 0;
 *
 * O(|op|) plus the text. */
size_t weft_op_to_json(const struct weft_op *op, char *out, size_t cap_bytes);

/* The operation that `len_bytes` bytes of JSON say; all of them are read. `ret` is an initialised
 * operation; what it held before is dropped. White space and escapes as RFC 8259 has them.
 *
 * The components need not be in normal form: neighbours of one kind melt into one, and a retain at
 * the end is no component (weft_op_reach() tells how far it went). Everything else is refused:
 *
 *     WEFT_EJSON   no JSON: bad syntax, a bare control character, a byte order mark, bytes behind
 *                  the array, an end too early
 *     WEFT_EINVAL  JSON, but not an operation: not an array; a component that is zero, a fraction,
 *                  has an exponent, is an empty string, or is neither integer nor string
 *     WEFT_EUTF8   text that is not valid UTF-8, a lone surrogate, a NUL, written as an escape or
 *                  as a byte
 *     WEFT_ELIMIT  a count above WEFT_CP_MAX, components that together pass the bounds of
 *                  weft_op_retain(), or more than WEFT_OP_PARTS_MAX components as written
 *     WEFT_ENOMEM
 *
 * After an error `ret` is the identity, and *ret_bad_bytes, unless NULL, is the offset of what could
 * not be taken: the byte, or the first byte of the component or escape, len_bytes for an end that
 * comes too early. On success it is left alone. O(len_bytes), no recursion. */
WEFT_CHECKED int weft_op_from_json(const char *json, size_t len_bytes, struct weft_op *ret,
                                   size_t *ret_bad_bytes);

WEFT_API_END

#endif
