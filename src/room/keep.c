/* How much of the log stays in memory.
 *
 * A room's own limits hold at once. A share of what all rooms may have comes with a tick; then what
 * can be made again goes first (an old text, composed ranges), and after that the oldest revisions.
 * Revisions go an eighth at a time, so that it is seldom. */
#include "base/assert.h"
#include "base/pure.h"
#include "room/blocks.h"
#include "room/state.h"

size_t room_spare_bytes(const struct room *room)
{
    size_t past = room->past != NULL ? weft_text_size(room->past).bytes : 0;
    return history_memory(&room->history) + past;
}

/* The oldest eighth of what is durable. False: there is nothing that could go. */
static bool drop_eighth(struct room *room)
{
    struct history *h = &room->history;
    if (h->base_rev == room->durable_rev)
        return false;
    uint64_t base_rev = h->base_rev + (h->n + 7) / 8;
    history_trim(h, base_rev < room->durable_rev ? base_rev : room->durable_rev);
    if (room->past != NULL && room->past_rev < h->base_rev)
        room_past_forget(room);
    return true;
}

/* Ends although pending records alone may be more than is to be kept: each turn takes a revision. */
void room_keep_within(struct room *room)
{
    const struct history *h = &room->history;
    while (h->n > room->config.history_revs_max || h->bytes > room->config.history_bytes_max)
        if (!drop_eighth(room))
            return;
}

static void give_back(struct room *room, size_t spare_bytes_max)
{
    struct history *h = &room->history;
    if (room_spare_bytes(room) > spare_bytes_max)
        room_past_forget(room);
    if (room_spare_bytes(room) > spare_bytes_max)
        blocks_done(h);
    while (room_spare_bytes(room) > spare_bytes_max && h->bytes > HISTORY_BYTES_LEAST)
        if (!drop_eighth(room))
            return;
}

int room_on_tick(struct room *room, const struct room_tick *tick, struct room_effects *fx)
{
    (void)fx;
    if (tick->spare_bytes_max != 0)
        give_back(room, tick->spare_bytes_max);
    return 0;
}
