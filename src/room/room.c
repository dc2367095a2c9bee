#include "base/assert.h"
#include "base/pure.h"
#include "ot/sums.h"
#include "room/state.h"

static void set_standards(struct room_config *c)
{
    if (c->history_revs_max == 0)
        c->history_revs_max = HISTORY_REVS_MAX;
    if (c->history_bytes_max == 0)
        c->history_bytes_max = HISTORY_BYTES_MAX;
    if (c->snapshot_record_bytes == 0)
        c->snapshot_record_bytes = SNAPSHOT_RECORD_BYTES;
    if (c->pending_revs_max == 0)
        c->pending_revs_max = PENDING_REVS_MAX;
    if (c->sessions_max == 0)
        c->sessions_max = SESSIONS_MAX;
    if (c->carets_per_ms == 0)
        c->carets_per_ms = CARETS_PER_MS;
}

int room_new(const struct weft_alloc *alloc, const struct room_config *config,
             const struct uuid *epoch, struct room **ret)
{
    struct room *room = weft_resize(alloc, NULL, 0, sizeof *room);
    if (room == NULL)
        return WEFT_ENOMEM;
    memset(room, 0, sizeof *room);
    room->alloc = alloc;
    room->config = *config;
    set_standards(&room->config);
    room->epoch = *epoch;
    room->durable_sum = room->head_sum = record_first_sum(epoch);
    history_init(&room->history, alloc, 0, 0);
    sessions_init(&room->sessions, alloc, room->config.sessions_max);
    int err = weft_text_new(alloc, &room->text);
    if (err != 0) {
        room_free(room);
        return err;
    }
    *ret = room;
    return 0;
}

void room_free(struct room *room)
{
    if (room == NULL)
        return;
    const struct weft_alloc *alloc = room->alloc;
    room_load_free(room);
    weft_text_free(room->text);
    room_past_forget(room);
    history_done(&room->history);
    sessions_done(&room->sessions);
    weft_release(alloc, room->meta, sizeof *room->meta);
    weft_release(alloc, room->head_meta, sizeof *room->head_meta);
    members_done(room);
    weft_release(alloc, room->waiting, room->cap_waiting * sizeof *room->waiting);
    weft_release(alloc, room->fetching, room->cap_fetching * sizeof *room->fetching);
    weft_release(alloc, room, sizeof *room);
}

struct fmt room_refuse(struct room_effects *fx, uint64_t conn, int err, uint64_t seq,
                       uint32_t retry_ms)
{
    struct room_error *e = &effects_message(fx, ROOM_SEND, conn, MESSAGE_ERROR)->message.error;
    e->err = err;
    e->seq = seq;
    e->retry_ms = retry_ms;
    return fmt_of(e->words, sizeof e->words);
}

static int step(struct room *room, const struct room_event *ev, struct room_effects *fx)
{
    switch (ev->kind) {
    case ROOM_JOIN:
        return room_on_join(room, ev->conn, &ev->join, fx);
    case ROOM_LEAVE:
        return room_on_leave(room, ev->conn, fx);
    case ROOM_OPERATION:
    case ROOM_META:
        return room_on_submission(room, ev->conn, &ev->submission, fx);
    case ROOM_CURSOR:
        return room_on_cursor(room, ev->conn, &ev->cursor, fx);
    case ROOM_USER:
        return room_on_user(room, ev->conn, &ev->user, fx);
    case ROOM_TEXT:
    case ROOM_HISTORY:
        return room_on_query(room, ev->conn, ev->kind == ROOM_TEXT, &ev->query, fx);
    case ROOM_SIGNAL:
        return room_on_signal(room, ev->conn, &ev->signal, fx);
    case ROOM_DURABLE:
        return room_on_durable(room, ev->durable_rev, fx);
    case ROOM_COMMIT_FAILED:
        return room_on_commit_failed(room, fx);
    case ROOM_STORED:
        room_on_stored(room, &ev->stored);
        return 0;
    case ROOM_FETCHED:
        return room_on_fetched(room, &ev->fetched, fx);
    case ROOM_BEHIND:
        return room_on_behind(room, ev->conn, &ev->behind, fx);
    case ROOM_FLUSH:
        return room_on_flush(room, fx);
    case ROOM_TICK:
        return room_on_tick(room, &ev->tick, fx);
    }
    WEFT_NEVER("a kind of event that is none");
    return 0;
}

int room_step(struct room *room, int64_t now_ms, const struct room_event *event,
              struct room_effects *fx)
{
    WEFT_ASSERT(now_ms >= room->now_ms);
    WEFT_ASSERT(room->loading == NULL);
    room->now_ms = now_ms;
    size_t mark = effects_mark(fx);
    int err = step(room, event, fx);
    WEFT_ASSERT(err == 0 || err == WEFT_ENOMEM);
    if (err != 0 && event->kind != ROOM_DURABLE)
        effects_back_to(fx, mark);
    WEFT_SLOW_ASSERT(room_check_now_and_then(room));
    return err;
}

static enum room_backlog backlog(const struct room *room)
{
    uint64_t revs = room_head(room) - room->durable_rev;
    if (revs >= room->config.pending_revs_max / 2 || room->pending_bytes >= PENDING_BYTES_MAX / 2)
        return ROOM_BACKLOG_HIGH;
    if (revs > room->config.pending_revs_max / 4 || room->pending_bytes > PENDING_BYTES_MAX / 4)
        return ROOM_BACKLOG_SOME;
    return ROOM_BACKLOG_LOW;
}

struct room_info room_info(const struct room *room)
{
    struct weft_size size = weft_text_size(room->text);
    return (struct room_info){
        .epoch = room_shown_epoch(room),
        .log_epoch = room->epoch,
        .exists = room->durable_rev != 0,
        .rev = room->durable_rev,
        .head_rev = room_head(room),
        .backlog = backlog(room),
        .base_rev = room->history.base_rev,
        .length_cp = size.cp,
        .length_bytes = size.bytes,
        .n_people = room->n_members,
        .wants_flush = room->n_dirty != 0,
        .flush_ms = room->flush_ms,
        .is_idle = room->n_members == 0 && room_head(room) == room->durable_rev &&
                   room->n_waiting == 0 && room->n_fetching == 0 &&
                   room->snapshot_rev <= room->stored_rev && room->trim_rev == room->log_base_rev,
        .presence_seq = room->presence_seq,
    };
}

const struct weft_text *room_text(const struct room *room)
{
    return room->text;
}

const struct room_meta *room_meta_of(const struct room *room)
{
    return room->meta != NULL && room->meta->n != 0 ? room->meta : NULL;
}

void room_person_at(const struct room *room, size_t i, struct room_person *ret)
{
    WEFT_ASSERT(i < room->n_members);
    const struct member *m = &room->members[i];
    *ret = m->person;
    if (m->cursor_rev != room->durable_rev)
        ret->has_cursor = false; /* written against what nobody has been shown yet */
}

static bool check_pending(const struct room *room)
{
    size_t bytes = weft_text_size(room->text).bytes;
    size_t pending = 0;
    uint32_t sum = room->durable_sum;
    int err = 0;
    for (uint64_t rev = room->durable_rev + 1; err == 0 && rev <= room_head(room); rev++) {
        const struct history_entry *e = history_at(&room->history, rev);
        struct record r = history_record(&room->history, rev);
        struct op_sums sums = {0};
        err = r.prev_sum == sum ? op_sums(e->record + e->op_at, e->len - e->op_at, &sums)
                                : WEFT_ECORRUPT;
        sum = r.sum;
        bytes += sums.insert_bytes - sums.delete_cp; /* as room_bytes_after() has it */
        pending += e->len;
    }
    return err == 0 && sum == room->head_sum && bytes == room->head_bytes &&
           pending == room->pending_bytes;
}

static bool check_members(const struct room *room)
{
    size_t dirty = 0;
    for (size_t i = 0; i < room->n_members; i++) {
        const struct member *m = &room->members[i];
        dirty += m->cursor_dirty;
        if (room_member(room, m->conn) != m || m->cursor_rev < room->durable_rev ||
            m->cursor_rev > room_head(room))
            return false;
        uint32_t length = history_length_cp(&room->history, m->cursor_rev);
        if (m->person.position_cp > length || m->person.anchor_cp > length)
            return false;
    }
    return dirty == room->n_dirty;
}

static bool check_past(const struct room *room)
{
    if (room->past == NULL)
        return true;
    return room->past_rev >= room->log_base_rev && room->past_rev >= room->history.base_rev &&
           room->past_rev < room->durable_rev && weft_text_check(room->past) &&
           weft_text_size(room->past).cp == history_length_cp(&room->history, room->past_rev);
}

bool room_check(const struct room *room)
{
    for (size_t i = 1; i < room->n_waiting; i++)
        if (room->waiting[i].need_rev < room->waiting[i - 1].need_rev)
            return false;
    return room->history.base_rev <= room->durable_rev && check_past(room) &&
           room->log_base_rev <= room->trim_rev && room->trim_rev <= room->durable_rev &&
           room->stored_rev <= room->durable_rev && room->durable_rev <= room_head(room) &&
           history_check(&room->history) && weft_text_check(room->text) &&
           weft_text_size(room->text).cp == history_length_cp(&room->history, room->durable_rev) &&
           check_pending(room) && check_members(room) && sessions_check(&room->sessions);
}

bool room_check_now_and_then(struct room *room)
{
    enum { CHEAP = 256 };
    size_t size = room->history.n + room->sessions.n + weft_text_size(room->text).bytes / CHEAP;
    if (++room->unchecked_steps <= size / CHEAP)
        return true;
    room->unchecked_steps = 0;
    return room_check(room);
}
