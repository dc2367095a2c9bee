/* server/check.h - `weft check`: a data folder walked from end to end. */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

/* weft's exit codes. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,  /* could not start, or could not go on */
    EXIT_USAGE = 2,   /* not understood */
    EXIT_DAMAGED = 3, /* done, and something does not check */
};

/* The arguments behind `check`. Prints to stdout one line for each thing that is wrong and a last one
 * with what was looked at; to stderr why it could not. */
int command_check(int argc, char **argv);

#endif
