/* support/room_frame.h - a room's messages as small frames of bytes and back, for tests that need
 * finished frames and no JSON. A frame is its length (u32), then the message. */
#ifndef SUPPORT_ROOM_FRAME_H
#define SUPPORT_ROOM_FRAME_H

#include "base/buf.h"
#include "room/room.h"

struct frame_peer {
    struct uuid user_id;
    bool has_cursor;
    size_t position_cp;
    size_t anchor_cp;
};

enum { FRAME_PEERS_MAX = 32 };

/* A message taken apart: the fields that its type has. */
struct frame {
    enum room_message_type type;
    struct uuid epoch;
    struct uuid user_id;
    uint64_t rev;
    uint64_t from;
    uint64_t seq;
    int err;
    bool dup;
    bool composed;
    bool has_text;
    const char *text; /* borrowed */
    size_t text_len;
    size_t position_cp;
    size_t anchor_cp;
    struct weft_op op; /* to be cleared by frame_done */
    struct room_meta meta;
    struct frame_peer peers[FRAME_PEERS_MAX];
    size_t n_peers;
};

/* Appends; running out of memory stops the program. */
void frame_encode(const struct room_message *m, struct buf *out);

/* The whole frame at the start of `bytes`; returns its length, 0 when it is not all there. */
size_t frame_decode(const uint8_t *bytes, size_t len, struct frame *ret);
void frame_done(struct frame *f);

#endif
