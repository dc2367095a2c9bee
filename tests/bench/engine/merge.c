/* Merging: an offline client that comes back, one edit far behind, a recorded session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bench/engine/engine.h"
#include "room/history.h"
#include "support/gen.h"
#include "support/history_log.h"
#include "support/replay.h"
#include "support/room_pair.h"

/* --- a history, as a room keeps it --- */

static void history_fill(struct history *h, size_t base_cp, const struct weft_op *ops, size_t n)
{
    history_init(h, weft_heap(), 0, (uint32_t)base_cp);
    for (size_t i = 0; i < n; i++)
        must(history_log(h, &ops[i]));
}

static double merge_ms(struct history *h, const struct weft_op *op, size_t from, size_t to,
                       struct weft_op *ret)
{
    static struct laps laps;
    must(weft_op_copy(ret, op));
    laps_init(&laps, 0);
    laps_start(&laps);
    must(history_transform(h, ret, from, to, to));
    laps_stop(&laps);
    return laps_median(&laps) / 1e6;
}

static struct weft_op *ops_of(const char *path, size_t *ret_n)
{
    struct edits list;
    edits_load(path, &list);
    struct weft_op *ops = edits_ops(weft_heap(), &list, list.n);
    *ret_n = list.n;
    edits_done(&list);
    return ops;
}

/* offline weft LOGGED CLIENT BASE_CP: the client's edits, composed, over all that was logged; the
 * first time, and once the ranges are kept */
void ask_offline(char *const words[])
{
    static struct laps laps;
    size_t n_logged, n_own;
    struct weft_op *logged = ops_of(words[2], &n_logged);
    struct weft_op *own = ops_of(words[3], &n_own);
    struct weft_op one, moved;
    struct history h;
    char sha[HEX_BYTES];
    weft_op_init(&one, weft_heap());
    weft_op_init(&moved, weft_heap());
    laps_init(&laps, 0);
    laps_start(&laps);
    ops_compose(own, n_own, &one);
    laps_stop(&laps);

    history_fill(&h, number(words[4]), logged, n_logged);
    double first_ms = merge_ms(&h, &one, 0, n_logged, &moved);
    double kept_ms = merge_ms(&h, &one, 0, n_logged, &moved);

    struct weft_text *t = base_rope(weft_heap(), "ascii", number(words[4]));
    for (size_t i = 0; i < n_logged; i++)
        must(weft_op_apply(&logged[i], t));
    must(weft_op_apply(&moved, t));
    sha_of_text(t, sha);
    char *json = op_json(&one);
    printf("{\"client_ms\":%.4f,\"first_ms\":%.4f,\"kept_ms\":%.4f,\"wire_bytes\":%zu,"
           "\"range_bytes\":%zu,\"sha\":\"%s\"}\n",
           laps_median(&laps) / 1e6, first_ms, kept_ms, strlen(json), h.block_bytes, sha);
    free(json);
    weft_text_free(t);
    history_done(&h);
    weft_op_done(&one);
    weft_op_done(&moved);
    ops_done(logged, n_logged);
    ops_done(own, n_own);
}

/* behind weft LOGGED BASE_CP H: one typed character, H revisions behind */
void ask_behind(char *const words[])
{
    size_t n, h_revs = number(words[4]);
    struct weft_op *logged = ops_of(words[2], &n);
    struct weft_op typed, moved;
    struct history h;
    n = h_revs < n ? h_revs : n;
    weft_op_init(&typed, weft_heap());
    weft_op_init(&moved, weft_heap());
    must(weft_op_retain(&typed, number(words[3]) / 2));
    must(weft_op_insert(&typed, "x", 1));
    history_fill(&h, number(words[3]), logged, n);
    double first_ms = merge_ms(&h, &typed, 0, n, &moved);
    double kept_ms = merge_ms(&h, &typed, 0, n, &moved);
    for (int i = 0; i < 8; i++) {
        double again_ms = merge_ms(&h, &typed, 0, n, &moved);
        kept_ms = again_ms < kept_ms ? again_ms : kept_ms;
    }
    struct weft_op one_by_one;
    weft_op_init(&one_by_one, weft_heap());
    for (size_t i = 0; i < n; i++) {
        must(weft_op_transform(&typed, &logged[i], WEFT_LEFT, &one_by_one));
        struct weft_op swap = typed;
        typed = one_by_one;
        one_by_one = swap;
    }
    printf("{\"first_ns\":%.0f,\"kept_ns\":%.0f,\"right\":%s}\n", first_ms * 1e6, kept_ms * 1e6,
           weft_op_equal(&typed, &moved) ? "true" : "false");
    weft_op_done(&one_by_one);
    history_done(&h);
    weft_op_done(&typed);
    weft_op_done(&moved);
    ops_done(logged, n);
}

/* --- a session of two --- */

struct submission {
    struct weft_op op;
    uint64_t rev;
    int client;
};

static struct session {
    struct trace trace;
    struct submission *items;
    size_t *length_cp; /* by revision */
    size_t n;
} session;

enum { LINES_GENERATED = 20000, GROUP = 64 };

static void keep(void *ctx, int client, uint64_t rev, const struct weft_op *op)
{
    struct session *s = ctx;
    struct submission *item = &s->items[s->n++];
    item->rev = rev;
    item->client = client;
    weft_op_init(&item->op, weft_heap());
    must(weft_op_copy(&item->op, op));
}

/* Once: the client's half of the work. */
static void session_prepare(const char *name, size_t lines)
{
    struct session *s = &session;
    if (s->items != NULL)
        return;
    if (!trace_load_session(name, &s->trace))
        trace_generate(1, lines, &s->trace);
    s->items = must_have(calloc(s->trace.n, sizeof *s->items));
    s->length_cp = must_have(calloc(s->trace.n + 1, sizeof *s->length_cp));
    struct replay *r = replay_new(&s->trace);
    replay_watch(r, keep, s);
    while (replay_lines(r, 1) != 0)
        s->length_cp[s->n] = room_info(replay_room(r)).length_cp;
    replay_free(r);
}

/* For the peers: lines of [revision, length of the document there, operation]. */
static void session_write(const char *path)
{
    FILE *f = must_have(fopen(path, "w"));
    for (size_t i = 0; i < session.n; i++) {
        const struct submission *item = &session.items[i];
        char *json = op_json(&item->op);
        fprintf(f, "[%llu,%zu,%s]\n", (unsigned long long)item->rev, session.length_cp[item->rev],
                json);
        free(json);
    }
    fclose(f);
}

static void check_end(const struct weft_text *t)
{
    if (!weft_text_equal(t, session.trace.end, session.trace.end_bytes))
        WEFT_NEVER("the session ended with another text");
}

/* Through a room, `group` operations to a commit. */
static double room_ms(size_t group, char ret_sha[HEX_BYTES])
{
    static struct laps laps;
    struct room_pair pair;
    room_pair_open(&pair);
    laps_init(&laps, 0);
    laps_start(&laps);
    for (size_t i = 0; i < session.n;) {
        for (size_t end = i + group; i < session.n && i < end; i++) {
            struct room_event event = {.kind = ROOM_OPERATION,
                                       .conn = (uint64_t)session.items[i].client + 1};
            event.submission = (struct room_submission){.has_rev = true,
                                                        .rev = session.items[i].rev,
                                                        .has_seq = true,
                                                        .seq = i + 1,
                                                        .op = &session.items[i].op};
            room_pair_step(&pair, &event);
        }
        struct room_event event = {.kind = ROOM_DURABLE, .durable_rev = i};
        room_pair_step(&pair, &event);
    }
    laps_stop(&laps);
    check_end(room_text(pair.room));
    sha_of_text(room_text(pair.room), ret_sha);
    room_pair_close(&pair);
    return laps_median(&laps) / 1e6;
}

/* What of a room is the engine: each submission over what it had not seen, kept in compact form,
 * carried out on the text. */
static double engine_ms(void)
{
    static struct laps laps;
    struct weft_text *t;
    struct weft_op *log = must_have(malloc((session.n + 1) * sizeof *log));
    struct weft_op moved;
    uint8_t *bytes = must_have(malloc(64 * session.n + 2 * session.trace.end_bytes + (1 << 20)));
    size_t at = 0;
    must(weft_text_new(weft_heap(), &t));
    weft_op_init(&moved, weft_heap());
    laps_init(&laps, 0);
    laps_start(&laps);
    for (size_t i = 0; i < session.n; i++) {
        weft_op_init(&log[i], weft_heap());
        must(weft_op_copy(&log[i], &session.items[i].op));
        for (size_t rev = session.items[i].rev; rev < i; rev++) {
            must(weft_op_transform(&log[i], &log[rev], WEFT_LEFT, &moved));
            struct weft_op swap = log[i];
            log[i] = moved;
            moved = swap;
        }
        weft_op_encode(&log[i], bytes + at);
        at += weft_op_encoded_size(&log[i]);
        must(weft_op_apply(&log[i], t));
    }
    laps_stop(&laps);
    check_end(t);
    weft_text_free(t);
    weft_op_done(&moved);
    ops_done(log, session.n);
    free(bytes);
    return laps_median(&laps) / 1e6;
}

/* session weft NAME SUBMISSIONS LINES: the recording, or else a generated one of LINES lines */
void ask_session(char *const words[])
{
    char sha[2][HEX_BYTES];
    session_prepare(words[2], *words[4] != 0 ? number(words[4]) : LINES_GENERATED);
    if (strcmp(words[3], "-") != 0)
        session_write(words[3]);
    double life_ms = room_ms(1, sha[0]);
    double groups_ms = room_ms(GROUP, sha[1]);
    double merged_ms = engine_ms();
    WEFT_ASSERT(strcmp(sha[0], sha[1]) == 0);
    printf("{\"ms\":%.4f,\"groups_ms\":%.4f,\"engine_ms\":%.4f,\"n\":%zu,\"session\":\"%s\","
           "\"sha\":\"%s\"}\n",
           life_ms, groups_ms, merged_ms, session.n, session.trace.name, sha[0]);
}

void session_end(void)
{
    for (size_t i = 0; i < session.n; i++)
        weft_op_done(&session.items[i].op);
    free(session.items);
    free(session.length_cp);
    trace_done(&session.trace);
}
