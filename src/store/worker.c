/* One thread for the disk (disk.c), and for each loop that uses it a line to it: struct store_worker. A
 * line is two mailboxes (base/mailbox.h), so a loop that submits a job or takes results waits for
 * nobody: not for the disk's thread, nor for other loops. A job has room for its result from the start,
 * so that finishing one cannot fail for want of memory.
 *
 * The thread sleeps on a semaphore. It is raised when something comes into an empty mailbox: what
 * comes behind it is found with it. */
#define _GNU_SOURCE
#include "store/worker_state.h"

#include <signal.h>
#include <string.h>

/* Calls on our own, sound objects can only fail through a mistake of ours; or at 2^31 rings that
 * nobody heard, and then one more is not needed. */
static void ring(struct disk *d)
{
    int rc = sem_post(&d->bell);
    WEFT_ASSERT(rc == 0 || errno == EOVERFLOW);
}

/* Signals are the loop thread's to handle: the worker starts with all of them blocked. */
static int start_thread(struct disk *d)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all); /* cannot fail */
    int rc = pthread_sigmask(SIG_SETMASK, &all, &before);
    WEFT_ASSERT(rc == 0);
    int started = pthread_create(&d->thread, NULL, disk_work, d);
    rc = pthread_sigmask(SIG_SETMASK, &before, NULL);
    WEFT_ASSERT(rc == 0);
    if (started != 0)
        return WEFT_ENOMEM; /* EAGAIN: no memory for a stack, or too many threads */
    (void)pthread_setname_np(d->thread, "weft-store"); /* for top(1) only */
    return 0;
}

static struct store_worker *line_new(struct disk *d, void (*wake)(void *ctx), void *ctx)
{
    struct store_worker *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    *w = (struct store_worker){.disk = d, .wake = wake, .ctx = ctx};
    int rc = sem_init(&w->gone, 0, 0);
    WEFT_ASSERT(rc == 0); /* on Linux it takes nothing from the system */
    d->n_lines++;
    mailbox_put(&d->lines_new, &w->letter);
    return w;
}

/* A result is not held here any more. */
static void let_go(struct disk *d, const struct job *job)
{
    size_t bytes = store_log_memory(&job->result.log);
    if (bytes == 0)
        return;
    size_t before = __atomic_fetch_sub(&d->done_bytes, bytes, __ATOMIC_RELAXED);
    WEFT_ASSERT(bytes <= before);
    if (before > STORE_RESULTS_BYTES_MAX && before - bytes <= STORE_RESULTS_BYTES_MAX)
        ring(d);
}

static void line_free(struct store_worker *w)
{
    struct job *job;
    jobs_take(&w->results, &w->done);
    while ((job = jobs_pop(&w->results)) != NULL) {
        let_go(w->disk, job);
        job_free(job);
    }
    WEFT_ASSERT(w->queue.first == NULL);
    (void)sem_destroy(&w->gone);
    free(w);
}

static void disk_free(struct disk *d)
{
    (void)sem_destroy(&d->bell);
    store_free(d->store);
    free(d->writes);
    free(d);
}

int store_worker_new(struct store *store_take, void (*wake)(void *ctx), void *ctx,
                     struct store_worker **ret)
{
    struct disk *d = calloc(1, sizeof *d);
    if (d == NULL) {
        store_free(store_take);
        return WEFT_ENOMEM;
    }
    *d = (struct disk){.store = store_take, .untidy = true};
    list_init(&d->lines);
    int rc = sem_init(&d->bell, 0, 0);
    WEFT_ASSERT(rc == 0);
    struct store_worker *w = line_new(d, wake, ctx);
    int err = w != NULL ? start_thread(d) : WEFT_ENOMEM;
    if (err != 0) {
        if (w != NULL)
            line_free(w);
        disk_free(d);
        return err;
    }
    *ret = w;
    return 0;
}

int store_worker_share(struct store_worker *with, void (*wake)(void *ctx), void *ctx,
                       struct store_worker **ret)
{
    struct store_worker *w = line_new(with->disk, wake, ctx);
    if (w == NULL)
        return WEFT_ENOMEM;
    *ret = w;
    return 0;
}

static int submit(struct store_worker *w, struct job *job, size_t *count, size_t max)
{
    WEFT_ASSERT(!w->closing);
    if (*count >= max)
        return WEFT_ELIMIT;
    (*count)++;
    job->line = w;
    if (mailbox_put(&w->todo, &job->letter))
        ring(w->disk);
    return 0;
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
    if (w->results.first == NULL)
        jobs_take(&w->results, &w->done);
    struct job *job = jobs_pop(&w->results);
    if (job == NULL)
        return false;
    size_t *count = job->result.kind == STORE_JOB_COMMIT ? &w->commits : &w->reads;
    WEFT_ASSERT(*count != 0);
    (*count)--;
    let_go(w->disk, job);
    *ret = job->result; /* batch and log go along */
    free(job);
    return true;
}

void store_worker_free(struct store_worker *w)
{
    if (w == NULL)
        return;
    struct disk *d = w->disk;
    __atomic_store_n(&w->closing, true, __ATOMIC_RELEASE);
    ring(d);
    wait_for(&w->gone);
    line_free(w);
    if (--d->n_lines > 0)
        return;
    int rc = pthread_join(d->thread, NULL);
    WEFT_ASSERT(rc == 0);
    disk_free(d);
}
