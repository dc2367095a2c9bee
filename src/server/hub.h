/* server/hub.h - where everything meets: sockets, rooms and the disk.
 *
 * The hub carries out what rooms ask for and holds no rule of its own: what is right and wrong is
 * decided in room/ (pure), said in wire/, kept in store/, sent by net/.
 *
 *     net    a message             -> wire_decode  -> room_step                 hub_conn.c
 *     net    an upgrade            -> a room found, ROOM_JOIN, a welcome      hub_join.c
 *     room   effects               -> batch, outgoing log, close, fetch         hub_effects.c
 *     store  a commit, a log       -> ROOM_DURABLE, a room opened               hub_store.c
 *     net    a request             -> an answer, now or when the disk has it    hub_http.c
 *     rooms  found, opened, evicted                                             hub_room.c
 *     start, each turn's end, the clock, the stop                               hub.c
 *
 * One thread, the loop's. The disk has its own (store/worker.h). */
#ifndef SERVER_HUB_H
#define SERVER_HUB_H

#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "server/settings.h"
#include "store/store.h"
#include <weft/error.h>

struct hub;

/* Binds, listens and starts the disk's thread. Takes the store, also on failure; `auth` is borrowed,
 * `settings` copied (its strings borrowed). `secret` keys the hashes by which rooms are named in the
 * log; `generation` is the data folder's (store/folder.h). On failure `why` has a sentence. */
WEFT_CHECKED int hub_new(const struct settings *settings, struct auth *auth,
                         const uint8_t secret[AUTH_KEY_BYTES], const struct uuid *generation,
                         struct store *store_take, struct hub **ret, char *why, size_t why_bytes);

uint16_t hub_port(const struct hub *h);

/* Serves until SIGTERM or SIGINT, and through the stop that follows: what was accepted is on disk,
 * everybody is told and closed with 1012. A second signal ends the process at once. */
void hub_run(struct hub *h);

void hub_free(struct hub *h); /* NULL is fine */

#endif
