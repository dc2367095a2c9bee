/* What of a log is good is the room's rule (room/audit.h); here it is read and printed.
 *
 * The folder is held while it is read, so a server cannot write meanwhile. Nothing in it is changed,
 * but SQLite takes in what a killed server left in the write-ahead log, as any opening does. */
#include "server/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "room/audit.h"
#include "server/command.h"
#include "server/log.h"
#include "store/folder.h"
#include "store/sqlite.h"

enum {
    WHY_BYTES = 400,
    READ_BYTES = 8 << 20, /* of records at once: memory, whatever a log has */
};

struct check {
    struct store *store;
    const char *name; /* of the log that is being read */
    size_t name_len;
    uint64_t n_logs, n_records, n_snapshots;
    uint64_t n_damaged;
    bool damaged; /* the one that is being read */
};

/* Revisions at which a log has snapshots, newest first. */
struct revs {
    uint64_t *at;
    size_t n, cap;
};

static const char *quoted(const struct check *c, char out[LOG_QUOTED_BYTES])
{
    char name[STORE_NAME_BYTES_MAX + 1];
    memcpy(name, c->name, c->name_len);
    name[c->name_len] = '\0';
    return log_quote(name, out);
}

static void found(struct check *c, const char *what)
{
    char name[LOG_QUOTED_BYTES];
    printf("room %s: %s\n", quoted(c, name), what);
    c->damaged = true;
}

static int revs_add(struct revs *r, uint64_t rev)
{
    if (r->n == r->cap) {
        size_t cap = r->cap != 0 ? r->cap * 2 : 16;
        uint64_t *at = realloc(r->at, cap * sizeof *at);
        if (at == NULL)
            return WEFT_ENOMEM;
        r->at = at;
        r->cap = cap;
    }
    r->at[r->n++] = rev;
    return 0;
}

/* From the newest back: a snapshot, then the newest one before it. */
static int list_snapshots(struct check *c, uint64_t head, struct revs *ret)
{
    int err = 0;
    for (uint64_t rev = head; err == 0 && rev != 0;) {
        struct store_log log;
        err = store_base(c->store, c->name, c->name_len, rev, &log);
        if (err != 0)
            break;
        if (log.has_snapshot)
            err = revs_add(ret, log.snapshot_rev);
        rev = log.has_snapshot ? log.snapshot_rev - 1 : 0;
        store_log_done(&log);
    }
    return err;
}

static int check_snapshot(struct check *c, struct audit *audit)
{
    char why[WHY_BYTES];
    struct store_log log;
    int err = store_base(c->store, c->name, c->name_len, audit_rev(audit), &log);
    if (err != 0)
        return err;
    err =
        audit_snapshot(audit, log.bytes.data + log.snapshot_at, log.snapshot_len, why, sizeof why);
    store_log_done(&log);
    c->n_snapshots++;
    if (err != WEFT_ECORRUPT)
        return err;
    found(c, why);
    return 0; /* records are good without it */
}

/* One piece of records. *ret_more: there are further ones, and all so far are good. */
static int check_records(struct check *c, struct audit *audit, struct revs *snapshots,
                         const struct store_log *log, bool *ret_more)
{
    char why[WHY_BYTES];
    char words[WHY_BYTES + 100];
    for (size_t i = 0; i < log->n_records; i++) {
        const uint8_t *bytes = log->bytes.data + log->records[i].at;
        int err = audit_record(audit, bytes, log->records[i].len, why, sizeof why);
        if (err == WEFT_ECORRUPT) {
            uint64_t good = audit_rev(audit);
            snprintf(words, sizeof words, "%s; of %llu revisions the first %llu are good", why,
                     (unsigned long long)log->head, (unsigned long long)good);
            found(c, words);
            *ret_more = false;
            return 0;
        }
        if (err != 0)
            return err;
        c->n_records++;
        if (snapshots->n == 0 || snapshots->at[snapshots->n - 1] != audit_rev(audit))
            continue;
        snapshots->n--;
        err = check_snapshot(c, audit);
        if (err != 0)
            return err;
    }
    *ret_more = audit_rev(audit) < log->head && log->n_records != 0;
    return 0;
}

/* A stretch that the store cannot give whole is read again one by one, up to where it breaks. */
static int read_piece(struct check *c, uint64_t from, bool *one_by_one, struct store_log *ret)
{
    uint64_t to = *one_by_one ? from : UINT64_MAX;
    int err = store_read(c->store, c->name, c->name_len, from, to, READ_BYTES, ret);
    if (err != WEFT_ECORRUPT || *one_by_one)
        return err;
    *one_by_one = true;
    return store_read(c->store, c->name, c->name_len, from, from, READ_BYTES, ret);
}

static int check_pieces(struct check *c, struct audit **ret_audit, struct revs *snapshots)
{
    bool more = true;
    bool one_by_one = false;
    int err = 0;
    while (err == 0 && more) {
        struct store_log log;
        uint64_t from = *ret_audit != NULL ? audit_rev(*ret_audit) + 1 : 1;
        err = read_piece(c, from, &one_by_one, &log);
        if (err != 0)
            break;
        if (*ret_audit == NULL)
            err = audit_new(weft_heap(), &log.epoch, ret_audit);
        if (err == 0 && from == 1 && !one_by_one)
            err = list_snapshots(c, log.head, snapshots);
        if (err == 0)
            err = check_records(c, *ret_audit, snapshots, &log, &more);
        store_log_done(&log);
    }
    return err;
}

/* As a server would open it: what lies beyond the log's end shows here. */
static int check_opening(struct check *c)
{
    struct store_log log;
    int err = store_load(c->store, c->name, c->name_len, 0, &log);
    if (err == 0)
        store_log_done(&log);
    return err;
}

/* The store's own structure does not hold. */
static void found_broken(struct check *c, const struct audit *audit)
{
    char words[STORE_TEXT_BYTES + 100];
    snprintf(words, sizeof words, "%s; the first %llu revisions are good",
             store_error_text(c->store),
             (unsigned long long)(audit != NULL ? audit_rev(audit) : 0));
    found(c, words);
}

/* One log. What is wrong with it was printed; an error is what kept it from being read. */
static int check_log(struct check *c)
{
    struct audit *audit = NULL;
    struct revs snapshots = {0};
    int err = check_pieces(c, &audit, &snapshots);
    if (err == 0)
        err = check_opening(c);
    if (err == WEFT_ECORRUPT) {
        found_broken(c, audit);
        err = 0;
    }
    WEFT_ASSERT(err != WEFT_ENOENT); /* nobody else writes here */
    audit_free(audit);
    free(snapshots.at);
    return err;
}

static int check_logs(struct check *c)
{
    struct store_name name;
    int err = store_next(c->store, NULL, 0, &name);
    while (err == 0) {
        c->name = name.bytes;
        c->name_len = name.len;
        c->n_logs++;
        c->damaged = false;
        err = check_log(c);
        c->n_damaged += c->damaged;
        if (err == 0)
            err = store_next(c->store, name.bytes, name.len, &name);
    }
    return err == WEFT_ENOENT ? 0 : err;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static int check_store(struct store *store)
{
    struct check c = {.store = store};
    bool file_damaged = false;
    int err = store_verify(store);
    if (err == WEFT_ECORRUPT) {
        printf("weft.db: %s\n", store_error_text(store));
        file_damaged = true;
        err = 0;
    }
    if (err == 0)
        err = check_logs(&c);
    if (err == WEFT_ECORRUPT) {
        printf("weft.db: the list of rooms cannot be read: %s\n", store_error_text(store));
        file_damaged = true;
    } else if (err != 0) {
        fprintf(stderr, "weft: %s\n",
                err == WEFT_ENOMEM ? "out of memory" : store_error_text(store));
        return EXIT_FAILED;
    }
    printf("looked at %llu room%s, %llu revision%s, %llu snapshot%s: ",
           (unsigned long long)c.n_logs, plural(c.n_logs), (unsigned long long)c.n_records,
           plural(c.n_records), (unsigned long long)c.n_snapshots, plural(c.n_snapshots));
    if (c.n_damaged != 0)
        printf("%llu room%s damaged\n", (unsigned long long)c.n_damaged, plural(c.n_damaged));
    else
        printf("%s\n", file_damaged ? "the file is damaged" : "all good");
    return c.n_damaged != 0 || file_damaged ? EXIT_DAMAGED : EXIT_DONE;
}

static int check_folder(const char *folder)
{
    char why[WHY_BYTES] = "";
    struct store *store = NULL;
    int lock = -1;
    if (!store_sqlite_is_there(folder, why, sizeof why) ||
        store_folder_take(folder, &lock, why, sizeof why) != 0) {
        fprintf(stderr, "weft: %s\n", why);
        return EXIT_FAILED;
    }
    int status = EXIT_FAILED;
    int err = store_sqlite_open(folder, STORE_SYNC_FULL, &store, why, sizeof why);
    if (err == WEFT_ECORRUPT) {
        printf("%s\n", why);
        status = EXIT_DAMAGED;
    } else if (err != 0) {
        fprintf(stderr, "weft: %s\n", why);
    } else {
        status = check_store(store);
    }
    store_free(store);
    close(lock);
    return status;
}

static const char usage[] =
    "weft check [--data FOLDER]\n"
    "\n"
    "Reads everything in a data folder and says what is wrong: each record's checksum and place,\n"
    "whether each operation fits the text before it, and whether each snapshot is the text that\n"
    "the records make. Nothing is repaired. The folder must not be in use.\n"
    "\n"
    "  --data FOLDER   default ./weft-data, or WEFT_DATA from the environment\n"
    "\n"
    "Exit status: 0 all good, 1 it could not be read, 2 not understood, 3 something is damaged.\n";

int command_check(int argc, char **argv)
{
    const char *folder = command_data();
    const struct command_flag flags[] = {{"data", &folder}, {0}};
    int status;
    return command_read(argc, argv, usage, flags, &status) ? check_folder(folder) : status;
}
