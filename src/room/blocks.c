#include "room/blocks.h"

#include "base/assert.h"
#include "base/pure.h"
#include "ot/compose.h"
#include "ot/peek.h"

enum {
    BLOCK_LEVEL_MIN = 4,  /* 16 revisions: below, composing costs less than finding */
    BLOCK_LEVEL_MAX = 16, /* 65,536 revisions: one or two such reach over all that is ever kept */
    BLOCKS_CAP_FIRST = 16,
    /* A stretch smaller than a block is composed from decoded operations on the stack. */
    STRETCH_MAX = 1 << BLOCK_LEVEL_MIN,
};

/* Composed blocks of a history of 16 MiB: about as much again a level, but composing typed text melts
 * thousands of operations into few parts. Past this they are made again. A test sets a smaller one. */
#ifndef BLOCK_BYTES_MAX
#define BLOCK_BYTES_MAX ((size_t)8 << 20)
#endif

/* So many revisions are applied to a text one by one, at 20 to 80 ns each: composing them first costs
 * four times that, and what is kept of it saves less than 0.1 ms the next time. */
#ifndef APPLY_ALONE_MAX
#define APPLY_ALONE_MAX 2048
#endif

/* What is nearly always merged is one edit, over a few revisions that are one edit each. So many are
 * passed as numbers read from the records, at 3 to 6 ns each: with blocks it would cost more where
 * people write in many places, since nothing melts there. 0: never. */
#ifndef SINGLES_MAX
#define SINGLES_MAX 1024
#endif

struct history_block {
    struct history_block *next;
    uint64_t index;
    uint32_t level;
    uint32_t len;
    uint8_t op[];
};

void blocks_done(struct history *h)
{
    for (size_t i = 0; i < h->cap_blocks; i++) {
        while (h->blocks[i] != NULL) {
            struct history_block *b = h->blocks[i];
            h->blocks[i] = b->next;
            weft_release(h->alloc, b, sizeof *b + b->len);
        }
    }
    weft_release(h->alloc, h->blocks, h->cap_blocks * sizeof *h->blocks);
    h->blocks = NULL;
    h->n_blocks = 0;
    h->cap_blocks = 0;
    h->block_bytes = 0;
}

void blocks_trim(struct history *h)
{
    for (size_t i = 0; i < h->cap_blocks; i++) {
        struct history_block **at = &h->blocks[i];
        while (*at != NULL) {
            struct history_block *b = *at;
            if (b->index << b->level >= h->base_rev) {
                at = &b->next;
                continue;
            }
            *at = b->next;
            h->n_blocks--;
            h->block_bytes -= sizeof *b + b->len;
            weft_release(h->alloc, b, sizeof *b + b->len);
        }
    }
}

static size_t block_slot(size_t cap, uint32_t level, uint64_t index)
{
    return (size_t)((index * 0x9e3779b97f4a7c15u + level * 0x85ebca6bu) >> 20) & (cap - 1);
}

static struct history_block *block_find(const struct history *h, uint32_t level, uint64_t index)
{
    if (h->cap_blocks == 0)
        return NULL;
    struct history_block *b = h->blocks[block_slot(h->cap_blocks, level, index)];
    while (b != NULL && (b->level != level || b->index != index))
        b = b->next;
    return b;
}

static int blocks_grow(struct history *h)
{
    size_t cap = h->cap_blocks != 0 ? h->cap_blocks * 2 : BLOCKS_CAP_FIRST;
    struct history_block **slots = weft_resize(h->alloc, NULL, 0, cap * sizeof *slots);
    if (slots == NULL)
        return WEFT_ENOMEM;
    for (size_t i = 0; i < cap; i++)
        slots[i] = NULL;
    for (size_t i = 0; i < h->cap_blocks; i++) {
        for (struct history_block *b = h->blocks[i], *next; b != NULL; b = next) {
            next = b->next;
            size_t slot = block_slot(cap, b->level, b->index);
            b->next = slots[slot];
            slots[slot] = b;
        }
    }
    weft_release(h->alloc, h->blocks, h->cap_blocks * sizeof *h->blocks);
    h->blocks = slots;
    h->cap_blocks = cap;
    return 0;
}

/* Keeps a composed block if it can: one that cannot be kept is merely made again. */
static void block_keep(struct history *h, uint32_t level, uint64_t index, const struct weft_op *op)
{
    size_t len = weft_op_encoded_size(op);
    size_t size = sizeof(struct history_block) + len;
    if (size > BLOCK_BYTES_MAX / 4)
        return;
    if (h->block_bytes + size > BLOCK_BYTES_MAX)
        blocks_done(h);
    if (h->n_blocks >= h->cap_blocks && blocks_grow(h) != 0)
        return;
    struct history_block *b = weft_resize(h->alloc, NULL, 0, size);
    if (b == NULL)
        return;
    *b = (struct history_block){.index = index, .level = level, .len = (uint32_t)len};
    weft_op_encode(op, b->op);
    size_t slot = block_slot(h->cap_blocks, level, index);
    b->next = h->blocks[slot];
    h->blocks[slot] = b;
    h->n_blocks++;
    h->block_bytes += size;
}

/* Revisions from+1 .. to, at most STRETCH_MAX of them, as one. */
static int compose_stretch(const struct history *h, uint64_t from, uint64_t to, struct weft_op *ret)
{
    struct weft_op ops[STRETCH_MAX];
    const struct weft_op *list[STRETCH_MAX] = {NULL};
    size_t n = 0;
    int err = 0;
    WEFT_ASSERT(to - from <= STRETCH_MAX);
    for (uint64_t rev = from + 1; err == 0 && rev <= to; rev++) {
        weft_op_init(&ops[n], h->alloc);
        list[n] = &ops[n];
        err = history_op(h, rev, &ops[n++]);
        if (err != 0 || n == 1)
            continue;
        /* Runs of typing are one operation at once; that is no left fold, as nothing is copied. */
        int melted = op_compose_onto(&ops[n - 2], &ops[n - 1]);
        if (melted < 0)
            err = melted;
        else if (melted > 0)
            weft_op_done(&ops[--n]);
    }
    if (err == 0)
        err = weft_op_compose_all(list, n, ret);
    for (size_t i = 0; i < n; i++)
        weft_op_done(&ops[i]);
    return err;
}

static int compose_two(const struct weft_op *a, const struct weft_op *b, struct weft_op *ret)
{
    const struct weft_op *list[2] = {a, b};
    return weft_op_compose_all(list, 2, ret);
}

/* One block into ret, kept on the way. The halves are at most BLOCK_LEVEL_MAX deep. */
static int block_op(struct history *h, uint32_t level, uint64_t index, struct weft_op *ret)
{
    WEFT_ASSERT(level >= BLOCK_LEVEL_MIN);
    WEFT_ASSERT(level <= BLOCK_LEVEL_MAX);
    const struct history_block *b = block_find(h, level, index);
    if (b != NULL)
        return weft_op_decode(b->op, b->len, ret);
    int err;
    if (level == BLOCK_LEVEL_MIN) {
        err = compose_stretch(h, index << level, (index + 1) << level, ret);
    } else {
        struct weft_op halves[2];
        weft_op_init(&halves[0], h->alloc);
        weft_op_init(&halves[1], h->alloc);
        err = block_op(h, level - 1, index * 2, &halves[0]);
        if (err == 0)
            err = block_op(h, level - 1, index * 2 + 1, &halves[1]);
        if (err == 0)
            err = compose_two(&halves[0], &halves[1], ret);
        weft_op_done(&halves[0]);
        weft_op_done(&halves[1]);
    }
    if (err == 0)
        block_keep(h, level, index, ret);
    return err;
}

/* The largest step from `from` that does not pass `to`: a whole block of durable revisions, or a
 * stretch up to the next place where a block could start. Returns where it ends. */
static uint64_t next_step(uint64_t from, uint64_t to, uint64_t durable_rev, uint32_t *ret_level)
{
    uint64_t bound = to < durable_rev ? to : durable_rev;
    for (uint32_t level = BLOCK_LEVEL_MAX; level >= BLOCK_LEVEL_MIN; level--) {
        uint64_t size = (uint64_t)1 << level;
        if ((from & (size - 1)) == 0 && from + size <= bound) {
            *ret_level = level;
            return from + size;
        }
    }
    *ret_level = 0;
    uint64_t end = (from | (STRETCH_MAX - 1)) + 1;
    return end < to ? end : to;
}

static int step_op(struct history *h, uint64_t from, uint64_t end, uint32_t level,
                   struct weft_op *ret)
{
    if (level != 0)
        return block_op(h, level, from >> level, ret);
    return compose_stretch(h, from, end, ret);
}

/* What is done with one operation that stands for some of a range's revisions. */
typedef int (*visit_fn)(void *ctx, const struct weft_op *op);

/* from+1 .. to in their order: a block at once; the short stretches at the two ends one by one, which
 * for a single operation is cheaper than composing them first. */
static int each_step(struct history *h, uint64_t from, uint64_t to, uint64_t durable_rev,
                     visit_fn visit, void *ctx)
{
    struct weft_op op;
    weft_op_init(&op, h->alloc);
    int err = 0;
    while (err == 0 && from < to) {
        uint32_t level;
        uint64_t end = next_step(from, to, durable_rev, &level);
        if (level != 0) {
            err = block_op(h, level, from >> level, &op);
            from = end;
        } else {
            err = history_op(h, ++from, &op);
        }
        if (err == 0)
            err = visit(ctx, &op);
    }
    weft_op_done(&op);
    return err;
}

/* An operation on its way, and where the next step puts it: the two take turns. */
struct moving {
    struct weft_op *at, *next;
};

static int move_over(void *ctx, const struct weft_op *over)
{
    struct moving *m = ctx;
    int err = weft_op_transform(m->at, over, WEFT_LEFT, m->next);
    if (err != 0)
        return err;
    struct weft_op *was = m->at;
    m->at = m->next;
    m->next = was;
    return 0;
}

/* One edit over revisions from+1 .. to that are one edit each. Returns the revision it came to: the
 * next is something else, or makes something else of it. */
static uint64_t pass_singles(const struct history *h, struct weft_op *op, uint64_t from,
                             uint64_t to)
{
    struct single x = single_of(op);
    uint32_t length_cp = history_length_cp(h, from);
    WEFT_ASSERT(to <= history_head(h)); /* so history_at() need not look each time */
    for (; from < to; from++) {
        const struct history_entry *e = &h->entries[(from + 1) & (h->cap - 1)];
        struct single y, next;
        if (!peek_single(e->record + e->op_at, e->len - e->op_at, (int64_t)e->length_cp - length_cp,
                         &y) ||
            !single_over(x, y, WEFT_LEFT, &next) || !single_fits(next))
            break;
        x = next;
        length_cp = e->length_cp;
    }
    single_put(op, x, op->text_len_);
    return from;
}

static int pass_all(struct history *h, struct moving *m, uint64_t from, uint64_t to,
                    uint64_t durable_rev)
{
    int err = 0;
    while (err == 0 && from < to) {
        uint32_t level;
        uint64_t end = next_step(from, to, durable_rev, &level);
        bool single = SINGLES_MAX != 0 && op_is_single(m->at);
        if (single && to - from <= SINGLES_MAX) {
            level = 0;
            end = to;
        }
        if (single && level == 0)
            from = pass_singles(h, m->at, from, end);
        if (from < end) {
            end = level != 0 ? end : from + 1;
            err = each_step(h, from, end, durable_rev, move_over, m);
            from = end;
        }
    }
    return err;
}

int history_transform(struct history *h, struct weft_op *op, uint64_t from, uint64_t to,
                      uint64_t durable_rev)
{
    if (from == to)
        return 0; /* the usual case: nothing unseen */
    struct weft_op turns[2];
    struct moving m = {.at = &turns[0], .next = &turns[1]};
    weft_op_init(&turns[0], h->alloc);
    weft_op_init(&turns[1], h->alloc);
    int err = weft_op_copy(m.at, op);
    if (err == 0)
        err = pass_all(h, &m, from, to, durable_rev);
    if (err == 0) {
        struct weft_op swap = *op;
        *op = *m.at;
        *m.at = swap;
    }
    weft_op_done(&turns[0]);
    weft_op_done(&turns[1]);
    return err;
}

static int apply_to(void *ctx, const struct weft_op *op)
{
    return weft_op_apply(op, ctx);
}

int history_apply(struct history *h, uint64_t from, uint64_t to, uint64_t durable_rev,
                  struct weft_text *text)
{
    if (to - from <= APPLY_ALONE_MAX)
        durable_rev = from; /* no blocks */
    int err = each_step(h, from, to, durable_rev, apply_to, text);
    WEFT_ASSERT(err == 0 || err == WEFT_ENOMEM);
    return err;
}

int history_compose(struct history *h, uint64_t from, uint64_t to, uint64_t durable_rev,
                    struct weft_op *ret)
{
    /* Steps are few (about two a level) unless most are short stretches at the start and the end of
     * what is not durable; PENDING_REVS_MAX bounds those. Folded left over blocks that is still
     * O(total log): each block is itself balanced. */
    struct weft_op sum, step, next;
    weft_op_init(&sum, h->alloc);
    weft_op_init(&step, h->alloc);
    weft_op_init(&next, h->alloc);
    int err = 0;
    while (err == 0 && from < to) {
        uint32_t level;
        uint64_t end = next_step(from, to, durable_rev, &level);
        err = step_op(h, from, end, level, &step);
        if (err == 0)
            err = weft_op_compose(&sum, &step, &next);
        struct weft_op swap = sum;
        sum = next;
        next = swap;
        from = end;
    }
    if (err == 0)
        err = weft_op_copy(ret, &sum);
    weft_op_done(&sum);
    weft_op_done(&step);
    weft_op_done(&next);
    return err;
}
