/* Millions of edits on a text and on a dumb model of it: code points in one array with a gap.
 *
 * After each edit the sizes in all four units are compared, and the text on both sides of the edit;
 * the whole text, its invariants and some positions now and then, more often the shorter the text.
 * A case is a list of edits that say where by a fraction of the text, so that any of them may be
 * left out: one that breaks is made small before it is printed, with everything compared after
 * every edit. Included by the programs with usual and with small nodes. */
#ifndef PROPERTY_EDIT_PLAY_H
#define PROPERTY_EDIT_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "support/faulty.h"
#include "support/gen.h"
#include "support/rng.h"
#include "support/trap.h"
#include <weft/op.h>
#include <weft/text.h>

enum {
    EDITS_MOST = 2000, /* of a case */
    PASTE_CP_MOST = 6000,
    NEAR_CP = 8, /* compared on each side of an edit */
};

/* What a text is like that is edited. */
struct edit_kind {
    size_t start_cp;
    size_t most_cp; /* above this more is deleted than inserted */
    size_t paste_cp;
    bool ops; /* some edits are operations of several parts */
};

enum edit_what { TYPE, RUB_OUT, DROP, INSERT, DELETE, APPEND, PASTE, CUT, OPERATION, EDIT_WHATS };

struct edit {
    uint8_t what;
    uint8_t n;
    uint16_t letters;
    uint32_t where;
};

struct edit_case {
    const struct edit_kind *kind;
    uint64_t seed;
    bool wide;
    size_t start_cp;
    size_t n;
    struct edit edits[EDITS_MOST];
};

/* --- the model --- */

struct gapped {
    uint32_t *cp; /* [0, before) and [cap - after, cap) */
    size_t before, after, cap;
    struct weft_size size;
};

static void gapped_count(struct gapped *g, uint32_t cp, size_t sign)
{
    g->size.bytes += sign * (cp < 0x80 ? 1u : cp < 0x800 ? 2u : cp < 0x10000 ? 3u : 4u);
    g->size.cp += sign;
    g->size.u16 += sign * (cp < 0x10000 ? 1u : 2u);
    g->size.lines += sign * (cp == '\n');
}

static uint32_t gapped_at(const struct gapped *g, size_t i)
{
    return i < g->before ? g->cp[i] : g->cp[g->cap - g->after - g->before + i];
}

static void gapped_go(struct gapped *g, size_t pos)
{
    WEFT_ASSERT(pos <= g->before + g->after);
    size_t behind = g->cap - g->after;
    if (pos < g->before) {
        size_t n = g->before - pos;
        memmove(g->cp + behind - n, g->cp + pos, n * sizeof *g->cp);
        g->before -= n;
        g->after += n;
    } else if (pos > g->before) {
        size_t n = pos - g->before;
        memmove(g->cp + g->before, g->cp + behind, n * sizeof *g->cp);
        g->before += n;
        g->after -= n;
    }
}

static void gapped_insert(struct gapped *g, size_t pos, const uint32_t *cp, size_t n)
{
    if (g->before + g->after + n > g->cap) {
        size_t cap = 2 * (g->cap + n) + 64;
        uint32_t *more = malloc(cap * sizeof *more);
        assert_non_null(more);
        if (g->cap > 0) {
            memcpy(more, g->cp, g->before * sizeof *more);
            memcpy(more + cap - g->after, g->cp + g->cap - g->after, g->after * sizeof *more);
        }
        free(g->cp);
        g->cp = more;
        g->cap = cap;
    }
    gapped_go(g, pos);
    for (size_t i = 0; i < n; i++) {
        g->cp[g->before++] = cp[i];
        gapped_count(g, cp[i], 1);
    }
}

static void gapped_delete(struct gapped *g, size_t pos, size_t n)
{
    gapped_go(g, pos);
    WEFT_ASSERT(n <= g->after);
    for (; n > 0; n--)
        gapped_count(g, g->cp[g->cap - g->after--], (size_t)-1);
}

/* --- a game --- */

/* Memory of one game is used by the next. */
static struct edit_game {
    const struct edit_case *c;
    bool careful; /* everything after every edit */
    bool telling;
    struct weft_text *text;
    struct faulty memory;
    struct gapped model;
    struct weft_op op;
    size_t caret;
    size_t until_compare;
    char why[256];
    uint32_t piece[PASTE_CP_MOST];
    char utf8[4 * PASTE_CP_MOST];
} game;

static bool wrong(const char *why)
{
    (void)snprintf(game.why, sizeof game.why, "%s", why);
    return false;
}

static bool same_size(struct weft_size got, struct weft_size want, const char *what)
{
    if (got.bytes == want.bytes && got.cp == want.cp && got.u16 == want.u16 &&
        got.lines == want.lines)
        return true;
    (void)snprintf(game.why, sizeof game.why,
                   "%s: bytes=%zu cp=%zu u16=%zu lines=%zu, expected bytes=%zu cp=%zu u16=%zu "
                   "lines=%zu",
                   what, got.bytes, got.cp, got.u16, got.lines, want.bytes, want.cp, want.u16,
                   want.lines);
    return false;
}

static size_t model_utf8(size_t from, size_t to, char *out)
{
    size_t len = 0;
    for (size_t i = from; i < to; i++)
        len += utf8_put(out + len, gapped_at(&game.model, i));
    return len;
}

static bool compare_near(size_t pos)
{
    char want[8 * NEAR_CP];
    const size_t all = game.model.size.cp;
    const size_t from = pos > NEAR_CP ? pos - NEAR_CP : 0;
    const size_t to = all - pos > NEAR_CP ? pos + NEAR_CP : all;
    const size_t len = model_utf8(from, to, want);
    struct weft_text_iter it;
    const char *chunk;
    size_t n;
    size_t at = 0;
    bool same = weft_text_iter_at(game.text, from, &it) == 0;
    while (same && at < len && weft_text_iter_next(&it, &chunk, &n)) {
        n = n < len - at ? n : len - at;
        same = memcmp(want + at, chunk, n) == 0;
        at += n;
    }
    if (same && at == len)
        return true;
    (void)snprintf(game.why, sizeof game.why,
                   "code points %zu to %zu, around the edit, are not \"%.*s\"", from, to, (int)len,
                   want);
    return false;
}

/* All that lies before one gap, by each unit. */
static bool compare_position(size_t pos)
{
    struct gapped before = {0};
    size_t line = 0;
    struct weft_size line_start = {0};
    /* One for each query: an answer must not be found where another one has been put. */
    struct weft_size got[4] = {
        {.bytes = SIZE_MAX}, {.bytes = SIZE_MAX}, {.bytes = SIZE_MAX}, {.bytes = SIZE_MAX}};
    for (size_t i = 0; i < pos; i++) {
        gapped_count(&before, gapped_at(&game.model, i), 1);
        if (before.size.lines != line) {
            line = before.size.lines;
            line_start = before.size;
        }
    }
    return weft_text_at_cp(game.text, pos, &got[0]) == 0 &&
           same_size(got[0], before.size, "weft_text_at_cp") &&
           weft_text_at_byte(game.text, before.size.bytes, &got[1]) == 0 &&
           same_size(got[1], before.size, "weft_text_at_byte") &&
           weft_text_at_u16(game.text, before.size.u16, &got[2]) == 0 &&
           same_size(got[2], before.size, "weft_text_at_u16") &&
           weft_text_at_line(game.text, line, &got[3]) == 0 &&
           same_size(got[3], line_start, "weft_text_at_line");
}

static bool compare_all(void)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    size_t at = 0;
    if (!weft_text_check(game.text))
        return wrong("weft_text_check: a sum, an order or an invariant is broken");
    if (weft_text_iter_at(game.text, 0, &it) != 0)
        return wrong("no way to walk the text");
    while (weft_text_iter_next(&it, &chunk, &len)) {
        size_t n;
        for (size_t i = 0; i < len; i += n) {
            uint32_t cp = utf8_get(chunk + i, &n);
            if (at == game.model.size.cp || cp != gapped_at(&game.model, at)) {
                (void)snprintf(game.why, sizeof game.why,
                               "code point %zu of the text is U+%04X, expected %s U+%04X", at, cp,
                               at == game.model.size.cp ? "the end, not" : "",
                               at == game.model.size.cp ? cp : gapped_at(&game.model, at));
                return false;
            }
            at++;
        }
    }
    if (at != game.model.size.cp)
        return wrong("walking the text ends before its end");
    size_t memory = weft_text_memory(game.text);
    if (memory != game.memory.live_bytes) {
        (void)snprintf(game.why, sizeof game.why, "weft_text_memory: %zu, expected %zu", memory,
                       game.memory.live_bytes);
        return false;
    }
    return compare_position(game.caret);
}

static bool compare(size_t pos)
{
    game.caret = pos;
    if (!same_size(weft_text_size(game.text), game.model.size, "weft_text_size") ||
        !compare_near(pos))
        return false;
    if (game.until_compare-- > 0 && !game.careful)
        return true;
    game.until_compare = 40 + game.model.size.cp / 6;
    return compare_all();
}

static size_t letters(uint16_t seed, size_t n)
{
    static const uint32_t ODD[] = {0x1f600, 0xe4,   0x20ac,  '\n',   0x10000,  0x7ff,
                                   0xffff,  0x80,   0x1f468, 0x200d, 0x10ffff, 0xd7ff,
                                   '\t',    0xe000, 0x7f,    '\r'};
    uint32_t x = seed * 2654435761u;
    size_t len = 0;
    for (size_t i = 0; i < n; i++, x = x * 1664525u + 1013904223u) {
        uint32_t pick = x >> 24;
        game.piece[i] = game.c->wide && pick >= 160 ? ODD[pick % 16]
                        : pick < 6                  ? '\n'
                                                    : 'a' + pick % 26;
        len += utf8_put(game.utf8 + len, game.piece[i]);
    }
    return len;
}

static const size_t NEW = SIZE_MAX;

static void tell_text(size_t pos, size_t len)
{
    enum { SHOWN_BYTES = 300 };
    size_t shown = len < SHOWN_BYTES ? len : SHOWN_BYTES;
    while (!utf8_valid(game.utf8, shown, NULL))
        shown--;
    if (pos == NEW)
        fprintf(stderr, "#   weft_text_from(heap, ");
    else
        fprintf(stderr, "#   weft_text_insert(t, %zu, ", pos);
    text_print(stderr, game.utf8, shown);
    fprintf(stderr, "%s, %zu)\n", shown < len ? "..." : "", len);
}

static bool insert(size_t pos, uint16_t seed, size_t n)
{
    size_t len = letters(seed, n);
    if (game.telling)
        tell_text(pos, len);
    int err = weft_text_insert(game.text, pos, game.utf8, len);
    if (err != 0)
        return wrong(weft_error_text(err));
    gapped_insert(&game.model, pos, game.piece, n);
    return compare(pos + n);
}

static bool delete (size_t pos, size_t n)
{
    size_t rest = game.model.size.cp - pos;
    n = n < rest ? n : rest;
    if (game.telling)
        fprintf(stderr, "#   weft_text_delete(t, %zu, %zu)\n", pos, n);
    int err = weft_text_delete(game.text, pos, n);
    if (err != 0)
        return wrong(weft_error_text(err));
    gapped_delete(&game.model, pos, n);
    return compare(pos);
}

/* Retain, then insert and delete in one or the other order, up to three times. */
static bool operate(const struct edit *e, size_t pos)
{
    uint32_t dice = e->where * 2246822519u;
    size_t left = game.model.size.cp - pos;
    size_t at = pos;
    weft_op_clear(&game.op);
    int err = weft_op_retain(&game.op, pos);
    for (size_t i = 0; err == 0 && i <= dice % 3; i++) {
        uint32_t more = dice >> (4 + 8 * i);
        size_t n = 1 + (more >> 2) % 4;
        size_t gone = (more >> 4) % 5 < left ? (more >> 4) % 5 : left;
        size_t len = letters((uint16_t)(e->letters + i), n);
        if ((more & 1) != 0)
            err = weft_op_insert(&game.op, game.utf8, len);
        if (err == 0)
            err = weft_op_delete(&game.op, gone);
        if (err == 0 && (more & 1) == 0)
            err = weft_op_insert(&game.op, game.utf8, len);
        gapped_insert(&game.model, at, game.piece, n);
        gapped_delete(&game.model, at + n, gone);
        left -= gone;
        size_t skip = left < 3 ? left : 3;
        if (err == 0)
            err = weft_op_retain(&game.op, skip);
        at += n + skip;
        left -= skip;
    }
    if (game.telling) {
        char *json = op_json(&game.op);
        fprintf(stderr, "#   weft_op_apply(%s, t)\n", json);
        free(json);
    }
    if (err == 0)
        err = weft_op_apply(&game.op, game.text);
    return err == 0 ? compare(at) : wrong(weft_error_text(err));
}

static bool carry_out(const struct edit *e)
{
    const struct edit_kind *kind = game.c->kind;
    const size_t all = game.model.size.cp;
    const size_t anywhere = (size_t)((uint64_t)e->where * (all + 1) >> 32);
    const size_t caret = game.caret < all ? game.caret : all;
    const size_t much = 1 + (kind->paste_cp - 1) * e->n / 255;
    switch ((enum edit_what)e->what) {
    case TYPE:
        return insert(caret, e->letters, 1 + e->n % 3);
    case RUB_OUT:
        return caret > 0 ? delete (caret - 1, 1) : true;
    case DROP:
        return delete (caret, 1);
    case INSERT:
        return insert(anywhere, e->letters, 1 + e->n % 12);
    case DELETE:
        return delete (anywhere, e->n % 16);
    case APPEND:
        return insert(all, e->letters, 1 + e->n % 12);
    case PASTE:
        return all > kind->most_cp ? delete (anywhere, 2 * much)
                                   : insert(anywhere, e->letters, much);
    case CUT:
        return delete (anywhere, e->n == 255 ? all : much);
    default:
        return operate(e, anywhere);
    }
}

/* Plays a case; false when it broke, then game.why says how and *ret_played how far it came. */
static bool game_play(const struct edit_case *c, bool careful, bool telling,
                      volatile size_t *played)
{
    weft_text_free(game.text);
    game.text = NULL;
    game.c = c;
    game.careful = careful;
    game.telling = telling;
    game.model.before = game.model.after = 0;
    game.model.size = (struct weft_size){0};
    game.caret = game.until_compare = 0;
    *played = 0;
    faulty_init(&game.memory, -1);
    size_t start = c->start_cp < PASTE_CP_MOST ? c->start_cp : PASTE_CP_MOST;
    size_t len = letters((uint16_t)c->seed, start);
    if (telling)
        tell_text(NEW, len);
    int err = weft_text_from(&game.memory.alloc, game.utf8, len, &game.text);
    if (err != 0)
        return wrong(weft_error_text(err));
    gapped_insert(&game.model, 0, game.piece, start);
    while (game.model.size.cp < c->start_cp)
        if (!insert(game.model.size.cp, (uint16_t)game.model.size.cp, PASTE_CP_MOST))
            return false;
    for (; *played < c->n; (*played)++)
        if (!carry_out(&c->edits[*played]))
            return false;
    if (!compare_all())
        return false;
    weft_text_free(game.text);
    game.text = NULL;
    return game.memory.live_blocks == 0 ? true : wrong("memory is still held by a freed text");
}

/* --- random cases, and smaller ones --- */

static void edit_draw(const struct edit_kind *kind, uint64_t seed, struct edit_case *c)
{
    static const uint8_t WHATS[32] = {
        TYPE,   TYPE,      TYPE,      TYPE,      TYPE,      TYPE,      TYPE,   TYPE,
        TYPE,   RUB_OUT,   RUB_OUT,   RUB_OUT,   DROP,      DROP,      INSERT, INSERT,
        INSERT, INSERT,    INSERT,    DELETE,    DELETE,    DELETE,    DELETE, DELETE,
        APPEND, OPERATION, OPERATION, OPERATION, OPERATION, OPERATION, CUT,    PASTE};
    struct rng r = rng_of(seed);
    c->kind = kind;
    c->seed = seed;
    c->wide = rng_chance(&r, 70);
    c->start_cp = rng_below(&r, kind->start_cp + 1);
    c->n = EDITS_MOST;
    for (size_t i = 0; i < c->n; i++) {
        uint64_t x = rng_next(&r);
        uint8_t what = WHATS[x % 32];
        if ((what == PASTE || what == CUT) && (x >> 5) % 4 != 0)
            what = TYPE;
        if (what == OPERATION && !kind->ops)
            what = (x >> 5) % 2 != 0 ? INSERT : DELETE;
        c->edits[i] = (struct edit){.what = what,
                                    .n = (uint8_t)(x >> 8),
                                    .letters = (uint16_t)(x >> 16),
                                    .where = (uint32_t)(x >> 32)};
    }
}

static bool edit_breaks(const struct edit_case *c, bool telling, volatile size_t *played)
{
    if (sigsetjmp(trap_here, 0) != 0) {
        (void)snprintf(game.why, sizeof game.why, "%s", trap_what);
        game.text = NULL; /* in an unknown state */
        return true;
    }
    trap_set();
    bool holds = game_play(c, true, telling, played);
    trap_clear();
    return !holds;
}

static void edit_shrink(struct edit_case *c)
{
    static struct edit_case less;
    volatile size_t played;
    if (!edit_breaks(c, false, &played)) {
        fprintf(stderr, "# it does not break when all is compared after every edit\n");
        return;
    }
    c->n = played < c->n ? played + 1 : c->n;
    for (size_t step = c->n; step > 0; step = step == 1 ? 0 : (step + 1) / 2) {
        for (size_t at = 0; at < c->n;) {
            less = *c;
            size_t drop = step < c->n - at ? step : c->n - at;
            memmove(&less.edits[at], &less.edits[at + drop],
                    (less.n - at - drop) * sizeof *less.edits);
            less.n -= drop;
            if (edit_breaks(&less, false, &played))
                *c = less;
            else
                at += step;
        }
    }
    for (size_t cut = c->start_cp; cut > 0; cut /= 2) {
        less = *c;
        while (less.start_cp >= cut && (less.start_cp -= cut, edit_breaks(&less, false, &played)))
            c->start_cp = less.start_cp;
    }
    for (size_t at = 0; at < c->n; at++) {
        for (size_t k = 0; k < 3; k++) {
            less = *c;
            struct edit *e = &less.edits[at];
            e->n = k == 0 ? 0 : e->n;
            e->where = k == 1 ? 0 : e->where;
            e->letters = k == 2 ? 0 : e->letters;
            if (edit_breaks(&less, false, &played))
                *c = less;
        }
    }
    less = *c;
    less.wide = false;
    if (edit_breaks(&less, false, &played))
        *c = less;
}

static void edit_tell(struct edit_case *c, size_t played)
{
    volatile size_t again;
    fprintf(stderr, "# edit %zu of the case came out wrong: %s\n", played + 1, game.why);
    edit_shrink(c);
    fprintf(stderr, "# as short as it could be made:\n");
    (void)edit_breaks(c, true, &again);
    fprintf(stderr, "# broken: %s\n", game.why);
    rng_tell(c->seed);
}

/* Plays so many edits, in cases of EDITS_MOST. */
static void edit_cases(const struct edit_kind *kind, size_t edits, const char *what)
{
    static struct edit_case c;
    const size_t cases = rng_cases(edits / EDITS_MOST);
    volatile size_t i = 0, played = 0;
    volatile bool holds = true;
    weft_op_init(&game.op, weft_heap());
    if (sigsetjmp(trap_here, 0) != 0) {
        (void)snprintf(game.why, sizeof game.why, "%s", trap_what);
        game.text = NULL;
        holds = false;
    } else {
        trap_set();
        for (; i < cases && holds; i++) {
            edit_draw(kind, rng_seed() + i, &c);
            holds = game_play(&c, false, false, &played);
        }
        trap_clear();
    }
    if (!holds) {
        edit_tell(&c, played);
        fail();
    }
    weft_op_done(&game.op);
    free(game.model.cp);
    game.model = (struct gapped){0};
    assert_true(rng_proved(i * EDITS_MOST, edits, what));
}

#endif
