#include "sim/sim.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/pool.h"
#include "support/trap.h"
#include "wire/json_write.h"

enum { WATCH_SECONDS = 20 }; /* a simulation takes a few milliseconds */

const char *const action_names[DO_KINDS] = {
#define WORD(name, word) word,
    SIM_ACTIONS(WORD)};
const char *const fault_names[FAULT_KINDS] = {SIM_FAULTS(WORD)
#undef WORD
};

/* --- failing, telling --- */

_Noreturn void sim_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(trap_what, sizeof trap_what, format, args);
    va_end(args);
    trap_jump();
    WEFT_NEVER("a failure outside a simulation");
}

void sim_must(int err, const char *what)
{
    if (err != 0)
        sim_fail("%s: expected that it works, found: %s", what, weft_error_text(err));
}

void sim_say(struct world *w, const char *format, ...)
{
    char line[120];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (w->trace)
        fprintf(stderr, "%s\n", line);
    if (w->trail != NULL)
        memcpy(w->trail[w->n_trail++ % TRAIL_MAX], line, sizeof line);
}

void sim_say_op(struct world *w, const char *words, int client, const struct weft_op *op)
{
    if (!sim_listens(w))
        return;
    buf_clear(&w->line);
    struct json_writer jw = jw_begin(&w->line);
    jw_op(&jw, op);
    sim_must(jw_end(&jw), "a line of the trace");
    sim_say(w, "    client %d %s %.*s", client, words, (int)w->line.len, (char *)w->line.data);
}

void sim_say_text(struct world *w, int client)
{
    const struct client *c = w->people[client].client;
    if (!sim_listens(w))
        return;
    buf_clear(&w->line);
    struct json_writer jw = jw_begin(&w->line);
    jw_text(&jw, client_server_text(c));
    jw_raw(&jw, " shown ", 7);
    jw_text(&jw, client_text(c));
    sim_must(jw_end(&jw), "a line of the trace");
    sim_say(w, "      client %d now at %llu: %.*s", client, (unsigned long long)client_rev(c),
            (int)w->line.len, (char *)w->line.data);
}

static void on_alarm(int number)
{
    (void)number;
    static const char words[] = "it does not come to an end: stopped after 20 seconds";
    memcpy(trap_what, words, sizeof words);
    trap_jump();
}

/* --- which faults there are --- */

static bool has(const struct world *w, enum fault fault)
{
    return (w->play.without_fault & 1u << fault) == 0;
}

static void choose_weights(struct world *w, struct rng *r)
{
    static const unsigned usual[DO_KINDS] = {
        [DO_TYPE] = 1100,   [DO_META] = 6,   [DO_CARET] = 90,  [DO_USER] = 8,    [DO_ASK] = 30,
        [DO_TURN] = 900,    [DO_READ] = 250, [DO_WRITE] = 250, [DO_TAKE] = 1300, [DO_SUBMIT] = 60,
        [DO_COMMIT] = 700,  [DO_FLUSH] = 60, [DO_TRIM] = 60,   [DO_TICK] = 30,   [DO_RETRY] = 80,
        [DO_CONNECT] = 500, [DO_CUT] = 150,  [DO_NOTICE] = 80, [DO_RESEND] = 12, [DO_FETCHED] = 30,
        [DO_EVICT] = 3,     [DO_CRASH] = 16,
    };
    unsigned *weights = w->swarm.weights;
    for (size_t i = 0; i < DO_KINDS; i++)
        weights[i] = usual[i] * (unsigned)rng_between(r, 1, 3) / 2;
    if (rng_chance(r, 20))
        weights[DO_CUT] *= 3;
    if (rng_chance(r, 40)) /* a good line */
        weights[DO_CUT] /= 10;
    if (rng_chance(r, 40))
        weights[DO_CRASH] = rng_chance(r, 50) ? 0 : 1;
    if (rng_chance(r, 15))
        weights[DO_CRASH] *= 4;
    if (rng_chance(r, 25)) /* a slow disk */
        weights[DO_COMMIT] /= 10;
    if (rng_chance(r, 15)) /* slow readers */
        weights[DO_WRITE] *= 4, weights[DO_TURN] /= 8;
    if (rng_chance(r, 15))
        weights[DO_TAKE] /= 6;
    if (rng_chance(r, 15))
        weights[DO_META] *= 30;
    if (rng_chance(r, 10))
        weights[DO_ASK] *= 20;
    if (rng_chance(r, 10))
        weights[DO_EVICT] *= 10;
    if (rng_chance(r, 4)) /* other lives: each excuses every character so far */
        weights[DO_WIPE + rng_below(r, 3)] = 3;
}

static void choose_limits(struct world *w, struct rng *r)
{
    static const size_t outlog_bytes[] = {200, 800, 4000, 1 << 20};
    static const size_t history_revs[] = {4, 8, 16, 64};
    static const size_t snapshot_bytes[] = {400, 1500, 6000, 20000};
    struct swarm *s = &w->swarm;
    bool small = has(w, FAULT_SMALL);
    s->outlog_bytes_max = outlog_bytes[rng_below(r, 4)];
    s->room = (struct room_config){.document_bytes_max = 1 << 20,
                                   .people_max = LINKS_MAX,
                                   .message_bytes_max = 1 << 20,
                                   .snapshot_record_bytes = snapshot_bytes[rng_below(r, 4)]};
    s->room.history_revs_max = rng_chance(r, 50) ? history_revs[rng_below(r, 4)] : 0;
    s->room.pending_revs_max = rng_chance(r, 20) ? rng_between(r, 4, 40) : 0;
    s->room.sessions_max = rng_chance(r, 10) ? rng_between(r, CLIENTS_MAX + 2, 24) : 0;
    s->room.carets_per_ms = rng_chance(r, 30) ? 1 : 0;
    if (rng_chance(r, 8))
        s->room.document_bytes_max = rng_between(r, 40, 400);
    if (rng_chance(r, 40))
        s->room.retention.revs = rng_between(r, 1, rng_chance(r, 50) ? 10 : 100);
    if (rng_chance(r, 10))
        s->room.retention.ms = (int64_t)rng_between(r, 1, 2000);
    s->spare = rng_chance(r, 20);
    if (small)
        return;
    s->spare = false;
    s->room.retention = (struct retention){0};
    s->outlog_bytes_max = 1 << 20;
    s->room.document_bytes_max = 1 << 20;
    s->room.history_revs_max = s->room.pending_revs_max = s->room.sessions_max = 0;
}

static void choose_widths(struct world *w, struct rng *r)
{
    static const unsigned mixes[][4] = {
        {100, 0, 0, 0}, {60, 20, 15, 5}, {25, 25, 25, 25}, {0, 0, 0, 100}, {0, 0, 100, 0}};
    memcpy(w->swarm.width_weights, mixes[rng_below(r, 5)], sizeof w->swarm.width_weights);
}

static void fill_table(struct swarm *s)
{
    enum { TABLE = sizeof s->table };
    size_t sum = 0, at = 0, upto = 0;
    for (size_t i = 0; i < DO_KINDS; i++)
        sum += s->weights[i];
    for (size_t i = 0; i < DO_KINDS; i++) {
        upto += s->weights[i];
        size_t end = upto * TABLE / sum;
        if (s->weights[i] != 0 && end == at && end < TABLE)
            end++;
        if (end > at)
            memset(s->table + at, (int)i, end - at);
        at = end > at ? end : at;
    }
}

static void choose(struct world *w)
{
    struct swarm *s = &w->swarm;
    struct rng r = rng_of(w->play.seed * 0x9e3779b97f4a7c15u + 1);
    memset(s, 0, sizeof *s);
    /* Few more often than many. */
    s->n_clients = 1 + rng_between(&r, 1, rng_between(&r, 1, CLIENTS_MAX - 1));
    s->steps = rng_between(&r, 300, 4000);
    /* Short texts, where everybody is in everybody's way, more often than long ones. */
    s->target_cp = rng_between(&r, 2, rng_chance(&r, 40) ? 12 : rng_chance(&r, 20) ? 400 : 80);
    choose_weights(w, &r);
    choose_limits(w, &r);
    choose_widths(w, &r);
    s->burst = rng_chance(&r, 70) ? (unsigned)rng_between(&r, 2, 6) : 1;
    s->fail_percent = rng_chance(&r, 40) ? 0 : (unsigned)rng_between(&r, 1, 40);
    s->torn_percent = (unsigned)rng_between(&r, 0, 100);
    s->twice_percent = rng_chance(&r, 60) ? 0 : (unsigned)rng_between(&r, 1, 10);
    s->stranger_percent = rng_chance(&r, 60) ? 0 : (unsigned)rng_between(&r, 5, 40);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        w->people[i].lazy = rng_chance(&r, 80) ? 0 : (unsigned)rng_between(&r, 10, 95);
        w->people[i].reads_only = i != 0 && rng_chance(&r, 8);
    }
    if (!has(w, FAULT_FAIL))
        s->fail_percent = 0;
    if (!has(w, FAULT_STRANGER))
        s->stranger_percent = 0;
    if (!has(w, FAULT_BURST))
        s->burst = 1;
    /* What is refused for good must not come a second time on one connection. */
    if (!has(w, FAULT_TWICE) || s->room.document_bytes_max != 1 << 20 ||
        s->room.history_revs_max != 0 || s->spare || s->room.retention.revs != 0 ||
        s->room.retention.ms != 0) {
        s->twice_percent = 0;
        s->weights[DO_RESEND] = 0;
    }
    fill_table(s);
}

/* --- one action --- */

static void come_back(struct world *w, enum action what)
{
    struct disk *d = &w->disk;
    uint64_t head = disk_head(d);
    uint64_t kept = head - rng_below(&w->rng, (size_t)(head - d->base) + 1) / 4;
    struct uuid id = sim_user(w, 0);
    server_stop(w);
    disk_crash(w, DISK_ARRIVED);
    if (kept < d->base)
        kept = d->base;
    if (what == DO_WIPE || (what == DO_REPAIR && d->base != 0)) {
        disk_wipe(w, &id);
        w->tally.wiped++;
    } else if (what == DO_RESTORE) {
        disk_cut(w, kept, NULL);
        w->swarm.room.generation = id;
        w->tally.restored++;
    } else {
        disk_cut(w, kept, &id);
        w->tally.repaired++;
    }
}

static void crash(struct world *w)
{
    enum disk_end end = DISK_LOST;
    bool torn = has(w, FAULT_TORN);
    if (rng_chance(&w->rng, 50))
        end = w->disk.committing ? DISK_ARRIVED : torn ? DISK_REFUSED_SHOWS : DISK_LOST;
    else if (torn && rng_chance(&w->rng, w->swarm.torn_percent))
        end = DISK_TORN;
    server_stop(w);
    disk_crash(w, end);
    w->tally.crashes++;
}

static void evict(struct world *w)
{
    for (int i = 0; i < (int)w->swarm.n_clients; i++)
        person_cut(w, i);
    EACH_LINK(w, link)
    server_notice(w, link);
    disk_submit(&w->disk);
    server_commit(w, true);
    (void)server_evict(w);
}

/* A connection that a client has, or sometimes one that it had. */
static struct link *link_of(struct world *w, int i, bool left_behind)
{
    if (!left_behind && w->people[i].link != NULL && !rng_chance(&w->rng, 10))
        return w->people[i].link;
    EACH_LINK(w, link)
    if (link->client == i && !link->held)
        return link;
    return left_behind ? NULL : w->people[i].link;
}

static bool is_live(const struct link *link)
{
    return link->conn != 0 && !link->closed;
}

static void turn(struct world *w)
{
    EACH_LINK(w, link)
    {
        unsigned lazy = w->people[link->client].lazy;
        if (lazy != 0 && rng_chance(&w->rng, lazy))
            continue;
        for (size_t n = 0; n < 4 && is_live(link) && link->n_ups != 0; n++)
            server_read(w, link);
        if (is_live(link))
            server_write(w, link, 4096);
    }
    (void)disk_submit(&w->disk);
}

static void act_server(struct world *w, enum action what, int i)
{
    struct link *link;
    switch (what) {
    case DO_TURN:
        turn(w);
        break;
    case DO_READ:
        link = link_of(w, i, false);
        for (size_t n = rng_between(&w->rng, 1, 4); link != NULL && is_live(link) && n > 0; n--)
            server_read(w, link);
        break;
    case DO_WRITE:
        link = link_of(w, i, false);
        if (link != NULL)
            server_write(w, link, rng_between(&w->rng, 1, 2000));
        break;
    case DO_NOTICE:
        link = link_of(w, i, true);
        if (link != NULL)
            server_notice(w, link);
        break;
    case DO_SUBMIT:
        (void)disk_submit(&w->disk);
        break;
    case DO_COMMIT:
        server_commit(w, !rng_chance(&w->rng, w->swarm.fail_percent));
        break;
    case DO_FLUSH:
        server_flush(w);
        break;
    case DO_TRIM:
        server_trim(w);
        break;
    case DO_TICK:
        server_tick(w);
        break;
    case DO_FETCHED:
        if (w->n_fetches != 0)
            server_fetched(w, rng_below(&w->rng, w->n_fetches),
                           rng_chance(&w->rng, w->swarm.fail_percent) ? WEFT_EIO : 0);
        break;
    case DO_EVICT:
        evict(w);
        break;
    case DO_CRASH:
        crash(w);
        break;
    default:
        come_back(w, what);
        break;
    }
}

static void act(struct world *w, enum action what, int i)
{
    switch (what) {
    case DO_TYPE:
        person_type(w, i);
        break;
    case DO_META:
        person_meta(w, i);
        break;
    case DO_CARET:
        person_caret(w, i);
        break;
    case DO_USER:
        person_user(w, i);
        break;
    case DO_ASK:
        person_ask(w, i);
        break;
    case DO_TAKE:
        for (size_t n = rng_between(&w->rng, 1, 12); n > 0 && person_take(w, i); n--)
            continue;
        break;
    case DO_RETRY:
        person_retry(w, i);
        break;
    case DO_CONNECT:
        person_connect(w, i);
        break;
    case DO_CUT:
        person_cut(w, i);
        break;
    case DO_RESEND:
        person_resend(w, i);
        break;
    default:
        act_server(w, what, i);
        break;
    }
}

static bool is_of_client(enum action what)
{
    return (what <= DO_TAKE && what != DO_TURN) || (what >= DO_RETRY && what <= DO_RESEND);
}

static void one_step(struct world *w)
{
    struct rng *r = &w->rng;
    *r = rng_of(w->play.seed * 0xd1342543de82ef95u + w->step * 0x9e3779b97f4a7c15u);
    uint64_t draw = rng_next(r);
    enum action what = w->swarm.table[draw % sizeof w->swarm.table];
    int i = (int)((draw >> 16) % w->swarm.n_clients);
    unsigned lazy = (unsigned)((draw >> 32) % 100);
    if ((w->play.without & 1u << what) != 0 || (w->play.keep != NULL && !w->play.keep[w->step]) ||
        (is_of_client(what) &&
         ((w->play.clients != 0 && (size_t)i >= w->play.clients) || lazy < w->people[i].lazy)))
        return;
    if (sim_listens(w))
        sim_say(w, "%zu: %s%s%.0d", w->step, action_names[what],
                is_of_client(what) ? " of client " : "", is_of_client(what) ? i : 0);
    w->tally.actions++;
    act(w, what, i);
}

/* --- coming to rest --- */

static bool settle_server(struct world *w)
{
    bool quiet = true;
    EACH_LINK(w, link)
    {
        server_notice(w, link);
        for (size_t n = 0; is_live(link) && link->n_ups != 0 && n < 4 * UPS_MAX; n++) {
            server_read(w, link);
            quiet = false;
        }
    }
    while (w->n_fetches != 0)
        server_fetched(w, 0, 0);
    disk_submit(&w->disk);
    if (w->disk.committing) {
        server_commit(w, true);
        quiet = false;
    }
    w->now_ms += CARETS_MS_MAX;
    server_flush(w);
    EACH_LINK(w, link)
    for (size_t n = 0; n < 4 && is_live(link); n++)
        server_write(w, link, 1 << 20);
    server_trim(w);
    return quiet;
}

static size_t players(const struct world *w)
{
    return w->play.clients != 0 && w->play.clients < w->swarm.n_clients ? w->play.clients
                                                                        : w->swarm.n_clients;
}

/* Everything arrives. False: something is still on its way. */
static bool settle(struct world *w)
{
    for (int i = 0; i < (int)players(w); i++) {
        person_connect(w, i);
        person_retry(w, i);
        person_speak(w, i);
    }
    bool quiet = settle_server(w);
    for (int i = 0; i < (int)players(w); i++) {
        while (person_take(w, i))
            quiet = false;
        quiet = quiet && w->people[i].link != NULL && w->people[i].link->welcomed &&
                client_is_clean(w->people[i].client);
    }
    return quiet;
}

/* --- a simulation --- */

static void begin(struct world *w)
{
    memset(w->people, 0, sizeof w->people);
    memset(w->links, 0, sizeof w->links);
    memset(w->ledger.n_of, 0, sizeof w->ledger.n_of);
    w->ledger.excuses = false;
    w->ledger.n = w->n_users = w->n_fetches = w->n_trail = 0;
    w->live = 0;
    w->last_conn = w->presence_seq = 0;
    w->now_ms = 0;
    w->unix_ms = 1000000;
    w->step = 0;
    w->room = NULL;
    choose(w);
    disk_init(w);
    sim_must(room_effects_new(pool(), &w->fx), "effects");
    outlog_init(&w->outlog, pool(), w->swarm.outlog_bytes_max);
    buf_init(&w->frame, pool());
    buf_init(&w->scratch, pool());
    buf_init(&w->sent, pool());
    buf_init(&w->line, pool());
    for (size_t i = 0; i < w->swarm.n_clients; i++)
        sim_must(client_new(pool(), &w->people[i].client), "a client");
    note_begin(w);
}

static void end(struct world *w)
{
    for (size_t i = 0; i < w->swarm.n_clients; i++) {
        if (w->people[i].link != NULL)
            net_hang_up(w, w->people[i].link);
        client_free(w->people[i].client);
    }
    server_stop(w);
    outlog_done(&w->outlog);
    room_effects_free(w->fx);
    buf_done(&w->frame);
    buf_done(&w->scratch);
    buf_done(&w->sent);
    buf_done(&w->line);
    disk_done(&w->disk);
    if (pool_live() != 0)
        sim_fail("%zu blocks of memory are not given back", pool_live());
}

static void play(struct world *w)
{
    begin(w);
    size_t steps = w->swarm.steps;
    if (w->play.steps != 0 && w->play.steps < steps)
        steps = w->play.steps;
    for (w->step = 1; w->step <= steps; w->step++)
        one_step(w);
    w->rng = rng_of(w->play.seed);
    w->swarm.twice_percent = w->swarm.stranger_percent = 0;
    for (size_t rounds = 0; !settle(w); rounds++)
        if (rounds == QUIET_ROUNDS_MAX)
            sim_fail("it has not come to rest %d rounds after the faults stopped",
                     QUIET_ROUNDS_MAX);
    verdict(w);
    w->tally.sims++;
    end(w);
}

bool sim_play(struct world *w, const struct sim_case *play_case, char *why, size_t why_bytes)
{
    pool_empty();
    w->play = *play_case;
    signal(SIGALRM, on_alarm);
    alarm(WATCH_SECONDS);
    if (sigsetjmp(trap_here, 1) != 0) {
        alarm(0);
        snprintf(why, why_bytes, "%s", trap_what);
        return false;
    }
    trap_set();
    play(w);
    trap_clear();
    alarm(0);
    return true;
}
