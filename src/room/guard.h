/* room/guard.h - how much one connection may ask for. Pure: time comes in.
 *
 * Messages above their rate are not refused, which would lose them: reading rests until they are
 * paid for. Queries (text, history, signal, help) cost the server more than they cost their sender,
 * so above their rate they are refused; who goes on all the same is closed. */
#ifndef ROOM_GUARD_H
#define ROOM_GUARD_H

#include <stddef.h>
#include <stdint.h>

#include "room/rate.h"
#include "room/room.h"

enum {
    /* Refusals without GUARD_QUIET_MS between two of them: whoever reads its errors stops long
     * before. */
    GUARD_REFUSALS_MAX = 100,
    GUARD_QUIET_MS = 1000,
    /* An answer costs one query for each of these it is long: a text of 16 MiB takes 26 ms of the
     * loop to write down, and 50 of those a second would leave nothing for anybody else. */
    GUARD_QUERY_BYTES = 256 << 10,
    /* Resting is counted in these: fewer wake-ups, and a batch of messages at each. */
    GUARD_REST_MS = 20,
};

struct guard_config {
    uint32_t messages_per_second; /* 0: no limit */
    uint32_t messages_burst;
    uint32_t queries_per_second; /* 0: no limit */
    uint32_t queries_burst;
};

struct guard {
    struct rate messages;
    struct rate queries;
    uint32_t messages_burst;
    uint32_t queries_burst;
    uint32_t owed; /* messages that came through and are not paid for */
    uint32_t refusals;
    int64_t refused_ms; /* when the last one was */
};

void guard_init(struct guard *g, const struct guard_config *config, int64_t now_ms);

/* A message came, and is to be handled. Returns 0, or after how many milliseconds to ask
 * guard_rested(); reading rests until that returns 0 too. */
uint32_t guard_message(struct guard *g, int64_t now_ms);
uint32_t guard_rested(struct guard *g, int64_t now_ms);

enum guard_verdict {
    GUARD_PASS,
    GUARD_REFUSE, /* rate_limited, *ret_retry_ms */
    GUARD_CLOSE,  /* 4429 */
};

/* Which events are queries, and what they cost, with a text of text_bytes. An event that is none
 * passes. (`help`, which is no event, is a guard_query() of 0 bytes.) */
enum guard_verdict guard_event(struct guard *g, enum room_event_kind kind, size_t text_bytes,
                               int64_t now_ms, uint32_t *ret_retry_ms);

/* answer_bytes: about how long the answer will be; 0 for a short one. */
enum guard_verdict guard_query(struct guard *g, size_t answer_bytes, int64_t now_ms,
                               uint32_t *ret_retry_ms);

#endif
