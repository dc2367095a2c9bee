/* store/batch.h - writes gathered for one commit, owning their bytes in one run.
 *
 * While one batch is being synced the next one gathers. When a commit fails, everything that was
 * gathered behind it for the same logs must go too: store_batch_drop(). */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "store/store.h"

struct store_batch;

WEFT_CHECKED int store_batch_new(struct store_batch **ret);
void store_batch_free(struct store_batch *b); /* NULL is fine */
void store_batch_clear(struct store_batch *b);

/* Copies name and bytes. `owner` is the caller's own mark for store_batch_drop and _owner. */
WEFT_CHECKED int store_batch_add(struct store_batch *b, const struct store_write *write,
                                 uint64_t owner);

size_t store_batch_count(const struct store_batch *b);
size_t store_batch_bytes(const struct store_batch *b);
uint64_t store_batch_owner(const struct store_batch *b, size_t i);
uint64_t store_batch_rev(const struct store_batch *b, size_t i);
enum store_write_kind store_batch_kind(const struct store_batch *b, size_t i);

/* Forgets every write of this owner. */
void store_batch_drop(struct store_batch *b, uint64_t owner);

/* The writes as an array for store_commit(); valid until the batch changes. */
const struct store_write *store_batch_writes(struct store_batch *b, size_t *ret_n);

#endif
