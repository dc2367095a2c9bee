/* tools/lib/nbws.h - a non-blocking WebSocket client for test tools: one socket, for poll(2).
 *
 *     struct nbws *w = nbws_open(port, "/ws/notes", "weft.v1");
 *     poll on nbws_fd(w) for nbws_events(w), then
 *     nbws_turn(w);                                  // connects, reads, writes what it can
 *     while ((what = nbws_next(w, &text, &len)) == NBWS_TEXT) ...
 *
 * Answers pings by itself. Nothing waits. Whatever ends the connection (refused, reset, an end, a
 * CLOSE frame) is NBWS_ENDED, with the reason in nbws_why(); that is part of a player's life. A
 * break of RFC 6455 by the server is NBWS_BROKEN. Out of memory aborts. */
#ifndef TOOLS_LIB_NBWS_H
#define TOOLS_LIB_NBWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nbws;

enum nbws_what {
    NBWS_NOTHING, /* poll again */
    NBWS_TEXT,    /* one message, borrowed until the next call */
    NBWS_ENDED,
    NBWS_BROKEN,
};

/* To 127.0.0.1. `protocols` is the list offered as subprotocols. Never NULL. */
struct nbws *nbws_open(uint16_t port, const char *path, const char *protocols);
void nbws_free(struct nbws *w); /* closes at once, without CLOSE; NULL is fine */

int nbws_fd(const struct nbws *w);
short nbws_events(const struct nbws *w);
void nbws_turn(struct nbws *w);
enum nbws_what nbws_next(struct nbws *w, const char **ret_text, size_t *ret_len);

/* One text message; kept until the socket takes it. */
void nbws_send(struct nbws *w, const void *text, size_t len);
/* A CLOSE frame with 1000. What follows until the end is still given out. */
void nbws_close(struct nbws *w);

/* Why it ended or what broke; "" while open. And the code of the CLOSE frame, 0 without one. */
const char *nbws_why(const struct nbws *w);
unsigned nbws_code(const struct nbws *w);

#endif
