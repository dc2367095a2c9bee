/* Doing what room/salvage.h says is to be done with a damaged log: written anew, in one commit. Where the
 * epoch ends, clients that knew later revisions are given the text whole and merge what they had. Damaged
 * snapshots are left out; rooms take new ones as they go. */
#include "server/repair.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "room/record.h"
#include "room/salvage.h"
#include "room/snapshot.h"
#include "server/chance.h"
#include "server/check.h"
#include "server/check_log.h"
#include "server/command.h"
#include "store/backup.h"
#include "store/batch.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "store/tip.h"

enum { WHY_BYTES = 400, READ_BYTES = 8 << 20, PATH_BYTES = 4096 };

struct repair {
    const char *folder;
    struct store *store;
    char kept[PATH_BYTES]; /* where the folder is as it was; "": not copied yet */
    char why[WHY_BYTES];
    uint64_t n_repaired;
    uint64_t n_lost; /* rooms that cannot be repaired */
    bool not_mended; /* something else is still damaged */
};

/* A name for the copy that nothing has yet: one of the same second is there where a repair was broken
 * off and begun again. */
static int name_copy(struct repair *r)
{
    enum { TRIES = 1000 };
    struct tm at;
    time_t now = time(NULL);
    char stamp[32];
    if (gmtime_r(&now, &at) == NULL || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &at) == 0)
        stamp[0] = '\0';
    for (int i = 1; i <= TRIES; i++) {
        char again[16] = "";
        if (i > 1)
            snprintf(again, sizeof again, "-%d", i);
        int len =
            snprintf(r->kept, sizeof r->kept, "%s/before-repair-%s%s", r->folder, stamp, again);
        if (len < 0 || (size_t)len >= sizeof r->kept) {
            snprintf(r->why, sizeof r->why, "the data folder's path is too long");
            return WEFT_EINVAL;
        }
        if (access(r->kept, F_OK) != 0)
            return 0; /* whatever else keeps it from being made is said then */
    }
    snprintf(r->why, sizeof r->why, "%.300s is there already", r->kept);
    return WEFT_EINVAL;
}

/* Before the first change: the folder as it was, for whoever can read more out of it. */
static int keep_original(struct repair *r)
{
    static const char *const SECRETS[] = {SERVER_SECRET_FILE, NULL};
    uint64_t bytes;
    if (r->kept[0] != '\0')
        return 0;
    int err = name_copy(r);
    if (err == 0)
        err = store_sqlite_backup(r->folder, r->kept, SECRETS, &bytes, r->why, sizeof r->why);
    if (err == 0)
        printf("the folder as it was is kept in %s\n", r->kept);
    return err;
}

/* A write-ahead log that is damaged is read up to where it is good, which takes revisions back that clients
 * have seen, of whichever rooms: all get another epoch, by the folder's generation. */
static int repair_journal(struct repair *r)
{
    static const char *const NAMES[] = {"weft.db",          "weft.db-wal", STORE_TIP_NAME,
                                        SERVER_SECRET_FILE, "generation",  NULL};
    int err = store_tip_check(r->folder, r->why, sizeof r->why);
    if (err != WEFT_ECORRUPT)
        return err;
    printf("%s\n", r->why);
    err = name_copy(r);
    if (err == 0)
        err = store_folder_copy(r->folder, r->kept, NAMES, r->why, sizeof r->why);
    if (err != 0)
        return err;
    printf("the folder as it was is kept in %s\n", r->kept);
    err = store_folder_renew(r->folder, r->why, sizeof r->why);
    if (err == 0 && store_tip_forget(r->folder) != 0) {
        snprintf(r->why, sizeof r->why, "%s/" STORE_TIP_NAME " cannot be written", r->folder);
        err = WEFT_EIO;
    }
    if (err == 0)
        printf("repaired: what is good is kept, and every room has a new epoch\n");
    return err;
}

/* The snapshot that a trimmed log begins with, made one of `epoch`. */
static int gather_base(struct repair *r, const struct log_check *log, const struct salvage *plan,
                       const struct uuid *epoch, struct store_batch *batch, uint32_t *ret_sum)
{
    struct store_log base;
    struct snapshot snapshot;
    int err = store_base(r->store, log->name.bytes, log->name.len, plan->base_rev, &base);
    if (err != 0)
        return err;
    uint8_t *bytes = base.bytes.data + base.snapshot_at;
    (void)snapshot_follow(bytes, base.snapshot_len, epoch); /* an old one names none */
    err = snapshot_decode(bytes, base.snapshot_len, &snapshot, NULL);
    const struct store_write write = {.kind = STORE_BEGIN,
                                      .name = log->name.bytes,
                                      .name_len = log->name.len,
                                      .epoch = *epoch,
                                      .rev = plan->base_rev,
                                      .bytes = bytes,
                                      .len = base.snapshot_len};
    if (err == 0)
        err = store_batch_add(batch, &write, 0);
    *ret_sum = snapshot.sum;
    store_log_done(&base);
    return err;
}

/* What is kept of a log, behind a write that drops it. Good records are read as they were when they
 * were checked. */
static int gather(struct repair *r, const struct log_check *log, const struct salvage *plan,
                  const struct uuid *epoch, struct store_batch *batch)
{
    struct store_write write = {.kind = STORE_DROP,
                                .name = log->name.bytes,
                                .name_len = log->name.len,
                                .epoch = log->epoch};
    int err = store_batch_add(batch, &write, 0);
    uint32_t sum = record_first_sum(epoch);
    if (err == 0 && plan->base_rev != 0)
        err = gather_base(r, log, plan, epoch, batch, &sum);
    write.kind = STORE_RECORD;
    write.epoch = *epoch;
    write.rev = plan->base_rev;
    while (err == 0 && write.rev < plan->last_rev) {
        struct store_log piece;
        err = store_read(r->store, log->name.bytes, log->name.len, write.rev + 1, plan->last_rev,
                         READ_BYTES, &piece);
        if (err != 0)
            break;
        for (size_t i = 0; err == 0 && i < piece.n_records; i++) {
            uint8_t *bytes = piece.bytes.data + piece.records[i].at;
            sum = record_follow(bytes, piece.records[i].len, sum);
            write.rev++;
            write.bytes = bytes;
            write.len = piece.records[i].len;
            err = store_batch_add(batch, &write, 0);
        }
        store_log_done(&piece);
    }
    return err;
}

static void print_done(const struct log_check *log, const struct salvage *plan)
{
    char name[LOG_QUOTED_BYTES];
    unsigned long long head = log->found.head;
    unsigned long long last = plan->last_rev;
    unsigned long long base = plan->base_rev;
    check_quoted(&log->name, name);
    if (!plan->new_epoch && plan->base_rev == log->found.base_rev)
        printf("room %s: repaired: its damaged snapshots are gone, no revision is\n", name);
    else if (!plan->new_epoch)
        printf("room %s: repaired: it begins at revision %llu now, what is before is gone\n", name,
               base);
    else if (last == 0)
        printf("room %s: repaired: none of its %llu revisions could be kept, it is empty\n", name,
               head);
    else
        printf("room %s: repaired: revisions %llu to %llu of %llu are kept, as a new epoch\n", name,
               base != 0 ? base : 1, last, head);
}

static int rewrite(struct repair *r, const struct log_check *log, const struct salvage *plan)
{
    struct store_batch *batch = NULL;
    struct uuid epoch = log->epoch;
    size_t n = 0;
    if (plan->new_epoch)
        chance_uuid(epoch.bytes);
    int err = store_batch_new(&batch);
    if (err == 0)
        err = gather(r, log, plan, &epoch, batch);
    if (err == 0) {
        const struct store_write *writes = store_batch_writes(batch, &n);
        err = store_commit(r->store, writes, n);
    }
    store_batch_free(batch);
    if (err == 0)
        print_done(log, plan);
    else
        snprintf(r->why, sizeof r->why, "%s",
                 err == WEFT_ENOMEM ? "out of memory" : store_error_text(r->store));
    return err;
}

static int repair_log(struct repair *r, struct log_check *log)
{
    char name[LOG_QUOTED_BYTES];
    int err = check_log(log);
    if (err != 0) {
        snprintf(r->why, sizeof r->why, "%s",
                 err == WEFT_ENOMEM ? "out of memory" : store_error_text(r->store));
        return err;
    }
    const struct salvage plan = salvage_of(&log->found);
    if (plan.what == SALVAGE_NOTHING)
        return 0;
    if (plan.what == SALVAGE_LOST) {
        printf("room %s: not repaired: nothing of it can be read; put a backup back\n",
               check_quoted(&log->name, name));
        r->n_lost++;
        return 0;
    }
    err = keep_original(r);
    if (err == 0)
        err = rewrite(r, log, &plan);
    r->n_repaired += err == 0;
    return err;
}

static int repair_logs(struct repair *r)
{
    struct log_check log = {.store = r->store};
    int err = store_next(r->store, NULL, 0, &log.name);
    while (err == 0) {
        err = repair_log(r, &log);
        if (err != 0)
            return err;
        err = store_next(r->store, log.name.bytes, log.name.len, &log.name);
    }
    if (err == WEFT_ENOENT)
        return 0;
    snprintf(r->why, sizeof r->why, "the list of rooms cannot be read: %s",
             store_error_text(r->store));
    return err;
}

/* What is left that rewriting rooms does not mend. */
static int look_at_rest(struct repair *r)
{
    int err = store_verify(r->store);
    r->not_mended = !check_files(r->folder);
    if (err == WEFT_ECORRUPT) {
        printf(
            "weft.db: %s\nnot repaired: the file's own structure is damaged; put a backup back, or "
            "export the rooms and import them into a new folder\n",
            store_error_text(r->store));
        r->not_mended = true;
        err = 0;
    }
    if (err != 0)
        snprintf(r->why, sizeof r->why, "%s", store_error_text(r->store));
    return err;
}

static int repair_store(struct repair *r)
{
    if (repair_logs(r) != 0 || look_at_rest(r) != 0)
        return command_fail(r->why);
    if (r->kept[0] == '\0' && r->n_lost == 0 && !r->not_mended)
        printf("nothing to repair\n");
    else if (r->n_repaired != 0 || r->n_lost != 0)
        printf("%llu room%s repaired, %llu not\n", (unsigned long long)r->n_repaired,
               r->n_repaired == 1 ? "" : "s", (unsigned long long)r->n_lost);
    return r->n_lost != 0 || r->not_mended ? EXIT_DAMAGED : EXIT_DONE;
}

static int repair_folder(const char *folder)
{
    struct repair r = {.folder = folder};
    int lock = -1;
    if (!store_sqlite_is_there(folder, r.why, sizeof r.why) ||
        store_folder_take(folder, &lock, r.why, sizeof r.why) != 0)
        return command_fail(r.why);
    int status;
    if (repair_journal(&r) != 0 || store_folder_settle(folder, r.why, sizeof r.why) != 0 ||
        store_sqlite_open(folder, STORE_SYNC_FULL, &r.store, r.why, sizeof r.why) != 0)
        status = command_fail(r.why);
    else
        status = repair_store(&r);
    store_free(r.store);
    close(lock);
    return status;
}

static const char usage[] =
    "weft repair [--data FOLDER]\n"
    "\n"
    "Makes rooms open again that `weft check` finds damaged: each is kept up to its last good\n"
    "revision and gets a new epoch, so that clients that knew more merge what they have into it.\n"
    "Damaged snapshots are left out. Before anything is changed the folder is copied, into a folder\n"
    "before-repair-<time> in it. The folder must not be in use.\n"
    "\n"
    "  --data FOLDER   default ./weft-data, or WEFT_DATA from the environment\n"
    "\n"
    "Exit status: 0 all is good now, 1 it could not be done, 2 not understood, 3 some rooms could\n"
    "not be repaired.\n";

int command_repair(int argc, char **argv)
{
    const char *folder = command_data();
    const struct command_flag flags[] = {{"data", &folder}, {0}};
    int status;
    return command_read(argc, argv, usage, flags, &status) ? repair_folder(folder) : status;
}
