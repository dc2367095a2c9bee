/* net/internal.h - what the files of net share. Nobody else includes it.
 *
 *     listen.c     the listening socket, accept
 *     http.c       one plain connection: read heads, hand requests up, write answers
 *     answer.c     an answer's bytes
 *     upgrade.c    from a plain connection to a WebSocket
 *     ws.c         a WebSocket: libwebsockets' callbacks
 *     flush.c      outgoing frames, once per turn
 *     keepalive.c  the tick: pings, dead peers, stalled sockets, slow heads
 *     address.c    connections per address
 *     group.c      what several loops share; connections from one to another
 *     net.c        life and death of the whole
 *
 * A TCP connection is a struct net_request until it is upgraded, and then a struct net_conn. Either
 * one holds one count in n_tcp and in its address. */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include <pthread.h>
#include <uv.h>

#include "base/assert.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/tally.h"
#include "net/head.h"
#include "net/lws.h"
#include "net/net.h"

enum {
    /* Most bytes of one write: lws hands that much to one send(2). */
    WRITE_BYTES_MAX = 1 << 20,
    /* What one connection may be written in one turn before the others have theirs. */
    TURN_BYTES_MAX = 4 << 20,
    /* One read. Larger means fewer turns for a large message; the buffer is the loop's. */
    READ_BYTES = 64 << 10,
    /* lws allocates this per WebSocket and reads at most that much at once: some 20 keystrokes. An
     * idle one takes 3.6 KiB in all; 5.6 with 4 KiB or more, 2.6 with 1. */
    CONN_READ_BYTES = 2 << 10,
    /* accept(2) calls per turn: the others have theirs in between. */
    ACCEPTS_PER_TURN = 256,
    /* A peer that was sent CLOSE, or cannot be sent it, has this long. */
    CLOSE_MS = 5000,
    HEAD_MS = 10000,        /* from the first byte, or from accept, to the end of the head */
    IDLE_MS = 60000,        /* between two requests on one connection */
    LINGER_MS = 2000,       /* after the last answer, so that a reset does not overtake it */
    LINGER_BYTES = 1 << 20, /* of a body nobody wants; of messages behind our CLOSE */
    /* Bytes of a message in pieces that are reserved before they come. */
    PART_AHEAD_BYTES = 64 << 10,
    /* What the kernel keeps of one connection besides what is on its way. By itself it takes 2.5 MB
     * from us before it says that a socket is full: 1,000 readers that do not read are 2.5 GB then,
     * and who is slow is sent megabytes of single operations instead of one composed one. */
    UNSENT_BYTES_MAX = 128 << 10,
    /* A peer that takes what it is sent, but slowly, is not read for so long: see ws_hold(). */
    HOLD_MS = 3000,
    RETRY_AFTER_S = 5,
    REASON_BYTES_MAX = 123, /* RFC 6455: a control frame has 125, two are the code */
    ADDRESS_TEXT_MAX = 46,
};

/* ---- addresses --------------------------------------------------------------------------------- */

struct address {
    struct address *next; /* in its bucket */
    uint64_t key[2];
    size_t n; /* any thread may tally_read() it */
};

struct address_table {
    struct address **buckets;
    size_t n_buckets; /* a power of two, 0 at first */
    size_t n;
    uint64_t seed; /* peers choose their addresses, not their buckets */
};

void address_table_init(struct address_table *t, uint64_t seed);
void address_table_done(struct address_table *t);
/* Counts one more connection; NULL: no memory. */
struct address *address_take(struct address_table *t, const struct sockaddr *peer);
void address_release(struct address_table *t, struct address *a);
void address_text(const struct sockaddr *peer, char out[ADDRESS_TEXT_MAX]);

/* ---- the group --------------------------------------------------------------------------------- */

struct net_group {
    pthread_mutex_t mutex;
    struct address_table addresses; /* under the mutex */
    size_t n_tcp;                   /* atomic: connections of any kind */
    size_t n_open;                  /* atomic: WebSockets after `open` */
    size_t answers_sum;             /* tallies: of answers_bytes and parts_bytes */
    size_t parts_sum;
    uint16_t port;
    unsigned n_loops;
    struct net *loops[];
};

/* A connection comes, or goes. NULL: no memory. */
struct address *group_take(struct net_group *g, const struct sockaddr *peer);
void group_release(struct net_group *g, struct address *a);
/* Tells the others of bytes held: all there is to tell, or what is worth it. */
void group_tell(struct net *n, bool all);

/* ---- the whole --------------------------------------------------------------------------------- */

struct net {
    struct net_config config;
    struct net_handler handler;
    struct net_group *group;
    bool owns_group;
    unsigned index;       /* in the group */
    struct mailbox inbox; /* connections that other loops hand over */
    uint64_t n_handed;    /* how many; any thread may tally_read64() it */
    char *host;
    uint16_t port;

    uv_loop_t loop;
    uv_check_t check;
    uv_prepare_t prepare;
    uv_timer_t tick;
    uv_async_t wake; /* another turn, please */
    uv_poll_t listener;
    int listen_fd;       /* -1: none */
    int spare_fd;        /* given up to refuse a connection when there is no descriptor left */
    bool listener_rests; /* nothing is accepted until the next tick */

    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[2];
    struct net_conn *adopting; /* until lws has made its side of it */

    size_t n_open; /* WebSockets after `open` */

    struct link marked;   /* net_conn.marked: has something to send */
    struct link blocked;  /* net_conn.blocked: its socket is full; longest without progress first */
    struct link watched;  /* net_conn.watched: by check_at_ms */
    struct link closing;  /* net_conn.watched: CLOSE was sent, the peer's is awaited; the same */
    struct link http;     /* net_request.all */
    struct link ready;    /* net_request.ready: has bytes of a next request */
    struct link parts;    /* net_conn.parts: has a message in pieces; the oldest first */
    size_t answers_bytes; /* copied bodies held, the sum of net_request.held */
    size_t kept_bytes;    /* the sum of net_conn.kept */
    size_t dying_bytes;   /* of kept_bytes, of connections that are dead and not gone */
    size_t parts_bytes;   /* the sum of net_conn.part_cap */
    struct tally answers_all; /* what the group knows of answers_bytes and parts_bytes */
    struct tally parts_all;

    uint64_t tick_ms;
    int64_t watch_ms;
    int64_t last_tick_ms;
    int64_t awake_since_ms; /* the loop stood still before */
    bool refusing;
    bool flushing;

    char join[HEAD_BYTES_MAX];
    char scratch[HEAD_BYTES_MAX];
};

/* Writes a line to where net_set_log() said. */
void net_log(bool error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What lws logs meanwhile is dropped. */
void net_hush(const struct net *n, bool hush);

void net_tick(uv_timer_t *timer);
void net_flush(struct net *n);
static inline bool net_is_full(const struct net *n)
{
    return tally_read(&n->group->n_tcp) >=
           n->config.connections_max + n->config.connections_max / 4 + 64;
}

/* ---- listening --------------------------------------------------------------------------------- */

WEFT_CHECKED int listen_open(struct net *n, char *why, size_t why_bytes);
void listen_close(struct net *n); /* twice is fine */
void listen_tick(struct net *n);  /* takes up again what had no descriptor or memory */

/* ---- plain connections ------------------------------------------------------------------------- */

enum http_state {
    HTTP_HEAD,   /* reads a head */
    HTTP_WAIT,   /* its request was handed up */
    HTTP_WRITE,  /* the answer is on its way */
    HTTP_LINGER, /* all is said; waits for the peer to close */
    HTTP_DEAD,   /* to be freed by whoever is working on it */
};

struct net_request {
    struct net *net;
    int fd;
    enum http_state state;
    uv_poll_t poll;
    bool has_poll;
    int armed; /* the events asked for */
    struct address *address;
    char address_text[ADDRESS_TEXT_MAX];
    struct link all;
    struct link ready;
    int64_t since_ms; /* the state, or the last progress in it */

    char *in; /* HEAD_BYTES_MAX bytes of what was not used yet; NULL: nothing */
    size_t in_len;
    size_t drained; /* bytes dropped while lingering */
    bool busy;      /* http_pump() is on the stack */
    bool began;     /* a request was served before */
    bool placed;    /* another loop said that the next one is ours */

    bool is_head; /* of the request being answered */
    bool keep_alive;
    void *user;

    char *out; /* what is left of head and copied body */
    size_t out_at;
    size_t out_len;
    size_t held;            /* of that, the copied body: counted in net.answers_bytes */
    const char *out_static; /* what is left of a static body */
    size_t out_static_len;
};

void http_accept(struct net *n, int fd, const struct sockaddr *peer);
/* Takes a socket that is counted in `address`, also on failure: NULL. */
struct net_request *http_new(struct net *n, int fd, struct address *address);
/* Serves what is there, and waits for more. May free r. */
void http_pump(struct net_request *r, const char *bytes, size_t len);
void http_destroy(struct net_request *r);
/* Serves what has been read; for the ready list. */
void http_resume(struct net_request *r);
/* Closes those that took too long. */
void http_tick(struct net *n, int64_t now);
/* Answers with a sentence and closes. */
void http_refuse(struct net_request *r, unsigned status, const char *sentence);
/* Lets go of the socket, which is the caller's then, with its counts; r is freed. */
int http_detach(struct net_request *r);

/* Takes r, of which nothing was answered since `bytes` began, to the loop it is for. True: r is no
 * more. */
bool hand_over(struct net_request *r, const struct head *h, const char *bytes, size_t len);
void hand_take(struct net *n); /* those that others have handed over */
void hand_drop(struct net *n); /* the same, at the end */

/* The bytes of an answer's head, or NULL: no memory. The body's place is left free behind it:
 * `body_bytes` of them. To be freed. */
char *answer_head(const struct net_answer *answer, bool keep_alive, size_t body_bytes,
                  size_t *ret_len);
bool answer_has_body(unsigned status);

/* ---- WebSockets -------------------------------------------------------------------------------- */

struct net_conn {
    struct net *net;
    struct lws *wsi; /* NULL: not yet, or no more */
    void *user;
    struct address *address;
    struct link marked;
    struct link blocked;
    struct link watched;
    int64_t last_rx_ms;
    int64_t pinged_ms;
    int64_t check_at_ms;
    int64_t progress_ms; /* of a blocked socket, or of closing */
    int outq;            /* bytes the peer had not acknowledged at the last tick */
    uint16_t close_code; /* 0: stays open */
    char *reason;        /* NULL: none */
    size_t kept;         /* at most what lws has a copy of */
    uint8_t *part;       /* a message in several pieces */
    size_t part_len;
    size_t part_cap;
    struct link parts;
    size_t dropped; /* bytes that came behind our CLOSE */
    bool wanted;    /* net_want_write() before it was open */
    bool is_open;   /* `open` was called */
    bool is_muted;  /* CLOSE was sent, or lws is closing: nothing may be written any more */
    bool is_dead;   /* net_kill() */
    bool is_gone;   /* `closed` was called */
    bool is_paused;
    int64_t held_ms; /* since when, where it is held */
    bool is_held;    /* not read for a moment, until the socket takes what lws keeps: flush.c */
};

/* Takes over r's socket: `rest` is what the peer sent behind its head. r is freed. */
void ws_adopt(struct net_request *r, struct net_conn *c, const struct head *head, const char *rest,
              size_t rest_len);
struct net_conn *ws_new(struct net *n);
int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                size_t len);

/* Decides on an upgrade. False: r is no more. */
bool upgrade_serve(struct net_request *r, const struct head *head, const char *rest,
                   size_t rest_len);

/* Sends CLOSE: everything else was sent. */
/* lws drops what it keeps of our frames, and answers nothing, when the peer's CLOSE comes while it
 * keeps something. So the peer is not read until the socket has taken all; who takes nothing is read on
 * from the next tick, who takes it slowly after HOLD_MS, for what they type must not wait. */
void ws_hold(struct net_conn *c, bool held);
void ws_finish(struct net_conn *c);
/* Ends a dead one. Not from below a callback of lws. */
void ws_cut(struct net_conn *c);
/* Writes finished frames. False: the connection is being killed. */
bool flush_write(struct net_conn *c, const uint8_t *bytes, size_t len);

/* Says how much lws keeps of what c was given. */
static inline void conn_keeps(struct net_conn *c, size_t bytes)
{
    c->net->kept_bytes += bytes - c->kept;
    if (c->is_dead)
        c->net->dying_bytes += bytes - c->kept;
    c->kept = bytes;
}

void watch_start(struct net_conn *c);

#endif
