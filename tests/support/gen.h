/* support/gen.h - random documents and operations, and a second opinion about operations.
 *
 * The model holds an operation as a table over one document: for each gap the text that is inserted
 * there, for each code point whether it is deleted. It has no parts, no order of parts and no
 * cursor, so it shares no mistake with src/ot, only the specification. It is slow and stops the
 * program when memory runs out. */
#ifndef SUPPORT_GEN_H
#define SUPPORT_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <weft/op.h>

#include "support/rng.h"

/* --- texts as arrays of code points --- */

struct cps {
    uint32_t *cp; /* NULL while cap == 0 */
    size_t len;
    size_t cap;
};

void cps_done(struct cps *t);
void cps_push(struct cps *t, uint32_t cp);
void cps_append(struct cps *t, const struct cps *more);
struct cps cps_copy(const struct cps *t);
void cps_read(struct cps *t, const char *utf8, size_t len_bytes); /* appends */
struct cps cps_from(const char *utf8, size_t len_bytes);
/* malloc'd UTF-8 with a terminating NUL; the caller frees it. */
char *cps_utf8(const struct cps *t, size_t *ret_len_bytes);
bool cps_equal(const struct cps *a, const struct cps *b);

/* --- the model --- */

/* Begins as {0}; what is written into it keeps its memory until model_done(). */
struct model {
    size_t doc_cp;   /* length of the document it is written against */
    struct cps text; /* all that is inserted, gap after gap */
    size_t *upto;    /* doc_cp + 1: gap g inserts text [upto[g - 1], upto[g]) */
    bool *dead;      /* doc_cp: the code point behind the gap is deleted */
    size_t cap, gap; /* while it is written */
};

void model_done(struct model *m);

/* op must fit doc_cp. */
void model_of(const struct weft_op *op, size_t doc_cp, struct model *ret);
/* The operation that a model stands for. `ret` has been initialised. */
void model_to_op(const struct model *m, struct weft_op *ret);

size_t model_result_cp(const struct model *m); /* length of the document after */
void model_apply(const struct model *m, const struct cps *doc, struct cps *ret);
/* The text that two concurrent operations lead to: at each gap what `left` inserts, then what
 * `right` inserts; gone is what one of them deletes. No operation is transformed for it. */
void model_merge(const struct model *left, const struct model *right, const struct cps *doc,
                 struct cps *ret);
void model_transform(const struct model *a, const struct model *b, enum weft_side side,
                     struct model *ret);
void model_compose(const struct model *a, const struct model *b, struct model *ret);
void model_invert(const struct model *m, const struct cps *doc, struct model *ret);
size_t model_position(const struct model *m, size_t gap_cp, enum weft_side side);

/* --- generators --- */

/* 0 .. most_cp code points, short ones more often, a third of them not ASCII. */
struct cps gen_doc(struct rng *r, size_t most_cp);

/* A valid operation on a document of doc_cp code points out of up to `most` random pieces: inserts
 * before, behind and inside deleted runs, at both ends, nothing at all. `ret` has been initialised
 * and is cleared first. */
void gen_op(struct rng *r, size_t doc_cp, size_t most, struct weft_op *ret);

/* From text such as "5 'x' -3": the notation of the tests for [5,"x",-3]. */
void op_of(struct weft_op *ret, const char *notation);

/* --- for the reader of a failure --- */

/* malloc'd JSON form, [5,"x",-3]; the caller frees it. */
char *op_json(const struct weft_op *op);

/* As a JSON string; what would not show is escaped. */
void text_print(FILE *f, const char *utf8, size_t len);

struct named_op {
    const char *name;         /* NULL ends a list */
    const struct weft_op *op; /* NULL: not printed */
};

/* Prints to stderr which claim broke, for which document and operations, and how to play just that
 * case again. `doc` may be NULL. */
void gen_report(const char *claim, uint64_t seed, const struct cps *doc,
                const struct named_op *ops);

#endif
