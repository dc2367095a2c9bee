#include "sim/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static size_t live;

#ifdef __SANITIZE_ADDRESS__

struct block {
    struct block *next, *prev;
};

static struct block all = {&all, &all};

static void *pool_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    (void)ctx;
    struct block *b = NULL;
    if (new_bytes != 0) {
        b = malloc(sizeof *b + new_bytes);
        WEFT_ASSERT(b != NULL);
        b->next = all.next;
        b->prev = &all;
        b->next->prev = b->prev->next = b;
        live++;
        if (ptr != NULL)
            memcpy(b + 1, ptr, old_bytes < new_bytes ? old_bytes : new_bytes);
    }
    if (ptr != NULL) {
        struct block *old = (struct block *)ptr - 1;
        old->next->prev = old->prev;
        old->prev->next = old->next;
        free(old);
        live--;
    }
    return b != NULL ? b + 1 : NULL;
}

void pool_empty(void)
{
    while (all.next != &all)
        (void)pool_resize(NULL, all.next + 1, 0, 0);
    live = 0;
}

#else

enum {
    SMALL_STEP = 32,
    SMALL_MAX = 2048,
    N_SMALL = SMALL_MAX / SMALL_STEP,
    N_LARGE = 20, /* powers of two from 4096 on */
    CHUNK_BYTES = 4 << 20,
    CHUNKS_MAX = 1024,
};

struct free_block {
    struct free_block *next;
};

static struct free_block *classes[N_SMALL + N_LARGE];
static char *chunks[CHUNKS_MAX];
static size_t n_chunks, chunk; /* taken from the heap; in use */
static size_t chunk_at;

static size_t class_of(size_t bytes, size_t *ret_bytes)
{
    if (bytes <= SMALL_MAX) {
        size_t class = (bytes - 1) / SMALL_STEP;
        *ret_bytes = (class + 1) * SMALL_STEP;
        return class;
    }
    size_t class = N_SMALL;
    size_t size = 2 * SMALL_MAX;
    for (; size < bytes; size *= 2)
        class ++;
    WEFT_ASSERT(class < N_SMALL + N_LARGE);
    *ret_bytes = size;
    return class;
}

static void *take(size_t bytes)
{
    size_t size;
    size_t class = class_of(bytes, &size);
    struct free_block *b = classes[class];
    live++;
    if (b != NULL) {
        classes[class] = b->next;
        return b;
    }
    if (size >
        CHUNK_BYTES / 4) { /* seldom: outside the chunks, and not forgotten by pool_empty() */
        void *large = malloc(size);
        WEFT_ASSERT(large != NULL);
        return large;
    }
    if (n_chunks == 0 || chunk_at + size > CHUNK_BYTES) {
        if (n_chunks != 0)
            chunk++;
        if (chunk == n_chunks) {
            WEFT_ASSERT(n_chunks < CHUNKS_MAX);
            chunks[n_chunks] = malloc(CHUNK_BYTES);
            WEFT_ASSERT(chunks[n_chunks] != NULL);
            n_chunks++;
        }
        chunk_at = 0;
    }
    void *at = chunks[chunk] + chunk_at;
    chunk_at += size;
    return at;
}

static void give(void *ptr, size_t bytes)
{
    size_t size;
    size_t class = class_of(bytes, &size);
    struct free_block *b = ptr;
    b->next = classes[class];
    classes[class] = b;
    live--;
}

static void *pool_resize(void *ctx, void *ptr, size_t old_bytes, size_t new_bytes)
{
    (void)ctx;
    if (ptr == NULL)
        return new_bytes != 0 ? take(new_bytes) : NULL;
    if (new_bytes == 0) {
        give(ptr, old_bytes);
        return NULL;
    }
    size_t had, want;
    if (class_of(old_bytes, &had) == class_of(new_bytes, &want))
        return ptr;
    void *at = take(new_bytes);
    memcpy(at, ptr, old_bytes < new_bytes ? old_bytes : new_bytes);
    give(ptr, old_bytes);
    return at;
}

void pool_empty(void)
{
    memset(classes, 0, sizeof classes);
    chunk = 0;
    chunk_at = 0;
    live = 0;
}

#endif

const struct weft_alloc *pool(void)
{
    static const struct weft_alloc alloc = {.resize = pool_resize};
    return &alloc;
}

size_t pool_live(void)
{
    return live;
}
