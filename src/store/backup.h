/* store/backup.h - a second data folder with what the first one holds, while a server writes to it.
 *
 * The copy is one moment of the logs: all of a commit is in it or nothing. It is a data folder of its
 * own, with the server's secrets, and with a generation of its own: what was written to the original
 * after the backup is unknown to the copy, so a revision of the one says nothing about the other.
 * Clients that come to the copy with the original's epoch are given the whole text and merge what
 * they have into it. */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include <weft/error.h>

/* Copies weft.db and, as far as they are there, the files named in `secrets` (NULL at its end) of at
 * most 4 KiB each. `to` is made; it must not exist or be empty. *ret_bytes is the size of the logs'
 * file. Returns once all is on disk.
 *
 * WEFT_EIO, WEFT_EINVAL (`to` has something in it, `from` is no data folder), WEFT_ECORRUPT or
 * WEFT_ENOMEM, with a sentence in `why`; `to` may then hold a part of it, but no weft.db, which comes
 * last and whole; until then a weft.db.part says that something is missing, also after a crash, and
 * store_sqlite_open() refuses the folder. */
WEFT_CHECKED int store_sqlite_backup(const char *from, const char *to, const char *const *secrets,
                                     uint64_t *ret_bytes, char *why, size_t why_bytes);

/* Copies the named files of a folder that nobody uses, byte by byte and synced, into a folder as above;
 * names end with NULL, what is not there is left out. WEFT_EIO or WEFT_EINVAL with `why`. */
WEFT_CHECKED int store_folder_copy(const char *from, const char *to, const char *const *names,
                                   char *why, size_t why_bytes);

#endif
