/* The head of an HTTP answer (RFC 9110, RFC 9112), built into one allocation. */
#include "net/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* What a page of ours may do: load and talk to its own server, be framed by nobody. */
static const char everywhere[] =
    "Content-Security-Policy: default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";

enum {
    /* status line, Date, Content-Type, Content-Length, Connection, Retry-After: each is shorter */
    LINE_MAX_BYTES = 64,
    OWN_LINES = 6,
};

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "";
}

bool answer_has_body(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* No control character can end a line early and begin another header. */
static bool is_clean(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    return true;
}

/* A run of bytes with an end it never passes. */
struct text {
    char *at;
    size_t len;
    size_t cap;
};

static void put(struct text *t, const char *s)
{
    size_t len = strlen(s);

    WEFT_ASSERT(len <= t->cap - t->len);
    memcpy(t->at + t->len, s, len);
    t->len += len;
}

static void put_line(struct text *t, const char *name, const char *value)
{
    if (!is_clean(name) || !is_clean(value))
        return;
    put(t, name);
    put(t, ": ");
    put(t, value);
    put(t, "\r\n");
}

static void put_date(struct text *t)
{
    char date[64];
    time_t now = time(NULL);
    struct tm tm;

    /* RFC 9110 section 5.6.7; the program runs in the C locale */
    if (gmtime_r(&now, &tm) != NULL &&
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
        put_line(t, "Date", date);
}

static size_t bytes_needed(const struct net_answer *answer)
{
    size_t n = sizeof(everywhere) + OWN_LINES * LINE_MAX_BYTES;

    if (answer->content_type != NULL)
        n += strlen(answer->content_type);
    for (size_t i = 0; i < answer->n_headers; i++)
        n += strlen(answer->headers[i].name) + strlen(answer->headers[i].value) + 4;
    return n;
}

static bool brings(const struct net_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->n_headers; i++)
        if (strcasecmp(answer->headers[i].name, name) == 0)
            return true;
    return false;
}

char *answer_head(const struct net_answer *answer, bool keep_alive, size_t body_bytes,
                  size_t *ret_len)
{
    struct text t = {.cap = bytes_needed(answer)};
    char number[32];

    t.at = malloc(t.cap + body_bytes);
    if (t.at == NULL)
        return NULL;
    (void)snprintf(number, sizeof(number), "HTTP/1.1 %u ", answer->status % 1000);
    put(&t, number);
    put(&t, reason_of(answer->status));
    put(&t, "\r\n");
    put_date(&t);
    if (answer_has_body(answer->status)) {
        if (answer->content_type != NULL)
            put_line(&t, "Content-Type", answer->content_type);
        (void)snprintf(number, sizeof(number), "%zu", answer->body_len);
        put_line(&t, "Content-Length", number);
    }
    if ((answer->status == 429 || answer->status == 503) && !brings(answer, "retry-after")) {
        (void)snprintf(number, sizeof(number), "%d", RETRY_AFTER_S);
        put_line(&t, "Retry-After", number);
    }
    put_line(&t, "Connection", keep_alive ? "keep-alive" : "close");
    put(&t, everywhere);
    for (size_t i = 0; i < answer->n_headers; i++)
        put_line(&t, answer->headers[i].name, answer->headers[i].value);
    put(&t, "\r\n");
    *ret_len = t.len;
    return t.at;
}
