/* The format of a write-ahead log is SQLite's (its file format, section 4): a header of 32 bytes, then for
 * each page a header of 24 bytes and the page. Sums run on from page to page, from the log's header. */
#include "store/tip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "store/folder.h"
#include "store/say.h"

#define LOG "weft.db-wal"

enum {
    NOTE_BYTES = 16,
    HEAD_BYTES = 32,
    HEAD_SUMMED = 24, /* bytes of the log's header that its sum is over */
    FRAME_BYTES = 24,
    FRAME_SUMMED = 8,
    SALT_BYTES = 8,
    SALT_AT_HEAD = 16,
    SALT_AT_FRAME = 8,
    SUM_AT_FRAME = 16,
    MAGIC = 0x377f0682, /* the lowest bit: sums are over big-endian words */
    PAGE_BYTES_MAX = 65536,
};

static uint32_t big(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t little(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void put_little(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* --- taking notes --- */

void tip_init(struct tip *t, const char *folder)
{
    *t = (struct tip){.log_fd = -1, .note_fd = -1};
    t->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void tip_done(struct tip *t)
{
    const int fds[] = {t->folder_fd, t->log_fd, t->note_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    t->folder_fd = t->log_fd = t->note_fd = -1;
}

void tip_note(struct tip *t, uint32_t n_pages)
{
    uint8_t head[FRAME_BYTES];
    uint8_t note[NOTE_BYTES];
    if (t->folder_fd < 0 || t->page_bytes == 0 || n_pages == 0)
        return;
    if (t->log_fd < 0)
        t->log_fd = openat(t->folder_fd, LOG, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (t->note_fd < 0)
        t->note_fd =
            openat(t->folder_fd, STORE_TIP_NAME, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (t->log_fd < 0 || t->note_fd < 0)
        return;
    off_t at = HEAD_BYTES + (off_t)(n_pages - 1) * (off_t)(FRAME_BYTES + t->page_bytes);
    if (pread(t->log_fd, head, sizeof head, at) != (ssize_t)sizeof head)
        return;
    memcpy(note, head + SALT_AT_FRAME, SALT_BYTES);
    put_little(note + 8, n_pages);
    put_little(note + 12, crc32c(0, note, 12));
    if (pwrite(t->note_fd, note, sizeof note, 0) < 0)
        return; /* the older one still holds */
}

/* 0, or -1 with errno. */
static int forget(int folder_fd, bool synced)
{
    struct stat info;
    int fd = openat(folder_fd, STORE_TIP_NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    int failed = fstat(fd, &info) != 0 ? errno : 0;
    if (failed == 0 && info.st_size != 0 && (ftruncate(fd, 0) != 0 || (synced && fsync(fd) != 0)))
        failed = errno;
    (void)close(fd);
    errno = failed;
    return failed == 0 ? 0 : -1;
}

int tip_forget(struct tip *t, bool synced)
{
    return t->folder_fd >= 0 && forget(t->folder_fd, synced) == 0 ? 0 : WEFT_EIO;
}

int store_tip_forget(const char *folder)
{
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return WEFT_EIO;
    int err = forget(folder_fd, true) == 0 ? 0 : WEFT_EIO;
    (void)close(folder_fd);
    return err;
}

/* --- comparing --- */

/* 1: there is a note that holds; 0: there is none that does; -1 with errno, ENOENT: there never was. */
static int read_note(int folder_fd, uint8_t salt[SALT_BYTES], uint32_t *ret_n)
{
    uint8_t note[NOTE_BYTES];
    int fd = openat(folder_fd, STORE_TIP_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    ssize_t len = read(fd, note, sizeof note);
    int failed = errno;
    (void)close(fd);
    errno = failed;
    if (len < 0)
        return -1;
    if (len != NOTE_BYTES || little(note + 12) != crc32c(0, note, 12))
        return 0;
    memcpy(salt, note, SALT_BYTES);
    *ret_n = little(note + 8);
    return 1;
}

static void sum_on(bool big_endian, const uint8_t *bytes, size_t len, uint32_t sum[2])
{
    for (size_t i = 0; i < len; i += 8) {
        uint32_t a = big_endian ? big(bytes + i) : little(bytes + i);
        uint32_t b = big_endian ? big(bytes + i + 4) : little(bytes + i + 4);
        sum[0] += a + sum[1];
        sum[1] += b + sum[0];
    }
}

static bool sum_is(const uint32_t sum[2], const uint8_t *at)
{
    return sum[0] == big(at) && sum[1] == big(at + 4);
}

/* How many of the first n pages check. frame: a buffer for one, with its header. */
static uint32_t good_pages(int fd, bool big_endian, const uint8_t *salt, uint32_t n, uint8_t *frame,
                           size_t frame_bytes, uint32_t sum[2])
{
    uint32_t good = 0;
    off_t at = HEAD_BYTES;
    while (good < n && pread(fd, frame, frame_bytes, at) == (ssize_t)frame_bytes) {
        sum_on(big_endian, frame, FRAME_SUMMED, sum);
        sum_on(big_endian, frame + FRAME_BYTES, frame_bytes - FRAME_BYTES, sum);
        if (memcmp(frame + SALT_AT_FRAME, salt, SALT_BYTES) != 0 ||
            !sum_is(sum, frame + SUM_AT_FRAME))
            break;
        good++;
        at += (off_t)frame_bytes;
    }
    return good;
}

/* What a server that was killed left is there: *ret_good of n pages. */
static int look_at_log(int fd, const uint8_t *salt, uint32_t n, uint32_t *ret_good)
{
    uint8_t head[HEAD_BYTES];
    uint32_t sum[2] = {0};
    *ret_good = 0;
    ssize_t len = pread(fd, head, sizeof head, 0);
    if (len < 0)
        return WEFT_EIO;
    if (len != HEAD_BYTES || (big(head) & ~1u) != MAGIC)
        return 0;
    bool big_endian = (big(head) & 1) != 0;
    uint32_t page_bytes = big(head + 8);
    sum_on(big_endian, head, HEAD_SUMMED, sum);
    if (!sum_is(sum, head + HEAD_SUMMED) || page_bytes < 512 || page_bytes > PAGE_BYTES_MAX)
        return 0;
    /* The first half of the salt counts how often the log was begun anew. */
    uint32_t since = big(head + SALT_AT_HEAD) - big(salt);
    if (since != 0 && since < UINT32_MAX / 2) {
        *ret_good = n;
        return 0;
    }
    if (memcmp(head + SALT_AT_HEAD, salt, SALT_BYTES) != 0)
        return 0;
    uint8_t *frame = malloc(FRAME_BYTES + (size_t)page_bytes);
    if (frame == NULL)
        return WEFT_ENOMEM;
    *ret_good = good_pages(fd, big_endian, salt, n, frame, FRAME_BYTES + (size_t)page_bytes, sum);
    free(frame);
    return 0;
}

int store_tip_check(const char *folder, char *why, size_t why_bytes)
{
    uint8_t salt[SALT_BYTES];
    uint32_t n = 0;
    uint32_t good = 0;
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be opened: %m", folder);
    int noted = read_note(folder_fd, salt, &n);
    int err = noted < 0 && errno != ENOENT ? WEFT_EIO : 0;
    struct stat info;
    if (noted >= 0 && (fstatat(folder_fd, "weft.db", &info, 0) != 0 || info.st_size == 0))
        err = WEFT_EINVAL;
    if (err == 0 && noted == 1) {
        int fd = openat(folder_fd, LOG, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0)
            err = look_at_log(fd, salt, n, &good);
        else if (errno != ENOENT)
            err = WEFT_EIO;
        if (fd >= 0)
            (void)close(fd);
    }
    (void)close(folder_fd);
    if (err == WEFT_EINVAL)
        return store_say(
            why, why_bytes, err,
            "%s/weft.db is gone or empty, and there were rooms in it; put a backup back, "
            "or use another folder",
            folder);
    if (err == WEFT_EIO)
        return store_say(why, why_bytes, err, "%s/" LOG " cannot be read: %m", folder);
    if (err == 0 && noted == 1 && good < n)
        return store_say(why, why_bytes, WEFT_ECORRUPT,
                         "%s/" LOG " is damaged: of the %u pages that were in it %u are good, so "
                         "what was acknowledged last is gone; weft repair keeps what is good",
                         folder, n, good);
    return err;
}

int store_tip_check_unused(const char *folder, char *why, size_t why_bytes)
{
    int lock = -1;
    int err = store_folder_take(folder, &lock, why, why_bytes);
    if (err != 0)
        return err == WEFT_EBUSY ? 0 : err;
    err = store_tip_check(folder, why, why_bytes);
    (void)close(lock);
    return err;
}
