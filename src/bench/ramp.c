#include "bench/ramp.h"

#include <stdlib.h>
#include <string.h>

enum { LONG_TRIES = 5 };

#define CLOSE_ENOUGH 1.05
#define LESS         1.1 /* for --seconds, after a try that was not held */
#define RATE_MOST    1e7 /* of all writers: no generator gets there */

static bool is_held(const struct report *r, const struct load_measured *m)
{
    const struct histogram *d = &m->times.delivery;
    double bound_ns = (double)r->o->ramp_p99_ms * 1e6;
    return m->taken && m->all.refused == 0 && m->times.lost == 0 && d->n != 0 &&
           (double)histogram_percentile(d, 99) <= bound_ns;
}

static void add_step(struct report *r, const struct load_measured *m, bool held)
{
    if (r->n_steps == REPORT_STEPS_MAX)
        return;
    r->steps[r->n_steps++] = (struct report_step){
        .offered = m->offered,
        .ops_per_s = m->use.seconds > 0 ? (double)m->window.acknowledged / m->use.seconds : 0,
        .p99_us = (double)histogram_percentile(&m->times.delivery, 99) / 1e3,
        .has_p99 = m->taken && m->times.delivery.n != 0,
        .held = held,
    };
}

struct ramp {
    struct load *l;
    struct report *r;
    struct load_measured *best; /* of the short steps */
    double held;                /* operations a second of each writer; 0: none yet */
    double not_held;
};

/* 1 held, 0 not, -1 the run is over. */
static int step(const struct ramp *p, double rate, double seconds, int tries)
{
    const struct load_step s = {
        .rate = rate, .warm_ms = p->r->o->warm_ms, .seconds = seconds, .give_up = true};
    while (tries-- > 0) {
        if (load_type(p->l, &s, &p->r->measured) != 0)
            return -1;
        bool held = is_held(p->r, &p->r->measured);
        add_step(p->r, &p->r->measured, held);
        if (held)
            return 1;
    }
    return 0;
}

static bool short_step(struct ramp *p, double rate, int tries)
{
    int got = step(p, rate, (double)p->r->o->step_ms / 1e3, tries);
    if (got > 0) {
        p->held = rate;
        memcpy(p->best, &p->r->measured, sizeof *p->best);
    } else {
        p->not_held = rate;
    }
    return got >= 0;
}

static bool long_steps(struct ramp *p)
{
    double rate = p->held;
    for (int i = 0; i < LONG_TRIES; i++, rate /= LESS) {
        int got = step(p, rate, p->r->o->seconds, 1);
        if (got != 0)
            return got > 0;
    }
    memcpy(&p->r->measured, p->best, sizeof *p->best);
    report_note(p->r, "nothing was held for %g s; what follows was, for %.1f s", p->r->o->seconds,
                p->best->use.seconds);
    return true;
}

static bool none_held(const struct report *r, char *why, size_t why_bytes)
{
    const struct report_step *last = &r->steps[r->n_steps - 1];
    char p99[40] = "nothing was delivered in time";
    if (last->has_p99)
        snprintf(p99, sizeof p99, "the p99 of deliveries was %.0f us", last->p99_us);
    snprintf(why, why_bytes,
             "not even %.0f op/s were held: %.0f were taken, and %s; begin with a lower --rate",
             last->offered, last->ops_per_s, p99);
    return false;
}

static bool search(struct ramp *p, char *why, size_t why_bytes)
{
    const struct options *o = p->r->o;
    for (double rate = o->rate; p->not_held <= 0 && load_total_rate(o, rate) <= RATE_MOST;
         rate *= 2)
        if (!short_step(p, rate, 2))
            return false;
    if (p->held <= 0)
        return none_held(p->r, why, why_bytes);
    while (p->not_held > p->held * CLOSE_ENOUGH)
        if (!short_step(p, (p->held + p->not_held) / 2, 1))
            return false;
    return long_steps(p);
}

bool ramp_run(struct load *l, struct report *r, char *why, size_t why_bytes)
{
    struct ramp p = {.l = l, .r = r, .best = malloc(sizeof *p.best)};
    *why = '\0';
    if (p.best == NULL)
        snprintf(why, why_bytes, "out of memory");
    bool found = p.best != NULL && search(&p, why, why_bytes);
    free(p.best);
    return found;
}
