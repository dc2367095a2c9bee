/* bench/options.h - what `weft bench` can be told, in one table.
 *
 * OPTIONS makes the struct, the flags, the defaults, the bounds, the errors and the help. A scenario
 * is a line of flags (bench/options.c) that stands before those that were given, so each of them can
 * be changed. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <weft/error.h>

/* X(kind, field, flag, default, least, most, help)
 *
 * kind: TEXT (may be empty), NUMBER, BYTES (a number that may end in k, M or G: powers of 1024), RATE (a number that may have a fraction). */
#define OPTIONS(X)                                                                                 \
    X(TEXT, url, "url", "ws://127.0.0.1:8080", 1, 400,                                             \
      "the server: ws://host:port, and a path that goes before every other")                       \
    X(TEXT, protocol, "protocol", "weft", 1, 40, "what it speaks; the list is below")              \
    X(TEXT, scenario, "scenario", "", 0, 8,                                                        \
      "s1 to s7: a line of the flags below, in the list at the end")                               \
    X(NUMBER, rooms, "rooms", "1", 1, 1000000, "new ones, named after --room")                     \
    X(TEXT, room, "room", "", 0, 60,                                                               \
      "how their names begin: letters, digits and dashes; else the name is of this run alone")     \
    X(NUMBER, clients, "clients", "2", 1, 1000000, "connections in each room")                     \
    X(NUMBER, writers, "writers", "1", 0, 1000000, "of these in each room type; 0: nobody")        \
    X(NUMBER, window, "window", "1", 1, 4096,                                                      \
      "closed loop: so many operations of a writer are on their way, the next goes when one is "   \
      "acknowledged")                                                                              \
    X(RATE, rate, "rate", "0", 0, 1000000,                                                         \
      "open loop: operations a second of each writer, whatever the server does; times count from " \
      "when they were due. 0: closed loop")                                                        \
    X(NUMBER, in_flight, "in-flight", "0", 0, 65536,                                               \
      "open loop: so many operations of a writer are on their way at most, what is due meanwhile " \
      "waits; 0: as many as the protocol's own clients allow themselves, or any number")           \
    X(NUMBER, ramp_p99_ms, "ramp-p99-ms", "0", 0, 60000,                                           \
      "find the highest rate with which 99 of 100 deliveries take no longer; --rate is where it "  \
      "begins. 0: no ramp")                                                                        \
    X(NUMBER, step_ms, "step-ms", "2000", 100, 600000, "each step of the ramp, after --warm-ms")   \
    X(NUMBER, chars, "chars", "1", 1, 2048, "characters in an operation")                          \
    X(BYTES, document, "document", "0", 0, 1 << 30,                                                \
      "each room holds that much text before anybody joins")                                       \
    X(NUMBER, document_ops, "document-ops", "1000", 1, 100000000, "in so many operations")         \
    X(NUMBER, cursors, "cursors", "0", 0, 1000000, "so many clients of each room move a cursor")   \
    X(RATE, cursor_rate, "cursor-rate", "10", 0, 10000, "so often a second each")                  \
    X(NUMBER, slow_readers, "slow-readers", "0", 0, 1000000,                                       \
      "so many clients of each room read nothing once they have joined; no deliveries are "        \
      "expected of them, and the server may cut them")                                             \
    X(NUMBER, join_window, "join-window", "64", 1, 65536, "so many are joining at a time")         \
    X(RATE, join_rate, "join-rate", "0", 0, 1000000,                                               \
      "joins a second; times count from when they were due. 0: as fast as --join-window allows")   \
    X(RATE, seconds, "seconds", "10", 0, 86400, "how long is measured")                            \
    X(NUMBER, warm_ms, "warm-ms", "1000", 0, 600000, "the load before that, not measured")         \
    X(NUMBER, timeout_ms, "timeout-ms", "20000", 100, 3600000,                                     \
      "how long anything that must come may take: a welcome, the last delivery")                   \
    X(TEXT, pid, "pid", "", 0, 200,                                                                \
      "the server's process, or several with commas: their processor time and memory, and their "  \
      "children's")                                                                                \
    X(TEXT, json, "json", "", 0, 4000,                                                             \
      "a file for the figures; -: standard output, and the table goes to the other one")           \
    X(NUMBER, seed, "seed", "1", 0, 1u << 31, "of the places that are typed at")

struct options {
#define OPTIONS_TYPE_TEXT                                 const char *
#define OPTIONS_TYPE_NUMBER                               uint32_t
#define OPTIONS_TYPE_BYTES                                uint64_t
#define OPTIONS_TYPE_RATE                                 double
#define X(kind, field, flag, standard, least, most, help) OPTIONS_TYPE_##kind field;
    OPTIONS(X)
#undef X
};

enum { OPTIONS_WORDS_BYTES = 400 };

/* Reads the arguments (those after the command: `--flag value` or `--flag=value`). Strings stay
 * borrowed from argv. Returns 0, or WEFT_EINVAL with one sentence in `words`: which flag, what was
 * found, what was expected. WEFT_ENOENT: `--help` is among the arguments. */
WEFT_CHECKED int options_read(struct options *ret, int argc, char *const argv[], char *words,
                              size_t words_bytes);

/* The whole of `weft bench --help`, to standard output. */
void options_print_help(void);

#endif
