/* tests/support/wsclient.h - a small HTTP and WebSocket client for tests.
 *
 * Blocking, with a deadline on every wait (generous: it only ends tests that hang), and with no
 * library behind it, so that it can also do what a proper client would not: raw bytes, broken
 * frames, no reading at all. It checks what a server must never do (masked frames, reserved bits,
 * data behind CLOSE) and says so as WSC_BAD.
 *
 *     struct wsclient *w = wsclient_open("127.0.0.1", port);
 *     assert_int_equal(wsclient_upgrade(w, "/ws/notes", NULL), 101);
 *     wsclient_text(w, "{\"type\":\"ping\"}");
 *     struct wsframe f;
 *     assert_int_equal(wsclient_next(w, &f), WSC_FRAME);     // f.bytes, f.len, f.opcode
 *     wsclient_close(w, 1000, "");
 *     assert_int_equal(wsclient_next(w, &f), WSC_FRAME);     // f.opcode == WSC_CLOSE, f.code
 *     wsclient_free(w);
 *
 * Failures that no test expects (no socket, no memory, a write that takes longer than the deadline)
 * print a line and abort. SIGPIPE is never raised. Not thread-safe; one thread per client. */
#ifndef TESTS_SUPPORT_WSCLIENT_H
#define TESTS_SUPPORT_WSCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wsclient;

enum wsc_opcode {
    WSC_CONTINUATION = 0,
    WSC_TEXT = 1,
    WSC_BINARY = 2,
    WSC_CLOSE = 8,
    WSC_PING = 9,
    WSC_PONG = 10,
};

enum wsc_result {
    WSC_FRAME,   /* *ret is filled */
    WSC_EOF,     /* the server closed the connection, or reset it */
    WSC_TIMEOUT, /* nothing within the deadline */
    WSC_BAD,     /* the server broke RFC 6455; a line on stderr says how */
};

/* Borrowed until the next call on the same client. */
struct wsframe {
    unsigned opcode;
    bool fin;
    const char *bytes; /* NUL-terminated for convenience; len does not count it */
    size_t len;
    uint16_t code; /* of CLOSE: 1005 when there is none; bytes and len are the reason then */
};

/* An HTTP answer. Borrowed until the next call on the same client. */
struct wsc_answer {
    int status;       /* 0: the connection ended instead */
    const char *head; /* as received, NUL-terminated */
    const char *body; /* NUL-terminated */
    size_t body_len;
};

/* Connects. Aborts when nobody listens; see wsclient_try_open. */
struct wsclient *wsclient_open(const char *host, uint16_t port);
struct wsclient *wsclient_try_open(const char *host, uint16_t port); /* NULL: refused */
/* With SO_RCVBUF set before connecting: how much the server can send to a client that does not read
 * (0: the system's). And from this local address (NULL: any), such as 127.0.0.2. */
struct wsclient *wsclient_open_with(const char *host, uint16_t port, int rcvbuf_bytes,
                                    const char *from);
void wsclient_free(struct wsclient *w); /* closes at once, without CLOSE; NULL is fine */

/* The deadline of each later wait; 20 s at first. */
void wsclient_deadline(struct wsclient *w, int ms);
int wsclient_fd(const struct wsclient *w); /* for poll(2) over many */

/* Shuts down our direction only: the server reads the end, we still read. */
void wsclient_half_close(struct wsclient *w);
/* Closes with a reset instead of a proper end, and frees. */
void wsclient_reset(struct wsclient *w);

/* --- HTTP --- */

/* Sends bytes as they are. */
void wsclient_raw(struct wsclient *w, const void *bytes, size_t len);
void wsclient_raw_text(struct wsclient *w, const char *text);

/* "GET <path> HTTP/1.1", Host, and `headers` ("Name: value\r\n...", or NULL). Does not wait. */
void wsclient_get(struct wsclient *w, const char *path, const char *headers);

/* Reads one answer by its Content-Length. is_head: the answer to HEAD, which has no body. What
 * follows stays for the next call. */
enum wsc_result wsclient_answer(struct wsclient *w, bool is_head, struct wsc_answer *ret);

/* The value of a header of the last answer or handshake (name in any case), copied into buf; NULL
 * when absent. */
const char *wsclient_header(const struct wsclient *w, const char *name, char *buf, size_t bytes);

/* --- WebSocket --- */

/* Asks for an upgrade with Sec-WebSocket-Protocol: weft.v1 and further `headers` (or NULL), and
 * returns the HTTP status: 101, or another with the answer's body in wsclient_body(); 0 when the
 * connection ended. */
int wsclient_upgrade(struct wsclient *w, const char *path, const char *headers);
/* The same with exactly these headers besides Host, Upgrade, Connection, Version and Key. */
int wsclient_upgrade_plain(struct wsclient *w, const char *path, const char *headers);
const char *wsclient_body(const struct wsclient *w);

/* One frame, masked. fin and opcode as given, so anything can be made. */
void wsclient_frame(struct wsclient *w, bool fin, unsigned opcode, const void *bytes, size_t len);
/* A frame that is not masked, which no client may send. */
void wsclient_frame_unmasked(struct wsclient *w, bool fin, unsigned opcode, const void *bytes,
                             size_t len);
/* Puts a masked frame into out (14 + len bytes); returns its length. For sending several as one. */
size_t wsclient_encode(uint8_t *out, bool fin, unsigned opcode, const void *bytes, size_t len);
void wsclient_text(struct wsclient *w, const char *text); /* one whole message */
void wsclient_close(struct wsclient *w, uint16_t code, const char *reason);

/* The next frame, control frames included; nothing is answered on its own. */
enum wsc_result wsclient_next(struct wsclient *w, struct wsframe *ret);
/* The next one that is no PING or PONG; PINGs are answered. */
enum wsc_result wsclient_next_message(struct wsclient *w, struct wsframe *ret);
/* Reads and drops until the connection ends; true: it did within the deadline. */
bool wsclient_wait_eof(struct wsclient *w);
/* Is something to be read within ms? (0: now) */
bool wsclient_readable(struct wsclient *w, int ms);

#endif
