/* Bytes that somebody claims to be an operation: refused, or an operation in normal form that
 * encodes to the very same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <weft/op.h>

#include "base/assert.h"
#include "ot/sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_op op;
    struct weft_op again;
    weft_op_init(&op, weft_heap());
    weft_op_init(&again, weft_heap());
    int err = weft_op_decode(data, size, &op);
    WEFT_ASSERT(weft_op_check(&op));
    struct op_sums sums;
    WEFT_ASSERT((op_sums(data, size, &sums) == 0) == (err == 0));
    if (err != 0) {
        WEFT_ASSERT(err == WEFT_EINVAL || err == WEFT_EUTF8 || err == WEFT_ELIMIT);
        WEFT_ASSERT(weft_op_is_identity(&op));
    } else {
        WEFT_ASSERT(weft_op_encoded_size(&op) == size);
        size_t text_bytes;
        (void)weft_op_text(&op, &text_bytes);
        WEFT_ASSERT(sums.span_cp == weft_op_span(&op) && sums.insert_bytes == text_bytes);
        WEFT_ASSERT(sums.delete_cp == weft_op_deleted_cp(&op));
        WEFT_ASSERT((int64_t)sums.insert_cp - (int64_t)sums.delete_cp == weft_op_delta(&op));
        uint8_t *bytes = malloc(size + 1);
        WEFT_ASSERT(bytes != NULL);
        weft_op_encode(&op, bytes);
        WEFT_ASSERT(size == 0 || memcmp(bytes, data, size) == 0);
        err = weft_op_decode(bytes, size, &again);
        WEFT_ASSERT(err == 0 && weft_op_equal(&op, &again));
        free(bytes);
    }
    weft_op_done(&op);
    weft_op_done(&again);
    return 0;
}
