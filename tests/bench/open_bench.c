/* Opening a room: from asking the store to the bytes of the first welcome. A document of 1 MiB with
 * 100,000 operations behind it, in the store that the server uses.
 *
 *     read      store_load(): the newest snapshot, the records behind it, and TAIL more before it
 *     room      checking them, the text, the history
 *     welcome   joining, and the welcome as JSON
 *
 * Each case opens the same log: right after a snapshot, when the server had ended as it should; and when
 * it was killed with the next snapshot almost due, so that as much is to be replayed as can be, and the
 * newest records lie in the write-ahead log, where another store that stays open keeps them. The store
 * is opened anew for each, so its cache is cold; the kernel's is warm. What snapshots cost is said beside
 * it: bytes handed to the store for each operation.
 *
 * Wants WEFT_BENCH_DATA, an empty folder. */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "bench/bench.h"
#include "room/room.h"
#include "store/batch.h"
#include "store/sqlite.h"
#include "wire/wire.h"

enum {
    REPEATS = 31,
    DOCUMENT_BYTES = 1 << 20,
    OPERATIONS = 100000,
    GROUP = 500, /* operations in a commit */
    WHY_BYTES = 400,
};

static const char NAME[] = "room";
static const struct uuid EPOCH = {.bytes = {1, 2, 3}};
static const struct room_config CONFIG = {
    .document_bytes_max = 16 << 20, .people_max = 10, .message_bytes_max = 1 << 20};

static char folder[4000];

static void must(int err)
{
    if (err != 0)
        WEFT_NEVER(weft_error_text(err));
}

static struct store *open_store(void)
{
    char why[WHY_BYTES];
    struct store *store;
    if (store_sqlite_open(folder, STORE_SYNC_OFF, &store, why, sizeof why) != 0)
        WEFT_NEVER(why);
    return store;
}

/* --- making the log, as a server would --- */

struct author {
    struct store *store;
    struct room *room;
    struct room_effects *fx;
    struct store_batch *batch;
    int64_t now_ms;
    uint64_t last_snapshot;
    uint64_t n_snapshots;
    uint64_t record_bytes;
    uint64_t snapshot_bytes;
};

static void step(struct author *a, const struct room_event *event)
{
    must(room_step(a->room, ++a->now_ms, event, a->fx));
    for (size_t i = 0; i < room_effects_count(a->fx); i++) {
        const struct room_effect *e = room_effects_at(a->fx, i);
        if (e->kind != ROOM_PERSIST && e->kind != ROOM_SNAPSHOT)
            continue;
        const struct store_write write = {.kind = e->kind == ROOM_PERSIST ? STORE_RECORD
                                                                          : STORE_SNAPSHOT,
                                          .name = NAME,
                                          .name_len = sizeof NAME - 1,
                                          .epoch = EPOCH,
                                          .rev = e->rev,
                                          .bytes = (const uint8_t *)e->bytes.at,
                                          .len = e->bytes.len,
                                          .instead = e->instead};
        must(store_batch_add(a->batch, &write, 0));
        if (e->kind == ROOM_PERSIST) {
            a->record_bytes += e->bytes.len;
            continue;
        }
        a->last_snapshot = e->rev;
        a->n_snapshots++;
        a->snapshot_bytes += e->bytes.len;
    }
    room_effects_clear(a->fx);
}

static void commit(struct author *a)
{
    size_t n;
    const struct store_write *writes = store_batch_writes(a->batch, &n);
    must(store_commit(a->store, writes, n));
    store_batch_clear(a->batch);
    step(a, &(struct room_event){.kind = ROOM_DURABLE, .durable_rev = room_info(a->room).head_rev});
}

static void insert(struct author *a, size_t at_cp, const char *text, size_t len)
{
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    must(weft_op_retain(&op, at_cp));
    must(weft_op_insert(&op, text, len));
    struct room_event event = {.kind = ROOM_OPERATION, .conn = 1};
    event.submission.op = &op;
    event.submission.at_ms = 1700000000000 + a->now_ms;
    event.submission.has_seq = true;
    event.submission.seq = room_info(a->room).head_rev + 1;
    step(a, &event);
    weft_op_done(&op);
}

static void join(struct author *a)
{
    struct room_event event = {.kind = ROOM_JOIN, .conn = 1};
    event.join.user_id.bytes[0] = 7;
    event.join.spare_id.bytes[0] = 8;
    event.join.name = (struct room_str){"Ada Lovelace", 12};
    step(a, &event);
}

/* Typing here and there, 100 characters at a place. Ends where `fresh` says: with a snapshot just
 * taken, or with the next one almost due and nothing closed. */
static void write_log(bool fresh)
{
    static char line[1024];
    struct author a = {.store = open_store()};
    memset(line, 'x', sizeof line);
    must(room_new(weft_heap(), &CONFIG, &EPOCH, &a.room));
    must(room_effects_new(weft_heap(), &a.fx));
    must(store_batch_new(&a.batch));
    join(&a);
    for (size_t i = 0; i < DOCUMENT_BYTES / sizeof line; i++)
        insert(&a, 0, line, sizeof line);
    commit(&a);
    uint32_t random = 1;
    size_t at = 0;
    uint64_t before = 0;
    a.n_snapshots = a.record_bytes = a.snapshot_bytes = 0;
    for (size_t i = 0; i < OPERATIONS; i++) {
        random = random * 1664525 + 1013904223;
        at = i % 100 != 0 ? at + 1 : random % DOCUMENT_BYTES;
        insert(&a, at, "y", 1);
        if (i % GROUP == GROUP - 1)
            commit(&a);
    }
    printf("  an operation writes %.0f bytes of records and %.0f of %llu snapshots\n",
           (double)a.record_bytes / OPERATIONS, (double)a.snapshot_bytes / OPERATIONS,
           (unsigned long long)a.n_snapshots);
    /* On to the next snapshot, and for a stale log as far again but for a little. */
    before = a.last_snapshot;
    while (a.last_snapshot == before) {
        for (size_t i = 0; i < GROUP; i++)
            insert(&a, ++at, "y", 1);
        commit(&a);
    }
    commit(&a);
    uint64_t gap = a.last_snapshot - before;
    for (uint64_t i = 0; !fresh && i < gap * 9 / 10; i++) {
        insert(&a, ++at, "y", 1);
        if (i % GROUP == GROUP - 1)
            commit(&a);
    }
    commit(&a);
    printf("  revision %llu, newest snapshot at %llu, %zu bytes of text\n",
           (unsigned long long)room_info(a.room).rev, (unsigned long long)a.last_snapshot,
           room_info(a.room).length_bytes);
    (void)fflush(stdout);
    if (!fresh)
        _exit(0);
    store_batch_free(a.batch);
    room_effects_free(a.fx);
    room_free(a.room);
    store_free(a.store);
}

/* --- opening it --- */

struct figures {
    struct bench_figure read_ms, room_ms, welcome_ms, all_ms;
};

static double ms_since(uint64_t start_ns)
{
    return (double)(bench_now_ns() - start_ns) / 1e6;
}

static struct room *fill(const struct store_log *log)
{
    char why[WHY_BYTES] = "";
    struct room *room;
    must(room_new(weft_heap(), &CONFIG, &log->epoch, &room));
    int err = 0;
    if (log->has_snapshot)
        err = room_load_snapshot(room, log->snapshot_rev, log->bytes.data + log->snapshot_at,
                                 log->snapshot_len, why, sizeof why);
    for (size_t i = 0; err == 0 && i < log->n_records; i++)
        err = room_load_record(room, log->first_rev + i, log->bytes.data + log->records[i].at,
                               log->records[i].len, why, sizeof why);
    if (err == 0)
        err = room_load_end(room, log->head, why, sizeof why);
    if (err != 0)
        WEFT_NEVER(why);
    return room;
}

static void welcome(struct room *room)
{
    struct room_effects *fx;
    struct buf out;
    bool found = false;
    must(room_effects_new(weft_heap(), &fx));
    buf_init(&out, weft_heap());
    struct room_event event = {.kind = ROOM_JOIN, .conn = 1};
    event.join.user_id.bytes[0] = 9;
    event.join.spare_id.bytes[0] = 10;
    must(room_step(room, 1, &event, fx));
    for (size_t i = 0; i < room_effects_count(fx) && !found; i++) {
        const struct room_effect *e = room_effects_at(fx, i);
        found = e->kind == ROOM_SEND && e->message.type == MESSAGE_WELCOME;
        if (found)
            must(wire_encode(&e->message, &out));
    }
    WEFT_ASSERT(found && out.len > DOCUMENT_BYTES);
    buf_done(&out);
    room_effects_free(fx);
}

static void open_once(uint64_t tail_revs, struct figures *f)
{
    struct store_log log;
    struct store *store = open_store();
    uint64_t start_ns = bench_now_ns();
    must(store_load(store, NAME, sizeof NAME - 1, tail_revs, &log));
    bench_add(&f->read_ms, ms_since(start_ns));
    uint64_t read_ns = bench_now_ns();
    struct room *room = fill(&log);
    bench_add(&f->room_ms, ms_since(read_ns));
    uint64_t room_ns = bench_now_ns();
    welcome(room);
    bench_add(&f->welcome_ms, ms_since(room_ns));
    bench_add(&f->all_ms, ms_since(start_ns));
    store_log_done(&log);
    room_free(room);
    store_free(store);
}

static void measure(const char *title, uint64_t tail_revs)
{
    char cells[4][BENCH_CELL_BYTES];
    struct figures f = {0};
    for (size_t i = 0; i < REPEATS; i++)
        open_once(tail_revs, &f);
    printf("  %-34s %-20s %-20s %-20s %s\n", title, bench_spread(&f.read_ms, cells[0]),
           bench_spread(&f.room_ms, cells[1]), bench_spread(&f.welcome_ms, cells[2]),
           bench_spread(&f.all_ms, cells[3]));
}

int main(void)
{
    const char *data = getenv("WEFT_BENCH_DATA");
    if (data == NULL) {
        fputs("open_bench: WEFT_BENCH_DATA: found nothing, expected an empty folder\n", stderr);
        return 2;
    }
    for (int fresh = 1; fresh >= 0; fresh--) {
        snprintf(folder, sizeof folder, "%s/open-%d", data, fresh);
        if (mkdir(folder, 0700) != 0) {
            perror(folder);
            return 1;
        }
        printf("%s\n", fresh ? "right after a snapshot" : "killed, the next snapshot almost due");
        (void)fflush(stdout);
        pid_t child = fork();
        WEFT_ASSERT(child >= 0);
        if (child == 0) {
            write_log(fresh != 0);
            _exit(0);
        }
        int status = 0;
        WEFT_ASSERT(waitpid(child, &status, 0) == child);
        WEFT_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        struct store *keeper = open_store();
        printf("  %-34s %-20s %-20s %-20s %s\n", "milliseconds", "read", "room", "welcome", "all");
        measure("with what is read before a welcome", HISTORY_LOAD_REVS);
        measure("with no history before the snapshot", 0);
        store_free(keeper);
    }
    return 0;
}
