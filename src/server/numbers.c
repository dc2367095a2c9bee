#include "server/numbers.h"

#include <stdlib.h>

#include "base/assert.h"

#define NONE      ((size_t)-1)
#define SLOTS_MAX ((size_t)1 << NUMBERS_SLOT_BITS)

void numbers_init(struct numbers *t)
{
    *t = (struct numbers){.free = NONE};
}

void numbers_done(struct numbers *t)
{
    free(t->slots);
    numbers_init(t);
}

int numbers_put(struct numbers *t, void *object, uint64_t *ret_number)
{
    WEFT_ASSERT(object != NULL);
    if (t->free == NONE && t->n == t->cap) {
        if (t->cap == SLOTS_MAX)
            return WEFT_ELIMIT;
        size_t cap = t->cap == 0 ? 64 : t->cap * 2;
        struct numbers_slot *slots = realloc(t->slots, cap * sizeof *slots);
        if (slots == NULL)
            return WEFT_ENOMEM;
        t->slots = slots;
        t->cap = cap;
    }
    size_t slot = t->free;
    if (slot != NONE)
        t->free = t->slots[slot].next_free;
    else
        slot = t->n++;
    uint64_t number = ++t->serial << NUMBERS_SLOT_BITS | slot;
    t->slots[slot] = (struct numbers_slot){.number = number, .object = object, .next_free = NONE};
    *ret_number = number;
    return 0;
}

void *numbers_get(const struct numbers *t, uint64_t number)
{
    size_t slot = number & (SLOTS_MAX - 1);
    if (number == 0 || slot >= t->n || t->slots[slot].number != number)
        return NULL;
    return t->slots[slot].object;
}

void numbers_drop(struct numbers *t, uint64_t number)
{
    size_t slot = number & (SLOTS_MAX - 1);
    WEFT_ASSERT(numbers_get(t, number) != NULL);
    t->slots[slot] = (struct numbers_slot){.next_free = t->free};
    t->free = slot;
}
