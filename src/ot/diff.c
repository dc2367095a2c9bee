/* ot/diff.c - an operation from two texts.
 *
 * What both have at the start and at the end is kept, the middle is replaced. Where the shared start
 * and end overlap (aXa against a), the start is taken first.
 *
 * The middle is a delete followed by an insert. That is what composing gives for somebody who
 * deletes a range and then types: a diff and the edits it stands for are merged alike. */
#include <weft/op.h>

#include "base/assert.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "ot/storage.h"

static bool is_text(const char *s, size_t len_bytes)
{
    return utf8_valid(s, len_bytes, NULL) && !utf8_has_nul(s, len_bytes);
}

static size_t common_start(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    const size_t most = a_bytes < b_bytes ? a_bytes : b_bytes;
    size_t n = 0;
    while (n < most && a[n] == b[n])
        n++;
    /* Two code points may share their first bytes. The shorter text ends between code points, and
     * so does the other one there. */
    while (n > 0 && n < most && !utf8_is_start((uint8_t)a[n]))
        n--;
    return n;
}

static size_t common_end(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    const size_t most = a_bytes < b_bytes ? a_bytes : b_bytes;
    size_t n = 0;
    while (n < most && a[a_bytes - n - 1] == b[b_bytes - n - 1])
        n++;
    /* Two code points may share their last bytes. */
    while (n > 0 && !utf8_is_start((uint8_t)a[a_bytes - n]))
        n--;
    return n;
}

int weft_op_diff(const char *before, size_t before_bytes, const char *after, size_t after_bytes,
                 struct weft_op *ret)
{
    op_reset(ret);
    if (before_bytes > CP_MAX || after_bytes > CP_MAX)
        return WEFT_ELIMIT;
    if (!is_text(before, before_bytes) || !is_text(after, after_bytes))
        return WEFT_EUTF8;
    const size_t start = common_start(before, before_bytes, after, after_bytes);
    const size_t end =
        common_end(before + start, before_bytes - start, after + start, after_bytes - start);
    WEFT_ASSERT(start + end <= before_bytes);
    WEFT_ASSERT(start + end <= after_bytes);
    int err = weft_op_retain(ret, utf8_count(before, start));
    WEFT_ASSERT(err == 0);
    err = weft_op_delete(ret, utf8_count(before + start, before_bytes - start - end));
    WEFT_ASSERT(err == 0); /* two parts lie within the struct */
    err = weft_op_insert(ret, after + start, after_bytes - start - end);
    if (err != 0)
        op_reset(ret);
    ret->tail_retain_cp_ = 0; /* equal texts: nothing is left of the shared start */
    return err;
}
