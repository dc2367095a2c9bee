/* weft/error.h - the one list of what can go wrong.
 *
 * Functions return 0 or a negative WEFT_E*. The functions of libweft return ENOMEM, EINVAL, ERANGE,
 * EUTF8, ELIMIT and EJSON, each as its header says; the other codes are the server's, which shares
 * the list. Numbers do not change; new ones are added at the end. Codes that a peer can provoke carry
 * the wire name of the protocol; the others have none and never leave the process as a `code`.
 *
 * Three kinds, three answers: a bug of ours asserts; a peer's mistake is answered with an error
 * and loses nothing; the world (memory, disk) is returned to whoever can act on it. */
#ifndef WEFT_ERROR_H
#define WEFT_ERROR_H

#include <weft/api.h>

/* X(name, value, wire name or NULL, plain words) */
#define WEFT_ERRORS(X)                                                                             \
    X(ENOMEM, -1, "unavailable", "out of memory")                                                  \
    X(EINVAL, -2, "bad_field", "a value is not what it must be")                                   \
    X(ERANGE, -3, "out_of_range", "a position or length lies outside the document")                \
    X(EUTF8, -4, "bad_text", "text is not valid: lone surrogate, NUL or broken UTF-8")             \
    X(ELIMIT, -5, "too_large", "a limit was reached")                                              \
    X(EREV, -6, "bad_rev", "revision above the newest one")                                        \
    X(EGONE, -7, "gone", "revision no longer held")                                                \
    X(EFULL, -8, "doc_full", "the document would grow over its limit")                             \
    X(EREADONLY, -9, "read_only", "this connection may only read")                                 \
    X(EIO, -10, "unavailable", "storage failed")                                                   \
    X(ECORRUPT, -11, "unavailable", "stored bytes do not check")                                   \
    X(EJSON, -12, "bad_json", "not one JSON value of the kind expected")                           \
    X(ETYPE, -13, "bad_type", "unknown message type")                                              \
    X(ERATE, -14, "rate_limited", "too many messages")                                             \
    X(EFORBIDDEN, -15, "forbidden", "not allowed here")                                            \
    X(EBUSY, -16, NULL, "held by somebody else")                                                   \
    X(ENOENT, -17, NULL, "not there")

#define WEFT_ERROR_ENUM(name, value, wire, text) WEFT_##name = (value),
enum weft_error { WEFT_OK = 0, WEFT_ERRORS(WEFT_ERROR_ENUM) };
#undef WEFT_ERROR_ENUM

WEFT_API_BEGIN

/* Plain words for a code; "no error" for 0, "unknown error" for what is no code. Static. */
const char *weft_error_text(int err);

/* The protocol's `code` for an error, or NULL where a peer never sees it. Static. */
const char *weft_error_wire(int err);

WEFT_API_END

#endif
