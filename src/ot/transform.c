/* ot/transform.c - rewriting an operation to run after another one.
 *
 * Both walk the document they were written against. Of what `a` does only three things change:
 * what b deleted needs no retaining and no deleting any more, what b inserted is stepped over, and
 * at a gap where both insert `side` says who stands in front. a's inserts all survive, whole and in
 * order: their text never changes, only the parts are woven.
 *
 * Each step uses up at least one part and writes at most one: |a| + |b| is the most that comes out.
 * Two edits at one place each do not walk at all (single.h). */
#include "ot/transform.h"

#include "ot/emit.h"
#include "ot/single.h"
#include "ot/walk.h"

int op_transform_parts(const struct weft_op *a, const struct weft_op *b, enum weft_side side,
                       struct weft_op *ret)
{
    struct weft_part scratch[EMIT_SCRATCH];
    struct emit e;
    int err = emit_begin(&e, ret, scratch, (size_t)a->parts_len_ + b->parts_len_, 0);
    if (err != 0)
        return err;
    struct walk x = walk_of(a);
    struct walk y = walk_of(b);
    while (!x.at_end) { /* behind a's last part the rest is kept, whatever b did there */
        if (x.kind == WEFT_INSERT && (side == WEFT_LEFT || y.kind != WEFT_INSERT)) {
            emit_part(&e, WEFT_INSERT, x.len_cp, x.len_bytes);
            walk_load(&x);
        } else if (y.kind == WEFT_INSERT) {
            emit_retain(&e, y.len_cp);
            walk_load(&y);
        } else {
            uint32_t n_cp = x.len_cp < y.len_cp ? x.len_cp : y.len_cp;
            if (y.kind == WEFT_RETAIN) {
                if (x.kind == WEFT_RETAIN)
                    emit_retain(&e, n_cp);
                else
                    emit_part(&e, WEFT_DELETE, n_cp, 0);
            }
            walk_take(&x, n_cp, 0);
            walk_take(&y, n_cp, 0);
        }
    }
    return emit_end(&e, ret);
}

static __attribute__((noinline)) int transform_walk(const struct weft_op *a,
                                                    const struct weft_op *b, enum weft_side side,
                                                    struct weft_op *ret)
{
    op_reset(ret);
    int err = op_reserve_text(ret, a->text_len_);
    if (err == 0)
        err = op_transform_parts(a, b, side, ret);
    if (err == 0)
        op_copy_text(ret, a);
    return err;
}

int weft_op_transform(const struct weft_op *a, const struct weft_op *b, enum weft_side side,
                      struct weft_op *ret)
{
    WEFT_ASSERT(ret != a);
    WEFT_ASSERT(ret != b);
    struct single s;
    if (!op_is_single(a) || !op_is_single(b) || a->text_len_ > ret->text_cap_ ||
        !single_over(single_of(a), single_of(b), side, &s) || !single_fits(s))
        return transform_walk(a, b, side, ret);
    single_put(ret, s, a->text_len_);
    op_copy_text(ret, a);
    return 0;
}

void op_take_parts(struct weft_op *op, const struct weft_op *from)
{
    WEFT_ASSERT(from->parts_len_ <= op->parts_cap_);
    op_copy_parts(op, from);
    op->tail_retain_cp_ = 0;
    op->retain_cp_ = from->retain_cp_;
    op->insert_cp_ = from->insert_cp_;
    op->delete_cp_ = from->delete_cp_;
}

static __attribute__((noinline)) int pair_walk(struct weft_op *a, struct weft_op *b)
{
    struct weft_op x, y;
    weft_op_init(&x, a->alloc_);
    weft_op_init(&y, b->alloc_);
    int err = op_transform_parts(a, b, WEFT_LEFT, &x);
    if (err == 0)
        err = op_transform_parts(b, a, WEFT_RIGHT, &y);
    if (err == 0)
        err = op_reserve_parts(a, x.parts_len_);
    if (err == 0)
        err = op_reserve_parts(b, y.parts_len_);
    if (err == 0) {
        op_take_parts(a, &x);
        op_take_parts(b, &y);
    }
    weft_op_done(&x);
    weft_op_done(&y);
    return err;
}

int weft_op_transform_pair(struct weft_op *a, struct weft_op *b)
{
    WEFT_ASSERT(a != b);
    struct single x, y;
    if (!op_is_single(a) || !op_is_single(b) ||
        !single_over(single_of(a), single_of(b), WEFT_LEFT, &x) ||
        !single_over(single_of(b), single_of(a), WEFT_RIGHT, &y) || !single_fits(x) ||
        !single_fits(y))
        return pair_walk(a, b);
    single_put(a, x, a->text_len_);
    single_put(b, y, b->text_len_);
    return 0;
}
