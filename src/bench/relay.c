#include "bench/relay.h"

#include <stdio.h>
#include <string.h>

enum {
    PAYLOAD_BYTES = 62, /* 64 with the head of its frame */
    HEAD_BYTES = 24,    /* kind, writer in 8 digits, number in 12, two spaces */
};

static size_t path(const struct adapter_conn *conn, char out[ADAPTER_PATH_BYTES_MAX])
{
    return (size_t)snprintf(out, ADAPTER_PATH_BYTES_MAX, "/%s", conn->room);
}

static void opened(struct adapter_conn *conn, struct adapter_sink *sink)
{
    (void)conn;
    adapter_emit(sink, ADAPTER_JOINED, 0, 1);
}

static bool read_digits(const uint8_t *at, size_t n, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(at[i] - '0');
    }
    *ret = v;
    return true;
}

static void received(struct adapter_conn *conn, const uint8_t *bytes, size_t len, bool binary,
                     struct adapter_sink *sink)
{
    struct adapter_event event = {.what = ADAPTER_DELIVERY, .n = 1};
    uint64_t writer = 0;
    if (binary || len < PAYLOAD_BYTES || (bytes[0] != 'o' && bytes[0] != 'c') || bytes[1] != ' ' ||
        !read_digits(bytes + 2, 8, &writer) || bytes[10] != ' ' ||
        !read_digits(bytes + 11, 12, &event.first) || bytes[23] != ' ') {
        static const char why[] = "a message that a relay has not been given";
        adapter_emit_bytes(sink, ADAPTER_BROKEN, why, sizeof why - 1);
        return;
    }
    event.writer = (uint32_t)writer;
    if (bytes[0] == 'c')
        event.what = ADAPTER_CURSOR;
    else if (writer == conn->index)
        event.what = ADAPTER_ACK;
    if (event.what != ADAPTER_CURSOR || writer != conn->index)
        sink->emit(sink, &event);
}

static size_t say(const struct adapter_conn *conn, char kind, uint64_t number, size_t chars,
                  char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    char head[64];
    size_t len = HEAD_BYTES + chars > PAYLOAD_BYTES ? HEAD_BYTES + chars : PAYLOAD_BYTES;
    (void)snprintf(head, sizeof head, "%c %08u %012llu ", kind, conn->index % 100000000,
                   (unsigned long long)(number % 1000000000000));
    memcpy(out, head, HEAD_BYTES);
    memset(out + HEAD_BYTES, 'x', len - HEAD_BYTES);
    return len;
}

static size_t op(struct adapter_conn *conn, uint64_t number, uint64_t random,
                 char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    (void)random;
    return say(conn, 'o', number, conn->chars, out);
}

static size_t cursor(struct adapter_conn *conn, uint64_t random,
                     char out[ADAPTER_MESSAGE_BYTES_MAX])
{
    return say(conn, 'c', random % 1000000, 0, out);
}

const struct adapter ADAPTER_RELAY = {
    .name = "relay",
    .about = "a relay: frames of 64 bytes, sent to all of the room, their author included",
    .names = ADAPTER_BY_WRITER,
    .path = path,
    .opened = opened,
    .received = received,
    .op = op,
    .cursor = cursor,
};
