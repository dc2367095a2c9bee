#include "sim/sim.h"

#include <string.h>

#include "room/audit.h"
#include "room/record.h"
#include "sim/pool.h"

enum { WHY_BYTES = 200, FROM_EVERYWHERE = 8, AUDIT_EVERY = 8 };

static size_t players(const struct world *w)
{
    return w->play.clients != 0 && w->play.clients < w->swarm.n_clients ? w->play.clients
                                                                        : w->swarm.n_clients;
}

static bool same_meta(const struct room_meta *a, const struct room_meta *b)
{
    struct room_meta sum = *a;
    if (b == NULL || a->n == 0)
        return a->n == 0 && (b == NULL || b->n == 0);
    return a->n == b->n && meta_merge(&sum, b, false) == 0 && sum.n == a->n &&
           memcmp(&sum, a, sizeof sum) == 0;
}

static void sees_everybody(const struct world *w, size_t i)
{
    const struct peers *peers = client_peers(w->people[i].client);
    struct room_info info = room_info(w->room);
    if (peers->n + 1 != players(w))
        sim_fail("client %zu sees %zu others, expected %zu", i, peers->n, players(w) - 1);
    for (size_t k = 0; k < peers->n; k++) {
        const struct client_peer *peer = &peers->at[k];
        size_t at = 0;
        struct room_person p;
        do {
            if (at == info.n_people)
                sim_fail("client %zu sees somebody who is not there", i);
            room_person_at(w->room, at++, &p);
        } while (!uuid_equal(&p.user_id, &peer->user_id));
        if (peer->has_cursor && (peer->position_cp > info.length_cp || !p.has_cursor))
            sim_fail("client %zu sees a caret at %zu of %zu, the room has %s", i, peer->position_cp,
                     info.length_cp, p.has_cursor ? "one" : "none");
    }
}

static void everybody_agrees(struct world *w)
{
    if (w->room == NULL || !room_check(w->room))
        sim_fail("there is no sound room at the end");
    struct room_info info = room_info(w->room);
    if (info.n_people != players(w))
        sim_fail("%zu are in the room, expected %zu", info.n_people, players(w));
    if (info.rev != disk_head(&w->disk) || info.head_rev != info.rev)
        sim_fail("the room is at revision %llu of %llu, the log at %llu",
                 (unsigned long long)info.rev, (unsigned long long)info.head_rev,
                 (unsigned long long)disk_head(&w->disk));
    for (size_t i = 0; i < players(w); i++) {
        struct client *c = w->people[i].client;
        if (client_rev(c) != info.rev)
            sim_fail("client %zu is at revision %llu, expected %llu", i,
                     (unsigned long long)client_rev(c), (unsigned long long)info.rev);
        if (w->people[i].link->n_asked != 0)
            sim_fail("client %zu has asked %zu times and was not answered", i,
                     w->people[i].link->n_asked);
        disk_check_text(w, info.rev, client_text(c), "a client's visible text");
        if (!client_check(c))
            sim_fail("the texts of client %zu do not fit each other", i);
        if (!same_meta(&w->people[i].meta, room_meta_of(w->room)))
            sim_fail("client %zu has other entries than the room", i);
        sees_everybody(w, i);
    }
    disk_check_text(w, info.rev, room_text(w->room), "the room's text");
}

/* Each character is in the text just once unless it was deleted, and stands between those that it
 * was typed between. */
static void each_character_once(struct world *w)
{
    static uint16_t place[CHARS_MAX]; /* + 1; 0: not there */
    const struct ledger *l = &w->ledger;
    const struct disk *d = &w->disk;
    memset(place, 0, l->n * sizeof *place);
    for (size_t i = 0; i < d->n_shadow; i++) {
        if (place[d->shadow[i]] != 0 && !l->chars[d->shadow[i]].any)
            sim_fail("U+%04X is in the text twice", (unsigned)l->chars[d->shadow[i]].cp);
        place[d->shadow[i]] = (uint16_t)(i + 1);
    }
    for (size_t id = 0; id < l->n; id++) {
        const struct sim_char *c = &l->chars[id];
        if (c->any)
            continue;
        if (place[id] == 0 && c->delete_by == 0 && !c->refused)
            sim_fail("U+%04X, typed by client %u and deleted by nobody, is lost", (unsigned)c->cp,
                     c->author);
        if (place[id] != 0 && c->delete_by != 0)
            sim_fail("U+%04X, typed by client %u and deleted, is there", (unsigned)c->cp,
                     c->author);
        if (place[id] == 0)
            continue;
        bool left = c->left == NO_CHAR || place[c->left] == 0 || l->chars[c->left].any ||
                    place[c->left] < place[id];
        bool right = c->right == NO_CHAR || place[c->right] == 0 || l->chars[c->right].any ||
                     place[c->right] > place[id];
        if (!left || !right)
            sim_fail("U+%04X of client %u is not where it was typed: found %s its neighbour there",
                     (unsigned)c->cp, c->author, left ? "behind" : "in front of");
    }
}

static void audit_log(const struct world *w)
{
    const struct disk *d = &w->disk;
    struct audit *a;
    char why[WHY_BYTES] = "";
    size_t snapshot = 0;
    sim_must(audit_new(pool(), &d->epoch, &a), "an audit");
    while (snapshot < d->snapshots.n && d->snapshots.items[snapshot].rev < d->base)
        snapshot++;
    if (d->base != 0) {
        const struct disk_item *s = &d->snapshots.items[snapshot];
        if (audit_begin(a, d->base, d->raw.data + s->at, s->len, why, sizeof why) != 0)
            sim_fail("the audit of the log's base says: %s", why);
    }
    for (uint64_t rev = d->base + 1; rev <= disk_head(d); rev++) {
        size_t len;
        const uint8_t *bytes = disk_record(d, rev, &len);
        if (audit_record(a, bytes, len, why, sizeof why) != 0)
            sim_fail("the audit of the log says: %s", why);
        while (snapshot < d->snapshots.n && d->snapshots.items[snapshot].rev < rev)
            snapshot++; /* a second one of the base */
        for (; snapshot < d->snapshots.n && d->snapshots.items[snapshot].rev == rev; snapshot++) {
            const struct disk_item *s = &d->snapshots.items[snapshot];
            if (w->swarm.room.sessions_max == 0 &&
                audit_snapshot(a, d->raw.data + s->at, s->len, why, sizeof why) != 0)
                sim_fail("the audit of snapshot %llu says: %s", (unsigned long long)s->rev, why);
        }
    }
    audit_free(a);
}

static void open_from(struct world *w, size_t snapshot)
{
    struct room *room = disk_open(w, snapshot, rng_below(&w->rng, 40));
    if (!room_check(room))
        sim_fail("a room opened from snapshot %zu does not check", snapshot);
    disk_check_text(w, disk_head(&w->disk), room_text(room), "a room that was opened");
    room_free(room);
}

static void the_log_gives_the_same_from_everywhere(struct world *w)
{
    size_t n = w->disk.snapshots.n;
    open_from(w, n); /* from its first record */
    if (w->play.seed % FROM_EVERYWHERE == 0)
        for (size_t i = 0; i < n; i++)
            open_from(w, i);
    else if (n != 0)
        open_from(w, rng_below(&w->rng, n));
    if (w->play.seed % AUDIT_EVERY == 1)
        audit_log(w);
}

void verdict(struct world *w)
{
    everybody_agrees(w);
    each_character_once(w);
    the_log_gives_the_same_from_everywhere(w);
}
