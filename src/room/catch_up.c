/* What a reader missed: its own operations as acks, each in its place, and all that lies between
 * them as one operation. The same for somebody who resumes and for a reader that fell behind. */
#include "base/assert.h"
#include "base/pure.h"
#include "room/state.h"

enum { CLOSE_TOO_SLOW = 4409 };

/* Whether this revision is the member's own and is told as an ack. */
static bool is_ack(const struct member *m, const struct history_entry *e, const struct record *r,
                   bool live)
{
    if (!uuid_equal(&r->user_id, &m->person.user_id))
        return false;
    /* Without a seq only the connection that sent it waits for an ack. */
    return r->seq != 0 || (live && e->conn == m->conn);
}

/* Entries set in from+1 .. to, later ones over earlier ones; NULL when there are none. WEFT_ELIMIT
 * where more keys came and went than one message names. */
static int collect_meta(struct room *room, uint64_t from, uint64_t to, struct room_effects *fx,
                        const struct room_meta **ret)
{
    struct room_meta *sum = NULL;
    struct room_meta one;
    for (uint64_t rev = from + 1; rev <= to; rev++) {
        const struct history_entry *e = history_at(&room->history, rev);
        if (!e->has_meta)
            continue;
        struct record r = history_record(&room->history, rev);
        if (record_meta(e->record, e->len, &r, &one) != 0)
            WEFT_NEVER("entries that were encoded here do not decode");
        if (sum == NULL) {
            sum = effects_take(fx, sizeof *sum);
            if (sum == NULL)
                return WEFT_ENOMEM;
            sum->n = 0;
        }
        int err = meta_merge(sum, &one, true);
        if (err != 0)
            return err;
    }
    *ret = sum;
    return 0;
}

/* WEFT_ELIMIT: what lies between does not fit one message. */
static int push_composed(struct room *room, const struct member *m, uint64_t from, uint64_t to,
                         struct room_effects *fx)
{
    struct weft_op *op = effects_op(fx);
    if (op == NULL)
        return WEFT_ENOMEM;
    const struct room_meta *meta = NULL;
    int err = history_compose(&room->history, from, to, room->durable_rev, op);
    if (err == 0)
        err = collect_meta(room, from, to, fx, &meta);
    if (err == 0)
        err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    struct room_effect *e = effects_message(fx, ROOM_SEND, m->conn, MESSAGE_EDIT);
    e->rev = to;
    e->message.edit =
        (struct room_edit){.rev = to, .from = from, .composed = true, .op = op, .meta = meta};
    return 0;
}

static int push_ack(const struct member *m, const struct record *r, struct room_effects *fx)
{
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    struct room_effect *e = effects_message(fx, ROOM_SEND, m->conn, MESSAGE_ACK);
    e->rev = r->rev;
    e->message.ack = (struct room_ack){.rev = r->rev, .seq = r->seq};
    return 0;
}

int room_catch_up(struct room *room, const struct member *m, uint64_t from, bool live,
                  struct room_effects *fx)
{
    WEFT_ASSERT(from >= room->history.base_rev && from <= room->durable_rev);
    int err = 0;
    for (uint64_t rev = from + 1; err == 0 && rev <= room->durable_rev; rev++) {
        const struct history_entry *e = history_at(&room->history, rev);
        struct record r = history_record(&room->history, rev);
        if (!is_ack(m, e, &r, live))
            continue;
        if (from + 1 < rev)
            err = push_composed(room, m, from, rev - 1, fx);
        if (err == 0)
            err = push_ack(m, &r, fx);
        from = rev;
    }
    if (err == 0 && from < room->durable_rev)
        err = push_composed(room, m, from, room->durable_rev, fx);
    return err;
}

static void push_presence(struct room *room, uint64_t conn, struct member *who, uint64_t known,
                          struct room_effects *fx)
{
    if (who->conn == conn)
        return;
    if (who->person_seq > known) {
        struct room_effect *e = effects_message(fx, ROOM_SEND, conn, MESSAGE_JOIN);
        e->message.person = who->person;
    }
    /* One that has moved since comes with the next flush. */
    if (who->cursor_seq > known && !who->cursor_dirty)
        room_cursor_effect(room, who, effects_push(fx, ROOM_SEND, conn));
}

/* People who came, went, changed or moved since the reader was last told, as few messages as say
 * it: a leave for who went, a join for who is new or changed (a client takes a join of somebody it
 * knows as news of them), then the newest caret. */
static int catch_up_presence(struct room *room, uint64_t conn, uint64_t known,
                             struct room_effects *fx)
{
    size_t kept = room->n_departed < DEPARTED_MAX ? (size_t)room->n_departed : DEPARTED_MAX;
    int err = effects_reserve(fx, kept + 2 * room->n_members);
    if (err != 0)
        return err;
    for (uint64_t i = room->n_departed - kept; i < room->n_departed; i++) {
        const struct departed *d = &room->departed[i % DEPARTED_MAX];
        if (d->presence_seq <= known)
            continue;
        /* Also of somebody who came back: a join alone would leave the caret from before. */
        struct room_effect *e = effects_message(fx, ROOM_SEND, conn, MESSAGE_LEAVE);
        e->message.person = (struct room_person){.user_id = d->user_id};
    }
    for (size_t i = 0; i < room->n_members; i++)
        push_presence(room, conn, &room->members[i], known, fx);
    return 0;
}

/* Leaves are kept for a while only. */
static bool leaves_are_lost(const struct room *room, uint64_t known)
{
    if (room->n_departed <= DEPARTED_MAX)
        return false;
    /* The oldest one kept was the last to be lost but one. */
    return room->departed[room->n_departed % DEPARTED_MAX].presence_seq > known + 1;
}

int room_on_behind(struct room *room, uint64_t conn, const struct room_behind *b,
                   struct room_effects *fx)
{
    const struct member *m = room_member(room, conn);
    if (m == NULL)
        return 0;
    WEFT_ASSERT(b->rev <= room->durable_rev);
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    size_t mark = effects_mark(fx);
    err = WEFT_ELIMIT;
    if (b->rev >= room->history.base_rev && !leaves_are_lost(room, b->presence_seq))
        err = room_catch_up(room, m, b->rev, true, fx);
    if (err == 0)
        err = catch_up_presence(room, conn, b->presence_seq, fx);
    if (err != WEFT_ELIMIT)
        return err;
    effects_back_to(fx, mark);
    struct room_effect *e = effects_push(fx, ROOM_CLOSE, conn);
    e->close = (struct room_close){CLOSE_TOO_SLOW, "too slow: reconnect and resume"};
    return 0;
}
