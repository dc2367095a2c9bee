/* Which loop a room lives on, and what the loops ask of each other about rooms and memory.
 *
 * A room lives on the loop that a keyed hash of its name says: the same one as long as the number of
 * loops and the key of the data folder stay the same, and nobody can choose names that crowd one.
 *
 * --limit-rooms and --limit-memory count over all loops, but a loop can only evict rooms of its own.
 * Where it has none to evict and another one has, it opens the room and leaves the other one a note to
 * evict one (`owed`): so the bounds are passed for as long as it takes that loop to wake up. */
#include "server/hub_state.h"

#include <string.h>

enum { GRAIN_BYTES_MAX = 1 << 20 };

/* --- the room of a request --- */

static bool has_prefix(struct net_str path, const char *prefix, struct net_str *ret_rest)
{
    size_t len = strlen(prefix);
    if (path.len < len || memcmp(path.at, prefix, len) != 0)
        return false;
    *ret_rest = (struct net_str){path.at + len, path.len - len};
    return true;
}

/* False: it is about no room, or says so in a way that will be refused. */
static bool room_of(struct hub *h, struct net_str path, char name[ROOM_NAME_BYTES_MAX + 1],
                    size_t *ret_len)
{
    struct net_str rest;
    struct room_error error;
    if (has_prefix(path, "/view/", &rest))
        return auth_read_key_open(h->auth, rest.at, rest.len, name, ret_len);
    if (!has_prefix(path, "/ws/", &rest) && !http_room_segment(path, &rest))
        return false;
    return wire_decode_room_name(rest.at, rest.len, name, ret_len, &error) == 0;
}

static unsigned loop_of(const struct hub *h, const char *name, size_t len)
{
    /* The upper half of the hash, as a fraction of the loops. */
    return (unsigned)((siphash(&h->place_key, name, len) >> 32) * h->all->n >> 32);
}

bool place_is_here(const struct hub *h, const char *name, size_t len)
{
    return loop_of(h, name, len) == h->index;
}

unsigned hub_loop_of(void *ctx, const struct net_head *head)
{
    struct hub *h = ctx;
    char name[ROOM_NAME_BYTES_MAX + 1];
    size_t len = 0;
    return room_of(h, head->path, name, &len) ? loop_of(h, name, len) : h->index;
}

/* --- rooms and memory of all --- */

static void wake(struct hub *h)
{
    (void)uv_async_send(&h->wake);
}

bool place_elsewhere(struct hub *h)
{
    for (unsigned i = 1; i < h->all->n; i++) {
        struct hub *other = h->all->hubs[(h->index + i) % h->all->n];
        if (tally_read(&other->n_idle) <= tally_read(&other->owed))
            continue;
        (void)__atomic_add_fetch(&other->owed, 1, __ATOMIC_RELAXED);
        wake(other);
        return true;
    }
    return false;
}

size_t place_owed(struct hub *h)
{
    return tally_read(&h->owed) != 0 ? __atomic_exchange_n(&h->owed, 0, __ATOMIC_RELAXED) : 0;
}

static size_t grain(const struct hub *h, size_t limit)
{
    size_t bytes = limit / (16 * (size_t)h->all->n);
    return bytes < GRAIN_BYTES_MAX ? bytes : GRAIN_BYTES_MAX;
}

void place_tell(struct hub *h, bool all)
{
    size_t rooms = h->settings.limit_memory;
    size_t outgoing = h->settings.limit_outgoing;
    if (h->all->n == 1)
        return;
    (void)tally_tell(&h->rooms_all, h->rooms_bytes, all ? 0 : grain(h, rooms), rooms);
    if (!tally_tell(&h->outgoing_all, h->private_bytes + net_kept_bytes(h->net),
                    all ? 0 : grain(h, outgoing), outgoing))
        return;
    for (unsigned i = 0; i < h->all->n; i++) /* somebody there may wait for memory */
        if (i != h->index)
            wake(h->all->hubs[i]);
}
