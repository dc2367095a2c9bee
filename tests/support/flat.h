/* support/flat.h - the dumb model of a text: one flat run of UTF-8, counted byte by byte. It shares
 * no code with what it is compared to. Positions must be in range; running out of memory aborts. */
#ifndef SUPPORT_FLAT_H
#define SUPPORT_FLAT_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/text.h>

struct flat {
    char *bytes;
    size_t len;
    size_t cap;
};

void flat_init(struct flat *f);
void flat_done(struct flat *f);
void flat_set(struct flat *f, const char *utf8, size_t len_bytes);
void flat_insert(struct flat *f, size_t pos_cp, const char *utf8, size_t len_bytes);
void flat_delete(struct flat *f, size_t pos_cp, size_t len_cp);

/* What the bytes [from, to) measure. */
struct weft_size flat_measure(const struct flat *f, size_t from, size_t to);
/* The byte offset of a gap. */
size_t flat_offset(const struct flat *f, size_t pos_cp);

bool flat_size_equal(struct weft_size a, struct weft_size b);

#endif
