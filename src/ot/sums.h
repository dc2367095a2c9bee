/* ot/sums.h - what an encoded operation does, in numbers, read off its bytes without any memory. For
 * full walks over a structure, which are to hold where memory has just run out. */
#ifndef OT_SUMS_H
#define OT_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include <weft/error.h>

struct op_sums {
    size_t span_cp; /* weft_op_span() */
    size_t insert_cp;
    size_t insert_bytes;
    size_t delete_cp;
};

/* Of bytes that weft_op_decode() takes. For what it refuses one of its errors. */
WEFT_CHECKED int op_sums(const uint8_t *bytes, size_t len, struct op_sums *ret);

#endif
