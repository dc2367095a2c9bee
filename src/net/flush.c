/* Outgoing frames: who has some is marked, and written once per turn.
 *
 * A socket that is full is not marked: it costs nothing until it has drained.
 *
 * In uv_check, after all sockets of this turn were read, so that what came in together goes out
 * together; and in uv_prepare, before the loop waits, for what timers marked. A socket that did not
 * take everything is left to lws, which says SERVER_WRITEABLE when it has.
 *
 * The runs that pull gives are whole frames, so the PONG and CLOSE frames that lws writes between
 * them break none. */
#include "net/internal.h"

enum { ROUNDS_MAX = 16 }; /* of pulls that mark others; then the sockets are read again */

void net_want_write(struct net_conn *c)
{
    if (c->is_gone || c->is_dead)
        return;
    if (!c->is_open)
        c->wanted = true;
    else if (!link_is_in(&c->blocked) && !link_is_in(&c->marked))
        list_append(&c->net->marked, &c->marked);
}

bool flush_write(struct net_conn *c, const uint8_t *bytes, size_t len)
{
    size_t kept = c->kept;

    while (len > 0) {
        /* One send(2) while the socket takes it all. Then lws gets the rest, and keeps a copy. */
        bool is_blocked = lws_partial_buffered(c->wsi) != 0;
        size_t now = len > WRITE_BYTES_MAX && !is_blocked ? WRITE_BYTES_MAX : len;

        /* RAW leaves the bytes alone: they are shared. */
        if (lws_write(c->wsi, (unsigned char *)(uintptr_t)bytes, now, LWS_WRITE_RAW) < 0) {
            net_kill(c);
            return false;
        }
        kept = is_blocked ? kept + now : now; /* lws does not say how much of it the socket took */
        bytes += now;
        len -= now;
    }
    if (!lws_partial_buffered(c->wsi)) {
        conn_keeps(c, 0);
        return true;
    }
    conn_keeps(c, kept);
    if (!link_is_in(&c->blocked)) {
        c->progress_ms = net_now_ms(c->net);
        c->outq = -1;
        list_append(&c->net->blocked, &c->blocked);
        ws_hold(c, c->close_code == 0);
    }
    return true;
}

/* Writes what pull gives. True: all is written, and the socket takes more. */
static bool flush_conn(struct net_conn *c)
{
    struct net *n = c->net;
    size_t sum = 0;

    if (!c->is_open || c->is_gone || c->is_dead || c->is_muted)
        return false;
    while (!lws_partial_buffered(c->wsi)) {
        const uint8_t *bytes = NULL;
        size_t len = 0;

        if (sum >= TURN_BYTES_MAX) {
            (void)lws_callback_on_writable(c->wsi); /* goes on in a later turn */
            return false;
        }
        n->handler.pull(n->handler.ctx, c, c->user, &bytes, &len);
        if (c->is_gone || c->is_dead)
            return false;
        if (len == 0)
            return true;
        if (!flush_write(c, bytes, len))
            return false;
        sum += len;
    }
    return false;
}

static void flush_round(struct net *n)
{
    struct link todo;
    struct link *l;

    list_move(&todo, &n->marked);
    while ((l = list_pop(&todo)) != NULL) {
        struct net_conn *c = LINK_OF(l, struct net_conn, marked);

        if (flush_conn(c) && c->close_code != 0)
            ws_finish(c);
        if (c->is_dead && !c->is_gone)
            ws_cut(c);
    }
}

void net_flush(struct net *n)
{
    struct link *l;
    int rounds = 0;

    if (n->flushing)
        return;
    n->flushing = true;
    while ((l = list_pop(&n->ready)) != NULL)
        http_resume(LINK_OF(l, struct net_request, ready));
    if (!list_is_empty(&n->marked) && n->handler.before_flush != NULL)
        n->handler.before_flush(n->handler.ctx);
    while (!list_is_empty(&n->marked) && rounds++ < ROUNDS_MAX)
        flush_round(n);
    if (!list_is_empty(&n->marked) || !list_is_empty(&n->ready))
        (void)uv_async_send(&n->wake);
    if (n->group->n_loops > 1)
        group_tell(n, false);
    n->flushing = false;
}
