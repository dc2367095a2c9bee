/* client/peers.h - the others in a room, and their carets on the text as the server has it.
 *
 * A caret comes once, at one revision, and is then moved over every operation that becomes part of
 * the server's text (docs/protocol.md, carets). One array, searched: a room has a few people. */
#ifndef CLIENT_PEERS_H
#define CLIENT_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include <weft/op.h>

struct client_peer {
    struct uuid user_id;
    bool has_cursor;
    size_t position_cp;
    size_t anchor_cp; /* position_cp where nothing is selected */
};

struct peers {
    const struct weft_alloc *alloc;
    struct client_peer *at;
    size_t n;
    size_t cap;
};

void peers_init(struct peers *p, const struct weft_alloc *alloc);
void peers_done(struct peers *p);

/* Everybody, as a welcome tells it. WEFT_ENOMEM leaves those that were there. */
WEFT_CHECKED int peers_set(struct peers *p, const struct client_peer *users, size_t n);

struct client_peer *peers_find(const struct peers *p, const struct uuid *user_id);
WEFT_CHECKED int peers_join(struct peers *p, const struct uuid *user_id); /* or is there already */
void peers_leave(struct peers *p, const struct uuid *user_id);

/* Carets move over an operation of the server's text. `author`: whose own caret is pushed along
 * where the text goes in right there; NULL: of several people. */
void peers_move(struct peers *p, const struct weft_op *op, const struct uuid *author);

#endif
