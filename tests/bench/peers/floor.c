/* The physical floors: a relay that does nothing but frames, on bare epoll, in one thread.
 *
 *     floor PORT each       every frame goes to every connection of its room at once, a send() each
 *     floor PORT coalesce   frames of one loop turn go together, one sendmsg() for each connection
 *     floor sync FILE N     no relay: 100 bytes appended to FILE and fdatasync, N times; prints the
 *                           median in microseconds
 *
 * What a connection sends, text or binary, goes to everybody in its room, its author included: that
 * is what its author takes as the acknowledgement. The room is the path of the upgrade. No JSON, no
 * merging, no text, no log: what it costs is what sockets cost on this machine.
 *
 * Frames of one turn are kept once for the room: all its members lack the same bytes. Only where
 * a socket took less is the rest copied, into a backlog of the connection, which then goes first. */
#define _GNU_SOURCE /* accept4 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 512,
    READ_BYTES = 256 << 10,
    FRAME_BYTES_MAX = 64 << 10,
    HEAD_BYTES_MAX = 4096,
    BUCKETS = 4096,
    BACKLOG_BYTES_MAX = 256 << 20,
    LISTEN_BACKLOG = 4096,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
};

struct bytes {
    uint8_t *at;
    size_t len, cap;
};

struct conn {
    int fd;
    bool upgraded, gone, waits; /* waits: for EPOLLOUT */
    struct room *room;
    size_t place;        /* in room->members */
    struct bytes in;     /* a head or a frame that has not come whole */
    struct bytes behind; /* what the socket did not take */
};

struct room {
    char *name;
    struct room *next, *next_dirty;
    struct conn **members;
    size_t n_members, cap_members;
    struct bytes turn; /* frames of this turn, when they are coalesced */
    bool dirty;
};

static struct room *rooms[BUCKETS];
static struct room *dirty;
static struct conn **closing;
static size_t n_closing, cap_closing;
static int epoll;
static bool coalesce;
static uint8_t input[READ_BYTES];

static void *grow(void *at, size_t bytes)
{
    void *grown = realloc(at, bytes);
    if (grown == NULL) {
        fputs("floor: no memory\n", stderr);
        exit(1);
    }
    return grown;
}

static void append(struct bytes *b, const void *bytes, size_t len)
{
    if (b->len + len > b->cap) {
        b->cap = (b->len + len) * 2;
        b->at = grow(b->at, b->cap);
    }
    memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

static void clear(struct bytes *b)
{
    free(b->at);
    *b = (struct bytes){0};
}

/* Closed and freed at the end of the turn: rooms may be walked through just now. */
static void leave(struct conn *c)
{
    if (c->gone)
        return;
    c->gone = true;
    if (n_closing == cap_closing) {
        cap_closing = cap_closing * 2 + 64;
        closing = grow(closing, cap_closing * sizeof *closing);
    }
    closing[n_closing++] = c;
}

static void wait_for_room(struct conn *c, bool waits)
{
    if (c->waits == waits)
        return;
    c->waits = waits;
    struct epoll_event ev = {.events = waits ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static size_t put_out(struct conn *c, const uint8_t *bytes, size_t len)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t n = coalesce ? sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT)
                         : send(c->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
        return (size_t)n;
    if (errno != EAGAIN && errno != EINTR)
        leave(c);
    return 0;
}

static void put(struct conn *c, const uint8_t *bytes, size_t len)
{
    if (c->gone)
        return;
    size_t n = c->behind.len == 0 ? put_out(c, bytes, len) : 0;
    if (n == len || c->gone)
        return;
    if (c->behind.len + len - n > BACKLOG_BYTES_MAX) {
        leave(c);
        return;
    }
    append(&c->behind, bytes + n, len - n);
    wait_for_room(c, true);
}

static void catch_up(struct conn *c)
{
    size_t n = put_out(c, c->behind.at, c->behind.len);
    memmove(c->behind.at, c->behind.at + n, c->behind.len - n);
    c->behind.len -= n;
    if (c->behind.len > 0)
        return;
    clear(&c->behind);
    wait_for_room(c, false);
}

static void broadcast(struct conn *author, uint8_t opcode, const uint8_t *payload, size_t len)
{
    static uint8_t frame[FRAME_BYTES_MAX + 4];
    size_t head = len < 126 ? 2 : 4;
    frame[0] = (uint8_t)(0x80 | opcode);
    frame[1] = (uint8_t)(len < 126 ? len : 126);
    if (len >= 126) {
        frame[2] = (uint8_t)(len >> 8);
        frame[3] = (uint8_t)len;
    }
    memcpy(frame + head, payload, len);
    if (opcode == OPCODE_PING) {
        frame[0] = 0x8a;
        put(author, frame, head + len);
        return;
    }
    struct room *room = author->room;
    if (!coalesce) {
        for (size_t i = 0; i < room->n_members; i++)
            put(room->members[i], frame, head + len);
        return;
    }
    append(&room->turn, frame, head + len);
    if (!room->dirty) {
        room->dirty = true;
        room->next_dirty = dirty;
        dirty = room;
    }
}

static void flush_turn(void)
{
    for (struct room *room = dirty; room != NULL; room = room->next_dirty) {
        for (size_t i = 0; i < room->n_members; i++)
            put(room->members[i], room->turn.at, room->turn.len);
        room->turn.len = 0;
        room->dirty = false;
    }
    dirty = NULL;
}

/* Takes the whole frames of `bytes`; returns how much of it they were. */
static size_t take_frames(struct conn *c, uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (!c->gone && len - at >= 2) {
        uint8_t *b = bytes + at;
        size_t payload = b[1] & 0x7f, head = 6;
        if (payload == 127 || (b[1] & 0x80) == 0) {
            leave(c);
            break;
        }
        if (payload == 126) {
            if (len - at < 4)
                break;
            payload = (size_t)(b[2] << 8 | b[3]);
            head = 8;
        }
        if (len - at < head + payload)
            break;
        const uint8_t *mask = b + head - 4;
        for (size_t i = 0; i < payload; i++)
            b[head + i] ^= mask[i & 3];
        if ((b[0] & 0x0f) == OPCODE_CLOSE)
            leave(c);
        else
            broadcast(c, b[0] & 0x0f, b + head, payload);
        at += head + payload;
    }
    return at;
}

static struct room *room_of(const char *name, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    struct room **at = &rooms[hash % BUCKETS];
    for (; *at != NULL; at = &(*at)->next)
        if (strlen((*at)->name) == len && memcmp((*at)->name, name, len) == 0)
            return *at;
    *at = grow(NULL, sizeof **at);
    **at = (struct room){.name = grow(NULL, len + 1)};
    memcpy((*at)->name, name, len);
    (*at)->name[len] = '\0';
    return *at;
}

static void enter(struct conn *c, struct room *room)
{
    if (room->n_members == room->cap_members) {
        room->cap_members = room->cap_members * 2 + 4;
        room->members = grow(room->members, room->cap_members * sizeof(struct conn *));
    }
    c->room = room;
    c->place = room->n_members;
    room->members[room->n_members++] = c;
}

/* Takes the head of the upgrade, once it is there as a whole; returns how long it was. */
static size_t take_head(struct conn *c, const uint8_t *bytes, size_t len)
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char head[HEAD_BYTES_MAX + 1];
    if (len < 4 || memmem(bytes, len, "\r\n\r\n", 4) == NULL) {
        if (len > HEAD_BYTES_MAX)
            leave(c);
        return 0;
    }
    size_t head_len = (size_t)((const uint8_t *)memmem(bytes, len, "\r\n\r\n", 4) - bytes) + 4;
    memcpy(head, bytes, head_len < HEAD_BYTES_MAX ? head_len : HEAD_BYTES_MAX);
    head[head_len < HEAD_BYTES_MAX ? head_len : HEAD_BYTES_MAX] = '\0';
    const char *key = strcasestr(head, "Sec-WebSocket-Key:");
    if (strncmp(head, "GET /", 5) != 0 || key == NULL) {
        leave(c);
        return head_len;
    }
    key += strlen("Sec-WebSocket-Key:");
    key += strspn(key, " ");
    char joined[128], answer[256];
    uint8_t digest[SHA_DIGEST_LENGTH], base64[64];
    int joined_len =
        snprintf(joined, sizeof joined, "%.*s%s", (int)strcspn(key, " \r\n") % 64, key, magic);
    SHA1((const uint8_t *)joined, (size_t)joined_len, digest);
    EVP_EncodeBlock(base64, digest, sizeof digest);
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                     (const char *)base64);
    c->upgraded = true;
    enter(c, room_of(head + 5, strcspn(head + 5, " ?")));
    put(c, (const uint8_t *)answer, (size_t)n);
    return head_len;
}

static size_t take(struct conn *c, uint8_t *bytes, size_t len)
{
    size_t n = c->upgraded ? 0 : take_head(c, bytes, len);
    return c->upgraded && !c->gone ? n + take_frames(c, bytes + n, len - n) : n;
}

static void receive(struct conn *c)
{
    ssize_t n = recv(c->fd, input, sizeof input, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        leave(c);
        return;
    }
    if (c->in.len == 0) {
        size_t taken = take(c, input, (size_t)n);
        if (taken < (size_t)n && !c->gone)
            append(&c->in, input + taken, (size_t)n - taken);
        return;
    }
    append(&c->in, input, (size_t)n);
    size_t taken = take(c, c->in.at, c->in.len);
    memmove(c->in.at, c->in.at + taken, c->in.len - taken);
    c->in.len -= taken;
    if (c->in.len == 0)
        clear(&c->in);
}

static void close_all(void)
{
    for (size_t i = 0; i < n_closing; i++) {
        struct conn *c = closing[i];
        if (c->room != NULL) {
            struct conn *last = c->room->members[--c->room->n_members];
            c->room->members[c->place] = last;
            last->place = c->place;
        }
        close(c->fd);
        clear(&c->in);
        clear(&c->behind);
        free(c);
    }
    n_closing = 0;
}

static void accept_all(int listener)
{
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *c = grow(NULL, sizeof *c);
        *c = (struct conn){.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
    }
}

static int listen_on(const char *port)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, LISTEN_BACKLOG) < 0) {
        perror("floor");
        exit(1);
    }
    return fd;
}

static void serve(int listener)
{
    static struct epoll_event events[EVENTS];
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (c == NULL) {
                accept_all(listener);
                continue;
            }
            if (!c->gone && (events[i].events & EPOLLOUT) != 0)
                catch_up(c);
            if (!c->gone && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
                receive(c);
        }
        flush_turn();
        close_all();
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int measure_sync(const char *file, size_t n)
{
    static const char line[100];
    double *us = grow(NULL, (n + 1) * sizeof *us);
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    for (size_t i = 0; i < n; i++) {
        double from = now_us();
        if (fd < 0 || write(fd, line, sizeof line) != sizeof line || fdatasync(fd) != 0) {
            perror("floor: sync");
            return 1;
        }
        us[i] = now_us() - from;
    }
    qsort(us, n, sizeof *us, by_size);
    printf("%.1f\n", us[n / 2]);
    free(us);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "sync") == 0)
        return measure_sync(argv[2], strtoul(argv[3], NULL, 10));
    if (argc != 3 || (strcmp(argv[2], "each") != 0 && strcmp(argv[2], "coalesce") != 0)) {
        fputs("usage: floor PORT each|coalesce, or floor sync FILE N\n", stderr);
        return 2;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    coalesce = strcmp(argv[2], "coalesce") == 0;
    serve(listen_on(argv[1]));
}
