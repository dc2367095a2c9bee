#include "support/room_pair.h"

#include "base/assert.h"

void room_pair_step(struct room_pair *p, const struct room_event *event)
{
    room_effects_clear(p->fx);
    if (room_step(p->room, 0, event, p->fx) != 0)
        WEFT_NEVER("out of memory");
}

void room_pair_open(struct room_pair *p)
{
    struct room_config config = {
        .document_bytes_max = 64 << 20, .people_max = 10, .message_bytes_max = 1 << 20};
    struct uuid epoch = {{1}};
    if (room_new(weft_heap(), &config, &epoch, &p->room) != 0 ||
        room_effects_new(weft_heap(), &p->fx) != 0)
        WEFT_NEVER("out of memory");
    for (uint8_t i = 1; i <= 2; i++) {
        struct room_event join = {.kind = ROOM_JOIN, .conn = i};
        join.join.user_id.bytes[0] = i;
        join.join.spare_id.bytes[0] = (uint8_t)(i + 10);
        room_pair_step(p, &join);
    }
}

void room_pair_close(struct room_pair *p)
{
    room_effects_free(p->fx);
    room_free(p->room);
}

void room_pair_commit(struct room_pair *p)
{
    struct room_event event = {.kind = ROOM_DURABLE};
    event.durable_rev = room_info(p->room).head_rev;
    room_pair_step(p, &event);
}
