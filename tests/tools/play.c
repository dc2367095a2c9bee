/* play - one person of a two-author session, as a process of its own (see tools/lib/player.h).
 *
 *     play --port P --room R --as 0|1 (--session NAME | --generate SEED --lines N)
 *          [--name NAME] [--seed S] [--meet PERCENT] [--every LINES] [--patience-ms MS]
 *
 * Says, one line each: `ready` with its first welcome; `progress <lines typed>` every LINES lines
 * (1000); `typed <rev>` once all is typed and acknowledged. Then it waits for the line
 * `finish <rev>` on stdin, until it has reached that revision itself and has found its text to be
 * the log replayed, says
 *
 *     text <sha256> <rev> <code points> acked <n> resumed <n> rejoined <n> dups <n>
 *
 * and exits with 0. What must not be is said as `failed: ...`, exit 1. 2: not understood, 77: no
 * recording of that name. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/lib/player.h"

enum { EXIT_BROKEN = 1, EXIT_USAGE = 2, EXIT_NO_TRACE = 77 };

struct options {
    struct player_config player;
    const char *session;
    bool generate;
    uint64_t generate_seed;
    size_t lines;
    size_t every;
};

/* What the driver was told, and what it said. */
struct talk {
    bool ready;
    size_t progress;
    bool typed;
    bool finish;
    uint64_t finish_rev;
    char line[64];
    size_t line_len;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool read_option(struct options *o, const char *key, const char *value)
{
    char *end = NULL;
    errno = 0;
    uint64_t number = strtoull(value, &end, 10);
    bool is_number = errno == 0 && end != value && *end == '\0';
    if (strcmp(key, "--room") == 0)
        o->player.room = value;
    else if (strcmp(key, "--name") == 0)
        o->player.name = value;
    else if (strcmp(key, "--session") == 0)
        o->session = value;
    else if (!is_number)
        return false;
    else if (strcmp(key, "--port") == 0 && number <= UINT16_MAX)
        o->player.port = (uint16_t)number;
    else if (strcmp(key, "--as") == 0 && number <= 1)
        o->player.as = (int)number;
    else if (strcmp(key, "--seed") == 0)
        o->player.seed = number;
    else if (strcmp(key, "--meet") == 0 && number <= 100)
        o->player.meet_percent = (unsigned)number;
    else if (strcmp(key, "--patience-ms") == 0 && number <= INT32_MAX)
        o->player.patience_ms = (int)number;
    else if (strcmp(key, "--lines") == 0)
        o->lines = number;
    else if (strcmp(key, "--every") == 0 && number > 0)
        o->every = number;
    else if (strcmp(key, "--generate") == 0) {
        o->generate = true;
        o->generate_seed = number;
    } else
        return false;
    return true;
}

static bool read_options(struct options *o, int argc, char **argv)
{
    *o = (struct options){.player = {.as = -1, .seed = 1, .patience_ms = 60000}, .every = 1000};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !read_option(o, argv[i], argv[i + 1])) {
            fprintf(stderr, "play: %s: not understood\n", argv[i]);
            return false;
        }
    }
    if (o->player.port == 0 || o->player.room == NULL || o->player.as < 0 ||
        (o->session != NULL) == o->generate || (o->generate && o->lines == 0)) {
        fprintf(stderr, "play: needs --port, --room, --as, and --session or --generate --lines\n");
        return false;
    }
    if (o->player.name == NULL)
        o->player.name = o->player.as == 0 ? "Ada" : "Ben";
    return true;
}

static void tell(struct talk *t, const struct player_state *s, size_t every)
{
    if (s->is_welcome && !t->ready)
        puts("ready");
    t->ready = s->is_welcome;
    for (; t->progress + every <= s->typed; t->progress += every)
        printf("progress %zu\n", t->progress + every);
    if (s->all_typed && !t->typed) {
        t->typed = true;
        printf("typed %" PRIu64 "\n", s->rev);
    }
}

/* False: the driver is gone. */
static bool hear(struct talk *t)
{
    char c;
    ssize_t n;
    while ((n = read(STDIN_FILENO, &c, 1)) == 1) {
        if (c != '\n' && t->line_len < sizeof t->line - 1) {
            t->line[t->line_len++] = c;
            continue;
        }
        t->line[t->line_len] = '\0';
        t->line_len = 0;
        if (strncmp(t->line, "finish ", 7) == 0) {
            t->finish = true;
            t->finish_rev = strtoull(t->line + 7, NULL, 10);
        }
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static int play(const struct options *o)
{
    struct player *p = player_new(&o->player, now_ms());
    struct talk t = {0};
    struct player_state s;
    int status = EXIT_BROKEN;
    for (;;) {
        if (!player_turn(p, now_ms())) {
            printf("failed: %s\n", player_why(p));
            break;
        }
        s = player_state(p);
        tell(&t, &s, o->every);
        if (t.finish && s.all_typed && s.rev >= t.finish_rev)
            player_replay(p);
        if (s.replayed) {
            status = EXIT_SUCCESS;
            break;
        }
        struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}};
        fds[1].fd = player_fd(p, &fds[1].events);
        if (poll(fds, 2, player_timeout_ms(p, now_ms())) < 0 && errno != EINTR)
            abort();
        if (fds[0].revents != 0 && !hear(&t)) {
            printf("failed: the driver is gone\n");
            break;
        }
    }
    if (status == EXIT_SUCCESS) {
        char hex[65];
        size_t len_cp = 0;
        player_text(p, hex, &len_cp);
        printf("text %s %" PRIu64 " %zu acked %" PRIu64 " resumed %u rejoined %u dups %u\n", hex,
               s.rev, len_cp, s.acked, s.resumed, s.rejoined, s.dups);
    }
    player_free(p);
    return status;
}

int main(int argc, char **argv)
{
    struct options o;
    struct trace trace;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!read_options(&o, argc, argv))
        return EXIT_USAGE;
    if (o.generate) {
        trace_generate(o.generate_seed, o.lines, &trace);
    } else if (!trace_load_session(o.session, &trace)) {
        fprintf(stderr, "play: no recording of %s\n", o.session);
        return EXIT_NO_TRACE;
    }
    o.player.trace = &trace;
    if (fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) != 0)
        return EXIT_USAGE;
    int status = play(&o);
    trace_done(&trace);
    return status;
}
