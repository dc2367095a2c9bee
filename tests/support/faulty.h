/* support/faulty.h - an allocator that counts what is held and fails the n-th request.
 *
 *     for (long n = 0;; n++) {
 *         struct faulty f;
 *         faulty_init(&f, n);
 *         int err = do_something(&f.alloc);
 *         ... everything released ...
 *         assert_int_equal(f.live_blocks, 0);
 *         if (err == 0)
 *             break;
 *         assert_int_equal(err, WEFT_ENOMEM);
 *     }
 *
 * The struct must not move after faulty_init(): its allocator points into it. A wrong old size given
 * back to the allocator panics, and so does a block that was written past its end. New memory holds
 * rubbish, and what was given back is overwritten, so that reading either seldom goes unseen. */
#ifndef SUPPORT_FAULTY_H
#define SUPPORT_FAULTY_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/alloc.h>

struct faulty {
    struct weft_alloc alloc;
    long fail_at;      /* which request fails, from 0; negative: none */
    bool stays_short;  /* ... and all after it */
    long requests;     /* so far */
    size_t live_bytes; /* held now */
    size_t live_blocks;
};

void faulty_init(struct faulty *f, long fail_at);
/* One for a whole program, which fails nothing: for what it checks. */
struct faulty *faulty_never(void);

#endif
