/* ot/diff.h - the parts of weft_op_diff, and its bounds. diff.c opens with the idea. */
#ifndef OT_DIFF_H
#define OT_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/op.h>

#include "base/pure.h"

enum {
    /* Rounds of the first search. Two texts that differ in up to twice as many code points are told
     * apart exactly: 8 million steps, about 40 ms, and more edits than a person makes in an hour. */
    DIFF_ROUNDS = 2048,
    /* Rounds inside a stretch that the first search was not enough for, where a document of which
     * every line was changed costs about so many steps for each edit; and once more, before a
     * stretch is given up, rounds that see past a sentence or two put in its midst. */
    DIFF_ROUNDS_INSIDE = 128,
    DIFF_ROUNDS_STUCK = 512,
    /* A cut is made where the furthest way has kept three code points for two edits, so that it went
     * 4 places for each round. Texts that have nothing to do with one another stay far below. */
    DIFF_WORTH = 4,
    /* Lines that are compared as a whole, of both texts: 16 MiB of text at 30 code points a line. */
    DIFF_LINES_MAX = 1 << 20,
    /* A shorter line, such as one bracket, says nothing about its place. */
    DIFF_LINE_CP_MIN = 4,
    /* Places of change; each takes three components at most, which OP_PARTS_MAX can hold. */
    DIFF_HUNKS_MAX = 1 << 18,
    /* Longer middles are replaced whole; so sums of two places fit int32_t. */
    DIFF_CP_MAX = 1 << 30,
};

/* Steps of one comparison: a place looked at is one, and so are eight code points found equal.
 * A script of 2 * DIFF_ROUNDS edits takes half of the fixed part; the other, for each code point of
 * the middles, lets a long text be changed in many places. Together 0.1 s for a few megabytes.
 * Counted, because a clock would give two machines two results. */
#define DIFF_STEPS        ((uint64_t)1 << 24)
#define DIFF_STEPS_PER_CP 4

/* The two middles, as arrays of code points: bytes where both are ASCII. */
struct diff {
    const struct weft_alloc *alloc;
    const void *cp[2];
    uint32_t len[2];
    bool wide; /* uint32_t instead of uint8_t */
    uint64_t steps, steps_max;
};

/* Part of the first middle, x0 to x1, against part of the second, y0 to y1. */
struct diff_box {
    uint32_t x0, x1, y0, y1;
    uint32_t rounds;
    bool lines; /* whole lines have not been tried in vain */
};

struct diff_point {
    uint32_t x, y;
};

static inline uint32_t diff_cp(const struct diff *d, int side, uint32_t i)
{
    return d->wide ? ((const uint32_t *)d->cp[side])[i] : ((const uint8_t *)d->cp[side])[i];
}

/* Eight equal bytes are compared as one number. */
static inline uint64_t diff_load8(const void *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* --- diff_search.c --- */

/* Code points that are equal from x and y on, or in front of x and y; at most `most`. Counted. */
uint32_t diff_ahead(struct diff *d, uint32_t x, uint32_t y, uint32_t most);
uint32_t diff_behind(struct diff *d, uint32_t x, uint32_t y, uint32_t most);

enum { DIFF_FRONT_LEN = 2 * DIFF_ROUNDS + 3 };

/* The furthest place on each diagonal, from both ends. */
struct diff_fronts {
    int32_t ahead[DIFF_FRONT_LEN], back[DIFF_FRONT_LEN];
};

enum diff_outcome {
    DIFF_MET,  /* a shortest path goes through *ret */
    DIFF_FAR,  /* more edits than the rounds reach */
    DIFF_TIRED /* the steps are used up */
};

struct diff_found {
    struct diff_point met;
    /* After DIFF_FAR: the furthest place from the start and from the end that is worth a cut. */
    bool has_ahead, has_back;
    struct diff_point ahead, back;
};

/* Both sides of the box have something, and differ in their first and in their last code point. */
enum diff_outcome diff_search(struct diff *d, const struct diff_box *box,
                              struct diff_fronts *fronts, struct diff_found *ret);

/* --- diff_lines.c --- */

/* Places in the box where a line begins that both sides have exactly once, in order; none of two
 * that follow one another without a gap but the first. *ret is *ret_len of them, of *ret_cap that
 * the caller releases; NULL for none. */
WEFT_CHECKED int diff_lines(struct diff *d, const struct diff_box *box, struct diff_point **ret,
                            uint32_t *ret_len, uint32_t *ret_cap);

/* --- diff.c --- */

/* weft_op_diff, and how many steps it took. For tests. */
WEFT_CHECKED int diff_counted(const char *before, size_t before_bytes, const char *after,
                              size_t after_bytes, struct weft_op *ret, uint64_t *ret_steps);

#endif
