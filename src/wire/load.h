/* wire/load.h - bytes to a tree of JSON values, or an error that says what is wrong with them.
 *
 * Untrusted bytes of any shape are parsed by jansson, after our own checks: valid UTF-8, no NUL
 * byte, nesting within JSON_DEPTH_MAX. The tree lives in an arena and is dropped as a whole. */
#ifndef WIRE_LOAD_H
#define WIRE_LOAD_H

#include <jansson.h>

#include "base/arena.h"
#include "room/message.h"

struct wire_doc {
    struct arena arena;
    const json_t *root; /* an object or an array; never json_decref()ed */
};

/* `expected` names what the whole should be, for the error. Returns 0, WEFT_ENOMEM, WEFT_EJSON,
 * WEFT_EUTF8 or, for a number that no integer or double can hold, WEFT_EINVAL; after an error *ret
 * needs no _done. */
WEFT_CHECKED int wire_doc_load(const struct weft_alloc *alloc, const char *json, size_t len,
                               const char *expected, struct wire_doc *ret,
                               struct room_error *ret_error);
void wire_doc_done(struct wire_doc *doc);

#endif
