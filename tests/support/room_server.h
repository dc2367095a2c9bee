/* support/room_server.h - the server around one room, in one thread, with the delays in the test's
 * hands: connections as two queues, a shared outgoing log, a disk that can fail and stop.
 *
 * Nothing happens by itself: each function is one thing that may happen next. What the room asks
 * for is checked as it is carried out: nothing may be shown that is not on disk. */
#ifndef SUPPORT_ROOM_SERVER_H
#define SUPPORT_ROOM_SERVER_H

#include "room/outlog.h"
#include "support/room_disk.h"
#include "support/room_frame.h"

enum { SERVER_LINKS_MAX = 24, SERVER_UP_MAX = 32 };

/* What a client sent and the server has not read. */
struct up {
    enum room_event_kind kind; /* JOIN, OPERATION, META, CURSOR, USER, TEXT, HISTORY */
    struct weft_op op;         /* OPERATION; owned */
    struct room_meta *meta;    /* META; malloc'd, owned */
    struct room_join join;
    struct room_cursor_move cursor;
    struct room_query query;
    uint64_t rev;
    uint64_t seq;
};

/* A connection; ends are free when both sides have let go of it. */
struct link {
    uint64_t conn; /* 0: free */
    int client;    /* whose; -1 when that side is gone */
    bool joined;
    bool closed; /* the server's side is gone */
    uint64_t resume_rev;
    struct up ups[SERVER_UP_MAX];
    size_t n_ups;
    struct outlog_reader reader;
    struct buf down; /* on its way to the client */
};

struct server {
    struct disk disk;
    struct room_config config;
    struct room *room; /* NULL: not in memory */
    struct room_effects *fx;
    struct outlog outlog;
    size_t outlog_bytes_max;
    uint64_t presence_seq;
    struct link links[SERVER_LINKS_MAX];
    uint64_t last_conn;
    int64_t now_ms;
    int64_t unix_ms; /* the log's time; goes on through crashes */
    struct buf frame, scratch;
    /* How the room is made from the log the next time. */
    size_t open_snapshot;
    uint64_t open_back;
    const char *wrong; /* the first mistake found; NULL: none */
    char why[200];
    /* What happened, for the test to know that it did. */
    size_t n_behind, n_too_slow, n_opened, n_snapshots, n_fetched, n_trims;
};

void server_init(struct server *s, const struct uuid *epoch, size_t outlog_bytes_max);
void server_done(struct server *s);

/* The client's side. NULL: no more connections. */
struct link *server_connect(struct server *s, int client, const struct room_join *join);
/* An empty message at the end of the link's way up, NULL when that is full or leads nowhere. */
struct up *server_send(struct link *link, enum room_event_kind kind);
void server_hang_up(struct link *link); /* the client is gone; the server does not know yet */

/* The server's side: */
void server_read(struct server *s, struct link *link); /* one message */
void server_write(struct server *s, struct link *link, size_t max_bytes);
void server_notice(struct server *s, struct link *link); /* that the client is gone */
void server_flush(struct server *s);
void server_trim(struct server *s);
void server_tick(struct server *s, const struct room_tick *tick); /* unix_ms is put in */
void server_submit(struct server *s);
void server_commit(struct server *s, bool ok); /* the one under way ends */
bool server_evict(struct server *s);           /* when nobody is there */
void server_crash(struct server *s, bool arrived);

/* Takes one whole frame off the way down. False: there is none. Undone by frame_done(); borrows until
 * server_drop(). */
bool server_frame(const struct link *link, struct frame *ret, size_t *ret_len);
void server_drop(struct link *link, size_t len);

#endif
