#define _GNU_SOURCE /* memmem() */
#include "tools/lib/churn.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/lib/hostile.h"
#include "tools/lib/samples.h"

enum { EVENTS = 256, READ_BYTES = 64 << 10, KEEP_BYTES = 64, DEADLINE_MS = 20000 };

struct visit {
    int fd;
    size_t number;
    bool upgraded;
    size_t kept; /* the end of what was read, for what lies across two reads */
    char tail[KEEP_BYTES];
};

struct churn_state {
    const struct process *server;
    const struct churn_load *load;
    int epoll;
    uint8_t frame[1024];
    size_t frame_len;
    size_t n_done;
    uint64_t n_refused;
    char bytes[KEEP_BYTES + READ_BYTES];
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "churn: %s\n", what);
    exit(1);
}

static void begin(struct churn_state *s, struct visit *v)
{
    char request[2048];
    char path[512];
    v->upgraded = false;
    v->kept = 0;
    v->fd = hostile_connect(s->server->port, v->number);
    if (v->fd < 0)
        give_up("a connection was refused");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(path, sizeof path, s->load->path, v->number);
#pragma GCC diagnostic pop
    int len = snprintf(request, sizeof request - sizeof s->frame,
                       "GET %s HTTP/1.1\r\nHost: weft\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                       path);
    memcpy(request + len, s->frame, s->frame_len);
    size_t all = (size_t)len + s->frame_len;
    if (send(v->fd, request, all, MSG_NOSIGNAL) != (ssize_t)all)
        give_up("a send was cut");
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = v};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, v->fd, &ev) != 0)
        give_up("epoll_ctl");
}

/* True: the visit is over; *ret_again: it was refused. */
static bool hear(struct churn_state *s, struct visit *v, bool *ret_again)
{
    memcpy(s->bytes, v->tail, v->kept);
    ssize_t n = recv(v->fd, s->bytes + v->kept, READ_BYTES, MSG_DONTWAIT);
    *ret_again = false;
    if (n < 0)
        return false;
    size_t len = v->kept + (size_t)n;
    if (!v->upgraded && len >= 12) {
        *ret_again = memcmp(s->bytes, "HTTP/1.1 503", 12) == 0;
        if (*ret_again)
            return true;
        if (memcmp(s->bytes, "HTTP/1.1 101", 12) != 0)
            give_up("an upgrade was refused");
        v->upgraded = true;
    }
    if (memmem(s->bytes, len, s->load->until, strlen(s->load->until)) != NULL)
        return true;
    if (n == 0)
        give_up("a visit was ended by the server");
    v->kept = len < KEEP_BYTES ? len : KEEP_BYTES;
    memcpy(v->tail, s->bytes + len - v->kept, v->kept);
    return false;
}

static void heard(struct churn_state *s, struct visit *v, size_t *started)
{
    bool again;
    if (!hear(s, v, &again))
        return;
    close(v->fd);
    if (again) {
        s->n_refused++;
        begin(s, v);
        return;
    }
    s->n_done++;
    if (*started == s->load->n)
        return;
    v->number = (*started)++;
    begin(s, v);
}

struct churn_made churn(const struct process *server, const struct churn_load *load)
{
    struct churn_state *s = calloc(1, sizeof *s);
    struct visit *visits = calloc(load->window, sizeof *visits);
    struct epoll_event events[EVENTS];
    if (s == NULL || visits == NULL)
        give_up("out of memory");
    *s =
        (struct churn_state){.server = server, .load = load, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (s->epoll < 0)
        give_up("epoll_create1");
    if (load->say != NULL)
        s->frame_len = hostile_frame(s->frame, 0x81, load->say, strlen(load->say));
    uint64_t start_ns = samples_now_ns();
    size_t started = 0;
    while (started < load->window && started < load->n) {
        visits[started].number = started;
        begin(s, &visits[started++]);
    }
    while (s->n_done < load->n) {
        int n = epoll_wait(s->epoll, events, EVENTS, DEADLINE_MS);
        if (n <= 0)
            give_up("nothing was heard for 20 s");
        for (int i = 0; i < n; i++)
            heard(s, events[i].data.ptr, &started);
    }
    struct churn_made made = {(double)(samples_now_ns() - start_ns) / 1e9, s->n_refused};
    close(s->epoll);
    free(visits);
    free(s);
    return made;
}
