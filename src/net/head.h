/* net/head.h - the head of an HTTP/1.1 request, from bytes (RFC 9112, RFC 6455 section 4.1).
 *
 * Strict: whatever two parsers could read in two ways (a bare LF, a folded line, a space before a
 * colon, two lengths, two hosts) is refused. Pure: no socket, no memory. Nothing is decoded: path
 * and query come out as they were sent. */
#ifndef NET_HEAD_H
#define NET_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"

enum {
    /* A head: cookies and a token of 4 KiB fit. Longer: 431. */
    HEAD_BYTES_MAX = 8192,
    /* Header lines in it. Browsers send about 20. */
    HEAD_LINES_MAX = 100,
};

struct head {
    struct net_head at; /* all but `address`; borrowed from the bytes, or from `join` */
    bool http_1_0;      /* minor version 0 */
    bool keep_alive;    /* the connection may serve another request */
    bool has_body;      /* or may have */
    bool wants_ws;      /* Upgrade: websocket, with Connection: upgrade */
    struct net_str ws_key;
    struct net_str ws_version;
    unsigned lines;
};

/* Reads one head from the start of `bytes`; empty lines before it are skipped (RFC 9112 section
 * 2.2). `join` takes header values that came in several lines.
 *
 * Returns the bytes used; 0 when the end is not there yet; or the negative HTTP status to answer
 * with: 400, 431 (too many lines), 505. */
int head_parse(const char *bytes, size_t len, char join[HEAD_BYTES_MAX], struct head *ret);

/* The sentence for a refusal of head_parse(). */
const char *head_refusal(int status);

/* Does the comma-separated list have this element? Case matters unless any_case. */
bool head_list_has(struct net_str list, const char *element, bool any_case);

/* Does an Accept-Encoding take this content coding (RFC 9110 section 12.5.3)? An empty one takes
 * none: who does not ask is sent what everybody can read. */
bool head_accepts_coding(struct net_str list, const char *coding);

/* A Sec-WebSocket-Key: base64 of 16 bytes. */
bool head_ws_key_is_valid(struct net_str key);

bool net_str_is(struct net_str s, const char *text); /* equal, case matters */

#endif
