/* bench/weft.h - the adapter of weft.v1. It reads the type and the revisions of a message by their
 * places in the bytes and keeps no text, so that it costs far less than what it measures. */
#ifndef BENCH_WEFT_H
#define BENCH_WEFT_H

#include "bench/adapter.h"

extern const struct adapter ADAPTER_WEFT;

#endif
