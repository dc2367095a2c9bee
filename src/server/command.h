/* server/command.h - what weft's commands other than `serve` share: exit codes and their flags. */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,  /* could not start, or could not go on */
    EXIT_USAGE = 2,   /* not understood */
    EXIT_DAMAGED = 3, /* done, and something does not check */
};

/* In the data folder: what sessions and read keys are made with. A backup takes it along. */
#define SERVER_SECRET_FILE "secret.key"

/* A flag that takes a value; *value keeps what it has where the flag is not given. */
struct command_flag {
    const char *flag; /* without its dashes; NULL ends the list */
    const char **value;
};

/* Reads `--flag value`, `--flag=value` and `--help`, and nothing else. argv[0] is the command's word.
 * True: go on. False: the usage, or what was not understood, has been printed, and *ret_status is
 * what to end with. */
bool command_read(int argc, char **argv, const char *usage, const struct command_flag *flags,
                  int *ret_status);

/* Where no --data is given: WEFT_DATA, as for `serve`, or ./weft-data. */
const char *command_data(void);

/* Whether --room and --format were given as they must be; if not, stderr has been told. `command` is
 * the command's word. *ret_log: the format is `log`, and not `text`. */
bool command_room(const char *command, const char *room);
bool command_format(const char *command, const char *format, bool *ret_log);

/* One sentence to stderr; returns EXIT_FAILED. */
int command_fail(const char *why);

#endif
