/* wire/wire.h - JSON text <-> room events and messages. jansson lives behind this header and
 * nowhere else.
 *
 * The protocol is docs/protocol.md. Decoding never guesses: what is not exactly right is answered
 * with an error that names the field, what was found and what was expected. Own limits: nesting
 * JSON_DEPTH_MAX (checked before jansson sees a byte, so it never recurses deeper), integers only
 * where integers are due and within 0 .. 2^53, counts within CP_MAX, duplicate keys refused, NUL
 * and lone surrogates in text answered with bad_text. Unknown fields are ignored. */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "room/message.h"
#include "room/room.h"
#include <weft/error.h>

/* Some messages are no event of a room: they are answered on the spot. */
enum wire_kind { WIRE_EVENT, WIRE_PING, WIRE_HELP };

/* A decoded message. Owns what `event` points to until wire_message_done(). event.conn and the
 * submission's at_ms are left 0 for the caller to fill in. Must not be moved: event points into it. */
struct wire_message {
    enum wire_kind kind;
    struct room_event event; /* OPERATION, META, CURSOR, USER, TEXT, HISTORY or SIGNAL */

    /* private */
    struct weft_op op_;
    struct room_meta *meta_;
    struct buf bytes_;
};

/* Decodes one message. `alloc` is for operations; borrowed until _done. Returns 0, or a WEFT_E*
 * with *ret_error filled in, ready to be sent (its seq too, where the message had a readable one);
 * *ret is then empty and needs no _done. */
WEFT_CHECKED int wire_decode(const struct weft_alloc *alloc, const char *json, size_t len,
                             struct wire_message *ret, struct room_error *ret_error);
void wire_message_done(struct wire_message *m);

/* Appends the message as one JSON object to out. 0 or WEFT_ENOMEM; out is as before on failure. */
WEFT_CHECKED int wire_encode(const struct room_message *m, struct buf *out);

/* An operation as a JSON array, both ways: [5,"hi",-2]. Decoding takes whole arrays only and brings
 * them to normal form; errors as for wire_decode ("op" is the field). */
WEFT_CHECKED int wire_encode_op(const struct weft_op *op, struct buf *out);
WEFT_CHECKED int wire_decode_op(const char *json, size_t len, struct weft_op *ret,
                                struct room_error *ret_error);

/* Plain HTTP: {"room","epoch","rev","length","users"} of a room. */
WEFT_CHECKED int wire_encode_room(const struct room *room, struct room_str name, struct buf *out);

/* The HTTP status that an error is answered with. */
unsigned wire_http_status(int err);

/* {"error":{"code":…,"message":…}} for HTTP answers. */
WEFT_CHECKED int wire_encode_http_error(const char *code, const char *words, struct buf *out);

/* The query part of a URL ("name=Ada&color=%23c2185b&mode=read&epoch=…&rev=7"; may be empty) and the
 * percent-decoded room name. Everything is optional; a value that is not what it must be is
 * WEFT_EINVAL with the field, found and expected in ret_error->words. Unknown keys are ignored. */
struct wire_connect {
    enum room_mode mode;
    bool has_rev; /* both epoch and rev were given, and the epoch is a UUID */
    struct uuid epoch;
    uint64_t rev;
    uint8_t name_len;
    bool has_color;
    char name[USER_NAME_BYTES_MAX];
    char color[COLOR_BYTES];
};

WEFT_CHECKED int wire_decode_query(const char *query, size_t len, struct wire_connect *ret,
                                   struct room_error *ret_error);

/* The same for a plain HTTP request, which has only `rev`. */
WEFT_CHECKED int wire_decode_query_rev(const char *query, size_t len, bool *ret_has_rev,
                                       uint64_t *ret_rev, struct room_error *ret_error);

/* Percent-decodes a room's name from a URL path segment: 1 to ROOM_NAME_BYTES_MAX bytes of UTF-8,
 * no control characters, no '/'. WEFT_EINVAL with words otherwise. */
WEFT_CHECKED int wire_decode_room_name(const char *segment, size_t len,
                                       char ret[ROOM_NAME_BYTES_MAX + 1], size_t *ret_len,
                                       struct room_error *ret_error);

/* Whether it is one, as it stands. */
bool wire_is_room_name(const char *name, size_t len);

#endif
