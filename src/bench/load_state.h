/* bench/load_state.h - what the files of the load share: load.c (connections and events), load_join.c,
 * load_type.c. */
#ifndef BENCH_LOAD_STATE_H
#define BENCH_LOAD_STATE_H

#include "bench/frame.h"
#include "bench/link.h"
#include "bench/load.h"

enum client_state { CLIENT_UNBORN, CLIENT_JOINING, CLIENT_JOINED, CLIENT_GONE };

/* Clients of room r are r * per_room .. + per_room - 1; behind all of them stand the builders, one
 * for each room, where a text is asked for. */
struct client {
    struct link link;
    struct adapter_conn conn;
    enum client_state state;
    bool slow;      /* reads nothing once it has joined */
    bool dirty;     /* has bytes to send, and stands in the list */
    bool waits_out; /* the socket is full: writable is asked for */
    bool may_type;  /* something was acknowledged: see pump() */
    uint32_t room;
    uint64_t due_ns; /* to join */
    /* of a writer */
    size_t writer; /* its place in times; SIZE_MAX: none */
    uint64_t sent; /* the last operation's number */
    uint64_t in_flight;
    uint64_t step_first; /* `sent` when the step began */
    uint64_t step_due;   /* of the step: so many are due */
};

/* Something that happens at even intervals, by one client after the other. */
struct beat {
    double every_ns; /* 0: never */
    uint64_t start_ns;
    uint64_t n; /* so many were due */
};

struct load {
    struct adapter_sink sink; /* first: emit() is given it */
    const struct options *o;
    const struct adapter *adapter;
    struct url url;
    struct sockaddr_storage to;
    socklen_t to_len;
    struct proc proc;
    char prefix[64]; /* of the rooms' names */
    char *room_names;
    uint8_t *states;
    struct client *clients;
    size_t n_clients; /* without builders */
    size_t n_all;
    int epoll;
    struct link_scratch scratch;
    uint32_t *dirty;
    size_t n_dirty;
    uint64_t random;
    bool failed;
    char why[500];

    struct client *current; /* whose message is being read */
    uint64_t now_ns;        /* of the read() that brought it */

    /* joining */
    size_t n_started;
    size_t n_joined;
    struct load_joined *joining; /* NULL: builders */

    /* typing */
    struct times times;
    struct load_measured *m; /* never NULL */
    struct load_measured *idle_m;
    struct beat ops;
    struct beat cursors;
    bool closed_loop; /* an ack makes the next one due */
    uint64_t n_in_flight;
    uint64_t cut;
    /* progress */
    bool tells;
    uint64_t told_ns;
    struct load_counts told;
};

uint64_t load_now_ns(void);

/* Ends the run; only the first reason is kept. */
void load_fail(struct load *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Connects client i. */
void load_connect(struct load *l, size_t i, uint64_t due_ns);

/* Sends what was gathered, waits for sockets until `until_ns` at most, reads them. */
void load_turn(struct load *l, uint64_t until_ns);

/* One more operation of c, due at due_ns. */
void load_type_one(struct load *l, struct client *c, uint64_t due_ns);
bool load_may_type(const struct load *l, const struct client *c);
/* c's operations that are due and could not be sent before. */
void load_pump(struct load *l, struct client *c);

void load_mark_dirty(struct load *l, struct client *c);
uint64_t load_random(struct load *l);

void load_use_begin(struct load *l, struct load_use *use);
/* False, and the run has failed: the server's process is gone. */
bool load_use_end(struct load *l, struct load_use *use);

#endif
