/* store/folder.h - the data folder: made when missing (mode 0700), held by one process. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

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
 * from getrandom(2), synced and renamed into place when not. WEFT_EIO or WEFT_ECORRUPT (wrong
 * size) with `why`. */
WEFT_CHECKED int store_folder_secret(const char *folder, const char *name, uint8_t *secret,
                                     size_t len, char *why, size_t why_bytes);

/* Which life of its logs the folder holds: nil in one that a server made, random in a backup that
 * `weft backup` made (store/backup.h). WEFT_EIO or WEFT_ECORRUPT with `why`. */
WEFT_CHECKED int store_folder_generation(const char *folder, struct uuid *ret, char *why,
                                         size_t why_bytes);

#endif
