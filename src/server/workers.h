/* server/workers.h - the server: as many hubs as --workers says, each with a loop on a thread of its
 * own, and one thread for the disk.
 *
 * A room lives on one of the loops, and so do all who are in it: nothing that happens in a room crosses
 * from thread to thread but its records, on their way to the disk. What loops share is in hub_all
 * (hub_state.h) and net_group (net/internal.h). */
#ifndef SERVER_WORKERS_H
#define SERVER_WORKERS_H

#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "server/settings.h"
#include "store/store.h"
#include <weft/error.h>

struct workers;

/* Binds, listens and starts the threads, which wait for workers_run(). Takes the store, also on
 * failure; `settings` is copied (its strings borrowed). `secret` keys sessions, read keys, and the
 * hashes by which rooms are named in the log; `generation` is the data folder's (store/folder.h). On
 * failure `why` has a sentence. */
WEFT_CHECKED int workers_new(const struct settings *settings, const uint8_t secret[AUTH_KEY_BYTES],
                             const struct uuid *generation, struct store *store_take,
                             struct workers **ret, char *why, size_t why_bytes);

uint16_t workers_port(const struct workers *w);

/* Serves until SIGTERM or SIGINT, and through the stop that follows: what was accepted is on disk,
 * everybody is told and closed with 1012. A second signal ends the process at once. */
void workers_run(struct workers *w);

void workers_free(struct workers *w); /* NULL is fine */

#endif
