/* store/folder.h - the data folder: made when missing (mode 0700), held by one process. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include <weft/error.h>

/* Takes the folder: makes it (its parent exists), opens `lock` in it and takes an exclusive
 * flock(2) that the kernel drops when the process ends, however it ends. *ret_fd stays open for
 * the life of the process. WEFT_EBUSY when another process holds it, WEFT_EIO otherwise; `why`
 * then has a sentence that names the folder, what was found (the holder's pid) and what to do. */
WEFT_CHECKED int store_folder_take(const char *folder, int *ret_fd, char *why, size_t why_bytes);

/* A secret of `len` random bytes kept in `folder/name` with mode 0600: read when it is there, made
 * from getrandom(2), synced and renamed into place when not. Behind the bytes stands their checksum;
 * a file of `len` bytes alone, made by hand, is taken too. WEFT_EIO or WEFT_ECORRUPT (wrong size or
 * checksum) with `why`. */
WEFT_CHECKED int store_folder_secret(const char *folder, const char *name, uint8_t *secret,
                                     size_t len, char *why, size_t why_bytes);

/* Whether that could be read. One that is not there is fine, and is not made. */
WEFT_CHECKED int store_folder_secret_check(const char *folder, const char *name, size_t len,
                                           char *why, size_t why_bytes);

/* Which life of its logs the folder holds: nil in one that a server made, random once it was
 * given another (below, and store/backup.h). WEFT_EIO or WEFT_ECORRUPT with `why`. */
WEFT_CHECKED int store_folder_generation(const char *folder, struct uuid *ret, char *why,
                                         size_t why_bytes);

/* Gives the folder another generation: from now on no revision that a client knows counts. On disk
 * when it returns 0. WEFT_EIO with `why`. */
WEFT_CHECKED int store_folder_renew(const char *folder, char *why, size_t why_bytes);

/* Before the logs are opened by whoever will write them: what an earlier process left in the journal
 * is on disk when this returns 0. It may be in the system's memory only: never synced because the
 * process died, or, after a sync that failed, not even to be written any more. It would be read as
 * stored, answered for, and built upon, and be a hole in the journal after a power cut. So every
 * byte is written over itself and synced, which changes nothing. WEFT_EIO with `why`. */
WEFT_CHECKED int store_folder_settle(const char *folder, char *why, size_t why_bytes);

/* Before the logs are opened. With `synced` false, what is written from now on may be lost when the
 * machine stops, after clients were told that it is there: a mark in the folder says so, with the
 * name of this run of the machine. Where a mark of another run is found, the machine has stopped in
 * the meantime, so the logs may have become shorter than clients know them: the folder is given a new
 * generation, and *ret_renewed is true. With `synced` true what an earlier server left is
 * on disk (store_folder_settle()) and the mark is gone.
 *
 * boot_id: store_folder_boot_id(); "" is no run's name and unlike every other. WEFT_EIO with `why`. */
WEFT_CHECKED int store_folder_begin(const char *folder, bool synced, const char *boot_id,
                                    bool *ret_renewed, char *why, size_t why_bytes);

/* After the logs were closed: syncs what is there and takes the mark away. WEFT_EIO with `why`; the
 * mark then stays. */
WEFT_CHECKED int store_folder_end(const char *folder, char *why, size_t why_bytes);

enum { STORE_BOOT_ID_BYTES = 64 };

/* The name of this run of the machine, "" where the system does not tell. */
void store_folder_boot_id(char ret[STORE_BOOT_ID_BYTES]);

#endif
