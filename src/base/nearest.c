#include "base/nearest.h"

#include "base/pure.h"

enum { LONGEST = 40 };

/* Levenshtein's distance, one row at a time; words are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1];
    size_t n_a = strlen(a);
    size_t n_b = strlen(b);
    if (n_a > LONGEST || n_b > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n_b];
}

const char *nearest_word(const char *found, const char *const words[], size_t n)
{
    size_t len = strlen(found);
    const char *nearest = NULL;
    size_t least = len / 2 + 1; /* further away than half of it is another word */
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(found, words[i]);
        if (d > 1 && strlen(words[i]) >= len && memcmp(words[i], found, len) == 0)
            d = 1; /* cut short: --limit-doc */
        if (d < least) {
            least = d;
            nearest = words[i];
        }
    }
    return nearest;
}
