/* ot/transform.c - rewriting an operation to run after another one.
 *
 * Both walk the document they were written against. Of what `a` does only three things change:
 * what b deleted needs no retaining and no deleting any more, what b inserted is stepped over, and
 * at a gap where both insert `side` says who stands in front. a's inserts all survive, in order, so
 * their text is copied in one go and only the parts are woven.
 *
 * Each step uses up at least one part and writes at most one: |a| + |b| is the most that comes out. */
#include <weft/op.h>

#include "ot/emit.h"
#include "ot/walk.h"

static void copy_text(struct emit *e, const struct weft_op *a)
{
    /* Every operation has room for at least the inline bytes: a copy of constant size is two moves
     * instead of a call. */
    if (a->text_len_ <= WEFT_OP_INLINE_BYTES)
        memcpy(e->text, op_text(a), WEFT_OP_INLINE_BYTES);
    else
        memcpy(e->text, op_text(a), a->text_len_);
    e->text += a->text_len_;
}

int weft_op_transform(const struct weft_op *a, const struct weft_op *b, enum weft_side side,
                      struct weft_op *ret)
{
    WEFT_ASSERT(ret != a);
    WEFT_ASSERT(ret != b);
    struct weft_part scratch[EMIT_SCRATCH];
    struct emit e;
    int err = emit_begin(&e, ret, scratch, (size_t)a->parts_len_ + b->parts_len_, a->text_len_);
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
    copy_text(&e, a);
    return emit_end(&e, ret);
}
