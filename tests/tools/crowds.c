/* crowds - what a server holds, and what lies on its disk, when very many come and go.
 *
 *     crowds [--long] [CASE...]
 *
 *     rooms      rooms in which one operation is written, and that are left      100,000 with --long
 *     visits     rooms that are joined and left: none of them comes to exist     100,000
 *     sessions   sessions in one room, each with one operation                   1,000,000
 *     busy       rooms in which somebody types all the time                      200, for 20 s
 *
 * A case fails when the peak of its memory is above its bound, or when what lies on the disk is not
 * what should. Wants WEFT_BIN, and WEFT_TMP or WEFT_BENCH_DATA: an empty folder. */
#define _GNU_SOURCE /* memmem() */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "support/wsclient.h"
#include "tools/lib/churn.h"
#include "tools/lib/process.h"
#include "tools/lib/swarm.h"

enum { MIB = 1 << 20, WINDOW = 64 };

static const char *folder;
static char data[4096];
static unsigned n_folders;

static struct process start(const char *limit_rooms)
{
    const char *argv[] = {getenv("WEFT_BIN"),
                          "serve",
                          "--host",
                          "127.0.0.1",
                          "--port",
                          "0",
                          "--log-level",
                          "error",
                          "--limit-per-address",
                          "20000",
                          "--limit-rooms",
                          limit_rooms,
                          "--data",
                          data,
                          NULL};
    snprintf(data, sizeof data, "%s/crowd-%u", folder, n_folders++);
    return process_serve(argv);
}

static double disk_bytes(void)
{
    static const char *const names[] = {"weft.db", "weft.db-wal"};
    double sum = 0;
    for (size_t i = 0; i < 2; i++) {
        char path[4200];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", data, names[i]);
        if (stat(path, &st) == 0)
            sum += (double)st.st_size;
    }
    return sum;
}

/* How many `weft check` finds, and that all is well with them. */
static long rooms_on_disk(void)
{
    char command[9000];
    char line[512];
    long n = -1;
    snprintf(command, sizeof command, "'%s' check --data '%s' 2>&1", getenv("WEFT_BIN"), data);
    FILE *f = popen(command, "r");
    if (f == NULL)
        return -1;
    while (fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "looked at %ld room", &n) == 1 && strstr(line, "all good") == NULL &&
            strstr(line, "damaged") != NULL && strstr(line, ": 0 ") == NULL)
            n = -1;
    return pclose(f) == 0 ? n : -1;
}

static bool tell(const char *what, size_t n, double peak, double bound, bool also)
{
    bool ok = also && peak <= bound;
    printf("%s - %s: %zu of them: %.1f MiB of %.1f\n", ok ? "ok" : "not ok", what, n, peak / MIB,
           bound / MIB);
    return ok;
}

/* A room that nobody is in, in memory: itself, its first history, its text, its name. */
enum { IDLE_ROOM_BYTES = 12 << 10, CROWD_BYTES = 48 * MIB };

static bool many_rooms(bool writes, size_t n, const char *limit_rooms)
{
    struct process server = start(limit_rooms);
    double before = process_rss_bytes(&server);
    process_peak_reset(&server);
    struct churn_load load = {.path = "/ws/room%zu",
                              .n = n,
                              .window = WINDOW,
                              .say = writes ? "{\"type\":\"insert\",\"text\":\"hello\",\"seq\":1}"
                                            : NULL,
                              .until = writes ? "\"type\":\"ack\"" : "\"type\":\"welcome\""};
    struct churn_made made = churn(&server, &load);
    double peak = process_peak_bytes(&server) - before;
    process_stop(&server);
    double disk = disk_bytes();
    long found = rooms_on_disk();
    double bound = CROWD_BYTES + strtod(limit_rooms, NULL) * IDLE_ROOM_BYTES;
    bool ok = tell(writes ? "rooms" : "visits", n, peak, bound, found == (writes ? (long)n : 0));
    printf(
        "#   --limit-rooms %s; %.0f a second, %.0f refused for a moment; on disk %ld rooms, %.0f "
        "bytes each\n",
        limit_rooms, (double)n / made.seconds, (double)made.n_refused, found,
        found > 0 ? disk / (double)found : 0.0);
    return ok;
}

/* The value of a string field of a message; "" when it is not there. */
static const char *field(const char *message, const char *key, char out[128])
{
    const char *at = strstr(message, key);
    out[0] = '\0';
    if (at != NULL)
        sscanf(at + strlen(key), "\"%127[^\"]", out);
    return out;
}

/* Joins with a session (or without) and copies the welcome. */
static void join(const struct process *server, const char *session, const char *epoch, long rev,
                 const char *say, char welcome[4096])
{
    char path[256] = "/ws/sessions";
    char header[256];
    struct wsframe f;
    struct wsclient *w = wsclient_open("127.0.0.1", server->port);
    if (session != NULL) {
        snprintf(path, sizeof path, "/ws/sessions?epoch=%s&rev=%ld", epoch, rev);
        snprintf(header, sizeof header, "Sec-WebSocket-Protocol: weft.v1, weft.session.%s\r\n",
                 session);
    }
    if (wsclient_upgrade_plain(w, path, session != NULL ? header : NULL) != 101 ||
        wsclient_next_message(w, &f) != WSC_FRAME)
        abort();
    snprintf(welcome, 4096, "%s", f.bytes);
    if (say != NULL) {
        wsclient_text(w, say);
        do {
            if (wsclient_next_message(w, &f) != WSC_FRAME)
                abort();
        } while (strstr(f.bytes, "\"type\":\"ack\"") == NULL);
    }
    wsclient_free(w);
}

static bool many_sessions(size_t n)
{
    static const char say[] = "{\"type\":\"edit\",\"op\":[],\"seq\":1}";
    struct process server = start("100");
    char first[4096], last[4096], again[4096];
    char session[128], epoch[128], user[128], other[128];
    join(&server, NULL, NULL, 0, say, first);
    double before = process_rss_bytes(&server);
    process_peak_reset(&server);
    struct churn_load load = {
        .path = "/ws/sessions", .n = n, .window = WINDOW, .say = say, .until = "\"type\":\"ack\""};
    struct churn_made made = churn(&server, &load);
    double peak = process_peak_bytes(&server) - before;
    join(&server, NULL, NULL, 0, say, last);
    /* The first one was forgotten when more came than are remembered: it is given the text and a new
     * session. The last one is known, and resumes. */
    bool forgotten = n > SESSIONS_MAX;
    join(&server, field(first, "\"session\":", session), field(first, "\"epoch\":", epoch), 1, NULL,
         again);
    bool ok = (strstr(again, "\"text\":") != NULL) == forgotten &&
              (strcmp(field(again, "\"user_id\":", user), field(first, "\"user_id\":", other)) ==
               0) == !forgotten;
    if (!ok)
        printf("#   the first session: %.300s\n", again);
    join(&server, field(last, "\"session\":", session), epoch, (long)n + 2, NULL, again);
    bool known =
        strstr(again, "\"text\":") == NULL && strstr(again, "\"seq\":1") != NULL &&
        strcmp(field(again, "\"user_id\":", user), field(last, "\"user_id\":", other)) == 0;
    if (!known)
        printf("#   the last session: %.300s\n", again);
    process_stop(&server);
    /* The table, twice while it grows; a history; a batch, a snapshot and SQLite's pages. */
    ok = tell("sessions", n, peak, 2 * 8.0 * MIB + 28.0 * MIB + CROWD_BYTES, ok && known);
    printf("#   %.0f a second; the first is %s, on disk %.0f bytes each\n",
           (double)n / made.seconds, forgotten ? "forgotten and given the text" : "known",
           disk_bytes() / (double)n);
    return ok;
}

static bool many_busy(size_t n, unsigned ms)
{
    struct process server = start("10000");
    struct swarm_joined joined;
    struct swarm *swarm = swarm_new(&server, n, 1);
    struct swarm_typed typed = {0};
    struct swarm_load load = {.writers = n, .per_second = 0, .ms = ms};
    swarm_join(swarm, WINDOW, &joined);
    double before = process_rss_bytes(&server);
    process_peak_reset(&server);
    swarm_type(swarm, &load, &typed);
    double peak = process_peak_bytes(&server) - before;
    swarm_free(swarm);
    process_stop(&server);
    double bound = CROWD_BYTES + (double)n * 28 * MIB;
    bool ok = tell("busy", n, peak, bound, true);
    printf("#   %.0f operations, %.0f a second; %.0f bytes of memory each\n", (double)typed.ops,
           (double)typed.ops / typed.seconds, peak / (double)typed.ops);
    samples_done(&typed.ack);
    samples_done(&typed.delivery);
    samples_done(&joined.join);
    return ok;
}

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
    char **wanted = argv + (is_long ? 2 : 1);
    int n = argc - (is_long ? 2 : 1);
    bool ok = true;
    folder = getenv("WEFT_BENCH_DATA") != NULL ? getenv("WEFT_BENCH_DATA") : getenv("WEFT_TMP");
    if (folder == NULL || getenv("WEFT_BIN") == NULL) {
        fputs("crowds: WEFT_BIN, and WEFT_TMP or WEFT_BENCH_DATA, are not set\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    process_raise_nofile();
    if (is_wanted("rooms", wanted, n))
        ok = many_rooms(true, is_long ? 100000 : 1500, is_long ? "10000" : "500") && ok;
    if (is_wanted("visits", wanted, n))
        ok = many_rooms(false, is_long ? 100000 : 1500, is_long ? "10000" : "500") && ok;
    if (is_wanted("sessions", wanted, n))
        ok = many_sessions(is_long ? 1000000 : 2000) && ok;
    if (is_wanted("busy", wanted, n))
        ok = many_busy(is_long ? 200 : 20, is_long ? 20000 : 500) && ok;
    return ok ? 0 : 1;
}
