/* server/repair.h - `weft repair`: damaged rooms made to open again. */
#ifndef SERVER_REPAIR_H
#define SERVER_REPAIR_H

/* The arguments behind `repair`. Prints what was found and what was done about it to stdout; returns
 * an exit code of server/command.h. */
int command_repair(int argc, char **argv);

#endif
