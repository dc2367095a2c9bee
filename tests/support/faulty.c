#include "support/faulty.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Each block is its size, the caller's bytes, then bytes that nobody may write: none of those where a
 * sanitizer has bytes of its own there, which nobody may read either. */
#ifdef SANITIZED
enum { GUARD_BYTES = 0 };
#else
enum { GUARD_BYTES = 16 };
#endif
enum { HEADER_BYTES = 16, FRESH = 0xa5, GUARD = 0xc7, STALE = 0xdd };

/* What a block held is not to be read any more. */
static void give_back(char *block, size_t bytes)
{
    if (block == NULL)
        return;
    const char *end = block + HEADER_BYTES + bytes;
    for (const char *guard = end; guard != end + GUARD_BYTES; guard++)
        WEFT_ASSERT((unsigned char)*guard == GUARD);
    memset(block, STALE, HEADER_BYTES + bytes);
    free(block);
}

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
        give_back(block, old_bytes);
        return NULL;
    }
    long request = f->requests++;
    if (request == f->fail_at || (f->stays_short && f->fail_at >= 0 && request > f->fail_at))
        return NULL;
    /* Always a new block, so that a stale pointer shows. */
    char *moved = malloc(HEADER_BYTES + new_bytes + GUARD_BYTES);
    if (moved == NULL)
        return NULL;
    size_t kept = old_bytes < new_bytes ? old_bytes : new_bytes;
    memcpy(moved, &new_bytes, sizeof new_bytes);
    memset(moved + HEADER_BYTES + kept, FRESH, new_bytes - kept);
    memset(moved + HEADER_BYTES + new_bytes, GUARD, GUARD_BYTES);
    if (block != NULL)
        memcpy(moved + HEADER_BYTES, ptr, kept);
    else
        f->live_blocks++;
    give_back(block, old_bytes);
    f->live_bytes += new_bytes - old_bytes;
    return moved + HEADER_BYTES;
}

void faulty_init(struct faulty *f, long fail_at)
{
    *f = (struct faulty){.fail_at = fail_at};
    f->alloc = (struct weft_alloc){.resize = faulty_resize, .ctx = f};
}

struct faulty *faulty_never(void)
{
    static struct faulty f;
    if (f.alloc.resize == NULL)
        faulty_init(&f, -1);
    return &f;
}
