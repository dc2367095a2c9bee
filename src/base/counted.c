#include "base/counted.h"

#include "base/assert.h"

static void *counted_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    struct counted *c = ctx;
    WEFT_ASSERT(old_bytes <= c->bytes);
    void *p = weft_resize(c->from, ptr, old_bytes, new_bytes);
    if (p == NULL && new_bytes != 0)
        return NULL;                   /* as it was */
    c->bytes += new_bytes - old_bytes; /* wraps, and is right */
    if (c->total != NULL)
        *c->total += new_bytes - old_bytes;
    return p;
}

void counted_init(struct counted *c, const struct weft_alloc *from, size_t *total)
{
    *c = (struct counted){
        .alloc = {.resize = counted_resize, .ctx = c}, .from = from, .total = total};
}
