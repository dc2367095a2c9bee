/* room/rate.h - a token bucket: `per_second` on the long run, `burst` at once. Pure: time comes in.
 *
 * rate_take() takes n tokens if it can and returns 0; otherwise it takes none and returns how many
 * milliseconds until it could. per_second == 0 is no limit. */
#ifndef ROOM_RATE_H
#define ROOM_RATE_H

#include <stdint.h>

struct rate {
    uint32_t per_second;
    uint32_t burst;
    int64_t at_ms;
    uint64_t milli; /* tokens held, in thousandths; at most burst * 1000 */
};

void rate_init(struct rate *r, uint32_t per_second, uint32_t burst, int64_t now_ms);
uint32_t rate_take(struct rate *r, uint32_t n, int64_t now_ms);

#endif
