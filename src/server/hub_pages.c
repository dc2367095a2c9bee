/* The pages and the files of the web, which live in the binary (server/assets.h). */
#define _GNU_SOURCE /* memmem */
#define ZLIB_CONST  /* its input is const */
#include "server/hub_state.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "net/head.h"
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

/* What has a hash in its name never changes. Everything else is kept, but asked for again each time,
 * so that a new version is there at once. */
static const char *lifetime(const struct weft_asset *asset)
{
    return asset->is_for_ever ? "public, max-age=31536000, immutable" : "no-cache";
}

/* The content in gzip form, unpacked into `out` of asset->len_bytes. */
static bool unpack(const struct weft_asset *asset, unsigned char *out)
{
    z_stream z = {.next_in = asset->gz,
                  .avail_in = (uInt)asset->gz_len_bytes,
                  .next_out = out,
                  .avail_out = (uInt)asset->len_bytes};
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) /* 16: a gzip header */
        return false;
    int err = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return err == Z_STREAM_END && z.total_out == asset->len_bytes;
}

static void send_asset(struct net_request *r, const struct net_head *head,
                       const struct weft_asset *asset)
{
    bool packed = asset->gz != NULL && head_accepts_coding(head->accept_encoding, "gzip");
    const struct net_header headers[] = {{"ETag", packed ? asset->gz_etag : asset->etag},
                                         {"Cache-Control", lifetime(asset)},
                                         {"Vary", "Accept-Encoding"},
                                         {"Content-Encoding", "gzip"}};
    struct net_answer answer = {.status = 200,
                                .content_type = asset->mime,
                                .headers = headers,
                                .n_headers = packed ? 4 : 3,
                                .body = packed ? asset->gz : asset->data,
                                .body_len = packed ? asset->gz_len_bytes : asset->len_bytes,
                                .body_is_static = true};
    unsigned char *unpacked = NULL;
    if (none_match(head->if_none_match, headers[0].value)) {
        answer.status = 304;
        answer.content_type = NULL;
        answer.n_headers = 3;
        answer.body_len = 0;
    } else if (!packed && asset->gz != NULL) {
        unpacked = malloc(asset->len_bytes);
        if (unpacked == NULL || !unpack(asset, unpacked)) {
            free(unpacked);
            answer_error(r, 503, "unavailable", "there is no memory to unpack this file");
            return;
        }
        answer.body = unpacked;
        answer.body_is_static = false;
    }
    net_answer(r, &answer);
    free(unpacked);
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
    send_asset(r, head, asset);
}
