/* sim/pool.h - memory of one simulation: taken by size class from a few large blocks, given back to
 * its class, and forgotten all at once. Under AddressSanitizer each block is the heap's own, so that
 * what is read past its end or after its time is found. */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include <weft/alloc.h>

const struct weft_alloc *pool(void);
size_t pool_live(void); /* blocks that have not been given back */
void pool_empty(void);

#endif
