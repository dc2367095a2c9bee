/* A WebSocket, as libwebsockets 4.1.6 tells of it.
 *
 * lws is given the socket with a head of our own making instead of the client's: it has what the
 * handshake needs and nothing else, so none of lws' own ideas about a request come into play.
 *
 * Closing. net_close() leaves a note; when everything else is written the flush calls ws_finish(),
 * which writes the CLOSE frame as it writes any other, and when the peer's CLOSE comes lws is told to
 * end. lws' own way, a callback that returns -1, does not work: Debian builds it with _DEBUG, where
 * that is carried out twice on libuv ("uv repeat test", service.c:732), and the second time drops the
 * CLOSE frame that the first one had queued. It would also take two timers per connection, in a list
 * that is searched from its head: telling 10,000 people of a restart took 5 s.
 * When lws closes on its own account (a broken frame, the peer's CLOSE) it says DROP_PROTOCOL first:
 * from then on nothing is written any more.
 *
 * Killing. Also by the flush, since it cannot be done from below lws' callbacks. The synchronous kind
 * needs no timer, but would wait for a full socket; that one gets the other kind.
 *
 * Timers of lws that are set outside its own callbacks never fire on libuv unless the loop is woken
 * by lws_cancel_service(). */
#include "net/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct net_conn *ws_new(struct net *n)
{
    struct net_conn *c = calloc(1, sizeof(*c));

    if (c != NULL)
        c->net = n;
    return c;
}

/* ---- coming ------------------------------------------------------------------------------------ */

/* Leaves the bytes to the caller, as *ret. */
static uint8_t *take_part(struct net_conn *c)
{
    uint8_t *part = c->part;

    link_out(&c->parts);
    c->net->parts_bytes -= c->part_cap;
    c->part = NULL;
    c->part_len = 0;
    c->part_cap = 0;
    return part;
}

static void drop_part(struct net_conn *c)
{
    free(take_part(c));
}

/* What of a connection is left when lws never took it, or has let go of it. */
static void ws_free(struct net_conn *c)
{
    group_release(c->net->group, c->address);
    free(c->reason);
    drop_part(c);
    free(c);
}

/* Tells the handler, once; lws' memory may live on. */
static void ws_gone(struct net_conn *c)
{
    struct net *n = c->net;

    if (c->is_gone)
        return;
    c->is_gone = true;
    link_out(&c->marked);
    link_out(&c->blocked);
    link_out(&c->watched);
    conn_keeps(c, 0);
    drop_part(c);
    if (c->is_open) {
        n->n_open--;
        (void)__atomic_sub_fetch(&n->group->n_open, 1, __ATOMIC_RELAXED);
    }
    n->handler.closed(n->handler.ctx, c, c->user);
}

void ws_adopt(struct net_request *r, struct net_conn *c, const struct head *h, const char *rest,
              size_t rest_len)
{
    struct net *n = r->net;
    char head[512 + HEAD_BYTES_MAX];
    size_t len;
    int fd;

    len = (size_t)snprintf(head, 512,
                           "GET / HTTP/1.1\r\nHost: weft\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: %.*s\r\n%s\r\n",
                           (int)h->ws_key.len, h->ws_key.at,
                           h->at.protocols.len > 0 ? "Sec-WebSocket-Protocol: weft.v1\r\n" : "");
    if (rest_len > 0)
        memcpy(head + len, rest, rest_len);
    c->address = r->address;
    fd = http_detach(r);
    n->adopting = c;
    /* lws says "calling service" at the level of errors for every socket it is given like this. */
    net_hush(n, true);
    (void)lws_adopt_socket_vhost_readbuf(n->vhost, fd, head, len + rest_len);
    net_hush(n, false);
    /* From NEW_CLIENT_INSTANTIATED on lws owns c, and says WSI_DESTROY in the end. */
    if (n->adopting != NULL) {
        n->adopting = NULL;
        ws_gone(c);
        ws_free(c);
    }
}

static void take(struct lws *wsi)
{
    struct net *n = lws_context_user(lws_get_context(wsi));

    if (n->adopting == NULL)
        return;
    n->adopting->wsi = wsi;
    lws_set_wsi_user(wsi, n->adopting);
    n->adopting = NULL;
}

static int opened(struct net_conn *c)
{
    struct net *n = c->net;
    size_t n_open = __atomic_add_fetch(&n->group->n_open, 1, __ATOMIC_RELAXED);

    c->is_open = true;
    c->last_rx_ms = net_now_ms(n);
    n->n_open++;
    watch_start(c);
    n->handler.open(n->handler.ctx, c, c->user, n_open > n->config.connections_max);
    if (c->is_dead)
        return -1;
    if (c->wanted || c->close_code != 0)
        net_want_write(c);
    if (c->is_paused)
        (void)lws_rx_flow_control(c->wsi, 0);
    return 0;
}

/* ---- receiving --------------------------------------------------------------------------------- */

/* What is said to come is not reserved all at once: saying so costs nothing. */
static bool grow_part(struct net_conn *c, size_t len, size_t more)
{
    struct net *n = c->net;
    size_t cap = c->part_len + len + (more < PART_AHEAD_BYTES ? more : PART_AHEAD_BYTES);
    uint8_t *part;

    if (cap < c->part_cap + c->part_cap / 2)
        cap = c->part_cap + c->part_cap / 2;
    part = realloc(c->part, cap);
    if (part == NULL)
        return false;
    if (!link_is_in(&c->parts))
        list_append(&n->parts, &c->parts);
    n->parts_bytes += cap - c->part_cap;
    c->part = part;
    c->part_cap = cap;
    return true;
}

/* Who began first pays: whoever means to end a message has ended it long ago. */
static void make_place(struct net *n)
{
    while (n->config.parts_bytes_max != 0 &&
           tally_know(&n->parts_all, n->parts_bytes) > n->config.parts_bytes_max &&
           n->parts.next != n->parts.prev) {
        struct net_conn *oldest = LINK_OF(n->parts.next, struct net_conn, parts);

        drop_part(oldest);
        net_close(oldest, 4409, "a message took too long while memory was short");
    }
}

static bool keep_part(struct net_conn *c, const uint8_t *bytes, size_t len, size_t more)
{
    if (c->part_cap - c->part_len < len && !grow_part(c, len, more))
        return false;
    if (len > 0)
        memcpy(c->part + c->part_len, bytes, len);
    c->part_len += len;
    make_place(c->net);
    return true;
}

static void deliver(struct net_conn *c, const void *bytes, size_t len)
{
    struct net *n = c->net;

    n->handler.message(n->handler.ctx, c, c->user, len > 0 ? bytes : "", len,
                       lws_frame_is_binary(c->wsi) != 0);
}

static void told_frame(struct net_conn *c)
{
    struct net *n = c->net;

    if (n->handler.frame != NULL && c->close_code == 0 && !c->is_dead && !c->is_gone)
        n->handler.frame(n->handler.ctx, c, c->user);
}

/* What comes behind our CLOSE. Who reads has read that before it has sent so much; for the others
 * nothing more is done, until the clock ends it. */
static void drop(struct net_conn *c, size_t len)
{
    c->dropped += len;
    if (c->dropped > LINGER_BYTES)
        net_pause(c, true);
}

static void received(struct net_conn *c, const uint8_t *bytes, size_t len)
{
    size_t max = c->net->config.message_bytes_max;
    size_t more = lws_remaining_packet_payload(c->wsi);
    bool is_last = lws_is_final_fragment(c->wsi) != 0;
    uint8_t *part;

    c->last_rx_ms = net_now_ms(c->net);
    if (c->close_code != 0 || c->is_dead || c->is_gone) {
        drop(c, len);
        return;
    }
    if (len > max - c->part_len || more > max - c->part_len - len) {
        char why[64];

        (void)snprintf(why, sizeof(why), "a message has at most %zu bytes", max);
        drop_part(c);
        net_close(c, 1009, why);
    } else if (is_last && c->part_len == 0) {
        deliver(c, bytes, len);
    } else if (!keep_part(c, bytes, len, more)) {
        drop_part(c);
        net_close(c, 1011, "out of memory");
    } else if (c->close_code == 0 && is_last) {
        /* Out of c: the handler may do anything to it. */
        len = c->part_len;
        part = take_part(c);
        deliver(c, part, len);
        free(part);
    } else if (more == 0) {
        told_frame(c);
    }
}

/* ---- going ------------------------------------------------------------------------------------- */

void ws_finish(struct net_conn *c)
{
    struct net *n = c->net;
    uint8_t frame[4 + REASON_BYTES_MAX];
    size_t len = c->reason != NULL ? strlen(c->reason) : 0;

    frame[0] = 0x88; /* FIN, close */
    frame[1] = (uint8_t)(2 + len);
    frame[2] = (uint8_t)(c->close_code >> 8);
    frame[3] = (uint8_t)c->close_code;
    if (len > 0)
        memcpy(frame + 4, c->reason, len);
    c->is_muted = true;
    (void)flush_write(c, frame, 4 + len);
    link_out(&c->watched);
    c->check_at_ms = net_now_ms(n) + CLOSE_MS;
    list_append(&n->closing, &c->watched);
}

void ws_cut(struct net_conn *c)
{
    if (!lws_partial_buffered(c->wsi)) {
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    } else {
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        lws_cancel_service(c->net->lws);
    }
}

void net_close(struct net_conn *c, uint16_t code, const char *reason)
{
    size_t len = reason != NULL ? strlen(reason) : 0;

    if (c->is_gone || c->is_dead || c->close_code != 0)
        return;
    if (len > REASON_BYTES_MAX)
        len = REASON_BYTES_MAX;
    /* A code point that is cut in two would be a protocol error. */
    while (len > 0 && ((unsigned char)reason[len] & 0xc0) == 0x80)
        len--;
    c->reason = len > 0 ? strndup(reason, len) : NULL;
    c->close_code = code;
    c->progress_ms = net_now_ms(c->net);
    net_want_write(c);
}

void net_kill(struct net_conn *c)
{
    if (c->is_gone || c->is_dead)
        return;
    c->is_dead = true;
    link_out(&c->blocked);
    c->net->dying_bytes += c->kept; /* lws lets go of it in this turn, or within a second */
    if (c->is_open && !link_is_in(&c->marked))
        list_append(&c->net->marked, &c->marked);
}

static void read_on(struct net_conn *c)
{
    bool reads = !c->is_paused && !c->is_held;

    (void)lws_rx_flow_control(c->wsi, reads);
    /* What lws keeps from before is served by its idle handler, which runs after its own events. */
    if (reads)
        lws_cancel_service(c->net->lws);
}

void net_pause(struct net_conn *c, bool paused)
{
    if (c->is_gone || c->is_paused == paused)
        return;
    c->is_paused = paused;
    c->last_rx_ms = net_now_ms(c->net);
    if (!c->is_open)
        return;
    read_on(c);
}

void ws_hold(struct net_conn *c, bool held)
{
    if (c->is_gone || c->is_held == held)
        return;
    c->is_held = held;
    c->held_ms = net_now_ms(c->net);
    if (c->is_open)
        read_on(c);
}

int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct net_conn *c = user;

    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        take(wsi);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        /* Ours always has it; lws before 4.3 goes wrong over others (CVE-2025-11677). */
        return in != NULL && strcasecmp(in, "websocket") == 0 ? 0 : -1;
    case LWS_CALLBACK_HTTP:
        return -1; /* lws gets nothing but upgrades */
    case LWS_CALLBACK_ESTABLISHED:
        return opened(c);
    case LWS_CALLBACK_RECEIVE:
        received(c, in, len);
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        c->last_rx_ms = net_now_ms(c->net);
        told_frame(c);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        /* A full socket has drained; the flush of this turn goes on. */
        c->progress_ms = net_now_ms(c->net);
        if (!lws_partial_buffered(wsi)) {
            link_out(&c->blocked);
            conn_keeps(c, 0);
            ws_hold(c, false);
        }
        net_want_write(c);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return c->is_muted ? -1 : 0; /* the answer to ours, or lws answers it */
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        if (c != NULL)
            c->is_muted = true;
        return 0;
    case LWS_CALLBACK_CLOSED:
        ws_gone(c);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if (c == NULL)
            return 0; /* one of lws' own */
        ws_gone(c);
        ws_free(c);
        lws_set_wsi_user(wsi, NULL);
        return 0;
    default:
        return 0;
    }
}
