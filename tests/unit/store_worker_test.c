/* The worker, woken through an eventfd as an event loop would be. */
#include "support/store_conformance.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/memory.h"
#include "store/sqlite.h"
#include "store/worker.h"

/* ---- a loop ----------------------------------------------------------------------------------- */

static void wake(void *ctx)
{
    const uint64_t one = 1;
    ssize_t n = write(*(int *)ctx, &one, sizeof one);
    assert_true(n == sizeof one); /* blocks at 2^64 - 1 only */
}

/* The next result, waiting for it. */
static struct store_result next(struct store_worker *w, int fd)
{
    struct store_result r;
    while (!store_worker_take(w, &r)) {
        uint64_t count;
        assert_true(read(fd, &count, sizeof count) == sizeof count);
    }
    return r;
}

static void wait_wakes(int fd, uint64_t *woken, uint64_t target)
{
    while (*woken < target) {
        uint64_t count;
        assert_true(read(fd, &count, sizeof count) == sizeof count);
        *woken += count;
    }
}

static struct store_batch *batch_of(const char *log, uint64_t rev, size_t n)
{
    struct store_batch *b;
    assert_int_equal(store_batch_new(&b), 0);
    for (size_t i = 0; i < n; i++) {
        struct store_write write = store_record(log, rev + i, "x");
        assert_int_equal(store_batch_add(b, &write, 1), 0);
    }
    return b;
}

struct loop {
    int fd;
    struct store_worker *worker;
    char folder[STORE_FOLDER_BYTES];
};

static int set_up(void **state)
{
    struct loop *l = calloc(1, sizeof *l);
    assert_non_null(l);
    store_folder_make(l->folder);
    l->fd = eventfd(0, 0);
    assert_true(l->fd >= 0);
    struct store *s;
    char why[256];
    assert_int_equal(store_sqlite_open(l->folder, STORE_SYNC_OFF, &s, why, sizeof why), 0);
    assert_int_equal(store_worker_new(s, wake, &l->fd, &l->worker), 0);
    *state = l;
    return 0;
}

static int tear_down(void **state)
{
    struct loop *l = *state;
    store_worker_free(l->worker);
    assert_int_equal(close(l->fd), 0);
    store_folder_remove(l->folder);
    free(l);
    return 0;
}

/* A store whose commits wait until the test lets them go, and which counts its calls. */
struct gate_store {
    struct store store;
    struct store *inner;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool open;
    bool reached;          /* a commit waits, or has waited */
    size_t commits, loads; /* carried out */
};

static void gate_pass(struct gate_store *g)
{
    assert_int_equal(pthread_mutex_lock(&g->mutex), 0);
    g->reached = true;
    assert_int_equal(pthread_cond_broadcast(&g->changed), 0);
    while (!g->open)
        assert_int_equal(pthread_cond_wait(&g->changed, &g->mutex), 0);
    assert_int_equal(pthread_mutex_unlock(&g->mutex), 0);
}

static void gate_open(struct gate_store *g)
{
    assert_int_equal(pthread_mutex_lock(&g->mutex), 0);
    g->open = true;
    assert_int_equal(pthread_cond_broadcast(&g->changed), 0);
    assert_int_equal(pthread_mutex_unlock(&g->mutex), 0);
}

/* Until the worker stands before the gate. */
static void gate_reached(struct gate_store *g)
{
    assert_int_equal(pthread_mutex_lock(&g->mutex), 0);
    while (!g->reached)
        assert_int_equal(pthread_cond_wait(&g->changed, &g->mutex), 0);
    assert_int_equal(pthread_mutex_unlock(&g->mutex), 0);
}

static int gate_commit(struct store *s, const struct store_write *writes, size_t n)
{
    struct gate_store *g = (struct gate_store *)(void *)s;
    gate_pass(g);
    g->commits++;
    return store_commit(g->inner, writes, n);
}

static int gate_load(struct store *s, const char *name, size_t name_len, uint64_t tail,
                     struct store_log *ret)
{
    struct gate_store *g = (struct gate_store *)(void *)s;
    g->loads++;
    return store_load(g->inner, name, name_len, tail, ret);
}

static size_t commits_at_close, loads_at_close;

static void gate_free(struct store *s)
{
    struct gate_store *g = (struct gate_store *)(void *)s;
    commits_at_close = g->commits;
    loads_at_close = g->loads;
    store_free(g->inner);
    assert_int_equal(pthread_mutex_destroy(&g->mutex), 0);
    assert_int_equal(pthread_cond_destroy(&g->changed), 0);
    free(g);
}

static struct gate_store *gate_new(void)
{
    static const struct store_port PORT = {
        .commit = gate_commit, .load = gate_load, .free = gate_free};
    struct gate_store *g = calloc(1, sizeof *g);
    assert_non_null(g);
    g->store.port = &PORT;
    assert_int_equal(store_memory_new(&g->inner), 0);
    assert_int_equal(pthread_mutex_init(&g->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&g->changed, NULL), 0);
    return g;
}

/* ---- the tests -------------------------------------------------------------------------------- */

static void carries_out_in_order(void **state)
{
    struct loop *l = *state;
    enum { ROUNDS = 50 };
    for (uint64_t i = 0; i < ROUNDS; i++) {
        assert_int_equal(store_worker_commit(l->worker, batch_of("a", i * 3 + 1, 3), i * 4), 0);
        assert_int_equal(store_worker_load(l->worker, "a", 1, 0, i * 4 + 1), 0);
        assert_int_equal(store_worker_base(l->worker, "a", 1, i * 3 + 2, i * 4 + 2), 0);
        assert_int_equal(store_worker_read(l->worker, "a", 1, i * 3 + 1, i * 3 + 2, 9, i * 4 + 3),
                         0);
        for (uint64_t k = 0; k < 4; k++) {
            struct store_result r = next(l->worker, l->fd);
            assert_int_equal(r.err, 0);
            assert_int_equal(r.tag, i * 4 + k);
            assert_int_equal(r.kind, k); /* in the order of the enum */
            assert_true(r.took_us >= 0);
            if (r.kind == STORE_JOB_COMMIT) {
                assert_int_equal(store_batch_count(r.batch), 3);
                store_batch_free(r.batch);
                continue;
            }
            assert_null(r.batch);
            assert_int_equal(r.log.head, i * 3 + 3);
            assert_int_equal(r.log.n_records, k == 1 ? i * 3 + 3 : k == 2 ? i * 3 + 2 : 2);
            store_log_done(&r.log);
        }
    }
    struct store_result r;
    assert_false(store_worker_take(l->worker, &r));
}

static void reports_errors_in_words(void **state)
{
    struct loop *l = *state;
    assert_int_equal(store_worker_load(l->worker, "absent", 6, 0, 1), 0);
    assert_int_equal(store_worker_commit(l->worker, batch_of("a", 2, 1), 2), 0);
    struct store_result r = next(l->worker, l->fd);
    assert_int_equal(r.err, WEFT_ENOENT);
    assert_string_equal(r.text, "no such log");
    r = next(l->worker, l->fd);
    assert_int_equal(r.err, WEFT_EINVAL);
    assert_non_null(strstr(r.text, "out of turn"));
    assert_non_null(r.batch); /* given back on failure too */
    store_batch_free(r.batch);
}

static void walks_the_names(void **state)
{
    struct loop *l = *state;
    static const char *const AFTER[] = {"", "a", "bc"};
    static const char *const FOUND[] = {"a", "bc", NULL};
    assert_int_equal(store_worker_commit(l->worker, batch_of("bc", 1, 1), 0), 0);
    store_batch_free(next(l->worker, l->fd).batch);
    assert_int_equal(store_worker_commit(l->worker, batch_of("a", 1, 1), 0), 0);
    store_batch_free(next(l->worker, l->fd).batch);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_worker_next(l->worker, AFTER[i], strlen(AFTER[i])), 0);
        struct store_result r = next(l->worker, l->fd);
        assert_int_equal(r.kind, STORE_JOB_NEXT);
        assert_int_equal(r.err, FOUND[i] != NULL ? 0 : WEFT_ENOENT);
        if (FOUND[i] == NULL)
            continue;
        assert_int_equal(r.next.len, strlen(FOUND[i]));
        assert_memory_equal(r.next.bytes, FOUND[i], r.next.len);
    }
}

static void bounds_its_queues(void **state)
{
    (void)state;
    struct gate_store *g = gate_new();
    struct store_worker *w;
    int fd = eventfd(0, 0);
    assert_true(fd >= 0);
    assert_int_equal(store_worker_new(&g->store, wake, &fd, &w), 0);
    for (uint64_t i = 0; i < STORE_COMMITS_MAX; i++)
        assert_int_equal(store_worker_commit(w, batch_of("a", i + 1, 1), i), 0);
    struct store_batch *b = batch_of("a", STORE_COMMITS_MAX + 1, 1);
    assert_int_equal(store_worker_commit(w, b, 0), WEFT_ELIMIT);
    assert_int_equal(store_batch_count(b), 1); /* still ours */
    for (uint64_t i = 0; i < STORE_READS_MAX; i++)
        assert_int_equal(store_worker_load(w, "a", 1, 0, i), 0);
    assert_int_equal(store_worker_load(w, "a", 1, 0, 0), WEFT_ELIMIT);
    gate_open(g);
    for (uint64_t i = 0; i < STORE_COMMITS_MAX; i++) {
        struct store_result r = next(w, fd);
        assert_int_equal(r.kind, STORE_JOB_COMMIT);
        assert_int_equal(r.tag, i);
        store_batch_free(r.batch);
    }
    struct store_result r = next(w, fd);
    assert_int_equal(r.kind, STORE_JOB_LOAD);
    store_log_done(&r.log);
    assert_int_equal(store_worker_load(w, "a", 1, 0, 0), 0); /* one was taken: room for one */
    assert_int_equal(store_worker_commit(w, b, 0), 0);
    store_worker_free(w);
    assert_int_equal(commits_at_close, STORE_COMMITS_MAX + 1);
    assert_int_equal(close(fd), 0);
}

static void stops_after_the_queued_commits(void **state)
{
    (void)state;
    struct gate_store *g = gate_new();
    struct store_worker *w;
    int fd = eventfd(0, 0);
    assert_true(fd >= 0);
    assert_int_equal(store_worker_new(&g->store, wake, &fd, &w), 0);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(store_worker_commit(w, batch_of("a", i + 1, 1), i), 0);
        assert_int_equal(store_worker_load(w, "a", 1, 0, i), 0);
    }
    gate_open(g);
    store_worker_free(w); /* nothing was taken */
    assert_int_equal(commits_at_close, 5);
    assert_in_range(loads_at_close, 0, 5);
    assert_int_equal(close(fd), 0);
    store_worker_free(NULL);
}

/* Reads wait while too much lies untaken, and a take lets them go on; stopping does not wait for
 * somebody to take. */
static void holds_reads_back_while_results_lie(void **state)
{
    (void)state;
    enum { SNAPSHOT_BYTES = 16 << 20, LOADS = 12, FIT = STORE_RESULTS_BYTES_MAX / SNAPSHOT_BYTES };
    struct gate_store *g = gate_new();
    struct store_worker *w;
    int fd = eventfd(0, 0);
    assert_true(fd >= 0);
    gate_open(g);
    assert_int_equal(store_worker_new(&g->store, wake, &fd, &w), 0);
    uint8_t *bytes = calloc(1, SNAPSHOT_BYTES);
    assert_non_null(bytes);
    struct store_batch *b = batch_of("a", 1, 1);
    struct store_write snapshot = store_snapshot("a", 1, "");
    snapshot.bytes = bytes;
    snapshot.len = SNAPSHOT_BYTES;
    assert_int_equal(store_batch_add(b, &snapshot, 1), 0);
    free(bytes);
    assert_int_equal(store_worker_commit(w, b, 0), 0);
    uint64_t woken = 0; /* in all: one for each result */
    wait_wakes(fd, &woken, 1);
    struct store_result r;
    assert_true(store_worker_take(w, &r));
    assert_int_equal(r.err, 0);
    store_batch_free(r.batch);

    for (uint64_t i = 0; i < LOADS; i++)
        assert_int_equal(store_worker_load(w, "a", 1, 0, i), 0);
    /* One more than fits: the worker has come to where it waits. */
    wait_wakes(fd, &woken, 1 + FIT + 1);
    assert_int_equal(woken, 1 + FIT + 1);
    for (uint64_t i = 0; i < LOADS; i++) {
        while (!store_worker_take(w, &r))
            wait_wakes(fd, &woken, woken + 1);
        assert_int_equal(r.err, 0);
        assert_int_equal(r.tag, i);
        assert_int_equal(r.log.snapshot_len, SNAPSHOT_BYTES);
        store_log_done(&r.log);
    }
    wait_wakes(fd, &woken, 1 + LOADS);
    assert_int_equal(woken, 1 + LOADS);

    for (uint64_t i = 0; i < LOADS; i++)
        assert_int_equal(store_worker_load(w, "a", 1, 0, i), 0);
    wait_wakes(fd, &woken, 1 + LOADS + FIT + 1);
    store_worker_free(w);
    assert_int_equal(loads_at_close, LOADS + FIT + 1);
    assert_int_equal(close(fd), 0);
}

/* What of several loops waits at the same time is one transaction; each gets its own result. */
static void shares_a_commit(void **state)
{
    (void)state;
    enum { LOOPS = 3 };
    static const char *const logs[LOOPS] = {"a", "b", "c"};
    struct gate_store *g = gate_new();
    struct store_worker *w[LOOPS];
    int fd[LOOPS];
    size_t leads = 0;
    for (size_t i = 0; i < LOOPS; i++) {
        fd[i] = eventfd(0, 0);
        assert_true(fd[i] >= 0);
        assert_int_equal(i == 0 ? store_worker_new(&g->store, wake, &fd[i], &w[i])
                                : store_worker_share(w[0], wake, &fd[i], &w[i]),
                         0);
    }
    assert_int_equal(store_worker_commit(w[0], batch_of("first", 1, 1), 0), 0);
    gate_reached(g);
    for (size_t i = 0; i < LOOPS; i++) {
        assert_int_equal(store_worker_commit(w[i], batch_of(logs[i], 1, 2 + i), 10 + i), 0);
        assert_int_equal(store_worker_load(w[i], logs[i], 1, 0, 20 + i), 0);
    }
    gate_open(g);
    struct store_result r = next(w[0], fd[0]);
    assert_true(r.leads);
    store_batch_free(r.batch);
    for (size_t i = 0; i < LOOPS; i++) {
        r = next(w[i], fd[i]);
        assert_int_equal(r.kind, STORE_JOB_COMMIT);
        assert_int_equal(r.err, 0);
        assert_int_equal(r.tag, 10 + i);
        assert_int_equal(store_batch_count(r.batch), 2 + i);
        leads += r.leads;
        store_batch_free(r.batch);
        r = next(w[i], fd[i]);
        assert_int_equal(r.kind, STORE_JOB_LOAD);
        assert_int_equal(r.tag, 20 + i);
        assert_int_equal(r.log.head, 2 + i);
        store_log_done(&r.log);
    }
    assert_int_equal(leads, 1);
    /* The first to go is not the last: the others are served on. */
    store_worker_free(w[0]);
    assert_int_equal(store_worker_commit(w[1], batch_of("b", 4, 1), 1), 0);
    r = next(w[1], fd[1]);
    assert_int_equal(r.err, 0);
    store_batch_free(r.batch);
    assert_int_equal(store_worker_commit(w[1], batch_of("b", 5, 1), 2), 0);
    store_worker_free(w[2]);
    store_worker_free(w[1]);
    assert_int_equal(commits_at_close, 4);
    for (size_t i = 0; i < LOOPS; i++)
        assert_int_equal(close(fd[i]), 0);
}

/* A transaction of several that fails is tried again by parts: the others' writes are kept. */
static void one_that_fails_fails_alone(void **state)
{
    (void)state;
    struct gate_store *g = gate_new();
    struct store_worker *a;
    struct store_worker *b;
    int fd[2] = {eventfd(0, 0), eventfd(0, 0)};
    assert_int_equal(store_worker_new(&g->store, wake, &fd[0], &a), 0);
    assert_int_equal(store_worker_share(a, wake, &fd[1], &b), 0);
    assert_int_equal(store_worker_commit(a, batch_of("first", 1, 1), 0), 0);
    gate_reached(g);
    assert_int_equal(store_worker_commit(a, batch_of("a", 1, 1), 1), 0);
    assert_int_equal(store_worker_commit(b, batch_of("b", 7, 1), 2), 0); /* out of turn */
    gate_open(g);
    for (uint64_t i = 0; i < 2; i++) {
        struct store_result r = next(a, fd[0]);
        assert_int_equal(r.tag, i);
        assert_int_equal(r.err, 0);
        assert_true(r.leads);
        store_batch_free(r.batch);
    }
    struct store_result r = next(b, fd[1]);
    assert_int_equal(r.err, WEFT_EINVAL);
    store_batch_free(r.batch);
    assert_int_equal(store_worker_load(b, "a", 1, 0, 3), 0);
    r = next(b, fd[1]);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.log.head, 1);
    store_log_done(&r.log);
    store_worker_free(a);
    store_worker_free(b);
    assert_int_equal(close(fd[0]), 0);
    assert_int_equal(close(fd[1]), 0);
}

/* Four loops, each with its own log, as fast as they can: each one's jobs keep their order. */
struct busy {
    pthread_t thread;
    struct store_worker *worker;
    int fd;
    char log[2];
};

static void *play_busy(void *arg)
{
    struct busy *b = arg;
    for (uint64_t rev = 1; rev <= 500; rev++) {
        assert_int_equal(store_worker_commit(b->worker, batch_of(b->log, rev, 1), rev), 0);
        assert_int_equal(store_worker_load(b->worker, b->log, 1, 0, rev), 0);
        struct store_result r = next(b->worker, b->fd);
        assert_true(r.kind == STORE_JOB_COMMIT && r.err == 0 && r.tag == rev);
        store_batch_free(r.batch);
        r = next(b->worker, b->fd);
        assert_true(r.kind == STORE_JOB_LOAD && r.err == 0 && r.log.head == rev);
        store_log_done(&r.log);
    }
    return NULL;
}

static void serves_several_threads(void **state)
{
    (void)state;
    enum { LOOPS = 4 };
    struct busy each[LOOPS];
    struct gate_store *g = gate_new();
    gate_open(g);
    for (size_t i = 0; i < LOOPS; i++) {
        each[i] = (struct busy){.fd = eventfd(0, 0), .log = {(char)('a' + i), '\0'}};
        assert_int_equal(
            i == 0 ? store_worker_new(&g->store, wake, &each[i].fd, &each[i].worker)
                   : store_worker_share(each[0].worker, wake, &each[i].fd, &each[i].worker),
            0);
    }
    for (size_t i = 0; i < LOOPS; i++)
        assert_int_equal(pthread_create(&each[i].thread, NULL, play_busy, &each[i]), 0);
    for (size_t i = 0; i < LOOPS; i++)
        assert_int_equal(pthread_join(each[i].thread, NULL), 0);
    for (size_t i = 0; i < LOOPS; i++) {
        store_worker_free(each[i].worker);
        assert_int_equal(close(each[i].fd), 0);
    }
    assert_in_range(commits_at_close, 500, 500 * LOOPS);
}

/* A signal to the process reaches the loop's thread and never the worker's. */
static void leaves_signals_to_the_loop(void **state)
{
    struct loop *l = *state;
    sigset_t usr1;
    sigset_t before;
    assert_int_equal(sigemptyset(&usr1), 0);
    assert_int_equal(sigaddset(&usr1, SIGUSR1), 0);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &usr1, &before), 0);
    /* The worker's thread would die of it, with the process, if it took it. */
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    assert_int_equal(store_worker_commit(l->worker, batch_of("a", 1, 1), 0), 0);
    struct store_result r = next(l->worker, l->fd);
    assert_int_equal(r.err, 0);
    store_batch_free(r.batch);
    int got = 0;
    assert_int_equal(sigwait(&usr1, &got), 0);
    assert_int_equal(got, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(carries_out_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reports_errors_in_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(walks_the_names, set_up, tear_down),
        cmocka_unit_test(bounds_its_queues),
        cmocka_unit_test(stops_after_the_queued_commits),
        cmocka_unit_test_setup_teardown(holds_reads_back_while_results_lie, set_up, tear_down),
        cmocka_unit_test(shares_a_commit),
        cmocka_unit_test(one_that_fails_fails_alone),
        cmocka_unit_test(serves_several_threads),
        cmocka_unit_test_setup_teardown(leaves_signals_to_the_loop, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("store worker", tests, NULL, NULL);
}
