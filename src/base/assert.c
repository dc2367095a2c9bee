#include "base/assert.h"

/* Weak: src/server/main.c, the tests, and hosts of libweft bring one that says what failed before
 * it stops (weft/panic.h). */
__attribute__((weak)) _Noreturn void weft_panic(const char *what, const char *file, int line)
{
    (void)what;
    (void)file;
    (void)line;
    __builtin_trap();
}
