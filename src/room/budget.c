#include "room/budget.h"

#include "base/assert.h"
#include "base/pure.h"

void budget_init(struct budget *b, size_t limit_bytes)
{
    *b = (struct budget){.limit_bytes = limit_bytes};
}

static size_t class_of(size_t bytes)
{
    return bytes != 0 ? 64 - (size_t)__builtin_clzll(bytes) : 0;
}

void budget_add(struct budget *b, size_t needed_bytes, size_t spare_bytes)
{
    struct budget_class *c = &b->classes[class_of(spare_bytes)];
    b->needed_bytes += needed_bytes;
    c->n++;
    c->bytes += spare_bytes;
}

/* With the water line in class k all below it keep what they have, and the others divide what is left.
 * That fits for every k; the true line's own class gives at least half of it, as who lies between the
 * class's start and the line counts as a whole share. */
size_t budget_share(const struct budget *b)
{
    size_t left = b->limit_bytes > b->needed_bytes ? b->limit_bytes - b->needed_bytes : 0;
    size_t n = 0;
    for (size_t k = 0; k < BUDGET_CLASSES; k++)
        n += b->classes[k].n;
    size_t share = n != 0 ? left / n : SIZE_MAX;
    for (size_t k = 0; k < BUDGET_CLASSES; k++) {
        if (b->classes[k].bytes > left)
            return share != 0 ? share : 1;
        left -= b->classes[k].bytes;
        n -= b->classes[k].n;
        if (n == 0)
            return SIZE_MAX;
        if (left / n > share)
            share = left / n;
    }
    WEFT_NEVER("rooms that are in no class");
    return SIZE_MAX;
}
