#include "client/client.h"

#include "base/assert.h"
#include "base/pure.h"

struct client {
    const struct weft_alloc *alloc;
    struct weft_text *server;  /* at rev */
    struct weft_text *visible; /* with flight and buffer */
    struct weft_op flight;     /* against rev; meaningful while in_flight */
    struct weft_op buffer;     /* behind flight */
    bool in_flight;
    bool was_sent; /* on this connection */
    bool has_epoch;
    bool connected;
    struct uuid epoch;
    uint64_t rev;
    uint64_t seq;      /* of the operation in flight, or of the last one that was */
    uint64_t catch_up; /* a resume: the welcome's rev, until it is reached */
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

bool client_next(struct client *c, const struct weft_op **ret_op, uint64_t *ret_rev,
                 uint64_t *ret_seq)
{
    /* While catching up, `rev` is behind what the server has said it is. */
    if (!c->connected || c->catch_up > c->rev || (c->in_flight && c->was_sent))
        return false;
    if (!c->in_flight) {
        if (weft_op_is_identity(&c->buffer))
            return false;
        op_swap(&c->flight, &c->buffer);
        weft_op_clear(&c->buffer);
        c->in_flight = true;
        c->was_sent = false;
        c->seq++;
    }
    *ret_op = &c->flight;
    *ret_rev = c->rev;
    *ret_seq = c->seq;
    return true;
}

void client_sent(struct client *c)
{
    WEFT_ASSERT(c->in_flight);
    c->was_sent = true;
}

/* What others did, from c->rev on: the server text and, transformed, the visible one move over it;
 * what is pending moves too. All results are made before anything changes, except that the second
 * text may fail to grow: then the first is put back. */
static int absorb(struct client *c, const struct weft_op *op)
{
    struct weft_op pending[2], seen, undo; /* flight and buffer; op as the visible text sees it */
    weft_op_init(&pending[0], c->alloc);
    weft_op_init(&pending[1], c->alloc);
    weft_op_init(&seen, c->alloc);
    weft_op_init(&undo, c->alloc);
    int err = weft_op_span(op) > weft_text_size(c->server).cp ? WEFT_ERANGE : 0;
    if (err == 0)
        err = weft_op_copy(&pending[0], &c->flight);
    if (err == 0)
        err = weft_op_copy(&pending[1], &c->buffer);
    if (err == 0)
        err = weft_op_copy(&seen, op);
    if (err == 0)
        err = weft_op_transform_lists(pending, 2, &seen, 1);
    if (err == 0)
        err = weft_op_invert(op, c->server, &undo);
    if (err == 0)
        err = weft_op_apply(op, c->server);
    if (err == 0) {
        err = weft_op_apply(&seen, c->visible);
        if (err != 0 && weft_op_apply(&undo, c->server) != 0)
            WEFT_NEVER("no memory to go back either");
    }
    if (err == 0) {
        op_swap(&c->flight, &pending[0]);
        op_swap(&c->buffer, &pending[1]);
    }
    weft_op_done(&pending[0]);
    weft_op_done(&pending[1]);
    weft_op_done(&seen);
    weft_op_done(&undo);
    return err;
}

int client_on_edit(struct client *c, uint64_t from, uint64_t rev, const struct weft_op *op)
{
    if (from != c->rev || rev <= from)
        return WEFT_EREV;
    int err = absorb(c, op);
    if (err == 0)
        c->rev = rev;
    return err;
}

/* The operation in flight is in the log, right behind c->rev. */
static int land(struct client *c)
{
    int err = weft_op_apply(&c->flight, c->server);
    if (err != 0)
        return err;
    weft_op_clear(&c->flight);
    c->in_flight = false;
    c->was_sent = false;
    return 0;
}

int client_on_ack(struct client *c, uint64_t rev, uint64_t seq, bool dup)
{
    if (dup || !c->in_flight || seq != c->seq)
        return !dup && rev == c->rev + 1 ? WEFT_EREV : 0;
    if (rev != c->rev + 1)
        return WEFT_EREV;
    int err = land(c);
    if (err == 0)
        c->rev = rev;
    return err;
}

void client_on_unavailable(struct client *c, uint64_t seq)
{
    if (c->in_flight && seq == c->seq)
        c->was_sent = false;
}

void client_on_cut(struct client *c)
{
    c->connected = false;
    c->was_sent = false;
    c->catch_up = 0;
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

int client_on_welcome(struct client *c, const struct uuid *epoch, uint64_t rev, uint64_t seq,
                      const char *text, size_t text_bytes)
{
    bool same = c->has_epoch && uuid_equal(epoch, &c->epoch);
    int err = 0;
    if (text == NULL) {
        if (!same || rev < c->rev)
            return WEFT_EREV;
        c->catch_up = rev;
    } else {
        /* In the log already: it is part of what this client had. */
        if (same && c->in_flight && seq >= c->seq)
            err = land(c);
        if (err == 0)
            err = absorb_text(c, text, text_bytes);
        if (err != 0)
            return err;
        c->rev = rev;
        c->catch_up = 0;
    }
    c->epoch = *epoch;
    c->has_epoch = true;
    c->connected = true;
    c->was_sent = false;
    if (!c->in_flight && seq > c->seq)
        c->seq = seq; /* a session taken over with its numbers */
    if (c->in_flight && seq >= c->seq && text == NULL)
        c->was_sent = true; /* its ack is among what follows */
    return 0;
}

const struct weft_text *client_text(const struct client *c)
{
    return c->visible;
}

uint64_t client_rev(const struct client *c)
{
    return c->rev;
}

bool client_epoch(const struct client *c, struct uuid *ret)
{
    *ret = c->epoch;
    return c->has_epoch;
}

bool client_is_clean(const struct client *c)
{
    return !c->in_flight && weft_op_is_identity(&c->buffer);
}

bool client_check(const struct client *c)
{
    struct weft_text *t = NULL;
    char *bytes = NULL;
    size_t len = 0;
    bool good = weft_text_clone(c->server, &t) == 0 && weft_op_apply(&c->flight, t) == 0 &&
                weft_op_apply(&c->buffer, t) == 0 && read_all(t, c->alloc, &bytes, &len) == 0 &&
                weft_text_equal(c->visible, bytes, len) &&
                (c->in_flight || weft_op_is_identity(&c->flight));
    if (bytes != NULL)
        weft_release(c->alloc, bytes, len + 1);
    weft_text_free(t);
    return good;
}
