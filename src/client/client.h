/* client/client.h - one client of a room: one operation in flight, the rest composed behind it.
 *
 *     visible text = server text at `rev`, then the operation in flight, then the buffer
 *
 * What is typed goes into the visible text at once and is composed into the buffer. When nothing is
 * in flight the buffer becomes the operation in flight and is sent, with the next seq, against
 * `rev`. What arrives from others is transformed over both on its way to the visible text, and both
 * over it. An ack makes the operation in flight part of the server text.
 *
 * After a cut the operation in flight may or may not be in the log: the welcome's seq says which,
 * and if not, it is sent again, with the same seq (docs/protocol.md, resuming).
 *
 * Entries of the room (meta) take the same way: in flight alone, in front of the buffer. What they
 * say is with the caller; here they are an operation that changes nothing.
 *
 * Pure: no socket and no clock. The player, the load tools and the simulator use it; the JavaScript
 * client (web/client/state.js) is the same machine. Positions are code points.
 *
 * Errors: WEFT_ENOMEM leaves the client so that the call may be made again. WEFT_EREV is a server's
 * mistake: a revision that does not follow. WEFT_ERANGE: something that does not fit. The caller then
 * reconnects. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "client/peers.h"
#include <weft/op.h>
#include <weft/text.h>

struct client;

WEFT_CHECKED int client_new(const struct weft_alloc *alloc, struct client **ret);
void client_free(struct client *c); /* NULL is fine */

/* Types: op runs on the visible text. WEFT_ERANGE when it does not fit. */
WEFT_CHECKED int client_edit(struct client *c, const struct weft_op *op);

/* Entries are to be set. They go out before what is typed and not sent yet. */
void client_set(struct client *c);

enum client_flying { CLIENT_NOTHING, CLIENT_OP, CLIENT_META };

/* What has been sent, or will be next, and is not known to be in the log. */
enum client_flying client_flying(const struct client *c);
const struct weft_op *client_flight(const struct client *c); /* the identity unless CLIENT_OP */
uint64_t client_flight_seq(const struct client *c);          /* while something is in flight */

/* What is to be sent now, if anything: true when there is, with the operation (borrowed until the
 * next call; NULL: the entries), the revision it is against and its seq. Asking is not sending:
 * after it was handed to the socket call client_sent(). */
bool client_next(struct client *c, const struct weft_op **ret_op, uint64_t *ret_rev,
                 uint64_t *ret_seq);
void client_sent(struct client *c);

/* A welcome. `text` NULL: a resume, what was missed follows. Else the whole, of text_bytes: the
 * difference to what this client had is taken as what it missed, and nothing typed is lost. Where
 * the session or the epoch is another one, what was in flight goes back into the buffer and gets a
 * new seq: its old one means nothing to this log. `users`: the others, their carets at `rev`. */
struct client_welcome {
    struct uuid epoch;
    struct uuid user_id;
    uint64_t rev;
    uint64_t seq;
    const char *text;
    size_t text_bytes;
    const struct client_peer *users;
    size_t n_users;
};

WEFT_CHECKED int client_on_welcome(struct client *c, const struct client_welcome *w);

/* Somebody else's operation, revision `rev` by `author`; or a composed one that stands for
 * from+1 .. rev, of nobody (NULL). Entries that others set are the identity. */
WEFT_CHECKED int client_on_edit(struct client *c, uint64_t from, uint64_t rev,
                                const struct uuid *author, const struct weft_op *op);

/* An ack. Late answers to repeats, of what is no longer in flight, change nothing. */
WEFT_CHECKED int client_on_ack(struct client *c, uint64_t rev, uint64_t seq, bool dup);

/* An error with the wire's `code`, as weft_error_wire() has it; seq 0: it had none. */
enum client_answer {
    CLIENT_GO_ON,     /* of nothing in flight */
    CLIENT_LATER,     /* nothing was applied: after a while client_retry() */
    CLIENT_RECONNECT, /* out of step: connect again without a revision, to be told the text */
    CLIENT_REFUSED,   /* the server will not have it: it was undone here */
};

WEFT_CHECKED int client_on_error(struct client *c, int code, uint64_t seq, enum client_answer *ret);
void client_retry(struct client *c);

/* Others come and go, and move. A caret must be at this client's revision and inside the text. */
WEFT_CHECKED int client_on_join(struct client *c, const struct uuid *user_id);
void client_on_leave(struct client *c, const struct uuid *user_id);
WEFT_CHECKED int client_on_cursor(struct client *c, uint64_t rev, const struct client_peer *cursor);

/* The connection was cut: nothing can arrive any more until the next welcome. */
void client_on_cut(struct client *c);

const struct weft_text *client_text(const struct client *c);        /* visible */
const struct weft_text *client_server_text(const struct client *c); /* at client_rev() */
const struct peers *client_peers(const struct client *c);
uint64_t client_rev(const struct client *c);
bool client_epoch(const struct client *c, struct uuid *ret); /* false before the first welcome */
bool client_user(const struct client *c, struct uuid *ret);  /* the same */
bool client_is_clean(const struct client *c); /* nothing in flight, nothing waiting to be */

/* The server text with what is pending is the visible text, carets lie inside. O(n); for tests. */
bool client_check(const struct client *c);

#endif
