/* room/blocks.h - the composed power-of-two ranges of a history; see room/history.h.
 *
 * Block (level, index) stands for revisions index * 2^level + 1 .. (index + 1) * 2^level. Blocks of
 * BLOCK_LEVEL_MIN and up are kept, encoded; smaller stretches are composed when needed. */
#ifndef ROOM_BLOCKS_H
#define ROOM_BLOCKS_H

#include "room/history.h"

void blocks_done(struct history *h);

/* Drops those that reach below the base: ranges start at or above it. */
void blocks_trim(struct history *h);

#endif
