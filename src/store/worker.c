/* Two lists of jobs under one mutex: `todo`, which the worker takes from the front of, and `done`,
 * which the submitter takes from the front of. A job has room for its result from the start, so that
 * finishing one cannot fail for want of memory.
 *
 * The worker sleeps on one condition: there is a job it may do, or it is to stop. While results of
 * more than STORE_RESULTS_BYTES_MAX wait to be taken it does no read, but goes on with commits that
 * stand at the front; each take that brings the sum below wakes it.
 *
 * What was trimmed is taken out of the file in small steps between jobs, TIDY_US apart: that a commit
 * has to wait for one is seldom, and under any load they get on.
 *
 * Invariants, under the mutex: reads = reads in todo + under way + in done; commits likewise. */
#define _GNU_SOURCE
#include "store/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"

enum { TIDY_US = 100000 };

struct job {
    struct job *next;
    uint64_t args[3]; /* load: tail_revs; base: rev; read: from, to, max_bytes */
    struct store_result result;
    size_t name_len;
    char name[];
};

struct job_list {
    struct job *first;
    struct job *last;
};

struct store_worker {
    struct store *store; /* only the worker's thread touches it */
    void (*wake)(void *ctx);
    void *ctx;
    pthread_t thread;

    pthread_mutex_t mutex; /* for all below */
    pthread_cond_t changed;
    struct job_list todo;
    struct job_list done;
    size_t reads;
    size_t commits;
    size_t done_bytes; /* held by the logs in `done` */
    bool stopping;

    /* Only the worker's thread: */
    bool untidy;     /* something trimmed may still be in the file */
    int64_t tidy_us; /* not before then */
};

static void list_push(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->last != NULL)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

static struct job *list_pop(struct job_list *list)
{
    struct job *job = list->first;
    if (job != NULL) {
        list->first = job->next;
        if (list->first == NULL)
            list->last = NULL;
    }
    return job;
}

static void job_free(struct job *job)
{
    store_batch_free(job->result.batch);
    store_log_done(&job->result.log);
    free(job);
}

static void list_free(struct job_list *list)
{
    struct job *job;
    while ((job = list_pop(list)) != NULL)
        job_free(job);
}

/* pthread calls on our own, sound objects can only fail through a mistake of ours. */
static void lock(struct store_worker *w)
{
    int rc = pthread_mutex_lock(&w->mutex);
    WEFT_ASSERT(rc == 0);
}

static void unlock(struct store_worker *w)
{
    int rc = pthread_mutex_unlock(&w->mutex);
    WEFT_ASSERT(rc == 0);
}

static int64_t now_us(void)
{
    struct timespec t;
    int rc = clock_gettime(CLOCK_MONOTONIC, &t);
    WEFT_ASSERT(rc == 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- the worker's thread ---------------------------------------------------------------------- */

static void carry_out(struct store *s, struct job *job, bool *ret_trimmed)
{
    struct store_result *r = &job->result;
    int64_t start_us = now_us();
    size_t n = 0;
    switch (r->kind) {
    case STORE_JOB_COMMIT: {
        const struct store_write *writes = store_batch_writes(r->batch, &n);
        r->err = store_commit(s, writes, n);
        for (size_t i = 0; i < n; i++)
            *ret_trimmed |= writes[i].kind == STORE_TRIM;
        break;
    }
    case STORE_JOB_LOAD:
        r->err = store_load(s, job->name, job->name_len, job->args[0], &r->log);
        break;
    case STORE_JOB_BASE:
        r->err = store_base(s, job->name, job->name_len, job->args[0], &r->log);
        break;
    case STORE_JOB_READ:
        r->err = store_read(s, job->name, job->name_len, job->args[0], job->args[1],
                            (size_t)job->args[2], &r->log);
        break;
    case STORE_JOB_NEXT:
        r->err = store_next(s, job->name_len != 0 ? job->name : NULL, job->name_len, &r->next);
        break;
    }
    r->took_us = now_us() - start_us;
    if (r->err != 0) {
        size_t len = strnlen(store_error_text(s), sizeof r->text - 1);
        memcpy(r->text, store_error_text(s), len);
        r->text[len] = '\0';
    }
}

static void wait_for_change(struct store_worker *w)
{
    if (!w->untidy) {
        int rc = pthread_cond_wait(&w->changed, &w->mutex);
        WEFT_ASSERT(rc == 0);
        return;
    }
    const struct timespec until = {.tv_sec = w->tidy_us / 1000000,
                                   .tv_nsec = w->tidy_us % 1000000 * 1000};
    int rc = pthread_cond_timedwait(&w->changed, &w->mutex, &until);
    WEFT_ASSERT(rc == 0 || rc == ETIMEDOUT);
}

/* Mutex held on the way in and out. A failure is nobody's: the next trim tries again. */
static void tidy(struct store_worker *w)
{
    unlock(w);
    w->untidy = store_tidy(w->store) > 0;
    w->tidy_us = now_us() + TIDY_US;
    lock(w);
}

/* The next job, waiting for one; NULL when it is time to stop. Mutex held. */
static struct job *next_job(struct store_worker *w)
{
    for (;;) {
        struct job *first = w->todo.first;
        bool commit = first != NULL && first->result.kind == STORE_JOB_COMMIT;
        if (w->stopping && first == NULL)
            return NULL;
        if (w->stopping && !commit) {
            job_free(list_pop(&w->todo));
            continue;
        }
        if (w->untidy && !w->stopping && now_us() >= w->tidy_us) {
            tidy(w);
            continue;
        }
        if (first != NULL && (commit || w->done_bytes <= STORE_RESULTS_BYTES_MAX))
            return list_pop(&w->todo);
        wait_for_change(w);
    }
}

static void *work(void *arg)
{
    struct store_worker *w = arg;
    struct job *job;
    lock(w);
    while ((job = next_job(w)) != NULL) {
        unlock(w);
        carry_out(w->store, job, &w->untidy);
        lock(w);
        w->done_bytes += store_log_memory(&job->result.log);
        list_push(&w->done, job);
        unlock(w);
        w->wake(w->ctx);
        lock(w);
    }
    unlock(w);
    return NULL;
}

/* ---- the submitter's thread ------------------------------------------------------------------- */

/* Signals are the loop thread's to handle: the worker starts with all of them blocked. */
static int start_thread(struct store_worker *w)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all); /* cannot fail */
    int rc = pthread_sigmask(SIG_SETMASK, &all, &before);
    WEFT_ASSERT(rc == 0);
    int started = pthread_create(&w->thread, NULL, work, w);
    rc = pthread_sigmask(SIG_SETMASK, &before, NULL);
    WEFT_ASSERT(rc == 0);
    if (started != 0)
        return WEFT_ENOMEM; /* EAGAIN: no memory for a stack, or too many threads */
    (void)pthread_setname_np(w->thread, "weft-store"); /* for top(1) only */
    return 0;
}

int store_worker_new(struct store *store_take, void (*wake)(void *ctx), void *ctx,
                     struct store_worker **ret)
{
    struct store_worker *w = calloc(1, sizeof *w);
    if (w == NULL) {
        store_free(store_take);
        return WEFT_ENOMEM;
    }
    *w = (struct store_worker){.store = store_take, .wake = wake, .ctx = ctx, .untidy = true};
    pthread_condattr_t monotonic;
    int rc = pthread_mutex_init(&w->mutex, NULL);
    WEFT_ASSERT(rc == 0); /* on Linux none of these takes anything from the system */
    rc = pthread_condattr_init(&monotonic);
    WEFT_ASSERT(rc == 0);
    rc = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    WEFT_ASSERT(rc == 0);
    rc = pthread_cond_init(&w->changed, &monotonic);
    WEFT_ASSERT(rc == 0);
    (void)pthread_condattr_destroy(&monotonic); /* cannot fail */
    int err = start_thread(w);
    if (err != 0) {
        (void)pthread_cond_destroy(&w->changed);
        (void)pthread_mutex_destroy(&w->mutex);
        store_free(w->store);
        free(w);
        return err;
    }
    *ret = w;
    return 0;
}

static int submit(struct store_worker *w, struct job *job, size_t *count, size_t max)
{
    lock(w);
    WEFT_ASSERT(!w->stopping);
    bool room = *count < max;
    if (room) {
        (*count)++;
        list_push(&w->todo, job);
        int rc = pthread_cond_signal(&w->changed);
        WEFT_ASSERT(rc == 0);
    }
    unlock(w);
    return room ? 0 : WEFT_ELIMIT;
}

static struct job *job_new(enum store_job_kind kind, const char *name, size_t name_len,
                           uint64_t tag)
{
    struct job *job = calloc(1, sizeof *job + name_len);
    if (job == NULL)
        return NULL;
    job->result.kind = kind;
    job->result.tag = tag;
    store_log_init(&job->result.log);
    job->name_len = name_len;
    if (name_len != 0)
        memcpy(job->name, name, name_len);
    return job;
}

int store_worker_commit(struct store_worker *w, struct store_batch *batch_take, uint64_t tag)
{
    struct job *job = job_new(STORE_JOB_COMMIT, NULL, 0, tag);
    if (job == NULL)
        return WEFT_ENOMEM;
    job->result.batch = batch_take;
    int err = submit(w, job, &w->commits, STORE_COMMITS_MAX);
    if (err != 0) {
        job->result.batch = NULL; /* still the caller's */
        job_free(job);
    }
    return err;
}

static int submit_read(struct store_worker *w, enum store_job_kind kind, const char *name,
                       size_t name_len, const uint64_t args[3], uint64_t tag)
{
    if (name_len > STORE_NAME_BYTES_MAX)
        return WEFT_ELIMIT;
    struct job *job = job_new(kind, name, name_len, tag);
    if (job == NULL)
        return WEFT_ENOMEM;
    memcpy(job->args, args, sizeof job->args);
    int err = submit(w, job, &w->reads, STORE_READS_MAX);
    if (err != 0)
        job_free(job);
    return err;
}

int store_worker_load(struct store_worker *w, const char *name, size_t name_len, uint64_t tail_revs,
                      uint64_t tag)
{
    const uint64_t args[3] = {tail_revs};
    return submit_read(w, STORE_JOB_LOAD, name, name_len, args, tag);
}

int store_worker_base(struct store_worker *w, const char *name, size_t name_len, uint64_t rev,
                      uint64_t tag)
{
    const uint64_t args[3] = {rev};
    return submit_read(w, STORE_JOB_BASE, name, name_len, args, tag);
}

int store_worker_read(struct store_worker *w, const char *name, size_t name_len, uint64_t from,
                      uint64_t to, size_t max_bytes, uint64_t tag)
{
    const uint64_t args[3] = {from, to, max_bytes};
    return submit_read(w, STORE_JOB_READ, name, name_len, args, tag);
}

int store_worker_next(struct store_worker *w, const char *after, size_t after_len)
{
    const uint64_t args[3] = {0};
    return submit_read(w, STORE_JOB_NEXT, after, after_len, args, 0);
}

bool store_worker_take(struct store_worker *w, struct store_result *ret)
{
    lock(w);
    struct job *job = list_pop(&w->done);
    if (job != NULL) {
        size_t *count = job->result.kind == STORE_JOB_COMMIT ? &w->commits : &w->reads;
        WEFT_ASSERT(*count != 0);
        (*count)--;
        size_t bytes = store_log_memory(&job->result.log);
        WEFT_ASSERT(bytes <= w->done_bytes);
        bool held_up = w->done_bytes > STORE_RESULTS_BYTES_MAX;
        w->done_bytes -= bytes;
        if (held_up && w->done_bytes <= STORE_RESULTS_BYTES_MAX) {
            int rc = pthread_cond_signal(&w->changed);
            WEFT_ASSERT(rc == 0);
        }
    }
    unlock(w);
    if (job == NULL)
        return false;
    *ret = job->result; /* batch and log go along */
    free(job);
    return true;
}

void store_worker_free(struct store_worker *w)
{
    if (w == NULL)
        return;
    lock(w);
    w->stopping = true;
    int rc = pthread_cond_signal(&w->changed);
    WEFT_ASSERT(rc == 0);
    unlock(w);
    rc = pthread_join(w->thread, NULL);
    WEFT_ASSERT(rc == 0);
    list_free(&w->done);
    WEFT_ASSERT(w->todo.first == NULL);
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->mutex);
    store_free(w->store);
    free(w);
}
