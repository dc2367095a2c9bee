#define _GNU_SOURCE /* memmem */
#include "bench/sharedb.h"

#include <stdio.h>
#include <string.h>

#include "bench/scan.h"

#define COLLECTION "texts"
#define TYPE       "http://sharejs.org/types/text-unicode"

/* Version v is the text after the first v operations; making the document is the first. `ahead` has
 * bit i set when operation version + 1 + i has come before operation `version`. */
struct state {
    uint64_t version;
    uint64_t length; /* at `version`, without the line break that ends every text */
    uint64_t ahead;
    bool joined;
    bool making;
};

/* Each request has its seq before its v: where ShareDB answers with an error it sends the request
 * back, and that is told by it from an operation, whose v comes first. */
enum { MAKING_SEQ = 1 };

/* Goes behind the string that begins here, its first quote taken; counts its characters. */
static bool take_string(struct reader *r, uint64_t *ret_length)
{
    uint64_t length = 0;
    for (; r->at < r->end && *r->at != '"'; r->at++, length++)
        if (*r->at == '\\')
            r->at++;
    if (r->at >= r->end)
        return false;
    r->at++;
    *ret_length = length;
    return true;
}

static void broken(struct adapter_sink *sink, const char *why)
{
    adapter_emit_bytes(sink, ADAPTER_BROKEN, why, strlen(why));
}

static void join(struct state *s, uint64_t version, uint64_t length, struct adapter_sink *sink)
{
    s->version = version;
    s->length = length;
    s->joined = true;
    adapter_emit(sink, ADAPTER_JOINED, 0, 1);
}

/* Operation `v` is known. False: it was before. */
static bool know(const struct adapter_conn *conn, uint64_t v, bool *ret_known)
{
    struct state *s = conn->state;
    *ret_known = false;
    if (v < s->version)
        return true;
    uint64_t distance = v - s->version;
    if (distance > 64)
        return false;
    if (distance > 0) {
        uint64_t bit = (uint64_t)1 << (distance - 1);
        *ret_known = (s->ahead & bit) == 0;
        s->ahead |= bit;
        return true;
    }
    *ret_known = true;
    for (bool next = true; next; s->ahead >>= 1) {
        next = (s->ahead & 1) != 0;
        s->version++;
        s->length += conn->chars;
    }
    return true;
}

static void on_subscribed(struct adapter_conn *conn, struct reader *r, struct adapter_sink *sink)
{
    struct state *s = conn->state;
    char make[256 + ADAPTER_ROOM_BYTES_MAX];
    uint64_t version = 0;
    uint64_t length = 0;
    if (s->joined || !take_number(r, "", &version)) {
        broken(sink, "a snapshot that is none, or a second one");
    } else if (take(r, ",\"type\":null}")) {
        int len = snprintf(make, sizeof make,
                           "{\"a\":\"op\",\"c\":\"" COLLECTION "\",\"d\":\"%s\",\"seq\":%d,"
                           "\"v\":%llu,\"create\":{\"type\":\"" TYPE "\",\"data\":\"\\n\"}}",
                           conn->room, MAKING_SEQ, (unsigned long long)version);
        s->making = true;
        adapter_emit_bytes(sink, ADAPTER_SEND, make, (size_t)len);
    } else if (!take(r, ",\"data\":\"") || !take_string(r, &length) || length == 0) {
        broken(sink, "a snapshot that is no text");
    } else {
        join(s, version, length - 1, sink);
    }
}

static void on_ack(struct adapter_conn *conn, struct reader *r, struct adapter_sink *sink)
{
    struct state *s = conn->state;
    struct adapter_event event = {.what = ADAPTER_ACK, .n = 1};
    uint64_t nothing = 0;
    uint64_t seq = 0;
    uint64_t v = 0;
    bool known = false;
    if (!take_string(r, &nothing) || !take_number(r, ",\"seq\":", &seq) ||
        !take_number(r, ",\"v\":", &v)) {
        broken(sink, "an ack that is none");
    } else if (seq == MAKING_SEQ) {
        if (!s->joined)
            join(s, v + 1, 0, sink);
    } else if (!s->joined || !know(conn, v, &known) || !known) {
        broken(sink, "an ack of a version that is known already, or far ahead");
    } else {
        event.first = seq - MAKING_SEQ;
        event.revision = v + 1;
        sink->emit(sink, &event);
    }
}

/* After `"d":"room",`. */
static void on_op(struct adapter_conn *conn, struct reader *r, struct adapter_sink *sink)
{
    struct state *s = conn->state;
    struct adapter_event event = {.what = ADAPTER_REFUSED, .bytes = r->at};
    uint64_t v = 0;
    bool known = false;
    if (take_number(r, "\"v\":", &v)) {
        if (!s->joined) {
            /* Somebody else made the document, or types in it before our snapshot has come. */
            if (memmem(r->at, (size_t)(r->end - r->at), ",\"create\":{", 11) != NULL && s->making)
                join(s, v + 1, 0, sink);
        } else if (!know(conn, v, &known)) {
            broken(sink, "an operation far ahead of the version that is known");
        } else if (known) {
            adapter_emit(sink, ADAPTER_DELIVERY, v + 1, 1);
        }
        return;
    }
    if (!take_number(r, "\"seq\":", &event.first) ||
        memmem(r->at, (size_t)(r->end - r->at), "\"error\":{", 9) == NULL) {
        broken(sink, "an operation that is none");
    } else if (event.first != MAKING_SEQ) {
        event.first -= MAKING_SEQ;
        event.len = (size_t)(r->end - (const char *)event.bytes);
        sink->emit(sink, &event);
    } /* else: somebody else was first, and his making it is on its way */
}

static void received(struct adapter_conn *conn, const uint8_t *bytes, size_t len, bool binary,
                     struct adapter_sink *sink)
{
    struct reader r = {(const char *)bytes, (const char *)bytes + len};
    bool ours = !binary;
    if (ours && take(&r, "{\"a\":\"op\",\"c\":\"" COLLECTION "\",\"d\":\"") &&
        take(&r, conn->room) && take(&r, "\","))
        on_op(conn, &r, sink);
    else if (ours && take(&r, "{\"src\":\""))
        on_ack(conn, &r, sink);
    else if (ours && take(&r, "{\"data\":{\"v\":"))
        on_subscribed(conn, &r, sink);
    else if (!ours || !(take(&r, "{\"a\":\"init\"") || take(&r, "{\"a\":\"hs\"")))
        broken(sink, "a message that ShareDB does not send to who only types");
}

static size_t path(const struct adapter_conn *conn, char out[ADAPTER_PATH_BYTES_MAX])
{
    (void)conn;
    memcpy(out, "/", 2);
    return 1;
}

static void opened(struct adapter_conn *conn, struct adapter_sink *sink)
{
    static const char hello[] = "{\"a\":\"hs\",\"id\":null,\"protocol\":1,\"protocolMinor\":2}";
    char subscribe[64 + ADAPTER_ROOM_BYTES_MAX];
    int len =
        snprintf(subscribe, sizeof subscribe,
                 "{\"a\":\"s\",\"c\":\"" COLLECTION "\",\"d\":\"%s\",\"v\":null}", conn->room);
    adapter_emit_bytes(sink, ADAPTER_SEND, hello, sizeof hello - 1);
    adapter_emit_bytes(sink, ADAPTER_SEND, subscribe, (size_t)len);
}

static size_t op(struct adapter_conn *conn, uint64_t number, uint64_t random,
                 char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    const struct state *s = conn->state;
    uint64_t position = random % (s->length + 1);
    size_t len = (size_t)snprintf(
        out, ADAPTER_MESSAGE_BYTES_MAX,
        "{\"a\":\"op\",\"c\":\"" COLLECTION "\",\"d\":\"%s\",\"seq\":%llu,\"v\":%llu,\"op\":[",
        conn->room, (unsigned long long)(number + MAKING_SEQ), (unsigned long long)s->version);
    if (position > 0) /* a skip of nothing is not of normal form */
        len += (size_t)snprintf(out + len, ADAPTER_MESSAGE_BYTES_MAX - len, "%llu,",
                                (unsigned long long)position);
    out[len++] = '"';
    for (uint32_t i = 0; i < conn->chars; i++)
        out[len++] = (char)('a' + (number + i) % 26);
    memcpy(out + len, "\"]}", 3);
    return len + 3;
}

const struct adapter ADAPTER_SHAREDB = {
    .name = "sharedb",
    .about = "ShareDB with texts of ot-text-unicode: JSON, one operation in flight",
    .names = ADAPTER_BY_REVISION,
    .in_flight_max = 1,
    .conn_bytes = sizeof(struct state),
    .path = path,
    .opened = opened,
    .received = received,
    .op = op,
};
