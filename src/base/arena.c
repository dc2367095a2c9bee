#include "base/arena.h"

#include <stdint.h>

#include "base/pure.h"

enum { ARENA_BLOCK_BYTES = 4096 };

struct arena_block {
    struct arena_block *next;
    size_t cap;
    size_t used;
    _Alignas(16) uint8_t bytes[];
};

void arena_init(struct arena *a, const struct weft_alloc *alloc)
{
    *a = (struct arena){.alloc = alloc};
}

static void block_free(struct arena *a, struct arena_block *b)
{
    weft_release(a->alloc, b, sizeof *b + b->cap);
}

void arena_done(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *next = a->blocks->next;
        block_free(a, a->blocks);
        a->blocks = next;
    }
}

void arena_clear(struct arena *a)
{
    while (a->blocks != NULL && a->blocks->next != NULL) {
        struct arena_block *next = a->blocks->next;
        block_free(a, a->blocks);
        a->blocks = next;
    }
    if (a->blocks == NULL)
        return;
    if (a->blocks->cap > ARENA_BLOCK_BYTES)
        arena_done(a); /* one large answer does not stay for good */
    else
        a->blocks->used = 0;
}

void *arena_take(struct arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t need = (bytes + 15) & ~(size_t)15;
    struct arena_block *b = a->blocks;
    if (b == NULL || b->cap - b->used < need) {
        size_t cap = need > ARENA_BLOCK_BYTES ? need : ARENA_BLOCK_BYTES;
        b = weft_resize(a->alloc, NULL, 0, sizeof *b + cap);
        if (b == NULL)
            return NULL;
        *b = (struct arena_block){.next = a->blocks, .cap = cap};
        a->blocks = b;
    }
    void *p = b->bytes + b->used;
    b->used += need;
    return p;
}

void *arena_copy(struct arena *a, const void *bytes, size_t len)
{
    void *p = arena_take(a, len);
    if (p != NULL && len != 0)
        memcpy(p, bytes, len);
    return p;
}
