/* ot/position.c - where a gap of the document before is in the document after.
 *
 * A gap keeps its place among the code points of the document before, the deleted ones included: an
 * insert at a gap in front of it pushes it, also within one deleted run. That is the same model by
 * which transform and compose place text, so carets and text move together (law 5). */
#include <weft/op.h>

#include "ot/storage.h"

size_t weft_op_transform_position(const struct weft_op *op, size_t gap_cp, enum weft_side side)
{
    const struct weft_part *parts = op_parts(op);
    size_t at_cp = 0;         /* in the document before */
    size_t moved_cp = gap_cp; /* where the gap is, as far as op is known yet */
    for (size_t i = 0; i < op->parts_len_ && at_cp <= gap_cp; i++) {
        const size_t len_cp = parts[i].len_cp;
        if (parts[i].kind == WEFT_INSERT) {
            if (at_cp < gap_cp || side == WEFT_RIGHT)
                moved_cp += len_cp;
            continue;
        }
        if (parts[i].kind == WEFT_DELETE)
            moved_cp -= len_cp < gap_cp - at_cp ? len_cp : gap_cp - at_cp;
        at_cp += len_cp;
    }
    return moved_cp;
}
