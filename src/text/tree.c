/* The tree above the leaves: going down, adding a leaf, repairing what got too small. See
 * text/node.h. Everything here is bounded by the height; nothing recurses and nothing allocates. */
#include "base/assert.h"
#include "base/pure.h"
#include "base/utf8.h"
#include "text/node.h"

static void sum_set(struct inner *n, size_t i, const struct count *c)
{
    n->sum[UNIT_CP][i] = c->cp;
    n->sum[UNIT_LINES][i] = c->lines;
    n->sum[UNIT_WIDE][i] = c->wide;
    n->sum[UNIT_MORE][i] = c->more;
}

static void sum_add(struct inner *n, size_t i, const struct count *c)
{
    n->sum[UNIT_CP][i] += c->cp;
    n->sum[UNIT_LINES][i] += c->lines;
    n->sum[UNIT_WIDE][i] += c->wide;
    n->sum[UNIT_MORE][i] += c->more;
}

struct count inner_total(const struct inner *n)
{
    struct count total = {0};
    for (size_t i = 0; i < n->count; i++) {
        struct count s = sum_get(n, i);
        count_add(&total, &s);
    }
    return total;
}

void tree_settle(const struct weft_text *t)
{
    const struct finger *f = &t->finger;
    if (f->leaf == NULL)
        return;
    struct count more = f->leaf->count;
    struct count seen = sum_get(f->path[0].node, f->path[0].at);
    count_sub(&more, &seen);
    if ((more.cp | more.lines | more.wide | more.more) == 0)
        return;
    for (size_t level = 0; level < t->height; level++)
        sum_add(f->path[level].node, f->path[level].at, &more);
}

/* The leaf's head, and where the text at a position is as long as it is ASCII: both sides of the gap,
 * of which one has it. All of them are asked for at once instead of one after the other. */
static void leaf_prefetch(const struct leaf *l, const struct inner *n, size_t i, size_t at_cp)
{
    __builtin_prefetch(l, 1);
    if (at_cp < LEAF_CAP) {
        __builtin_prefetch(l->bytes + at_cp, 1);
        size_t from_end = n->sum[UNIT_CP][i] - at_cp;
        if (from_end < LEAF_CAP)
            __builtin_prefetch(l->bytes + LEAF_CAP - from_end, 1);
    }
}

void tree_seek(struct weft_text *t, size_t pos_cp, bool ahead)
{
    struct finger *f = &t->finger;
    WEFT_ASSERT(pos_cp + ahead <= t->total.cp);
    tree_settle(t);
    size_t left = pos_cp + ahead;
    struct inner *n = t->root;
    for (size_t level = t->height - 1;; level--) {
        const uint32_t *cp = n->sum[UNIT_CP];
        size_t i = 0;
        while (i + 1 < n->count && left > cp[i])
            left -= cp[i++];
        f->path[level] = (struct step){.node = n, .at = i};
        if (level == 0) {
            f->leaf = n->child[i];
            leaf_prefetch(f->leaf, n, i, left);
            break;
        }
        n = n->child[i];
    }
    f->start_cp = pos_cp + ahead - left;
    WEFT_ASSERT(left <= f->leaf->count.cp);
}

/* Copies `n` children with their sums; the two may be one node and overlap. */
static void children_move(struct inner *to, size_t to_at, const struct inner *from, size_t from_at,
                          size_t n)
{
    memmove(to->child + to_at, from->child + from_at, n * sizeof *to->child);
    for (size_t u = 0; u < UNITS; u++)
        memmove(to->sum[u] + to_at, from->sum[u] + from_at, n * sizeof *to->sum[u]);
}

static void child_insert(struct inner *n, size_t at, void *child, const struct count *size)
{
    WEFT_ASSERT(n->count < INNER_CAP);
    WEFT_ASSERT(at <= n->count);
    children_move(n, at + 1, n, at, n->count - at);
    n->child[at] = child;
    sum_set(n, at, size);
    n->count++;
}

static void child_remove(struct inner *n, size_t at)
{
    WEFT_ASSERT(at < n->count);
    children_move(n, at, n, at + 1, n->count - at - 1);
    n->count--;
}

static void grow_root(struct weft_text *t)
{
    WEFT_ASSERT(t->height < HEIGHT_MAX);
    struct inner *root = pool_inner(t);
    root->count = 1;
    root->child[0] = t->root;
    t->root = root;
    t->finger.path[t->height] = (struct step){.node = root, .at = 0};
    t->height++;
}

static void leaf_link(struct weft_text *t, struct leaf *before, struct leaf *l)
{
    l->prev = before;
    l->next = before->next;
    if (before->next != NULL)
        before->next->prev = l;
    else
        t->last = l;
    before->next = l;
}

void tree_add(struct weft_text *t, struct leaf *l)
{
    struct finger *f = &t->finger;
    f->start_cp += f->leaf->count.cp;
    leaf_link(t, f->leaf, l);
    f->leaf = l;

    void *child = l;
    struct count size = l->count;
    bool follow = true; /* the path goes to the new child, not to the one before it */
    size_t level = 0;
    for (;; level++) {
        if (level == t->height)
            grow_root(t);
        struct step *s = &f->path[level];
        struct inner *n = s->node;
        if (level > 0) {
            /* Child s->at was split, or had something added. */
            struct count now = inner_total(n->child[s->at]);
            sum_set(n, s->at, &now);
        }
        size_t at = s->at + 1;
        struct inner *right = NULL;
        if (n->count == INNER_CAP) {
            right = pool_inner(t);
            children_move(right, 0, n, INNER_MIN, INNER_CAP - INNER_MIN);
            right->count = INNER_CAP - INNER_MIN;
            n->count = INNER_MIN;
            if (at > n->count) { /* so that at - 1 and at lie in one node */
                at -= n->count;
                s->node = right;
            }
        }
        child_insert(s->node, at, child, &size);
        s->at = follow ? at : at - 1;
        if (right == NULL)
            break;
        follow = s->node == right;
        child = right;
        size = inner_total(right);
    }
    for (level++; level < t->height; level++)
        sum_add(f->path[level].node, f->path[level].at, &l->count);
}

/* Puts what two neighbouring leaves hold into the first, or in equal shares into both. Returns true
 * when the second one is empty. */
static bool leaves_level(struct leaf *a, struct leaf *b)
{
    char both[2 * LEAF_CAP];
    size_t total = leaf_bytes(a) + leaf_bytes(b);
    leaf_get(a, both);
    leaf_get(b, both + leaf_bytes(a));
    size_t cut = total;
    if (total > LEAF_CAP) {
        cut = total / 2;
        while (!utf8_is_start((uint8_t)both[cut]))
            cut--;
    }
    leaf_set(a, both, cut);
    leaf_set(b, both + cut, total - cut);
    return cut == total;
}

static bool inners_level(struct inner *a, struct inner *b)
{
    size_t total = a->count + b->count;
    if (total <= INNER_CAP) {
        children_move(a, a->count, b, 0, b->count);
        a->count = total;
        b->count = 0;
        return true;
    }
    size_t cut = total / 2;
    if (a->count < cut) {
        size_t n = cut - a->count;
        children_move(a, a->count, b, 0, n);
        children_move(b, 0, b, n, b->count - n);
    } else {
        size_t n = a->count - cut;
        children_move(b, n, b, 0, b->count);
        children_move(b, 0, a, cut, n);
    }
    a->count = cut;
    b->count = total - cut;
    return false;
}

static void leaf_unlink(struct weft_text *t, struct leaf *l)
{
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        t->first = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    else
        t->last = l->prev;
    pool_put_leaf(t, l);
}

/* Inner nodes that lost a child, from level 0 up. */
static void shrink_inners(struct weft_text *t)
{
    const struct step *path = t->finger.path;
    for (size_t level = 0; level + 1 < t->height; level++) {
        if (path[level].node->count >= INNER_MIN)
            break;
        struct inner *parent = path[level + 1].node;
        size_t at = path[level + 1].at;
        size_t first = at > 0 ? at - 1 : at;
        WEFT_ASSERT(first + 1 < parent->count);
        struct inner *a = parent->child[first];
        struct inner *b = parent->child[first + 1];
        bool gone = inners_level(a, b);
        struct count size = inner_total(a);
        sum_set(parent, first, &size);
        if (!gone) {
            size = inner_total(b);
            sum_set(parent, first + 1, &size);
            break;
        }
        child_remove(parent, first + 1);
        pool_put_inner(t, b);
    }
    while (t->height > 1 && t->root->count == 1) {
        struct inner *root = t->root;
        t->root = root->child[0];
        t->height--;
        pool_put_inner(t, root);
    }
}

void tree_shrink(struct weft_text *t)
{
    struct finger *f = &t->finger;
    struct leaf *l = f->leaf;
    struct inner *parent = f->path[0].node;
    size_t at = f->path[0].at;
    size_t least = l == t->last ? 1 : LEAF_MIN;
    if (leaf_bytes(l) >= least || t->leaves == 1)
        return;
    tree_settle(t);
    f->leaf = NULL;
    if (leaf_bytes(l) == 0) {
        child_remove(parent, at);
        leaf_unlink(t, l);
    } else {
        size_t first = at > 0 ? at - 1 : at;
        WEFT_ASSERT(first + 1 < parent->count);
        struct leaf *a = parent->child[first];
        struct leaf *b = parent->child[first + 1];
        bool gone = leaves_level(a, b);
        sum_set(parent, first, &a->count);
        if (gone) {
            child_remove(parent, first + 1);
            leaf_unlink(t, b);
        } else {
            sum_set(parent, first + 1, &b->count);
        }
    }
    shrink_inners(t);
}

/* Parents for `count` nodes of a level, in equal shares; returns the first of ceil(count /
 * INNER_CAP), linked. */
static struct inner *build_level(struct weft_text *t, size_t count, struct leaf *leaf,
                                 struct inner *below)
{
    struct inner *first = NULL;
    struct inner **link = &first;
    size_t nodes = (count + INNER_CAP - 1) / INNER_CAP;
    for (size_t i = 0; i < nodes; i++) {
        struct inner *n = pool_inner(t);
        size_t children = count / nodes + (i < count % nodes);
        for (size_t c = 0; c < children; c++) {
            if (leaf != NULL) {
                child_insert(n, c, leaf, &leaf->count);
                leaf = leaf->next;
            } else {
                struct count size = inner_total(below);
                child_insert(n, c, below, &size);
                below = below->next;
            }
        }
        *link = n;
        link = &n->next;
    }
    return first;
}

void tree_build(struct weft_text *t)
{
    size_t count = t->leaves;
    struct inner *level = build_level(t, count, t->first, NULL);
    t->height = 1;
    for (count = (count + INNER_CAP - 1) / INNER_CAP; count > 1;
         count = (count + INNER_CAP - 1) / INNER_CAP) {
        level = build_level(t, count, NULL, level);
        t->height++;
    }
    WEFT_ASSERT(t->height <= HEIGHT_MAX);
    t->root = level;
    t->total = inner_total(level);
}
