/* A room from its log. */
#include "base/assert.h"
#include "base/pure.h"
#include "room/state.h"

/* Only while a room is being filled. */
struct room_load {
    uint64_t snapshot_rev;
    uint32_t snapshot_sum; /* of the record the snapshot stands at */
    bool has_snapshot;
    bool has_record;
    uint32_t last_sum; /* of the record given last */
};

void room_load_free(struct room *room)
{
    weft_release(room->alloc, room->loading, sizeof *room->loading);
    room->loading = NULL;
}

static struct room_load *loading(struct room *room)
{
    if (room->loading != NULL)
        return room->loading;
    struct room_load *l = weft_resize(room->alloc, NULL, 0, sizeof *l);
    if (l != NULL)
        *l = (struct room_load){0};
    room->loading = l;
    return l;
}

int room_load_corrupt(char *why, size_t why_bytes, const char *what, uint64_t rev,
                      const char *found)
{
    struct fmt f = fmt_of(why, why_bytes);
    fmt_s(&f, what);
    fmt_s(&f, " ");
    fmt_u(&f, rev);
    fmt_s(&f, ": ");
    fmt_s(&f, found);
    return WEFT_ECORRUPT;
}

int room_load_snapshot(struct room *room, uint64_t rev, const uint8_t *bytes, size_t len, char *why,
                       size_t why_bytes)
{
    struct room_load *l = loading(room);
    struct snapshot s;
    if (l == NULL)
        return WEFT_ENOMEM;
    int err = snapshot_decode(bytes, len, &s, &room->sessions);
    if (err == WEFT_ECORRUPT)
        return room_load_corrupt(why, why_bytes, "snapshot", rev, "its checksum does not hold");
    if (err == 0 && s.rev != rev)
        return room_load_corrupt(why, why_bytes, "snapshot", rev,
                                 "it says it is of another revision");
    if (err == 0 && s.has_epoch && !uuid_equal(&s.epoch, &room->epoch))
        return room_load_corrupt(why, why_bytes, "snapshot", rev, "it says it is of another epoch");
    if (err != 0)
        return err;
    struct weft_text *text;
    err = weft_text_from(room->alloc, s.text.at, s.text.len, &text);
    if (err == WEFT_ENOMEM)
        return err;
    if (err != 0)
        return room_load_corrupt(why, why_bytes, "snapshot", rev, "its text is not valid UTF-8");
    weft_text_free(room->text);
    room->text = text;
    if (s.meta.n != 0) {
        room->meta = weft_resize(room->alloc, NULL, 0, sizeof *room->meta);
        room->head_meta = weft_resize(room->alloc, NULL, 0, sizeof *room->head_meta);
        if (room->meta == NULL || room->head_meta == NULL)
            return WEFT_ENOMEM;
        *room->meta = s.meta;
    }
    room->times = s.times;
    if (s.times.n != 0)
        room->durable_at_ms = s.times.marks[s.times.n - 1].at_ms;
    l->has_snapshot = true;
    l->snapshot_rev = rev;
    l->snapshot_sum = s.sum;
    room->snapshot_rev = room->stored_rev = rev;
    room->snapshot_bytes = room->kept_bytes = len;
    room->durable_rev = rev;
    room->durable_sum = s.sum;
    history_done(&room->history);
    history_init(&room->history, room->alloc, rev, (uint32_t)weft_text_size(text).cp);
    return 0;
}

static int load_meta(struct room *room, const uint8_t *bytes, size_t len, const struct record *r)
{
    struct room_meta changes;
    int err = record_meta(bytes, len, r, &changes);
    struct room_meta **tables[2] = {&room->meta, &room->head_meta};
    for (size_t i = 0; err == 0 && i < 2; i++) {
        if (*tables[i] != NULL)
            continue;
        *tables[i] = weft_resize(room->alloc, NULL, 0, sizeof **tables[i]);
        if (*tables[i] == NULL)
            return WEFT_ENOMEM;
        (*tables[i])->n = 0;
    }
    if (err == 0 && meta_merge(room->meta, &changes, false) != 0)
        err = WEFT_ECORRUPT;
    return err;
}

static int load_session(struct room *room, const struct record *r)
{
    if (r->seq == 0)
        return 0;
    if (uuid_is_nil(&r->user_id))
        return WEFT_ECORRUPT;
    if (sessions_find(&room->sessions, &r->user_id) == NULL) {
        int err = sessions_reserve(&room->sessions, r->rev);
        if (err != 0)
            return err;
    }
    struct session *s = sessions_put(&room->sessions, &r->user_id);
    if (r->seq <= s->seq)
        return WEFT_ECORRUPT;
    *s = (struct session){r->user_id, r->seq, r->rev, r->seq, r->rev};
    return 0;
}

/* The operation of a record behind the snapshot moves the text on. */
static int replay(struct room *room, const uint8_t *bytes, size_t len, const struct record *r,
                  const struct weft_op *op)
{
    int err = weft_op_apply(op, room->text);
    if (err == 0)
        err = load_session(room, r);
    if (err == 0 && r->meta_at != 0)
        err = load_meta(room, bytes, len, r);
    if (err != 0)
        return err == WEFT_ENOMEM ? WEFT_ENOMEM : WEFT_ECORRUPT;
    room->durable_rev = r->rev;
    room->durable_sum = r->sum;
    room->durable_at_ms = r->at_ms;
    room->bytes_past_snapshot += len;
    room->bytes_past_kept += len;
    return 0;
}

/* Into the history; of records at or before the snapshot the lengths are found at the end. */
static int keep(struct room *room, const uint8_t *bytes, size_t len, const struct record *r)
{
    return history_push_copy(&room->history,
                             &(struct history_entry){
                                 .record = bytes,
                                 .len = (uint32_t)len,
                                 .op_at = (uint16_t)r->op_at,
                                 .length_cp = (uint32_t)weft_text_size(room->text).cp,
                                 .has_meta = r->meta_at != 0,
                             });
}

/* What is wrong with a record's place, or NULL. */
static const char *misplaced(const struct room *room, const struct room_load *l, uint64_t rev,
                             const struct record *r)
{
    if (r->rev != rev)
        return "it says it is of another revision";
    if (l->has_record ? rev != history_head(&room->history) + 1 : rev > room->durable_rev + 1)
        return "there is a gap before it";
    if (l->has_record && r->prev_sum != l->last_sum)
        return "it does not continue the record before it";
    if (l->has_snapshot && rev == l->snapshot_rev && r->sum != l->snapshot_sum)
        return "it is not the one its snapshot was taken at";
    if (!l->has_record && rev == room->durable_rev + 1 && r->prev_sum != room->durable_sum)
        return "it does not continue the snapshot or the epoch";
    return NULL;
}

int room_load_record(struct room *room, uint64_t rev, const uint8_t *bytes, size_t len, char *why,
                     size_t why_bytes)
{
    struct room_load *l = loading(room);
    struct record r;
    if (l == NULL)
        return WEFT_ENOMEM;
    if (record_decode(bytes, len, &r) != 0)
        return room_load_corrupt(why, why_bytes, "record", rev, "its checksum does not hold");
    const char *wrong = misplaced(room, l, rev, &r);
    if (wrong != NULL)
        return room_load_corrupt(why, why_bytes, "record", rev, wrong);
    if (!l->has_record && rev <= room->durable_rev) {
        /* The history starts further back than the snapshot. */
        history_done(&room->history);
        history_init(&room->history, room->alloc, rev - 1, 0);
    }
    struct weft_op op;
    weft_op_init(&op, room->alloc);
    int err = weft_op_decode(bytes + r.op_at, len - r.op_at, &op);
    if (err == 0 && rev > room->durable_rev)
        err = replay(room, bytes, len, &r, &op);
    if (err == 0)
        err = keep(room, bytes, len, &r);
    weft_op_done(&op);
    if (err != 0 && err != WEFT_ENOMEM)
        return room_load_corrupt(why, why_bytes, "record", rev,
                                 "its operation does not fit the text");
    l->has_record = true;
    l->last_sum = r.sum;
    return err;
}

/* Lengths of the revisions before the snapshot, walking back from it. */
static int settle_lengths(struct room *room, uint64_t snapshot_rev)
{
    struct history *h = &room->history;
    struct weft_op op;
    weft_op_init(&op, room->alloc);
    int err = 0;
    if (snapshot_rev <= h->base_rev || history_head(h) < snapshot_rev)
        return 0;
    /* entry.length_cp of a revision before the snapshot was set to the text's length then, which
     * is the snapshot's own. */
    int64_t length_cp = history_length_cp(h, snapshot_rev);
    for (uint64_t rev = snapshot_rev; err == 0 && rev > h->base_rev; rev--) {
        history_at(h, rev)->length_cp = (uint32_t)length_cp;
        err = history_op(h, rev, &op);
        length_cp -= weft_op_delta(&op);
        if (err == 0 && (length_cp < 0 || (size_t)length_cp < weft_op_span(&op)))
            err = WEFT_ECORRUPT;
    }
    if (err == 0)
        h->base_length_cp = (uint32_t)length_cp;
    weft_op_done(&op);
    return err;
}

void room_load_base(struct room *room, uint64_t base_rev)
{
    room->log_base_rev = room->trim_rev = base_rev;
    timeline_trim(&room->times, base_rev);
}

int room_load_end(struct room *room, uint64_t head_rev, char *why, size_t why_bytes)
{
    struct room_load *l = loading(room);
    if (l == NULL)
        return WEFT_ENOMEM;
    uint64_t snapshot_rev = l->has_snapshot ? l->snapshot_rev : 0;
    if (room->durable_rev != head_rev || room_head(room) != head_rev)
        return room_load_corrupt(why, why_bytes, "record", head_rev, "the log ends before it");
    int err = settle_lengths(room, snapshot_rev);
    if (err == WEFT_ECORRUPT)
        return room_load_corrupt(why, why_bytes, "snapshot", snapshot_rev,
                                 "its text is not what the records before it make");
    if (err != 0)
        return err;
    if (room->head_meta != NULL)
        *room->head_meta = *room->meta;
    room->head_sum = room->durable_sum;
    room->head_bytes = weft_text_size(room->text).bytes;
    room_load_free(room);
    WEFT_SLOW_ASSERT(room_check(room));
    return 0;
}
