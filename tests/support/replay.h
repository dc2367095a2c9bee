/* support/replay.h - a session played line by line through the pure room.
 *
 * Each line is sent the way a real client sends it: against the newest revision that its own last
 * operation has reached. What of the other's lines lies before that and was not seen yet when the
 * line was typed is bridged on the client's side, as a client does with what arrives while it has
 * something pending; what lies behind it is the room's to merge. With `bridge` false (a session of
 * one client) the room is handed the lines as they are. */
#ifndef SUPPORT_REPLAY_H
#define SUPPORT_REPLAY_H

#include "room/room.h"
#include "support/trace.h"

struct replay;

/* Stops the program when anything is refused: a session always fits. */
struct replay *replay_new(const struct trace *t);
void replay_free(struct replay *r);

/* Plays the next `n` lines (fewer at the end); returns how many. Each is decided and made durable. */
size_t replay_lines(struct replay *r, size_t n);

/* Called with every operation as it goes to the room: against `rev`, borrowed until return. */
typedef void replay_sent(void *ctx, int client, uint64_t rev, const struct weft_op *op);
void replay_watch(struct replay *r, replay_sent *sent, void *ctx);

const struct room *replay_room(const struct replay *r);
size_t replay_unseen_most(const struct replay *r); /* foreign lines unseen at once, at most */

#endif
