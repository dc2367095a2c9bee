/* auth/auth.h - secrets that need no table: sessions and read keys.
 *
 * A session is its public user id and an HMAC-SHA-256 (RFC 2104) over it and the room's name, under
 * a key kept in the data folder: base64url (RFC 4648 section 5) without padding. Whoever holds it
 * may take up that user's session in that room, before and after a restart.
 *
 * A read key is the room's name, padded to a multiple of 16 so that its length says little,
 * encrypted with AES-256-SIV (RFC 5297): the same name always gives the same key, a changed key does
 * not open, and nobody without the server's key can read or make one.
 *
 * Both keys are derived from the one kept (HKDF, RFC 5869), so that one use can never help to break
 * the other. Comparison is in constant time. OpenSSL does the arithmetic. */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/uuid.h"
#include <weft/error.h>

enum {
    AUTH_KEY_BYTES = 32,
    /* base64url of 16 bytes of id and 16 of HMAC (RFC 2104 section 5: half of it is enough) */
    AUTH_SESSION_CHARS = 43,
    /* base64url of the padded name and the 16-byte SIV */
    AUTH_READ_KEY_CHARS_MAX = 219,
};

struct auth;

/* `key` is copied. 0, WEFT_ENOMEM, or WEFT_EINVAL where OpenSSL lacks a primitive. What
 * the functions below need has been tried once when it returns 0. */
WEFT_CHECKED int auth_new(const uint8_t key[AUTH_KEY_BYTES], struct auth **ret);
void auth_free(struct auth *a); /* wipes; NULL is fine */

WEFT_CHECKED int auth_session_make(struct auth *a, const char *room, size_t room_len,
                                   const struct uuid *user_id, char ret[AUTH_SESSION_CHARS + 1]);

/* 0 and the user's id when this session was made by us for this room, WEFT_EINVAL when it was not.
 * WEFT_ENOMEM: it cannot be told; whoever took that for a no would make two users of one. */
WEFT_CHECKED int auth_session_verify(struct auth *a, const char *room, size_t room_len,
                                     const char *session, size_t session_len,
                                     struct uuid *ret_user_id);

WEFT_CHECKED int auth_read_key_make(struct auth *a, const char *room, size_t room_len,
                                    char ret[AUTH_READ_KEY_CHARS_MAX + 1]);
bool auth_read_key_open(struct auth *a, const char *key, size_t key_len,
                        char ret_room[ROOM_NAME_BYTES_MAX + 1], size_t *ret_room_len);

#endif
