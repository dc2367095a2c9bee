#include "support/script.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "support/rng.h"
#include "support/trap.h"

/* --- what a script means --- */

/* 64 letters; every fourth of the wide ones has two, three or four bytes. */
static uint32_t letter_of(const struct script *s, size_t i)
{
    static const char ASCII[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    static const uint32_t WIDE[] = {0x1f600, 0xe4,   0x20ac, '\n', 0x10000, 0x7ff,    0xffff, 0x7f,
                                    0x1f468, 0x200d, 0x80,   '\t', 0x800,   0x10ffff, 0xd7ff, '\r'};
    i %= 64;
    return s->wide && i % 4 == 0 ? WIDE[i / 4] : (uint32_t)(unsigned char)ASCII[i];
}

void script_doc(const struct script *s, struct cps *ret)
{
    ret->len = 0;
    for (size_t i = 0; i < s->doc_cp; i++)
        cps_push(ret, letter_of(s, 26 + i));
}

void script_op(const struct script *s, size_t i, size_t doc_cp, struct weft_op *ret)
{
    const struct script_op *op = &s->ops[i];
    size_t left = doc_cp;
    weft_op_clear(ret);
    for (size_t k = 0; k < op->n; k++) {
        const struct script_piece *p = &op->pieces[k];
        char text[4 * UINT8_MAX];
        size_t len = 0;
        int err;
        if (p->kind == WEFT_INSERT) {
            for (size_t j = 0; j < p->n_cp; j++)
                len += utf8_put(text + len, letter_of(s, p->letter + j));
            err = weft_op_insert(ret, text, len);
        } else {
            size_t n_cp = p->n_cp < left ? p->n_cp : left;
            left -= n_cp;
            err = p->kind == WEFT_DELETE ? weft_op_delete(ret, n_cp) : weft_op_retain(ret, n_cp);
        }
        WEFT_ASSERT(err == 0);
    }
}

bool script_law(const struct script *s, bool holds, const char *claim, const struct named_op *ops)
{
    if (!holds && s->is_telling) {
        struct cps doc = {0};
        script_doc(s, &doc);
        gen_report(claim, s->seed, &doc, ops);
        cps_done(&doc);
    }
    return holds;
}

/* --- random ones --- */

static void draw_op(struct rng *r, const struct script *s, bool small, struct script_op *op)
{
    op->base = (uint8_t)rng_below(r, 256);
    op->n = (uint8_t)rng_below(r, (small ? 3 : SCRIPT_PIECES_MOST) + 1);
    for (size_t k = 0; k < op->n; k++) {
        uint64_t x = rng_next(r); /* one draw for a piece: this is most of the time of a case */
        struct script_piece *p = &op->pieces[k];
        size_t kind = x % 10;
        size_t most = (x >> 8) % 100 < 60 ? 3 : (x >> 8) % 100 < 95 ? 12 : 255;
        p->kind = kind < 4 ? WEFT_INSERT : kind < 7 ? WEFT_RETAIN : WEFT_DELETE;
        if (p->kind == WEFT_INSERT)
            most = most == 3 ? 2 : 12;
        else if (k == 0 && (x >> 16) % 3 == 0)
            most = (size_t)s->doc_cp + 1; /* so that they are not all at the start */
        p->n_cp = (uint8_t)(1 + (x >> 24) % most);
        p->letter = (uint8_t)(x >> 56);
    }
}

static void draw(const struct script_kind *kind, uint64_t seed, struct script *s)
{
    struct rng r = rng_of(seed);
    s->seed = seed;
    s->is_telling = false;
    s->wide = rng_chance(&r, 75);
    s->doc_cp = (uint8_t)(rng_chance(&r, 10)   ? 0
                          : rng_chance(&r, 40) ? rng_below(&r, SCRIPT_DOC_CP_MOST / 4 + 1)
                                               : rng_below(&r, SCRIPT_DOC_CP_MOST + 1));
    size_t most = kind->ops_mostly_few && rng_chance(&r, 70) ? 9 : kind->ops_most;
    s->n_ops = (uint8_t)rng_between(&r, kind->ops_least, most);
    for (size_t i = 0; i < s->n_ops; i++)
        draw_op(&r, s, i > 2 && rng_chance(&r, 70), &s->ops[i]);
}

/* --- smaller ones --- */

static bool breaks(const struct script *s, bool (*play)(const struct script *))
{
    if (sigsetjmp(trap_here, 0) != 0)
        return true;
    trap_set();
    bool holds = play(s);
    trap_clear();
    return !holds;
}

static void drop_op(struct script *s, size_t i)
{
    memmove(&s->ops[i], &s->ops[i + 1], (s->n_ops - i - 1u) * sizeof *s->ops);
    s->n_ops--;
}

static void drop_piece(struct script_op *op, size_t k)
{
    memmove(&op->pieces[k], &op->pieces[k + 1], (op->n - k - 1u) * sizeof *op->pieces);
    op->n--;
}

/* Takes `less` for `s` when it still breaks. */
static bool take(struct script *s, const struct script *less, bool (*play)(const struct script *))
{
    if (memcmp(s, less, sizeof *s) == 0 || !breaks(less, play))
        return false;
    *s = *less;
    return true;
}

static bool shrink_number(struct script *s, uint8_t *number, uint8_t least,
                          bool (*play)(const struct script *))
{
    struct script less = *s;
    uint8_t *in_less = (uint8_t *)&less + ((uint8_t *)number - (uint8_t *)s);
    const uint8_t tries[] = {least, (uint8_t)(*number / 2), (uint8_t)(*number - 1)};
    for (size_t i = 0; i < sizeof tries; i++) {
        if (tries[i] < least || tries[i] >= *number)
            continue;
        *in_less = tries[i];
        if (take(s, &less, play))
            return true;
    }
    return false;
}

static bool shrink_op(struct script *s, size_t i, bool (*play)(const struct script *))
{
    bool smaller = false;
    for (size_t k = s->ops[i].n; k-- > 0;) {
        struct script less = *s;
        drop_piece(&less.ops[i], k);
        smaller |= take(s, &less, play);
    }
    for (size_t k = 0; k < s->ops[i].n; k++) {
        struct script_piece *p = &s->ops[i].pieces[k];
        smaller |= shrink_number(s, &p->n_cp, 1, play);
        /* A letter for each operation: a, f, k, ... */
        struct script less = *s;
        less.ops[i].pieces[k].letter = (uint8_t)(5 * i + k);
        (void)take(s, &less, play);
    }
    smaller |= shrink_number(s, &s->ops[i].base, 0, play);
    return smaller;
}

static void shrink(struct script *s, size_t ops_least, bool (*play)(const struct script *))
{
    bool smaller = true;
    for (size_t round = 0; smaller && round < 100; round++) {
        smaller = false;
        for (size_t i = s->n_ops; i-- > 0 && s->n_ops > ops_least;) {
            struct script less = *s;
            drop_op(&less, i);
            smaller |= take(s, &less, play);
        }
        for (size_t i = 0; i < s->n_ops; i++)
            smaller |= shrink_op(s, i, play);
        smaller |= shrink_number(s, &s->doc_cp, 0, play);
        struct script less = *s;
        less.wide = false;
        smaller |= take(s, &less, play);
    }
}

/* --- playing --- */

size_t script_play(const struct script_kind *kind, size_t cases,
                   bool (*play)(const struct script *s))
{
    static struct script s;
    volatile size_t played = 0;
    volatile bool holds = true;
    const uint64_t first = rng_seed();
    if (sigsetjmp(trap_here, 0) != 0) {
        holds = false;
    } else {
        trap_set();
        for (; played < cases; played++) {
            draw(kind, first + played, &s);
            if (!play(&s)) {
                holds = false;
                break;
            }
        }
        trap_clear();
    }
    if (holds)
        return played;
    shrink(&s, kind->ops_least, play);
    fprintf(stderr, "# as small as it could be made:\n");
    s.is_telling = true;
    trap_what[0] = 0;
    (void)breaks(&s, play);
    if (trap_what[0] != 0) {
        static struct weft_op ops[SCRIPT_OPS_MOST];
        static char names[SCRIPT_OPS_MOST][32];
        struct named_op list[SCRIPT_OPS_MOST + 1] = {{NULL, NULL}};
        for (size_t i = 0; i < s.n_ops; i++) {
            (void)snprintf(names[i], sizeof names[i], "operation %zu", i);
            weft_op_init(&ops[i], weft_heap());
            script_op(&s, i, SIZE_MAX, &ops[i]);
            list[i] = (struct named_op){names[i], &ops[i]};
        }
        (void)script_law(&s, false, trap_what, list);
    }
    return played;
}
