/* property/diff_golden.h - pairs of texts that need every part of the rules of weft_op_diff, made in
 * the same way in tests/web/diff.test.mjs, and one number for an operation. So C and JavaScript are
 * held to the same results. */
#ifndef PROPERTY_DIFF_GOLDEN_H
#define PROPERTY_DIFF_GOLDEN_H

#include <stdint.h>

#include <weft/op.h>

#include "support/gen.h"

struct golden {
    uint32_t first, letters; /* of the alphabet: where it starts, how many */
    uint32_t every, paste;   /* an edit about every so many; now and then some lines are put in */
    uint32_t lines;
};

enum { GOLDEN_SUM_START = 0x811c9dc5 };

static uint32_t golden_next(uint32_t *state, uint32_t below)
{
    *state = *state * 1103515245u + 12345u;
    return (*state >> 8) % below;
}

static void golden_line(const struct golden *g, uint32_t *state, struct cps *out)
{
    /* Some lines are short, and some are all the same. */
    const uint32_t len = golden_next(state, 8) == 0 ? 2 : 10 + golden_next(state, 40);
    const bool same = golden_next(state, 6) == 0;
    out->len = 0;
    for (uint32_t i = 0; i < len; i++)
        cps_push(out, g->first + (same ? i % 7 : golden_next(state, g->letters)));
    cps_push(out, '\n');
}

static void golden_texts(const struct golden *g, uint32_t state, struct cps side[2])
{
    struct cps line = {0};
    for (uint32_t i = 0; i < g->lines; i++) {
        golden_line(g, &state, &line);
        for (size_t k = 0; k < line.len; k++) {
            const uint32_t what = golden_next(&state, g->every);
            cps_push(&side[0], line.cp[k]);
            if (what == 0)
                cps_push(&side[1], g->first + golden_next(&state, g->letters));
            if (what > 1)
                cps_push(&side[1], line.cp[k]);
        }
        if (golden_next(&state, g->paste) == 0) {
            const uint32_t to = golden_next(&state, 2);
            for (uint32_t n = golden_next(&state, 12); n > 0; n--) {
                golden_line(g, &state, &line);
                cps_append(&side[to], &line);
            }
        }
    }
    cps_done(&line);
}

/* Of all components, going on from `sum`. */
static uint32_t golden_sum(uint32_t sum, const struct weft_op *op)
{
    size_t n;
    const struct weft_part *parts = weft_op_parts(op, &n);
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (parts[i].len_cp * 4 + (uint32_t)parts[i].kind)) * 0x01000193u;
    return sum;
}

#endif
