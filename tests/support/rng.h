/* support/rng.h - seeded randomness for tests: the same seed plays the same case everywhere
 * (splitmix64). */
#ifndef SUPPORT_RNG_H
#define SUPPORT_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline struct rng rng_of(uint64_t seed)
{
    return (struct rng){.state = seed};
}

static inline uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 .. n-1; 0 for n == 0. */
static inline size_t rng_below(struct rng *r, size_t n)
{
    return n != 0 ? (size_t)(rng_next(r) % n) : 0;
}

/* lo .. hi, both included. */
static inline size_t rng_between(struct rng *r, size_t lo, size_t hi)
{
    return lo + rng_below(r, hi - lo + 1);
}

static inline bool rng_chance(struct rng *r, unsigned percent)
{
    return rng_below(r, 100) < percent;
}

/* How many random cases a property plays: WEFT_CASES in the environment, or else WEFT_PERCENT per
 * cent of `usual` (tests/run.sh sets 10 for slow builds), at least one. */
size_t rng_cases(size_t usual);

/* Shows what a program has counted, as a line `# proved: 1000000 pairs ...` that tests/run.sh prints.
 * False when that is less than was promised for 100 per cent. */
bool rng_proved(size_t counted, size_t promised, const char *what);

/* The first seed: WEFT_SEED in the environment (to replay a failure), or else 1. */
uint64_t rng_seed(void);

/* Prints to stderr how to play the case of this seed alone. */
void rng_tell(uint64_t seed);

/* Fills `out` (at least 4 * n_cp bytes) with n_cp code points, among them two-, three- and
 * four-byte ones and line feeds, never NUL; returns the bytes written. */
size_t rng_text(struct rng *r, char *out, size_t n_cp);

#endif
