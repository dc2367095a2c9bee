/* ot/lists.c - two concurrent histories past each other.
 *
 * Idea
 *   Of n times m pairs nearly all are two edits at one place. So the operations are written down as
 *   slots of three numbers, the whole grid is worked through on these, and the operations are looked
 *   at again only at the end: whatever fails, they are as they were. Their texts are never touched.
 *
 *       b     one slot at a time is kept in registers and goes over all of
 *       a     the slots of the longer list
 *
 *   A delete into which the other side inserts is not at one place any more. It becomes two deletes
 *   that follow one another, two slots of one owner. For deletes that is exact: a set of code points
 *   is dropped, in whatever portions. An operation with both inserts and deletes, or with several
 *   inserts, would not stay the same when taken apart (docs/operations.md: order, law 4 with side
 *   RIGHT); it is kept whole beside the slots and walked.
 *
 * Invariants
 *   - The slots of one owner are neighbours and follow one another; more than one are all deletes.
 *   - No sum overflows: either all spans and inserts together are less than CP_MAX, or every
 *     operation is kept whole, and the walk checks.
 *
 * Cost: about 2 ns a pair of slots, both directions. A split moves the slots behind it. */
#include <weft/op.h>

#include "base/assert.h"
#include "base/limits.h"
#include "base/pure.h"
#include "ot/single.h"
#include "ot/transform.h"

#ifndef SLOTS_MAX /* a test sets a small one */
#define SLOTS_MAX 0x40000000u
#endif

enum { SLOTS_INLINE = 32 };

struct slot {
    struct single s; /* meaningful unless the owner is kept whole */
    uint32_t owner;  /* which operation; SLOT_WHOLE when it is kept whole */
    uint32_t start; /* of the side that is moved slot by slot: the first one it still has to pass */
};

#define SLOT_WHOLE 0x80000000u
_Static_assert(SLOTS_MAX < SLOT_WHOLE, "an owner's number leaves the mark free");

struct side {
    struct weft_op *ops; /* the caller's */
    struct weft_op *whole;
    struct slot *slots;
    size_t ops_len, len, cap;
    uint64_t inserted_cp; /* by all */
    uint32_t span_cp;     /* of the largest */
    bool any_whole;
    bool on_heap;
    const struct weft_alloc *alloc;
    enum weft_side goes;
};

static uint32_t owner_of(const struct slot *slot)
{
    return slot->owner & ~SLOT_WHOLE;
}

static bool is_whole(const struct slot *slot)
{
    return (slot->owner & SLOT_WHOLE) != 0;
}

/* --- making the slots --- */

static void side_done(struct side *side)
{
    if (side->on_heap)
        weft_release(side->alloc, side->slots, side->cap * sizeof *side->slots);
    for (size_t i = 0; side->whole != NULL && i < side->ops_len; i++)
        weft_op_done(&side->whole[i]);
    weft_release(side->alloc, side->whole, side->ops_len * sizeof *side->whole);
}

static int slots_reserve(struct side *side, size_t cap)
{
    if (cap > SLOTS_MAX)
        return WEFT_ELIMIT;
    const size_t unit = sizeof *side->slots;
    const size_t old_bytes = side->on_heap ? side->cap * unit : 0;
    struct slot *slots =
        weft_resize(side->alloc, side->on_heap ? side->slots : NULL, old_bytes, cap * unit);
    if (slots == NULL)
        return WEFT_ENOMEM;
    if (!side->on_heap)
        memcpy(slots, side->slots, side->len * unit);
    side->slots = slots;
    side->cap = cap;
    side->on_heap = true;
    return 0;
}

/* One more slot behind slot `at`, of the same owner. */
static int slot_insert(struct side *side, size_t at, struct single s, uint32_t start)
{
    if (side->len == side->cap) {
        int err = slots_reserve(side, side->cap * 2);
        if (err != 0)
            return err;
    }
    struct slot *slot = &side->slots[at + 1];
    memmove(slot + 1, slot, (side->len - at - 1) * sizeof *slot);
    *slot = (struct slot){.s = s, .owner = side->slots[at].owner, .start = start};
    side->len++;
    return 0;
}

/* Copies of the operations that are kept whole, without text; the others' are empty. */
static int keep_whole(struct side *side)
{
    if (!side->any_whole)
        return 0;
    side->whole = weft_resize(side->alloc, NULL, 0, side->ops_len * sizeof *side->whole);
    if (side->whole == NULL)
        return WEFT_ENOMEM;
    for (size_t i = 0; i < side->ops_len; i++)
        weft_op_init(&side->whole[i], side->alloc);
    for (size_t i = 0; i < side->ops_len; i++) {
        struct weft_op *copy = &side->whole[i];
        if (!is_whole(&side->slots[i]))
            continue;
        int err = op_reserve_parts(copy, side->ops[i].parts_len_);
        if (err != 0)
            return err;
        op_take_parts(copy, &side->ops[i]);
    }
    return 0;
}

/* `room` slots are on the caller's stack. */
static inline int side_init(struct side *side, struct slot *room)
{
    side->slots = room;
    side->cap = SLOTS_INLINE;
    if (side->cap < side->ops_len) {
        int err = slots_reserve(side, side->ops_len);
        if (err != 0)
            return err;
    }
    for (size_t i = 0; i < side->ops_len; i++) {
        const struct weft_op *op = &side->ops[i];
        const bool whole = !op_is_single(op);
        const uint32_t span_cp = op->retain_cp_ + op->delete_cp_;
        side->slots[i] =
            (struct slot){.s = single_of(op), .owner = (uint32_t)i | (whole ? SLOT_WHOLE : 0)};
        side->any_whole |= whole;
        side->inserted_cp += op->insert_cp_;
        side->span_cp = span_cp > side->span_cp ? span_cp : side->span_cp;
    }
    side->len = side->ops_len;
    return 0;
}

static void all_whole(struct side *side)
{
    for (size_t i = 0; i < side->len; i++)
        side->slots[i].owner |= SLOT_WHOLE;
    side->any_whole = true;
}

/* --- the grid --- */

/* Of two edits at one place each mostly one alone changes: the one behind. Along a row it is the same
 * one again and again, as people type on where they are; so here branches are better than masks.
 *
 * An insert over the slots from `k` on. Returns where it stopped: at one that is kept whole, at a
 * delete that it splits, or at `n`. */
static inline size_t insert_over(struct single *x, struct slot *slots, size_t k, size_t n,
                                 bool right)
{
    const uint32_t ins_cp = x->ins_cp;
    uint32_t pos_cp = x->pos_cp;
    for (; k < n; k++) {
        struct single *y = &slots[k].s;
        const uint32_t at_cp = y->pos_cp, del_cp = y->del_cp;
        if (is_whole(&slots[k]))
            break;
        if (pos_cp < at_cp + (right ? del_cp != 0 : 1)) {
            y->pos_cp = at_cp + ins_cp;
        } else if (del_cp <= pos_cp - at_cp) {
            pos_cp += y->ins_cp - del_cp;
        } else {
            break;
        }
    }
    x->pos_cp = pos_cp;
    return k;
}

/* The same for a delete; it stops at an insert by which it is split. */
static inline size_t delete_over(struct single *x, struct slot *slots, size_t k, size_t n)
{
    uint32_t from_cp = x->pos_cp;
    uint32_t to_cp = from_cp + x->del_cp;
    for (; k < n && from_cp != to_cp; k++) {
        struct single *y = &slots[k].s;
        const uint32_t at_cp = y->pos_cp, end_cp = at_cp + y->del_cp;
        if (is_whole(&slots[k]))
            break;
        if (at_cp >= to_cp) {
            y->pos_cp = at_cp - (to_cp - from_cp);
        } else if (end_cp <= from_cp) {
            from_cp += y->ins_cp - y->del_cp;
            to_cp += y->ins_cp - y->del_cp;
        } else if (y->ins_cp != 0) {
            break;
        } else { /* both delete what they share */
            const uint32_t gone = overlap(from_cp, to_cp - from_cp, at_cp);
            const uint32_t from_less = overlap(at_cp, y->del_cp, from_cp);
            const uint32_t to_less = overlap(at_cp, y->del_cp, to_cp);
            y->pos_cp = at_cp - gone;
            y->del_cp -= overlap(from_cp, to_cp - from_cp, end_cp) - gone;
            from_cp -= from_less;
            to_cp -= to_less;
        }
    }
    x->pos_cp = from_cp;
    x->del_cp = to_cp - from_cp;
    return from_cp == to_cp ? n : k; /* nothing left of it: nothing to pass */
}

/* Slot x as an operation: the one that is kept, or made in *scratch. */
static const struct weft_op *slot_op(const struct side *side, const struct slot *slot,
                                     struct weft_op *scratch)
{
    if (is_whole(slot))
        return &side->whole[owner_of(slot)];
    single_put(scratch, slot->s, 0);
    return scratch;
}

/* What became of slot `at` when it met an operation that is kept whole. A delete may have got
 * several pieces; each behind the first has `start` as its own. Returns how many slots it takes now
 * in *ret_n. */
static int slot_set(struct side *side, size_t at, struct weft_op *op, uint32_t start, size_t *ret_n)
{
    struct slot *slot = &side->slots[at];
    *ret_n = 1;
    if (is_whole(slot)) {
        struct weft_op *kept = &side->whole[owner_of(slot)];
        struct weft_op old = *kept;
        *kept = *op;
        *op = old;
        return 0;
    }
    slot->s = single_of(op);
    if (op_is_single(op))
        return 0;
    const struct weft_part *parts = op_parts(op);
    struct single piece = {0};
    size_t n = 0;
    int err = 0;
    for (size_t i = 0; err == 0 && i < op->parts_len_; i++) {
        WEFT_ASSERT(parts[i].kind != WEFT_INSERT);
        if (parts[i].kind == WEFT_RETAIN) {
            piece.pos_cp += parts[i].len_cp;
            continue;
        }
        piece.del_cp = parts[i].len_cp;
        if (n == 0)
            slot->s = piece;
        else
            err = slot_insert(side, at + n - 1, piece, start);
        n++;
    }
    *ret_n = n;
    return err;
}

/* Slot i of x and slot *k of y, at least one of them kept whole. */
static int pass_whole(struct side *x, size_t i, struct side *y, size_t *k)
{
    struct weft_op made[2], moved[2];
    weft_op_init(&made[0], x->alloc);
    weft_op_init(&made[1], y->alloc);
    weft_op_init(&moved[0], x->alloc);
    weft_op_init(&moved[1], y->alloc);
    const struct weft_op *a = slot_op(x, &x->slots[i], &made[0]);
    const struct weft_op *b = slot_op(y, &y->slots[*k], &made[1]);
    int err = op_transform_parts(a, b, x->goes, &moved[0]);
    if (err == 0)
        err = op_transform_parts(b, a, y->goes, &moved[1]);
    size_t n = 1;
    if (err == 0)
        err = slot_set(y, *k, &moved[1], 0, &n);
    *k += n;
    if (err == 0) /* a piece of x behind the first goes on where the first does */
        err = slot_set(x, i, &moved[0], (uint32_t)*k, &n);
    weft_op_done(&moved[0]);
    weft_op_done(&moved[1]);
    return err;
}

/* Slot i of x does not pass slot k of y as they are: one is cut where the other inserts. */
static int split(struct side *x, size_t i, struct side *y, size_t k)
{
    struct single *a = &x->slots[i].s;
    struct single *b = &y->slots[k].s;
    struct single *cut = a->del_cp != 0 ? a : b;
    const uint32_t front_cp = (cut == a ? b : a)->pos_cp - cut->pos_cp;
    const struct single rest = {.pos_cp = cut->pos_cp, .del_cp = cut->del_cp - front_cp};
    cut->del_cp = front_cp;
    return cut == a ? slot_insert(x, i, rest, (uint32_t)k) : slot_insert(y, k, rest, 0);
}

/* Slot i of x over all of y from its start on; pieces that are cut off it stand behind it then. */
static int pass(struct side *x, size_t i, struct side *y)
{
    size_t k = x->slots[i].start;
    while (k < y->len) {
        struct slot *slot = &x->slots[i];
        if (!is_whole(slot)) {
            if (slot->s.del_cp != 0)
                k = delete_over(&slot->s, y->slots, k, y->len);
            else if (slot->s.ins_cp == 0)
                return 0;
            else if (x->goes == WEFT_RIGHT)
                k = insert_over(&slot->s, y->slots, k, y->len, true);
            else
                k = insert_over(&slot->s, y->slots, k, y->len, false);
            if (k == y->len)
                return 0;
        }
        int err;
        if (is_whole(slot) || is_whole(&y->slots[k]))
            err = pass_whole(x, i, y, &k);
        else
            err = split(x, i, y, k);
        if (err != 0)
            return err;
    }
    return 0;
}

/* --- back to operations --- */

/* How many parts the deletes of one owner make. */
static size_t pieces_parts(const struct slot *slots, size_t n)
{
    size_t parts = 0;
    uint32_t at_cp = 0;
    for (size_t i = 0; i < n; i++) {
        if (slots[i].s.del_cp == 0)
            continue;
        const bool retains = slots[i].s.pos_cp != at_cp;
        parts += retains ? 2 : parts == 0;
        at_cp = slots[i].s.pos_cp;
    }
    return parts;
}

/* The deletes of one owner as one operation; there is room for the parts. */
static void join_pieces(const struct slot *slots, size_t n, struct weft_op *op)
{
    uint32_t at_cp = 0;
    op_reset(op);
    for (size_t i = 0; i < n; i++) {
        if (slots[i].s.del_cp == 0)
            continue;
        int err = weft_op_retain(op, slots[i].s.pos_cp - at_cp);
        WEFT_ASSERT(err == 0);
        err = weft_op_delete(op, slots[i].s.del_cp);
        WEFT_ASSERT(err == 0);
        at_cp = slots[i].s.pos_cp;
    }
    op->tail_retain_cp_ = 0;
}

/* Each operation is one edit at one place, now as before. */
static bool all_single(const struct side *side)
{
    return !side->any_whole && side->len == side->ops_len;
}

/* How many slots the owner of slot i has, slot i being the first. */
static size_t run_of(const struct side *side, size_t i)
{
    size_t n = 1;
    while (i + n < side->len && side->slots[i + n].owner == side->slots[i].owner)
        n++;
    return n;
}

/* Room for all that has become of the operations. */
static int side_reserve(struct side *side)
{
    int err = 0;
    if (all_single(side))
        return 0;
    for (size_t i = 0, n; err == 0 && i < side->len; i += n) {
        const struct slot *slot = &side->slots[i];
        n = run_of(side, i);
        if (n == 1 && !is_whole(slot))
            continue;
        size_t parts =
            is_whole(slot) ? side->whole[owner_of(slot)].parts_len_ : pieces_parts(slot, n);
        err = parts > OP_PARTS_MAX ? WEFT_ELIMIT
                                   : op_reserve_parts(&side->ops[owner_of(slot)], parts);
    }
    return err;
}

/* Of an edit that was pushed one number has changed. */
static inline void single_store(struct weft_op *op, struct single s)
{
    if (s.pos_cp == 0 || op->retain_cp_ == 0 || s.del_cp != op->delete_cp_) {
        single_put(op, s, op->text_len_);
        return;
    }
    op_parts_mut(op)->len_cp = s.pos_cp;
    op->retain_cp_ = s.pos_cp;
    op->tail_retain_cp_ = 0;
}

static void side_store(struct side *side)
{
    if (all_single(side)) {
        for (size_t i = 0; i < side->len; i++)
            single_store(&side->ops[i], side->slots[i].s);
        return;
    }
    for (size_t i = 0, n; i < side->len; i += n) {
        const struct slot *slot = &side->slots[i];
        struct weft_op *op = &side->ops[owner_of(slot)];
        n = run_of(side, i);
        if (is_whole(slot))
            op_take_parts(op, &side->whole[owner_of(slot)]);
        else if (n == 1)
            single_store(op, slot->s);
        else
            join_pieces(slot, n, op);
    }
}

/* *x past operations of the other side, all as far from it as edits of two people are: one of each
 * pair stands wholly in front of the other and only pushes it. False when it is not so, or a sum
 * passes its bound. Nothing is changed before `store`, when the answer is known. */
static inline bool apart(struct single *x, struct weft_op *ops, size_t n, enum weft_side goes,
                         bool store)
{
    uint32_t from_cp = x->pos_cp;
    const uint32_t ins_cp = x->ins_cp, del_cp = x->del_cp;
    for (size_t i = 0; i < n; i++) {
        const struct single y = single_of(&ops[i]);
        const uint32_t tie = goes == WEFT_LEFT || y.del_cp != 0;
        struct single next = {y.pos_cp + ins_cp - del_cp, y.ins_cp, y.del_cp};
        if (from_cp < y.pos_cp + tie && from_cp + del_cp <= y.pos_cp) {
            if (store)
                single_store(&ops[i], next);
        } else if (y.pos_cp + y.del_cp <= from_cp) {
            from_cp += y.ins_cp - y.del_cp;
            next = (struct single){from_cp, ins_cp, del_cp};
        } else {
            return false;
        }
        if (!op_is_single(&ops[i]) || !single_fits(next))
            return false;
    }
    x->pos_cp = from_cp;
    return true;
}

/* What a client does for each operation that arrives: one edit past a few. */
static bool one_past_few(struct weft_op *one, struct weft_op *few, size_t n, enum weft_side goes)
{
    if (!op_is_single(one))
        return false;
    struct single x = single_of(one);
    if (!apart(&x, few, n, goes, false))
        return false;
    x = single_of(one);
    (void)apart(&x, few, n, goes, true);
    single_store(one, x);
    return true;
}

int weft_op_transform_lists(struct weft_op *a, size_t a_len, struct weft_op *b, size_t b_len)
{
    if (a_len == 0 || b_len == 0)
        return 0;
    if ((a_len == 1 && one_past_few(a, b, b_len, WEFT_LEFT)) ||
        (b_len == 1 && one_past_few(b, a, a_len, WEFT_RIGHT)))
        return 0;
    struct slot room[2][SLOTS_INLINE];
    struct side x = {.ops = a, .ops_len = a_len, .alloc = a->alloc_, .goes = WEFT_LEFT};
    struct side y = {.ops = b, .ops_len = b_len, .alloc = b->alloc_, .goes = WEFT_RIGHT};
    int err = side_init(&x, room[0]);
    if (err == 0)
        err = side_init(&y, room[1]);
    if (x.inserted_cp + y.inserted_cp + (x.span_cp > y.span_cp ? x.span_cp : y.span_cp) > CP_MAX) {
        all_whole(&x); /* a sum may pass what a slot holds */
        all_whole(&y);
    }
    if (err == 0)
        err = keep_whole(&x);
    if (err == 0)
        err = keep_whole(&y);
    struct side *outer = a_len < b_len ? &x : &y; /* long inner loops */
    struct side *inner = outer == &x ? &y : &x;
    for (size_t i = 0; err == 0 && i < outer->len; i++)
        err = pass(outer, i, inner);
    if (err == 0)
        err = side_reserve(&x);
    if (err == 0)
        err = side_reserve(&y);
    if (err == 0) {
        side_store(&x);
        side_store(&y);
    }
    side_done(&x);
    side_done(&y);
    return err;
}
