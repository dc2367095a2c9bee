/* wire/messages.h - the one list of what a client may send. Decoding, the words of bad_type and the
 * answer to `help` are made from it.
 *
 * X(name, decoding function, what it is for, an example that decodes)
 *
 * Sent in this order to an empty room, all examples are taken but the signal, which wants the
 * user_id of somebody who is there. */
#ifndef WIRE_MESSAGES_H
#define WIRE_MESSAGES_H

#define WIRE_MESSAGES(X)                                                                           \
    X("insert", read_insert, "puts text at a position; without position at the end",               \
      "{\"type\":\"insert\",\"position\":0,\"text\":\"hello\",\"rev\":0,\"seq\":1}")               \
    X("delete", read_delete, "takes length characters away at a position; without length one",     \
      "{\"type\":\"delete\",\"position\":4,\"length\":1,\"rev\":1,\"seq\":2}")                     \
    X("edit", read_edit,                                                                           \
      "several parts at once: 1 keeps one, \\\"i\\\" inserts, -3 deletes three",                   \
      "{\"type\":\"edit\",\"op\":[1,\"i\",-3],\"rev\":2,\"seq\":3}")                               \
    X("meta", read_meta, "sets entries that belong to the room; null takes one away",              \
      "{\"type\":\"meta\",\"meta\":{\"language\":\"c\"},\"seq\":4}")                               \
    X("cursor", read_cursor, "shows the others where you are; with anchor a selection",            \
      "{\"type\":\"cursor\",\"position\":2,\"anchor\":0,\"rev\":4}")                               \
    X("user", read_user, "changes the name and color that others see; empty takes it away",        \
      "{\"type\":\"user\",\"name\":\"Ada\",\"color\":\"#1565c0\"}")                                \
    X("text", read_text, "asks for the text, now or at a revision",                                \
      "{\"type\":\"text\",\"rev\":1}")                                                             \
    X("history", read_history, "asks for logged operations; without to up to the newest",          \
      "{\"type\":\"history\",\"from\":1,\"to\":4}")                                                \
    X("signal", read_signal, "hands data, any JSON, to one other user",                            \
      "{\"type\":\"signal\",\"to\":\"00000000-0000-4000-8000-000000000000\","                      \
      "\"data\":{\"any\":\"thing\"}}")                                                             \
    X("ping", read_ping, "answered with pong", "{\"type\":\"ping\"}")                              \
    X("help", read_help, "answered with this list", "{\"type\":\"help\"}")

#endif
