#include "tools/lib/player.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "client/client.h"
#include "support/rng.h"
#include "tools/lib/nbws.h"
#include "wire/wire.h"

enum {
    RETRY_MS_LEAST = 20,
    RETRY_MS_MOST = 200,
    PAUSE_MS_MAX = 1000,
    SESSION_BYTES = 512,
    CHECK_EVERY = 256, /* messages between two full checks, which are O(n) */
    /* Lines typed at once, less one, chosen at random: */
    ON_ACK = 5,
    ON_EDIT = 3,
    ON_CUT = 20,
};

struct player {
    struct player_config config;
    struct rng rng;
    struct client *client;
    struct nbws *ws;
    struct buf out;
    size_t next;    /* line of the trace */
    size_t meet_cp; /* where the other typed last, roughly */
    struct player_state state;
    uint64_t acked_seq;
    uint64_t n_messages;
    char user_id[UUID_TEXT_LEN + 1];
    char session[SESSION_BYTES];
    int64_t now_ms;
    int64_t lost_ms;   /* since when there is no connection */
    int64_t retry_ms;  /* connect no earlier */
    int64_t resend_ms; /* send no earlier: storage was behind */
    int backoff_ms;
    bool on; /* has its welcome */
    bool failed;
    char why[PLAYER_WHY_BYTES];

    struct weft_text *replay; /* NULL: not asked for */
    uint64_t replay_rev;
    bool replay_asked; /* on this connection, not answered yet */
};

__attribute__((format(printf, 2, 3))) static void fail(struct player *p, const char *format, ...)
{
    va_list args;
    if (p->failed)
        return;
    p->failed = true;
    va_start(args, format);
    vsnprintf(p->why, sizeof p->why, format, args);
    va_end(args);
}

static void must(struct player *p, int err, const char *what)
{
    if (err != 0)
        fail(p, "%s: %s (at revision %" PRIu64 ")", what, weft_error_text(err),
             client_rev(p->client));
}

struct player *player_new(const struct player_config *config, int64_t now_ms)
{
    struct player *p = calloc(1, sizeof *p);
    if (p == NULL || client_new(weft_heap(), &p->client) != 0)
        abort();
    p->config = *config;
    p->rng = rng_of(config->seed * 2 + (uint64_t)config->as);
    p->lost_ms = now_ms;
    p->backoff_ms = RETRY_MS_LEAST;
    buf_init(&p->out, weft_heap());
    return p;
}

void player_free(struct player *p)
{
    if (p == NULL)
        return;
    nbws_free(p->ws);
    client_free(p->client);
    weft_text_free(p->replay);
    buf_done(&p->out);
    free(p);
}

const char *player_why(const struct player *p)
{
    return p->why;
}

struct player_state player_state(const struct player *p)
{
    struct player_state s = p->state;
    s.rev = client_rev(p->client);
    s.all_typed = p->next == p->config.trace->n && client_is_clean(p->client) && p->on;
    return s;
}

/* --- typing --- */

static void type_line(struct player *p, const struct trace_line *line)
{
    size_t len_cp = weft_text_size(client_text(p->client)).cp;
    struct trace_line fits = *line;
    struct weft_op op;
    if (rng_chance(&p->rng, p->config.meet_percent))
        fits.pos_cp = p->meet_cp;
    if (fits.pos_cp > len_cp)
        fits.pos_cp = len_cp;
    if (fits.del_cp > len_cp - fits.pos_cp)
        fits.del_cp = len_cp - fits.pos_cp;
    weft_op_init(&op, weft_heap());
    trace_op(&fits, &op);
    if (!weft_op_is_identity(&op))
        must(p, client_edit(p->client, &op), "typing");
    weft_op_done(&op);
}

static void type(struct player *p, size_t lines)
{
    const struct trace *t = p->config.trace;
    while (lines > 0 && p->next < t->n) {
        const struct trace_line *line = &t->lines[p->next++];
        if (line->client != p->config.as)
            continue;
        type_line(p, line);
        p->state.typed++;
        lines--;
    }
    while (p->next < t->n && t->lines[p->next].client != p->config.as)
        p->next++;
}

static void send_next(struct player *p)
{
    const struct weft_op *op;
    uint64_t rev, seq;
    char tail[96];
    if (p->failed || p->now_ms < p->resend_ms)
        return;
    client_retry(p->client);
    if (!client_next(p->client, &op, &rev, &seq))
        return;
    snprintf(tail, sizeof tail, ",\"rev\":%" PRIu64 ",\"seq\":%" PRIu64 "}", rev, seq);
    buf_clear(&p->out);
    static const char head[] = "{\"type\":\"edit\",\"op\":";
    if (buf_put(&p->out, head, sizeof head - 1) != 0 || wire_encode_op(op, &p->out) != 0 ||
        buf_put(&p->out, tail, strlen(tail)) != 0)
        abort();
    nbws_send(p->ws, p->out.data, p->out.len);
    client_sent(p->client);
}

/* --- the log, replayed --- */

static void ask_history(struct player *p)
{
    char ask[96];
    if (p->replay == NULL || p->replay_asked || p->state.replayed || !p->on ||
        p->now_ms < p->resend_ms)
        return;
    int n =
        snprintf(ask, sizeof ask, "{\"type\":\"history\",\"from\":%" PRIu64 "}", p->replay_rev + 1);
    nbws_send(p->ws, ask, (size_t)n);
    p->replay_asked = true;
}

void player_replay(struct player *p)
{
    if (p->replay == NULL && weft_text_new(weft_heap(), &p->replay) != 0)
        abort();
    ask_history(p);
}

static void compare_replay(struct player *p)
{
    size_t len = weft_text_size(p->replay).bytes;
    char *bytes = malloc(len + 1);
    if (bytes == NULL ||
        weft_text_copy(p->replay, 0, weft_text_size(p->replay).cp, bytes, len, &len) != 0)
        abort();
    if (!weft_text_equal(client_text(p->client), bytes, len))
        fail(p, "the log replayed up to revision %" PRIu64 " is not the text", p->replay_rev);
    p->state.replayed = true;
    free(bytes);
}

/* --- messages --- */

static uint64_t number_of(const json_t *m, const char *key)
{
    const json_t *v = json_object_get(m, key);
    return json_is_integer(v) && json_integer_value(v) >= 0 ? (uint64_t)json_integer_value(v) : 0;
}

static const char *string_of(const json_t *m, const char *key)
{
    const char *s = json_string_value(json_object_get(m, key));
    return s != NULL ? s : "";
}

static void op_of_array(struct player *p, const json_t *array, struct weft_op *ret)
{
    struct room_error error;
    char *text = json_dumps(array, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL || wire_decode_op(text, strlen(text), ret, &error) != 0)
        fail(p, "an operation that is none: %.200s", text != NULL ? text : "nothing");
    free(text);
}

/* insert, delete, edit and meta as an operation. */
static void op_of_message(struct player *p, const json_t *m, const char *type, struct weft_op *ret)
{
    const json_t *text = json_object_get(m, "text");
    int err = 0;
    if (strcmp(type, "edit") == 0) {
        op_of_array(p, json_object_get(m, "op"), ret);
        return;
    }
    if (strcmp(type, "meta") == 0)
        return;
    err = weft_op_retain(ret, number_of(m, "position"));
    if (err == 0 && strcmp(type, "insert") == 0)
        err = weft_op_insert(ret, json_string_value(text), json_string_length(text));
    else if (err == 0)
        err = weft_op_delete(ret, number_of(m, "length"));
    must(p, err, type);
}

static void on_edit(struct player *p, const json_t *m, const char *message_type)
{
    uint64_t rev = number_of(m, "rev");
    bool composed = json_object_get(m, "from") != NULL;
    uint64_t from = composed ? number_of(m, "from") : rev - 1;
    struct weft_op op;
    if (!composed && strcmp(string_of(m, "user_id"), p->user_id) == 0)
        fail(p, "its own operation came back as revision %" PRIu64, rev);
    if (from != client_rev(p->client))
        fail(p, "a gap: at revision %" PRIu64 ", was sent %" PRIu64 " to %" PRIu64,
             client_rev(p->client), from + 1, rev);
    weft_op_init(&op, weft_heap());
    op_of_message(p, m, message_type, &op);
    if (!p->failed)
        must(p, client_on_edit(p->client, from, rev, NULL, &op), "somebody else's operation");
    size_t n_parts;
    const struct weft_part *parts = weft_op_parts(&op, &n_parts);
    p->meet_cp = n_parts > 0 && parts[0].kind == WEFT_RETAIN ? parts[0].len_cp : 0;
    weft_op_done(&op);
    type(p, rng_below(&p->rng, ON_EDIT));
}

static void on_ack(struct player *p, const json_t *m)
{
    uint64_t rev = number_of(m, "rev");
    uint64_t seq = number_of(m, "seq");
    bool dup = json_is_true(json_object_get(m, "dup"));
    if (dup) {
        p->state.dups++;
    } else if (seq != p->acked_seq + 1) {
        fail(p, "an ack out of order: of seq %" PRIu64 " behind %" PRIu64, seq, p->acked_seq);
        return;
    } else {
        p->acked_seq = seq;
        p->state.acked++;
    }
    must(p, client_on_ack(p->client, rev, seq, dup), "an ack");
    type(p, rng_below(&p->rng, ON_ACK));
}

/* A welcome with text may say that the operation in flight is in the log. */
static void count_welcome(struct player *p, uint64_t seq, bool has_text)
{
    if (!p->state.is_welcome) {
        p->acked_seq = seq;
    } else if (!has_text) {
        p->state.resumed++;
    } else {
        p->state.rejoined++;
        p->state.acked += seq - p->acked_seq;
        p->acked_seq = seq;
    }
    p->state.is_welcome = true;
}

static void on_welcome(struct player *p, const json_t *m)
{
    const json_t *text = json_object_get(m, "text");
    const char *epoch_text = string_of(m, "epoch");
    const char *user_id = string_of(m, "user_id");
    uint64_t seq = number_of(m, "seq");
    struct uuid epoch, had;
    struct client_welcome welcome;
    bool again = client_epoch(p->client, &had);
    if (!uuid_parse(epoch_text, strlen(epoch_text), &epoch)) {
        fail(p, "a welcome without an epoch");
        return;
    }
    if (again && !uuid_equal(&epoch, &had))
        fail(p, "another epoch: the log did not hold");
    if (again && strcmp(user_id, p->user_id) != 0)
        fail(p, "another user_id: the session did not hold");
    if (seq < p->acked_seq)
        fail(p, "seq %" PRIu64 " was acknowledged and is gone, the log has %" PRIu64, p->acked_seq,
             seq);
    if (p->failed)
        return;
    snprintf(p->user_id, sizeof p->user_id, "%s", user_id);
    snprintf(p->session, sizeof p->session, "%s", string_of(m, "session"));
    count_welcome(p, seq, text != NULL);
    welcome = (struct client_welcome){.epoch = epoch,
                                      .rev = number_of(m, "rev"),
                                      .seq = seq,
                                      .text = json_string_value(text),
                                      .text_bytes = json_string_length(text)};
    if (!uuid_parse(user_id, strlen(user_id), &welcome.user_id))
        fail(p, "a welcome without a user_id");
    must(p, client_on_welcome(p->client, &welcome), "the welcome");
    p->on = true;
    p->backoff_ms = RETRY_MS_LEAST;
    p->replay_asked = false;
}

static void on_error(struct player *p, const json_t *m, const char *text, size_t len)
{
    const char *code = string_of(m, "code");
    int64_t wait_ms = (int64_t)number_of(m, "retry_ms");
    enum client_answer answer;
    if (strcmp(code, "unavailable") == 0)
        must(p, client_on_error(p->client, WEFT_EIO, number_of(m, "seq"), &answer), "an error");
    else if (strcmp(code, "rate_limited") != 0)
        fail(p, "an error: %.*s", len < 300 ? (int)len : 300, text);
    p->replay_asked = false;
    p->resend_ms = p->now_ms + (wait_ms < PAUSE_MS_MAX ? wait_ms : PAUSE_MS_MAX);
}

static void on_history(struct player *p, const json_t *m)
{
    const json_t *entry;
    size_t i;
    if (p->replay == NULL || !p->replay_asked)
        return;
    p->replay_asked = false;
    json_array_foreach(json_object_get(m, "ops"), i, entry)
    {
        struct weft_op op;
        if (number_of(entry, "rev") != p->replay_rev + 1)
            fail(p, "a gap in the history behind revision %" PRIu64, p->replay_rev);
        weft_op_init(&op, weft_heap());
        op_of_array(p, json_object_get(entry, "op"), &op);
        if (!p->failed)
            must(p, weft_op_apply(&op, p->replay), "replaying the log");
        weft_op_done(&op);
        p->replay_rev++;
    }
    if (number_of(m, "to") != p->replay_rev)
        fail(p, "history says it goes to %" PRIu64 ", it went to %" PRIu64, number_of(m, "to"),
             p->replay_rev);
    if (!p->failed && p->replay_rev >= client_rev(p->client))
        compare_replay(p);
}

static void on_message(struct player *p, const char *text, size_t len)
{
    json_error_t error;
    json_t *m = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    const char *kind = string_of(m, "type");
    if (m == NULL)
        fail(p, "a message that is no JSON: %s: %.*s", error.text, len < 200 ? (int)len : 200,
             text);
    else if (strcmp(kind, "welcome") == 0)
        on_welcome(p, m);
    else if (strcmp(kind, "ack") == 0)
        on_ack(p, m);
    else if (strcmp(kind, "insert") == 0 || strcmp(kind, "delete") == 0 ||
             strcmp(kind, "edit") == 0 || strcmp(kind, "meta") == 0)
        on_edit(p, m, kind);
    else if (strcmp(kind, "error") == 0)
        on_error(p, m, text, len);
    else if (strcmp(kind, "history") == 0)
        on_history(p, m);
    else if (strcmp(kind, "closing") == 0)
        p->retry_ms = p->now_ms + (int64_t)number_of(m, "retry_ms");
    json_decref(m);
    if (!p->failed && ++p->n_messages % CHECK_EVERY == 0 && !client_check(p->client))
        fail(p, "its own texts do not fit together");
}

/* --- the connection --- */

static void dial(struct player *p)
{
    char path[512];
    char protocols[SESSION_BYTES + 32];
    char epoch_text[UUID_TEXT_LEN + 1];
    struct uuid epoch;
    int n = snprintf(path, sizeof path, "/ws/%s?name=%s", p->config.room, p->config.name);
    snprintf(protocols, sizeof protocols, "weft.v1%s%s",
             p->session[0] != '\0' ? ", weft.session." : "", p->session);
    if (client_epoch(p->client, &epoch)) {
        uuid_format(&epoch, epoch_text);
        snprintf(path + n, sizeof path - (size_t)n, "&epoch=%s&rev=%" PRIu64, epoch_text,
                 client_rev(p->client));
    }
    p->ws = nbws_open(p->config.port, path, protocols);
}

static void on_cut(struct player *p)
{
    nbws_free(p->ws);
    p->ws = NULL;
    if (p->on) {
        client_on_cut(p->client);
        p->lost_ms = p->now_ms;
        p->on = false;
        type(p, rng_below(&p->rng, ON_CUT));
    }
    p->replay_asked = false;
    if (p->retry_ms < p->now_ms + p->backoff_ms)
        p->retry_ms = p->now_ms + p->backoff_ms;
    p->backoff_ms = p->backoff_ms * 2 < RETRY_MS_MOST ? p->backoff_ms * 2 : RETRY_MS_MOST;
}

int player_fd(const struct player *p, short *ret_events)
{
    *ret_events = p->ws != NULL ? nbws_events(p->ws) : POLLIN;
    return p->ws != NULL ? nbws_fd(p->ws) : -1;
}

int player_timeout_ms(const struct player *p, int64_t now_ms)
{
    int64_t until = p->ws == NULL           ? p->retry_ms
                    : p->resend_ms > now_ms ? p->resend_ms
                                            : now_ms + 1000;
    return until > now_ms ? (int)(until - now_ms) : 0;
}

bool player_turn(struct player *p, int64_t now_ms)
{
    const char *text;
    size_t len;
    enum nbws_what what = NBWS_NOTHING;
    p->now_ms = now_ms;
    if (p->ws == NULL && now_ms >= p->retry_ms)
        dial(p);
    if (p->ws != NULL) {
        nbws_turn(p->ws);
        while (!p->failed && (what = nbws_next(p->ws, &text, &len)) == NBWS_TEXT)
            on_message(p, text, len);
    }
    if (what == NBWS_BROKEN)
        fail(p, "the server broke the WebSocket protocol: %s", nbws_why(p->ws));
    else if (what == NBWS_ENDED)
        on_cut(p);
    if (!p->on && now_ms - p->lost_ms > p->config.patience_ms)
        fail(p, "no connection for %d ms", p->config.patience_ms);
    if (p->on && client_is_clean(p->client))
        type(p, 1 + rng_below(&p->rng, ON_ACK));
    if (p->on)
        send_next(p);
    ask_history(p);
    return !p->failed;
}

void player_text(const struct player *p, char ret_hex[65], size_t *ret_cp)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct weft_text_iter it;
    const char *chunk;
    size_t bytes;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1 ||
        weft_text_iter_at(client_text(p->client), 0, &it) != 0)
        abort();
    while (weft_text_iter_next(&it, &chunk, &bytes))
        EVP_DigestUpdate(md, chunk, bytes);
    EVP_DigestFinal_ex(md, digest, &len);
    EVP_MD_CTX_free(md);
    for (unsigned i = 0; i < len && i < 32; i++)
        snprintf(ret_hex + (size_t)2 * i, 3, "%02x", digest[i]);
    *ret_cp = weft_text_size(client_text(p->client)).cp;
}
