/* wire/scan.h - looking at JSON text without parsing it.
 *
 * Before: how deep it nests, so that the parser never recurses deeper than we allow. After the
 * parser refused it: where the trouble stood, so that the answer can name the field and carry the
 * message's seq. Any bytes may be given; what is found in bytes that are no JSON is only ever shown
 * to whoever sent them. Allocates nothing. */
#ifndef WIRE_SCAN_H
#define WIRE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "room/message.h"

/* Offset of the bracket that opens level max + 1 outside strings, or len when there is none. */
size_t scan_too_deep(const char *json, size_t len, unsigned max);

/* As written between the quotes, escapes and all; at is NULL where there is none. Borrowed. */
struct scan_facts {
    struct room_str key;    /* the last key of the outermost object that starts before limit */
    struct room_str string; /* the last string that ends at or before limit */
    struct room_str number; /* the number that ends exactly at limit */
    struct room_str lone;   /* the first escape before limit that is a lone surrogate */
    uint64_t seq;           /* value of the outermost "seq", wherever it stands; 0: none */
};

/* `limit` is where the parser stopped. O(len). */
struct scan_facts scan_facts_of(const char *json, size_t len, size_t limit);

#endif
