/* What is on disk is applied and shown; what could not be stored is forgotten.
 *
 * Cost of one revision: one decode, one apply (O(log n)), a few ns for each caret that is there, and
 * two effects: the operation, once for everybody, and the author's ack. */
#include "base/assert.h"
#include "base/pure.h"
#include "room/state.h"

enum { RETRY_MS = 1000 };

/* Who is to get an ack for this revision instead of the operation: the connection that sent it or,
 * where the session had a seq and came back meanwhile, its newer one. NULL: nobody. */
static struct member *author_of(const struct room *room, const struct history_entry *e,
                                const struct record *r)
{
    struct member *m = room_member(room, e->conn);
    if (m == NULL && r->seq != 0)
        m = room_member_by_user(room, &r->user_id);
    return m;
}

static void show_edit(struct room_effect *e, const struct record *r, const struct weft_op *op)
{
    e->message.type = MESSAGE_EDIT;
    e->message.edit = (struct room_edit){.rev = r->rev, .user_id = r->user_id, .op = op};
}

static void show_meta(struct room_effect *e, const struct record *r, const struct room_meta *meta)
{
    e->message.type = MESSAGE_META;
    e->message.meta = (struct room_meta_set){.rev = r->rev, .user_id = r->user_id, .meta = meta};
}

static void show(struct room *room, const struct history_entry *e, const struct record *r,
                 const struct weft_op *op, const struct room_meta *meta, struct room_effects *fx)
{
    const struct member *author = author_of(room, e, r);
    struct room_effect *all = effects_push(fx, ROOM_BROADCAST, author != NULL ? author->conn : 0);
    all->rev = r->rev;
    if (meta != NULL)
        show_meta(all, r, meta);
    else
        show_edit(all, r, op);
    if (author == NULL)
        return;
    struct room_effect *ack = effects_message(fx, ROOM_SEND, author->conn, MESSAGE_ACK);
    ack->rev = r->rev;
    ack->message.ack = (struct room_ack){.rev = r->rev, .seq = r->seq};
}

/* The sessions' table had its entry made when this was decided; a table filled by loading did not. */
static void settle_session(struct room *room, const struct record *r)
{
    struct session *s = sessions_find(&room->sessions, &r->user_id);
    if (r->seq == 0 || s == NULL)
        return;
    WEFT_ASSERT(r->seq > s->seq);
    s->seq = r->seq;
    s->rev = r->rev;
}

static void settle_meta(struct room *room, const struct room_meta *meta)
{
    WEFT_ASSERT(room->meta != NULL);
    int err = meta_merge(room->meta, meta, false);
    WEFT_ASSERT(err == 0); /* decided against the same table */
}

/* One revision moves from decided to applied. WEFT_ENOMEM leaves it decided. */
static int apply_next(struct room *room, struct room_effects *fx)
{
    const struct history_entry *e = history_at(&room->history, room->durable_rev + 1);
    struct record r = history_record(&room->history, room->durable_rev + 1);
    struct weft_op *op = effects_op(fx);
    struct room_meta *meta = e->has_meta ? effects_take(fx, sizeof *meta) : NULL;
    int err = effects_reserve(fx, 2);
    if (err != 0 || op == NULL || (e->has_meta && meta == NULL))
        return WEFT_ENOMEM;
    err = history_op(&room->history, r.rev, op);
    if (err != 0)
        return err;
    if (meta != NULL && record_meta(e->record, e->len, &r, meta) != 0)
        WEFT_NEVER("entries that were encoded here do not decode");
    size_t before = weft_text_size(room->text).bytes;
    err = weft_op_apply(op, room->text);
    if (err != 0) {
        WEFT_ASSERT(err == WEFT_ENOMEM);
        return err;
    }

    size_t after = weft_text_size(room->text).bytes;
    WEFT_ASSERT(weft_text_size(room->text).cp == e->length_cp);
    room->head_bytes = room->head_bytes - room_bytes_after(before, op) + after;
    room->durable_rev = r.rev;
    room->durable_sum = r.sum;
    room->durable_at_ms = r.at_ms;
    room->changed_ms = room->now_ms;
    room->pending_bytes -= e->len;
    room->bytes_past_snapshot += e->len;
    room->bytes_past_kept += e->len;
    settle_session(room, &r);
    if (meta != NULL)
        settle_meta(room, meta);
    room_move_cursors(room, op, &r.user_id);
    show(room, e, &r, op, meta, fx);
    return 0;
}

int room_on_durable(struct room *room, uint64_t rev, struct room_effects *fx)
{
    WEFT_ASSERT(rev <= room_head(room));
    int err = 0;
    while (err == 0 && room->durable_rev < rev)
        err = apply_next(room, fx);
    if (err == 0)
        err = room_answer_waiting(room, fx);
    if (err == 0)
        err = room_snapshot_if_due(room, fx);
    room_keep_within(room);
    return err;
}

static void refuse_lost(struct room_effects *fx, uint64_t conn, uint64_t seq)
{
    struct fmt f = room_refuse(fx, conn, WEFT_EIO, seq, RETRY_MS);
    fmt_s(&f, "storage failed; nothing was applied, the operation may be sent again");
}

/* Tells the author, and notes what must come again before anything newer. */
static void lose(struct room *room, uint64_t rev, struct room_effects *fx)
{
    const struct history_entry *e = history_at(&room->history, rev);
    struct record r = history_record(&room->history, rev);
    struct member *m = author_of(room, e, &r);
    if (m == NULL)
        return;
    refuse_lost(fx, m->conn, r.seq);
    if (r.seq != 0 && (m->failed_seq == 0 || r.seq < m->failed_seq))
        m->failed_seq = r.seq;
}

int room_on_commit_failed(struct room *room, struct room_effects *fx)
{
    size_t lost = (size_t)(room_head(room) - room->durable_rev);
    int err = effects_reserve(fx, lost + room->n_waiting);
    if (err != 0)
        return err;
    for (uint64_t rev = room->durable_rev + 1; rev <= room_head(room); rev++)
        lose(room, rev, fx);
    history_cut(&room->history, room->durable_rev);
    room->head_sum = room->durable_sum;
    room->head_bytes = weft_text_size(room->text).bytes;
    room->pending_bytes = 0;
    if (room->head_meta != NULL)
        *room->head_meta = *room->meta;
    sessions_roll_back(&room->sessions);
    room_clamp_cursors(room);
    room->trim_rev = room->log_base_rev; /* asked again; that it may be done already does no harm */
    room->changed_ms = room->now_ms;     /* not at once */
    room_snapshot_lost(room);

    /* A repeat whose original is lost is lost too. Other answers wait no longer: there is nothing
     * left to wait for. */
    size_t kept = 0;
    for (size_t i = 0; i < room->n_waiting; i++) {
        struct waiting *w = &room->waiting[i];
        if (w->kind == WAITING_DUP && w->need_rev > room->durable_rev) {
            refuse_lost(fx, w->conn, w->ack.seq);
            continue;
        }
        if (w->need_rev > room->durable_rev)
            w->need_rev = room->durable_rev;
        room->waiting[kept++] = *w;
    }
    room->n_waiting = kept;
    /* What cannot be answered for want of memory stays and is answered after the next commit. */
    int unanswered = room_answer_waiting(room, fx);
    WEFT_ASSERT(unanswered == 0 || unanswered == WEFT_ENOMEM);
    return 0;
}
