/* Tests want to read which assert failed. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void weft_panic(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
    abort();
}
