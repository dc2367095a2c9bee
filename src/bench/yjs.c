#include "bench/yjs.h"

#include <stdio.h>
#include <string.h>

enum {
    CLIENT_BASE = 1000000, /* a connection's client id: so much and its index */
    NO_CLOCK = UINT32_MAX,
    SEGMENTS = 64,
    PIECE_BYTES = 256, /* what is sent to join */
};

enum { SYNC, AWARENESS, AUTH, SYNC_REPLY = 4, CLOSE = 7, SYNC_STATUS, PING, PONG };
enum { STEP_1, STEP_2, UPDATE };
enum { GC = 0, DELETED = 1, STRING = 4, SKIP = 10 };
enum { HAS_LEFT = 0x80, HAS_RIGHT = 0x40, HAS_KEY = 0x20, KIND = 0x1f };

static const char TEXT_NAME[] = "text";

/* Own characters that stand side by side, their clocks counting up, and what stands right of them:
 * an own character, or the end of the paragraph. Any number of them may be forgotten: then nothing
 * is typed there any more. */
struct segment {
    uint32_t clock;
    uint32_t length;
    uint32_t right;
};

struct state {
    uint32_t clock; /* of the next own character */
    uint32_t cursors;
    uint64_t acked;
    uint32_t answers; /* Hocuspocus: statuses still to come that are not of an operation */
    uint32_t n_segments;
    bool joined;
    struct segment segments[SEGMENTS];
};

/* ---- lib0's encoding: numbers of 7 bits a byte, the least first -------------------------------- */

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool wrong;
};

static uint64_t take_number(struct reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 63 && r->at < r->end; shift += 7) {
        uint8_t byte = *r->at++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    r->wrong = true;
    return 0;
}

/* A length and as many bytes. */
static struct reader take_bytes(struct reader *r)
{
    uint64_t len = take_number(r);
    if (r->wrong || len > (uint64_t)(r->end - r->at)) {
        r->wrong = true;
        return (struct reader){r->end, r->end, true};
    }
    struct reader inner = {r->at, r->at + len, false};
    r->at += len;
    return inner;
}

static void put_number(uint8_t **at, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *(*at)++ = (uint8_t)(v | 0x80);
    *(*at)++ = (uint8_t)v;
}

static void put_bytes(uint8_t **at, const void *bytes, size_t len)
{
    put_number(at, len);
    memcpy(*at, bytes, len);
    *at += len;
}

static size_t number_bytes(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

/* ---- what comes -------------------------------------------------------------------------------- */

static void broken(struct adapter_sink *sink, const char *why)
{
    adapter_emit_bytes(sink, ADAPTER_BROKEN, why, strlen(why));
}

/* One struct of an update: how many clocks it takes, and whether it is text. */
static uint64_t take_struct(struct reader *r, bool *ret_is_text)
{
    uint8_t info = r->at < r->end ? *r->at++ : 0xff;
    *ret_is_text = false;
    if ((info & KIND) == SKIP || (info & KIND) == GC)
        return take_number(r);
    for (uint8_t side = HAS_LEFT; side >= HAS_RIGHT; side >>= 1) {
        if ((info & side) != 0) {
            (void)take_number(r);
            (void)take_number(r);
        }
    }
    if ((info & (HAS_LEFT | HAS_RIGHT)) == 0) {
        if (take_number(r) == 1) {
            (void)take_bytes(r);
        } else {
            (void)take_number(r);
            (void)take_number(r);
        }
        if ((info & HAS_KEY) != 0)
            (void)take_bytes(r);
    }
    if ((info & KIND) == DELETED)
        return take_number(r);
    if ((info & KIND) != STRING) {
        r->wrong = true;
        return 0;
    }
    *ret_is_text = true;
    struct reader text = take_bytes(r);
    return (uint64_t)(text.end - text.at); /* all of it ASCII */
}

static void typed(struct adapter_conn *conn, uint64_t client, uint64_t clock, uint64_t chars,
                  bool echo_is_ack, struct adapter_sink *sink)
{
    struct state *s = conn->state;
    struct adapter_event event = {.what = ADAPTER_DELIVERY, .n = chars / conn->chars};
    if (client < CLIENT_BASE || client > CLIENT_BASE + (uint64_t)UINT32_MAX ||
        chars % conn->chars != 0 || clock % conn->chars != 0) {
        broken(sink, "an update of a client that is not of this run");
        return;
    }
    event.writer = (uint32_t)(client - CLIENT_BASE);
    event.first = clock / conn->chars + 1;
    if (event.writer == conn->index) {
        if (!echo_is_ack)
            return;
        event.what = ADAPTER_ACK;
        s->acked += event.n;
    }
    sink->emit(sink, &event);
}

/* All text of an update, each client's in runs without a gap. */
static void on_update(struct adapter_conn *conn, struct reader r, bool echo_is_ack,
                      struct adapter_sink *sink)
{
    uint64_t clients = take_number(&r);
    for (uint64_t i = 0; i < clients && !r.wrong; i++) {
        uint64_t structs = take_number(&r);
        uint64_t client = take_number(&r);
        uint64_t clock = take_number(&r);
        uint64_t from = clock;
        for (uint64_t j = 0; j < structs && !r.wrong; j++) {
            bool is_text = false;
            uint64_t n = take_struct(&r, &is_text);
            if (r.wrong)
                break;
            if (!is_text && clock > from)
                typed(conn, client, from, clock - from, echo_is_ack, sink);
            clock += n;
            if (!is_text)
                from = clock;
        }
        if (!r.wrong && clock > from)
            typed(conn, client, from, clock - from, echo_is_ack, sink);
    }
    if (r.wrong)
        broken(sink, "an update that is cut, or holds what this program has not typed");
}

static void on_awareness(struct adapter_conn *conn, struct reader r, struct adapter_sink *sink)
{
    static const char gone[] = "null";
    const struct state *s = conn->state;
    uint64_t n = 0;
    uint64_t clients = take_number(&r);
    for (uint64_t i = 0; i < clients && !r.wrong; i++) {
        uint64_t client = take_number(&r);
        (void)take_number(&r);
        struct reader state = take_bytes(&r);
        bool is_gone = (size_t)(state.end - state.at) == sizeof gone - 1 &&
                       memcmp(state.at, gone, sizeof gone - 1) == 0;
        n += client != (uint64_t)CLIENT_BASE + conn->index && !is_gone;
    }
    if (r.wrong)
        broken(sink, "an awareness update that is cut");
    else if (n > 0 && s->joined)
        adapter_emit(sink, ADAPTER_CURSOR, 0, n);
}

static void put_name(uint8_t **at, const struct adapter_conn *conn, bool named)
{
    if (named)
        put_bytes(at, conn->room, strlen(conn->room));
}

/* The three messages of synchronising, all of a text that is empty here: number, number, bytes. */
static void send_step(struct adapter_conn *conn, bool named, unsigned step, const char *bytes,
                      size_t len, struct adapter_sink *sink)
{
    uint8_t piece[PIECE_BYTES];
    uint8_t *at = piece;
    put_name(&at, conn, named);
    put_number(&at, SYNC);
    put_number(&at, step);
    put_bytes(&at, bytes, len);
    adapter_emit_bytes(sink, ADAPTER_SEND, piece, (size_t)(at - piece));
}

static void on_sync(struct adapter_conn *conn, struct reader *r, bool named,
                    struct adapter_sink *sink)
{
    struct state *s = conn->state;
    uint64_t step = take_number(r);
    struct reader bytes = take_bytes(r);
    if (r->wrong || step > UPDATE) {
        broken(sink, "a sync message that is none");
    } else if (step == STEP_1) {
        s->answers++;
        send_step(conn, named, STEP_2, "\0\0", 2, sink); /* no structs, no deletions */
    } else if (step == STEP_2 && !s->joined) {
        s->joined = true;
        adapter_emit(sink, ADAPTER_JOINED, 0, 1);
    } else if (step == UPDATE && s->joined) {
        on_update(conn, bytes, !named, sink);
    }
}

static void on_auth(struct reader *r, struct adapter_sink *sink)
{
    enum { DENIED = 1, AUTHENTICATED };
    uint64_t what = take_number(r);
    struct reader words = take_bytes(r);
    if (what == DENIED && !words.wrong)
        adapter_emit_bytes(sink, ADAPTER_REFUSED, words.at, (size_t)(words.end - words.at));
    else if (what != AUTHENTICATED)
        broken(sink, "an answer to authentication that is none");
}

/* One for each message that was taken in, in their order. */
static void on_status(struct adapter_conn *conn, struct reader *r, struct adapter_sink *sink)
{
    struct state *s = conn->state;
    struct adapter_event event = {.what = ADAPTER_ACK, .first = s->acked + 1, .n = 1};
    static const char refused[] = "not saved";
    if (take_number(r) != 1) {
        event.what = ADAPTER_REFUSED;
        event.bytes = refused;
        event.len = sizeof refused - 1;
    }
    if (s->answers > 0) {
        s->answers--;
        return;
    }
    s->acked++;
    sink->emit(sink, &event);
}

static void received(struct adapter_conn *conn, const uint8_t *bytes, size_t len, bool binary,
                     bool named, struct adapter_sink *sink)
{
    struct reader r = {bytes, bytes + len, !binary};
    if (named) {
        struct reader name = take_bytes(&r);
        r.wrong = r.wrong || (size_t)(name.end - name.at) != strlen(conn->room) ||
                  memcmp(name.at, conn->room, strlen(conn->room)) != 0;
    }
    uint64_t type = take_number(&r);
    if (!r.wrong && (type == SYNC || (named && type == SYNC_REPLY)))
        on_sync(conn, &r, named, sink);
    else if (!r.wrong && type == AWARENESS)
        on_awareness(conn, take_bytes(&r), sink);
    else if (!r.wrong && named && type == AUTH)
        on_auth(&r, sink);
    else if (!r.wrong && named && type == SYNC_STATUS)
        on_status(conn, &r, sink);
    else if (r.wrong || !named || (type != CLOSE && type != PING && type != PONG))
        broken(sink, "a message that a server of Yjs does not send to who only types");
}

static void received_plain(struct adapter_conn *conn, const uint8_t *bytes, size_t len, bool binary,
                           struct adapter_sink *sink)
{
    received(conn, bytes, len, binary, false, sink);
}

static void received_named(struct adapter_conn *conn, const uint8_t *bytes, size_t len, bool binary,
                           struct adapter_sink *sink)
{
    received(conn, bytes, len, binary, true, sink);
}

/* ---- what goes --------------------------------------------------------------------------------- */

static size_t path_of_room(const struct adapter_conn *conn, char out[ADAPTER_PATH_BYTES_MAX])
{
    return (size_t)snprintf(out, ADAPTER_PATH_BYTES_MAX, "/%s", conn->room);
}

static size_t path_of_all(const struct adapter_conn *conn, char out[ADAPTER_PATH_BYTES_MAX])
{
    (void)conn;
    memcpy(out, "/", 2);
    return 1;
}

static void opened_plain(struct adapter_conn *conn, struct adapter_sink *sink)
{
    send_step(conn, false, STEP_1, "\0", 1, sink); /* a state vector of nobody */
}

static void opened_named(struct adapter_conn *conn, struct adapter_sink *sink)
{
    static const char token[] = "none";
    uint8_t piece[PIECE_BYTES];
    uint8_t *at = piece;
    put_name(&at, conn, true);
    put_number(&at, AUTH);
    put_number(&at, 0);
    put_bytes(&at, token, sizeof token - 1);
    adapter_emit_bytes(sink, ADAPTER_SEND, piece, (size_t)(at - piece));
    send_step(conn, true, STEP_1, "\0", 1, sink);
}

/* Where the next characters go: clocks of their neighbours. */
static void place(struct state *s, uint64_t random, uint32_t chars, uint32_t *ret_left,
                  uint32_t *ret_right)
{
    struct segment new = {.clock = s->clock, .length = chars, .right = NO_CLOCK};
    struct segment tail = {0};
    *ret_left = NO_CLOCK;
    if (s->n_segments > 0) {
        struct segment *at = &s->segments[random % s->n_segments];
        uint32_t offset = (uint32_t)(random / SEGMENTS % at->length) + 1;
        if (offset < at->length)
            tail = (struct segment){at->clock + offset, at->length - offset, at->right};
        *ret_left = at->clock + offset - 1;
        new.right = offset < at->length ? tail.clock : at->right;
        at->length = offset;
        at->right = new.clock;
    }
    *ret_right = new.right;
    for (unsigned i = 0; i < 2; i++) {
        const struct segment *more = i == 0 ? &new : &tail;
        if (more->length == 0)
            continue;
        if (s->n_segments < SEGMENTS)
            s->segments[s->n_segments++] = *more;
        else
            s->segments[(random >> 20) % SEGMENTS] = *more;
    }
}

static void put_item(uint8_t **at, const struct adapter_conn *conn, uint64_t number,
                     uint64_t random)
{
    struct state *s = conn->state;
    uint64_t client = (uint64_t)CLIENT_BASE + conn->index;
    uint32_t left = 0;
    uint32_t right = 0;
    place(s, random, conn->chars, &left, &right);
    put_number(at, 1);
    put_number(at, 1);
    put_number(at, client);
    put_number(at, s->clock);
    *(*at)++ =
        (uint8_t)(STRING | (left != NO_CLOCK ? HAS_LEFT : 0) | (right != NO_CLOCK ? HAS_RIGHT : 0));
    if (left != NO_CLOCK) {
        put_number(at, client);
        put_number(at, left);
    }
    if (right != NO_CLOCK) {
        put_number(at, client);
        put_number(at, right);
    }
    if (left == NO_CLOCK && right == NO_CLOCK) {
        put_number(at, 1);
        put_bytes(at, TEXT_NAME, sizeof TEXT_NAME - 1);
    }
    put_number(at, conn->chars);
    for (uint32_t i = 0; i < conn->chars; i++)
        *(*at)++ = (uint8_t)('a' + (number + i) % 26);
    put_number(at, 0); /* no deletions */
    s->clock += conn->chars;
}

static size_t op(struct adapter_conn *conn, uint64_t number, uint64_t random, bool named,
                 char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    uint8_t update[ADAPTER_CHARS_MAX + 128];
    uint8_t *end = update;
    uint8_t *at = (uint8_t *)out;
    put_item(&end, conn, number, random);
    put_name(&at, conn, named);
    put_number(&at, SYNC);
    put_number(&at, UPDATE);
    put_bytes(&at, update, (size_t)(end - update));
    return (size_t)(at - (uint8_t *)out);
}

static size_t op_plain(struct adapter_conn *conn, uint64_t number, uint64_t random,
                       char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    return op(conn, number, random, false, out);
}

static size_t op_named(struct adapter_conn *conn, uint64_t number, uint64_t random,
                       char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    return op(conn, number, random, true, out);
}

/* What y-codemirror.next tells of a caret: two relative positions. */
static size_t cursor(struct adapter_conn *conn, uint64_t random, bool named,
                     char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    struct state *s = conn->state;
    uint64_t client = (uint64_t)CLIENT_BASE + conn->index;
    uint8_t *at = (uint8_t *)out;
    char words[512];
    char item[64] = "null";
    if (s->clock > 0)
        (void)snprintf(item, sizeof item, "{\"client\":%llu,\"clock\":%llu}",
                       (unsigned long long)client, (unsigned long long)(random % s->clock));
    int len = snprintf(words, sizeof words,
                       "{\"cursor\":{\"anchor\":{\"type\":null,\"tname\":\"%s\",\"item\":%s,"
                       "\"assoc\":0},\"head\":{\"type\":null,\"tname\":\"%s\",\"item\":%s,"
                       "\"assoc\":0}}}",
                       TEXT_NAME, item, TEXT_NAME, item);
    uint32_t clock = ++s->cursors;
    put_name(&at, conn, named);
    put_number(&at, AWARENESS);
    put_number(&at, 1 + number_bytes(client) + number_bytes(clock) + number_bytes((uint64_t)len) +
                        (size_t)len);
    put_number(&at, 1);
    put_number(&at, client);
    put_number(&at, clock);
    put_bytes(&at, words, (size_t)len);
    return (size_t)(at - (uint8_t *)out);
}

static size_t cursor_plain(struct adapter_conn *conn, uint64_t random,
                           char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    return cursor(conn, random, false, out);
}

static size_t cursor_named(struct adapter_conn *conn, uint64_t random,
                           char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    return cursor(conn, random, true, out);
}

const struct adapter ADAPTER_YJS = {
    .name = "yjs",
    .about = "y-websocket: updates of Yjs; the echo is the acknowledgement, as it has no other",
    .binary = true,
    .names = ADAPTER_BY_WRITER,
    .conn_bytes = sizeof(struct state),
    .path = path_of_room,
    .opened = opened_plain,
    .received = received_plain,
    .op = op_plain,
    .cursor = cursor_plain,
};

const struct adapter ADAPTER_HOCUSPOCUS = {
    .name = "hocuspocus",
    .about = "Hocuspocus: updates of Yjs, each acknowledged by a status",
    .binary = true,
    .names = ADAPTER_BY_WRITER,
    .conn_bytes = sizeof(struct state),
    .path = path_of_all,
    .opened = opened_named,
    .received = received_named,
    .op = op_named,
    .cursor = cursor_named,
};
