/* bench/link.h - one WebSocket of thousands: a socket, what of a frame has come, what is to be sent.
 *
 *     link_open(&link, ...)                      // connecting; register its fd for both directions
 *     link_read(&link, &scratch)                 // when readable: one recv()
 *     while ((what = link_next(&link, &scratch, &message)) == LINK_MESSAGE) ...
 *     link_send(&link, FRAME_TEXT, text, len)    // gathers
 *     link_flush(&link)                          // one send() for all that was gathered
 *
 * Nothing waits. A connection at rest holds no buffer: bytes are read into the scratch that all share,
 * and only the beginning of a frame whose end has not come is kept. Pings are answered and parts are
 * joined here. Out of memory ends the program with a line: a load generator that has none left has
 * nothing to say. */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { LINK_WHY_BYTES = 240, LINK_READ_BYTES = 256 << 10 };

enum link_state { LINK_CLOSED, LINK_CONNECTING, LINK_UPGRADING, LINK_OPEN };

struct link_bytes {
    uint8_t *at;
    size_t from; /* those before it were used */
    size_t len;
    size_t cap;
};

struct link {
    int fd;
    enum link_state state;
    bool in_own;             /* what was read last lies in `in` */
    bool binary;             /* of the message in parts */
    bool in_parts;           /* a message has begun and not ended */
    struct link_bytes in;    /* a frame that has begun */
    struct link_bytes parts; /* a message that has begun */
    struct link_bytes out;
    uint64_t bytes_in; /* of all that was read */
};

struct link_scratch {
    struct link_bytes bytes; /* LINK_READ_BYTES of them */
    char why[LINK_WHY_BYTES];
};

void link_scratch_init(struct link_scratch *s);
void link_scratch_done(struct link_scratch *s);

enum link_what {
    LINK_NOTHING,
    LINK_OPENED,  /* the upgrade is done */
    LINK_MESSAGE, /* borrowed until the next call */
    LINK_ENDED,   /* scratch->why says how */
};

struct link_message {
    const uint8_t *bytes;
    size_t len;
    bool binary;
};

/* Starts connecting. `request` goes out as soon as that is done, which may be at once: the state is
 * then LINK_UPGRADING already. Returns 0 or -1, errno being set. */
int link_open(struct link *l, const struct sockaddr *to, socklen_t to_len, const char *request,
              size_t request_len);
void link_close(struct link *l); /* at once; a closed one is fine */

/* Writable for the first time: false when the connection was not made, scratch->why says why. */
bool link_connected(struct link *l, struct link_scratch *s);

/* False: the connection is at its end, scratch->why says how; nothing is lost by that, as all that
 * came before was given out. */
bool link_read(struct link *l, struct link_scratch *s);
enum link_what link_next(struct link *l, struct link_scratch *s, struct link_message *ret);

void link_send(struct link *l, uint8_t opcode, const void *payload, size_t len);
/* True: all is sent, or the link is closed. False: the rest goes when the socket is writable. */
bool link_flush(struct link *l);
static inline size_t link_waiting(const struct link *l)
{
    return l->out.len - l->out.from;
}

#endif
