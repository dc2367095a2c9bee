/* The pieces an operation passes through, each alone: merging over what was not seen, the outgoing
 * log, JSON in and out. Floors: jansson alone on the same bytes, snprintf of the same message. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/assert.h"
#include "bench/bench.h"
#include "room/outlog.h"
#include "support/room_pair.h"
#include "support/rng.h"
#include "wire/wire.h"

enum {
    REPEATS = 5,
    HISTORY_REVS = 60800, /* 60,000 unseen, and what each measurement adds */
    KEPT_ROUNDS = 100,
    BATCH = 2000,
    READERS = 200,
};

/* --- one typed character, this many revisions behind --- */

static struct room_pair pair;

/* One character by conn; the time until it is decided, which is when it is merged. */
static uint64_t type_one(uint64_t conn, uint64_t rev, size_t pos_cp)
{
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    if (weft_op_retain(&op, pos_cp) != 0 || weft_op_insert(&op, "x", 1) != 0)
        WEFT_NEVER("out of memory");
    struct room_event event = {.kind = ROOM_OPERATION, .conn = conn};
    event.submission = (struct room_submission){.has_rev = true, .rev = rev, .op = &op};
    uint64_t start_ns = bench_now_ns();
    room_pair_step(&pair, &event);
    uint64_t took_ns = bench_now_ns() - start_ns;
    room_pair_commit(&pair);
    weft_op_done(&op);
    return took_ns;
}

/* A document typed the way people do: runs of 5 to 40 characters, then somewhere else. */
static void open_typed(void)
{
    room_pair_open(&pair);
    struct rng rng = rng_of(1);
    size_t caret = 0;
    size_t left = 0;
    for (uint64_t rev = 0; rev < HISTORY_REVS; rev++, left--) {
        if (left == 0) {
            caret = rng_below(&rng, (size_t)rev + 1);
            left = rng_between(&rng, 5, 40);
        }
        type_one(1, rev, caret++);
    }
}

static void measure_unseen(uint64_t unseen)
{
    struct bench_figure first = {0}, kept = {0}, mean = {0};
    for (int i = 0; i < REPEATS; i++) {
        struct rng rng = rng_of((uint64_t)i + 7);
        double times[KEPT_ROUNDS];
        double sum = 0;
        open_typed();
        /* Never against revision 0: a block that reaches the base is like any other, an empty
         * document is not. */
        bench_add(&first, (double)type_one(2, HISTORY_REVS - unseen, 100) / 1000);
        for (int k = 0; k < KEPT_ROUNDS; k++) {
            uint64_t rev = room_info(pair.room).head_rev - unseen;
            times[k] = (double)type_one(2, rev, rng_below(&rng, (size_t)rev)) / 1000;
            sum += times[k];
        }
        qsort(times, KEPT_ROUNDS, sizeof *times, bench_compare);
        bench_add(&kept, times[KEPT_ROUNDS / 2]);
        bench_add(&mean, sum / KEPT_ROUNDS);
        room_pair_close(&pair);
    }
    char cell[3][BENCH_CELL_BYTES];
    printf("%8llu  %-26s %-22s %-22s\n", (unsigned long long)unseen, bench_spread(&first, cell[0]),
           bench_spread(&kept, cell[1]), bench_spread(&mean, cell[2]));
    fflush(stdout);
}

/* --- the outgoing log --- */

static const char delivery[] =
    "{\"type\":\"insert\",\"rev\":12345,\"user_id\":\"0f7e6a10-3a53-4c4e-9d0b-7d2f4b1c9a11\","
    "\"position\":5,\"text\":\"x\"}";

/* `per_turn` frames are appended, then every reader pulls what it lacks: ns for each delivery. */
static double outlog_round(size_t per_turn, uint64_t *ret_bytes)
{
    static struct outlog_reader readers[READERS];
    struct outlog log;
    struct buf scratch;
    buf_init(&scratch, weft_heap());
    outlog_init(&log, weft_heap(), OUTLOG_BYTES_MAX);
    for (size_t i = 0; i < READERS; i++)
        outlog_reader_init(&readers[i], &log, weft_heap(), i + 1, 0, 0);
    size_t turns = BATCH / per_turn;
    uint64_t pulled = 0;
    uint64_t start_ns = bench_now_ns();
    for (size_t turn = 0; turn < turns; turn++) {
        for (size_t k = 0; k < per_turn; k++) {
            uint64_t rev = turn * per_turn + k + 1;
            if (outlog_append(&log, (const uint8_t *)delivery, sizeof delivery - 1,
                              rev % READERS + 1, rev, 0) != 0)
                WEFT_NEVER("out of memory");
        }
        for (size_t i = 0; i < READERS; i++) {
            enum outlog_state state = OUTLOG_BYTES;
            const uint8_t *bytes = NULL;
            size_t len = 0;
            while (state == OUTLOG_BYTES) {
                if (outlog_pull(&log, &readers[i], 64 << 10, &scratch, &state, &bytes, &len) != 0)
                    WEFT_NEVER("out of memory");
                pulled += state == OUTLOG_BYTES ? len : 0;
            }
        }
        outlog_trim(&log, log.next_seq);
    }
    uint64_t took_ns = bench_now_ns() - start_ns;
    *ret_bytes = pulled;
    for (size_t i = 0; i < READERS; i++)
        outlog_reader_done(&readers[i]);
    outlog_done(&log);
    buf_done(&scratch);
    return (double)took_ns / (double)(turns * per_turn * (READERS - 1));
}

static void measure_outlog(void)
{
    static const size_t per_turn[] = {1, 10, 100};
    printf("\noutgoing log, %d readers, frames of %zu bytes; ns per delivery (append and pull)\n",
           READERS, sizeof delivery - 1);
    printf("%-16s %s\n", "frames a turn", "ns");
    for (size_t i = 0; i < sizeof per_turn / sizeof *per_turn; i++) {
        struct bench_figure f = {0};
        uint64_t bytes = 0;
        for (int k = 0; k < REPEATS; k++)
            bench_add(&f, outlog_round(per_turn[i], &bytes));
        WEFT_ASSERT(bytes == (uint64_t)BATCH * (READERS - 1) * (sizeof delivery - 1));
        char cell[BENCH_CELL_BYTES];
        printf("%-16zu %s\n", per_turn[i], bench_spread(&f, cell));
    }
    fflush(stdout);
}

/* --- JSON --- */

static const char typed[] =
    "{\"type\":\"insert\",\"position\":5,\"text\":\"x\",\"rev\":12344,\"seq\":77}";

static void decode_wire(void)
{
    struct wire_message m;
    struct room_error error;
    if (wire_decode(weft_heap(), typed, sizeof typed - 1, &m, &error) != 0)
        WEFT_NEVER("the message does not decode");
    wire_message_done(&m);
}

static void decode_jansson(void)
{
    json_t *j = json_loadb(typed, sizeof typed - 1, 0, NULL);
    WEFT_ASSERT(j != NULL);
    json_decref(j);
}

static struct buf out;
static struct room_message message;

static void encode_wire(void)
{
    buf_clear(&out);
    if (wire_encode(&message, &out) != 0)
        WEFT_NEVER("out of memory");
}

static void encode_snprintf(void)
{
    static char to[256];
    volatile unsigned rev = 12345; /* not folded away */
    int len = snprintf(to, sizeof to,
                       "{\"type\":\"insert\",\"rev\":%u,\"user_id\":\"%s\",\"position\":%u,"
                       "\"text\":\"%s\"}",
                       rev, "0f7e6a10-3a53-4c4e-9d0b-7d2f4b1c9a11", rev, "x");
    WEFT_ASSERT(len > 0);
}

static double batch_ns(void (*f)(void))
{
    uint64_t start_ns = bench_now_ns();
    for (int i = 0; i < BATCH; i++)
        f();
    return (double)(bench_now_ns() - start_ns) / BATCH;
}

static void measure_pair(const char *name, void (*ours)(void), const char *floor_name,
                         void (*floor)(void))
{
    struct bench_figure a = {0}, b = {0};
    for (int i = 0; i < 2 * REPEATS + 1; i++) {
        bench_add(&a, batch_ns(ours));
        if (floor != NULL)
            bench_add(&b, batch_ns(floor));
    }
    char cell[2][BENCH_CELL_BYTES];
    printf("%-24s %-20s", name, bench_spread(&a, cell[0]));
    if (floor != NULL)
        printf(" %-14s %-20s %.2f", floor_name, bench_spread(&b, cell[1]),
               bench_median(&a) / bench_median(&b));
    printf("\n");
}

static void measure_wire(void)
{
    printf("\nJSON; ns each, n = %d\n", 2 * REPEATS + 1);
    printf("%-24s %-20s %-14s %-20s %s\n", "message", "ns", "floor", "ns", "x floor");
    measure_pair("decode a typed insert", decode_wire, "jansson alone", decode_jansson);
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    buf_init(&out, weft_heap());
    if (weft_op_retain(&op, 5) != 0 || weft_op_insert(&op, "x", 1) != 0)
        WEFT_NEVER("out of memory");
    message = (struct room_message){.type = MESSAGE_EDIT};
    message.edit = (struct room_edit){.rev = 12345, .op = &op};
    measure_pair("encode a typed insert", encode_wire, "snprintf", encode_snprintf);
    message = (struct room_message){.type = MESSAGE_ACK};
    message.ack = (struct room_ack){.rev = 12345, .seq = 77};
    measure_pair("encode an ack", encode_wire, "", NULL);
    buf_done(&out);
    weft_op_done(&op);
}

int main(void)
{
    static const uint64_t unseen[] = {0, 10, 1000, 60000};
    printf("one typed character merged over unseen revisions; us, n = %d, median (least-most)\n",
           REPEATS);
    printf("%8s  %-26s %-22s %-22s\n", "unseen", "first time", "blocks kept, median",
           "blocks kept, mean");
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        measure_unseen(unseen[i]);
    measure_outlog();
    measure_wire();
    return 0;
}
