/* Texts of revisions that are no longer the newest.
 *
 * One text before all that is asked for is enough: the history's composed ranges make the others from
 * it, O(log h) operations for h revisions. While the history reaches back to the empty text that is
 * the one. Otherwise the log is asked once, for a snapshot and the records behind it, and the oldest
 * text of that which the history can move on is kept: whoever walks through time asks the disk once.
 *
 * The fetched records themselves are applied one by one: each is met once only, and composing it
 * first costs more than it saves (docs/decisions.md). */
#include "base/assert.h"
#include "base/pure.h"
#include "room/state.h"

void room_past_forget(struct room *room)
{
    weft_text_free(room->past);
    room->past = NULL;
}

bool room_past_reaches(const struct room *room, uint64_t rev)
{
    return room->history.base_rev == 0 || (room->past != NULL && room->past_rev <= rev);
}

int room_past_text(struct room *room, uint64_t rev, struct room_effects *fx, struct weft_text **ret)
{
    WEFT_ASSERT(room_past_reaches(room, rev));
    WEFT_ASSERT(rev <= room->durable_rev);
    struct weft_text **text = effects_text(fx);
    if (text == NULL)
        return WEFT_ENOMEM;
    uint64_t from = room->past != NULL && room->past_rev <= rev ? room->past_rev : 0;
    int err = from != 0 ? weft_text_clone(room->past, text) : weft_text_new(room->alloc, text);
    if (err == 0)
        err = history_apply(&room->history, from, rev, room->durable_rev, *text);
    *ret = *text;
    return err;
}

/* The text at `rev`, whose record has this sum, if the history goes on from there and it is small
 * enough. Without memory for it the next one asks the log again. */
static void remember(struct room *room, uint64_t rev, uint32_t sum, const struct weft_text *text)
{
    struct weft_size size = weft_text_size(text);
    struct weft_text *mine;
    if (size.bytes > PAST_TEXT_BYTES_MAX || rev >= room->durable_rev ||
        history_record(&room->history, rev + 1).prev_sum != sum ||
        history_length_cp(&room->history, rev) != size.cp || weft_text_clone(text, &mine) != 0)
        return;
    room_past_forget(room);
    room->past = mine;
    room->past_rev = rev;
}

/* The oldest revision a fetched text can be of that is of use later; REV_MAX when none is. */
static uint64_t worth_keeping(const struct room *room, uint64_t snapshot_rev)
{
    uint64_t base_rev = room->history.base_rev;
    uint64_t rev = snapshot_rev > base_rev ? snapshot_rev : base_rev;
    return room->past != NULL && room->past_rev <= rev ? REV_MAX : rev;
}

int room_past_rebuild(struct room *room, const struct room_fetched *f, uint64_t rev,
                      struct room_effects *fx, struct weft_text **ret)
{
    struct weft_text **text = effects_text(fx);
    if (text == NULL)
        return WEFT_ENOMEM;
    struct snapshot s;
    int err = 0;
    if (f->has_snapshot) {
        err = snapshot_decode(f->snapshot, f->snapshot_len, &s, NULL);
        if (err == 0 && s.has_epoch && !uuid_equal(&s.epoch, &room->epoch))
            err = WEFT_ECORRUPT;
    } else {
        s.rev = 0;
        s.sum = record_first_sum(&room->epoch);
        s.text = (struct room_str){0};
    }
    uint64_t at = s.rev;
    uint32_t sum = s.sum;
    if (err == 0)
        err = weft_text_from(room->alloc, s.text.at, s.text.len, text);
    uint64_t keep_rev = worth_keeping(room, at);
    struct weft_op op;
    weft_op_init(&op, room->alloc);
    for (size_t i = 0; err == 0 && i < f->n_records; i++) {
        if (at == keep_rev)
            remember(room, at, sum, *text);
        size_t len;
        const uint8_t *bytes = f->record(f->record_ctx, i, &len);
        struct record r;
        err = record_decode(bytes, len, &r);
        if (err == 0 && (r.rev != ++at || r.prev_sum != sum))
            err = WEFT_ECORRUPT;
        if (err == 0) {
            sum = r.sum;
            err = weft_op_decode(bytes + r.op_at, len - r.op_at, &op);
        }
        if (err == 0)
            err = weft_op_apply(&op, *text);
    }
    weft_op_done(&op);
    if (err == 0 && at != rev)
        err = WEFT_ECORRUPT;
    if (err == 0 && at == keep_rev)
        remember(room, at, sum, *text);
    *ret = *text;
    return err;
}
