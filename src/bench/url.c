#include "bench/url.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_port(const char *s, size_t len, char ret[6])
{
    unsigned v = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9' || i >= 5)
            return false;
        v = v * 10 + (unsigned)(s[i] - '0');
    }
    if (len == 0 || v == 0 || v > 65535)
        return false;
    memcpy(ret, s, len);
    ret[len] = '\0';
    return true;
}

static bool fail(const char *s, const char *expected, char *why, size_t why_bytes)
{
    snprintf(why, why_bytes, "--url: found %.100s, expected %s", s, expected);
    return false;
}

bool url_read(struct url *ret, const char *s, char *why, size_t why_bytes)
{
    static const char shape[] = "ws://host:port, and perhaps a path";
    struct url out = {.port = "80"};
    if (strncmp(s, "wss://", 6) == 0)
        return fail(s, "ws://: TLS is not spoken here, so measure the server behind it", why,
                    why_bytes);
    if (strncmp(s, "ws://", 5) != 0 || strpbrk(s, "?# \t\r\n\"\\") != NULL)
        return fail(s, shape, why, why_bytes);
    const char *at = s + 5;
    size_t authority = strcspn(at, "/");
    bool bracket = *at == '[';
    size_t host = bracket ? strcspn(at, "]/") : strcspn(at, ":/");
    const char *after = at + host + (bracket && at[host] == ']');
    size_t skipped = (size_t)(after - at);
    if (host <= (size_t)bracket || authority >= sizeof out.host || skipped > authority ||
        (bracket && at[host] != ']'))
        return fail(s, shape, why, why_bytes);
    if (skipped < authority &&
        (*after != ':' || !read_port(after + 1, authority - skipped - 1, out.port)))
        return fail(s, "a port from 1 to 65535", why, why_bytes);
    memcpy(out.host, at + bracket, host - bracket);
    memcpy(out.host_header, at, authority);
    size_t path = strlen(at + authority);
    while (path > 0 && at[authority + path - 1] == '/')
        path--;
    if (path >= sizeof out.path)
        return fail(s, "a path of at most 255 bytes", why, why_bytes);
    memcpy(out.path, at + authority, path);
    *ret = out;
    return true;
}

bool url_resolve(const struct url *url, struct sockaddr_storage *ret, socklen_t *ret_len, char *why,
                 size_t why_bytes)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int err = getaddrinfo(url->host, url->port, &hints, &found);
    if (err != 0) {
        snprintf(why, why_bytes, "--url: %.100s: %s", url->host, gai_strerror(err));
        return false;
    }
    memcpy(ret, found->ai_addr, found->ai_addrlen);
    *ret_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}
