#include "server/chance.h"

#include <string.h>
#include <sys/random.h>
#include <uuid/uuid.h>

/* The kernel is asked for as much as it always gives whole, for 16 ids: libuuid asks it, and for the
 * number of the process and its owner five times over, for each one. What is handed out is wiped. */
enum { ID_BYTES = 16, POOL_BYTES = 256 };

static _Thread_local uint8_t pool[POOL_BYTES];
static _Thread_local size_t left;

void chance_uuid(uint8_t out[16])
{
    if (left == 0 && getrandom(pool, sizeof pool, 0) == (ssize_t)sizeof pool)
        left = sizeof pool;
    if (left == 0) {
        uuid_generate_random(out);
        return;
    }
    left -= ID_BYTES;
    memcpy(out, pool + left, ID_BYTES);
    memset(pool + left, 0, ID_BYTES);
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x40); /* version 4, random */
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
}
