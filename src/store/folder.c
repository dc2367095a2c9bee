#define _GNU_SOURCE
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/crc32c.h"
#include "store/say.h"
#include "store/tip.h"

/* A secret's file while it is being written; renamed into place when it is whole. */
enum { TEMPORARY_NAME_BYTES = 80, ANEW_BYTES = 1 << 16 };

/* Behind the bytes of a secret stands their crc32c, little endian: a key with a flipped bit would take
 * everybody's session away without a word. A file without one was made by hand. */
enum { SUM_BYTES = 4, SECRET_BYTES_MAX = 64 };

static int open_folder(const char *folder)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Makes the name of a new folder last through a power cut. */
static int sync_parent(int folder_fd)
{
    int fd = openat(folder_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int failed = fsync(fd) != 0 ? errno : 0;
    (void)close(fd);
    errno = failed;
    return failed == 0 ? 0 : -1;
}

/* The folder's descriptor, or -1 with errno. */
static int make_folder(const char *folder)
{
    bool made = mkdir(folder, 0700) == 0;
    if (!made && errno != EEXIST)
        return -1;
    int fd = open_folder(folder);
    if (fd >= 0 && made && sync_parent(fd) != 0) {
        int failed = errno;
        (void)close(fd);
        errno = failed;
        return -1;
    }
    return fd;
}

/* The process id that the holder left in the lock file; 0 when it has not (yet). */
static long read_pid(int fd)
{
    char text[24];
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    if (len <= 0)
        return 0;
    text[len] = '\0';
    return strtol(text, NULL, 10);
}

/* Only for whoever meets the lock: that it cannot be written changes nothing. */
static void write_pid(int fd)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) < 0)
        return;
}

int store_folder_take(const char *folder, int *ret_fd, char *why, size_t why_bytes)
{
    int folder_fd = make_folder(folder);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be made or opened: %m",
                         folder);
    int fd = openat(folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int failed = errno;
    (void)close(folder_fd);
    errno = failed;
    if (fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be written to: %m",
                         folder);

    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        write_pid(fd);
        *ret_fd = fd;
        return 0;
    }
    int err = errno == EWOULDBLOCK ? WEFT_EBUSY : WEFT_EIO;
    if (err == WEFT_EIO)
        (void)store_say(why, why_bytes, err, "data folder %s cannot be locked: %m", folder);
    else
        (void)store_say(
            why, why_bytes, err,
            "data folder %s is in use by process %ld; stop that one, or use another folder", folder,
            read_pid(fd));
    (void)close(fd);
    return err;
}

/* Exactly len bytes: 0, or -1 with errno (0 when the file ended early). */
static int read_all(int fd, uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, bytes + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? 0 : errno;
            return -1;
        }
        at += (size_t)n;
    }
    return 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, bytes + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

static int random_bytes(uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = getrandom(bytes + at, len - at, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

static void sum_of(const uint8_t *bytes, size_t len, uint8_t out[SUM_BYTES])
{
    uint32_t sum = crc32c(0, bytes, len);
    for (unsigned i = 0; i < SUM_BYTES; i++)
        out[i] = (uint8_t)(sum >> 8 * i);
}

/* Takes fd. */
static int read_secret(int fd, uint8_t *secret, size_t len, const char *folder, const char *name,
                       char *why, size_t why_bytes)
{
    struct stat info;
    uint8_t bytes[SECRET_BYTES_MAX + SUM_BYTES];
    uint8_t sum[SUM_BYTES];
    WEFT_ASSERT(len <= SECRET_BYTES_MAX);
    int err = fstat(fd, &info) != 0 ? WEFT_EIO : 0;
    bool summed = err == 0 && info.st_size == (off_t)(len + SUM_BYTES);
    if (err == 0 && (!S_ISREG(info.st_mode) || (!summed && info.st_size != (off_t)len)))
        err = store_say(
            why, why_bytes, WEFT_ECORRUPT,
            "%s/%s is not a file of %zu or %zu bytes; put a backup of it back, or remove it to "
            "have a new one made",
            folder, name, len + SUM_BYTES, len);
    else if (err == 0)
        err = read_all(fd, bytes, summed ? len + SUM_BYTES : len) != 0 ? WEFT_EIO : 0;
    if (err == WEFT_EIO)
        (void)store_say(why, why_bytes, err, "%s/%s cannot be read: %m", folder, name);
    (void)close(fd);
    if (err != 0)
        return err;
    sum_of(bytes, len, sum);
    if (summed && memcmp(sum, bytes + len, SUM_BYTES) != 0)
        return store_say(
            why, why_bytes, WEFT_ECORRUPT,
            "%s/%s is damaged, its checksum does not hold; put a backup of it back, or "
            "remove it to have a new one made",
            folder, name);
    memcpy(secret, bytes, len);
    return 0;
}

/* Written beside, synced, renamed, and the rename synced: at no moment is there half a secret under
 * the name, and what was handed out is not lost. */
static int make_secret(int folder_fd, const char *name, const uint8_t *secret, size_t len)
{
    char temporary[TEMPORARY_NAME_BYTES];
    int text_len = snprintf(temporary, sizeof temporary, "%s.tmp", name);
    if (text_len < 0 || (size_t)text_len >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (unlinkat(folder_fd, temporary, 0) != 0 && errno != ENOENT)
        return -1;
    int fd = openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    int failed = write_all(fd, secret, len) != 0 || fsync(fd) != 0 ? errno : 0;
    if (close(fd) != 0 && failed == 0)
        failed = errno;
    if (failed == 0 && renameat(folder_fd, temporary, folder_fd, name) != 0)
        failed = errno;
    if (failed == 0 && fsync(folder_fd) != 0)
        failed = errno;
    errno = failed;
    return failed == 0 ? 0 : -1;
}

static int make_summed(int folder_fd, const char *name, const uint8_t *secret, size_t len)
{
    uint8_t bytes[SECRET_BYTES_MAX + SUM_BYTES];
    WEFT_ASSERT(len <= SECRET_BYTES_MAX);
    memcpy(bytes, secret, len);
    sum_of(secret, len, bytes + len);
    return make_secret(folder_fd, name, bytes, len + SUM_BYTES);
}

/* The file's `len` bytes. WEFT_ENOENT without a sentence when it is not there. */
static int read_file(int folder_fd, uint8_t *bytes, size_t len, const char *folder,
                     const char *name, char *why, size_t why_bytes)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0)
        return read_secret(fd, bytes, len, folder, name, why, why_bytes);
    if (errno == ENOENT)
        return WEFT_ENOENT;
    return store_say(why, why_bytes, WEFT_EIO, "%s/%s cannot be read: %m", folder, name);
}

static int renew_generation(int folder_fd)
{
    struct uuid generation;
    if (random_bytes(generation.bytes, sizeof generation.bytes) != 0)
        return -1;
    /* What it is laid over stays a UUID of version 4 (RFC 9562 section 5.4). */
    generation.bytes[6] &= 0x0f;
    generation.bytes[8] &= 0x3f;
    return make_summed(folder_fd, "generation", generation.bytes, sizeof generation.bytes);
}

int store_folder_renew(const char *folder, char *why, size_t why_bytes)
{
    int folder_fd = open_folder(folder);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be opened: %m", folder);
    int err = 0;
    if (renew_generation(folder_fd) != 0)
        err = store_say(why, why_bytes, WEFT_EIO, "%s/generation cannot be written: %m", folder);
    (void)close(folder_fd);
    return err;
}

int store_folder_generation(const char *folder, struct uuid *ret, char *why, size_t why_bytes)
{
    struct uuid found = {0};
    int folder_fd = open_folder(folder);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be opened: %m", folder);
    int err =
        read_file(folder_fd, found.bytes, sizeof found.bytes, folder, "generation", why, why_bytes);
    (void)close(folder_fd);
    if (err == WEFT_ECORRUPT) /* not to be removed: without it clients would mix two histories */
        return store_say(why, why_bytes, err,
                         "%s/generation is damaged; put a backup of it back, or write %zu random "
                         "bytes into it",
                         folder, sizeof found.bytes);
    if (err != 0 && err != WEFT_ENOENT)
        return err;
    *ret = found;
    return 0;
}

int store_folder_secret_check(const char *folder, const char *name, size_t len, char *why,
                              size_t why_bytes)
{
    uint8_t secret[SECRET_BYTES_MAX];
    WEFT_ASSERT(len <= sizeof secret);
    int folder_fd = open_folder(folder);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be opened: %m", folder);
    int err = read_file(folder_fd, secret, len, folder, name, why, why_bytes);
    (void)close(folder_fd);
    return err == WEFT_ENOENT ? 0 : err;
}

int store_folder_secret(const char *folder, const char *name, uint8_t *secret, size_t len,
                        char *why, size_t why_bytes)
{
    int folder_fd = open_folder(folder);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be opened: %m", folder);
    int err = read_file(folder_fd, secret, len, folder, name, why, why_bytes);
    if (err == WEFT_ENOENT) {
        err = 0;
        if (random_bytes(secret, len) != 0 || make_summed(folder_fd, name, secret, len) != 0)
            err = store_say(why, why_bytes, WEFT_EIO, "%s/%s cannot be made: %m", folder, name);
    }
    (void)close(folder_fd);
    return err;
}

/* ---- writing without syncing ------------------------------------------------------------------ */

#define MARK "unsynced"

void store_folder_boot_id(char ret[STORE_BOOT_ID_BYTES])
{
    ret[0] = '\0';
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t len = read(fd, ret, STORE_BOOT_ID_BYTES - 1);
    (void)close(fd);
    ret[len > 0 ? len : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

/* 0, or -1 with errno. What is not there needs no sync. */
static int sync_file(int folder_fd, const char *name)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    int failed = fsync(fd) != 0 ? errno : 0;
    (void)close(fd);
    errno = failed;
    return failed == 0 ? 0 : -1;
}

/* Writes the file's bytes over themselves, and syncs them. 0, or -1 with errno. */
static int write_anew(int fd)
{
    uint8_t bytes[ANEW_BYTES];
    for (off_t at = 0;;) {
        ssize_t n = pread(fd, bytes, sizeof bytes, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? fsync(fd) : -1;
        for (ssize_t done = 0; done < n;) {
            ssize_t wrote = pwrite(fd, bytes + done, (size_t)(n - done), at + done);
            if (wrote < 0 && errno != EINTR)
                return -1;
            done += wrote > 0 ? wrote : 0;
        }
        at += n;
    }
}

int store_folder_settle(const char *folder, char *why, size_t why_bytes)
{
    int folder_fd = open_folder(folder);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be opened: %m", folder);
    int fd = openat(folder_fd, "weft.db-wal", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int failed = fd < 0 && errno != ENOENT ? errno : 0;
    if (fd >= 0 && write_anew(fd) != 0)
        failed = errno;
    if (fd >= 0)
        (void)close(fd);
    (void)close(folder_fd);
    errno = failed;
    return failed == 0 ? 0
                       : store_say(why, why_bytes, WEFT_EIO,
                                   "%s/weft.db-wal cannot be read, written and synced: %m", folder);
}

static int sync_logs(int folder_fd)
{
    if (sync_file(folder_fd, STORE_TIP_NAME) != 0 || sync_file(folder_fd, "weft.db-wal") != 0 ||
        sync_file(folder_fd, "weft.db") != 0 || fsync(folder_fd) != 0)
        return -1;
    if (unlinkat(folder_fd, MARK, 0) != 0 && errno != ENOENT)
        return -1;
    return fsync(folder_fd);
}

/* 1: a mark of this run; 0: none; 2: of another run; -1 with errno. */
static int read_mark(int folder_fd, const char *boot_id)
{
    char mark[STORE_BOOT_ID_BYTES];
    int fd = openat(folder_fd, MARK, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    ssize_t len = read(fd, mark, sizeof mark);
    int failed = errno;
    (void)close(fd);
    errno = failed;
    if (len < 0)
        return -1;
    bool same =
        (size_t)len == strlen(boot_id) && len != 0 && memcmp(mark, boot_id, (size_t)len) == 0;
    return same ? 1 : 2;
}

static int begin(int folder_fd, bool synced, const char *boot_id, bool *ret_renewed)
{
    int mark = read_mark(folder_fd, boot_id);
    if (mark < 0)
        return -1;
    /* What was noted of the logs was not on disk either. */
    if (mark == 2 && unlinkat(folder_fd, STORE_TIP_NAME, 0) != 0 && errno != ENOENT)
        return -1;
    if (mark == 2 && renew_generation(folder_fd) != 0)
        return -1;
    *ret_renewed = mark == 2;
    if (synced)
        return mark != 0 ? sync_logs(folder_fd) : 0;
    return mark == 1 ? 0 : make_secret(folder_fd, MARK, (const uint8_t *)boot_id, strlen(boot_id));
}

int store_folder_begin(const char *folder, bool synced, const char *boot_id, bool *ret_renewed,
                       char *why, size_t why_bytes)
{
    bool renewed = false;
    int err = synced ? store_folder_settle(folder, why, why_bytes) : 0;
    if (err != 0)
        return err;
    int folder_fd = open_folder(folder);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be opened: %m", folder);
    if (begin(folder_fd, synced, boot_id, &renewed) != 0)
        err =
            store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be written to: %m", folder);
    else
        *ret_renewed = renewed;
    (void)close(folder_fd);
    return err;
}

int store_folder_end(const char *folder, char *why, size_t why_bytes)
{
    int folder_fd = open_folder(folder);
    if (folder_fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be opened: %m", folder);
    int err = 0;
    if (sync_logs(folder_fd) != 0)
        err = store_say(why, why_bytes, WEFT_EIO, "data folder %s cannot be synced: %m", folder);
    (void)close(folder_fd);
    return err;
}
