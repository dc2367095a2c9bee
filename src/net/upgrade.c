/* Whether a connection becomes a WebSocket (RFC 6455 section 4.2), and with which words it does not. */
#include "net/internal.h"

#include <stdlib.h>

static const char subprotocol[] = "weft.v1";

static bool refuse(struct net_request *r, unsigned status, const char *sentence)
{
    http_refuse(r, status, sentence);
    return true;
}

bool upgrade_serve(struct net_request *r, const struct head *h, const char *rest, size_t rest_len)
{
    struct net *n = r->net;
    char why[256] = "";
    struct net_conn *c;
    int status;

    if (!net_str_is(h->at.method, "GET"))
        return refuse(r, 400, "A WebSocket is opened with GET.");
    if (!head_list_has(h->ws_version, "13", false))
        return refuse(r, 426, "Only version 13 of the WebSocket protocol is spoken here.");
    if (!head_ws_key_is_valid(h->ws_key))
        return refuse(r, 400, "Sec-WebSocket-Key: expected 16 bytes in base64.");
    if (h->has_body)
        return refuse(r, 400, "A WebSocket is opened without a body.");
    if (h->at.protocols.len > 0 && !head_list_has(h->at.protocols, subprotocol, false))
        return refuse(r, 400, "Sec-WebSocket-Protocol: expected weft.v1 among them, or none.");
    c = ws_new(n);
    if (c == NULL)
        return refuse(r, 503, "Out of memory.");
    status = n->handler.upgrade(n->handler.ctx, c, &h->at, &c->user, why, sizeof(why));
    if (status != 0) {
        free(c->reason);
        free(c);
        return refuse(r, (unsigned)status, why);
    }
    ws_adopt(r, c, h, rest, rest_len);
    return false;
}
