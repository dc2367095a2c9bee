/* How many connections each address has: a chained hash table that doubles.
 *
 * An IPv4 address counts by itself, an IPv6 one by its first 64 bits, which one customer has for
 * himself. IPv4 mapped into IPv6 counts as IPv4. Every operation is O(1) expected; an entry lives
 * while it has connections. */
#include "net/internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 64 };

void address_table_init(struct address_table *t, uint64_t seed)
{
    *t = (struct address_table){.seed = seed};
}

void address_table_done(struct address_table *t)
{
    WEFT_ASSERT(t->n == 0);
    free(t->buckets);
    t->buckets = NULL;
}

static bool is_mapped(const struct in6_addr *a)
{
    return IN6_IS_ADDR_V4MAPPED(a);
}

static void key_of(const struct sockaddr *peer, uint64_t key[2])
{
    const struct sockaddr_in *v4 = (const void *)peer;
    const struct sockaddr_in6 *v6 = (const void *)peer;

    key[0] = 4;
    key[1] = 0;
    if (peer->sa_family == AF_INET) {
        key[1] = v4->sin_addr.s_addr;
    } else if (peer->sa_family == AF_INET6 && is_mapped(&v6->sin6_addr)) {
        uint32_t low;

        memcpy(&low, &v6->sin6_addr.s6_addr[12], sizeof(low));
        key[1] = low;
    } else if (peer->sa_family == AF_INET6) {
        key[0] = 6;
        memcpy(&key[1], v6->sin6_addr.s6_addr, sizeof(key[1]));
    }
}

static size_t bucket_of(const struct address_table *t, const uint64_t key[2])
{
    /* The finisher of splitmix64, seeded. */
    uint64_t x = (key[1] ^ t->seed) + key[0] * 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (size_t)(x ^ x >> 31) & (t->n_buckets - 1);
}

/* A table that cannot grow stays as it is, and gets slower. */
static void grow(struct address_table *t)
{
    size_t n = t->n_buckets == 0 ? BUCKETS_MIN : t->n_buckets * 2;
    struct address **old = t->buckets;
    size_t n_old = t->n_buckets;
    struct address **buckets = calloc(n, sizeof(struct address *));

    if (buckets == NULL)
        return;
    t->buckets = buckets;
    t->n_buckets = n;
    for (size_t i = 0; i < n_old; i++) {
        struct address *a = old[i];

        while (a != NULL) {
            struct address *next = a->next;
            size_t at = bucket_of(t, a->key);

            a->next = buckets[at];
            buckets[at] = a;
            a = next;
        }
    }
    free(old);
}

struct address *address_take(struct address_table *t, const struct sockaddr *peer)
{
    uint64_t key[2];
    struct address *a;
    size_t at;

    if (t->n >= t->n_buckets)
        grow(t);
    if (t->n_buckets == 0)
        return NULL;
    key_of(peer, key);
    at = bucket_of(t, key);
    for (a = t->buckets[at]; a != NULL; a = a->next)
        if (a->key[0] == key[0] && a->key[1] == key[1]) {
            tally_add(&a->n, 1);
            return a;
        }
    a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    memcpy(a->key, key, sizeof(a->key));
    a->n = 1;
    a->next = t->buckets[at];
    t->buckets[at] = a;
    t->n++;
    return a;
}

void address_release(struct address_table *t, struct address *a)
{
    struct address **at;

    WEFT_ASSERT(a->n > 0);
    tally_add(&a->n, (size_t)-1);
    if (a->n > 0)
        return;
    at = &t->buckets[bucket_of(t, a->key)];
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    t->n--;
    free(a);
}

void address_text(const struct sockaddr *peer, char out[ADDRESS_TEXT_MAX])
{
    const struct sockaddr_in6 *v6 = (const void *)peer;

    out[0] = '\0';
    if (peer->sa_family == AF_INET)
        (void)uv_ip4_name((const void *)peer, out, ADDRESS_TEXT_MAX);
    else if (peer->sa_family == AF_INET6 && is_mapped(&v6->sin6_addr))
        (void)uv_inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, ADDRESS_TEXT_MAX);
    else if (peer->sa_family == AF_INET6)
        (void)uv_ip6_name(v6, out, ADDRESS_TEXT_MAX);
}
