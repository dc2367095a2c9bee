/* The head of an HTTP request from any bytes: refused, not whole yet, or read so that nothing it
 * points to lies outside the bytes given; and cutting it short anywhere never reads more. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "net/head.h"

static void inside(struct net_str s, const char *bytes, size_t len, const char *join)
{
    if (s.len == 0)
        return;
    bool in_bytes = s.at >= bytes && s.at + s.len <= bytes + len;
    bool in_join = s.at >= join && s.at + s.len <= join + HEAD_BYTES_MAX;
    WEFT_ASSERT(in_bytes || in_join);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > HEAD_BYTES_MAX)
        return 0;
    /* A copy of its exact size, so that a sanitizer sees one byte too many. */
    char *bytes = malloc(size + 1);
    char *join = malloc(HEAD_BYTES_MAX);
    WEFT_ASSERT(bytes != NULL && join != NULL);
    char *exact = realloc(bytes, size != 0 ? size : 1);
    WEFT_ASSERT(exact != NULL);
    memcpy(exact, data, size);
    struct head h;
    int used = head_parse(exact, size, join, &h);
    WEFT_ASSERT(used <= (int)size);
    WEFT_ASSERT(used >= 0 || used == -400 || used == -431 || used == -505);
    if (used > 0) {
        const struct net_str all[] = {
            h.at.method,        h.at.path, h.at.query,  h.at.authorization, h.at.protocols,
            h.at.if_none_match, h.at.host, h.at.origin, h.ws_key,           h.ws_version};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            inside(all[i], exact, size, join);
        /* A head that is whole is not whole one byte earlier. */
        WEFT_ASSERT(head_parse(exact, (size_t)used - 1, join, &h) <= 0);
    } else if (used < 0) {
        WEFT_ASSERT(head_refusal(used) != NULL);
    }
    free(exact);
    free(join);
    return 0;
}
