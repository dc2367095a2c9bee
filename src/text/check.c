/* The full walk that tests run after every edit: each invariant of text/node.h. */
#include "base/pure.h"
#include "base/utf8.h"
#include "text/node.h"

struct walk {
    const struct weft_text *t;
    const struct leaf *leaf; /* the one that must come next */
    size_t leaves;
    size_t inners;
};

static bool count_equal(const struct count *a, const struct count *b)
{
    return a->cp == b->cp && a->lines == b->lines && a->wide == b->wide && a->more == b->more;
}

static bool leaf_check(const struct weft_text *t, const struct leaf *l)
{
    if (l->gap_bytes > l->behind || l->behind > LEAF_CAP)
        return false;
    size_t least = t->leaves == 1 ? 0 : l == t->last ? 1 : LEAF_MIN;
    if (leaf_bytes(l) < least)
        return false;
    /* Both sides of the gap are whole code points, none of them U+0000. */
    const char *behind = l->bytes + l->behind;
    size_t behind_bytes = LEAF_CAP - l->behind;
    if (!utf8_valid(l->bytes, l->gap_bytes, NULL) || !utf8_valid(behind, behind_bytes, NULL))
        return false;
    if (utf8_has_nul(l->bytes, l->gap_bytes) || utf8_has_nul(behind, behind_bytes))
        return false;
    struct count count = text_measure(l->bytes, l->gap_bytes);
    if (count.cp != l->gap_cp)
        return false;
    struct count more = text_measure(behind, behind_bytes);
    count_add(&count, &more);
    return count_equal(&count, &l->count);
}

/* Recurses once per level; weft_text_check() has bounded their number. */
static bool inner_check(struct walk *w, const struct inner *n, size_t level)
{
    bool is_root = n == w->t->root;
    size_t least = !is_root ? INNER_MIN : level > 0 ? 2 : 1;
    w->inners++;
    if (n->count < least || n->count > INNER_CAP)
        return false;
    for (size_t i = 0; i < n->count; i++) {
        struct count count;
        if (level == 0) {
            const struct leaf *l = n->child[i];
            if (l != w->leaf || !leaf_check(w->t, l))
                return false;
            if (l->next != NULL ? l->next->prev != l : w->t->last != l)
                return false;
            w->leaf = l->next;
            w->leaves++;
            count = l->count;
        } else {
            if (!inner_check(w, n->child[i], level - 1))
                return false;
            count = inner_total(n->child[i]);
        }
        struct count sum = sum_get(n, i);
        if (!count_equal(&count, &sum))
            return false;
    }
    return true;
}

/* The finger's path is the way from the root to its leaf, and start_cp is what lies before it. Sums
 * that lag are those of the path itself, which are not looked at. */
static bool finger_check(const struct weft_text *t)
{
    const struct finger *f = &t->finger;
    if (f->leaf == NULL)
        return true;
    size_t before = 0;
    const void *at = t->root;
    for (size_t level = t->height; level-- > 0;) {
        const struct step *s = &f->path[level];
        if (s->node != at || s->at >= s->node->count)
            return false;
        for (size_t i = 0; i < s->at; i++)
            before += s->node->sum[UNIT_CP][i];
        at = s->node->child[s->at];
    }
    return at == f->leaf && before == f->start_cp;
}

static bool spares_check(const struct weft_text *t)
{
    size_t leaves = 0;
    size_t inners = 0;
    for (const struct leaf *l = t->spare_leaf; l != NULL; l = l->next)
        leaves++;
    for (const struct inner *n = t->spare_inner; n != NULL; n = n->next)
        inners++;
    return leaves == t->spare_leaves && inners == t->spare_inners;
}

bool weft_text_check(const struct weft_text *t)
{
    if (t->height < 1 || t->height > HEIGHT_MAX || t->total.cp > TEXT_CP_MAX)
        return false;
    if (t->first->prev != NULL || t->last->next != NULL)
        return false;
    if (!finger_check(t))
        return false; /* what settles goes by it */
    tree_settle(t);
    struct walk w = {.t = t, .leaf = t->first};
    if (!inner_check(&w, t->root, t->height - 1))
        return false;
    struct count total = inner_total(t->root);
    return w.leaf == NULL && w.leaves == t->leaves && w.inners == t->inners &&
           count_equal(&total, &t->total) && spares_check(t);
}
