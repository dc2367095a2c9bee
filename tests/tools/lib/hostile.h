/* tests/tools/lib/hostile.h - clients that mean no good, in a process of their own.
 *
 * None of them ever reads, after the answer to its handshake. Their receive buffers are as small as
 * the kernel makes them, so what a server has for them waits in the server. Each comes from one of
 * 200 addresses of 127.0.0.0/8.
 *
 *     struct hostile *h = hostile_start(&server, &(struct hostile_load){HOSTILE_TEXT, 100, "big"});
 *     ...
 *     hostile_look(h).n_closed        how many the server has closed or cut by now
 *     hostile_stop(h);
 *
 * Out of descriptors or memory prints a line and exits 1. */
#ifndef TOOLS_HOSTILE_H
#define TOOLS_HOSTILE_H

#include <stddef.h>
#include <stdint.h>

#include "tools/lib/process.h"

enum hostile_kind {
    HOSTILE_STUCK,   /* joins, and that is all */
    HOSTILE_TEXT,    /* asks for the text, again and again; so do the next ones, each its thing */
    HOSTILE_HISTORY, /* for all of the log */
    HOSTILE_OPERATIONS, /* inserts a character and deletes it */
    HOSTILE_PING,       /* the message */
    HOSTILE_PING_FRAME, /* the control frame, with 125 bytes */
    HOSTILE_CURSOR,
    HOSTILE_SIGNAL,     /* to itself, 1,000 bytes */
    HOSTILE_UNFINISHED, /* a message of 1 MiB, all but its last byte */
    HOSTILE_FRAGMENTS,  /* one message, in fragments of one byte */
    HOSTILE_PIPELINE,   /* plain HTTP: GET of the room's text, again and again */
    HOSTILE_HALF_HEAD,  /* half of a request's head */
    HOSTILE_SLOW_HEAD,  /* a byte of one each second */
    HOSTILE_CONNECT,    /* connects, and that is all */
    HOSTILE_KINDS,
};

struct hostile_load {
    enum hostile_kind kind;
    size_t n;
    const char *room;
};

struct hostile_seen {
    uint32_t n_open;   /* connected, and told so with 101 where that was asked for */
    uint32_t n_closed; /* of those, closed since */
    uint32_t n_refused;
    uint64_t sent_bytes;
};

struct hostile;

/* Returns when all have come, or were refused. */
struct hostile *hostile_start(const struct process *server, const struct hostile_load *load);
struct hostile_seen hostile_look(const struct hostile *h);
void hostile_stop(struct hostile *h);

/* A socket with a small receive buffer, from an address of its own; -1: refused. */
int hostile_connect(uint16_t port, size_t i);
/* Asks for the upgrade and reads its answer, nothing behind it. Returns the status, 0: none. */
int hostile_upgrade(int fd, const char *path);
/* A masked frame into out (14 + len bytes); returns its length. */
size_t hostile_frame(uint8_t *out, unsigned first, const void *bytes, size_t len);

#endif
