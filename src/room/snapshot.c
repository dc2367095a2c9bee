#include "room/snapshot.h"

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "base/pure.h"
#include "room/record.h"

enum { VERSION_FIRST = 1, VERSION = 2, CRC_BYTES = 4 };

/* Into `sessions`, or past them when it is NULL. What no room writes is bad: a session without a seq,
 * one that is there twice, a revision above the snapshot's own. */
static int decode_sessions(struct cur *c, uint64_t snapshot_rev, struct sessions *sessions)
{
    uint64_t floor_rev = cur_varint_max(c, snapshot_rev);
    uint64_t n = cur_varint_max(c, SESSIONS_MAX);
    if (sessions != NULL)
        sessions->floor_rev = floor_rev;
    for (uint64_t i = 0; i < n && !c->bad; i++) {
        struct uuid user_id;
        const uint8_t *id = cur_bytes(c, sizeof user_id.bytes);
        uint64_t seq = cur_varint_max(c, REV_MAX);
        uint64_t rev = cur_varint_max(c, snapshot_rev);
        if (c->bad || sessions == NULL)
            continue;
        memcpy(user_id.bytes, id, sizeof user_id.bytes);
        if (uuid_is_nil(&user_id) || seq == 0 || rev == 0 ||
            sessions_find(sessions, &user_id) != NULL) {
            c->bad = true;
            break;
        }
        int err = sessions_reserve(sessions, rev);
        if (err != 0)
            return err;
        struct session *s = sessions_put(sessions, &user_id);
        *s = (struct session){user_id, seq, rev, seq, rev};
    }
    return 0;
}

static void decode_times(struct cur *c, uint64_t snapshot_rev, struct timeline *ret)
{
    uint64_t n = cur_varint_max(c, TIMELINE_MAX);
    for (uint64_t i = 0; i < n && !c->bad; i++) {
        struct timeline_mark m = {.rev = cur_varint_max(c, snapshot_rev),
                                  .at_ms = (int64_t)cur_varint_max(c, REV_MAX)};
        const struct timeline_mark *last = i != 0 ? &ret->marks[i - 1] : NULL;
        if (m.rev == 0 || (last != NULL && (m.rev <= last->rev || m.at_ms < last->at_ms)))
            c->bad = true;
        else
            ret->marks[ret->n++] = m;
    }
}

int snapshot_decode(const uint8_t *bytes, size_t len, struct snapshot *ret,
                    struct sessions *sessions)
{
    if (len < CRC_BYTES)
        return WEFT_ECORRUPT;
    struct cur tail = cur_of(bytes + len - CRC_BYTES, CRC_BYTES);
    if (crc32c(0, bytes, len - CRC_BYTES) != cur_u32(&tail))
        return WEFT_ECORRUPT;
    struct cur c = cur_of(bytes, len - CRC_BYTES);
    uint8_t version = cur_u8(&c);
    if (version != VERSION && version != VERSION_FIRST)
        return WEFT_ECORRUPT;
    ret->has_epoch = version != VERSION_FIRST;
    ret->times.n = 0;
    if (ret->has_epoch) {
        const uint8_t *epoch = cur_bytes(&c, sizeof ret->epoch.bytes);
        if (epoch == NULL)
            return WEFT_ECORRUPT;
        memcpy(ret->epoch.bytes, epoch, sizeof ret->epoch.bytes);
    }
    ret->rev = cur_varint_max(&c, REV_MAX);
    ret->sum = cur_u32(&c);
    if (ret->has_epoch)
        decode_times(&c, ret->rev, &ret->times);
    int err = decode_sessions(&c, ret->rev, sessions);
    if (err != 0)
        return err;
    meta_decode(&c, &ret->meta);
    for (size_t i = 0; i < ret->meta.n; i++)
        if (ret->meta.entries[i].removed) /* a table has what is there */
            return WEFT_ECORRUPT;
    ret->text.at = (const char *)cur_blob(&c, SIZE_MAX, &ret->text.len);
    return c.bad || cur_left(&c) != 0 ? WEFT_ECORRUPT : 0;
}

size_t snapshot_bound(const struct sessions *sessions, const struct weft_text *text)
{
    return 80 + TIMELINE_MAX * 2 * VARINT_BYTES_MAX +
           sessions->n * (sizeof(struct uuid) + 2 * VARINT_BYTES_MAX) +
           META_KEYS_MAX * (META_KEY_BYTES_MAX + META_VALUE_BYTES_MAX + 8) +
           weft_text_size(text).bytes + VARINT_BYTES_MAX;
}

static int encode_times(const struct timeline *times, struct buf *out)
{
    int err = buf_put_varint(out, times->n);
    for (size_t i = 0; err == 0 && i < times->n; i++) {
        err = buf_put_varint(out, times->marks[i].rev);
        if (err == 0)
            err = buf_put_varint(out, (uint64_t)times->marks[i].at_ms);
    }
    return err;
}

static int encode_sessions(const struct sessions *sessions, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < sessions->cap; i++)
        n += sessions->slots[i].seq != 0;
    int err = buf_put_varint(out, sessions->floor_rev);
    if (err == 0)
        err = buf_put_varint(out, n);
    for (size_t i = 0; err == 0 && i < sessions->cap; i++) {
        const struct session *s = &sessions->slots[i];
        if (s->seq == 0) /* free, or with nothing durable yet */
            continue;
        err = buf_put(out, s->user_id.bytes, sizeof s->user_id.bytes);
        if (err == 0)
            err = buf_put_varint(out, s->seq);
        if (err == 0)
            err = buf_put_varint(out, s->rev);
    }
    return err;
}

static int encode_text(const struct weft_text *text, struct buf *out)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    int err = buf_put_varint(out, weft_text_size(text).bytes);
    if (err == 0)
        err = weft_text_iter_at(text, 0, &it);
    while (err == 0 && weft_text_iter_next(&it, &chunk, &len))
        err = buf_put(out, chunk, len);
    return err;
}

int snapshot_encode(const struct snapshot *s, const struct sessions *sessions,
                    const struct room_meta *meta, const struct weft_text *text, struct buf *out)
{
    size_t from = out->len;
    int err = buf_put_u8(out, VERSION);
    if (err == 0)
        err = buf_put(out, s->epoch.bytes, sizeof s->epoch.bytes);
    if (err == 0)
        err = buf_put_varint(out, s->rev);
    if (err == 0)
        err = buf_put_u32(out, s->sum);
    if (err == 0)
        err = encode_times(&s->times, out);
    if (err == 0)
        err = encode_sessions(sessions, out);
    if (err == 0)
        err = meta_encode(meta, out);
    if (err == 0)
        err = encode_text(text, out);
    if (err == 0)
        err = buf_put_u32(out, crc32c(0, out->data + from, out->len - from));
    return err;
}

bool snapshot_follow(uint8_t *bytes, size_t len, const struct uuid *epoch)
{
    WEFT_ASSERT(len > 1 + sizeof epoch->bytes + CRC_BYTES);
    if (bytes[0] == VERSION_FIRST)
        return false;
    memcpy(bytes + 1, epoch->bytes, sizeof epoch->bytes);
    uint32_t crc = crc32c(0, bytes, len - CRC_BYTES);
    for (size_t i = 0; i < CRC_BYTES; i++)
        bytes[len - CRC_BYTES + i] = (uint8_t)(crc >> (8 * i));
    return true;
}
