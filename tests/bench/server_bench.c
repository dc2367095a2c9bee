/* A real server on a real disk, and the floors under it, from one run.
 *
 *     relay   the floor of sockets: tools/lib/relay.h, with the same clients
 *     disk    the floor of a durable acknowledgement: fdatasync of 100 bytes appended to a file
 *
 * Each case runs REPEATS times on a fresh server with a fresh data folder, and the servers take
 * turns (relay, sync off, sync full), so that a noisy minute falls on all of them. A run is cut in
 * SLICES, and the disk is probed before each slice, because a shared disk is as fast as its
 * neighbours let it be at that moment.
 *
 * Wants WEFT_BIN, the server, and WEFT_BENCH_DATA, an empty folder on the disk to measure. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "tools/lib/disk.h"
#include "tools/lib/process.h"
#include "tools/lib/relay.h"
#include "tools/lib/swarm.h"

enum {
    REPEATS = 3,
    SLICES = 4,
    WARM_MS = 100, /* before each slice */
    SLICE_MS = 300,
    DISK_SAMPLES = 50, /* before each slice */
};

enum server_kind { RELAY, SYNC_OFF, SYNC_FULL, KINDS };

static const char *const kind_names[KINDS] = {"relay", "sync off", "sync full"};

struct shape {
    const char *title;
    size_t clients;
    size_t writers;
    double per_second; /* each writer; 0: one after the other */
};

static const struct shape shapes[] = {
    {"1 client, one operation after the other", 1, 1, 0},
    {"2 clients, one of them writes, one operation after the other", 2, 1, 0},
    {"50 clients, all write, one operation after the other", 50, 50, 0},
    {"50 clients, 5 of them write 20 operations a second", 50, 5, 20},
};

struct figures {
    struct bench_figure ops_per_s, ack_p50, ack_p99, deliver_p50, deliver_p99, cpu_op, cpu_delivery;
    struct bench_figure x_disk_p50, x_disk_p99, x_relay;
};

struct disk_figures {
    struct bench_figure append_p50, append_p99, write_p50, write_p99;
};

static const char *folder;
static const char *weft;
static unsigned n_folders;

static struct process start(enum server_kind kind)
{
    static char data[4096];
    if (kind == RELAY)
        return process_fork(relay_serve);
    snprintf(data, sizeof data, "%s/server-%u", folder, n_folders++);
    const char *const argv[] = {weft,
                                "serve",
                                "--host",
                                "127.0.0.1",
                                "--port",
                                "0",
                                "--data",
                                data,
                                "--sync",
                                kind == SYNC_FULL ? "full" : "off",
                                "--log-level",
                                "error",
                                "--rate-messages",
                                "0",
                                NULL};
    return process_serve(argv);
}

/* One fresh server, in slices. */
static void type_slices(const struct process *server, const struct shape *shape, bool probe,
                        struct swarm_typed *ret, struct disk_samples *ret_disk)
{
    struct swarm *swarm = swarm_new(server, shape->clients, shape->clients);
    struct swarm_load load = {.writers = shape->writers,
                              .per_second = shape->per_second,
                              .warm_ms = WARM_MS,
                              .ms = SLICE_MS};
    struct swarm_joined joined;
    swarm_join(swarm, shape->clients, &joined);
    samples_done(&joined.join);
    for (int i = 0; i < SLICES; i++) {
        if (probe)
            disk_measure(folder, DISK_SAMPLES, ret_disk);
        swarm_type(swarm, &load, ret);
    }
    swarm_free(swarm);
}

/* Returns the median acknowledgement. */
static double run(enum server_kind kind, const struct shape *shape, double relay_p50,
                  struct figures *f, struct disk_figures *disk)
{
    struct process server = start(kind);
    struct swarm_typed typed = {0};
    struct disk_samples probed = {0};
    type_slices(&server, shape, kind == SYNC_FULL, &typed, &probed);
    process_stop(&server);

    double p50 = samples_us(&typed.ack, 50);
    double p99 = samples_us(&typed.ack, 99);
    bench_add(&f->ops_per_s, (double)typed.ops / typed.seconds);
    bench_add(&f->ack_p50, p50);
    bench_add(&f->ack_p99, p99);
    bench_add(&f->cpu_op, typed.cpu_us / (double)(typed.ops + (typed.ops == 0)));
    if (typed.deliveries != 0) {
        bench_add(&f->deliver_p50, samples_us(&typed.delivery, 50));
        bench_add(&f->deliver_p99, samples_us(&typed.delivery, 99));
        bench_add(&f->cpu_delivery, typed.cpu_us / (double)typed.deliveries);
    }
    if (kind == SYNC_FULL) {
        bench_add(&disk->append_p50, samples_us(&probed.append, 50));
        bench_add(&disk->append_p99, samples_us(&probed.append, 99));
        bench_add(&disk->write_p50, samples_us(&probed.write, 50));
        bench_add(&disk->write_p99, samples_us(&probed.write, 99));
        bench_add(&f->x_disk_p50, p50 / samples_us(&probed.append, 50));
        bench_add(&f->x_disk_p99, p99 / samples_us(&probed.append, 99));
    }
    if (relay_p50 > 0)
        bench_add(&f->x_relay, p50 / relay_p50);
    samples_done(&typed.ack);
    samples_done(&typed.delivery);
    samples_done(&probed.append);
    samples_done(&probed.write);
    return p50;
}

static const char *two(const struct bench_figure *a, const struct bench_figure *b,
                       char cell[BENCH_CELL_BYTES])
{
    char x[BENCH_CELL_BYTES], y[BENCH_CELL_BYTES];
    if (a->n == 0)
        snprintf(cell, BENCH_CELL_BYTES, "-");
    else
        snprintf(cell, BENCH_CELL_BYTES, "%.20s / %.20s", bench_number(bench_median(a), x),
                 bench_number(bench_median(b), y));
    return cell;
}

static void print(const char *name, const struct figures *f)
{
    char cell[8][BENCH_CELL_BYTES];
    printf("%-10s %-20s %-14s %-14s %7s %9s", name, bench_spread(&f->ops_per_s, cell[0]),
           two(&f->ack_p50, &f->ack_p99, cell[1]), two(&f->deliver_p50, &f->deliver_p99, cell[2]),
           bench_number(bench_median(&f->cpu_op), cell[3]),
           f->cpu_delivery.n != 0 ? bench_number(bench_median(&f->cpu_delivery), cell[4]) : "-");
    printf(" %7s %11s\n",
           f->x_relay.n != 0 ? bench_number(bench_median(&f->x_relay), cell[5]) : "-",
           two(&f->x_disk_p50, &f->x_disk_p99, cell[6]));
}

static void measure(const struct shape *shape, struct disk_figures *disk)
{
    struct figures f[KINDS];
    memset(f, 0, sizeof f);
    for (int i = 0; i < REPEATS; i++) {
        double relay_p50 = run(RELAY, shape, 0, &f[RELAY], disk);
        run(SYNC_OFF, shape, relay_p50, &f[SYNC_OFF], disk);
        run(SYNC_FULL, shape, relay_p50, &f[SYNC_FULL], disk);
    }
    printf("\n%s\n", shape->title);
    printf("%-10s %-20s %-14s %-14s %7s %9s %7s %11s\n", "server", "ops/s", "ack p50/p99",
           "deliver p50/p99", "cpu/op", "cpu/deliv", "x relay", "x disk");
    for (int kind = 0; kind < KINDS; kind++)
        print(kind_names[kind], &f[kind]);
    fflush(stdout);
}

int main(void)
{
    folder = getenv("WEFT_BENCH_DATA");
    weft = getenv("WEFT_BIN");
    if (folder == NULL || weft == NULL) {
        fputs("server_bench: WEFT_BIN and WEFT_BENCH_DATA are not set; run `make bench`\n", stderr);
        return 2;
    }
    process_raise_nofile();
    bool pinned = process_pin_apart();
    struct disk_figures disk = {0};
    printf("one room, one operation of one character in flight for each writer; times in us\n"
           "n = %d fresh servers of %.1f s each, medians; ops/s with (least-most)\n",
           REPEATS, SLICES * SLICE_MS / 1000.0);
    printf("x relay: acknowledgement p50 against the relay's. x disk: acknowledgement p50 and p99\n"
           "against 100 bytes appended and fdatasync, probed between the slices of the same run\n");
    printf("clients and server %s\n",
           pinned ? "on cores of their own (WEFT_BENCH_PIN=0: anywhere)" : "on any core");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        measure(&shapes[i], &disk);
    char cell[4][BENCH_CELL_BYTES];
    printf("\ndisk, n = %zu x %d: append 100 bytes + fdatasync p50 %s p99 %s us\n",
           disk.append_p50.n, SLICES * DISK_SAMPLES, bench_spread(&disk.append_p50, cell[0]),
           bench_spread(&disk.append_p99, cell[1]));
    printf("                  overwrite 4 KiB + fdatasync p50 %s p99 %s us\n",
           bench_spread(&disk.write_p50, cell[2]), bench_spread(&disk.write_p99, cell[3]));
    return 0;
}
