/* store/say.h - sentences of the store about files and folders. */
#ifndef STORE_SAY_H
#define STORE_SAY_H

#include <stddef.h>

/* Into `why`, cut when it is too long; %m is the errno of now. Returns err. */
int store_say(char *why, size_t why_bytes, int err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
