/* bench/engine/engine.h - weft's side of `make bench-engine`: what its questions share.
 *
 * The questions, and how a file of edits looks, stand in README.md of this folder. Everything here
 * stops the program when memory runs out or a file is broken: a benchmark has nothing to save. */
#ifndef BENCH_ENGINE_ENGINE_H
#define BENCH_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/op.h>
#include <weft/text.h>

/* A single edit: code points, and the text put there. */
struct edit {
    size_t pos_cp;
    size_t del_cp;
    const char *text; /* in edits.bytes */
    size_t len_bytes;
};

struct edits {
    struct edit *at;
    size_t n;
    char *bytes; /* private */
};

/* "-" is the empty list. */
void edits_load(const char *path, struct edits *ret);
void edits_done(struct edits *list);

/* Each edit as an operation; malloc'd. */
struct weft_op *edits_ops(const struct weft_alloc *alloc, const struct edits *list, size_t n);
void ops_done(struct weft_op *ops, size_t n);
/* ops[0 .. n) as one, into an initialised operation. */
void ops_compose(const struct weft_op *ops, size_t n, struct weft_op *ret);

/* A text of n_cp code points, "ascii" or "mixed"; malloc'd. */
char *base_text(const char *kind, size_t n_cp, size_t *ret_len_bytes);
struct weft_text *base_rope(const struct weft_alloc *alloc, const char *kind, size_t n_cp);

enum { HEX_BYTES = 65 };
void sha_of(const char *bytes, size_t len, char ret_hex[HEX_BYTES]);
void sha_of_text(const struct weft_text *t, char ret_hex[HEX_BYTES]);

/* Times, gathered until they sum up to what was asked for. */
struct laps {
    uint64_t enough_ns, sum_ns, start_ns;
    uint64_t began_ns; /* what lies between the laps is bounded too */
    size_t n;
    double times_ns[4096];
};

void laps_init(struct laps *l, uint64_t min_ms);
bool laps_more(const struct laps *l); /* true once at least */
void laps_start(struct laps *l);
void laps_stop(struct laps *l);
double laps_median(struct laps *l); /* ns */

/* What must not fail here. */
void must(int err);
void *must_have(void *p);

/* An allocator that counts: bytes held and calls that ask for memory. */
struct counted {
    struct weft_alloc alloc;
    size_t held_bytes;
    size_t calls;
};
void counted_init(struct counted *c);

/* The questions; words[0] is the question's name, words[1] "weft". A missing word is "". Each prints
 * its answer, one line of JSON. */
typedef void question(char *const words[]);
question ask_edit, ask_memory, ask_convert, ask_diff;    /* text.c */
question ask_pair, ask_allpairs, ask_compose, ask_apply; /* ops.c */
question ask_offline, ask_behind, ask_session;           /* merge.c */
void session_end(void);                                  /* gives back what ask_session kept */

size_t number(const char *word);

#endif
