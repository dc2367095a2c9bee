/* The history: whatever the range, the answer is that of going one revision at a time. The blocks are
 * compiled in, so that their transforms can be counted and their memory be bounded tightly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "room/history.h"
#include "support/faulty.h"
#include "support/gen.h"
#include "support/history_log.h"

static size_t transforms;

static int counted_transform(const struct weft_op *a, const struct weft_op *b, enum weft_side side,
                             struct weft_op *ret)
{
    transforms++;
    return weft_op_transform(a, b, side, ret);
}

static size_t bytes_max = (size_t)8 << 20;
static uint64_t singles_max = 0; /* so that all goes by operations, which are counted */

#define BLOCK_BYTES_MAX   bytes_max
#define APPLY_ALONE_MAX   40
#define SINGLES_MAX       singles_max
#define weft_op_transform counted_transform
#include "room/blocks.c"
#undef weft_op_transform

enum { REVS = 150, START_CP = 30 };

static struct rng rng;

/* The next revision: a random operation on what is there. */
static int grow(struct history *h)
{
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    gen_op(&rng, history_length_cp(h, history_head(h)), 3, &op);
    int err = history_log(h, &op);
    weft_op_done(&op);
    return err;
}

static void grow_to(struct history *h, uint64_t rev)
{
    while (history_head(h) < rev)
        assert_int_equal(grow(h), 0);
}

static void swap_in(struct weft_op *op, struct weft_op *next)
{
    struct weft_op old = *op;
    *op = *next;
    *next = old;
}

static void step_by_step(const struct history *h, struct weft_op *op, uint64_t from, uint64_t to,
                         bool compose)
{
    struct weft_op one, next;
    weft_op_init(&one, weft_heap());
    weft_op_init(&next, weft_heap());
    for (uint64_t rev = from + 1; rev <= to; rev++) {
        assert_int_equal(history_op(h, rev, &one), 0);
        if (compose)
            assert_int_equal(weft_op_compose(op, &one, &next), 0);
        else
            assert_int_equal(weft_op_transform(op, &one, WEFT_LEFT, &next), 0);
        swap_in(op, &next);
    }
    weft_op_done(&one);
    weft_op_done(&next);
}

static void expect_exact(struct history *h, uint64_t from, uint64_t to, uint64_t durable_rev)
{
    struct weft_op fast, slow;
    weft_op_init(&fast, weft_heap());
    weft_op_init(&slow, weft_heap());
    singles_max = rng_below(&rng, 3) * rng_below(&rng, REVS);
    gen_op(&rng, history_length_cp(h, from), rng_below(&rng, 2) != 0 ? 4 : 1, &fast);
    assert_int_equal(weft_op_copy(&slow, &fast), 0);
    assert_int_equal(history_transform(h, &fast, from, to, durable_rev), 0);
    step_by_step(h, &slow, from, to, false);
    assert_true(weft_op_equal(&fast, &slow));
    singles_max = 0;
    weft_op_clear(&slow);
    assert_int_equal(history_compose(h, from, to, durable_rev, &fast), 0);
    step_by_step(h, &slow, from, to, true);
    assert_true(weft_op_equal(&fast, &slow));
    weft_op_done(&fast);
    weft_op_done(&slow);
}

static void every_range_is_exact(void **state)
{
    (void)state;
    static const uint64_t bases[] = {0, 1, 15, 16, 17, 1000};
    rng = rng_of(rng_seed());
    for (size_t b = 0; b < sizeof bases / sizeof *bases; b++) {
        struct history h;
        history_init(&h, weft_heap(), bases[b], START_CP);
        grow_to(&h, bases[b] + REVS);
        assert_true(history_check(&h));
        for (uint64_t from = bases[b]; from <= bases[b] + REVS; from += 3)
            for (uint64_t to = from; to <= bases[b] + REVS; to += 1 + (to - from) / 4)
                expect_exact(&h, from, to, bases[b] + rng_below(&rng, REVS + 1));
        assert_true(history_check(&h));
        history_done(&h);
    }
}

static void expect_merged(struct history *h, uint64_t from, uint64_t to, uint64_t durable_rev)
{
    struct weft_op fast, slow;
    weft_op_init(&fast, weft_heap());
    weft_op_init(&slow, weft_heap());
    gen_op(&rng, history_length_cp(h, from), 4, &fast);
    assert_int_equal(weft_op_copy(&slow, &fast), 0);
    transforms = 0;
    assert_int_equal(history_transform(h, &fast, from, to, durable_rev), 0);
    uint64_t alone = to - (from > durable_rev ? from : durable_rev);
    assert_true(transforms >= alone && transforms <= to - from);
    step_by_step(h, &slow, from, to, false);
    assert_true(weft_op_equal(&fast, &slow));
    weft_op_done(&fast);
    weft_op_done(&slow);
}

/* Each distance, not a sample of them, and each around a power of two further up; with all on disk,
 * with nothing, and with some. */
static void every_distance_is_exact(void **state)
{
    (void)state;
    enum { BASE = 3, NEAR = 640, FAR = 16500 };
    static const uint64_t pending[] = {0, 1, 16, 37, 300, NEAR};
    rng = rng_of(rng_seed());
    struct history h;
    history_init(&h, weft_heap(), BASE, START_CP);
    grow_to(&h, BASE + NEAR);
    for (size_t i = 0; i < sizeof pending / sizeof *pending; i++)
        for (uint64_t behind = 0; behind <= NEAR; behind++)
            expect_merged(&h, BASE + NEAR - behind, BASE + NEAR, BASE + NEAR - pending[i]);
    grow_to(&h, BASE + FAR);
    for (uint64_t power = 1024; power < FAR; power *= 2)
        for (uint64_t behind = power - 1; behind <= power + 1; behind++)
            for (size_t i = 0; i < sizeof pending / sizeof *pending; i++)
                expect_merged(&h, BASE + FAR - behind, BASE + FAR, BASE + FAR - pending[i]);
    history_done(&h);
}

static void expect_text(struct history *h, const struct weft_text *base, uint64_t from, uint64_t to,
                        uint64_t durable_rev, const struct weft_text *expected)
{
    struct weft_text *text;
    size_t len = weft_text_size(expected).bytes;
    char *bytes = malloc(len + 1);
    assert_non_null(bytes);
    assert_int_equal(weft_text_copy(expected, 0, weft_text_size(expected).cp, bytes, len, &len), 0);
    assert_int_equal(weft_text_clone(base, &text), 0);
    assert_int_equal(history_apply(h, from, to, durable_rev, text), 0);
    assert_true(weft_text_equal(text, bytes, len));
    weft_text_free(text);
    free(bytes);
}

/* Played in ranges, the text of each revision is what one revision at a time makes of it. */
static void every_text_is_exact(void **state)
{
    (void)state;
    enum { MOST = 600 };
    static const char start[] = "the thirty code points of this";
    _Static_assert(sizeof start - 1 == START_CP, "the text that the history starts from");
    rng = rng_of(rng_seed());
    struct history h;
    struct weft_op op;
    struct weft_text *first, *near, *slow;
    weft_op_init(&op, weft_heap());
    history_init(&h, weft_heap(), 0, START_CP);
    grow_to(&h, MOST);
    assert_int_equal(weft_text_from(weft_heap(), start, START_CP, &first), 0);
    assert_int_equal(weft_text_clone(first, &slow), 0);
    assert_int_equal(weft_text_clone(first, &near), 0);
    uint64_t near_rev = 0;
    for (uint64_t rev = 1; rev <= MOST; rev++) {
        assert_int_equal(history_op(&h, rev, &op), 0);
        assert_int_equal(weft_op_apply(&op, slow), 0);
        expect_text(&h, first, 0, rev, MOST, slow);
        expect_text(&h, near, near_rev, rev, rng_below(&rng, MOST + 1), slow);
        if (rng_chance(&rng, 3)) {
            weft_text_free(near);
            assert_int_equal(weft_text_clone(slow, &near), 0);
            near_rev = rev;
        }
    }
    weft_text_free(first);
    weft_text_free(near);
    weft_text_free(slow);
    weft_op_done(&op);
    history_done(&h);
}

/* Two blocks a level at most, and the ends that are smaller than the smallest block one by one. */
static void merging_takes_few_transforms(void **state)
{
    (void)state;
    enum { MOST = 5000, ENDS = 2 * 15 };
    struct history h;
    struct weft_op op;
    rng = rng_of(rng_seed());
    weft_op_init(&op, weft_heap());
    history_init(&h, weft_heap(), 0, START_CP);
    grow_to(&h, MOST);
    for (uint64_t behind = 1; behind <= MOST; behind += 1 + behind / 40) {
        uint64_t to = MOST - rng_below(&rng, (size_t)(MOST - behind + 1));
        size_t log2 = 0;
        while ((uint64_t)1 << log2 < behind)
            log2++;
        gen_op(&rng, history_length_cp(&h, to - behind), 3, &op);
        transforms = 0;
        assert_int_equal(history_transform(&h, &op, to - behind, to, MOST), 0);
        assert_true(transforms > 0);
        assert_true(transforms <= ENDS + 2 * log2);
    }
    /* From a revision that many blocks end at, it is one for each level. */
    gen_op(&rng, history_length_cp(&h, 0), 3, &op);
    transforms = 0;
    assert_int_equal(history_transform(&h, &op, 0, 4096 + 512 + 16, MOST), 0);
    assert_int_equal(transforms, 3);
    weft_op_done(&op);
    history_done(&h);
}

/* Past their bound the blocks are dropped and made again: never more memory, the same answers. */
static void blocks_keep_within_their_bound(void **state)
{
    (void)state;
    static const size_t bounds[] = {0, 100, 1000, 20000};
    const size_t usual = bytes_max;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct history h;
        bool dropped = false;
        rng = rng_of(rng_seed());
        history_init(&h, weft_heap(), 0, START_CP);
        grow_to(&h, 600);
        bytes_max = bounds[i];
        for (uint64_t from = 0; from < 600; from += 37) {
            size_t before = h.n_blocks;
            expect_exact(&h, from, 600, 600);
            assert_true(h.block_bytes <= bounds[i]);
            dropped |= h.n_blocks < before;
        }
        if (bounds[i] == 0)
            assert_int_equal(h.n_blocks, 0);
        if (bounds[i] == 1000)
            assert_true(dropped);
        if (bounds[i] == 20000)
            assert_true(!dropped && h.n_blocks > 37);
        bytes_max = usual;
        history_done(&h);
    }
}

/* The check itself: each thing that may be wrong is seen. */
static void check_finds_what_is_broken(void **state)
{
    (void)state;
    rng = rng_of(rng_seed());
    struct history h;
    history_init(&h, weft_heap(), 5, START_CP);
    grow_to(&h, 9);
    struct history_entry *e = history_at(&h, 8);
    const struct history_entry good = *e;
#define BROKEN(what)                                                                               \
    do {                                                                                           \
        what;                                                                                      \
        assert_false(history_check(&h));                                                           \
        *e = good;                                                                                 \
    } while (0)
    BROKEN(e->length_cp++);
    BROKEN(e->op_at++);
    BROKEN(*e = *history_at(&h, 7));
    BROKEN(e->len--);
    BROKEN(e->record--);
    BROKEN(e->has_meta = true);
#undef BROKEN
    struct history_records *newest = h.newest;
    h.newest = NULL;
    assert_false(history_check(&h));
    h.newest = newest;
    uint8_t *last = (uint8_t *)(uintptr_t)&good.record[good.len - 1];
    *last ^= 1;
    assert_false(history_check(&h));
    *last ^= 1;
    h.bytes++;
    assert_false(history_check(&h));
    h.bytes--;
    size_t cap = h.cap;
    h.cap = h.n - 1;
    assert_false(history_check(&h));
    h.cap = cap;
    assert_true(history_check(&h));
    history_done(&h);
}

/* What is not durable may be cut and become something else: it must not be remembered composed. */
static void what_was_cut_is_forgotten(void **state)
{
    (void)state;
    rng = rng_of(rng_seed());
    struct history h;
    history_init(&h, weft_heap(), 0, START_CP);
    for (uint64_t durable_rev = 0; durable_rev < 200;) {
        grow_to(&h, durable_rev + 40);
        expect_exact(&h, durable_rev / 2, durable_rev + 40, durable_rev);
        expect_exact(&h, 0, durable_rev + 40, durable_rev);
        history_cut(&h, durable_rev);
        assert_true(history_check(&h));
        grow_to(&h, durable_rev + 40); /* something else */
        expect_exact(&h, 0, durable_rev + 40, durable_rev);
        durable_rev += rng_below(&rng, 41);
        expect_exact(&h, 0, durable_rev, durable_rev);
        history_cut(&h, durable_rev);
    }
    history_done(&h);
}

static void the_old_end_goes(void **state)
{
    (void)state;
    rng = rng_of(rng_seed());
    struct history h;
    history_init(&h, weft_heap(), 0, START_CP);
    for (int i = 0; i < 30; i++) {
        grow_to(&h, history_head(&h) + rng_between(&rng, 1, 60));
        uint64_t head = history_head(&h);
        expect_exact(&h, h.base_rev, head, head);
        uint64_t keep = h.base_rev + rng_below(&rng, h.n + 1);
        uint32_t length_cp = history_length_cp(&h, keep);
        history_trim(&h, keep);
        assert_int_equal(h.base_rev, keep);
        assert_int_equal(history_length_cp(&h, keep), length_cp);
        assert_int_equal(history_head(&h), head);
        assert_true(history_check(&h));
        expect_exact(&h, keep, head, head);
    }
    history_trim(&h, history_head(&h));
    assert_int_equal(h.bytes, 0);
    grow_to(&h, history_head(&h) + 1);
    assert_true(history_check(&h));
    history_done(&h);
}

/* A record that was to come and did not leaves its place to the next, or none at all. */
static void a_place_that_was_not_used_goes(void **state)
{
    (void)state;
    struct faulty f;
    struct history h;
    rng = rng_of(rng_seed());
    faulty_init(&f, -1);
    history_init(&h, &f.alloc, 0, START_CP);
    assert_non_null(history_reserve(&h, 100000)); /* the very first */
    assert_true(history_check(&h));
    grow_to(&h, 20);
    assert_non_null(history_reserve(&h, 200000));
    assert_true(history_check(&h));
    history_cut(&h, 10);
    assert_true(history_check(&h));
    assert_non_null(history_reserve(&h, 200000));
    history_trim(&h, 10);
    assert_int_equal(h.bytes, 0);
    assert_true(history_check(&h));
    size_t blocks = f.live_blocks;
    assert_non_null(history_reserve(&h, 300000)); /* in place of the other */
    assert_int_equal(f.live_blocks, blocks);
    grow_to(&h, 300);
    expect_exact(&h, 10, 300, 300);
    history_trim(&h, 300);
    assert_true(history_check(&h));
    blocks = f.live_blocks;
    for (uint64_t rev = 301; rev < 900; rev += 7) { /* what goes is used again */
        grow_to(&h, rev);
        history_trim(&h, rev);
        assert_true(history_check(&h));
    }
    assert_int_equal(f.live_blocks, blocks);
    history_done(&h);
    assert_int_equal(f.live_blocks, 0);
}

/* A block that cannot be kept is no failure; anything else that fails leaves all as it was. */
static void without_memory_nothing_changes(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct faulty f;
        struct history h;
        struct weft_op op, before;
        rng = rng_of(rng_seed());
        faulty_init(&f, -1);
        history_init(&h, &f.alloc, 0, START_CP);
        weft_op_init(&op, weft_heap());
        weft_op_init(&before, weft_heap());
        grow_to(&h, 70);
        gen_op(&rng, START_CP, 4, &op);
        assert_int_equal(weft_op_copy(&before, &op), 0);
        f.fail_at = f.requests + n;
        int err = history_transform(&h, &op, 0, 70, 70);
        if (err != 0) {
            assert_int_equal(err, WEFT_ENOMEM);
            assert_true(weft_op_equal(&op, &before));
        }
        int composed = history_compose(&h, 3, 69, 70, &op);
        int grown = grow(&h);
        bool over = f.requests <= f.fail_at;
        f.fail_at = -1;
        assert_true(history_check(&h));
        expect_exact(&h, 0, 70, 70);
        assert_int_equal(history_head(&h), grown == 0 ? 71 : 70);
        if (over)
            assert_true(err == 0 && composed == 0 && grown == 0);
        weft_op_done(&op);
        weft_op_done(&before);
        history_done(&h);
        assert_int_equal(f.live_blocks, 0);
        if (over)
            break;
    }
}

/* What a merge composed is there for the next one, and nothing is composed twice. */
static void what_was_composed_is_kept(void **state)
{
    (void)state;
    struct history h;
    rng = rng_of(rng_seed());
    history_init(&h, weft_heap(), 0, START_CP);
    grow_to(&h, REVS);
    expect_exact(&h, 0, REVS, REVS);
    size_t kept = h.n_blocks;
    assert_true(kept > 0);
    expect_exact(&h, 0, REVS, REVS);
    assert_int_equal(h.n_blocks, kept);
    history_done(&h);
}

/* A revision that inserts len_bytes at the start. */
static void push_large(struct history *h, size_t len_bytes)
{
    struct weft_op op;
    char *text = malloc(len_bytes);
    assert_non_null(text);
    memset(text, 'x', len_bytes);
    weft_op_init(&op, weft_heap());
    assert_int_equal(weft_op_insert(&op, text, len_bytes), 0);
    assert_int_equal(history_log(h, &op), 0);
    weft_op_done(&op);
    free(text);
}

/* Blocks of large revisions would weigh as much as the log: past the bound they go, and what is too
 * large for one block is never kept. Either way they are made again when they are needed. */
static void blocks_stay_within_their_memory(void **state)
{
    (void)state;
    enum { LARGE_REVS = 160, LARGE_BYTES = 100 * 1000, KEPT_BYTES_MAX = 8 << 20 };
    struct history h;
    size_t most = 0;
    bool dropped = false;
    rng = rng_of(rng_seed());
    history_init(&h, weft_heap(), 0, START_CP);
    for (uint64_t rev = 1; rev <= LARGE_REVS; rev++) {
        push_large(&h, LARGE_BYTES);
        if (rev % 16 != 0)
            continue;
        struct weft_op op;
        weft_op_init(&op, weft_heap());
        size_t before = h.block_bytes;
        uint64_t from = rev % 32 == 0 ? rev - 32 : rev - 16;
        assert_int_equal(history_compose(&h, from, rev, rev, &op), 0);
        weft_op_done(&op);
        assert_true(h.block_bytes <= KEPT_BYTES_MAX);
        assert_true(h.block_bytes <= h.n_blocks * (KEPT_BYTES_MAX / 4));
        assert_true(history_check(&h));
        most = h.block_bytes > most ? h.block_bytes : most;
        dropped |= h.block_bytes < before;
    }
    assert_true(most > KEPT_BYTES_MAX / 2);
    assert_true(dropped);
    expect_exact(&h, LARGE_REVS - 37, LARGE_REVS, LARGE_REVS);
    history_done(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_range_is_exact),
        cmocka_unit_test(every_distance_is_exact),
        cmocka_unit_test(every_text_is_exact),
        cmocka_unit_test(merging_takes_few_transforms),
        cmocka_unit_test(blocks_keep_within_their_bound),
        cmocka_unit_test(check_finds_what_is_broken),
        cmocka_unit_test(what_was_cut_is_forgotten),
        cmocka_unit_test(the_old_end_goes),
        cmocka_unit_test(a_place_that_was_not_used_goes),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(what_was_composed_is_kept),
        cmocka_unit_test(blocks_stay_within_their_memory),
    };
    return cmocka_run_group_tests_name("the history", tests, NULL, NULL);
}
