/* The header of an unmasked frame (RFC 6455 section 5.2). */
#include "net/net.h"

size_t net_frame_header(size_t payload_len, uint8_t out[NET_FRAME_HEADER_MAX])
{
    out[0] = 0x81; /* FIN, text */
    if (payload_len < 126) {
        out[1] = (uint8_t)payload_len;
        return 2;
    }
    if (payload_len < 65536) {
        out[1] = 126;
        out[2] = (uint8_t)(payload_len >> 8);
        out[3] = (uint8_t)payload_len;
        return 4;
    }
    out[1] = 127;
    for (unsigned i = 0; i < 8; i++)
        out[2 + i] = (uint8_t)((uint64_t)payload_len >> (56 - 8 * i));
    return 10;
}
