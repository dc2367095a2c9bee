/* weft/version.h - which weft this is.
 *
 * Versions follow semver.org. While MAJOR is 0, a new MINOR may change any function or struct and a
 * new PATCH none; so the shared library's name carries both numbers, libweft.so.0.MINOR, and a
 * program never starts with one it was not compiled for. From 1.0 on it carries MAJOR alone.
 *
 * Some structs are public so that they can live on the stack: weft_op, weft_text_iter, weft_size,
 * weft_part, weft_alloc. Their size and layout is part of that promise, private fields included. */
#ifndef WEFT_VERSION_H
#define WEFT_VERSION_H

#include <weft/api.h>

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0

/* What the header says: "0.1.0". A build may append to it (-DWEFT_VERSION='"0.1.0-mine"'). */
#ifndef WEFT_VERSION
#define WEFT_VERSION "0.1.0"
#endif

WEFT_API_BEGIN

/* WEFT_VERSION of the library that is linked, which is the newer one where a shared library was
 * replaced after the program was compiled. Static. */
const char *weft_version(void);

WEFT_API_END

#endif
