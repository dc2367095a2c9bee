#include "server/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "wire/wire.h"

enum { FLAGS_MAX = 8, PROGRAM_BYTES = 64 };

const char *command_data(void)
{
    const char *folder = getenv("WEFT_DATA");
    return folder != NULL && *folder != '\0' ? folder : "./weft-data";
}

bool command_room(const char *command, const char *room)
{
    if (room != NULL && wire_is_room_name(room, strlen(room)))
        return true;
    fprintf(stderr,
            "weft %s: --room: found %.140s; expected the name of a room, 1 to 128 bytes of UTF-8 "
            "without control characters and '/'\n",
            command, room != NULL ? room : "nothing");
    return false;
}

bool command_format(const char *command, const char *format, bool *ret_log)
{
    *ret_log = strcmp(format, "log") == 0;
    if (*ret_log || strcmp(format, "text") == 0)
        return true;
    fprintf(stderr, "weft %s: --format: found %.40s; expected text or log\n", command, format);
    return false;
}

int command_fail(const char *why)
{
    fprintf(stderr, "weft: %s\n", why);
    return EXIT_FAILED;
}

bool command_read(int argc, char **argv, const char *usage, const struct command_flag *flags,
                  int *ret_status)
{
    struct option options[FLAGS_MAX + 2] = {0};
    static char program[PROGRAM_BYTES];
    int n = 0;
    for (; flags[n].flag != NULL; n++) {
        WEFT_ASSERT(n < FLAGS_MAX);
        options[n] = (struct option){flags[n].flag, required_argument, NULL, n};
    }
    options[n] = (struct option){"help", no_argument, NULL, n};
    (void)snprintf(program, sizeof program, "weft %s", argv[0]);
    argv[0] = program; /* what getopt begins its sentences with */
    optind = 0;        /* anew, should this be the second time */
    *ret_status = EXIT_USAGE;
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (opt == n) {
            fputs(usage, stdout);
            *ret_status = EXIT_DONE;
            return false;
        }
        if (opt < 0 || opt > n)
            return false; /* getopt has said why */
        *flags[opt].value = optarg;
    }
    if (optind == argc)
        return true;
    fprintf(stderr, "%s: found %.40s; expected flags only, see %s --help\n", program, argv[optind],
            program);
    return false;
}
