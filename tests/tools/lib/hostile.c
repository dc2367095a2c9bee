#define _GNU_SOURCE /* IP_BIND_ADDRESS_NO_PORT */
#include "tools/lib/hostile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ADDRESSES = 200,
    RCVBUF_BYTES = 2048, /* the kernel makes 2,304 of it */
    BLOB_BYTES = 64 << 10,
    MESSAGE_BYTES = 1 << 20,
    EVENTS = 512,
    SIGNAL_BYTES = 1000,
};

/* Shared with the child. */
struct board {
    _Atomic bool ready;
    _Atomic uint32_t n_open, n_closed, n_refused;
    _Atomic uint64_t sent_bytes;
};

struct hostile {
    pid_t pid;
    struct board *board;
};

/* One connection: sends `first` once, then the blob over and over. */
struct enemy {
    int fd;
    const uint8_t *first;
    size_t first_len;
    const uint8_t *blob;
    size_t blob_len;
    size_t at; /* in the one that is being sent */
    bool first_sent;
};

static _Noreturn void give_up(const char *what)
{
    perror(what);
    _exit(1);
}

static void *take(size_t n, size_t bytes)
{
    void *p = calloc(n, bytes);
    if (p == NULL)
        give_up("hostile: memory");
    return p;
}

/* --- one connection --- */

int hostile_connect(uint16_t port, size_t i)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int on = 1;
    int bytes = RCVBUF_BYTES;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        give_up("hostile: socket");
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(i % ADDRESSES));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
        give_up("hostile: bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int hostile_upgrade(int fd, const char *path)
{
    char head[1024];
    size_t len = 0;
    int n = snprintf(head, sizeof head,
                     "GET %s HTTP/1.1\r\nHost: weft\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                     path);
    if (send(fd, head, (size_t)n, MSG_NOSIGNAL) != n)
        return 0;
    /* Byte by byte: what stands behind the head is not to be taken from the socket. */
    while (len + 1 < sizeof head && recv(fd, head + len, 1, 0) == 1) {
        head[++len] = '\0';
        if (len >= 4 && memcmp(head + len - 4, "\r\n\r\n", 4) == 0)
            return len > 12 ? atoi(head + 9) : 0;
    }
    return 0;
}

size_t hostile_frame(uint8_t *out, unsigned first, const void *bytes, size_t len)
{
    static const uint8_t mask[4] = {0x5a, 0xa7, 0x13, 0xec};
    const uint8_t *from = bytes;
    size_t wide = len < 126 ? 0 : len < 65536 ? 2 : 8;
    size_t n = 0;
    out[n++] = (uint8_t)first;
    out[n++] = (uint8_t)(0x80 | (wide == 0 ? len : wide == 2 ? 126 : 127));
    for (size_t i = wide; i-- > 0;)
        out[n++] = (uint8_t)((uint64_t)len >> (8 * i));
    memcpy(out + n, mask, sizeof mask);
    n += sizeof mask;
    for (size_t i = 0; i < len; i++)
        out[n++] = from[i] ^ mask[i & 3];
    return n;
}

/* --- what each kind sends --- */

/* As many of these messages, one after the other, as fit a blob. */
static size_t fill(uint8_t *blob, const char *const messages[], size_t n)
{
    size_t len = 0;
    for (size_t i = 0;; i = (i + 1) % n) {
        size_t one = strlen(messages[i]);
        if (i == 0 && len + n * (one + 64) > BLOB_BYTES)
            return len;
        len += hostile_frame(blob + len, 0x81, messages[i], one);
    }
}

/* Its own user_id, which stands in the welcome's first bytes. */
static bool read_user_id(int fd, char out[37])
{
    static const char key[] = "\"user_id\":\"";
    char bytes[1024];
    size_t len = 0;
    while (len < sizeof bytes - 1 && recv(fd, bytes + len, 1, 0) == 1) {
        bytes[++len] = '\0';
        const char *at = memmem(bytes, len, key, sizeof key - 1);
        if (at == NULL || bytes + len < at + sizeof key - 1 + 36)
            continue;
        memcpy(out, at + sizeof key - 1, 36);
        out[36] = '\0';
        return true;
    }
    return false;
}

static void signal_blob(struct enemy *e)
{
    char id[37];
    char message[SIGNAL_BYTES + 128];
    const char *const messages[] = {message};
    if (!read_user_id(e->fd, id))
        return;
    snprintf(message, sizeof message, "{\"type\":\"signal\",\"to\":\"%s\",\"data\":\"%0*d\"}", id,
             SIGNAL_BYTES, 0);
    uint8_t *blob = take(1, BLOB_BYTES);
    e->blob = blob;
    e->blob_len = fill(blob, messages, 1);
}

static size_t fragments(uint8_t *blob)
{
    size_t len = 0;
    while (len + 16 < BLOB_BYTES)
        len += hostile_frame(blob + len, 0x00, "x", 1);
    return len;
}

static size_t pipeline(uint8_t *blob, const char *room)
{
    size_t len = 0;
    while (len + 256 < BLOB_BYTES)
        len += (size_t)snprintf((char *)blob + len, 256,
                                "GET /api/rooms/%s/text HTTP/1.1\r\nHost: weft\r\n\r\n", room);
    return len;
}

static size_t unfinished(uint8_t **ret)
{
    uint8_t *all = take(1, MESSAGE_BYTES + 64);
    char *text = take(1, MESSAGE_BYTES);
    memset(text, 'x', MESSAGE_BYTES);
    size_t len = hostile_frame(all, 0x81, text, MESSAGE_BYTES);
    free(text);
    *ret = all;
    return len - 1;
}

static const struct {
    const char *messages[2];
    size_t n;
} said[HOSTILE_KINDS] = {
    [HOSTILE_TEXT] = {{"{\"type\":\"text\"}"}, 1},
    [HOSTILE_HISTORY] = {{"{\"type\":\"history\",\"from\":1}"}, 1},
    [HOSTILE_OPERATIONS] = {{"{\"type\":\"insert\",\"position\":0,\"text\":\"x\"}",
                             "{\"type\":\"delete\",\"position\":0}"},
                            2},
    [HOSTILE_PING] = {{"{\"type\":\"ping\"}"}, 1},
    [HOSTILE_CURSOR] = {{"{\"type\":\"cursor\",\"position\":0}"}, 1},
};

/* What all of a kind send alike. */
static struct enemy model(const struct hostile_load *load)
{
    struct enemy e = {.fd = -1, .first_sent = true};
    uint8_t *blob = take(1, BLOB_BYTES);
    uint8_t *first = NULL;
    char filler[125] = {0};
    e.blob = blob;
    if (said[load->kind].n != 0)
        e.blob_len = fill(blob, said[load->kind].messages, said[load->kind].n);
    else if (load->kind == HOSTILE_PING_FRAME)
        e.blob_len = hostile_frame(blob, 0x89, filler, sizeof filler);
    else if (load->kind == HOSTILE_FRAGMENTS)
        e.blob_len = fragments(blob);
    else if (load->kind == HOSTILE_PIPELINE)
        e.blob_len = pipeline(blob, load->room);
    else if (load->kind == HOSTILE_UNFINISHED)
        e.first_len = unfinished(&first);
    else if (load->kind == HOSTILE_HALF_HEAD)
        e.first_len = (size_t)snprintf((char *)(first = take(1, 64)), 64, "GET / HTTP/1.1\r\nHos");
    if (load->kind == HOSTILE_FRAGMENTS)
        e.first_len = hostile_frame(first = take(1, 64), 0x01, "x", 1);
    e.first = first;
    e.first_sent = e.first_len == 0;
    return e;
}

static bool is_plain(enum hostile_kind kind)
{
    return kind == HOSTILE_PIPELINE || kind == HOSTILE_HALF_HEAD || kind == HOSTILE_SLOW_HEAD ||
           kind == HOSTILE_CONNECT;
}

/* --- the child --- */

/* False: the server has closed it. */
static bool send_some(struct enemy *e, struct board *board)
{
    for (;;) {
        const uint8_t *from = e->first_sent ? e->blob : e->first;
        size_t len = e->first_sent ? e->blob_len : e->first_len;
        if (len == 0)
            return true;
        ssize_t n = send(e->fd, from + e->at, len - e->at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        board->sent_bytes += (uint64_t)n;
        e->at += (size_t)n;
        if (e->at != len)
            return true;
        e->at = 0;
        e->first_sent = true;
    }
}

static void watch(int epoll, int op, struct enemy *e)
{
    bool has_more = !e->first_sent || e->blob_len != 0;
    struct epoll_event ev = {.events = (has_more ? EPOLLOUT : 0) | EPOLLRDHUP, .data.ptr = e};
    if (epoll_ctl(epoll, op, e->fd, &ev) != 0)
        give_up("hostile: epoll");
}

/* Everybody comes, one after the other; those that were accepted are in `all`. */
static size_t come(uint16_t port, const struct hostile_load *load, struct enemy *all, int epoll,
                   struct board *board)
{
    struct enemy like = model(load);
    char path[256];
    size_t n = 0;
    snprintf(path, sizeof path, "/ws/%s", load->room);
    for (size_t i = 0; i < load->n; i++) {
        struct enemy *e = &all[n];
        *e = like;
        e->fd = hostile_connect(port, i);
        if (e->fd >= 0 && !is_plain(load->kind) && hostile_upgrade(e->fd, path) != 101) {
            close(e->fd);
            e->fd = -1;
        }
        if (e->fd < 0) {
            board->n_refused++;
            continue;
        }
        if (load->kind == HOSTILE_SIGNAL)
            signal_blob(e);
        n++;
        board->n_open++;
    }
    for (size_t i = 0; i < n; i++)
        watch(epoll, EPOLL_CTL_ADD, &all[i]);
    return n;
}

static void drip(struct enemy *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].fd >= 0)
            (void)send(all[i].fd, "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static _Noreturn void live(uint16_t port, const struct hostile_load *load, struct board *board)
{
    struct enemy *all = take(load->n + 1, sizeof *all);
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        give_up("hostile: epoll");
    size_t n = come(port, load, all, epoll, board);
    time_t dripped = 0;
    board->ready = true;
    for (;;) {
        int got = epoll_wait(epoll, events, EVENTS, 200);
        for (int i = 0; i < got; i++) {
            struct enemy *e = events[i].data.ptr;
            bool gone = (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
            if (!gone && send_some(e, board)) {
                if (e->first_sent && e->blob_len == 0)
                    watch(epoll, EPOLL_CTL_MOD, e);
                continue;
            }
            close(e->fd);
            e->fd = -1;
            board->n_closed++;
        }
        if (load->kind == HOSTILE_SLOW_HEAD && time(NULL) != dripped) {
            dripped = time(NULL);
            drip(all, n);
        }
    }
}

/* --- the parent --- */

struct hostile *hostile_start(const struct process *server, const struct hostile_load *load)
{
    const struct timespec nap = {.tv_nsec = 5000000};
    struct hostile *h = take(1, sizeof *h);
    h->board =
        mmap(NULL, sizeof *h->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (h->board == MAP_FAILED)
        give_up("hostile: mmap");
    fflush(NULL);
    pid_t parent = getpid();
    h->pid = fork();
    if (h->pid < 0)
        give_up("hostile: fork");
    if (h->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        /* A machine with few cores: what is measured is the server's share, not theirs. */
        (void)setpriority(PRIO_PROCESS, 0, 19);
        live(server->port, load, h->board);
    }
    while (!h->board->ready) {
        if (waitpid(h->pid, NULL, WNOHANG) != 0) {
            fputs("hostile: the clients ended\n", stderr);
            exit(1);
        }
        nanosleep(&nap, NULL);
    }
    return h;
}

struct hostile_seen hostile_look(const struct hostile *h)
{
    return (struct hostile_seen){h->board->n_open, h->board->n_closed, h->board->n_refused,
                                 h->board->sent_bytes};
}

void hostile_stop(struct hostile *h)
{
    kill(h->pid, SIGKILL);
    waitpid(h->pid, NULL, 0);
    munmap(h->board, sizeof *h->board);
    free(h);
}
