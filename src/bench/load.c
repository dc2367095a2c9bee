#include "bench/load_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

enum { EVENTS = 512, SPARE_FDS = 20, OUT_BYTES_HIGH = 1 << 20 };

uint64_t load_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void load_fail(struct load *l, const char *format, ...)
{
    va_list args;
    if (l->failed)
        return;
    l->failed = true;
    va_start(args, format);
    vsnprintf(l->why, sizeof l->why, format, args);
    va_end(args);
}

const char *load_why(const struct load *l)
{
    return l->why;
}

uint64_t load_random(struct load *l)
{
    uint64_t z = l->random += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void load_mark_dirty(struct load *l, struct client *c)
{
    if (c->dirty)
        return;
    c->dirty = true;
    l->dirty[l->n_dirty++] = (uint32_t)(c - l->clients);
}

/* --- connections --- */

static void ask_for(struct load *l, struct client *c, bool in, bool out, int how)
{
    struct epoll_event ev = {.events = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u),
                             .data.u64 = (uint64_t)(c - l->clients)};
    if (epoll_ctl(l->epoll, how, c->link.fd, &ev) != 0)
        load_fail(l, "epoll_ctl: %s", strerror(errno));
    c->waits_out = out;
}

void load_connect(struct load *l, size_t i, uint64_t due_ns)
{
    struct client *c = &l->clients[i];
    char path[URL_PATH_BYTES + ADAPTER_PATH_BYTES_MAX];
    char request[FRAME_REQUEST_BYTES_MAX];
    c->state = CLIENT_JOINING;
    c->due_ns = due_ns;
    memcpy(path, l->url.path, strlen(l->url.path));
    (void)l->adapter->path(&c->conn, path + strlen(l->url.path));
    size_t len = frame_request(request, l->url.host_header, path, l->adapter->subprotocol);
    if (len == 0)
        load_fail(l, "a request of more than %d bytes", FRAME_REQUEST_BYTES_MAX);
    else if (link_open(&c->link, (struct sockaddr *)&l->to, l->to_len, request, len) != 0)
        load_fail(l, "nothing could be connected to at %s:%s: %s (connection %zu of %zu)",
                  l->url.host, l->url.port, strerror(errno), i + 1, l->n_all);
    else
        ask_for(l, c, true, link_waiting(&c->link) != 0, EPOLL_CTL_ADD);
}

static void on_end(struct load *l, struct client *c)
{
    bool was_connecting = c->link.state == LINK_CONNECTING;
    enum client_state was = c->state;
    c->state = CLIENT_GONE;
    link_close(&c->link);
    if (c->slow && was == CLIENT_JOINED) {
        l->cut++;
        return;
    }
    if (was_connecting)
        load_fail(l, "nothing could be connected to at %s:%s: %s", l->url.host, l->url.port,
                  l->scratch.why);
    else
        load_fail(l, "connection %zu of %zu %s: %s (%zu had joined)", (size_t)(c - l->clients) + 1,
                  l->n_all, was == CLIENT_JOINED ? "was lost" : "could not join", l->scratch.why,
                  l->n_joined);
}

static void flush(struct load *l, struct client *c)
{
    if (c->link.state <= LINK_CONNECTING)
        return;
    bool all = link_flush(&c->link);
    if (all == c->waits_out)
        ask_for(l, c, !(c->slow && c->state == CLIENT_JOINED), !all, EPOLL_CTL_MOD);
}

static void flush_all(struct load *l)
{
    for (size_t i = 0; i < l->n_dirty; i++) {
        struct client *c = &l->clients[l->dirty[i]];
        c->dirty = false;
        flush(l, c);
    }
    l->n_dirty = 0;
}

/* --- operations --- */

bool load_may_type(const struct load *l, const struct client *c)
{
    uint64_t most = times_in_flight_max(&l->times);
    uint64_t theirs = l->adapter->in_flight_max;
    uint64_t ours = l->o->in_flight;
    return c->state == CLIENT_JOINED && c->in_flight < most &&
           (theirs == 0 || c->in_flight < theirs) && (ours == 0 || c->in_flight < ours) &&
           link_waiting(&c->link) < OUT_BYTES_HIGH;
}

void load_type_one(struct load *l, struct client *c, uint64_t due_ns)
{
    char message[ADAPTER_MESSAGE_BYTES_MAX];
    uint64_t number = ++c->sent;
    size_t len = l->adapter->op(&c->conn, number, load_random(l), message);
    WEFT_ASSERT(len <= sizeof message);
    times_sent(&l->times, c->writer, number, due_ns);
    c->in_flight++;
    l->n_in_flight++;
    l->m->all.sent++;
    link_send(&c->link, l->adapter->binary ? FRAME_BINARY : FRAME_TEXT, message, len);
    load_mark_dirty(l, c);
}

static void on_ack(struct load *l, struct client *c, const struct adapter_event *e)
{
    for (uint64_t i = 0; i < e->n; i++) {
        uint64_t revision = e->revision != 0 ? e->revision + i : 0;
        if (c->in_flight == 0 || !times_acked(&l->times, &l->m->times, c->writer, e->first + i,
                                              c->room, revision, l->now_ns)) {
            load_fail(l, "an acknowledgement of operation %llu, which was not on its way",
                      (unsigned long long)(e->first + i));
            return;
        }
        c->in_flight--;
        l->n_in_flight--;
        l->m->all.acknowledged++;
    }
    c->may_type = true;
}

static void on_delivery(struct load *l, struct client *c, const struct adapter_event *e)
{
    bool by_writer = l->adapter->names == ADAPTER_BY_WRITER;
    size_t who = c->room;
    if (by_writer) {
        const struct client *author = e->writer < l->n_all ? &l->clients[e->writer] : NULL;
        if (author == NULL || author->writer == SIZE_MAX || author->room != c->room) {
            load_fail(l, "an operation of connection %u, which does not type here", e->writer);
            return;
        }
        who = author->writer;
    }
    l->m->all.delivered += e->n;
    times_delivered(&l->times, &l->m->times, by_writer, who, e->first, e->n, l->now_ns);
}

static void on_refused(struct load *l, struct client *c, const struct adapter_event *e)
{
    int len = (int)(e->len < 160 ? e->len : 160);
    if (c->state != CLIENT_JOINED) {
        load_fail(l, "the server refused connection %zu of %zu: %.*s", (size_t)(c - l->clients) + 1,
                  l->n_all, len, (const char *)e->bytes);
        return;
    }
    if (l->m->all.refused++ == 0)
        snprintf(l->m->refusal, sizeof l->m->refusal, "%.*s", len, (const char *)e->bytes);
    if (e->first != 0 && c->in_flight != 0) {
        c->in_flight--;
        l->n_in_flight--;
        c->may_type = true;
    }
}

static void on_joined(struct load *l, struct client *c)
{
    if (c->state == CLIENT_JOINED)
        return;
    c->state = CLIENT_JOINED;
    l->n_joined++;
    if (l->joining == NULL)
        return;
    histogram_add(&l->joining->latency, l->now_ns > c->due_ns ? l->now_ns - c->due_ns : 0);
    l->joining->bytes += c->link.bytes_in;
    if (c->slow)
        ask_for(l, c, false, false, EPOLL_CTL_MOD);
}

static void emit(struct adapter_sink *sink, const struct adapter_event *e)
{
    struct load *l = (struct load *)sink;
    struct client *c = l->current;
    switch (e->what) {
    case ADAPTER_DELIVERY:
        on_delivery(l, c, e);
        break;
    case ADAPTER_ACK:
        on_ack(l, c, e);
        break;
    case ADAPTER_CURSOR:
        l->m->all.cursors_delivered += e->n;
        break;
    case ADAPTER_JOINED:
        on_joined(l, c);
        break;
    case ADAPTER_SEND:
        link_send(&c->link, l->adapter->binary ? FRAME_BINARY : FRAME_TEXT, e->bytes, e->len);
        load_mark_dirty(l, c);
        break;
    case ADAPTER_REFUSED:
        on_refused(l, c, e);
        break;
    case ADAPTER_BROKEN:
        load_fail(l, "this is not %s: %.*s", l->adapter->name, (int)(e->len < 200 ? e->len : 200),
                  (const char *)e->bytes);
        break;
    }
}

/* --- the loop --- */

static void receive(struct load *l, struct client *c)
{
    struct link_message message;
    uint64_t before = c->link.bytes_in;
    bool open = link_read(&c->link, &l->scratch);
    enum link_what what = open ? LINK_NOTHING : LINK_ENDED;
    l->now_ns = load_now_ns();
    l->current = c;
    l->m->all.bytes_in += c->link.bytes_in - before;
    while (open && !l->failed &&
           (what = link_next(&c->link, &l->scratch, &message)) != LINK_NOTHING &&
           what != LINK_ENDED) {
        if (what == LINK_MESSAGE)
            l->adapter->received(&c->conn, message.bytes, message.len, message.binary, &l->sink);
        else if (l->adapter->opened != NULL)
            l->adapter->opened(&c->conn, &l->sink);
    }
    if (what == LINK_ENDED) {
        on_end(l, c);
        return;
    }
    if (link_waiting(&c->link) != 0)
        load_mark_dirty(l, c);
    if (c->may_type) {
        c->may_type = false;
        load_pump(l, c);
    }
}

static void on_event(struct load *l, struct client *c, uint32_t events)
{
    if (c->link.state == LINK_CLOSED)
        return;
    if (c->link.state == LINK_CONNECTING) {
        if (link_connected(&c->link, &l->scratch))
            flush(l, c);
        else
            on_end(l, c);
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        flush(l, c);
        load_pump(l, c);
    }
    bool reads = !(c->slow && c->state == CLIENT_JOINED);
    if ((events & EPOLLIN) != 0 || (reads && (events & (EPOLLERR | EPOLLHUP)) != 0)) {
        receive(l, c);
    } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        snprintf(l->scratch.why, sizeof l->scratch.why, "it was reset");
        on_end(l, c);
    }
}

void load_turn(struct load *l, uint64_t until_ns)
{
    struct epoll_event events[EVENTS];
    flush_all(l);
    uint64_t now_ns = load_now_ns();
    uint64_t wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000u),
                            .tv_nsec = (long)(wait_ns % 1000000000u)};
    int n = epoll_pwait2(l->epoll, events, EVENTS, &wait, NULL);
    if (n < 0 && errno != EINTR)
        load_fail(l, "epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < n && !l->failed; i++)
        on_event(l, &l->clients[events[i].data.u64], events[i].events);
    times_look_again(&l->times, &l->m->times);
    flush_all(l);
}

/* --- beginning and end --- */

/* As many descriptors as there are to be connections. */
static bool raise_limit(size_t n, char *why, size_t why_bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return true; /* open() will say */
    if (limit.rlim_max < n + SPARE_FDS) {
        snprintf(why, why_bytes,
                 "%zu connections need as many descriptors; this shell allows %llu "
                 "(ulimit -Hn)",
                 n, (unsigned long long)limit.rlim_max);
        return false;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return true;
}

static void *take(size_t n, size_t bytes)
{
    void *p = calloc(n != 0 ? n : 1, bytes != 0 ? bytes : 1);
    if (p == NULL) {
        fputs("weft bench: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

static void name_rooms(struct load *l)
{
    if (*l->o->room != '\0')
        snprintf(l->prefix, sizeof l->prefix, "%s", l->o->room);
    else
        snprintf(l->prefix, sizeof l->prefix, "bench-%lx-%lx", (long)time(NULL), (long)getpid());
    l->room_names = take(l->o->rooms, ADAPTER_ROOM_BYTES_MAX);
    for (size_t i = 0; i < l->o->rooms; i++)
        snprintf(l->room_names + i * ADAPTER_ROOM_BYTES_MAX, ADAPTER_ROOM_BYTES_MAX, "%s-%zu",
                 l->prefix, i);
}

static void people(struct load *l)
{
    const struct options *o = l->o;
    bool builds = o->document != 0;
    l->n_clients = (size_t)o->rooms * o->clients;
    l->n_all = l->n_clients + (builds ? o->rooms : 0);
    l->clients = take(l->n_all, sizeof *l->clients);
    l->states = take(l->n_all, l->adapter->conn_bytes);
    l->dirty = take(l->n_all, sizeof *l->dirty);
    for (size_t i = 0; i < l->n_all; i++) {
        struct client *c = &l->clients[i];
        bool builder = i >= l->n_clients;
        size_t nth = builder ? 0 : i % o->clients;
        c->room = (uint32_t)(builder ? i - l->n_clients : i / o->clients);
        c->writer = SIZE_MAX;
        if (builder)
            c->writer = (size_t)o->rooms * o->writers + c->room;
        else if (nth < o->writers)
            c->writer = (size_t)c->room * o->writers + nth;
        c->slow = !builder && nth >= o->clients - o->slow_readers;
        c->conn = (struct adapter_conn){
            .index = (uint32_t)i,
            .chars = builder ? (uint32_t)(o->document / o->document_ops) : o->chars,
            .room = l->room_names + c->room * (size_t)ADAPTER_ROOM_BYTES_MAX,
            .state = l->states + i * l->adapter->conn_bytes,
        };
    }
    size_t writers = (size_t)o->rooms * (o->writers + (size_t)builds);
    times_init(&l->times, writers, l->adapter->names == ADAPTER_BY_REVISION ? o->rooms : 0);
}

struct load *load_new(const struct options *o, const struct adapter *adapter, const struct url *url,
                      const struct proc *proc, char *why, size_t why_bytes)
{
    size_t n = (size_t)o->rooms * (o->clients + (size_t)(o->document != 0));
    struct sockaddr_storage to;
    socklen_t to_len = 0;
    if (!raise_limit(n, why, why_bytes) || !url_resolve(url, &to, &to_len, why, why_bytes))
        return NULL;
    struct load *l = take(1, sizeof *l);
    *l = (struct load){.sink = {emit},
                       .o = o,
                       .adapter = adapter,
                       .url = *url,
                       .to = to,
                       .to_len = to_len,
                       .proc = *proc,
                       .random = o->seed};
    l->idle_m = l->m = take(1, sizeof *l->idle_m);
    l->tells = isatty(STDERR_FILENO) != 0;
    name_rooms(l);
    people(l);
    link_scratch_init(&l->scratch);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0)
        load_fail(l, "epoll_create1: %s", strerror(errno));
    (void)prctl(PR_SET_TIMERSLACK,
                1UL); /* else each wait is 50 us longer than it was asked to be */
    return l;
}

void load_free(struct load *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->n_all; i++)
        link_close(&l->clients[i].link);
    if (l->epoll >= 0)
        close(l->epoll);
    link_scratch_done(&l->scratch);
    times_done(&l->times);
    free(l->room_names);
    free(l->states);
    free(l->clients);
    free(l->dirty);
    free(l->idle_m);
    free(l);
}
