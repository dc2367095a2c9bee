/* support/merge.h - a recorded session merged by the engine alone: no room, no client, no frames.
 *
 * Each line is taken as it was typed, moved over what its author had not seen (which moves over it),
 * put down in compact form, and carried out on the text. That is all there is to merging a session;
 * what a room adds (people, checksums, acknowledgements, effects) is measured by its own figures. */
#ifndef SUPPORT_MERGE_H
#define SUPPORT_MERGE_H

#include "support/trace.h"
#include <weft/text.h>

struct merged {
    struct weft_text *text; /* the caller frees it */
    size_t log_bytes;       /* of all operations, compact */
    size_t pairs;           /* transformed */
};

/* Stops the program when something does not fit. */
struct merged merge_session(const struct trace *t);

#endif
