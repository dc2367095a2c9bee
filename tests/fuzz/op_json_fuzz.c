/* Bytes that somebody claims to be an operation in JSON: the library and the server both refuse
 * them, or both read one operation, which survives being said and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <weft/op_json.h>

#include "base/assert.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_op op;
    struct weft_op other;
    struct room_error words;
    size_t bad = size;
    weft_op_init(&op, weft_heap());
    weft_op_init(&other, weft_heap());
    int err = weft_op_from_json((const char *)data, size, &op, &bad);
    WEFT_ASSERT(weft_op_check(&op));
    WEFT_ASSERT(bad <= size);
    int other_err = wire_decode_op((const char *)data, size, &other, &words);
    WEFT_ASSERT((err == 0) == (other_err == 0));
    WEFT_ASSERT(weft_op_equal(&op, &other));
    WEFT_ASSERT(weft_op_reach(&op) == weft_op_reach(&other));
    if (err != 0) {
        WEFT_ASSERT(err == WEFT_EJSON || err == WEFT_EINVAL || err == WEFT_EUTF8 ||
                    err == WEFT_ELIMIT);
        WEFT_ASSERT(weft_op_reach(&op) == 0);
    } else {
        size_t len = weft_op_to_json(&op, NULL, 0);
        char *json = malloc(len);
        WEFT_ASSERT(json != NULL);
        WEFT_ASSERT(weft_op_to_json(&op, json, len) == len);
        err = weft_op_from_json(json, len, &other, NULL);
        WEFT_ASSERT(err == 0 && weft_op_equal(&op, &other));
        WEFT_ASSERT(weft_op_span(&other) == weft_op_reach(&other)); /* no retain at the end */
        free(json);
    }
    weft_op_done(&op);
    weft_op_done(&other);
    return 0;
}
