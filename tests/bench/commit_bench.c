/* What an acknowledgement costs above the sync it waits for, and how many operations share a commit.
 *
 * The first table: one operation in flight for each client, two clients to a room. The disk is probed
 * between the slices of the same run, in the same folder: bytes appended, then fdatasync, which has to
 * note the file's new length too; and bytes written over, then fdatasync, the least that a durable
 * acknowledgement takes. SQLite's log grows at first and is then written over.
 *
 * The second: as many operations a second as are asked for, while they can be had. Wants WEFT_BIN and
 * WEFT_BENCH_DATA as server_bench does. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "tools/lib/disk.h"
#include "tools/lib/metrics.h"
#include "tools/lib/process.h"
#include "tools/lib/swarm.h"

enum {
    REPEATS = 5,
    SLICES = 4,
    WARM_MS = 100, /* before each slice */
    SLICE_MS = 300,
    DISK_SAMPLES = 50, /* before each slice */
    PER_ROOM = 2,
    LOAD_CLIENTS = 100,
};

static const size_t crowds[] = {1, 8, 50};
static const double offers[] = {10, 100, 300, 1000, 3000, 10000, 20000, 30000};

enum { CROWDS = sizeof crowds / sizeof *crowds, OFFERS = sizeof offers / sizeof *offers };

struct figures {
    struct bench_figure ops_per_s, group, commits_per_s, commit_us;
    struct bench_figure append_p50, append_p99, over_p50, over_p99;
    struct bench_figure ack_p50, ack_p99, x_append, x_over;
};

static const char *folder;
static const char *weft;
static unsigned n_folders;

static struct process start(void)
{
    static char data[4096];
    snprintf(data, sizeof data, "%s/commit-%u", folder, n_folders++);
    const char *const argv[] = {
        weft, "serve",       "--host", "127.0.0.1",       "--port", "0", "--data",
        data, "--log-level", "error",  "--rate-messages", "0",      NULL};
    return process_serve(argv);
}

static void note(struct figures *f, const struct metrics *before, const struct metrics *after,
                 double seconds)
{
    double commits = after->commits - before->commits;
    if (commits <= 0)
        return;
    bench_add(&f->group, (after->records - before->records) / commits);
    bench_add(&f->commits_per_s, commits / seconds);
    bench_add(&f->commit_us, (after->commit_seconds - before->commit_seconds) * 1e6 / commits);
}

/* A fresh server, in slices. Commits are counted over all of them, warm-ups included. */
static void run(size_t clients, double offer, bool probe, struct figures *f)
{
    struct process server = start();
    struct swarm *swarm = swarm_new(&server, clients, PER_ROOM);
    struct swarm_load load = {.writers = clients,
                              .per_second = offer / (double)clients,
                              .warm_ms = WARM_MS,
                              .ms = SLICE_MS};
    struct swarm_joined joined;
    struct swarm_typed typed = {0};
    struct disk_samples disk = {0};
    swarm_join(swarm, clients, &joined);
    samples_done(&joined.join);
    struct metrics before = metrics_of(&server);
    uint64_t busy_ns = 0;
    for (int i = 0; i < SLICES; i++) {
        if (probe)
            disk_measure(folder, DISK_SAMPLES, &disk);
        uint64_t start_ns = bench_now_ns();
        swarm_type(swarm, &load, &typed);
        busy_ns += bench_now_ns() - start_ns;
    }
    struct metrics after = metrics_of(&server);
    swarm_free(swarm);
    process_stop(&server);

    note(f, &before, &after, (double)busy_ns / 1e9);
    double p50 = samples_us(&typed.ack, 50);
    double p99 = samples_us(&typed.ack, 99);
    bench_add(&f->ops_per_s, (double)typed.ops / typed.seconds);
    bench_add(&f->ack_p50, p50);
    bench_add(&f->ack_p99, p99);
    if (probe) {
        bench_add(&f->append_p50, samples_us(&disk.append, 50));
        bench_add(&f->append_p99, samples_us(&disk.append, 99));
        bench_add(&f->over_p50, samples_us(&disk.write, 50));
        bench_add(&f->over_p99, samples_us(&disk.write, 99));
        bench_add(&f->x_append, p50 / samples_us(&disk.append, 50));
        bench_add(&f->x_over, p50 / samples_us(&disk.write, 50));
    }
    samples_done(&typed.ack);
    samples_done(&typed.delivery);
    samples_done(&disk.append);
    samples_done(&disk.write);
}

/* "p50 / p99", medians. */
static const char *pair(const struct bench_figure *p50, const struct bench_figure *p99,
                        char cell[BENCH_CELL_BYTES])
{
    char a[BENCH_CELL_BYTES], b[BENCH_CELL_BYTES];
    snprintf(cell, BENCH_CELL_BYTES, "%.20s / %.20s", bench_number(bench_median(p50), a),
             bench_number(bench_median(p99), b));
    return cell;
}

static void print_acks(const struct figures f[CROWDS])
{
    static const char *const row = "%-8s %-15s %-15s %-18s %-21s %-18s %-18s %s\n";
    printf("an acknowledgement and the sync it waits for; us, n = %d fresh servers, median "
           "(least-most)\n",
           REPEATS);
    printf(
        "append: 100 bytes appended, fdatasync; over: 4 KiB written over, fdatasync, as in a log "
        "that is used again;\nboth between the slices of the same run\n");
    printf(row, "clients", "append p50/p99", "over p50/p99", "ack p50", "ack p99", "p50 x append",
           "p50 x over", "group");
    for (size_t i = 0; i < CROWDS; i++) {
        char c[8][BENCH_CELL_BYTES];
        snprintf(c[7], sizeof c[7], "%zu", crowds[i]);
        printf(row, c[7], pair(&f[i].append_p50, &f[i].append_p99, c[0]),
               pair(&f[i].over_p50, &f[i].over_p99, c[1]), bench_spread(&f[i].ack_p50, c[2]),
               bench_spread(&f[i].ack_p99, c[3]), bench_spread(&f[i].x_append, c[4]),
               bench_spread(&f[i].x_over, c[5]), bench_spread(&f[i].group, c[6]));
    }
}

static void print_groups(const struct figures f[OFFERS])
{
    printf(
        "\noperations in one commit, over load; %d clients, %d to a room, n = %d fresh servers\n",
        LOAD_CLIENTS, PER_ROOM, REPEATS);
    printf("%-9s %-20s %-18s %-10s %-10s %-10s %s\n", "offered/s", "operations/s", "group",
           "commits/s", "commit us", "ack p50", "ack p99");
    for (size_t i = 0; i < OFFERS; i++) {
        char c[6][BENCH_CELL_BYTES];
        printf("%-9.0f %-20s %-18s %-10s %-10s %-10s %s\n", offers[i],
               bench_spread(&f[i].ops_per_s, c[0]), bench_spread(&f[i].group, c[1]),
               bench_number(bench_median(&f[i].commits_per_s), c[2]),
               bench_number(bench_median(&f[i].commit_us), c[3]),
               bench_number(bench_median(&f[i].ack_p50), c[4]),
               bench_number(bench_median(&f[i].ack_p99), c[5]));
    }
}

int main(void)
{
    static struct figures acks[CROWDS], groups[OFFERS];
    folder = getenv("WEFT_BENCH_DATA");
    weft = getenv("WEFT_BIN");
    if (folder == NULL || weft == NULL) {
        fputs("commit_bench: WEFT_BIN and WEFT_BENCH_DATA are not set; run `make bench`\n", stderr);
        return 2;
    }
    process_raise_nofile();
    process_pin_apart();
    for (int i = 0; i < REPEATS; i++) {
        for (size_t k = 0; k < CROWDS; k++)
            run(crowds[k], 0, true, &acks[k]);
        for (size_t k = 0; k < OFFERS; k++)
            run(LOAD_CLIENTS, offers[k], false, &groups[k]);
    }
    print_acks(acks);
    print_groups(groups);
    return 0;
}
