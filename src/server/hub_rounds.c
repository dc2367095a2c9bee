/* Rooms that nobody opens, where what is old is to go (--history): they grow old all the same.
 *
 * From time to time (room/retention.h) a round goes through the names of all logs, one each second.
 * A room that is not in memory is opened as if somebody had asked for it, has its tick as one that was
 * left, in which it decides itself what of its log goes, and leaves memory again. So a round costs the
 * reading of one room a second, behind the commits that wait; and while there is no place for one more
 * room in memory it stands still. Each hub goes round by itself, and passes over the rooms of others. */
#include "server/hub_state.h"

#include <string.h>

#include "base/assert.h"

void rounds_tick(struct hub *h)
{
    struct rounds *r = &h->rounds;
    int64_t every_ms = retention_round_ms(&h->room_config.retention);
    if (every_ms == 0 || r->asked || h->phase != HUB_SERVING || hub_now(h) < r->next_ms)
        return;
    if (r->after_len == 0)
        r->begun_ms = hub_now(h);
    r->asked = store_worker_next(h->worker, r->after, r->after_len) == 0; /* else in a second */
}

void rounds_next(struct hub *h, const struct store_result *result)
{
    struct rounds *r = &h->rounds;
    WEFT_ASSERT(r->asked);
    r->asked = false;
    if (result->err !=
        0) { /* the last one was; or the list cannot be read: opening a room tells that */
        r->after_len = 0;
        r->next_ms = r->begun_ms + retention_round_ms(&h->room_config.retention);
        return;
    }
    const struct store_name *name = &result->next;
    if (name->len <= ROOM_NAME_BYTES_MAX && name->len != 0 && h->phase == HUB_SERVING &&
        place_is_here(h, name->bytes, name->len) && !entry_visit(h, name->bytes, name->len))
        return; /* the same one again */
    r->after_len = name->len;
    memcpy(r->after, name->bytes, name->len);
}
