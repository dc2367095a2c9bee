/* The pages and the files of the web, which live in the binary (server/assets.h). */
#define _GNU_SOURCE /* memmem */
#include "server/hub_state.h"

#include <string.h>

#include "server/assets.h"

void answer_error(struct net_request *r, unsigned status, const char *code, const char *words)
{
    static const struct net_header headers[] = {
        {"Cache-Control", "no-store"}, {"Allow", "GET, HEAD"}, {"Upgrade", "websocket"}};
    struct buf body;
    buf_init(&body, weft_heap());
    int err = wire_encode_http_error(code, words, &body);
    struct net_answer answer = {.status = err == 0 ? status : 503,
                                .content_type = "application/json",
                                .headers = headers,
                                .n_headers = status == 405 ? 2 : 1,
                                .body = body.data,
                                .body_len = body.len};
    struct net_header upgrade[] = {headers[0], headers[2]};
    if (status == 426) { /* RFC 9110 section 15.5.22 */
        answer.headers = upgrade;
        answer.n_headers = 2;
    }
    net_answer(r, &answer);
    buf_done(&body);
}

/* By halves: the table is sorted by path, bytewise. */
static const struct weft_asset *find(const char *path, size_t len)
{
    size_t low = 0;
    size_t high = weft_assets_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *at = weft_assets[middle].path;
        size_t at_len = strlen(at);
        int order = memcmp(at, path, at_len < len ? at_len : len);
        if (order == 0)
            order = at_len < len ? -1 : at_len > len;
        if (order == 0)
            return &weft_assets[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool has_prefix(struct net_str path, const char *prefix)
{
    size_t len = strlen(prefix);
    return path.len >= len && memcmp(path.at, prefix, len) == 0;
}

/* The part behind a prefix is one segment, with something in it. */
static bool is_one_segment(struct net_str path, const char *prefix)
{
    size_t len = strlen(prefix);
    return has_prefix(path, prefix) && path.len > len &&
           memchr(path.at + len, '/', path.len - len) == NULL;
}

static const struct weft_asset *asset_of(struct net_str path)
{
    const char *page = NULL;
    if (path.len == 1)
        page = "page/index.html";
    else if (is_one_segment(path, "/r/") || is_one_segment(path, "/v/"))
        page = "page/room.html";
    else if (path.len == strlen("/favicon.ico") && has_prefix(path, "/favicon.ico"))
        page = "page/icon.svg";
    if (page != NULL)
        return find(page, strlen(page));
    if (has_prefix(path, "/page/") || has_prefix(path, "/client/"))
        return find(path.at + 1, path.len - 1);
    return NULL;
}

static bool none_match(struct net_str if_none_match, const char *etag)
{
    if (if_none_match.len == 1 && if_none_match.at[0] == '*')
        return true;
    return if_none_match.len != 0 &&
           memmem(if_none_match.at, if_none_match.len, etag, strlen(etag)) != NULL;
}

void pages_answer(struct net_request *r, const struct net_head *head)
{
    const struct weft_asset *asset = asset_of(head->path);
    if (asset == NULL) {
        if (has_prefix(head->path, "/ws/") || has_prefix(head->path, "/view/"))
            answer_error(r, 426, "bad_field", "this address speaks WebSocket: expected an upgrade");
        else
            answer_error(r, 404, "not_found", "nothing is at this address");
        return;
    }
    /* no-cache: kept, but asked for again each time, so that a new version is there at once. */
    struct net_header headers[] = {{"ETag", asset->etag}, {"Cache-Control", "no-cache"}};
    struct net_answer answer = {.status = 200,
                                .content_type = asset->mime,
                                .headers = headers,
                                .n_headers = 2,
                                .body = asset->data,
                                .body_len = asset->len_bytes,
                                .body_is_static = true};
    if (none_match(head->if_none_match, asset->etag)) {
        answer.status = 304;
        answer.content_type = NULL;
        answer.body_len = 0;
    }
    net_answer(r, &answer);
}
