#include "support/faulty.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

/* Each block is its size, then the caller's bytes. */
enum { HEADER_BYTES = 16 };

static void *faulty_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    struct faulty *f = ctx;
    char *block = ptr != NULL ? (char *)ptr - HEADER_BYTES : NULL;
    if (block != NULL) {
        size_t held;
        memcpy(&held, block, sizeof held);
        WEFT_ASSERT(held == old_bytes);
    } else {
        WEFT_ASSERT(old_bytes == 0);
    }
    if (new_bytes == 0) {
        if (block != NULL) {
            f->live_bytes -= old_bytes;
            f->live_blocks--;
        }
        free(block);
        return NULL;
    }
    if (f->requests++ == f->fail_at)
        return NULL;
    /* Always a new block, so that a stale pointer shows under a sanitizer. */
    char *moved = malloc(HEADER_BYTES + new_bytes);
    if (moved == NULL)
        return NULL;
    memcpy(moved, &new_bytes, sizeof new_bytes);
    if (block != NULL) {
        memcpy(moved + HEADER_BYTES, ptr, old_bytes < new_bytes ? old_bytes : new_bytes);
        free(block);
    } else {
        f->live_blocks++;
    }
    f->live_bytes += new_bytes - old_bytes;
    return moved + HEADER_BYTES;
}

void faulty_init(struct faulty *f, long fail_at)
{
    *f = (struct faulty){.fail_at = fail_at};
    f->alloc = (struct weft_alloc){.resize = faulty_resize, .ctx = f};
}
