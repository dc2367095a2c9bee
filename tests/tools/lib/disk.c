#include "tools/lib/disk.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    APPEND_BYTES = 100,
    WRITE_BYTES = 4096,
    WRITE_PAGES = 256,
    STOP_MS = 5000,
};

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void fill(int fd)
{
    static const char page[WRITE_BYTES];
    for (int i = 0; i < WRITE_PAGES; i++)
        if (write(fd, page, sizeof page) != (ssize_t)sizeof page)
            give_up("write");
    if (fsync(fd) != 0)
        give_up("fsync");
}

static void measure(const char *path, size_t n, size_t bytes, bool over, struct samples *ret)
{
    char block[WRITE_BYTES];
    memset(block, 'w', sizeof block);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        give_up(path);
    if (over)
        fill(fd);
    uint64_t stop_ns = samples_now_ns() + (uint64_t)STOP_MS * 1000000;
    for (size_t i = 0; i < n; i++) {
        uint64_t start_ns = samples_now_ns();
        ssize_t put = over ? pwrite(fd, block, bytes, (off_t)(i % WRITE_PAGES * WRITE_BYTES))
                           : write(fd, block, bytes);
        if (put != (ssize_t)bytes || fdatasync(fd) != 0)
            give_up("fdatasync");
        uint64_t end_ns = samples_now_ns();
        samples_add(ret, end_ns - start_ns);
        if (end_ns > stop_ns)
            break;
    }
    close(fd);
    unlink(path);
}

void disk_measure(const char *folder, size_t n, struct disk_samples *ret)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/fdatasync-probe", folder);
    measure(path, n, APPEND_BYTES, false, &ret->append);
    measure(path, n, WRITE_BYTES, true, &ret->write);
}
