/* More event loops, --workers: what they give, and what they cost where they give nothing.
 *
 * The servers take turns, a fresh one with a fresh folder each time, and every figure is also shown as
 * a ratio to --workers 1 of the same turn. Clients and servers share the machine's cores, so on a
 * machine of two cores there is no core for a second loop: the ratio then says what it costs.
 *
 *     WEFT_BENCH_WORKERS="1 2 4"   the numbers of loops, the first one is what the others are held to
 *     WEFT_BENCH_OLD=path          one more server, of another build, with no flag of this kind
 *     WEFT_BENCH_ONLY=join         of the cases, those with this in their title
 *
 * Wants WEFT_BIN and WEFT_BENCH_DATA as server_bench does. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "tools/lib/process.h"
#include "tools/lib/swarm.h"

enum {
    REPEATS = 5,
    SERVERS_MAX = 9,
    SLICES = 3,
    WARM_MS = 100,
    SLICE_MS = 400,
    IDLE = 4000, /* connections of the joining */
    WINDOW = 64,
};

struct server {
    const char *name;
    const char *path;
    const char *workers; /* NULL: no such flag */
};

struct shape {
    const char *title;
    size_t clients;
    size_t per_room;
    size_t writers; /* 0: they only join */
    bool synced;
};

static const struct shape shapes[] = {
    {"40 rooms of 5, all write, sync full", 200, 5, 200, true},
    {"40 rooms of 5, all write, sync off", 200, 5, 200, false},
    {"1 room of 50, all write, sync full", 50, 50, 50, true},
    {"1 client, one operation after the other, sync full", 1, 1, 1, true},
    {"1 client, one operation after the other, sync off", 1, 1, 1, false},
    {"4,000 join, four to a room", IDLE, 4, 0, false},
};

struct figures {
    struct bench_figure per_s, p50, p99, cpu;
    struct bench_figure x_per_s, x_p50, x_p99, x_cpu;
};

struct values {
    double per_s, p50, p99, cpu;
};

static const char *folder;
static unsigned n_folders;
static struct server servers[SERVERS_MAX];
static size_t n_servers;

static struct process start(const struct server *s, bool synced)
{
    static char data[4096];
    snprintf(data, sizeof data, "%s/workers-%u", folder, n_folders++);
    const char *argv[] = {s->path,
                          "serve",
                          "--port",
                          "0",
                          "--data",
                          data,
                          "--sync",
                          synced ? "full" : "off",
                          "--log-level",
                          "error",
                          "--rate-messages",
                          "0",
                          "--limit-per-address",
                          "100000",
                          s->workers != NULL ? "--workers" : NULL,
                          s->workers,
                          NULL};
    return process_serve(argv);
}

static struct values type(const struct process *server, const struct shape *shape)
{
    struct swarm *swarm = swarm_new(server, shape->clients, shape->per_room);
    struct swarm_load load = {.writers = shape->writers, .warm_ms = WARM_MS, .ms = SLICE_MS};
    struct swarm_typed typed = {0};
    struct swarm_joined joined;
    swarm_join(swarm, shape->clients < WINDOW ? shape->clients : WINDOW, &joined);
    samples_done(&joined.join);
    for (int i = 0; i < SLICES; i++)
        swarm_type(swarm, &load, &typed);
    swarm_free(swarm);
    struct values v = {.per_s = (double)typed.ops / typed.seconds,
                       .p50 = samples_us(&typed.ack, 50),
                       .p99 = samples_us(&typed.ack, 99),
                       .cpu = typed.cpu_us / (double)(typed.ops + (typed.ops == 0))};
    samples_done(&typed.ack);
    samples_done(&typed.delivery);
    return v;
}

static struct values join(const struct process *server, const struct shape *shape)
{
    struct swarm *swarm = swarm_new(server, shape->clients, shape->per_room);
    struct swarm_joined joined;
    swarm_join(swarm, WINDOW, &joined);
    swarm_free(swarm);
    struct values v = {.per_s = (double)shape->clients / joined.seconds,
                       .p50 = samples_us(&joined.join, 50),
                       .p99 = samples_us(&joined.join, 99),
                       .cpu = joined.cpu_us / (double)shape->clients};
    samples_done(&joined.join);
    return v;
}

static void print(const struct figures *f, const char *name)
{
    char cell[8][BENCH_CELL_BYTES];
    printf("%-12s %-24s %8s %8s %8s  %-18s %-18s %-18s\n", name, bench_spread(&f->per_s, cell[0]),
           bench_number(bench_median(&f->p50), cell[1]),
           bench_number(bench_median(&f->p99), cell[2]),
           bench_number(bench_median(&f->cpu), cell[3]), bench_spread(&f->x_per_s, cell[4]),
           bench_spread(&f->x_p50, cell[5]), bench_spread(&f->x_cpu, cell[6]));
}

static void measure(const struct shape *shape)
{
    static struct figures f[SERVERS_MAX];
    memset(f, 0, sizeof f);
    for (int i = 0; i < REPEATS; i++) {
        struct values first = {0};
        for (size_t k = 0; k < n_servers; k++) {
            struct process server = start(&servers[k], shape->synced);
            struct values v = shape->writers != 0 ? type(&server, shape) : join(&server, shape);
            process_stop(&server);
            if (k == 0)
                first = v;
            bench_add(&f[k].per_s, v.per_s);
            bench_add(&f[k].p50, v.p50);
            bench_add(&f[k].p99, v.p99);
            bench_add(&f[k].cpu, v.cpu);
            bench_add(&f[k].x_per_s, v.per_s / first.per_s);
            bench_add(&f[k].x_p50, v.p50 / first.p50);
            bench_add(&f[k].x_cpu, v.cpu / first.cpu);
        }
    }
    printf("\n%s\n%-12s %-24s %8s %8s %8s  %-18s %-18s %-18s\n", shape->title, "server",
           shape->writers != 0 ? "ops/s" : "joins/s", "p50", "p99", "cpu", "x per s", "x p50",
           "x cpu");
    for (size_t k = 0; k < n_servers; k++)
        print(&f[k], servers[k].name);
    fflush(stdout);
}

int main(void)
{
    static char words[256];
    static char names[SERVERS_MAX][32];
    const char *old = getenv("WEFT_BENCH_OLD");
    const char *weft = getenv("WEFT_BIN");
    const char *list = getenv("WEFT_BENCH_WORKERS");
    const char *only = getenv("WEFT_BENCH_ONLY");
    folder = getenv("WEFT_BENCH_DATA");
    if (folder == NULL || weft == NULL) {
        fputs("workers_bench: WEFT_BIN and WEFT_BENCH_DATA are not set; run `make bench`\n",
              stderr);
        return 2;
    }
    snprintf(words, sizeof words, "%s", list != NULL ? list : "1 2");
    for (char *at = strtok(words, " "); at != NULL && n_servers + 1 < SERVERS_MAX;
         at = strtok(NULL, " ")) {
        snprintf(names[n_servers], sizeof names[0], "workers %.8s", at);
        servers[n_servers] = (struct server){names[n_servers], weft, at};
        n_servers++;
    }
    if (old != NULL)
        servers[n_servers++] = (struct server){"old", old, NULL};
    process_raise_nofile();
    printf(
        "one operation of one character in flight for each writer; times and processor time of an "
        "operation\n(or a join) in us; n = %d fresh servers of %.1f s each, medians, with "
        "(least-most); x: against\nthe first of the same turn\n",
        REPEATS, SLICES * SLICE_MS / 1000.0);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (only == NULL || strstr(shapes[i].title, only) != NULL)
            measure(&shapes[i]);
    return 0;
}
