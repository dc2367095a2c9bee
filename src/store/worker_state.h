/* store/worker_state.h - what the two sides of a worker share: worker.c, which loops call, and disk.c,
 * the thread. Nobody else includes it. */
#ifndef STORE_WORKER_STATE_H
#define STORE_WORKER_STATE_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "store/worker.h"

struct job {
    struct letter letter;
    struct store_worker *line;
    uint64_t args[3]; /* load: tail_revs; base: rev; read: from, to, max_bytes */
    struct store_result result;
    size_t name_len;
    char name[];
};

/* Chained by letter.next. */
struct job_list {
    struct job *first;
    struct job *last;
};

/* The thread, and what it works on. */
struct disk {
    struct store *store;
    pthread_t thread;
    sem_t bell;
    struct mailbox lines_new;
    size_t n_lines;    /* only those who share and free touch it */
    size_t done_bytes; /* atomic: held by the logs in all `done` and `results` */

    /* Only the disk's thread: */
    struct link lines;          /* store_worker.of_disk; the next read is the first one's */
    struct store_write *writes; /* of a transaction of several */
    size_t cap_writes;
    bool untidy;     /* something trimmed may still be in the file */
    int64_t tidy_us; /* not before then */
};

struct store_worker {
    struct letter letter; /* first: in lines_new */
    struct disk *disk;
    void (*wake)(void *ctx);
    void *ctx;
    struct mailbox todo;
    struct mailbox done;
    bool closing; /* atomic: nothing more will come */
    sem_t gone;   /* the disk's thread has let go of it */

    /* Only the loop's thread: */
    struct job_list results;
    size_t reads; /* submitted and not taken */
    size_t commits;

    /* Only the disk's thread: */
    struct link of_disk;
    struct job_list queue;
};

static inline struct job *job_at(struct letter *at)
{
    return (struct job *)(void *)at;
}

static inline void jobs_take(struct job_list *list, struct mailbox *box)
{
    struct letter *at = mailbox_take(box);
    if (at == NULL)
        return;
    if (list->last != NULL)
        list->last->letter.next = at;
    else
        list->first = job_at(at);
    while (at->next != NULL)
        at = at->next;
    list->last = job_at(at);
}

static inline struct job *jobs_pop(struct job_list *list)
{
    struct job *job = list->first;
    if (job != NULL) {
        list->first = job_at(job->letter.next);
        if (list->first == NULL)
            list->last = NULL;
    }
    return job;
}

static inline void job_free(struct job *job)
{
    store_batch_free(job->result.batch);
    store_log_done(&job->result.log);
    free(job);
}

static inline void wait_for(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        WEFT_ASSERT(errno == EINTR);
}

/* The thread: arg is a struct disk. Returns when there is no line left. */
void *disk_work(void *arg);

#endif
