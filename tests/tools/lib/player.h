/* tools/lib/player.h - one of the two people of a session, typing into a real server.
 *
 * The player has the lines that are its own. It types a few whenever something arrives, so that two
 * players stay in step and really meet; positions and lengths are clamped to what is there, since
 * what the other has typed meanwhile differs from the recording. One operation is in flight, the
 * rest is composed (client/client.h). When the connection is cut it types on for a while, comes
 * back with its session, epoch and revision, and sends again what did not arrive.
 *
 * It is strict: a revision that does not follow, an ack out of order, an operation of its own that
 * comes back to it, a session or an epoch that did not hold, a text that differs from the log
 * replayed, are failures. A cut, a refused connection and `unavailable` are not. */
#ifndef TOOLS_LIB_PLAYER_H
#define TOOLS_LIB_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "support/trace.h"

enum { PLAYER_WHY_BYTES = 512 };

struct player_config {
    uint16_t port;
    const char *room; /* percent-encoded; borrowed, as is all here */
    const char *name;
    const struct trace *trace;
    int as; /* the lines of this client */
    uint64_t seed;
    unsigned meet_percent; /* of its lines go where the other has typed last */
    int patience_ms;       /* without a connection for longer: failed */
};

/* What there is to tell. `acked` is the ledger: operations in the log, by acks, each once. */
struct player_state {
    bool is_welcome; /* has been, once */
    size_t typed;    /* own lines */
    bool all_typed;  /* and acknowledged */
    uint64_t rev;
    uint64_t acked;
    unsigned resumed;  /* welcomes without text */
    unsigned rejoined; /* with text, the first one not counted */
    unsigned dups;
    bool replayed; /* see player_replay() */
};

struct player;

struct player *player_new(const struct player_config *config, int64_t now_ms);
void player_free(struct player *p);

/* For poll(2). fd is -1 while there is no connection. */
int player_fd(const struct player *p, short *ret_events);
int player_timeout_ms(const struct player *p, int64_t now_ms);

/* Whatever there is to do. False: failed, with the reason in player_why(). */
bool player_turn(struct player *p, int64_t now_ms);
const char *player_why(const struct player *p);

struct player_state player_state(const struct player *p);

/* Asks for the whole log with `history`, applies it to an empty text, and compares with the own
 * one: player_state().replayed once that is done. To be called when all is typed. */
void player_replay(struct player *p);

/* SHA-256 of the visible text in hex, and its length. */
void player_text(const struct player *p, char ret_hex[65], size_t *ret_cp);

#endif
