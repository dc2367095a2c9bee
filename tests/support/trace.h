/* support/trace.h - recorded (or, without a recording, generated) editing sessions.
 *
 * Recordings are looked for in the folder that WEFT_TRACES names, else in ../shared/traces beside the
 * project; they are no part of it. A session of two people is lines of
 *
 *     client base position deleted "inserted"
 *
 * in the order of the log, where `base` says how many lines of the *other* client this one had seen
 * (its own it has seen all). A list of patches is lines of `position deleted "inserted"` that follow
 * one another. Positions are code points. Everything here stops the program when memory runs out or
 * a recording is broken. */
#ifndef SUPPORT_TRACE_H
#define SUPPORT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/op.h>

struct trace_line {
    int client;
    size_t base;
    size_t pos_cp;
    size_t del_cp;
    const char *text; /* in trace.bytes, text_bytes long */
    size_t text_bytes;
};

struct trace {
    const char *name; /* as asked for, or "generated" */
    struct trace_line *lines;
    size_t n;
    char *end; /* the text that must come out; NULL when unknown */
    size_t end_bytes;
    char *bytes; /* private */
};

/* NAME.session.gz with NAME.end.gz; false when there is no recording. */
bool trace_load_session(const char *name, struct trace *ret);

/* NAME.patches.gz with NAME.end.gz, all lines of client 0. */
bool trace_load_patches(const char *name, struct trace *ret);

/* Two people type for n lines, up to 40 of each other's lines unseen, a third of the characters
 * not ASCII, many of them astral. `end` comes from the model of support/gen.h, not from src/ot. */
void trace_generate(uint64_t seed, size_t n, struct trace *ret);

void trace_done(struct trace *t);

/* The line as an operation, into an initialised one. */
void trace_op(const struct trace_line *line, struct weft_op *ret);

#endif
