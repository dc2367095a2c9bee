/* server/settings.h - everything an operator may move, in one table.
 *
 * SETTINGS makes the struct, the flags, the names in the environment, the defaults, the bounds, the
 * errors and the help, so that they cannot drift apart. Where one is given twice a flag beats the
 * environment, and that beats the default. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "room/retention.h"
#include <weft/error.h>

enum { WORKERS_MAX = 64 };

/* X(kind, field, flag, default, least, most, words of a choice, help)
 *
 * kind: TEXT (a non-empty string), NUMBER, BYTES (a number that may end in k, M or G: powers of
 * 1024), CHOICE (one of the words; the value is its index), KEEP (all, a number, or one with m, h, d
 * or w behind it: minutes, hours, days, weeks). The environment's name is the flag's in
 * capitals behind WEFT_, with _ for -. */
#define SETTINGS(X)                                                                                 \
    X(TEXT, host, "host", "127.0.0.1", 1, 255, "",                                                  \
      "address to listen on; there are no accounts yet, so the default is this machine alone")      \
    X(NUMBER, port, "port", "8080", 0, 65535, "",                                                   \
      "0: any free one; the first line printed says which")                                         \
    X(NUMBER, workers, "workers", "1", 0, WORKERS_MAX, "",                                          \
      "event loops, each on a core of its own with its part of the rooms; 0: as many as there are " \
      "cores, but one")                                                                             \
    X(TEXT, data, "data", "./weft-data", 1, 4000, "",                                               \
      "folder of the log; made when missing, held by one server")                                   \
    X(CHOICE, sync, "sync", "full", 0, 1, "full|off",                                               \
      "full: what is acknowledged survives a power cut; off: a crash of weft only")                 \
    X(KEEP, history, "history", "all", 1, REV_MAX, "",                                              \
      "what is kept of each room's past: all, so many revisions (1000), or the changes of so long " \
      "(12h, 30d); what is older is deleted")                                                       \
    X(CHOICE, log_level, "log-level", "info", 0, 3, "error|warn|info|debug",                        \
      "what is written to stderr; never text, names or secrets")                                    \
    X(BYTES, limit_message, "limit-message", "1M", 1024, 64 << 20, "",                              \
      "one message; larger ones close the connection with 1009")                                    \
    X(BYTES, limit_document, "limit-document", "16M", 1024, 1 << 30, "",                            \
      "one text; an edit that would grow it further is answered doc_full")                          \
    X(NUMBER, limit_people, "limit-people", "1000", 1, 100000, "",                                  \
      "in one room; every cursor goes to everybody else there")                                     \
    X(NUMBER, limit_connections, "limit-connections", "10000", 1, 1000000, "",                      \
      "in all; 2 to 8 KiB of memory each. The next one is closed with 1013")                        \
    X(NUMBER, limit_per_address, "limit-per-address", "256", 1, 1000000, "",                        \
      "from one address: a school behind one router, not a flood")                                  \
    X(BYTES, limit_outgoing, "limit-outgoing", "256M", 1 << 20, 1 << 30, "",                        \
      "memory for what people have not read yet, all together; above it texts wait, and whoever "   \
      "takes nothing is cut. As much again over plain HTTP")                                        \
    X(BYTES, limit_incoming, "limit-incoming", "64M", 1 << 20, 1 << 30, "",                         \
      "memory for messages that have begun and not ended, all together; above it the one that "     \
      "began first is closed with 4409")                                                            \
    X(NUMBER, limit_rooms, "limit-rooms", "10000", 1, 1000000, "",                                  \
      "in memory at once; rooms nobody is in make place for others")                                \
    X(BYTES, limit_memory, "limit-memory", "1G", 1 << 20, (uint64_t)1 << 40, "",                    \
      "of all rooms; above it those nobody is in leave memory, then the longest histories get "     \
      "shorter, then no further room is opened")                                                    \
    X(NUMBER, rate_messages, "rate-messages", "1000", 0, 1000000, "",                               \
      "per second and connection; above it reading slows down and nothing is lost. 0: no limit")    \
    X(NUMBER, rate_burst, "rate-burst", "10000", 1, 1000000, "",                                    \
      "at once: a pasted book, a file piped into websocat")                                         \
    X(NUMBER, rate_queries, "rate-queries", "50", 0, 1000000, "",                                   \
      "text, history, signal and help per second and connection, which cost more than they send; "  \
      "above it they are answered rate_limited. 0: no limit")                                       \
    X(NUMBER, rate_queries_burst, "rate-queries-burst", "200", 1, 1000000, "", "of these at once")  \
    X(NUMBER, slow_ms, "slow-ms", "30000", 100, 3600000, "",                                        \
      "a reader that takes no byte for this long while some wait is closed with 4409")              \
    X(NUMBER, ping_ms, "ping-ms", "25000", 100, 3600000, "",                                        \
      "a silent connection is pinged after this; proxies cut at 60 s")                              \
    X(NUMBER, dead_ms, "dead-ms", "60000", 200, 3600000, "",                                        \
      "and closed after this without any byte from it")                                             \
    X(NUMBER, idle_room_ms, "idle-room-ms", "60000", 0, 86400000, "",                               \
      "a room nobody is in leaves memory after this; it stays on disk")

struct settings {
#define SETTINGS_TYPE_TEXT                                         const char *
#define SETTINGS_TYPE_NUMBER                                       uint32_t
#define SETTINGS_TYPE_BYTES                                        uint64_t
#define SETTINGS_TYPE_CHOICE                                       uint32_t
#define SETTINGS_TYPE_KEEP                                         struct retention
#define X(kind, field, flag, standard, least, most, choices, help) SETTINGS_TYPE_##kind field;
    SETTINGS(X)
#undef X
};

enum { SETTINGS_SYNC_FULL, SETTINGS_SYNC_OFF };
enum { SETTINGS_WORDS_BYTES = 400 };

/* Reads the environment, then the arguments (those after the command: `--flag value` or
 * `--flag=value`). Strings stay borrowed from argv and the environment. env: getenv, or what a test
 * has in its place. Returns 0, or WEFT_EINVAL with one sentence in `words`: which setting, what was
 * found, what was expected; or, for a flag that is none, the nearest one. WEFT_ENOENT: `--help` is
 * among the arguments. */
WEFT_CHECKED int settings_read(struct settings *ret, int argc, char *const argv[],
                               char *(*env)(const char *name), char *words, size_t words_bytes);

/* The part of `weft serve --help` that the table makes, into out (NUL-terminated, cut when too
 * long). Returns the length it has. */
size_t settings_help(char *out, size_t cap);

#endif
