/* A room from its log, and snapshots.
 *
 *     u8  version   1
 *     varint rev
 *     u32 sum       checksum of record `rev`, which the next record continues
 *     varint floor_rev, varint n, then for each session: u8[16] user_id, varint seq, varint rev
 *     entries       as in a record
 *     blob text
 *     u32 crc       crc32c of everything before
 *
 * A snapshot is due when the records behind the last one weigh SNAPSHOT_RECORD_BYTES and as much as
 * that snapshot did. A text grows by no more than its records weigh, so a snapshot is at most twice
 * the records before it, all of them at most twice the log, and opening a room never replays more
 * than about a snapshot's worth. */
#include "base/assert.h"
#include "base/crc32c.h"
#include "base/pure.h"
#include "room/state.h"

enum { SNAPSHOT_VERSION = 1 };

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

/* Into `sessions`, or past them when it is NULL. What no room writes is bad: a session without a seq,
 * one that is there twice, a revision above the snapshot's own. */
static int decode_sessions(struct cur *c, uint64_t snapshot_rev, struct sessions *sessions)
{
    uint64_t floor_rev = cur_varint_max(c, snapshot_rev);
    uint64_t n = cur_varint_max(c, SESSIONS_MAX);
    if (sessions != NULL)
        sessions->floor_rev = floor_rev;
    for (uint64_t i = 0; i < n && !c->bad; i++) {
        struct uuid user_id;
        const uint8_t *id = cur_bytes(c, sizeof user_id.bytes);
        uint64_t seq = cur_varint_max(c, REV_MAX);
        uint64_t rev = cur_varint_max(c, snapshot_rev);
        if (c->bad || sessions == NULL)
            continue;
        memcpy(user_id.bytes, id, sizeof user_id.bytes);
        if (uuid_is_nil(&user_id) || seq == 0 || rev == 0 ||
            sessions_find(sessions, &user_id) != NULL) {
            c->bad = true;
            break;
        }
        int err = sessions_reserve(sessions, rev);
        if (err != 0)
            return err;
        struct session *s = sessions_put(sessions, &user_id);
        *s = (struct session){user_id, seq, rev, seq, rev};
    }
    return 0;
}

int snapshot_decode(const uint8_t *bytes, size_t len, uint64_t *ret_rev, uint32_t *ret_sum,
                    struct sessions *sessions, struct room_meta *meta, struct room_str *ret_text)
{
    enum { CRC_BYTES = 4 };
    if (len < CRC_BYTES)
        return WEFT_ECORRUPT;
    struct cur tail = cur_of(bytes + len - CRC_BYTES, CRC_BYTES);
    if (crc32c(0, bytes, len - CRC_BYTES) != cur_u32(&tail))
        return WEFT_ECORRUPT;
    struct cur c = cur_of(bytes, len - CRC_BYTES);
    if (cur_u8(&c) != SNAPSHOT_VERSION)
        return WEFT_ECORRUPT;
    *ret_rev = cur_varint_max(&c, REV_MAX);
    *ret_sum = cur_u32(&c);
    int err = decode_sessions(&c, *ret_rev, sessions);
    if (err != 0)
        return err;
    struct room_meta unused;
    if (meta == NULL)
        meta = &unused;
    meta_decode(&c, meta);
    for (size_t i = 0; i < meta->n; i++)
        if (meta->entries[i].removed) /* a table has what is there */
            return WEFT_ECORRUPT;
    ret_text->at = (const char *)cur_blob(&c, SIZE_MAX, &ret_text->len);
    return c.bad || cur_left(&c) != 0 ? WEFT_ECORRUPT : 0;
}

int room_load_snapshot(struct room *room, uint64_t rev, const uint8_t *bytes, size_t len, char *why,
                       size_t why_bytes)
{
    struct room_load *l = loading(room);
    struct room_meta meta;
    struct room_str content;
    uint64_t found_rev = 0;
    if (l == NULL)
        return WEFT_ENOMEM;
    int err =
        snapshot_decode(bytes, len, &found_rev, &l->snapshot_sum, &room->sessions, &meta, &content);
    if (err == WEFT_ECORRUPT)
        return room_load_corrupt(why, why_bytes, "snapshot", rev, "its checksum does not hold");
    if (err == 0 && found_rev != rev)
        return room_load_corrupt(why, why_bytes, "snapshot", rev,
                                 "it says it is of another revision");
    if (err != 0)
        return err;
    struct weft_text *text;
    err = weft_text_from(room->alloc, content.at, content.len, &text);
    if (err == WEFT_ENOMEM)
        return err;
    if (err != 0)
        return room_load_corrupt(why, why_bytes, "snapshot", rev, "its text is not valid UTF-8");
    weft_text_free(room->text);
    room->text = text;
    if (meta.n != 0) {
        room->meta = weft_resize(room->alloc, NULL, 0, sizeof *room->meta);
        room->head_meta = weft_resize(room->alloc, NULL, 0, sizeof *room->head_meta);
        if (room->meta == NULL || room->head_meta == NULL)
            return WEFT_ENOMEM;
        *room->meta = meta;
    }
    l->has_snapshot = true;
    l->snapshot_rev = rev;
    room->snapshot_rev = rev;
    room->snapshot_bytes = len;
    room->durable_rev = rev;
    room->durable_sum = l->snapshot_sum;
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
    room->bytes_past_snapshot += len;
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

/* --- taking one --- */

static size_t snapshot_bound(const struct room *room)
{
    size_t text = weft_text_size(room->text).bytes;
    return 64 + room->sessions.n * (sizeof(struct uuid) + 2 * VARINT_BYTES_MAX) +
           META_KEYS_MAX * (META_KEY_BYTES_MAX + META_VALUE_BYTES_MAX + 8) + text +
           VARINT_BYTES_MAX;
}

static int encode_sessions(const struct sessions *sessions, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < sessions->cap; i++)
        n += sessions->slots[i].seq != 0;
    int err = buf_put_varint(out, sessions->floor_rev);
    if (err == 0)
        err = buf_put_varint(out, n);
    for (size_t i = 0; err == 0 && i < sessions->cap; i++) {
        const struct session *s = &sessions->slots[i];
        if (s->seq == 0) /* free, or with nothing durable yet */
            continue;
        err = buf_put(out, s->user_id.bytes, sizeof s->user_id.bytes);
        if (err == 0)
            err = buf_put_varint(out, s->seq);
        if (err == 0)
            err = buf_put_varint(out, s->rev);
    }
    return err;
}

static int encode_text(const struct weft_text *text, struct buf *out)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    int err = buf_put_varint(out, weft_text_size(text).bytes);
    if (err == 0)
        err = weft_text_iter_at(text, 0, &it);
    while (err == 0 && weft_text_iter_next(&it, &chunk, &len))
        err = buf_put(out, chunk, len);
    return err;
}

int room_snapshot_if_due(struct room *room, struct room_effects *fx)
{
    size_t due = room->config.snapshot_record_bytes;
    if (due < room->snapshot_bytes)
        due = room->snapshot_bytes;
    if (room->bytes_past_snapshot < due || room->snapshot_rev == room->durable_rev)
        return 0;
    size_t bound = snapshot_bound(room);
    uint8_t *place = effects_take(fx, bound);
    int err = effects_reserve(fx, 1);
    if (place == NULL || err != 0)
        return WEFT_ENOMEM;
    /* A buf over memory that lives as long as the effects and is large enough not to grow. */
    struct buf out = {.alloc = room->alloc, .data = place, .cap = bound};
    err = buf_put_u8(&out, SNAPSHOT_VERSION);
    if (err == 0)
        err = buf_put_varint(&out, room->durable_rev);
    if (err == 0)
        err = buf_put_u32(&out, room->durable_sum);
    if (err == 0)
        err = encode_sessions(&room->sessions, &out);
    if (err == 0)
        err = meta_encode(room->meta, &out);
    if (err == 0)
        err = encode_text(room->text, &out);
    if (err == 0)
        err = buf_put_u32(&out, crc32c(0, out.data, out.len));
    WEFT_ASSERT(err == 0 && out.data == place);
    struct room_effect *e = effects_push(fx, ROOM_SNAPSHOT, 0);
    e->rev = room->durable_rev;
    e->bytes = (struct room_str){(const char *)place, out.len};
    room->snapshot_rev = room->durable_rev;
    room->snapshot_bytes = out.len;
    room->bytes_past_snapshot = 0;
    room->snapshot_unsure = true;
    return 0;
}
