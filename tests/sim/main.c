#include "sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

static const char HELP[] =
    "weft-sim - plays rooms, their clients and everything that can go wrong between them, in one\n"
    "thread, each from one seed. Stops at the first thing that is not as it must be: exit status 1,\n"
    "the sentence, the seed, and the case made small as a command that plays it again.\n"
    "\n"
    "  --seed N         the first seed; each simulation has one more (1, or WEFT_SEED)\n"
    "  --sims N         so many simulations (1 where a case is named, else as --edits)\n"
    "  --edits N        until so many edits have been typed (1,000,000)\n"
    "  --trace          tell every action, one a line, to stderr\n"
    "  --no-shrink      do not make a case that fails small\n"
    "  --record FILE    write what clients did and saw as lines of JSON (tests/sim/README.md)\n"
    "  --tap            the share of make check: 5,000,000 edits (WEFT_PERCENT of it), as TAP\n"
    "  --part N         with --tap: from other seeds, for a second process beside the first\n"
    "\n"
    "A case, as it is printed after a failure:\n"
    "  --clients N      only the first N of the clients the seed chose\n"
    "  --steps N        only the first N steps\n"
    "  --without A,B    without these actions and faults; `--without help` lists them\n"
    "  --keep 1,5,7-9   only these steps\n";

enum { TAP_EDITS = 5000000, TAP_CRASHES = 50000, TAP_CUTS = 500000, PART_SEEDS = 1000000000 };

struct options {
    struct sim_case play;
    uint64_t sims, edits;
    unsigned part;
    bool trace, shrink, tap, named;
    const char *record;
};

static struct world world; /* large */

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static _Noreturn void usage(const char *what, const char *found)
{
    fprintf(stderr, "weft-sim: %s: found \"%s\"; --help lists what there is\n", what, found);
    exit(2);
}

static uint64_t number(const char *s)
{
    char *end;
    errno = 0;
    uint64_t n = strtoull(s, &end, 10);
    if (*s < '0' || *s > '9' || *end != '\0' || errno != 0)
        usage("expected a number", s);
    return n;
}

static bool is_word(const char *s, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(s, word, len) == 0;
}

static void read_without(const char *list, struct sim_case *ret)
{
    for (const char *s = list; *s != '\0';) {
        size_t len = strcspn(s, ",");
        bool found = false;
        for (unsigned i = 0; i < DO_KINDS; i++)
            if (is_word(s, len, action_names[i])) {
                ret->without |= 1u << i;
                found = true;
            }
        for (unsigned i = 0; i < FAULT_KINDS; i++)
            if (is_word(s, len, fault_names[i])) {
                ret->without_fault |= 1u << i;
                found = true;
            }
        if (!found) {
            fprintf(stderr, "actions:");
            for (unsigned i = 0; i < DO_KINDS; i++)
                fprintf(stderr, " %s", action_names[i]);
            fprintf(stderr, "\nfaults:");
            for (unsigned i = 0; i < FAULT_KINDS; i++)
                fprintf(stderr, " %s", fault_names[i]);
            fprintf(stderr, "\n");
            exit(2);
        }
        s += len + (s[len] == ',');
    }
}

static void read_keep(const char *list, struct sim_case *ret)
{
    static uint8_t keep[STEPS_MAX];
    memset(keep, 0, sizeof keep);
    for (const char *s = list; *s != '\0';) {
        char *end;
        unsigned long from = strtoul(s, &end, 10);
        unsigned long to = from;
        if (*end == '-')
            to = strtoul(end + 1, &end, 10);
        if (end == s || (*end != ',' && *end != '\0') || from > to || to >= STEPS_MAX)
            usage("expected a list of steps such as 1,5,7-9", list);
        memset(keep + from, 1, to - from + 1);
        s = end + (*end == ',');
    }
    ret->keep = keep;
}

static void read_option(struct options *o, const char *name, const char *value)
{
    if (value == NULL)
        usage("expected a value behind it", name);
    o->named = o->named || strcmp(name, "--clients") == 0 || strcmp(name, "--steps") == 0 ||
               strcmp(name, "--without") == 0 || strcmp(name, "--keep") == 0;
    if (strcmp(name, "--seed") == 0)
        o->play.seed = number(value);
    else if (strcmp(name, "--sims") == 0)
        o->sims = number(value);
    else if (strcmp(name, "--edits") == 0)
        o->edits = number(value);
    else if (strcmp(name, "--part") == 0)
        o->part = (unsigned)number(value);
    else if (strcmp(name, "--clients") == 0)
        o->play.clients = (size_t)number(value);
    else if (strcmp(name, "--steps") == 0)
        o->play.steps = (size_t)number(value);
    else if (strcmp(name, "--without") == 0)
        read_without(value, &o->play);
    else if (strcmp(name, "--keep") == 0)
        read_keep(value, &o->play);
    else if (strcmp(name, "--record") == 0)
        o->record = value;
    else
        usage("an option that there is not", name);
}

static struct options read_options(int argc, char **argv)
{
    struct options o = {.play = {.seed = rng_seed()}, .shrink = true, .part = 1};
    for (int i = 1; i < argc; i++) {
        const char *s = argv[i];
        if (strcmp(s, "--help") == 0) {
            fputs(HELP, stdout);
            exit(0);
        } else if (strcmp(s, "--trace") == 0) {
            o.trace = true;
        } else if (strcmp(s, "--shrink") == 0 || strcmp(s, "--no-shrink") == 0) {
            o.shrink = strcmp(s, "--shrink") == 0;
        } else if (strcmp(s, "--tap") == 0) {
            o.tap = true;
        } else {
            read_option(&o, s, i + 1 < argc ? argv[i + 1] : NULL);
            i++;
        }
    }
    if (o.tap)
        o.edits = rng_cases(TAP_EDITS);
    o.play.seed += (o.part - 1) * (uint64_t)PART_SEEDS;
    if (o.sims == 0 && o.edits == 0) {
        o.sims = o.named || o.trace || o.record != NULL;
        o.edits = o.sims != 0 ? 0 : 1000000;
    }
    return o;
}

/* --- figures --- */

static void print_figures(const struct tally *t, double seconds, double busy_seconds)
{
    const struct {
        uint64_t n;
        const char *what;
    } lines[] = {
        {t->sims, "simulations"},
        {t->edits, "edits"},
        {t->records, "revisions logged"},
        {t->deliveries, "messages taken by clients"},
        {t->actions, "actions"},
        {t->cuts, "connections cut"},
        {t->reconnects, "sessions taken up again"},
        {t->resumed, "of them brought up to date without the text"},
        {t->diffs, "texts merged by difference"},
        {t->crashes, "crashes of the server"},
        {t->torn, "of them in the middle of a write"},
        {t->refused_shown, "refused commits found whole after a crash"},
        {t->failed, "commits that failed"},
        {t->unavailable, "operations put off"},
        {t->resent, "operations sent again"},
        {t->dups, "repeats suppressed"},
        {t->behind, "readers that fell behind"},
        {t->too_slow, "readers closed as too slow"},
        {t->trimmed, "histories trimmed"},
        {t->log_trimmed, "logs trimmed"},
        {t->gone, "operations against what was trimmed"},
        {t->doc_full, "operations that would have overfilled the text"},
        {t->opened, "rooms opened"},
        {t->evicted, "rooms evicted"},
        {t->snapshots, "snapshots"},
        {t->fetched, "reads of the log"},
        {t->wiped, "logs wiped"},
        {t->restored, "logs put back from a copy"},
        {t->repaired, "logs repaired"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        printf("# %10llu %s\n", (unsigned long long)lines[i].n, lines[i].what);
    printf("# %10.0f edits a second, %.0f a second of processor time\n", (double)t->edits / seconds,
           (double)t->edits / busy_seconds);
}

static bool proved(const struct tally *t)
{
    bool edits = rng_proved(t->edits, TAP_EDITS, "edits of people whose server crashes");
    bool crashes = rng_proved(t->crashes, TAP_CRASHES, "crashes of that server");
    bool cuts = rng_proved(t->cuts, TAP_CUTS, "connections cut");
    return edits && crashes && cuts;
}

/* --- playing --- */

#ifdef __SANITIZE_ADDRESS__
static void on_death(void)
{
    fprintf(stderr, "# the case it was found in, alone:\n");
    sim_print_command(&world.play);
}
#endif

static bool play_all(struct world *w, const struct options *o)
{
    struct sim_case play = o->play;
    double start = now_s(CLOCK_MONOTONIC);
    for (uint64_t n = 0; o->edits != 0 ? w->tally.edits < o->edits : n < o->sims; n++) {
        char why[256];
        if (!sim_play(w, &play, why, sizeof why)) {
            if (o->tap)
                printf("not ok 1 - %s\n", why);
            printf("# broken: %s\n# found after %.3f s and %llu simulations, at step %zu of:\n",
                   why, now_s(CLOCK_MONOTONIC) - start, (unsigned long long)w->tally.sims, w->step);
            sim_print_command(&play);
            fflush(stdout);
            if (o->shrink)
                sim_shrink(w, &play, why);
            return false;
        }
        play.seed++;
    }
    print_figures(&w->tally, now_s(CLOCK_MONOTONIC) - start, now_s(CLOCK_PROCESS_CPUTIME_ID));
    return true;
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    struct world *w = &world;
    w->trace = o.trace;
    if (o.tap)
        printf("1..1\n");
    if (o.record != NULL) {
        w->record = fopen(o.record, "w");
        if (w->record == NULL)
            usage("a file that can be written", o.record);
    }
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_set_death_callback(on_death);
#endif
    bool good = play_all(w, &o);
    if (good && o.tap) {
        good = proved(&w->tally);
        printf("%s 1 - everybody agrees, each edit counts once\n", good ? "ok" : "not ok");
    }
    if (w->record != NULL && fclose(w->record) != 0)
        usage("a file that can be written", o.record);
    return good ? 0 : 1;
}
