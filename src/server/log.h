/* server/log.h - what an operator reads at night: one line per event, on stderr, in logfmt.
 *
 *     ts=2025-03-01T22:14:07.123Z level=warn msg="commit failed" error="database or disk is full"
 *
 * Never text of a document, names of people or rooms, tokens, nor what is in a cursor: a room is
 * named by a keyed hash (log_room), which stays the same across restarts and says nothing to who
 * lacks the server's key. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);

/* `msg` is a constant; `format` makes the rest: key=value with spaces between, "" for none. Values
 * that are not ours go through log_quote(). */
void log_line(enum log_level level, const char *msg, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

enum { LOG_QUOTED_BYTES = 400 };

/* `words` as a quoted value: quotes, backslashes and control characters escaped, cut when long. */
const char *log_quote(const char *words, char out[LOG_QUOTED_BYTES]);

/* At most `burst` lines in ten seconds for one kind of event, so that a flood of it does not become
 * a flood of lines. */
struct log_limit {
    int64_t since_ms;
    uint32_t lines;
    uint32_t left_out;
};

/* True when this event may be logged; *ret_left_out is how many were not, since the last one. */
int log_allowed(struct log_limit *l, int64_t now_ms, uint32_t burst, uint32_t *ret_left_out);

#endif
