/* Played sessions through the pure room: what an operation costs without socket, disk or JSON.
 *
 * The submissions are made once, by support/replay.h, with the client's half of the work; only the
 * room's half is timed:
 *
 *     life      decide, then durable, one operation at a time
 *     decide    decided in groups of GROUP, as one commit to disk takes them in
 *     durable   ... and made durable a group at a time: applied, caret moves, effects
 *     flat      the floor: the same edits on a plain array of code points, with memmove, no history */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bench/bench.h"
#include "support/replay.h"
#include "support/room_pair.h"

enum {
    REPEATS = 5,
    GROUP = 64,
    LINES_GENERATED = 20000,
};

struct submission {
    struct weft_op op;
    uint64_t rev;
    int client;
};

struct session {
    struct trace trace;
    struct submission *items;
    size_t n;
};

static void keep(void *ctx, int client, uint64_t rev, const struct weft_op *op)
{
    struct session *s = ctx;
    struct submission *item = &s->items[s->n++];
    item->rev = rev;
    item->client = client;
    weft_op_init(&item->op, weft_heap());
    if (weft_op_copy(&item->op, op) != 0)
        WEFT_NEVER("out of memory");
}

/* A fast room with the wrong text is no figure. */
static void check_end(const struct session *s, const struct room *room)
{
    if (s->trace.end != NULL && !weft_text_equal(room_text(room), s->trace.end, s->trace.end_bytes))
        WEFT_NEVER("the session ended with another text");
}

static void prepare(struct session *s)
{
    s->items = calloc(s->trace.n, sizeof *s->items);
    WEFT_ASSERT(s->items != NULL);
    struct replay *r = replay_new(&s->trace);
    replay_watch(r, keep, s);
    replay_lines(r, s->trace.n);
    check_end(s, replay_room(r));
    replay_free(r);
}

static void session_done(struct session *s)
{
    for (size_t i = 0; i < s->n; i++)
        weft_op_done(&s->items[i].op);
    free(s->items);
    trace_done(&s->trace);
}

/* --- one room, two people --- */

static struct room_pair pair;

static void decide(const struct submission *s, uint64_t seq)
{
    struct room_event event = {.kind = ROOM_OPERATION, .conn = (uint64_t)s->client + 1};
    event.submission = (struct room_submission){
        .has_rev = true, .rev = s->rev, .has_seq = true, .seq = seq, .op = &s->op};
    room_pair_step(&pair, &event);
}

static void durable(uint64_t rev)
{
    struct room_event event = {.kind = ROOM_DURABLE, .durable_rev = rev};
    room_pair_step(&pair, &event);
}

static double play_life(const struct session *s)
{
    room_pair_open(&pair);
    uint64_t start_ns = bench_now_ns();
    for (size_t i = 0; i < s->n; i++) {
        decide(&s->items[i], i + 1);
        durable(i + 1);
    }
    double ns = (double)(bench_now_ns() - start_ns);
    check_end(s, pair.room);
    room_pair_close(&pair);
    return ns / (double)s->n;
}

static void play_groups(const struct session *s, double *ret_decide_ns, double *ret_durable_ns)
{
    uint64_t decide_ns = 0;
    uint64_t durable_ns = 0;
    room_pair_open(&pair);
    for (size_t i = 0; i < s->n;) {
        uint64_t start_ns = bench_now_ns();
        for (size_t end = i + GROUP; i < s->n && i < end; i++)
            decide(&s->items[i], i + 1);
        uint64_t decided_ns = bench_now_ns();
        durable(i);
        durable_ns += bench_now_ns() - decided_ns;
        decide_ns += decided_ns - start_ns;
    }
    check_end(s, pair.room);
    room_pair_close(&pair);
    *ret_decide_ns = (double)decide_ns / (double)s->n;
    *ret_durable_ns = (double)durable_ns / (double)s->n;
}

/* --- the floor --- */

/* Line by line, at the positions that were typed: the edits' sizes are the same, and where they lie
 * costs an array hardly anything. */
static double play_flat(const struct session *s)
{
    size_t cap = 1;
    for (size_t i = 0; i < s->trace.n; i++)
        cap += s->trace.lines[i].text_bytes;
    uint32_t *text = calloc(cap, sizeof *text);
    WEFT_ASSERT(text != NULL);
    size_t len = 0;
    uint64_t start_ns = bench_now_ns();
    for (size_t i = 0; i < s->trace.n; i++) {
        const struct trace_line *l = &s->trace.lines[i];
        size_t at = l->pos_cp < len ? l->pos_cp : len;
        size_t del = l->del_cp < len - at ? l->del_cp : len - at;
        size_t ins = l->text_bytes; /* mostly one byte a code point */
        memmove(text + at + ins, text + at + del, (len - at - del) * sizeof *text);
        for (size_t k = 0; k < ins; k++)
            text[at + k] = (uint8_t)l->text[k];
        len = len + ins - del;
    }
    double ns = (double)(bench_now_ns() - start_ns);
    volatile uint32_t used = text[len / 2];
    (void)used;
    free(text);
    return ns / (double)s->trace.n;
}

static void measure(struct session *s)
{
    struct bench_figure life = {0}, decided = {0}, applied = {0}, flat = {0};
    prepare(s);
    for (int i = 0; i < REPEATS; i++) {
        double a, b;
        bench_add(&life, play_life(s));
        play_groups(s, &a, &b);
        bench_add(&decided, a);
        bench_add(&applied, b);
        bench_add(&flat, play_flat(s));
    }
    char cell[4][BENCH_CELL_BYTES];
    printf("%-18s %8zu %11.0f  %-18s %8s %8s %8s %7.1f\n", s->trace.name, s->n,
           1e9 / bench_median(&life), bench_spread(&life, cell[0]),
           bench_number(bench_median(&decided), cell[1]),
           bench_number(bench_median(&applied), cell[2]),
           bench_number(bench_median(&flat), cell[3]), bench_median(&life) / bench_median(&flat));
    fflush(stdout);
    session_done(s);
}

int main(void)
{
    static const char *const patches[] = {"automerge-paper", "rustcode", "sveltecomponent",
                                          "json-crdt-patch", "friendsforever_flat"};
    printf("sessions through the pure room; ns are per operation, n = %d, median (least-most)\n",
           REPEATS);
    printf("%-18s %8s %11s  %-18s %8s %8s %8s %7s\n", "session", "ops", "ops/s", "life ns",
           "decide", "durable", "flat", "x flat");
    size_t found = 0;
    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        struct session s = {0};
        if (trace_load_patches(patches[i], &s.trace)) {
            measure(&s);
            found++;
        }
    }
    struct session two = {0};
    if (trace_load_session("friendsforever", &two.trace)) {
        measure(&two);
        found++;
    }
    struct session generated = {0};
    trace_generate(1, LINES_GENERATED, &generated.trace);
    measure(&generated);
    if (found == 0)
        printf("(no recorded sessions here: WEFT_TRACES names their folder)\n");
    return 0;
}
