#include "server/backup.h"

#include <stdint.h>
#include <stdio.h>

#include "server/command.h"
#include "store/backup.h"
#include "store/sqlite.h"
#include "store/tip.h"

enum { WHY_BYTES = 400 };

static const char usage[] =
    "weft backup --to FOLDER [--data FOLDER]\n"
    "\n"
    "Copies a data folder as it is at one moment, also while a server uses it. The copy is a data\n"
    "folder of its own: `weft check --data COPY` reads it, `weft serve --data COPY` serves it.\n"
    "Clients of the original that come to a server on the copy are given the text anew and lose\n"
    "nothing that they have not sent yet.\n"
    "\n"
    "  --to FOLDER     must be empty or not there\n"
    "  --data FOLDER   default ./weft-data, or WEFT_DATA from the environment\n"
    "\n"
    "Exit status: 0 all of it is on disk, 1 it is not, 2 not understood.\n";

int command_backup(int argc, char **argv)
{
    static const char *const SECRETS[] = {SERVER_SECRET_FILE, NULL};
    const char *from = command_data();
    const char *to = NULL;
    const struct command_flag flags[] = {{"data", &from}, {"to", &to}, {0}};
    char why[WHY_BYTES];
    uint64_t bytes = 0;
    int status;
    if (!command_read(argc, argv, usage, flags, &status))
        return status;
    if (to == NULL || *to == '\0') {
        fputs("weft backup: --to: found nothing; expected a folder that is empty or not there\n",
              stderr);
        return EXIT_USAGE;
    }
    if (!store_sqlite_is_there(from, why, sizeof why) ||
        store_tip_check_unused(from, why, sizeof why) != 0 ||
        store_sqlite_backup(from, to, SECRETS, &bytes, why, sizeof why) != 0)
        return command_fail(why);
    printf("copied %s to %s, %llu KiB of logs\n", from, to, (unsigned long long)(bytes / 1024));
    return EXIT_DONE;
}
