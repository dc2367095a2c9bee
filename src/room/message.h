/* room/message.h - what a room says, before it is JSON.
 *
 * One struct for every message of the protocol that the server sends (docs/protocol.md). A message
 * borrows what it points to: from the room and from the effects it stands in, until the next
 * room_step(). All positions and lengths are code points. */
#ifndef ROOM_MESSAGE_H
#define ROOM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/uuid.h"
#include <weft/op.h>
#include <weft/text.h>

/* Bytes that are not terminated. */
struct room_str {
    const char *at;
    size_t len;
};

/* Entries that belong to the room. In a message that sets entries, `removed` takes one away. */
struct room_meta_entry {
    uint8_t key_len;
    bool removed;
    uint16_t value_len;
    char key[META_KEY_BYTES_MAX];
    char value[META_VALUE_BYTES_MAX];
};

struct room_meta {
    size_t n;
    struct room_meta_entry entries[META_KEYS_MAX]; /* in the order they were first set */
};

enum { COLOR_BYTES = 7 }; /* #rrggbb */

/* One who is there. */
struct room_person {
    struct uuid user_id;
    uint8_t name_len; /* 0: none */
    bool has_color;
    bool has_cursor;
    bool has_anchor; /* there is a selection: anchor_cp != position_cp may still be equal */
    char name[USER_NAME_BYTES_MAX];
    char color[COLOR_BYTES];
    size_t position_cp;
    size_t anchor_cp;
};

enum room_mode { ROOM_WRITE, ROOM_READ };

enum room_message_type {
    MESSAGE_WELCOME,
    MESSAGE_ACK,
    MESSAGE_EDIT, /* insert, delete or edit: the simplest that fits */
    MESSAGE_META,
    MESSAGE_CURSOR,
    MESSAGE_JOIN,
    MESSAGE_USER,
    MESSAGE_LEAVE,
    MESSAGE_ERROR,
    MESSAGE_CLOSING,
    MESSAGE_TEXT,
    MESSAGE_HISTORY,
    MESSAGE_SIGNAL,
    MESSAGE_PONG,
    MESSAGE_HELP,
};

struct room_welcome {
    struct uuid epoch;
    uint64_t rev;
    const struct weft_text *text; /* NULL: a resume, without text */
    size_t length_cp;             /* of the document at rev */
    struct uuid user_id;
    uint64_t seq; /* last of this session in the log */
    enum room_mode mode;
    const struct room_meta *meta; /* NULL: no entries */
    const struct room_person *users;
    size_t n_users;
    /* The rest is put in by whoever knows it: the hub. Zero length: left out. */
    struct room_str room;
    struct room_str session;
    struct room_str read_key;
    size_t limit_message_bytes;
    size_t limit_document_bytes;
};

struct room_ack {
    uint64_t rev; /* 0: not known any more (a repeat of an older one); left out */
    uint64_t seq; /* 0: none was given; left out */
    bool dup;
};

struct room_edit {
    uint64_t rev;
    uint64_t from; /* with composed: stands for revisions from+1 .. rev */
    bool composed; /* then there is no user_id */
    struct uuid user_id;
    const struct weft_op *op;
    const struct room_meta *meta; /* composed: entries set in that range; or NULL */
};

struct room_meta_set {
    uint64_t rev;
    struct uuid user_id;
    const struct room_meta *meta;
};

struct room_cursor {
    uint64_t rev;
    struct uuid user_id;
    size_t position_cp;
    size_t anchor_cp;
    bool has_anchor;
};

enum { MESSAGE_WORDS_MAX = 200 };

struct room_error {
    int err;                       /* WEFT_E*, which has the wire's `code` */
    char words[MESSAGE_WORDS_MAX]; /* field, found, expected; NUL-terminated UTF-8 */
    uint64_t seq;                  /* 0: none */
    uint32_t retry_ms;             /* 0: left out */
};

struct room_closing {
    const char *code; /* "restart" */
    uint32_t retry_ms;
};

struct room_text_answer {
    uint64_t rev;
    const struct weft_text *text;
};

struct room_history_item {
    uint64_t rev;
    struct uuid user_id;
    struct room_str name; /* at that time; len 0: none */
    int64_t at_ms;        /* Unix time */
    const struct weft_op *op;
    const struct room_meta *meta; /* NULL unless it set entries */
};

struct room_history_answer {
    uint64_t from; /* as answered: `to` may be less than was asked for, never more */
    uint64_t to;
    const struct room_history_item *items;
    size_t n;
};

struct room_signal {
    struct uuid from;
    struct room_str data; /* JSON, as it came, checked */
};

struct room_message {
    enum room_message_type type;
    union {
        struct room_welcome welcome;
        struct room_ack ack;
        struct room_edit edit;
        struct room_meta_set meta;
        struct room_cursor cursor;
        struct room_person person; /* join, user; leave uses user_id alone */
        struct room_error error;
        struct room_closing closing;
        struct room_text_answer text;
        struct room_history_answer history;
        struct room_signal signal;
    };
};

#endif
