/* wire/encode.h - pieces that several answers share. */
#ifndef WIRE_ENCODE_H
#define WIRE_ENCODE_H

#include "room/message.h"
#include "wire/json_write.h"

/* ,"key": in front of a value; the object's first field has been written. */
#define JW_KEY(w, key) JW_LIT(w, ",\"" key "\":")

/* {"user_id":...,"name":...,"color":...,"position":...,"anchor":...}, as far as there is a value. */
void write_person(struct json_writer *w, const struct room_person *p);

/* {"key":"value","gone":null} */
void write_meta(struct json_writer *w, const struct room_meta *meta);

#endif
