/* bench/sharedb.h - the adapter of ShareDB 1.2 (the protocol's version) with texts of
 * ot-text-unicode: JSON, read by its places as ShareDB writes them. A document is made by the first
 * who finds none. One operation is in flight, as its own client has it. */
#ifndef BENCH_SHAREDB_H
#define BENCH_SHAREDB_H

#include "bench/adapter.h"

extern const struct adapter ADAPTER_SHAREDB;

#endif
