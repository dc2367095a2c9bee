#include "room/rate.h"

#include "base/assert.h"

void rate_init(struct rate *r, uint32_t per_second, uint32_t burst, int64_t now_ms)
{
    *r = (struct rate){.per_second = per_second, .burst = burst != 0 ? burst : 1, .at_ms = now_ms};
    r->milli = (uint64_t)r->burst * 1000;
}

uint32_t rate_take(struct rate *r, uint32_t n, int64_t now_ms)
{
    if (r->per_second == 0)
        return 0;
    WEFT_ASSERT(n <= r->burst);
    uint64_t full = (uint64_t)r->burst * 1000;
    /* One token a second is one thousandth a millisecond. */
    if (now_ms > r->at_ms) {
        uint64_t passed_ms = (uint64_t)(now_ms - r->at_ms);
        uint64_t until_full = (full - r->milli) / r->per_second + 1;
        r->milli = passed_ms >= until_full ? full : r->milli + passed_ms * r->per_second;
        if (r->milli > full)
            r->milli = full;
        r->at_ms = now_ms;
    }
    uint64_t want = (uint64_t)n * 1000;
    if (r->milli >= want) {
        r->milli -= want;
        return 0;
    }
    uint64_t wait_ms = (want - r->milli + r->per_second - 1) / r->per_second;
    return wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_ms;
}
