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
 * Pure: no socket and no clock. The player, the load tools and the simulator use it; the JavaScript
 * client (web/client/state.js) is the same machine. Positions are code points.
 *
 * Errors: WEFT_ENOMEM leaves the client as it was. WEFT_EREV is a server's mistake: a revision that
 * does not follow. WEFT_ERANGE: an operation that does not fit. The caller then reconnects. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include <weft/op.h>
#include <weft/text.h>

struct client;

WEFT_CHECKED int client_new(const struct weft_alloc *alloc, struct client **ret);
void client_free(struct client *c); /* NULL is fine */

/* Types: op runs on the visible text. WEFT_ERANGE when it does not fit. */
WEFT_CHECKED int client_edit(struct client *c, const struct weft_op *op);

/* What is to be sent now, if anything: true when there is, with the operation (borrowed until the
 * next call), the revision it is against and its seq. Asking is not sending: after it was handed to
 * the socket call client_sent(). */
bool client_next(struct client *c, const struct weft_op **ret_op, uint64_t *ret_rev,
                 uint64_t *ret_seq);
void client_sent(struct client *c);

/* A welcome. `text` NULL: a resume, what was missed follows. `text` of text_bytes: the whole, the
 * difference to what this client had is taken as what it missed, and nothing typed is lost. */
WEFT_CHECKED int client_on_welcome(struct client *c, const struct uuid *epoch, uint64_t rev,
                                   uint64_t seq, const char *text, size_t text_bytes);

/* Somebody else's operation, revision `rev`; or a composed one that stands for from+1 .. rev. */
WEFT_CHECKED int client_on_edit(struct client *c, uint64_t from, uint64_t rev,
                                const struct weft_op *op);

/* An ack. Repeats (`dup`, or of what is no longer in flight) change nothing. */
WEFT_CHECKED int client_on_ack(struct client *c, uint64_t rev, uint64_t seq, bool dup);

/* The operation in flight could not be stored (`unavailable`): it is to be sent again, same seq. */
void client_on_unavailable(struct client *c, uint64_t seq);

/* The connection was cut: nothing can arrive any more until the next welcome. */
void client_on_cut(struct client *c);

const struct weft_text *client_text(const struct client *c); /* visible */
uint64_t client_rev(const struct client *c);
bool client_epoch(const struct client *c, struct uuid *ret); /* false before the first welcome */
bool client_is_clean(const struct client *c); /* nothing in flight, nothing in the buffer */

/* The server text with what is pending is the visible text. O(n); for tests. */
bool client_check(const struct client *c);

#endif
