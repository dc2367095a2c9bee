/* bench/frame.h - RFC 6455 as a client sees it: the upgrade and the frames, bytes in and bytes out.
 *
 * No socket, no memory of its own. Built for one purpose, to cost little beside the server that is
 * measured: it checks what a server may not do (masked frames, reserved bits, control frames that are
 * long or in parts), and not that text is UTF-8. No extension is offered, so none may be used. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_CONTINUATION = 0,
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,

    FRAME_HEADER_BYTES_MAX = 14, /* of what a client sends */
    FRAME_CONTROL_BYTES_MAX = 125,
    FRAME_HEAD_BYTES_MAX = 16384, /* of an answer to the upgrade */
    FRAME_REQUEST_BYTES_MAX = 2048,
};
#define FRAME_BYTES_MAX ((uint64_t)1 << 31) /* a text of 100 MB and then some */

struct frame {
    uint8_t opcode;
    bool fin;
    const uint8_t *payload; /* into the bytes that were given */
    size_t len;
};

enum frame_what { FRAME_WHOLE, FRAME_CUT, FRAME_BAD };

/* Reads the frame that begins at `at`. WHOLE: *ret is the frame and *ret_used its bytes in all. CUT:
 * it is not all there; *ret_used is how many bytes it needs in all, as far as that is known. BAD: no
 * server may send this; *ret_why is a sentence. */
enum frame_what frame_read(const uint8_t *at, size_t len, struct frame *ret, uint64_t *ret_used,
                           const char **ret_why);

/* Writes a whole masked frame, len + FRAME_HEADER_BYTES_MAX bytes at most; returns its length. */
size_t frame_write(uint8_t *out, uint8_t opcode, const void *payload, size_t len);

/* The request that asks for the upgrade. protocol: NULL for none. Returns its length, 0 when it does
 * not fit. */
size_t frame_request(char out[FRAME_REQUEST_BYTES_MAX], const char *host, const char *path,
                     const char *protocol);

/* Reads the answer. WHOLE: the upgrade is done, *ret_used is where frames begin. BAD: `why` says what
 * the server answered instead. */
enum frame_what frame_answer(const char *at, size_t len, uint64_t *ret_used, char *why,
                             size_t why_bytes);

#endif
