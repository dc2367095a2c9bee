/* An operation gets its revision.
 *
 * Cost of a typed character with nothing unseen: one session look-up, one record of about 60 bytes
 * written where it stays, no copy of text but its own. The document is not read, as its length
 * at every kept revision stands in the history; only what seems to overfill it is measured. */
#include "base/assert.h"
#include "base/pure.h"
#include "room/state.h"

enum { RETRY_MS = 1000 }; /* when the disk or memory may be worth another try */

static uint64_t base_of(const struct room *room, const struct room_submission *s)
{
    return s->has_rev ? s->rev : room_head(room);
}

/* What can be answered without looking at the operation. Returns true when it was. */
static bool refused_early(struct room *room, struct member *m, const struct room_submission *s,
                          struct room_effects *fx)
{
    uint64_t seq = s->has_seq ? s->seq : 0;
    if (m->mode == ROOM_READ) {
        struct fmt f = room_refuse(fx, m->conn, WEFT_EREADONLY, seq, 0);
        fmt_s(&f, "found an operation, expected none: this connection is in mode read");
        return true;
    }
    if (s->has_seq && m->failed_seq != 0 && seq > m->failed_seq) {
        /* Taking it would make the lost one look like a repeat when it comes again. */
        struct fmt f = room_refuse(fx, m->conn, WEFT_EIO, seq, RETRY_MS);
        fmt_s(&f, "seq: found ");
        fmt_u(&f, seq);
        fmt_s(&f, ", expected ");
        fmt_u(&f, m->failed_seq);
        fmt_s(&f, " first: it could not be stored and must be sent again before");
        return true;
    }
    if (room_head(room) - room->durable_rev >= room->config.pending_revs_max ||
        room->pending_bytes >= PENDING_BYTES_MAX) {
        struct fmt f = room_refuse(fx, m->conn, WEFT_EIO, seq, RETRY_MS);
        fmt_s(&f, "storage is behind: ");
        fmt_u(&f, room_head(room) - room->durable_rev);
        fmt_s(&f, " operations wait for the disk; nothing was applied");
        return true;
    }
    return false;
}

/* A repeat is acknowledged again, once the original is on disk. It waits for no newer one: with that
 * it could be lost, and its author be told that nothing was applied. */
static int answer_repeat(struct room *room, struct member *m, const struct session *session,
                         const struct room_submission *s, struct room_effects *fx)
{
    struct room_ack ack = {.seq = s->seq, .dup = true};
    bool on_disk = s->seq <= session->seq;
    uint64_t newest_seq = on_disk ? session->seq : session->head_seq;
    uint64_t newest_rev = on_disk ? session->rev : session->head_rev;
    if (s->seq == newest_seq)
        ack.rev = newest_rev;
    return room_wait_dup(room, m->conn, &ack, newest_rev, fx);
}

/* Taken or refused for good: what failed_seq waited for has come, newer ones may follow. */
static void note_settled(struct member *m, const struct room_submission *s)
{
    if (s->has_seq)
        m->failed_seq = 0;
}

static bool refused_rev(struct room *room, struct member *m, const struct room_submission *s,
                        struct room_effects *fx)
{
    uint64_t rev = base_of(room, s);
    if (rev > room_head(room)) {
        struct fmt f = room_refuse(fx, m->conn, WEFT_EREV, s->seq, 0);
        fmt_s(&f, "rev: found ");
        fmt_u(&f, rev);
        fmt_s(&f, ", expected at most ");
        fmt_u(&f, room_head(room));
        fmt_s(&f, ", the newest revision");
        return true;
    }
    if (rev < room->history.base_rev) {
        struct fmt f = room_refuse(fx, m->conn, WEFT_EGONE, s->seq, 0);
        fmt_s(&f, "rev: found ");
        fmt_u(&f, rev);
        fmt_s(&f, ", expected at least ");
        fmt_u(&f, room->history.base_rev);
        fmt_s(&f, ", the oldest revision that can be merged; join again for the text");
        return true;
    }
    return false;
}

/* The sentence speaks of the fields that were sent, where the operation still shows which. */
static void refuse_span(struct room *room, struct member *m, const struct room_submission *s,
                        size_t span, struct room_effects *fx)
{
    uint64_t rev = base_of(room, s);
    uint32_t length_cp = history_length_cp(&room->history, rev);
    size_t deleted_cp = weft_op_deleted_cp(s->op);
    struct fmt f = room_refuse(fx, m->conn, WEFT_ERANGE, s->seq, 0);
    if (deleted_cp == 0) {
        fmt_s(&f, "position: found ");
        fmt_u(&f, span);
        fmt_s(&f, ", expected 0 to ");
    } else {
        fmt_s(&f, "position and length: found an end at ");
        fmt_u(&f, span);
        fmt_s(&f, ", expected at most ");
    }
    fmt_u(&f, length_cp);
    fmt_s(&f, ", the document's length at revision ");
    fmt_u(&f, rev);
}

static void refuse_full(struct room *room, struct member *m, const struct room_submission *s,
                        size_t bytes, struct room_effects *fx)
{
    struct fmt f = room_refuse(fx, m->conn, WEFT_EFULL, s->seq, 0);
    fmt_s(&f, "the document would be ");
    fmt_u(&f, bytes);
    fmt_s(&f, " bytes, expected at most ");
    fmt_u(&f, room->config.document_bytes_max);
    fmt_s(&f, "; deleting is still possible");
}

/* The operation against the newest revision, in *ret. Returns 0 with *ret_refused set when an error
 * was sent instead. */
static int rewrite(struct room *room, struct member *m, const struct room_submission *s,
                   struct weft_op *ret, bool *ret_refused, struct room_effects *fx)
{
    uint64_t rev = base_of(room, s);
    uint32_t length_cp = history_length_cp(&room->history, rev);
    int err = 0;
    if (s->at_end) {
        size_t len_bytes;
        const char *text = weft_op_text(s->op, &len_bytes);
        err = weft_op_retain(ret, length_cp);
        if (err == 0)
            err = weft_op_insert(ret, text, len_bytes);
    } else {
        err = weft_op_copy(ret, s->op);
    }
    if (err == 0 && weft_op_reach(s->op) > length_cp) {
        refuse_span(room, m, s, weft_op_reach(s->op), fx);
        *ret_refused = true;
        return 0;
    }
    if (err == 0)
        err = history_transform(&room->history, ret, rev, room_head(room), room->durable_rev);
    if (err == WEFT_ELIMIT) {
        struct fmt f = room_refuse(fx, m->conn, WEFT_ELIMIT, s->seq, 0);
        fmt_s(&f, "op: too many parts or code points once merged; send it in smaller pieces");
        *ret_refused = true;
        return 0;
    }
    return err;
}

/* Bytes of the document that the operation deletes, or the least they can be while some of it is not
 * on disk: what is not can fail, so it is not in the text yet. */
static size_t deleted_bytes(const struct room *room, const struct weft_op *op)
{
    if (room->durable_rev != room_head(room))
        return weft_op_deleted_cp(op);
    size_t n, at_cp = 0, bytes = 0;
    const struct weft_part *parts = weft_op_parts(op, &n);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].kind == WEFT_INSERT)
            continue;
        if (parts[i].kind == WEFT_DELETE) {
            struct weft_size from, to;
            int err = weft_text_at_cp(room->text, at_cp, &from);
            if (err == 0)
                err = weft_text_at_cp(room->text, at_cp + parts[i].len_cp, &to);
            WEFT_ASSERT(err == 0);
            bytes += to.bytes - from.bytes;
        }
        at_cp += parts[i].len_cp;
    }
    return bytes;
}

/* What only deletes always may. */
static bool refused_size(struct room *room, struct member *m, const struct room_submission *s,
                         const struct weft_op *op, struct room_effects *fx)
{
    size_t bytes = room_bytes_after(room->head_bytes, op);
    if (weft_op_inserted_cp(op) == 0 || bytes <= room->config.document_bytes_max)
        return false;
    bytes -= deleted_bytes(room, op) - weft_op_deleted_cp(op);
    if (bytes <= room->config.document_bytes_max)
        return false;
    refuse_full(room, m, s, bytes, fx);
    return true;
}

/* Entries to set: the table at head with them in it, in *ret (NULL when there are none). */
static int merge_meta(struct room *room, struct member *m, const struct room_submission *s,
                      struct room_meta *ret, bool *ret_refused, struct room_effects *fx)
{
    if (room->head_meta != NULL)
        *ret = *room->head_meta;
    else
        ret->n = 0;
    if (meta_merge(ret, s->meta, false) == 0)
        return 0;
    struct fmt f = room_refuse(fx, m->conn, WEFT_ELIMIT, s->seq, 0);
    fmt_s(&f, "meta: found more than ");
    fmt_u(&f, META_KEYS_MAX);
    fmt_s(&f, " keys with those the room has, expected at most that; null removes one");
    *ret_refused = true;
    return 0;
}

/* Both tables, so that setting entries later needs no memory. */
static int reserve_meta(struct room *room)
{
    struct room_meta **tables[2] = {&room->meta, &room->head_meta};
    for (size_t i = 0; i < 2; i++) {
        if (*tables[i] != NULL)
            continue;
        *tables[i] = weft_resize(room->alloc, NULL, 0, sizeof **tables[i]);
        if (*tables[i] == NULL)
            return WEFT_ENOMEM;
        (*tables[i])->n = 0;
    }
    return 0;
}

/* The record, where it stays: in the history. */
static int make_record(struct room *room, const struct member *m, const struct room_submission *s,
                       const struct weft_op *op, struct history_entry *ret, uint32_t *ret_sum)
{
    struct record r = {
        .prev_sum = room->head_sum,
        .rev = room_head(room) + 1,
        .user_id = m->person.user_id,
        .seq = s->has_seq ? s->seq : 0,
        .at_ms = s->at_ms,
        .name = {m->person.name, m->person.name_len},
        .meta = s->meta,
    };
    size_t len = record_size(&r, op);
    uint8_t *bytes = history_reserve(&room->history, len);
    if (bytes == NULL)
        return WEFT_ENOMEM;
    record_put(&r, op, bytes, len);
    *ret = (struct history_entry){
        .record = bytes,
        .len = (uint32_t)len,
        .op_at = (uint16_t)r.op_at,
        .length_cp =
            (uint32_t)(history_length_cp(&room->history, room_head(room)) + weft_op_delta(op)),
        .has_meta = s->meta != NULL,
        .conn = m->conn,
    };
    *ret_sum = r.sum;
    return 0;
}

/* Nothing below can fail: everything was reserved. */
static void take_in(struct room *room, struct member *m, const struct room_submission *s,
                    struct session *session, const struct weft_op *op, const struct room_meta *meta,
                    const struct history_entry *e, uint32_t sum, struct room_effects *fx)
{
    room->head_bytes = room_bytes_after(room->head_bytes, op);
    room->head_sum = sum;
    room->pending_bytes += e->len;
    history_push(&room->history, e);
    if (s->meta != NULL)
        *room->head_meta = *meta;
    if (s->has_seq) {
        if (session == NULL)
            session = sessions_put(&room->sessions, &m->person.user_id);
        session->head_seq = s->seq;
        session->head_rev = room_head(room);
    }
    note_settled(m, s);
    struct room_effect *fx_persist = effects_push(fx, ROOM_PERSIST, 0);
    fx_persist->rev = room_head(room);
    fx_persist->bytes = (struct room_str){(const char *)e->record, e->len};
}

/* The order of submissions alone says what comes out: no clock, no chance. (The one exception is how
 * sharply refused_size() draws its line while something waits for the disk.) */
static int decide(struct room *room, struct member *m, const struct room_submission *s,
                  struct session *session, struct weft_op *op, struct room_effects *fx)
{
    bool refused = false;
    struct room_meta meta;
    meta.n = 0;
    int err = 0;
    if (s->meta != NULL)
        err = merge_meta(room, m, s, &meta, &refused, fx);
    else
        err = rewrite(room, m, s, op, &refused, fx);
    if (err != 0)
        return err;
    if (refused || refused_size(room, m, s, op, fx)) {
        note_settled(m, s);
        return 0;
    }

    struct history_entry entry = {0};
    uint32_t sum = 0;
    /* A session that is in the table keeps its place: making room could forget that very one. */
    if (s->has_seq && session == NULL) {
        err = sessions_reserve(&room->sessions, room->durable_rev);
        if (err == WEFT_ELIMIT) { /* every session it remembers is waiting for the disk */
            struct fmt f = room_refuse(fx, m->conn, WEFT_EIO, s->seq, RETRY_MS);
            fmt_s(&f, "storage is behind; nothing was applied");
            return 0;
        }
    }
    if (err == 0 && s->meta != NULL)
        err = reserve_meta(room);
    if (err == 0)
        err = make_record(room, m, s, op, &entry, &sum);
    if (err == 0)
        take_in(room, m, s, session, op, &meta, &entry, sum, fx);
    return err;
}

int room_on_submission(struct room *room, uint64_t conn, const struct room_submission *s,
                       struct room_effects *fx)
{
    struct member *m = room_member(room, conn);
    if (m == NULL)
        return 0; /* its place was taken by a newer connection; it is being closed */
    WEFT_ASSERT((s->op == NULL) == (s->meta != NULL));
    WEFT_ASSERT(!s->has_seq || s->seq != 0);
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    if (refused_early(room, m, s, fx))
        return 0;
    struct session *session = NULL;
    if (s->has_seq) {
        session = sessions_find(&room->sessions, &m->person.user_id);
        if (session != NULL && s->seq <= session->head_seq)
            return answer_repeat(room, m, session, s, fx);
    }
    if (refused_rev(room, m, s, fx)) {
        note_settled(m, s);
        return 0;
    }
    struct weft_op op;
    weft_op_init(&op, room->alloc);
    err = decide(room, m, s, session, &op, fx);
    weft_op_done(&op);
    return err;
}
