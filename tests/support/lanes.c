/* Bad links. See the header. */
#include "support/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lane_rule perfect = {.queue_bytes = 32 << 10};

void lanes_init(struct lanes *l, uint64_t seed)
{
    memset(l, 0, sizeof *l);
    l->rng = rng_of(seed);
    for (size_t i = 0; i < LANES_CLIENTS; i++)
        for (size_t dir = 0; dir < LANE_DIRS; dir++)
            l->lane[i][dir].rule = perfect;
    l->heap = calloc(LANES_PACKETS_MAX, sizeof *l->heap);
    if (l->heap == NULL)
        abort();
}

void lanes_done(struct lanes *l)
{
    while (l->n > 0)
        free(l->heap[--l->n]);
    free(l->heap);
    l->heap = NULL;
}

/* ---- rules ------------------------------------------------------------------------------------- */

static bool rule_set(struct lane_rule *r, const char *key, double value)
{
    if (value < 0)
        return false;
    if (strcmp(key, "delay") == 0)
        r->delay_us = (uint32_t)(value * 1000);
    else if (strcmp(key, "jitter") == 0)
        r->jitter_us = (uint32_t)(value * 1000);
    else if (strcmp(key, "loss") == 0)
        r->loss_ppm = (uint32_t)(value * 10000);
    else if (strcmp(key, "dup") == 0)
        r->dup_ppm = (uint32_t)(value * 10000);
    else if (strcmp(key, "reorder") == 0)
        r->reorder_ppm = (uint32_t)(value * 10000);
    else if (strcmp(key, "rate") == 0)
        r->rate_bits = (uint64_t)value;
    else if (strcmp(key, "queue") == 0)
        r->queue_bytes = (uint32_t)value;
    else if (strcmp(key, "reset") == 0)
        r->reset = (uint32_t)value;
    else if (strcmp(key, "cut") == 0)
        r->is_cut = value != 0;
    else if (strcmp(key, "clear") == 0)
        *r = perfect;
    else
        return false;
    return true;
}

/* The pairs of `words`, onto r. */
static bool rule_read(struct lane_rule *r, const char *words)
{
    char key[16];
    double value;
    int used = 0;

    while (sscanf(words, " %15s %lf%n", key, &value, &used) == 2) {
        if (!rule_set(r, key, value))
            return false;
        words += used;
    }
    return words[strspn(words, " ")] == '\0';
}

bool lanes_set(struct lanes *l, const char *line)
{
    char who[8];
    char way[8];
    int used = 0;
    bool up;
    bool down;
    unsigned long client = 0;
    char *end = who;
    struct lane_rule tried = perfect;

    if (sscanf(line, " %7s %7s%n", who, way, &used) != 2)
        return false;
    if (strcmp(who, "*") != 0) {
        client = strtoul(who, &end, 10);
        if (*end != '\0' || client == 0 || client >= LANES_CLIENTS)
            return false;
    }
    up = strcmp(way, "down") != 0;
    down = strcmp(way, "up") != 0;
    if ((up && down && strcmp(way, "both") != 0) || !rule_read(&tried, line + used))
        return false;
    for (size_t i = 1; i < LANES_CLIENTS; i++) {
        if (client != 0 && i != client)
            continue;
        if (up)
            (void)rule_read(&l->lane[i][LANE_UP].rule, line + used);
        if (down)
            (void)rule_read(&l->lane[i][LANE_DOWN].rule, line + used);
    }
    return true;
}

/* ---- packets ----------------------------------------------------------------------------------- */

static bool before(const struct lane_packet *a, const struct lane_packet *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->serial < b->serial;
}

static void push(struct lanes *l, struct lane_packet *p)
{
    size_t at = l->n++;

    for (; at > 0 && before(p, l->heap[(at - 1) / 2]); at = (at - 1) / 2)
        l->heap[at] = l->heap[(at - 1) / 2];
    l->heap[at] = p;
}

static struct lane_packet *pop(struct lanes *l)
{
    struct lane_packet *top = l->heap[0];
    struct lane_packet *last = l->heap[--l->n];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= l->n)
            break;
        if (child + 1 < l->n && before(l->heap[child + 1], l->heap[child]))
            child++;
        if (!before(l->heap[child], last))
            break;
        l->heap[at] = l->heap[child];
        at = child;
    }
    l->heap[at] = last;
    return top;
}

static bool drawn(struct lanes *l, uint32_t ppm)
{
    return ppm != 0 && rng_below(&l->rng, 1000000) < ppm;
}

static int64_t delay_of(struct lanes *l, const struct lane_rule *r)
{
    int64_t us = r->delay_us;

    if (r->jitter_us != 0)
        us += (int64_t)rng_below(&l->rng, 2 * (size_t)r->jitter_us + 1) - r->jitter_us;
    return us > 0 ? us : 0;
}

static void enqueue(struct lanes *l, int64_t due_us, enum lane_dir dir, const uint8_t *bytes,
                    size_t len)
{
    struct lane_packet *p;

    if (l->n == LANES_PACKETS_MAX) {
        l->counters[dir].overflowed++;
        return;
    }
    p = malloc(sizeof *p + len);
    if (p == NULL)
        abort();
    p->due_us = due_us;
    p->serial = l->serial++;
    p->dir = dir;
    p->len = len;
    memcpy(p->bytes, bytes, len);
    push(l, p);
}

void lanes_offer(struct lanes *l, int64_t now_us, unsigned client, enum lane_dir dir,
                 const uint8_t *bytes, size_t len)
{
    struct lane *lane = &l->lane[client % LANES_CLIENTS][dir];
    const struct lane_rule *r = &lane->rule;
    struct lane_counters *count = &l->counters[dir];
    int64_t leaves_us = now_us;

    count->offered++;
    if (r->is_cut) {
        count->cut++;
        return;
    }
    if (r->rate_bits != 0) {
        int64_t begins_us = lane->free_us > now_us ? lane->free_us : now_us;
        uint64_t waiting = (uint64_t)(begins_us - now_us) * r->rate_bits / 8000000;

        if (waiting + len > r->queue_bytes) {
            count->overflowed++;
            return;
        }
        leaves_us = begins_us + (int64_t)((uint64_t)len * 8000000 / r->rate_bits);
        lane->free_us = leaves_us;
    }
    if (drawn(l, r->loss_ppm)) {
        count->lost++;
        return;
    }
    if (drawn(l, r->reorder_ppm)) {
        count->overtaking++;
        enqueue(l, leaves_us, dir, bytes, len);
    } else {
        enqueue(l, leaves_us + delay_of(l, r), dir, bytes, len);
    }
    if (drawn(l, r->dup_ppm)) {
        count->doubled++;
        enqueue(l, leaves_us + delay_of(l, r), dir, bytes, len);
    }
}

int64_t lanes_due_us(const struct lanes *l)
{
    return l->n > 0 ? l->heap[0]->due_us : INT64_MAX;
}

struct lane_packet *lanes_take(struct lanes *l, int64_t now_us)
{
    struct lane_packet *p;

    if (l->n == 0 || l->heap[0]->due_us > now_us)
        return NULL;
    p = pop(l);
    l->counters[p->dir].passed++;
    l->counters[p->dir].passed_bytes += p->len;
    return p;
}
