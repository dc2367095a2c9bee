#define _GNU_SOURCE /* memmem, accept4 */
#include "tools/lib/relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROOMS_MAX = 4096,
    FDS_MAX = 65536,
    READ_BYTES = 64 << 10,
    EVENTS = 512,
    FRAME_BYTES = 200,
};

struct reader {
    int fd;
    bool upgraded;
    bool dirty;
    uint32_t room;
    uint32_t next; /* fd of the next in its room; 0: none */
    char *out;
    size_t out_len;
    size_t out_cap;
};

struct relay {
    int epoll;
    struct reader *by_fd[FDS_MAX];
    uint32_t first[ROOMS_MAX]; /* fd; 0: nobody */
    uint64_t rev[ROOMS_MAX];
    uint32_t dirty[FDS_MAX];
    size_t n_dirty;
    char read[READ_BYTES];
};

static void append(struct relay *r, struct reader *c, const char *bytes, size_t len)
{
    if (c->out_len + len > c->out_cap) {
        size_t cap = (c->out_len + len) * 2;
        char *grown = realloc(c->out, cap);
        if (grown == NULL)
            exit(1);
        c->out = grown;
        c->out_cap = cap;
    }
    memcpy(c->out + c->out_len, bytes, len);
    c->out_len += len;
    if (!c->dirty)
        r->dirty[r->n_dirty++] = (uint32_t)c->fd;
    c->dirty = true;
}

static size_t frame_of(char frame[FRAME_BYTES], const char *text, size_t len)
{
    frame[0] = (char)0x81;
    frame[1] = (char)len;
    memcpy(frame + 2, text, len);
    return len + 2;
}

static void broadcast(struct relay *r, struct reader *author)
{
    char text[FRAME_BYTES], ack[FRAME_BYTES], edit[FRAME_BYTES];
    unsigned long long rev = ++r->rev[author->room];
    int len = snprintf(text, sizeof text, "{\"type\":\"ack\",\"rev\":%llu,\"seq\":%llu}", rev, rev);
    append(r, author, ack, frame_of(ack, text, (size_t)len));
    len = snprintf(text, sizeof text,
                   "{\"type\":\"insert\",\"rev\":%llu,"
                   "\"user_id\":\"00000000-0000-4000-8000-000000000000\","
                   "\"position\":1,\"text\":\"x\"}",
                   rev);
    size_t edit_len = frame_of(edit, text, (size_t)len);
    for (uint32_t fd = r->first[author->room]; fd != 0; fd = r->by_fd[fd]->next)
        if (r->by_fd[fd] != author)
            append(r, r->by_fd[fd], edit, edit_len);
}

static void upgrade(struct relay *r, struct reader *c, const char *request)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                 "Connection: Upgrade\r\n\r\n";
    static const char path[] = "GET /ws/r";
    char text[FRAME_BYTES], frame[FRAME_BYTES];
    if (strncmp(request, path, sizeof path - 1) != 0)
        exit(1);
    c->room = (uint32_t)strtoul(request + sizeof path - 1, NULL, 10) % ROOMS_MAX;
    c->next = r->first[c->room];
    r->first[c->room] = (uint32_t)c->fd;
    c->upgraded = true;
    append(r, c, answer, sizeof answer - 1);
    int len = snprintf(text, sizeof text, "{\"type\":\"welcome\",\"rev\":%llu}",
                       (unsigned long long)r->rev[c->room]);
    append(r, c, frame, frame_of(frame, text, (size_t)len));
}

static void leave(struct relay *r, struct reader *c)
{
    uint32_t none = 0;
    uint32_t *at = c->upgraded ? &r->first[c->room] : &none;
    while (*at != 0 && *at != (uint32_t)c->fd)
        at = &r->by_fd[*at]->next;
    if (*at != 0)
        *at = c->next;
    r->by_fd[c->fd] = NULL;
    close(c->fd);
    free(c->out);
    free(c);
}

/* A client has one small frame on its way at a time, so each read() holds whole ones. */
static void receive(struct relay *r, struct reader *c)
{
    ssize_t n = recv(c->fd, r->read, sizeof r->read - 1, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || (r->read[0] & 0x0f) == 8) {
        leave(r, c);
        return;
    }
    r->read[n] = '\0';
    if (!c->upgraded) {
        upgrade(r, c, r->read);
        return;
    }
    for (size_t at = 0; at + 6 <= (size_t)n;) {
        size_t len = (uint8_t)r->read[at + 1] & 0x7f;
        const char *mask = r->read + at + 2;
        for (size_t i = 0; i < len && at + 6 + i < (size_t)n; i++)
            r->read[at + 6 + i] ^= mask[i % 4];
        broadcast(r, c);
        at += 6 + len;
    }
}

static void accept_all(struct relay *r, int listener)
{
    int fd;
    int one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct reader *c = calloc(1, sizeof *c);
        if (c == NULL || fd >= FDS_MAX)
            exit(1);
        c->fd = fd;
        r->by_fd[fd] = c;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev);
    }
}

static void flush(struct relay *r)
{
    for (size_t i = 0; i < r->n_dirty; i++) {
        struct reader *c = r->by_fd[r->dirty[i]];
        if (c == NULL)
            continue;
        /* Whole or not at all: readers here are never so slow that their buffers fill. */
        if (send(c->fd, c->out, c->out_len, MSG_NOSIGNAL) != (ssize_t)c->out_len)
            fputs("relay: a reader is slow\n", stderr);
        free(c->out);
        c->out = NULL;
        c->out_len = c->out_cap = 0;
        c->dirty = false;
    }
    r->n_dirty = 0;
}

void relay_serve(int listener)
{
    struct epoll_event events[EVENTS];
    struct relay *r = calloc(1, sizeof *r);
    if (r == NULL)
        return;
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(r->epoll, EPOLL_CTL_ADD, listener, &ev);
    for (;;) {
        int n = epoll_wait(r->epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == listener)
                accept_all(r, listener);
            else if (r->by_fd[fd] != NULL)
                receive(r, r->by_fd[fd]);
        }
        flush(r);
    }
}
