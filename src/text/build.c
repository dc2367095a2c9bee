/* Making and dropping a text, and how text is cut into leaves: see text/node.h. */
#include "base/assert.h"
#include "base/pure.h"
#include "base/utf8.h"
#include "text/node.h"

/* A text without a tree that has spare nodes for one over so many leaves, or NULL. */
static struct weft_text *text_alloc(const struct weft_alloc *alloc, size_t leaves)
{
    struct weft_text *t = weft_resize(alloc, NULL, 0, sizeof *t);
    if (t == NULL)
        return NULL;
    memset(t, 0, sizeof *t);
    t->alloc = alloc;
    if (pool_fill(t, leaves, pool_build_inners(leaves)) != 0) {
        weft_release(alloc, t, sizeof *t);
        return NULL;
    }
    return t;
}

/* The next leaf of a text that has no tree yet. */
static struct leaf *leaf_append(struct weft_text *t)
{
    struct leaf *l = pool_leaf(t);
    l->prev = t->last;
    if (t->last != NULL)
        t->last->next = l;
    else
        t->first = l;
    t->last = l;
    return l;
}

static uint8_t runs_byte(const struct run runs[RUNS], size_t at)
{
    size_t i = 0;
    while (at >= runs[i].len)
        at -= runs[i++].len;
    return (uint8_t)runs[i].bytes[at];
}

static void runs_copy(const struct run runs[RUNS], size_t from, size_t to, char *out)
{
    size_t start = 0; /* of the run */
    for (size_t i = 0; from < to; i++) {
        size_t end = start + runs[i].len;
        if (from < end) {
            size_t n = (to < end ? to : end) - from;
            memcpy(out, runs[i].bytes + (from - start), n);
            out += n;
            from += n;
        }
        start = end;
    }
}

struct cuts cuts_of(const struct run runs[RUNS], size_t piece)
{
    size_t total = 0;
    for (size_t i = 0; i < RUNS; i++)
        total += runs[i].len;
    /* What fits stays whole: halves of it could be below LEAF_MIN. */
    size_t leaves = piece == 0 ? 0 : total <= LEAF_CAP ? 1 : (total + piece - 1) / piece;
    return (struct cuts){.runs = runs, .total = total, .leaves = leaves};
}

void cuts_next(struct cuts *c, struct leaf *l)
{
    size_t to;
    if (c->leaves == 0) {
        to = c->total - c->at > LEAF_CAP ? c->at + LEAF_CAP : c->total;
    } else {
        c->done++;
        /* done * total / leaves, without overflow */
        to = c->total / c->leaves * c->done + c->total % c->leaves * c->done / c->leaves;
    }
    while (to < c->total && !utf8_is_start(runs_byte(c->runs, to)))
        to--;
    WEFT_ASSERT(to > c->at || c->total == 0);
    WEFT_ASSERT(to - c->at <= LEAF_CAP);
    runs_copy(c->runs, c->at, to, l->bytes);
    leaf_set(l, l->bytes, to - c->at);
    c->at = to;
}

int weft_text_from(const struct weft_alloc *alloc, const char *utf8, size_t len_bytes,
                   struct weft_text **ret)
{
    if (!utf8_valid(utf8, len_bytes, NULL) || utf8_has_nul(utf8, len_bytes))
        return WEFT_EUTF8;
    if (len_bytes > TEXT_CP_MAX && utf8_count(utf8, len_bytes) > TEXT_CP_MAX)
        return WEFT_ELIMIT;
    const struct run runs[RUNS] = {{.bytes = utf8, .len = len_bytes}};
    struct cuts cuts = cuts_of(runs, LEAF_LOADED);
    struct weft_text *t = text_alloc(alloc, cuts.leaves);
    if (t == NULL)
        return WEFT_ENOMEM;
    for (size_t i = 0; i < cuts.leaves; i++)
        cuts_next(&cuts, leaf_append(t));
    tree_build(t);
    *ret = t;
    return 0;
}

int weft_text_new(const struct weft_alloc *alloc, struct weft_text **ret)
{
    return weft_text_from(alloc, "", 0, ret);
}

int weft_text_clone(const struct weft_text *t, struct weft_text **ret)
{
    struct weft_text *copy = text_alloc(t->alloc, t->leaves);
    if (copy == NULL)
        return WEFT_ENOMEM;
    for (const struct leaf *from = t->first; from != NULL; from = from->next) {
        struct leaf *to = leaf_append(copy);
        leaf_get(from, to->bytes);
        to->count = from->count;
        to->gap_bytes = (uint32_t)leaf_bytes(from);
        to->gap_cp = from->count.cp;
    }
    tree_build(copy);
    *ret = copy;
    return 0;
}

void weft_text_free(struct weft_text *t)
{
    if (t == NULL)
        return;
    while (t->first != NULL) {
        struct leaf *l = t->first;
        t->first = l->next;
        weft_release(t->alloc, l, sizeof *l);
    }
    /* Level by level, linking the next one up before its parents go. */
    struct inner *list = t->root;
    list->next = NULL;
    for (size_t level = t->height; level-- > 0;) {
        struct inner *below = NULL;
        while (list != NULL) {
            struct inner *n = list;
            list = n->next;
            for (size_t i = 0; level > 0 && i < n->count; i++) {
                struct inner *child = n->child[i];
                child->next = below;
                below = child;
            }
            weft_release(t->alloc, n, sizeof *n);
        }
        list = below;
    }
    pool_trim(t, 0, 0);
    weft_release(t->alloc, t, sizeof *t);
}
