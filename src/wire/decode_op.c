#include "wire/decode_op.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/limits.h"
#include "wire/load.h"
#include "wire/wire.h"
#include "wire/words.h"

#define PART_EXPECTED                                                                              \
    "a positive integer (keep), a negative integer (delete) or text that is not empty (insert)"

int op_fail(const struct reader *r, int err, const char *field)
{
    /* Text was checked before, so only sizes are left. */
    WEFT_ASSERT(err == WEFT_ENOMEM || err == WEFT_ELIMIT);
    if (err == WEFT_ENOMEM)
        return field_fail(r, err, "server", "no memory left",
                          "to have some: nothing was done, try again");
    return field_fail(r, WEFT_EINVAL, field, "counts that together pass 2147483647",
                      "at most that, before and after");
}

static int add_part(const struct reader *r, const json_t *part, const char *field,
                    struct weft_op *ret)
{
    int err;
    if (json_is_string(part)) {
        struct room_str text;
        err = field_string_of(r, field, part, PART_EXPECTED, &text);
        if (err != 0)
            return err;
        if (text.len == 0)
            return field_fail_value(r, WEFT_EINVAL, field, part, PART_EXPECTED);
        err = weft_op_insert(ret, text.at, text.len);
        return err != 0 ? op_fail(r, err, field) : 0;
    }
    json_int_t v = json_integer_value(part); /* 0 for what is none */
    if (v == 0)
        return field_fail_value(r, WEFT_EINVAL, field, part, PART_EXPECTED);
    if (v > CP_MAX || v < -(json_int_t)CP_MAX)
        return field_fail_value(r, WEFT_EINVAL, field, part, "a count of at most 2147483647");
    err = v > 0 ? weft_op_retain(ret, (size_t)v) : weft_op_delete(ret, (size_t)-v);
    return err != 0 ? op_fail(r, err, field) : 0;
}

int op_of_json(const struct reader *r, const json_t *value, struct weft_op *ret)
{
    WEFT_ASSERT(weft_op_is_identity(ret));
    if (!json_is_array(value))
        return field_fail_value(r, WEFT_EINVAL, "op", value, "an array such as [5,\"hi\",-2]");
    size_t n = json_array_size(value);
    if (n > OP_PARTS_MAX)
        return field_fail_value(r, WEFT_ELIMIT, "op", value, "at most 1048576 parts");
    int err = 0;
    size_t i = 0;
    while (i < n && (err = add_part(r, json_array_get(value, i), "op", ret)) == 0)
        i++;
    if (err == 0)
        return 0;
    if (err != WEFT_ENOMEM) {
        /* Once more, with the part's number: naming each good part would cost more than taking it. */
        char field[32];
        snprintf(field, sizeof field, "op[%zu]", i);
        err = add_part(r, json_array_get(value, i), field, ret);
        WEFT_ASSERT(err != 0); /* a refused part leaves the operation as it was */
    }
    weft_op_clear(ret);
    return err;
}

_Static_assert(CP_MAX == 2147483647 && OP_PARTS_MAX == 1048576, "the words above say so");

int wire_decode_op(const char *json, size_t len, struct weft_op *ret, struct room_error *ret_error)
{
    struct wire_doc doc;
    weft_op_clear(ret);
    int err =
        wire_doc_load(weft_heap(), json, len, "an array such as [5,\"hi\",-2]", &doc, ret_error);
    if (err != 0)
        return err;
    struct reader r = {.root = doc.root, .error = ret_error};
    err = op_of_json(&r, doc.root, ret);
    wire_doc_done(&doc);
    return err;
}
