/* fault/shim.h - what the two halves of the fault shim share; see shim.c for the whole.
 *
 * Control is a file of 64-bit words that is mapped into every process under test. A test writes it
 * at any time, from another process, and reads the counters back. tests/fault/shim.mjs has the same
 * list of words. */
#ifndef FAULT_SHIM_H
#define FAULT_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Kinds of calls, as bits of WORD_KINDS. */
enum shim_kind {
    KIND_WRITE = 1 << 0,    /* write, pwrite */
    KIND_SYNC = 1 << 1,     /* fsync, fdatasync: of files and of the folder */
    KIND_TRUNCATE = 1 << 2, /* ftruncate */
    KIND_OPEN = 1 << 3,     /* open, openat */
    KIND_READ = 1 << 4,     /* read, pread */
    KIND_MMAP = 1 << 5,     /* mmap */
    KIND_UNLINK = 1 << 6,   /* unlink, unlinkat, rename, renameat */
    KIND_ALLOC = 1 << 7,    /* malloc, calloc, realloc: of anything, not of the folder alone */
    KIND_ACCEPT = 1 << 8,   /* accept4 */
    KIND_COUNT = 9,
};

/* Which files, as bits of WORD_FILES; 0: all. */
enum { FILE_DB = 1 << 0, FILE_WAL = 1 << 1, FILE_SHM = 1 << 2, FILE_OTHER = 1 << 3 };

/* How a call fails, WORD_HOW. */
enum {
    HOW_PLAIN = 0, /* nothing is done; after a failed sync the pages are still to be written */
    HOW_SHORT = 1, /* write: the first call that fails writes half of the bytes and says so */
    HOW_KEEP = 2,  /* sync: the pages count as written and are not, memory has the new bytes; what
                    * Linux does on ext4 and xfs */
    HOW_DROP = 3,  /* sync: as KEEP, and memory has the old bytes again; on btrfs */
};

enum {
    WORD_KINDS,  /* which calls are counted and fail; 0: none */
    WORD_FILES,  /* of which files */
    WORD_AT,     /* the first call that fails, counted from 0 */
    WORD_TIMES,  /* how many fail; 0: all from then on */
    WORD_ERRNO,  /* what they say */
    WORD_HOW,    /* see above */
    WORD_COUNT,  /* calls counted since a test set it to 0 */
    WORD_FIRED,  /* of those, how many failed */
    WORD_TOTALS, /* KIND_COUNT words: calls of each kind since the file was made */
    WORDS = WORD_TOTALS + KIND_COUNT,
};

/* shim_disk.c: what is on the disk and not only in memory. All take the shim's lock, and do nothing
 * when no image is asked for. `name` is relative to the data folder. */
void disk_init(const char *folder, const char *image); /* image NULL: none */
bool disk_on(void);
int disk_open(const char *name); /* its number, or -1 */
void disk_wrote(int file, off_t at, size_t len);
void disk_cut(int file, off_t len);
void disk_synced(int file);
void disk_sync_failed(int file, bool drop);
void disk_gone(const char *name);
void disk_renamed(const char *from, const char *to);

#endif
