#include "bench/ramp.h"

#include <string.h>

enum { RETRIES = 1, LONG_TRIES = 4 };

#define CLOSE_ENOUGH 1.05
#define TAKEN        0.95
#define RATE_MOST    1e7 /* of all writers: no generator gets there */

bool ramp_is_taken(const struct load_measured *m)
{
    double due = (double)m->window.due;
    return !m->gave_up && (m->offered <= 0 || (double)m->window.acknowledged >= TAKEN * due);
}

static bool is_held(const struct report *r, const struct load_measured *m)
{
    const struct histogram *d = &m->times.delivery;
    double bound_ns = (double)r->o->ramp_p99_ms * 1e6;
    return ramp_is_taken(m) && m->all.refused == 0 && m->times.lost == 0 && d->n != 0 &&
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
        .has_p99 = m->times.delivery.n != 0,
        .held = held,
    };
}

/* 1 held, 0 not, -1 the run is over. The rate is of one writer. */
static int step(struct load *l, struct report *r, double rate, double seconds)
{
    const struct load_step s = {
        .rate = rate, .warm_ms = r->o->warm_ms, .seconds = seconds, .give_up = true};
    for (int i = 0; i <= RETRIES; i++) {
        if (load_type(l, &s, &r->measured) != 0)
            return -1;
        bool held = is_held(r, &r->measured);
        add_step(r, &r->measured, held);
        if (held)
            return 1;
    }
    return 0;
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

bool ramp_run(struct load *l, struct report *r, char *why, size_t why_bytes)
{
    double seconds = (double)r->o->step_ms / 1e3;
    double held = 0;
    double not_held = 0;
    double rate = r->o->rate;
    int got = 0;
    *why = '\0';
    while (not_held <= 0 && load_total_rate(r->o, rate) <= RATE_MOST) {
        got = step(l, r, rate, seconds);
        if (got < 0)
            return false;
        *(got > 0 ? &held : &not_held) = rate;
        rate *= 2;
    }
    if (held <= 0)
        return none_held(r, why, why_bytes);
    while (not_held > held * CLOSE_ENOUGH) {
        rate = (held + not_held) / 2;
        got = step(l, r, rate, seconds);
        if (got < 0)
            return false;
        *(got > 0 ? &held : &not_held) = rate;
    }
    for (int i = 0; i < LONG_TRIES; i++) {
        got = step(l, r, held, r->o->seconds);
        if (got < 0)
            return false;
        if (got > 0)
            return true;
        held /= CLOSE_ENOUGH;
    }
    snprintf(why, why_bytes, "%.0f op/s were held for %.1f s, but no rate near it for %g s",
             load_total_rate(r->o, held), seconds, r->o->seconds);
    return false;
}
