/* weft/text.h - the document: a rope over UTF-8 that counts in every unit at once.
 *
 * A text is a sequence of Unicode scalar values without U+0000. Positions and lengths named `_cp` count code
 * points, `_bytes` UTF-8 bytes, `_u16` UTF-16 units (what browsers and editors count), `_lines`
 * line feeds. A text of n code points has gaps 0..n.
 *
 * Cost: every edit and every conversion between units is O(log n) plus the bytes copied or dropped;
 * an edit next to the one before is O(1). Memory is at most about twice the text plus a few KiB.
 *
 * Not thread-safe, reading included: a read may complete sums that an edit left open. Different
 * texts may be used by different threads. Text given in is valid UTF-8 without U+0000, which no
 * operation could insert either (op.h), or else WEFT_EUTF8 is returned; it must not lie in the text
 * that is edited. After any error the text is unchanged and nothing was written to what `ret`
 * points to. */
#ifndef WEFT_TEXT_H
#define WEFT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/alloc.h>
#include <weft/error.h>

WEFT_API_BEGIN

struct weft_text;

/* How much text lies somewhere, in all four units. */
struct weft_size {
    size_t bytes;
    size_t cp;
    size_t u16;
    size_t lines;
};

/* An empty text. `alloc` is borrowed for its life. 0 or WEFT_ENOMEM. */
WEFT_CHECKED int weft_text_new(const struct weft_alloc *alloc, struct weft_text **ret);

/* A text with this content: 0, WEFT_ENOMEM, WEFT_EUTF8, or WEFT_ELIMIT above WEFT_CP_MAX code
 * points. O(n), faster than inserting. */
WEFT_CHECKED int weft_text_from(const struct weft_alloc *alloc, const char *utf8, size_t len_bytes,
                                struct weft_text **ret);

/* Gives back everything. NULL is fine. */
void weft_text_free(struct weft_text *t);

/* The whole text's size. O(1). */
struct weft_size weft_text_size(const struct weft_text *t);

/* Puts utf8 into the gap at pos_cp. 0, WEFT_ERANGE, WEFT_EUTF8, WEFT_ENOMEM, or WEFT_ELIMIT where
 * the text would exceed WEFT_CP_MAX code points. */
WEFT_CHECKED int weft_text_insert(struct weft_text *t, size_t pos_cp, const char *utf8,
                                  size_t len_bytes);

/* Drops len_cp code points from pos_cp on. 0 or WEFT_ERANGE; never needs memory. */
WEFT_CHECKED int weft_text_delete(struct weft_text *t, size_t pos_cp, size_t len_cp);

/* Sets aside enough that the next `inserts` insertions, of `bytes` bytes altogether, mixed with any
 * deletions, cannot fail for want of memory. What is not used stays reserved until the next call,
 * until an insertion above what was reserved, or until the text is freed; (0, 0) gives it back. 0
 * or WEFT_ENOMEM (also for more than any text could hold). This is what lets an operation of many
 * parts be applied whole or not at all. */
WEFT_CHECKED int weft_text_reserve(struct weft_text *t, size_t inserts, size_t bytes);

/* A position in one unit, told in all: the size of what lies before the gap at pos_cp, so .bytes is
 * its byte offset, .u16 its UTF-16 offset, .lines its line. With the three below each unit is
 * converted into each other in one call; a column is the difference to the line's start, a second
 * call. WEFT_ERANGE past the end. O(log n). */
WEFT_CHECKED int weft_text_at_cp(const struct weft_text *t, size_t pos_cp, struct weft_size *ret);

/* The same from other units. A position inside a code point (a UTF-16 offset between two halves, a
 * byte offset in the middle) is WEFT_EINVAL, one past the end WEFT_ERANGE. at_line: the start of
 * line `line` (0 is the first; a text of n line feeds has the lines 0 to n). */
WEFT_CHECKED int weft_text_at_byte(const struct weft_text *t, size_t pos_bytes,
                                   struct weft_size *ret);
WEFT_CHECKED int weft_text_at_u16(const struct weft_text *t, size_t pos_u16, struct weft_size *ret);
WEFT_CHECKED int weft_text_at_line(const struct weft_text *t, size_t line, struct weft_size *ret);

/* Walking the bytes without copying:
 *
 *     struct weft_text_iter it;
 *     int err = weft_text_iter_at(t, pos_cp, &it);        // WEFT_ERANGE past the end
 *     const char *chunk; size_t len_bytes;
 *     while (err == 0 && weft_text_iter_next(&it, &chunk, &len_bytes))
 *         use(chunk, len_bytes);
 *
 * Chunks are never empty, lie between code points, and stay valid until the text is edited, which
 * ends the iteration. */
struct weft_text_iter {
    const void *leaf_; /* private */
    size_t at_bytes_;  /* private */
};

WEFT_CHECKED int weft_text_iter_at(const struct weft_text *t, size_t pos_cp,
                                   struct weft_text_iter *ret);
bool weft_text_iter_next(struct weft_text_iter *it, const char **ret_chunk, size_t *ret_len_bytes);

/* The other way: the chunk that ends where the iterator stands, which then stands before it. False
 * at the start of the text. An iterator may turn as often as it likes. */
bool weft_text_iter_prev(struct weft_text_iter *it, const char **ret_chunk, size_t *ret_len_bytes);

/* A slice: copies code points [pos_cp, pos_cp + len_cp) into `out`, which has room for cap_bytes.
 * *ret_len_bytes is what was written; no NUL is added. WEFT_ERANGE, or WEFT_ELIMIT when it does not
 * fit. */
WEFT_CHECKED int weft_text_copy(const struct weft_text *t, size_t pos_cp, size_t len_cp, char *out,
                                size_t cap_bytes, size_t *ret_len_bytes);

/* True when the text's bytes are exactly these. */
bool weft_text_equal(const struct weft_text *t, const char *utf8, size_t len_bytes);

/* A copy with the same content and the same allocator. 0 or WEFT_ENOMEM. O(n). */
WEFT_CHECKED int weft_text_clone(const struct weft_text *t, struct weft_text **ret);

/* Bytes held from the allocator. */
size_t weft_text_memory(const struct weft_text *t);

/* Walks everything and checks every sum, order and invariant. For tests; O(n). */
bool weft_text_check(const struct weft_text *t);

WEFT_API_END

#endif
