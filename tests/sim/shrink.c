/* A case that failed, made small. Everything is tried as long as it still fails, in the order of what
 * it takes away: steps from the end, clients, kinds of faults, kinds of actions, and then single
 * steps, in stretches that get shorter. What it fails with may change on the way. */
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SHRINK_SECONDS = 20, WHY_BYTES = 256 };

struct shrink {
    struct world *w;
    struct sim_case best;
    uint8_t keep[STEPS_MAX];
    char why[WHY_BYTES];
    time_t until;
};

static bool time_is_up(const struct shrink *s)
{
    return time(NULL) >= s->until;
}

static bool still_fails(struct shrink *s, const struct sim_case *play)
{
    char why[WHY_BYTES];
    if (sim_play(s->w, play, why, sizeof why))
        return false;
    memcpy(s->why, why, sizeof why);
    return true;
}

static bool try_it(struct shrink *s, struct sim_case play)
{
    if (time_is_up(s) || !still_fails(s, &play))
        return false;
    s->best = play;
    return true;
}

static void fewer_steps(struct shrink *s)
{
    struct sim_case play = s->best;
    for (size_t cut = s->best.steps / 2; cut > 0; cut /= 2)
        while (cut < s->best.steps) {
            play.steps = s->best.steps - cut;
            if (!try_it(s, play))
                break;
        }
}

static void fewer_clients(struct shrink *s)
{
    struct sim_case play = s->best;
    for (size_t n = 1; n < s->w->swarm.n_clients; n++) {
        play.clients = n;
        if (try_it(s, play))
            return;
    }
}

static void fewer_kinds(struct shrink *s)
{
    for (unsigned i = 0; i < FAULT_KINDS; i++) {
        struct sim_case play = s->best;
        play.without_fault |= 1u << i;
        (void)try_it(s, play);
    }
    for (unsigned i = 0; i < DO_KINDS; i++) {
        struct sim_case play = s->best;
        play.without |= 1u << i;
        (void)try_it(s, play);
    }
}

static size_t list_kept(const struct shrink *s, size_t *steps)
{
    size_t n = 0;
    for (size_t i = 1; i <= s->best.steps; i++)
        if (s->keep[i])
            steps[n++] = i;
    return n;
}

static void fewer_actions(struct shrink *s)
{
    static size_t steps[STEPS_MAX];
    if (s->best.keep != NULL)
        memcpy(s->keep, s->best.keep, sizeof s->keep);
    else
        memset(s->keep, 1, sizeof s->keep);
    s->best.keep = s->keep;
    for (size_t stretch = s->best.steps / 2; stretch > 0; stretch /= 2) {
        size_t n = list_kept(s, steps);
        for (size_t at = n; at > 0 && !time_is_up(s);) {
            size_t from = at > stretch ? at - stretch : 0;
            for (size_t i = from; i < at; i++)
                s->keep[steps[i]] = 0;
            if (!still_fails(s, &s->best))
                for (size_t i = from; i < at; i++)
                    s->keep[steps[i]] = 1;
            at = from;
        }
    }
}

static void print_names(uint32_t bits, const char *const *names, size_t n, bool *first)
{
    for (size_t i = 0; i < n; i++)
        if ((bits & 1u << i) != 0) {
            printf("%s%s", *first ? " --without " : ",", names[i]);
            *first = false;
        }
}

static void print_keep(const struct sim_case *play)
{
    bool first = true;
    for (size_t i = 1; i <= play->steps; i++) {
        size_t end = i;
        if (!play->keep[i])
            continue;
        while (end < play->steps && play->keep[end + 1])
            end++;
        printf("%s%zu", first ? " --keep " : ",", i);
        if (end > i)
            printf("-%zu", end);
        first = false;
        i = end;
    }
    if (first)
        printf(" --keep 0"); /* settling alone fails */
}

void sim_print_command(const struct sim_case *play)
{
    bool first = true;
    printf("#   weft-sim --sims 1 --seed %llu", (unsigned long long)play->seed);
    if (play->steps != 0)
        printf(" --steps %zu", play->steps);
    if (play->clients != 0)
        printf(" --clients %zu", play->clients);
    print_names(play->without_fault, fault_names, FAULT_KINDS, &first);
    print_names(play->without, action_names, DO_KINDS, &first);
    if (play->keep != NULL)
        print_keep(play);
    printf(" --trace\n");
    fflush(stdout);
}

void sim_shrink(struct world *w, const struct sim_case *failed, const char *why)
{
    static struct shrink s;
    static char trail[TRAIL_MAX][120];
    bool trace = w->trace;
    s = (struct shrink){.w = w, .best = *failed, .until = time(NULL) + SHRINK_SECONDS};
    w->trace = false;
    snprintf(s.why, sizeof s.why, "%s", why);
    size_t steps = w->swarm.steps;
    if (s.best.steps == 0 || s.best.steps > steps)
        s.best.steps = w->step < steps ? w->step : steps;
    struct sim_case play = s.best;
    if (!still_fails(&s, &play)) {
        printf("# played again it does not fail: what it depends on is not its seed alone\n");
        return;
    }
    fewer_steps(&s);
    fewer_clients(&s);
    fewer_kinds(&s);
    fewer_actions(&s);
    w->trail = trail;
    (void)still_fails(&s, &s.best);
    size_t n = w->n_trail;
    printf("# as small as it could be made: %s\n", s.why);
    sim_print_command(&s.best);
    if (n > TRAIL_MAX)
        printf("#   ... %zu lines before\n", n - TRAIL_MAX);
    for (size_t i = n > TRAIL_MAX ? n - TRAIL_MAX : 0; i < n; i++)
        printf("#   %s\n", trail[i % TRAIL_MAX]);
    fflush(stdout);
    w->trail = NULL;
    w->trace = trace;
}
