#include "room/guard.h"

void guard_init(struct guard *g, const struct guard_config *config, int64_t now_ms)
{
    rate_init(&g->messages, config->messages_per_second, config->messages_burst, now_ms);
    rate_init(&g->queries, config->queries_per_second, config->queries_burst, now_ms);
    g->messages_burst = config->messages_burst;
    g->queries_burst = config->queries_burst;
    g->owed = 0;
    g->refusals = 0;
    g->refused_ms = now_ms;
}

uint32_t guard_rested(struct guard *g, int64_t now_ms)
{
    /* More than the burst is never held at once, so more is never asked for. */
    uint32_t due = g->owed < g->messages_burst ? g->owed : g->messages_burst;
    uint32_t wait_ms = rate_take(&g->messages, due, now_ms);
    if (wait_ms != 0)
        return wait_ms > GUARD_REST_MS ? wait_ms : GUARD_REST_MS;
    g->owed -= due;
    return g->owed == 0 ? 0 : GUARD_REST_MS;
}

uint32_t guard_message(struct guard *g, int64_t now_ms)
{
    g->owed++;
    return guard_rested(g, now_ms);
}

enum guard_verdict guard_query(struct guard *g, size_t answer_bytes, int64_t now_ms,
                               uint32_t *ret_retry_ms)
{
    size_t cost = 1 + answer_bytes / GUARD_QUERY_BYTES;
    uint32_t due = cost < g->queries_burst ? (uint32_t)cost : g->queries_burst;
    uint32_t wait_ms = rate_take(&g->queries, due, now_ms);
    if (wait_ms == 0)
        return GUARD_PASS;
    if (now_ms - g->refused_ms >= GUARD_QUIET_MS)
        g->refusals = 0;
    g->refused_ms = now_ms;
    if (++g->refusals > GUARD_REFUSALS_MAX)
        return GUARD_CLOSE;
    *ret_retry_ms = wait_ms;
    return GUARD_REFUSE;
}

enum guard_verdict guard_event(struct guard *g, enum room_event_kind kind, size_t text_bytes,
                               int64_t now_ms, uint32_t *ret_retry_ms)
{
    if (kind == ROOM_TEXT)
        return guard_query(g, text_bytes, now_ms, ret_retry_ms);
    if (kind == ROOM_HISTORY || kind == ROOM_SIGNAL)
        return guard_query(g, 0, now_ms, ret_retry_ms);
    return GUARD_PASS;
}
