/* The process heap as a struct weft_alloc. The one file of base that is not pure: `make pure` and
 * the lint leave it out by name, and nothing in the core refers to it. */
#include <weft/alloc.h>

#include <stdlib.h>

static void *heap_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    (void)ctx;
    (void)old_bytes;
    if (new_bytes == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_bytes);
}

const struct weft_alloc *weft_heap(void)
{
    static const struct weft_alloc heap = {.resize = heap_resize};
    return &heap;
}
