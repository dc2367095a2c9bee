/* The disk below the page cache: for each file of the data folder an image of what a power cut
 * leaves, and a map of the pages that were written and not synced.
 *
 * A write changes the file and marks pages. A good sync copies the marked pages into the image and
 * takes the marks away. A failed one takes the marks away without copying, as Linux does after a
 * failed writeback: nobody will write these pages again unless somebody changes them again.
 *
 * Image and map are files, so that they outlive a killed process as the page cache does:
 * IMAGE/name and IMAGE/name.dirty, one byte for each page. Names (made, renamed, removed) count as
 * on disk at once. */
#define _GNU_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, PAGES_MAX = 1 << 16, FILES_MAX = 32, PATH_BYTES = 4200 };

struct file {
    char name[64]; /* "" : free */
    int fd;        /* of the file, our own: never closed while the file is there, because closing
                    * one gives up the process's locks on it */
    int image;
    uint8_t *dirty;
};

static char folder_path[4096];
static char image_path[4096];
static struct file files[FILES_MAX];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Past the shim's own wrappers. */
static int raw_open(const char *folder, const char *name, const char *more, int flags)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s%s", folder, name, more);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

static void copy_page(int from, int to, size_t page, size_t len)
{
    char bytes[PAGE_BYTES] = {0};
    (void)syscall(SYS_pread64, from, bytes, sizeof bytes, (off_t)page * PAGE_BYTES);
    (void)syscall(SYS_pwrite64, to, bytes, len, (off_t)page * PAGE_BYTES);
}

static off_t size_of(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 ? info.st_size : 0;
}

void disk_init(const char *folder, const char *image)
{
    (void)snprintf(folder_path, sizeof folder_path, "%s", folder);
    if (image != NULL)
        (void)snprintf(image_path, sizeof image_path, "%s", image);
}

bool disk_on(void)
{
    return image_path[0] != '\0';
}

static struct file *find(const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    return NULL;
}

static bool begin_file(struct file *f, const char *name)
{
    int map = raw_open(image_path, name, ".dirty", O_RDWR | O_CREAT);
    bool made = false;
    f->fd = raw_open(folder_path, name, "", O_RDWR);
    f->image = raw_open(image_path, name, "", O_RDWR | O_CREAT | O_EXCL);
    if (f->image >= 0)
        made = true;
    else
        f->image = raw_open(image_path, name, "", O_RDWR);
    if (map < 0 || f->fd < 0 || f->image < 0)
        return false;
    (void)syscall(SYS_ftruncate, map, (off_t)PAGES_MAX);
    f->dirty = mmap(NULL, PAGES_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    (void)syscall(SYS_close, map);
    if (f->dirty == MAP_FAILED)
        return false;
    off_t size = size_of(f->fd);
    for (off_t at = 0; made && at < size; at += PAGE_BYTES)
        copy_page(f->fd, f->image, (size_t)(at / PAGE_BYTES), PAGE_BYTES);
    if (made)
        (void)syscall(SYS_ftruncate, f->image, size);
    (void)snprintf(f->name, sizeof f->name, "%s", name);
    return true;
}

int disk_open(const char *name)
{
    if (!disk_on() || strlen(name) >= sizeof files[0].name || strchr(name, '/') != NULL)
        return -1;
    pthread_mutex_lock(&mutex);
    struct file *f = find(name);
    if (f == NULL) {
        f = find("");
        if (f != NULL && !begin_file(f, name))
            f = NULL;
    }
    pthread_mutex_unlock(&mutex);
    return f != NULL ? (int)(f - files) : -1;
}

static void mark(struct file *f, off_t from, off_t to)
{
    size_t last = (size_t)((to + PAGE_BYTES - 1) / PAGE_BYTES);
    for (size_t page = (size_t)(from / PAGE_BYTES); page < last && page < PAGES_MAX; page++)
        f->dirty[page] = 1;
}

void disk_wrote(int file, off_t at, size_t len)
{
    pthread_mutex_lock(&mutex);
    mark(&files[file], at, at + (off_t)len);
    pthread_mutex_unlock(&mutex);
}

void disk_cut(int file, off_t len)
{
    pthread_mutex_lock(&mutex);
    off_t size = size_of(files[file].image);
    mark(&files[file], len, size > len ? size : len + 1);
    pthread_mutex_unlock(&mutex);
}

void disk_synced(int file)
{
    pthread_mutex_lock(&mutex);
    struct file *f = &files[file];
    uint8_t *end = f->dirty + PAGES_MAX;
    for (uint8_t *at = f->dirty; (at = memchr(at, 1, (size_t)(end - at))) != NULL; at++) {
        copy_page(f->fd, f->image, (size_t)(at - f->dirty), PAGE_BYTES);
        *at = 0;
    }
    (void)syscall(SYS_ftruncate, f->image, size_of(f->fd));
    pthread_mutex_unlock(&mutex);
}

void disk_sync_failed(int file, bool drop)
{
    pthread_mutex_lock(&mutex);
    struct file *f = &files[file];
    uint8_t *end = f->dirty + PAGES_MAX;
    off_t size = size_of(f->fd);
    for (uint8_t *at = f->dirty; (at = memchr(at, 1, (size_t)(end - at))) != NULL; at++) {
        off_t start = (off_t)(at - f->dirty) * PAGE_BYTES;
        off_t len = size - start < PAGE_BYTES ? size - start : PAGE_BYTES;
        if (drop && len > 0)
            copy_page(f->image, f->fd, (size_t)(at - f->dirty), (size_t)len);
        *at = 0;
    }
    pthread_mutex_unlock(&mutex);
}

static void forget(struct file *f)
{
    (void)munmap(f->dirty, PAGES_MAX);
    (void)syscall(SYS_close, f->fd);
    (void)syscall(SYS_close, f->image);
    f->name[0] = '\0';
}

static void at_image(int call, const char *name, const char *to, const char *more)
{
    char from_path[PATH_BYTES];
    char to_path[PATH_BYTES];
    (void)snprintf(from_path, sizeof from_path, "%s/%s%s", image_path, name, more);
    (void)snprintf(to_path, sizeof to_path, "%s/%s%s", image_path, to, more);
    if (call == SYS_unlink)
        (void)syscall(SYS_unlink, from_path);
    else
        (void)syscall(SYS_rename, from_path, to_path);
}

void disk_gone(const char *name)
{
    if (!disk_on())
        return;
    pthread_mutex_lock(&mutex);
    struct file *f = find(name);
    if (f != NULL)
        forget(f);
    at_image(SYS_unlink, name, "", "");
    at_image(SYS_unlink, name, "", ".dirty");
    pthread_mutex_unlock(&mutex);
}

void disk_renamed(const char *from, const char *to)
{
    if (!disk_on())
        return;
    pthread_mutex_lock(&mutex);
    struct file *f = find(to);
    if (f != NULL)
        forget(f);
    f = find(from);
    if (f != NULL)
        (void)snprintf(f->name, sizeof f->name, "%s", to);
    at_image(SYS_rename, from, to, "");
    at_image(SYS_rename, from, to, ".dirty");
    pthread_mutex_unlock(&mutex);
}
