/* base/nearest.h - what somebody who typed a word that is none may have meant. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* The word of `words` (n of them) that is nearest to `found`, or NULL when none is near. */
const char *nearest_word(const char *found, const char *const words[], size_t n);

#endif
