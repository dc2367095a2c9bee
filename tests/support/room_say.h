/* support/room_say.h - effects and rooms as text, to compare and to read in a failure. The notation
 * stands in support/room_rig.h. All results are malloc'd. */
#ifndef SUPPORT_ROOM_SAY_H
#define SUPPORT_ROOM_SAY_H

#include "room/room.h"

char *say_effect(const struct room_effect *e);
char *say_effects(const struct room_effects *fx); /* separated by "; " */
char *say_room(const struct room *room);          /* what can be seen of it from outside */

#endif
