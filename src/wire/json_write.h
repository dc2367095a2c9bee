/* wire/json_write.h - JSON written straight into a buf.
 *
 * What weft sends has a few fixed shapes, and each operation is encoded once for everybody: written
 * here, it is encoded once and copied once, into the frame that is sent. Building a tree of nodes
 * first would cost an allocation for each field and a second copy of the text. What comes in is
 * another matter: untrusted bytes of any shape are decoded by a library (wire/load.h).
 *
 * A writer remembers that memory ran out; jw_end() tells, and takes back what was written. Strings
 * given in are valid UTF-8; it is written as it is, only what JSON demands is escaped. */
#ifndef WIRE_JSON_WRITE_H
#define WIRE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include <weft/op.h>
#include <weft/text.h>

struct json_writer {
    struct buf *out;
    size_t start; /* length of out before */
    bool failed;  /* memory ran out: nothing is written any more */
};

struct json_writer jw_begin(struct buf *out);
/* 0 or WEFT_ENOMEM; then out is as before jw_begin(). */
WEFT_CHECKED int jw_end(struct json_writer *w);

/* Bytes that are JSON already. */
void jw_raw(struct json_writer *w, const char *bytes, size_t len);
#define JW_LIT(w, literal) jw_raw((w), "" literal, sizeof(literal) - 1)

void jw_uint(struct json_writer *w, uint64_t v);
void jw_int(struct json_writer *w, int64_t v);
/* The shortest form that reads back as the same number; finite numbers only. */
void jw_real(struct json_writer *w, double v);
void jw_string(struct json_writer *w, const char *utf8, size_t len_bytes);
void jw_uuid(struct json_writer *w, const struct uuid *u);
/* A whole document as one string, from the rope's own chunks: no second copy of it is made. */
void jw_text(struct json_writer *w, const struct weft_text *text);
/* [5,"hi",-2]: an operation (weft/op_json.h). */
void jw_op(struct json_writer *w, const struct weft_op *op);

#endif
