/* sim/sim.h - a room, its clients and everything that can go wrong between them, in one thread from
 * one seed.
 *
 *     people.c   type and move; their clients (src/client) talk to the server
 *     net.c      a connection: two queues of bytes that are cut without notice
 *     server.c   what the hub does around a room (src/room): reads, writes, commits, evicts
 *     disk.c     a log that can be slow, fail, stop halfway and lose what was not committed
 *     ledger.c   every character that is typed is another one: what became of each
 *     verdict.c  what must hold when the faults stop
 *     play.c     one simulation: which faults there are, what happens next, coming to rest
 *     shrink.c   a simulation that failed, made as small as it can be
 *     record.c   the run as lines of JSON, for other clients to be held against
 *
 * What happens is a row of actions. Each draws what it needs from its own number and the seed alone,
 * so leaving some out changes nothing about the others: that is how a case is made small.
 *
 * Everything that a simulation allocates comes from one pool (pool.h) that is emptied after it, so a
 * failure may jump out from anywhere. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/buf.h"
#include "client/client.h"
#include "room/outlog.h"
#include "room/room.h"
#include "support/rng.h"

enum {
    CLIENTS_MAX = 8,
    LINKS_MAX = 32, /* connections, those included whose client has gone */
    UPS_MAX = 48,   /* messages under way from one client */
    CHARS_MAX = 1 << 15,
    USERS_MAX = 1 << 14,
    STEPS_MAX = 1 << 15,
    QUIET_ROUNDS_MAX = 100, /* to come to rest in; ten are many */
    HASH_EVERY = 16,        /* revisions, whose text is known by its hash */
};

/* --- what can happen --- */

#define SIM_ACTIONS(X)                                                                             \
    X(TYPE, "type")       /* a person types, sometimes several edits */                            \
    X(META, "meta")       /* sets entries of the room */                                           \
    X(CARET, "caret")     /* moves the caret */                                                    \
    X(USER, "user")       /* changes the name */                                                   \
    X(ASK, "ask")         /* asks for a text or a history */                                       \
    X(TURN, "turn")       /* a turn of the server's loop: reads, hands to the disk, sends */       \
    X(READ, "read")       /* the server reads what a client sent */                                \
    X(WRITE, "write")     /* ... sends a client what it lacks */                                   \
    X(TAKE, "take")       /* a client takes what arrived */                                        \
    X(SUBMIT, "submit")   /* what gathered goes to the disk */                                     \
    X(COMMIT, "commit")   /* the commit under way ends */                                          \
    X(FLUSH, "flush")     /* carets are told */                                                    \
    X(TRIM, "trim")       /* what everybody has been sent is dropped */                            \
    X(TICK, "tick")       /* time passes; a room may have to leave memory */                       \
    X(RETRY, "retry")     /* a client's timer after `unavailable` */                               \
    X(CONNECT, "connect") /* a client dials */                                                     \
    X(CUT, "cut")         /* its connection breaks, and only it knows */                           \
    X(NOTICE, "notice")   /* the server notices a broken connection */                             \
    X(RESEND, "resend")   /* a client sends again what it has sent */                              \
    X(FETCHED, "fetched") /* a read of the log ends */                                             \
    X(EVICT, "evict")     /* everybody goes, the room is dropped from memory */                    \
    X(CRASH, "crash")     /* the server dies */                                                    \
    X(WIPE, "wipe")       /* it comes back with an empty log, a new epoch */                       \
    X(RESTORE, "restore") /* ... with an older copy, another generation */                         \
    X(REPAIR, "repair")   /* ... with the first part of its log, repaired */

enum action {
#define SIM_ACTION(name, word) DO_##name,
    SIM_ACTIONS(SIM_ACTION)
#undef SIM_ACTION
        DO_KINDS
};

extern const char *const action_names[DO_KINDS];

/* What else can be switched off when a case is made small. */
#define SIM_FAULTS(X)                                                                              \
    X(FAIL, "fail")         /* commits and reads of the log that fail */                           \
    X(TORN, "torn")         /* a crash in the middle of a commit, refused commits found whole */   \
    X(TWICE, "twice")       /* messages sent twice on one connection */                            \
    X(STRANGER, "stranger") /* sessions that do not verify, resumes without a revision */          \
    X(SMALL, "small") /* small limits: outgoing log, history, snapshots, sessions, document */     \
    X(BURST, "burst") /* several edits at once, several parts in one */

enum fault {
#define SIM_FAULT(name, word) FAULT_##name,
    SIM_FAULTS(SIM_FAULT)
#undef SIM_FAULT
        FAULT_KINDS
};

extern const char *const fault_names[FAULT_KINDS];

/* --- a case: what is played --- */

struct sim_case {
    uint64_t seed;
    size_t clients;         /* at most so many of those that the seed chose; 0: all */
    size_t steps;           /* the same */
    uint32_t without;       /* bit i: no action i */
    uint32_t without_fault; /* bit i: no fault i */
    const uint8_t *keep;    /* [step]: whether it is played; NULL: all are */
};

/* --- the ledger --- */

enum char_state { CHAR_TYPED, CHAR_LOGGED, CHAR_DELETED };

struct sim_char {
    uint32_t cp;
    uint16_t left, right; /* what it was typed between; NO_CHAR */
    uint8_t author;
    uint8_t state;     /* enum char_state: as the log has it */
    uint8_t delete_by; /* bit i: client i typed its deletion */
    bool refused;      /* the server would not have it: it never stands in the log again */
    bool any; /* what became of it cannot be said: a new epoch or a lost session came between */
};

enum { NO_CHAR = UINT16_MAX };

struct ledger {
    struct sim_char chars[CHARS_MAX];
    size_t n;
    bool excuses;                 /* there are some of which nothing can be said */
    size_t n_of[4];               /* of each width */
    uint16_t id_of[4][CHARS_MAX]; /* width - 1, place in it -> id */
};

/* --- the disk --- */

struct disk_item {
    uint64_t rev;
    size_t at; /* in disk.raw */
    size_t len;
    bool snapshot;
    bool trim;        /* the log is to begin at its newest snapshot up to rev */
    uint64_t instead; /* of a snapshot: the one it takes the place of */
};

struct disk_list {
    struct disk_item *items;
    size_t n;
    size_t cap;
};

struct disk {
    struct uuid epoch;
    struct buf raw; /* every byte that was ever handed over */
    uint64_t base;  /* records up to this one are gone; they lie here still, for the oracles */
    struct room_stored stored;  /* by the last commit */
    struct disk_list records;   /* [rev - 1] */
    struct disk_list snapshots; /* rising */
    struct disk_list gathering, under_way;
    struct disk_list refused; /* of the last commit, when that failed: a crash may show it whole */
    bool committing;
    bool refused_shows;
    /* The text at the last record, by the plainest means: ids of characters in an array. */
    uint16_t *shadow;
    size_t n_shadow;
    size_t cap_shadow;
    uint64_t *hashes;  /* [rev / HASH_EVERY] */
    uint32_t *lengths; /* [rev] */
    size_t cap_revs;
    uint64_t seqs[USERS_MAX]; /* of each user, the last in the log */
};

/* --- the network --- */

struct up {
    enum room_event_kind kind; /* JOIN, OPERATION, META, CURSOR, USER, TEXT, HISTORY */
    struct weft_op op;
    struct room_meta *meta;
    struct room_join join;
    struct room_cursor_move cursor;
    struct room_query query;
    uint64_t rev;
    uint64_t seq;
};

struct link {
    uint64_t conn; /* 0: free; conn % LINKS_MAX is its place */
    int client;    /* whose it was */
    bool held;     /* by that client */
    bool joined;
    bool welcomed; /* the client has taken its welcome */
    bool closed;   /* the server's side is gone */
    uint64_t resume_rev;
    size_t n_asked; /* texts and histories that have not been answered */
    struct uuid user_id;
    struct up *ups; /* a ring */
    size_t first_up, n_ups;
    struct outlog_reader reader;
    struct buf down; /* on its way to the client, from down_at on */
    size_t down_at;
};

/* A message on its way to a client: this, then op, text, entries, users and JSON, one after the
 * other. */
struct frame {
    uint32_t len; /* of all of it */
    uint8_t type; /* enum room_message_type */
    bool dup, composed, has_text;
    bool of_log;   /* an error: what was asked for is not in the log, or could not be read */
    bool plain_op; /* the operation holds no memory: it is there as it is, a struct weft_op */
    int8_t err;
    uint16_t n_users;
    uint64_t rev;
    uint64_t from;
    uint64_t seq;
    struct uuid user_id;
    struct uuid epoch;
    uint32_t position_cp, anchor_cp;
    uint32_t op_bytes, text_bytes, meta_bytes, json_bytes;
};

struct frame_parts {
    struct frame head;
    const uint8_t *op, *text, *meta, *users, *json;
};

/* --- the world --- */

struct person {
    struct client *client;
    struct link *link;
    size_t caret_cp;
    bool reads_only;
    bool without_rev;         /* the next connection asks for the text */
    bool waits;               /* for its timer */
    bool leaves;              /* to connect again */
    uint64_t refused_seq;     /* the last one the server would not have */
    uint64_t sent_seq;        /* the last one on this connection, 0: none */
    unsigned lazy;            /* per cent of its actions that do not come about */
    struct room_meta meta;    /* as it knows it */
    struct room_meta waiting; /* entries to be set */
    struct room_meta flying;
};

struct tally {
    uint64_t sims, edits, crashes, torn, refused_shown, cuts, reconnects, resumed, diffs, resent,
        dups, failed, behind, too_slow, opened, snapshots, evicted, wiped, restored, repaired,
        fetched, gone, unavailable, doc_full, trimmed, log_trimmed, actions, deliveries, records;
};

struct fetching {
    struct room_fetch want;
};

enum { FETCHES_MAX = 64 };

struct swarm {
    unsigned weights[DO_KINDS];
    unsigned fail_percent, torn_percent, twice_percent, stranger_percent;
    unsigned width_weights[4];
    size_t target_cp; /* the length the text stays around */
    size_t n_clients;
    size_t steps;
    size_t outlog_bytes_max;
    bool spare;     /* rooms are told to give memory back */
    unsigned burst; /* edits at once, at most */
    struct room_config room;
    uint8_t table[4096]; /* kinds by their weights */
};

struct world {
    struct sim_case play;
    struct swarm swarm;
    struct rng rng; /* of the action under way */
    size_t step;
    struct ledger ledger;
    struct disk disk;
    struct person people[CLIENTS_MAX];
    size_t n_users; /* ids given out */
    uint8_t user_client[USERS_MAX];
    struct link links[LINKS_MAX];
    uint32_t live; /* bit k: links[k] is one */
    uint64_t last_conn;

    struct room *room; /* NULL: not in memory */
    struct room_effects *fx;
    struct outlog outlog;
    int64_t now_ms, unix_ms;
    uint64_t presence_seq;
    struct room_fetch fetches[FETCHES_MAX];
    size_t n_fetches;
    struct buf frame, scratch;
    bool settling;

    bool trace;         /* every action is told to stderr ... */
    char (*trail)[120]; /* ... or the last ones are kept; NULL: neither */
    size_t n_trail;
    void *record;    /* FILE: what clients see is written down; NULL: not */
    struct buf line; /* of the record */
    struct buf sent; /* what a client sent in the event that is written down */
    struct tally tally;
};

enum { TRAIL_MAX = 40 };

/* Ends the simulation: something is not as it must be. The sentence says what was expected and what
 * was found. */
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A call that only fails for want of memory, which there always is, or for our own mistakes. */
void sim_must(int err, const char *what);
/* One line of the trace. */
void sim_say(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with an operation behind it. */
void sim_say_op(struct world *w, const char *words, int client, const struct weft_op *op);
void sim_say_text(struct world *w, int client);
static inline bool sim_listens(const struct world *w)
{
    return w->trace || w->trail != NULL;
}

/* ledger.c */
uint16_t ledger_add(struct world *w, int author, unsigned width, char utf8[4], size_t *ret_len);
/* Of a character in a text; asserts that somebody typed it. */
uint16_t ledger_id(const struct world *w, uint32_t cp);
/* Whether a text is just these characters. */
bool ledger_text_is(const struct world *w, const struct weft_text *text, const uint16_t *ids,
                    size_t n);
uint64_t ledger_hash(const struct world *w, const struct weft_text *text);
uint64_t ledger_hash_ids(const uint16_t *ids, size_t n);
/* The inserts (state `refused` or `any`) of an operation that did not, or may not, come about. */
void ledger_refuse(struct world *w, const struct weft_op *op);
void ledger_excuse(struct world *w, const struct weft_op *op);
/* Before a client merges a whole text by its difference: where characters have come back that were
 * in the log before, in another place, the shortest difference may take those beside them for deleted
 * and typed anew. Then a deletion that waits has nothing left to delete, and what is typed beside them
 * may end up on their other side. */
void ledger_excuse_pending(struct world *w, const struct client *c);
void ledger_excuse_deletes(struct world *w, const struct weft_op *op, const struct weft_text *doc);

/* disk.c */
void disk_init(struct world *w);
void disk_done(struct disk *d);
void disk_trim(struct disk *d, uint64_t rev);
void disk_write(struct disk *d, const struct room_effect *e); /* PERSIST, SNAPSHOT */
bool disk_submit(struct disk *d);
/* The commit under way ends; returns its newest record, 0 when there was none. */
uint64_t disk_finish(struct world *w, bool ok);
enum disk_end { DISK_LOST, DISK_TORN, DISK_ARRIVED, DISK_REFUSED_SHOWS };
void disk_crash(struct world *w, enum disk_end end);
void disk_wipe(struct world *w, const struct uuid *epoch);
/* Back to the first `revs` records; with a new epoch they are chained to that (repair). */
void disk_cut(struct world *w, uint64_t revs, const struct uuid *epoch);
/* A room made of snapshot i (n_snapshots: none), `back` records before it and all behind it. */
struct room *disk_open(const struct world *w, size_t snapshot, uint64_t back);
const uint8_t *disk_record(const struct disk *d, uint64_t rev, size_t *ret_len);
static inline uint64_t disk_head(const struct disk *d)
{
    return d->records.n;
}
void disk_check_text(const struct world *w, uint64_t rev, const struct weft_text *text,
                     const char *whose);

/* net.c */
/* Every connection; it may end meanwhile. */
#define EACH_LINK(w, link)                                                                         \
    for (uint32_t bits_ = (w)->live; bits_ != 0; bits_ &= bits_ - 1)                               \
        for (struct link *link = &(w)->links[__builtin_ctz(bits_)]; link != NULL; link = NULL)
void frame_encode(struct world *w, const struct room_message *m, struct buf *out);
bool frame_next(const struct link *link, struct frame_parts *ret);
struct link *net_connect(struct world *w, int client, const struct room_join *join);
struct up *net_send(struct link *link, enum room_event_kind kind);
void net_drop_up(struct link *link);
void net_hang_up(struct world *w, struct link *link); /* the client's side */
void net_close(struct world *w, struct link *link);   /* the server's side */
struct link *net_find(struct world *w, uint64_t conn);

/* server.c */
void server_read(struct world *w, struct link *link);
void server_write(struct world *w, struct link *link, size_t max_bytes);
void server_notice(struct world *w, struct link *link);
void server_flush(struct world *w);
void server_trim(struct world *w);
void server_tick(struct world *w);
void server_commit(struct world *w, bool ok);
void server_fetched(struct world *w, size_t i, int err);
bool server_evict(struct world *w);
void server_stop(struct world *w); /* nothing but the disk is left */

/* people.c */
void person_type(struct world *w, int i);
void person_meta(struct world *w, int i);
void person_caret(struct world *w, int i);
void person_user(struct world *w, int i);
void person_ask(struct world *w, int i);
void person_speak(struct world *w, int i);
void person_retry(struct world *w, int i);
void person_connect(struct world *w, int i);
void person_cut(struct world *w, int i);
void person_resend(struct world *w, int i);
bool person_take(struct world *w, int i); /* one message; false: there was none */
struct uuid sim_user(struct world *w, int client);
size_t sim_user_number(const struct world *w, const struct uuid *id);

/* verdict.c */
void verdict(struct world *w);

/* play.c: plays it in w. False: it failed, `why` says how. */
bool sim_play(struct world *w, const struct sim_case *play, char *why, size_t why_bytes);

/* shrink.c: prints the case that failed, made small, with the command that plays it. */
void sim_shrink(struct world *w, const struct sim_case *failed, const char *why);
void sim_print_command(const struct sim_case *play);

/* record.c */
void note_begin(struct world *w);
void note_event(struct world *w, int client, const char *event, const uint8_t *message, size_t len);
void note_op(struct world *w, int client, const struct weft_op *op);
void note_meta(struct world *w, int client, const struct room_meta *entries);
void note_sent(struct world *w, const struct weft_op *op, const struct room_meta *meta,
               uint64_t rev, uint64_t seq);

#endif
