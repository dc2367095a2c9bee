/* Any bytes as a message, as an operation, as a URL's parts. What is refused is refused with words;
 * what decodes as an operation is said again and decodes to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "wire/quick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Encodes op, reads it back, and expects the same operation. */
static void check_round_trip(const struct weft_op *op)
{
    struct buf out;
    struct weft_op again;
    struct room_error error;
    WEFT_ASSERT(weft_op_check(op));
    buf_init(&out, weft_heap());
    weft_op_init(&again, weft_heap());
    if (wire_encode_op(op, &out) != 0)
        abort();
    if (wire_decode_op((const char *)out.data, out.len, &again, &error) != 0)
        abort();
    WEFT_ASSERT(weft_op_equal(op, &again));
    weft_op_done(&again);
    buf_done(&out);
}

/* What a room would send for it is valid UTF-8 and, being an object with a type that clients send,
 * decodes to the same operation. */
static void check_message(const struct room_submission *s)
{
    struct buf out;
    struct wire_message back;
    struct room_error error;
    struct room_message m = {.type = MESSAGE_EDIT};
    m.edit = (struct room_edit){.rev = s->rev, .op = s->op};
    buf_init(&out, weft_heap());
    if (wire_encode(&m, &out) != 0)
        abort();
    WEFT_ASSERT(utf8_valid((const char *)out.data, out.len, NULL));
    if (wire_decode(weft_heap(), (const char *)out.data, out.len, &back, &error) != 0)
        abort();
    WEFT_ASSERT(weft_op_equal(s->op, back.event.submission.op));
    wire_message_done(&back);
    buf_done(&out);
}

static void check_error(int err, const struct room_error *error)
{
    WEFT_ASSERT(err == error->err);
    WEFT_ASSERT(weft_error_wire(err) != NULL);
    size_t len = strnlen(error->words, sizeof error->words);
    WEFT_ASSERT(len > 0 && len < sizeof error->words);
    WEFT_ASSERT(utf8_valid(error->words, len, NULL));
    for (size_t i = 0; i < len; i++)
        WEFT_ASSERT((uint8_t)error->words[i] >= 0x20);
    WEFT_ASSERT(error->seq <= REV_MAX);
}

static void check_parts(const char *bytes, size_t size)
{
    struct room_error error;
    struct wire_connect connect;
    int err = wire_decode_query(bytes, size, &connect, &error);
    if (err != 0)
        check_error(err, &error);
    char name[ROOM_NAME_BYTES_MAX + 1];
    size_t len;
    err = wire_decode_room_name(bytes, size, name, &len, &error);
    if (err != 0)
        check_error(err, &error);
    else
        WEFT_ASSERT(len >= 1 && utf8_valid(name, len, NULL) && strlen(name) == len);
}

/* Without the quick way it means the same, or the same is wrong with it. */
static void check_whole(const char *bytes, size_t size, int err, const struct wire_message *m)
{
    struct wire_message whole;
    struct room_error error;
    WEFT_ASSERT(decode_whole(weft_heap(), bytes, size, &whole, &error) == err);
    if (err != 0)
        return;
    const struct room_submission *a = &m->event.submission;
    const struct room_submission *b = &whole.event.submission;
    WEFT_ASSERT(m->kind == whole.kind && m->event.kind == whole.event.kind);
    if (m->kind == WIRE_EVENT && m->event.kind == ROOM_OPERATION)
        WEFT_ASSERT(a->rev == b->rev && a->seq == b->seq && a->has_rev == b->has_rev &&
                    a->has_seq == b->has_seq && a->at_end == b->at_end &&
                    weft_op_equal(a->op, b->op));
    if (m->kind == WIRE_EVENT && m->event.kind == ROOM_CURSOR)
        WEFT_ASSERT(memcmp(&m->event.cursor, &whole.event.cursor, sizeof m->event.cursor) == 0);
    wire_message_done(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct room_error error;
    struct wire_message m;
    int err = wire_decode(weft_heap(), bytes, size, &m, &error);
    check_whole(bytes, size, err, &m);
    if (err != 0) {
        check_error(err, &error);
    } else {
        if (m.kind == WIRE_EVENT && m.event.kind == ROOM_OPERATION) {
            check_round_trip(m.event.submission.op);
            check_message(&m.event.submission);
        }
        wire_message_done(&m);
    }
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    err = wire_decode_op(bytes, size, &op, &error);
    if (err != 0)
        check_error(err, &error);
    else
        check_round_trip(&op);
    weft_op_done(&op);
    check_parts(bytes, size);
    return 0;
}
