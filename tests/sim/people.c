#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "room/record.h"
#include "sim/pool.h"

enum {
    SOME_CP = 64, /* looked at or typed at once */
    META_LETTERS = 24,
    UPS_SPARE = 8, /* of a connection's queue, for operations */
    CHECK_EVERY = 128,
};

/* --- who is who --- */

static uint64_t scatter(uint64_t v)
{
    return rng_next(&(struct rng){.state = v});
}

/* An id that says whose it is; its first eight bytes are as good as random. */
struct uuid sim_user(struct world *w, int client)
{
    struct uuid id;
    if (w->n_users == USERS_MAX)
        sim_fail("out of user ids: a shorter simulation is needed");
    uint64_t hash = scatter(w->play.seed * USERS_MAX + w->n_users);
    uint64_t number = w->n_users + 1;
    memcpy(id.bytes, &hash, sizeof hash);
    memcpy(id.bytes + sizeof hash, &number, sizeof number);
    w->user_client[w->n_users] = (uint8_t)client;
    w->disk.seqs[w->n_users] = 0;
    w->n_users++;
    return id;
}

size_t sim_user_number(const struct world *w, const struct uuid *id)
{
    uint64_t number;
    memcpy(&number, id->bytes + sizeof number, sizeof number);
    if (number == 0 || number > w->n_users)
        sim_fail("found a user id in the log that was never given out");
    return (size_t)number - 1;
}

/* --- typing --- */

/* Characters from a place in a text, as ids; fewer at its end. */
static size_t look(const struct world *w, const struct weft_text *text, size_t at, size_t n,
                   uint16_t *ret)
{
    char utf8[SOME_CP * 4];
    size_t len, used;
    size_t length_cp = weft_text_size(text).cp;
    if (n > length_cp - at)
        n = length_cp - at;
    sim_must(weft_text_copy(text, at, n, utf8, sizeof utf8, &len), "a slice");
    for (size_t i = 0, k = 0; i < len; i += used)
        ret[k++] = ledger_id(w, utf8_get(utf8 + i, &used));
    return n;
}

static unsigned some_width(struct world *w)
{
    unsigned at = (unsigned)rng_below(&w->rng, 100);
    unsigned width = 0;
    while (at >= w->swarm.width_weights[width])
        at -= w->swarm.width_weights[width++];
    return width;
}

/* Puts n new characters into op at gap `at` of the view, where it stands. */
static void insert_some(struct world *w, int i, struct weft_op *op, const struct weft_text *view,
                        size_t at, size_t n)
{
    char utf8[SOME_CP * 4];
    uint16_t beside[2];
    size_t len = 0;
    uint16_t left = NO_CHAR;
    uint16_t right = NO_CHAR;
    size_t start = at != 0 ? at - 1 : 0;
    size_t seen = look(w, view, start, at - start + 1, beside);
    if (at != 0)
        left = beside[0];
    if (start + seen > at)
        right = beside[at - start];
    for (; n > 0 && w->ledger.n < CHARS_MAX - 1; n--) {
        size_t more;
        uint16_t id = ledger_add(w, i, some_width(w), utf8 + len, &more);
        w->ledger.chars[id].left = left;
        w->ledger.chars[id].right = right;
        left = id;
        len += more;
    }
    sim_must(weft_op_insert(op, utf8, len), "an operation");
}

static size_t delete_some(struct world *w, int i, struct weft_op *op, const struct weft_text *view,
                          size_t at, size_t n)
{
    uint16_t ids[SOME_CP];
    n = look(w, view, at, n, ids);
    for (size_t k = 0; k < n; k++)
        w->ledger.chars[ids[k]].delete_by |= (uint8_t)(1u << i);
    sim_must(weft_op_delete(op, n), "an operation");
    return n;
}

static size_t some_length(struct world *w)
{
    if (w->swarm.burst > 1 && rng_chance(&w->rng, 6))
        return rng_between(&w->rng, 2, SOME_CP / 2);
    return rng_between(&w->rng, 1, 2);
}

static bool shall_delete(struct world *w, size_t length_cp)
{
    return rng_chance(&w->rng, length_cp > w->swarm.target_cp ? 70 : 35);
}

static void edit_here(struct world *w, int i, struct weft_op *op, const struct weft_text *view)
{
    struct person *p = &w->people[i];
    size_t length_cp = weft_text_size(view).cp;
    size_t n = some_length(w);
    if (p->caret_cp > length_cp || rng_chance(&w->rng, 15))
        p->caret_cp = rng_below(&w->rng, length_cp + 1);
    if (shall_delete(w, length_cp)) {
        size_t back = n < p->caret_cp ? n : p->caret_cp;
        p->caret_cp -= back;
        sim_must(weft_op_retain(op, p->caret_cp), "an operation");
        delete_some(w, i, op, view, p->caret_cp, back);
    } else {
        sim_must(weft_op_retain(op, p->caret_cp), "an operation");
        insert_some(w, i, op, view, p->caret_cp, n);
        p->caret_cp += n;
    }
}

/* Several places at once, as of a replace-all. */
static void edit_all_over(struct world *w, int i, struct weft_op *op, const struct weft_text *view)
{
    size_t length_cp = weft_text_size(view).cp;
    size_t at = 0;
    for (size_t parts = rng_between(&w->rng, 2, 5); parts > 0; parts--) {
        size_t skip = rng_below(&w->rng, (length_cp - at) / 2 + 1);
        sim_must(weft_op_retain(op, skip), "an operation");
        at += skip;
        bool deletes = shall_delete(w, length_cp);
        bool replaces = rng_chance(&w->rng, 30);
        if (!deletes || replaces)
            insert_some(w, i, op, view, at, some_length(w));
        if (deletes)
            at += delete_some(w, i, op, view, at, some_length(w));
    }
}

void person_type(struct world *w, int i)
{
    struct person *p = &w->people[i];
    struct uuid epoch;
    if (p->reads_only || !client_epoch(p->client, &epoch))
        return;
    if (p->link == NULL && rng_chance(&w->rng, 70)) /* many look at the broken line first */
        return;
    size_t edits = rng_chance(&w->rng, 30) ? rng_between(&w->rng, 1, w->swarm.burst) : 1;
    for (size_t n = edits; n > 0; n--) {
        const struct weft_text *view = client_text(p->client);
        struct weft_op op;
        weft_op_init(&op, pool());
        if (w->swarm.burst > 1 && rng_chance(&w->rng, 10))
            edit_all_over(w, i, &op, view);
        else
            edit_here(w, i, &op, view);
        sim_must(client_edit(p->client, &op), "typing");
        sim_say_op(w, "types", i, &op);
        sim_say_text(w, i);
        w->tally.edits++;
        if (w->record != NULL) {
            person_speak(w, i);
            note_op(w, i, &op);
        }
        weft_op_done(&op);
    }
    person_speak(w, i);
}

void person_meta(struct world *w, int i)
{
    struct person *p = &w->people[i];
    struct room_meta entries = {.n = rng_between(&w->rng, 1, 6)};
    /* A run that is recorded has none refused: clients may try that again in other ways. */
    size_t letters = w->record != NULL ? META_KEYS_MAX : META_LETTERS;
    size_t key = rng_below(&w->rng, letters);
    struct uuid epoch;
    if (p->reads_only || !client_epoch(p->client, &epoch))
        return;
    for (size_t k = 0; k < entries.n; k++) {
        struct room_meta_entry *e = &entries.entries[k];
        e->key_len = 1;
        e->key[0] = (char)('a' + (key + k) % letters);
        e->removed = rng_chance(&w->rng, 35);
        e->value_len = e->removed ? 0 : 1;
        e->value[0] = (char)('0' + rng_below(&w->rng, 10));
    }
    if (meta_merge(&p->waiting, &entries, true) != 0)
        return;
    client_set(p->client);
    person_speak(w, i);
    note_meta(w, i, &entries);
}

/* --- what its client sends --- */

static void send_copy(struct world *w, struct person *p, const struct weft_op *op, uint64_t rev,
                      uint64_t seq)
{
    struct up *up = net_send(p->link, op != NULL ? ROOM_OPERATION : ROOM_META);
    if (up == NULL)
        return;
    up->rev = rev;
    up->seq = seq;
    if (op != NULL) {
        sim_must(weft_op_copy(&up->op, op), "a message");
    } else {
        up->meta = weft_resize(pool(), NULL, 0, sizeof *up->meta);
        *up->meta = p->flying;
    }
    p->sent_seq = seq;
    (void)w;
}

void person_speak(struct world *w, int i)
{
    struct person *p = &w->people[i];
    const struct weft_op *op;
    uint64_t rev, seq;
    if (p->link == NULL)
        return;
    bool flew = client_flying(p->client) != CLIENT_NOTHING;
    if (!client_next(p->client, &op, &rev, &seq))
        return;
    if (op == NULL && !flew) {
        p->flying = p->waiting;
        p->waiting.n = 0;
    }
    w->tally.resent += flew;
    if (op != NULL)
        sim_say_op(w, "sends", i, op);
    send_copy(w, p, op, rev, seq);
    /* A client that is not sure. (Entries may be refused, and must not come a second time then.) */
    if (op != NULL && rng_chance(&w->rng, w->swarm.twice_percent))
        send_copy(w, p, op, rev, seq);
    note_sent(w, op, op == NULL ? &p->flying : NULL, rev, seq);
    client_sent(p->client);
}

void person_resend(struct world *w, int i)
{
    struct person *p = &w->people[i];
    if (p->link == NULL || p->link->n_ups + UPS_SPARE > UPS_MAX || p->sent_seq == 0 ||
        client_flying(p->client) != CLIENT_OP)
        return;
    send_copy(w, p, client_flight(p->client), client_rev(p->client), p->sent_seq);
    w->tally.resent++;
}

void person_retry(struct world *w, int i)
{
    struct person *p = &w->people[i];
    if (!p->waits)
        return;
    p->waits = false;
    client_retry(p->client);
    person_speak(w, i);
    note_event(w, i, "retry", NULL, 0);
}

static struct up *ask_up(struct person *p, enum room_event_kind kind)
{
    if (p->link == NULL || p->link->n_ups + UPS_SPARE > UPS_MAX || p->link->welcomed == false)
        return NULL;
    return net_send(p->link, kind);
}

void person_caret(struct world *w, int i)
{
    struct person *p = &w->people[i];
    struct up *up = ask_up(p, ROOM_CURSOR);
    if (up == NULL)
        return;
    size_t length_cp = weft_text_size(client_server_text(p->client)).cp;
    /* Without a revision it is meant for the newest one, where it may lie outside. */
    up->cursor = (struct room_cursor_move){.has_rev = rng_chance(&w->rng, 60),
                                           .rev = client_rev(p->client),
                                           .position_cp = rng_below(&w->rng, length_cp + 1),
                                           .anchor_cp = rng_below(&w->rng, length_cp + 1),
                                           .has_anchor = rng_chance(&w->rng, 50)};
}

void person_user(struct world *w, int i)
{
    struct up *up = ask_up(&w->people[i], ROOM_USER);
    if (up != NULL)
        up->seq = rng_below(&w->rng, 4);
}

void person_ask(struct world *w, int i)
{
    struct person *p = &w->people[i];
    bool text = rng_chance(&w->rng, 50);
    struct up *up =
        w->n_fetches < FETCHES_MAX / 2 ? ask_up(p, text ? ROOM_TEXT : ROOM_HISTORY) : NULL;
    if (up == NULL)
        return;
    uint64_t rev = rng_below(&w->rng, (size_t)client_rev(p->client) + 1);
    if (rng_chance(&w->rng, 70)) /* the text there is known */
        rev -= rev % HASH_EVERY;
    up->query =
        (struct room_query){.has_rev = rng_chance(&w->rng, 60), .rev = rev, .from = rev + 1};
    up->query.to = rng_chance(&w->rng, 50) ? 0 : up->query.from + rng_below(&w->rng, 9);
    p->link->n_asked++;
}

/* --- its connection --- */

void person_connect(struct world *w, int i)
{
    struct person *p = &w->people[i];
    struct room_join join = {.mode = p->reads_only ? ROOM_READ : ROOM_WRITE};
    if (p->link != NULL)
        return;
    join.resumes = client_user(p->client, &join.user_id);
    if (join.resumes && rng_chance(&w->rng, w->swarm.stranger_percent)) {
        join.bad_session = rng_chance(&w->rng, 25);
        join.resumes = !join.bad_session;
        p->without_rev = true;
    }
    if (!join.resumes)
        join.user_id = sim_user(w, i);
    join.spare_id = sim_user(w, i);
    join.has_rev = client_epoch(p->client, &join.epoch) && !p->without_rev;
    join.rev = client_rev(p->client);
    p->link = net_connect(w, i, &join);
    if (p->link == NULL)
        return;
    p->without_rev = false;
    p->sent_seq = 0;
    w->tally.reconnects += join.resumes;
}

void person_cut(struct world *w, int i)
{
    struct person *p = &w->people[i];
    if (p->link == NULL)
        return;
    net_hang_up(w, p->link);
    p->link = NULL;
    p->waits = false;
    client_on_cut(p->client);
    w->tally.cuts++;
    note_event(w, i, "cut", NULL, 0);
}

/* --- what it is told --- */

static void take_meta(struct person *p, const struct frame_parts *f)
{
    struct room_meta changes;
    if (f->head.meta_bytes == 0)
        return;
    struct cur c = cur_of(f->meta, f->head.meta_bytes);
    meta_decode(&c, &changes);
    if (c.bad || meta_merge(&p->meta, &changes, false) != 0)
        sim_fail("found more entries than a room may have");
}

static void take_welcome(struct world *w, int i, const struct frame_parts *f)
{
    struct person *p = &w->people[i];
    struct client_peer users[LINKS_MAX];
    struct client_welcome m = {.epoch = f->head.epoch,
                               .user_id = f->head.user_id,
                               .rev = f->head.rev,
                               .seq = f->head.seq,
                               .text = f->head.has_text ? (const char *)f->text : NULL,
                               .text_bytes = f->head.text_bytes,
                               .users = users,
                               .n_users = f->head.n_users};
    struct uuid user;
    bool again = client_user(p->client, &user);
    if (f->head.n_users != 0)
        memcpy(users, f->users, f->head.n_users * sizeof *users);
    /* What was in flight under a session that is lost may be in the log, or not: it is sent anew. */
    if (again && !uuid_equal(&user, &f->head.user_id))
        ledger_excuse(w, client_flight(p->client));
    struct uuid epoch;
    bool folds =
        client_flying(p->client) == CLIENT_META && f->head.has_text &&
        !(client_epoch(p->client, &epoch) && uuid_equal(&epoch, &f->head.epoch) &&
          uuid_equal(&user, &f->head.user_id) && f->head.seq >= client_flight_seq(p->client));
    if (again && f->head.has_text)
        ledger_excuse_pending(w, p->client);
    p->link->welcomed = true;
    int err = client_on_welcome(p->client, &m);
    if (err != 0)
        sim_fail("client %d was given a welcome that does not fit: %s", i, weft_error_text(err));
    w->tally.diffs += again && f->head.has_text;
    if (folds && client_flying(p->client) == CLIENT_NOTHING) { /* to be set again */
        struct room_meta both = p->flying;
        if (meta_merge(&both, &p->waiting, true) != 0)
            both = p->waiting;
        p->waiting = both;
    }
    /* A resume's entries are at its newest revision; what led there follows anyway. */
    if (f->head.has_text) {
        p->meta.n = 0;
        take_meta(p, f);
    }
}

static void take_ack(struct world *w, int i, const struct frame_parts *f)
{
    struct person *p = &w->people[i];
    bool flew = client_flying(p->client) == CLIENT_META;
    /* It could not be stored, was refused when it came again, and then a crash showed the commit that
     * had failed (docs/storage.md). Its author takes the text. */
    if (!f->head.dup && f->head.seq == p->refused_seq && w->tally.refused_shown != 0) {
        p->without_rev = p->leaves = true;
        return;
    }
    if (!f->head.dup && f->head.rev != client_rev(p->client) + 1)
        sim_fail("client %d at revision %llu is acknowledged revision %llu: out of order", i,
                 (unsigned long long)client_rev(p->client), (unsigned long long)f->head.rev);
    int err = client_on_ack(p->client, f->head.rev, f->head.seq, f->head.dup);
    if (err != 0)
        sim_fail("client %d at revision %llu was acknowledged seq %llu as revision %llu%s: %s", i,
                 (unsigned long long)client_rev(p->client), (unsigned long long)f->head.seq,
                 (unsigned long long)f->head.rev, f->head.dup ? ", a repeat" : "",
                 weft_error_text(err));
    if (flew && client_flying(p->client) == CLIENT_NOTHING &&
        meta_merge(&p->meta, &p->flying, false) != 0)
        sim_fail("the entries that were acknowledged to client %d do not fit", i);
}

static void take_edit(struct world *w, int i, const struct frame_parts *f)
{
    struct person *p = &w->people[i];
    struct weft_op op;
    weft_op_init(&op, pool());
    uint64_t from = f->head.type == MESSAGE_EDIT ? f->head.from : f->head.rev - 1;
    if (f->head.plain_op)
        memcpy(&op, f->op, sizeof op);
    else if (f->head.op_bytes != 0)
        sim_must(weft_op_decode(f->op, f->head.op_bytes, &op), "a frame's operation");
    sim_say_op(w, "is told of", i, &op);
    int err = client_on_edit(p->client, from, f->head.rev,
                             f->head.composed ? NULL : &f->head.user_id, &op);
    if (err != 0)
        sim_fail("client %d at revision %llu was sent revisions %llu to %llu: %s", i,
                 (unsigned long long)client_rev(p->client), (unsigned long long)from + 1,
                 (unsigned long long)f->head.rev, weft_error_text(err));
    weft_op_done(&op);
    take_meta(p, f);
}

static void expect_error(struct world *w, int i, const struct frame *f)
{
    bool own = f->seq != 0;
    bool small_doc = w->swarm.room.document_bytes_max < 1 << 20;
    /* A log that was trimmed may have been put back since it was asked about. */
    bool trims = w->swarm.room.history_revs_max != 0 || w->tally.log_trimmed != 0 || w->swarm.spare;
    if (f->err == WEFT_EIO || (f->err == WEFT_EGONE && trims) ||
        (f->err == WEFT_EFULL && small_doc) || (f->err == WEFT_ELIMIT && own) ||
        (f->err == WEFT_ERANGE && !own))
        return;
    sim_fail("client %d was refused seq %llu with %s", i, (unsigned long long)f->seq,
             weft_error_wire(f->err));
}

static void take_answer(struct world *w, int i)
{
    if (w->people[i].link->n_asked-- == 0)
        sim_fail("client %d is answered what it has not asked", i);
}

static void take_error(struct world *w, int i, const struct frame_parts *f)
{
    struct person *p = &w->people[i];
    enum client_answer answer;
    struct weft_op flight;
    expect_error(w, i, &f->head);
    if (f->head.of_log)
        take_answer(w, i);
    weft_op_init(&flight, pool());
    sim_must(weft_op_copy(&flight, client_flight(p->client)), "a copy");
    sim_must(client_on_error(p->client, f->head.err, f->head.seq, &answer), "an error");
    w->tally.gone += f->head.err == WEFT_EGONE;
    w->tally.doc_full += f->head.err == WEFT_EFULL;
    w->tally.unavailable += answer == CLIENT_LATER;
    if (answer == CLIENT_LATER)
        p->waits = true;
    if (answer == CLIENT_REFUSED) {
        p->refused_seq = f->head.seq;
        ledger_refuse(w, &flight);
        ledger_excuse_deletes(w, &flight, client_server_text(p->client));
    }
    weft_op_done(&flight);
    if (answer == CLIENT_RECONNECT)
        p->without_rev = p->leaves = true;
}

static void take_cursor(struct world *w, int i, const struct frame *f)
{
    struct client_peer peer = {
        .user_id = f->user_id, .position_cp = f->position_cp, .anchor_cp = f->anchor_cp};
    int err = client_on_cursor(w->people[i].client, f->rev, &peer);
    if (err != 0)
        sim_fail("client %d at revision %llu was told of a caret at %zu of revision %llu: %s", i,
                 (unsigned long long)client_rev(w->people[i].client), peer.position_cp,
                 (unsigned long long)f->rev, weft_error_text(err));
}

static void take_person(struct world *w, int i, const struct frame *f)
{
    struct client *c = w->people[i].client;
    struct uuid me;
    if (!client_user(c, &me) || uuid_equal(&me, &f->user_id))
        sim_fail("client %d is told about itself", i);
    if (f->type == MESSAGE_USER && peers_find(client_peers(c), &f->user_id) == NULL)
        sim_fail("client %d has news of somebody who is not there", i);
    if (f->type == MESSAGE_LEAVE)
        client_on_leave(c, &f->user_id);
    else
        sim_must(client_on_join(c, &f->user_id), "a join");
}

static void take_frame(struct world *w, int i, const struct frame_parts *f)
{
    switch (f->head.type) {
    case MESSAGE_WELCOME:
        take_welcome(w, i, f);
        break;
    case MESSAGE_ACK:
        take_ack(w, i, f);
        break;
    case MESSAGE_EDIT:
    case MESSAGE_META:
        take_edit(w, i, f);
        break;
    case MESSAGE_CURSOR:
        take_cursor(w, i, &f->head);
        break;
    case MESSAGE_JOIN:
    case MESSAGE_USER:
    case MESSAGE_LEAVE:
        take_person(w, i, &f->head);
        break;
    case MESSAGE_ERROR:
        take_error(w, i, f);
        break;
    default: /* a text or a history, looked at where it is given */
        take_answer(w, i);
        break;
    }
}

/* The epoch by which clients know this life of the log. */
static struct uuid shown_epoch(const struct world *w)
{
    struct uuid shown = w->disk.epoch;
    for (size_t i = 0; i < sizeof shown.bytes; i++)
        shown.bytes[i] ^= w->swarm.room.generation.bytes[i];
    return shown;
}

static void check_client(struct world *w, int i)
{
    const struct client *c = w->people[i].client;
    struct uuid epoch, shown = shown_epoch(w);
    uint64_t rev = client_rev(c);
    if (client_epoch(c, &epoch) && uuid_equal(&epoch, &shown) &&
        (rev > disk_head(&w->disk) || rev % HASH_EVERY == 0))
        disk_check_text(w, rev, client_server_text(c), "a client's text");
    if (w->tally.deliveries % CHECK_EVERY == 0 && !client_check(c))
        sim_fail("the texts of client %d do not fit each other", i);
}

bool person_take(struct world *w, int i)
{
    struct person *p = &w->people[i];
    struct frame_parts f;
    if (p->link == NULL)
        return false;
    if (!frame_next(p->link, &f)) {
        if (p->link->closed) /* and nothing more comes */
            person_cut(w, i);
        return false;
    }
    if (sim_listens(w))
        sim_say(w, "    client %d takes message %d: revision %llu, seq %llu%s", i, f.head.type,
                (unsigned long long)f.head.rev, (unsigned long long)f.head.seq,
                f.head.has_text   ? ", a text"
                : f.head.err != 0 ? ", an error"
                                  : "");
    if (!p->link->welcomed && f.head.type != MESSAGE_WELCOME && f.head.type != MESSAGE_ERROR)
        sim_fail("client %d is sent message %d before its welcome", i, f.head.type);
    w->tally.deliveries++;
    take_frame(w, i, &f);
    sim_say_text(w, i);
    check_client(w, i);
    p->link->down_at += f.head.len;
    if (p->link->down_at == p->link->down.len)
        p->link->down.len = p->link->down_at = 0;
    if (!p->leaves)
        person_speak(w, i);
    note_event(w, i, "message", f.json, f.head.json_bytes);
    if (p->leaves) {
        p->leaves = false;
        person_cut(w, i);
    }
    return true;
}
