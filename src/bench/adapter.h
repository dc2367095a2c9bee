/* bench/adapter.h - what the load generator has to know of a protocol, and nothing else.
 *
 * The generator (bench/load.h) owns sockets, frames of RFC 6455, the schedule, the clocks and the
 * figures. An adapter owns the words: what is sent to join, what one insert of a few characters looks
 * like, and what an incoming message was about. So every server is measured by the same program, and
 * a server gets a new adapter of some 150 lines.
 *
 * An adapter has no globals, allocates nothing and sees no clock. What it must remember about a
 * connection lies in `conn->state`, conn_bytes of zeroed memory at the start. It is called for the
 * life of one connection in this order:
 *
 *     path       writes the path of the upgrade
 *     opened     the upgrade is done: emits ADAPTER_SEND with what a client says first, if it speaks
 *                first
 *     received   one whole message (text or binary): emits what it was about, ADAPTER_JOINED once
 *     op, cursor from ADAPTER_JOINED on: builds the next one
 *
 * How an operation is recognised when it is delivered. The generator remembers when each operation
 * was due, and has to find it again; there are two ways, and an adapter names one (`names`):
 *
 *     ADAPTER_BY_WRITER    the delivery says who wrote it and his how manyth it is: `writer` (the
 *                          index of the writing connection) and `first`, counted from 1 on. (Yjs: a
 *                          client id made from the index, and its clock. A relay: its payload.)
 *     ADAPTER_BY_REVISION  the delivery says a revision of the room; the author's ack says which
 *                          operation became that revision. (weft: rev. ShareDB: v.)
 *
 * Either way an event is about `n` of them in a row, as servers compose and merge. A delivery and an
 * ack may come in either order. Where a server sends an operation back to its author, the adapter
 * emits that as the ack and not as a delivery; where it does both, the first is the ack and the other
 * is nothing.
 *
 * A message that the protocol does not know, or one that is cut, is ADAPTER_BROKEN: nothing in it may
 * be guessed at, or the figures are of something else. An adapter never reads outside the message. */
#ifndef BENCH_ADAPTER_H
#define BENCH_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ADAPTER_MESSAGE_BYTES_MAX = 4096, /* what op and cursor may write */
    ADAPTER_PATH_BYTES_MAX = 512,
    ADAPTER_ROOM_BYTES_MAX = 100, /* a room's name with its NUL: letters, digits and dashes */
    ADAPTER_CHARS_MAX = 2048,     /* in one operation */
};

struct adapter_conn {
    uint32_t index;   /* among all connections of the run, from 0 on */
    uint32_t chars;   /* each of its operations inserts so many characters, all ASCII letters */
    const char *room; /* the name of its room */
    void *state;      /* conn_bytes, the adapter's own */
};

enum adapter_what {
    ADAPTER_JOINED,   /* the document, or all it takes to type, is here */
    ADAPTER_ACK,      /* own operations first .. first + n - 1 are done; see `revision` */
    ADAPTER_DELIVERY, /* others' operations */
    ADAPTER_CURSOR,   /* n cursors of others */
    ADAPTER_SEND,     /* to be sent now: bytes, len; borrowed until emit() returns */
    ADAPTER_REFUSED,  /* the server will not: bytes, len say what it said; `first`: the operation, 0
                       * when it was none. A refused operation is in flight no more. */
    ADAPTER_BROKEN,   /* not this protocol: bytes, len say what is wrong. Ends the run. */
};

struct adapter_event {
    enum adapter_what what;
    uint32_t writer; /* DELIVERY by writer */
    uint64_t first;  /* ACK and REFUSED: the number op() was given. DELIVERY: number or revision */
    uint64_t n;      /* ACK, DELIVERY, CURSOR: how many in a row; at least 1 */
    uint64_t revision; /* ACK, by revision: what `first` became (the next ones follow it) */
    const void *bytes;
    size_t len;
};

/* Takes events while received() or opened() runs, in the order of the stream. */
struct adapter_sink {
    void (*emit)(struct adapter_sink *sink, const struct adapter_event *event);
};

enum adapter_names { ADAPTER_BY_WRITER, ADAPTER_BY_REVISION };

struct adapter {
    const char *name;        /* of --protocol */
    const char *about;       /* one line of the help */
    const char *subprotocol; /* offered with the upgrade; NULL: none */
    bool binary;             /* what is sent goes as binary messages */
    enum adapter_names names;
    uint32_t in_flight_max; /* what its real client allows itself; 0: as many as it likes */
    size_t conn_bytes;

    /* Writes the path of the upgrade, NUL-terminated, beginning with '/'; returns its length. What
     * the path of --url has stands before it. */
    size_t (*path)(const struct adapter_conn *conn, char out[ADAPTER_PATH_BYTES_MAX]);

    /* May be NULL: the server speaks first. */
    void (*opened)(struct adapter_conn *conn, struct adapter_sink *sink);

    /* One whole message. */
    void (*received)(struct adapter_conn *conn, const uint8_t *bytes, size_t len, bool binary,
                     struct adapter_sink *sink);

    /* The connection's operation `number` (1, 2, 3, ...): conn->chars characters put at a place
     * that `random` picks from the document as this connection knows it. Operations before it may
     * not be acknowledged yet. Returns its length, at most ADAPTER_MESSAGE_BYTES_MAX. */
    size_t (*op)(struct adapter_conn *conn, uint64_t number, uint64_t random,
                 char out[ADAPTER_MESSAGE_BYTES_MAX]);

    /* The cursor moves to where `random` says. NULL: the protocol has none. */
    size_t (*cursor)(struct adapter_conn *conn, uint64_t random,
                     char out[ADAPTER_MESSAGE_BYTES_MAX]);
};

/* What emit() is mostly called for. */
static inline void adapter_emit(struct adapter_sink *sink, enum adapter_what what, uint64_t first,
                                uint64_t n)
{
    struct adapter_event event = {.what = what, .first = first, .n = n};
    sink->emit(sink, &event);
}

/* SEND, REFUSED and BROKEN. */
static inline void adapter_emit_bytes(struct adapter_sink *sink, enum adapter_what what,
                                      const void *bytes, size_t len)
{
    struct adapter_event event = {.what = what, .bytes = bytes, .len = len};
    sink->emit(sink, &event);
}

/* All there are, ended by NULL (bench/adapters.c). */
extern const struct adapter *const ADAPTERS[];

const struct adapter *adapter_find(const char *name); /* NULL: none of that name */

#endif
