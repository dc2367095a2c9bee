#define _GNU_SOURCE /* sched_setaffinity */
#include "tools/lib/process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 20000, STOP_MS = 10000, LINE_BYTES = 256 };

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static bool is_pinned;
static cpu_set_t others; /* the cores of what we start */

bool process_pin_apart(void)
{
    const char *wish = getenv("WEFT_BENCH_PIN");
    cpu_set_t ours;
    CPU_ZERO(&ours);
    if ((wish != NULL && strcmp(wish, "0") == 0) ||
        sched_getaffinity(0, sizeof others, &others) != 0 || CPU_COUNT(&others) < 2)
        return false;
    size_t last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &others))
        last--;
    CPU_CLR(last, &others);
    CPU_SET(last, &ours);
    is_pinned = sched_setaffinity(0, sizeof ours, &ours) == 0;
    return is_pinned;
}

/* In the child: nothing is left behind when we end, however we end. */
static void die_with(pid_t parent)
{
    if (is_pinned)
        sched_setaffinity(0, sizeof others, &others);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

static uint16_t read_port(int fd, const char *program)
{
    char line[LINE_BYTES];
    size_t len = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (len + 1 < sizeof line && poll(&p, 1, START_MS) == 1) {
        ssize_t n = read(fd, line + len, sizeof line - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        line[len] = '\0';
        char *newline = strchr(line, '\n');
        if (newline == NULL)
            continue;
        *newline = '\0';
        const char *colon = strrchr(line, ':');
        long port = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;
        if (port > 0 && port <= UINT16_MAX)
            return (uint16_t)port;
        break;
    }
    fprintf(stderr, "%s did not say its port\n", program);
    exit(1);
}

struct process process_serve(const char *const argv[])
{
    int ends[2];
    if (pipe(ends) != 0)
        give_up("pipe");
    fflush(NULL);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid == 0) {
        die_with(parent);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        union {
            const char *const *in;
            char *const *out;
        } args = {.in = argv}; /* execv() does not write to them, whatever its type says */
        execv(argv[0], args.out);
        perror(argv[0]);
        _exit(1);
    }
    close(ends[1]);
    return (struct process){.pid = pid, .port = read_port(ends[0], argv[0]), .out = ends[0]};
}

struct process process_fork(void (*serve)(int listener))
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        give_up("listen");
    fflush(NULL);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid == 0) {
        die_with(parent);
        serve(fd);
        _exit(0);
    }
    close(fd);
    return (struct process){.pid = pid, .port = ntohs(at.sin_port), .out = -1};
}

void process_stop(struct process *p)
{
    const struct timespec nap = {.tv_nsec = 10000000};
    kill(p->pid, SIGTERM);
    for (int ms = 0; waitpid(p->pid, NULL, WNOHANG) == 0; ms += 10) {
        if (ms == STOP_MS) {
            fprintf(stderr, "the server did not stop within %d s\n", STOP_MS / 1000);
            kill(p->pid, SIGKILL);
            waitpid(p->pid, NULL, 0);
            break;
        }
        nanosleep(&nap, NULL); /* a child that ends: the price of a dependency on nothing */
    }
    if (p->out >= 0)
        close(p->out);
    p->pid = 0;
}

double process_cpu_us(const struct process *p)
{
    /* What /proc/PID/stat counts in ticks of 10 ms, in nanoseconds. */
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(p->pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        give_up("clock_getcpuclockid");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double process_rss_bytes(const struct process *p)
{
    char path[64];
    long size = 0;
    long resident = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)p->pid);
    FILE *f = fopen(path, "r");
    if (f == NULL || fscanf(f, "%ld %ld", &size, &resident) != 2)
        give_up(path);
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

double process_peak_bytes(const struct process *p)
{
    char line[128];
    long kib = -1;
    snprintf(line, sizeof line, "/proc/%ld/status", (long)p->pid);
    FILE *f = fopen(line, "r");
    if (f == NULL)
        give_up(line);
    while (kib < 0 && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    fclose(f);
    return (double)kib * 1024;
}

void process_peak_reset(const struct process *p)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/clear_refs", (long)p->pid);
    FILE *f = fopen(path, "w");
    /* 5: only the peak, proc(5). Where it may not be written the peak is the one since the start. */
    if (f == NULL)
        return;
    (void)fputs("5", f);
    fclose(f);
}

unsigned long process_raise_nofile(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        give_up("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        give_up("setrlimit");
    return limit.rlim_cur;
}
