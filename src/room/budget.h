/* room/budget.h - one bound over the memory of all rooms, and who gives way. Pure.
 *
 * Of what a room takes, some it needs as long as it is open (its text, its sessions) and some it can
 * do without (older revisions, what was composed of them: room_spare_bytes()). Each is added here;
 * then there is one share, and whoever has more to spare than that gives back down to it. So the
 * largest histories go first, and a room whose history is small never pays for one that is not.
 *
 *     sum of needed + sum of min(spare, share) <= limit,   where the needed alone fit
 *
 * What is kept is a count and a sum for each power of two: memory for 65 numbers however many rooms
 * there are, and the share is at least half of the largest one that would do.
 *
 * Cost: adding O(1), the share O(1) (65 steps). */
#ifndef ROOM_BUDGET_H
#define ROOM_BUDGET_H

#include <stddef.h>
#include <stdint.h>

enum { BUDGET_CLASSES = 65 };

struct budget {
    size_t limit_bytes;
    size_t needed_bytes;
    struct budget_class {
        size_t n;
        size_t bytes;
    } classes[BUDGET_CLASSES]; /* of spare bytes: class k has those from 2^(k-1) on; class 0 none */
};

void budget_init(struct budget *b, size_t limit_bytes);
void budget_add(struct budget *b, size_t needed_bytes, size_t spare_bytes);

/* How much of what it can spare a room may keep: from 1 byte on (a room keeps a little whatever it is
 * told, HISTORY_BYTES_LEAST); SIZE_MAX when all of it fits. */
size_t budget_share(const struct budget *b);

/* What is given back is some more than is asked for, so that it is not asked for again at once:
 * the limit to share out, once `limit_bytes` are exceeded. */
static inline size_t budget_goal(size_t limit_bytes)
{
    return limit_bytes - limit_bytes / 8;
}

#endif
