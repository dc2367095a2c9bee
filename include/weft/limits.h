/* weft/limits.h - the bounds of what the library holds. What would pass one is WEFT_ELIMIT. */
#ifndef WEFT_LIMITS_H
#define WEFT_LIMITS_H

enum {
    /* The most code points of a document, of a position and of a count in an operation, and the
     * most bytes of text that one operation inserts: 2^31-1. It fits an int32 in every language that
     * talks about a document, and twice it still fits a uint32_t. */
    WEFT_CP_MAX = 0x7fffffff,

    /* The most components of one operation. Composing a busy day gives some thousands; the bound
     * is on the work that one transform can ask for. */
    WEFT_OP_PARTS_MAX = 1 << 20
};

#endif
