/* ot/walk.h - reading an operation piece by piece.
 *
 * Two operations are merged by walking both at once: look at the piece each is at, take as much as
 * the shorter one has, go on. Behind its last part an operation keeps the rest of the document, so
 * there a walk stands at a retain that never ends: ENDLESS is more than all pieces of any other
 * operation together (storage.h), so taking from it never reaches zero and needs no test. */
#ifndef OT_WALK_H
#define OT_WALK_H

#include "base/limits.h"
#include "base/utf8.h"
#include "ot/storage.h"

#define WALK_ENDLESS UINT32_MAX
_Static_assert((uint64_t)WALK_ENDLESS > 2 * (uint64_t)CP_MAX, "no operation uses up the end");

struct walk {
    const struct weft_part *next; /* the part behind the piece */
    const struct weft_part *end;
    const char *text; /* of the piece, when it is an insert */
    enum weft_kind kind;
    uint32_t len_cp;    /* left of the piece; never 0 */
    uint32_t len_bytes; /* left of an insert's text */
    bool at_end;
};

/* To the next part. The text of the piece that is left behind has been stepped over already. */
static inline void walk_load(struct walk *w)
{
    if (w->next == w->end) {
        w->kind = WEFT_RETAIN;
        w->len_cp = WALK_ENDLESS;
        w->len_bytes = 0;
        w->at_end = true;
        return;
    }
    w->kind = w->next->kind;
    w->len_cp = w->next->len_cp;
    w->len_bytes = w->next->len_bytes;
    w->next++;
}

static inline struct walk walk_of(const struct weft_op *op)
{
    struct walk w = {.next = op_parts(op), .text = op_text(op)};
    w.end = w.next + op->parts_len_;
    walk_load(&w);
    return w;
}

/* The whole piece is done. */
static inline void walk_skip(struct walk *w)
{
    w->text += w->len_bytes;
    walk_load(w);
}

/* Bytes of the first n_cp code points of the piece, an insert. */
static inline uint32_t walk_bytes(const struct walk *w, uint32_t n_cp)
{
    if (n_cp == w->len_cp)
        return w->len_bytes;
    if (w->len_bytes == w->len_cp) /* ASCII */
        return n_cp;
    return (uint32_t)utf8_offset(w->text, w->len_bytes, n_cp);
}

/* The first n_cp code points, n_bytes of text, are done. */
static inline void walk_take(struct walk *w, uint32_t n_cp, uint32_t n_bytes)
{
    w->text += n_bytes;
    w->len_cp -= n_cp;
    w->len_bytes -= n_bytes;
    if (w->len_cp == 0)
        walk_load(w);
}

#endif
