/* One case of the simulation in room_prop_test.c: its state, and everything that may happen in it. */
#ifndef PROPERTY_ROOM_PLAY_H
#define PROPERTY_ROOM_PLAY_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "room/record.h"
#include "support/rng.h"
#include "support/room_client.h"
#include "support/room_server.h"

enum {
    CLIENTS_MAX = 8,
    CHARS_MAX = 3000,
    QUIET_ROUNDS_MAX = 200, /* far more than a few round trips each */
    FILLER = '.',           /* has no identity: typed by the thousand, so that snapshots are due */
    FILLER_CP = 8000,
};

struct mark {
    bool deleted;
    bool
        either; /* what became of it cannot be said: its log was wiped, or a text's difference ate it */
};

enum doing {
    DO_TYPE,
    DO_SET,
    DO_CARET,
    DO_ASK,
    DO_READ,
    DO_WRITE,
    DO_TAKE,
    DO_SUBMIT,
    DO_COMMIT,
    DO_FLUSH,
    DO_TRIM,
    DO_TICK,
    DO_CONNECT,
    DO_CUT,
    DO_NOTICE,
    DO_RESEND,
    DO_EVICT,
    DO_CRASH,
    DO_WIPE,
    DO_KINDS
};

static const char *const doing_names[] = {
    "type", "set",  "caret",   "ask", "read",   "write",  "take",  "submit", "commit", "flush",
    "trim", "tick", "connect", "cut", "notice", "resend", "evict", "crash",  "wipe"};

struct sim {
    uint64_t seed;
    size_t at; /* step */
    struct rng rng;
    struct server server;
    struct typist clients[CLIENTS_MAX];
    struct link *links[CLIENTS_MAX];
    size_t n_clients;
    unsigned weights[DO_KINDS];
    unsigned fail_percent;
    struct mark marks[CHARS_MAX];
    size_t n_chars;
    uint64_t n_epochs;
    enum doing trail[24]; /* the last ones */
    bool heavy;
    bool trace;
};

static struct sim sim; /* one at a time; large */

static struct {
    size_t edits, crashes, cuts, failed, behind, too_slow, opened, snapshots, diffs, wipes, fetched,
        gone, trims;
} seen;

/* --- failing --- */

static void say_where(void)
{
    fprintf(stderr, "# seed %llu, step %zu; last:", (unsigned long long)sim.seed, sim.at);
    for (size_t i = 1; i <= 24; i++)
        fprintf(stderr, " %s", doing_names[sim.trail[(sim.at + i) % 24]]);
    fprintf(stderr, "\n#   to play this case alone: WEFT_SEED=%llu WEFT_CASES=1 WEFT_TRACE=1\n",
            (unsigned long long)sim.seed);
}

static void on_abort(int number)
{
    say_where();
    signal(number, SIG_DFL);
    raise(number);
}

#define HOLDS(cond, what)                                                                          \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            say_where();                                                                           \
            fail_msg("%s", what);                                                                  \
        }                                                                                          \
    } while (0)

static void look(void)
{
    HOLDS(sim.server.wrong == NULL, sim.server.wrong);
}

/* --- characters with an identity --- */

static uint32_t cp_of(size_t id)
{
    static const uint32_t starts[] = {0x100, 0x4e00, 0x20000}; /* 2, 3 and 4 bytes */
    return starts[id % 3] + (uint32_t)(id / 3);
}

static size_t id_of(uint32_t cp)
{
    if (cp == FILLER)
        return SIZE_MAX;
    size_t kind = cp >= 0x20000 ? 2 : cp >= 0x4e00 ? 1 : 0;
    static const uint32_t starts[] = {0x100, 0x4e00, 0x20000};
    size_t id = (size_t)(cp - starts[kind]) * 3 + kind;
    HOLDS(id < sim.n_chars, "a character that nobody typed");
    return id;
}

static void each_char(const struct weft_text *text, void (*see)(size_t id, void *ctx), void *ctx)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    assert_int_equal(weft_text_iter_at(text, 0, &it), 0);
    while (weft_text_iter_next(&it, &chunk, &len)) {
        for (size_t i = 0, n; i < len; i += n)
            see(id_of(utf8_get(chunk + i, &n)), ctx);
    }
}

static void count_char(size_t id, void *ctx)
{
    uint8_t *counts = ctx;
    if (id != SIZE_MAX)
        counts[id]++;
}

static void excuse(size_t id, void *ctx)
{
    (void)ctx;
    if (id != SIZE_MAX)
        sim.marks[id].either = true;
}

static size_t id_at(const struct weft_text *text, size_t pos_cp)
{
    char utf8[4];
    size_t len, n;
    assert_int_equal(weft_text_copy(text, pos_cp, 1, utf8, sizeof utf8, &len), 0);
    return id_of(utf8_get(utf8, &n));
}

/* --- what people do --- */

static void insert_some(struct weft_op *op)
{
    static char filler[FILLER_CP];
    char utf8[4];
    if (sim.heavy && rng_chance(&sim.rng, 25)) {
        memset(filler, FILLER, sizeof filler);
        assert_int_equal(weft_op_insert(op, filler, sizeof filler), 0);
        return;
    }
    for (size_t n = rng_between(&sim.rng, 1, 4); n > 0 && sim.n_chars < CHARS_MAX; n--) {
        size_t len = utf8_put(utf8, cp_of(sim.n_chars++));
        assert_int_equal(weft_op_insert(op, utf8, len), 0);
    }
}

static size_t delete_some(struct weft_op *op, const struct weft_text *view, size_t at)
{
    size_t most = weft_text_size(view).cp - at;
    size_t n = rng_between(&sim.rng, 1, 5);
    if (n > most)
        n = most;
    for (size_t i = 0; i < n; i++) {
        size_t id = id_at(view, at + i);
        if (id != SIZE_MAX)
            sim.marks[id].deleted = true;
        else if (n < most && n < FILLER_CP) /* all of a run goes */
            n++;
    }
    assert_int_equal(weft_op_delete(op, n), 0);
    return n;
}

static void type(struct typist *c)
{
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    size_t length_cp = weft_text_size(c->view).cp;
    size_t at = rng_below(&sim.rng, length_cp + 1);
    assert_int_equal(weft_op_retain(&op, at), 0);
    for (size_t parts = rng_chance(&sim.rng, 20) ? rng_between(&sim.rng, 2, 4) : 1; parts > 0;
         parts--) {
        if (rng_chance(&sim.rng, length_cp > 60 ? 65 : 35))
            at += delete_some(&op, c->view, at);
        else
            insert_some(&op);
        size_t skip = rng_below(&sim.rng, length_cp - at + 1);
        assert_int_equal(weft_op_retain(&op, skip), 0);
        at += skip;
    }
    typist_edit(c, &op);
    weft_op_done(&op);
    seen.edits++;
}

static void set(struct typist *c)
{
    struct room_meta entries = {.n = rng_between(&sim.rng, 1, 6)};
    size_t key = rng_below(&sim.rng, 24);
    for (size_t i = 0; i < entries.n; i++) {
        struct room_meta_entry *e = &entries.entries[i];
        e->key_len = 1;
        e->key[0] = (char)('a' + (key + i) % 24);
        e->removed = rng_chance(&sim.rng, 45);
        e->value_len = e->removed ? 0 : 1;
        e->value[0] = (char)('0' + rng_below(&sim.rng, 10));
    }
    (void)typist_set(c, &entries);
}

static void speak(size_t i)
{
    struct typist_says says;
    struct link *link = sim.links[i];
    if (link == NULL || link->n_ups + 2 > SERVER_UP_MAX || !typist_speak(&sim.clients[i], &says))
        return;
    /* Now and then twice: a client that is not sure. */
    for (size_t n = rng_chance(&sim.rng, 5) ? 2 : 1; n > 0; n--) {
        struct up *up = server_send(link, says.what == FLYING_OP ? ROOM_OPERATION : ROOM_META);
        if (up == NULL)
            return;
        up->rev = says.rev;
        up->seq = says.seq;
        if (says.what == FLYING_OP) {
            assert_int_equal(weft_op_copy(&up->op, says.op), 0);
        } else {
            up->meta = malloc(sizeof *up->meta);
            assert_non_null(up->meta);
            *up->meta = *says.entries;
        }
    }
}

static void put_caret(size_t i)
{
    struct typist *c = &sim.clients[i];
    struct up *up = c->welcomed ? server_send(sim.links[i], ROOM_CURSOR) : NULL;
    if (up == NULL)
        return;
    size_t length_cp = weft_text_size(c->server).cp;
    /* Without a revision it is meant for the newest one, where it may lie outside. */
    up->cursor = (struct room_cursor_move){.has_rev = rng_chance(&sim.rng, 70),
                                           .rev = c->rev,
                                           .position_cp = rng_below(&sim.rng, length_cp + 1),
                                           .anchor_cp = rng_below(&sim.rng, length_cp + 1),
                                           .has_anchor = rng_chance(&sim.rng, 50)};
}

static void ask(size_t i)
{
    struct typist *c = &sim.clients[i];
    bool text = rng_chance(&sim.rng, 50);
    struct up *up = c->welcomed ? server_send(sim.links[i], text ? ROOM_TEXT : ROOM_HISTORY) : NULL;
    if (up == NULL)
        return;
    up->query.has_rev = rng_chance(&sim.rng, 50);
    up->query.rev = rng_below(&sim.rng, (size_t)c->rev + 1);
    up->query.from = up->query.rev + 1;
    up->query.to = rng_chance(&sim.rng, 50) ? 0 : up->query.from + rng_below(&sim.rng, 9);
}

/* --- the line --- */

static struct uuid random_uuid(void)
{
    struct uuid id;
    for (size_t i = 0; i < sizeof id.bytes; i++)
        id.bytes[i] = (uint8_t)rng_next(&sim.rng);
    return id;
}

static void dial(size_t i)
{
    struct typist *c = &sim.clients[i];
    struct room_join join = {.user_id = c->has_session ? c->user_id : random_uuid(),
                             .spare_id = random_uuid(),
                             .resumes = c->has_session,
                             .has_rev = c->has_session && !rng_chance(&sim.rng, 10),
                             .epoch = c->epoch,
                             .rev = c->rev};
    sim.links[i] = server_connect(&sim.server, (int)i, &join);
}

static void cut(size_t i)
{
    if (sim.links[i] == NULL)
        return;
    server_hang_up(sim.links[i]);
    sim.links[i] = NULL;
    typist_cut(&sim.clients[i]);
    seen.cuts++;
}

static void excuse_if_gone(size_t id, void *ctx)
{
    const uint8_t *counts = ctx;
    if (id != SIZE_MAX && counts[id] == 0)
        sim.marks[id].either = true;
}

static void each_in_flight(const struct typist *c, void (*see)(size_t id, void *ctx), void *ctx)
{
    size_t len, n;
    const char *text = weft_op_text(&c->in_flight, &len);
    for (size_t i = 0; i < len; i += n)
        see(id_of(utf8_get(text + i, &n)), ctx);
}

/* What a difference may bring back: it says "deleted and inserted again" of what stayed, and a pending
 * deletion of that has nothing left to delete. */
static void excuse_pending(const struct typist *before)
{
    uint8_t *counts = calloc(CHARS_MAX, 1);
    assert_non_null(counts);
    each_char(before->view, count_char, counts);
    each_char(before->server, excuse_if_gone, counts);
    each_in_flight(before, excuse_if_gone, counts);
    free(counts);
}

/* One frame reaches a client. */
static bool take(size_t i)
{
    struct typist *c = &sim.clients[i];
    struct link *link = sim.links[i];
    struct frame frame;
    size_t len;
    if (link == NULL || !server_frame(link, &frame, &len)) {
        if (link != NULL && link->closed) /* and nothing more comes */
            cut(i);
        return false;
    }
    if (frame.type == MESSAGE_WELCOME && frame.has_text)
        excuse_pending(c);
    if (frame.type == MESSAGE_ERROR && frame.err == WEFT_EGONE &&
        (sim.server.config.history_revs_max != 0 ||
         sim.server.disk.base != 0)) { /* it comes back, and is given the text */
        frame_done(&frame);
        seen.gone++;
        cut(i);
        return true;
    }
    if (sim.trace)
        fprintf(stderr, "    %zu takes type %d rev %llu seq %llu%s\n", i, (int)frame.type,
                (unsigned long long)frame.rev, (unsigned long long)frame.seq,
                frame.has_text ? " text" : "");
    const char *wrong = typist_take(c, &frame);
    seen.diffs += frame.type == MESSAGE_WELCOME && frame.has_text && frame.rev > 0;
    HOLDS(wrong == NULL, wrong);
    if (uuid_equal(&c->epoch, &sim.server.disk.epoch)) {
        HOLDS(c->rev <= disk_head(&sim.server.disk), "a client is ahead of the disk");
        HOLDS(disk_text_is(&sim.server.disk, c->rev, c->server),
              "a client's text is not the log's at its revision");
    }
    HOLDS((sim.heavy && sim.at % 16 != 0) || typist_check(c),
          "a client's own texts do not fit each other");
    server_drop(link, len);
    frame_done(&frame);
    speak(i);
    return true;
}

/* --- one thing happens --- */

static void wipe(void)
{
    struct uuid epoch = random_uuid();
    server_crash(&sim.server, true);
    each_char(sim.server.disk.shadow, excuse, NULL);
    for (size_t i = 0; i < sim.n_clients; i++) {
        /* What is in flight may be in the old log, and deleted there, and comes again in the new. */
        each_in_flight(&sim.clients[i], excuse, NULL);
        each_char(sim.clients[i].server, excuse, NULL);
    }
    disk_wipe(&sim.server.disk, &epoch);
    sim.n_epochs++;
    seen.wipes++;
}

static void crash(void)
{
    server_crash(&sim.server, rng_chance(&sim.rng, 50));
    sim.server.open_snapshot = rng_below(&sim.rng, sim.server.disk.snapshots.n + 1);
    sim.server.open_back = rng_chance(&sim.rng, 80) ? 1 << 20 : rng_below(&sim.rng, 20);
    seen.crashes++;
}

/* Some time has passed, and a room may be told that it is about to leave memory and then stay. */
static void tick(void)
{
    const struct room_tick tick = {.leaves = rng_chance(&sim.rng, 30),
                                   .spare_bytes_max = rng_chance(&sim.rng, 10) ? 1 : 0};
    sim.server.unix_ms += (int64_t)rng_below(&sim.rng, 20);
    sim.server.now_ms += (int64_t)rng_below(&sim.rng, 20000);
    server_tick(&sim.server, &tick);
}

static struct link *some_link(void)
{
    struct link *there[SERVER_LINKS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < SERVER_LINKS_MAX; i++)
        if (sim.server.links[i].conn != 0)
            there[n++] = &sim.server.links[i];
    return n != 0 ? there[rng_below(&sim.rng, n)] : NULL;
}

/* What people and their clients do. */
static void person(enum doing what, size_t i)
{
    struct typist *c = &sim.clients[i];
    switch (what) {
    case DO_TYPE:
        if (c->has_session)
            type(c);
        speak(i);
        break;
    case DO_SET:
        set(c);
        speak(i);
        break;
    case DO_CARET:
        put_caret(i);
        break;
    case DO_ASK:
        ask(i);
        break;
    case DO_TAKE:
        (void)take(i);
        break;
    case DO_CONNECT:
        if (sim.links[i] == NULL)
            dial(i);
        break;
    case DO_CUT:
        cut(i);
        break;
    case DO_RESEND: /* without being asked */
        if (c->welcomed && c->flying != FLYING_NOTHING) {
            c->resend = true;
            c->resend_rev = 0;
        }
        speak(i);
        break;
    default:
        break;
    }
}

/* What the server and its machine do. */
static void machine(enum doing what, struct link *link)
{
    bool ok = !rng_chance(&sim.rng, sim.fail_percent);
    switch (what) {
    case DO_READ:
        if (link != NULL)
            server_read(&sim.server, link);
        break;
    case DO_WRITE:
        if (link != NULL)
            server_write(&sim.server, link, rng_between(&sim.rng, 1, 300));
        break;
    case DO_SUBMIT:
        server_submit(&sim.server);
        break;
    case DO_COMMIT:
        seen.failed += sim.server.disk.committing && !ok;
        server_commit(&sim.server, ok);
        break;
    case DO_FLUSH:
        server_flush(&sim.server);
        break;
    case DO_TRIM:
        server_trim(&sim.server);
        break;
    case DO_TICK:
        tick();
        break;
    case DO_NOTICE:
        if (link != NULL && link->client < 0)
            server_notice(&sim.server, link);
        break;
    case DO_EVICT:
        (void)server_evict(&sim.server);
        break;
    case DO_CRASH:
        crash();
        break;
    case DO_WIPE:
        wipe();
        break;
    default:
        break;
    }
}

static void happen(enum doing what)
{
    person(what, rng_below(&sim.rng, sim.n_clients));
    machine(what, some_link());
    look();
}

#endif
