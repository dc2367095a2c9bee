/* ot/compose.c - following operations as one.
 *
 * a's output is b's input: what a retains or inserts, b retains or deletes. a's deletes have no
 * place in b's input; they are written as soon as they are met, before anything that b inserts
 * there. So b's text stands behind the run that a deleted, always, and that is what makes merging
 * over a composition the same as merging over its parts (docs/operations.md, law 4). */
#include "ot/compose.h"

#include "ot/emit.h"
#include "ot/single.h"
#include "ot/walk.h"

/* Two edits at one place each that are one at one place again, and what becomes of a's text: `drop`
 * bytes from `at` on go, b's come there. */
struct melt {
    struct single s;
    uint32_t at, drop;
};

/* Bytes of the first n_cp code points of the text, which is that of one insert. */
static inline uint32_t bytes_of(const struct weft_op *op, uint32_t n_cp)
{
    if (n_cp == op->insert_cp_)
        return op->text_len_;
    if (op->text_len_ == op->insert_cp_) /* ASCII */
        return n_cp;
    return (uint32_t)utf8_offset(op_text(op), op->text_len_, n_cp);
}

/* Typing on, also within what was just typed; deleting some of that; deleting on. */
static inline bool melts(const struct weft_op *a, const struct weft_op *b, struct melt *ret)
{
    if (!op_is_single(a) || !op_is_single(b))
        return false;
    const struct single x = single_of(a), y = single_of(b);
    const uint32_t y_end_cp = y.pos_cp + y.del_cp;
    *ret = (struct melt){.s = x};
    if (x.ins_cp != 0) {
        if (y.pos_cp < x.pos_cp || y_end_cp > x.pos_cp + x.ins_cp)
            return false;
        ret->s.ins_cp += y.ins_cp - y.del_cp;
        ret->at = bytes_of(a, y.pos_cp - x.pos_cp);
        if (y.del_cp != 0)
            ret->drop = bytes_of(a, y_end_cp - x.pos_cp) - ret->at;
    } else {
        if (y.ins_cp != 0 || y.pos_cp > x.pos_cp || y_end_cp < x.pos_cp)
            return false;
        ret->s.pos_cp = y.pos_cp;
        ret->s.del_cp += y.del_cp;
    }
    return single_fits(ret->s) && (uint64_t)a->text_len_ + b->text_len_ <= CP_MAX;
}

/* op, which has a's text and room for b's behind it, becomes both. */
static inline void melt(struct weft_op *op, const struct weft_op *b, const struct melt *m,
                        uint32_t text_len)
{
    char *at = op_text_mut(op) + m->at;
    const uint32_t behind = text_len - m->at - m->drop;
    if (behind != 0)
        memmove(at + b->text_len_, at + m->drop, behind);
    op_copy_bytes(at, op_text(b), b->text_len_);
    single_put(op, m->s, text_len - m->drop + b->text_len_);
}

int op_compose_onto(struct weft_op *a, const struct weft_op *b)
{
    WEFT_ASSERT(a != b);
    struct melt m;
    if (!melts(a, b, &m))
        return 0;
    int err = op_reserve_text(a, op_grown(a->text_cap_, (size_t)a->text_len_ + b->text_len_));
    if (err != 0)
        return err;
    melt(a, b, &m, a->text_len_);
    return 1;
}

static inline bool compose_single(const struct weft_op *a, const struct weft_op *b,
                                  struct weft_op *ret)
{
    struct melt m;
    if (!melts(a, b, &m) || a->text_len_ + b->text_len_ > ret->text_cap_)
        return false;
    op_copy_text(ret, a);
    melt(ret, b, &m, a->text_len_);
    return true;
}

static __attribute__((noinline)) int compose_walk(const struct weft_op *a, const struct weft_op *b,
                                                  struct weft_op *ret)
{
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

int weft_op_compose(const struct weft_op *a, const struct weft_op *b, struct weft_op *ret)
{
    WEFT_ASSERT(ret != a);
    WEFT_ASSERT(ret != b);
    return compose_single(a, b, ret) ? 0 : compose_walk(a, b, ret);
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
