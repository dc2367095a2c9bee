/* server/export.h - `weft export` and `weft import`: a room as text, and as its whole log. */
#ifndef SERVER_EXPORT_H
#define SERVER_EXPORT_H

/* The arguments behind the command's word; both return an exit code of server/command.h. export
 * writes to stdout, import reads stdin; both say why not on stderr. */
int command_export(int argc, char **argv);
int command_import(int argc, char **argv);

#endif
