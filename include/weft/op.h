/* weft/op.h - operations on a text: what an edit means and how two are merged.
 *
 * An operation is a list of components that walks a document from its start: retain n code points,
 * insert a text, delete n code points; what is left after the last one is kept. All counts are code
 * points. The empty list is the identity.
 *
 * Normal form, which every function here takes and returns: no empty component, no two neighbours
 * of one kind, no retain at the end. The order of a neighbouring insert and delete is kept as
 * written: ["x",-3] and [-3,"x"] give the same text and are two different operations, because a
 * concurrent insert inside the deleted range ends on different sides of x. Keeping that order, and
 * placing in compose b's text behind the run that a deleted, is what makes composition exact for
 * merging:
 *
 *     transform(x, compose(a, b), LEFT) = transform(transform(x, a, LEFT), b, LEFT)
 *
 * component by component. docs/operations.md has the model, the laws and where they come from.
 *
 * A `struct weft_op` lives in the caller's memory; a single edit of a few characters needs no
 * allocation. It may be moved by plain assignment when the source is not used afterwards.
 *
 * An argument `struct weft_op *ret` is an operation that has been initialised and is none of the
 * inputs (an assert holds callers to that: weft/panic.h); what it held before is dropped, its memory
 * is used again. After any failed call it is the identity, and inputs are unchanged. Where nothing
 * else is said, a function that returns int returns 0, WEFT_ENOMEM, or WEFT_ELIMIT for a result that
 * would pass the bounds named at weft_op_retain(). */
#ifndef WEFT_OP_H
#define WEFT_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/alloc.h>
#include <weft/error.h>
#include <weft/text.h>

WEFT_API_BEGIN

enum weft_kind { WEFT_RETAIN, WEFT_INSERT, WEFT_DELETE };

struct weft_part {
    uint32_t len_cp;    /* never 0 */
    uint32_t len_bytes; /* of an insert's text; 0 otherwise */
    enum weft_kind kind;
};

enum { WEFT_OP_INLINE_PARTS = 4, WEFT_OP_INLINE_BYTES = 24 };

/* Fields are private; read through the functions below. Inserted text of all parts lies back to
 * back, in order, in one run of bytes. */
struct weft_op {
    const struct weft_alloc *alloc_;
    struct weft_part *parts_heap_; /* NULL: parts_inline_ */
    char *text_heap_;              /* NULL: text_inline_ */
    uint32_t parts_cap_, text_cap_;
    uint32_t parts_len_, text_len_;
    uint32_t tail_retain_cp_; /* a retain that becomes a part once something follows it */
    uint32_t retain_cp_, insert_cp_, delete_cp_; /* sums over the parts */
    struct weft_part parts_inline_[WEFT_OP_INLINE_PARTS];
    char text_inline_[WEFT_OP_INLINE_BYTES];
};

/* The identity, without memory of its own. Cannot fail. `alloc` is borrowed until weft_op_done(). */
void weft_op_init(struct weft_op *op, const struct weft_alloc *alloc);
void weft_op_done(struct weft_op *op);  /* may be called twice */
void weft_op_clear(struct weft_op *op); /* back to the identity, keeps memory */
WEFT_CHECKED int weft_op_copy(struct weft_op *ret, const struct weft_op *op);

/* Building, from the document's start. Neighbours of one kind melt into one, nothing of length 0 is
 * stored, a trailing retain is not a part: the operation is in normal form at every moment.
 * 0, WEFT_ENOMEM, WEFT_EUTF8 (broken UTF-8 or NUL), or WEFT_ELIMIT where the document before
 * (retained and deleted) or after (retained and inserted) would have more than WEFT_CP_MAX code
 * points, the inserted text more than as many bytes, or the operation more than WEFT_OP_PARTS_MAX
 * parts. On failure the operation is as before the call. What was made by another function can be
 * built on: it goes on behind the last part. */
WEFT_CHECKED int weft_op_retain(struct weft_op *op, size_t len_cp);
WEFT_CHECKED int weft_op_insert(struct weft_op *op, const char *utf8, size_t len_bytes);
WEFT_CHECKED int weft_op_delete(struct weft_op *op, size_t len_cp);

/* Reading. parts: *ret_len of them, valid until the operation changes; texts of inserts are taken
 * one after the other from weft_op_text(), which has no NUL at its end. */
const struct weft_part *weft_op_parts(const struct weft_op *op, size_t *ret_len);
const char *weft_op_text(const struct weft_op *op, size_t *ret_len_bytes);
bool weft_op_is_identity(const struct weft_op *op);
bool weft_op_equal(const struct weft_op *a, const struct weft_op *b); /* component by component */

size_t weft_op_span(const struct weft_op *op); /* least document length it fits, code points */
/* span, and what the builder was told to retain behind the last part. That retain is no part, but it
 * says how long its author believed the document to be: who takes operations in checks this. */
size_t weft_op_reach(const struct weft_op *op);
int64_t weft_op_delta(const struct weft_op *op); /* inserted minus deleted code points */
size_t weft_op_inserted_cp(const struct weft_op *op);
size_t weft_op_deleted_cp(const struct weft_op *op);
size_t weft_op_memory(const struct weft_op *op); /* bytes held outside the struct */

enum weft_side { WEFT_LEFT, WEFT_RIGHT };

/* The document with the operation carried out; whole or not at all. 0, WEFT_ERANGE when span(op) is
 * more than the document has, WEFT_ENOMEM, or WEFT_ELIMIT when the document would exceed
 * WEFT_CP_MAX code points. After an error the document is unchanged. O(|op| log n). */
WEFT_CHECKED int weft_op_apply(const struct weft_op *op, struct weft_text *doc);

/* a and b are written against one document; *ret is a, rewritten to run after b. Where both insert
 * at one gap, LEFT puts a's text in front of b's, RIGHT behind it. The operation that reaches the
 * log later goes LEFT. O(|a| + |b|). */
WEFT_CHECKED int weft_op_transform(const struct weft_op *a, const struct weft_op *b,
                                   enum weft_side side, struct weft_op *ret);

/* Both at once, in place, as a client does it when an operation arrives while it has one pending: a,
 * the pending one, goes LEFT and runs after b; b, the arrived one, goes RIGHT and runs after a. The
 * same as two calls of weft_op_transform(), but nothing is copied; two single edits allocate
 * nothing. On failure both are as before. They are two different operations. O(|a| + |b|). */
WEFT_CHECKED int weft_op_transform_pair(struct weft_op *a, struct weft_op *b);

/* Two concurrent histories past each other, in place: a[0], a[1], ... follow one another, so do
 * b[0], b[1], ...; both start from one document. Afterwards all of a runs after all of b and all of
 * b after all of a; a goes LEFT. The same, component by component, as transforming each pair with
 * weft_op_transform_pair(), a_len * b_len times, and much faster. On failure (WEFT_ENOMEM,
 * WEFT_ELIMIT) all are as before. Lists of up to 32 single edits need no memory, longer ones 20
 * bytes an edit until the call returns. */
WEFT_CHECKED int weft_op_transform_lists(struct weft_op *a, size_t a_len, struct weft_op *b,
                                         size_t b_len);

/* One operation equal to a, then b. Where b inserts at a place where a deleted, b's text goes behind
 * the deleted run. O(|a| + |b|). */
WEFT_CHECKED int weft_op_compose(const struct weft_op *a, const struct weft_op *b,
                                 struct weft_op *ret);

/* `n` operations that follow one another as one: a balanced tree of composes, O(total log n).
 * n = 0 gives the identity. */
WEFT_CHECKED int weft_op_compose_all(const struct weft_op *const *ops, size_t n,
                                     struct weft_op *ret);

/* What undoes op; doc is the document before op. Each insert becomes a delete and each delete an
 * insert, in the same order. Also WEFT_ERANGE, when op does not fit doc. O(|op| log n) plus the
 * text. */
WEFT_CHECKED int weft_op_invert(const struct weft_op *op, const struct weft_text *doc,
                                struct weft_op *ret);

/* Where a gap ends up. RIGHT is pushed by an insert at that very gap (the author's own caret), LEFT
 * stays (everybody else's). A gap inside a deleted run goes to the run's place, behind what op
 * inserts at gaps in front of it, in front of what it inserts at gaps behind it. A gap past what op
 * names moves by its delta. Cannot fail. */
size_t weft_op_transform_position(const struct weft_op *op, size_t gap_cp, enum weft_side side);

/* An operation that makes `after` of `before`, with the fewest code points deleted and inserted; no
 * code point is cut. At one place the delete goes in front of the insert; which of several shortest
 * ones it is, docs/operations.md says.
 *
 * Time is bounded. n code points lie between the common start and the common end of the two texts,
 * of both together; e are deleted and inserted. The work is O(length) to find the ends and then
 * O(n + e^2) for the usual text, and never more than 2^24 + 5 n steps of a few ns: they are counted,
 * so the result is the same on every machine. The result is the shortest for e <= 4,096, unless
 * long runs of one letter or repeated text use up the steps. What differs in more is split where
 * whole lines are the same and then compared piece by piece: close to the shortest where the texts
 * have much in common, while a piece that has nothing in common is replaced whole, as is all that
 * is left when the steps are used up. Memory: 32 KB, 4 n bytes where one of the two is not ASCII,
 * and the pieces and lines.
 *
 * WEFT_EUTF8 when one of the two is not valid or has a NUL, WEFT_ELIMIT when one has more than
 * 2^31-1 bytes, WEFT_ENOMEM. */
WEFT_CHECKED int weft_op_diff(const char *before, size_t before_bytes, const char *after,
                              size_t after_bytes, struct weft_op *ret);

/* The compact form, for logs and for memory: varints (length << 2 | kind), each insert followed by
 * its text, its length being bytes there. weft_op_encoded_size() bytes are written to `out`.
 * Decoding checks everything (WEFT_EINVAL, WEFT_EUTF8, WEFT_ELIMIT), takes all `len` bytes, and
 * refuses what is not in normal form: what decodes encodes to the same bytes. */
size_t weft_op_encoded_size(const struct weft_op *op);
void weft_op_encode(const struct weft_op *op, uint8_t *out);
WEFT_CHECKED int weft_op_decode(const uint8_t *bytes, size_t len, struct weft_op *ret);

/* True when in normal form with true sums. For tests; O(|op|). */
bool weft_op_check(const struct weft_op *op);

WEFT_API_END

#endif
