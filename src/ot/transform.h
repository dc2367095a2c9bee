/* ot/transform.h - transforming in place, for the files of this folder.
 *
 * Of an operation that is rewritten only the parts change: all its inserts survive, whole and in
 * order, so the text stays where it is. */
#ifndef OT_TRANSFORM_H
#define OT_TRANSFORM_H

#include <weft/op.h>

/* The parts of transform(a, b, side) in *ret, which has no text then: its inserts' len_bytes speak
 * of a's. Not an operation by itself. WEFT_ENOMEM, WEFT_ELIMIT. */
WEFT_CHECKED int op_transform_parts(const struct weft_op *a, const struct weft_op *b,
                                    enum weft_side side, struct weft_op *ret);

/* Gives op the parts of `from`, which were made of op's own; its text stays. Room for them has been
 * reserved. */
void op_take_parts(struct weft_op *op, const struct weft_op *from);

#endif
