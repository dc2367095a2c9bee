/* tools/lib/process.h - a server as a child process: started, weighed, stopped. It dies with us.
 *
 * What cannot be expected (no fork, no such binary, no first line) prints a line and exits 1. */
#ifndef TOOLS_PROCESS_H
#define TOOLS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    uint16_t port;
    int out; /* its standard output, or -1 */
};

/* Runs argv (NULL-terminated, argv[0] a path) and reads the port from "http://host:port/" in its
 * first line. Its stderr is ours. */
struct process process_serve(const char *const argv[]);

/* Runs `serve(listening socket)` in a child, on a free port of 127.0.0.1. */
struct process process_fork(void (*serve)(int listener));

void process_stop(struct process *p); /* SIGTERM, and after 10 s SIGKILL; waits */

/* Processor time used so far by all its threads, and what it holds in memory now. */
double process_cpu_us(const struct process *p);
double process_rss_bytes(const struct process *p);

/* The most it held since it was started, or since the second was called. */
double process_peak_bytes(const struct process *p);
void process_peak_reset(const struct process *p);

/* From here on we run on the last of our cores and what we start on all the others, so that the one
 * does not wait for the other's slice. Nothing with one core, or with WEFT_BENCH_PIN=0. True: done. */
bool process_pin_apart(void);

/* As many descriptors as we may have, for us and what we start; returns that. */
unsigned long process_raise_nofile(void);

#endif
