/* Keys, sessions and read keys over OpenSSL's EVP. See auth.h for what they promise.
 *
 * A session text is base64url(user id, 16 bytes | first 16 bytes of HMAC(user id | room)). The id
 * has a fixed length, so no two pairs of id and room give the same input.
 * A read key is base64url(SIV, 16 bytes | ciphertext of the room's name, zeros to a multiple of 16).
 * A room's name holds no control character, so the zeros end it. */
#include "auth/auth.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "auth/base64url.h"

enum {
    ID_BYTES = 16,
    MAC_BYTES = 16,
    DIGEST_BYTES = 32,
    SIV_BYTES = 16,
    SIV_KEY_BYTES = 64, /* AES-256-SIV takes two keys of 256 bits */
    NAME_STEP = 16,
    NAME_PADDED_MAX = (ROOM_NAME_BYTES_MAX + NAME_STEP - 1) / NAME_STEP * NAME_STEP,
};

_Static_assert(BASE64URL_CHARS(ID_BYTES + MAC_BYTES) == AUTH_SESSION_CHARS, "a session's length");
_Static_assert(BASE64URL_CHARS(SIV_BYTES + NAME_PADDED_MAX) <= AUTH_READ_KEY_CHARS_MAX,
               "a read key fits");

struct auth {
    EVP_MAC_CTX *session_mac; /* keyed; started again for each use */
    EVP_CIPHER *siv;
    uint8_t read_key[SIV_KEY_BYTES];
};

/* HKDF-SHA-256 of the kept key; `use` keeps the derived ones apart. */
static int derive(const uint8_t key[AUTH_KEY_BYTES], const char *use, uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key,
                                          AUTH_KEY_BYTES),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)use, strlen(use)),
        OSSL_PARAM_construct_end(),
    };
    int err = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1 ? 0 : WEFT_EINVAL;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return err;
}

static EVP_MAC_CTX *mac_new(const uint8_t *key, size_t key_len)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    if (ctx != NULL && EVP_MAC_init(ctx, key, key_len, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_MAC_free(mac); /* the context holds a reference of its own */
    return ctx;
}

/* Everything once. OpenSSL that had no memory for a part while it set itself up goes without that
 * part: what needs it fails then, for good. */
static int try_out(struct auth *a)
{
    static const char ROOM[] = "room";
    char session[AUTH_SESSION_CHARS + 1];
    char read_key[AUTH_READ_KEY_CHARS_MAX + 1];
    char room[ROOM_NAME_BYTES_MAX + 1];
    size_t room_len = 0;
    struct uuid user = {{0}};
    int err = auth_session_make(a, ROOM, sizeof(ROOM) - 1, &user, session);
    if (err == 0)
        err = auth_session_verify(a, ROOM, sizeof(ROOM) - 1, session, AUTH_SESSION_CHARS, &user);
    if (err == 0)
        err = auth_read_key_make(a, ROOM, sizeof(ROOM) - 1, read_key);
    if (err == 0 && !auth_read_key_open(a, read_key, strlen(read_key), room, &room_len))
        err = WEFT_EINVAL;
    return err;
}

int auth_new(const uint8_t key[AUTH_KEY_BYTES], struct auth **ret)
{
    struct auth *a = calloc(1, sizeof(*a));
    uint8_t session_key[DIGEST_BYTES];
    int err;

    if (a == NULL)
        return WEFT_ENOMEM;
    /* OpenSSL sets itself up when it is first used. Where it could not for want of memory, whatever
     * is asked of it afterwards follows a null pointer. */
    err = OSSL_LIB_CTX_get0_global_default() != NULL ? 0 : WEFT_ENOMEM;
    if (err == 0)
        err = derive(key, "weft session v1", session_key, sizeof(session_key));
    if (err == 0)
        err = derive(key, "weft read key v1", a->read_key, sizeof(a->read_key));
    if (err == 0) {
        a->session_mac = mac_new(session_key, sizeof(session_key));
        a->siv = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
        if (a->session_mac == NULL || a->siv == NULL)
            err = WEFT_EINVAL;
    }
    if (err == 0)
        err = try_out(a);
    OPENSSL_cleanse(session_key, sizeof(session_key));
    if (err != 0) {
        auth_free(a);
        return err;
    }
    *ret = a;
    return 0;
}

void auth_free(struct auth *a)
{
    if (a == NULL)
        return;
    EVP_MAC_CTX_free(a->session_mac);
    EVP_CIPHER_free(a->siv);
    OPENSSL_cleanse(a, sizeof(*a));
    free(a);
}

/* ---- sessions --------------------------------------------------------------------------------- */

static int session_mac(struct auth *a, const char *room, size_t room_len,
                       const uint8_t id[ID_BYTES], uint8_t out[MAC_BYTES])
{
    uint8_t digest[DIGEST_BYTES];
    size_t len = 0;
    int err = 0;

    /* A NULL key starts over with the key it has. */
    if (EVP_MAC_init(a->session_mac, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(a->session_mac, id, ID_BYTES) != 1 ||
        EVP_MAC_update(a->session_mac, (const uint8_t *)room, room_len) != 1 ||
        EVP_MAC_final(a->session_mac, digest, &len, sizeof(digest)) != 1 || len != sizeof(digest))
        err = WEFT_ENOMEM;
    else
        memcpy(out, digest, MAC_BYTES);
    OPENSSL_cleanse(digest, sizeof(digest));
    return err;
}

int auth_session_make(struct auth *a, const char *room, size_t room_len, const struct uuid *user_id,
                      char ret[AUTH_SESSION_CHARS + 1])
{
    uint8_t both[ID_BYTES + MAC_BYTES];
    int err;

    memcpy(both, user_id->bytes, ID_BYTES);
    err = session_mac(a, room, room_len, both, both + ID_BYTES);
    if (err == 0)
        base64url_put(ret, both, sizeof(both));
    OPENSSL_cleanse(both, sizeof(both));
    return err;
}

int auth_session_verify(struct auth *a, const char *room, size_t room_len, const char *session,
                        size_t session_len, struct uuid *ret_user_id)
{
    uint8_t both[ID_BYTES + MAC_BYTES];
    uint8_t mac[MAC_BYTES];
    size_t len;
    int err;

    if (session_len != AUTH_SESSION_CHARS ||
        base64url_get(session, session_len, both, sizeof(both), &len) != 0 || len != sizeof(both))
        return WEFT_EINVAL;
    err = session_mac(a, room, room_len, both, mac);
    if (err == 0 && CRYPTO_memcmp(mac, both + ID_BYTES, MAC_BYTES) != 0)
        err = WEFT_EINVAL;
    if (err == 0)
        memcpy(ret_user_id->bytes, both, ID_BYTES);
    OPENSSL_cleanse(mac, sizeof(mac));
    return err;
}

/* ---- read keys -------------------------------------------------------------------------------- */

/* `out` has SIV_BYTES and then as many bytes as the padded name. */
static int seal(struct auth *a, const uint8_t *padded, size_t padded_len, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int err = WEFT_ENOMEM;

    if (ctx != NULL && EVP_EncryptInit_ex2(ctx, a->siv, a->read_key, NULL, NULL) == 1 &&
        EVP_EncryptUpdate(ctx, out + SIV_BYTES, &n, padded, (int)padded_len) == 1 &&
        n == (int)padded_len && EVP_EncryptFinal_ex(ctx, out + SIV_BYTES + padded_len, &n) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SIV_BYTES, out) == 1)
        err = 0;
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

static bool unseal(struct auth *a, uint8_t *sealed, size_t sealed_len, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = (int)(sealed_len - SIV_BYTES);
    int n = 0;
    bool ok;

    ok = ctx != NULL && EVP_DecryptInit_ex2(ctx, a->siv, a->read_key, NULL, NULL) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SIV_BYTES, sealed) == 1 &&
         EVP_DecryptUpdate(ctx, out, &n, sealed + SIV_BYTES, len) == 1 && n == len &&
         EVP_DecryptFinal_ex(ctx, out + len, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

int auth_read_key_make(struct auth *a, const char *room, size_t room_len,
                       char ret[AUTH_READ_KEY_CHARS_MAX + 1])
{
    uint8_t padded[NAME_PADDED_MAX] = {0};
    uint8_t sealed[SIV_BYTES + NAME_PADDED_MAX + NAME_STEP]; /* final writes nothing, but may */
    size_t padded_len = (room_len + NAME_STEP - 1) / NAME_STEP * NAME_STEP;
    int err;

    if (room_len == 0 || room_len > ROOM_NAME_BYTES_MAX || memchr(room, 0, room_len) != NULL)
        return WEFT_EINVAL;
    memcpy(padded, room, room_len);
    err = seal(a, padded, padded_len, sealed);
    if (err == 0)
        base64url_put(ret, sealed, SIV_BYTES + padded_len);
    return err;
}

bool auth_read_key_open(struct auth *a, const char *key, size_t key_len,
                        char ret_room[ROOM_NAME_BYTES_MAX + 1], size_t *ret_room_len)
{
    uint8_t sealed[SIV_BYTES + NAME_PADDED_MAX];
    uint8_t name[NAME_PADDED_MAX + NAME_STEP];
    size_t sealed_len;
    size_t len;

    if (base64url_get(key, key_len, sealed, sizeof(sealed), &sealed_len) != 0 ||
        sealed_len <= SIV_BYTES || (sealed_len - SIV_BYTES) % NAME_STEP != 0 ||
        !unseal(a, sealed, sealed_len, name))
        return false;
    len = sealed_len - SIV_BYTES;
    while (len > 0 && name[len - 1] == 0)
        len--;
    if (len == 0 || len > ROOM_NAME_BYTES_MAX)
        return false;
    memcpy(ret_room, name, len);
    ret_room[len] = '\0';
    *ret_room_len = len;
    return true;
}
