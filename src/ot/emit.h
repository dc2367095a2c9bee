/* ot/emit.h - writing an operation piece by piece, in normal form, without failing on the way.
 *
 *     struct weft_part scratch[EMIT_SCRATCH];
 *     struct emit e;
 *     int err = emit_begin(&e, ret, scratch, most parts, most bytes);    may fail
 *     ... emit_part(), emit_text() ...                                   cannot
 *     return emit_end(&e, ret);                                          may fail
 *
 * All room is taken at the start. The most that could come out is often more than what does (two
 * single edits could give six parts and nearly always give two), so a small bound is written to the
 * caller's stack first and only what came out is stored: single edits stay inside the struct.
 *
 * Counts cannot overflow here: they are sums of at most two operations' counts, which fit uint32_t
 * (storage.h). emit_end() refuses what no document could hold. */
#ifndef OT_EMIT_H
#define OT_EMIT_H

#include "base/assert.h"
#include "base/limits.h"
#include "base/pure.h"
#include "ot/storage.h"

enum { EMIT_SCRATCH = 16 };

struct emit {
    struct weft_part *parts;
    size_t len;
    size_t cap;
    uint32_t retain_cp; /* becomes a part once something follows it */
    bool in_scratch;
    char *text;         /* where the next inserted text goes */
    uint64_t sum_cp[3]; /* by kind */
};

static inline int emit_begin(struct emit *e, struct weft_op *ret, struct weft_part *scratch,
                             size_t parts_most, size_t text_bytes_most)
{
    op_reset(ret);
    *e = (struct emit){.cap = parts_most};
    e->in_scratch = parts_most > ret->parts_cap_ && parts_most <= EMIT_SCRATCH;
    int err = op_reserve_text(ret, text_bytes_most);
    if (err == 0 && !e->in_scratch)
        err = op_reserve_parts(ret, parts_most);
    if (err != 0)
        return err;
    e->parts = e->in_scratch ? scratch : op_parts_mut(ret);
    e->text = op_text_mut(ret);
    return 0;
}

static inline void emit_retain(struct emit *e, uint32_t len_cp)
{
    e->retain_cp += len_cp;
}

/* An insert (its text is put down separately) or a delete. */
static inline void emit_part(struct emit *e, enum weft_kind kind, uint32_t len_cp,
                             uint32_t len_bytes)
{
    e->sum_cp[kind] += len_cp;
    if (e->retain_cp != 0) {
        WEFT_ASSERT(e->len < e->cap);
        e->sum_cp[WEFT_RETAIN] += e->retain_cp;
        e->parts[e->len++] = (struct weft_part){.len_cp = e->retain_cp, .kind = WEFT_RETAIN};
        e->retain_cp = 0;
    } else if (e->len != 0 && e->parts[e->len - 1].kind == kind) {
        e->parts[e->len - 1].len_cp += len_cp;
        e->parts[e->len - 1].len_bytes += len_bytes;
        return;
    }
    WEFT_ASSERT(e->len < e->cap);
    e->parts[e->len++] = (struct weft_part){.len_cp = len_cp, .len_bytes = len_bytes, .kind = kind};
}

static inline void emit_text(struct emit *e, const char *utf8, uint32_t len_bytes)
{
    op_copy_bytes(e->text, utf8, len_bytes);
    e->text += len_bytes;
}

/* A retain that nothing followed is dropped. */
static inline int emit_end(struct emit *e, struct weft_op *ret)
{
    size_t text_len = (size_t)(e->text - op_text(ret));
    if (e->sum_cp[WEFT_RETAIN] + e->sum_cp[WEFT_DELETE] > CP_MAX ||
        e->sum_cp[WEFT_RETAIN] + e->sum_cp[WEFT_INSERT] > CP_MAX || text_len > CP_MAX ||
        e->len > OP_PARTS_MAX)
        return WEFT_ELIMIT;
    if (e->in_scratch) {
        int err = op_reserve_parts(ret, e->len);
        if (err != 0)
            return err;
        memcpy(op_parts_mut(ret), e->parts, e->len * sizeof *e->parts);
    }
    ret->parts_len_ = (uint32_t)e->len;
    ret->text_len_ = (uint32_t)text_len;
    ret->retain_cp_ = (uint32_t)e->sum_cp[WEFT_RETAIN];
    ret->insert_cp_ = (uint32_t)e->sum_cp[WEFT_INSERT];
    ret->delete_cp_ = (uint32_t)e->sum_cp[WEFT_DELETE];
    return 0;
}

#endif
