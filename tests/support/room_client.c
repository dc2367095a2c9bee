#include "support/room_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "room/record.h"

static void must(int err)
{
    WEFT_ASSERT(err == 0);
}

void typist_init(struct typist *c)
{
    memset(c, 0, sizeof *c);
    must(weft_text_new(weft_heap(), &c->server));
    must(weft_text_new(weft_heap(), &c->view));
    weft_op_init(&c->in_flight, weft_heap());
    weft_op_init(&c->buffer, weft_heap());
    c->next_seq = 1;
}

void typist_done(struct typist *c)
{
    weft_text_free(c->server);
    weft_text_free(c->view);
    weft_op_done(&c->in_flight);
    weft_op_done(&c->buffer);
}

static void swap_take(struct weft_op *into, struct weft_op *from)
{
    struct weft_op old = *into;
    *into = *from;
    weft_op_done(&old);
}

void typist_edit(struct typist *c, const struct weft_op *op)
{
    struct weft_op sum;
    weft_op_init(&sum, weft_heap());
    must(weft_op_apply(op, c->view));
    must(weft_op_compose(&c->buffer, op, &sum));
    swap_take(&c->buffer, &sum);
}

bool typist_set(struct typist *c, const struct room_meta *entries)
{
    if (!c->welcomed || c->flying != FLYING_NOTHING || !weft_op_is_identity(&c->buffer))
        return false;
    c->flying = FLYING_META;
    c->entries = *entries;
    c->seq = c->next_seq++;
    c->resend = true;
    c->resend_rev = 0;
    return true;
}

bool typist_speak(struct typist *c, struct typist_says *ret)
{
    if (!c->welcomed)
        return false;
    if (c->flying == FLYING_NOTHING && !weft_op_is_identity(&c->buffer)) {
        c->flying = FLYING_OP;
        swap_take(&c->in_flight, &c->buffer);
        weft_op_init(&c->buffer, weft_heap());
        c->seq = c->next_seq++;
        c->resend = true;
        c->resend_rev = 0;
    }
    if (c->flying == FLYING_NOTHING || !c->resend || c->rev < c->resend_rev)
        return false;
    c->resend = false;
    *ret = (struct typist_says){.what = c->flying,
                                .op = &c->in_flight,
                                .entries = &c->entries,
                                .rev = c->rev,
                                .seq = c->seq};
    return true;
}

void typist_cut(struct typist *c)
{
    c->welcomed = false;
}

static struct frame_peer *peer(struct typist *c, const struct uuid *id)
{
    for (size_t i = 0; i < c->n_peers; i++)
        if (uuid_equal(&c->peers[i].user_id, id))
            return &c->peers[i];
    return NULL;
}

static void move_peers(struct typist *c, const struct weft_op *op, const struct uuid *author)
{
    for (size_t i = 0; i < c->n_peers; i++) {
        struct frame_peer *p = &c->peers[i];
        bool own = author != NULL && uuid_equal(&p->user_id, author);
        enum weft_side side = own ? WEFT_RIGHT : WEFT_LEFT;
        p->position_cp = weft_op_transform_position(op, p->position_cp, side);
        p->anchor_cp = weft_op_transform_position(op, p->anchor_cp, side);
    }
}

/* `pending` goes over what arrived, what arrived goes over `pending`. */
static void pass(struct weft_op *pending, struct weft_op *arrived)
{
    struct weft_op moved, over;
    weft_op_init(&moved, weft_heap());
    weft_op_init(&over, weft_heap());
    must(weft_op_transform(pending, arrived, WEFT_LEFT, &moved));
    must(weft_op_transform(arrived, pending, WEFT_RIGHT, &over));
    swap_take(pending, &moved);
    swap_take(arrived, &over);
}

static const char *take_op(struct typist *c, const struct weft_op *op, const struct uuid *author)
{
    struct weft_op arrived;
    weft_op_init(&arrived, weft_heap());
    must(weft_op_copy(&arrived, op));
    if (weft_op_apply(op, c->server) != 0) {
        weft_op_done(&arrived);
        return "what arrived does not fit the text it is for";
    }
    move_peers(c, op, author);
    pass(&c->in_flight, &arrived);
    pass(&c->buffer, &arrived);
    must(weft_op_apply(&arrived, c->view));
    weft_op_done(&arrived);
    return NULL;
}

/* The one in flight is in the log. */
static void land(struct typist *c)
{
    must(weft_op_apply(&c->in_flight, c->server));
    move_peers(c, &c->in_flight, NULL);
    if (c->flying == FLYING_META && meta_merge(&c->meta, &c->entries, false) != 0)
        WEFT_NEVER("entries that the server took do not fit");
    c->flying = FLYING_NOTHING;
    weft_op_clear(&c->in_flight);
}

static void set_peers(struct typist *c, const struct frame *f)
{
    c->n_peers = f->n_peers;
    memcpy(c->peers, f->peers, sizeof c->peers);
    /* Carets are at the welcome's revision: before a resume has reached it they are nowhere. */
    for (size_t i = 0; i < c->n_peers; i++)
        c->peers[i].has_cursor = c->peers[i].has_cursor && f->rev == c->rev;
}

static const char *take_text(struct typist *c, const struct frame *f)
{
    bool same =
        c->has_session && uuid_equal(&c->epoch, &f->epoch) && uuid_equal(&c->user_id, &f->user_id);
    c->n_peers = 0;
    if (same && c->flying != FLYING_NOTHING && f->seq >= c->seq)
        land(c);
    size_t old_bytes = weft_text_size(c->server).bytes;
    char *old = malloc(old_bytes + 1);
    struct weft_op missed;
    weft_op_init(&missed, weft_heap());
    WEFT_ASSERT(old != NULL);
    must(weft_text_copy(c->server, 0, weft_text_size(c->server).cp, old, old_bytes, &old_bytes));
    must(weft_op_diff(old, old_bytes, f->text, f->text_len, &missed));
    const char *wrong = take_op(c, &missed, NULL);
    weft_op_done(&missed);
    free(old);
    c->meta = f->meta;
    c->took_diff = true;
    if (!same) { /* another count begins */
        c->next_seq = f->seq + 1;
        if (c->flying != FLYING_NOTHING)
            c->seq = c->next_seq++;
    }
    c->epoch = f->epoch;
    c->user_id = f->user_id;
    c->has_session = true;
    c->rev = f->rev;
    return wrong;
}

static const char *take_welcome(struct typist *c, const struct frame *f)
{
    const char *wrong = NULL;
    if (c->welcomed)
        return "a second welcome";
    c->took_diff = false;
    if (f->has_text)
        wrong = take_text(c, f);
    else if (!c->has_session || !uuid_equal(&c->epoch, &f->epoch) ||
             !uuid_equal(&c->user_id, &f->user_id) || f->rev < c->rev)
        return "a resume of what was not asked for";
    if (c->flying != FLYING_NOTHING) {
        c->resend = f->seq < c->seq;
        c->resend_rev = f->rev;
    }
    c->welcomed = true;
    set_peers(c, f);
    return wrong;
}

static const char *take_ack(struct typist *c, const struct frame *f)
{
    if (f->dup)
        return c->flying != FLYING_NOTHING && f->seq >= c->seq
                   ? "a repeat is acknowledged before its original"
                   : NULL;
    if (c->flying == FLYING_NOTHING || f->seq != c->seq)
        return "an ack of what is not in flight";
    if (f->rev != c->rev + 1)
        return "an ack out of order";
    land(c);
    c->rev = f->rev;
    return NULL;
}

static const char *take_edit(struct typist *c, const struct frame *f)
{
    if (f->composed ? f->from != c->rev || f->rev <= f->from : f->rev != c->rev + 1)
        return "an edit out of order";
    const char *wrong = take_op(c, &f->op, f->composed ? NULL : &f->user_id);
    if (f->meta.n != 0 && meta_merge(&c->meta, &f->meta, false) != 0)
        return "more entries than there may be";
    c->rev = f->rev;
    return wrong;
}

static const char *take_error(struct typist *c, const struct frame *f)
{
    bool own = c->flying != FLYING_NOTHING && f->seq == c->seq;
    if (f->err == WEFT_EIO) {
        if (own)
            c->resend = true;
        return NULL;
    }
    if (f->err == WEFT_ELIMIT && c->flying == FLYING_META && own) {
        c->flying = FLYING_NOTHING; /* too many entries: the person is told */
        return NULL;
    }
    if ((f->err == WEFT_ELIMIT && f->seq != 0) || /* of a repeat */
        (f->err == WEFT_ERANGE && f->seq == 0))   /* of a caret */
        return NULL;
    return weft_error_text(f->err);
}

static const char *take_person(struct typist *c, const struct frame *f)
{
    struct frame_peer *p = peer(c, &f->user_id);
    if (uuid_equal(&f->user_id, &c->user_id))
        return "told about itself";
    if (f->type == MESSAGE_LEAVE) {
        if (p != NULL)
            *p = c->peers[--c->n_peers];
    } else if (p == NULL) {
        if (f->type == MESSAGE_USER)
            return "news of somebody who is not there";
        if (c->n_peers == FRAME_PEERS_MAX)
            return "too many people";
        c->peers[c->n_peers++] = (struct frame_peer){.user_id = f->user_id};
    }
    return NULL;
}

static const char *take_cursor(struct typist *c, const struct frame *f)
{
    struct frame_peer *p = peer(c, &f->user_id);
    size_t length_cp = weft_text_size(c->server).cp;
    if (p == NULL)
        return "a caret of somebody who is not there";
    if (f->rev != c->rev)
        return "a caret at another revision";
    if (f->position_cp > length_cp || f->anchor_cp > length_cp)
        return "a caret outside the text";
    p->has_cursor = true;
    p->position_cp = f->position_cp;
    p->anchor_cp = f->anchor_cp;
    return NULL;
}

const char *typist_take(struct typist *c, const struct frame *f)
{
    if (f->type != MESSAGE_WELCOME && !c->welcomed)
        return "something before the welcome";
    switch (f->type) {
    case MESSAGE_WELCOME:
        return take_welcome(c, f);
    case MESSAGE_ACK:
        return take_ack(c, f);
    case MESSAGE_EDIT:
        return take_edit(c, f);
    case MESSAGE_META:
        if (f->rev != c->rev + 1)
            return "entries out of order";
        c->rev = f->rev;
        return meta_merge(&c->meta, &f->meta, false) != 0 ? "more entries than there may be" : NULL;
    case MESSAGE_CURSOR:
        return take_cursor(c, f);
    case MESSAGE_JOIN:
    case MESSAGE_USER:
    case MESSAGE_LEAVE:
        return take_person(c, f);
    case MESSAGE_ERROR:
        return take_error(c, f);
    case MESSAGE_TEXT:
    case MESSAGE_HISTORY:
        return NULL; /* looked at by whoever asked */
    case MESSAGE_SIGNAL:
    case MESSAGE_CLOSING:
    case MESSAGE_PONG:
    case MESSAGE_HELP:
        break;
    }
    return "a message that is never sent here";
}

bool typist_is_quiet(const struct typist *c)
{
    return c->welcomed && c->flying == FLYING_NOTHING && weft_op_is_identity(&c->buffer);
}

bool typist_check(const struct typist *c)
{
    struct weft_text *text;
    must(weft_text_clone(c->server, &text));
    bool good = weft_op_apply(&c->in_flight, text) == 0 && weft_op_apply(&c->buffer, text) == 0;
    size_t bytes = weft_text_size(text).bytes;
    char *flat = malloc(bytes + 1);
    WEFT_ASSERT(flat != NULL);
    must(weft_text_copy(text, 0, weft_text_size(text).cp, flat, bytes, &bytes));
    good = good && weft_text_equal(c->view, flat, bytes);
    for (size_t i = 0; i < c->n_peers; i++)
        if (c->peers[i].has_cursor && (c->peers[i].position_cp > weft_text_size(c->server).cp ||
                                       c->peers[i].anchor_cp > weft_text_size(c->server).cp))
            good = false;
    free(flat);
    weft_text_free(text);
    return good;
}
