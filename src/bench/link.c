#include "bench/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/frame.h"

enum { KEEP_BYTES = 64 << 10 };

/* Room for `more` bytes behind b->len; what was used is given up first. */
static void reserve(struct link_bytes *b, size_t more)
{
    if (b->from != 0) {
        memmove(b->at, b->at + b->from, b->len - b->from);
        b->len -= b->from;
        b->from = 0;
    }
    if (b->cap - b->len >= more)
        return;
    size_t cap = b->len + more > 2 * b->cap ? b->len + more : 2 * b->cap;
    uint8_t *grown = realloc(b->at, cap);
    if (grown == NULL) {
        fputs("weft bench: out of memory\n", stderr);
        exit(1);
    }
    b->at = grown;
    b->cap = cap;
}

static void put(struct link_bytes *b, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    if (b->cap - b->len < len)
        reserve(b, len);
    memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

static void drop(struct link_bytes *b)
{
    free(b->at);
    *b = (struct link_bytes){0};
}

void link_scratch_init(struct link_scratch *s)
{
    *s = (struct link_scratch){0};
    reserve(&s->bytes, LINK_READ_BYTES);
}

void link_scratch_done(struct link_scratch *s)
{
    drop(&s->bytes);
}

int link_open(struct link *l, const struct sockaddr *to, socklen_t to_len, const char *request,
              size_t request_len)
{
    int on = 1;
    *l = (struct link){.state = LINK_CONNECTING};
    l->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) {
        l->state = LINK_CLOSED;
        return -1;
    }
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool failed = connect(l->fd, to, to_len) != 0 && errno != EINPROGRESS;
    ssize_t n = -1;
    if (!failed) {
        /* On loopback the connection is there already, whatever was said: three system calls less. */
        n = send(l->fd, request, request_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        failed = n < 0 && errno != EAGAIN && errno != EINTR;
    }
    if (failed) {
        int err = errno;
        link_close(l);
        errno = err;
        return -1;
    }
    if (n >= 0)
        l->state = LINK_UPGRADING;
    put(&l->out, request + (n > 0 ? n : 0), request_len - (size_t)(n > 0 ? n : 0));
    return 0;
}

void link_close(struct link *l)
{
    if (l->state == LINK_CLOSED)
        return;
    close(l->fd);
    l->state = LINK_CLOSED;
    drop(&l->in);
    drop(&l->parts);
    drop(&l->out);
}

bool link_connected(struct link *l, struct link_scratch *s)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        err = errno;
    if (err != 0) {
        snprintf(s->why, sizeof s->why, "%s", strerror(err));
        return false;
    }
    l->state = LINK_UPGRADING;
    return true;
}

/* --- sending --- */

void link_send(struct link *l, uint8_t opcode, const void *payload, size_t len)
{
    if (l->out.cap - l->out.len < len + FRAME_HEADER_BYTES_MAX)
        reserve(&l->out, len + FRAME_HEADER_BYTES_MAX);
    l->out.len += frame_write(l->out.at + l->out.len, opcode, payload, len);
}

bool link_flush(struct link *l)
{
    while (l->state > LINK_CONNECTING && l->out.from < l->out.len) {
        ssize_t n = send(l->fd, l->out.at + l->out.from, l->out.len - l->out.from,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            l->out.from += (size_t)n;
        else if (errno == EAGAIN)
            return false;
        else if (errno != EINTR)
            l->out.from = l->out.len; /* that it is gone is seen when reading */
    }
    if (l->state == LINK_CONNECTING)
        return false;
    l->out.from = l->out.len = 0;
    if (l->out.cap > KEEP_BYTES)
        drop(&l->out);
    return true;
}

/* --- receiving --- */

static struct link_bytes *source(struct link *l, struct link_scratch *s)
{
    return l->in_own ? &l->in : &s->bytes;
}

bool link_read(struct link *l, struct link_scratch *s)
{
    struct link_bytes *b;
    l->in_own = l->in.len != l->in.from;
    b = source(l, s);
    if (l->in_own)
        reserve(b, KEEP_BYTES);
    else
        b->from = b->len = 0;
    ssize_t n = recv(l->fd, b->at + b->len, b->cap - b->len, MSG_DONTWAIT);
    if (n > 0) {
        b->len += (size_t)n;
        l->bytes_in += (uint64_t)n;
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    snprintf(s->why, sizeof s->why, "%s",
             n == 0 ? "the connection ended without a CLOSE frame" : strerror(errno));
    return false;
}

/* What is left of the scratch belongs to this link and stays with it. */
static enum link_what keep_rest(struct link *l, struct link_scratch *s, uint64_t needs)
{
    struct link_bytes *b = source(l, s);
    size_t rest = b->len - b->from;
    if (!l->in_own && rest != 0) {
        reserve(&l->in, rest);
        put(&l->in, b->at + b->from, rest);
        b->from = b->len = 0;
        l->in_own = true;
    }
    if (rest == 0)
        drop(&l->in);
    else if (needs > l->in.len - l->in.from)
        reserve(&l->in, (size_t)needs - (l->in.len - l->in.from));
    return LINK_NOTHING;
}

static enum link_what ended(struct link_scratch *s, const char *why)
{
    snprintf(s->why, sizeof s->why, "%s", why);
    return LINK_ENDED;
}

static enum link_what closed(struct link *l, struct link_scratch *s, const struct frame *f)
{
    unsigned code = f->len >= 2 ? (unsigned)f->payload[0] << 8 | f->payload[1] : 1005;
    snprintf(s->why, sizeof s->why, "it was closed with %u%s%.*s", code, f->len > 2 ? ": " : "",
             f->len > 2 ? (int)f->len - 2 : 0, f->len > 2 ? (const char *)f->payload + 2 : "");
    link_send(l, FRAME_CLOSE, f->payload, f->len < 2 ? 0 : 2);
    (void)link_flush(l);
    return LINK_ENDED;
}

/* A data frame: a message, or NOTHING when it is one of its parts; then go on. */
static enum link_what data(struct link *l, struct link_scratch *s, const struct frame *f,
                           struct link_message *ret)
{
    if ((f->opcode == FRAME_CONTINUATION) != l->in_parts)
        return ended(s, "broken: a part of a message that had not begun, or had not ended");
    if (!l->in_parts) {
        l->binary = f->opcode == FRAME_BINARY;
        l->parts.from = l->parts.len = 0;
    }
    l->in_parts = !f->fin;
    *ret = (struct link_message){.bytes = f->payload, .len = f->len, .binary = l->binary};
    if (f->opcode != FRAME_CONTINUATION && f->fin)
        return LINK_MESSAGE;
    if (l->parts.len + f->len > FRAME_BYTES_MAX)
        return ended(s, "broken: a message of more than 2 GiB");
    put(&l->parts, f->payload, f->len);
    ret->bytes = l->parts.at;
    ret->len = l->parts.len;
    return f->fin ? LINK_MESSAGE : LINK_NOTHING;
}

enum link_what link_next(struct link *l, struct link_scratch *s, struct link_message *ret)
{
    struct link_bytes *b = source(l, s);
    const char *why = NULL;
    uint64_t used = 0;
    if (l->state == LINK_UPGRADING) {
        enum frame_what what = frame_answer((const char *)b->at + b->from, b->len - b->from, &used,
                                            s->why, sizeof s->why);
        if (what == FRAME_CUT)
            return keep_rest(l, s, used);
        if (what == FRAME_BAD)
            return LINK_ENDED;
        b->from += (size_t)used;
        l->state = LINK_OPEN;
        return LINK_OPENED;
    }
    while (l->state == LINK_OPEN) {
        struct frame f;
        enum frame_what what = frame_read(b->at + b->from, b->len - b->from, &f, &used, &why);
        if (what == FRAME_CUT)
            return keep_rest(l, s, used);
        if (what == FRAME_BAD) {
            snprintf(s->why, sizeof s->why, "broken: %s", why);
            return LINK_ENDED;
        }
        b->from += (size_t)used;
        if (f.opcode == FRAME_CLOSE)
            return closed(l, s, &f);
        if (f.opcode == FRAME_PING)
            link_send(l, FRAME_PONG, f.payload, f.len);
        if (f.opcode >= FRAME_CLOSE)
            continue;
        enum link_what got = data(l, s, &f, ret);
        if (got != LINK_NOTHING)
            return got;
    }
    return LINK_NOTHING;
}
