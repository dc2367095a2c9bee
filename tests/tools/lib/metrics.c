#include "tools/lib/metrics.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 8192 };

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "/metrics: %s\n", what);
    exit(1);
}

static double counter(const char *answer, const char *name)
{
    const char *at = strstr(answer, name);
    if (at == NULL)
        give_up(name);
    return strtod(at + strlen(name), NULL);
}

struct metrics metrics_of(const struct process *server)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    char answer[ANSWER_BYTES];
    size_t len = 0;
    ssize_t n = 0;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        write(fd, request, sizeof request - 1) != (ssize_t)sizeof request - 1)
        give_up("cannot be asked for");
    while (len < sizeof answer - 1 && (n = read(fd, answer + len, sizeof answer - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    answer[len] = '\0';
    return (struct metrics){
        .commits = counter(answer, "\nweft_commits_total "),
        .records = counter(answer, "\nweft_commit_records_total "),
        .commit_seconds = counter(answer, "\nweft_commit_seconds_total "),
    };
}
