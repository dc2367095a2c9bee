/* tun_relay - two network namespaces with a bad link between them, and a program in one of them.
 *
 *     tun_relay run [--seed N] [--mtu N] COMMAND...
 *     tun_relay in NAMESPACE COMMAND...
 *
 * `run` makes a namespace for a server, 10.201.0.1, and one for clients, 10.201.0.2 to .65, each with
 * a TUN device, and carries the packets between them: each client's address has a link of its own
 * (support/lanes.h), perfect at first. COMMAND runs among the clients, with file descriptor 3 as its
 * line to the relay and WEFT_SERVER_NS naming the server's namespace. Each line written there is
 * answered by one: `ok`, or what was not understood.
 *
 *     3 both delay 25 jitter 5 loss 2 dup 1 reorder 5     (lanes_set)
 *     * down cut 1
 *     mtu 576
 *     counters                                             one line of JSON
 *
 * It exits as COMMAND does; 77 where the machine does not let it, with the reason on stderr.
 *
 * `in` runs COMMAND in the namespace, as the same process: signals reach it.
 *
 * Nothing is left behind, however a run ends: the namespaces have no name and no mount, they live as
 * long as a process of theirs does, and each of these dies with its parent (PR_SET_PDEATHSIG). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/lanes.h"

enum {
    EXIT_USAGE = 2,
    EXIT_CANNOT = 77,
    CONTROL_FD = 3,
    CLIENT_FIRST = 2,
    CLIENT_LAST = 65,
    READS_PER_TURN = 64,
    LINE_BYTES = 512,
};

enum { AT_SERVER, AT_CLIENTS, SIDES };

struct relay {
    struct lanes lanes;
    int ns[SIDES];
    int tun[SIDES];
    int inet[SIDES]; /* a socket there, to set up its device by */
    int control;
    int signals;
    char line[LINE_BYTES];
    size_t line_len;
};

static struct relay relay;

static void cannot(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void cannot(const char *fmt, ...)
{
    int err = errno;
    va_list args;

    fputs("tun_relay: ", stderr);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, ": %s\n", strerror(err));
    exit(EXIT_CANNOT);
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- namespaces and devices -------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        cannot("cannot write %s", path);
    close(fd);
}

/* Who is not root becomes it in a user namespace of his own, where the machine has these. */
static void become_root(void)
{
    char map[64];
    unsigned uid = geteuid();
    unsigned gid = getegid();

    if (uid == 0)
        return;
    if (unshare(CLONE_NEWUSER) != 0)
        cannot("not root, and no user namespace to be had");
    write_file("/proc/self/setgroups", "deny");
    (void)snprintf(map, sizeof map, "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    (void)snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
}

static void device_up(int inet, const char *name)
{
    struct ifreq r = {0};

    (void)snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    if (ioctl(inet, SIOCGIFFLAGS, &r) != 0)
        cannot("cannot read the state of %s", name);
    r.ifr_flags |= IFF_UP;
    if (ioctl(inet, SIOCSIFFLAGS, &r) != 0)
        cannot("cannot switch %s on", name);
}

static void address_add(int inet, unsigned host)
{
    struct ifreq r = {0};
    struct sockaddr_in at = {.sin_family = AF_INET};
    int n;

    /* The first address is the device's, the others are aliases of it. */
    if (host <= CLIENT_FIRST)
        n = snprintf(r.ifr_name, sizeof r.ifr_name, "weft0");
    else
        n = snprintf(r.ifr_name, sizeof r.ifr_name, "weft0:%u", host);
    if (n < 0 || (size_t)n >= sizeof r.ifr_name)
        cannot("address %u does not fit a device's name", host);
    at.sin_addr.s_addr = htonl(0x0ac90000u + host); /* 10.201.0.host */
    memcpy(&r.ifr_addr, &at, sizeof at);
    if (ioctl(inet, SIOCSIFADDR, &r) != 0)
        cannot("cannot set address %u", host);
    at.sin_addr.s_addr = htonl(0xffffff00u);
    memcpy(&r.ifr_netmask, &at, sizeof at);
    if (ioctl(inet, SIOCSIFNETMASK, &r) != 0)
        cannot("cannot set the mask of address %u", host);
}

static bool mtu_set(int inet, int mtu)
{
    struct ifreq r = {.ifr_name = "weft0", .ifr_mtu = mtu};

    return ioctl(inet, SIOCSIFMTU, &r) == 0;
}

static void side_open(int side, int mtu)
{
    struct ifreq r = {.ifr_name = "weft0", .ifr_flags = IFF_TUN | IFF_NO_PI};

    if (unshare(CLONE_NEWNET) != 0)
        cannot("no network namespace to be had");
    relay.ns[side] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    relay.inet[side] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    relay.tun[side] = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (relay.ns[side] < 0 || relay.inet[side] < 0)
        cannot("cannot work in a network namespace");
    if (relay.tun[side] < 0)
        cannot("cannot open /dev/net/tun");
    if (ioctl(relay.tun[side], TUNSETIFF, &r) != 0)
        cannot("no TUN device to be had");
    device_up(relay.inet[side], "lo");
    if (side == AT_SERVER)
        address_add(relay.inet[side], 1);
    else
        for (unsigned host = CLIENT_FIRST; host <= CLIENT_LAST; host++)
            address_add(relay.inet[side], host);
    if (!mtu_set(relay.inet[side], mtu))
        cannot("cannot set an MTU of %d", mtu);
    device_up(relay.inet[side], "weft0");
}

/* ---- packets ----------------------------------------------------------------------------------- */

static uint32_t sum_of(const uint8_t *at, size_t len, uint32_t sum)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)at[i] << 8 | at[i + 1];
    return len % 2 != 0 ? sum + ((uint32_t)at[len - 1] << 8) : sum;
}

static void sum_put(uint8_t *at, uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    at[0] = (uint8_t)(sum >> 8);
    at[1] = (uint8_t)sum;
}

/* Makes a TCP segment of an established connection a reset of it: the same numbers, and no more than
 * the headers. A receiver believes one whose number is the next it waits for (RFC 5961, 3.2), so
 * one of data that came out of order does nothing but lose that data. False: it is none. */
static bool make_reset(uint8_t *packet, size_t *len)
{
    enum { SYN = 2, RST = 4, ACK = 16, TCP = 6, TCP_BYTES = 20 };
    size_t ip = (size_t)(packet[0] & 15) * 4;
    uint8_t *tcp = packet + ip;

    if (packet[9] != TCP || *len < ip + TCP_BYTES || (tcp[13] & (SYN | RST)) != 0)
        return false;
    *len = ip + TCP_BYTES;
    packet[2] = (uint8_t)(*len >> 8);
    packet[3] = (uint8_t)*len;
    packet[10] = packet[11] = 0;
    sum_put(packet + 10, sum_of(packet, ip, 0));
    tcp[12] = TCP_BYTES / 4 << 4;
    tcp[13] = RST | ACK;
    tcp[16] = tcp[17] = 0;
    sum_put(tcp + 16, sum_of(tcp, TCP_BYTES, sum_of(packet + 12, 8, TCP + TCP_BYTES)));
    return true;
}

/* Takes in what one side has sent. */
static void packets_read(int side)
{
    static uint8_t packet[LANES_PACKET_BYTES];
    enum lane_dir dir = side == AT_SERVER ? LANE_DOWN : LANE_UP;

    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t got = read(relay.tun[side], packet, sizeof packet);
        size_t len = (size_t)got;
        unsigned client;
        struct lane_rule *rule;

        if (got <= 0)
            return;
        if (len < 20 || packet[0] >> 4 != 4)
            continue; /* what IPv6 tells its neighbours */
        client = dir == LANE_DOWN ? packet[19] : packet[15];
        rule = &relay.lanes.lane[client][dir].rule;
        if (rule->reset > 0 && !rule->is_cut && make_reset(packet, &len)) {
            rule->reset--;
            relay.lanes.counters[dir].reset++;
        }
        lanes_offer(&relay.lanes, now_us(), client, dir, packet, len);
    }
}

static void packets_write(void)
{
    struct lane_packet *p;

    while ((p = lanes_take(&relay.lanes, now_us())) != NULL) {
        int fd = relay.tun[p->dir == LANE_DOWN ? AT_CLIENTS : AT_SERVER];

        /* A device that takes no packet loses it, as any does. */
        if (write(fd, p->bytes, p->len) < 0)
            relay.lanes.counters[p->dir].overflowed++;
        free(p);
    }
}

/* ---- control ----------------------------------------------------------------------------------- */

static int counters_put(char *out, size_t cap, const char *name, const struct lane_counters *c)
{
    return snprintf(out, cap,
                    "\"%s\":{\"offered\":%" PRIu64 ",\"passed\":%" PRIu64 ",\"bytes\":%" PRIu64
                    ",\"lost\":%" PRIu64 ",\"cut\":%" PRIu64 ",\"doubled\":%" PRIu64
                    ",\"overtaking\":%" PRIu64 ",\"overflowed\":%" PRIu64 ",\"reset\":%" PRIu64 "}",
                    name, c->offered, c->passed, c->passed_bytes, c->lost, c->cut, c->doubled,
                    c->overtaking, c->overflowed, c->reset);
}

static void obey(const char *line)
{
    char answer[2 * LINE_BYTES] = "ok";
    int mtu = 0;

    if (strcmp(line, "counters") == 0) {
        char up[LINE_BYTES];
        char down[LINE_BYTES];

        (void)counters_put(up, sizeof up, "up", &relay.lanes.counters[LANE_UP]);
        (void)counters_put(down, sizeof down, "down", &relay.lanes.counters[LANE_DOWN]);
        (void)snprintf(answer, sizeof answer, "{%.500s,%.500s}", up, down);
    } else if (sscanf(line, "mtu %d", &mtu) == 1) {
        if (!mtu_set(relay.inet[AT_SERVER], mtu) || !mtu_set(relay.inet[AT_CLIENTS], mtu))
            (void)snprintf(answer, sizeof answer, "not an MTU: %d", mtu);
    } else if (!lanes_set(&relay.lanes, line)) {
        (void)snprintf(answer, sizeof answer, "not understood: %s", line);
    }
    (void)dprintf(relay.control, "%s\n", answer);
}

static void control_read(void)
{
    ssize_t got =
        read(relay.control, relay.line + relay.line_len, sizeof relay.line - 1 - relay.line_len);
    char *end;

    if (got <= 0) {
        close(relay.control);
        relay.control = -1; /* poll(2) passes over it; the link goes on as it is */
        return;
    }
    relay.line_len += (size_t)got;
    relay.line[relay.line_len] = '\0';
    while ((end = strchr(relay.line, '\n')) != NULL) {
        *end = '\0';
        obey(relay.line);
        relay.line_len -= (size_t)(end + 1 - relay.line);
        memmove(relay.line, end + 1, relay.line_len + 1);
    }
    if (relay.line_len == sizeof relay.line - 1)
        relay.line_len = 0;
}

/* ---- life -------------------------------------------------------------------------------------- */

static void die_with_parent(pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); /* it was faster */
}

static pid_t start(char *const command[], int control)
{
    pid_t parent = getpid();
    pid_t child = fork();
    char ns[64];
    sigset_t none;

    if (child != 0)
        return child;
    die_with_parent(parent);
    (void)snprintf(ns, sizeof ns, "/proc/%d/fd/%d", (int)parent, relay.ns[AT_SERVER]);
    (void)setenv("WEFT_SERVER_NS", ns, 1);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (control == CONTROL_FD ? fcntl(control, F_SETFD, 0) < 0 : dup2(control, CONTROL_FD) < 0)
        _exit(EXIT_CANNOT);
    execvp(command[0], command);
    fprintf(stderr, "tun_relay: cannot run %s: %s\n", command[0], strerror(errno));
    _exit(127);
}

/* Carries packets until the child ends. */
static int carry(pid_t child)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = relay.tun[AT_SERVER], .events = POLLIN},
                               {.fd = relay.tun[AT_CLIENTS], .events = POLLIN},
                               {.fd = relay.control, .events = POLLIN},
                               {.fd = relay.signals, .events = POLLIN}};
        int64_t due_us = lanes_due_us(&relay.lanes);
        int64_t wait_us = due_us == INT64_MAX ? 1000000 : due_us - now_us();
        struct timespec wait;
        int status;

        wait_us = wait_us < 0 ? 0 : wait_us;
        wait = (struct timespec){wait_us / 1000000, wait_us % 1000000 * 1000};
        if (ppoll(fds, 4, &wait, NULL) < 0 && errno != EINTR)
            cannot("cannot wait");
        packets_write();
        for (int side = 0; side < SIDES; side++)
            if (fds[side].revents != 0)
                packets_read(side);
        if (fds[2].revents != 0)
            control_read();
        if (fds[3].revents != 0 && waitpid(child, &status, WNOHANG) == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

static int run(uint64_t seed, int mtu, char *const command[])
{
    sigset_t child_died;
    int control[2];
    int status;
    pid_t child;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    become_root();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a new user namespace takes it back */
    (void)signal(SIGPIPE, SIG_IGN);
    lanes_init(&relay.lanes, seed);
    side_open(AT_SERVER, mtu);
    side_open(AT_CLIENTS, mtu);
    sigemptyset(&child_died);
    sigaddset(&child_died, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child_died, NULL);
    relay.signals = signalfd(-1, &child_died, SFD_CLOEXEC | SFD_NONBLOCK);
    if (relay.signals < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0)
        cannot("cannot make a line to the command");
    relay.control = control[0];
    child = start(command, control[1]);
    if (child < 0)
        cannot("cannot fork");
    close(control[1]);
    status = carry(child);
    lanes_done(&relay.lanes);
    return status;
}

static int in(const char *ns, char *const command[])
{
    int fd = open(ns, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
        cannot("cannot enter %s", ns);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(command[0], command);
    fprintf(stderr, "tun_relay: cannot run %s: %s\n", command[0], strerror(errno));
    return 127;
}

int main(int argc, char *argv[])
{
    uint64_t seed = 1;
    int mtu = 1500;
    int at = 2;

    if (argc > 3 && strcmp(argv[1], "in") == 0)
        return in(argv[2], argv + 3);
    for (; argc > at + 1 && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--seed") == 0)
            seed = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--mtu") == 0)
            mtu = atoi(argv[at + 1]);
        else
            break;
    }
    if (argc > at && strcmp(argv[1], "run") == 0 && strncmp(argv[at], "--", 2) != 0)
        return run(seed, mtu, argv + at);
    fprintf(stderr, "usage: tun_relay run [--seed N] [--mtu N] COMMAND...\n"
                    "       tun_relay in NAMESPACE COMMAND...\n");
    return EXIT_USAGE;
}
