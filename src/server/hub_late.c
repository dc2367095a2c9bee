/* What many people in a room are told, and when.
 *
 * An operation goes out in the turn in which it came from the disk. Who comes and goes, and where the
 * carets are, may wait where telling it is dear: each turn in which a room says something is one system
 * call for each of its readers, so a thousand people who come one by one would cost half a million. So
 * after a room has said something, presence alone makes it say more only when a moment has passed, the
 * longer the more readers it has. What is said earlier for another reason takes along what waits: it
 * stands in the outgoing log, in its order. How often carets are told is the room's rule (ROOM_FLUSH). */
#include "server/hub_state.h"

enum {
    READERS_PER_MS = 16, /* so 1.5 to 8 % of a core go to presence */
    LATE_MS_MAX = 100,
};

void late_wait(struct hub *h, struct entry *e)
{
    if (link_is_in(&e->late))
        return;
    if (list_is_empty(&h->resting) && list_is_empty(&h->late))
        uv_timer_again(&h->rest);
    list_append(&h->late, &e->late);
}

void late_over(struct hub *h)
{
    struct link *at;
    while ((at = list_pop(&h->late)) != NULL)
        entry_touch(h, LINK_OF(at, struct entry, late)); /* comes back where it is still early */
}

void late_flush(struct hub *h, struct entry *e)
{
    struct room_info info = room_info(e->room);
    struct room_event event = {.kind = ROOM_FLUSH};
    if (!info.wants_flush)
        return;
    if (hub_now(h) < info.flush_ms) {
        late_wait(h, e);
        return;
    }
    /* Out of memory: the cursors wait for the next turn. */
    if (hub_step(h, e, &event) != 0)
        log_line(LOG_DEBUG, "out of memory", "what=cursors room=%s", e->hash);
}

void fan_out(struct hub *h, struct entry *e)
{
    int64_t now_ms = hub_now(h);
    if (!e->fan_out && e->fan_out_late && now_ms < e->fan_out_ms)
        late_wait(h, e);
    else if (e->fan_out || e->fan_out_late) {
        size_t wait_ms = e->n_joined / READERS_PER_MS;
        e->fan_out = e->fan_out_late = false;
        e->fan_out_ms = now_ms + (int64_t)(wait_ms < LATE_MS_MAX ? wait_ms : LATE_MS_MAX);
        LINK_EACH(&e->conns, at)
        net_want_write(LINK_OF(at, struct conn, of_entry)->net);
    }
}
