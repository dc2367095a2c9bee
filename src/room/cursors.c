/* Carets. Each is kept at the durable revision, or above it while it was put against what is not on
 * disk yet; others are told once per flush, however often it moved.
 *
 * n people who all move make n * n messages a flush. So a flush is followed by a rest that is as long
 * as what it said is much: CARETS_PER_MS messages a millisecond, at most CARETS_MS_MAX. Up to ten
 * people do not notice; of 200 who all move each is told five rounds in two seconds. What moves
 * meanwhile is told at its newest place. */
#include "base/assert.h"
#include "room/state.h"

/* One by one up to here, because then each operation's own author is known; beyond, composed. */
enum { CURSOR_STEPS_MAX = 64 };

static void mark(struct room *room, struct member *m, bool dirty)
{
    if (m->cursor_dirty == dirty)
        return;
    m->cursor_dirty = dirty;
    room->n_dirty = dirty ? room->n_dirty + 1 : room->n_dirty - 1;
}

static void move_over(struct room_person *p, const struct weft_op *op, bool own)
{
    enum weft_side side = own ? WEFT_RIGHT : WEFT_LEFT;
    p->position_cp = weft_op_transform_position(op, p->position_cp, side);
    p->anchor_cp = weft_op_transform_position(op, p->anchor_cp, side);
}

void room_move_cursors(struct room *room, const struct weft_op *op, const struct uuid *author)
{
    for (size_t i = 0; i < room->n_members; i++) {
        struct member *m = &room->members[i];
        if (m->cursor_rev >= room->durable_rev)
            continue;
        if (m->person.has_cursor)
            move_over(&m->person, op, uuid_equal(author, &m->person.user_id));
        m->cursor_rev = room->durable_rev;
    }
}

void room_clamp_cursors(struct room *room)
{
    size_t length_cp = weft_text_size(room->text).cp;
    for (size_t i = 0; i < room->n_members; i++) {
        struct member *m = &room->members[i];
        if (m->cursor_rev <= room->durable_rev)
            continue;
        m->cursor_rev = room->durable_rev;
        if (m->person.position_cp > length_cp)
            m->person.position_cp = length_cp;
        if (m->person.anchor_cp > length_cp)
            m->person.anchor_cp = length_cp;
    }
}

/* A caret put against `rev`, brought to the durable revision. */
static int bring_up(struct room *room, const struct member *m, uint64_t rev,
                    struct room_person *person)
{
    struct weft_op op;
    weft_op_init(&op, room->alloc);
    int err = 0;
    if (room->durable_rev - rev > CURSOR_STEPS_MAX) {
        err = history_compose(&room->history, rev, room->durable_rev, room->durable_rev, &op);
        if (err == 0)
            move_over(person, &op, false);
        rev = room->durable_rev;
    }
    for (; err == 0 && rev < room->durable_rev; rev++) {
        struct record r = history_record(&room->history, rev + 1);
        err = history_op(&room->history, rev + 1, &op);
        if (err == 0)
            move_over(person, &op, uuid_equal(&r.user_id, &m->person.user_id));
    }
    weft_op_done(&op);
    return err;
}

static void refuse_place(const struct room *room, uint64_t conn, const char *field, size_t found_cp,
                         uint64_t rev, struct room_effects *fx)
{
    struct fmt f = room_refuse(fx, conn, WEFT_ERANGE, 0, 0);
    fmt_s(&f, field);
    fmt_s(&f, ": found ");
    fmt_u(&f, found_cp);
    fmt_s(&f, ", expected 0 to ");
    fmt_u(&f, history_length_cp(&room->history, rev));
    fmt_s(&f, ", the document's length at revision ");
    fmt_u(&f, rev);
}

static bool refused(const struct room *room, uint64_t conn, const struct room_cursor_move *c,
                    uint64_t rev, struct room_effects *fx)
{
    if (rev > room_head(room) || rev < room->history.base_rev) {
        bool above = rev > room_head(room);
        struct fmt f = room_refuse(fx, conn, above ? WEFT_EREV : WEFT_EGONE, 0, 0);
        fmt_s(&f, "rev: found ");
        fmt_u(&f, rev);
        fmt_s(&f, ", expected ");
        fmt_u(&f, room->history.base_rev);
        fmt_s(&f, " to ");
        fmt_u(&f, room_head(room));
        return true;
    }
    size_t length_cp = history_length_cp(&room->history, rev);
    if (c->position_cp > length_cp) {
        refuse_place(room, conn, "position", c->position_cp, rev, fx);
        return true;
    }
    if (c->has_anchor && c->anchor_cp > length_cp) {
        refuse_place(room, conn, "anchor", c->anchor_cp, rev, fx);
        return true;
    }
    return false;
}

int room_on_cursor(struct room *room, uint64_t conn, const struct room_cursor_move *c,
                   struct room_effects *fx)
{
    struct member *m = room_member(room, conn);
    if (m == NULL)
        return 0;
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    uint64_t rev = c->has_rev ? c->rev : room_head(room);
    if (refused(room, conn, c, rev, fx))
        return 0;
    struct room_person person = m->person;
    person.has_cursor = true;
    person.has_anchor = c->has_anchor;
    person.position_cp = c->position_cp;
    person.anchor_cp = c->has_anchor ? c->anchor_cp : c->position_cp;
    if (rev < room->durable_rev) {
        err = bring_up(room, m, rev, &person);
        rev = room->durable_rev;
    }
    if (err != 0)
        return err;
    m->person = person;
    m->cursor_rev = rev;
    mark(room, m, true);
    return 0;
}

void room_cursor_effect(struct room *room, struct member *m, struct room_effect *e)
{
    e->message.type = MESSAGE_CURSOR;
    e->message.cursor = (struct room_cursor){
        .rev = room->durable_rev,
        .user_id = m->person.user_id,
        .position_cp = m->person.position_cp,
        .anchor_cp = m->person.anchor_cp,
        .has_anchor = m->person.has_anchor,
    };
}

int room_on_flush(struct room *room, struct room_effects *fx)
{
    size_t told = 0;
    if (room->now_ms < room->flush_ms)
        return 0;
    int err = effects_reserve(fx, room->n_dirty);
    if (err != 0)
        return err;
    for (size_t i = 0; i < room->n_members && room->n_dirty > 0; i++) {
        struct member *m = &room->members[i];
        if (!m->cursor_dirty || m->cursor_rev > room->durable_rev)
            continue;
        struct room_effect *e = effects_push(fx, ROOM_BROADCAST, m->conn);
        room_cursor_effect(room, m, e);
        e->presence_seq = m->cursor_seq = ++room->presence_seq;
        mark(room, m, false);
        told++;
    }
    size_t rest_ms = told * (room->n_members - 1) / room->config.carets_per_ms;
    room->flush_ms = room->now_ms + (int64_t)(rest_ms < CARETS_MS_MAX ? rest_ms : CARETS_MS_MAX);
    return 0;
}
