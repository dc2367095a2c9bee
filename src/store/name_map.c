#include "store/name_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void name_map_init(struct name_map *m, const uint64_t key[2])
{
    *m = (struct name_map){.key = {{key[0], key[1]}}};
}

void name_map_done(struct name_map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        free(m->slots[i].name);
    free(m->slots);
    m->slots = NULL;
    m->cap = m->count = 0;
}

void name_map_clear(struct name_map *m)
{
    name_map_done(m);
}

/* The slot that has the name, or the free one where it belongs. */
static struct name_slot *find_slot(struct name_slot *slots, size_t cap, uint64_t hash,
                                   const char *name, size_t len)
{
    for (size_t i = (size_t)hash & (cap - 1);; i = (i + 1) & (cap - 1)) {
        struct name_slot *slot = &slots[i];
        if (slot->name == NULL)
            return slot;
        if (slot->hash == hash && slot->len == len &&
            (len == 0 || memcmp(slot->name, name, len) == 0))
            return slot;
    }
}

bool name_map_get(const struct name_map *m, const char *name, size_t len, size_t *ret_value)
{
    if (m->cap == 0)
        return false;
    const struct name_slot *slot =
        find_slot(m->slots, m->cap, siphash(&m->key, name, len), name, len);
    if (slot->name == NULL)
        return false;
    *ret_value = slot->value;
    return true;
}

static int grow(struct name_map *m)
{
    if (m->count < m->cap / 4 * 3)
        return 0;
    size_t cap = m->cap != 0 ? m->cap * 2 : 16;
    struct name_slot *slots = calloc(cap, sizeof *slots);
    if (slots == NULL)
        return WEFT_ENOMEM;
    for (size_t i = 0; i < m->cap; i++) {
        const struct name_slot *old = &m->slots[i];
        if (old->name != NULL)
            *find_slot(slots, cap, old->hash, old->name, old->len) = *old;
    }
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return 0;
}

int name_map_add(struct name_map *m, const char *name, size_t len, size_t value)
{
    char *copy = malloc(len + 1); /* never NULL for an empty name */
    if (copy == NULL)
        return WEFT_ENOMEM;
    int err = grow(m);
    if (err != 0) {
        free(copy);
        return err;
    }
    if (len != 0)
        memcpy(copy, name, len);
    copy[len] = '\0';
    uint64_t hash = siphash(&m->key, name, len);
    struct name_slot *slot = find_slot(m->slots, m->cap, hash, name, len);
    WEFT_ASSERT(slot->name == NULL);
    *slot = (struct name_slot){.name = copy, .len = len, .hash = hash, .value = value};
    m->count++;
    return 0;
}
