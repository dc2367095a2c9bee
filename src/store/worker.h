/* store/worker.h - a store on its own thread, so that nothing in a loop thread waits for a disk.
 *
 * The loop thread submits jobs and later takes results; the worker carries jobs out in the order
 * they came. Several loops may share one thread (store_worker_share): each has a worker of its own,
 * whose jobs keep their order; the commits of several that wait at the same time become one
 * transaction and one sync. No call below takes a lock. After each result it calls `wake` (from its thread: an uv_async_send or the like, or
 * a write to an eventfd in tests), upon which the loop thread calls store_worker_take() until it
 * returns false.
 *
 * Queue bound: the submitter keeps at most one commit under way and gathers the next meanwhile
 * (that is the group commit), and a bounded number of reads (STORE_READS_MAX in flight; further
 * submits return WEFT_ELIMIT). */
#ifndef STORE_WORKER_H
#define STORE_WORKER_H

#include "store/batch.h"
#include "store/store.h"

struct store_worker;

enum store_job_kind {
    STORE_JOB_COMMIT,
    STORE_JOB_LOAD,
    STORE_JOB_BASE,
    STORE_JOB_READ,
    STORE_JOB_NEXT
};

enum {
    STORE_READS_MAX = 1024, /* more rooms than that being opened at once only queue longer */
    STORE_COMMITS_MAX = 16, /* the submitter's own rule is one; this catches one that forgot it */
    /* Results nobody has taken yet: past this the worker waits before its next read, so that 1,024
     * rooms of 16 MiB are never in memory side by side. What is queued behind that read waits with
     * it, for as long as the loop thread takes nothing. Of all together that share the thread. */
    STORE_RESULTS_BYTES_MAX = 64 << 20,
};

struct store_result {
    enum store_job_kind kind;
    int err;                     /* 0 or the store's error */
    char text[STORE_TEXT_BYTES]; /* store_error_text() when err != 0 */
    uint64_t tag;                /* as submitted */
    struct store_batch *batch;   /* COMMIT: given back; store_batch_free() or reuse */
    struct store_log log;        /* LOAD, BASE, READ, when err == 0: store_log_done() */
    struct store_name next;      /* NEXT, when err == 0 */
    int64_t took_us;             /* the store's time for it, for metrics */
    bool leads;                  /* COMMIT: of those that were one transaction, one says so */
};

/* Takes the store, also on failure (it is freed then). */
WEFT_CHECKED int store_worker_new(struct store *store_take, void (*wake)(void *ctx), void *ctx,
                                  struct store_worker **ret);

/* Another loop's worker, on the thread and the store of `with`. To be called, like store_worker_free(),
 * by one thread at a time for all that share. */
WEFT_CHECKED int store_worker_share(struct store_worker *with, void (*wake)(void *ctx), void *ctx,
                                    struct store_worker **ret);

/* On failure (WEFT_ENOMEM, WEFT_ELIMIT) nothing was taken. Names are copied. */
WEFT_CHECKED int store_worker_commit(struct store_worker *w, struct store_batch *batch_take,
                                     uint64_t tag);
WEFT_CHECKED int store_worker_load(struct store_worker *w, const char *name, size_t name_len,
                                   uint64_t tail_revs, uint64_t tag);
WEFT_CHECKED int store_worker_base(struct store_worker *w, const char *name, size_t name_len,
                                   uint64_t rev, uint64_t tag);
WEFT_CHECKED int store_worker_read(struct store_worker *w, const char *name, size_t name_len,
                                   uint64_t from, uint64_t to, size_t max_bytes, uint64_t tag);

/* after_len 0: the first of all. */
WEFT_CHECKED int store_worker_next(struct store_worker *w, const char *after, size_t after_len);

/* The next finished job, or false. */
bool store_worker_take(struct store_worker *w, struct store_result *ret);

/* Carries out every queued commit (queued reads are dropped). Results not taken are dropped, and
 * `wake` is not called any more once this has returned. The last one that shares the thread joins it
 * and closes the store. NULL is fine. */
void store_worker_free(struct store_worker *w);

#endif
