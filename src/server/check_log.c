/* What of a log is good is the room's rule (room/audit.h); here it is read and printed. */
#include "server/check_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/limits.h"
#include "room/audit.h"

enum {
    WHY_BYTES = 400,
    READ_BYTES = 8 << 20, /* of records at once: memory, whatever a log has */
};

/* Revisions at which a log has snapshots, newest first. */
struct revs {
    uint64_t *at;
    size_t n, cap;
};

const char *check_quoted(const struct store_name *name, char out[LOG_QUOTED_BYTES])
{
    char terminated[STORE_NAME_BYTES_MAX + 1];
    memcpy(terminated, name->bytes, name->len);
    terminated[name->len] = '\0';
    return log_quote(terminated, out);
}

static void found(const struct log_check *c, const char *what)
{
    char name[LOG_QUOTED_BYTES];
    printf("room %s: %s\n", check_quoted(&c->name, name), what);
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
static int list_snapshots(struct log_check *c, uint64_t head, struct revs *ret)
{
    int err = 0;
    for (uint64_t rev = head; err == 0 && rev != 0;) {
        struct store_log log;
        err = store_base(c->store, c->name.bytes, c->name.len, rev, &log);
        if (err != 0)
            break;
        if (log.has_snapshot)
            err = revs_add(ret, log.snapshot_rev);
        rev = log.has_snapshot && log.snapshot_rev != c->found.base_rev ? log.snapshot_rev - 1 : 0;
        store_log_done(&log);
    }
    return err;
}

static int check_snapshot(struct log_check *c, struct audit *audit)
{
    char why[WHY_BYTES];
    struct store_log log;
    int err = store_base(c->store, c->name.bytes, c->name.len, audit_rev(audit), &log);
    if (err != 0)
        return err;
    err =
        audit_snapshot(audit, log.bytes.data + log.snapshot_at, log.snapshot_len, why, sizeof why);
    store_log_done(&log);
    c->n_snapshots++;
    if (err != WEFT_ECORRUPT)
        return err;
    c->found.snapshots_damaged = true;
    found(c, why);
    return 0; /* records are good without it */
}

static void found_record(const struct log_check *c, const char *why)
{
    char words[WHY_BYTES + 100];
    unsigned long long head = c->found.head;
    unsigned long long good = c->found.good;
    unsigned long long start = c->found.start_rev;
    if (start == 0)
        snprintf(words, sizeof words, "%s; of %llu revisions the first %llu are good", why, head,
                 good);
    else
        snprintf(words, sizeof words, "%s; of revisions %llu to %llu those up to %llu are good",
                 why, start, head, good);
    found(c, words);
}

/* One piece of records. *ret_more: there are further ones, and all so far are good. */
static int check_records(struct log_check *c, struct audit *audit, struct revs *snapshots,
                         const struct store_log *log, bool *ret_more)
{
    char why[WHY_BYTES];
    for (size_t i = 0; i < log->n_records; i++) {
        const uint8_t *bytes = log->bytes.data + log->records[i].at;
        int err = audit_record(audit, bytes, log->records[i].len, why, sizeof why);
        if (err == WEFT_ECORRUPT) {
            found_record(c, why);
            c->found.records_damaged = true;
            *ret_more = false;
            return 0;
        }
        if (err != 0)
            return err;
        c->found.good = audit_rev(audit);
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
static int read_piece(struct log_check *c, uint64_t from, bool *one_by_one, struct store_log *ret)
{
    uint64_t to = *one_by_one ? from : UINT64_MAX;
    int err = store_read(c->store, c->name.bytes, c->name.len, from, to, READ_BYTES, ret);
    if (err != WEFT_ECORRUPT || *one_by_one)
        return err;
    *one_by_one = true;
    return store_read(c->store, c->name.bytes, c->name.len, from, from, READ_BYTES, ret);
}

/* A trimmed log begins at a snapshot: the oldest that is good. *ret_audit stays NULL where none is. */
static int begin_trimmed(struct log_check *c, struct revs *snapshots, struct audit **ret_audit)
{
    char why[WHY_BYTES];
    int err = 0;
    while (err == 0 && *ret_audit == NULL && snapshots->n != 0) {
        struct store_log log;
        uint64_t rev = snapshots->at[--snapshots->n];
        struct audit *audit = NULL;
        err = store_base(c->store, c->name.bytes, c->name.len, rev, &log);
        if (err != 0)
            return err;
        err = audit_new(weft_heap(), &c->epoch, &audit);
        if (err == 0)
            err = audit_begin(audit, rev, log.bytes.data + log.snapshot_at, log.snapshot_len, why,
                              sizeof why);
        store_log_done(&log);
        c->n_snapshots++;
        if (err == 0) {
            *ret_audit = audit;
            c->found.start_rev = c->found.good = rev;
            continue;
        }
        audit_free(audit);
        if (err != WEFT_ECORRUPT)
            return err;
        found(c, why);
        c->found.snapshots_damaged = true;
        err = 0;
    }
    return err;
}

static int begin(struct log_check *c, struct revs *snapshots, struct audit **ret_audit)
{
    if (c->found.base_rev == 0)
        return audit_new(weft_heap(), &c->epoch, ret_audit);
    int err = list_snapshots(c, c->found.head, snapshots);
    if (err == 0)
        err = begin_trimmed(c, snapshots, ret_audit);
    if (err == 0 && *ret_audit == NULL) {
        found(c, "its first records were trimmed away, and no snapshot is good to begin with");
        c->found.records_damaged = true;
    }
    return err;
}

static int check_pieces(struct log_check *c, struct audit **ret_audit, struct revs *snapshots)
{
    bool more = true;
    bool one_by_one = false;
    bool first = c->found.base_rev == 0;
    int err = begin(c, snapshots, ret_audit);
    while (err == 0 && more && *ret_audit != NULL) {
        struct store_log log;
        err = read_piece(c, audit_rev(*ret_audit) + 1, &one_by_one, &log);
        if (err != 0)
            break;
        if (first && !one_by_one)
            err = list_snapshots(c, log.head, snapshots);
        first = false;
        if (err == 0)
            err = check_records(c, *ret_audit, snapshots, &log, &more);
        store_log_done(&log);
    }
    return err;
}

/* As a server would open it: what lies beyond the log's end shows here. */
static int check_opening(struct log_check *c)
{
    struct store_log log;
    int err = store_load(c->store, c->name.bytes, c->name.len, 0, &log);
    if (err == 0)
        store_log_done(&log);
    return err;
}

/* The store's own structure does not hold. */
static void found_broken(struct log_check *c)
{
    char words[STORE_TEXT_BYTES + 100];
    snprintf(words, sizeof words, "%s; the %s %llu %s good", store_error_text(c->store),
             c->found.start_rev == 0 ? "first" : "revisions up to",
             (unsigned long long)c->found.good, c->found.start_rev == 0 ? "revisions are" : "are");
    found(c, words);
    c->found.records_damaged = true;
}

/* A stretch behind the end has no records, but says what log this is. */
static int read_row(struct log_check *c)
{
    struct store_log log;
    int err = store_read(c->store, c->name.bytes, c->name.len, REV_MAX, REV_MAX, 0, &log);
    if (err != 0)
        return err;
    c->epoch = log.epoch;
    c->found.head = log.head;
    c->found.base_rev = log.base_rev;
    store_log_done(&log);
    return 0;
}

int check_log(struct log_check *c)
{
    struct audit *audit = NULL;
    struct revs snapshots = {0};
    *c = (struct log_check){.store = c->store, .name = c->name};
    int err = read_row(c);
    if (err == 0)
        err = check_pieces(c, &audit, &snapshots);
    if (err == 0 && !c->found.records_damaged)
        err = check_opening(c);
    if (err == WEFT_ECORRUPT) {
        found_broken(c);
        err = 0;
    }
    if (err == WEFT_ENOENT) { /* nobody else writes here: the index is out of order */
        found(c, "it is listed, and not found under its name");
        c->found.records_damaged = true;
        err = 0;
    }
    audit_free(audit);
    free(snapshots.at);
    return err;
}
