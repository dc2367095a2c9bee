/* support/room_client.h - the client's side of the protocol, as plainly as it can be written.
 *
 *     server text  --in flight-->  --buffer-->  view
 *
 * One operation is in flight, what is typed meanwhile is composed into the buffer. What arrives is
 * transformed over both; after a reconnect the one in flight is sent again, with the same seq, unless
 * the welcome says that it is in the log. Memory comes from the heap; running out stops the
 * program. A mistake of the server's is returned as a sentence. */
#ifndef SUPPORT_ROOM_CLIENT_H
#define SUPPORT_ROOM_CLIENT_H

#include "support/room_frame.h"

enum flying { FLYING_NOTHING, FLYING_OP, FLYING_META };

struct typist {
    struct uuid user_id;
    bool has_session; /* and with it epoch and rev */
    struct uuid epoch;
    uint64_t rev;
    struct weft_text *server; /* at rev */
    struct weft_text *view;
    struct weft_op in_flight; /* the identity for entries */
    struct weft_op buffer;
    enum flying flying;
    uint64_t seq; /* of the one in flight */
    uint64_t next_seq;
    struct room_meta entries; /* to set: in flight */
    struct room_meta meta;    /* at rev */
    struct frame_peer peers[FRAME_PEERS_MAX];
    size_t n_peers;
    bool welcomed;
    bool resend;         /* the one in flight is to be sent (again) ... */
    uint64_t resend_rev; /* ... once this revision is known */
    bool took_diff;      /* the last welcome brought a text */
};

/* What it sends. The operation is borrowed until the client changes. */
struct typist_says {
    enum flying what;
    const struct weft_op *op;
    const struct room_meta *entries;
    uint64_t rev;
    uint64_t seq;
};

void typist_init(struct typist *c);
void typist_done(struct typist *c);

/* The person types: `op` is against the view. */
void typist_edit(struct typist *c, const struct weft_op *op);
/* The person sets entries; false when something is on its way. */
bool typist_set(struct typist *c, const struct room_meta *entries);

/* What is to be sent now; false: nothing. To be asked after everything that happened. */
bool typist_speak(struct typist *c, struct typist_says *ret);

void typist_cut(struct typist *c); /* the connection is gone */

/* A frame arrived. NULL, or what is wrong with it. */
const char *typist_take(struct typist *c, const struct frame *f);

/* Nothing is on its way and nothing waits. */
bool typist_is_quiet(const struct typist *c);
/* The view is the server's text with everything pending done to it. */
bool typist_check(const struct typist *c);

#endif
