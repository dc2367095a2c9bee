/* base/counted.h - an allocator that counts what it has handed out, and takes it from another one.
 *
 * What an object holds is known at once, and what many hold together: each adds to the same total.
 * Must not move while anything that was made with it is there. */
#ifndef BASE_COUNTED_H
#define BASE_COUNTED_H

#include <weft/alloc.h>

struct counted {
    struct weft_alloc alloc;
    const struct weft_alloc *from;
    size_t bytes;
    size_t *total; /* of all that share it; NULL: none */
};

void counted_init(struct counted *c, const struct weft_alloc *from, size_t *total);

#endif
