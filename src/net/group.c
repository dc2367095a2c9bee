/* What the loops of one server share, and the way of a connection from one of them to another.
 *
 * Nothing of it lies on the path of a message. Connections are counted with atomics, and the table
 * of addresses has a mutex, which is taken when a connection comes and when it goes. The bounds of
 * bytes are tallies (base/tally.h), told once a turn.
 *
 * A connection is handed over between two requests, before anything of the next one was answered:
 * socket, counts and the bytes that were read go in a letter (base/mailbox.h), and the loop it is for
 * is woken. The loop that sends it has forgotten the socket before. */
#include "net/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GRAIN_BYTES_MAX = 64 << 10 };

/* A connection on its way. */
struct handed {
    struct letter letter; /* first */
    int fd;
    bool began;
    struct address *address;
    char address_text[ADDRESS_TEXT_MAX];
    size_t len;
    char bytes[];
};

int net_group_new(unsigned n_loops, struct net_group **ret)
{
    struct net_group *g = calloc(1, sizeof(*g) + n_loops * sizeof(g->loops[0]));
    uint64_t seed = 0;
    int rc;

    if (g == NULL)
        return WEFT_ENOMEM;
    g->n_loops = n_loops;
    (void)uv_random(NULL, NULL, &seed, sizeof(seed), 0, NULL);
    address_table_init(&g->addresses, seed);
    rc = pthread_mutex_init(&g->mutex, NULL);
    WEFT_ASSERT(rc == 0);
    *ret = g;
    return 0;
}

void net_group_free(struct net_group *g)
{
    if (g == NULL)
        return;
    WEFT_ASSERT(g->n_tcp == 0 && g->n_open == 0);
    address_table_done(&g->addresses);
    (void)pthread_mutex_destroy(&g->mutex);
    free(g);
}

/* ---- counts ------------------------------------------------------------------------------------ */

static void lock(struct net_group *g)
{
    int rc = pthread_mutex_lock(&g->mutex);

    WEFT_ASSERT(rc == 0);
}

static void unlock(struct net_group *g)
{
    int rc = pthread_mutex_unlock(&g->mutex);

    WEFT_ASSERT(rc == 0);
}

struct address *group_take(struct net_group *g, const struct sockaddr *peer)
{
    struct address *a;

    lock(g);
    a = address_take(&g->addresses, peer);
    unlock(g);
    if (a != NULL)
        (void)__atomic_add_fetch(&g->n_tcp, 1, __ATOMIC_RELAXED);
    return a;
}

void group_release(struct net_group *g, struct address *a)
{
    lock(g);
    address_release(&g->addresses, a);
    unlock(g);
    (void)__atomic_sub_fetch(&g->n_tcp, 1, __ATOMIC_RELAXED);
}

void group_tell(struct net *n, bool all)
{
    size_t answers_grain = n->config.answers_bytes_max / (16 * (size_t)n->group->n_loops);
    size_t parts_grain = n->config.parts_bytes_max / (16 * (size_t)n->group->n_loops);

    if (answers_grain > GRAIN_BYTES_MAX)
        answers_grain = GRAIN_BYTES_MAX;
    if (parts_grain > GRAIN_BYTES_MAX)
        parts_grain = GRAIN_BYTES_MAX;
    (void)tally_tell(&n->answers_all, n->answers_bytes, all ? 0 : answers_grain, 0);
    (void)tally_tell(&n->parts_all, n->parts_bytes, all ? 0 : parts_grain, 0);
}

/* ---- from loop to loop ------------------------------------------------------------------------- */

static void send_to(struct net *to, struct handed *one)
{
    if (mailbox_put(&to->inbox, &one->letter))
        (void)uv_async_send(&to->wake);
}

bool hand_over(struct net_request *r, const struct head *h, const char *bytes, size_t len)
{
    struct net *n = r->net;
    struct net_group *g = n->group;
    struct handed *one;
    unsigned to;

    if (g->n_loops == 1 || n->handler.loop_of == NULL)
        return false;
    if (r->placed) {
        r->placed = false;
        return false;
    }
    to = n->handler.loop_of(n->handler.ctx, &h->at);
    if (to == n->index)
        return false;
    WEFT_ASSERT(to < g->n_loops);
    one = malloc(sizeof(*one) + len);
    if (one == NULL) {
        http_destroy(r);
        return true;
    }
    *one = (struct handed){.began = r->began, .address = r->address, .len = len};
    memcpy(one->address_text, r->address_text, sizeof(one->address_text));
    memcpy(one->bytes, bytes, len);
    one->fd = http_detach(r);
    send_to(g->loops[to], one);
    return true;
}

void hand_take(struct net *n)
{
    struct letter *next;

    for (struct letter *at = mailbox_take(&n->inbox); at != NULL; at = next) {
        struct handed *one = (struct handed *)(void *)at;
        struct net_request *r = http_new(n, one->fd, one->address);

        next = at->next;
        tally_add64(&n->n_handed, 1);
        if (r != NULL) {
            r->began = one->began;
            r->placed = true;
            memcpy(r->address_text, one->address_text, sizeof(r->address_text));
            http_pump(r, one->bytes, one->len);
        }
        free(one);
    }
}

void hand_drop(struct net *n)
{
    struct letter *next;

    for (struct letter *at = mailbox_take(&n->inbox); at != NULL; at = next) {
        struct handed *one = (struct handed *)(void *)at;

        next = at->next;
        close(one->fd);
        group_release(n->group, one->address);
        free(one);
    }
}
