/* net/lws_memory.h - memory for libwebsockets while a context is made.
 *
 * lws 4.1.6 does not survive a failed allocation in lws_create_context(): it takes down what it has not
 * built yet and crashes, or builds a context that serves nobody. So a reserve is set aside before; what
 * the system does not give comes from there, and the context that was made so is taken down whole.
 *
 * One context at a time, on one thread. Frees of any thread find their way. */
#ifndef NET_LWS_MEMORY_H
#define NET_LWS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/error.h>

/* Before lws_create_context(), for a context of so many descriptors. WEFT_ENOMEM: nothing happened. */
WEFT_CHECKED int lws_memory_reserve(size_t n_fds);

/* After it. True: the reserve was touched, the context must go, and lws_memory_done() comes behind its
 * second destruction. False: the reserve is gone already. */
bool lws_memory_was_short(void);

/* Nothing of the reserve is in use any more. Does nothing where there is none. */
void lws_memory_done(void);

#endif
