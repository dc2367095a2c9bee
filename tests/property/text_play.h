/* Random edits played on a text and on the flat model side by side. Included by the property tests
 * of the text with usual and with small nodes. */
#ifndef PROPERTY_TEXT_PLAY_H
#define PROPERTY_TEXT_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/faulty.h"
#include "support/flat.h"
#include "support/rng.h"
#include "text/node.h"
#include <weft/text.h>

/* How one case is played. */
struct play {
    size_t edits;
    size_t start_cp;    /* the text begins with up to this much */
    size_t piece_cp;    /* a usual insertion is up to this long */
    size_t big_cp;      /* a rare one is */
    size_t max_cp;      /* deletions are preferred above */
    size_t check_every; /* 1: all sums are walked after each edit; more: they may lag between */
    size_t query_every;
    unsigned ascii_percent; /* cases whose text is ASCII alone */
};

struct game {
    uint64_t seed;
    struct rng rng;
    const struct play *play;
    bool ascii;
    struct faulty faulty;
    struct weft_text *text;
    struct flat flat;
    size_t cp; /* code points in the model */
    size_t caret;
    char *scratch; /* room for the longest insertion */
};

/* A failed comparison prints how to play its case alone. */
#define PLAY_CHECK(game, cond)                                                                     \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "# broken: %s\n", #cond);                                              \
            rng_tell((game)->seed);                                                                \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

static size_t play_text(struct game *g, size_t n_cp)
{
    if (!g->ascii)
        return rng_text(&g->rng, g->scratch, n_cp);
    for (size_t i = 0; i < n_cp; i++)
        g->scratch[i] = rng_chance(&g->rng, 5) ? '\n' : (char)('a' + rng_below(&g->rng, 26));
    return n_cp;
}

static void play_query(struct game *g)
{
    const struct flat *f = &g->flat;
    size_t pos = rng_below(&g->rng, g->cp + 1);
    size_t at = flat_offset(f, pos);
    struct weft_size want = flat_measure(f, 0, at);
    /* Each answer goes where none of the others has been. */
    const struct weft_size nothing = {.bytes = SIZE_MAX};
    struct weft_size got = nothing;
    PLAY_CHECK(g, weft_text_at_cp(g->text, pos, &got) == 0);
    PLAY_CHECK(g, flat_size_equal(got, want));
    got = nothing;
    PLAY_CHECK(g, weft_text_at_byte(g->text, want.bytes, &got) == 0);
    PLAY_CHECK(g, flat_size_equal(got, want));
    got = nothing;
    PLAY_CHECK(g, weft_text_at_u16(g->text, want.u16, &got) == 0);
    PLAY_CHECK(g, flat_size_equal(got, want));
    size_t next = pos < g->cp ? flat_offset(f, pos + 1) : at;
    for (size_t i = at + 1; i < next; i++)
        PLAY_CHECK(g, weft_text_at_byte(g->text, i, &got) == WEFT_EINVAL);
    if (next - at == 4)
        PLAY_CHECK(g, weft_text_at_u16(g->text, want.u16 + 1, &got) == WEFT_EINVAL);

    /* The start of the line the gap is in: behind the line feed before it. */
    size_t line_at = at;
    while (line_at > 0 && f->bytes[line_at - 1] != '\n')
        line_at--;
    got = nothing;
    PLAY_CHECK(g, weft_text_at_line(g->text, want.lines, &got) == 0);
    PLAY_CHECK(g, flat_size_equal(got, flat_measure(f, 0, line_at)));

    struct weft_text_iter it;
    PLAY_CHECK(g, weft_text_iter_at(g->text, pos, &it) == 0);
    const char *chunk;
    size_t len;
    size_t walked = at;
    while (weft_text_iter_next(&it, &chunk, &len)) {
        PLAY_CHECK(g, len > 0 && len <= f->len - walked);
        PLAY_CHECK(g, memcmp(chunk, f->bytes + walked, len) == 0);
        PLAY_CHECK(g, ((unsigned char)*chunk & 0xc0) != 0x80);
        walked += len;
    }
    PLAY_CHECK(g, walked == f->len);
    PLAY_CHECK(g, !weft_text_iter_next(&it, &chunk, &len));
    /* ... and all the way back. */
    while (weft_text_iter_prev(&it, &chunk, &len)) {
        PLAY_CHECK(g, len > 0 && len <= walked);
        walked -= len;
        PLAY_CHECK(g, memcmp(chunk, f->bytes + walked, len) == 0);
        PLAY_CHECK(g, ((unsigned char)*chunk & 0xc0) != 0x80);
    }
    PLAY_CHECK(g, walked == 0);
    /* What was stepped over is stepped back over. */
    PLAY_CHECK(g, weft_text_iter_at(g->text, pos, &it) == 0);
    const char *again;
    size_t len_again;
    if (weft_text_iter_next(&it, &chunk, &len)) {
        PLAY_CHECK(g, weft_text_iter_prev(&it, &again, &len_again));
        PLAY_CHECK(g, again + len_again == chunk + len && len_again >= len);
    }
}

static void play_copy(struct game *g)
{
    size_t pos = rng_below(&g->rng, g->cp + 1);
    size_t n_cp = rng_below(&g->rng, g->cp - pos + 1);
    size_t from = flat_offset(&g->flat, pos);
    size_t want = flat_offset(&g->flat, pos + n_cp) - from;
    char *out = malloc(want + 1);
    assert_non_null(out);
    size_t len = 99;
    PLAY_CHECK(g, weft_text_copy(g->text, pos, n_cp, out, want, &len) == 0);
    PLAY_CHECK(g, len == want && memcmp(out, g->flat.bytes + from, len) == 0);
    if (want > 0)
        PLAY_CHECK(g, weft_text_copy(g->text, pos, n_cp, out, want - 1, &len) == WEFT_ELIMIT);
    free(out);

    struct weft_text *clone;
    PLAY_CHECK(g, weft_text_clone(g->text, &clone) == 0);
    PLAY_CHECK(g, weft_text_check(clone));
    PLAY_CHECK(g, weft_text_equal(clone, g->flat.bytes, g->flat.len));
    weft_text_free(clone);
}

static void play_compare(struct game *g)
{
    PLAY_CHECK(g, weft_text_check(g->text));
    PLAY_CHECK(g, weft_text_equal(g->text, g->flat.bytes, g->flat.len));
    PLAY_CHECK(g, flat_size_equal(weft_text_size(g->text), flat_measure(&g->flat, 0, g->flat.len)));
    PLAY_CHECK(g, weft_text_memory(g->text) == g->faulty.live_bytes);
}

static void play_insert(struct game *g, size_t pos, size_t len_bytes)
{
    PLAY_CHECK(g, weft_text_insert(g->text, pos, g->scratch, len_bytes) == 0);
    flat_insert(&g->flat, pos, g->scratch, len_bytes);
    size_t before = g->cp;
    g->cp = weft_text_size(g->text).cp;
    g->caret = pos + (g->cp - before);
}

static void play_delete(struct game *g, size_t pos, size_t n_cp)
{
    PLAY_CHECK(g, weft_text_delete(g->text, pos, n_cp) == 0);
    flat_delete(&g->flat, pos, n_cp);
    g->cp -= n_cp;
    g->caret = pos;
}

static void play_random_delete(struct game *g)
{
    size_t pos = rng_below(&g->rng, g->cp + 1);
    size_t most = rng_chance(&g->rng, 80) ? g->play->piece_cp : g->play->big_cp * 2;
    if (rng_chance(&g->rng, 1))
        most = g->cp;
    size_t rest = g->cp - pos;
    play_delete(g, pos, rng_below(&g->rng, (most < rest ? most : rest) + 1));
}

static void play_edit(struct game *g)
{
    size_t what = rng_below(&g->rng, 100);
    if (g->caret > g->cp || rng_chance(&g->rng, 10))
        g->caret = rng_below(&g->rng, g->cp + 1);
    if (g->cp > g->play->max_cp && what >= 20)
        play_random_delete(g);
    else if (what < 40) /* typing */
        play_insert(g, g->caret, play_text(g, 1 + rng_below(&g->rng, 3)));
    else if (what < 55 && g->caret > 0) /* rubbing out */
        play_delete(g, g->caret - 1, 1);
    else if (what < 65 && g->caret < g->cp)
        play_delete(g, g->caret, 1);
    else if (what < 72) /* at the end */
        play_insert(g, g->cp, play_text(g, rng_below(&g->rng, g->play->piece_cp + 1)));
    else if (what < 86)
        play_insert(g, rng_below(&g->rng, g->cp + 1),
                    play_text(g, rng_below(&g->rng, g->play->piece_cp + 1)));
    else if (what < 89)
        play_insert(g, rng_below(&g->rng, g->cp + 1),
                    play_text(g, rng_below(&g->rng, g->play->big_cp + 1)));
    else
        play_random_delete(g);
}

/* What was reserved suffices with an allocator that gives nothing more, and is not given back by
 * the deletions in between. */
static void play_reserved(struct game *g)
{
    size_t inserts = rng_below(&g->rng, rng_chance(&g->rng, 10) ? 200 : 6);
    bool one_place = rng_chance(&g->rng, 30);
    size_t most = rng_chance(&g->rng, 10) ? g->play->big_cp : g->play->piece_cp;
    struct rng saved = g->rng;
    /* Twice the same draw: first to know the bytes, then to insert them. */
    size_t bytes = 0;
    for (size_t i = 0; i < inserts; i++)
        bytes += play_text(g, rng_below(&g->rng, most + 1));
    PLAY_CHECK(g, weft_text_reserve(g->text, inserts, bytes) == 0);
    g->faulty.fail_at = g->faulty.requests;
    struct rng other = rng_of(rng_next(&g->rng));
    g->rng = saved;
    for (size_t i = 0; i < inserts; i++) {
        size_t len_bytes = play_text(g, rng_below(&g->rng, most + 1));
        size_t pos = one_place && g->caret <= g->cp ? g->caret : rng_below(&other, g->cp + 1);
        play_insert(g, pos, len_bytes);
        if (rng_chance(&other, 30) && g->cp > 0) {
            pos = rng_below(&other, g->cp);
            size_t rest = g->cp - pos;
            size_t limit = rng_chance(&other, 20) ? rest : g->play->piece_cp;
            play_delete(g, pos, rng_below(&other, (limit < rest ? limit : rest) + 1));
        }
    }
    PLAY_CHECK(g, g->faulty.requests == g->faulty.fail_at);
    g->faulty.fail_at = -1;
    g->rng = other;
}

static void play_case(uint64_t seed, const struct play *play)
{
    struct game g = {.seed = seed, .rng = rng_of(seed), .play = play};
    size_t longest = play->big_cp > play->start_cp ? play->big_cp : play->start_cp;
    if (longest < play->piece_cp)
        longest = play->piece_cp;
    g.scratch = malloc(4 * longest + 16);
    assert_non_null(g.scratch);
    g.ascii = rng_chance(&g.rng, play->ascii_percent);
    flat_init(&g.flat);
    faulty_init(&g.faulty, -1);
    size_t len = play_text(&g, rng_below(&g.rng, play->start_cp + 1));
    PLAY_CHECK(&g, weft_text_from(&g.faulty.alloc, g.scratch, len, &g.text) == 0);
    flat_set(&g.flat, g.scratch, len);
    g.cp = weft_text_size(g.text).cp;
    play_compare(&g);
    for (size_t i = 1; i <= play->edits; i++) {
        if (rng_chance(&g.rng, 4))
            play_reserved(&g);
        else
            play_edit(&g);
        if (i % play->query_every == 0)
            play_query(&g);
        if (i % play->check_every == 0)
            play_compare(&g);
        if (i % (play->query_every * 5) == 0)
            play_copy(&g);
    }
    play_compare(&g);
    /* All of it away, from a random side. */
    while (g.cp > 0) {
        size_t n_cp = rng_below(&g.rng, g.cp / 2) + 1;
        play_delete(&g, rng_chance(&g.rng, 50) ? 0 : g.cp - n_cp, n_cp);
        PLAY_CHECK(&g, weft_text_check(g.text));
    }
    play_compare(&g);
    weft_text_free(g.text);
    PLAY_CHECK(&g, g.faulty.live_blocks == 0);
    flat_done(&g.flat);
    free(g.scratch);
}

static void play_cases(size_t cases, const struct play *play)
{
    uint64_t first = rng_seed();
    size_t n = rng_cases(cases);
    for (size_t i = 0; i < n; i++)
        play_case(first + i, play);
    assert_true(rng_proved(n * play->edits, cases * play->edits,
                           play->check_every == 1 ? "edits, each followed by a walk over all"
                                                  : "edits between walks over all"));
}

#endif
