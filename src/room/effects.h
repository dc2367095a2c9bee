/* room/effects.h - gathering effects; the room's own side of struct room_effects.
 *
 * A step marks where it starts (effects_mark) and goes back there when memory runs out, so that a
 * failed step has appended nothing. effects_reserve() first makes the pushes that follow
 * infallible. */
#ifndef ROOM_EFFECTS_H
#define ROOM_EFFECTS_H

#include "base/arena.h"
#include "room/room.h"

struct owned_op {
    struct owned_op *next;
    struct weft_op op;
};

struct owned_text {
    struct owned_text *next;
    struct weft_text *text;
};

struct room_effects {
    const struct weft_alloc *alloc;
    struct room_effect *items;
    size_t n;
    size_t cap;
    struct arena arena;
    struct owned_op *ops;
    struct owned_text *texts;
};

WEFT_CHECKED int effects_reserve(struct room_effects *fx, size_t more);

/* The next effect, of no revision. What it says (bytes, message, ...) is for the caller to put in,
 * whole. Only after effects_reserve(). */
struct room_effect *effects_push(struct room_effects *fx, enum room_effect_kind kind,
                                 uint64_t conn);

/* The same with a message, whose type alone is set. */
struct room_effect *effects_message(struct room_effects *fx, enum room_effect_kind kind,
                                    uint64_t conn, enum room_message_type type);

/* Memory, an empty operation, a place for a text, each living as long as the effects; NULL when
 * memory is out. */
void *effects_take(struct room_effects *fx, size_t bytes);
struct weft_op *effects_op(struct room_effects *fx);
struct weft_text **effects_text(struct room_effects *fx);

static inline size_t effects_mark(const struct room_effects *fx)
{
    return fx->n;
}

static inline void effects_back_to(struct room_effects *fx, size_t mark)
{
    fx->n = mark;
}

#endif
