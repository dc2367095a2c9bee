/* Reading a text: see text/node.h. One walk down serves all units: by one it chooses the child, of
 * the others it adds up what it passes. */
#include "base/assert.h"
#include "base/pure.h"
#include "text/node.h"

enum by { BY_CP, BY_LINE, BY_U16, BY_BYTE };

struct place {
    const struct leaf *leaf;
    struct count before; /* the leaf */
    size_t left;         /* from the leaf's start, in the unit asked for */
};

static size_t amount(const struct count *c, enum by by)
{
    switch (by) {
    case BY_CP:
        return c->cp;
    case BY_LINE:
        return c->lines;
    case BY_U16:
        return count_u16(c);
    default:
        return count_bytes(c);
    }
}

/* The leaf where `pos` of a unit is reached; the left one where two meet, so that a line's start is
 * looked for in the leaf that has the line feed before it. pos is not past the end. */
static inline struct place locate(const struct weft_text *t, enum by by, size_t pos)
{
    tree_settle(t);
    struct place p = {.left = pos};
    const struct inner *n = t->root;
    for (size_t level = t->height; level-- > 0;) {
        size_t i = 0;
        for (; i + 1 < n->count; i++) {
            struct count sum = sum_get(n, i);
            size_t here = amount(&sum, by);
            if (p.left <= here)
                break;
            p.left -= here;
            count_add(&p.before, &sum);
        }
        if (level == 0)
            p.leaf = n->child[i];
        else
            n = n->child[i];
    }
    return p;
}

static void size_at(struct place *p, size_t at_bytes, struct weft_size *ret)
{
    struct count inside = leaf_before(p->leaf, at_bytes);
    count_add(&p->before, &inside);
    *ret = count_size(&p->before);
}

int weft_text_at_cp(const struct weft_text *t, size_t pos_cp, struct weft_size *ret)
{
    if (pos_cp > t->total.cp)
        return WEFT_ERANGE;
    struct place p = locate(t, BY_CP, pos_cp);
    size_at(&p, leaf_offset_cp(p.leaf, p.left), ret);
    return 0;
}

int weft_text_at_byte(const struct weft_text *t, size_t pos_bytes, struct weft_size *ret)
{
    if (pos_bytes > count_bytes(&t->total))
        return WEFT_ERANGE;
    struct place p = locate(t, BY_BYTE, pos_bytes);
    if (!leaf_offset_byte(p.leaf, p.left))
        return WEFT_EINVAL;
    size_at(&p, p.left, ret);
    return 0;
}

int weft_text_at_u16(const struct weft_text *t, size_t pos_u16, struct weft_size *ret)
{
    if (pos_u16 > count_u16(&t->total))
        return WEFT_ERANGE;
    struct place p = locate(t, BY_U16, pos_u16);
    size_t at_bytes;
    if (!leaf_offset_u16(p.leaf, p.left, &at_bytes))
        return WEFT_EINVAL;
    size_at(&p, at_bytes, ret);
    return 0;
}

int weft_text_at_line(const struct weft_text *t, size_t line, struct weft_size *ret)
{
    if (line > t->total.lines)
        return WEFT_ERANGE;
    struct place p = locate(t, BY_LINE, line);
    size_at(&p, leaf_offset_line(p.leaf, p.left), ret);
    return 0;
}

struct weft_size weft_text_size(const struct weft_text *t)
{
    return count_size(&t->total);
}

/* The byte offset of a gap, and an iterator there. */
static size_t byte_at(const struct weft_text *t, size_t pos_cp, struct weft_text_iter *ret)
{
    struct place p = locate(t, BY_CP, pos_cp);
    size_t at_bytes = leaf_offset_cp(p.leaf, p.left);
    *ret = (struct weft_text_iter){.leaf_ = p.leaf, .at_bytes_ = at_bytes};
    return count_bytes(&p.before) + at_bytes;
}

int weft_text_iter_at(const struct weft_text *t, size_t pos_cp, struct weft_text_iter *ret)
{
    if (pos_cp > t->total.cp)
        return WEFT_ERANGE;
    (void)byte_at(t, pos_cp, ret);
    return 0;
}

/* At the end of a leaf that has none behind it an iterator stays where it is, so that it can turn. */
bool weft_text_iter_next(struct weft_text_iter *it, const char **ret_chunk, size_t *ret_len_bytes)
{
    for (;;) {
        const struct leaf *l = it->leaf_;
        const char *run;
        size_t len_bytes = leaf_run(l, it->at_bytes_, &run);
        if (len_bytes > 0) {
            it->at_bytes_ += len_bytes;
            *ret_chunk = run;
            *ret_len_bytes = len_bytes;
            return true;
        }
        if (l->next == NULL)
            return false;
        it->leaf_ = l->next;
        it->at_bytes_ = 0;
    }
}

bool weft_text_iter_prev(struct weft_text_iter *it, const char **ret_chunk, size_t *ret_len_bytes)
{
    const struct leaf *l = it->leaf_;
    if (it->at_bytes_ == 0) {
        if (l->prev == NULL)
            return false;
        l = l->prev; /* is not empty: only the leaf of an empty text is */
        it->leaf_ = l;
        it->at_bytes_ = leaf_bytes(l);
    }
    size_t start = it->at_bytes_ > l->gap_bytes ? l->gap_bytes : 0;
    *ret_len_bytes = it->at_bytes_ - start;
    it->at_bytes_ = start;
    (void)leaf_run(l, start, ret_chunk);
    return true;
}

int weft_text_copy(const struct weft_text *t, size_t pos_cp, size_t len_cp, char *out,
                   size_t cap_bytes, size_t *ret_len_bytes)
{
    if (pos_cp > t->total.cp || len_cp > t->total.cp - pos_cp)
        return WEFT_ERANGE;
    struct weft_text_iter it;
    size_t want = byte_at(t, pos_cp + len_cp, &it);
    want -= byte_at(t, pos_cp, &it);
    if (want > cap_bytes)
        return WEFT_ELIMIT;
    size_t done = 0;
    while (done < want) {
        const char *chunk;
        size_t len_bytes;
        bool more = weft_text_iter_next(&it, &chunk, &len_bytes);
        WEFT_ASSERT(more);
        if (len_bytes > want - done)
            len_bytes = want - done;
        memcpy(out + done, chunk, len_bytes);
        done += len_bytes;
    }
    *ret_len_bytes = want;
    return 0;
}

bool weft_text_equal(const struct weft_text *t, const char *utf8, size_t len_bytes)
{
    if (len_bytes != count_bytes(&t->total))
        return false;
    struct weft_text_iter it = {.leaf_ = t->first};
    const char *chunk;
    size_t n;
    for (size_t at = 0; weft_text_iter_next(&it, &chunk, &n); at += n)
        if (memcmp(chunk, utf8 + at, n) != 0)
            return false;
    return true;
}

size_t weft_text_memory(const struct weft_text *t)
{
    return sizeof *t + (t->leaves + t->spare_leaves) * sizeof(struct leaf) +
           (t->inners + t->spare_inners) * sizeof(struct inner);
}
