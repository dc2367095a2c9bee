/* A room that is filled from its first record on, as if it were opened without a snapshot, and that
 * forgets each record once the next one was found to continue it. So an audit and an opening cannot
 * disagree about what a good record is. */
#include "room/audit.h"

#include "base/assert.h"
#include "base/pure.h"
#include "room/state.h"

struct audit {
    struct room *room;
};

int audit_new(const struct weft_alloc *alloc, const struct uuid *epoch, struct audit **ret)
{
    static const struct room_config unused = {0}; /* limits are for what is still to be decided */
    struct audit *a = weft_resize(alloc, NULL, 0, sizeof *a);
    if (a == NULL)
        return WEFT_ENOMEM;
    int err = room_new(alloc, &unused, epoch, &a->room);
    if (err != 0) {
        weft_release(alloc, a, sizeof *a);
        return err;
    }
    *ret = a;
    return 0;
}

void audit_free(struct audit *a)
{
    if (a == NULL)
        return;
    const struct weft_alloc *alloc = a->room->alloc;
    room_free(a->room);
    weft_release(alloc, a, sizeof *a);
}

uint64_t audit_rev(const struct audit *a)
{
    return a->room->durable_rev;
}

const struct weft_text *audit_text(const struct audit *a)
{
    return a->room->text;
}

int audit_begin(struct audit *a, uint64_t base_rev, const uint8_t *bytes, size_t len, char *why,
                size_t why_bytes)
{
    WEFT_ASSERT(audit_rev(a) == 0);
    return room_load_snapshot(a->room, base_rev, bytes, len, why, why_bytes);
}

int audit_record(struct audit *a, const uint8_t *bytes, size_t len, char *why, size_t why_bytes)
{
    uint64_t rev = audit_rev(a) + 1;
    int err = room_load_record(a->room, rev, bytes, len, why, why_bytes);
    if (err == 0)
        history_trim(&a->room->history, rev);
    return err;
}

static bool same_entry(const struct room_meta_entry *a, const struct room_meta_entry *b)
{
    return a->key_len == b->key_len && a->value_len == b->value_len &&
           memcmp(a->key, b->key, a->key_len) == 0 && memcmp(a->value, b->value, a->value_len) == 0;
}

/* In the same order, too: it is that of being set first. `of_room` NULL: none were ever set. */
static bool same_meta(const struct room_meta *meta, const struct room_meta *of_room)
{
    size_t n = of_room != NULL ? of_room->n : 0;
    bool same = meta->n == n;
    for (size_t i = 0; same && i < n; i++)
        same = same_entry(&meta->entries[i], &of_room->entries[i]);
    return same;
}

/* Each session that `part` knows stands so in `whole`, unless that has forgotten it. */
static bool sessions_within(const struct sessions *part, const struct sessions *whole)
{
    for (size_t i = 0; i < part->cap; i++) {
        const struct session *s = &part->slots[i];
        if (s->seq == 0)
            continue;
        const struct session *other = sessions_find(whole, &s->user_id);
        if (other == NULL ? s->rev > whole->floor_rev
                          : s->seq != other->seq || s->rev != other->rev)
            return false;
    }
    return true;
}

/* What does not agree with the records, or NULL. */
static const char *differs(const struct room *room, const struct snapshot *s,
                           const struct sessions *sessions)
{
    if (s->rev != room->durable_rev)
        return "it says it is of another revision";
    if (s->has_epoch && !uuid_equal(&s->epoch, &room->epoch))
        return "it says it is of another epoch";
    if (s->sum != room->durable_sum)
        return "it was not taken at the record of its revision";
    if (!weft_text_equal(room->text, s->text.at, s->text.len))
        return "its text is not what the records make";
    if (!same_meta(&s->meta, room->meta))
        return "its entries are not what the records set";
    /* Both tables are bounded, and forget at different moments. */
    if (!sessions_within(sessions, &room->sessions) || !sessions_within(&room->sessions, sessions))
        return "its sessions are not those of the records";
    return NULL;
}

int audit_snapshot(struct audit *a, const uint8_t *bytes, size_t len, char *why, size_t why_bytes)
{
    const struct room *room = a->room;
    struct sessions sessions;
    struct snapshot s;
    sessions_init(&sessions, room->alloc, SESSIONS_MAX);
    int err = snapshot_decode(bytes, len, &s, &sessions);
    const char *wrong = NULL;
    if (err == WEFT_ECORRUPT)
        wrong = "its checksum does not hold";
    else if (err == 0)
        wrong = differs(room, &s, &sessions);
    sessions_done(&sessions);
    if (wrong != NULL)
        return room_load_corrupt(why, why_bytes, "snapshot", room->durable_rev, wrong);
    return err;
}
