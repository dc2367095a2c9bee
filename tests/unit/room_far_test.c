/* A room that has kept as many revisions as it may, and somebody who comes back 100,000 behind. The
 * model goes over them one by one, and writes into a flat text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "room/record.h"
#include "room/room.h"
#include "support/flat.h"
#include "support/rng.h"

enum { LOGGED = HISTORY_REVS_MAX, BEHIND = 100000, OWN = 10000, RUN = 200 };

static struct room *room;
static struct room_effects *fx;
static struct weft_op logged[LOGGED + 2]; /* [rev - 1] */
static uint64_t head;
static struct rng rng;

static const struct room_message *step(const struct room_event *event)
{
    room_effects_clear(fx);
    assert_int_equal(room_step(room, 0, event, fx), 0);
    size_t n = room_effects_count(fx);
    return n == 0 ? NULL : &room_effects_at(fx, n - 1)->message;
}

/* Runs of `run` letters, each somewhere, the last letter of it taken back. */
struct typist {
    size_t caret_cp, doc_cp, left, run;
};

static void type(struct typist *t, struct weft_op *ret)
{
    char letter = (char)('a' + rng_below(&rng, 26));
    weft_op_clear(ret);
    if (t->left == 0) {
        t->caret_cp = rng_below(&rng, t->doc_cp + 1);
        t->left = t->run;
    }
    t->left--;
    if (t->left == 0) {
        assert_int_equal(weft_op_retain(ret, --t->caret_cp), 0);
        assert_int_equal(weft_op_delete(ret, 1), 0);
        t->doc_cp--;
        return;
    }
    assert_int_equal(weft_op_retain(ret, t->caret_cp++), 0);
    assert_int_equal(weft_op_insert(ret, &letter, 1), 0);
    t->doc_cp++;
}

static void load(const struct uuid *epoch)
{
    struct buf b;
    char why[200];
    struct record r = {.sum = record_first_sum(epoch)};
    struct typist t = {.run = 30};
    buf_init(&b, weft_heap());
    for (head = 0; head < LOGGED;) {
        struct weft_op *op = &logged[head++];
        weft_op_init(op, weft_heap());
        type(&t, op);
        r = (struct record){.rev = head, .prev_sum = r.sum};
        buf_clear(&b);
        assert_int_equal(record_encode(&r, op, &b), 0);
        assert_int_equal(room_load_record(room, head, b.data, b.len, why, sizeof why), 0);
    }
    assert_int_equal(room_load_end(room, head, why, sizeof why), 0);
    buf_done(&b);
}

/* What a client that has the text of `rev` typed meanwhile, as one operation. */
static void away(uint64_t rev, struct weft_op *ret)
{
    static struct weft_op ops[OWN];
    static const struct weft_op *list[OWN];
    struct typist t = {.run = RUN};
    for (uint64_t i = 0; i < rev; i++)
        t.doc_cp += (size_t)weft_op_delta(&logged[i]);
    for (size_t i = 0; i < OWN; i++) {
        weft_op_init(&ops[i], weft_heap());
        type(&t, &ops[i]);
        list[i] = &ops[i];
    }
    assert_int_equal(weft_op_compose_all(list, OWN, ret), 0);
    for (size_t i = 0; i < OWN; i++)
        weft_op_done(&ops[i]);
}

static void flat_apply(struct flat *f, const struct weft_op *op)
{
    size_t n, len, at_cp = 0;
    const struct weft_part *parts = weft_op_parts(op, &n);
    const char *text = weft_op_text(op, &len);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].kind == WEFT_DELETE) {
            flat_delete(f, at_cp, parts[i].len_cp);
            continue;
        }
        if (parts[i].kind == WEFT_INSERT) {
            flat_insert(f, at_cp, text, parts[i].len_bytes);
            text += parts[i].len_bytes;
        }
        at_cp += parts[i].len_cp;
    }
}

static void read_text(struct flat *f)
{
    const struct weft_text *text = room_text(room);
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    flat_init(f);
    assert_int_equal(weft_text_iter_at(text, 0, &it), 0);
    while (weft_text_iter_next(&it, &chunk, &len))
        flat_insert(f, flat_measure(f, 0, f->len).cp, chunk, len);
}

static void come_back(uint64_t conn)
{
    struct weft_op own, next;
    struct flat f;
    weft_op_init(&own, weft_heap());
    weft_op_init(&next, weft_heap());
    away(head - BEHIND, &own);
    struct room_event ev = {.kind = ROOM_OPERATION, .conn = conn};
    ev.submission = (struct room_submission){.has_rev = true, .rev = head - BEHIND, .op = &own};
    assert_non_null(step(&ev));
    assert_int_equal(room_effects_at(fx, 0)->kind, ROOM_PERSIST);

    for (uint64_t rev = head - BEHIND + 1; rev <= head; rev++) {
        assert_int_equal(weft_op_transform(&own, &logged[rev - 1], WEFT_LEFT, &next), 0);
        struct weft_op was = own;
        own = next;
        next = was;
    }
    read_text(&f);
    flat_apply(&f, &own);
    ev = (struct room_event){.kind = ROOM_DURABLE, .durable_rev = head + 1};
    step(&ev);
    assert_true(weft_text_equal(room_text(room), f.bytes, f.len));
    logged[head++] = own;
    flat_done(&f);
    weft_op_done(&next);
}

static void who_is_100000_revisions_behind_is_merged(void **state)
{
    (void)state;
    const struct room_config config = {
        .document_bytes_max = 16 << 20, .people_max = 10, .message_bytes_max = 1 << 20};
    const struct uuid epoch = {{1}};
    struct room_event ev = {.kind = ROOM_JOIN, .conn = 1};
    rng = rng_of(rng_seed());
    assert_int_equal(room_new(weft_heap(), &config, &epoch, &room), 0);
    assert_int_equal(room_effects_new(weft_heap(), &fx), 0);
    load(&epoch);
    ev.join.user_id.bytes[0] = 1;
    ev.join.spare_id.bytes[0] = 2;
    step(&ev);
    assert_int_equal(room_info(room).base_rev, 0);
    come_back(1);

    /* That was one more than is kept: the oldest eighth has gone, and no more. */
    uint64_t base_rev = room_info(room).base_rev;
    assert_in_range(base_rev, 1, head - BEHIND);
    come_back(1);
    assert_int_equal(room_info(room).base_rev, base_rev);
    ev = (struct room_event){.kind = ROOM_OPERATION, .conn = 1};
    ev.submission =
        (struct room_submission){.has_rev = true, .rev = base_rev - 1, .op = &logged[0]};
    const struct room_message *said = step(&ev);
    assert_non_null(said);
    assert_int_equal(said->type, MESSAGE_ERROR);
    assert_int_equal(said->error.err, WEFT_EGONE);

    assert_true(room_check(room));
    room_effects_free(fx);
    room_free(room);
    for (uint64_t i = 0; i < head; i++)
        weft_op_done(&logged[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_100000_revisions_behind_is_merged),
    };
    return cmocka_run_group_tests_name("far behind", tests, NULL, NULL);
}
