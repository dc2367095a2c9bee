#include "sim/sim.h"

#include <string.h>

#include "base/utf8.h"

/* First code point of each width, and how many are used. Zero is no character. */
static const uint32_t FIRST[4] = {0x01, 0x80, 0x800, 0x10000};
static const size_t MOST[4] = {0x7f, 0x780, CHARS_MAX, CHARS_MAX};

_Static_assert(0x800 + CHARS_MAX <= 0xd800, "no surrogates among those of three bytes");

uint16_t ledger_add(struct world *w, int author, unsigned width, char utf8[4], size_t *ret_len)
{
    struct ledger *l = &w->ledger;
    while (l->n_of[width] == MOST[width])
        width++;
    uint16_t id = (uint16_t)l->n++;
    size_t place = l->n_of[width]++;
    l->id_of[width][place] = id;
    l->chars[id] = (struct sim_char){.cp = FIRST[width] + (uint32_t)place,
                                     .left = NO_CHAR,
                                     .right = NO_CHAR,
                                     .author = (uint8_t)author};
    *ret_len = utf8_put(utf8, l->chars[id].cp);
    return id;
}

uint16_t ledger_id(const struct world *w, uint32_t cp)
{
    size_t width = cp < FIRST[1] ? 0 : cp < FIRST[2] ? 1 : cp < FIRST[3] ? 2 : 3;
    size_t place = cp - FIRST[width];
    if (cp == 0 || place >= w->ledger.n_of[width])
        sim_fail("found U+%04X in a text, which nobody has typed", (unsigned)cp);
    return w->ledger.id_of[width][place];
}

bool ledger_text_is(const struct world *w, const struct weft_text *text, const uint16_t *ids,
                    size_t n)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len, at = 0;
    if (weft_text_size(text).cp != n || weft_text_iter_at(text, 0, &it) != 0)
        return false;
    while (weft_text_iter_next(&it, &chunk, &len))
        for (size_t i = 0, used; i < len; i += used)
            if (at == n || utf8_get(chunk + i, &used) != w->ledger.chars[ids[at++]].cp)
                return false;
    return at == n;
}

static uint64_t mix(uint64_t hash, uint16_t id)
{
    return (hash ^ id) * 0x9e3779b97f4a7c15u ^ hash >> 29;
}

uint64_t ledger_hash_ids(const uint16_t *ids, size_t n)
{
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++)
        hash = mix(hash, ids[i]);
    return hash;
}

uint64_t ledger_hash(const struct world *w, const struct weft_text *text)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    uint64_t hash = weft_text_size(text).cp;
    sim_must(weft_text_iter_at(text, 0, &it), "reading a text");
    while (weft_text_iter_next(&it, &chunk, &len))
        for (size_t i = 0, used; i < len; i += used)
            hash = mix(hash, ledger_id(w, utf8_get(chunk + i, &used)));
    return hash;
}

static void each_insert(struct world *w, const struct weft_op *op, bool refused)
{
    size_t len;
    const char *text = weft_op_text(op, &len);
    for (size_t i = 0, used; i < len; i += used) {
        struct sim_char *c = &w->ledger.chars[ledger_id(w, utf8_get(text + i, &used))];
        if (refused)
            c->refused = true;
        else
            c->any = w->ledger.excuses = true;
    }
}

void ledger_refuse(struct world *w, const struct weft_op *op)
{
    each_insert(w, op, true);
}

void ledger_excuse(struct world *w, const struct weft_op *op)
{
    each_insert(w, op, false);
}

void ledger_excuse_deletes(struct world *w, const struct weft_op *op, const struct weft_text *doc)
{
    size_t n, at = 0;
    const struct weft_part *parts = weft_op_parts(op, &n);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].kind == WEFT_DELETE)
            for (size_t k = 0; k < parts[i].len_cp; k++) {
                char utf8[4];
                size_t len, used;
                sim_must(weft_text_copy(doc, at + k, 1, utf8, sizeof utf8, &len), "a slice");
                w->ledger.chars[ledger_id(w, utf8_get(utf8, &used))].any = true;
                w->ledger.excuses = true;
            }
        if (parts[i].kind != WEFT_INSERT)
            at += parts[i].len_cp;
    }
}

static size_t read_ids(const struct world *w, const struct weft_text *text, uint16_t *ids)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len, n = 0;
    sim_must(weft_text_iter_at(text, 0, &it), "reading a text");
    while (weft_text_iter_next(&it, &chunk, &len))
        for (size_t i = 0, used; i < len && n < CHARS_MAX; i += used)
            ids[n++] = ledger_id(w, utf8_get(chunk + i, &used));
    return n;
}

void ledger_excuse_pending(struct world *w, const struct client *c)
{
    enum { SERVER = 1, VISIBLE = 2 };
    static uint16_t server[CHARS_MAX], visible[CHARS_MAX];
    static uint8_t where[CHARS_MAX];
    struct ledger *l = &w->ledger;
    if (!l->excuses)
        return;
    size_t n_server = read_ids(w, client_server_text(c), server);
    size_t len;
    const char *flight = weft_op_text(client_flight(c), &len);
    size_t n_visible = read_ids(w, client_text(c), visible);
    memset(where, 0, l->n);
    for (size_t i = 0; i < n_server; i++)
        where[server[i]] |= SERVER;
    for (size_t i = 0, used; i < len; i += used) /* in the log, or sent again */
        where[ledger_id(w, utf8_get(flight + i, &used))] |= SERVER;
    for (size_t i = 0; i < n_visible; i++)
        where[visible[i]] |= VISIBLE;
    for (size_t id = 0; id < l->n; id++)
        if (where[id] == SERVER)
            l->chars[id].any = true;
        else if (where[id] == VISIBLE)
            l->chars[id].left = l->chars[id].right = NO_CHAR;
}
