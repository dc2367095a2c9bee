/* The hub's life: start, the end of each turn, the clock, the stop.
 *
 * A stop has three phases. FLUSHING: nothing new is accepted nor read, what was accepted goes to the
 * disk. CLOSING: everybody is told, with a time to come back that differs, and closed. ENDED: the
 * loop is left. Each phase ends when its work is done, or at its bound. */
#include "server/hub_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

int64_t hub_now(struct hub *h)
{
    return net_now_ms(h->net);
}

int64_t hub_unix_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the end of a turn --- */

/* What a room that was given something this turn still needs. */
static void settle_entry(struct hub *h, struct entry *e)
{
    if (e->doomed) {
        entry_drop(h, e);
        return;
    }
    if (e->state != ENTRY_OPEN)
        return;
    if (e->failing && !store_committing(h)) {
        struct room_event event = {.kind = ROOM_COMMIT_FAILED};
        e->failing = false;
        if (hub_step(h, e, &event) != 0)
            e->doomed = true;
    }
    if (!e->doomed)
        late_flush(h, e);
    if (e->doomed)
        entry_drop(h, e);
    else if (!entry_rest(h, e))
        conns_go_on(e);
}

/* The list's members as they are now, so that what is touched meanwhile waits. */
static void take_touched(struct hub *h, struct link *into)
{
    list_init(into);
    while (!list_is_empty(&h->touched)) {
        struct link *at = h->touched.next;
        link_out(at);
        list_append(into, at);
    }
}

static void stop_advance(struct hub *h);

void hub_settle(struct hub *h)
{
    struct link touched;
    if (h->phase == HUB_ENDED)
        return;
    store_fetches_failed(h);
    memory_settle(h);

    take_touched(h, &touched);
    while (!list_is_empty(&touched)) {
        struct entry *e = LINK_OF(touched.next, struct entry, touched);
        link_out(&e->touched);
        list_append(&h->touched, &e->touched);
        settle_entry(h, e); /* may free e */
    }
    store_submit(h);

    take_touched(h, &touched);
    while (!list_is_empty(&touched)) {
        struct entry *e = LINK_OF(touched.next, struct entry, touched);
        link_out(&e->touched);
        fan_out(h, e);
        if (e->failing || e->doomed) /* waits for the commit under way, or was doomed just now */
            entry_touch(h, e);
    }
    place_tell(h, false);
    stop_advance(h);
}

static void on_before_flush(void *ctx)
{
    hub_settle(ctx);
}

/* --- the clock --- */

static void stop_begin(struct hub *h);

static void on_tick(uv_timer_t *timer)
{
    struct hub *h = timer->data;
    entries_tick(h);
    rounds_tick(h);
    memory_tick(h);
    place_tell(h, true);
    hub_settle(h);
}

static void on_rest(uv_timer_t *timer)
{
    struct hub *h = timer->data;
    conns_rest_over(h);
    late_over(h);
    if (list_is_empty(&h->resting) && list_is_empty(&h->late))
        uv_timer_stop(timer);
    hub_settle(h);
}

static void on_wake(uv_async_t *async)
{
    struct hub *h = async->data;
    store_results(h);
    if (h->phase == HUB_SERVING && __atomic_load_n(&h->all->stopping, __ATOMIC_RELAXED))
        stop_begin(h);
    hub_settle(h);
    entries_give(h); /* now that what failed was told to its room */
}

/* --- the stop --- */

/* Is this hub the last of all to have come so far? */
static bool is_last(struct hub *h, unsigned *count)
{
    return __atomic_add_fetch(count, 1, __ATOMIC_ACQ_REL) == h->all->n;
}

static void stop_end(struct hub *h)
{
    size_t n_cut = __atomic_add_fetch(&h->all->n_cut, h->n_conns, __ATOMIC_RELAXED);
    h->phase = HUB_ENDED;
    if (is_last(h, &h->all->n_ended)) {
        n_cut = __atomic_load_n(&h->all->n_cut, __ATOMIC_RELAXED);
        log_line(LOG_INFO, "stopped", "how=\"%s\" took_ms=%lld connections_cut=%zu",
                 n_cut == 0 ? "everybody closed" : "some did not answer",
                 (long long)(hub_now(h) - h->stop_ms), n_cut);
    }
    net_stop(h->net);
    /* hub_free() waits for the disk, which may hang; nobody would hear a second signal any more, so
     * it has its usual effect again. */
    for (size_t i = 0; i < 2 && h->index == 0; i++)
        uv_signal_stop(&h->signals[i]);
}

static void on_stop_timer(uv_timer_t *timer);

static void stop_close(struct hub *h, bool late)
{
    h->phase = HUB_CLOSING;
    if (late)
        __atomic_store_n(&h->all->late, true, __ATOMIC_RELAXED);
    if (is_last(h, &h->all->n_flushed)) {
        late = __atomic_load_n(&h->all->late, __ATOMIC_RELAXED);
        log_line(LOG_INFO, "flushed", "how=\"%s\" took_ms=%lld connections=%zu",
                 late ? "the disk took too long" : "all on disk",
                 (long long)(hub_now(h) - h->stop_ms), metrics_connections(h->all));
    }
    LINK_EACH(&h->requests, at)
    request_fail(h, LINK_OF(at, struct request, all), 503, "unavailable",
                 "the server is stopping; try again in a second");
    LINK_EACH(&h->conns, at)
    conn_closing(h, LINK_OF(at, struct conn, all));
    uv_timer_start(&h->stop, on_stop_timer, HUB_CLOSE_MS_MAX, 0);
}

static void stop_advance(struct hub *h)
{
    if (h->phase == HUB_FLUSHING && !store_committing(h) && store_batch_count(h->gathering) == 0)
        stop_close(h, false);
    if (h->phase == HUB_CLOSING && h->n_conns == 0)
        stop_end(h);
}

static void on_stop_timer(uv_timer_t *timer)
{
    struct hub *h = timer->data;
    if (h->phase == HUB_FLUSHING)
        stop_close(h, true);
    else if (h->phase == HUB_CLOSING)
        stop_end(h);
    hub_settle(h);
}

static void stop_begin(struct hub *h)
{
    h->phase = HUB_FLUSHING;
    h->stop_ms = hub_now(h);
    net_refuse(h->net);
    LINK_EACH(&h->conns, at)
    conn_pause(LINK_OF(at, struct conn, all), PAUSE_STOP, true);
    entries_leave(h);
    uv_timer_start(&h->stop, on_stop_timer, HUB_FLUSH_MS_MAX, 0);
}

/* The first hub's. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct hub *h = handle->data;
    if (h->phase != HUB_SERVING)
        _exit(128 + number);
    log_line(LOG_INFO, "stopping", "signal=%s connections=%zu rooms=%zu",
             number == SIGTERM ? "SIGTERM" : "SIGINT", metrics_connections(h->all),
             tally_read(&h->all->n_entries));
    __atomic_store_n(&h->all->stopping, true, __ATOMIC_RELAXED);
    for (unsigned i = 1; i < h->all->n; i++)
        uv_async_send(&h->all->hubs[i]->wake);
    stop_begin(h);
    hub_settle(h);
}

/* --- life --- */

static void init_memory(struct hub *h, const struct settings *s, const struct uuid *generation)
{
    h->settings = *s;
    h->room_config = (struct room_config){.document_bytes_max = s->limit_document,
                                          .people_max = s->limit_people,
                                          .message_bytes_max = s->limit_message};
    h->room_config.generation = *generation;
    h->room_config.retention = s->history;
    h->guard_config = (struct guard_config){.messages_per_second = s->rate_messages,
                                            .messages_burst = s->rate_burst,
                                            .queries_per_second = s->rate_queries,
                                            .queries_burst = s->rate_queries_burst};
    h->rooms_all.sum = &h->all->rooms_sum;
    h->outgoing_all.sum = &h->all->outgoing_sum;
    numbers_init(&h->numbers);
    list_init(&h->busy);
    list_init(&h->idle);
    list_init(&h->touched);
    list_init(&h->late);
    list_init(&h->conns);
    list_init(&h->resting);
    list_init(&h->lacking);
    list_init(&h->requests);
    list_init(&h->fetches);
    list_init(&h->fetches_failed);
    outlog_init(&h->lobby, weft_heap(), 1);
    buf_init(&h->frame, weft_heap());
    buf_init(&h->scratch, weft_heap());
}

/* One secret, four uses that tell nothing of each other or of it. */
static void derive_keys(struct hub *h, const uint8_t secret[AUTH_KEY_BYTES])
{
    struct siphash_key from;
    _Static_assert(AUTH_KEY_BYTES >= sizeof from, "half of the secret keys the derivation");
    memcpy(&from, secret, sizeof from);
    for (unsigned i = 0; i < 2; i++) {
        char use[16];
        snprintf(use, sizeof use, "weft table %u", i);
        h->table_key.k[i] = siphash(&from, use, strlen(use));
        snprintf(use, sizeof use, "weft log %u", i);
        h->log_key.k[i] = siphash(&from, use, strlen(use));
        snprintf(use, sizeof use, "weft place %u", i);
        h->place_key.k[i] = siphash(&from, use, strlen(use));
    }
    h->chance = siphash(&from, "weft chance", 11) ^ (uint64_t)getpid() ^ uv_hrtime() ^
                (uint64_t)h->index << 48;
}

static int start_handles(struct hub *h, uv_loop_t *loop)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    int err = uv_async_init(loop, &h->wake, on_wake);
    if (err != 0)
        return WEFT_EIO;
    h->wake.data = h;
    h->n_handles++;
    uv_timer_t *timers[] = {&h->tick, &h->rest, &h->stop};
    for (size_t i = 0; i < 3; i++) {
        uv_timer_init(loop, timers[i]);
        timers[i]->data = h;
        h->n_handles++;
    }
    uv_timer_start(&h->tick, on_tick, HUB_TICK_MS, HUB_TICK_MS);
    uv_timer_start(&h->rest, on_rest, GUARD_REST_MS, GUARD_REST_MS);
    uv_timer_stop(&h->rest); /* until somebody rests, or a room waits: uv_timer_again() */
    for (size_t i = 0; i < 2 && h->index == 0; i++) {
        uv_signal_init(loop, &h->signals[i]);
        h->signals[i].data = h;
        h->n_handles++;
        if (uv_signal_start(&h->signals[i], on_signal, numbers[i]) != 0)
            return WEFT_EIO;
    }
    return 0;
}

/* Of net and libwebsockets; a peer may provoke them, hence the limit. */
static void on_net_log(bool error, const char *line)
{
    static _Thread_local struct log_limit limit;
    char quoted[LOG_QUOTED_BYTES];
    uint32_t left_out = 0;
    if (log_allowed(&limit, (int64_t)(uv_hrtime() / 1000000), HUB_LOG_BURST, &left_out))
        log_line(error ? LOG_ERROR : LOG_WARN, "network", "detail=%s not_logged=%u",
                 log_quote(line, quoted), left_out);
}

static int start_net(struct hub *h, char *why, size_t why_bytes)
{
    const struct settings *s = &h->settings;
    struct net_config config = {.host = s->host,
                                .port = (uint16_t)s->port,
                                .message_bytes_max = s->limit_message,
                                .connections_max = s->limit_connections,
                                .connections_per_address_max = s->limit_per_address,
                                .answers_bytes_max = s->limit_outgoing,
                                .parts_bytes_max = s->limit_incoming,
                                .ping_ms = s->ping_ms,
                                .dead_ms = s->dead_ms,
                                .stall_ms = s->slow_ms};
    struct net_handler handler = hub_conn_handler(h);
    handler.request = http_request;
    handler.request_gone = http_request_gone;
    handler.loop_of = hub_loop_of;
    handler.before_flush = on_before_flush;
    return net_new_in(h->all->net, h->index, &config, &handler, &h->net, why, why_bytes);
}

static int start_auth(struct hub *h, const uint8_t secret[AUTH_KEY_BYTES], char *why,
                      size_t why_bytes)
{
    int err = auth_new(secret, &h->auth);
    if (err != 0 && err != WEFT_ENOMEM)
        snprintf(why, why_bytes, "OpenSSL lacks AES-256-SIV, HKDF or HMAC");
    return err;
}

int hub_new(const struct settings *settings, const uint8_t secret[AUTH_KEY_BYTES],
            const struct uuid *generation, struct hub_all *all, unsigned index,
            struct store *store_take, char *why, size_t why_bytes)
{
    struct store *store = store_take;
    struct hub *h = calloc(1, sizeof *h);
    int err = WEFT_ENOMEM;
    snprintf(why, why_bytes, "out of memory");
    if (h == NULL)
        goto fail;
    h->all = all;
    h->index = index;
    init_memory(h, settings, generation);
    derive_keys(h, secret);
    if (entries_init(h) != 0 || room_effects_new(weft_heap(), &h->fx) != 0 ||
        store_batch_new(&h->gathering) != 0 || store_batch_new(&h->spare) != 0)
        goto fail;
    err = start_auth(h, secret, why, why_bytes);
    if (err != 0)
        goto fail;
    net_set_log(on_net_log);
    err = start_net(h, why, why_bytes);
    if (err != 0)
        goto fail;
    err = start_handles(h, net_loop(h->net));
    if (err != 0) {
        snprintf(why, why_bytes, "the event loop takes no signal or wake-up: %s", strerror(errno));
        goto fail;
    }
    err = index == 0 ? store_worker_new(store, store_wake, h, &h->worker)
                     : store_worker_share(all->hubs[0]->worker, store_wake, h, &h->worker);
    store = NULL;
    if (err != 0) {
        snprintf(why, why_bytes, "no thread for the disk: %s", weft_error_text(err));
        goto fail;
    }
    all->hubs[index] = h;
    return 0;

fail:
    store_free(store);
    hub_free(h);
    return err;
}

uint16_t hub_port(const struct hub *h)
{
    return net_port(h->net);
}

void hub_run(struct hub *h)
{
    net_run(h->net);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct hub *h = handle->data;
    h->n_handles--;
}

static void close_handles(struct hub *h)
{
    /* In the order of start_handles(), which may have got part of the way. */
    uv_handle_t *handles[] = {(uv_handle_t *)&h->wake,       (uv_handle_t *)&h->tick,
                              (uv_handle_t *)&h->rest,       (uv_handle_t *)&h->stop,
                              (uv_handle_t *)&h->signals[0], (uv_handle_t *)&h->signals[1]};
    unsigned n = h->n_handles;
    for (unsigned i = 0; i < n; i++)
        uv_close(handles[i], on_handle_closed);
    while (h->n_handles > 0)
        uv_run(net_loop(h->net), UV_RUN_NOWAIT);
}

void hub_free(struct hub *h)
{
    if (h == NULL)
        return;
    h->phase = HUB_ENDED;
    store_worker_free(h->worker); /* after this nobody wakes us */
    h->worker = NULL;
    if (h->net != NULL) {
        close_handles(h);
        net_free(h->net); /* calls closed() and request_gone() for all that is left */
        h->net = NULL;
    }
    store_fetches_done(h);
    entries_done(h);
    store_batch_free(h->gathering);
    store_batch_free(h->spare);
    room_effects_free(h->fx);
    outlog_done(&h->lobby);
    buf_done(&h->frame);
    buf_done(&h->scratch);
    numbers_done(&h->numbers);
    auth_free(h->auth);
    free(h);
}
