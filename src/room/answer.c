/* Answers: texts, histories, repeated acks.
 *
 * What is asked for is what had been decided when it was asked for, so that one reads one's own
 * writes; and what is shown is on disk. So an answer waits until that revision is durable. What no
 * longer lies in memory is fetched from the log, and the answer comes when it has arrived. */
#include "base/assert.h"
#include "base/pure.h"
#include "room/state.h"

enum { RETRY_MS = 1000 };

static int wait_for(struct room *room, const struct waiting *w, struct room_effects *fx)
{
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    if (room->n_waiting >= WAITING_MAX) {
        struct fmt f = room_refuse(fx, w->conn, WEFT_ERATE, w->ack.seq, RETRY_MS);
        fmt_s(&f, "found ");
        fmt_u(&f, room->n_waiting);
        fmt_s(&f, " answers that wait for the disk, expected fewer; ask again later");
        return 0;
    }
    if (room->n_waiting == room->cap_waiting) {
        size_t cap = room->cap_waiting != 0 ? room->cap_waiting * 2 : 8;
        struct waiting *list = weft_resize(room->alloc, room->waiting,
                                           room->cap_waiting * sizeof *list, cap * sizeof *list);
        if (list == NULL)
            return WEFT_ENOMEM;
        room->waiting = list;
        room->cap_waiting = cap;
    }
    /* Heads only grow between failures, but a dup may wait for an older one: keep them sorted. */
    size_t at = room->n_waiting++;
    for (; at > 0 && room->waiting[at - 1].need_rev > w->need_rev; at--)
        room->waiting[at] = room->waiting[at - 1];
    room->waiting[at] = *w;
    return 0;
}

static int push_dup(uint64_t conn, const struct room_ack *ack, struct room_effects *fx)
{
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    effects_message(fx, ROOM_SEND, conn, MESSAGE_ACK)->message.ack = *ack;
    return 0;
}

int room_wait_dup(struct room *room, uint64_t conn, const struct room_ack *ack, uint64_t need_rev,
                  struct room_effects *fx)
{
    if (need_rev <= room->durable_rev)
        return push_dup(conn, ack, fx);
    struct waiting w = {.kind = WAITING_DUP, .conn = conn, .need_rev = need_rev, .ack = *ack};
    return wait_for(room, &w, fx);
}

/* --- reading from the log --- */

static int fetch(struct room *room, const struct fetching *want, struct room_effects *fx)
{
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    if (room->n_fetching >= FETCHING_MAX) {
        struct fmt f = room_refuse(fx, want->conn, WEFT_ERATE, 0, RETRY_MS);
        fmt_s(&f, "found ");
        fmt_u(&f, room->n_fetching);
        fmt_s(&f, " reads of the log under way in this room, expected fewer; ask again later");
        return 0;
    }
    if (room->n_fetching == room->cap_fetching) {
        size_t cap = room->cap_fetching != 0 ? room->cap_fetching * 2 : 4;
        struct fetching *list = weft_resize(room->alloc, room->fetching,
                                            room->cap_fetching * sizeof *list, cap * sizeof *list);
        if (list == NULL)
            return WEFT_ENOMEM;
        room->fetching = list;
        room->cap_fetching = cap;
    }
    struct fetching *f = &room->fetching[room->n_fetching++];
    *f = *want;
    f->ticket = ++room->next_ticket;
    effects_push(fx, ROOM_FETCH, want->conn)->fetch = (struct room_fetch){
        .ticket = f->ticket,
        .base = f->text,
        .rev = f->rev,
        .from = f->from,
        .to = f->to,
        .max_bytes = HISTORY_ANSWER_BYTES_MAX,
    };
    return 0;
}

/* --- texts --- */

/* The log does not reach back so far; and what may still be in memory is not shown either. */
static int refuse_gone(const struct room *room, uint64_t conn, bool text, uint64_t rev,
                       struct room_effects *fx)
{
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    struct fmt f = room_refuse(fx, conn, WEFT_EGONE, 0, 0);
    fmt_s(&f, text ? "rev: found " : "from: found ");
    fmt_u(&f, rev);
    fmt_s(&f, ", expected at least ");
    fmt_u(&f, room->log_base_rev + (text ? 0 : 1));
    fmt_s(&f, ", the oldest revision the log keeps");
    return 0;
}

static int push_text(uint64_t conn, uint64_t rev, const struct weft_text *text,
                     struct room_effects *fx)
{
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    struct room_effect *e = effects_message(fx, ROOM_SEND, conn, MESSAGE_TEXT);
    e->message.text = (struct room_text_answer){.rev = rev, .text = text};
    return 0;
}

static int answer_text(struct room *room, uint64_t conn, const struct room_query *q,
                       struct room_effects *fx)
{
    if (!q->has_rev || q->rev == room->durable_rev)
        return push_text(conn, room->durable_rev, room->text, fx);
    if (q->rev > room->durable_rev) /* it was there when asked for, and its commit failed */
        return push_text(conn, room->durable_rev, room->text, fx);
    if (q->rev < room->log_base_rev)
        return refuse_gone(room, conn, true, q->rev, fx);
    if (room_past_reaches(room, q->rev)) {
        struct weft_text *text = NULL;
        int err = room_past_text(room, q->rev, fx, &text);
        return err != 0 ? err : push_text(conn, q->rev, text, fx);
    }
    struct fetching want = {.conn = conn, .text = true, .rev = q->rev};
    return fetch(room, &want, fx);
}

/* --- histories --- */

/* One logged operation as an item; bytes live as long as the effects do. */
static int fill_item(const uint8_t *record, size_t len, struct room_effects *fx,
                     struct room_history_item *item)
{
    struct record r;
    struct weft_op *op = effects_op(fx);
    if (op == NULL)
        return WEFT_ENOMEM;
    int err = record_decode(record, len, &r);
    if (err == 0)
        err = weft_op_decode(record + r.op_at, len - r.op_at, op);
    if (err != 0)
        return err == WEFT_ENOMEM ? WEFT_ENOMEM : WEFT_ECORRUPT;
    *item =
        (struct room_history_item){.rev = r.rev, .user_id = r.user_id, .at_ms = r.at_ms, .op = op};
    item->name.len = r.name.len;
    item->name.at = arena_copy(&fx->arena, r.name.at, r.name.len);
    if (item->name.at == NULL)
        return WEFT_ENOMEM;
    if (r.meta_at == 0)
        return 0;
    struct room_meta *meta = effects_take(fx, sizeof *meta);
    if (meta == NULL)
        return WEFT_ENOMEM;
    item->meta = meta;
    return record_meta(record, len, &r, meta);
}

static int push_history(uint64_t conn, uint64_t from, const struct room_history_item *items,
                        size_t n, struct room_effects *fx)
{
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    struct room_effect *e = effects_message(fx, ROOM_SEND, conn, MESSAGE_HISTORY);
    e->message.history =
        (struct room_history_answer){.from = from, .to = from + n - 1, .items = items, .n = n};
    return 0;
}

static int history_from_memory(struct room *room, uint64_t conn, uint64_t from, uint64_t to,
                               struct room_effects *fx)
{
    size_t n = (size_t)(to - from + 1);
    struct room_history_item *items = effects_take(fx, n * sizeof *items);
    if (items == NULL)
        return WEFT_ENOMEM;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        const struct history_entry *e = history_at(&room->history, from + i);
        bytes += e->len;
        if (bytes > HISTORY_ANSWER_BYTES_MAX && i > 0) {
            n = i;
            break;
        }
        int err = fill_item(e->record, e->len, fx, &items[i]);
        if (err != 0)
            return err;
    }
    return push_history(conn, from, items, n, fx);
}

static int answer_history(struct room *room, uint64_t conn, const struct room_query *q,
                          struct room_effects *fx)
{
    uint64_t to = q->to == 0 || q->to > room->durable_rev ? room->durable_rev : q->to;
    if (q->from > to) /* an empty log, or what was asked for was lost with a failed commit */
        return push_history(conn, q->from, NULL, 0, fx);
    if (q->from <= room->log_base_rev)
        return refuse_gone(room, conn, false, q->from, fx);
    if (to - q->from >= HISTORY_ANSWER_REVS_MAX)
        to = q->from + HISTORY_ANSWER_REVS_MAX - 1;
    if (q->from > room->history.base_rev)
        return history_from_memory(room, conn, q->from, to, fx);
    struct fetching want = {.conn = conn, .from = q->from, .to = to};
    return fetch(room, &want, fx);
}

static bool refused_query(const struct room *room, uint64_t conn, bool text,
                          const struct room_query *q, struct room_effects *fx)
{
    uint64_t rev = text ? (q->has_rev ? q->rev : 0) : q->from;
    /* `from` may be one past the newest: the answer is empty, and a poller needs no special case. */
    uint64_t most = room_head(room) + (text ? 0 : 1);
    if (rev <= most)
        return false;
    struct fmt f = room_refuse(fx, conn, WEFT_EREV, 0, 0);
    fmt_s(&f, text ? "rev: found " : "from: found ");
    fmt_u(&f, rev);
    fmt_s(&f, ", expected at most ");
    fmt_u(&f, most);
    fmt_s(&f, text ? ", the newest revision" : ", one above the newest revision");
    return true;
}

static int answer(struct room *room, const struct waiting *w, struct room_effects *fx)
{
    switch (w->kind) {
    case WAITING_TEXT:
        return answer_text(room, w->conn, &w->query, fx);
    case WAITING_HISTORY:
        return answer_history(room, w->conn, &w->query, fx);
    case WAITING_DUP:
        return push_dup(w->conn, &w->ack, fx);
    }
    WEFT_NEVER("a kind of answer that is none");
    return 0;
}

int room_on_query(struct room *room, uint64_t conn, bool text, const struct room_query *q,
                  struct room_effects *fx)
{
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    if (refused_query(room, conn, text, q, fx))
        return 0;
    struct waiting w = {.kind = text ? WAITING_TEXT : WAITING_HISTORY,
                        .conn = conn,
                        .need_rev = room_head(room),
                        .query = *q};
    if (text && q->has_rev)
        w.need_rev = q->rev;
    if (!text && q->to != 0 && q->to < w.need_rev)
        w.need_rev = q->to;
    if (w.need_rev <= room->durable_rev)
        return answer(room, &w, fx);
    return wait_for(room, &w, fx);
}

int room_answer_waiting(struct room *room, struct room_effects *fx)
{
    size_t done = 0;
    int err = 0;
    while (done < room->n_waiting && room->waiting[done].need_rev <= room->durable_rev) {
        size_t mark = effects_mark(fx);
        err = answer(room, &room->waiting[done], fx);
        if (err != 0) {
            effects_back_to(fx, mark);
            break;
        }
        done++;
    }
    room->n_waiting -= done;
    if (done != 0) /* else there may be no array */
        memmove(room->waiting, room->waiting + done, room->n_waiting * sizeof *room->waiting);
    return err;
}

/* --- what was fetched --- */

/* Whether a record that was read stands where it says: behind the one with *sum where that is known, or
 * first. *sum is then its own. */
static bool continues(const struct room *room, const uint8_t *bytes, size_t len, uint64_t rev,
                      bool has_before, uint32_t *sum)
{
    struct record r;
    record_known(bytes, len, &r); /* checked by itself */
    uint32_t before = rev == 1 ? record_first_sum(&room->epoch) : *sum;
    bool anchored = rev == 1 || has_before;
    *sum = r.sum;
    return r.rev == rev && (!anchored || r.prev_sum == before);
}

static int show_fetched(struct room *room, const struct fetching *want,
                        const struct room_fetched *f, struct room_effects *fx)
{
    if (f->err != 0)
        return f->err;
    if (want->text) {
        struct weft_text *text = NULL;
        int err = room_past_rebuild(room, f, want->rev, fx, &text);
        return err != 0 ? err : push_text(want->conn, want->rev, text, fx);
    }
    struct room_history_item *items = effects_take(fx, (f->n_records + 1) * sizeof *items);
    if (items == NULL)
        return WEFT_ENOMEM;
    uint32_t sum = 0;
    for (size_t i = 0; i < f->n_records; i++) {
        size_t len;
        const uint8_t *bytes = f->record(f->record_ctx, i, &len);
        int err = fill_item(bytes, len, fx, &items[i]);
        if (err == 0 && !continues(room, bytes, len, want->from + i, i != 0, &sum))
            err = WEFT_ECORRUPT;
        if (err != 0)
            return err;
    }
    return push_history(want->conn, want->from, items, f->n_records, fx);
}

static void refuse_unread(const struct fetching *want, int err, struct room_effects *fx)
{
    struct fmt f = room_refuse(fx, want->conn, WEFT_EIO, 0, RETRY_MS);
    fmt_s(&f, "the log could not be read: ");
    fmt_s(&f, weft_error_text(err));
}

int room_on_fetched(struct room *room, const struct room_fetched *f, struct room_effects *fx)
{
    size_t at = 0;
    while (at < room->n_fetching && room->fetching[at].ticket != f->ticket)
        at++;
    WEFT_ASSERT(at < room->n_fetching);
    struct fetching want = room->fetching[at];
    int err = effects_reserve(fx, 1);
    if (err != 0)
        return err;
    size_t mark = effects_mark(fx);
    err = show_fetched(room, &want, f, fx);
    if (err != 0) {
        effects_back_to(fx, mark);
        if (err != WEFT_EGONE)
            refuse_unread(&want, err, fx);
        else if (refuse_gone(room, want.conn, want.text, want.text ? want.rev : want.from, fx) != 0)
            WEFT_NEVER("what was reserved is there");
    }
    room->n_fetching--;
    room->fetching[at] = room->fetching[room->n_fetching];
    return 0;
}
