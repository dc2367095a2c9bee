/* base/mailbox.h - letters from any thread to one: without a lock, nobody ever waits for anybody.
 *
 * A letter is a link in what is sent. Senders push to the front of a chain; the receiver takes the
 * whole chain at once and turns it round. Since it is only ever taken whole, a letter that is sent
 * again cannot be taken for the one before (the ABA problem of such chains).
 *
 * What a sender wrote before mailbox_put() is seen by who has taken the letter. The letters of one
 * sender come out in the order they were put.
 *
 * Cost: one compare-and-swap to send, one exchange to take all there is. */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

struct letter {
    struct letter *next;
};

struct mailbox {
    struct letter *newest; /* NULL: empty */
};

/* True: it was empty, so its owner may be asleep. */
static inline bool mailbox_put(struct mailbox *box, struct letter *one)
{
    struct letter *newest = __atomic_load_n(&box->newest, __ATOMIC_RELAXED);
    do {
        one->next = newest;
    } while (!__atomic_compare_exchange_n(&box->newest, &newest, one, true, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
    return newest == NULL;
}

/* All there are, the oldest first, chained by `next`; NULL: none. */
static inline struct letter *mailbox_take(struct mailbox *box)
{
    struct letter *oldest = NULL;
    if (__atomic_load_n(&box->newest, __ATOMIC_RELAXED) == NULL)
        return NULL;
    struct letter *at = __atomic_exchange_n(&box->newest, NULL, __ATOMIC_ACQUIRE);
    while (at != NULL) {
        struct letter *next = at->next;
        at->next = oldest;
        oldest = at;
        at = next;
    }
    return oldest;
}

#endif
