/* ot/apply.c - carrying an operation out on a document, and undoing it. */
#include <weft/op.h>

#include "base/assert.h"
#include "base/limits.h"
#include "base/pure.h"
#include "ot/single.h"

/* Nothing below can fail: the caller has checked the span and reserved the memory. */
static void apply_deletes(const struct weft_op *op, struct weft_text *doc)
{
    const struct weft_part *parts = op_parts(op);
    size_t pos_cp = 0;
    for (size_t i = 0; i < op->parts_len_; i++) {
        if (parts[i].kind == WEFT_RETAIN) {
            pos_cp += parts[i].len_cp;
        } else if (parts[i].kind == WEFT_DELETE) {
            int err = weft_text_delete(doc, pos_cp, parts[i].len_cp);
            WEFT_ASSERT(err == 0);
        }
    }
}

static void apply_inserts(const struct weft_op *op, struct weft_text *doc)
{
    const struct weft_part *parts = op_parts(op);
    const char *text = op_text(op);
    size_t pos_cp = 0;
    for (size_t i = 0; i < op->parts_len_; i++) {
        if (parts[i].kind == WEFT_DELETE)
            continue; /* gone already */
        if (parts[i].kind == WEFT_INSERT) {
            int err = weft_text_insert(doc, pos_cp, text, parts[i].len_bytes);
            WEFT_ASSERT(err == 0);
            text += parts[i].len_bytes;
        }
        pos_cp += parts[i].len_cp;
    }
}

/* All deletes first, then all inserts: the document is never longer than the longer of its two
 * ends, so that checking those two lengths is enough. */
int weft_op_apply(const struct weft_op *op, struct weft_text *doc)
{
    if (op_is_single(op)) { /* one call, which is whole or not at all by itself */
        if (op->insert_cp_ != 0)
            return weft_text_insert(doc, op->retain_cp_, op_text(op), op->text_len_);
        return weft_text_delete(doc, op->retain_cp_, op->delete_cp_);
    }
    const struct weft_part *parts = op_parts(op);
    const size_t doc_cp = weft_text_size(doc).cp;
    if (weft_op_span(op) > doc_cp)
        return WEFT_ERANGE;
    if (doc_cp - op->delete_cp_ + op->insert_cp_ > CP_MAX)
        return WEFT_ELIMIT;
    if (op->insert_cp_ != 0) {
        size_t inserts = 0;
        for (size_t i = 0; i < op->parts_len_; i++)
            inserts += parts[i].kind == WEFT_INSERT;
        int err = weft_text_reserve(doc, inserts, op->text_len_);
        if (err != 0)
            return err;
    }
    if (op->delete_cp_ != 0)
        apply_deletes(op, doc);
    if (op->insert_cp_ != 0)
        apply_inserts(op, doc);
    return 0;
}

static size_t byte_at(const struct weft_text *doc, size_t pos_cp)
{
    struct weft_size size;
    int err = weft_text_at_cp(doc, pos_cp, &size);
    WEFT_ASSERT(err == 0);
    return size.bytes;
}

/* Bytes of all that op deletes from doc. */
static size_t deleted_bytes(const struct weft_op *op, const struct weft_text *doc)
{
    const struct weft_part *parts = op_parts(op);
    size_t pos_cp = 0;
    size_t bytes = 0;
    for (size_t i = 0; i < op->parts_len_; i++) {
        if (parts[i].kind == WEFT_INSERT)
            continue;
        if (parts[i].kind == WEFT_DELETE)
            bytes += byte_at(doc, pos_cp + parts[i].len_cp) - byte_at(doc, pos_cp);
        pos_cp += parts[i].len_cp;
    }
    return bytes;
}

/* Component by component: an insert becomes a delete and the other way round, in the same order. So
 * the result is in normal form because op is. */
int weft_op_invert(const struct weft_op *op, const struct weft_text *doc, struct weft_op *ret)
{
    WEFT_ASSERT(ret != op);
    op_reset(ret);
    if (weft_op_span(op) > weft_text_size(doc).cp)
        return WEFT_ERANGE;
    const size_t bytes = deleted_bytes(op, doc);
    if (bytes > CP_MAX)
        return WEFT_ELIMIT;
    int err = op_reserve_parts(ret, op->parts_len_);
    if (err == 0)
        err = op_reserve_text(ret, bytes);
    if (err != 0)
        return err;
    const struct weft_part *from = op_parts(op);
    struct weft_part *to = op_parts_mut(ret);
    size_t pos_cp = 0;
    size_t text_len = 0;
    for (size_t i = 0; i < op->parts_len_; i++) {
        const uint32_t len_cp = from[i].len_cp;
        to[i] = (struct weft_part){.len_cp = len_cp, .kind = from[i].kind};
        if (from[i].kind == WEFT_INSERT) {
            to[i].kind = WEFT_DELETE;
            continue;
        }
        if (from[i].kind == WEFT_DELETE) {
            size_t len_bytes = 0;
            err = weft_text_copy(doc, pos_cp, len_cp, op_text_mut(ret) + text_len, bytes - text_len,
                                 &len_bytes);
            WEFT_ASSERT(err == 0);
            to[i].kind = WEFT_INSERT;
            to[i].len_bytes = (uint32_t)len_bytes;
            text_len += len_bytes;
        }
        pos_cp += len_cp;
    }
    WEFT_ASSERT(text_len == bytes);
    ret->parts_len_ = op->parts_len_;
    ret->text_len_ = (uint32_t)text_len;
    ret->retain_cp_ = op->retain_cp_;
    ret->insert_cp_ = op->delete_cp_;
    ret->delete_cp_ = op->insert_cp_;
    return 0;
}
