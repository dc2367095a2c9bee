/* Plain HTTP: health, and rooms to read. What needs the room is kept as a struct request until the
 * room has been loaded and has answered; the room knows it by its number, as it knows a connection.
 *
 *     /healthz   /readyz   /api/rooms/<room>   /api/rooms/<room>/text[?rev=N]
 *     /metrics: hub_metrics.c   the rest: hub_pages.c */
#include "server/hub_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { ETAG_BYTES = UUID_TEXT_LEN + 24 };

static const char text_plain[] = "text/plain; charset=utf-8";
static const struct net_header no_store = {"Cache-Control", "no-store"};

/* --- answers --- */

static void answer_words(struct net_request *r, unsigned status, const char *words)
{
    struct net_answer answer = {.status = status,
                                .content_type = text_plain,
                                .headers = &no_store,
                                .n_headers = 1,
                                .body = words,
                                .body_len = strlen(words)};
    net_answer(r, &answer);
}

/* Takes the request out of everything; its net_request is to be answered, or gone. */
static struct net_request *request_done(struct hub *h, struct request *r)
{
    struct net_request *net = r->net;
    link_out(&r->of_entry);
    link_out(&r->all);
    numbers_drop(&h->numbers, r->party.id);
    net_request_set_user(net, NULL);
    free(r);
    return net;
}

void request_fail(struct hub *h, struct request *r, unsigned status, const char *code,
                  const char *words)
{
    answer_error(request_done(h, r), status, code, words);
}

static void make_etag(const struct entry *e, uint64_t rev, char out[ETAG_BYTES])
{
    char epoch[UUID_TEXT_LEN + 1];
    struct room_info info = room_info(e->room);
    uuid_format(&info.epoch, epoch);
    snprintf(out, ETAG_BYTES, "\"%s-%llu\"", epoch, (unsigned long long)rev);
}

/* RFC 9110 section 13.1.2: the weak comparison, so W/ before it does not matter. */
static bool none_match(const char *if_none_match, const char *etag)
{
    return strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag) != NULL;
}

static void answer_text(struct hub *h, struct request *r, const struct entry *e, uint64_t rev,
                        const struct weft_text *text)
{
    char etag[ETAG_BYTES];
    struct buf body;
    struct weft_text_iter it;
    const char *chunk = NULL;
    size_t len = 0;
    make_etag(e, rev, etag);
    struct net_header headers[] = {{"ETag", etag}, {"Cache-Control", "no-cache"}};
    struct net_answer answer = {
        .status = 200, .content_type = text_plain, .headers = headers, .n_headers = 2};
    buf_init(&body, weft_heap());
    if (none_match(r->if_none_match, etag)) {
        answer.status = 304;
        answer.content_type = NULL;
    } else {
        int err = buf_reserve(&body, weft_text_size(text).bytes);
        if (err == 0)
            err = weft_text_iter_at(text, 0, &it);
        while (err == 0 && weft_text_iter_next(&it, &chunk, &len))
            err = buf_put(&body, chunk, len);
        if (err != 0) {
            buf_done(&body);
            request_fail(h, r, 503, "unavailable", weft_error_text(err));
            return;
        }
        answer.body = body.data;
        answer.body_len = body.len;
    }
    net_answer(request_done(h, r), &answer);
    buf_done(&body);
}

void request_message(struct hub *h, struct request *r, const struct room_message *m)
{
    if (m->type == MESSAGE_TEXT) {
        answer_text(h, r, r->entry, m->text.rev, m->text.text);
    } else {
        WEFT_ASSERT(m->type == MESSAGE_ERROR);
        const char *code = weft_error_wire(m->error.err);
        request_fail(h, r, wire_http_status(m->error.err), code != NULL ? code : "unavailable",
                     m->error.words);
    }
}

static void answer_room(struct hub *h, struct request *r)
{
    struct entry *e = r->entry;
    struct buf body;
    buf_init(&body, weft_heap());
    int err = wire_encode_room(e->room, (struct room_str){e->name, e->name_len}, &body);
    if (err != 0) {
        request_fail(h, r, 503, "unavailable", weft_error_text(err));
    } else {
        struct net_answer answer = {.status = 200,
                                    .content_type = "application/json",
                                    .headers = &no_store,
                                    .n_headers = 1,
                                    .body = body.data,
                                    .body_len = body.len};
        net_answer(request_done(h, r), &answer);
    }
    buf_done(&body);
}

void request_run(struct hub *h, struct request *r)
{
    struct entry *e = r->entry;
    if (!room_info(e->room).exists) {
        request_fail(h, r, 404, "not_found", "no room of this name has an operation in its log");
        return;
    }
    if (r->what == REQUEST_ROOM) {
        answer_room(h, r);
        return;
    }
    struct room_event event = {.kind = ROOM_TEXT, .conn = r->party.id};
    uint64_t id = r->party.id;
    event.query.has_rev = r->has_rev;
    event.query.rev = r->rev;
    int err = hub_step(h, e, &event); /* may have answered */
    r = numbers_get(&h->numbers, id);
    if (err != 0 && r != NULL)
        request_fail(h, r, 503, "unavailable", weft_error_text(err));
}

/* --- requests --- */

static struct request *request_new(struct hub *h, struct net_request *net, struct entry *e,
                                   const struct net_head *head)
{
    struct request *r = calloc(1, sizeof *r);
    if (r == NULL || numbers_put(&h->numbers, r, &r->party.id) != 0) {
        free(r);
        return NULL;
    }
    r->party.kind = PARTY_REQUEST;
    r->net = net;
    r->entry = e;
    if (head->if_none_match.len < sizeof r->if_none_match)
        snprintf(r->if_none_match, sizeof r->if_none_match, "%.*s", (int)head->if_none_match.len,
                 head->if_none_match.len != 0 ? head->if_none_match.at : "");
    list_append(&e->requests, &r->of_entry);
    entry_use(h, e);
    list_append(&h->requests, &r->all);
    net_request_set_user(net, r);
    return r;
}

static void ask_room(struct hub *h, struct net_request *net, const struct net_head *head,
                     struct net_str segment, enum request_what what)
{
    char name[ROOM_NAME_BYTES_MAX + 1];
    size_t name_len = 0;
    struct room_error error = {0};
    struct entry *e = NULL;
    bool has_rev = false;
    uint64_t rev = 0;
    int err = wire_decode_room_name(segment.at, segment.len, name, &name_len, &error);
    if (err == 0 && what == REQUEST_TEXT)
        err = wire_decode_query_rev(head->query.at, head->query.len, &has_rev, &rev, &error);
    if (err != 0) {
        answer_error(net, 400, "bad_field", error.words);
        return;
    }
    if (entry_get(h, name, name_len, &e) != 0) {
        answer_error(net, 503, "unavailable", "too many rooms in use; try again in a second");
        return;
    }
    if (e->state == ENTRY_QUARANTINED) {
        answer_error(net, 503, "unavailable",
                     "the room's log does not check; the operator has to look at it");
        return;
    }
    struct request *r = request_new(h, net, e, head);
    if (r == NULL) {
        answer_error(net, 503, "unavailable", weft_error_text(WEFT_ENOMEM));
        return;
    }
    r->what = what;
    r->has_rev = has_rev;
    r->rev = rev;
    if (e->state == ENTRY_OPEN)
        request_run(h, r);
    hub_settle(h);
}

static bool is(struct net_str s, const char *what)
{
    return s.len == strlen(what) && memcmp(s.at, what, s.len) == 0;
}

static void answer_ready(struct hub *h, struct net_request *r)
{
    char why[STORE_TEXT_BYTES];
    char words[STORE_TEXT_BYTES + 64];
    if (h->phase != HUB_SERVING) {
        answer_words(r, 503, "stopping\n");
    } else if (store_is_sick(h, why)) {
        snprintf(words, sizeof words, "the disk does not take what it is given: %s\n", why);
        answer_words(r, 503, words);
    } else {
        answer_words(r, 200, "ok\n");
    }
}

/* /api/rooms/<room> and /api/rooms/<room>/text; false: not one of these. */
static bool split_path(struct net_str path, struct net_str *ret_segment,
                       enum request_what *ret_what)
{
    static const char prefix[] = "/api/rooms/";
    static const char text[] = "/text";
    size_t prefix_len = sizeof prefix - 1;
    size_t text_len = sizeof text - 1;
    if (path.len <= prefix_len || memcmp(path.at, prefix, prefix_len) != 0)
        return false;
    struct net_str segment = {path.at + prefix_len, path.len - prefix_len};
    *ret_what = REQUEST_ROOM;
    if (segment.len > text_len &&
        memcmp(segment.at + segment.len - text_len, text, text_len) == 0) {
        segment.len -= text_len;
        *ret_what = REQUEST_TEXT;
    }
    *ret_segment = segment;
    return memchr(segment.at, '/', segment.len) == NULL;
}

bool http_room_segment(struct net_str path, struct net_str *ret)
{
    enum request_what what;
    return split_path(path, ret, &what);
}

static bool route_room(struct hub *h, struct net_request *r, const struct net_head *head)
{
    struct net_str segment;
    enum request_what what;
    if (!split_path(head->path, &segment, &what))
        return false;
    ask_room(h, r, head, segment, what);
    return true;
}

void http_request(void *ctx, struct net_request *r, const struct net_head *head)
{
    struct hub *h = ctx;
    net_request_set_user(r, NULL);
    if (!is(head->method, "GET") && !is(head->method, "HEAD"))
        answer_error(r, 405, "bad_method", "expected GET or HEAD");
    else if (is(head->path, "/healthz"))
        answer_words(r, 200, "ok\n");
    else if (is(head->path, "/readyz"))
        answer_ready(h, r);
    else if (is(head->path, "/metrics"))
        http_metrics(h, r);
    else if (h->phase != HUB_SERVING)
        answer_error(r, 503, "unavailable", "the server is stopping; try again in a second");
    else if (!route_room(h, r, head))
        pages_answer(r, head);
}

void http_request_gone(void *ctx, struct net_request *net)
{
    struct hub *h = ctx;
    struct request *r = net_request_user(net);
    if (r != NULL)
        request_done(h, r);
}
