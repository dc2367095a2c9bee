/* A plain HTTP/1.1 connection: one request at a time, those sent ahead wait in the buffer.
 *
 *     HEAD --head complete--> WAIT --net_answer--> WRITE --all written--> HEAD   (keep-alive)
 *                                                                    \--> LINGER --> gone
 *
 * Most connections send their whole head at once and are answered, or upgraded, at once: those are
 * read into the loop's buffer and never need one of their own, nor a poll handle.
 *
 * A body is never waited for. A request that brings one is answered, and the connection lingers:
 * what still comes is read and dropped, because closing with unread bytes sends a reset that may
 * overtake the answer (RFC 9112 section 9.6). */
#include "net/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SMALL_BODY_BYTES = 64 << 10 }; /* below, an answer is not worth refusing */

static void http_arm(struct net_request *r);
static void http_write(struct net_request *r);

static void set_state(struct net_request *r, enum http_state state)
{
    r->state = state;
    r->since_ms = net_now_ms(r->net);
}

/* ---- death ------------------------------------------------------------------------------------- */

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop_out(struct net_request *r)
{
    free(r->out);
    r->out = NULL;
    r->out_at = 0;
    r->out_len = 0;
    r->net->answers_bytes -= r->held;
    r->held = 0;
}

/* Frees all but the socket and its counts. */
static void http_free(struct net_request *r)
{
    link_out(&r->all);
    link_out(&r->ready);
    free(r->in);
    r->in = NULL;
    drop_out(r);
    r->state = HTTP_DEAD;
    if (r->has_poll) {
        (void)uv_poll_stop(&r->poll);
        uv_close((uv_handle_t *)&r->poll, on_poll_closed);
    } else {
        free(r);
    }
}

int http_detach(struct net_request *r)
{
    int fd = r->fd;

    http_free(r);
    return fd;
}

void http_destroy(struct net_request *r)
{
    struct net *n = r->net;
    int fd;

    if (r->state == HTTP_WAIT && n->handler.request_gone != NULL) {
        r->state = HTTP_DEAD;
        n->handler.request_gone(n->handler.ctx, r);
    }
    group_release(n->group, r->address);
    fd = http_detach(r);
    close(fd);
}

/* From places that may run below http_pump(), which then frees r. */
static void http_die(struct net_request *r)
{
    if (r->busy)
        set_state(r, HTTP_DEAD);
    else
        http_destroy(r);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void linger(struct net_request *r)
{
    ssize_t got = recv(r->fd, r->net->scratch, sizeof(r->net->scratch), 0);

    if (got > 0)
        r->drained += (size_t)got;
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) || r->drained > LINGER_BYTES)
        http_destroy(r);
}

/* Keeps what was not used in a buffer of its own; an idle connection has none. */
static bool keep_rest(struct net_request *r, const char *bytes, size_t len)
{
    if (len == 0) {
        free(r->in);
        r->in = NULL;
    } else if (r->in == NULL) {
        r->in = malloc(HEAD_BYTES_MAX);
        if (r->in == NULL)
            return false;
        memcpy(r->in, bytes, len);
    } else {
        memmove(r->in, bytes, len);
    }
    r->in_len = len;
    return true;
}

static void http_read(struct net_request *r)
{
    char *to = r->in != NULL ? r->in + r->in_len : r->net->scratch;
    size_t room = HEAD_BYTES_MAX - r->in_len;
    ssize_t got;

    if (r->state == HTTP_LINGER) {
        linger(r);
        return;
    }
    if (room == 0) {
        http_arm(r);
        return;
    }
    got = recv(r->fd, to, room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        http_arm(r);
        return;
    }
    /* The end of what the peer sends counts as its leaving, also while it waits. */
    if (got <= 0) {
        http_destroy(r);
        return;
    }
    if (r->in != NULL)
        http_pump(r, r->in, r->in_len + (size_t)got);
    else
        http_pump(r, to, (size_t)got);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct net_request *r = handle->data;

    if (status < 0)
        http_destroy(r);
    else if ((events & UV_WRITABLE) != 0 && r->state == HTTP_WRITE)
        http_write(r);
    else if ((events & UV_READABLE) != 0)
        http_read(r);
    else if ((events & UV_DISCONNECT) != 0)
        http_destroy(r);
}

/* Asks for the events that the state waits for. */
static void http_arm(struct net_request *r)
{
    int events = UV_READABLE;

    if (r->state == HTTP_WRITE)
        events = UV_WRITABLE;
    else if (r->in_len == HEAD_BYTES_MAX)
        events = UV_DISCONNECT;
    if (!r->has_poll) {
        if (uv_poll_init(&r->net->loop, &r->poll, r->fd) != 0) {
            http_destroy(r);
            return;
        }
        r->poll.data = r;
        r->has_poll = true;
    }
    if (events != r->armed)
        (void)uv_poll_start(&r->poll, events, on_poll);
    r->armed = events;
}

/* ---- serving ----------------------------------------------------------------------------------- */

/* The head is the first `used` of the bytes. False: r is no more. */
static bool serve(struct net_request *r, struct head *h, const char *bytes, size_t len, size_t used)
{
    struct net *n = r->net;
    bool is_crowded = tally_read(&r->address->n) > n->config.connections_per_address_max;

    if (!n->refusing && !is_crowded && hand_over(r, h, bytes, len))
        return false;
    r->began = true;
    r->is_head = net_str_is(h->at.method, "HEAD");
    r->keep_alive = h->keep_alive && !h->has_body;
    h->at.address = (struct net_str){r->address_text, strlen(r->address_text)};
    set_state(r, HTTP_WAIT);
    if (n->refusing)
        http_refuse(r, 503, "The server is stopping.");
    else if (is_crowded)
        http_refuse(r, 429, "Too many connections from this address.");
    else if (h->wants_ws)
        return upgrade_serve(r, h, bytes + used, len - used);
    else
        n->handler.request(n->handler.ctx, r, &h->at);
    return true;
}

void http_pump(struct net_request *r, const char *bytes, size_t len)
{
    struct head h;
    size_t had = r->in_len;

    r->busy = true;
    while (r->state == HTTP_HEAD && len > 0) {
        int used = head_parse(bytes, len, r->net->join, &h);

        if (used == 0 && len >= HEAD_BYTES_MAX)
            used = -431;
        if (used == 0)
            break;
        if (used < 0) {
            r->is_head = false;
            http_refuse(r, (unsigned)-used, head_refusal(-used));
            break;
        }
        if (!serve(r, &h, bytes, len, (size_t)used))
            return;
        bytes += used;
        len -= (size_t)used;
    }
    /* The clock of a head runs from its first byte. */
    if (r->state == HTTP_HEAD && had == 0 && len > 0)
        set_state(r, HTTP_HEAD);
    if (r->state == HTTP_LINGER)
        len = 0;
    r->busy = false;
    if (r->state == HTTP_DEAD || !keep_rest(r, bytes, len))
        http_destroy(r);
    else
        http_arm(r);
}

void http_resume(struct net_request *r)
{
    if (r->state == HTTP_HEAD && r->in != NULL)
        http_pump(r, r->in, r->in_len);
}

struct net_request *http_new(struct net *n, int fd, struct address *address)
{
    struct net_request *r = calloc(1, sizeof(*r));

    if (r == NULL) {
        group_release(n->group, address);
        close(fd);
        return NULL;
    }
    r->net = n;
    r->fd = fd;
    r->address = address;
    list_append(&n->http, &r->all);
    set_state(r, HTTP_HEAD);
    return r;
}

void http_accept(struct net *n, int fd, const struct sockaddr *peer)
{
    struct address *address = net_is_full(n) ? NULL : group_take(n->group, peer);
    struct net_request *r;

    if (address == NULL) {
        close(fd);
        return;
    }
    r = http_new(n, fd, address);
    if (r == NULL)
        return;
    address_text(peer, r->address_text);
    /* Far above what it may have, it is not even listened to. */
    if (tally_read(&address->n) > n->config.connections_per_address_max * 2 + 16)
        http_destroy(r);
    else
        http_read(r); /* mostly, the head is there already */
}

/* ---- answering --------------------------------------------------------------------------------- */

static void answered(struct net_request *r)
{
    drop_out(r);
    r->user = NULL;
    if (!r->keep_alive) {
        (void)shutdown(r->fd, SHUT_WR);
        set_state(r, HTTP_LINGER);
    } else {
        set_state(r, HTTP_HEAD);
        /* Not from here: the caller may be in the middle of something. */
        if (!r->busy && r->in != NULL && !link_is_in(&r->ready)) {
            list_append(&r->net->ready, &r->ready);
            (void)uv_async_send(&r->net->wake);
        }
    }
    if (!r->busy)
        http_arm(r);
}

/* Writes what the socket takes. */
static void http_write(struct net_request *r)
{
    while (r->out_at < r->out_len || r->out_static_len > 0) {
        struct iovec parts[2] = {
            {r->out + r->out_at, r->out_len - r->out_at},
            {(void *)(uintptr_t)r->out_static, r->out_static_len},
        };
        struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = sendmsg(r->fd, &msg, MSG_NOSIGNAL);
        size_t of_head;

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN) {
            if (!r->busy)
                http_arm(r);
            return;
        }
        if (sent < 0) {
            http_die(r);
            return;
        }
        r->since_ms = net_now_ms(r->net);
        of_head = r->out_len - r->out_at;
        if ((size_t)sent < of_head)
            of_head = (size_t)sent;
        r->out_at += of_head;
        r->out_static += (size_t)sent - of_head;
        r->out_static_len -= (size_t)sent - of_head;
    }
    answered(r);
}

/* Who asks for a large text again and again and reads none of it would hold all the memory. */
static bool is_too_much(const struct net *n, size_t more)
{
    return n->config.answers_bytes_max != 0 && n->answers_bytes != 0 && more > SMALL_BODY_BYTES &&
           tally_know(&n->answers_all, n->answers_bytes) + more > n->config.answers_bytes_max;
}

void net_answer(struct net_request *r, const struct net_answer *answer)
{
    bool has_body = answer_has_body(answer->status) && !r->is_head && answer->body_len > 0;
    size_t copied = has_body && !answer->body_is_static ? answer->body_len : 0;

    WEFT_ASSERT(r->state == HTTP_WAIT || (r->state == HTTP_HEAD && r->busy));
    if (is_too_much(r->net, copied)) {
        http_refuse(r, 503, "too many answers wait to be read; try again in a moment\n");
        return;
    }
    if (r->net->refusing)
        r->keep_alive = false;
    r->out = answer_head(answer, r->keep_alive, copied, &r->out_len);
    r->out_at = 0;
    set_state(r, HTTP_WRITE);
    if (r->out == NULL) {
        http_die(r);
        return;
    }
    if (copied > 0)
        memcpy(r->out + r->out_len, answer->body, copied);
    r->out_len += copied;
    r->held = copied;
    r->net->answers_bytes += copied;
    if (has_body && copied == 0) {
        r->out_static = answer->body;
        r->out_static_len = answer->body_len;
    }
    http_write(r);
}

void http_refuse(struct net_request *r, unsigned status, const char *sentence)
{
    static const struct net_header headers_426[] = {{"Upgrade", "websocket"},
                                                    {"Sec-WebSocket-Version", "13"}};
    static const struct net_header headers_401[] = {{"WWW-Authenticate", "Bearer"}};
    struct net_answer answer = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .body = sentence,
        .body_len = strlen(sentence),
    };

    if (status == 426) {
        answer.headers = headers_426;
        answer.n_headers = 2;
    } else if (status == 401) {
        answer.headers = headers_401;
        answer.n_headers = 1;
    }
    r->keep_alive = false;
    net_answer(r, &answer);
}

void net_request_set_user(struct net_request *r, void *user)
{
    r->user = user;
}

void *net_request_user(const struct net_request *r)
{
    return r->user;
}

/* ---- time -------------------------------------------------------------------------------------- */

static int64_t patience_ms(const struct net_request *r)
{
    switch (r->state) {
    case HTTP_HEAD:
        return r->began && r->in == NULL ? IDLE_MS : r->net->config.head_ms;
    case HTTP_WRITE:
        return r->net->config.stall_ms;
    case HTTP_LINGER:
        return LINGER_MS;
    default:
        return INT64_MAX; /* the answer is ours to give */
    }
}

void http_tick(struct net *n, int64_t now)
{
    struct link *next;

    /* Plain connections are few: they are answered, or become WebSockets. Destroying one reaches no
     * other, except through request_gone, which is not called in the states that time out. */
    for (struct link *l = n->http.next; l != &n->http; l = next) {
        struct net_request *r = LINK_OF(l, struct net_request, all);

        next = l->next;
        if (now - r->since_ms >= patience_ms(r))
            http_destroy(r);
    }
}
