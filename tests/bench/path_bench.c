/* The way of an operation under the loads that decide how a server is to be made, and two servers
 * beside each other: WEFT_BIN and, where it is set, WEFT_BENCH_OLD, an older binary.
 *
 * The servers take turns, a fresh one with a fresh folder each time, and the ratio is that of the
 * same turn; so it holds on a machine with neighbours, where no absolute figure does. Arguments: the
 * names of cases; none: all. WEFT_BENCH_ROUNDS: how many turns. WEFT_BENCH_ALONE: without the relay. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "tools/lib/process.h"
#include "tools/lib/relay.h"
#include "tools/lib/swarm.h"

enum server_kind { RELAY, OLD, NEW, KINDS };

static const char *const kind_names[KINDS] = {"relay", "old", "new"};

struct shape {
    const char *name;
    const char *title;
    size_t clients;
    size_t per_room;
    const char *sync;
    struct swarm_load load; /* ms = 0: they join, that is all */
};

static const struct shape shapes[] = {
    {"pair",
     "2 people, one types, one operation after the other",
     2,
     2,
     "full",
     {.writers = 1, .warm_ms = 300, .ms = 1000}},
    {"pair-off", "the same, --sync off", 2, 2, "off", {.writers = 1, .warm_ms = 300, .ms = 1000}},
    {"meeting",
     "50 people, 5 type 20 a second",
     50,
     50,
     "full",
     {.writers = 5, .per_second = 20, .depth = 8, .warm_ms = 300, .ms = 2000}},
    {"hot",
     "200 people, 20 type, 32 operations in flight each",
     200,
     200,
     "full",
     {.writers = 20, .depth = 32, .warm_ms = 400, .ms = 1500}},
    {"brisk",
     "200 people, 20 type 100 a second",
     200,
     200,
     "full",
     {.writers = 20, .per_second = 100, .depth = 32, .warm_ms = 300, .ms = 1500}},
    {"rooms",
     "500 rooms of 4, each types 2 a second",
     2000,
     4,
     "full",
     {.writers = 2000, .per_second = 2, .depth = 8, .warm_ms = 500, .ms = 2000}},
    {"carets",
     "200 people, 195 move their carets 20 a second, 5 type 20 a second",
     200,
     200,
     "full",
     {.writers = 5,
      .per_second = 20,
      .depth = 8,
      .movers = 195,
      .moves_per_second = 20,
      .warm_ms = 300,
      .ms = 2000}},
    {"still",
     "200 people, 5 type 20 a second",
     200,
     200,
     "full",
     {.writers = 5, .per_second = 20, .depth = 8, .warm_ms = 300, .ms = 2000}},
    {"joins", "10,000 join, 4 to a room, 64 at once", 10000, 4, "full", {.ms = 0}},
    {"crowd", "1,000 join one room, 64 at once", 1000, 1000, "full", {.ms = 0}},
};

struct figures {
    struct bench_figure per_s, p50, p99, cpu, cpu_delivery, cursors;
};

static const char *folder;
static const char *binaries[KINDS];
static unsigned n_folders;

static struct process start(enum server_kind kind, const char *sync)
{
    static char data[4096];
    if (kind == RELAY)
        return process_fork(relay_serve);
    snprintf(data, sizeof data, "%s/path-%u", folder, n_folders++);
    const char *const argv[] = {binaries[kind],
                                "serve",
                                "--host",
                                "127.0.0.1",
                                "--port",
                                "0",
                                "--data",
                                data,
                                "--sync",
                                sync,
                                "--log-level",
                                "error",
                                "--rate-messages",
                                "0",
                                "--limit-per-address",
                                "100000",
                                "--limit-connections",
                                "100000",
                                "--limit-people",
                                "2000",
                                NULL};
    return process_serve(argv);
}

/* An operation is weighed by its delivery, where somebody else is there. */
static void run(enum server_kind kind, const struct shape *shape, struct figures *f)
{
    struct process server = start(kind, shape->sync);
    struct swarm *swarm = swarm_new(&server, shape->clients, shape->per_room);
    struct swarm_joined joined;
    swarm_join(swarm, 64, &joined);
    if (shape->load.ms == 0) {
        bench_add(&f->per_s, (double)shape->clients / joined.seconds);
        bench_add(&f->p50, samples_us(&joined.join, 50));
        bench_add(&f->p99, samples_us(&joined.join, 99));
        bench_add(&f->cpu, joined.cpu_us / (double)shape->clients);
        bench_add(&f->cpu_delivery, 0);
        bench_add(&f->cursors, 0);
    } else {
        struct swarm_typed typed = {0};
        swarm_type(swarm, &shape->load, &typed);
        bench_add(&f->per_s, (double)typed.ops / typed.seconds);
        bench_add(&f->p50, samples_us(&typed.delivery, 50));
        bench_add(&f->p99, samples_us(&typed.delivery, 99));
        bench_add(&f->cpu, typed.cpu_us / (double)(typed.ops + (typed.ops == 0)));
        bench_add(&f->cpu_delivery,
                  typed.cpu_us / (double)(typed.deliveries + (typed.deliveries == 0)));
        bench_add(&f->cursors, (double)typed.cursors / typed.seconds);
        samples_done(&typed.ack);
        samples_done(&typed.delivery);
    }
    samples_done(&joined.join);
    swarm_free(swarm);
    process_stop(&server);
}

/* Within each turn. */
static double ratio(const struct bench_figure *a, const struct bench_figure *b)
{
    struct bench_figure r = {0};
    for (size_t i = 0; i < a->n && i < b->n; i++)
        bench_add(&r, b->values[i] != 0 ? a->values[i] / b->values[i] : 0);
    return bench_median(&r);
}

static void print_ratios(const char *title, const struct figures *a, const struct figures *b)
{
    printf("%-12s %-22.2f %-22.2f %-22.2f %-20.2f %.2f\n", title, ratio(&a->per_s, &b->per_s),
           ratio(&a->p50, &b->p50), ratio(&a->p99, &b->p99), ratio(&a->cpu, &b->cpu),
           ratio(&a->cpu_delivery, &b->cpu_delivery));
}

static void measure(const struct shape *shape, int rounds)
{
    struct figures f[KINDS];
    char cell[6][BENCH_CELL_BYTES];
    memset(f, 0, sizeof f);
    for (int i = 0; i < rounds; i++)
        for (int kind = 0; kind < KINDS; kind++)
            if (kind == RELAY ? shape->load.movers == 0 && getenv("WEFT_BENCH_ALONE") == NULL
                              : binaries[kind] != NULL)
                run((enum server_kind)kind, shape, &f[kind]);
    printf("\n%s: %s (--sync %s)\n%-12s %-22s %-22s %-22s %-20s %-12s %s\n", shape->name,
           shape->title, shape->sync, "server", "ops/s", "p50 us", "p99 us", "cpu us/op",
           "cpu us/deliv", "carets/s");
    for (int kind = 0; kind < KINDS; kind++)
        if (f[kind].per_s.n != 0)
            printf("%-12s %-22s %-22s %-22s %-20s %-12s %s\n", kind_names[kind],
                   bench_spread(&f[kind].per_s, cell[0]), bench_spread(&f[kind].p50, cell[1]),
                   bench_spread(&f[kind].p99, cell[2]), bench_spread(&f[kind].cpu, cell[3]),
                   bench_number(bench_median(&f[kind].cpu_delivery), cell[4]),
                   bench_number(bench_median(&f[kind].cursors), cell[5]));
    if (f[OLD].per_s.n != 0)
        print_ratios("new / old", &f[NEW], &f[OLD]);
    if (f[RELAY].per_s.n != 0)
        print_ratios("new / relay", &f[NEW], &f[RELAY]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *n = getenv("WEFT_BENCH_ROUNDS");
    int rounds = n != NULL ? atoi(n) : 3;
    folder = getenv("WEFT_BENCH_DATA");
    binaries[NEW] = getenv("WEFT_BIN");
    binaries[OLD] = getenv("WEFT_BENCH_OLD");
    if (folder == NULL || binaries[NEW] == NULL) {
        fputs("path_bench: WEFT_BIN and WEFT_BENCH_DATA are not set; run `make bench`\n", stderr);
        return 2;
    }
    process_raise_nofile();
    process_pin_apart();
    printf("operations delivered to others; medians of %d fresh servers (least-most)\n", rounds);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        bool asked = argc < 2;
        for (int k = 1; k < argc; k++)
            asked = asked || strcmp(argv[k], shapes[i].name) == 0;
        if (asked)
            measure(&shapes[i], rounds);
    }
    return 0;
}
