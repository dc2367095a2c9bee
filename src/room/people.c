/* Who is there: joining, leaving, names, signals.
 *
 * Members stand in an array in the order they came, found by connection through a small hash table
 * (open addressing, linear probing, at most half full; rebuilt when somebody leaves, which moves
 * the array anyway). */
#include "base/assert.h"
#include "base/pure.h"
#include "room/state.h"

enum { MEMBERS_CAP_FIRST = 2, CLOSE_POLICY = 1008, CLOSE_TRY_AGAIN = 1013, SIGNAL_RETRY_MS = 1000 };

static size_t slot_of(const struct room *room, uint64_t conn)
{
    size_t i = (size_t)(conn * 0x9e3779b97f4a7c15u >> 32) & (room->cap_slots - 1);
    while (room->slots[i].conn != 0 && room->slots[i].conn != conn)
        i = (i + 1) & (room->cap_slots - 1);
    return i;
}

struct member *room_member(const struct room *room, uint64_t conn)
{
    if (room->n_members == 0 || conn == 0)
        return NULL;
    const struct member_slot *slot = &room->slots[slot_of(room, conn)];
    return slot->conn == conn ? &room->members[slot->at] : NULL;
}

struct member *room_member_by_user(const struct room *room, const struct uuid *user_id)
{
    for (size_t i = 0; i < room->n_members; i++)
        if (uuid_equal(&room->members[i].person.user_id, user_id))
            return &room->members[i];
    return NULL;
}

void members_done(struct room *room)
{
    weft_release(room->alloc, room->members, room->cap_members * sizeof *room->members);
    weft_release(room->alloc, room->slots, room->cap_slots * sizeof *room->slots);
}

static void reindex(struct room *room)
{
    memset(room->slots, 0, room->cap_slots * sizeof *room->slots);
    for (size_t i = 0; i < room->n_members; i++) {
        struct member_slot *slot = &room->slots[slot_of(room, room->members[i].conn)];
        *slot = (struct member_slot){.conn = room->members[i].conn, .at = i};
    }
}

/* Slots before members: more slots than needed do no harm. */
static int reserve_member(struct room *room)
{
    if (room->n_members < room->cap_members)
        return 0;
    size_t cap = room->cap_members != 0 ? room->cap_members * 2 : MEMBERS_CAP_FIRST;
    if (room->cap_slots < cap * 2) {
        struct member_slot *slots = weft_resize(
            room->alloc, room->slots, room->cap_slots * sizeof *slots, cap * 2 * sizeof *slots);
        if (slots == NULL)
            return WEFT_ENOMEM;
        room->slots = slots;
        room->cap_slots = cap * 2;
        reindex(room);
    }
    struct member *members = weft_resize(
        room->alloc, room->members, room->cap_members * sizeof *members, cap * sizeof *members);
    if (members == NULL)
        return WEFT_ENOMEM;
    room->members = members;
    room->cap_members = cap;
    return 0;
}

static void set_name(struct room_person *p, struct room_str name)
{
    WEFT_ASSERT(name.len <= USER_NAME_BYTES_MAX);
    p->name_len = (uint8_t)name.len;
    if (name.len != 0)
        memcpy(p->name, name.at, name.len);
}

static void set_color(struct room_person *p, struct room_str color)
{
    WEFT_ASSERT(color.len == 0 || color.len == COLOR_BYTES);
    p->has_color = color.len != 0;
    if (color.len != 0)
        memcpy(p->color, color.at, COLOR_BYTES);
}

/* Whether the client's revision is one of this life of the log. */
static bool knows_rev(const struct room *room, const struct room_join *join)
{
    struct uuid epoch = room_shown_epoch(room);
    return join->has_rev && uuid_equal(&join->epoch, &epoch);
}

/* Whether what is known of this session is enough to go on with it (room/sessions.h). */
static bool can_take_up(const struct room *room, const struct room_join *join)
{
    if (!join->resumes)
        return false;
    uint64_t floor_rev = room->sessions.floor_rev;
    if (floor_rev == 0 || sessions_find(&room->sessions, &join->user_id) != NULL)
        return true;
    return knows_rev(room, join) && join->rev >= floor_rev;
}

/* Whether the client may be brought from its revision to ours instead of being given the text. */
static bool can_catch_up(const struct room *room, const struct room_join *join, bool taken_up)
{
    return knows_rev(room, join) && !join->bad_session && taken_up == join->resumes &&
           join->rev >= room->log_base_rev && join->rev >= room->history.base_rev &&
           join->rev <= room->durable_rev;
}

static int push_welcome(struct room *room, const struct member *m, bool with_text,
                        struct room_effects *fx)
{
    struct room_person *users = effects_take(fx, room->n_members * sizeof *users);
    if (users == NULL)
        return WEFT_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < room->n_members; i++)
        if (!uuid_equal(&room->members[i].person.user_id, &m->person.user_id))
            room_person_at(room, i, &users[n++]);
    const struct session *session = sessions_find(&room->sessions, &m->person.user_id);
    struct room_effect *e = effects_message(fx, ROOM_SEND, m->conn, MESSAGE_WELCOME);
    e->message.welcome = (struct room_welcome){
        .epoch = room_shown_epoch(room),
        .rev = room->durable_rev,
        .text = with_text ? room->text : NULL,
        .length_cp = weft_text_size(room->text).cp,
        .user_id = m->person.user_id,
        .seq = session != NULL ? session->seq : 0,
        .mode = m->mode,
        .meta = room_meta_of(room),
        .users = users,
        .n_users = n,
        .limit_message_bytes = room->config.message_bytes_max,
        .limit_document_bytes = room->config.document_bytes_max,
    };
    return 0;
}

static void push_close(struct room_effects *fx, uint64_t conn, uint16_t code, const char *reason)
{
    effects_push(fx, ROOM_CLOSE, conn)->close = (struct room_close){code, reason};
}

/* Whether an operation of this session is decided and not on disk yet. */
static bool is_midway(const struct room *room, const struct member *m)
{
    const struct session *session = sessions_find(&room->sessions, &m->person.user_id);
    return session != NULL && session->head_seq != session->seq;
}

/* The welcome and, for one who resumes, what was missed; or else the text. A text is no use to whom
 * an operation of its own will be acked right after: it is not in the text, and its author, who
 * knows only the texts' difference and not what happened between, cannot say where it goes. Such a
 * one is sent away for the moment that the disk takes: *ret_joins is false. */
static int greet(struct room *room, const struct member *m, const struct room_join *join,
                 bool resumes, bool *ret_joins, struct room_effects *fx)
{
    size_t mark = effects_mark(fx);
    int err = WEFT_ELIMIT;
    *ret_joins = true;
    if (resumes) {
        err = push_welcome(room, m, false, fx);
        if (err == 0)
            err = room_catch_up(room, m, join->rev, false, fx);
    }
    if (err != WEFT_ELIMIT)
        return err;
    effects_back_to(fx, mark);
    if (!is_midway(room, m))
        return push_welcome(room, m, true, fx);
    push_close(fx, m->conn, CLOSE_TRY_AGAIN,
               "an operation of this session is on its way to the disk: try again");
    *ret_joins = false;
    return 0;
}

static void push_person(struct room *room, struct member *m, enum room_message_type type,
                        struct room_effects *fx)
{
    struct room_effect *e = effects_message(fx, ROOM_BROADCAST, m->conn, type);
    e->message.person = m->person;
    e->presence_seq = m->person_seq = ++room->presence_seq;
}

/* The session's older connection gives way: its place, caret and name pass to the newer one. */
static void replace(struct room *room, struct member *m, uint64_t conn, struct room_effects *fx)
{
    push_close(fx, m->conn, CLOSE_POLICY, "this session was taken up by another connection");
    m->conn = conn;
    reindex(room);
}

int room_on_join(struct room *room, uint64_t conn, const struct room_join *join,
                 struct room_effects *fx)
{
    WEFT_ASSERT(conn != 0 && room_member(room, conn) == NULL);
    bool taken_up = can_take_up(room, join);
    bool resumes = can_catch_up(room, join, taken_up);
    struct member next = {.conn = conn, .mode = join->mode, .cursor_rev = room->durable_rev};
    next.person.user_id = taken_up ? join->user_id : join->spare_id;
    if (!join->resumes)
        next.person.user_id = join->user_id;
    set_name(&next.person, join->name);
    set_color(&next.person, join->color);
    struct member *old = taken_up ? room_member_by_user(room, &next.person.user_id) : NULL;

    int err = effects_reserve(fx, 3);
    if (err != 0)
        return err;
    if (old == NULL && room->n_members >= room->config.people_max) {
        push_close(fx, conn, CLOSE_TRY_AGAIN, "the room is full: it has as many people as it may");
        return 0;
    }
    bool joins = false;
    if (old == NULL)
        err = reserve_member(room);
    /* All that can fail comes before the first change. */
    if (err == 0)
        err = greet(room, &next, join, resumes, &joins, fx);
    if (err == 0)
        err = effects_reserve(fx, 2);
    if (err != 0 || !joins)
        return err;

    if (old != NULL) {
        replace(room, old, conn, fx);
        old->mode = next.mode;
        if (join->name.len != 0)
            set_name(&old->person, join->name);
        if (join->color.len != 0)
            set_color(&old->person, join->color);
        old->failed_seq = 0;
        push_person(room, old, MESSAGE_USER, fx);
        return 0;
    }
    size_t at = room->n_members++;
    room->members[at] = next;
    room->slots[slot_of(room, conn)] = (struct member_slot){.conn = conn, .at = at};
    push_person(room, &room->members[at], MESSAGE_JOIN, fx);
    return 0;
}

int room_on_leave(struct room *room, uint64_t conn, struct room_effects *fx)
{
    struct member *m = room_member(room, conn);
    if (m == NULL)
        return 0;
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    struct room_effect *e = effects_message(fx, ROOM_BROADCAST, 0, MESSAGE_LEAVE);
    e->message.person = (struct room_person){.user_id = m->person.user_id};
    e->presence_seq = ++room->presence_seq;
    room->departed[room->n_departed++ % DEPARTED_MAX] =
        (struct departed){m->person.user_id, room->presence_seq};
    room->n_dirty -= m->cursor_dirty;
    size_t at = (size_t)(m - room->members);
    room->n_members--;
    memmove(m, m + 1, (room->n_members - at) * sizeof *m);
    reindex(room);
    return 0;
}

int room_on_user(struct room *room, uint64_t conn, const struct room_user_change *u,
                 struct room_effects *fx)
{
    struct member *m = room_member(room, conn);
    if (m == NULL)
        return 0;
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    if (u->has_name)
        set_name(&m->person, u->name);
    if (u->has_color)
        set_color(&m->person, u->color);
    push_person(room, m, MESSAGE_USER, fx);
    return 0;
}

int room_on_signal(struct room *room, uint64_t conn, const struct room_signal_send *s,
                   struct room_effects *fx)
{
    const struct member *m = room_member(room, conn);
    if (m == NULL)
        return 0;
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    const struct member *to = room_member_by_user(room, &s->to);
    if (to == NULL) {
        char id[UUID_TEXT_LEN + 1];
        uuid_format(&s->to, id);
        struct fmt f = room_refuse(fx, conn, WEFT_EINVAL, 0, 0);
        fmt_s(&f, "to: found ");
        fmt_s(&f, id);
        fmt_s(&f, ", expected the user_id of somebody who is in the room");
        return 0;
    }
    if (s->waiting_bytes != NULL &&
        s->waiting_bytes(s->waiting_ctx, to->conn) > PRIVATE_BYTES_HIGH) {
        struct fmt f = room_refuse(fx, conn, WEFT_ERATE, 0, SIGNAL_RETRY_MS);
        fmt_s(&f, "to: found somebody who has not read what waits for them, expected one who has; "
                  "try again later");
        return 0;
    }
    struct room_effect *e = effects_message(fx, ROOM_SEND, to->conn, MESSAGE_SIGNAL);
    e->message.signal.from = m->person.user_id;
    e->message.signal.data.at = arena_copy(&fx->arena, s->data.at, s->data.len);
    e->message.signal.data.len = s->data.len;
    return e->message.signal.data.at != NULL ? 0 : WEFT_ENOMEM;
}
