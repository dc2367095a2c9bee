/* Two texts made from bytes: the diff of both must lead from one to the other, in normal form, with
 * the delete in front, and without more edits than replacing all; so must the diff back.
 *
 * The first byte chooses the letters; each other byte of the input is a code point of the first
 * text, of the second, or of both. What is behind the first 512 is not read: a search takes the square
 * of the edits. */
#include <stdint.h>
#include <stdlib.h>

#include <weft/op.h>

#include "base/assert.h"
#include "base/utf8.h"

enum { INPUT_BYTES_MAX = 512 };

static void must(int err)
{
    WEFT_ASSERT(err == 0);
}

struct bytes {
    char *at;
    size_t len;
};

static void check(const struct bytes *before, const struct bytes *after)
{
    struct weft_text *text;
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    must(weft_op_diff(before->at, before->len, after->at, after->len, &op));
    WEFT_ASSERT(weft_op_check(&op));
    size_t n;
    const struct weft_part *parts = weft_op_parts(&op, &n);
    for (size_t i = 1; i < n; i++)
        WEFT_ASSERT(parts[i - 1].kind != WEFT_INSERT || parts[i].kind != WEFT_DELETE);
    WEFT_ASSERT(weft_op_deleted_cp(&op) <= utf8_count(before->at, before->len));
    must(weft_text_from(weft_heap(), before->at, before->len, &text));
    must(weft_op_apply(&op, text));
    WEFT_ASSERT(weft_text_equal(text, after->at, after->len));
    weft_text_free(text);
    weft_op_done(&op);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t FIRST[4] = {'\n', 'a', 0x7e, 0x1f5ff};
    if (size == 0)
        return 0;
    if (size > INPUT_BYTES_MAX)
        size = INPUT_BYTES_MAX;
    const uint32_t first = FIRST[data[0] % 4];
    const uint32_t letters = 1 + data[0] / 4 % 32;
    struct bytes text[2] = {{malloc(4 * size), 0}, {malloc(4 * size), 0}};
    WEFT_ASSERT(text[0].at != NULL && text[1].at != NULL);
    for (size_t i = 1; i < size; i++) {
        const uint32_t cp = first + data[i] / 8 % letters;
        for (int side = 0; side < 2; side++)
            if (data[i] % 8 >= 2 || data[i] % 8 == side)
                text[side].len += utf8_put(text[side].at + text[side].len, cp);
    }
    check(&text[0], &text[1]);
    check(&text[1], &text[0]);
    free(text[0].at);
    free(text[1].at);
    return 0;
}
