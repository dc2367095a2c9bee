#include "tools/lib/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CAP_FIRST = 1024 };

void samples_add(struct samples *s, uint64_t ns)
{
    if (s->n == SAMPLES_MAX)
        return;
    if (s->n == s->cap) {
        size_t cap = s->cap != 0 ? s->cap * 2 : CAP_FIRST;
        uint64_t *grown = realloc(s->ns, cap * sizeof *grown);
        if (grown == NULL) {
            fputs("out of memory\n", stderr);
            exit(1);
        }
        s->ns = grown;
        s->cap = cap;
    }
    s->ns[s->n++] = ns;
    s->sorted = false;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

double samples_us(struct samples *s, double percent)
{
    if (s->n == 0)
        return 0;
    if (!s->sorted)
        qsort(s->ns, s->n, sizeof *s->ns, compare);
    s->sorted = true;
    size_t i = (size_t)((double)s->n * percent / 100);
    return (double)s->ns[i < s->n ? i : s->n - 1] / 1000;
}

void samples_done(struct samples *s)
{
    free(s->ns);
    *s = (struct samples){0};
}

uint64_t samples_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
