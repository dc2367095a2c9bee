/* Merging: single pairs, two long histories past each other, composing, an offline client that comes
 * back, texts at old revisions, and a recorded session merged into its text. By the engine alone,
 * but where a room is named. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bench/bench.h"
#include "room/blocks.h"
#include "support/gen.h"
#include "support/history_log.h"
#include "support/merge.h"
#include "support/room_pair.h"

enum {
    REPEATS = 5,
    PAIRS = 1000,
    PAIR_ROUNDS = 200,
    GRID = 10000,
    LOGGED = 100000,
    OFFLINE = 10000,
};

static void must(int err)
{
    WEFT_ASSERT(err == 0);
}

static void edit_at(struct weft_op *op, size_t pos_cp, size_t ins, size_t del_cp)
{
    static const char TEXT[] = "abcdefgh";
    weft_op_clear(op);
    must(weft_op_retain(op, pos_cp));
    must(weft_op_insert(op, TEXT, ins));
    must(weft_op_delete(op, del_cp));
}

static struct weft_op *ops_new(size_t n)
{
    struct weft_op *ops = malloc(n * sizeof *ops);
    WEFT_ASSERT(ops != NULL);
    for (size_t i = 0; i < n; i++)
        weft_op_init(&ops[i], weft_heap());
    return ops;
}

static void ops_free(struct weft_op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        weft_op_done(&ops[i]);
    free(ops);
}

/* How a history comes about. */
enum habit {
    TYPED,     /* runs of 5 to 40 characters, then somewhere else; now and then one back */
    SCATTERED, /* one character at a random place, 1 in 5 a delete */
    RANGES,    /* 1 to 8 characters at a random place, 1 in 5 a delete: these get split */
};

static const char *const HABITS[] = {"typed", "scattered", "ranges"};

static void history_of(uint64_t seed, enum habit habit, size_t doc_cp, struct weft_op *ops,
                       size_t n)
{
    struct rng r = rng_of(seed);
    size_t caret = 0, left = 0;
    for (size_t i = 0; i < n; i++, left--) {
        if (left == 0 || habit != TYPED) {
            caret = rng_below(&r, doc_cp);
            left = rng_between(&r, 5, 40);
        }
        size_t len = habit == RANGES ? rng_between(&r, 1, 8) : 1;
        if (rng_chance(&r, habit == TYPED ? 5 : 20)) {
            caret = caret >= len ? caret - len : 0;
            edit_at(&ops[i], caret, 0, len);
            doc_cp -= len;
        } else {
            edit_at(&ops[i], caret, len, 0);
            caret += len;
            doc_cp += len;
        }
    }
}

/* --- pairs --- */

static void measure_pairs(enum habit habit)
{
    struct bench_figure one = {0}, both = {0}, joined = {0};
    struct weft_op *a = ops_new(PAIRS), *b = ops_new(PAIRS), *c = ops_new(PAIRS), ret;
    weft_op_init(&ret, weft_heap());
    history_of(1, habit, 100000, a, PAIRS);
    history_of(2, habit, 100000, b, PAIRS);
    history_of(3, habit, 100000, c, PAIRS);
    const double calls = (double)PAIRS * PAIR_ROUNDS;
    for (int i = 0; i < 2 * REPEATS + 1; i++) {
        uint64_t start_ns = bench_now_ns();
        for (size_t k = 0; k < PAIR_ROUNDS; k++)
            for (size_t p = 0; p < PAIRS; p++)
                must(weft_op_transform(&a[p], &b[(p + k) % PAIRS], WEFT_LEFT, &ret));
        bench_add(&one, (double)(bench_now_ns() - start_ns) / calls);
        start_ns = bench_now_ns();
        for (size_t k = 0; k < PAIR_ROUNDS; k++)
            for (size_t p = 0; p + 1 < PAIRS; p++)
                must(weft_op_compose(&c[p], &c[p + 1], &ret));
        bench_add(&joined, (double)(bench_now_ns() - start_ns) / calls);
        start_ns = bench_now_ns();
        for (size_t k = 0; k < PAIR_ROUNDS; k++)
            for (size_t p = 0; p < PAIRS; p++)
                must(weft_op_transform_pair(&a[p], &b[(p + k) % PAIRS]));
        bench_add(&both, (double)(bench_now_ns() - start_ns) / calls);
    }
    char cell[3][BENCH_CELL_BYTES];
    printf("%-10s %-22s %-26s %s\n", HABITS[habit], bench_spread(&one, cell[0]),
           bench_spread(&both, cell[1]), bench_spread(&joined, cell[2]));
    weft_op_done(&ret);
    ops_free(a, PAIRS);
    ops_free(b, PAIRS);
    ops_free(c, PAIRS);
}

/* --- all pairs --- */

static void measure_grid(enum habit habit)
{
    struct bench_figure ms = {0};
    for (int i = 0; i < REPEATS; i++) {
        struct weft_op *a = ops_new(GRID), *b = ops_new(GRID);
        history_of(4, habit, 100000, a, GRID);
        history_of(5, habit, 100000, b, GRID);
        uint64_t start_ns = bench_now_ns();
        must(weft_op_transform_lists(a, GRID, b, GRID));
        bench_add(&ms, (double)(bench_now_ns() - start_ns) / 1e6);
        ops_free(a, GRID);
        ops_free(b, GRID);
    }
    char cell[2][BENCH_CELL_BYTES];
    printf("%-10s %-22s %s\n", HABITS[habit], bench_spread(&ms, cell[0]),
           bench_number(bench_median(&ms) * 1e6 / ((double)GRID * GRID), cell[1]));
    fflush(stdout);
}

/* --- many as one --- */

static void compose_list(const struct weft_op *ops, size_t n, struct weft_op *ret)
{
    const struct weft_op **list = malloc(n * sizeof *list);
    WEFT_ASSERT(list != NULL);
    for (size_t i = 0; i < n; i++)
        list[i] = &ops[i];
    must(weft_op_compose_all(list, n, ret));
    free(list);
}

static void measure_compose(enum habit habit)
{
    struct bench_figure ms = {0};
    struct weft_op *ops = ops_new(LOGGED), all;
    weft_op_init(&all, weft_heap());
    history_of(6, habit, 100000, ops, LOGGED);
    for (int i = 0; i < REPEATS; i++) {
        uint64_t start_ns = bench_now_ns();
        compose_list(ops, LOGGED, &all);
        bench_add(&ms, (double)(bench_now_ns() - start_ns) / 1e6);
    }
    size_t parts;
    (void)weft_op_parts(&all, &parts);
    char cell[BENCH_CELL_BYTES];
    printf("%-10s %-22s %zu parts\n", HABITS[habit], bench_spread(&ms, cell), parts);
    weft_op_done(&all);
    ops_free(ops, LOGGED);
}

/* --- the offline client --- */

static size_t json_bytes(const struct weft_op *op)
{
    char *json = op_json(op);
    size_t len = strlen(json);
    free(json);
    return len;
}

/* `ops` were logged while the client, which has the document of doc_cp, wrote `own`. */
static void measure_offline(const char *name, size_t doc_cp, const struct weft_op *ops,
                            const struct weft_op *own)
{
    struct bench_figure first = {0}, kept = {0}, made = {0};
    struct weft_op mine, merged, missed;
    weft_op_init(&mine, weft_heap());
    weft_op_init(&merged, weft_heap());
    weft_op_init(&missed, weft_heap());
    size_t kept_bytes = 0;
    for (int i = 0; i < REPEATS; i++) {
        struct history h;
        history_init(&h, weft_heap(), 0, (uint32_t)doc_cp);
        for (size_t k = 0; k < LOGGED; k++)
            must(history_log(&h, &ops[k]));
        uint64_t start_ns = bench_now_ns();
        compose_list(own, OFFLINE, &mine);
        bench_add(&made, (double)(bench_now_ns() - start_ns) / 1e6);
        for (int turn = 0; turn < 2; turn++) {
            must(weft_op_copy(&merged, &mine));
            start_ns = bench_now_ns();
            must(history_transform(&h, &merged, 0, LOGGED, LOGGED));
            bench_add(turn == 0 ? &first : &kept, (double)(bench_now_ns() - start_ns) / 1e6);
        }
        kept_bytes = h.block_bytes;
        must(history_compose(&h, 0, LOGGED, LOGGED, &missed));
        history_done(&h);
    }
    size_t parts[2];
    (void)weft_op_parts(&mine, &parts[0]);
    (void)weft_op_parts(&missed, &parts[1]);
    char cell[3][BENCH_CELL_BYTES];
    printf("%-16s %-19s %-19s %-21s %5zu %7zu %7zu %8zu %9zu\n", name, bench_spread(&made, cell[0]),
           bench_spread(&first, cell[1]), bench_spread(&kept, cell[2]), parts[0], json_bytes(&mine),
           parts[1], json_bytes(&missed), kept_bytes);
    fflush(stdout);
    weft_op_done(&mine);
    weft_op_done(&merged);
    weft_op_done(&missed);
}

/* The recording's next patches behind the logged ones are what the client wrote, against a document
 * as long as theirs. */
static void offline_recorded(void)
{
    struct trace t;
    if (!trace_load_patches("automerge-paper", &t))
        return;
    struct weft_op *ops = ops_new(LOGGED + OFFLINE);
    int64_t doc_cp = 0;
    WEFT_ASSERT(t.n >= LOGGED + OFFLINE);
    for (size_t i = 0; i < LOGGED + OFFLINE; i++)
        trace_op(&t.lines[i], &ops[i]);
    for (size_t i = 0; i < LOGGED; i++)
        doc_cp += weft_op_delta(&ops[i]);
    measure_offline(t.name, (size_t)doc_cp, ops, ops + LOGGED);
    ops_free(ops, LOGGED + OFFLINE);
    trace_done(&t);
}

static void offline_made(enum habit habit)
{
    struct weft_op *ops = ops_new(LOGGED), *own = ops_new(OFFLINE);
    history_of(7, habit, 100000, ops, LOGGED);
    history_of(8, habit, 100000, own, OFFLINE);
    measure_offline(HABITS[habit], 100000, ops, own);
    ops_free(ops, LOGGED);
    ops_free(own, OFFLINE);
}

/* --- the same through a room --- */

static struct room_pair pair;

static void load_record(struct buf *b, struct record *r, const struct weft_op *op)
{
    char why[200];
    *r = (struct record){.rev = r->rev + 1, .prev_sum = r->sum, .at_ms = 1};
    buf_clear(b);
    must(record_encode(r, op, b));
    must(room_load_record(pair.room, r->rev, b->data, b->len, why, sizeof why));
}

/* Revision 1 is a text of doc_cp letters, then come the ops. */
static void room_fill(size_t doc_cp, const struct weft_op *ops, size_t n)
{
    const struct room_config config = {
        .document_bytes_max = 64 << 20, .people_max = 10, .message_bytes_max = 1 << 20};
    const struct uuid epoch = {{1}};
    struct record r = {.sum = record_first_sum(&epoch)};
    struct weft_op all;
    struct buf b;
    char why[200];
    char *text = malloc(doc_cp + 1);
    WEFT_ASSERT(text != NULL);
    memset(text, 'x', doc_cp);
    weft_op_init(&all, weft_heap());
    buf_init(&b, weft_heap());
    must(weft_op_insert(&all, text, doc_cp));
    must(room_new(weft_heap(), &config, &epoch, &pair.room));
    must(room_effects_new(weft_heap(), &pair.fx));
    load_record(&b, &r, &all);
    for (size_t i = 0; i < n; i++)
        load_record(&b, &r, &ops[i]);
    must(room_load_end(pair.room, r.rev, why, sizeof why));
    struct room_event join = {.kind = ROOM_JOIN, .conn = 1};
    join.join.user_id.bytes[0] = 1;
    join.join.spare_id.bytes[0] = 2;
    room_pair_step(&pair, &join);
    buf_done(&b);
    weft_op_done(&all);
    free(text);
}

/* Decided, made durable: what it takes until it is shown. */
static double submit_ms(const struct weft_op *op, uint64_t rev)
{
    struct room_event event = {.kind = ROOM_OPERATION, .conn = 1};
    event.submission = (struct room_submission){.has_rev = true, .rev = rev, .op = op};
    uint64_t head_rev = room_info(pair.room).head_rev;
    uint64_t start_ns = bench_now_ns();
    room_pair_step(&pair, &event);
    room_pair_commit(&pair);
    double ms = (double)(bench_now_ns() - start_ns) / 1e6;
    WEFT_ASSERT(room_info(pair.room).rev == head_rev + 1);
    return ms;
}

static void measure_room(enum habit habit)
{
    struct bench_figure first = {0}, kept = {0};
    struct weft_op *ops = ops_new(LOGGED), *own = ops_new(OFFLINE), mine;
    weft_op_init(&mine, weft_heap());
    history_of(7, habit, 100000, ops, LOGGED);
    history_of(8, habit, 100000, own, OFFLINE);
    compose_list(own, OFFLINE, &mine);
    for (int i = 0; i < REPEATS; i++) {
        room_fill(100000, ops, LOGGED);
        bench_add(&first, submit_ms(&mine, 1));
        bench_add(&kept, submit_ms(&mine, 1));
        room_pair_close(&pair);
    }
    char cell[2][BENCH_CELL_BYTES];
    printf("%-16s %-19s %s\n", HABITS[habit], bench_spread(&first, cell[0]),
           bench_spread(&kept, cell[1]));
    fflush(stdout);
    weft_op_done(&mine);
    ops_free(ops, LOGGED);
    ops_free(own, OFFLINE);
}

/* --- texts at old revisions --- */

enum { OLD_CP = 100000, WALK = 100 };

static double text_one_by_one(const struct history *h, size_t n, struct weft_text *text)
{
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    uint64_t start_ns = bench_now_ns();
    for (uint64_t rev = 1; rev <= n; rev++) {
        must(history_op(h, rev, &op));
        must(weft_op_apply(&op, text));
    }
    weft_op_done(&op);
    return (double)(bench_now_ns() - start_ns) / 1e6;
}

static double text_composed(struct history *h, size_t n, struct weft_text *text)
{
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    uint64_t start_ns = bench_now_ns();
    must(history_compose(h, 0, n, n, &op));
    must(weft_op_apply(&op, text));
    weft_op_done(&op);
    return (double)(bench_now_ns() - start_ns) / 1e6;
}

static double text_played(struct history *h, size_t n, struct weft_text *text)
{
    uint64_t start_ns = bench_now_ns();
    must(history_apply(h, 0, n, n, text));
    return (double)(bench_now_ns() - start_ns) / 1e6;
}

static void measure_old_text(enum habit habit, const struct weft_op *ops, size_t n)
{
    struct bench_figure ms[5] = {{0}};
    char *start = malloc(OLD_CP);
    WEFT_ASSERT(start != NULL);
    memset(start, 'x', OLD_CP);
    for (int i = 0; i < 2 * REPEATS + 1; i++) {
        struct history h;
        history_init(&h, weft_heap(), 0, OLD_CP);
        for (size_t k = 0; k < n; k++)
            must(history_log(&h, &ops[k]));
        for (int way = 0; way < 5; way++) {
            struct weft_text *text;
            if (way == 3) /* ... for the first time again */
                blocks_done(&h);
            must(weft_text_from(weft_heap(), start, OLD_CP, &text));
            bench_add(&ms[way], way == 0  ? text_one_by_one(&h, n, text)
                                : way < 3 ? text_composed(&h, n, text)
                                          : text_played(&h, n, text));
            weft_text_free(text);
        }
        history_done(&h);
    }
    char cell[BENCH_CELL_BYTES];
    printf("%-10s %7zu ", HABITS[habit], n);
    for (int way = 0; way < 5; way++)
        printf(" %-22s", bench_spread(&ms[way], cell));
    printf("\n");
    fflush(stdout);
    free(start);
}

/* Somebody looks at one revision after the other, from the first to the last. */
static void measure_walk(enum habit habit, const struct weft_op *ops)
{
    struct bench_figure first = {0}, kept = {0};
    for (int i = 0; i < REPEATS; i++) {
        room_fill(OLD_CP, ops, LOGGED);
        for (int turn = 0; turn < 2; turn++) {
            uint64_t start_ns = bench_now_ns();
            for (uint64_t k = 0; k < WALK; k++) {
                struct room_event event = {.kind = ROOM_TEXT, .conn = 7};
                event.query = (struct room_query){.has_rev = true, .rev = 1 + k * LOGGED / WALK};
                room_pair_step(&pair, &event);
                WEFT_ASSERT(room_effects_at(pair.fx, 0)->message.type == MESSAGE_TEXT);
            }
            bench_add(turn == 0 ? &first : &kept, (double)(bench_now_ns() - start_ns) / 1e6 / WALK);
        }
        room_pair_close(&pair);
    }
    char cell[2][BENCH_CELL_BYTES];
    printf("%-10s %-22s %s\n", HABITS[habit], bench_spread(&first, cell[0]),
           bench_spread(&kept, cell[1]));
    fflush(stdout);
}

static void measure_old_texts(void)
{
    struct weft_op *ops[2] = {ops_new(LOGGED), ops_new(LOGGED)};
    printf("\na text of %d, so many revisions later; ms, n = %d\n%-10s %7s  %-22s %-22s %-22s "
           "%-22s %s\n",
           OLD_CP, 2 * REPEATS + 1, "", "", "one by one", "composed", "ranges kept", "in ranges",
           "ranges kept");
    for (int habit = TYPED; habit <= SCATTERED; habit++) {
        history_of(9, (enum habit)habit, OLD_CP, ops[habit], LOGGED);
        for (size_t n = 100; n <= LOGGED; n *= 10)
            measure_old_text((enum habit)habit, ops[habit], n);
    }
    printf("\n%d old texts of a room of %d operations, one after the other; ms each, n = %d\n"
           "%-10s %-22s %s\n",
           WALK, LOGGED, REPEATS, "", "first time", "ranges kept");
    for (int habit = TYPED; habit <= SCATTERED; habit++) {
        measure_walk((enum habit)habit, ops[habit]);
        ops_free(ops[habit], LOGGED);
    }
}

/* --- a session --- */

static void measure_session(void)
{
    struct trace t;
    if (!trace_load_session("friendsforever", &t)) {
        printf("(no recorded sessions here: WEFT_TRACES names their folder)\n");
        return;
    }
    struct bench_figure ms = {0};
    struct merged m = {0};
    for (int i = 0; i < 2 * REPEATS + 1; i++) {
        uint64_t start_ns = bench_now_ns();
        m = merge_session(&t);
        bench_add(&ms, (double)(bench_now_ns() - start_ns) / 1e6);
        WEFT_ASSERT(weft_text_equal(m.text, t.end, t.end_bytes));
        weft_text_free(m.text);
    }
    char cell[2][BENCH_CELL_BYTES];
    printf("%-16s %-19s %8s %8zu %8zu %8zu\n", t.name, bench_spread(&ms, cell[0]),
           bench_number(bench_median(&ms) * 1e6 / (double)t.n, cell[1]), t.n, m.pairs, m.log_bytes);
    trace_done(&t);
}

int main(void)
{
    printf("single edits, %d of them; ns, n = %d, median (least-most)\n", PAIRS, 2 * REPEATS + 1);
    printf("%-10s %-22s %-26s %s\n", "", "transform", "both in place", "compose");
    for (int habit = TYPED; habit <= RANGES; habit++)
        measure_pairs((enum habit)habit);
    printf("\n%d against %d, all pairs, both in place; n = %d\n", GRID, GRID, REPEATS);
    printf("%-10s %-22s %s\n", "", "ms", "ns a pair");
    for (int habit = TYPED; habit <= RANGES; habit++)
        measure_grid((enum habit)habit);
    printf("\n%d into one; n = %d\n%-10s %s\n", LOGGED, REPEATS, "", "ms");
    for (int habit = TYPED; habit <= RANGES; habit++)
        measure_compose((enum habit)habit);
    printf("\n%d operations of an offline client onto %d logged; ms, n = %d\n", OFFLINE, LOGGED,
           REPEATS);
    printf("%-16s %-19s %-19s %-21s %5s %7s %7s %8s %9s\n", "", "client composes", "first time",
           "ranges kept", "parts", "JSON", "missed", "JSON", "kept");
    offline_recorded();
    offline_made(TYPED);
    offline_made(SCATTERED);
    printf("\nthe same through a room, until it is on disk and shown\n%-16s %-19s %s\n", "",
           "first time", "ranges kept");
    measure_room(TYPED);
    measure_room(SCATTERED);
    measure_old_texts();
    printf("\na session of two merged into its text: transform, compact log, apply\n");
    printf("%-16s %-19s %8s %8s %8s %8s\n", "", "ms", "ns/op", "ops", "pairs", "log");
    measure_session();
    return 0;
}
