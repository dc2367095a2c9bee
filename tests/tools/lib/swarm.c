#define _GNU_SOURCE /* memmem */
#include "tools/lib/swarm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_BYTES = 256 << 10,
    EVENTS = 512,
    DEADLINE_MS = 20000,
    REVS_MAX = 2 << 20, /* of all rooms in one run; 16 MiB of times */
    MASK_BYTE = 0x5a,
};

enum client_state { UNBORN, UPGRADING, JOINING, JOINED };

struct client {
    int fd;
    enum client_state state;
    size_t room;
    size_t in_flight;
    uint64_t rev; /* last one it was sent */
    uint64_t seq;
    uint64_t sent_ns;   /* of connect() */
    uint64_t *typed_ns; /* by seq, modulo SWARM_DEPTH_MAX; NULL: has never typed */
    uint64_t next_ns;   /* paced: when it types again */
    char *rest;         /* the start of a frame whose end has not come */
    size_t rest_len;
};

/* A delivery whose operation's own time is looked up at the end: the ack may come after it. */
struct arrival {
    size_t at; /* in sent_ns */
    uint64_t ns;
};

struct swarm {
    const struct process *server;
    struct client *clients;
    size_t n;
    size_t per_room;
    size_t n_started;
    size_t n_joined;
    int epoll;
    uint64_t random;
    char *read;
    /* while typing */
    const struct swarm_load *load;
    struct swarm_typed *typed;
    bool counting;
    bool stopping;
    size_t n_in_flight;
    uint64_t from_ns;
    uint64_t *sent_ns; /* by room and revision; 0: not counted */
    size_t revs_max;   /* of one room */
    struct arrival *arrivals;
    size_t n_arrivals;
    struct samples *join;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "swarm: %s\n", what);
    exit(1);
}

static void *take(size_t n, size_t bytes)
{
    void *p = calloc(n, bytes);
    if (p == NULL)
        give_up("out of memory");
    return p;
}

struct swarm *swarm_new(const struct process *server, size_t n_clients, size_t per_room)
{
    struct swarm *s = take(1, sizeof *s);
    *s = (struct swarm){.server = server, .n = n_clients, .per_room = per_room, .random = 88172645};
    s->clients = take(n_clients, sizeof *s->clients);
    s->read = take(1, READ_BYTES);
    s->sent_ns = take(REVS_MAX, sizeof *s->sent_ns);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0)
        give_up("epoll_create1");
    return s;
}

void swarm_free(struct swarm *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->clients[i].state != UNBORN)
            close(s->clients[i].fd);
        free(s->clients[i].rest);
        free(s->clients[i].typed_ns);
    }
    close(s->epoll);
    free(s->clients);
    free(s->read);
    free(s->sent_ns);
    free(s->arrivals);
    free(s);
}

/* --- sending --- */

static void send_all(const struct client *c, const char *bytes, size_t len)
{
    /* A hundred bytes with nothing before them always fit a socket's buffer. */
    if (send(c->fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
        give_up("a send was cut");
}

static void send_frame(const struct client *c, unsigned opcode, const char *bytes, size_t len)
{
    char frame[256];
    if (len > 125)
        give_up("a frame is too long");
    frame[0] = (char)(0x80 | opcode);
    frame[1] = (char)(0x80 | len);
    memset(frame + 2, MASK_BYTE, 4);
    for (size_t i = 0; i < len; i++)
        frame[6 + i] = (char)(bytes[i] ^ MASK_BYTE);
    send_all(c, frame, 6 + len);
}

static void type_one(struct swarm *s, struct client *c)
{
    char text[120];
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    uint64_t pos = (s->random >> 33) % (c->rev + 1);
    int len =
        snprintf(text, sizeof text,
                 "{\"type\":\"insert\",\"position\":%llu,\"text\":\"x\",\"rev\":%llu,"
                 "\"seq\":%llu}",
                 (unsigned long long)pos, (unsigned long long)c->rev, (unsigned long long)++c->seq);
    c->in_flight++;
    s->n_in_flight++;
    c->typed_ns[c->seq % SWARM_DEPTH_MAX] = samples_now_ns();
    send_frame(c, 1, text, (size_t)len);
}

static void move_one(struct swarm *s, struct client *c)
{
    char text[120];
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    int len = snprintf(text, sizeof text, "{\"type\":\"cursor\",\"position\":%llu,\"rev\":%llu}",
                       (unsigned long long)((s->random >> 33) % (c->rev + 1)),
                       (unsigned long long)c->rev);
    send_frame(c, 1, text, (size_t)len);
}

static void connect_one(struct swarm *s, size_t i)
{
    struct client *c = &s->clients[i];
    char request[256];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->server->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1;
    c->sent_ns = samples_now_ns();
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Blocking: on loopback it waits for nothing while the backlog has a place, and `window` is
     * far below that. */
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        give_up("a connection was refused, or too few descriptors");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->state = UPGRADING;
    c->room = i / s->per_room;
    int len = snprintf(request, sizeof request,
                       "GET /ws/r%zu HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                       c->room, s->server->port);
    send_all(c, request, (size_t)len);
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = i};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0)
        give_up("epoll_ctl");
}

/* --- receiving --- */

/* The number behind `key` in the first bytes of a message. */
static uint64_t number_after(const char *at, size_t len, const char *key)
{
    enum { NEAR = 80 };
    size_t key_len = strlen(key);
    const char *found = memmem(at, len < NEAR ? len : NEAR, key, key_len);
    uint64_t v = 0;
    if (found == NULL)
        return 0;
    for (const char *p = found + key_len; p != at + len && *p >= '0' && *p <= '9'; p++)
        v = v * 10 + (uint64_t)(*p - '0');
    return v;
}

static void on_welcome(struct swarm *s, struct client *c, const char *at, size_t len)
{
    const char *rev = memmem(at, len, "\"rev\":", 6);
    if (c->state != JOINING || rev == NULL)
        give_up("an unexpected welcome");
    c->rev = number_after(rev, len - (size_t)(rev - at), "\"rev\":");
    c->state = JOINED;
    s->n_joined++;
    if (s->join != NULL)
        samples_add(s->join, samples_now_ns() - c->sent_ns);
}

/* Where the time of a revision is kept. */
static size_t place_of(const struct swarm *s, const struct client *c, uint64_t rev)
{
    if (rev >= s->revs_max)
        give_up("too many operations for one run");
    return c->room * s->revs_max + (size_t)rev;
}

static void on_ack(struct swarm *s, struct client *c, uint64_t rev, uint64_t now_ns)
{
    if (c->in_flight == 0 || rev != c->rev + 1)
        give_up("an unexpected ack");
    uint64_t typed_ns = c->typed_ns[(c->seq - --c->in_flight) % SWARM_DEPTH_MAX];
    s->n_in_flight--;
    c->rev = rev;
    if (s->counting && typed_ns >= s->from_ns) {
        samples_add(&s->typed->ack, now_ns - typed_ns);
        s->typed->ops++;
        s->sent_ns[place_of(s, c, rev)] = typed_ns;
    }
    if (!s->stopping && s->load->per_second <= 0)
        type_one(s, c);
}

static void on_edit(struct swarm *s, struct client *c, const char *at, size_t len, uint64_t now_ns)
{
    uint64_t rev = number_after(at, len, "\"rev\":");
    uint64_t from = number_after(at, len, "\"from\":");
    if (from == 0)
        from = rev - 1;
    if (from != c->rev)
        give_up("a gap in the revisions");
    c->rev = rev;
    if (s->counting)
        s->typed->deliveries += rev - from;
    if (s->counting && s->n_arrivals != SAMPLES_MAX)
        s->arrivals[s->n_arrivals++] = (struct arrival){place_of(s, c, rev), now_ns};
}

static void on_text(struct swarm *s, struct client *c, const char *at, size_t len, uint64_t now_ns)
{
    static const char start[] = "{\"type\":\"";
    enum { START = sizeof start - 1 };
    if (len <= START + 2 || memcmp(at, start, START) != 0)
        give_up("a message that is none");
    switch (at[START]) {
    case 'w':
        on_welcome(s, c, at, len);
        break;
    case 'a':
        on_ack(s, c, number_after(at, len, "\"rev\":"), now_ns);
        break;
    case 'i': /* insert */
        on_edit(s, c, at, len, now_ns);
        break;
    case 'e':
        if (at[START + 1] == 'd') {
            on_edit(s, c, at, len, now_ns);
            break;
        }
        fprintf(stderr, "%.*s\n", (int)len, at);
        give_up("refused");
    case 'c':
        if (s->counting)
            s->typed->cursors++;
        break;
    default: /* join, leave: not counted */
        break;
    }
}

/* One frame; returns its bytes, 0 when it is not all there. */
static size_t on_frame(struct swarm *s, struct client *c, const char *at, size_t len,
                       uint64_t now_ns)
{
    const uint8_t *b = (const uint8_t *)at;
    size_t head = 2;
    if (len < 2)
        return 0;
    uint64_t payload = b[1] & 0x7f;
    if (payload >= 126) {
        size_t more = payload == 126 ? 2 : 8;
        head += more;
        if (len < head)
            return 0;
        payload = 0;
        for (size_t i = 0; i < more; i++)
            payload = payload << 8 | b[2 + i];
    }
    if (payload > READ_BYTES / 2)
        give_up("a frame is larger than expected");
    if (len < head + payload)
        return 0;
    if (b[0] == 0x81)
        on_text(s, c, at + head, (size_t)payload, now_ns);
    else if (b[0] == 0x89)
        send_frame(c, 10, at + head, (size_t)payload);
    else
        give_up("the server closed a connection");
    return head + (size_t)payload;
}

static size_t on_answer(struct client *c, const char *at, size_t len)
{
    const char *end = memmem(at, len, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    if (memcmp(at, "HTTP/1.1 101", 12) != 0)
        give_up("an upgrade was refused");
    c->state = JOINING;
    return (size_t)(end - at) + 4;
}

static void receive(struct swarm *s, struct client *c)
{
    size_t len = c->rest_len;
    if (len != 0)
        memcpy(s->read, c->rest, len);
    ssize_t n = recv(c->fd, s->read + len, READ_BYTES - len, MSG_DONTWAIT);
    uint64_t now_ns = samples_now_ns();
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        give_up("the server ended a connection");
    len += (size_t)n;
    size_t at = 0;
    for (size_t used = 1; used != 0 && at < len; at += used) {
        if (c->state == UPGRADING)
            used = on_answer(c, s->read + at, len - at);
        else
            used = on_frame(s, c, s->read + at, len - at, now_ns);
    }
    c->rest_len = len - at;
    free(c->rest);
    c->rest = NULL;
    if (c->rest_len != 0) {
        c->rest = take(1, c->rest_len);
        memcpy(c->rest, s->read + at, c->rest_len);
    }
}

static void turn(struct swarm *s, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(s->epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < n; i++)
        receive(s, &s->clients[events[i].data.u64]);
}

/* --- the two things it is for --- */

void swarm_join(struct swarm *s, size_t window, struct swarm_joined *ret)
{
    *ret = (struct swarm_joined){0};
    s->join = &ret->join;
    double cpu_us = process_cpu_us(s->server);
    uint64_t start_ns = samples_now_ns();
    uint64_t moved_ns = start_ns;
    size_t joined = 0;
    while (s->n_joined < s->n) {
        while (s->n_started < s->n && s->n_started - s->n_joined < window)
            connect_one(s, s->n_started++);
        turn(s, 100);
        uint64_t now_ns = samples_now_ns();
        if (s->n_joined != joined)
            moved_ns = now_ns;
        joined = s->n_joined;
        if (now_ns - moved_ns > (uint64_t)DEADLINE_MS * 1000000)
            give_up("a welcome did not come");
    }
    ret->seconds = (double)(samples_now_ns() - start_ns) / 1e9;
    ret->cpu_us = process_cpu_us(s->server) - cpu_us;
    s->join = NULL;
}

static size_t depth(const struct swarm *s)
{
    return s->load->depth != 0 ? s->load->depth : 1;
}

/* Paced: who is due types, or moves. Returns how long nobody is, in ms. */
static int type_due(struct swarm *s, uint64_t now_ns)
{
    uint64_t next_ns = now_ns + 100000000;
    for (size_t i = 0; i < s->load->writers + s->load->movers; i++) {
        struct client *c = &s->clients[i];
        bool types = i < s->load->writers;
        double per_second = types ? s->load->per_second : s->load->moves_per_second;
        if (per_second <= 0 || (types && c->in_flight == depth(s)))
            continue;
        if (c->next_ns <= now_ns) {
            if (types)
                type_one(s, c);
            else
                move_one(s, c);
            c->next_ns += (uint64_t)(1e9 / per_second);
            if (c->next_ns < now_ns)
                c->next_ns = now_ns + (uint64_t)(1e9 / per_second);
        }
        if (c->next_ns < next_ns)
            next_ns = c->next_ns;
    }
    return (int)((next_ns - now_ns) / 1000000);
}

static void run_until(struct swarm *s, uint64_t end_ns)
{
    uint64_t now_ns;
    while ((now_ns = samples_now_ns()) < end_ns) {
        int wait_ms = (int)((end_ns - now_ns) / 1000000) + 1;
        if (s->load->per_second > 0 || s->load->movers > 0) {
            int due_ms = type_due(s, now_ns);
            wait_ms = due_ms < wait_ms ? due_ms : wait_ms;
        }
        turn(s, wait_ms);
    }
}

static void drain(struct swarm *s)
{
    uint64_t end_ns = samples_now_ns() + (uint64_t)DEADLINE_MS * 1000000;
    while (s->n_in_flight != 0) {
        turn(s, 100);
        if (samples_now_ns() > end_ns)
            give_up("an operation was not acknowledged");
    }
}

/* Spread over one interval. */
static void pace(struct client *c, double per_second, size_t i, size_t n)
{
    c->next_ns = samples_now_ns() + (uint64_t)(1e9 / per_second * (double)i / (double)n);
}

static void start_writers(struct swarm *s)
{
    const struct swarm_load *load = s->load;
    for (size_t i = 0; i < load->writers; i++) {
        struct client *c = &s->clients[i];
        if (c->typed_ns == NULL)
            c->typed_ns = take(SWARM_DEPTH_MAX, sizeof *c->typed_ns);
        if (load->per_second > 0)
            pace(c, load->per_second, i, load->writers);
        for (size_t k = 0; load->per_second <= 0 && k < depth(s); k++)
            type_one(s, c);
    }
    for (size_t i = 0; i < load->movers; i++)
        pace(&s->clients[load->writers + i], load->moves_per_second, i, load->movers);
}

void swarm_type(struct swarm *s, const struct swarm_load *load, struct swarm_typed *ret)
{
    s->load = load;
    s->typed = ret;
    s->stopping = false;
    s->n_arrivals = 0;
    if (s->arrivals == NULL)
        s->arrivals = take(SAMPLES_MAX, sizeof *s->arrivals);
    memset(s->sent_ns, 0, REVS_MAX * sizeof *s->sent_ns);
    s->revs_max = REVS_MAX / ((s->n + s->per_room - 1) / s->per_room);

    start_writers(s);
    run_until(s, samples_now_ns() + (uint64_t)load->warm_ms * 1000000);
    double cpu_us = process_cpu_us(s->server);
    s->from_ns = samples_now_ns();
    s->counting = true;
    run_until(s, s->from_ns + (uint64_t)load->ms * 1000000);
    s->counting = false;
    ret->seconds += (double)(samples_now_ns() - s->from_ns) / 1e9;
    ret->cpu_us += process_cpu_us(s->server) - cpu_us;
    s->stopping = true;
    drain(s);

    for (size_t i = 0; i < s->n_arrivals; i++) {
        const struct arrival *a = &s->arrivals[i];
        uint64_t sent_ns = s->sent_ns[a->at];
        if (sent_ns != 0)
            samples_add(&ret->delivery, a->ns - sent_ns);
    }
}
