/* The listening socket. An own one, and not libwebsockets': it can say why binding failed, accepts a
 * bounded number per turn, and counts who comes.
 *
 * The loops of a group have one each, for the same address (SO_REUSEPORT): the kernel deals out who
 * comes. Since any process of the same user could join in then, also by mistake, the first loop asks
 * for the address without that before. */
#define _GNU_SOURCE /* accept4() */
#include "net/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* No descriptor is left: takes the connection with the spare one, to close it. Else the loop would
 * be woken for it again and again. False: it is still there. */
static bool refuse_without_fd(struct net *n)
{
    int fd;

    if (n->spare_fd < 0)
        return false;
    close(n->spare_fd);
    fd = accept4(n->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    n->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    net_log(true, "no file descriptor left: a connection was refused");
    return fd >= 0;
}

/* Who waits to be accepted waits until the next tick. */
static void rest(struct net *n)
{
    (void)uv_poll_stop(&n->listener);
    n->listener_rests = true;
}

static void on_listener(uv_poll_t *handle, int status, int events)
{
    struct net *n = handle->data;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && n->listen_fd >= 0; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof(peer);
        int fd =
            accept4(n->listen_fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            http_accept(n, fd, (struct sockaddr *)&peer);
        } else if (errno == EMFILE || errno == ENFILE) {
            if (!refuse_without_fd(n))
                rest(n);
            return;
        } else if (errno == ENOMEM || errno == ENOBUFS) {
            rest(n);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

void listen_tick(struct net *n)
{
    if (n->spare_fd < 0 && n->listen_fd >= 0)
        n->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (n->listener_rests && n->listen_fd >= 0)
        (void)uv_poll_start(&n->listener, UV_READABLE, on_listener);
    n->listener_rests = false;
}

static int say(char *why, size_t why_bytes, const struct net *n, int err)
{
    const char *cause = strerror(err);

    if (err == EADDRINUSE)
        cause = "the address is in use; is another server running?";
    else if (err == EACCES)
        cause = "not permitted; ports below 1024 are reserved";
    else if (err == EADDRNOTAVAIL)
        cause = "no interface of this machine has that address";
    (void)snprintf(why, why_bytes,
                   strchr(n->host, ':') != NULL ? "cannot listen on [%s]:%u: %s"
                                                : "cannot listen on %s:%u: %s",
                   n->host, n->index == 0 ? n->config.port : n->group->port, cause);
    return err == EADDRINUSE ? WEFT_EBUSY : WEFT_EIO;
}

static int bound_port(int fd, uint16_t *ret)
{
    struct sockaddr_storage at = {0};
    socklen_t len = sizeof(at);

    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return -1;
    *ret = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&at)->sin6_port
                                          : ((struct sockaddr_in *)(void *)&at)->sin_port);
    return 0;
}

/* What each accepted socket takes over from the listening one. */
static void set_inherited(int fd)
{
    int on = 1;
    int unsent = UNSENT_BYTES_MAX;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    /* A keystroke must not wait for the acknowledgement of the one before. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* A socket bound to the address, or -1 and errno. */
static int bound_socket(const struct sockaddr_storage *at, bool shared)
{
    bool is_v6 = at->ss_family == AF_INET6;
    socklen_t len = is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int on = 1;
    int off = 0;
    int err;
    int fd = socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    /* A restart does not wait for the old connections' TIME_WAIT; "::" serves IPv4 as well. */
    if (fd < 0 || (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                   (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
                   (!is_v6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
                   bind(fd, (const struct sockaddr *)at, len) == 0))
        return fd;
    err = errno;
    close(fd);
    errno = err;
    return -1;
}

/* Whether nobody listens there. */
static bool is_free(const struct sockaddr_storage *at)
{
    int fd = bound_socket(at, false);

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

int listen_open(struct net *n, char *why, size_t why_bytes)
{
    struct sockaddr_storage at = {0};
    bool is_v6 = strchr(n->host, ':') != NULL;
    uint16_t port = n->index == 0 ? n->config.port : n->group->port;
    bool is_shared = n->group->n_loops > 1;
    int fd;

    if ((is_v6 ? uv_ip6_addr(n->host, port, (void *)&at)
               : uv_ip4_addr(n->host, port, (void *)&at)) != 0) {
        (void)snprintf(why, why_bytes, "\"%s\" is no address; expected one like 127.0.0.1 or ::1",
                       n->host);
        return WEFT_EINVAL;
    }
    if (is_shared && n->index == 0 && port != 0 && !is_free(&at))
        return say(why, why_bytes, n, errno);
    fd = bound_socket(&at, is_shared);
    if (fd < 0)
        return say(why, why_bytes, n, errno);
    if (listen(fd, SOMAXCONN) != 0 || bound_port(fd, &n->port) != 0) {
        int err = errno;

        close(fd);
        return say(why, why_bytes, n, err);
    }
    set_inherited(fd);
    n->group->port = n->port;
    n->listen_fd = fd;
    n->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (uv_poll_init(&n->loop, &n->listener, fd) != 0) {
        close(fd);
        n->listen_fd = -1;
        return say(why, why_bytes, n, ENOMEM);
    }
    n->listener.data = n;
    (void)uv_poll_start(&n->listener, UV_READABLE, on_listener);
    return 0;
}

void listen_close(struct net *n)
{
    if (n->listen_fd >= 0) {
        (void)uv_poll_stop(&n->listener);
        uv_close((uv_handle_t *)&n->listener, NULL);
        close(n->listen_fd);
        n->listen_fd = -1;
    }
    if (n->spare_fd >= 0)
        close(n->spare_fd);
    n->spare_fd = -1;
}
