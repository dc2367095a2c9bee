/* Spare nodes, and how many are enough: see text/node.h.
 *
 * weft_text_reserve(inserts, bytes) promises that insertions take nodes from the spare ones alone,
 * whatever deletions come between. Two bounds prove it; the smaller one is set aside.
 *
 * By events. One insertion of b bytes into a leaf of u <= LEAF_CAP bytes makes of it at most
 * ceil((u + b) / LEAF_PIECE) leaves (edit.c), so at most 1 + (b + 4) / LEAF_PIECE new ones. In all:
 *
 *     new leaves <= inserts + (bytes + 4 * inserts) / LEAF_PIECE                              (1)
 *
 * Each of them takes at most one inner node on each level, and one for a new root: at most as many
 * as the tree then has levels. A deletion only adds to the spare nodes. So (1) leaves, and (1)
 * times the greatest height inner nodes, are enough.
 *
 * By room. The text never has more than total.bytes + bytes bytes, every leaf but the last
 * has LEAF_MIN of them, so there are never more than
 *
 *     leaves <= (total.bytes + bytes) / LEAF_MIN + 1                                          (2)
 *
 * and above n nodes of one level never more than max(1, n / INNER_MIN). Nodes in the tree and spare
 * ones are together constant as long as none is given back, which holds while a reservation is open
 * (pool_put_*), and a node is taken only for the tree. So what (2) exceeds the tree by is enough.
 *
 * For 100,000 insertions into a small text (2) is the smaller one.
 *
 * One small insertion, which is what a keystroke reserves each time, is decided by comparisons: none
 * where the text is one leaf that has room by (2), else one leaf, and an inner node for each level
 * below a root that has room for a child, or for each level and one above. A deletion before it does
 * not add to the root's children. It may take k >= 1 levels away, and leaves those k roots spare:
 * then height - k + 1 are enough, and height - 1 + k are there. */
#include "base/assert.h"
#include "base/pure.h"
#include "text/node.h"

static void drop_leaf(struct weft_text *t)
{
    struct leaf *l = t->spare_leaf;
    t->spare_leaf = l->next;
    t->spare_leaves--;
    weft_release(t->alloc, l, sizeof *l);
}

static void drop_inner(struct weft_text *t)
{
    struct inner *n = t->spare_inner;
    t->spare_inner = n->next;
    t->spare_inners--;
    weft_release(t->alloc, n, sizeof *n);
}

void pool_trim(struct weft_text *t, size_t leaves, size_t inners)
{
    while (t->spare_leaves > leaves)
        drop_leaf(t);
    while (t->spare_inners > inners)
        drop_inner(t);
}

int pool_fill(struct weft_text *t, size_t leaves, size_t inners)
{
    size_t leaves_before = t->spare_leaves;
    size_t inners_before = t->spare_inners;
    while (t->spare_leaves < leaves) {
        struct leaf *l = weft_resize(t->alloc, NULL, 0, sizeof *l);
        if (l == NULL)
            goto nomem;
        l->next = t->spare_leaf;
        t->spare_leaf = l;
        t->spare_leaves++;
    }
    while (t->spare_inners < inners) {
        struct inner *n = weft_resize(t->alloc, NULL, 0, sizeof *n);
        if (n == NULL)
            goto nomem;
        n->next = t->spare_inner;
        t->spare_inner = n;
        t->spare_inners++;
    }
    return 0;
nomem:
    pool_trim(t, leaves_before, inners_before);
    return WEFT_ENOMEM;
}

struct leaf *pool_leaf(struct weft_text *t)
{
    struct leaf *l = t->spare_leaf;
    WEFT_ASSERT(l != NULL);
    t->spare_leaf = l->next;
    t->spare_leaves--;
    t->leaves++;
    l->next = NULL;
    leaf_empty(l);
    return l;
}

struct inner *pool_inner(struct weft_text *t)
{
    struct inner *n = t->spare_inner;
    WEFT_ASSERT(n != NULL);
    t->spare_inner = n->next;
    t->spare_inners--;
    t->inners++;
    n->count = 0;
    return n;
}

void pool_put_leaf(struct weft_text *t, struct leaf *l)
{
    l->next = t->spare_leaf;
    t->spare_leaf = l;
    t->spare_leaves++;
    t->leaves--;
    if (t->held_inserts == 0 && t->spare_leaves > SPARE_KEEP)
        drop_leaf(t);
}

void pool_put_inner(struct weft_text *t, struct inner *n)
{
    n->next = t->spare_inner;
    t->spare_inner = n;
    t->spare_inners++;
    t->inners--;
    if (t->held_inserts == 0 && t->spare_inners > SPARE_KEEP)
        drop_inner(t);
}

/* The most inner nodes over so many leaves, and the most levels of them. */
static size_t inners_max(size_t leaves, size_t *ret_height)
{
    size_t total = 0;
    size_t height = 0;
    size_t level = leaves;
    do {
        level /= INNER_MIN;
        if (level == 0)
            level = 1;
        total += level;
        height++;
    } while (level > 1);
    *ret_height = height;
    return total;
}

void pool_need(const struct weft_text *t, size_t inserts, size_t bytes, size_t *ret_leaves,
               size_t *ret_inners)
{
    if (inserts == 1 && bytes + 4 < LEAF_PIECE) {
        bool fits = count_bytes(&t->total) + bytes < LEAF_MIN;
        bool splits_root = t->root->count == INNER_CAP;
        *ret_leaves = !fits;
        *ret_inners = fits ? 0 : splits_root ? t->height + 1 : t->height - 1;
        return;
    }
    if (inserts > bytes)
        inserts = bytes; /* an empty insertion takes nothing */
    size_t events = inserts + (bytes + 4 * inserts) / LEAF_PIECE;        /* (1) */
    size_t leaves_max = (count_bytes(&t->total) + bytes) / LEAF_MIN + 1; /* (2) */
    WEFT_ASSERT(leaves_max >= t->leaves);
    if (leaves_max > t->leaves + events)
        leaves_max = t->leaves + events;
    size_t height_max;
    size_t room = inners_max(leaves_max, &height_max);
    WEFT_ASSERT(room >= t->inners);
    room -= t->inners;
    *ret_leaves = leaves_max - t->leaves;
    *ret_inners = events <= room / height_max ? events * height_max : room;
}

size_t pool_build_inners(size_t leaves)
{
    size_t total = 0;
    do {
        leaves = (leaves + INNER_CAP - 1) / INNER_CAP;
        total += leaves;
    } while (leaves > 1);
    return total;
}
