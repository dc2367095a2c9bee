/* base/assert.h - asserts that stay on in release.
 *
 * Wrong text spreads to everybody and onto the disk; a crash recovers from the log. So our own bugs
 * stop the process. A peer's mistake never reaches an assert. */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include <weft/panic.h>

#define WEFT_ASSERT(cond)                                                                          \
    (__builtin_expect(!!(cond), 1) ? (void)0 : weft_panic(#cond, __FILE__, __LINE__))

/* A place that is never reached. */
#define WEFT_NEVER(why) weft_panic(why, __FILE__, __LINE__)

/* A full walk over a structure, for tests and debug builds; costs nothing in release. */
#ifdef WEFT_PARANOID
#define WEFT_SLOW_ASSERT(cond) WEFT_ASSERT(cond)
#else
#define WEFT_SLOW_ASSERT(cond) ((void)sizeof(!!(cond)))
#endif

#endif
