/* Tests want to read which assert failed, and some go on from there (support/trap.h). */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/trap.h"

_Noreturn void weft_panic(const char *what, const char *file, int line)
{
    (void)snprintf(trap_what, sizeof trap_what, "%s:%d: assertion failed: %s", file, line, what);
    trap_jump();
    fprintf(stderr, "%s\n", trap_what);
    abort();
}
