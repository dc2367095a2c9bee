#include "net/head.h"

#include <string.h>
#include <strings.h>

bool net_str_is(struct net_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

static bool is_any_case(struct net_str s, const char *text)
{
    return s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

/* tchar, RFC 9110 section 5.6.2 */
static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct net_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(s.at[i]))
            return false;
    return s.len > 0;
}

/* Field values: anything but controls; HTAB is allowed (RFC 9110 section 5.5). */
static bool is_value(struct net_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static struct net_str trim(struct net_str s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool head_list_has(struct net_str list, const char *element, bool any_case)
{
    while (list.len > 0) {
        const char *comma = memchr(list.at, ',', list.len);
        size_t len = comma != NULL ? (size_t)(comma - list.at) : list.len;
        struct net_str one = trim((struct net_str){list.at, len});

        if (any_case ? is_any_case(one, element) : net_str_is(one, element))
            return true;
        len += comma != NULL;
        list.at += len;
        list.len -= len;
    }
    return false;
}

/* ";q=0", ";q=0.0", ";q=0.000": not at all (RFC 9110 section 12.4.2). */
static bool is_refused(struct net_str weight)
{
    if (weight.len < 3 || (weight.at[0] | 0x20) != 'q' || weight.at[1] != '=')
        return false;
    for (size_t i = 2; i < weight.len; i++)
        if (weight.at[i] != '0' && weight.at[i] != '.')
            return false;
    return true;
}

bool head_accepts_coding(struct net_str list, const char *coding)
{
    bool any = false;
    while (list.len > 0) {
        const char *comma = memchr(list.at, ',', list.len);
        size_t len = comma != NULL ? (size_t)(comma - list.at) : list.len;
        const char *semicolon = memchr(list.at, ';', len);
        size_t name_len = semicolon != NULL ? (size_t)(semicolon - list.at) : len;
        struct net_str name = trim((struct net_str){list.at, name_len});
        struct net_str weight = {NULL, 0};
        if (semicolon != NULL)
            weight = trim((struct net_str){semicolon + 1, len - name_len - 1});
        if (is_any_case(name, coding))
            return !is_refused(weight); /* its own entry beats that of all others */
        if (net_str_is(name, "*"))
            any = !is_refused(weight);
        len += comma != NULL;
        list.at += len;
        list.len -= len;
    }
    return any;
}

bool head_ws_key_is_valid(struct net_str key)
{
    if (key.len != 24 || key.at[22] != '=' || key.at[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        char c = key.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/'))
            return false;
    }
    return true;
}

/* ---- request line ------------------------------------------------------------------------------ */

static void split_target(struct net_str target, struct net_head *at)
{
    const char *mark = memchr(target.at, '?', target.len);
    size_t len = mark != NULL ? (size_t)(mark - target.at) : target.len;

    at->path = (struct net_str){target.at, len};
    if (mark != NULL)
        at->query = (struct net_str){mark + 1, target.len - len - 1};
}

/* origin-form or absolute-form (RFC 9112 section 3.2); 0 or -400 */
static int parse_target(struct net_str target, struct net_head *at)
{
    for (size_t i = 0; i < target.len; i++)
        if ((unsigned char)target.at[i] <= 0x20 || target.at[i] == 0x7f)
            return -400;
    if (target.len > 7 && strncasecmp(target.at, "http://", 7) == 0) {
        const char *slash = memchr(target.at + 7, '/', target.len - 7);

        if (slash == NULL)
            return -400;
        target.len -= (size_t)(slash - target.at);
        target.at = slash;
    }
    if (target.len == 0 || target.at[0] != '/')
        return -400;
    split_target(target, at);
    return 0;
}

static int parse_request_line(struct net_str line, struct head *h)
{
    const char *first = memchr(line.at, ' ', line.len);
    const char *last = first;
    struct net_str version;

    if (first == NULL)
        return -400;
    for (const char *p = first; p < line.at + line.len; p++)
        if (*p == ' ')
            last = p;
    h->at.method = (struct net_str){line.at, (size_t)(first - line.at)};
    version = (struct net_str){last + 1, (size_t)(line.at + line.len - last - 1)};
    if (last == first || !is_token(h->at.method) || version.len != 8 ||
        memcmp(version.at, "HTTP/", 5) != 0)
        return -400;
    if (version.at[5] != '1' || version.at[6] != '.' ||
        (version.at[7] != '0' && version.at[7] != '1'))
        return -505;
    h->http_1_0 = version.at[7] == '0';
    return parse_target((struct net_str){first + 1, (size_t)(last - first - 1)}, &h->at);
}

/* ---- header lines ------------------------------------------------------------------------------ */

/* What is only needed while the lines are read. */
struct scan {
    struct head *h;
    struct net_str connection;
    struct net_str upgrade;
    struct net_str length;
    bool has_coding;
    char *join;
    size_t join_len;
};

/* A list that comes in several lines is one list, joined by commas (RFC 9110 section 5.3). Lists
 * that alternate are copied again and again; when that no longer fits, the head is refused. */
static int add_to_list(struct scan *s, struct net_str *list, struct net_str value)
{
    char *end = s->join + s->join_len;
    bool in_place = list->at != NULL && list->at + list->len == end;
    size_t more = (in_place ? 0 : list->len) + 1 + value.len;

    if (list->at == NULL) {
        *list = value;
        return 0;
    }
    if (more > HEAD_BYTES_MAX - s->join_len)
        return -431;
    if (!in_place) {
        memcpy(end, list->at, list->len);
        list->at = end;
        end += list->len;
    }
    *end = ',';
    memcpy(end + 1, value.at, value.len);
    list->len += 1 + value.len;
    s->join_len += more;
    return 0;
}

/* Secrets and names that must not be ambiguous: once, or 400. */
static int set_once(struct net_str *field, struct net_str value)
{
    if (field->at != NULL)
        return -400;
    *field = value;
    return 0;
}

static int take_length(struct scan *s, struct net_str value)
{
    if (value.len == 0 || value.len > 18)
        return -400;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] < '0' || value.at[i] > '9')
            return -400;
    return set_once(&s->length, value);
}

static int take_field(struct scan *s, struct net_str name, struct net_str value)
{
    struct head *h = s->h;

    if (is_any_case(name, "host"))
        return set_once(&h->at.host, value);
    if (is_any_case(name, "connection"))
        return add_to_list(s, &s->connection, value);
    if (is_any_case(name, "upgrade"))
        return add_to_list(s, &s->upgrade, value);
    if (is_any_case(name, "content-length"))
        return take_length(s, value);
    if (is_any_case(name, "transfer-encoding"))
        s->has_coding = true;
    if (is_any_case(name, "authorization"))
        return set_once(&h->at.authorization, value);
    if (is_any_case(name, "origin"))
        return set_once(&h->at.origin, value);
    if (is_any_case(name, "if-none-match"))
        return add_to_list(s, &h->at.if_none_match, value);
    if (is_any_case(name, "accept-encoding"))
        return add_to_list(s, &h->at.accept_encoding, value);
    if (is_any_case(name, "sec-websocket-key"))
        return set_once(&h->ws_key, value);
    if (is_any_case(name, "sec-websocket-version"))
        return add_to_list(s, &h->ws_version, value);
    if (is_any_case(name, "sec-websocket-protocol"))
        return add_to_list(s, &h->at.protocols, value);
    return 0;
}

static int parse_field(struct scan *s, struct net_str line)
{
    const char *colon = memchr(line.at, ':', line.len);
    struct net_str name;
    struct net_str value;

    if (++s->h->lines > HEAD_LINES_MAX)
        return -431;
    if (colon == NULL)
        return -400;
    name = (struct net_str){line.at, (size_t)(colon - line.at)};
    value = trim((struct net_str){colon + 1, line.len - name.len - 1});
    /* A folded line starts with a space, which is no token character. */
    if (!is_token(name) || !is_value(value))
        return -400;
    return take_field(s, name, value);
}

/* ---- the whole --------------------------------------------------------------------------------- */

static int conclude(struct scan *s)
{
    struct head *h = s->h;
    bool close = head_list_has(s->connection, "close", true);
    bool keep = head_list_has(s->connection, "keep-alive", true);

    /* Two ways to say where the body ends is how requests are smuggled (RFC 9112 section 6.1). */
    if (s->has_coding && (s->length.at != NULL || h->http_1_0))
        return -400;
    if (h->at.host.at == NULL && !h->http_1_0)
        return -400;
    h->has_body = s->has_coding;
    for (size_t i = 0; i < s->length.len; i++)
        if (s->length.at[i] != '0')
            h->has_body = true;
    h->keep_alive = !close && (keep || !h->http_1_0);
    h->wants_ws = !h->http_1_0 && head_list_has(s->upgrade, "websocket", true) &&
                  head_list_has(s->connection, "upgrade", true);
    return 0;
}

/* The line at the start of what is left, without its CRLF; false when its end is missing. *ret_bad:
 * it ends in a bare LF, or has a CR elsewhere. */
static bool next_line(struct net_str *left, struct net_str *ret_line, bool *ret_bad)
{
    const char *lf = memchr(left->at, '\n', left->len);
    size_t len;

    if (lf == NULL)
        return false;
    len = (size_t)(lf - left->at);
    *ret_bad = len == 0 || lf[-1] != '\r';
    if (!*ret_bad) {
        *ret_line = (struct net_str){left->at, len - 1};
        *ret_bad = len > 1 && memchr(left->at, '\r', len - 1) != NULL;
    }
    left->at = lf + 1;
    left->len -= len + 1;
    return true;
}

int head_parse(const char *bytes, size_t len, char join[HEAD_BYTES_MAX], struct head *ret)
{
    struct head h = {0};
    struct scan s = {.h = &h, .join = join};
    struct net_str left = {bytes, len < HEAD_BYTES_MAX ? len : HEAD_BYTES_MAX};
    struct net_str line;
    bool bad;
    bool started = false;
    int err;

    for (;;) {
        if (!next_line(&left, &line, &bad))
            return 0;
        if (bad)
            return -400;
        if (line.len == 0 && started)
            break;
        if (line.len == 0)
            continue;
        err = started ? parse_field(&s, line) : parse_request_line(line, &h);
        if (err != 0)
            return err;
        started = true;
    }
    err = conclude(&s);
    if (err != 0)
        return err;
    *ret = h;
    return (int)(left.at - bytes);
}

const char *head_refusal(int status)
{
    switch (status) {
    case 431:
        return "The head of the request is too large: at most 8192 bytes in 100 lines.";
    case 505:
        return "This server speaks HTTP/1.1.";
    default:
        return "This is no HTTP/1.1 request, or one that can be read in two ways.";
    }
}
