/* tools/lib/vector.h - one case for every function of the engine, to be compared with another engine.
 *
 * A case is a line `[INPUTS,ANSWERS]` of JSON without spaces. INPUTS is an array:
 *
 *   [doc, a, b, next, list, gap, to, json, units, unit]
 *
 *   doc    a text
 *   a, b   operations written against doc, in normal form
 *   next   one written against the document after a
 *   list   operations that follow one another, the first on doc
 *   gap    a gap of doc, in code points
 *   to     another text
 *   json   a text that may be the JSON form of an operation, or nearly so
 *   units  an operation on doc that counts UTF-16 units; it may cut a pair in two
 *   unit   a place in doc, in UTF-16 units; it may lie inside a pair
 *
 * ANSWERS has what each function of vector_names makes of them, in that order: a text, an
 * operation, a number, [true|false, number] (is the place inside a pair; the code points up to it or,
 * inside, up to behind the pair), or null for what is refused.
 *
 * This file is not the engine: it reads and writes lines, by a reader of its own. It stops the
 * program where a line is not of that form. */
#ifndef TOOLS_VECTOR_H
#define TOOLS_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include <weft/op.h>

enum { VECTOR_FUNCTIONS = 17 };
extern const char *const vector_names[VECTOR_FUNCTIONS];

/* A text; the bytes are malloc'd. */
struct vector_text {
    char *at;
    size_t len;
};

struct vector {
    struct vector_text doc, to, json;
    struct weft_op a, b, next, units;
    struct weft_op *list; /* malloc'd, list_len of them */
    size_t list_len;
    size_t gap_cp;
    size_t unit_u16;
};

void vector_init(struct vector *v);
void vector_clear(struct vector *v); /* ready for the next case */
void vector_done(struct vector *v);
/* One more operation at the end of the list, initialised; valid until the next call. */
struct weft_op *vector_list_add(struct vector *v);

/* INPUTS from a line's start. Returns how many bytes of the line they take, brackets included. */
size_t vector_read(struct vector *v, const char *line, size_t len);
/* The parts of an array: where each begins and how long it is. Returns how many; at most `most`. */
size_t vector_parts(const char *json, size_t len, size_t most, const char **ret_at,
                    size_t *ret_len);

void vector_write_inputs(const struct vector *v, struct buf *out);
/* What function number `which` answers, as JSON. */
void vector_answer(const struct vector *v, size_t which, struct buf *out);

/* Stops the program, saying what is wrong, where `true_here` is false. */
void vector_need(bool true_here, const char *what);

#endif
