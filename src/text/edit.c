/* Changing a text: see text/node.h. Each function that can fail does so before it changes anything. */
#include "base/bytes16.h"
#include "base/pure.h"
#include "base/utf8.h"
#include "text/node.h"

static bool is_reserved(const struct weft_text *t, size_t bytes)
{
    return t->held_inserts > 0 && t->held_bytes >= bytes;
}

/* Counts an insertion against the reservation; one it does not cover ends it. */
static inline void reserved_use(struct weft_text *t, size_t bytes)
{
    if (t->held_inserts == 0)
        return;
    bool covered = t->held_bytes >= bytes;
    t->held_inserts = covered ? t->held_inserts - 1 : 0;
    t->held_bytes = covered ? t->held_bytes - bytes : 0;
}

/* The leaf of the gap at pos_cp, where the finger then is: see tree_seek(). */
static inline struct leaf *leaf_at(struct weft_text *t, size_t pos_cp, bool ahead)
{
    const struct finger *f = &t->finger;
    if (f->leaf == NULL || pos_cp < f->start_cp || pos_cp - f->start_cp + ahead > f->leaf->count.cp)
        tree_seek(t, pos_cp, ahead);
    return f->leaf;
}

/* Cuts the finger's leaf, and what does not fit into it, into several. */
static __attribute__((noinline)) int insert_split(struct weft_text *t, size_t at_cp,
                                                  const char *utf8, size_t len_bytes)
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
    size_t at = leaf_offset_cp(l, at_cp);
    size_t len = leaf_bytes(l);
    char old[LEAF_CAP];
    leaf_get(l, old);
    const struct run runs[RUNS] = {
        {.bytes = old, .len = at},
        {.bytes = utf8, .len = len_bytes},
        {.bytes = old + at, .len = len - at},
    };
    struct cuts cuts = cuts_of(runs, l == t->last && at == len ? 0 : LEAF_PIECE);
    count_sub(&t->total, &l->count);
    cuts_next(&cuts, l);
    count_add(&t->total, &l->count);
    tree_settle(t);
    while (cuts.at < cuts.total) {
        l = pool_leaf(t);
        cuts_next(&cuts, l);
        count_add(&t->total, &l->count);
        tree_add(t, l);
    }
    reserved_use(t, len_bytes);
    if (t->held_inserts == 0) /* the bound of a paste leaves many inner nodes over */
        pool_trim(t, SPARE_KEEP, t->height + 1);
    return 0;
}

/* The finger's leaf has grown by so much at its gap; `utf8` is there already. */
static inline void inserted(struct weft_text *t, struct leaf *l, size_t bytes, size_t cp,
                            size_t lines)
{
    l->gap_bytes += (uint32_t)bytes;
    l->gap_cp += (uint32_t)cp;
    l->count.cp += (uint32_t)cp;
    t->total.cp += (uint32_t)cp;
    if (lines != 0) {
        l->count.lines += (uint32_t)lines;
        t->total.lines += (uint32_t)lines;
    }
    reserved_use(t, bytes);
}

/* Insertions that are not one ASCII byte at the gap. Kept apart from those that are, whose function
 * then saves no registers. */
static __attribute__((noinline)) int insert_any(struct weft_text *t, size_t pos_cp,
                                                const char *utf8, size_t len_bytes)
{
    struct bytes16 few = {0};
    size_t lines = 0;
    bool is_ascii;
    if (len_bytes <= BYTES16_MAX) {
        few = bytes16_load(utf8, len_bytes);
        is_ascii = bytes16_is_plain(few, len_bytes);
        lines = bytes16_lines(few);
    } else {
        is_ascii = utf8_plain(utf8, len_bytes, &lines);
    }
    if (!is_ascii && (!utf8_valid(utf8, len_bytes, NULL) || utf8_has_nul(utf8, len_bytes)))
        return WEFT_EUTF8;
    size_t left_cp = TEXT_CP_MAX - t->total.cp;
    if (len_bytes > left_cp && utf8_count(utf8, len_bytes) > left_cp)
        return WEFT_ELIMIT;
    struct leaf *l = leaf_at(t, pos_cp, false);
    size_t at_cp = pos_cp - t->finger.start_cp;
    size_t room = leaf_room(l);
    if (len_bytes > room)
        return insert_split(t, at_cp, utf8, len_bytes);
    if (at_cp != l->gap_cp)
        leaf_move(l, at_cp);
    char *out = l->bytes + l->gap_bytes;
    if (len_bytes <= BYTES16_MAX && room >= BYTES16_MAX)
        bytes16_store(out, few); /* the rest of the gap is nobody's */
    else
        memcpy(out, utf8, len_bytes);
    size_t len_cp = len_bytes;
    if (!is_ascii) {
        struct count add = text_measure(utf8, len_bytes);
        l->count.wide += add.wide;
        l->count.more += add.more;
        t->total.wide += add.wide;
        t->total.more += add.more;
        len_cp = add.cp;
        lines = add.lines;
    }
    inserted(t, l, len_bytes, len_cp, lines);
    return 0;
}

int weft_text_insert(struct weft_text *t, size_t pos_cp, const char *utf8, size_t len_bytes)
{
    if (pos_cp > t->total.cp)
        return WEFT_ERANGE;
    if (len_bytes == 0)
        return 0;
    struct leaf *l = t->finger.leaf;
    /* Typing on: most edits there are. ASCII without NUL is what is above 0 as a signed byte. */
    if (len_bytes == 1 && (int8_t)*utf8 > 0 && l != NULL &&
        pos_cp - t->finger.start_cp == l->gap_cp && leaf_room(l) > 0 && t->total.cp < TEXT_CP_MAX) {
        l->bytes[l->gap_bytes] = *utf8;
        inserted(t, l, 1, 1, *utf8 == '\n');
        return 0;
    }
    return insert_any(t, pos_cp, utf8, len_bytes);
}

/* Deletions that do not lie at the gap, are long, or not ASCII. */
static __attribute__((noinline)) void delete_any(struct weft_text *t, size_t pos_cp, size_t len_cp)
{
    while (len_cp > 0) {
        struct leaf *l = leaf_at(t, pos_cp, true);
        size_t at_cp = pos_cp - t->finger.start_cp;
        size_t n_cp = l->count.cp - at_cp;
        if (n_cp > len_cp)
            n_cp = len_cp;
        struct count gone = leaf_delete(l, at_cp, n_cp);
        count_sub(&t->total, &gone);
        len_cp -= n_cp;
        if (leaf_bytes(l) < LEAF_MIN)
            tree_shrink(t);
    }
}

/* A few bytes, ASCII, that end or begin at the gap: NULL where they do not. */
static inline const char *at_gap(const struct weft_text *t, size_t pos_cp, size_t len_cp)
{
    const struct leaf *l = t->finger.leaf;
    if (l == NULL || len_cp - 1 >= BYTES16_MAX)
        return NULL;
    size_t at_cp = pos_cp - t->finger.start_cp; /* wraps when before the leaf */
    if (at_cp + len_cp == l->gap_cp && len_cp <= l->gap_cp && l->gap_cp == l->gap_bytes)
        return l->bytes + at_cp;
    size_t behind_cp = l->count.cp - l->gap_cp;
    if (at_cp == l->gap_cp && len_cp <= behind_cp && behind_cp == LEAF_CAP - (size_t)l->behind)
        return l->bytes + l->behind;
    return NULL;
}

int weft_text_delete(struct weft_text *t, size_t pos_cp, size_t len_cp)
{
    if (pos_cp > t->total.cp || len_cp > t->total.cp - pos_cp)
        return WEFT_ERANGE;
    /* Rubbing out. */
    const char *few = at_gap(t, pos_cp, len_cp);
    if (few == NULL) {
        delete_any(t, pos_cp, len_cp);
        return 0;
    }
    struct leaf *l = t->finger.leaf;
    uint32_t n = (uint32_t)len_cp;
    uint32_t lines = n == 1 ? *few == '\n' : (uint32_t)bytes16_lines(bytes16_load(few, len_cp));
    if (few < l->bytes + l->gap_bytes) {
        l->gap_bytes -= n;
        l->gap_cp -= n;
    } else {
        l->behind += n;
    }
    l->count.cp -= n;
    t->total.cp -= n;
    if (lines != 0) {
        l->count.lines -= lines;
        t->total.lines -= lines;
    }
    if (leaf_bytes(l) < LEAF_MIN)
        tree_shrink(t);
    return 0;
}

int weft_text_reserve(struct weft_text *t, size_t inserts, size_t bytes)
{
    /* More than any text can hold; also keeps the sums of pool_need() in range. */
    if (bytes > SIZE_MAX / 8 || bytes / 4 > TEXT_CP_MAX)
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
