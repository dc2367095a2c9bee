/* What waits for people to read it, all of it together: --limit-outgoing.
 *
 * Two things wait. Private frames (conn.reader: welcomes with their texts, answers, acks) are counted
 * here; what was pulled and the socket has not taken is counted by net. One reader's share is bounded
 * by itself (PRIVATE_BYTES_HIGH, HUB_WRITE_BYTES_MAX) but for its last frame, which may be a whole
 * document. So where the sum has reached the limit
 *
 *   - who joins waits for the welcome, and who fell behind for the composed operation (`lacking`);
 *   - a text, history or signal is answered rate_limited;
 *   - whoever takes nothing is cut, the longest first, until there is place.
 *
 * And a turn writes down so many texts only: a thousand people who come back to a large document wait
 * for each other, not everybody else for them.
 *
 * Nobody is made to wait for ever: place is made by reading or by being cut. The sum passes the limit
 * by one frame, and by what is small; with several hubs, which each know of the others what they last
 * told, by one frame for each and by a sixteenth. */
#include "server/hub_state.h"

/* Of all hubs. */
static size_t waiting_bytes(const struct hub *h)
{
    return tally_know(&h->outgoing_all, h->private_bytes + net_kept_bytes(h->net));
}

bool memory_is_short(const struct hub *h)
{
    return waiting_bytes(h) >= h->settings.limit_outgoing;
}

/* The loop's clock stands still during a turn. */
static bool turn_is_full(struct hub *h)
{
    if (h->joined_ms != hub_now(h))
        h->joined_bytes = 0;
    h->joined_ms = hub_now(h);
    return h->joined_bytes >= HUB_JOIN_BYTES_MAX;
}

bool memory_lets_join(struct hub *h, size_t text_bytes)
{
    if (memory_is_short(h) || turn_is_full(h))
        return false;
    h->joined_bytes += text_bytes;
    return true;
}

void memory_count(struct hub *h, struct conn *c)
{
    h->private_bytes += c->reader.private_bytes - c->counted;
    c->counted = c->reader.private_bytes;
}

void memory_wait(struct hub *h, struct conn *c)
{
    if (!link_is_in(&c->lacking))
        list_append(&h->lacking, &c->lacking);
}

/* Nothing points into them between two turns. */
void memory_tick(struct hub *h)
{
    if (h->frame.cap > HUB_KEEP_BYTES)
        buf_done(&h->frame);
    if (h->scratch.cap > HUB_KEEP_BYTES)
        buf_done(&h->scratch);
}

static void cut_stuck(struct hub *h)
{
    struct conn *c;
    while (waiting_bytes(h) - net_dying_bytes(h->net) >= h->settings.limit_outgoing &&
           (c = net_stuck(h->net, HUB_STUCK_MS)) != NULL) {
        log_line(LOG_DEBUG, "reader cut", "why=\"memory for what is not read is short\" room=%s",
                 c->entry != NULL ? c->entry->hash : "none");
        conn_drop_unread(h, c);
        net_kill(c->net);
    }
}

void memory_settle(struct hub *h)
{
    struct link *at;
    cut_stuck(h);
    while (!memory_is_short(h) && !turn_is_full(h) && (at = list_pop(&h->lacking)) != NULL) {
        struct conn *c = LINK_OF(at, struct conn, lacking);
        if (c->closing)
            continue;
        if (c->state == CONN_WAITING && c->entry != NULL && !c->entry->doomed)
            conn_join(h, c);
        net_want_write(c->net);
    }
    if (!list_is_empty(&h->lacking) && !memory_is_short(h))
        uv_async_send(&h->wake); /* the next turn goes on */
}
