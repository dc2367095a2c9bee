/* support/script.h - random cases of operations that can be made smaller.
 *
 * A script says what the operations of one case are in a form of which any piece may be taken away:
 * a document, and for each operation a list of pieces. Where a piece asks for more than is left of
 * the document it gets what is left, so that every script is a valid case. A law that breaks is
 * played again and again with less, as long as it still breaks; the smallest is printed.
 *
 *     static bool play_law(const struct script *s)
 *     {
 *         script_op(s, 0, doc_cp, &a);
 *         ...
 *         return SCRIPT_LAW(s, weft_op_equal(&x, &y), "law 4: ...", {"a", &a}, {"b", &b});
 *     }
 *
 *     script_play(&(struct script_kind){...}, cases, play_law);
 *
 * A failed assertion in what is tested counts as broken, too (support/trap.h). */
#ifndef SUPPORT_SCRIPT_H
#define SUPPORT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/op.h>

#include "support/gen.h"

enum { SCRIPT_OPS_MOST = 65, SCRIPT_PIECES_MOST = 10, SCRIPT_DOC_CP_MOST = 24 };

struct script_piece {
    uint8_t kind; /* enum weft_kind */
    uint8_t n_cp;
    uint8_t letter; /* of an insert: the first; the others follow in the alphabet */
};

struct script {
    uint64_t seed;   /* also decides what is not made smaller, such as brackets */
    bool wide;       /* code points of one to four bytes; else ASCII alone */
    uint8_t doc_cp;  /* code points in the document */
    uint8_t n_ops;   /* used ones */
    bool is_telling; /* print what broke */
    struct script_op {
        uint8_t base; /* how far the author is behind, for laws that ask */
        uint8_t n;
        struct script_piece pieces[SCRIPT_PIECES_MOST];
    } ops[SCRIPT_OPS_MOST];
};

/* What scripts of a law look like. */
struct script_kind {
    uint8_t ops_least, ops_most;
    bool ops_mostly_few; /* seven of ten have at most eight */
};

/* Plays so many cases from rng_seed() on, each with a seed of its own. Returns how many held: all,
 * or fewer after one was printed. */
size_t script_play(const struct script_kind *kind, size_t cases,
                   bool (*play)(const struct script *s));

/* The document; `ret` keeps its memory. */
void script_doc(const struct script *s, struct cps *ret);
/* Operation i, written against a document of doc_cp code points. */
void script_op(const struct script *s, size_t i, size_t doc_cp, struct weft_op *ret);

/* `holds`; prints the claim with document and operations when it does not and the script is the one
 * to be told. */
bool script_law(const struct script *s, bool holds, const char *claim, const struct named_op *ops);
#define SCRIPT_LAW(s, holds, claim, ...)                                                           \
    script_law(s, holds, claim, (const struct named_op[]){__VA_ARGS__, {NULL, NULL}})

#endif
