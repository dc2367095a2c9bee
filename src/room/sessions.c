#include "room/sessions.h"

#include "base/assert.h"
#include "base/pure.h"

enum { SESSIONS_CAP_FIRST = 8 };

void sessions_init(struct sessions *s, const struct weft_alloc *alloc, size_t max)
{
    *s = (struct sessions){.alloc = alloc, .max = max};
}

void sessions_done(struct sessions *s)
{
    weft_release(s->alloc, s->slots, s->cap * sizeof *s->slots);
    *s = (struct sessions){.alloc = s->alloc, .max = s->max};
}

static size_t slot_of(const struct session *slots, size_t cap, const struct uuid *user_id)
{
    uint64_t hash;
    memcpy(&hash, user_id->bytes, sizeof hash);
    size_t i = (size_t)hash & (cap - 1);
    while (!uuid_is_nil(&slots[i].user_id) && !uuid_equal(&slots[i].user_id, user_id))
        i = (i + 1) & (cap - 1);
    return i;
}

struct session *sessions_find(const struct sessions *s, const struct uuid *user_id)
{
    if (s->n == 0)
        return NULL;
    struct session *slot = &s->slots[slot_of(s->slots, s->cap, user_id)];
    return uuid_is_nil(&slot->user_id) ? NULL : slot;
}

/* A new table of `cap` slots with the entries last heard of above `above_rev`. With 0 that is all of
 * them but those that say nothing: with nothing in the log, after a failed commit. */
static int rebuild(struct sessions *s, size_t cap, uint64_t above_rev)
{
    struct session *slots = weft_resize(s->alloc, NULL, 0, cap * sizeof *slots);
    if (slots == NULL)
        return WEFT_ENOMEM;
    memset(slots, 0, cap * sizeof *slots);
    size_t n = 0;
    for (size_t i = 0; i < s->cap; i++) {
        const struct session *old = &s->slots[i];
        if (uuid_is_nil(&old->user_id) || old->head_rev <= above_rev)
            continue;
        slots[slot_of(slots, cap, &old->user_id)] = *old;
        n++;
    }
    weft_release(s->alloc, s->slots, s->cap * sizeof *s->slots);
    s->slots = slots;
    s->cap = cap;
    s->n = n;
    return 0;
}

/* Forgets the older half of the revisions that sessions were last heard at. */
static int forget_oldest(struct sessions *s, uint64_t durable_rev)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < s->cap; i++)
        if (!uuid_is_nil(&s->slots[i].user_id) && s->slots[i].head_rev < oldest)
            oldest = s->slots[i].head_rev;
    if (oldest > durable_rev)
        return WEFT_ELIMIT; /* all of them are waiting for the disk */
    uint64_t cut = oldest + (durable_rev - oldest) / 2;
    int err = rebuild(s, s->cap, cut);
    if (err == 0 && cut > s->floor_rev)
        s->floor_rev = cut;
    return err;
}

int sessions_reserve(struct sessions *s, uint64_t durable_rev)
{
    if (s->n >= s->max)
        return forget_oldest(s, durable_rev);
    if ((s->n + 1) * 4 <= s->cap * 3)
        return 0;
    return rebuild(s, s->cap != 0 ? s->cap * 2 : SESSIONS_CAP_FIRST, 0);
}

struct session *sessions_put(struct sessions *s, const struct uuid *user_id)
{
    WEFT_ASSERT(s->cap > s->n && !uuid_is_nil(user_id));
    struct session *slot = &s->slots[slot_of(s->slots, s->cap, user_id)];
    if (uuid_is_nil(&slot->user_id)) {
        *slot = (struct session){.user_id = *user_id};
        s->n++;
    }
    return slot;
}

void sessions_roll_back(struct sessions *s)
{
    for (size_t i = 0; i < s->cap; i++) {
        s->slots[i].head_seq = s->slots[i].seq;
        s->slots[i].head_rev = s->slots[i].rev;
    }
}

bool sessions_check(const struct sessions *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->cap; i++) {
        const struct session *slot = &s->slots[i];
        if (uuid_is_nil(&slot->user_id))
            continue;
        n++;
        if (sessions_find(s, &slot->user_id) != slot || slot->seq > slot->head_seq ||
            slot->rev > slot->head_rev)
            return false;
    }
    return n == s->n && n <= s->max && (s->cap == 0 || n < s->cap);
}
