/* A history filled without a room. */
#ifndef SUPPORT_HISTORY_LOG_H
#define SUPPORT_HISTORY_LOG_H

#include "room/history.h"

/* The next revision is `op`. WEFT_ENOMEM. */
WEFT_CHECKED int history_log(struct history *h, const struct weft_op *op);

#endif
