/* server/check_log.h - one log read from end to end, for the commands that look after a data folder. */
#ifndef SERVER_CHECK_LOG_H
#define SERVER_CHECK_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "room/salvage.h"
#include "server/log.h"
#include "store/store.h"

struct log_check {
    struct store *store;
    struct store_name name;
    /* What was found: */
    struct uuid epoch; /* when found.head != 0 */
    struct salvage_found found;
    uint64_t n_snapshots;
};

/* Reads the log `name` and prints a line to stdout for each thing that is wrong. Nobody else may write
 * to the store meanwhile. 0, or what kept it from being read: WEFT_EIO, WEFT_ENOMEM. */
WEFT_CHECKED int check_log(struct log_check *c);

/* A log's name, which may be any bytes, for a person to read. */
const char *check_quoted(const struct store_name *name, char out[LOG_QUOTED_BYTES]);

#endif
