/* server/hub_state.h - what the files of the hub share. Nobody else includes it. */
#ifndef SERVER_HUB_STATE_H
#define SERVER_HUB_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

#include "net/net.h"
#include "room/guard.h"
#include "room/outlog.h"
#include "room/room.h"
#include "server/hub.h"
#include "base/counted.h"
#include "base/list.h"
#include "base/tally.h"
#include "server/log.h"
#include "server/numbers.h"
#include "base/siphash.h"
#include "store/worker.h"
#include "wire/wire.h"

enum {
    /* One pull: what a reader that stops reading has in memory of the room's log. */
    HUB_WRITE_BYTES_MAX = 64 << 10,
    /* Texts of welcomes in one turn, and one more: 10 ms of the loop. */
    HUB_JOIN_BYTES_MAX = 4 << 20,
    /* Above --limit-outgoing, who has taken nothing for so long is cut. */
    HUB_STUCK_MS = 2000,
    HUB_KEEP_BYTES = 1 << 20, /* of the buffers that frames are made in */
    HUB_TICK_MS = 1000,
    HUB_FLUSH_MS_MAX = 10000,  /* a stop waits this long for the disk */
    HUB_STOP_BYTES = 64 << 20, /* of snapshots taken at a stop: a second of a slow disk */
    HUB_CLOSE_MS_MAX = 5000,   /* and this long for the peers */
    HUB_RETRY_MS_LEAST = 100,  /* everybody comes back after a stop, not all at once */
    HUB_RETRY_MS_MOST = 1000,
    HUB_UNREADY_MS = 10000, /* a failed commit or load speaks for this long; then nobody knows */
    HUB_LOG_BURST = 10,     /* lines in ten seconds of one kind of event that floods */
    ROOM_HASH_CHARS = 16,
    IF_NONE_MATCH_BYTES = 256, /* an ETag of ours has 60; who sends more gets the whole answer */
};

/* --- rooms --- */

/* The legal moves stand in hub_room.c. GONE is never seen: it is freed. */
enum entry_state { ENTRY_LOADING, ENTRY_OPEN, ENTRY_QUARANTINED, ENTRY_GONE };

/* A room in memory, or on its way there. */
struct entry {
    uint64_t id; /* in hub.numbers; owner of its writes, tag of its load */
    enum entry_state state;
    struct entry *chain;   /* same bucket */
    struct link queue;     /* in hub.busy or hub.idle */
    bool is_idle;          /* the latter */
    struct link touched;   /* in hub.touched: something happened to it this turn */
    int64_t idle_since_ms; /* in hub.idle */
    bool visited;          /* opened by a round, and nobody has asked for it since */

    struct counted memory; /* what room and outlog take */
    struct room *room;     /* OPEN */
    struct uuid epoch;
    uint64_t presence_seq; /* the newest that was broadcast */
    char *read_key;        /* NULL: nobody was told it yet */
    struct outlog outlog;
    size_t n_joined;   /* readers of outlog */
    size_t n_at_end;   /* of those, how many have everything */
    bool held;         /* some of conns have PAUSE_DISK */
    bool fan_out;      /* its readers are to be asked to pull */
    bool fan_out_late; /* the same, not before fan_out_ms: hub_late.c */
    int64_t fan_out_ms;
    struct link late;   /* in hub.late: has something to do when a clock says so */
    bool failing;       /* a write was lost: ROOM_COMMIT_FAILED when no commit is under way */
    bool doomed;        /* what it did is not all said: to be dropped and read again */
    struct link result; /* hub_store.c: in the commit whose result is at hand */
    uint64_t result_rev;
    struct room_stored result_stored;

    struct link conns; /* struct conn.of_entry */
    size_t n_conns;
    struct link requests; /* struct request.of_entry: those that wait for the load or the room */

    size_t name_len;
    char name[ROOM_NAME_BYTES_MAX + 1];
    char hash[ROOM_HASH_CHARS + 1]; /* how the log names it */
};

/* --- connections and requests, which share one space of numbers --- */

enum party_kind { PARTY_CONN, PARTY_REQUEST };

struct party {
    enum party_kind kind;
    uint64_t id;
};

enum conn_state {
    CONN_UPGRADING, /* accepted, no WebSocket yet */
    CONN_WAITING,   /* for its room to be loaded */
    CONN_JOINING,   /* the room has been told */
    CONN_JOINED,    /* it was sent its welcome and reads the room's outgoing log */
};

/* Why nothing is read from a connection. */
enum { PAUSE_JOIN = 1, PAUSE_RATE = 2, PAUSE_PRIVATE = 4, PAUSE_STOP = 8, PAUSE_DISK = 16 };

struct conn {
    struct party party; /* first */
    enum conn_state state;
    struct hub *hub;
    struct net_conn *net;
    struct entry *entry; /* NULL: its room is gone, it will be closed */
    struct link of_entry;
    struct link all;     /* in hub.conns */
    struct link resting; /* in hub.resting while PAUSE_RATE */
    struct link lacking; /* in hub.lacking: its text or what it missed waits for memory */
    size_t counted;      /* of reader.private_bytes, in hub.private_bytes */
    int64_t rested_ms;   /* when to ask the guard again */
    unsigned paused;
    bool closing;
    bool by_key;      /* came by a read key: is not told the room's name */
    bool bad_session; /* it offered one that did not verify */
    bool has_session; /* session_user is that of a session that verified */
    struct uuid session_user;
    struct outlog_reader reader; /* of entry->outlog when JOINED, of hub.lobby before */
    struct guard guard;
    struct wire_connect connect;
};

enum request_what { REQUEST_ROOM, REQUEST_TEXT };

struct request {
    struct party party; /* first */
    enum request_what what;
    struct net_request *net;
    struct entry *entry;
    struct link of_entry;
    struct link all; /* in hub.requests */
    bool has_rev;
    uint64_t rev;
    char if_none_match[IF_NONE_MATCH_BYTES];
};

/* A stretch of a log that a room asked for. */
struct fetch {
    uint64_t id;
    uint64_t entry_id;
    uint64_t ticket;
    int err;          /* it could not even be asked for: told to the room at the turn's end */
    struct link link; /* in hub.fetches, or hub.fetches_failed */
};

/* --- the hub --- */

enum hub_phase { HUB_SERVING, HUB_FLUSHING, HUB_CLOSING, HUB_ENDED };

/* hub_rounds.c: looking after the rooms that nobody opens. */
struct rounds {
    bool asked;       /* for the next name */
    int64_t begun_ms; /* this round */
    int64_t next_ms;  /* not before then */
    size_t after_len; /* the room that was looked at last; 0: none yet in this round */
    char after[STORE_NAME_BYTES_MAX];
};

/* Whether the disk does what it is asked to, and since when not. */
struct health {
    bool failing;
    int64_t failed_ms;
    struct log_limit changes;
    char why[STORE_TEXT_BYTES];
};

/* Any hub may tally_read64() them. */
struct commit_counters {
    uint64_t commits, records, took_us; /* of those that succeeded */
    uint64_t failures;
};

/* What all hubs of a server share. Nothing of it is touched for an operation: the mutex is for what
 * goes wrong, the rest is read or changed when a room or a person comes or goes, or once a turn. */
struct hub_all {
    unsigned n;
    struct hub **hubs;
    struct net_group *net;

    size_t n_entries; /* atomic: rooms in memory */
    size_t rooms_sum; /* tallies: of rooms_bytes, and of what waits to be read */
    size_t outgoing_sum;

    pthread_mutex_t mutex;
    struct health commits; /* under it; `failing` may be read without */
    struct health loads;
    struct log_limit refusals;

    bool stopping;               /* atomic: SIGTERM came */
    bool late;                   /* atomic: somebody's disk took too long */
    unsigned n_flushed, n_ended; /* atomic: hubs that have come so far */
    size_t n_cut;                /* atomic: connections that did not answer the end */
};

struct hub {
    struct hub_all *all;
    unsigned index; /* in it */
    struct settings settings;
    struct room_config room_config;
    struct guard_config guard_config;
    struct auth *auth;
    struct net *net;
    struct store_worker *worker;
    struct siphash_key table_key;
    struct siphash_key log_key;
    struct siphash_key place_key;

    struct numbers numbers;
    struct entry **buckets; /* n_buckets, a power of two; chained */
    size_t n_buckets;
    size_t n_entries;   /* any hub may tally_read() it */
    size_t rooms_bytes; /* what all entries' rooms and outlogs take */
    struct tally rooms_all;
    struct link busy; /* entries that have somebody or something pending */
    struct link idle; /* the others, longest idle first */
    size_t n_idle;    /* any hub may tally_read() it */
    size_t owed;      /* atomic: of these, how many others have asked to evict */
    struct link touched;
    struct link late;
    struct link conns;
    size_t n_conns; /* any hub may tally_read() it */
    struct link resting;
    struct link lacking;
    int64_t joined_ms;    /* the turn of joined_bytes */
    size_t joined_bytes;  /* texts of those who joined in it */
    size_t private_bytes; /* the sum of conn.counted */
    struct tally outgoing_all;
    struct link requests;

    struct outlog lobby; /* always empty: what those read who have not joined */
    struct room_effects *fx;
    bool stepping;      /* fx is in use */
    struct buf frame;   /* one outgoing frame */
    struct buf scratch; /* one reader's pull */

    struct store_batch *gathering;
    struct store_batch *spare; /* NULL while a commit is under way */
    struct link fetches;
    struct link fetches_failed;
    struct rounds rounds;
    struct commit_counters committed;

    uv_async_t wake;
    uv_timer_t tick;
    uv_timer_t rest;
    uv_timer_t stop;
    uv_signal_t signals[2];
    unsigned n_handles; /* of the above that are on the loop */
    enum hub_phase phase;
    int64_t stop_ms;
    uint64_t chance; /* for jitter; nothing hangs on it */
};

/* hub.c */
void hub_settle(struct hub *h); /* the end of a turn, and of every callback that is not net's own */
int64_t hub_now(struct hub *h);
int64_t hub_unix_ms(void);
void hub_refused(struct hub *h, const char *why);

/* hub_room.c */
WEFT_CHECKED int entries_init(struct hub *h);
void entries_done(struct hub *h);
/* The room's entry, made and its load begun when there is none. 0, WEFT_ENOMEM, or WEFT_ELIMIT when
 * there are too many in use. */
WEFT_CHECKED int entry_get(struct hub *h, const char *name, size_t len, struct entry **ret);
/* Opens a room that is not in memory, for its tick only. False: there is no place for it now. */
bool entry_visit(struct hub *h, const char *name, size_t len);
void entry_loaded(struct hub *h, struct entry *e, struct store_result *result);
void entry_drop(struct hub *h, struct entry *e); /* doomed: its people are told to come back */
void entry_use(struct hub *h, struct entry *e);  /* not idle any more */
void entry_touch(struct hub *h, struct entry *e);
/* If it has nobody and nothing pending: it may make place for another from now on. */
bool entry_rest(struct hub *h, struct entry *e);
void entries_tick(struct hub *h);
void entries_leave(struct hub *h); /* the server stops */
void entries_give(struct hub *h);  /* evicts what other hubs have asked for */

/* hub_effects.c */
/* Gives the room an event and carries out what follows. As room_step(); effects of a failed step
 * are carried out too. */
WEFT_CHECKED int hub_step(struct hub *h, struct entry *e, const struct room_event *event);
/* What is pending of this room cannot be written: it will be told. */
void entry_fail(struct hub *h, struct entry *e);

/* hub_conn.c */
struct net_handler hub_conn_handler(struct hub *h); /* without the parts of hub_http.c */
void conn_send(struct hub *h, struct conn *c, const struct room_message *m, uint64_t rev);
void conn_close(struct conn *c, uint16_t code, const char *reason);
/* An error, then the close. */
void conn_refuse(struct hub *h, struct conn *c, int err, const char *words, uint32_t retry_ms,
                 uint16_t code);
void conn_closing(struct hub *h, struct conn *c); /* "closing", then 1012 */
void conn_pause(struct conn *c, unsigned why, bool paused);
void conn_leave_entry(struct hub *h, struct conn *c); /* to the lobby; no word to the room */
/* The connection fell off the outgoing log and the room has said what it lacks: between room_step()
 * and carrying that out. */
void conn_skip(struct hub *h, struct entry *e, uint64_t id);
void conn_put_off(struct hub *h, struct conn *c);     /* an answer that there is no memory for */
void conn_drop_unread(struct hub *h, struct conn *c); /* what waits for it alone */
void conns_rest_over(struct hub *h);
void conns_go_on(struct entry *e); /* ends PAUSE_DISK when the disk has caught up */
/* One frame, in hub.frame. 0 or WEFT_ENOMEM. */
WEFT_CHECKED int hub_encode(struct hub *h, const struct room_message *m, const uint8_t **ret_bytes,
                            size_t *ret_len);

/* hub_late.c */
void late_wait(struct hub *h, struct entry *e); /* to be touched when the clock has gone on */
void late_over(struct hub *h);
void late_flush(struct hub *h, struct entry *e); /* the carets, if it is time */
void fan_out(struct hub *h, struct entry *e);

/* hub_memory.c */
/* --limit-outgoing is reached. */
bool memory_is_short(const struct hub *h);
/* Whether somebody may join now. Counts the text it will be given. */
bool memory_lets_join(struct hub *h, size_t text_bytes);
void memory_count(struct hub *h, struct conn *c); /* after each change of its private frames */
void memory_wait(struct hub *h, struct conn *c);  /* to join, or to be asked to pull again */
void memory_settle(struct hub *h);
void memory_tick(struct hub *h); /* gives back what one large frame has taken */

/* hub_join.c */
int conn_upgrade(void *ctx, struct net_conn *nc, const struct net_head *head, void **ret_user,
                 char *why, size_t why_bytes);
void conn_open(void *ctx, struct net_conn *nc, void *user, bool full);
void conn_join(struct hub *h, struct conn *c);
void conn_welcome(struct hub *h, struct conn *c, const struct room_message *m);

/* hub_store.c */
void store_wake(void *ctx); /* from the disk's thread */
void store_results(struct hub *h);
void store_submit(struct hub *h);
void store_fetch(struct hub *h, struct entry *e, const struct room_fetch *fetch);
void store_fetches_failed(struct hub *h);
void store_fetches_done(struct hub *h);
bool store_committing(const struct hub *h);
void store_health(struct hub *h, bool commit, int err, const char *text, size_t n_records);
/* Whether the disk failed lately; why, then. */
bool store_is_sick(struct hub *h, char ret_why[STORE_TEXT_BYTES]);

/* hub_rounds.c */
void rounds_tick(struct hub *h);
void rounds_next(struct hub *h, const struct store_result *result); /* STORE_JOB_NEXT */

/* hub_metrics.c */
void metrics_commit(struct hub *h, const struct store_result *result);
void http_metrics(struct hub *h, struct net_request *r);
size_t metrics_connections(const struct hub_all *all);

/* hub_http.c */
void http_request(void *ctx, struct net_request *r, const struct net_head *head);
void http_request_gone(void *ctx, struct net_request *r);
/* The room's name, as sent, in a path under /api/rooms/. */
bool http_room_segment(struct net_str path, struct net_str *ret);
void request_run(struct hub *h, struct request *r); /* its room is open */
void request_message(struct hub *h, struct request *r, const struct room_message *m);
void request_fail(struct hub *h, struct request *r, unsigned status, const char *code,
                  const char *words);

/* hub_place.c */
unsigned hub_loop_of(void *ctx, const struct net_head *head);
bool place_is_here(const struct hub *h, const char *name, size_t len); /* a room of this name */
/* Another hub was asked to make place for a room. */
bool place_elsewhere(struct hub *h);
size_t place_owed(struct hub *h); /* how often this one was asked since */
void place_tell(struct hub *h, bool all);

/* hub_pages.c */
/* A page or file of the web, or an error. Always answers. */
void pages_answer(struct net_request *r, const struct net_head *head);
void answer_error(struct net_request *r, unsigned status, const char *code, const char *words);

#endif
