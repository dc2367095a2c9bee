/* store/sqlite.h - a store in one SQLite file, `weft.db`, in a data folder.
 *
 * WAL journal. SYNC_FULL: synchronous=FULL, one fsync for each commit, so what store_commit()
 * returned 0 for survives a power cut on a disk that honours flushes (NORMAL was measured to lose
 * acknowledged commits). SYNC_OFF hands over to the system only: survives a crash of weft, not of
 * the machine.
 *
 * docs/storage.md has the schema and what is checked. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/store.h"

enum store_sync {
    STORE_SYNC_FULL,
    STORE_SYNC_OFF,
    STORE_READ, /* for who only reads: the journal is left as it is, also when closing. Needs no lock */
};

/* Opens or makes the file. The folder exists, is locked and, for STORE_SYNC_FULL, settled
 * (store/folder.h). On failure `why` has a sentence that names the file: WEFT_EINVAL when it is
 * another program's database, was made by a newer weft, or would have to be made beside a
 * weft.db.part (half a backup), WEFT_ECORRUPT when it is damaged or no database at all (all three are
 * left untouched),
 * WEFT_EIO, WEFT_ENOMEM. */
WEFT_CHECKED int store_sqlite_open(const char *folder, enum store_sync sync, struct store **ret,
                                   char *why, size_t why_bytes);

/* Whether the folder has the file. If not, `why` says so, or why that cannot be told. For whoever
 * reads a folder and does not want to make one. */
bool store_sqlite_is_there(const char *folder, char *why, size_t why_bytes);

#endif
