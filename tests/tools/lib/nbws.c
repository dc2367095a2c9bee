#define _GNU_SOURCE /* memmem() */
#include "tools/lib/nbws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10, HEAD_BYTES_MAX = 16384 };

enum state { CONNECTING, UPGRADING, OPEN, ENDED, BROKEN };

/* Bytes at .. len were not used yet. */
struct run {
    uint8_t *bytes;
    size_t at;
    size_t len;
    size_t cap;
};

struct nbws {
    int fd;
    enum state state;
    unsigned code;
    char why[160];
    struct run in;
    struct run out;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "nbws: %s: %s\n", what, strerror(errno));
    abort();
}

/* Room for `more` bytes behind r->len. */
static void run_reserve(struct run *r, size_t more)
{
    if (r->at == r->len)
        r->at = r->len = 0;
    if (r->cap - r->len >= more)
        return;
    if (r->at > 0) {
        memmove(r->bytes, r->bytes + r->at, r->len - r->at);
        r->len -= r->at;
        r->at = 0;
    }
    if (r->cap - r->len >= more)
        return;
    r->cap = (r->len + more) * 2;
    r->bytes = realloc(r->bytes, r->cap);
    if (r->bytes == NULL)
        die("memory");
}

static void run_put(struct run *r, const void *bytes, size_t len)
{
    run_reserve(r, len);
    memcpy(r->bytes + r->len, bytes, len);
    r->len += len;
}

static void finish(struct nbws *w, enum state state, const char *why)
{
    if (w->state == ENDED || w->state == BROKEN)
        return;
    w->state = state;
    snprintf(w->why, sizeof w->why, "%s", why);
}

struct nbws *nbws_open(uint16_t port, const char *path, const char *protocols)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct nbws *w = calloc(1, sizeof *w);
    char head[4096];
    int on = 1;
    if (w == NULL)
        die("memory");
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (w->fd < 0)
        die("socket");
    (void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(w->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        finish(w, ENDED, strerror(errno));
    /* The key is the example of RFC 6455 section 1.3; so is the answer, below. */
    int n = snprintf(head, sizeof head,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Protocol: %s\r\n\r\n",
                     path, (unsigned)port, protocols);
    if (n < 0 || (size_t)n >= sizeof head)
        die("a head that is too long");
    run_put(&w->out, head, (size_t)n);
    return w;
}

void nbws_free(struct nbws *w)
{
    if (w == NULL)
        return;
    close(w->fd);
    free(w->in.bytes);
    free(w->out.bytes);
    free(w);
}

int nbws_fd(const struct nbws *w)
{
    return w->fd;
}

short nbws_events(const struct nbws *w)
{
    bool writes = w->state == CONNECTING || w->out.at < w->out.len;
    return (short)(POLLIN | (writes ? POLLOUT : 0));
}

const char *nbws_why(const struct nbws *w)
{
    return w->why;
}

unsigned nbws_code(const struct nbws *w)
{
    return w->code;
}

/* --- sending --- */

static void put_frame(struct nbws *w, unsigned opcode, const void *bytes, size_t len)
{
    static const uint8_t mask[4] = {0x5a, 0xa7, 0x13, 0xec};
    const uint8_t *from = bytes;
    uint8_t header[14] = {(uint8_t)(0x80 | opcode)};
    size_t n = 2;
    size_t wide = len < 126 ? 0 : len < 65536 ? 2 : 8;
    header[1] = (uint8_t)(0x80 | (wide == 0 ? len : wide == 2 ? 126 : 127));
    for (size_t i = wide; i-- > 0;)
        header[n++] = (uint8_t)((uint64_t)len >> (8 * i));
    memcpy(header + n, mask, sizeof mask);
    run_put(&w->out, header, n + sizeof mask);
    run_reserve(&w->out, len);
    for (size_t i = 0; i < len; i++)
        w->out.bytes[w->out.len++] = from[i] ^ mask[i & 3];
}

static void write_some(struct nbws *w)
{
    while (w->out.at < w->out.len && (w->state == UPGRADING || w->state == OPEN)) {
        ssize_t n = send(w->fd, w->out.bytes + w->out.at, w->out.len - w->out.at, MSG_NOSIGNAL);
        if (n >= 0)
            w->out.at += (size_t)n;
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            w->out.at = w->out.len; /* that it is gone is seen when reading */
    }
}

void nbws_send(struct nbws *w, const void *text, size_t len)
{
    put_frame(w, OP_TEXT, text, len);
    write_some(w);
}

void nbws_close(struct nbws *w)
{
    put_frame(w, OP_CLOSE, "\x03\xe8", 2);
    write_some(w);
}

/* --- receiving --- */

static void connected(struct nbws *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLOUT};
    int err = 0;
    socklen_t len = sizeof err;
    if (poll(&p, 1, 0) <= 0 || (p.revents & (POLLOUT | POLLERR | POLLHUP)) == 0)
        return;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        die("getsockopt");
    if (err != 0)
        finish(w, ENDED, strerror(err));
    else
        w->state = UPGRADING;
}

static bool read_some(struct nbws *w)
{
    run_reserve(&w->in, 65536);
    ssize_t n = recv(w->fd, w->in.bytes + w->in.len, w->in.cap - w->in.len, 0);
    if (n > 0) {
        w->in.len += (size_t)n;
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR;
    /* What was received before is given out first: see nbws_next(). */
    if (w->code == 0)
        snprintf(w->why, sizeof w->why, "%s",
                 n == 0 ? "the end of the connection" : strerror(errno));
    return false;
}

void nbws_turn(struct nbws *w)
{
    if (w->state == CONNECTING)
        connected(w);
    write_some(w);
    while ((w->state == UPGRADING || w->state == OPEN) && w->why[0] == '\0' && read_some(w))
        ;
}

static void upgrade(struct nbws *w)
{
    const char *at = (const char *)w->in.bytes + w->in.at;
    size_t len = w->in.len - w->in.at;
    const char *end = len > 0 ? memmem(at, len, "\r\n\r\n", 4) : NULL;
    if (end == NULL) {
        if (len > HEAD_BYTES_MAX)
            finish(w, BROKEN, "a head without an end");
        return;
    }
    size_t head_len = (size_t)(end + 4 - at);
    if (memmem(at, head_len, "HTTP/1.1 101 ", 13) != at) {
        char why[160];
        snprintf(why, sizeof why, "the upgrade was refused: %.*s", (int)(len < 100 ? len : 100),
                 at);
        finish(w, memmem(at, head_len, "HTTP/1.1 503 ", 13) == at ? ENDED : BROKEN, why);
        return;
    }
    if (memmem(at, head_len, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) == NULL) {
        finish(w, BROKEN, "a wrong Sec-WebSocket-Accept");
        return;
    }
    w->in.at += head_len;
    w->state = OPEN;
}

/* The length of the frame's header, and its payload's; 0: not all of it is there. */
static size_t frame_header(const uint8_t *at, size_t have, uint64_t *ret_len)
{
    size_t wide = have < 2 ? 0 : (at[1] & 0x7f) == 126 ? 2 : (at[1] & 0x7f) == 127 ? 8 : 0;
    if (have < 2 + wide)
        return 0;
    uint64_t len = wide == 0 ? at[1] & 0x7f : 0;
    for (size_t i = 0; i < wide; i++)
        len = len << 8 | at[2 + i];
    *ret_len = len;
    return 2 + wide;
}

static void closed_by_peer(struct nbws *w, const uint8_t *payload, size_t len)
{
    char why[160];
    w->code = len >= 2 ? (unsigned)payload[0] << 8 | payload[1] : 1005;
    snprintf(why, sizeof why, "closed with %u: %.*s", w->code, len > 2 ? (int)len - 2 : 0,
             len > 2 ? (const char *)payload + 2 : "");
    put_frame(w, OP_CLOSE, payload, len < 2 ? 0 : 2);
    write_some(w);
    w->why[0] = '\0';
    finish(w, ENDED, why);
}

enum nbws_what nbws_next(struct nbws *w, const char **ret_text, size_t *ret_len)
{
    if (w->state == UPGRADING)
        upgrade(w);
    while (w->state == OPEN) {
        const uint8_t *at = w->in.bytes + w->in.at;
        size_t have = w->in.len - w->in.at;
        uint64_t len = 0;
        size_t header = have > 0 ? frame_header(at, have, &len) : 0;
        if (header == 0 || have - header < len)
            break;
        unsigned opcode = at[0] & 15;
        if ((at[0] & 0xf0) != 0x80 || (at[1] & 0x80) != 0) {
            finish(w, BROKEN, "a frame that is masked, in parts, or has reserved bits");
            break;
        }
        w->in.at += header + (size_t)len;
        if (opcode == OP_TEXT) {
            *ret_text = (const char *)at + header;
            *ret_len = (size_t)len;
            return NBWS_TEXT;
        }
        if (opcode == OP_PING)
            put_frame(w, OP_PONG, at + header, (size_t)len);
        else if (opcode == OP_CLOSE)
            closed_by_peer(w, at + header, (size_t)len);
        else if (opcode != OP_PONG)
            finish(w, BROKEN, "a frame that is neither text nor control");
    }
    if ((w->state == UPGRADING || w->state == OPEN) && w->why[0] != '\0')
        w->state = ENDED;
    return w->state == BROKEN ? NBWS_BROKEN : w->state == ENDED ? NBWS_ENDED : NBWS_NOTHING;
}
