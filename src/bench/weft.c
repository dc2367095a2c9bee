#define _GNU_SOURCE /* memmem */
#include "bench/weft.h"

#include <stdio.h>
#include <string.h>

#include "bench/scan.h"

/* The text at rev, as far as its length goes; rooms of a run are typed in by nobody else. */
struct state {
    uint64_t rev;
    uint64_t length;
    bool joined;
};

/* The first `word` from here on. In a string a quote is escaped, so one that stands between quotes
 * is found as a key only. */
static bool skip_to(struct reader *r, const char *word)
{
    const char *found = memmem(r->at, (size_t)(r->end - r->at), word, strlen(word));
    if (found != NULL)
        r->at = found;
    return found != NULL;
}

static void broken(struct adapter_sink *sink, const char *why)
{
    adapter_emit_bytes(sink, ADAPTER_BROKEN, why, strlen(why));
}

static void on_welcome(struct state *s, struct reader *r, struct adapter_sink *sink)
{
    if (s->joined || !skip_to(r, ",\"rev\":") || !take_number(r, ",\"rev\":", &s->rev) ||
        !skip_to(r, ",\"length\":") || !take_number(r, ",\"length\":", &s->length)) {
        broken(sink, "a welcome that is none, or a second one");
        return;
    }
    s->joined = true;
    adapter_emit(sink, ADAPTER_JOINED, 0, 1);
}

static void on_ack(const struct adapter_conn *conn, struct reader *r, struct adapter_sink *sink)
{
    struct state *s = conn->state;
    struct adapter_event event = {.what = ADAPTER_ACK, .n = 1};
    if (!take_number(r, ",\"rev\":", &event.revision) ||
        !take_number(r, ",\"seq\":", &event.first) || event.revision != s->rev + 1) {
        broken(sink, "an ack that is not of the next revision");
        return;
    }
    s->rev = event.revision;
    s->length += conn->chars;
    sink->emit(sink, &event);
}

/* Revisions s->rev + 1 to `rev`; `from` is what the server says the first lies behind. */
static void on_edit(const struct adapter_conn *conn, uint64_t from, uint64_t rev,
                    struct adapter_sink *sink)
{
    struct state *s = conn->state;
    if (from != s->rev || rev <= from) {
        broken(sink, "an operation that is not of the next revision");
        return;
    }
    s->rev = rev;
    s->length += (rev - from) * conn->chars;
    adapter_emit(sink, ADAPTER_DELIVERY, from + 1, rev - from);
}

static void on_error(struct reader *r, struct adapter_sink *sink)
{
    struct adapter_event event = {.what = ADAPTER_REFUSED, .bytes = r->at};
    event.len = (size_t)(r->end - r->at);
    struct reader at = *r;
    if (skip_to(&at, ",\"seq\":") && !take_number(&at, ",\"seq\":", &event.first))
        event.first = 0;
    sink->emit(sink, &event);
}

static void received(struct adapter_conn *conn, const uint8_t *bytes, size_t len, bool binary,
                     struct adapter_sink *sink)
{
    struct state *s = conn->state;
    struct reader r = {(const char *)bytes, (const char *)bytes + len};
    uint64_t rev = 0;
    uint64_t from = 0;
    /* The commonest first. */
    bool ours = !binary && take(&r, "{\"type\":\"");
    if (ours && s->joined && take(&r, "insert\"") && take_number(&r, ",\"rev\":", &rev) && rev != 0)
        on_edit(conn, rev - 1, rev, sink);
    else if (ours && s->joined && take(&r, "cursor\""))
        adapter_emit(sink, ADAPTER_CURSOR, 0, 1);
    else if (ours && s->joined && take(&r, "ack\""))
        on_ack(conn, &r, sink);
    else if (ours && s->joined && take(&r, "edit\",\"from\":") && take_number(&r, "", &from) &&
             take_number(&r, ",\"rev\":", &rev))
        on_edit(conn, from, rev, sink);
    else if (ours && take(&r, "welcome\""))
        on_welcome(s, &r, sink);
    else if (ours && take(&r, "error\""))
        on_error(&r, sink);
    else if (!ours || !(take(&r, "join\"") || take(&r, "leave\"") || take(&r, "user\"") ||
                        take(&r, "pong\"") || take(&r, "closing\"")))
        broken(sink, "a message that a room typed in by this program alone cannot send");
}

static size_t path(const struct adapter_conn *conn, char out[ADAPTER_PATH_BYTES_MAX])
{
    return (size_t)snprintf(out, ADAPTER_PATH_BYTES_MAX, "/ws/%s", conn->room);
}

static size_t op(struct adapter_conn *conn, uint64_t number, uint64_t random,
                 char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    const struct state *s = conn->state;
    int head = snprintf(out, ADAPTER_MESSAGE_BYTES_MAX,
                        "{\"type\":\"insert\",\"position\":%llu,\"rev\":%llu,\"seq\":%llu,"
                        "\"text\":\"",
                        (unsigned long long)(random % (s->length + 1)), (unsigned long long)s->rev,
                        (unsigned long long)number);
    size_t len = (size_t)head;
    for (uint32_t i = 0; i < conn->chars; i++)
        out[len++] = (char)('a' + (number + i) % 26);
    memcpy(out + len, "\"}", 2);
    return len + 2;
}

static size_t cursor(struct adapter_conn *conn, uint64_t random,
                     char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    const struct state *s = conn->state;
    return (size_t)snprintf(
        out, ADAPTER_MESSAGE_BYTES_MAX, "{\"type\":\"cursor\",\"position\":%llu,\"rev\":%llu}",
        (unsigned long long)(random % (s->length + 1)), (unsigned long long)s->rev);
}

const struct adapter ADAPTER_WEFT = {
    .name = "weft",
    .about = "weft.v1: JSON, one operation a message",
    .subprotocol = "weft.v1",
    .names = ADAPTER_BY_REVISION,
    .conn_bytes = sizeof(struct state),
    .path = path,
    .received = received,
    .op = op,
    .cursor = cursor,
};
