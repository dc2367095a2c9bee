/* ot/single.h - an edit at one place as three numbers, and how two of them pass each other.
 *
 * What people type is nearly always one insert or one delete. Such an operation is wholly described
 * by its sums: how much is kept in front of it, how much is put in, how much is dropped. Two of them
 * are merged by arithmetic on these, without looking at a part; what comes out is, component by
 * component, what the walk of transform.c gives. Only a delete with the other's insert strictly
 * inside it becomes something else than an edit at one place. */
#ifndef OT_SINGLE_H
#define OT_SINGLE_H

#include "base/limits.h"
#include "ot/storage.h"

struct single {
    uint32_t pos_cp;
    uint32_t ins_cp; /* at most one of the two is not 0; */
    uint32_t del_cp; /* with neither it is the identity, wherever it stands */
};

/* One part, or a retain and one part, or nothing: normal form leaves no other operation with so few
 * parts and such sums. */
static inline bool op_is_single(const struct weft_op *op)
{
    return op->parts_len_ <= 1u + (op->retain_cp_ != 0);
}

static inline struct single single_of(const struct weft_op *op)
{
    return (struct single){op->retain_cp_, op->insert_cp_, op->delete_cp_};
}

/* Makes op this edit; an insert's text is there already or is put there by the caller. */
static inline void single_put(struct weft_op *op, struct single s, uint32_t text_len)
{
    if (s.ins_cp + s.del_cp == 0)
        s.pos_cp = 0;
    struct weft_part *part = op_parts_mut(op);
    op->parts_len_ = s.ins_cp + s.del_cp != 0;
    if (s.pos_cp != 0) {
        *part++ = (struct weft_part){.len_cp = s.pos_cp, .kind = WEFT_RETAIN};
        op->parts_len_ = 2;
    }
    *part = (struct weft_part){.len_cp = s.ins_cp + s.del_cp,
                               .len_bytes = text_len,
                               .kind = s.ins_cp != 0 ? WEFT_INSERT : WEFT_DELETE};
    op->text_len_ = text_len;
    op->tail_retain_cp_ = 0;
    op->retain_cp_ = s.pos_cp;
    op->insert_cp_ = s.ins_cp;
    op->delete_cp_ = s.del_cp;
}

/* `n` or 0. A mask and no branch: which of two edits is in front is nothing that a processor could
 * foresee, and a wrong guess costs more than all the rest. */
static inline uint32_t if_true(bool cond, uint32_t n)
{
    return n & (0u - (uint32_t)cond);
}

/* How much of the n_cp code points from `from` on lies in front of `at`. */
static inline uint32_t overlap(uint32_t from, uint32_t n_cp, uint32_t at)
{
    const uint32_t before = if_true(from < at, at - from);
    return before < n_cp ? before : n_cp;
}

/* *ret is x, rewritten to run after y. False when y splits it; *ret is of no use then. Nothing
 * overflows: see storage.h; whether the result is in its bounds is the caller's to check. */
_Static_assert(WEFT_LEFT == 0 && WEFT_RIGHT == 1, "a side is a number to add");
static inline bool single_over(struct single x, struct single y, enum weft_side side,
                               struct single *ret)
{
    /* At one gap an insert goes where `side` says, a delete behind what is inserted. */
    const uint32_t after = (uint32_t)(x.ins_cp == 0) | (uint32_t)side;
    const uint32_t pushed = if_true(y.pos_cp < x.pos_cp + after, y.ins_cp);
    const uint32_t gone = overlap(y.pos_cp, y.del_cp, x.pos_cp);
    ret->pos_cp = x.pos_cp + pushed - gone;
    ret->ins_cp = x.ins_cp;
    ret->del_cp = 0;
    if (x.del_cp == 0)
        return true;
    ret->del_cp = x.del_cp - (overlap(y.pos_cp, y.del_cp, x.pos_cp + x.del_cp) - gone);
    const uint32_t front_cp = overlap(x.pos_cp, x.del_cp, y.pos_cp); /* what of x lies before y */
    return y.ins_cp == 0 || front_cp == 0 || front_cp == x.del_cp;
}

/* Can a document have that many code points in front of and in it? */
static inline bool single_fits(struct single s)
{
    return (uint64_t)s.pos_cp + s.ins_cp + s.del_cp <= CP_MAX;
}

#endif
