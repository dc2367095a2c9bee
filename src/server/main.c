/* weft - the program: commands, start-up in order, exit codes (server/command.h has them). */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/nearest.h"
#include "bench/command.h"
#include "server/backup.h"
#include "server/check.h"
#include "server/command.h"
#include "server/export.h"
#include "server/log.h"
#include "server/repair.h"
#include "server/version.h"
#include "server/workers.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "store/tip.h"

enum { WHY_BYTES = 400 };

_Noreturn void weft_panic(const char *what, const char *file, int line)
{
    fprintf(
        stderr,
        "weft: a bug: %s does not hold (%s:%d). What was acknowledged is on disk. Please report "
        "this line.\n",
        what, file, line);
    abort();
}

static const char usage[] =
    "weft " WEFT_VERSION " - edit one text together, from terminals and browsers\n"
    "\n"
    "  weft serve [--flag value ...]   run the server; `weft serve --help` lists the flags\n"
    "  weft check [--data FOLDER]      read everything in a data folder, say what is damaged\n"
    "  weft repair [--data FOLDER]     make damaged rooms open again, up to their last good edit\n"
    "  weft backup --to FOLDER         copy a data folder, also while a server uses it\n"
    "  weft export --room NAME         write a room's text, or its whole log, to stdout\n"
    "  weft import --room NAME         make a room from a text or a log on stdin\n"
    "  weft bench [--flag value ...]   load a running server and measure it\n"
    "  weft help                       this\n"
    "  weft --version                  the version\n";

static void print_serve_help(void)
{
    size_t len = settings_help(NULL, 0);
    char *text = malloc(len + 1);
    if (text == NULL)
        return;
    settings_help(text, len + 1);
    printf("weft serve [--flag value ...]\n"
           "\n"
           "Serves rooms over WebSocket and HTTP until SIGTERM or SIGINT. Each flag is shown with\n"
           "its default and the environment variable that sets it too; a flag beats the\n"
           "environment.\n"
           "\n"
           "%s",
           text);
    free(text);
}

/* A lost terminal or a full quota must be an error of the call that met it, not our death. */
static void ignore_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static void announce(const struct settings *s, uint16_t port)
{
    const char *sync = s->sync == SETTINGS_SYNC_FULL ? "full" : "off";
    bool is_v6 = strchr(s->host, ':') != NULL;
    char quoted[LOG_QUOTED_BYTES];
    /* Scripts read the address from the first line, also of port 0. */
    printf("weft %s serving http://%s%s%s:%u/\n", WEFT_VERSION, is_v6 ? "[" : "", s->host,
           is_v6 ? "]" : "", port);
    printf("data: %s sync: %s\n", s->data, sync);
    fflush(stdout);
    log_line(LOG_INFO, "started", "version=%s host=%s port=%u data=%s sync=%s pid=%ld",
             WEFT_VERSION, s->host, port, log_quote(s->data, quoted), sync, (long)getpid());
    if (!is_loopback(s->host))
        log_line(LOG_WARN, "everybody who reaches this address may read and write every room",
                 "host=%s", s->host);
    if (s->sync == SETTINGS_SYNC_OFF)
        log_line(LOG_WARN, "a power cut may lose what was acknowledged", "sync=off");
}

/* Logs that were written without syncing may be shorter than clients were told. */
static int take_generation(const struct settings *s, struct uuid *ret, char *why)
{
    char boot_id[STORE_BOOT_ID_BYTES];
    bool renewed = false;
    store_folder_boot_id(boot_id);
    bool synced = s->sync == SETTINGS_SYNC_FULL;
    int err = store_folder_begin(s->data, synced, boot_id, &renewed, why, WHY_BYTES);
    if (err == 0)
        err = store_folder_generation(s->data, ret, why, WHY_BYTES);
    if (err == 0)
        err = store_tip_check(s->data, why, WHY_BYTES);
    if (err == 0 && renewed)
        log_line(LOG_WARN, "the machine stopped while the logs were not synced",
                 "epochs=new acknowledged=may_be_lost");
    return err;
}

static int serve_store(const struct settings *s, const uint8_t secret[AUTH_KEY_BYTES])
{
    char why[WHY_BYTES] = "";
    struct uuid generation;
    struct store *store = NULL;
    struct workers *workers = NULL;
    enum store_sync sync = s->sync == SETTINGS_SYNC_FULL ? STORE_SYNC_FULL : STORE_SYNC_OFF;
    if (take_generation(s, &generation, why) != 0)
        return command_fail(why);
    if (store_sqlite_open(s->data, sync, &store, why, sizeof why) != 0)
        return command_fail(why);
    if (workers_new(s, secret, &generation, store, &workers, why, sizeof why) != 0)
        return command_fail(why);
    announce(s, workers_port(workers));
    workers_run(workers);
    workers_free(workers);
    if (store_folder_end(s->data, why, sizeof why) != 0)
        return command_fail(why);
    return EXIT_DONE;
}

static int serve(const struct settings *s)
{
    char why[WHY_BYTES] = "";
    uint8_t secret[AUTH_KEY_BYTES];
    int lock = -1;
    ignore_signals();
    log_set_level((enum log_level)s->log_level);
    if (store_folder_take(s->data, &lock, why, sizeof why) != 0)
        return command_fail(why);
    int status = EXIT_FAILED;
    if (store_folder_secret(s->data, SERVER_SECRET_FILE, secret, sizeof secret, why, sizeof why) !=
        0)
        command_fail(why);
    else
        status = serve_store(s, secret);
    explicit_bzero(secret, sizeof secret);
    close(lock); /* last: until here nobody else may open the folder */
    return status;
}

static int command_serve(int argc, char **argv)
{
    struct settings settings;
    char words[SETTINGS_WORDS_BYTES];
    int err = settings_read(&settings, argc - 1, argv + 1, getenv, words, sizeof words);
    if (err == WEFT_ENOENT) {
        print_serve_help();
        return EXIT_DONE;
    }
    if (err != 0) {
        fprintf(stderr, "weft: %s\n", words);
        return EXIT_USAGE;
    }
    return serve(&settings);
}

/* The commands that have arguments of their own, argv[0] being the command's word. */
static const struct command {
    const char *word;
    int (*run)(int argc, char **argv);
} COMMANDS[] = {
    {"serve", command_serve},   {"check", command_check},   {"repair", command_repair},
    {"backup", command_backup}, {"export", command_export}, {"import", command_import},
    {"bench", command_bench},
};

static int not_understood(const char *command)
{
    static const char *const words[] = {"serve",  "check", "repair", "backup",    "export",
                                        "import", "bench", "help",   "--version", "--help"};
    if (*command == '\0') {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    const char *nearest = nearest_word(command, words, sizeof words / sizeof *words);
    fprintf(stderr, "weft: %.40s: unknown command; %s%s%s\n", command,
            nearest != NULL ? "did you mean `weft " : "`weft help` lists them",
            nearest != NULL ? nearest : "", nearest != NULL ? "`?" : "");
    return EXIT_USAGE;
}

/* Large pieces of memory (texts on their way, composed operations) go back to the system as soon as
 * they are free. By itself glibc takes ever larger ones from the heap, where a small one above them
 * keeps them. */
static void give_back_memory(void)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, 256 << 10);
#endif
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    give_back_memory();
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (strcmp(command, COMMANDS[i].word) == 0)
            return COMMANDS[i].run(argc - 1, argv + 1);
    if (strcmp(command, "--version") == 0) {
        printf("weft %s\n", WEFT_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
        strcmp(command, "help") == 0) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    return not_understood(command);
}
