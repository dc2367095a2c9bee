/* base/list.h - a ring of links that stand in the objects they link. A link that is in no list
 * points to nothing, so taking one out twice is harmless. All constant time. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *next; /* NULL: in no list */
    struct link *prev;
};

/* The object of `type` whose member `member` is at `at`. */
#define LINK_OF(at, type, member) ((type *)(void *)((char *)(at)-offsetof(type, member)))

/* Walks a list; the current object may be taken out, others not. */
#define LINK_EACH(list, at)                                                                        \
    for (struct link *at = (list)->next, *at##_next = at->next; at != (list);                      \
         at = at##_next, at##_next = at->next)

static inline void list_init(struct link *list)
{
    list->next = list->prev = list;
}

static inline bool list_is_empty(const struct link *list)
{
    return list->next == list;
}

static inline bool link_is_in(const struct link *at)
{
    return at->next != NULL;
}

static inline void list_append(struct link *list, struct link *at)
{
    at->next = list;
    at->prev = list->prev;
    list->prev->next = at;
    list->prev = at;
}

static inline void link_out(struct link *at)
{
    if (at->next == NULL)
        return;
    at->prev->next = at->next;
    at->next->prev = at->prev;
    at->next = at->prev = NULL;
}

/* Takes the first one out; NULL when there is none. */
static inline struct link *list_pop(struct link *list)
{
    struct link *at = list->next;
    if (at == list)
        return NULL;
    link_out(at);
    return at;
}

/* Moves everything in `from` to the empty `to`. */
static inline void list_move(struct link *to, struct link *from)
{
    list_init(to);
    if (list_is_empty(from))
        return;
    to->next = from->next;
    to->prev = from->prev;
    to->next->prev = to;
    to->prev->next = to;
    list_init(from);
}

#endif
