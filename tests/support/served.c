#include "support/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/siphash.h"
#include "auth/auth.h"
#include "room/state.h"
#include "server/command.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "store/tip.h"
#include "support/room_say.h"

struct asking {
    struct store *store;
    const char *name;
    struct room *room;
    struct room_effects *fx;
    struct served_room *out;
};

static void mix(uint64_t *sum, const void *bytes, size_t len)
{
    const struct siphash_key key = {{*sum, len}};
    *sum = siphash(&key, bytes, len);
}

static void mix_text(uint64_t *sum, const struct weft_text *text)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    uint64_t bytes = 0;
    uint32_t crc = 0; /* chunks are cut where they like */
    int err = weft_text_iter_at(text, 0, &it);
    WEFT_ASSERT(err == 0);
    while (weft_text_iter_next(&it, &chunk, &len)) {
        crc = crc32c(crc, chunk, len);
        bytes += len;
    }
    mix(sum, &crc, sizeof crc);
    mix(sum, &bytes, sizeof bytes);
}

static int fill(struct room *room, const struct store_log *log, char *why, size_t why_bytes)
{
    const uint8_t *bytes = log->bytes.data;
    int err = 0;
    if (log->has_snapshot)
        err = room_load_snapshot(room, log->snapshot_rev, bytes + log->snapshot_at,
                                 log->snapshot_len, why, why_bytes);
    for (size_t i = 0; err == 0 && i < log->n_records; i++)
        err = room_load_record(room, log->first_rev + i, bytes + log->records[i].at,
                               log->records[i].len, why, why_bytes);
    return err == 0 ? room_load_end(room, log->head, why, why_bytes) : err;
}

static const uint8_t *record_at(const void *ctx, size_t i, size_t *ret_len)
{
    const struct store_log *log = ctx;
    *ret_len = log->records[i].len;
    return log->bytes.data + log->records[i].at;
}

/* The fetch that the room asked for last, answered from the store. */
static void answer_fetch(struct asking *a, const struct room_fetch *want)
{
    struct store_log log;
    struct room_event ev = {.kind = ROOM_FETCHED};
    size_t len = strlen(a->name);
    int err = want->base
                  ? store_base(a->store, a->name, len, want->rev, &log)
                  : store_read(a->store, a->name, len, want->from, want->to, want->max_bytes, &log);
    ev.fetched.ticket = want->ticket;
    ev.fetched.err = err;
    if (err == 0) {
        ev.fetched.has_snapshot = log.has_snapshot;
        ev.fetched.snapshot_rev = log.snapshot_rev;
        ev.fetched.snapshot = log.bytes.data + log.snapshot_at;
        ev.fetched.snapshot_len = log.snapshot_len;
        ev.fetched.first_rev = log.first_rev;
        ev.fetched.n_records = log.n_records;
        ev.fetched.record = record_at;
        ev.fetched.record_ctx = &log;
    }
    room_effects_clear(a->fx);
    int stepped = room_step(a->room, 1, &ev, a->fx);
    WEFT_ASSERT(stepped == 0);
    if (err == 0)
        store_log_done(&log);
}

/* Asks, and mixes in what was answered; an error makes it served in part. */
static void ask(struct asking *a, const struct room_event *ev)
{
    room_effects_clear(a->fx);
    int err = room_step(a->room, 1, ev, a->fx);
    WEFT_ASSERT(err == 0);
    WEFT_ASSERT(room_effects_count(a->fx) == 1);
    const struct room_effect *e = room_effects_at(a->fx, 0);
    if (e->kind == ROOM_FETCH) {
        const struct room_fetch want = e->fetch;
        answer_fetch(a, &want);
        e = room_effects_at(a->fx, 0);
    }
    char *said = say_effects(a->fx);
    if (e->kind == ROOM_SEND && e->message.type == MESSAGE_ERROR) {
        a->out->kind = SERVED_IN_PART;
        snprintf(a->out->why, sizeof a->out->why, "%.300s", said);
    }
    mix(&a->out->sum, said, strlen(said));
    free(said);
}

static void ask_all(struct asking *a, uint64_t head)
{
    const struct room_info info = room_info(a->room);
    mix(&a->out->sum, &info.epoch, sizeof info.epoch);
    mix(&a->out->sum, &info.rev, sizeof info.rev);
    mix_text(&a->out->sum, room_text(a->room));
    const struct room_meta *meta = room_meta_of(a->room);
    for (size_t i = 0; meta != NULL && i < meta->n; i++) {
        mix(&a->out->sum, meta->entries[i].key, meta->entries[i].key_len);
        mix(&a->out->sum, meta->entries[i].value, meta->entries[i].value_len);
    }
    const struct sessions *s = &a->room->sessions;
    uint64_t sum = 0; /* of a table: in any order */
    for (size_t i = 0; i < s->cap; i++) {
        uint64_t one = 1;
        if (s->slots[i].seq != 0)
            mix(&one, &s->slots[i], sizeof s->slots[i]);
        sum += one;
    }
    mix(&a->out->sum, &sum, sizeof sum);
    for (uint64_t rev = 0; rev < head; rev += head / 4 + 1) {
        struct room_event ev = {.kind = ROOM_TEXT, .conn = 1};
        ev.query = (struct room_query){.has_rev = true, .rev = rev};
        ask(a, &ev);
    }
    for (uint64_t rev = 1; rev <= head; rev += 20) {
        struct room_event ev = {.kind = ROOM_HISTORY, .conn = 1};
        ev.query = (struct room_query){.from = rev, .to = rev + 19};
        ask(a, &ev);
    }
}

static void read_room(struct store *store, const char *name, const struct uuid *generation,
                      uint64_t tail_revs, struct served_room *out)
{
    struct store_log log;
    struct room_config config = {.document_bytes_max = 1 << 20,
                                 .people_max = 10,
                                 .message_bytes_max = 1 << 20,
                                 .generation = *generation};
    struct asking a = {.store = store, .name = name, .out = out};
    *out = (struct served_room){.kind = SERVED_WHOLE};
    int err = store_load(store, name, strlen(name), tail_revs, &log);
    if (err != 0) {
        out->kind = err == WEFT_ENOENT                           ? SERVED_NONE
                    : err == WEFT_ECORRUPT || err == WEFT_EINVAL ? SERVED_REFUSED
                                                                 : SERVED_FAILED;
        snprintf(out->why, sizeof out->why, "%s", store_error_text(store));
        return;
    }
    err = room_new(weft_heap(), &config, &log.epoch, &a.room);
    if (err == 0)
        err = fill(a.room, &log, out->why, sizeof out->why);
    if (err == 0)
        err = room_effects_new(weft_heap(), &a.fx);
    if (err != 0)
        out->kind = err == WEFT_ECORRUPT ? SERVED_REFUSED : SERVED_FAILED;
    else
        ask_all(&a, log.head);
    store_log_done(&log);
    room_effects_free(a.fx);
    room_free(a.room);
}

void served_read(const char *folder, const char *const *names, size_t n, uint64_t tail_revs,
                 const char *boot_id, struct served *ret)
{
    struct store *store = NULL;
    struct uuid generation;
    uint8_t key[AUTH_KEY_BYTES];
    WEFT_ASSERT(n <= SERVED_ROOMS_MAX);
    *ret = (struct served){0};
    if (store_folder_secret(folder, SERVER_SECRET_FILE, key, sizeof key, ret->why,
                            sizeof ret->why) != 0 ||
        store_folder_begin(folder, true, boot_id, &ret->renewed, ret->why, sizeof ret->why) != 0 ||
        store_tip_check(folder, ret->why, sizeof ret->why) != 0 ||
        store_folder_generation(folder, &generation, ret->why, sizeof ret->why) != 0 ||
        store_sqlite_open(folder, STORE_SYNC_OFF, &store, ret->why, sizeof ret->why) != 0)
        return;
    ret->starts = true;
    mix(&ret->key, key, sizeof key);
    for (size_t i = 0; i < n; i++)
        read_room(store, names[i], &generation, tail_revs, &ret->rooms[i]);
    struct store_name name;
    for (int err = store_next(store, NULL, 0, &name); err == 0;
         err = store_next(store, name.bytes, name.len, &name))
        ret->n_listed++;
    store_free(store);
}
