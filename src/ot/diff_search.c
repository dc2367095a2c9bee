/* ot/diff_search.c - the shortest way between two texts, from both ends at once.
 *
 * E. W. Myers, An O(ND) difference algorithm and its variations, Algorithmica 1986, in the form that
 * takes memory for the number of edits only.
 *
 *        b a n a        A way from the upper left to the lower right corner is a script: a step to
 *      +-+-+-+-+        the right deletes, a step down inserts, a slanted step keeps what is equal.
 *    n | |\| ...        Diagonal k holds the places with x - y = k. Round d extends the furthest
 *      +-+-+-+-+        places that d-1 edits reach by one edit and by all that is equal behind it;
 *
 * one front goes so from the start and one from the end. Where they meet on a diagonal, a shortest
 * way goes through. What is left and right of that place are two smaller problems of half the edits.
 *
 *     ahead[k]          largest x on diagonal k that d edits reach from the start; or NOWHERE_AHEAD
 *     back[k - delta]   smallest x on diagonal k that d edits reach from the end;  or NOWHERE_BACK
 *     delta = n - m     the diagonal of the end
 *
 * Once a front stands at the edge of the box, the diagonals beyond lead nowhere sooner, and are
 * left. Those between, lo to hi, all hold a place, as a shortest way goes over one of them. What one
 * that was left still holds is a place of earlier rounds. No front meets it: a way with fewer edits
 * would have been found earlier. Steps: rounds squared, and the equal code points passed.
 *
 * Which of several shortest ways is found is part of the contract, as the browser must find the same
 * one (docs/operations.md): the front from the start moves first, and in a round the diagonals go
 * from the highest to the lowest. That prefers to delete before it inserts. */
#include "base/assert.h"
#include "base/pure.h"
#include "ot/diff.h"

enum { NOWHERE_AHEAD = -2, NOWHERE_BACK = INT32_MAX };

/* Most places looked at are not equal: the first code point is compared here, before any loop. */
static inline uint32_t run_ahead(struct diff *d, uint32_t x, uint32_t y, uint32_t most)
{
    d->steps++;
    if (most == 0 || diff_cp(d, 0, x) != diff_cp(d, 1, y))
        return 0;
    uint32_t n = 1;
    if (d->wide) {
        const uint32_t *a = (const uint32_t *)d->cp[0] + x;
        const uint32_t *b = (const uint32_t *)d->cp[1] + y;
        while (n < most && a[n] == b[n])
            n++;
    } else {
        const uint8_t *a = (const uint8_t *)d->cp[0] + x;
        const uint8_t *b = (const uint8_t *)d->cp[1] + y;
        while (most - n >= 8 && diff_load8(a + n) == diff_load8(b + n))
            n += 8;
        while (n < most && a[n] == b[n])
            n++;
    }
    d->steps += n / 8;
    return n;
}

static inline uint32_t run_behind(struct diff *d, uint32_t x, uint32_t y, uint32_t most)
{
    d->steps++;
    if (most == 0 || diff_cp(d, 0, x - 1) != diff_cp(d, 1, y - 1))
        return 0;
    uint32_t n = 1;
    if (d->wide) {
        const uint32_t *a = (const uint32_t *)d->cp[0] + x;
        const uint32_t *b = (const uint32_t *)d->cp[1] + y;
        while (n < most && *(a - n - 1) == *(b - n - 1))
            n++;
    } else {
        const uint8_t *a = (const uint8_t *)d->cp[0] + x;
        const uint8_t *b = (const uint8_t *)d->cp[1] + y;
        while (most - n >= 8 && diff_load8(a - n - 8) == diff_load8(b - n - 8))
            n += 8;
        while (n < most && *(a - n - 1) == *(b - n - 1))
            n++;
    }
    d->steps += n / 8;
    return n;
}

uint32_t diff_ahead(struct diff *d, uint32_t x, uint32_t y, uint32_t most)
{
    return run_ahead(d, x, y, most);
}

uint32_t diff_behind(struct diff *d, uint32_t x, uint32_t y, uint32_t most)
{
    return run_behind(d, x, y, most);
}

/* One search. Places are counted from the corner of the box. */
struct search {
    struct diff *d;
    uint32_t x0, y0;
    int32_t n, m, delta, round;
    int32_t *ahead, *back; /* by diagonal; the middle of their arrays */
    int32_t ahead_lo, ahead_hi, back_lo, back_hi;
};

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static bool within(int32_t k, int32_t rounds)
{
    return k >= -rounds && k <= rounds;
}

static enum diff_outcome round_ahead(struct search *s, struct diff_point *ret)
{
    int32_t *at = s->ahead;
    const bool odd = (s->delta & 1) != 0;
    at[-s->round - 1] = NOWHERE_AHEAD;
    at[s->round + 1] = NOWHERE_AHEAD;
    s->ahead_lo--;
    s->ahead_hi++;
    for (int32_t k = s->ahead_hi; k >= s->ahead_lo; k -= 2) {
        int32_t x = at[k - 1] + 1 > at[k + 1] ? at[k - 1] + 1 : at[k + 1];
        const int32_t y = x - k;
        WEFT_SLOW_ASSERT(x >= 0);
        if (x > s->n) {
            s->ahead_hi = k - 2;
            continue;
        }
        if (y > s->m) {
            s->ahead_lo = k + 2;
            break;
        }
        x += (int32_t)run_ahead(s->d, s->x0 + (uint32_t)x, s->y0 + (uint32_t)y,
                                (uint32_t)least(s->n - x, s->m - y));
        at[k] = x;
        if (s->d->steps > s->d->steps_max)
            return DIFF_TIRED;
        if (odd && within(k - s->delta, s->round - 1) && x >= s->back[k - s->delta]) {
            *ret = (struct diff_point){s->x0 + (uint32_t)x, s->y0 + (uint32_t)(x - k)};
            return DIFF_MET;
        }
    }
    return DIFF_FAR;
}

static enum diff_outcome round_back(struct search *s, struct diff_point *ret)
{
    int32_t *at = s->back;
    const bool odd = (s->delta & 1) != 0;
    at[-s->round - 1] = NOWHERE_BACK;
    at[s->round + 1] = NOWHERE_BACK;
    s->back_lo--;
    s->back_hi++;
    for (int32_t i = s->back_hi; i >= s->back_lo; i -= 2) {
        const int32_t k = i + s->delta;
        int32_t x = least(at[i + 1] - 1, at[i - 1]);
        const int32_t y = x - k;
        WEFT_SLOW_ASSERT(x <= s->n);
        if (y < 0) {
            s->back_hi = i - 2;
            continue;
        }
        if (x < 0) {
            s->back_lo = i + 2;
            break;
        }
        x -= (int32_t)run_behind(s->d, s->x0 + (uint32_t)x, s->y0 + (uint32_t)y,
                                 (uint32_t)least(x, y));
        at[i] = x;
        if (s->d->steps > s->d->steps_max)
            return DIFF_TIRED;
        if (!odd && within(k, s->round) && s->ahead[k] >= x) {
            *ret = (struct diff_point){s->x0 + (uint32_t)x, s->y0 + (uint32_t)(x - k)};
            return DIFF_MET;
        }
    }
    return DIFF_FAR;
}

/* The furthest place of each front, if it was worth the way. Of equal ones that on the highest
 * diagonal. */
static void furthest(const struct search *s, struct diff_found *ret)
{
    const int64_t worth = (int64_t)DIFF_WORTH * s->round;
    int64_t best = worth - 1;
    ret->has_ahead = false;
    ret->has_back = false;
    for (int32_t k = s->ahead_hi; k >= s->ahead_lo; k -= 2) {
        const int32_t x = s->ahead[k];
        if (2 * (int64_t)x - k <= best)
            continue;
        best = 2 * (int64_t)x - k;
        ret->has_ahead = true;
        ret->ahead = (struct diff_point){s->x0 + (uint32_t)x, s->y0 + (uint32_t)(x - k)};
    }
    const int64_t best_ahead = best;
    best = worth - 1;
    for (int32_t i = s->back_hi; i >= s->back_lo; i -= 2) {
        const int32_t x = s->back[i];
        const int32_t k = i + s->delta;
        const int64_t way = (int64_t)s->n + s->m - (2 * (int64_t)x - k);
        if (way <= best)
            continue;
        best = way;
        ret->has_back = true;
        ret->back = (struct diff_point){s->x0 + (uint32_t)x, s->y0 + (uint32_t)(x - k)};
    }
    /* Two that passed one another do not fit into one script: the longer way counts. */
    if (ret->has_ahead && ret->has_back &&
        (ret->ahead.x > ret->back.x || ret->ahead.y > ret->back.y)) {
        ret->has_ahead = best_ahead >= best;
        ret->has_back = !ret->has_ahead;
    }
}

enum diff_outcome diff_search(struct diff *d, const struct diff_box *box,
                              struct diff_fronts *fronts, struct diff_found *ret)
{
    struct search s = {
        .d = d,
        .x0 = box->x0,
        .y0 = box->y0,
        .n = (int32_t)(box->x1 - box->x0),
        .m = (int32_t)(box->y1 - box->y0),
        .ahead = fronts->ahead + DIFF_ROUNDS + 1,
        .back = fronts->back + DIFF_ROUNDS + 1,
    };
    s.delta = s.n - s.m;
    s.ahead[0] = 0;
    s.back[0] = s.n;
    for (s.round = 1; s.round <= (int32_t)box->rounds; s.round++) {
        enum diff_outcome outcome = round_ahead(&s, &ret->met);
        if (outcome == DIFF_FAR)
            outcome = round_back(&s, &ret->met);
        if (outcome != DIFF_FAR)
            return outcome;
    }
    s.round--;
    furthest(&s, ret);
    return DIFF_FAR;
}
