/* The threads. The first loop runs on the thread that calls workers_run(), and takes the signals; the
 * others have been started before and wait at a gate, so that what fails at the start fails before
 * anybody was served. */
#define _GNU_SOURCE
#include "server/workers.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "server/hub_state.h"

struct worker {
    struct hub *hub;
    sem_t *gate;
    const bool *quits; /* the gate opened for the end */
    pthread_t thread;
    bool runs;
};

struct workers {
    struct hub_all all;
    sem_t gate;
    bool quits;
    struct worker each[];
};

static void *work(void *arg)
{
    struct worker *one = arg;
    while (sem_wait(one->gate) != 0)
        WEFT_ASSERT(errno == EINTR);
    if (!*one->quits)
        hub_run(one->hub);
    return NULL;
}

/* Signals are the first loop's to handle. */
static int start_threads(struct workers *w)
{
    sigset_t every;
    sigset_t before;
    int err = 0;
    (void)sigfillset(&every); /* cannot fail */
    int rc = pthread_sigmask(SIG_SETMASK, &every, &before);
    WEFT_ASSERT(rc == 0);
    for (unsigned i = 1; i < w->all.n && err == 0; i++) {
        struct worker *one = &w->each[i];
        char name[32];
        *one = (struct worker){.hub = w->all.hubs[i], .gate = &w->gate, .quits = &w->quits};
        err = pthread_create(&one->thread, NULL, work, one);
        one->runs = err == 0;
        snprintf(name, sizeof name, "weft-loop-%u", i);
        if (one->runs)
            (void)pthread_setname_np(one->thread, name); /* for top(1) only */
    }
    rc = pthread_sigmask(SIG_SETMASK, &before, NULL);
    WEFT_ASSERT(rc == 0);
    return err;
}

static void open_gate(struct workers *w)
{
    for (unsigned i = 1; i < w->all.n; i++) {
        int rc = sem_post(&w->gate);
        WEFT_ASSERT(rc == 0);
    }
}

static void join(struct workers *w)
{
    for (unsigned i = 1; i < w->all.n; i++) {
        if (!w->each[i].runs)
            continue;
        int rc = pthread_join(w->each[i].thread, NULL);
        WEFT_ASSERT(rc == 0);
        w->each[i].runs = false;
    }
}

static unsigned count(const struct settings *s)
{
    unsigned cores = uv_available_parallelism();
    if (s->workers != 0)
        return s->workers;
    if (cores > WORKERS_MAX)
        cores = WORKERS_MAX;
    return cores > 1 ? cores - 1 : 1;
}

static struct workers *make(unsigned n)
{
    struct workers *w = calloc(1, sizeof *w + n * sizeof w->each[0]);
    if (w == NULL)
        return NULL;
    w->all.hubs = calloc(n, sizeof(struct hub *));
    if (w->all.hubs == NULL || net_group_new(n, &w->all.net) != 0) {
        free(w->all.hubs);
        free(w);
        return NULL;
    }
    w->all.n = n;
    int rc = sem_init(&w->gate, 0, 0);
    WEFT_ASSERT(rc == 0); /* on Linux neither takes anything from the system */
    rc = pthread_mutex_init(&w->all.mutex, NULL);
    WEFT_ASSERT(rc == 0);
    return w;
}

int workers_new(const struct settings *settings, const uint8_t secret[AUTH_KEY_BYTES],
                const struct uuid *generation, struct store *store_take, struct workers **ret,
                char *why, size_t why_bytes)
{
    struct store *store = store_take;
    struct workers *w = make(count(settings));
    int err = w != NULL ? 0 : WEFT_ENOMEM;
    snprintf(why, why_bytes, "out of memory");
    for (unsigned i = 0; err == 0 && i < w->all.n; i++) {
        err = hub_new(settings, secret, generation, &w->all, i, store, why, why_bytes);
        store = NULL; /* the first one has it */
    }
    if (err == 0) {
        int failed = start_threads(w);
        if (failed != 0) {
            snprintf(why, why_bytes, "no thread for a loop: %s", strerror(failed));
            err = WEFT_ENOMEM;
        }
    }
    if (err != 0) {
        store_free(store);
        workers_free(w);
        return err;
    }
    *ret = w;
    return 0;
}

uint16_t workers_port(const struct workers *w)
{
    return hub_port(w->all.hubs[0]);
}

void workers_run(struct workers *w)
{
    open_gate(w);
    hub_run(w->all.hubs[0]);
    join(w);
}

void workers_free(struct workers *w)
{
    if (w == NULL)
        return;
    w->quits = true;
    open_gate(w);
    join(w);
    for (unsigned i = 0; i < w->all.n; i++)
        hub_free(w->all.hubs[i]);
    net_group_free(w->all.net);
    (void)pthread_mutex_destroy(&w->all.mutex);
    (void)sem_destroy(&w->gate);
    free(w->all.hubs);
    free(w);
}
