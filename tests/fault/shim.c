/* A library to be preloaded: lets chosen calls of an unchanged program fail.
 *
 *     LD_PRELOAD=faultshim.so FAULTSHIM_CONTROL=file FAULTSHIM_FOLDER=folder \
 *         [FAULTSHIM_DISK=folder] weft serve ...
 *
 * The n-th call of the chosen kinds fails, or all from the n-th on; which, how, and from when on is
 * said in the control file (shim.h), also while the program runs. Calls on files count only inside
 * FAULTSHIM_FOLDER. With FAULTSHIM_DISK nothing is ever synced for real: the shim keeps an image
 * there of what a power cut would leave (shim_disk.c).
 *
 * What is wrapped is what weft and SQLite call on Debian 12, as strace(1) shows it. */
#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS_MAX = 1 << 16, PATH_BYTES = 4200, EARLY_BYTES = 1 << 16 };

static _Atomic uint64_t *words; /* NULL: nothing is asked for */
static char folder[4096];
static size_t folder_len;

/* Of each descriptor: the class of the file, 0 when it is none of ours, and its number in the
 * image, plus one. */
static struct {
    uint8_t class;
    uint8_t file;
} fds[FDS_MAX];

__attribute__((constructor)) static void begin(void)
{
    const char *control = getenv("FAULTSHIM_CONTROL");
    const char *at = getenv("FAULTSHIM_FOLDER");
    if (control == NULL || at == NULL || strlen(at) >= sizeof folder)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    strcpy(folder, at);
    folder_len = strlen(at);
    disk_init(folder, getenv("FAULTSHIM_DISK"));
    void *map = mmap(NULL, WORDS * sizeof *words, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)syscall(SYS_close, fd);
    if (map != MAP_FAILED)
        words = map;
}

/* Counts the call. Negative: let it through; else the how-manieth failing one it is. */
static int64_t fault(enum shim_kind kind, unsigned class)
{
    if (words == NULL)
        return -1;
    atomic_fetch_add(&words[WORD_TOTALS + __builtin_ctz(kind)], 1);
    uint64_t files = atomic_load(&words[WORD_FILES]);
    if ((atomic_load(&words[WORD_KINDS]) & kind) == 0 || (files != 0 && (files & class) == 0))
        return -1;
    uint64_t n = atomic_fetch_add(&words[WORD_COUNT], 1);
    uint64_t at = atomic_load(&words[WORD_AT]);
    uint64_t times = atomic_load(&words[WORD_TIMES]);
    if (n < at || (times != 0 && n >= at + times))
        return -1;
    atomic_fetch_add(&words[WORD_FIRED], 1);
    errno = (int)atomic_load(&words[WORD_ERRNO]);
    return (int64_t)(n - at);
}

static uint64_t how(void)
{
    return atomic_load(&words[WORD_HOW]);
}

/* ---- which file ------------------------------------------------------------------------------- */

static bool ends_with(const char *path, const char *end)
{
    size_t len = strlen(path);
    return len >= strlen(end) && strcmp(path + len - strlen(end), end) == 0;
}

/* NULL: not in the folder. "" is the folder itself. */
static const char *name_in(const char *path)
{
    if (folder_len == 0 || strncmp(path, folder, folder_len) != 0)
        return NULL;
    if (path[folder_len] == '\0')
        return path + folder_len;
    return path[folder_len] == '/' ? path + folder_len + 1 : NULL;
}

static unsigned class_of(const char *name)
{
    if (ends_with(name, "weft.db"))
        return FILE_DB;
    if (ends_with(name, "-wal"))
        return FILE_WAL;
    return ends_with(name, "-shm") ? FILE_SHM : FILE_OTHER;
}

/* The path that an openat() means, as far as it may be ours. */
static const char *full_path(int dir, const char *path, char out[PATH_BYTES])
{
    if (path[0] == '/' || dir == AT_FDCWD)
        return path;
    char link[64];
    char at[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t len = readlink(link, at, sizeof at - 1);
    if (len < 0)
        return path;
    at[len] = '\0';
    (void)snprintf(out, PATH_BYTES, "%s/%s", at, path);
    return out;
}

static unsigned class_fd(int fd)
{
    return fd >= 0 && fd < FDS_MAX ? fds[fd].class : 0;
}

static int file_fd(int fd)
{
    return fd >= 0 && fd < FDS_MAX ? fds[fd].file - 1 : -1;
}

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
    char buffer[PATH_BYTES];
    const char *full = full_path(dir, path, buffer);
    const char *name = name_in(full);
    if (name != NULL && fault(KIND_OPEN, class_of(name)) >= 0)
        return -1;
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd < 0 || fd >= FDS_MAX || name == NULL)
        return fd;
    int failed = errno;
    struct stat info;
    fds[fd].class = (uint8_t)class_of(name);
    fds[fd].file = 0;
    if (fds[fd].class != FILE_SHM && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
        strcmp(name, "lock") != 0)
        fds[fd].file = (uint8_t)(disk_open(name) + 1);
    errno = failed;
    return fd;
}

#define MODE_OF(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                       \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode = va_arg(args, mode_t);                                                               \
        va_end(args);                                                                              \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}
int openat(int dir, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(dir, path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(dir, path, flags, mode);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX)
        memset(&fds[fd], 0, sizeof fds[fd]);
    return (int)syscall(SYS_close, fd);
}

/* ---- reading and writing ---------------------------------------------------------------------- */

static ssize_t write_at(int fd, const void *bytes, size_t len, off_t at, bool positioned)
{
    unsigned class = class_fd(fd);
    int64_t failing = class != 0 ? fault(KIND_WRITE, class) : -1;
    if (failing > 0 || (failing == 0 && (how() != HOW_SHORT || len < 2)))
        return -1;
    if (failing == 0)
        len /= 2;
    if (!positioned && file_fd(fd) >= 0)
        at = lseek(fd, 0, SEEK_CUR);
    ssize_t n =
        positioned ? syscall(SYS_pwrite64, fd, bytes, len, at) : syscall(SYS_write, fd, bytes, len);
    if (n > 0 && file_fd(fd) >= 0)
        disk_wrote(file_fd(fd), at, (size_t)n);
    return n;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return write_at(fd, bytes, len, 0, false);
}
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return write_at(fd, bytes, len, at, true);
}
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return write_at(fd, bytes, len, at, true);
}

ssize_t read(int fd, void *bytes, size_t len)
{
    if (class_fd(fd) != 0 && fault(KIND_READ, class_fd(fd)) >= 0)
        return -1;
    return syscall(SYS_read, fd, bytes, len);
}
ssize_t pread(int fd, void *bytes, size_t len, off_t at)
{
    if (class_fd(fd) != 0 && fault(KIND_READ, class_fd(fd)) >= 0)
        return -1;
    return syscall(SYS_pread64, fd, bytes, len, at);
}
ssize_t pread64(int fd, void *bytes, size_t len, off64_t at)
{
    return pread(fd, bytes, len, at);
}

static int cut(int fd, off_t len)
{
    if (class_fd(fd) != 0 && fault(KIND_TRUNCATE, class_fd(fd)) >= 0)
        return -1;
    int rc = (int)syscall(SYS_ftruncate, fd, len);
    if (rc == 0 && file_fd(fd) >= 0)
        disk_cut(file_fd(fd), len);
    return rc;
}

int ftruncate(int fd, off_t len)
{
    return cut(fd, len);
}
int ftruncate64(int fd, off64_t len)
{
    return cut(fd, len);
}

static int sync_fd(int fd, long call)
{
    int file = file_fd(fd);
    if (class_fd(fd) == 0)
        return (int)syscall(call, fd);
    if (fault(KIND_SYNC, class_fd(fd)) >= 0) {
        int failed = errno;
        if (file >= 0 && (how() == HOW_KEEP || how() == HOW_DROP))
            disk_sync_failed(file, how() == HOW_DROP);
        errno = failed;
        return -1;
    }
    if (file >= 0)
        disk_synced(file);
    return disk_on() ? 0 : (int)syscall(call, fd);
}

int fsync(int fd)
{
    return sync_fd(fd, SYS_fsync);
}
int fdatasync(int fd)
{
    return sync_fd(fd, SYS_fdatasync);
}

static void *map(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (class_fd(fd) != 0 && fault(KIND_MMAP, class_fd(fd)) >= 0)
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    return map(at, len, prot, flags, fd, offset);
}
void *mmap64(void *at, size_t len, int prot, int flags, int fd, off64_t offset)
{
    return map(at, len, prot, flags, fd, offset);
}

/* ---- names ------------------------------------------------------------------------------------ */

static int unlink_at(int dir, const char *path, int flags)
{
    char buffer[PATH_BYTES];
    const char *name = name_in(full_path(dir, path, buffer));
    if (name != NULL && fault(KIND_UNLINK, class_of(name)) >= 0)
        return -1;
    int rc = (int)syscall(SYS_unlinkat, dir, path, flags);
    if (rc == 0 && name != NULL)
        disk_gone(name);
    return rc;
}

int unlink(const char *path)
{
    return unlink_at(AT_FDCWD, path, 0);
}
int unlinkat(int dir, const char *path, int flags)
{
    return unlink_at(dir, path, flags);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    char from_buffer[PATH_BYTES];
    char to_buffer[PATH_BYTES];
    const char *from_name = name_in(full_path(from_dir, from, from_buffer));
    const char *to_name = name_in(full_path(to_dir, to, to_buffer));
    if (to_name != NULL && fault(KIND_UNLINK, class_of(to_name)) >= 0)
        return -1;
    int rc = (int)syscall(SYS_renameat, from_dir, from, to_dir, to);
    if (rc == 0 && from_name != NULL && to_name != NULL)
        disk_renamed(from_name, to_name);
    return rc;
}
int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
{
    if (fault(KIND_ACCEPT, 0) >= 0)
        return -1;
    return (int)syscall(SYS_accept4, fd, peer, len, flags);
}

/* ---- memory ----------------------------------------------------------------------------------- */

/* dlsym() may allocate before we know what it finds: out of this, which is never given back. */
static _Alignas(16) char early[EARLY_BYTES];
static size_t early_used;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);

static void find_next(void)
{
    static bool finding;
    if (finding)
        return;
    finding = true;
    next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
}

static void *early_take(size_t len)
{
    size_t at = early_used;
    early_used += (len + 31) & ~(size_t)15;
    if (early_used > sizeof early)
        abort();
    *(size_t *)(void *)(early + at) = len;
    return early + at + 16;
}

static bool is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof early;
}

void *malloc(size_t len)
{
    if (next_malloc == NULL)
        find_next();
    if (next_malloc == NULL)
        return early_take(len);
    return fault(KIND_ALLOC, 0) >= 0 ? NULL : next_malloc(len);
}
void *calloc(size_t n, size_t len)
{
    if (next_malloc == NULL)
        find_next();
    if (next_malloc == NULL)
        return early_take(n * len);
    return fault(KIND_ALLOC, 0) >= 0 ? NULL : next_calloc(n, len);
}
void *realloc(void *p, size_t len)
{
    if (next_malloc == NULL)
        find_next();
    if (is_early(p) || next_malloc == NULL) {
        size_t had = p != NULL ? *(size_t *)(void *)((char *)p - 16) : 0;
        void *now = next_malloc != NULL ? next_malloc(len) : early_take(len);
        if (now != NULL && had != 0)
            memcpy(now, p, had < len ? had : len);
        return now;
    }
    return fault(KIND_ALLOC, 0) >= 0 ? NULL : next_realloc(p, len);
}
void free(void *p)
{
    if (p != NULL && !is_early(p))
        next_free(p);
}
