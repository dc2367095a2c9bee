/* base/pure.h - the whole of libc that the pure core may call.
 *
 * The core is also compiled freestanding, without a libc (`make pure`), so these are declared here
 * and not included. A compiler may call the first four on its own account. */
#ifndef BASE_PURE_H
#define BASE_PURE_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

#endif
