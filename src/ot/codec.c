/* ot/codec.c - the compact form of an operation.
 *
 *     component := varint(length << 2 | kind) [text]      kind: 0 retain, 1 insert, 2 delete
 *
 * `length` counts code points, for an insert the bytes of the text that follows. The end of the
 * bytes is the end of the operation; whoever stores it keeps the length. A typed character in the
 * first 31 positions is three bytes, anywhere in 500 KB five. These numbers are on disk: they never
 * change their meaning. */
#include <weft/op.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/pure.h"
#include "base/utf8.h"
#include "ot/peek.h"
#include "ot/sums.h"

enum { KIND_BITS = PEEK_KIND_BITS, KIND_MASK = PEEK_KIND_MASK };
_Static_assert(WEFT_RETAIN == 0 && WEFT_INSERT == 1 && WEFT_DELETE == 2, "written to disk");

static inline uint64_t head_of(const struct weft_part *part)
{
    uint64_t len = part->kind == WEFT_INSERT ? part->len_bytes : part->len_cp;
    return len << KIND_BITS | (uint64_t)part->kind;
}

static inline size_t varint_size(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static inline uint8_t *put_head(uint8_t *out, uint64_t head)
{
    for (; head >= 0x80; head >>= 7)
        *out++ = (uint8_t)(head | 0x80);
    *out++ = (uint8_t)head;
    return out;
}

/* One edit at one place, and not the identity: its sums say what is to be written. */
static inline bool is_one_edit(const struct weft_op *op)
{
    return op_is_single(op) && op->parts_len_ != 0;
}

/* The head of what it does. */
static inline uint64_t single_head(const struct weft_op *op)
{
    return op->insert_cp_ != 0 ? (uint64_t)op->text_len_ << KIND_BITS | WEFT_INSERT
                               : (uint64_t)op->delete_cp_ << KIND_BITS | WEFT_DELETE;
}

size_t weft_op_encoded_size(const struct weft_op *op)
{
    if (is_one_edit(op)) {
        const uint64_t retain = (uint64_t)op->retain_cp_ << KIND_BITS;
        return (retain != 0 ? varint_size(retain) : 0) + varint_size(single_head(op)) +
               op->text_len_;
    }
    const struct weft_part *parts = op_parts(op);
    size_t size = op->text_len_;
    for (size_t i = 0; i < op->parts_len_; i++)
        size += varint_size(head_of(&parts[i]));
    return size;
}

void weft_op_encode(const struct weft_op *op, uint8_t *out)
{
    if (is_one_edit(op)) {
        if (op->retain_cp_ != 0)
            out = put_head(out, (uint64_t)op->retain_cp_ << KIND_BITS);
        out = put_head(out, single_head(op));
        op_copy_bytes((char *)out, op_text(op), op->text_len_);
        return;
    }
    const struct weft_part *parts = op_parts(op);
    const char *text = op_text(op);
    for (size_t i = 0; i < op->parts_len_; i++) {
        out = put_head(out, head_of(&parts[i]));
        op_copy_bytes((char *)out, text, parts[i].len_bytes);
        out += parts[i].len_bytes;
        text += parts[i].len_bytes;
    }
}

/* One component from the bytes. 0, WEFT_EINVAL or WEFT_ELIMIT; lengths are counted as written. */
static int read_part(struct cur *in, struct weft_part *ret, const char **ret_text)
{
    uint64_t head = cur_varint(in);
    uint64_t len = head >> KIND_BITS;
    unsigned kind = (unsigned)head & KIND_MASK;
    if (in->bad || len == 0 || kind > WEFT_DELETE)
        return WEFT_EINVAL;
    if (len > CP_MAX)
        return WEFT_ELIMIT;
    *ret = (struct weft_part){.len_cp = (uint32_t)len, .kind = (enum weft_kind)kind};
    if (kind == WEFT_INSERT) {
        *ret_text = (const char *)cur_bytes(in, (size_t)len);
        ret->len_bytes = (uint32_t)len;
    }
    return in->bad ? WEFT_EINVAL : 0;
}

/* First pass: the frame is whole and in normal form; how much room the rest needs. */
static int measure(struct cur in, size_t *ret_parts, size_t *ret_text_bytes)
{
    size_t parts = 0;
    size_t text_bytes = 0;
    enum weft_kind last = WEFT_RETAIN;
    while (cur_left(&in) != 0) {
        struct weft_part part;
        const char *text;
        int err = read_part(&in, &part, &text);
        if (err != 0)
            return err;
        if (parts != 0 && part.kind == last)
            return WEFT_EINVAL;
        last = part.kind;
        text_bytes += part.len_bytes;
        parts++;
    }
    if (parts != 0 && last == WEFT_RETAIN)
        return WEFT_EINVAL;
    *ret_parts = parts;
    *ret_text_bytes = text_bytes;
    return 0;
}

int op_sums(const uint8_t *bytes, size_t len, struct op_sums *ret)
{
    struct cur in = cur_of(bytes, len);
    struct op_sums s = {0};
    size_t parts;
    int err = measure(in, &parts, &s.insert_bytes);
    if (err == 0 && (parts > OP_PARTS_MAX || s.insert_bytes > CP_MAX))
        err = WEFT_ELIMIT;
    while (err == 0 && cur_left(&in) != 0) {
        struct weft_part part;
        const char *text = NULL;
        err = read_part(&in, &part, &text);
        WEFT_ASSERT(err == 0);
        if (part.kind == WEFT_INSERT) {
            if (!utf8_valid(text, part.len_bytes, NULL) || utf8_has_nul(text, part.len_bytes))
                return WEFT_EUTF8;
            s.insert_cp += utf8_count(text, part.len_bytes);
            continue;
        }
        s.span_cp += part.len_cp;
        s.delete_cp += part.kind == WEFT_DELETE ? part.len_cp : 0;
    }
    if (err == 0 && (s.span_cp > CP_MAX || s.span_cp - s.delete_cp + s.insert_cp > CP_MAX))
        err = WEFT_ELIMIT;
    if (err == 0)
        *ret = s;
    return err;
}

/* What nearly every log is made of: one edit at one place, its text short and ASCII. False, and ret
 * the identity, for everything else, broken bytes among it. */
static bool decode_single(const uint8_t *at, size_t len, struct weft_op *ret)
{
    if (len == 0)
        return false;
    const uint8_t *const end = at + len;
    struct single s = {0};
    uint32_t head, text_len = 0;
    if (!peek_head(&at, end, &head))
        return false;
    if ((head & KIND_MASK) == WEFT_RETAIN) {
        s.pos_cp = head >> KIND_BITS;
        if (!peek_head(&at, end, &head))
            return false;
    }
    const uint32_t len_cp = head >> KIND_BITS;
    if ((head & KIND_MASK) == WEFT_DELETE) {
        s.del_cp = len_cp;
    } else if ((head & KIND_MASK) == WEFT_INSERT && len_cp <= WEFT_OP_INLINE_BYTES) {
        char *text = op_text_mut(ret);
        for (; text_len < len_cp && at != end; text_len++, at++) {
            if (*at == 0 || *at >= 0x80)
                return false;
            text[text_len] = (char)*at;
        }
        s.ins_cp = len_cp;
    }
    if (at != end || text_len != s.ins_cp || s.ins_cp + s.del_cp == 0 || !single_fits(s))
        return false;
    single_put(ret, s, text_len);
    return true;
}

int weft_op_decode(const uint8_t *bytes, size_t len, struct weft_op *ret)
{
    if (decode_single(bytes, len, ret))
        return 0;
    struct cur in = cur_of(bytes, len);
    size_t parts;
    size_t text_bytes;
    op_reset(ret);
    int err = measure(in, &parts, &text_bytes);
    if (err == 0)
        err = op_reserve_parts(ret, parts);
    if (err == 0)
        err = op_reserve_text(ret, text_bytes);
    while (err == 0 && cur_left(&in) != 0) {
        struct weft_part part;
        const char *text = NULL;
        err = read_part(&in, &part, &text);
        WEFT_ASSERT(err == 0);
        if (part.kind == WEFT_RETAIN)
            err = weft_op_retain(ret, part.len_cp);
        else if (part.kind == WEFT_DELETE)
            err = weft_op_delete(ret, part.len_cp);
        else
            err = weft_op_insert(ret, text, part.len_bytes);
    }
    if (err != 0)
        op_reset(ret);
    return err;
}
