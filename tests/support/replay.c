#include "support/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "support/room_pair.h"

struct foreign {
    struct weft_op op;
    uint64_t rev;
};

/* One side of the session: the other's lines that it has not seen, in its own context. */
struct side {
    struct foreign *unseen; /* unseen[first .. n) */
    size_t first;
    size_t n;
    size_t cap;
    size_t seen;
    uint64_t own_rev; /* of its last line */
};

struct replay {
    const struct trace *trace;
    size_t at;
    size_t most;
    struct room_pair pair;
    struct side sides[2];
    struct weft_op scratch[2];
    bool alone; /* one client: nothing is ever unseen */
    replay_sent *sent;
    void *sent_ctx;
};

struct replay *replay_new(const struct trace *t)
{
    struct replay *r = calloc(1, sizeof *r);
    WEFT_ASSERT(r != NULL);
    r->trace = t;
    r->alone = true;
    for (size_t i = 0; i < t->n && r->alone; i++)
        r->alone = t->lines[i].client == 0;
    for (int i = 0; i < 2; i++)
        weft_op_init(&r->scratch[i], weft_heap());
    room_pair_open(&r->pair);
    return r;
}

void replay_free(struct replay *r)
{
    for (int i = 0; i < 2; i++) {
        struct side *s = &r->sides[i];
        for (size_t k = s->first; k < s->n; k++)
            weft_op_done(&s->unseen[k].op);
        free(s->unseen);
        weft_op_done(&r->scratch[i]);
    }
    room_pair_close(&r->pair);
    free(r);
}

static void see(struct side *s, size_t base)
{
    for (; s->seen < base; s->seen++) {
        WEFT_ASSERT(s->first < s->n);
        weft_op_done(&s->unseen[s->first++].op);
    }
}

static void transform(const struct weft_op *a, const struct weft_op *b, enum weft_side side,
                      struct weft_op *ret)
{
    if (weft_op_transform(a, b, side, ret) != 0)
        WEFT_NEVER("out of memory");
}

static void keep_foreign(struct side *s, const struct weft_op *op, uint64_t rev)
{
    if (s->n == s->cap) {
        if (s->n != s->first) /* else there may be no array */
            memmove(s->unseen, s->unseen + s->first, (s->n - s->first) * sizeof *s->unseen);
        s->n -= s->first;
        s->first = 0;
        if (s->n * 2 >= s->cap) {
            s->cap = s->cap != 0 ? s->cap * 2 : 64;
            s->unseen = realloc(s->unseen, s->cap * sizeof *s->unseen);
            WEFT_ASSERT(s->unseen != NULL);
        }
    }
    struct foreign *f = &s->unseen[s->n++];
    weft_op_init(&f->op, weft_heap());
    f->rev = rev;
    if (weft_op_copy(&f->op, op) != 0)
        WEFT_NEVER("out of memory");
}

/* What the room logged, as it broadcast it. */
static const struct weft_op *logged(const struct replay *r)
{
    for (size_t i = 0; i < room_effects_count(r->pair.fx); i++) {
        const struct room_effect *e = room_effects_at(r->pair.fx, i);
        if (e->kind == ROOM_BROADCAST && e->message.type == MESSAGE_EDIT)
            return e->message.edit.op;
    }
    fprintf(stderr, "replay: line %zu was refused\n", r->at + 1);
    abort();
}

static void submit(struct replay *r, int client, uint64_t rev, const struct weft_op *op)
{
    if (r->sent != NULL)
        r->sent(r->sent_ctx, client, rev, op);
    struct room_event ev = {.kind = ROOM_OPERATION, .conn = (uint64_t)client + 1};
    ev.submission = (struct room_submission){.has_rev = true, .rev = rev, .op = op};
    room_pair_step(&r->pair, &ev);
    room_pair_commit(&r->pair);
}

static void play_line(struct replay *r)
{
    const struct trace_line *l = &r->trace->lines[r->at];
    struct side *s = &r->sides[l->client];
    struct side *other = &r->sides[1 - l->client];
    struct weft_op *op = &r->scratch[0];
    trace_op(l, op);
    see(s, l->base);
    if (s->n - s->first > r->most)
        r->most = s->n - s->first;

    /* Over the unseen lines, moving both; what was reached at own_rev is what is sent. */
    struct weft_op sent;
    weft_op_init(&sent, weft_heap());
    uint64_t rev = room_info(r->pair.room).rev;
    bool cut = false;
    for (size_t i = s->first; i < s->n; i++) {
        struct foreign *f = &s->unseen[i];
        if (!cut && f->rev > s->own_rev) {
            cut = true;
            rev = f->rev - 1;
            if (weft_op_copy(&sent, op) != 0)
                WEFT_NEVER("out of memory");
        }
        struct weft_op moved;
        weft_op_init(&moved, weft_heap());
        transform(&f->op, op, WEFT_RIGHT, &moved);
        transform(op, &f->op, WEFT_LEFT, &r->scratch[1]);
        weft_op_done(&f->op);
        f->op = moved;
        struct weft_op swap = r->scratch[0];
        r->scratch[0] = r->scratch[1];
        r->scratch[1] = swap;
    }
    submit(r, l->client, rev, cut ? &sent : op);
    const struct weft_op *in_log = logged(r);
    WEFT_ASSERT(weft_op_equal(in_log, op)); /* the room merged as the client did */
    s->own_rev = room_info(r->pair.room).rev;
    keep_foreign(other, in_log, s->own_rev);
    weft_op_done(&sent);
}

static void play_alone(struct replay *r)
{
    trace_op(&r->trace->lines[r->at], &r->scratch[0]);
    submit(r, 0, room_info(r->pair.room).head_rev, &r->scratch[0]);
}

void replay_watch(struct replay *r, replay_sent *sent, void *ctx)
{
    r->sent = sent;
    r->sent_ctx = ctx;
}

size_t replay_lines(struct replay *r, size_t n)
{
    size_t played = 0;
    for (; played < n && r->at < r->trace->n; played++, r->at++) {
        if (r->alone)
            play_alone(r);
        else
            play_line(r);
    }
    return played;
}

const struct room *replay_room(const struct replay *r)
{
    return r->pair.room;
}

size_t replay_unseen_most(const struct replay *r)
{
    return r->most;
}
