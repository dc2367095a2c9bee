/* base/arena.h - memory that is given back all at once.
 *
 * What one step of a room produces lives until the next: its pieces are carved from a few blocks
 * and dropped together. The first block is kept, so a quiet room asks the allocator for nothing. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include <weft/alloc.h>

struct arena_block;

struct arena {
    const struct weft_alloc *alloc;
    struct arena_block *blocks; /* newest first */
};

void arena_init(struct arena *a, const struct weft_alloc *alloc);
void arena_done(struct arena *a);
void arena_clear(struct arena *a);

/* Aligned for any object, not zeroed; NULL when memory is out. */
void *arena_take(struct arena *a, size_t bytes);

/* A copy of these bytes; NULL when memory is out. A copy of nothing is a valid pointer. */
void *arena_copy(struct arena *a, const void *bytes, size_t len);

#endif
