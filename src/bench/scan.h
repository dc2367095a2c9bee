/* bench/scan.h - reading JSON that a server writes in one known way, without a tree. What is expected is
 * taken word by word; where something else stands the adapter says so, and guesses at nothing. */
#ifndef BENCH_SCAN_H
#define BENCH_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A message, read from its start. */
struct reader {
    const char *at;
    const char *end;
};

/* Goes behind `word` where that stands here. */
static inline bool take(struct reader *r, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

/* Goes behind `key` and the number behind that. */
static inline bool take_number(struct reader *r, const char *key, uint64_t *ret)
{
    uint64_t v = 0;
    const char *from = NULL;
    if (!take(r, key))
        return false;
    for (from = r->at; r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - from < 17;
         r->at++)
        v = v * 10 + (uint64_t)(*r->at - '0');
    *ret = v;
    return r->at != from;
}

#endif
