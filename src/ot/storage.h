/* ot/storage.h - how an operation lies in memory, for the files of this folder.
 *
 *     parts   retain 5 | insert 2 cp, 2 bytes | delete 3 | insert 1 cp, 4 bytes
 *     text    h i 😀                   (all inserts back to back, no separator)
 *
 * Both arrays start inside the struct and move to the heap when they outgrow it, each on its own.
 * No pointer into the struct is ever stored, so an operation may be moved by assignment.
 *
 *     no part has len_cp 0; no two neighbours have one kind; the last is no retain
 *     sum of len_bytes over inserts == text_len_;   text is valid UTF-8 without NUL
 *     retain_cp_ + delete_cp_ <= CP_MAX             (the document before)
 *     retain_cp_ + insert_cp_ <= CP_MAX             (the document after)
 *     text_len_ <= CP_MAX; parts_len_ <= OP_PARTS_MAX
 *     parts_cap_ >= WEFT_OP_INLINE_PARTS; text_cap_ >= WEFT_OP_INLINE_BYTES
 *
 * So every sum of two counts fits uint32_t, and a position never overflows while two operations are
 * walked side by side. */
#ifndef OT_STORAGE_H
#define OT_STORAGE_H

#include <weft/op.h>

#include "base/pure.h"

static inline const struct weft_part *op_parts(const struct weft_op *op)
{
    return op->parts_heap_ != NULL ? op->parts_heap_ : op->parts_inline_;
}

static inline struct weft_part *op_parts_mut(struct weft_op *op)
{
    return op->parts_heap_ != NULL ? op->parts_heap_ : op->parts_inline_;
}

static inline const char *op_text(const struct weft_op *op)
{
    return op->text_heap_ != NULL ? op->text_heap_ : op->text_inline_;
}

static inline char *op_text_mut(struct weft_op *op)
{
    return op->text_heap_ != NULL ? op->text_heap_ : op->text_inline_;
}

static inline void op_reset(struct weft_op *op)
{
    op->parts_len_ = 0;
    op->text_len_ = 0;
    op->tail_retain_cp_ = 0;
    op->retain_cp_ = 0;
    op->insert_cp_ = 0;
    op->delete_cp_ = 0;
}

/* Room for that many parts and bytes of text in all; what is there stays. On WEFT_ENOMEM, and on
 * WEFT_ELIMIT for more than two whole operations could need, the operation says the same as before. */
WEFT_CHECKED int op_grow_parts(struct weft_op *op, size_t parts);
WEFT_CHECKED int op_grow_text(struct weft_op *op, size_t text_bytes);

static inline WEFT_CHECKED int op_reserve_parts(struct weft_op *op, size_t parts)
{
    return parts <= op->parts_cap_ ? 0 : op_grow_parts(op, parts);
}

static inline WEFT_CHECKED int op_reserve_text(struct weft_op *op, size_t text_bytes)
{
    return text_bytes <= op->text_cap_ ? 0 : op_grow_text(op, text_bytes);
}

/* Doubling, so that n appended pieces are moved O(n) times in all. */
static inline size_t op_grown(size_t cap, size_t need)
{
    return need <= cap ? cap : need < 2 * cap ? 2 * cap : need;
}

/* a's text as ret's, which has room for it. */
static inline void op_copy_text(struct weft_op *ret, const struct weft_op *a)
{
    /* Both have at least the inline bytes: a copy of constant size is a few moves and no call. */
    if (a->text_len_ <= WEFT_OP_INLINE_BYTES)
        memcpy(op_text_mut(ret), op_text(a), WEFT_OP_INLINE_BYTES);
    else
        memcpy(op_text_mut(ret), op_text(a), a->text_len_);
    ret->text_len_ = a->text_len_;
}

/* The same for parts. */
static inline void op_copy_parts(struct weft_op *ret, const struct weft_op *a)
{
    if (a->parts_len_ <= WEFT_OP_INLINE_PARTS)
        memcpy(op_parts_mut(ret), op_parts(a), WEFT_OP_INLINE_PARTS * sizeof(struct weft_part));
    else
        memcpy(op_parts_mut(ret), op_parts(a), a->parts_len_ * sizeof(struct weft_part));
    ret->parts_len_ = a->parts_len_;
}

/* Most inserted texts are one character: no call for those. */
static inline void op_copy_bytes(char *dst, const char *src, size_t len_bytes)
{
    if (len_bytes == 1)
        *dst = *src;
    else if (len_bytes != 0)
        memcpy(dst, src, len_bytes);
}

#endif
