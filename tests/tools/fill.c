/* fill - makes a data folder with many rooms, quickly, through the store that the server uses.
 *
 *     fill --data FOLDER --rooms N [--revs R]
 *
 * The rooms are called fill-0 to fill-<N-1>; each has R revisions (8), by one author, each of which
 * puts a line at the end: `room <n> revision <r>`. Rooms that are there already are left out, so a
 * second call with a larger N adds to a folder. A thousand rooms go into one commit. Exit status: 0
 * done, 1 failed, 2 not understood. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "room/record.h"
#include "server/chance.h"
#include "store/batch.h"
#include "store/folder.h"
#include "store/sqlite.h"

enum { ROOMS_PER_COMMIT = 1000, WHY_BYTES = 400 };

static const char *folder;
static unsigned long rooms;
static unsigned long revs = 8;

static int read_options(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--data") == 0)
            folder = argv[i + 1];
        else if (strcmp(argv[i], "--rooms") == 0)
            rooms = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--revs") == 0)
            revs = strtoul(argv[i + 1], NULL, 10);
        else
            return -1;
    }
    return argc % 2 == 1 && folder != NULL && rooms != 0 && revs != 0 ? 0 : -1;
}

/* One revision of a room, behind `sum`. */
static int add_revision(struct store_batch *batch, struct store_write *write, struct record *r,
                        unsigned long room, size_t *at_cp)
{
    char line[80];
    size_t len =
        (size_t)snprintf(line, sizeof line, "room %lu revision %lu\n", room, (unsigned long)r->rev);
    struct weft_op op;
    struct buf bytes;
    weft_op_init(&op, weft_heap());
    buf_init(&bytes, weft_heap());
    int err = *at_cp != 0 ? weft_op_retain(&op, *at_cp) : 0;
    if (err == 0)
        err = weft_op_insert(&op, line, len);
    if (err == 0)
        err = record_encode(r, &op, &bytes);
    write->rev = r->rev;
    write->bytes = bytes.data;
    write->len = bytes.len;
    if (err == 0)
        err = store_batch_add(batch, write, 0);
    *at_cp += len;
    buf_done(&bytes);
    weft_op_done(&op);
    return err;
}

static int add_room(struct store *store, struct store_batch *batch, unsigned long room)
{
    char name[40];
    struct store_log old;
    struct record r = {.at_ms = 1700000000000};
    struct store_write write = {.kind = STORE_RECORD, .name = name};
    write.name_len = (size_t)snprintf(name, sizeof name, "fill-%lu", room);
    int err = store_read(store, name, write.name_len, 1, 1, 0, &old);
    if (err == 0)
        store_log_done(&old);
    if (err != WEFT_ENOENT)
        return err;
    chance_uuid(write.epoch.bytes);
    chance_uuid(r.user_id.bytes);
    r.sum = record_first_sum(&write.epoch);
    size_t at_cp = 0;
    err = 0;
    for (r.rev = 1; r.rev <= revs && err == 0; r.rev++) {
        r.prev_sum = r.sum;
        err = add_revision(batch, &write, &r, room, &at_cp);
    }
    return err;
}

static int fill(struct store *store, struct store_batch *batch)
{
    int err = 0;
    for (unsigned long room = 0; room < rooms && err == 0; room++) {
        err = add_room(store, batch, room);
        if (err != 0 || ((room + 1) % ROOMS_PER_COMMIT != 0 && room + 1 != rooms))
            continue;
        size_t n;
        const struct store_write *writes = store_batch_writes(batch, &n);
        err = store_commit(store, writes, n);
        store_batch_clear(batch);
    }
    return err;
}

int main(int argc, char **argv)
{
    char why[WHY_BYTES] = "";
    struct store *store = NULL;
    struct store_batch *batch = NULL;
    int lock = -1;
    if (read_options(argc, argv) != 0) {
        fprintf(stderr, "fill --data FOLDER --rooms N [--revs R]\n");
        return 2;
    }
    int err = store_folder_take(folder, &lock, why, sizeof why);
    if (err == 0)
        err = store_sqlite_open(folder, STORE_SYNC_FULL, &store, why, sizeof why);
    if (err == 0)
        err = store_batch_new(&batch);
    if (err == 0) {
        err = fill(store, batch);
        snprintf(why, sizeof why, "%s", store_error_text(store));
    }
    if (err != 0)
        fprintf(stderr, "fill: %s: %s\n", weft_error_text(err), why);
    store_batch_free(batch);
    store_free(store);
    close(lock);
    return err == 0 ? 0 : 1;
}
