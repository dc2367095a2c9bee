/* bench/url.h - where the server is. */
#ifndef BENCH_URL_H
#define BENCH_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { URL_HOST_BYTES = 256, URL_PATH_BYTES = 256 };

struct url {
    char host[URL_HOST_BYTES];            /* without the brackets of an IPv6 address */
    char port[6];                         /* digits */
    char host_header[URL_HOST_BYTES + 8]; /* as it stood there */
    char path[URL_PATH_BYTES];            /* without a / at its end; "" for none */
};

/* ws://host[:port][/path]. False: `why` is a sentence, *ret is not to be used. */
bool url_read(struct url *ret, const char *s, char *why, size_t why_bytes);

/* The first address of the host. False: `why` says why there is none. */
bool url_resolve(const struct url *url, struct sockaddr_storage *ret, socklen_t *ret_len, char *why,
                 size_t why_bytes);

#endif
