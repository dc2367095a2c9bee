/* bench/relay.h - the adapter of a plain relay: what one says goes to all of its room, himself
 * included, and coming back is the acknowledgement. Frames are 64 bytes, so that every relay
 * carries as much. */
#ifndef BENCH_RELAY_H
#define BENCH_RELAY_H

#include "bench/adapter.h"

extern const struct adapter ADAPTER_RELAY;

#endif
