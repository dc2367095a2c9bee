/* Making, changing and dropping a text: see text/node.h. Each function that can fail does so before
 * it changes anything. */
#include "base/assert.h"
#include "base/limits.h"
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

/* Text that is not in one piece: before an insertion, the insertion, behind it. */
struct run {
    const char *bytes;
    size_t len;
};

enum { RUNS = 3 };

static uint8_t runs_byte(const struct run runs[RUNS], size_t at)
{
    size_t i = 0;
    while (at >= runs[i].len)
        at -= runs[i++].len;
    return (uint8_t)runs[i].bytes[at];
}

static void runs_copy(const struct run runs[RUNS], size_t from, size_t to, char *out)
{
    for (size_t i = 0; i < RUNS && from < to; i++) {
        size_t len = runs[i].len;
        if (from < len) {
            size_t n = to < len ? to - from : len - from;
            memcpy(out, runs[i].bytes + from, n);
            out += n;
            from += n;
        }
        from -= len < from ? len : from;
        to -= len < to ? len : to;
    }
}

/* How `total` bytes are cut into leaves. Equal shares keep LEAF_MIN; at the end of a text leaves
 * are filled instead and the last one, which has no least size, takes the rest. Either way there
 * are at most ceil(total / LEAF_PIECE). */
struct cuts {
    const struct run *runs;
    size_t total;
    size_t leaves; /* 0: fill them */
    size_t done;
    size_t at; /* where the last cut was */
};

static struct cuts cuts_of(const struct run runs[RUNS], bool fill)
{
    size_t total = 0;
    for (size_t i = 0; i < RUNS; i++)
        total += runs[i].len;
    /* What fits stays whole: halves of it could be below LEAF_MIN. */
    size_t leaves = total <= LEAF_CAP ? 1 : (total + LEAF_PIECE - 1) / LEAF_PIECE;
    return (struct cuts){.runs = runs, .total = total, .leaves = fill ? 0 : leaves};
}

/* Makes what lies before the next cut the leaf's content. */
static void cuts_next(struct cuts *c, struct leaf *l)
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
    if (!utf8_valid(utf8, len_bytes, NULL))
        return WEFT_EUTF8;
    if (utf8_count(utf8, len_bytes) > CP_MAX)
        return WEFT_ELIMIT;
    const struct run runs[RUNS] = {{.bytes = utf8, .len = len_bytes}};
    struct cuts cuts = cuts_of(runs, false);
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
        to->size = from->size;
        to->gap_bytes = from->size.bytes;
        to->gap_cp = from->size.cp;
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

static bool is_reserved(const struct weft_text *t, size_t bytes)
{
    return t->held_inserts > 0 && t->held_bytes >= bytes;
}

/* Counts an insertion against the reservation; one it does not cover ends it. */
static void reserved_use(struct weft_text *t, size_t bytes)
{
    if (is_reserved(t, bytes)) {
        t->held_inserts--;
        t->held_bytes -= bytes;
    } else {
        t->held_inserts = 0;
        t->held_bytes = 0;
    }
}

/* Cuts the finger's leaf, and what does not fit into it, into several. */
static int insert_split(struct weft_text *t, size_t at_cp, const char *utf8, size_t len_bytes)
{
    if (!is_reserved(t, len_bytes)) {
        size_t leaves;
        size_t inners;
        pool_need(t, 1, len_bytes, &leaves, &inners);
        int err = pool_fill(t, leaves, inners);
        if (err != 0)
            return err;
    }
    struct leaf *l = t->finger.leaf;
    size_t at;
    (void)leaf_offset(l, UNIT_CP, at_cp, &at); /* a code point's place is never inside one */
    char old[LEAF_CAP];
    leaf_get(l, old);
    const struct run runs[RUNS] = {
        {.bytes = old, .len = at},
        {.bytes = utf8, .len = len_bytes},
        {.bytes = old + at, .len = l->size.bytes - at},
    };
    struct cuts cuts = cuts_of(runs, l == t->last && at == l->size.bytes);
    cuts_next(&cuts, l);
    tree_settle(t);
    while (cuts.at < cuts.total) {
        l = pool_leaf(t);
        cuts_next(&cuts, l);
        tree_add(t, l);
    }
    return 0;
}

int weft_text_insert(struct weft_text *t, size_t pos_cp, const char *utf8, size_t len_bytes)
{
    if (pos_cp > t->total.cp)
        return WEFT_ERANGE;
    if (len_bytes == 0)
        return 0;
    struct weft_size size = {.bytes = 1, .cp = 1, .u16 = 1, .lines = *utf8 == '\n'};
    if (len_bytes > 1 || (uint8_t)*utf8 >= 0x80) {
        if (!utf8_valid(utf8, len_bytes, NULL))
            return WEFT_EUTF8;
        size = text_measure(utf8, len_bytes);
    }
    if (size.cp > CP_MAX - t->total.cp)
        return WEFT_ELIMIT;
    tree_seek(t, pos_cp, false);
    struct leaf *l = t->finger.leaf;
    size_t at_cp = pos_cp - t->finger.start_cp;
    if (len_bytes <= LEAF_CAP - l->size.bytes) {
        leaf_insert(l, at_cp, utf8, &size);
    } else {
        int err = insert_split(t, at_cp, utf8, len_bytes);
        if (err != 0)
            return err;
    }
    size_add(&t->total, &size);
    reserved_use(t, len_bytes);
    return 0;
}

int weft_text_delete(struct weft_text *t, size_t pos_cp, size_t len_cp)
{
    if (pos_cp > t->total.cp || len_cp > t->total.cp - pos_cp)
        return WEFT_ERANGE;
    while (len_cp > 0) {
        tree_seek(t, pos_cp, true);
        struct leaf *l = t->finger.leaf;
        size_t at_cp = pos_cp - t->finger.start_cp;
        size_t n_cp = l->size.cp - at_cp;
        if (n_cp > len_cp)
            n_cp = len_cp;
        struct weft_size gone = leaf_delete(l, at_cp, n_cp);
        size_sub(&t->total, &gone);
        len_cp -= n_cp;
        tree_shrink(t);
    }
    return 0;
}

int weft_text_reserve(struct weft_text *t, size_t inserts, size_t bytes)
{
    /* More than any text can hold; also keeps the sums of pool_need() in range. */
    if (bytes / 4 > CP_MAX || bytes > SIZE_MAX / 8)
        return WEFT_ENOMEM;
    size_t leaves;
    size_t inners;
    pool_need(t, inserts, bytes, &leaves, &inners);
    int err = pool_fill(t, leaves, inners);
    if (err != 0)
        return err;
    t->held_inserts = inserts;
    t->held_bytes = bytes;
    pool_trim(t, leaves > SPARE_KEEP ? leaves : SPARE_KEEP,
              inners > SPARE_KEEP ? inners : SPARE_KEEP);
    return 0;
}
