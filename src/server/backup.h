/* server/backup.h - `weft backup`: a copy of a data folder, made while a server uses it. */
#ifndef SERVER_BACKUP_H
#define SERVER_BACKUP_H

/* The arguments behind `backup`. Prints what was copied to stdout, why not to stderr; returns an exit
 * code of server/command.h. */
int command_backup(int argc, char **argv);

#endif
