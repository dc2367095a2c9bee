/* bench/command.h - `weft bench`: a load generator for weft and for servers like it.
 *
 * Loads a running server over WebSocket and says what came back and how late, with the processor
 * time and the memory of the server's process beside it. One thread, one epoll, thousands of
 * connections. `weft bench --help` is its manual, docs/performance.md says how to read it. */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

/* argv[0] is the command's word. Returns the program's exit status: 0 measured, 1 could not be
 * measured or the server did not take what it was offered, 2 not understood. No figure is printed
 * that was not measured. */
int command_bench(int argc, char **argv);

#endif
