#include "bench/times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum {
    WRITERS_PLACES = 1 << 22, /* of all writers together: 64 MiB */
    ROOMS_PLACES = 1 << 21,
    PLACES_LEAST = 64,
    PLACES_MOST = 1 << 17, /* at 50,000 operations a second in one room 2.6 seconds */
    EARLY_FIRST = 1024,
};

static size_t places(size_t all, size_t n)
{
    size_t each = PLACES_LEAST;
    while (each < PLACES_MOST && each * 2 * n <= all)
        each *= 2;
    return each;
}

static void *take(void *old, size_t n, size_t bytes)
{
    void *grown = old != NULL ? realloc(old, n * bytes) : calloc(n, bytes);
    if (grown == NULL) {
        fputs("weft bench: out of memory\n", stderr);
        exit(1);
    }
    return grown;
}

void times_init(struct times *t, size_t n_writers, size_t n_rooms)
{
    size_t each = places(WRITERS_PLACES, n_writers + (n_writers == 0));
    *t = (struct times){.writer_mask = each - 1};
    t->writers = take(NULL, n_writers * each + 1, sizeof *t->writers);
    if (n_rooms == 0)
        return;
    each = places(ROOMS_PLACES, n_rooms);
    t->room_mask = each - 1;
    t->rooms = take(NULL, n_rooms * each, sizeof *t->rooms);
}

void times_done(struct times *t)
{
    free(t->writers);
    free(t->rooms);
    free(t->early);
    *t = (struct times){0};
}

size_t times_in_flight_max(const struct times *t)
{
    return (size_t)t->writer_mask;
}

static struct times_place *writer_place(const struct times *t, size_t writer, uint64_t number)
{
    return &t->writers[writer * (t->writer_mask + 1) + (number & t->writer_mask)];
}

static struct times_place *room_place(const struct times *t, size_t room, uint64_t revision)
{
    return &t->rooms[room * (t->room_mask + 1) + (revision & t->room_mask)];
}

static void add(struct times_window *w, struct histogram *h, uint64_t due_ns, uint64_t now_ns)
{
    if (due_ns >= w->from_ns && due_ns < w->to_ns)
        histogram_add(h, now_ns > due_ns ? now_ns - due_ns : 0);
}

void times_sent(struct times *t, size_t writer, uint64_t number, uint64_t due_ns)
{
    *writer_place(t, writer, number) = (struct times_place){number, due_ns};
}

bool times_acked(struct times *t, struct times_window *w, size_t writer, uint64_t number,
                 size_t room, uint64_t revision, uint64_t now_ns)
{
    const struct times_place *sent = writer_place(t, writer, number);
    if (number == 0 || sent->number != number)
        return false;
    if (t->rooms != NULL)
        *room_place(t, room, revision) = (struct times_place){revision, sent->due_ns};
    add(w, &w->ack, sent->due_ns, now_ns);
    return true;
}

/* Those of n that are known; returns how many, from the first on. */
static uint64_t deliver(const struct times *t, struct times_window *w, size_t room, uint64_t first,
                        uint64_t n, uint64_t now_ns)
{
    for (uint64_t i = 0; i < n; i++) {
        const struct times_place *p = room_place(t, room, first + i);
        if (p->number < first + i)
            return i;
        if (p->number > first + i)
            w->lost++;
        else
            add(w, &w->delivery, p->due_ns, now_ns);
    }
    return n;
}

static void wait_for_ack(struct times *t, struct times_window *w, size_t room, uint64_t first,
                         uint64_t n, uint64_t now_ns)
{
    struct times_early *last = t->n_early != 0 ? &t->early[t->n_early - 1] : NULL;
    if (last != NULL && last->room == room && last->now_ns == now_ns &&
        last->first + last->n == first) {
        last->n += n;
        return;
    }
    if (t->n_early == TIMES_EARLY_MAX) {
        w->lost += n;
        return;
    }
    if (t->n_early == t->cap_early) {
        t->cap_early = t->cap_early != 0 ? 2 * t->cap_early : EARLY_FIRST;
        t->early = take(t->early, t->cap_early, sizeof *t->early);
    }
    t->early[t->n_early++] =
        (struct times_early){.first = first, .n = n, .now_ns = now_ns, .room = (uint32_t)room};
}

void times_delivered(struct times *t, struct times_window *w, bool by_writer, size_t who,
                     uint64_t first, uint64_t n, uint64_t now_ns)
{
    if (!by_writer) {
        uint64_t known = deliver(t, w, who, first, n, now_ns);
        if (known < n)
            wait_for_ack(t, w, who, first + known, n - known, now_ns);
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        const struct times_place *p = writer_place(t, who, first + i);
        if (p->number != first + i)
            w->lost++;
        else
            add(w, &w->delivery, p->due_ns, now_ns);
    }
}

void times_look_again(struct times *t, struct times_window *w)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->n_early; i++) {
        struct times_early e = t->early[i];
        uint64_t known = deliver(t, w, e.room, e.first, e.n, e.now_ns);
        e.first += known;
        e.n -= known;
        if (e.n != 0)
            t->early[kept++] = e;
    }
    t->n_early = kept;
}

void times_forget(struct times *t, struct times_window *w)
{
    for (size_t i = 0; i < t->n_early; i++)
        w->lost += t->early[i].n;
    t->n_early = 0;
}
