#include "room/effects.h"

#include "base/assert.h"
#include "base/pure.h"

int room_effects_new(const struct weft_alloc *alloc, struct room_effects **ret)
{
    struct room_effects *fx = weft_resize(alloc, NULL, 0, sizeof *fx);
    if (fx == NULL)
        return WEFT_ENOMEM;
    *fx = (struct room_effects){.alloc = alloc};
    arena_init(&fx->arena, alloc);
    *ret = fx;
    return 0;
}

void room_effects_clear(struct room_effects *fx)
{
    for (struct owned_op *o = fx->ops; o != NULL; o = o->next)
        weft_op_done(&o->op);
    for (struct owned_text *t = fx->texts; t != NULL; t = t->next)
        weft_text_free(t->text);
    fx->ops = NULL;
    fx->texts = NULL;
    fx->n = 0;
    arena_clear(&fx->arena);
}

void room_effects_free(struct room_effects *fx)
{
    if (fx == NULL)
        return;
    room_effects_clear(fx);
    arena_done(&fx->arena);
    weft_release(fx->alloc, fx->items, fx->cap * sizeof *fx->items);
    weft_release(fx->alloc, fx, sizeof *fx);
}

size_t room_effects_count(const struct room_effects *fx)
{
    return fx->n;
}

const struct room_effect *room_effects_at(const struct room_effects *fx, size_t i)
{
    WEFT_ASSERT(i < fx->n);
    return &fx->items[i];
}

int effects_reserve(struct room_effects *fx, size_t more)
{
    if (fx->cap - fx->n >= more)
        return 0;
    size_t cap = fx->cap != 0 ? fx->cap * 2 : 8;
    if (cap < fx->n + more)
        cap = fx->n + more;
    struct room_effect *items =
        weft_resize(fx->alloc, fx->items, fx->cap * sizeof *items, cap * sizeof *items);
    if (items == NULL)
        return WEFT_ENOMEM;
    fx->items = items;
    fx->cap = cap;
    return 0;
}

struct room_effect *effects_push(struct room_effects *fx, enum room_effect_kind kind, uint64_t conn)
{
    WEFT_ASSERT(fx->n < fx->cap);
    struct room_effect *e = &fx->items[fx->n++];
    /* What it says is for the caller to put in, whole: clearing 200 bytes of room for the words of an
     * error would cost more than the rest of an acknowledgement. */
    e->kind = kind;
    e->conn = conn;
    e->rev = 0;
    e->instead = 0;
    e->presence_seq = 0;
    return e;
}

struct room_effect *effects_message(struct room_effects *fx, enum room_effect_kind kind,
                                    uint64_t conn, enum room_message_type type)
{
    struct room_effect *e = effects_push(fx, kind, conn);
    e->message.type = type;
    return e;
}

void *effects_take(struct room_effects *fx, size_t bytes)
{
    return arena_take(&fx->arena, bytes);
}

struct weft_op *effects_op(struct room_effects *fx)
{
    struct owned_op *o = arena_take(&fx->arena, sizeof *o);
    if (o == NULL)
        return NULL;
    weft_op_init(&o->op, fx->alloc);
    o->next = fx->ops;
    fx->ops = o;
    return &o->op;
}

struct weft_text **effects_text(struct room_effects *fx)
{
    struct owned_text *t = arena_take(&fx->arena, sizeof *t);
    if (t == NULL)
        return NULL;
    t->text = NULL;
    t->next = fx->texts;
    fx->texts = t;
    return &t->text;
}
