/* tests/unit/net_app.h - a server over net for its tests: an echo with commands, in a child process.
 *
 * Included by one test program each; everything is static. The child ends with status 0 only when
 * net_free() got through, and under AddressSanitizer only without a leak.
 *
 * WebSocket, path /ws/...: a message is sent back as it came, but for these texts:
 *   !close CODE REASON   sends "one", "two", "three", then net_close()
 *   !flood COUNT SIZE    COUNT frames of SIZE bytes each, in as few pulls as it takes
 *   !pause               stops reading this connection; !resume, from another one, goes on
 *   !kill                net_kill() for every other connection
 *   !stats               "open=.. stalled=.. closed=.. gone=.. pulls=.. turns=.."
 *   !memory              "frames=.. kept=.. stuck=NAME": how many frames were told that are no
 *                        message, net_kept_bytes(), and the name of net_stuck(), or -
 *   !name NAME           one letter, for that
 * Path /hello: the server speaks first, from upgrade(). Path /refuse/STATUS: refused.
 *
 * HTTP: /late waits for somebody to ask for /release; /big and /copy are BIG_BYTES long; everything
 * else is answered with "METHOD PATH?QUERY". */
#ifndef TESTS_UNIT_NET_APP_H
#define TESTS_UNIT_NET_APP_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#include "base/buf.h"
#include "net/net.h"
#include "support/wsclient.h"

enum { BIG_BYTES = 8 << 20 };

struct app;

struct app_conn {
    struct app *app;
    struct net_conn *c;
    struct app_conn *next;
    struct buf out;
    struct buf sent; /* what pull gave last */
    unsigned long flood_left;
    size_t flood_size;
    bool is_paused;
    char name;
};

struct app {
    struct net *net;
    struct app_conn *conns;
    struct net_request *late[8];
    size_t n_late;
    unsigned n_stalled;
    unsigned n_closed;
    unsigned n_gone;
    unsigned n_frames;
    unsigned long n_pulls;
    unsigned long n_turns; /* of the loop */
    char *big;
};

static void app_send(struct app_conn *ac, const void *bytes, size_t len, bool binary)
{
    uint8_t header[NET_FRAME_HEADER_MAX];
    size_t n = net_frame_header(len, header);

    if (binary)
        header[0] = 0x82;
    if (buf_put(&ac->out, header, n) != 0 || buf_put(&ac->out, bytes, len) != 0)
        abort();
    net_want_write(ac->c);
}

static void app_say(struct app_conn *ac, const char *text)
{
    app_send(ac, text, strlen(text), false);
}

static bool net_str_equal(struct net_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

static int app_upgrade(void *ctx, struct net_conn *c, const struct net_head *head, void **ret_user,
                       char *why, size_t why_bytes)
{
    struct app *app = ctx;
    struct app_conn *ac;
    char path[256];
    int status;

    (void)snprintf(path, sizeof(path), "%.*s", (int)head->path.len, head->path.at);
    if (sscanf(path, "/refuse/%d", &status) == 1) {
        (void)snprintf(why, why_bytes, "refused with %d", status);
        return status;
    }
    ac = calloc(1, sizeof(*ac));
    if (ac == NULL)
        abort();
    ac->app = app;
    ac->c = c;
    ac->next = app->conns;
    app->conns = ac;
    buf_init(&ac->out, weft_heap());
    buf_init(&ac->sent, weft_heap());
    *ret_user = ac;
    if (strcmp(path, "/hello") == 0) {
        char line[512];

        (void)snprintf(line, sizeof(line), "%.*s|%.*s|%.*s|%.*s", (int)head->query.len,
                       head->query.at, (int)head->protocols.len, head->protocols.at,
                       (int)head->authorization.len, head->authorization.at, (int)head->address.len,
                       head->address.at);
        app_say(ac, line);
    }
    return 0;
}

static void app_open(void *ctx, struct net_conn *c, void *user, bool full)
{
    (void)ctx;
    (void)user;
    if (full)
        net_close(c, 1013, "full");
}

static void app_tell_memory(struct app *app, struct app_conn *ac)
{
    char line[200];
    const struct app_conn *stuck = net_stuck(app->net, 0);

    (void)snprintf(line, sizeof(line), "frames=%u kept=%zu stuck=%c", app->n_frames,
                   net_kept_bytes(app->net), stuck != NULL ? stuck->name : '-');
    app_say(ac, line);
}

static void app_command(struct app *app, struct app_conn *ac, const char *text)
{
    char line[200];
    unsigned code;
    int at = 0;

    if (sscanf(text, "!close %u %n", &code, &at) == 1) {
        app_say(ac, "one");
        app_say(ac, "two");
        app_say(ac, "three");
        net_close(ac->c, (uint16_t)code, text + at);
    } else if (sscanf(text, "!flood %lu %zu", &ac->flood_left, &ac->flood_size) == 2) {
        net_want_write(ac->c);
    } else if (strcmp(text, "!pause") == 0) {
        ac->is_paused = true;
        net_pause(ac->c, true);
    } else if (strcmp(text, "!resume") == 0) {
        for (struct app_conn *o = app->conns; o != NULL; o = o->next)
            if (o->is_paused) {
                o->is_paused = false;
                net_pause(o->c, false);
            }
    } else if (strcmp(text, "!kill") == 0) {
        for (struct app_conn *o = app->conns; o != NULL; o = o->next)
            if (o != ac)
                net_kill(o->c);
    } else if (strcmp(text, "!memory") == 0) {
        app_tell_memory(app, ac);
    } else if (sscanf(text, "!name %c", &ac->name) == 1) {
        app_say(ac, "named");
    } else {
        (void)snprintf(line, sizeof(line),
                       "open=%zu stalled=%u closed=%u gone=%u pulls=%lu turns=%lu",
                       net_count(app->net), app->n_stalled, app->n_closed, app->n_gone,
                       app->n_pulls, app->n_turns);
        app_say(ac, line);
    }
}

static void app_message(void *ctx, struct net_conn *c, void *user, const char *bytes, size_t len,
                        bool binary)
{
    (void)c;
    if (!binary && len > 0 && bytes[0] == '!') {
        char text[256];

        (void)snprintf(text, sizeof(text), "%.*s", (int)len, bytes);
        app_command(ctx, user, text);
        return;
    }
    app_send(user, bytes, len, binary);
}

static void app_frame(void *ctx, struct net_conn *c, void *user)
{
    struct app *app = ctx;

    (void)c;
    (void)user;
    app->n_frames++;
}

static void app_pull(void *ctx, struct net_conn *c, void *user, const uint8_t **ret_bytes,
                     size_t *ret_len)
{
    struct app *app = ctx;
    struct app_conn *ac = user;
    struct buf swap;

    (void)c;
    app->n_pulls++;
    if (ac->flood_left > 0) { /* before what was said since */
        swap = ac->out;
        ac->out = ac->sent;
        buf_clear(&ac->out);
        for (; ac->flood_left > 0 && ac->out.len < 1 << 20; ac->flood_left--)
            app_send(ac, app->big, ac->flood_size, false);
        ac->sent = ac->out;
        ac->out = swap;
    } else {
        swap = ac->sent;
        ac->sent = ac->out;
        ac->out = swap;
        buf_clear(&ac->out);
    }
    *ret_bytes = ac->sent.data;
    *ret_len = ac->sent.len;
}

static void app_stalled(void *ctx, struct net_conn *c, void *user)
{
    struct app *app = ctx;

    (void)user;
    app->n_stalled++;
    net_close(c, 4409, "too slow");
}

static void app_closed(void *ctx, struct net_conn *c, void *user)
{
    struct app *app = ctx;
    struct app_conn *ac = user;
    struct app_conn **at = &app->conns;

    (void)c;
    app->n_closed++;
    while (*at != ac)
        at = &(*at)->next;
    *at = ac->next;
    buf_done(&ac->out);
    buf_done(&ac->sent);
    free(ac);
}

static void app_request(void *ctx, struct net_request *r, const struct net_head *head)
{
    struct app *app = ctx;
    char text[1024];
    struct net_header more[] = {{"ETag", "\"x\""}, {"X-Bad", "a\r\nSet-Cookie: b"}};
    struct net_answer answer = {
        .status = 200,
        .content_type = "text/plain",
        .headers = more,
        .n_headers = 2,
        .body = text,
    };

    (void)snprintf(text, sizeof(text), "%.*s %.*s?%.*s", (int)head->method.len, head->method.at,
                   (int)head->path.len, head->path.at, (int)head->query.len, head->query.at);
    if (net_str_equal(head->path, "/late") && app->n_late < 8) {
        net_request_set_user(r, app);
        app->late[app->n_late++] = r;
        return;
    }
    if (net_str_equal(head->path, "/release")) {
        size_t n = app->n_late;

        (void)snprintf(text, sizeof(text), "late");
        answer.body_len = strlen(text);
        app->n_late = 0;
        for (size_t i = 0; i < n; i++)
            net_answer(app->late[i], &answer);
        (void)snprintf(text, sizeof(text), "released %zu, gone %u", n, app->n_gone);
    }
    if (net_str_equal(head->path, "/none"))
        answer.status = 304;
    answer.body_len = strlen(text);
    if (net_str_equal(head->path, "/big") || net_str_equal(head->path, "/copy")) {
        answer.body = app->big;
        answer.body_len = BIG_BYTES;
        answer.body_is_static = net_str_equal(head->path, "/big");
    }
    net_answer(r, &answer);
}

static void app_request_gone(void *ctx, struct net_request *r)
{
    struct app *app = ctx;
    size_t kept = 0;

    if (net_request_user(r) != app)
        abort();
    app->n_gone++;
    for (size_t i = 0; i < app->n_late; i++)
        if (app->late[i] != r)
            app->late[kept++] = app->late[i];
    app->n_late = kept;
}

static void app_on_turn(uv_prepare_t *handle)
{
    struct app *app = handle->data;

    app->n_turns++;
}

static void app_on_signal(uv_signal_t *handle, int number)
{
    struct app *app = handle->data;

    if (number == SIGUSR1)
        net_refuse(app->net);
    else
        net_stop(app->net);
}

/* ---- the child --------------------------------------------------------------------------------- */

struct server {
    pid_t pid;
    uint16_t port;
};

static struct net_config app_config(void)
{
    return (struct net_config){
        .host = "127.0.0.1",
        .message_bytes_max = 1 << 20,
        .connections_max = 100,
        .connections_per_address_max = 100,
        .ping_ms = 25000,
        .dead_ms = 60000,
        .stall_ms = 30000,
    };
}

static void app_log(bool error, const char *line)
{
    fprintf(stderr, "%s: %s\n", error ? "error" : "warning", line);
}

static _Noreturn void app_main(const struct net_config *config, int tell)
{
    struct app app = {0};
    struct net_handler handler = {
        .ctx = &app,
        .upgrade = app_upgrade,
        .open = app_open,
        .message = app_message,
        .frame = app_frame,
        .pull = app_pull,
        .stalled = app_stalled,
        .closed = app_closed,
        .request = app_request,
        .request_gone = app_request_gone,
    };
    uv_signal_t signals[2];
    uv_prepare_t turn;
    char why[200];
    uint16_t port;

    app.big = malloc(BIG_BYTES);
    if (app.big == NULL)
        abort();
    for (size_t i = 0; i < BIG_BYTES; i++)
        app.big[i] = (char)('a' + i % 26);
    net_set_log(app_log);
    if (net_new(config, &handler, &app.net, why, sizeof(why)) != 0) {
        fprintf(stderr, "net_new: %s\n", why);
        exit(1);
    }
    for (int i = 0; i < 2; i++) {
        (void)uv_signal_init(net_loop(app.net), &signals[i]);
        signals[i].data = &app;
        (void)uv_signal_start(&signals[i], app_on_signal, i == 0 ? SIGTERM : SIGUSR1);
    }
    (void)uv_prepare_init(net_loop(app.net), &turn);
    turn.data = &app;
    (void)uv_prepare_start(&turn, app_on_turn);
    port = net_port(app.net);
    if (write(tell, &port, sizeof(port)) != (ssize_t)sizeof(port))
        exit(1);
    close(tell);
    net_run(app.net);
    uv_close((uv_handle_t *)&signals[0], NULL);
    uv_close((uv_handle_t *)&signals[1], NULL);
    uv_close((uv_handle_t *)&turn, NULL);
    net_free(app.net);
    free(app.big);
    exit(app.conns == NULL && app.n_late == 0 ? 0 : 1);
}

static struct server server_start(const struct net_config *config)
{
    struct server s = {0};
    int ends[2];

    fflush(NULL);
    if (pipe(ends) != 0)
        abort();
    s.pid = fork();
    if (s.pid < 0)
        abort();
    if (s.pid == 0) {
        close(ends[0]);
        app_main(config, ends[1]);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &s.port, sizeof(s.port)), sizeof(s.port));
    close(ends[0]);
    return s;
}

/* Asks it to end, and expects that it does so cleanly. */
static void server_stop(struct server *s)
{
    int status = 0;

    if (s->pid == 0)
        return;
    assert_int_equal(kill(s->pid, SIGTERM), 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    s->pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* One server for tests that are content with app_config(); it is stopped by the group's end, so a
 * test that fails leaves it to the others. */
static struct server common;

static int common_start(void **state)
{
    struct net_config config = app_config();

    (void)state;
    common = server_start(&config);
    return 0;
}

static int common_stop(void **state)
{
    (void)state;
    server_stop(&common);
    return 0;
}

static struct wsclient *dial_ws(const struct server *s)
{
    struct wsclient *w = wsclient_open("127.0.0.1", s->port);

    assert_int_equal(wsclient_upgrade(w, "/ws/room", NULL), 101);
    return w;
}

static void expect_text(struct wsclient *w, const char *text)
{
    struct wsframe f;

    assert_int_equal(wsclient_next_message(w, &f), WSC_FRAME);
    assert_int_equal(f.opcode, WSC_TEXT);
    assert_string_equal(f.bytes, text);
}

#endif
