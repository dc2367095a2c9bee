/* tools/lib/disk.h - what the disk itself takes: the floor under every durable acknowledgement. */
#ifndef TOOLS_DISK_H
#define TOOLS_DISK_H

#include <stddef.h>

#include "tools/lib/samples.h"

struct disk_samples {
    struct samples
        append;           /* 100 bytes appended to a file, then fdatasync: the least a log can do */
    struct samples write; /* 4 KiB written over what a file has, then fdatasync: a log reused */
};

/* Adds n of each, in `folder`, which must exist; the file is removed again. Stops early after 5 s. */
void disk_measure(const char *folder, size_t n, struct disk_samples *ret);

#endif
