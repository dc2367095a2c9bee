/* The outgoing log against a dumb model: each reader's own list of all frames due to it, in order.
 *
 * The model knows of every broadcast and every private frame; a reader must be given exactly what is
 * due, in order, in whole frames. A reader that fell off is caught up as in the server: its private
 * frames from before the gap, then one frame that stands for what it missed, then the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "room/outlog.h"
#include "support/faulty.h"
#include "support/rng.h"

enum { READERS_MAX = 5, FRAMES_MAX = 400, FRAME_BYTES = 12 };

/* A frame due to a reader. */
struct due {
    char bytes[FRAME_BYTES + 1];
    bool is_private;
    bool is_ack;
    uint64_t seq; /* broadcast: its number; private: of the broadcast it goes before */
};

struct model {
    struct outlog_reader reader;
    struct due dues[FRAMES_MAX * 2];
    size_t n;
    bool used;
};

static struct outlog box;
static struct buf scratch;
static struct model models[READERS_MAX];
static struct rng rng;
static uint64_t seed;
static unsigned n_frames;
static size_t n_behind;

static void expect(bool cond, const char *what)
{
    if (!cond)
        fail_msg("%s; to play this case alone: WEFT_SEED=%llu WEFT_CASES=1", what,
                 (unsigned long long)seed);
}

static size_t make_frame(char out[FRAME_BYTES + 1], char kind)
{
    size_t pad = rng_below(&rng, FRAME_BYTES - 6);
    int len = snprintf(out, FRAME_BYTES + 1, "%c%u%.*s.", kind, n_frames++, (int)pad, "________");
    return (size_t)len;
}

static void push(struct model *m, const char *bytes, bool is_private, bool is_ack, uint64_t seq)
{
    struct due *d = &m->dues[m->n++];
    memcpy(d->bytes, bytes, strlen(bytes) + 1);
    d->is_private = is_private;
    d->is_ack = is_ack;
    d->seq = seq;
}

static void broadcast(void)
{
    char frame[FRAME_BYTES + 1];
    size_t len = make_frame(frame, 'b');
    uint64_t except = rng_below(&rng, READERS_MAX * 2) + 1; /* often nobody */
    for (size_t i = 0; i < READERS_MAX; i++)
        if (models[i].used && models[i].reader.conn != except)
            push(&models[i], frame, false, false, box.next_seq);
    assert_int_equal(outlog_append(&box, (uint8_t *)frame, len, except, n_frames, 0), 0);
    expect(outlog_check(&box), "the log does not check");
}

static void send_private(struct model *m)
{
    char frame[FRAME_BYTES + 1];
    bool ack = rng_chance(&rng, 50);
    size_t len = make_frame(frame, ack ? 'a' : 'p');
    push(m, frame, true, ack, box.next_seq);
    assert_int_equal(outlog_send(&box, &m->reader, (uint8_t *)frame, len, ack ? n_frames : 0), 0);
}

static void drop(struct model *m, size_t n)
{
    m->n -= n;
    memmove(m->dues, m->dues + n, m->n * sizeof *m->dues);
}

/* What the room would do: acks are forgotten, the missed becomes one frame, other answers stay. */
static void catch_up(struct model *m)
{
    char frame[FRAME_BYTES + 1];
    size_t kept = 0;
    n_behind++;
    /* Nothing due at all: what is gone were frames that it was to be spared. */
    expect(m->n == 0 || !m->dues[0].is_private || m->dues[0].seq > m->reader.at,
           "behind, and something from before was not given");
    expect(m->reader.at < box.base_seq, "behind, and nothing it lacks is gone");
    outlog_reader_skip(&box, &m->reader, n_frames, 0);
    for (size_t i = 0; i < m->n; i++)
        if (m->dues[i].is_private && !m->dues[i].is_ack)
            m->dues[kept++] = m->dues[i];
    m->n = kept;
    for (size_t n = rng_below(&rng, 3); n > 0; n--) {
        size_t len = make_frame(frame, 'c');
        assert_int_equal(outlog_send(&box, &m->reader, (uint8_t *)frame, len, n_frames), 0);
        memmove(m->dues + 1, m->dues, m->n * sizeof *m->dues);
        m->n++;
        m->dues[0] = (struct due){.is_private = true, .is_ack = true, .seq = box.next_seq};
        memcpy(m->dues[0].bytes, frame, len + 1);
        if (m->n > 1 && m->dues[1].bytes[0] == 'c') { /* in the order they were sent */
            struct due swap = m->dues[0];
            m->dues[0] = m->dues[1];
            m->dues[1] = swap;
        }
    }
}

static void pull(struct model *m)
{
    enum outlog_state state;
    const uint8_t *bytes = NULL;
    size_t len = 0;
    size_t most = rng_between(&rng, 1, 60);
    assert_int_equal(outlog_pull(&box, &m->reader, most, &scratch, &state, &bytes, &len), 0);
    if (state == OUTLOG_BEHIND) {
        catch_up(m);
        pull(m); /* as the server does: it ends the catching up */
        return;
    }
    if (state == OUTLOG_NOTHING) {
        expect(m->n == 0, "nothing given, and something is due");
        expect(!outlog_has_more(&box, &m->reader), "nothing given, and more is said to be there");
        return;
    }
    size_t given = 0;
    for (size_t at = 0; at < len; given++) {
        size_t whole = strlen(m->dues[given].bytes);
        expect(given < m->n, "more given than is due");
        expect(at + whole <= len, "a frame that is not whole");
        expect(memcmp(bytes + at, m->dues[given].bytes, whole) == 0, "not what is due next");
        expect(at == 0 || at + whole <= most, "more than was asked for");
        at += whole;
    }
    drop(m, given);
    size_t private_bytes = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->dues[i].is_private)
            private_bytes += outlog_private_room(strlen(m->dues[i].bytes)) + OUTLOG_PRIVATE_BYTES;
    expect(private_bytes == m->reader.private_bytes, "the waiting bytes are counted wrong");
}

static void trim(void)
{
    uint64_t at = box.next_seq;
    for (size_t i = 0; i < READERS_MAX; i++)
        if (models[i].used && models[i].reader.at < at)
            at = models[i].reader.at;
    outlog_trim(&box, at);
    expect(outlog_check(&box), "the log does not check");
}

static void come_or_go(size_t i)
{
    struct model *m = &models[i];
    if (m->used)
        outlog_reader_done(&m->reader);
    else
        outlog_reader_init(&m->reader, &box, &faulty_never()->alloc, i + 1, 0, 0);
    m->used = !m->used;
    m->n = 0;
}

static void play(void)
{
    static const size_t max_bytes[] = {1, 30, 100, 1000};
    rng = rng_of(seed);
    n_frames = 0;
    outlog_init(&box, &faulty_never()->alloc, max_bytes[rng_below(&rng, 4)]);
    size_t lazy = rng_between(&rng, 1, 6);
    for (size_t i = 0; i < READERS_MAX; i++)
        if (rng_chance(&rng, 70))
            come_or_go(i);
    for (size_t step = rng_between(&rng, 20, FRAMES_MAX); step > 0; step--) {
        size_t i = rng_below(&rng, READERS_MAX);
        size_t what = rng_below(&rng, 10 + lazy * 4);
        if (what == 0)
            come_or_go(i);
        else if (what == 1)
            trim();
        else if (what < 6 + lazy)
            broadcast();
        else if (what < 6 + 2 * lazy && models[i].used)
            send_private(&models[i]);
        else if (models[i].used)
            pull(&models[i]);
    }
    for (size_t i = 0; i < READERS_MAX; i++) {
        while (models[i].used && models[i].n != 0)
            pull(&models[i]);
        if (models[i].used) {
            pull(&models[i]);
            come_or_go(i);
        }
    }
    outlog_done(&box);
}

static void each_reader_is_given_what_is_due(void **state)
{
    (void)state;
    size_t cases = rng_cases(8000);
    buf_init(&scratch, &faulty_never()->alloc);
    for (seed = rng_seed(); seed < rng_seed() + cases; seed++)
        play();
    buf_done(&scratch);
    assert_true(rng_proved(cases, 8000, "outgoing logs: each reader is given what is due to it"));
    assert_true(cases < 100 || n_behind > cases / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reader_is_given_what_is_due),
    };
    return cmocka_run_group_tests_name("the outgoing log against a model", tests, NULL, NULL);
}
