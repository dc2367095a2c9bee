#include "base/assert.h"

/* Weak: src/server/main.c and the tests bring one that says what failed before it stops. */
__attribute__((weak)) _Noreturn void weft_panic(const char *what, const char *file, int line)
{
    (void)what;
    (void)file;
    (void)line;
    __builtin_trap();
}
