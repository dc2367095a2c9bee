/* store/tip.h - how far the write-ahead log goes, noted beside it.
 *
 * SQLite reads a write-ahead log up to the first page that does not check, and takes what lies behind it
 * for a write that a crash cut off. So a bit that flips in a synced page, a log that was cut or one that
 * was deleted takes commits back without a word. The note says how many pages were there after the last
 * commit; one that finds fewer knows that something acknowledged is gone.
 *
 * The note (`weft.db-tip`) is written after the commit and not synced: after a power cut it may be an
 * older one, which then promises less. It promises nothing when it is damaged, of a log that was begun
 * anew since, or empty, which it is made before anybody closes the logs, as SQLite then removes its
 * write-ahead log.
 *
 *     u32 salt, u32 salt    of the log as it stood, as in its header (big endian)
 *     u32 n                 pages in it after the last commit (little endian)
 *     u32 crc               crc32c of the above
 */
#ifndef STORE_TIP_H
#define STORE_TIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/error.h>

#define STORE_TIP_NAME "weft.db-tip"

/* Kept open by who commits. A note that cannot be written is left out: it was an older one's, or none. */
struct tip {
    int folder_fd; /* -1: no notes are taken */
    int log_fd;    /* -1: not opened yet */
    int note_fd;
    uint32_t page_bytes; /* 0: no notes are taken */
};

void tip_init(struct tip *t, const char *folder); /* page_bytes is set when it is known */
void tip_done(struct tip *t);

/* After a commit that left n_pages in the write-ahead log. */
void tip_note(struct tip *t, uint32_t n_pages);

/* Before the logs are closed: the note promises nothing any more; `synced`: also on disk. 0, or WEFT_EIO:
 * then the write-ahead log must not be removed. Where somebody else writes to the folder, his next
 * commit is noted again. */
WEFT_CHECKED int tip_forget(struct tip *t, bool synced);
WEFT_CHECKED int store_tip_forget(
    const char *folder); /* the same, synced, for who takes no notes */

/* Whether the write-ahead log of a folder that nobody has open is as long as was noted. WEFT_ECORRUPT with
 * a sentence in `why` when not; WEFT_EINVAL when the logs themselves are gone or empty, although there
 * was a commit; WEFT_EIO, WEFT_ENOMEM. Nothing is changed. */
WEFT_CHECKED int store_tip_check(const char *folder, char *why, size_t why_bytes);

/* The same for a folder that a server may be using: then it is as it should be. */
WEFT_CHECKED int store_tip_check_unused(const char *folder, char *why, size_t why_bytes);

#endif
