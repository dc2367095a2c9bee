/* Bytes that somebody claims to be a room's log: a snapshot and records. Refused with a reason, or a
 * room that is sound, takes an operation and gives the same again from what it writes.
 *
 *     u8  1: a snapshot comes first
 *     then stretches: u16 length, its bytes
 *
 * Random bytes have no valid checksum and would get nowhere, so sums are put right here: each
 * record continues the one before it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/crc32c.h"
#include "room/record.h"
#include "room/room.h"

enum { WHY_BYTES = 200, RECORDS_MAX = 64, SNAPSHOT_HEAD_BYTES = 16 };

static const struct uuid epoch = {{1}};

static void put_u32(uint8_t *at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

/* A stretch of the input as bytes of its own, so that a read past its end shows. */
static uint8_t *stretch(struct cur *c, size_t *ret_len)
{
    size_t len = cur_u8(c);
    len |= (size_t)cur_u8(c) << 8;
    if (len > cur_left(c))
        len = cur_left(c);
    const uint8_t *at = cur_bytes(c, len);
    uint8_t *copy = malloc(len != 0 ? len : 1);
    WEFT_ASSERT(copy != NULL);
    if (len != 0)
        memcpy(copy, at, len);
    *ret_len = len;
    return copy;
}

static void use(struct room *room)
{
    struct room_effects *fx;
    struct weft_op op;
    WEFT_ASSERT(room_check(room));
    struct room_info info = room_info(room);
    WEFT_ASSERT(room_effects_new(weft_heap(), &fx) == 0);
    weft_op_init(&op, weft_heap());
    WEFT_ASSERT(weft_op_insert(&op, "x", 1) == 0);
    struct room_event ev = {.kind = ROOM_JOIN, .conn = 1};
    ev.join.user_id.bytes[0] = 9;
    ev.join.spare_id.bytes[0] = 8;
    ev.join.resumes = true;
    ev.join.has_rev = true;
    ev.join.epoch = epoch;
    ev.join.rev = info.base_rev;
    WEFT_ASSERT(room_step(room, 1, &ev, fx) == 0);
    room_effects_clear(fx);
    ev = (struct room_event){.kind = ROOM_OPERATION, .conn = 1};
    ev.submission.op = &op;
    ev.submission.has_rev = true;
    ev.submission.rev = info.base_rev;
    ev.submission.has_seq = true;
    ev.submission.seq = 1;
    WEFT_ASSERT(room_step(room, 2, &ev, fx) == 0);
    room_effects_clear(fx);
    ev = (struct room_event){.kind = ROOM_DURABLE, .durable_rev = room_info(room).head_rev};
    WEFT_ASSERT(room_step(room, 3, &ev, fx) == 0);
    room_effects_clear(fx);
    ev = (struct room_event){.kind = ROOM_HISTORY, .conn = 1};
    ev.query.from = info.base_rev + 1;
    WEFT_ASSERT(room_step(room, 4, &ev, fx) == 0);
    WEFT_ASSERT(room_check(room));
    weft_op_done(&op);
    room_effects_free(fx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct room_config config = {
        .document_bytes_max = 1 << 20, .people_max = 3, .message_bytes_max = 1 << 20};
    struct cur c = cur_of(data, size);
    struct room *room;
    char why[WHY_BYTES] = "";
    uint64_t rev = 0;
    uint32_t sum = record_first_sum(&epoch);
    WEFT_ASSERT(room_new(weft_heap(), &config, &epoch, &room) == 0);
    int err = 0;
    size_t len;
    if (cur_u8(&c) == 1) {
        uint8_t *bytes = stretch(&c, &len);
        if (len >= SNAPSHOT_HEAD_BYTES) {
            put_u32(bytes + len - 4, crc32c(0, bytes, len - 4));
            struct cur head = cur_of(bytes + 1, len - 1);
            rev = cur_varint(&head);
            sum = cur_u32(&head);
        }
        err = room_load_snapshot(room, rev, bytes, len, why, sizeof why);
        free(bytes);
    }
    for (int i = 0; err == 0 && i < RECORDS_MAX && cur_left(&c) != 0; i++) {
        uint8_t *bytes = stretch(&c, &len);
        if (len > RECORD_SUM_BYTES) {
            put_u32(bytes, sum);
            sum = crc32c(sum, bytes + RECORD_SUM_BYTES, len - RECORD_SUM_BYTES);
            put_u32(bytes + 4, sum);
        }
        err = room_load_record(room, ++rev, bytes, len, why, sizeof why);
        free(bytes);
    }
    if (err == 0)
        err = room_load_end(room, rev, why, sizeof why);
    if (err == 0) {
        use(room);
    } else {
        WEFT_ASSERT(err == WEFT_ECORRUPT);
        WEFT_ASSERT(why[0] != '\0');
    }
    room_free(room);
    return 0;
}
