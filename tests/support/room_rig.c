#include "support/room_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "support/gen.h"
#include "support/room_say.h"

struct uuid rig_user(char letter)
{
    struct uuid id = {.bytes = {(uint8_t)letter}};
    id.bytes[15] = (uint8_t)letter;
    return id;
}

int rig_init(struct rig *r, const struct weft_alloc *alloc)
{
    memset(r, 0, sizeof *r);
    r->alloc = alloc;
    r->epoch = rig_user('E');
    r->config = (struct room_config){
        .document_bytes_max = 1 << 20, .people_max = 1000, .message_bytes_max = 1 << 20};
    int err = room_new(alloc, &r->config, &r->epoch, &r->room);
    if (err == 0)
        err = room_effects_new(alloc, &r->fx);
    if (err != 0) {
        room_free(r->room);
        r->room = NULL;
    }
    return err;
}

void rig_reset(struct rig *r)
{
    room_effects_clear(r->fx);
    room_free(r->room);
    r->room = NULL;
    int err = room_new(r->alloc, &r->config, &r->epoch, &r->room);
    WEFT_ASSERT(err == 0);
}

void rig_done(struct rig *r)
{
    room_effects_free(r->fx);
    room_free(r->room);
    free(r->said);
    for (size_t i = 0; i < RIG_RECORDS_MAX; i++)
        free(r->records[i].at);
    free(r->snapshot.at);
    r->room = NULL;
    r->fx = NULL;
}

static void keep(struct rig_bytes *b, struct room_str from)
{
    free(b->at);
    b->at = malloc(from.len != 0 ? from.len : 1);
    WEFT_ASSERT(b->at != NULL);
    memcpy(b->at, from.at, from.len);
    b->len = from.len;
}

static void keep_bytes(struct rig *r)
{
    for (size_t i = 0; i < room_effects_count(r->fx); i++) {
        const struct room_effect *e = room_effects_at(r->fx, i);
        if (e->kind == ROOM_PERSIST) {
            WEFT_ASSERT(e->rev >= 1 && e->rev <= RIG_RECORDS_MAX);
            keep(&r->records[e->rev - 1], e->bytes);
        } else if (e->kind == ROOM_SNAPSHOT) {
            keep(&r->snapshot, e->bytes);
            r->snapshot_rev = e->rev;
            r->snapshot_instead = e->instead;
        }
    }
}

static void say_more(struct rig *r)
{
    char *more = say_effects(r->fx);
    size_t had = r->said != NULL ? strlen(r->said) : 0;
    size_t len = strlen(more);
    char *both = malloc(had + len + 3);
    WEFT_ASSERT(both != NULL);
    memcpy(both, r->said != NULL ? r->said : "", had);
    memcpy(both + had, "; ", 3);
    memcpy(both + had + (had != 0 && len != 0 ? 2 : 0), more, len + 1);
    free(more);
    free(r->said);
    r->said = both;
}

/* Effects that hold no memory yet: what a step forgot to reserve shows. */
static void begin_effects(struct rig *r)
{
    struct room_effects *fresh;
    if (room_effects_new(r->alloc, &fresh) != 0) {
        room_effects_clear(r->fx);
        return;
    }
    room_effects_free(r->fx);
    r->fx = fresh;
}

static void step_once(struct rig *r, const struct room_event *event)
{
    begin_effects(r);
    r->err = room_step(r->room, ++r->now_ms, event, r->fx);
    keep_bytes(r);
    say_more(r);
}

const char *rig_step(struct rig *r, const struct room_event *event)
{
    free(r->said);
    r->said = NULL;
    if (!r->retries) {
        step_once(r, event);
        return r->said;
    }
    char *before = rig_state(r);
    step_once(r, event);
    while (r->err == WEFT_ENOMEM) {
        WEFT_ASSERT(room_check(r->room));
        if (event->kind != ROOM_DURABLE) {
            char *after = rig_state(r);
            WEFT_ASSERT(room_effects_count(r->fx) == 0);
            WEFT_ASSERT(strcmp(before, after) == 0);
            free(after);
        }
        step_once(r, event);
    }
    free(before);
    return r->said;
}

static const char *join(struct rig *r, uint64_t conn, char user, bool resumes, int64_t rev)
{
    struct room_event ev = {.kind = ROOM_JOIN, .conn = conn};
    ev.join.user_id = rig_user(user);
    ev.join.spare_id = rig_user((char)(user - 'A' + 'a'));
    ev.join.resumes = resumes;
    ev.join.has_rev = rev != RIG_NO_REV;
    ev.join.epoch = r->epoch;
    ev.join.rev = rev != RIG_NO_REV ? (uint64_t)rev : 0;
    return rig_step(r, &ev);
}

const char *rig_join(struct rig *r, uint64_t conn, char user)
{
    return join(r, conn, user, false, RIG_NO_REV);
}

const char *rig_resume(struct rig *r, uint64_t conn, char user, int64_t rev)
{
    return join(r, conn, user, true, rev);
}

const char *rig_leave(struct rig *r, uint64_t conn)
{
    return rig_step(r, &(struct room_event){.kind = ROOM_LEAVE, .conn = conn});
}

const char *rig_op(struct rig *r, uint64_t conn, const char *notation, int64_t rev, uint64_t seq)
{
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    op_of(&op, notation);
    struct room_event ev = {.kind = ROOM_OPERATION, .conn = conn};
    ev.submission.op = &op;
    ev.submission.has_rev = rev != RIG_NO_REV;
    ev.submission.rev = rev != RIG_NO_REV ? (uint64_t)rev : 0;
    ev.submission.has_seq = seq != 0;
    ev.submission.seq = seq;
    ev.submission.at_ms = 1000 + (int64_t)seq;
    const char *said = rig_step(r, &ev);
    weft_op_done(&op);
    return said;
}

const char *rig_meta(struct rig *r, uint64_t conn, const char *entries, uint64_t seq)
{
    struct room_meta meta = {0};
    for (const char *p = entries; *p != '\0';) {
        struct room_meta_entry *e = &meta.entries[meta.n++];
        WEFT_ASSERT(meta.n <= META_KEYS_MAX);
        e->removed = *p == '-';
        p += e->removed;
        size_t key = strcspn(p, "=,");
        e->key_len = (uint8_t)key;
        memcpy(e->key, p, key);
        p += key;
        if (*p == '=') {
            size_t value = strcspn(++p, ",");
            e->value_len = (uint16_t)value;
            memcpy(e->value, p, value);
            p += value;
        }
        p += *p == ',';
    }
    struct room_event ev = {.kind = ROOM_META, .conn = conn};
    ev.submission.meta = &meta;
    ev.submission.has_seq = seq != 0;
    ev.submission.seq = seq;
    return rig_step(r, &ev);
}

const char *rig_cursor(struct rig *r, uint64_t conn, size_t position_cp, int64_t rev)
{
    struct room_event ev = {.kind = ROOM_CURSOR, .conn = conn};
    ev.cursor.position_cp = position_cp;
    ev.cursor.has_rev = rev != RIG_NO_REV;
    ev.cursor.rev = rev != RIG_NO_REV ? (uint64_t)rev : 0;
    return rig_step(r, &ev);
}

const char *rig_text(struct rig *r, uint64_t conn, int64_t rev)
{
    struct room_event ev = {.kind = ROOM_TEXT, .conn = conn};
    ev.query.has_rev = rev != RIG_NO_REV;
    ev.query.rev = rev != RIG_NO_REV ? (uint64_t)rev : 0;
    return rig_step(r, &ev);
}

const char *rig_history(struct rig *r, uint64_t conn, uint64_t from, uint64_t to)
{
    struct room_event ev = {.kind = ROOM_HISTORY, .conn = conn};
    ev.query.from = from;
    ev.query.to = to;
    return rig_step(r, &ev);
}

/* A snapshot lies in the commit before its next record's, or in that. */
const char *rig_durable(struct rig *r, uint64_t rev)
{
    if (r->snapshot_rev != 0 && r->snapshot_rev <= room_info(r->room).rev && rev > r->snapshot_rev)
        rig_step(r,
                 &(struct room_event){.kind = ROOM_STORED, .stored.snapshot_rev = r->snapshot_rev});
    return rig_step(r, &(struct room_event){.kind = ROOM_DURABLE, .durable_rev = rev});
}

const char *rig_commit(struct rig *r)
{
    return rig_durable(r, room_info(r->room).head_rev);
}

const char *rig_fail(struct rig *r)
{
    return rig_step(r, &(struct room_event){.kind = ROOM_COMMIT_FAILED});
}

const char *rig_flush(struct rig *r)
{
    return rig_step(r, &(struct room_event){.kind = ROOM_FLUSH});
}

const char *rig_behind(struct rig *r, uint64_t conn, uint64_t rev, uint64_t presence_seq)
{
    struct room_event ev = {.kind = ROOM_BEHIND, .conn = conn};
    ev.behind = (struct room_behind){.rev = rev, .presence_seq = presence_seq};
    return rig_step(r, &ev);
}

static const uint8_t *record_at(const void *ctx, size_t i, size_t *ret_len)
{
    const struct rig_bytes *first = ctx;
    *ret_len = first[i].len;
    return first[i].at;
}

const char *rig_fetched(struct rig *r, uint64_t ticket, int err, uint64_t first, uint64_t last)
{
    struct room_event ev = {.kind = ROOM_FETCHED};
    ev.fetched.ticket = ticket;
    ev.fetched.err = err;
    ev.fetched.first_rev = first;
    ev.fetched.n_records = last >= first ? (size_t)(last - first + 1) : 0;
    ev.fetched.record = record_at;
    ev.fetched.record_ctx = &r->records[first - 1];
    return rig_step(r, &ev);
}

int rig_reload(struct rig *r, bool with_snapshot, uint64_t first, uint64_t head, char *why)
{
    enum { WHY_BYTES = 200 };
    rig_reset(r);
    why[0] = '\0';
    int err = 0;
    if (with_snapshot)
        err = room_load_snapshot(r->room, r->snapshot_rev, r->snapshot.at, r->snapshot.len, why,
                                 WHY_BYTES);
    for (uint64_t rev = first; err == 0 && rev <= head; rev++)
        err = room_load_record(r->room, rev, r->records[rev - 1].at, r->records[rev - 1].len, why,
                               WHY_BYTES);
    return err == 0 ? room_load_end(r->room, head, why, WHY_BYTES) : err;
}

char *rig_state(const struct rig *r)
{
    return say_room(r->room);
}

bool rig_text_is(const struct rig *r, const char *utf8)
{
    return weft_text_equal(room_text(r->room), utf8, strlen(utf8));
}
