/* SQLite's own backup, in one step: a read transaction for as long as the copy takes. Writers go on
 * meanwhile, only their write-ahead log is not copied back until it ends. */
#define _GNU_SOURCE
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/folder.h"
#include "store/say.h"
#include "store/sqlite.h"

enum { PATH_BYTES = 4096, SECRET_BYTES_MAX = 4096 };

/* An empty folder, made when it is missing. */
static int take_target(const char *to, char *why, size_t why_bytes)
{
    if (mkdir(to, 0700) != 0 && errno != EEXIST)
        return store_say(why, why_bytes, WEFT_EIO, "%s cannot be made: %m", to);
    DIR *dir = opendir(to);
    if (dir == NULL)
        return store_say(why, why_bytes, WEFT_EIO, "%s cannot be opened: %m", to);
    int err = 0;
    for (const struct dirent *e; err == 0 && (e = readdir(dir)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            err = store_say(why, why_bytes, WEFT_EINVAL,
                            "%s has %.100s in it; expected a folder that is empty or not there", to,
                            e->d_name);
    (void)closedir(dir);
    return err;
}

static bool path_in(const char *folder, const char *name, char path[PATH_BYTES])
{
    /* A path that starts with "file:" would be read as a URI. */
    int len = snprintf(path, PATH_BYTES, "%s%s/%s", folder[0] == '/' ? "" : "./", folder, name);
    return len >= 0 && len < PATH_BYTES;
}

static int sqlite_say(sqlite3 *db, int rc, const char *path, char *why, size_t why_bytes)
{
    int err = WEFT_EIO;
    if ((rc & 0xff) == SQLITE_NOMEM)
        err = WEFT_ENOMEM;
    else if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
        err = WEFT_ECORRUPT;
    const char *what =
        db != NULL && sqlite3_errcode(db) == rc ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    return store_say(why, why_bytes, err, "%s: %s (%d)", path, what, rc);
}

/* Whatever SQLite writes outside of a commit is not synced by itself. */
static int sync_path(const char *path, int flags)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0)
        return -1;
    int failed = fsync(fd) != 0 ? errno : 0;
    (void)close(fd);
    errno = failed;
    return failed == 0 ? 0 : -1;
}

static int copy_pages(sqlite3 *from, const char *from_path, sqlite3 *to, const char *to_path,
                      char *why, size_t why_bytes)
{
    enum { TRIES = 20, TRY_MS = 50 }; /* somebody who holds the file for a moment */
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL)
        return sqlite_say(to, sqlite3_errcode(to), to_path, why, why_bytes);
    int rc = sqlite3_backup_step(backup, -1);
    for (int i = 0; i < TRIES && (rc == SQLITE_BUSY || rc == SQLITE_LOCKED); i++) {
        sqlite3_sleep(TRY_MS);
        rc = sqlite3_backup_step(backup, -1);
    }
    int ended = sqlite3_backup_finish(backup);
    if (rc != SQLITE_DONE)
        return sqlite_say(from, rc, from_path, why, why_bytes);
    if (ended != SQLITE_OK)
        return sqlite_say(to, ended, to_path, why, why_bytes);
    return 0;
}

static int copy_database(const char *from_path, const char *to_path, char *why, size_t why_bytes)
{
    sqlite3 *a = NULL;
    sqlite3 *b = NULL;
    int err = 0;
    int rc = sqlite3_open_v2(from_path, &a, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        err = sqlite_say(a, rc, from_path, why, why_bytes);
    if (err == 0) {
        /* Only read: copying the journal back is for whoever holds the folder. */
        (void)sqlite3_db_config(a, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        rc = sqlite3_open_v2(to_path, &b, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
        if (rc != SQLITE_OK)
            err = sqlite_say(b, rc, to_path, why, why_bytes);
    }
    if (err == 0)
        err = copy_pages(a, from_path, b, to_path, why, why_bytes);
    (void)sqlite3_db_config(a, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL); /* it is only read */
    (void)sqlite3_close(a);
    (void)sqlite3_close(b);
    if (err == 0 && sync_path(to_path, 0) != 0)
        err = store_say(why, why_bytes, WEFT_EIO, "%s cannot be synced: %m", to_path);
    return err;
}

/* 0, or -1 with errno. */
static int write_file(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, bytes, len);
    int failed = n < 0 ? errno : (size_t)n != len ? ENOSPC : fsync(fd) != 0 ? errno : 0;
    if (close(fd) != 0 && failed == 0)
        failed = errno;
    errno = failed;
    return failed == 0 ? 0 : -1;
}

static int copy_secret(const char *from, const char *to, const char *name, char *why,
                       size_t why_bytes)
{
    char from_path[PATH_BYTES];
    char to_path[PATH_BYTES];
    uint8_t bytes[SECRET_BYTES_MAX + 1];
    if (!path_in(from, name, from_path) || !path_in(to, name, to_path))
        return store_say(why, why_bytes, WEFT_EINVAL, "a data folder's path is too long");
    int fd = open(from_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return 0; /* a server that has not started has none yet */
    if (fd < 0)
        return store_say(why, why_bytes, WEFT_EIO, "%s cannot be read: %m", from_path);
    ssize_t len = read(fd, bytes, sizeof bytes);
    int failed = errno;
    (void)close(fd);
    errno = failed;
    if (len < 0)
        return store_say(why, why_bytes, WEFT_EIO, "%s cannot be read: %m", from_path);
    if (len > SECRET_BYTES_MAX)
        return store_say(why, why_bytes, WEFT_EINVAL,
                         "%s has more than %d bytes; this is no secret of a "
                         "server",
                         from_path, SECRET_BYTES_MAX);
    if (write_file(to_path, bytes, (size_t)len) != 0)
        return store_say(why, why_bytes, WEFT_EIO, "%s cannot be written: %m", to_path);
    explicit_bzero(bytes, sizeof bytes);
    return 0;
}

/* Comes first, and stays until all is there: where it is found without weft.db, a backup was broken
 * off (store/sqlite.h), whenever that was. */
static int begin_logs(const char *to, char part_path[PATH_BYTES], char *why, size_t why_bytes)
{
    if (!path_in(to, "weft.db.part", part_path))
        return store_say(why, why_bytes, WEFT_EINVAL, "a data folder's path is too long");
    int fd =
        open(part_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* SQLite: for everybody */
    if (fd < 0 || close(fd) != 0 || sync_path(to, O_DIRECTORY) != 0)
        return store_say(why, why_bytes, WEFT_EIO, "%s cannot be made: %m", part_path);
    return 0;
}

/* Under that other name until it is whole, so that no server takes half of it for a data folder. */
static int copy_logs(const char *from, const char *part_path, const char *to, uint64_t *ret_bytes,
                     char *why, size_t why_bytes)
{
    char from_path[PATH_BYTES];
    char to_path[PATH_BYTES];
    struct stat info;
    if (!path_in(from, "weft.db", from_path) || !path_in(to, "weft.db", to_path))
        return store_say(why, why_bytes, WEFT_EINVAL, "a data folder's path is too long");
    int err = copy_database(from_path, part_path, why, why_bytes);
    if (err != 0)
        return err;
    if (stat(part_path, &info) != 0 || rename(part_path, to_path) != 0 ||
        sync_path(to, O_DIRECTORY) != 0)
        return store_say(why, why_bytes, WEFT_EIO, "%s cannot be made: %m", to_path);
    *ret_bytes = (uint64_t)info.st_size;
    return 0;
}

static int copy_bytes(int from, int to)
{
    static const size_t PIECE = 1 << 16;
    uint8_t *piece = malloc(PIECE);
    ssize_t n = piece != NULL ? 1 : -1;
    while (n > 0) {
        n = read(from, piece, PIECE);
        for (ssize_t at = 0; at < n;) {
            ssize_t done = write(to, piece + at, (size_t)(n - at));
            at = done < 0 ? n : at + done;
            n = done < 0 ? -1 : n;
        }
    }
    int failed = n < 0 || fsync(to) != 0 ? errno : 0;
    free(piece);
    errno = failed;
    return failed == 0 ? 0 : -1;
}

/* 0, or -1 with errno. What is not there is not copied. */
static int copy_as_it_is(const char *from_path, const char *to_path)
{
    int from = open(from_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0)
        return errno == ENOENT ? 0 : -1;
    int to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int failed = to < 0 || copy_bytes(from, to) != 0 ? errno : 0;
    (void)close(from);
    if (to >= 0 && close(to) != 0 && failed == 0)
        failed = errno;
    errno = failed;
    return failed == 0 ? 0 : -1;
}

int store_folder_copy(const char *from, const char *to, const char *const *names, char *why,
                      size_t why_bytes)
{
    char from_path[PATH_BYTES];
    char to_path[PATH_BYTES];
    int err = take_target(to, why, why_bytes);
    for (size_t i = 0; err == 0 && names[i] != NULL; i++) {
        if (!path_in(from, names[i], from_path) || !path_in(to, names[i], to_path))
            err = store_say(why, why_bytes, WEFT_EINVAL, "the data folder's path is too long");
        else if (copy_as_it_is(from_path, to_path) != 0)
            err = store_say(why, why_bytes, WEFT_EIO, "%s cannot be copied: %m", from_path);
    }
    if (err == 0 && sync_path(to, O_DIRECTORY) != 0)
        err = store_say(why, why_bytes, WEFT_EIO, "%s cannot be synced: %m", to);
    return err;
}

int store_sqlite_backup(const char *from, const char *to, const char *const *secrets,
                        uint64_t *ret_bytes, char *why, size_t why_bytes)
{
    char part_path[PATH_BYTES];
    if (!store_sqlite_is_there(from, why, why_bytes))
        return WEFT_EINVAL;
    int err = take_target(to, why, why_bytes);
    if (err == 0)
        err = begin_logs(to, part_path, why, why_bytes);
    if (err == 0)
        err = store_folder_renew(to, why, why_bytes);
    for (size_t i = 0; err == 0 && secrets[i] != NULL; i++)
        err = copy_secret(from, to, secrets[i], why, why_bytes);
    return err == 0 ? copy_logs(from, part_path, to, ret_bytes, why, why_bytes) : err;
}
