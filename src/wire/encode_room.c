/* wire/encode_room.c - a room as plain HTTP shows it. Apart from encode.c because it is the only
 * place in wire that asks a room something. */
#include "wire/encode.h"
#include "wire/wire.h"

int wire_encode_room(const struct room *room, struct room_str name, struct buf *out)
{
    struct room_info info = room_info(room);
    struct json_writer w = jw_begin(out);
    JW_LIT(&w, "{\"room\":");
    jw_string(&w, name.at, name.len);
    JW_KEY(&w, "epoch");
    jw_uuid(&w, &info.epoch);
    JW_KEY(&w, "rev");
    jw_uint(&w, info.rev);
    JW_KEY(&w, "length");
    jw_uint(&w, info.length_cp);
    JW_KEY(&w, "users");
    JW_LIT(&w, "[");
    for (size_t i = 0; i < info.n_people; i++) {
        struct room_person person;
        room_person_at(room, i, &person);
        if (i != 0)
            JW_LIT(&w, ",");
        write_person(&w, &person);
    }
    JW_LIT(&w, "]}");
    return jw_end(&w);
}

unsigned wire_http_status(int err)
{
    switch (err) {
    case WEFT_EFORBIDDEN:
    case WEFT_EREADONLY:
        return 403;
    case WEFT_EGONE:
        return 409;
    case WEFT_ELIMIT:
    case WEFT_EFULL:
        return 413;
    case WEFT_ERATE:
        return 429;
    case WEFT_ENOMEM:
    case WEFT_EIO:
    case WEFT_ECORRUPT:
        return 503;
    default:
        return 400;
    }
}
