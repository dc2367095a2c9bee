/* bounds - what a server holds in memory, and what its other people notice, under loads that mean no
 * good.
 *
 *     bounds [--long] [CASE...]
 *
 * Each case starts a server of its own. Twenty people type into a room (A), then the load comes and
 * they go on typing (B), and so on in turns, in one run; the figures are medians of the turns. The
 * peak is VmHWM of the server behind the first A, less its resident set then: what the load added.
 * A case fails when that is above its bound (bytes are no timings), or when what must happen to the
 * load did not happen. Times are only printed.
 *
 * Wants WEFT_BIN, and WEFT_TMP or WEFT_BENCH_DATA: an empty folder. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/wsclient.h"
#include "tools/lib/hostile.h"
#include "tools/lib/process.h"
#include "tools/lib/samples.h"
#include "tools/lib/swarm.h"

enum {
    MIB = 1 << 20,
    PEOPLE = 20,
    TURNS_MAX = 9,
    FLAGS_MAX = 40,
};

struct scale {
    unsigned turns;
    unsigned settle_ms; /* the load's own time, before B is measured */
    unsigned ms;        /* of each A and B */
};

static const struct scale short_scale = {1, 200, 200};
static const struct scale long_scale = {3, 3000, 2000};

struct bounds_case {
    const char *name;
    enum hostile_kind kind;
    const char *room;
    size_t n_short, n_long;
    size_t document_bytes; /* of the room, before */
    double edits_per_s;    /* of all people together */
    size_t people;         /* 0: PEOPLE */
    double bound_mib;      /* fixed part, with what the measuring itself adds */
    double bound_kib_each;
    unsigned long_settle_ms; /* 0: that of the scale */
    const char *flags[8];
};

static const char *folder;
static unsigned n_folders;

/* --- the server --- */

static struct process start(const struct bounds_case *c)
{
    static char data[4096];
    /* Nobody is dead: while a load comes the people are not looked at. */
    const char *argv[FLAGS_MAX] = {getenv("WEFT_BIN"),
                                   "serve",
                                   "--host",
                                   "127.0.0.1",
                                   "--port",
                                   "0",
                                   "--log-level",
                                   "error",
                                   "--limit-per-address",
                                   "20000",
                                   "--limit-people",
                                   "3000",
                                   "--ping-ms",
                                   "1800000",
                                   "--dead-ms",
                                   "3600000",
                                   "--data",
                                   data};
    size_t n = 18;
    snprintf(data, sizeof data, "%s/bounds-%u", folder, n_folders++);
    for (size_t i = 0; i < 8 && c->flags[i] != NULL; i++)
        argv[n++] = c->flags[i];
    return process_serve(argv);
}

static size_t open_files(const struct process *server)
{
    char path[64];
    size_t n = 0;
    snprintf(path, sizeof path, "/proc/%ld/fd", (long)server->pid);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 0;
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

/* Text of so many bytes, written as one would paste it. */
static void write_document(const struct process *server, const char *room, size_t bytes)
{
    enum { PASTE = 512 << 10 };
    static char message[PASTE + 128];
    char path[128];
    struct wsframe f;
    struct wsclient *w = wsclient_open("127.0.0.1", server->port);
    snprintf(path, sizeof path, "/ws/%s", room);
    if (wsclient_upgrade(w, path, NULL) != 101)
        abort();
    for (size_t at = 0; at < bytes; at += PASTE) {
        size_t len = (size_t)snprintf(message, sizeof message, "{\"type\":\"insert\",\"text\":\"");
        size_t more = bytes - at < PASTE ? bytes - at : PASTE;
        memset(message + len, 'x', more);
        memcpy(message + len + more, "\"}", 3);
        wsclient_text(w, message);
        do {
            if (wsclient_next_message(w, &f) != WSC_FRAME || f.opcode != WSC_TEXT)
                abort();
        } while (strncmp(f.bytes, "{\"type\":\"ack\"", 13) != 0);
    }
    wsclient_free(w);
}

/* --- one case --- */

struct turn {
    double ack_p50, ack_p99, deliver_p50, deliver_p99, ops_per_s, cpu;
};

static struct turn type(struct swarm *swarm, const struct bounds_case *c, const struct scale *scale,
                        unsigned warm_ms)
{
    struct swarm_typed typed = {0};
    size_t people = c->people != 0 ? c->people : PEOPLE;
    struct swarm_load load = {.writers = people,
                              .per_second = c->edits_per_s / (double)people,
                              .warm_ms = warm_ms,
                              .ms = scale->ms};
    swarm_type(swarm, &load, &typed);
    struct turn t = {samples_us(&typed.ack, 50),        samples_us(&typed.ack, 99),
                     samples_us(&typed.delivery, 50),   samples_us(&typed.delivery, 99),
                     (double)typed.ops / typed.seconds, typed.cpu_us / typed.seconds / 1e6};
    samples_done(&typed.ack);
    samples_done(&typed.delivery);
    return t;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The member at `offset` of each turn. */
static double median(const struct turn *turns, size_t n, size_t offset)
{
    double all[TURNS_MAX];
    for (size_t i = 0; i < n; i++)
        memcpy(&all[i], (const char *)&turns[i] + offset, sizeof all[i]);
    qsort(all, n, sizeof *all, by_size);
    return all[n / 2];
}

#define MEDIAN(turns, n, member) median(turns, n, offsetof(struct turn, member))

static void print_times(const struct turn *a, const struct turn *b, unsigned n)
{
    printf("#   ack p50 %.0f -> %.0f us (x%.2f), p99 %.0f -> %.0f us (x%.2f)\n",
           MEDIAN(a, n, ack_p50), MEDIAN(b, n, ack_p50),
           MEDIAN(b, n, ack_p50) / MEDIAN(a, n, ack_p50), MEDIAN(a, n, ack_p99),
           MEDIAN(b, n, ack_p99), MEDIAN(b, n, ack_p99) / MEDIAN(a, n, ack_p99));
    printf("#   delivery p50 %.0f -> %.0f us (x%.2f), p99 %.0f -> %.0f us (x%.2f)\n",
           MEDIAN(a, n, deliver_p50), MEDIAN(b, n, deliver_p50),
           MEDIAN(b, n, deliver_p50) / MEDIAN(a, n, deliver_p50), MEDIAN(a, n, deliver_p99),
           MEDIAN(b, n, deliver_p99), MEDIAN(b, n, deliver_p99) / MEDIAN(a, n, deliver_p99));
    printf("#   operations %.0f -> %.0f a second, processor %.2f -> %.2f of a core\n",
           MEDIAN(a, n, ops_per_s), MEDIAN(b, n, ops_per_s), MEDIAN(a, n, cpu), MEDIAN(b, n, cpu));
}

static bool run(const struct bounds_case *c, bool is_long)
{
    const struct scale *scale = is_long ? &long_scale : &short_scale;
    size_t n = is_long ? c->n_long : c->n_short;
    size_t people = c->people != 0 ? c->people : PEOPLE;
    struct process server = start(c);
    struct turn a[TURNS_MAX], b[TURNS_MAX];
    struct swarm_joined joined;
    struct hostile_seen seen = {0};
    size_t files = 0;
    double before = 0;

    if (c->document_bytes != 0)
        write_document(&server, c->room, c->document_bytes);
    struct swarm *swarm = swarm_new(&server, people, people);
    swarm_join(swarm, people, &joined);
    samples_done(&joined.join);
    for (unsigned i = 0; i < scale->turns; i++) {
        a[i] = type(swarm, c, scale, 100);
        if (i == 0) {
            before = process_rss_bytes(&server);
            process_peak_reset(&server);
            files = open_files(&server);
        }
        struct hostile *h = hostile_start(&server, &(struct hostile_load){c->kind, n, c->room});
        unsigned settle_ms = scale->settle_ms;
        if (is_long && c->long_settle_ms != 0)
            settle_ms = c->long_settle_ms;
        b[i] = type(swarm, c, scale, settle_ms);
        seen = hostile_look(h);
        size_t now = open_files(&server);
        printf(
            "#   turn %u: open %u, refused %u, closed %u, server still has %ld of them, sent %.1f "
            "MiB, resident %.0f MiB\n",
            i + 1, seen.n_open, seen.n_refused, seen.n_closed, (long)now - (long)files,
            (double)seen.sent_bytes / MIB, process_rss_bytes(&server) / MIB);
        hostile_stop(h);
    }
    double peak = process_peak_bytes(&server) - before;
    double bound = c->bound_mib * MIB + c->bound_kib_each * 1024 * (double)n;
    bool ok = peak <= bound;
    printf("%s - %s: %zu of them: %.1f MiB of %.1f (server before: %.1f)\n", ok ? "ok" : "not ok",
           c->name, n, peak / MIB, bound / MIB, before / MIB);
    print_times(a, b, scale->turns);
    fflush(stdout);
    swarm_free(swarm);
    process_stop(&server);
    return ok;
}

/* --- the cases --- */

/* What the people themselves add in the time is in the fixed part: a history of up to 10 MiB for each
 * 100,000 operations, and the frames of their room. The rest is docs/limits.md: 6 KiB for each
 * connection and what it may have waiting, or --limit-outgoing and --limit-incoming where that is
 * less. */
#define HALF_RATE                                                                                  \
    {                                                                                              \
        "--rate-burst", "1000", "--rate-messages", "500"                                           \
    }
static const struct bounds_case cases[] = {
    /* 1,000 edits a second fill the window of 1 MiB in ten seconds. */
    {"stuck", HOSTILE_STUCK, "r0", 200, 1000, 0, 1000, 50, 16, 6 + 64, 14000, {NULL}},
    {"stuck-elsewhere", HOSTILE_STUCK, "r1", 200, 1000, 0, 1000, 50, 16, 6 + 64, 14000, {NULL}},
    {"hoard", HOSTILE_STUCK, "big", 40, 1000, 8 * MIB, 200, 0, 256 + 16 + 3 * 8, 6, 0, {NULL}},
    {"text", HOSTILE_TEXT, "big", 20, 200, 1 * MIB, 200, 0, 256 + 16 + 3, 6, 0, {NULL}},
    {"history", HOSTILE_HISTORY, "big", 20, 200, 1 * MIB, 200, 0, 256 + 16 + 3, 6, 0, {NULL}},
    {"operations", HOSTILE_OPERATIONS, "h", 10, 20, 0, 200, 0, 16 + 32, 1024, 0, HALF_RATE},
    {"ping", HOSTILE_PING, "h", 10, 200, 0, 200, 0, 16, 6 + 1024, 0, HALF_RATE},
    {"ping-frame", HOSTILE_PING_FRAME, "h", 10, 200, 0, 200, 0, 16, 6, 0, {NULL}},
    {"cursor", HOSTILE_CURSOR, "h", 10, 20, 0, 200, 0, 16, 6 + 64, 0, HALF_RATE},
    {"signal", HOSTILE_SIGNAL, "h", 10, 200, 0, 200, 0, 16, 6 + 1024, 0, HALF_RATE},
    {"unfinished", HOSTILE_UNFINISHED, "h", 100, 1000, 0, 200, 0, 64 + 16 + 2, 6, 0, {NULL}},
    {"fragments", HOSTILE_FRAGMENTS, "h", 20, 200, 0, 200, 0, 64 + 16 + 2, 6, 0, {NULL}},
    {"pipeline", HOSTILE_PIPELINE, "big", 40, 1000, 1 * MIB, 200, 0, 256 + 16 + 3, 72, 0, {NULL}},
    {"half-head", HOSTILE_HALF_HEAD, "h", 500, 10000, 0, 200, 0, 16, 9, 0, {NULL}},
    {"slow-head", HOSTILE_SLOW_HEAD, "h", 500, 10000, 0, 200, 0, 16, 9, 0, {NULL}},
    {"connect", HOSTILE_CONNECT, "h", 500, 10000, 0, 200, 0, 16, 1, 0, {NULL}},
};

static bool is_wanted(const char *name, char *const wanted[], int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(wanted[i], name) == 0)
            return true;
    return n == 0;
}

int main(int argc, char **argv)
{
    bool is_long = argc > 1 && strcmp(argv[1], "--long") == 0;
    int first = is_long ? 2 : 1;
    bool ok = true;
    folder = getenv("WEFT_BENCH_DATA");
    if (folder == NULL)
        folder = getenv("WEFT_TMP");
    if (folder == NULL || getenv("WEFT_BIN") == NULL) {
        fputs("bounds: WEFT_BIN, and WEFT_TMP or WEFT_BENCH_DATA, are not set\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    process_raise_nofile();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (is_wanted(cases[i].name, argv + first, argc - first))
            ok = run(&cases[i], is_long) && ok;
    return ok ? 0 : 1;
}
