/* Life and death of the whole: the loop, libwebsockets' context, the order in which they go. */
#include "net/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "net/lws_memory.h"

enum {
    OWN_FDS = 256, /* files, pipes, the storage, and what the C library opens */
    LOOP_FDS = 16, /* what each loop polls besides connections */
};

/* ---- log --------------------------------------------------------------------------------------- */

/* lws has one log for the process and no context in it. */
static net_log_fn *log_to;

void net_log(bool error, const char *fmt, ...)
{
    char line[512];
    va_list args;

    if (log_to == NULL)
        return;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    log_to(error, line);
}

static void on_lws_log(int level, const char *line)
{
    size_t len = strlen(line);

    if (len > 0 && line[len - 1] == '\n')
        len--;
    net_log(level == LLL_ERR, "libwebsockets: %.*s", (int)len, line);
}

static void set_lws_log(bool on)
{
    lws_set_log_level(on && log_to != NULL ? LLL_ERR | LLL_WARN : 0, on_lws_log);
}

void net_hush(const struct net *n, bool hush)
{
    if (n->group->n_loops == 1)
        set_lws_log(!hush);
}

void net_set_log(net_log_fn *log)
{
    log_to = log;
    set_lws_log(true);
}

/* ---- birth ------------------------------------------------------------------------------------- */

/* lws reads the limit when its context is made, and walks a table of that size per closed
 * connection. */
static void limit_files(const struct net *n)
{
    struct rlimit limit;
    size_t max = n->config.connections_max;
    rlim_t need = max + max / 4 + 64 + OWN_FDS + n->group->n_loops * LOOP_FDS;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_max != RLIM_INFINITY && need > limit.rlim_max) {
        net_log(false, "only %llu open files are allowed; %zu connections need %llu",
                (unsigned long long)limit.rlim_max, max, (unsigned long long)need);
        need = limit.rlim_max;
    }
    limit.rlim_cur = need;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static size_t files_max(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (size_t)limit.rlim_cur : 0;
}

static int make_lws(struct net *n, char *why, size_t why_bytes)
{
    /* lws' default is a timer per connection in one sorted list: accepting becomes quadratic. */
    static const lws_retry_bo_t no_retry = {0};
    struct lws_context_creation_info info;
    void *loops[1] = {&n->loop};

    /* The name is what lws answers a client that offers subprotocols. */
    n->protocols[0] = (struct lws_protocols){
        .name = "weft.v1",
        .callback = ws_callback,
        .rx_buffer_size = CONN_READ_BYTES,
        .tx_packet_size = WRITE_BYTES_MAX,
    };
    memset(&info, 0, sizeof(info));
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.protocols = n->protocols;
    info.extensions = NULL; /* permessage-deflate aborts the process (libwebsockets issue 2120) */
    info.retry_and_idle_policy = &no_retry;
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_VALIDATE_UTF8;
    info.foreign_loops = loops;
    info.pt_serv_buf_size = READ_BYTES;
    info.alpn = "http/1.1";
    info.user = n;
    (void)snprintf(why, why_bytes, "out of memory");
    if (lws_memory_reserve(files_max()) != 0)
        return WEFT_ENOMEM;
    n->lws = lws_create_context(&info);
    if (lws_memory_was_short())
        return WEFT_ENOMEM;
    n->vhost = n->lws != NULL ? lws_get_vhost_by_name(n->lws, "default") : NULL;
    if (n->vhost != NULL)
        return 0;
    (void)snprintf(
        why, why_bytes,
        "libwebsockets did not start; is its libuv plugin (libwebsockets-evlib-uv) there?");
    return WEFT_EIO;
}

static void on_check(uv_check_t *handle)
{
    net_flush(handle->data);
}

static void on_prepare(uv_prepare_t *handle)
{
    net_flush(handle->data);
}

static void on_wake(uv_async_t *handle)
{
    hand_take(handle->data); /* that the loop turns is all the others want */
}

static void start_time(struct net *n)
{
    const struct net_config *config = &n->config;
    uint32_t shortest = config->ping_ms < config->dead_ms ? config->ping_ms : config->dead_ms;

    n->watch_ms = shortest / 4 > 0 ? shortest / 4 : 1;
    if (config->stall_ms < shortest)
        shortest = config->stall_ms;
    if (config->head_ms < shortest)
        shortest = config->head_ms;
    n->tick_ms = shortest / 4;
    if (n->tick_ms < 10)
        n->tick_ms = 10;
    if (n->tick_ms > 1000)
        n->tick_ms = 1000;
    n->last_tick_ms = net_now_ms(n);
    n->awake_since_ms = n->last_tick_ms;
    (void)uv_timer_start(&n->tick, net_tick, n->tick_ms, n->tick_ms);
}

static int start_loop(struct net *n)
{
    if (uv_loop_init(&n->loop) != 0)
        return WEFT_EIO;
    /* None of these can fail on Linux, but for the async's pipe. */
    (void)uv_check_init(&n->loop, &n->check);
    (void)uv_prepare_init(&n->loop, &n->prepare);
    (void)uv_timer_init(&n->loop, &n->tick);
    if (uv_async_init(&n->loop, &n->wake, on_wake) != 0) {
        (void)uv_loop_close(&n->loop);
        return WEFT_EIO;
    }
    n->check.data = n;
    n->prepare.data = n;
    n->tick.data = n;
    n->wake.data = n;
    (void)uv_check_start(&n->check, on_check);
    (void)uv_prepare_start(&n->prepare, on_prepare);
    return 0;
}

static void init_lists(struct net *n)
{
    list_init(&n->marked);
    list_init(&n->blocked);
    list_init(&n->parts);
    list_init(&n->watched);
    list_init(&n->closing);
    list_init(&n->http);
    list_init(&n->ready);
    n->listen_fd = -1;
    n->spare_fd = -1;
    n->answers_all.sum = &n->group->answers_sum;
    n->parts_all.sum = &n->group->parts_sum;
}

int net_new(const struct net_config *config, const struct net_handler *handler, struct net **ret,
            char *why, size_t why_bytes)
{
    struct net_group *group = NULL;
    int err = net_group_new(1, &group);

    if (err != 0) {
        (void)snprintf(why, why_bytes, "out of memory");
        return err;
    }
    err = net_new_in(group, 0, config, handler, ret, why, why_bytes);
    if (err != 0)
        net_group_free(group);
    else
        (*ret)->owns_group = true;
    return err;
}

int net_new_in(struct net_group *group, unsigned index, const struct net_config *config,
               const struct net_handler *handler, struct net **ret, char *why, size_t why_bytes)
{
    struct net *n = calloc(1, sizeof(*n));
    int err;

    (void)snprintf(why, why_bytes, "out of memory");
    if (n == NULL)
        return WEFT_ENOMEM;
    n->config = *config;
    if (n->config.head_ms == 0)
        n->config.head_ms = HEAD_MS;
    n->handler = *handler;
    n->group = group;
    n->index = index;
    n->host = strdup(config->host);
    init_lists(n);
    if (n->host == NULL) {
        free(n);
        return WEFT_ENOMEM;
    }
    n->config.host = n->host;
    err = start_loop(n);
    if (err != 0) {
        (void)snprintf(why, why_bytes, "the event loop did not start");
        free(n->host);
        free(n);
        return err;
    }
    /* Binding first: its failure is the likely one, and has the best words. */
    if (index == 0)
        limit_files(n);
    err = listen_open(n, why, why_bytes);
    if (err == 0)
        err = make_lws(n, why, why_bytes);
    if (err != 0) {
        net_free(n);
        return err;
    }
    start_time(n);
    /* lws writes its lines into one buffer of the process before it hands them over: with several
     * loops it says nothing. */
    if (group->n_loops > 1)
        set_lws_log(false);
    group->loops[index] = n;
    why[0] = '\0';
    *ret = n;
    return 0;
}

/* ---- life -------------------------------------------------------------------------------------- */

uint16_t net_port(const struct net *n)
{
    return n->port;
}

void *net_loop(struct net *n)
{
    return &n->loop;
}

int64_t net_now_ms(struct net *n)
{
    return (int64_t)uv_now(&n->loop);
}

void net_run(struct net *n)
{
    (void)uv_run(&n->loop, UV_RUN_DEFAULT);
}

void net_stop(struct net *n)
{
    uv_stop(&n->loop);
}

size_t net_count(const struct net *n)
{
    return n->n_open;
}

uint64_t net_handed(const struct net *n)
{
    return tally_read64(&n->n_handed);
}

size_t net_kept_bytes(const struct net *n)
{
    return n->kept_bytes;
}

size_t net_dying_bytes(const struct net *n)
{
    return n->dying_bytes;
}

void *net_stuck(struct net *n, uint32_t ms)
{
    struct net_conn *c;

    if (list_is_empty(&n->blocked))
        return NULL;
    c = LINK_OF(n->blocked.next, struct net_conn, blocked);
    return net_now_ms(n) - c->progress_ms >= (int64_t)ms ? c->user : NULL;
}

void net_refuse(struct net *n)
{
    n->refusing = true;
    listen_close(n);
}

/* ---- death ------------------------------------------------------------------------------------- */

void net_free(struct net *n)
{
    if (n == NULL)
        return;
    n->flushing = true; /* nothing is written any more */
    listen_close(n);
    hand_drop(n);
    while (!list_is_empty(&n->http))
        http_destroy(LINK_OF(n->http.next, struct net_request, all));
    /* On a loop of ours lws only closes its handles here; the context itself goes with a second
     * call, once the loop has let go of them. */
    if (n->lws != NULL)
        lws_context_destroy(n->lws);
    uv_close((uv_handle_t *)&n->check, NULL);
    uv_close((uv_handle_t *)&n->prepare, NULL);
    uv_close((uv_handle_t *)&n->tick, NULL);
    uv_close((uv_handle_t *)&n->wake, NULL);
    while (uv_run(&n->loop, UV_RUN_NOWAIT) != 0)
        ;
    if (n->lws != NULL)
        lws_context_destroy(n->lws);
    lws_memory_done();
    WEFT_ASSERT(uv_loop_close(&n->loop) == 0);
    WEFT_ASSERT(n->n_open == 0);
    group_tell(n, true);
    if (n->owns_group)
        net_group_free(n->group);
    free(n->host);
    free(n);
}
