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
 *     loops  whose room it is, memory of all                                    hub_place.c
 *     start, each turn's end, the clock, the stop                               hub.c
 *
 * One hub, one loop, one thread; a server has one or several (server/workers.h), and each room is one
 * hub's. The disk has a thread of its own (store/worker.h). */
#ifndef SERVER_HUB_H
#define SERVER_HUB_H

#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "server/settings.h"
#include "store/store.h"
#include <weft/error.h>

struct hub;
struct hub_all;

/* Makes all->hubs[index]: binds and listens; the first one starts the disk's thread and takes the
 * store, also on failure, the others share it. `settings` is copied (its strings borrowed). On failure
 * `why` has a sentence. */
WEFT_CHECKED int hub_new(const struct settings *settings, const uint8_t secret[AUTH_KEY_BYTES],
                         const struct uuid *generation, struct hub_all *all, unsigned index,
                         struct store *store_take, char *why, size_t why_bytes);

uint16_t hub_port(const struct hub *h);

/* Serves until the first one has met SIGTERM or SIGINT, and through the stop that follows. */
void hub_run(struct hub *h);

/* No hub runs any more. NULL is fine. */
void hub_free(struct hub *h);

#endif
