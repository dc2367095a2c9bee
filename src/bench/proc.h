/* bench/proc.h - what the server's processes used, from /proc: --pid, their children included, as a
 * database keeps one for each connection. */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PROC_ROOTS_MAX = 16, PROC_PIDS_MAX = 1024 };

struct proc {
    pid_t roots[PROC_ROOTS_MAX];
    size_t n_roots;
    pid_t pids[PROC_PIDS_MAX]; /* the roots first, then who descends from them */
    size_t n_pids;
};

struct proc_use {
    double cpu_us;     /* of all their threads, since they were started */
    double rss_bytes;  /* resident now; what processes share is counted in each */
    double peak_bytes; /* the most each was */
};

/* "123" or "123,456"; "" is none. False: `why` is a sentence. */
bool proc_read_list(struct proc *p, const char *list, char *why, size_t why_bytes);

/* Looks for children. Those that come or go between two readings are not in the difference, so this
 * is called before the first one. */
void proc_look(struct proc *p);

/* False: one of the roots is gone. Children that are gone are left out. */
bool proc_use(const struct proc *p, struct proc_use *ret);

double proc_own_cpu_us(void);

#endif
