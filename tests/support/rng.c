#define _GNU_SOURCE /* program_invocation_name */
#include "support/rng.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

static size_t number_of(const char *name, size_t otherwise)
{
    const char *s = getenv(name);
    return s != NULL ? (size_t)strtoull(s, NULL, 10) : otherwise;
}

size_t rng_cases(size_t usual)
{
    return number_of("WEFT_CASES", (usual * number_of("WEFT_PERCENT", 100) + 99) / 100);
}

bool rng_proved(size_t counted, size_t promised, const char *what)
{
    size_t percent = number_of("WEFT_PERCENT", 100);
    bool alone = getenv("WEFT_CASES") != NULL; /* asked for by hand: nothing is promised */
    size_t scaled = promised * percent / 100;
    printf("# proved: %zu %s", counted, what);
    if (percent != 100)
        printf(" (%zu %% of the usual)", percent);
    if (!alone && counted < scaled)
        printf(": TOO FEW, promised are %zu", scaled);
    printf("\n");
    fflush(stdout);
    return alone || counted >= scaled;
}

uint64_t rng_seed(void)
{
    const char *s = getenv("WEFT_SEED");
    return s != NULL ? strtoull(s, NULL, 10) : 1;
}

void rng_tell(uint64_t seed)
{
    fprintf(stderr, "#   the case it was found in, alone: WEFT_SEED=%llu WEFT_CASES=1 %s\n",
            (unsigned long long)seed, program_invocation_name);
}

static uint32_t rng_scalar(struct rng *r)
{
    static const uint32_t ODD[] = {'\n',   0x7f,     0xe4,   0x7ff,   0x800,   0x20ac,
                                   0xd7ff, 0xe000,   0xffff, 0x10000, 0x1f600, 0x1f468,
                                   0x200d, 0x10ffff, '\t',   '\r',    0x301};
    if (rng_chance(r, 70))
        return (uint32_t)('a' + rng_below(r, 26));
    return ODD[rng_below(r, sizeof ODD / sizeof *ODD)];
}

size_t rng_text(struct rng *r, char *out, size_t n_cp)
{
    size_t len = 0;
    for (size_t i = 0; i < n_cp; i++)
        len += utf8_put(out + len, rng_scalar(r));
    return len;
}
