/* What a connection that only sits there costs: 10,000 WebSockets, four to a room, nobody types.
 *
 * Memory is the server's resident set, before the first connection and when the last welcome has
 * come; what the kernel keeps for a socket is not in it. The floor is the relay of tools/lib/relay.h
 * in the same run. Wants WEFT_BIN and WEFT_BENCH_DATA as server_bench does. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "tools/lib/process.h"
#include "tools/lib/relay.h"
#include "tools/lib/swarm.h"

enum {
    REPEATS = 3,
    CONNECTIONS = 10000,
    PER_ROOM = 4,
    WINDOW = 64,
    SPARE_FDS = 200,
    REST_MS = 1000,
};

struct figures {
    struct bench_figure bytes, rss_mib, joins_per_s, join_p50, join_p99, cpu_join, cpu_idle;
};

static const char *folder;
static const char *weft;
static unsigned n_folders;

static struct process start(bool is_relay)
{
    static char data[4096];
    if (is_relay)
        return process_fork(relay_serve);
    snprintf(data, sizeof data, "%s/idle-%u", folder, n_folders++);
    const char *const argv[] = {weft,
                                "serve",
                                "--host",
                                "127.0.0.1",
                                "--port",
                                "0",
                                "--data",
                                data,
                                "--log-level",
                                "error",
                                "--limit-per-address",
                                "100000",
                                "--limit-connections",
                                "100000",
                                NULL};
    return process_serve(argv);
}

/* Nobody says anything for a second. */
static double rest_cpu_us(const struct process *server)
{
    struct timespec rest = {.tv_sec = REST_MS / 1000};
    double cpu_us = process_cpu_us(server);
    nanosleep(&rest, NULL); /* the second is what is measured */
    return process_cpu_us(server) - cpu_us;
}

static void run(bool is_relay, size_t n, struct figures *f)
{
    struct process server = start(is_relay);
    struct swarm *first = swarm_new(&server, 1, 1); /* what is made once is made */
    struct swarm_joined joined;
    swarm_join(first, 1, &joined);
    samples_done(&joined.join);
    double before = process_rss_bytes(&server);
    struct swarm *swarm = swarm_new(&server, n, PER_ROOM);
    swarm_join(swarm, WINDOW, &joined);
    double idle_us = rest_cpu_us(&server);
    double after = process_rss_bytes(&server);
    bench_add(&f->bytes, (after - before) / (double)n);
    bench_add(&f->rss_mib, after / (1 << 20));
    bench_add(&f->joins_per_s, (double)n / joined.seconds);
    bench_add(&f->join_p50, samples_us(&joined.join, 50));
    bench_add(&f->join_p99, samples_us(&joined.join, 99));
    bench_add(&f->cpu_join, joined.cpu_us / (double)n);
    bench_add(&f->cpu_idle, idle_us / 1000 * (1000.0 / REST_MS));
    samples_done(&joined.join);
    swarm_free(swarm);
    swarm_free(first);
    process_stop(&server);
}

static void print(const char *name, const struct figures *f)
{
    char cell[7][BENCH_CELL_BYTES];
    printf("%-7s %-20s %9s %-22s %9s %9s %-18s %8s\n", name, bench_spread(&f->bytes, cell[0]),
           bench_number(bench_median(&f->rss_mib), cell[1]), bench_spread(&f->joins_per_s, cell[2]),
           bench_number(bench_median(&f->join_p50), cell[3]),
           bench_number(bench_median(&f->join_p99), cell[4]), bench_spread(&f->cpu_join, cell[5]),
           bench_number(bench_median(&f->cpu_idle), cell[6]));
}

int main(void)
{
    folder = getenv("WEFT_BENCH_DATA");
    weft = getenv("WEFT_BIN");
    if (folder == NULL || weft == NULL) {
        fputs("idle_bench: WEFT_BIN and WEFT_BENCH_DATA are not set; run `make bench`\n", stderr);
        return 2;
    }
    unsigned long fds = process_raise_nofile();
    process_pin_apart();
    size_t n = CONNECTIONS;
    if (fds < CONNECTIONS + SPARE_FDS) {
        n = fds > 2 * SPARE_FDS ? (size_t)fds - SPARE_FDS : SPARE_FDS;
        printf("only %lu descriptors here: %zu connections instead of %d\n", fds, n, CONNECTIONS);
    }
    struct figures relay = {0}, ours = {0};
    for (int i = 0; i < REPEATS; i++) {
        run(true, n, &relay);
        run(false, n, &ours);
    }
    printf("%zu idle WebSockets, %d to a room, %d joining at once; n = %d fresh servers\n", n,
           PER_ROOM, WINDOW, REPEATS);
    printf("%-7s %-20s %9s %-22s %9s %9s %-18s %8s\n", "server", "bytes/connection", "RSS MiB",
           "joins/s", "join p50", "p99 us", "cpu us/join", "idle ms/s");
    print("relay", &relay);
    print("weft", &ours);
    return 0;
}
