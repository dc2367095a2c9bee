/* weft/alloc.h - where memory comes from.
 *
 * Everything in the library that allocates is given one of these, so that a host can count, bound
 * or fail allocations per object. One function does it all, and is told the old size, so that an
 * allocator needs no header of its own:
 *
 *     resize(ctx, NULL, 0, n)      allocate n bytes
 *     resize(ctx, p, old, n)       move to n bytes; NULL leaves p as it was
 *     resize(ctx, p, old, 0)       free, returns NULL and cannot fail
 *
 * Memory is aligned for any object. The struct is borrowed for the life of what was made with it; it
 * must not move meanwhile. `resize` is only called from inside a function that was given an object
 * of its own, on that thread, and must not use that object. */
#ifndef WEFT_ALLOC_H
#define WEFT_ALLOC_H

#include <stddef.h>

#include <weft/api.h>

WEFT_API_BEGIN

struct weft_alloc {
    void *(*resize)(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes);
    void *ctx;
};

/* Shorthands for those who call an allocator: a `resize` that wraps another, or a program that takes
 * its own memory from the same place. */
static inline void *weft_resize(const struct weft_alloc *a, void *ptr, size_t old_bytes,
                                size_t new_bytes)
{
    return a->resize(a->ctx, ptr, old_bytes, new_bytes);
}

static inline void weft_release(const struct weft_alloc *a, void *ptr, size_t old_bytes)
{
    if (ptr != NULL)
        (void)a->resize(a->ctx, ptr, old_bytes, 0);
}

/* malloc, realloc and free. Outside the pure core: the core only ever sees what it is handed. */
const struct weft_alloc *weft_heap(void);

WEFT_API_END

#endif
