/* server/check.h - `weft check`: a data folder walked from end to end. */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include <stdbool.h>

/* The arguments behind `check`. Prints to stdout one line for each thing that is wrong and a last one
 * with what was looked at; to stderr why it could not. Returns an exit code of
 * server/command.h. */
/* Whether what lies in a data folder beside the logs can be read. Prints a line for what cannot. */
bool check_files(const char *folder);

int command_check(int argc, char **argv);

#endif
