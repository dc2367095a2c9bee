/* ot/compose.c - following operations as one.
 *
 * a's output is b's input: what a retains or inserts, b retains or deletes. a's deletes have no
 * place in b's input; they are written as soon as they are met, before anything that b inserts
 * there. So b's text stands behind the run that a deleted, always, and that is what makes merging
 * over a composition the same as merging over its parts (docs/operations.md, law 4). */
#include <weft/op.h>

#include "ot/emit.h"
#include "ot/walk.h"

int weft_op_compose(const struct weft_op *a, const struct weft_op *b, struct weft_op *ret)
{
    WEFT_ASSERT(ret != a);
    WEFT_ASSERT(ret != b);
    struct weft_part scratch[EMIT_SCRATCH];
    struct emit e;
    /* Each step uses up at least one part and writes at most one. */
    int err = emit_begin(&e, ret, scratch, (size_t)a->parts_len_ + b->parts_len_,
                         (size_t)a->text_len_ + b->text_len_);
    if (err != 0)
        return err;
    struct walk x = walk_of(a);
    struct walk y = walk_of(b);
    while (!x.at_end || !y.at_end) {
        if (x.kind == WEFT_DELETE) {
            emit_part(&e, WEFT_DELETE, x.len_cp, 0);
            walk_skip(&x);
        } else if (y.kind == WEFT_INSERT) {
            emit_part(&e, WEFT_INSERT, y.len_cp, y.len_bytes);
            emit_text(&e, y.text, y.len_bytes);
            walk_skip(&y);
        } else {
            uint32_t n_cp = x.len_cp < y.len_cp ? x.len_cp : y.len_cp;
            uint32_t n_bytes = x.kind == WEFT_INSERT ? walk_bytes(&x, n_cp) : 0;
            if (x.kind == WEFT_INSERT && y.kind == WEFT_RETAIN) {
                emit_part(&e, WEFT_INSERT, n_cp, n_bytes);
                emit_text(&e, x.text, n_bytes);
            } else if (x.kind == WEFT_RETAIN && y.kind == WEFT_DELETE) {
                emit_part(&e, WEFT_DELETE, n_cp, 0);
            } else if (x.kind == WEFT_RETAIN) {
                emit_retain(&e, n_cp);
            } /* else: inserted by a, deleted by b */
            walk_take(&x, n_cp, n_bytes);
            walk_take(&y, n_cp, 0);
        }
    }
    return emit_end(&e, ret);
}

/* Two or more, halved until pairs are left: every part is copied once per level, log n levels deep,
 * with two operations alive at each. A left fold would copy the growing result n times. */
static int compose_range(const struct weft_op *const *ops, size_t n, struct weft_op *ret)
{
    WEFT_ASSERT(n >= 2);
    const size_t half = n / 2;
    struct weft_op left;
    struct weft_op right;
    weft_op_init(&left, ret->alloc_);
    weft_op_init(&right, ret->alloc_);
    int err = half > 1 ? compose_range(ops, half, &left) : 0;
    if (err == 0 && n - half > 1)
        err = compose_range(ops + half, n - half, &right);
    if (err == 0)
        err = weft_op_compose(half > 1 ? &left : ops[0], n - half > 1 ? &right : ops[n - 1], ret);
    weft_op_done(&left);
    weft_op_done(&right);
    return err;
}

int weft_op_compose_all(const struct weft_op *const *ops, size_t n, struct weft_op *ret)
{
    weft_op_clear(ret);
    if (n == 0)
        return 0;
    return n == 1 ? weft_op_copy(ret, ops[0]) : compose_range(ops, n, ret);
}
