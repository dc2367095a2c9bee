/* wire/log_line.h - a room's whole log as lines of JSON: what `weft export` writes and `weft import`
 * reads. docs/storage.md shows it.
 *
 *     {"weft":"log","version":1,"room":"plan","epoch":"5f0c…","rev":2}
 *     {"rev":1,"user_id":"a8d1…","name":"Ada","at":1700000000000,"seq":1,"op":["hi"]}
 *     {"rev":2,"user_id":"a8d1…","at":1700000000500,"op":[],"meta":{"language":"c"}}
 *
 * A trimmed log is of version 2: its head names the "base", and the second line is the room as it was
 * there (struct log_base).
 *
 * A line is what the answer to `history` says of a revision (docs/protocol.md), and the sequence
 * number that makes a repeat of it one. */
#ifndef WIRE_LOG_LINE_H
#define WIRE_LOG_LINE_H

#include "base/buf.h"
#include "room/record.h"
#include "room/snapshot.h"

struct log_head {
    uint8_t room_len;
    char room[ROOM_NAME_BYTES_MAX];
    struct uuid epoch;
    uint64_t base_rev; /* what was up to there is deleted: a log_base follows; 0: nothing is */
    uint64_t rev;      /* the last one; a line for each from base_rev + 1 on */
};

/* Both append one line, its line feed included. 0 or WEFT_ENOMEM, with out as before. `meta` NULL or
 * empty: none. */
WEFT_CHECKED int log_head_encode(const struct log_head *head, struct buf *out);
WEFT_CHECKED int log_line_encode(const struct record *r, const struct weft_op *op,
                                 const struct room_meta *meta, struct buf *out);

/* What a trimmed log begins with: the snapshot at its base. */
WEFT_CHECKED int log_base_encode(const struct snapshot *s, const struct sessions *sessions,
                                 struct buf *out);

/* One line, with or without its line feed. Errors as for wire_decode(). */
WEFT_CHECKED int log_head_decode(const char *json, size_t len, struct log_head *ret,
                                 struct room_error *ret_error);

struct log_base {
    uint64_t rev;
    int64_t at_ms;          /* of record rev */
    struct weft_text *text; /* owned, on the process heap; and so are: */
    struct sessions sessions;
    struct room_meta meta;
};

/* As log_line_decode(). */
WEFT_CHECKED int log_base_decode(const char *json, size_t len, struct log_base *ret,
                                 struct room_error *ret_error);
void log_base_done(struct log_base *base);

/* A decoded line. record.name and record.meta (NULL: none) point into it: it must not be moved. */
struct log_line {
    struct record record; /* its sums and places are unused */
    struct weft_op op;    /* owned, on the process heap */
    struct room_meta meta_;
    char name_[USER_NAME_BYTES_MAX];
};

/* `ret` is in use only after 0; then log_line_done(). */
WEFT_CHECKED int log_line_decode(const char *json, size_t len, struct log_line *ret,
                                 struct room_error *ret_error);
void log_line_done(struct log_line *line);

#endif
