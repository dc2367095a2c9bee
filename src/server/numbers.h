/* server/numbers.h - numbers that stand for objects, and are never used again.
 *
 * What is asked of a room or of the disk is answered later, when whoever asked may be gone. So
 * everything that waits is named by a number, not by a pointer; the number of a thing that is gone
 * finds nothing.
 *
 *     number = serial << 24 | slot        serial counts up, from 1
 *
 * Cost: all O(1). A slot is used again, its number is not: 2^40 serials last 34 years at a thousand
 * a second. */
#ifndef SERVER_NUMBERS_H
#define SERVER_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include <weft/error.h>

enum { NUMBERS_SLOT_BITS = 24 };

struct numbers_slot {
    uint64_t number; /* 0: free */
    void *object;
    size_t next_free;
};

struct numbers {
    struct numbers_slot *slots;
    size_t n; /* ever used */
    size_t cap;
    size_t free; /* head of the free ones, or (size_t)-1 */
    uint64_t serial;
};

void numbers_init(struct numbers *t);
void numbers_done(struct numbers *t); /* the objects are the caller's */

/* 0, WEFT_ENOMEM, or WEFT_ELIMIT with 2^24 objects. */
WEFT_CHECKED int numbers_put(struct numbers *t, void *object, uint64_t *ret_number);
void *numbers_get(const struct numbers *t, uint64_t number); /* NULL: gone, or never was */
void numbers_drop(struct numbers *t, uint64_t number);       /* one that is there */

#endif
