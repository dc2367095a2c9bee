/* The folder is held while it is read, so a server cannot write meanwhile. Nothing in it is changed,
 * but SQLite takes in what a killed server left in the write-ahead log, as any opening does. */
#include "server/check.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "auth/auth.h"
#include "server/check_log.h"
#include "server/command.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "store/tip.h"

enum { WHY_BYTES = 400 };

struct check {
    struct store *store;
    uint64_t n_logs, n_records, n_snapshots;
    uint64_t n_damaged;
};

static int check_logs(struct check *c)
{
    struct log_check log = {.store = c->store};
    int err = store_next(c->store, NULL, 0, &log.name);
    while (err == 0) {
        err = check_log(&log);
        c->n_logs++;
        c->n_records += log.found.good - log.found.start_rev;
        c->n_snapshots += log.n_snapshots;
        c->n_damaged += log.found.records_damaged || log.found.snapshots_damaged;
        if (err == 0)
            err = store_next(c->store, log.name.bytes, log.name.len, &log.name);
    }
    return err == WEFT_ENOENT ? 0 : err;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static int check_store(struct store *store)
{
    struct check c = {.store = store};
    bool file_damaged = false;
    int err = store_verify(store);
    if (err == WEFT_ECORRUPT) {
        printf("weft.db: %s\n", store_error_text(store));
        file_damaged = true;
        err = 0;
    }
    if (err == 0)
        err = check_logs(&c);
    if (err == WEFT_ECORRUPT) {
        printf("weft.db: the list of rooms cannot be read: %s\n", store_error_text(store));
        file_damaged = true;
    } else if (err != 0) {
        fprintf(stderr, "weft: %s\n",
                err == WEFT_ENOMEM ? "out of memory" : store_error_text(store));
        return EXIT_FAILED;
    }
    printf("looked at %llu room%s, %llu revision%s, %llu snapshot%s: ",
           (unsigned long long)c.n_logs, plural(c.n_logs), (unsigned long long)c.n_records,
           plural(c.n_records), (unsigned long long)c.n_snapshots, plural(c.n_snapshots));
    if (c.n_damaged != 0)
        printf("%llu room%s damaged\n", (unsigned long long)c.n_damaged, plural(c.n_damaged));
    else
        printf("%s\n", file_damaged ? "the file is damaged" : "all good");
    return c.n_damaged != 0 || file_damaged ? EXIT_DAMAGED : EXIT_DONE;
}

bool check_files(const char *folder)
{
    char why[WHY_BYTES];
    struct uuid generation;
    bool good = true;
    if (store_folder_secret_check(folder, SERVER_SECRET_FILE, AUTH_KEY_BYTES, why, sizeof why) !=
        0) {
        printf("%s\n", why);
        good = false;
    }
    if (store_folder_generation(folder, &generation, why, sizeof why) != 0) {
        printf("%s\n", why);
        good = false;
    }
    return good;
}

static int check_folder(const char *folder)
{
    char why[WHY_BYTES] = "";
    struct store *store = NULL;
    int lock = -1;
    if (!store_sqlite_is_there(folder, why, sizeof why) ||
        store_folder_take(folder, &lock, why, sizeof why) != 0) {
        fprintf(stderr, "weft: %s\n", why);
        return EXIT_FAILED;
    }
    int status = EXIT_FAILED;
    /* Reading a write-ahead log that is damaged makes what is left of it the truth. */
    int err = store_tip_check(folder, why, sizeof why);
    if (err == 0)
        err = store_sqlite_open(folder, STORE_READ, &store, why, sizeof why);
    if (err == WEFT_ECORRUPT) {
        printf("%s\n", why);
        status = EXIT_DAMAGED;
    } else if (err != 0) {
        fprintf(stderr, "weft: %s\n", why);
    } else {
        status = check_store(store);
    }
    store_free(store);
    close(lock);
    if (!check_files(folder) && status == EXIT_DONE)
        status = EXIT_DAMAGED;
    return status;
}

static const char usage[] =
    "weft check [--data FOLDER]\n"
    "\n"
    "Reads everything in a data folder and says what is wrong: each record's checksum and place,\n"
    "whether each operation fits the text before it, and whether each snapshot is the text that\n"
    "the records make. Nothing is repaired. The folder must not be in use.\n"
    "\n"
    "  --data FOLDER   default ./weft-data, or WEFT_DATA from the environment\n"
    "\n"
    "Exit status: 0 all good, 1 it could not be read, 2 not understood, 3 something is damaged.\n";

int command_check(int argc, char **argv)
{
    const char *folder = command_data();
    const struct command_flag flags[] = {{"data", &folder}, {0}};
    int status;
    return command_read(argc, argv, usage, flags, &status) ? check_folder(folder) : status;
}
