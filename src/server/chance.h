/* server/chance.h - new ids. By themselves because the header of libuuid, which stands in where the
 * kernel gives no randomness, has names of its
 * own that base/uuid.h has too. */
#ifndef SERVER_CHANCE_H
#define SERVER_CHANCE_H

#include <stdint.h>

/* A random UUID (version 4). */
void chance_uuid(uint8_t out[16]);

#endif
