/* wire/decode_op.h - [5,"hi",-2] from a parsed tree. */
#ifndef WIRE_DECODE_OP_H
#define WIRE_DECODE_OP_H

#include "wire/field.h"
#include <weft/op.h>

/* `ret` is initialised and empty; after an error it is the identity. */
WEFT_CHECKED int op_of_json(const struct reader *r, const json_t *value, struct weft_op *ret);

/* What weft_op_retain, _insert and _delete returned, as an error about `field`. */
int op_fail(const struct reader *r, int err, const char *field);

#endif
