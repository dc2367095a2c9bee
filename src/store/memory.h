/* store/memory.h - a store in memory, for tests and simulation: same rules, no disk. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store/store.h"

/* 0 or WEFT_ENOMEM. */
WEFT_CHECKED int store_memory_new(struct store **ret);

/* The next `n` commits fail with WEFT_EIO and change nothing. */
void store_memory_fail_commits(struct store *s, size_t n);

/* Flips one bit of a stored record or snapshot, or, when it has no such bit, cuts its last byte off,
 * to see that the reader notices. WEFT_ENOENT when there is none, or nothing left to cut. */
WEFT_CHECKED int store_memory_damage(struct store *s, const char *name, size_t name_len,
                                     bool snapshot, uint64_t rev, size_t bit);

#endif
