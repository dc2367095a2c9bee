/* support/room_pair.h - a pure room with two people in it, connections 1 and 2, and nothing around
 * it. For replays and benchmarks, where only the room is of interest. Stops the program when memory
 * runs out. */
#ifndef SUPPORT_ROOM_PAIR_H
#define SUPPORT_ROOM_PAIR_H

#include "room/room.h"

struct room_pair {
    struct room *room;
    struct room_effects *fx; /* of the last step */
};

void room_pair_open(struct room_pair *p);
void room_pair_close(struct room_pair *p);
void room_pair_step(struct room_pair *p, const struct room_event *event);

/* Everything decided is on disk. */
void room_pair_commit(struct room_pair *p);

#endif
