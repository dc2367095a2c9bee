/* net/net.h - sockets: HTTP and WebSocket in, bytes out. libwebsockets on a libuv loop lives behind
 * this header; nothing else knows it.
 *
 * One thread, one loop. Whoever uses it gives a table of callbacks; they run on the loop's thread.
 * A callback may call any function below, also for other connections of the loop.
 *
 * Several loops may serve one address as a group (net_new_in): each listens by itself and has its own
 * connections, limits count over all of them. Before each request, and each upgrade, a connection is
 * taken to the loop that `loop_of` names. A WebSocket stays where it is.
 *
 * Outgoing: nothing is sent when it is produced. net_want_write(c) marks a connection; once per loop
 * turn, after everything that was received in it (uv_check), `before_flush` is called once, and then
 * `pull` for each marked connection whose socket takes bytes, until it gives nothing: finished
 * frames in one run, written with one system call and not copied. A socket that is full is asked
 * again, by `pull`, when it has drained.
 *
 * Incoming: net owns the listening socket and reads the request's head itself (head.h), byte for
 * byte as it was sent. Plain HTTP is answered here; a WebSocket is handed to libwebsockets once it
 * was accepted, which makes the handshake and the framing (RFC 6455). Why not both there: it decodes
 * and folds the path before anybody sees it ("c++" becomes "c  "), drops an upgrade whose list of
 * subprotocols is longer than 127 bytes without an answer, and does not notice that the peer of an
 * unanswered request has left. */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/error.h>

struct net;
struct net_conn;    /* a WebSocket */
struct net_request; /* a plain HTTP request; answered exactly once, at once or later */

struct net_str {
    const char *at;
    size_t len;
};

struct net_config {
    const char *host;                   /* address to bind to */
    uint16_t port;                      /* 0: any */
    size_t message_bytes_max;           /* a larger message is closed with 1009 */
    size_t connections_max;             /* WebSockets; see net_handler.open */
    size_t connections_per_address_max; /* TCP connections; a further upgrade or request gets 429 */
    /* Bodies that were copied and that nobody has taken yet, all answers together; one more is a
     * 503. A single one always passes. 0: no limit. */
    size_t answers_bytes_max;
    /* Memory for messages that have begun and not ended, all together. Who goes beyond it makes the
     * one that began first be closed with 4409. A single one always passes. 0: no limit. */
    size_t parts_bytes_max;
    uint32_t ping_ms;  /* a silent peer is pinged after this */
    uint32_t dead_ms;  /* and closed after this without any byte from it */
    uint32_t stall_ms; /* a socket that took no byte for this long while some waited: `stalled` */
    uint32_t head_ms;  /* a request's head must be complete after this; 0: 10 s */
};

/* What came with an upgrade or a request. Borrowed during the callback. */
struct net_head {
    struct net_str method;        /* "GET"; requests only */
    struct net_str path;          /* as sent, still percent-encoded, without the query */
    struct net_str query;         /* as sent, without '?' */
    struct net_str authorization; /* header, empty when absent */
    struct net_str protocols;     /* Sec-WebSocket-Protocol as sent */
    struct net_str if_none_match;
    struct net_str accept_encoding;
    struct net_str host;    /* the header; empty only in HTTP/1.0 */
    struct net_str origin;  /* the header; empty when absent (no browser) */
    struct net_str address; /* of the peer, as text; IPv4 also where it came mapped into IPv6 */
};

struct net_handler {
    void *ctx;

    /* An upgrade is asked for. Return 0 to accept; else an HTTP status (400, 401, 403, 404, 429,
     * 503), with a sentence in `why`, which becomes the body. *ret_user is handed to the other
     * callbacks. The subprotocol was already checked: `weft.v1` is among those offered, or none
     * was offered. */
    int (*upgrade)(void *ctx, struct net_conn *c, const struct net_head *head, void **ret_user,
                   char *why, size_t why_bytes);
    /* The WebSocket is there; bytes may be sent. `full`: it is above connections_max, and is to be
     * told so and closed with 1013. */
    void (*open)(void *ctx, struct net_conn *c, void *user, bool full);
    /* One whole message, valid UTF-8 (text) or any bytes (binary). Not NUL-terminated. */
    void (*message)(void *ctx, struct net_conn *c, void *user, const char *bytes, size_t len,
                    bool binary);
    /* A frame that is no message: a piece of one that goes on, or a PONG. (Of a PING libwebsockets
     * does not tell: it answers the newest, once each turn.) NULL: not told. */
    void (*frame)(void *ctx, struct net_conn *c, void *user);
    /* The next bytes for this connection, finished frames; *ret_len = 0 when there is nothing. They
     * stay valid until the callback returns to net and net has written them (same turn). */
    void (*pull)(void *ctx, struct net_conn *c, void *user, const uint8_t **ret_bytes,
                 size_t *ret_len);
    /* It took no byte for stall_ms; called again after each further stall_ms. Usually answered with
     * net_close(c, 4409, ...). */
    void (*stalled)(void *ctx, struct net_conn *c, void *user);
    /* It is gone, for whatever reason; called once for each upgrade() that returned 0. */
    void (*closed)(void *ctx, struct net_conn *c, void *user);

    /* Which loop of the group serves this request or upgrade. NULL: whichever it came to. */
    unsigned (*loop_of)(void *ctx, const struct net_head *head);
    /* Plain HTTP. Answer with net_answer(), now or later. */
    void (*request)(void *ctx, struct net_request *r, const struct net_head *head);
    /* The peer of an unanswered request went away, or net_free() came first: forget r. */
    void (*request_gone)(void *ctx, struct net_request *r);

    /* Once per loop turn in which something was marked, before the pulls; again before those of what
     * timers marked, which are not kept waiting for the sockets. */
    void (*before_flush)(void *ctx);
};

/* Where warnings and errors of net and of libwebsockets go, one line without a newline. One for the
 * process, to be set before net_new(); without one they are dropped. */
typedef void net_log_fn(bool error, const char *line);
void net_set_log(net_log_fn *log);

/* Binds and listens. On failure `why` has a sentence that names address and cause. Config and
 * handler are copied. Sets the process' soft limit of open files to what connections_max needs, at
 * most the hard one: libwebsockets walks a table of that size for each connection that closes.
 * WEFT_EINVAL (host is no address), WEFT_EBUSY (address in use), WEFT_EIO, WEFT_ENOMEM. */
WEFT_CHECKED int net_new(const struct net_config *config, const struct net_handler *handler,
                         struct net **ret, char *why, size_t why_bytes);

/* What the loops of one server share; made before them, freed after them, by the thread that makes and
 * frees all of them. */
struct net_group;
WEFT_CHECKED int net_group_new(unsigned n_loops, struct net_group **ret);
void net_group_free(struct net_group *g); /* NULL is fine */

/* As net_new(), for loop `index` of a group, in the order of their indices: the first one finds the
 * port. All are made before the first one runs, and freed after the last one has stopped. The same
 * config for all; connections_max and connections_per_address_max are exact, the bounds of bytes
 * are passed by less than a sixteenth, and for each loop by one that always passes. */
WEFT_CHECKED int net_new_in(struct net_group *g, unsigned index, const struct net_config *config,
                            const struct net_handler *handler, struct net **ret, char *why,
                            size_t why_bytes);

uint16_t net_port(const struct net *n); /* the one it listens on */

/* For what else lives on the loop: returns the uv_loop_t. Handles put on it are closed before
 * net_free(). */
void *net_loop(struct net *n);

int64_t net_now_ms(struct net *n); /* monotonic, as of this loop turn */

/* Runs until net_stop(). */
void net_run(struct net *n);
void net_stop(struct net *n);

/* No new connection is accepted any more; requests get 503. */
void net_refuse(struct net *n);

/* Frees everything; every connection still there is closed (`closed` is called). */
void net_free(struct net *n);

size_t net_count(const struct net *n); /* WebSockets open, of this loop */

/* How many connections other loops have handed over. Any thread may ask. */
uint64_t net_handed(const struct net *n);

/* What pull gave and sockets have not taken, all connections together: an upper bound, up to 1 MiB
 * too much for each that is full. */
size_t net_kept_bytes(const struct net *n);
/* Of that, what goes within a second: of connections that were killed. */
size_t net_dying_bytes(const struct net *n);

/* The user of the connection whose full socket has taken nothing for the longest time, if that is ms
 * or more; else NULL. Times are those of the last tick, a second old at most. */
void *net_stuck(struct net *n, uint32_t ms);

/* Marks a connection as having something to send. Cheap, may be called often. */
void net_want_write(struct net_conn *c);

/* Closes after everything `pull` still has for it was sent: CLOSE frame with code and reason (at
 * most 123 bytes, copied), then TCP. Messages that still arrive are dropped, and after 1 MiB of them
 * nothing is read any more. A peer that does not
 * answer, or whose full socket takes nothing, is cut after 5 s. A second call is ignored. */
void net_close(struct net_conn *c, uint16_t code, const char *reason);

/* Cuts without a word. `closed` follows in a later turn. */
void net_kill(struct net_conn *c);

/* Stops / resumes reading; what was received already is kept and delivered after resuming. */
void net_pause(struct net_conn *c, bool paused);

/* The header of a text frame (RFC 6455 section 5.2; FIN, opcode 1, unmasked): 2, 4 or 10 bytes,
 * returned as the length, for a payload of payload_len bytes. */
enum { NET_FRAME_HEADER_MAX = 10 };
size_t net_frame_header(size_t payload_len, uint8_t out[NET_FRAME_HEADER_MAX]);

/* An answer. Header names and values are borrowed; body is copied unless body_is_static. */
struct net_header {
    const char *name;
    const char *value;
};

struct net_answer {
    unsigned status;
    const char *content_type;
    const struct net_header *headers;
    size_t n_headers;
    const void *body;
    size_t body_len;
    bool body_is_static;
};

/* Ends r. HEAD requests get no body, with the body's length. Server-wide security headers
 * (nosniff, referrer, frame, CSP default-src 'self') are added to every answer, and Retry-After to
 * 429 and 503. A name or value with a control character in it is left out.
 *
 * A request that brings a body is answered all the same; the body is read and dropped, and the
 * connection closed after the answer. */
void net_answer(struct net_request *r, const struct net_answer *answer);

void net_request_set_user(struct net_request *r, void *user);
void *net_request_user(const struct net_request *r);

#endif
