/* The disk's thread: what it does, and in which order.
 *
 * It moves what has come into a queue for each line and goes round: one commit, in which the commits at
 * the front of all lines become one transaction and one sync; then one read, the lines taking turns.
 * So each line's jobs are done in their order, and no line starves another. Where a transaction of
 * several fails, each is tried by itself: what is wrong with one is not the others'.
 *
 * While results of more than STORE_RESULTS_BYTES_MAX wait to be taken it does no read, but goes on with
 * commits that stand at the front; the take that brings the sum below wakes it.
 *
 * What was trimmed is taken out of the file in small steps between jobs, TIDY_US apart: that a commit
 * has to wait for one is seldom, and under any load they get on. */
#define _GNU_SOURCE
#include "store/worker_state.h"

#include <string.h>
#include <time.h>

enum { TIDY_US = 100000 };

static int64_t now_us(void)
{
    struct timespec t;
    int rc = clock_gettime(CLOCK_MONOTONIC, &t);
    WEFT_ASSERT(rc == 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool is_commit(const struct job *job)
{
    return job != NULL && job->result.kind == STORE_JOB_COMMIT;
}

static void fail_with(struct disk *d, struct store_result *r, int err)
{
    r->err = err;
    if (err == 0)
        return;
    size_t len = strnlen(store_error_text(d->store), sizeof r->text - 1);
    memcpy(r->text, store_error_text(d->store), len);
    r->text[len] = '\0';
}

/* Gives a job back. It may be gone when this returns. */
static void finish(struct disk *d, struct job *job)
{
    struct store_worker *line = job->line;
    size_t bytes = store_log_memory(&job->result.log);
    if (bytes != 0)
        (void)__atomic_fetch_add(&d->done_bytes, bytes, __ATOMIC_RELAXED);
    mailbox_put(&line->done, &job->letter);
    line->wake(line->ctx);
}

static void look_for_trims(struct disk *d, const struct store_write *writes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d->untidy |= writes[i].kind == STORE_TRIM;
}

static void commit_one(struct disk *d, struct job *job)
{
    size_t n = 0;
    int64_t start_us = now_us();
    const struct store_write *writes = store_batch_writes(job->result.batch, &n);
    fail_with(d, &job->result, store_commit(d->store, writes, n));
    look_for_trims(d, writes, n);
    job->result.leads = true;
    job->result.took_us = now_us() - start_us;
    finish(d, job);
}

/* False: there is no memory for that many writes. */
static bool gather_writes(struct disk *d, struct job_list *jobs, size_t *ret_n)
{
    size_t n = 0;
    size_t sum = 0;
    for (struct job *job = jobs->first; job != NULL; job = job_at(job->letter.next))
        sum += store_batch_count(job->result.batch);
    if (sum > d->cap_writes) {
        struct store_write *writes = realloc(d->writes, sum * 2 * sizeof *writes);
        if (writes == NULL)
            return false;
        d->writes = writes;
        d->cap_writes = sum * 2;
    }
    *ret_n = 0;
    for (struct job *job = jobs->first; job != NULL; job = job_at(job->letter.next)) {
        const struct store_write *writes = store_batch_writes(job->result.batch, &n);
        if (n != 0)
            memcpy(d->writes + *ret_n, writes, n * sizeof *writes);
        *ret_n += n;
    }
    return true;
}

/* One transaction for all of them. False: it failed, and nothing happened. */
static bool commit_all(struct disk *d, struct job_list *jobs)
{
    size_t n = 0;
    int64_t start_us = now_us();
    if (!gather_writes(d, jobs, &n) || store_commit(d->store, d->writes, n) != 0)
        return false;
    look_for_trims(d, d->writes, n);
    int64_t took_us = now_us() - start_us;
    bool leads = true;
    struct job *job;
    while ((job = jobs_pop(jobs)) != NULL) {
        job->result.leads = leads;
        job->result.took_us = took_us;
        leads = false;
        finish(d, job);
    }
    return true;
}

/* The commits at the front of all lines. False: there is none. */
static bool commit_round(struct disk *d)
{
    struct job_list jobs = {NULL, NULL};
    struct job *job;
    LINK_EACH(&d->lines, at)
    {
        struct store_worker *line = LINK_OF(at, struct store_worker, of_disk);
        if (!is_commit(line->queue.first))
            continue;
        job = jobs_pop(&line->queue);
        job->letter.next = NULL;
        if (jobs.last != NULL)
            jobs.last->letter.next = &job->letter;
        else
            jobs.first = job;
        jobs.last = job;
    }
    if (jobs.first == NULL)
        return false;
    if (jobs.first != jobs.last && commit_all(d, &jobs))
        return true;
    while ((job = jobs_pop(&jobs)) != NULL)
        commit_one(d, job);
    return true;
}

static int carry_out(struct store *s, struct job *job)
{
    struct store_result *r = &job->result;
    switch (r->kind) {
    case STORE_JOB_COMMIT:
        break;
    case STORE_JOB_LOAD:
        return store_load(s, job->name, job->name_len, job->args[0], &r->log);
    case STORE_JOB_BASE:
        return store_base(s, job->name, job->name_len, job->args[0], &r->log);
    case STORE_JOB_READ:
        return store_read(s, job->name, job->name_len, job->args[0], job->args[1],
                          (size_t)job->args[2], &r->log);
    case STORE_JOB_NEXT:
        return store_next(s, job->name_len != 0 ? job->name : NULL, job->name_len, &r->next);
    }
    WEFT_NEVER("a commit is no read");
}

/* The next line's read. False: there is none, or it has to wait. */
static bool read_one(struct disk *d)
{
    if (__atomic_load_n(&d->done_bytes, __ATOMIC_RELAXED) > STORE_RESULTS_BYTES_MAX)
        return false;
    LINK_EACH(&d->lines, at)
    {
        struct store_worker *line = LINK_OF(at, struct store_worker, of_disk);
        if (line->queue.first == NULL || is_commit(line->queue.first))
            continue;
        struct job *job = jobs_pop(&line->queue);
        link_out(&line->of_disk);
        list_append(&d->lines, &line->of_disk);
        int64_t start_us = now_us();
        fail_with(d, &job->result, carry_out(d->store, job));
        job->result.took_us = now_us() - start_us;
        finish(d, job);
        return true;
    }
    return false;
}

/* What has come since. Of a line that closes the reads are dropped, and when its last commit is done
 * it is let go. */
static void look_around(struct disk *d)
{
    for (struct letter *at = mailbox_take(&d->lines_new), *next; at != NULL; at = next) {
        next = at->next;
        list_append(&d->lines, &((struct store_worker *)(void *)at)->of_disk);
    }
    LINK_EACH(&d->lines, at)
    {
        struct store_worker *line = LINK_OF(at, struct store_worker, of_disk);
        bool closing = __atomic_load_n(&line->closing, __ATOMIC_ACQUIRE); /* before its last jobs */
        jobs_take(&line->queue, &line->todo);
        if (!closing)
            continue;
        while (line->queue.first != NULL && !is_commit(line->queue.first))
            job_free(jobs_pop(&line->queue));
        if (line->queue.first == NULL) {
            link_out(&line->of_disk);
            int rc = sem_post(&line->gone);
            WEFT_ASSERT(rc == 0);
        }
    }
}

/* A failure is nobody's: the next trim tries again. */
static bool tidy(struct disk *d)
{
    if (!d->untidy || now_us() < d->tidy_us)
        return false;
    d->untidy = store_tidy(d->store) > 0;
    d->tidy_us = now_us() + TIDY_US;
    return true;
}

static void rest(struct disk *d)
{
    const struct timespec until = {.tv_sec = d->tidy_us / 1000000,
                                   .tv_nsec = d->tidy_us % 1000000 * 1000};
    if (!d->untidy) {
        wait_for(&d->bell);
        return;
    }
    while (sem_clockwait(&d->bell, CLOCK_MONOTONIC, &until) != 0) {
        if (errno == ETIMEDOUT)
            return;
        WEFT_ASSERT(errno == EINTR);
    }
}

void *disk_work(void *arg)
{
    struct disk *d = arg;
    for (;;) {
        look_around(d);
        if (list_is_empty(&d->lines))
            return NULL;
        bool tidied = tidy(d);
        bool committed = commit_round(d);
        bool read = read_one(d);
        if (!tidied && !committed && !read)
            rest(d);
    }
}
