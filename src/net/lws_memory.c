/* A reserve of one block, handed out from its front; what is given back to it is not used again. */
#include "net/lws_memory.h"

#include <libwebsockets.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

/* lws 4.1.6 takes 72 KB and 16 bytes for each descriptor, in ten blocks. */
enum { CONTEXT_BYTES = 1 << 20, FD_BYTES = 32, UNIT = 16 };

static _Thread_local uint8_t *reserve;
static _Thread_local size_t reserve_bytes;
static _Thread_local size_t taken_bytes;

static bool is_reserved(const void *at)
{
    return reserve != NULL && (uintptr_t)at - (uintptr_t)reserve < reserve_bytes;
}

/* Each block stands behind its length. */
static void *from_reserve(size_t bytes)
{
    size_t whole = UNIT + (bytes + UNIT - 1) / UNIT * UNIT;
    WEFT_ASSERT(whole <= reserve_bytes - taken_bytes);
    uint8_t *at = reserve + taken_bytes;
    taken_bytes += whole;
    memcpy(at, &bytes, sizeof bytes);
    return at + UNIT;
}

static size_t length_of(const uint8_t *at)
{
    size_t bytes;
    memcpy(&bytes, at - UNIT, sizeof bytes);
    return bytes;
}

/* As realloc(), and with bytes 0 as free(). */
static void *change(void *at, size_t bytes, const char *reason)
{
    (void)reason;
    bool reserved = is_reserved(at);
    if (bytes == 0) {
        if (!reserved)
            free(at);
        return NULL;
    }
    void *moved = reserved ? NULL : realloc(at, bytes);
    if (moved != NULL || reserve == NULL)
        return moved;
    moved = from_reserve(bytes);
    if (reserved) {
        size_t had = length_of(at);
        memcpy(moved, at, had < bytes ? had : bytes);
    } else if (at != NULL) {
        /* How much stood there the system does not tell: lws makes nothing larger while it starts. */
        WEFT_NEVER("a block of a context in the making that grows");
    }
    return moved;
}

int lws_memory_reserve(size_t n_fds)
{
    WEFT_ASSERT(reserve == NULL);
    reserve_bytes = CONTEXT_BYTES + n_fds * FD_BYTES;
    taken_bytes = 0;
    reserve = malloc(reserve_bytes); /* its pages are not touched, so it costs none */
    lws_set_allocator(change);
    return reserve != NULL ? 0 : WEFT_ENOMEM;
}

bool lws_memory_was_short(void)
{
    if (taken_bytes != 0)
        return true;
    lws_memory_done();
    return false;
}

void lws_memory_done(void)
{
    free(reserve);
    reserve = NULL;
    reserve_bytes = taken_bytes = 0;
}
