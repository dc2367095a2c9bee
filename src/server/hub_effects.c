/* Carrying out what a room asked for, in its order. Nothing here calls the room back: what fails is
 * marked and told to it at the end of the turn (hub_settle). */
#include "server/hub_state.h"

#include "base/assert.h"

static struct store_write write_of(const struct entry *e, const struct room_effect *fx,
                                   enum store_write_kind kind)
{
    return (struct store_write){.kind = kind,
                                .name = e->name,
                                .name_len = e->name_len,
                                .epoch = e->epoch,
                                .rev = fx->rev,
                                .bytes = (const uint8_t *)fx->bytes.at,
                                .len = fx->bytes.len};
}

void entry_fail(struct hub *h, struct entry *e)
{
    /* Records behind the lost one must not reach the disk. Those in the commit under way are
     * before it: their result comes first, then ROOM_COMMIT_FAILED forgets the rest. */
    store_batch_drop(h->gathering, e->id);
    e->failing = true;
    entry_touch(h, e);
}

/* What a room asks for is either stored or has failed: it waits to be told which. */
static void gather(struct hub *h, struct entry *e, const struct store_write *write)
{
    int err = store_batch_add(h->gathering, write, e->id);
    if (err == 0)
        return;
    store_health(h, true, err, "no memory for a batch", 0);
    entry_fail(h, e);
}

static void persist(struct hub *h, struct entry *e, const struct room_effect *fx)
{
    struct store_write write = write_of(e, fx, STORE_RECORD);
    if (e->failing) /* it will be told that everything since is lost */
        return;
    gather(h, e, &write);
}

static void snapshot(struct hub *h, struct entry *e, const struct room_effect *fx)
{
    struct store_write write = write_of(e, fx, STORE_SNAPSHOT);
    write.instead = fx->instead;
    if (e->failing)
        return;
    gather(h, e, &write);
}

static void trim_log(struct hub *h, struct entry *e, const struct room_effect *fx)
{
    struct store_write write = write_of(e, fx, STORE_TRIM);
    write.bytes = NULL;
    write.len = 0;
    if (e->failing)
        return;
    gather(h, e, &write);
}

static void send_one(struct hub *h, struct entry *e, const struct room_effect *fx)
{
    struct party *to = numbers_get(&h->numbers, fx->conn);
    if (to == NULL) /* gone meanwhile */
        return;
    if (to->kind == PARTY_REQUEST) {
        request_message(h, (struct request *)(void *)to, &fx->message);
        return;
    }
    struct conn *c = (struct conn *)(void *)to;
    WEFT_ASSERT(c->entry == e);
    enum room_message_type type = fx->message.type;
    if ((type == MESSAGE_TEXT || type == MESSAGE_HISTORY) && memory_is_short(h))
        conn_put_off(h, c);
    else if (type == MESSAGE_WELCOME)
        conn_welcome(h, c, &fx->message);
    else
        conn_send(h, c, &fx->message, fx->rev);
}

static void broadcast(struct hub *h, struct entry *e, const struct room_effect *fx)
{
    const uint8_t *frame = NULL;
    size_t len = 0;
    if (fx->presence_seq > e->presence_seq)
        e->presence_seq = fx->presence_seq;
    if (e->n_joined == 0)
        return;
    /* Here and not when the last reader has pulled: what it pulled points into the log. */
    if (e->n_at_end == e->n_joined)
        outlog_trim(&e->outlog, e->outlog.next_seq);
    if (hub_encode(h, &fx->message, &frame, &len) != 0 ||
        outlog_append(&e->outlog, frame, len, fx->conn, fx->rev, fx->presence_seq) != 0) {
        e->doomed = true; /* a gap in what they are sent: they come back and catch up */
        return;
    }
    e->n_at_end = 0;
    if (fx->rev != 0)
        e->fan_out = true;
    else
        e->fan_out_late = true;
}

static void close_one(struct hub *h, const struct room_effect *fx)
{
    struct party *whom = numbers_get(&h->numbers, fx->conn);
    if (whom != NULL && whom->kind == PARTY_CONN)
        conn_close((struct conn *)(void *)whom, fx->close.code, fx->close.reason);
}

static void carry_out(struct hub *h, struct entry *e, const struct room_effect *fx)
{
    switch (fx->kind) {
    case ROOM_PERSIST:
        persist(h, e, fx);
        break;
    case ROOM_SNAPSHOT:
        snapshot(h, e, fx);
        break;
    case ROOM_TRIM:
        trim_log(h, e, fx);
        break;
    case ROOM_SEND:
        send_one(h, e, fx);
        break;
    case ROOM_BROADCAST:
        broadcast(h, e, fx);
        break;
    case ROOM_CLOSE:
        close_one(h, fx);
        break;
    case ROOM_FETCH:
        store_fetch(h, e, &fx->fetch);
        break;
    }
}

int hub_step(struct hub *h, struct entry *e, const struct room_event *event)
{
    WEFT_ASSERT(!h->stepping);
    WEFT_ASSERT(e->state == ENTRY_OPEN);
    h->stepping = true;
    int err = room_step(e->room, hub_now(h), event, h->fx);
    if (err == 0 && event->kind == ROOM_BEHIND)
        conn_skip(h, e, event->conn);
    /* A room that is to be dropped says no more: after a gap nothing may follow. */
    for (size_t i = 0; i < room_effects_count(h->fx) && !e->doomed; i++)
        carry_out(h, e, room_effects_at(h->fx, i));
    room_effects_clear(h->fx);
    h->stepping = false;
    entry_touch(h, e);
    return err;
}
