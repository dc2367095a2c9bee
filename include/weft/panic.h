/* weft/panic.h - what happens when the library finds itself broken.
 *
 * Bad input is refused with an error and never ends here. But where one of the library's own
 * invariants does not hold, or a caller broke a rule that a header states (an operation given as
 * its own result, say), going on could spread wrong text; so asserts stay on in release, and a
 * failed one calls weft_panic().
 *
 * The library's own version stops the process on the spot (__builtin_trap) and says nothing: it
 * writes to no stream that is not its own. A program that wants words defines the function itself;
 * the linker takes the program's:
 *
 *     void weft_panic(const char *what, const char *file, int line)
 *     {
 *         fprintf(stderr, "weft: %s:%d: %s\n", file, line, what);
 *         abort();
 *     }
 *
 * It must not return; leaving by longjmp is allowed, but what was being worked on must then not be
 * used again, not even to free it. (A function pointer to be set would be a writable global; the
 * library has none.) */
#ifndef WEFT_PANIC_H
#define WEFT_PANIC_H

#include <weft/api.h>

WEFT_API_BEGIN

/* what: the condition or the reason; file, line: where in the library's source. */
WEFT_NORETURN void weft_panic(const char *what, const char *file, int line);

WEFT_API_END

#endif
