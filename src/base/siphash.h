/* base/siphash.h - SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of short strings. Who
 * lacks the key can neither choose names that collide nor tell a name from its hash. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k[2];
};

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len);

#endif
