/* wire/decode_meta.h - {"key":"value","gone":null} from a parsed tree. */
#ifndef WIRE_DECODE_META_H
#define WIRE_DECODE_META_H

#include "wire/field.h"

/* 0, or WEFT_EINVAL or WEFT_EUTF8 with the reader's error filled in; *ret is then half filled. */
WEFT_CHECKED int meta_of_json(const struct reader *r, json_t *entries, struct room_meta *ret);

#endif
