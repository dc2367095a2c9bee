#include "client/client.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/pure.h"

/* Of what is in flight. */
enum phase {
    RESEND,  /* goes out at the next chance */
    SENT,    /* waits for its answer */
    WAITING, /* put off by the server until client_retry() */
    LOGGED,  /* in the log: its ack is among what this client is being caught up with */
};

struct client {
    const struct weft_alloc *alloc;
    struct weft_text *server;  /* at rev */
    struct weft_text *visible; /* with flight and buffer */
    struct weft_op flight;     /* against rev; the identity unless flying == CLIENT_OP */
    struct weft_op buffer;     /* behind flight */
    enum client_flying flying;
    enum phase phase;
    bool resynced;  /* has been told once that it is out of step with what is in flight */
    bool sets_meta; /* entries wait to be in flight */
    bool has_epoch; /* and with it a user */
    bool connected;
    struct uuid epoch;
    struct uuid user_id;
    uint64_t rev;
    uint64_t goal;       /* the log's newest at the welcome: below it this client catches up */
    uint64_t seq;        /* the last one that was given */
    uint64_t flight_seq; /* of what is in flight */
    struct peers peers;  /* carets at rev or, while catching up, at goal */
};

int client_new(const struct weft_alloc *alloc, struct client **ret)
{
    struct client *c = weft_resize(alloc, NULL, 0, sizeof *c);
    if (c == NULL)
        return WEFT_ENOMEM;
    memset(c, 0, sizeof *c);
    c->alloc = alloc;
    weft_op_init(&c->flight, alloc);
    weft_op_init(&c->buffer, alloc);
    peers_init(&c->peers, alloc);
    int err = weft_text_new(alloc, &c->server);
    if (err == 0)
        err = weft_text_new(alloc, &c->visible);
    if (err != 0) {
        client_free(c);
        return err;
    }
    *ret = c;
    return 0;
}

void client_free(struct client *c)
{
    if (c == NULL)
        return;
    weft_op_done(&c->flight);
    weft_op_done(&c->buffer);
    peers_done(&c->peers);
    weft_text_free(c->server);
    weft_text_free(c->visible);
    weft_release(c->alloc, c, sizeof *c);
}

static void op_swap(struct weft_op *a, struct weft_op *b)
{
    struct weft_op t = *a;
    *a = *b;
    *b = t;
}

int client_edit(struct client *c, const struct weft_op *op)
{
    if (weft_op_span(op) > weft_text_size(c->visible).cp)
        return WEFT_ERANGE;
    struct weft_op both;
    weft_op_init(&both, c->alloc);
    int err = weft_op_compose(&c->buffer, op, &both);
    if (err == 0)
        err = weft_op_apply(op, c->visible);
    if (err == 0)
        op_swap(&c->buffer, &both);
    weft_op_done(&both);
    return err;
}

void client_set(struct client *c)
{
    c->sets_meta = true;
}

enum client_flying client_flying(const struct client *c)
{
    return c->flying;
}

const struct weft_op *client_flight(const struct client *c)
{
    return &c->flight;
}

uint64_t client_flight_seq(const struct client *c)
{
    WEFT_ASSERT(c->flying != CLIENT_NOTHING);
    return c->flight_seq;
}

static bool is_caught_up(const struct client *c)
{
    return c->connected && c->rev >= c->goal;
}

/* The next thing takes off, if there is one. */
static bool load(struct client *c)
{
    if (!c->sets_meta && weft_op_is_identity(&c->buffer))
        return false;
    if (c->sets_meta) {
        c->sets_meta = false;
        c->flying = CLIENT_META;
    } else {
        op_swap(&c->flight, &c->buffer);
        weft_op_clear(&c->buffer);
        c->flying = CLIENT_OP;
    }
    c->phase = RESEND;
    c->resynced = false;
    c->flight_seq = ++c->seq;
    return true;
}

bool client_next(struct client *c, const struct weft_op **ret_op, uint64_t *ret_rev,
                 uint64_t *ret_seq)
{
    if (!is_caught_up(c) || (c->flying == CLIENT_NOTHING && !load(c)) || c->phase != RESEND)
        return false;
    *ret_op = c->flying == CLIENT_OP ? &c->flight : NULL;
    *ret_rev = c->rev;
    *ret_seq = c->flight_seq;
    return true;
}

void client_sent(struct client *c)
{
    WEFT_ASSERT(c->flying != CLIENT_NOTHING);
    c->phase = SENT;
}

void client_retry(struct client *c)
{
    if (c->flying != CLIENT_NOTHING && c->phase == WAITING)
        c->phase = RESEND;
}

/* After this weft_op_apply() cannot fail. */
static int make_room(struct weft_text *text, const struct weft_op *op)
{
    size_t n, bytes;
    size_t inserts = 0;
    const struct weft_part *parts = weft_op_parts(op, &n);
    (void)weft_op_text(op, &bytes);
    for (size_t i = 0; i < n; i++)
        inserts += parts[i].kind == WEFT_INSERT;
    if ((int64_t)weft_text_size(text).cp + weft_op_delta(op) > CP_MAX)
        return WEFT_ELIMIT;
    return inserts != 0 ? weft_text_reserve(text, inserts, bytes) : 0;
}

/* Both texts move on. `seen` is op as the visible one sees it. */
static int apply_both(struct client *c, const struct weft_op *op, const struct weft_op *seen)
{
    if (weft_op_span(op) > weft_text_size(c->server).cp)
        return WEFT_ERANGE;
    int err = make_room(c->visible, seen);
    if (err == 0)
        err = weft_op_apply(op, c->server);
    if (err != 0)
        return err;
    err = weft_op_apply(seen, c->visible);
    WEFT_ASSERT(err == 0);
    return 0;
}

/* What others did, from c->rev on: the server text and, transformed, the visible one move over it;
 * what is pending moves too. All results are made before anything changes. */
static int absorb(struct client *c, const struct weft_op *op)
{
    if (weft_op_is_identity(&c->flight) && weft_op_is_identity(&c->buffer))
        return apply_both(c, op, op);
    struct weft_op pending[2], seen; /* flight and buffer; op as the visible text sees it */
    weft_op_init(&pending[0], c->alloc);
    weft_op_init(&pending[1], c->alloc);
    weft_op_init(&seen, c->alloc);
    int err = weft_op_copy(&pending[0], &c->flight);
    if (err == 0)
        err = weft_op_copy(&pending[1], &c->buffer);
    if (err == 0)
        err = weft_op_copy(&seen, op);
    if (err == 0)
        err = weft_op_transform_lists(pending, 2, &seen, 1);
    if (err == 0)
        err = apply_both(c, op, &seen);
    if (err == 0) {
        op_swap(&c->flight, &pending[0]);
        op_swap(&c->buffer, &pending[1]);
    }
    weft_op_done(&pending[0]);
    weft_op_done(&pending[1]);
    weft_op_done(&seen);
    return err;
}

/* Its ack had to be among what it was caught up with. */
static int missing_ack(const struct client *c)
{
    return c->flying != CLIENT_NOTHING && c->phase == LOGGED && is_caught_up(c) ? WEFT_EREV : 0;
}

/* Carets of a welcome are at its revision already. */
static void move_peers(struct client *c, const struct weft_op *op, const struct uuid *author)
{
    if (c->rev >= c->goal)
        peers_move(&c->peers, op, author);
}

int client_on_edit(struct client *c, uint64_t from, uint64_t rev, const struct uuid *author,
                   const struct weft_op *op)
{
    if (!c->connected || from != c->rev || rev <= from)
        return WEFT_EREV;
    int err = absorb(c, op);
    if (err != 0)
        return err;
    move_peers(c, op, author);
    c->rev = rev;
    return missing_ack(c);
}

/* What is in flight is in the log, right behind c->rev. */
static int land(struct client *c)
{
    int err = weft_op_apply(&c->flight, c->server);
    if (err != 0)
        return err;
    move_peers(c, &c->flight, NULL);
    weft_op_clear(&c->flight);
    c->flying = CLIENT_NOTHING;
    return 0;
}

int client_on_ack(struct client *c, uint64_t rev, uint64_t seq, bool dup)
{
    if (!c->connected)
        return WEFT_EREV;
    if (c->flying == CLIENT_NOTHING || seq != c->flight_seq)
        return dup || rev <= c->rev ? 0 : WEFT_EREV;
    if (rev != c->rev + 1)
        return WEFT_EREV;
    int err = land(c);
    if (err != 0)
        return err;
    c->rev = rev;
    return missing_ack(c);
}

/* What is in flight goes back in front of the buffer. Only where it is certain that its seq is not,
 * and will not be, in the log. */
static int fold_back(struct client *c)
{
    struct weft_op both;
    weft_op_init(&both, c->alloc);
    int err = weft_op_compose(&c->flight, &c->buffer, &both);
    if (err == 0) {
        op_swap(&c->buffer, &both);
        c->sets_meta = c->sets_meta || c->flying == CLIENT_META;
        weft_op_clear(&c->flight);
        c->flying = CLIENT_NOTHING;
    }
    weft_op_done(&both);
    return err;
}

/* Undoes what is in flight, leaving what was typed after it. */
static int refuse(struct client *c)
{
    struct weft_op undo, buffer;
    weft_op_init(&undo, c->alloc);
    weft_op_init(&buffer, c->alloc);
    int err = weft_op_invert(&c->flight, c->server, &undo);
    if (err == 0)
        err = weft_op_copy(&buffer, &c->buffer);
    if (err == 0)
        err = weft_op_transform_pair(&buffer, &undo);
    if (err == 0)
        err = weft_op_apply(&undo, c->visible);
    if (err == 0) {
        op_swap(&c->buffer, &buffer);
        weft_op_clear(&c->flight);
        c->flying = CLIENT_NOTHING;
    }
    weft_op_done(&undo);
    weft_op_done(&buffer);
    return err;
}

static bool is_for_later(int code)
{
    return code == WEFT_EIO || code == WEFT_ENOMEM || code == WEFT_ECORRUPT || code == WEFT_ERATE;
}

int client_on_error(struct client *c, int code, uint64_t seq, enum client_answer *ret)
{
    bool flying = c->flying != CLIENT_NOTHING;
    bool own = flying && seq == c->flight_seq;
    /* For lack of time or storage it may come without a seq. Sending again what did arrive is
     * harmless: it is answered as a repeat. */
    bool unclear = flying && seq == 0 && c->phase == SENT;
    int err = 0;
    *ret = CLIENT_GO_ON;
    if (is_for_later(code) && (own || unclear)) {
        c->phase = WAITING;
        *ret = CLIENT_LATER;
    } else if (own && (code == WEFT_EGONE || code == WEFT_EREV) && !c->resynced) {
        c->resynced = true;
        *ret = CLIENT_RECONNECT;
    } else if (own) {
        err = refuse(c);
        *ret = CLIENT_REFUSED;
    }
    return err;
}

int client_on_join(struct client *c, const struct uuid *user_id)
{
    return peers_join(&c->peers, user_id);
}

void client_on_leave(struct client *c, const struct uuid *user_id)
{
    peers_leave(&c->peers, user_id);
}

int client_on_cursor(struct client *c, uint64_t rev, const struct client_peer *cursor)
{
    struct client_peer *peer = peers_find(&c->peers, &cursor->user_id);
    size_t length_cp = weft_text_size(c->server).cp;
    if (rev != c->rev)
        return WEFT_EREV;
    if (cursor->position_cp > length_cp || cursor->anchor_cp > length_cp)
        return WEFT_ERANGE;
    if (peer == NULL)
        return WEFT_EINVAL;
    *peer = *cursor;
    peer->has_cursor = true;
    return 0;
}

void client_on_cut(struct client *c)
{
    c->connected = false;
}

static int read_all(const struct weft_text *t, const struct weft_alloc *alloc, char **ret,
                    size_t *ret_len)
{
    size_t len = weft_text_size(t).bytes;
    char *bytes = weft_resize(alloc, NULL, 0, len + 1);
    if (bytes == NULL)
        return WEFT_ENOMEM;
    int err = weft_text_copy(t, 0, weft_text_size(t).cp, bytes, len, ret_len);
    WEFT_ASSERT(err == 0 && *ret_len == len);
    *ret = bytes;
    return 0;
}

/* The whole text came: what lies between it and the text this client had is what it missed. */
static int absorb_text(struct client *c, const char *text, size_t text_bytes)
{
    struct weft_op missed;
    weft_op_init(&missed, c->alloc);
    char *had = NULL;
    size_t had_bytes = 0;
    int err = read_all(c->server, c->alloc, &had, &had_bytes);
    if (err == 0)
        err = weft_op_diff(had, had_bytes, text, text_bytes, &missed);
    if (err == 0)
        err = absorb(c, &missed);
    if (had != NULL)
        weft_release(c->alloc, had, had_bytes + 1);
    weft_op_done(&missed);
    return err;
}

/* The whole text came with the welcome. `logged`: what is in flight is part of what this client had;
 * `other`: its seq means nothing to this log. */
static int restart(struct client *c, const struct client_welcome *w, bool logged, bool other)
{
    int err = 0;
    c->goal = 0;
    peers_done(&c->peers);
    if (logged)
        err = land(c);
    else if (other && c->flying != CLIENT_NOTHING)
        err = fold_back(c);
    return err == 0 ? absorb_text(c, w->text, w->text_bytes) : err;
}

int client_on_welcome(struct client *c, const struct client_welcome *w)
{
    bool same_epoch = c->has_epoch && uuid_equal(&w->epoch, &c->epoch);
    bool same_user = c->has_epoch && uuid_equal(&w->user_id, &c->user_id);
    bool logged = c->flying != CLIENT_NOTHING && same_epoch && same_user && w->seq >= c->flight_seq;
    if (c->connected || (w->text == NULL && !(same_epoch && same_user && w->rev >= c->rev)))
        return WEFT_EREV;
    int err = 0;
    if (w->text != NULL)
        err = restart(c, w, logged, !same_epoch || !same_user);
    if (err == 0)
        err = peers_set(&c->peers, w->users, w->n_users);
    if (err != 0)
        return err;
    if (w->text != NULL)
        c->rev = w->rev;
    if (!same_user || w->seq > c->seq)
        c->seq = w->seq;
    c->phase = logged ? LOGGED : RESEND;
    c->goal = w->rev;
    c->epoch = w->epoch;
    c->user_id = w->user_id;
    c->has_epoch = true;
    c->connected = true;
    return missing_ack(c);
}

const struct weft_text *client_text(const struct client *c)
{
    return c->visible;
}

uint64_t client_rev(const struct client *c)
{
    return c->rev;
}

const struct weft_text *client_server_text(const struct client *c)
{
    return c->server;
}

const struct peers *client_peers(const struct client *c)
{
    return &c->peers;
}

bool client_epoch(const struct client *c, struct uuid *ret)
{
    *ret = c->epoch;
    return c->has_epoch;
}

bool client_user(const struct client *c, struct uuid *ret)
{
    *ret = c->user_id;
    return c->has_epoch;
}

bool client_is_clean(const struct client *c)
{
    return c->flying == CLIENT_NOTHING && !c->sets_meta && weft_op_is_identity(&c->buffer);
}

bool client_check(const struct client *c)
{
    struct weft_text *t = NULL;
    char *bytes = NULL;
    size_t len = 0;
    bool good = weft_text_clone(c->server, &t) == 0 && weft_op_apply(&c->flight, t) == 0 &&
                weft_op_apply(&c->buffer, t) == 0 && read_all(t, c->alloc, &bytes, &len) == 0 &&
                weft_text_equal(c->visible, bytes, len) &&
                (c->flying == CLIENT_OP || weft_op_is_identity(&c->flight));
    for (size_t i = 0; c->rev >= c->goal && i < c->peers.n; i++)
        good = good && c->peers.at[i].position_cp <= weft_text_size(c->server).cp &&
               c->peers.at[i].anchor_cp <= weft_text_size(c->server).cp;
    if (bytes != NULL)
        weft_release(c->alloc, bytes, len + 1);
    weft_text_free(t);
    return good;
}
