/* support/trap.h - a failed assertion or a bad access of what is tested, caught: a test that makes
 * its random cases smaller goes on with a smaller one instead of dying.
 *
 *     if (sigsetjmp(trap_here, 0) != 0)
 *         ... it broke: trap_what says how ...
 *     trap_set(quiet);
 *     ...
 *     trap_clear();
 *
 * What was in the middle of a change is not used again. Under a sanitizer bad accesses are its own. */
#ifndef SUPPORT_TRAP_H
#define SUPPORT_TRAP_H

#include <setjmp.h>

#include "base/assert.h"

extern sigjmp_buf trap_here;
extern char trap_what[256]; /* "src/ot/op.c:12: assertion failed: n > 0" */

void trap_set(void);
void trap_clear(void);

/* Jumps when a trap is set; otherwise returns. For the handler of failed assertions. */
void trap_jump(void);

#endif
