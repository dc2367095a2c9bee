#include <stdio.h>
#include <string.h>

#include "bench/load_state.h"

enum {
    BUILD_WINDOW = 64,
    BEHIND_MS = 1000,  /* give_up: so far behind a server will not catch up */
    BATCH_DUE = 10000, /* operations sent before sockets are looked at again */
};

#define BEHIND_S    0.5
#define BEHIND_PART 0.05

double load_total_rate(const struct options *o, double rate)
{
    return rate * (double)o->writers * (double)o->rooms;
}

/* --- what is due --- */

static struct client *nth_of_rooms(const struct load *l, uint64_t nth, uint32_t per_room)
{
    uint64_t room = nth % l->o->rooms; /* one room after the other, then everybody's next */
    uint64_t who = nth / l->o->rooms % per_room;
    return &l->clients[room * l->o->clients + who];
}

static uint64_t beat_ns(const struct beat *b, uint64_t nth)
{
    return b->start_ns + (uint64_t)(b->every_ns * (double)nth);
}

static void pump_open(struct load *l, struct client *c)
{
    uint64_t writers = (uint64_t)l->o->rooms * l->o->writers;
    uint64_t nth = (uint64_t)((size_t)(c - l->clients) % l->o->clients) * l->o->rooms + c->room;
    while (c->sent - c->step_first < c->step_due && load_may_type(l, c))
        load_type_one(l, c, beat_ns(&l->ops, nth + (c->sent - c->step_first) * writers));
}

void load_pump(struct load *l, struct client *c)
{
    if (c->writer == SIZE_MAX || c->state != CLIENT_JOINED)
        return;
    if ((size_t)(c - l->clients) >= l->n_clients)
        while (c->sent < l->o->document_ops && c->in_flight < BUILD_WINDOW && load_may_type(l, c))
            load_type_one(l, c, l->now_ns);
    else if (l->closed_loop)
        while (c->in_flight < l->o->window && load_may_type(l, c))
            load_type_one(l, c, l->now_ns);
    else if (l->ops.every_ns > 0)
        pump_open(l, c);
}

static void type_due(struct load *l, uint64_t now_ns)
{
    for (int i = 0; i < BATCH_DUE && l->ops.every_ns > 0; i++) {
        uint64_t due_ns = beat_ns(&l->ops, l->ops.n);
        if (due_ns > now_ns)
            return;
        struct client *c = nth_of_rooms(l, l->ops.n++, l->o->writers);
        uint64_t before = c->sent;
        c->step_due++;
        pump_open(l, c);
        if (c->sent != before && due_ns >= l->m->times.from_ns)
            histogram_add(&l->m->late, now_ns - due_ns);
    }
}

static void move_due(struct load *l, uint64_t now_ns)
{
    char message[ADAPTER_MESSAGE_BYTES_MAX];
    for (int i = 0; i < BATCH_DUE && l->cursors.every_ns > 0; i++) {
        if (beat_ns(&l->cursors, l->cursors.n) > now_ns)
            return;
        struct client *c = nth_of_rooms(l, l->cursors.n++, l->o->cursors);
        if (c->state != CLIENT_JOINED || link_waiting(&c->link) > sizeof message)
            continue; /* a later place will do as well */
        size_t len = l->adapter->cursor(&c->conn, load_random(l), message);
        link_send(&c->link, l->adapter->binary ? FRAME_BINARY : FRAME_TEXT, message, len);
        load_mark_dirty(l, c);
        l->m->all.cursors_sent++;
    }
}

/* --- one step --- */

static void tell(struct load *l, uint64_t now_ns)
{
    const struct load_counts *c = &l->m->all;
    const struct histogram *d = &l->m->times.delivery;
    double seconds = (double)(now_ns - l->told_ns) / 1e9;
    if (!l->tells || seconds < 1)
        return;
    fprintf(stderr, "%10.0f op/s %12.0f deliveries/s",
            (double)(c->acknowledged - l->told.acknowledged) / seconds,
            (double)(c->delivered - l->told.delivered) / seconds);
    if (l->ops.every_ns > 0)
        fprintf(stderr, "   offered %.0f", 1e9 / l->ops.every_ns);
    if (d->n != 0)
        fprintf(stderr, "   delivery p50 %.0f p99 %.0f us",
                (double)histogram_percentile(d, 50) / 1e3,
                (double)histogram_percentile(d, 99) / 1e3);
    fputs("\n", stderr);
    l->told_ns = now_ns;
    l->told = *c;
}

static bool is_behind(const struct load *l, const struct load_step *step, uint64_t now_ns)
{
    if (!step->give_up || l->ops.every_ns <= 0)
        return false;
    uint64_t ns = (uint64_t)BEHIND_MS * 1000000;
    uint64_t due = now_ns > l->ops.start_ns
                       ? (uint64_t)((double)(now_ns - l->ops.start_ns) / l->ops.every_ns)
                       : 0;
    uint64_t done = l->m->all.acknowledged + l->m->all.refused;
    return due > done && (double)(due - done) * l->ops.every_ns > (double)ns;
}

static void run_until(struct load *l, const struct load_step *step, uint64_t end_ns)
{
    uint64_t now_ns;
    while (!l->failed && !l->m->gave_up && (now_ns = load_now_ns()) < end_ns) {
        uint64_t until_ns = end_ns;
        type_due(l, now_ns);
        move_due(l, now_ns);
        if (l->ops.every_ns > 0 && beat_ns(&l->ops, l->ops.n) < until_ns)
            until_ns = beat_ns(&l->ops, l->ops.n);
        if (l->cursors.every_ns > 0 && beat_ns(&l->cursors, l->cursors.n) < until_ns)
            until_ns = beat_ns(&l->cursors, l->cursors.n);
        load_turn(l, until_ns);
        l->m->gave_up = is_behind(l, step, now_ns);
        tell(l, now_ns);
    }
}

static void begin_typing(struct load *l, const struct load_step *step)
{
    uint64_t now_ns = load_now_ns();
    double total = load_total_rate(l->o, step->rate);
    double cursors = l->o->cursor_rate * (double)l->o->cursors * (double)l->o->rooms;
    l->m->offered = total;
    l->ops = (struct beat){.every_ns = total > 0 ? 1e9 / total : 0, .start_ns = now_ns};
    l->cursors = (struct beat){.every_ns = cursors > 0 ? 1e9 / cursors : 0, .start_ns = now_ns};
    l->closed_loop = total <= 0 && l->o->writers != 0;
    l->now_ns = l->told_ns = now_ns;
    l->told = (struct load_counts){0};
    for (size_t i = 0; i < l->n_clients; i++) {
        l->clients[i].step_first = l->clients[i].sent;
        l->clients[i].step_due = 0;
        if (l->closed_loop)
            load_pump(l, &l->clients[i]);
    }
}

static struct load_counts counts(const struct load *l)
{
    struct load_counts c = l->m->all;
    c.due = l->closed_loop ? c.sent : l->ops.n;
    return c;
}

static struct load_counts difference(const struct load_counts *a, const struct load_counts *b)
{
    return (struct load_counts){
        .due = a->due - b->due,
        .sent = a->sent - b->sent,
        .acknowledged = a->acknowledged - b->acknowledged,
        .delivered = a->delivered - b->delivered,
        .refused = a->refused - b->refused,
        .cursors_sent = a->cursors_sent - b->cursors_sent,
        .cursors_delivered = a->cursors_delivered - b->cursors_delivered,
        .bytes_in = a->bytes_in - b->bytes_in,
    };
}

static bool is_taken(const struct load_measured *m)
{
    double part_s = BEHIND_PART * m->use.seconds;
    return !m->gave_up && m->behind_s <= (part_s > BEHIND_S ? part_s : BEHIND_S);
}

/* Nothing is due any more. What was, and waits for its turn, is sent yet, or the times of those that
 * waited longest would be missing. */
static bool is_empty(const struct load *l)
{
    if (l->n_in_flight != 0 || l->m->all.delivered < l->m->expected)
        return false;
    return !l->m->taken || l->m->offered <= 0 || l->m->all.sent >= l->m->all.due;
}

/* Nobody types any more; what is on its way arrives. */
static void drain(struct load *l)
{
    uint64_t readers = l->o->clients - 1 - l->o->slow_readers;
    uint64_t moved_ns = load_now_ns();
    uint64_t seen = 0;
    if (l->o->slow_readers == l->o->clients)
        readers = 0;
    for (;;) {
        uint64_t now_ns = load_now_ns();
        uint64_t moved = l->m->all.acknowledged + l->m->all.delivered + l->m->all.refused;
        l->m->expected = l->m->all.acknowledged * readers;
        if (l->failed || is_empty(l))
            break;
        if (moved != seen)
            moved_ns = now_ns;
        seen = moved;
        if (now_ns - moved_ns > (uint64_t)l->o->timeout_ms * 1000000)
            load_fail(l,
                      "%llu operations were not acknowledged and %lld not delivered when nothing "
                      "came for %u ms",
                      (unsigned long long)l->n_in_flight,
                      (long long)l->m->expected - (long long)l->m->all.delivered, l->o->timeout_ms);
        load_turn(l, now_ns + 100000000);
        tell(l, now_ns);
    }
    if (!l->failed && l->m->all.delivered > l->m->expected)
        load_fail(l, "%llu deliveries of operations that are not ours, or twice",
                  (unsigned long long)(l->m->all.delivered - l->m->expected));
}

static int measure(struct load *l, const struct load_step *step)
{
    struct load_measured *m = l->m;
    uint64_t from_ns = load_now_ns() + (uint64_t)step->warm_ms * 1000000;
    uint64_t to_ns = from_ns + (uint64_t)(step->seconds * 1e9);
    m->times.from_ns = from_ns;
    m->times.to_ns = to_ns;
    begin_typing(l, step);
    run_until(l, step, from_ns);
    struct load_counts before = counts(l);
    load_use_begin(l, &m->use);
    run_until(l, step, to_ns);
    struct load_counts after = counts(l);
    if (!load_use_end(l, &m->use))
        return -1;
    m->window = difference(&after, &before);
    m->all.due = after.due;
    if (m->offered > 0)
        m->behind_s = (double)(after.due - after.acknowledged - after.refused) / m->offered;
    m->taken = is_taken(m);
    l->cursors.every_ns = 0;
    l->closed_loop = false;
    if (!m->taken)
        l->ops.every_ns = 0; /* what waits for its turn is not sent any more */
    if (m->taken || step->give_up)
        drain(l);
    l->ops.every_ns = 0;
    times_forget(&l->times, &m->times);
    if (!m->taken) {
        histogram_clear(&m->times.ack);
        histogram_clear(&m->times.delivery);
        m->times.lost = 0;
    }
    m->cut = l->cut;
    if (m->use.has_server && !l->failed && !proc_use(&l->proc, &m->after))
        load_fail(l, "the server's process is gone");
    return l->failed ? -1 : 0;
}

int load_type(struct load *l, const struct load_step *step, struct load_measured *ret)
{
    if (l->failed)
        return -1;
    memset(ret, 0, sizeof *ret);
    proc_look(&l->proc);
    l->m = ret;
    int err = measure(l, step);
    l->m = l->idle_m;
    return err;
}
