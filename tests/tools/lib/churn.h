/* tests/tools/lib/churn.h - many short visits: come, say one thing, hear one thing, go.
 *
 * Each visit is a connection of its own, from one of 200 addresses, `window` of them at once. What is
 * said goes out with the handshake. A visit that is refused (503: a server that is full of rooms says
 * so) is made again; anything else that goes wrong prints a line and exits 1. */
#ifndef TOOLS_CHURN_H
#define TOOLS_CHURN_H

#include <stddef.h>
#include <stdint.h>

#include "tools/lib/process.h"

struct churn_load {
    const char *path; /* a %zu in it is the visit's number */
    size_t n;
    size_t window;
    const char *say;   /* one message; NULL: nothing */
    const char *until; /* what the server says when it is time to go, in one piece */
};

struct churn_made {
    double seconds;
    uint64_t n_refused;
};

struct churn_made churn(const struct process *server, const struct churn_load *load);

#endif
