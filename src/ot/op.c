/* ot/op.c - storage, building and reading of operations; storage.h has the layout. */
#include <weft/op.h>

#include "base/assert.h"
#include "base/bytes16.h"
#include "base/limits.h"
#include "base/pure.h"
#include "base/utf8.h"
#include "ot/single.h"

void weft_op_init(struct weft_op *op, const struct weft_alloc *alloc)
{
    /* The inline arrays stay as they are: clearing them would cost more than an edit. */
    op->alloc_ = alloc;
    op->parts_heap_ = NULL;
    op->text_heap_ = NULL;
    op->parts_cap_ = WEFT_OP_INLINE_PARTS;
    op->text_cap_ = WEFT_OP_INLINE_BYTES;
    op_reset(op);
}

void weft_op_done(struct weft_op *op)
{
    if (op->parts_heap_ != NULL)
        weft_release(op->alloc_, op->parts_heap_, op->parts_cap_ * sizeof *op->parts_heap_);
    if (op->text_heap_ != NULL)
        weft_release(op->alloc_, op->text_heap_, op->text_cap_);
    weft_op_init(op, op->alloc_);
}

void weft_op_clear(struct weft_op *op)
{
    op_reset(op);
}

/* Text is counted in uint32_t, and a sum of two texts' bounds must fit it. */
_Static_assert(CP_MAX <= UINT32_MAX / 2, "two operations' counts fit uint32_t");

int op_grow_parts(struct weft_op *op, size_t parts)
{
    if (parts > 2 * (size_t)OP_PARTS_MAX) /* two operations' worth: the most that is merged */
        return WEFT_ELIMIT;
    const size_t unit = sizeof *op->parts_heap_;
    size_t old_bytes = op->parts_heap_ != NULL ? op->parts_cap_ * unit : 0;
    struct weft_part *heap = weft_resize(op->alloc_, op->parts_heap_, old_bytes, parts * unit);
    if (heap == NULL)
        return WEFT_ENOMEM;
    if (op->parts_heap_ == NULL)
        memcpy(heap, op->parts_inline_, op->parts_len_ * unit);
    op->parts_heap_ = heap;
    op->parts_cap_ = (uint32_t)parts;
    return 0;
}

int op_grow_text(struct weft_op *op, size_t text_bytes)
{
    if (text_bytes > 2 * (size_t)CP_MAX)
        return WEFT_ELIMIT;
    size_t old_bytes = op->text_heap_ != NULL ? op->text_cap_ : 0;
    char *heap = weft_resize(op->alloc_, op->text_heap_, old_bytes, text_bytes);
    if (heap == NULL)
        return WEFT_ENOMEM;
    if (op->text_heap_ == NULL)
        memcpy(heap, op->text_inline_, op->text_len_);
    op->text_heap_ = heap;
    op->text_cap_ = (uint32_t)text_bytes;
    return 0;
}

int weft_op_copy(struct weft_op *ret, const struct weft_op *op)
{
    WEFT_ASSERT(ret != op);
    op_reset(ret);
    int err = op_reserve_parts(ret, op->parts_len_);
    if (err == 0)
        err = op_reserve_text(ret, op->text_len_);
    if (err != 0)
        return err;
    op_copy_parts(ret, op);
    op_copy_text(ret, op);
    ret->tail_retain_cp_ = op->tail_retain_cp_;
    ret->retain_cp_ = op->retain_cp_;
    ret->insert_cp_ = op->insert_cp_;
    ret->delete_cp_ = op->delete_cp_;
    return 0;
}

/* Puts one insert or delete at the end; text has been checked and counted. Reserves everything
 * before it changes anything. */
static int append(struct weft_op *op, enum weft_kind kind, uint32_t len_cp, const char *utf8,
                  uint32_t len_bytes)
{
    const size_t parts_len = op->parts_len_;
    const bool inserts = kind == WEFT_INSERT;
    if (parts_len == 0 && len_bytes <= op->text_cap_) { /* the first is mostly the only one */
        op_copy_bytes(op_text_mut(op), utf8, len_bytes);
        single_put(op,
                   (struct single){op->tail_retain_cp_, inserts ? len_cp : 0, inserts ? 0 : len_cp},
                   len_bytes);
        return 0;
    }
    const bool melts =
        op->tail_retain_cp_ == 0 && parts_len != 0 && op_parts(op)[parts_len - 1].kind == kind;
    const size_t more = melts ? 0 : op->tail_retain_cp_ == 0 ? 1 : 2;
    if (parts_len + more > OP_PARTS_MAX)
        return WEFT_ELIMIT;
    int err = op_reserve_parts(op, op_grown(op->parts_cap_, parts_len + more));
    if (err == 0)
        err = op_reserve_text(op, op_grown(op->text_cap_, (size_t)op->text_len_ + len_bytes));
    if (err != 0)
        return err;
    struct weft_part *parts = op_parts_mut(op);
    if (op->tail_retain_cp_ != 0) {
        parts[op->parts_len_++] =
            (struct weft_part){.len_cp = op->tail_retain_cp_, .kind = WEFT_RETAIN};
        op->retain_cp_ += op->tail_retain_cp_;
        op->tail_retain_cp_ = 0;
    }
    if (melts) {
        parts[parts_len - 1].len_cp += len_cp;
        parts[parts_len - 1].len_bytes += len_bytes;
    } else {
        parts[op->parts_len_++] =
            (struct weft_part){.len_cp = len_cp, .len_bytes = len_bytes, .kind = kind};
    }
    op_copy_bytes(op_text_mut(op) + op->text_len_, utf8, len_bytes);
    op->text_len_ += len_bytes;
    op->insert_cp_ += inserts ? len_cp : 0;
    op->delete_cp_ += inserts ? 0 : len_cp;
    return 0;
}

/* Would a count pass its bound? Each of the two documents is bounded, see storage.h. */
static bool too_long(const struct weft_op *op, enum weft_kind kind, size_t len_cp)
{
    uint64_t kept = (uint64_t)op->retain_cp_ + op->tail_retain_cp_;
    uint64_t before = kept + op->delete_cp_;
    uint64_t after = kept + op->insert_cp_;
    WEFT_ASSERT(before <= CP_MAX);
    WEFT_ASSERT(after <= CP_MAX);
    return (kind != WEFT_INSERT && len_cp > CP_MAX - before) ||
           (kind != WEFT_DELETE && len_cp > CP_MAX - after);
}

int weft_op_retain(struct weft_op *op, size_t len_cp)
{
    if (too_long(op, WEFT_RETAIN, len_cp))
        return WEFT_ELIMIT;
    op->tail_retain_cp_ += (uint32_t)len_cp;
    return 0;
}

/* What most inserts are, seen in one look: up to 16 bytes of ASCII without NUL. */
static bool is_short_ascii(const char *utf8, size_t len_bytes)
{
    if (len_bytes == 1)
        return (int8_t)*utf8 > 0;
    if (len_bytes > BYTES16_MAX)
        return false;
    const uint64_t low_7 = 0x7f7f7f7f7f7f7f7fu;
    struct bytes16 b = bytes16_load(utf8, len_bytes);
    /* In ASCII, bit 7 of a byte plus 0x7f says that it is not zero; what is not there is. */
    return bytes16_is_ascii(b) && bytes8_count_high((b.lo + low_7) & ~low_7) +
                                          bytes8_count_high((b.hi + low_7) & ~low_7) ==
                                      len_bytes;
}

int weft_op_insert(struct weft_op *op, const char *utf8, size_t len_bytes)
{
    if (len_bytes == 0)
        return 0;
    if (len_bytes > CP_MAX - (size_t)op->text_len_)
        return WEFT_ELIMIT;
    size_t len_cp = len_bytes;
    if (!is_short_ascii(utf8, len_bytes)) {
        if (!utf8_valid(utf8, len_bytes, NULL) || utf8_has_nul(utf8, len_bytes))
            return WEFT_EUTF8;
        len_cp = utf8_count(utf8, len_bytes);
    }
    if (too_long(op, WEFT_INSERT, len_cp))
        return WEFT_ELIMIT;
    return append(op, WEFT_INSERT, (uint32_t)len_cp, utf8, (uint32_t)len_bytes);
}

int weft_op_delete(struct weft_op *op, size_t len_cp)
{
    if (len_cp == 0)
        return 0;
    if (too_long(op, WEFT_DELETE, len_cp))
        return WEFT_ELIMIT;
    return append(op, WEFT_DELETE, (uint32_t)len_cp, NULL, 0);
}

const struct weft_part *weft_op_parts(const struct weft_op *op, size_t *ret_len)
{
    *ret_len = op->parts_len_;
    return op_parts(op);
}

const char *weft_op_text(const struct weft_op *op, size_t *ret_len_bytes)
{
    *ret_len_bytes = op->text_len_;
    return op_text(op);
}

bool weft_op_is_identity(const struct weft_op *op)
{
    return op->parts_len_ == 0;
}

bool weft_op_equal(const struct weft_op *a, const struct weft_op *b)
{
    if (a->parts_len_ != b->parts_len_ || a->text_len_ != b->text_len_)
        return false;
    const struct weft_part *x = op_parts(a);
    const struct weft_part *y = op_parts(b);
    for (size_t i = 0; i < a->parts_len_; i++)
        if (x[i].kind != y[i].kind || x[i].len_cp != y[i].len_cp)
            return false; /* lengths in bytes follow from the text */
    return memcmp(op_text(a), op_text(b), a->text_len_) == 0;
}

size_t weft_op_span(const struct weft_op *op)
{
    return (size_t)op->retain_cp_ + op->delete_cp_;
}

size_t weft_op_reach(const struct weft_op *op)
{
    return weft_op_span(op) + op->tail_retain_cp_;
}

int64_t weft_op_delta(const struct weft_op *op)
{
    return (int64_t)op->insert_cp_ - (int64_t)op->delete_cp_;
}

size_t weft_op_inserted_cp(const struct weft_op *op)
{
    return op->insert_cp_;
}

size_t weft_op_deleted_cp(const struct weft_op *op)
{
    return op->delete_cp_;
}

size_t weft_op_memory(const struct weft_op *op)
{
    size_t bytes = op->text_heap_ != NULL ? op->text_cap_ : 0;
    if (op->parts_heap_ != NULL)
        bytes += op->parts_cap_ * sizeof *op->parts_heap_;
    return bytes;
}

static bool text_check(const char *utf8, const struct weft_part *part)
{
    return utf8_valid(utf8, part->len_bytes, NULL) && !utf8_has_nul(utf8, part->len_bytes) &&
           utf8_count(utf8, part->len_bytes) == part->len_cp;
}

bool weft_op_check(const struct weft_op *op)
{
    const struct weft_part *parts = op_parts(op);
    const size_t n = op->parts_len_;
    uint64_t sum_cp[3] = {0};
    size_t text_len = 0;
    if (n > op->parts_cap_ || op->text_len_ > op->text_cap_ || n > OP_PARTS_MAX ||
        op->text_len_ > CP_MAX || op->parts_cap_ < WEFT_OP_INLINE_PARTS ||
        op->text_cap_ < WEFT_OP_INLINE_BYTES)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct weft_part *p = &parts[i];
        if (p->kind > WEFT_DELETE || p->len_cp == 0 || (i > 0 && parts[i - 1].kind == p->kind))
            return false;
        sum_cp[p->kind] += p->len_cp;
        if (p->len_bytes > op->text_len_ - text_len)
            return false;
        if (p->kind == WEFT_INSERT ? !text_check(op_text(op) + text_len, p) : p->len_bytes != 0)
            return false;
        text_len += p->len_bytes;
    }
    return (n == 0 || parts[n - 1].kind != WEFT_RETAIN) && text_len == op->text_len_ &&
           sum_cp[WEFT_RETAIN] == op->retain_cp_ && sum_cp[WEFT_INSERT] == op->insert_cp_ &&
           sum_cp[WEFT_DELETE] == op->delete_cp_ &&
           sum_cp[WEFT_RETAIN] + sum_cp[WEFT_DELETE] <= CP_MAX &&
           sum_cp[WEFT_RETAIN] + sum_cp[WEFT_INSERT] <= CP_MAX;
}
