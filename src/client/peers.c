#include "client/peers.h"

#include "base/assert.h"
#include "base/pure.h"

void peers_init(struct peers *p, const struct weft_alloc *alloc)
{
    *p = (struct peers){.alloc = alloc};
}

void peers_done(struct peers *p)
{
    weft_release(p->alloc, p->at, p->cap * sizeof *p->at);
    peers_init(p, p->alloc);
}

static int reserve(struct peers *p, size_t n)
{
    size_t cap = p->cap != 0 ? p->cap : 4;
    while (cap < n)
        cap *= 2;
    if (cap == p->cap)
        return 0;
    struct client_peer *at = weft_resize(p->alloc, p->at, p->cap * sizeof *at, cap * sizeof *at);
    if (at == NULL)
        return WEFT_ENOMEM;
    p->at = at;
    p->cap = cap;
    return 0;
}

int peers_set(struct peers *p, const struct client_peer *users, size_t n)
{
    int err = reserve(p, n);
    if (err != 0)
        return err;
    if (n != 0)
        memcpy(p->at, users, n * sizeof *users);
    p->n = n;
    return 0;
}

struct client_peer *peers_find(const struct peers *p, const struct uuid *user_id)
{
    for (size_t i = 0; i < p->n; i++)
        if (uuid_equal(&p->at[i].user_id, user_id))
            return &p->at[i];
    return NULL;
}

int peers_join(struct peers *p, const struct uuid *user_id)
{
    if (peers_find(p, user_id) != NULL)
        return 0;
    int err = reserve(p, p->n + 1);
    if (err != 0)
        return err;
    p->at[p->n++] = (struct client_peer){.user_id = *user_id};
    return 0;
}

void peers_leave(struct peers *p, const struct uuid *user_id)
{
    struct client_peer *gone = peers_find(p, user_id);
    if (gone != NULL)
        *gone = p->at[--p->n];
}

void peers_move(struct peers *p, const struct weft_op *op, const struct uuid *author)
{
    for (size_t i = 0; i < p->n; i++) {
        struct client_peer *peer = &p->at[i];
        if (!peer->has_cursor)
            continue;
        bool own = author != NULL && uuid_equal(&peer->user_id, author);
        enum weft_side side = own ? WEFT_RIGHT : WEFT_LEFT;
        peer->position_cp = weft_op_transform_position(op, peer->position_cp, side);
        peer->anchor_cp = weft_op_transform_position(op, peer->anchor_cp, side);
    }
}
