/* ot/compose.h - composing in place, where that is cheap. */
#ifndef OT_COMPOSE_H
#define OT_COMPOSE_H

#include <weft/op.h>

/* a becomes compose(a, b) and 1 is returned, when both are edits at one place and so is the result:
 * somebody types on, or deletes on. 0 when it is not, WEFT_ENOMEM; a is as before then. Costs no
 * more than b's text and the part of a's that stands behind it. */
WEFT_CHECKED int op_compose_onto(struct weft_op *a, const struct weft_op *b);

#endif
