#define _GNU_SOURCE /* memmem */
#include "bench/frame.h"

#include <stdio.h>
#include <string.h>

/* Any four bytes will do: they guard proxies against scripts, and there is neither here. */
static const uint8_t MASK[4] = {0x5a, 0xa7, 0x13, 0xec};

enum frame_what frame_read(const uint8_t *at, size_t len, struct frame *ret, uint64_t *ret_used,
                           const char **ret_why)
{
    size_t header = 2;
    *ret_used = header;
    if (len < header)
        return FRAME_CUT;
    uint8_t opcode = at[0] & 15;
    uint64_t payload = at[1] & 0x7f;
    bool control = opcode >= FRAME_CLOSE;
    *ret_why = NULL;
    if ((at[0] & 0x70) != 0)
        *ret_why = "a frame with reserved bits";
    else if ((at[1] & 0x80) != 0)
        *ret_why = "a masked frame";
    else if ((opcode > FRAME_BINARY && !control) || opcode > FRAME_PONG)
        *ret_why = "a frame of an unknown kind";
    else if (control && ((at[0] & 0x80) == 0 || payload > FRAME_CONTROL_BYTES_MAX))
        *ret_why = "a control frame that is long or in parts";
    if (*ret_why != NULL)
        return FRAME_BAD;
    if (payload >= 126) {
        size_t wide = payload == 126 ? 2 : 8;
        header += wide;
        *ret_used = header;
        if (len < header)
            return FRAME_CUT;
        payload = 0;
        for (size_t i = 0; i < wide; i++)
            payload = payload << 8 | at[2 + i];
    }
    if (payload > FRAME_BYTES_MAX) {
        *ret_why = "a frame of more than 2 GiB";
        return FRAME_BAD;
    }
    *ret_used = header + payload;
    if (len < header + payload)
        return FRAME_CUT;
    *ret = (struct frame){.opcode = opcode,
                          .fin = (at[0] & 0x80) != 0,
                          .payload = at + header,
                          .len = (size_t)payload};
    return FRAME_WHOLE;
}

size_t frame_write(uint8_t *out, uint8_t opcode, const void *payload, size_t len)
{
    const uint8_t *from = payload;
    size_t n = 2;
    size_t wide = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[0] = (uint8_t)(0x80 | opcode);
    out[1] = (uint8_t)(0x80 | (wide == 0 ? len : wide == 2 ? 126 : 127));
    for (size_t i = wide; i-- > 0;)
        out[n++] = (uint8_t)((uint64_t)len >> (8 * i));
    memcpy(out + n, MASK, sizeof MASK);
    n += sizeof MASK;
    for (size_t i = 0; i < len; i++)
        out[n + i] = from[i] ^ MASK[i & 3];
    return n + len;
}

size_t frame_request(char out[FRAME_REQUEST_BYTES_MAX], const char *host, const char *path,
                     const char *protocol)
{
    /* The key is the example of RFC 6455 section 1.3; so is the answer, below. */
    int n = snprintf(out, FRAME_REQUEST_BYTES_MAX,
                     "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "%s%s%s\r\n",
                     path, host, protocol != NULL ? "Sec-WebSocket-Protocol: " : "",
                     protocol != NULL ? protocol : "", protocol != NULL ? "\r\n" : "");
    return n > 0 && n < FRAME_REQUEST_BYTES_MAX ? (size_t)n : 0;
}

enum frame_what frame_answer(const char *at, size_t len, uint64_t *ret_used, char *why,
                             size_t why_bytes)
{
    const char *end = len != 0 ? memmem(at, len, "\r\n\r\n", 4) : NULL;
    size_t line = 0;
    if (end == NULL && len <= FRAME_HEAD_BYTES_MAX) {
        *ret_used = len + 1;
        return FRAME_CUT;
    }
    size_t head = end != NULL ? (size_t)(end - at) + 4 : len;
    while (line < head && line < 100 && at[line] >= ' ' && at[line] < 127)
        line++;
    if (end == NULL)
        snprintf(why, why_bytes, "the answer to the upgrade has no end");
    else if (head < 13 || memcmp(at, "HTTP/1.1 101", 12) != 0)
        snprintf(why, why_bytes, "the server answered the upgrade with \"%.*s\"", (int)line, at);
    else if (memmem(at, head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) == NULL)
        snprintf(why, why_bytes, "the server's Sec-WebSocket-Accept is wrong or missing");
    else {
        *ret_used = head;
        return FRAME_WHOLE;
    }
    return FRAME_BAD;
}
