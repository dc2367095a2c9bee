/* text/node.h - how a text is laid out in memory.
 *
 * Idea
 *   A B+ tree. Leaves hold the bytes, each in a gap buffer; inner nodes hold, per child, how much
 *   lies below it in all four units. Going down by one unit and summing the others converts
 *   between units. One cached place, the finger, makes typing touch one leaf and nothing else: a
 *   byte, two places of the gap, and the counts of leaf and text.
 *
 *                        root   [cp][lines][wide][more] per child         height = 2
 *                       /    \
 *                  inner      inner
 *                 /  |  \    /  |  \
 *             leaf<->leaf<->leaf<->leaf<->leaf<->leaf                     all at one depth
 *
 *             leaf:  |text before the gap|....gap....|text behind the gap|
 *                    0                gap_bytes   behind              LEAF_CAP
 *
 * Invariants (weft_text_check() walks them all)
 *   - There is always a root, an inner node, and at least one leaf. Only the leaf of an empty text
 *     is empty.
 *   - A leaf holds at most LEAF_CAP bytes, and at least LEAF_MIN unless it is the last of the
 *     text. The last one may be shorter, so that text that is appended fills its leaves.
 *   - An inner node has at most INNER_CAP children, and at least INNER_MIN unless it is the root. A
 *     root above other inner nodes has at least two.
 *   - Leaf ends and the gap lie between code points.
 *   - node->sum[u][i] is the sum over child i, and t->total is the sum over the root. Except:
 *     on the finger's path, sums may lag behind finger.leaf->count; the entry next to the leaf shows
 *     by how much, and tree_settle() adds the difference to each step. Whoever goes down from the
 *     root or moves the finger settles first.
 *   - spare nodes are lists of their own and no part of the tree.
 *
 * Cost
 *   Insert and delete at the gap of the finger's leaf: 4 ns; up to 16 ASCII bytes are looked at in
 *   two registers. Elsewhere in that leaf, the way of the gap is added: 20 ns at random. In another
 *   one: the path, height * INNER_CAP / 2 sums, which is 30 ns and then cache misses; the leaf's
 *   head and both places where the text may lie are prefetched together. At random in all: 48 ns in
 *   10 KB, 100 in 1 MB, 140 in 10 MB, about a microsecond in 1 GiB.
 *   Overflow and underflow copy two leaves. A deletion frees each leaf it empties. A unit conversion
 *   reads the sums of one path and at most one leaf, 16 bytes at a time; where a leaf is ASCII only
 *   line feeds are counted, and what is ASCII before or behind its gap is never searched.
 *   Memory: leaves of 2 KiB at least half full and at most 53 bytes of inner node for each, so at
 *   most 2.2 times the text; 1.1 times when it was loaded. An empty text takes one of each, 3.0 KiB
 *   with everything.
 *
 * Rejected
 *   - A flat gap buffer: two writers far apart move the whole text between them at every key.
 *   - A piece table: grows with the number of edits, and reads get slower with age.
 *   - A skip list: no better bound, needs randomness, and its pointers cost more than a wide node.
 *   - A persistent tree: readers that share versions are not needed here; an edit copied a path.
 *   - Plain arrays in the leaves: moving half a leaf at each key costs more than all the rest.
 *   - Parent pointers: the finger's path says the same, and splits need not rewrite children.
 *   - Sums of 64 bits: twice the lines of cache on the way down, for a text that has 31 bits.
 *   - Finding the child without branches, by running sums in registers: the sums that settling has
 *     just written must leave the store buffer first. Two writers far apart: 48 ns instead of 28.
 *   - A run of typing kept aside, to be put in when somebody looks: saves nothing where the edit
 *     itself takes 4 ns, and every reader would have to ask.
 *   - Leaves of 1 KiB: 10 % less at random in 10 MB, 10 % more for a played session of jumps.
 *   - Leaves loaded full: the first key in each splits it, 240 ns at random in 10 MB.
 *   - memmove for each move of a gap: its choice of a way by the length is mispredicted; 4 % of a
 *     played session.
 */
#ifndef TEXT_NODE_H
#define TEXT_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include <weft/text.h>

/* Tests also build the text with tiny nodes, where a line of input makes a deep tree. */
#ifndef TEXT_LEAF_CAP
#define TEXT_LEAF_CAP   (2048 - 72) /* the whole leaf, with malloc's own 8 bytes, is 2 KiB */
#define TEXT_INNER_CAP  32
#define TEXT_HEIGHT_MAX 8
#define TEXT_CP_MAX     CP_MAX
#endif

enum {
    /* Moving a gap half through it is about 20 ns; a split copies it once in 1,000 keystrokes. */
    LEAF_CAP = TEXT_LEAF_CAP,
    LEAF_PAD = 16,
    /* Half, less what is lost when a cut moves back to the start of a code point. */
    LEAF_MIN = LEAF_CAP / 2 - 3,
    /* Text that does not fit is cut into ceil(total / LEAF_PIECE) leaves. Equal shares rounded up
     * and 3 bytes of a code point more still fit. */
    LEAF_PIECE = LEAF_CAP - 4,
    /* A text that is loaded is cut into ceil(total / LEAF_LOADED): its leaves have some room, so
     * that the first key in each of them does not split it. */
    LEAF_LOADED = LEAF_PIECE - LEAF_CAP / 20,

    INNER_CAP = TEXT_INNER_CAP,
    INNER_MIN = INNER_CAP / 2,

    /* Inner levels. 8 of them have at least 2 * INNER_MIN^7 leaves, all but one of LEAF_MIN bytes:
     * 492 GiB. The longest text, of CP_MAX code points of four bytes, has 8 GiB. */
    HEIGHT_MAX = TEXT_HEIGHT_MAX,

    /* Spare nodes kept when nothing is reserved, so that an edit at a leaf's limit back and forth
     * does not go to the allocator each time. */
    SPARE_KEEP = 1,
};

/* Of what there is a sum for each child. */
enum unit { UNIT_CP, UNIT_LINES, UNIT_WIDE, UNIT_MORE, UNITS };

/* How much text lies somewhere, in 16 bytes. What is zero in ASCII is kept apart: u16 = cp + wide,
 * bytes = u16 + more. No count of a text of CP_MAX code points exceeds 32 bits: bytes would, but of
 * a code point at most two bytes are more than its UTF-16 units. */
struct count {
    uint32_t cp;
    uint32_t lines;
    uint32_t wide; /* code points above U+FFFF: one UTF-16 unit more */
    uint32_t more; /* bytes beyond one for each UTF-16 unit */
};

struct leaf {
    struct leaf *next; /* also links the spare ones */
    struct leaf *prev;
    struct count count;
    uint32_t gap_bytes; /* text before the gap */
    uint32_t gap_cp;
    uint32_t behind; /* where the text behind the gap starts, up to LEAF_CAP */
    char bytes[LEAF_CAP];
    char pad[LEAF_PAD]; /* read, never used: see gap_move() */
};

_Static_assert(TEXT_LEAF_CAP < 1000 || sizeof(struct leaf) <= 2048 - 8,
               "2 KiB with all, and malloc");
_Static_assert(LEAF_CAP % 2 == 0, "two halves");
_Static_assert(2 * LEAF_LOADED >= 3 * (LEAF_CAP / 2),
               "a third of more than two pieces is half a leaf");
_Static_assert(INNER_MIN >= 2, "a level is at most half as long as the one below");

struct inner {
    struct inner *next; /* links spare ones, and a level while it is built */
    size_t count;
    uint32_t sum[UNITS][INNER_CAP];
    void *child[INNER_CAP]; /* leaves on level 0, inner nodes above */
};

/* One level of a path: child `at` of `node`. Level 0 is next to the leaves. */
struct step {
    struct inner *node;
    size_t at;
};

struct finger {
    struct leaf *leaf; /* NULL: nowhere */
    size_t start_cp;   /* code points before the leaf */
    struct step path[HEIGHT_MAX];
};

struct weft_text {
    const struct weft_alloc *alloc;
    struct count total;
    struct inner *root;
    size_t height; /* inner levels, 1 or more; the root is on level height - 1 */
    struct leaf *first;
    struct leaf *last;
    struct finger finger;
    size_t leaves; /* in the tree */
    size_t inners;
    struct leaf *spare_leaf;
    struct inner *spare_inner;
    size_t spare_leaves;
    size_t spare_inners;
    /* What is left of the last weft_text_reserve(). While held_inserts > 0 no node is given back to
     * the allocator. */
    size_t held_inserts;
    size_t held_bytes;
};

static inline void count_add(struct count *a, const struct count *b)
{
    a->cp += b->cp;
    a->lines += b->lines;
    a->wide += b->wide;
    a->more += b->more;
}

/* May be "negative": unsigned arithmetic wraps back. */
static inline void count_sub(struct count *a, const struct count *b)
{
    a->cp -= b->cp;
    a->lines -= b->lines;
    a->wide -= b->wide;
    a->more -= b->more;
}

static inline size_t count_u16(const struct count *c)
{
    return (size_t)c->cp + c->wide;
}

static inline size_t count_bytes(const struct count *c)
{
    return (size_t)c->cp + c->wide + c->more;
}

static inline struct weft_size count_size(const struct count *c)
{
    return (struct weft_size){
        .bytes = count_bytes(c), .cp = c->cp, .u16 = count_u16(c), .lines = c->lines};
}

/* Bytes that still fit. */
static inline size_t leaf_room(const struct leaf *l)
{
    return l->behind - l->gap_bytes;
}

static inline size_t leaf_bytes(const struct leaf *l)
{
    return LEAF_CAP - leaf_room(l);
}

static inline struct count sum_get(const struct inner *n, size_t i)
{
    return (struct count){.cp = n->sum[UNIT_CP][i],
                          .lines = n->sum[UNIT_LINES][i],
                          .wide = n->sum[UNIT_WIDE][i],
                          .more = n->sum[UNIT_MORE][i]};
}

static inline void leaf_empty(struct leaf *l)
{
    l->count = (struct count){0};
    l->gap_bytes = 0;
    l->gap_cp = 0;
    l->behind = LEAF_CAP;
}

/* build.c */

/* Text that is not in one piece: before an insertion, the insertion, behind it. */
struct run {
    const char *bytes;
    size_t len;
};

enum { RUNS = 3 };

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

/* Into shares of at most `piece`, LEAF_PIECE or less; 0: fill them. */
struct cuts cuts_of(const struct run runs[RUNS], size_t piece);
/* Makes what lies before the next cut the leaf's content. */
void cuts_next(struct cuts *c, struct leaf *l);

/* leaf.c */

/* What valid UTF-8 measures. */
struct count text_measure(const char *utf8, size_t len_bytes);

/* Makes these bytes the content; they must fit. */
void leaf_set(struct leaf *l, const char *utf8, size_t len_bytes);
/* Copies the content, without the gap, to `out`. */
void leaf_get(const struct leaf *l, char *out);
/* Moves the gap. */
void leaf_move(struct leaf *l, size_t at_cp);
/* Returns what was dropped. */
struct count leaf_delete(struct leaf *l, size_t at_cp, size_t len_cp);
/* Byte offsets of positions in other units, which are not past the end. */
size_t leaf_offset_cp(const struct leaf *l, size_t at_cp);
/* Behind that many line feeds. */
size_t leaf_offset_line(const struct leaf *l, size_t lines);
/* False when the position lies inside a code point. */
bool leaf_offset_u16(const struct leaf *l, size_t at_u16, size_t *ret_bytes);
bool leaf_offset_byte(const struct leaf *l, size_t at_bytes);
/* What lies before a byte offset. */
struct count leaf_before(const struct leaf *l, size_t at_bytes);
/* The run of bytes from a byte offset to the gap or to the end; its length, 0 at the end. */
size_t leaf_run(const struct leaf *l, size_t at_bytes, const char **ret);

/* pool.c */

/* At least so many spare nodes of each kind, or WEFT_ENOMEM and as many as before. */
WEFT_CHECKED int pool_fill(struct weft_text *t, size_t leaves, size_t inners);
/* Releases spare nodes above these counts. */
void pool_trim(struct weft_text *t, size_t leaves, size_t inners);
/* Take from the spare ones, of which there must be one; give back to them. */
struct leaf *pool_leaf(struct weft_text *t);
struct inner *pool_inner(struct weft_text *t);
void pool_put_leaf(struct weft_text *t, struct leaf *l);
void pool_put_inner(struct weft_text *t, struct inner *n);
/* How many new nodes `inserts` insertions of `bytes` bytes together can take at any moment. */
void pool_need(const struct weft_text *t, size_t inserts, size_t bytes, size_t *ret_leaves,
               size_t *ret_inners);
/* Inner nodes that tree_build() makes over so many leaves. */
size_t pool_build_inners(size_t leaves);

/* tree.c */

/* What lies below a node. */
struct count inner_total(const struct inner *n);
/* Brings the sums on the finger's path up to its leaf. Not const inside: see Invariants. */
void tree_settle(const struct weft_text *t);
/* Moves the finger to the leaf of the gap at pos_cp; where two leaves meet there, to the left one,
 * or with `ahead` to the one of the code point behind the gap (pos_cp is not the end then). */
void tree_seek(struct weft_text *t, size_t pos_cp, bool ahead);
/* Makes `l` the leaf behind the finger's, and moves the finger there. Takes at most one spare inner
 * node per level and one for a new root. The tree must be settled. */
void tree_add(struct weft_text *t, struct leaf *l);
/* Restores the least sizes after the finger's leaf lost text. Takes no memory. Ends the finger. */
void tree_shrink(struct weft_text *t);
/* Makes inner nodes over the linked leaves of a text that has none; takes
 * pool_build_inners(t->leaves) spare ones. */
void tree_build(struct weft_text *t);

#endif
