/* bench/yjs.h - the adapters of servers of Yjs: y-websocket, and Hocuspocus, which puts the name of
 * the document in front of each message and acknowledges.
 *
 * What is sent are true updates (version 1) of a text of the name "text": each connection is a Yjs
 * client of its own, types in its own paragraph at random places of it, and names the characters to
 * the left and to the right of what it inserts, as Yjs itself would. */
#ifndef BENCH_YJS_H
#define BENCH_YJS_H

#include "bench/adapter.h"

extern const struct adapter ADAPTER_YJS;
extern const struct adapter ADAPTER_HOCUSPOCUS;

#endif
