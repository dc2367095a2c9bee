#define _GNU_SOURCE /* memmem() */
#include "support/wsclient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, HEAD_MAX = 16384 };

struct wsclient {
    int fd;
    int deadline_ms;
    char *in; /* in_at .. in_len was not used yet */
    size_t in_at;
    size_t in_len;
    size_t in_cap;
    char *given; /* what the last call returned, with a NUL */
    char head[HEAD_MAX];
    bool saw_close;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "wsclient: %s: %s\n", what, strerror(errno));
    abort();
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- connecting -------------------------------------------------------------------------------- */

static socklen_t address_of(const char *host, uint16_t port, struct sockaddr_storage *ret)
{
    struct sockaddr_in *v4 = (void *)ret;
    struct sockaddr_in6 *v6 = (void *)ret;

    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof(*v4);
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
        die("no address");
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof(*v6);
}

static int dial(const char *host, uint16_t port, int rcvbuf_bytes, const char *from)
{
    struct sockaddr_storage to;
    struct sockaddr_storage local;
    socklen_t len = address_of(host, port, &to);
    int on = 1;
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("socket");
    if (rcvbuf_bytes > 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf_bytes, sizeof(rcvbuf_bytes));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (from != NULL && bind(fd, (struct sockaddr *)&local, address_of(from, 0, &local)) != 0)
        die("bind");
    if (connect(fd, (struct sockaddr *)&to, len) != 0) {
        close(fd);
        return -1;
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        die("fcntl");
    return fd;
}

static struct wsclient *client_of(int fd)
{
    struct wsclient *w = calloc(1, sizeof(*w));

    if (w == NULL)
        die("memory");
    w->fd = fd;
    w->deadline_ms = DEADLINE_MS;
    return w;
}

struct wsclient *wsclient_try_open(const char *host, uint16_t port)
{
    int fd = dial(host, port, 0, NULL);

    return fd >= 0 ? client_of(fd) : NULL;
}

struct wsclient *wsclient_open_with(const char *host, uint16_t port, int rcvbuf_bytes,
                                    const char *from)
{
    int fd = dial(host, port, rcvbuf_bytes, from);

    if (fd < 0)
        die("connect");
    return client_of(fd);
}

struct wsclient *wsclient_open(const char *host, uint16_t port)
{
    return wsclient_open_with(host, port, 0, NULL);
}

void wsclient_free(struct wsclient *w)
{
    if (w == NULL)
        return;
    close(w->fd);
    free(w->in);
    free(w->given);
    free(w);
}

void wsclient_reset(struct wsclient *w)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    wsclient_free(w);
}

void wsclient_deadline(struct wsclient *w, int ms)
{
    w->deadline_ms = ms;
}

int wsclient_fd(const struct wsclient *w)
{
    return w->fd;
}

void wsclient_half_close(struct wsclient *w)
{
    (void)shutdown(w->fd, SHUT_WR);
}

/* ---- bytes ------------------------------------------------------------------------------------- */

/* False: the deadline passed. */
static bool wait_for(struct wsclient *w, short events, int64_t until)
{
    for (;;) {
        struct pollfd p = {.fd = w->fd, .events = events};
        int64_t left = until - now_ms();
        int n = poll(&p, 1, left > 0 ? (int)left : 0);

        if (n > 0)
            return true;
        if (n == 0)
            return false;
        if (errno != EINTR)
            die("poll");
    }
}

bool wsclient_readable(struct wsclient *w, int ms)
{
    return w->in_at < w->in_len || wait_for(w, POLLIN, now_ms() + ms);
}

void wsclient_raw(struct wsclient *w, const void *bytes, size_t len)
{
    const char *at = bytes;
    int64_t until = now_ms() + w->deadline_ms;

    while (len > 0) {
        ssize_t n = send(w->fd, at, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            if (!wait_for(w, POLLOUT, until)) {
                errno = ETIMEDOUT;
                die("send");
            }
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        /* A connection that is gone is seen when reading. */
        if (n < 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

void wsclient_raw_text(struct wsclient *w, const char *text)
{
    wsclient_raw(w, text, strlen(text));
}

static void make_room(struct wsclient *w, size_t more)
{
    if (w->in_at > 0) {
        memmove(w->in, w->in + w->in_at, w->in_len - w->in_at);
        w->in_len -= w->in_at;
        w->in_at = 0;
    }
    if (w->in_cap - w->in_len >= more)
        return;
    w->in_cap = (w->in_len + more) * 2;
    w->in = realloc(w->in, w->in_cap);
    if (w->in == NULL)
        die("memory");
}

/* WSC_FRAME: there are more bytes than before. */
static enum wsc_result read_more(struct wsclient *w, int64_t until)
{
    make_room(w, 65536);
    for (;;) {
        ssize_t n = recv(w->fd, w->in + w->in_len, w->in_cap - w->in_len, 0);

        if (n > 0) {
            w->in_len += (size_t)n;
            return WSC_FRAME;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return WSC_EOF;
        if (!wait_for(w, POLLIN, until))
            return WSC_TIMEOUT;
    }
}

static enum wsc_result need(struct wsclient *w, size_t len)
{
    int64_t until = now_ms() + w->deadline_ms;

    while (w->in_len - w->in_at < len) {
        enum wsc_result r = read_more(w, until);

        if (r != WSC_FRAME)
            return r;
    }
    return WSC_FRAME;
}

/* Takes len bytes that are there; they stay until the next call. */
static const char *give(struct wsclient *w, size_t len)
{
    free(w->given);
    w->given = malloc(len + 1);
    if (w->given == NULL)
        die("memory");
    memcpy(w->given, w->in + w->in_at, len);
    w->given[len] = '\0';
    w->in_at += len;
    return w->given;
}

bool wsclient_wait_eof(struct wsclient *w)
{
    int64_t until = now_ms() + w->deadline_ms;

    for (;;) {
        w->in_at = w->in_len;
        switch (read_more(w, until)) {
        case WSC_EOF:
            return true;
        case WSC_FRAME:
            continue;
        default:
            return false;
        }
    }
}

/* ---- HTTP -------------------------------------------------------------------------------------- */

void wsclient_get(struct wsclient *w, const char *path, const char *headers)
{
    wsclient_raw_text(w, "GET ");
    wsclient_raw_text(w, path);
    wsclient_raw_text(w, " HTTP/1.1\r\nHost: localhost\r\n");
    wsclient_raw_text(w, headers != NULL ? headers : "");
    wsclient_raw_text(w, "\r\n");
}

/* Moves one head into w->head. */
static enum wsc_result read_head(struct wsclient *w)
{
    int64_t until = now_ms() + w->deadline_ms;

    for (;;) {
        size_t len = w->in_len - w->in_at;
        const char *end = len > 0 ? memmem(w->in + w->in_at, len, "\r\n\r\n", 4) : NULL;
        enum wsc_result r;

        if (end != NULL) {
            len = (size_t)(end + 4 - (w->in + w->in_at));
            if (len >= sizeof(w->head)) {
                fprintf(stderr, "wsclient: a head of %zu bytes\n", len);
                return WSC_BAD;
            }
            memcpy(w->head, w->in + w->in_at, len);
            w->head[len] = '\0';
            w->in_at += len;
            return WSC_FRAME;
        }
        r = read_more(w, until);
        if (r != WSC_FRAME)
            return r;
    }
}

const char *wsclient_header(const struct wsclient *w, const char *name, char *buf, size_t bytes)
{
    size_t name_len = strlen(name);

    for (const char *line = strstr(w->head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
            const char *value = line + name_len + 1;
            size_t len = strcspn(value, "\r");

            while (*value == ' ') {
                value++;
                len--;
            }
            (void)snprintf(buf, bytes, "%.*s", (int)len, value);
            return buf;
        }
    }
    return NULL;
}

enum wsc_result wsclient_answer(struct wsclient *w, bool is_head, struct wsc_answer *ret)
{
    char value[32];
    size_t len = 0;
    enum wsc_result r = read_head(w);

    memset(ret, 0, sizeof(*ret));
    if (r != WSC_FRAME)
        return r;
    ret->head = w->head;
    if (sscanf(w->head, "HTTP/1.1 %d", &ret->status) != 1) {
        fprintf(stderr, "wsclient: no HTTP/1.1 answer: %.40s\n", w->head);
        return WSC_BAD;
    }
    if (!is_head && wsclient_header(w, "content-length", value, sizeof(value)) != NULL)
        len = strtoul(value, NULL, 10);
    r = need(w, len);
    if (r != WSC_FRAME)
        return r;
    ret->body = give(w, len);
    ret->body_len = len;
    return WSC_FRAME;
}

/* ---- handshake --------------------------------------------------------------------------------- */

int wsclient_upgrade_plain(struct wsclient *w, const char *path, const char *headers)
{
    struct wsc_answer answer;

    /* Key and answer are the example of RFC 6455 section 1.3. */
    wsclient_raw_text(w, "GET ");
    wsclient_raw_text(w, path);
    wsclient_raw_text(w, " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    wsclient_raw_text(w, headers != NULL ? headers : "");
    wsclient_raw_text(w, "\r\n");
    if (wsclient_answer(w, false, &answer) != WSC_FRAME)
        return 0;
    if (answer.status == 101) {
        char accept[64];

        if (wsclient_header(w, "sec-websocket-accept", accept, sizeof(accept)) == NULL ||
            strcmp(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != 0) {
            fprintf(stderr, "wsclient: wrong Sec-WebSocket-Accept\n");
            return -1;
        }
    }
    return answer.status;
}

int wsclient_upgrade(struct wsclient *w, const char *path, const char *headers)
{
    char all[4096];

    (void)snprintf(all, sizeof(all), "Sec-WebSocket-Protocol: weft.v1\r\n%s",
                   headers != NULL ? headers : "");
    return wsclient_upgrade_plain(w, path, all);
}

const char *wsclient_body(const struct wsclient *w)
{
    return w->given != NULL ? w->given : "";
}

/* ---- frames ------------------------------------------------------------------------------------ */

static size_t put_header(uint8_t *out, bool fin, unsigned opcode, size_t len, uint8_t mask_bit)
{
    out[0] = (uint8_t)((fin ? 0x80 : 0) | (opcode & 0x7f));
    if (len < 126) {
        out[1] = (uint8_t)(mask_bit | len);
        return 2;
    }
    if (len < 65536) {
        out[1] = mask_bit | 126;
        out[2] = (uint8_t)(len >> 8);
        out[3] = (uint8_t)len;
        return 4;
    }
    out[1] = mask_bit | 127;
    for (unsigned i = 0; i < 8; i++)
        out[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
    return 10;
}

size_t wsclient_encode(uint8_t *out, bool fin, unsigned opcode, const void *bytes, size_t len)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    const uint8_t *from = bytes;
    size_t at = put_header(out, fin, opcode, len, 0x80);

    memcpy(out + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < len; i++)
        out[at + i] = from[i] ^ mask[i & 3];
    return at + len;
}

void wsclient_frame(struct wsclient *w, bool fin, unsigned opcode, const void *bytes, size_t len)
{
    uint8_t *out = malloc(14 + len);

    if (out == NULL)
        die("memory");
    wsclient_raw(w, out, wsclient_encode(out, fin, opcode, bytes, len));
    free(out);
}

void wsclient_frame_unmasked(struct wsclient *w, bool fin, unsigned opcode, const void *bytes,
                             size_t len)
{
    uint8_t header[10];

    wsclient_raw(w, header, put_header(header, fin, opcode, len, 0));
    wsclient_raw(w, bytes, len);
}

void wsclient_text(struct wsclient *w, const char *text)
{
    wsclient_frame(w, true, WSC_TEXT, text, strlen(text));
}

void wsclient_close(struct wsclient *w, uint16_t code, const char *reason)
{
    uint8_t payload[125];
    size_t len = strlen(reason);

    if (len > sizeof(payload) - 2)
        len = sizeof(payload) - 2;
    payload[0] = (uint8_t)(code >> 8);
    payload[1] = (uint8_t)code;
    memcpy(payload + 2, reason, len);
    wsclient_frame(w, true, WSC_CLOSE, payload, len + 2);
}

static enum wsc_result bad(const char *what, unsigned first)
{
    fprintf(stderr, "wsclient: the server sent %s (first byte 0x%02x)\n", what, first);
    return WSC_BAD;
}

enum wsc_result wsclient_next(struct wsclient *w, struct wsframe *ret)
{
    const uint8_t *at;
    size_t header = 2;
    uint64_t len;
    enum wsc_result r = need(w, 2);

    if (r != WSC_FRAME)
        return r;
    at = (const uint8_t *)w->in + w->in_at;
    len = at[1] & 0x7f;
    if ((at[1] & 0x80) != 0)
        return bad("a masked frame", at[0]);
    if ((at[0] & 0x70) != 0)
        return bad("reserved bits", at[0]);
    if ((at[0] & 8) != 0 && (len > 125 || (at[0] & 0x80) == 0))
        return bad("a control frame that is fragmented or long", at[0]);
    if (w->saw_close)
        return bad("something behind CLOSE", at[0]);
    header += len == 126 ? 2 : len == 127 ? 8 : 0;
    r = need(w, header);
    if (r != WSC_FRAME)
        return r;
    at = (const uint8_t *)w->in + w->in_at;
    if (header > 2)
        len = 0;
    for (size_t i = 2; i < header; i++)
        len = len << 8 | at[i];
    r = need(w, header + (size_t)len);
    if (r != WSC_FRAME)
        return r;
    at = (const uint8_t *)w->in + w->in_at;
    ret->fin = (at[0] & 0x80) != 0;
    ret->opcode = at[0] & 15;
    w->in_at += header;
    ret->bytes = give(w, (size_t)len);
    ret->len = (size_t)len;
    ret->code = 0;
    if (ret->opcode == WSC_CLOSE) {
        w->saw_close = true;
        ret->code = 1005;
        if (len >= 2) {
            ret->code = (uint16_t)((uint8_t)ret->bytes[0] << 8 | (uint8_t)ret->bytes[1]);
            ret->bytes += 2;
            ret->len -= 2;
        }
    }
    return WSC_FRAME;
}

enum wsc_result wsclient_next_message(struct wsclient *w, struct wsframe *ret)
{
    for (;;) {
        enum wsc_result r = wsclient_next(w, ret);

        if (r != WSC_FRAME || (ret->opcode != WSC_PING && ret->opcode != WSC_PONG))
            return r;
        if (ret->opcode == WSC_PING)
            wsclient_frame(w, true, WSC_PONG, ret->bytes, ret->len);
    }
}
