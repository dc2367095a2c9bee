/* The tick: one timer for all connections.
 *
 * Each WebSocket is looked at every watch_ms, a quarter of the shorter of ping_ms and dead_ms. They
 * wait in a queue in the order of their next look; the interval is the same for all, so pushing to
 * the end keeps the order, and receiving a message only stores a number. Blocked sockets are few, and
 * all looked at in each tick. */
#include "net/internal.h"

#include <sys/ioctl.h>
#include <linux/sockios.h>

/* With a payload: lws says nothing of an empty PONG. */
static const uint8_t ping_frame[] = {0x89, 4, 'w', 'e', 'f', 't'};

void watch_start(struct net_conn *c)
{
    c->check_at_ms = net_now_ms(c->net) + c->net->watch_ms;
    list_append(&c->net->watched, &c->watched);
}

/* Bytes that the peer's kernel has not acknowledged. */
static int unacknowledged(const struct net_conn *c)
{
    int outq = 0;

    return ioctl(lws_get_socket_fd(c->wsi), SIOCOUTQ, &outq) == 0 ? outq : -1;
}

/* Did they get fewer since the last look? That there are more says nothing: we have written. */
static bool drains(struct net_conn *c)
{
    int before = c->outq;

    c->outq = unacknowledged(c);
    return c->outq >= 0 && c->outq < before;
}

static void look(struct net_conn *c, int64_t now)
{
    struct net *n = c->net;
    int64_t since = c->last_rx_ms > n->awake_since_ms ? c->last_rx_ms : n->awake_since_ms;

    if (c->is_dead)
        return;
    /* While we do not read it, a peer cannot show that it lives. */
    if (c->is_paused)
        return;
    /* One that takes what it is sent lives, though its PONG waits behind all of that. */
    if (now - since >= n->config.ping_ms && !lws_partial_buffered(c->wsi) && drains(c))
        c->progress_ms = now;
    if (c->progress_ms > since)
        since = c->progress_ms;
    if (now - since >= n->config.dead_ms) {
        net_kill(c);
    } else if (now - since >= n->config.ping_ms && now - c->pinged_ms >= n->config.ping_ms &&
               !c->is_muted && !lws_partial_buffered(c->wsi)) {
        c->pinged_ms = now;
        (void)flush_write(c, ping_frame, sizeof(ping_frame));
    }
}

/* Has the peer's kernel acknowledged anything since the last look? While a socket is blocked nothing
 * but that makes place for more. */
static bool moves(struct net_conn *c)
{
    int before = c->outq;

    c->outq = unacknowledged(c);
    return c->outq != before;
}

static void look_at_blocked(struct net *n, int64_t now)
{
    struct link todo;
    struct link moved;
    struct link *l;

    list_init(&moved);
    /* The handler may close any connection, so nothing is remembered across a call but the list. */
    list_move(&todo, &n->blocked);
    while ((l = list_pop(&todo)) != NULL) {
        struct net_conn *c = LINK_OF(l, struct net_conn, blocked);
        int64_t patience =
            c->close_code != 0 && CLOSE_MS < n->config.stall_ms ? CLOSE_MS : n->config.stall_ms;

        bool moved_on = moves(c);
        if (!moved_on || now - c->held_ms >= HOLD_MS)
            ws_hold(c, false);
        if (c->is_dead || !lws_partial_buffered(c->wsi))
            continue;
        if (moved_on) {
            c->progress_ms = now;
            list_append(&moved, &c->blocked);
            continue;
        }
        list_append(&n->blocked, &c->blocked);
        if (now - c->progress_ms >= patience) {
            c->progress_ms = now;
            if (c->close_code != 0)
                net_kill(c);
            else
                n->handler.stalled(n->handler.ctx, c, c->user);
        }
    }
    while ((l = list_pop(&moved)) != NULL)
        list_append(&n->blocked, l);
}

void net_tick(uv_timer_t *timer)
{
    struct net *n = timer->data;
    int64_t now = net_now_ms(n);

    /* When the process stood still (suspended, swapped out), what peers sent meanwhile is not read
     * yet: they are given the time from now. */
    if (now - n->last_tick_ms > 3 * (int64_t)n->tick_ms + 1000)
        n->awake_since_ms = now;
    n->last_tick_ms = now;
    listen_tick(n);
    group_tell(n, true);
    http_tick(n, now);
    while (!list_is_empty(&n->closing)) {
        struct net_conn *c = LINK_OF(n->closing.next, struct net_conn, watched);

        if (c->check_at_ms > now)
            break;
        link_out(&c->watched);
        net_kill(c);
    }
    look_at_blocked(n, now);
    while (!list_is_empty(&n->watched)) {
        struct net_conn *c = LINK_OF(n->watched.next, struct net_conn, watched);

        if (c->check_at_ms > now)
            break;
        link_out(&c->watched);
        watch_start(c);
        look(c, now);
    }
}
