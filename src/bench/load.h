/* bench/load.h - the load itself: connections that join, type, move cursors and read, on one thread.
 *
 *     load_new      nothing is connected yet
 *     load_join     builds the rooms' text where that is asked for, then connects everybody
 *     load_type     one step: a warm-up, a window that is measured, and then nobody types until all
 *                   that was typed has been acknowledged and delivered. Any number of these.
 *
 * Open loop: operations are due at fixed times, evenly spread over all writers, and an operation's
 * time begins when it was due, whether or not the generator or the server was late. So a server that
 * stands still for a second is charged with everything that was due in that second. Closed loop: a
 * writer's next operation is due when one of its own was acknowledged.
 *
 * Each call returns 0, or -1 when the run is over: load_why() says in one sentence what happened.
 * What is written to a result before that is to be thrown away. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/adapter.h"
#include "bench/options.h"
#include "bench/proc.h"
#include "bench/times.h"
#include "bench/url.h"

struct load;

/* Options, adapter and proc are borrowed. NULL: `why` says why. */
struct load *load_new(const struct options *o, const struct adapter *adapter, const struct url *url,
                      const struct proc *proc, char *why, size_t why_bytes);
void load_free(struct load *l);
const char *load_why(const struct load *l);

/* What was used between two moments; n_pids of 0: nothing is known of the server. */
struct load_use {
    bool has_server;
    double seconds;
    double own_cpu_us;
    double server_cpu_us;
};

struct load_joined {
    uint64_t n;
    uint64_t bytes; /* read by all of them until each had joined */
    struct histogram latency;
    struct load_use use;
    double document_seconds; /* 0: none was built */
    uint64_t document_ops;   /* of all rooms */
    uint64_t document_chars; /* in each room */
    struct proc_use before;  /* with has_server */
    struct proc_use after;
};
int load_join(struct load *l, struct load_joined *ret);

/* How often what happened. */
struct load_counts {
    uint64_t due; /* operations that should have been sent by now; closed loop: those sent */
    uint64_t sent;
    uint64_t acknowledged;
    uint64_t delivered;
    uint64_t refused;
    uint64_t cursors_sent;
    uint64_t cursors_delivered;
    uint64_t bytes_in; /* of WebSocket, frames and all */
};

struct load_step {
    double rate; /* operations a second of each writer; 0: closed loop */
    uint32_t warm_ms;
    double seconds;
    bool give_up; /* end early once the server is more than a second behind: a step of a ramp */
};

struct load_measured {
    double offered;            /* operations a second, all writers; 0: closed loop */
    double behind_s;           /* how much of what was due was missing at the end of the window */
    bool taken;                /* the rate was: see load_type() */
    bool gave_up;              /* and what follows is of a shorter window */
    struct load_counts window; /* by when it happened */
    struct load_counts all;    /* of the step, warm-up and the end included */
    uint64_t expected;         /* deliveries: acknowledged x readers in a room but the author */
    struct times_window times; /* by when it was due */
    struct histogram late;     /* open loop: how late the generator itself sent */
    struct load_use use;
    struct proc_use after; /* with use.has_server */
    uint64_t cut;          /* slow readers the server has closed, in the whole run */
    char refusal[200];     /* the first one's words; "" for none */
};

/* One step. In an open loop the rate is taken when the server, at the end of the window, is behind
 * what was due by half a second or 5 % of the window at most. Where it is not, the times say only for
 * how long there was load, so they are left empty, `all` and `expected` are of the end of the window,
 * and, but for a step of a ramp, what is on its way is not waited for. */
int load_type(struct load *l, const struct load_step *step, struct load_measured *ret);

/* Operations a second of all writers for one of `rate` each. */
double load_total_rate(const struct options *o, double rate);

#endif
