#include "room/retention.h"

#include "base/assert.h"
#include "base/pure.h"

void timeline_add(struct timeline *t, uint64_t rev, int64_t at_ms)
{
    if (t->n != 0) {
        const struct timeline_mark *last = &t->marks[t->n - 1];
        WEFT_ASSERT(rev >= last->rev);
        if (at_ms < last->at_ms)
            at_ms = last->at_ms;
        if (rev == last->rev)
            t->n--;
    }
    if (t->n == TIMELINE_MAX) {
        for (size_t i = 0; i < TIMELINE_MAX / 2; i++)
            t->marks[i] = t->marks[2 * i + 1];
        t->n = TIMELINE_MAX / 2;
    }
    t->marks[t->n++] = (struct timeline_mark){.rev = rev, .at_ms = at_ms};
}

void timeline_back_to(struct timeline *t, uint64_t rev)
{
    while (t->n != 0 && t->marks[t->n - 1].rev > rev)
        t->n--;
}

void timeline_trim(struct timeline *t, uint64_t rev)
{
    size_t gone = 0;
    while (gone < t->n && t->marks[gone].rev < rev)
        gone++;
    t->n -= gone;
    memmove(t->marks, t->marks + gone, t->n * sizeof t->marks[0]);
}

uint64_t retention_cut(const struct retention *keep, const struct timeline *t, uint64_t durable_rev,
                       int64_t now_ms)
{
    if (keep->revs == 0 && keep->ms == 0)
        return 0;
    for (size_t i = t->n; i > 0; i--) {
        const struct timeline_mark *m = &t->marks[i - 1];
        WEFT_ASSERT(m->rev <= durable_rev);
        if (keep->revs != 0 && durable_rev - m->rev < keep->revs)
            continue;
        if (keep->ms != 0 && (now_ms == 0 || m->at_ms > now_ms - keep->ms))
            continue;
        return m->rev;
    }
    return 0;
}

int64_t retention_round_ms(const struct retention *keep)
{
    enum { LEAST_MS = 60000, MOST_MS = 86400000, PARTS = 8 };
    if (keep->revs == 0 && keep->ms == 0)
        return 0;
    /* By revisions nothing changes in a room that nobody opens, but the setting may have. */
    if (keep->ms == 0 || keep->ms / PARTS > MOST_MS)
        return MOST_MS;
    return keep->ms / PARTS > LEAST_MS ? keep->ms / PARTS : LEAST_MS;
}
