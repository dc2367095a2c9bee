/* A disk that hangs, to be preloaded: a sync does not return while the file $HANG_WHILE exists. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static int wait_for_disk(void)
{
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    const char *path = getenv("HANG_WHILE");

    while (path != NULL && access(path, F_OK) == 0)
        (void)nanosleep(&moment, NULL);
    return 0;
}

int fsync(int fd)
{
    (void)fd;
    return wait_for_disk();
}

int fdatasync(int fd)
{
    (void)fd;
    return wait_for_disk();
}
