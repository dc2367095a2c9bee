/* What stays of a room: in memory, and on disk.
 *
 * Snapshots. To replay records takes some five times as long as to read a snapshot of as many bytes. So
 * one is due when the records behind the last one weigh snapshot_record_bytes and a quarter of what that
 * one did: opening a room then takes at most about twice as long as reading its text. Most of them only
 * pass: one stays when the records behind the last that stayed weigh as much as that one, and another
 * goes when the next is there. A text grows by no more than its records weigh, so what stays is at most
 * twice the log, and what is written at most five times.
 *
 * A room that was changed and is left alone gets one before that, so that it opens quickly: where a
 * sixteenth of a snapshot's worth would have to be replayed, less being no wait. And where what is old
 * is to be forgotten one stays each eighth of that time, to cut at.
 *
 * The log is cut at the newest snapshot of which all before it may go (room/retention.h).
 *
 * Memory.
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

/* The oldest eighth, of what is durable and not above most_rev. False: there is nothing that could go. */
static bool drop_eighth(struct room *room, uint64_t most_rev)
{
    struct history *h = &room->history;
    WEFT_ASSERT(most_rev <= room->durable_rev);
    if (h->base_rev >= most_rev)
        return false;
    uint64_t base_rev = h->base_rev + (h->n + 7) / 8;
    history_trim(h, base_rev < most_rev ? base_rev : most_rev);
    if (room->past != NULL && room->past_rev < h->base_rev)
        room_past_forget(room);
    return true;
}

/* Ends although pending records alone may be more than is to be kept: each turn takes a revision. */
void room_keep_within(struct room *room)
{
    const struct history *h = &room->history;
    while (h->n > room->config.history_revs_max || h->bytes > room->config.history_bytes_max)
        if (!drop_eighth(room, room->durable_rev))
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
        if (!drop_eighth(room, room->durable_rev))
            return;
}

/* --- snapshots --- */

enum {
    SNAPSHOT_QUIET_MS =
        30000, /* nobody has written for so long: between two thoughts, not two words */
    SNAPSHOT_QUIET_BYTES = 4096, /* 80 typed characters: read in less than 0.1 ms */
    SNAPSHOT_WORTH = 16,
    CUTS = 8,          /* in the time that is kept */
    SNAPSHOT_TAIL = 4, /* what may lie behind one is a quarter of it */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Whether so much lies behind the last one that stayed that this one is to stay. */
static bool snapshot_stays(const struct room *room)
{
    return room->bytes_past_kept >= larger(room->kept_bytes, room->config.snapshot_record_bytes);
}

static int take_snapshot(struct room *room, bool stays, struct room_effects *fx)
{
    struct snapshot s = {.epoch = room->epoch,
                         .rev = room->durable_rev,
                         .sum = room->durable_sum,
                         .times = room->times};
    /* Where the log begins one is needed. */
    uint64_t instead = room->passing_rev > room->trim_rev ? room->passing_rev : 0;
    if (instead != 0)
        timeline_back_to(&s.times, instead - 1);
    timeline_add(&s.times, s.rev, room->durable_at_ms);
    size_t bound = snapshot_bound(&room->sessions, room->text);
    uint8_t *place = effects_take(fx, bound);
    int err = effects_reserve(fx, 1);
    if (place == NULL || err != 0)
        return WEFT_ENOMEM;
    /* A buf over memory that lives as long as the effects and is large enough not to grow. */
    struct buf out = {.alloc = room->alloc, .data = place, .cap = bound};
    err = snapshot_encode(&s, &room->sessions, room->meta, room->text, &out);
    WEFT_ASSERT(err == 0 && out.data == place);
    struct room_effect *e = effects_push(fx, ROOM_SNAPSHOT, 0);
    e->rev = s.rev;
    e->instead = instead;
    e->bytes = (struct room_str){(const char *)place, out.len};
    room->times = s.times;
    room->snapshot_rev = s.rev;
    room->snapshot_bytes = out.len;
    room->bytes_past_snapshot = 0;
    room->passing_rev = stays ? 0 : s.rev;
    if (stays) {
        room->kept_bytes = out.len;
        room->bytes_past_kept = 0;
    }
    room->snapshot_ms = room->now_ms;
    return 0;
}

int room_snapshot_if_due(struct room *room, struct room_effects *fx)
{
    size_t due = larger(room->snapshot_bytes / SNAPSHOT_TAIL, room->config.snapshot_record_bytes);
    if (room->bytes_past_snapshot < due || room->snapshot_rev == room->durable_rev)
        return 0;
    return take_snapshot(room, snapshot_stays(room), fx);
}

/* It may have been in the commit that failed: it is taken again. The one it was to take the place of may
 * be there all the same, and stays. */
void room_snapshot_lost(struct room *room)
{
    if (room->snapshot_rev <= room->stored_rev)
        return;
    timeline_back_to(&room->times, room->stored_rev);
    room->snapshot_rev = room->passing_rev = 0;
    room->bytes_past_snapshot += room->snapshot_bytes + room->config.snapshot_record_bytes;
    room->bytes_past_kept += room->kept_bytes + room->config.snapshot_record_bytes;
}

/* A snapshot, when one is due by its age. */
static int snapshot_if_old(struct room *room, bool leaves, struct room_effects *fx)
{
    const struct retention *keep = &room->config.retention;
    if (room->bytes_past_snapshot == 0 || room->snapshot_rev == room->durable_rev)
        return 0;
    if (keep->ms != 0 && (leaves || room->now_ms - room->snapshot_ms >= keep->ms / CUTS))
        return take_snapshot(room, true, fx);
    bool due = room->bytes_past_snapshot >=
                   larger(room->snapshot_bytes / SNAPSHOT_WORTH, SNAPSHOT_QUIET_BYTES) &&
               (leaves || room->now_ms - room->changed_ms >= SNAPSHOT_QUIET_MS);
    return due ? take_snapshot(room, keep->revs != 0 || snapshot_stays(room), fx) : 0;
}

/* --- the log --- */

/* Only after effects_reserve(). */
static void trim_log(struct room *room, int64_t unix_ms, struct room_effects *fx)
{
    uint64_t rev = retention_cut(&room->config.retention, &room->times, room->durable_rev, unix_ms);
    if (rev <= room->trim_rev)
        return;
    effects_push(fx, ROOM_TRIM, 0)->rev = rev;
    room->trim_rev = rev;
    timeline_trim(&room->times, rev);
}

/* Nothing before it is answered any more, as after a restart. What is on its way from those who are here
 * is still merged: that shows nobody anything, so some of the operations stay. */
static void on_trimmed(struct room *room, uint64_t rev)
{
    const struct history *h = &room->history;
    WEFT_ASSERT(rev <= room->durable_rev);
    if (rev <= room->log_base_rev)
        return;
    room->log_base_rev = rev;
    if (room->trim_rev < rev)
        room->trim_rev = rev;
    if (room->past != NULL && room->past_rev < rev)
        room_past_forget(room);
    while (h->base_rev < rev && h->bytes > HISTORY_BYTES_LEAST)
        if (!drop_eighth(room, rev))
            return;
}

void room_on_stored(struct room *room, const struct room_stored *stored)
{
    if (stored->snapshot_rev > room->stored_rev)
        room->stored_rev = stored->snapshot_rev;
    on_trimmed(room, stored->trim_rev);
}

int room_on_tick(struct room *room, const struct room_tick *tick, struct room_effects *fx)
{
    int err = effects_reserve(fx, 2);
    if (err == 0)
        err = snapshot_if_old(room, tick->leaves, fx);
    if (err != 0)
        return err;
    trim_log(room, tick->unix_ms, fx);
    if (tick->spare_bytes_max != 0)
        give_back(room, tick->spare_bytes_max);
    return 0;
}
