/* store/name_map.h - from a log's name (any bytes) to a number: a hash table of owned names.
 *
 * Open addressing with linear probing, at most three quarters full, so a search ends. Nothing is
 * taken out singly, hence no tombstones. Names come from outside, so the hash is keyed: with a
 * secret key nobody can choose names that collide. */
#ifndef STORE_NAME_MAP_H
#define STORE_NAME_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"
#include <weft/error.h>

struct name_slot {
    char *name; /* NULL: free */
    size_t len;
    uint64_t hash;
    size_t value;
};

struct name_map {
    struct siphash_key key;
    struct name_slot *slots; /* cap of them, a power of two; NULL while cap == 0 */
    size_t cap;
    size_t count;
};

void name_map_init(struct name_map *m, const uint64_t key[2]);
void name_map_done(struct name_map *m);
void name_map_clear(struct name_map *m); /* drops the names, keeps the key */

bool name_map_get(const struct name_map *m, const char *name, size_t len, size_t *ret_value);

/* The name is not in yet; it is copied. 0 or WEFT_ENOMEM. */
WEFT_CHECKED int name_map_add(struct name_map *m, const char *name, size_t len, size_t value);

#endif
