/* store/store.h - the port: numbered logs of bytes, kept.
 *
 * A store keeps logs by name. A log has an epoch (16 bytes, set when it is made), records numbered
 * 1, 2, 3 ... without a gap, and snapshots, each standing for all records up to its number. What
 * the bytes mean is not known here; whoever wrote them checks them.
 *
 * A log may have been trimmed: then its records up to its *base* are gone, and a snapshot stands at
 * the base, so that every revision from there on can still be made. Invariants:
 *
 *     base <= revs of snapshots <= head,   records are base+1 .. head,   base == 0 or a snapshot's rev
 *
 * Every call blocks, and is made from one thread at a time (store/worker.h puts a store on a thread
 * of its own). There are two stores: memory (tests, simulation) and SQLite. Both pass
 * tests/support/store_conformance.h.
 *
 * Errors: WEFT_EIO (the disk), WEFT_ENOMEM, WEFT_ECORRUPT (the store's own structure does not hold
 * together), WEFT_ENOENT (no such log), WEFT_EINVAL (a write out of turn, a number that cannot be),
 * WEFT_EGONE (what is asked for was trimmed away), WEFT_ELIMIT (a bound below). store_error_text() says more. After a failed commit the store is as
 * before it, and the next may succeed. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"
#include <weft/error.h>

enum {
    STORE_NAME_BYTES_MAX = 255,     /* of a log; twice what a room's name may have */
    STORE_ITEM_BYTES_MAX = 1 << 28, /* one record or snapshot; SQLite takes 10^9 at most, and the
                                      * largest document is 16 MiB */
    STORE_TEXT_BYTES = 160,         /* of an error text, its NUL included */
};

enum store_write_kind {
    STORE_RECORD,   /* record `rev`; the log is made, with `epoch`, when rev == 1 */
    STORE_SNAPSHOT, /* stands for records 1..rev; rev is at most the log's last record, in this
                     * commit's order. A second one at the same rev takes the first one's place; the
                     * one at `instead` (below rev), if there is one and the log does not begin with
                     * it, goes */
    STORE_TRIM, /* the newest snapshot at or below rev becomes the log's base: what is older is gone
                  * from then on, and taken out of the file little by little. Without a snapshot there
                  * nothing happens */
    STORE_BEGIN, /* the log is made, with `epoch`, trimmed: base and head are rev, and `bytes` are the
                  * snapshot there. There must be no log of that name */
    STORE_DROP, /* the log goes, with all its records and snapshots; rev and bytes are unused. In
                     * the same commit one of the same name may begin, with any epoch */
    STORE_KIND_LAST = STORE_DROP,
};

/* One write. Bytes are borrowed until store_commit() returns. */
struct store_write {
    enum store_write_kind kind;
    const char *name; /* of the log; name_len bytes, any bytes */
    size_t name_len;
    struct uuid epoch; /* must be the log's own: WEFT_EINVAL otherwise, as for a rev out of turn */
    uint64_t rev;
    const uint8_t *bytes;
    size_t len;
    uint64_t instead; /* SNAPSHOT; else 0 */
};

/* A stretch of a log, read. Owns its memory: store_log_done(). What a read call writes to is not
 * looked at before: it need not be initialised, and is written on success only. */
struct store_log {
    struct uuid epoch;
    uint64_t head;     /* number of the last record */
    uint64_t base_rev; /* records up to this one are gone; 0: none */

    bool has_snapshot;
    uint64_t snapshot_rev;
    size_t snapshot_at; /* in `bytes` */
    size_t snapshot_len;

    uint64_t first_rev; /* of records[0]; meaningless when n_records == 0 */
    size_t n_records;
    struct store_span *records; /* records[i] is first_rev + i */
    size_t cap_records_;

    struct buf bytes;
};

struct store_span {
    size_t at; /* in store_log.bytes */
    size_t len;
};

void store_log_init(struct store_log *log);           /* on the process heap */
void store_log_done(struct store_log *log);           /* may be called twice */
size_t store_log_memory(const struct store_log *log); /* bytes held outside the struct */

/* For stores: adds one record / sets the snapshot, copying the bytes. 0, WEFT_ENOMEM, or
 * WEFT_ECORRUPT when a record does not follow the one before it. */
WEFT_CHECKED int store_log_add(struct store_log *log, uint64_t rev, const void *bytes, size_t len);
WEFT_CHECKED int store_log_snapshot(struct store_log *log, uint64_t rev, const void *bytes,
                                    size_t len);

/* For stores: the first record that store_load() brings along. */
uint64_t store_load_first(uint64_t head, uint64_t base_rev, uint64_t snapshot_rev,
                          uint64_t tail_revs);

struct store_name {
    size_t len;
    char bytes[STORE_NAME_BYTES_MAX]; /* any bytes, no NUL behind them */
};

struct store;

/* What a store brings. Arguments have been checked against the bounds above, and `ret` is an
 * initialised log, which is thrown away when an error is returned. Text for an error is left with
 * store_fail(). */
struct store_port {
    /* All writes, in order, or none; on disk when it returns 0 (with sync off: handed to the
     * system). */
    int (*commit)(struct store *s, const struct store_write *writes, size_t n);
    int (*load)(struct store *s, const char *name, size_t name_len, uint64_t tail_revs,
                struct store_log *ret);
    int (*base)(struct store *s, const char *name, size_t name_len, uint64_t rev,
                struct store_log *ret);
    int (*read)(struct store *s, const char *name, size_t name_len, uint64_t from, uint64_t to,
                size_t max_bytes, struct store_log *ret);
    /* The first name behind `after` in byte order, or of all when it is NULL. */
    int (*next)(struct store *s, const char *after, size_t after_len, struct store_name *ret);
    int (*verify)(struct store *s);
    int (*tidy)(struct store *s); /* NULL: what is trimmed is gone at once */
    void (*free)(struct store *s);
};

/* Embedded first in each store's own struct. */
struct store {
    const struct store_port *port;
    char text[STORE_TEXT_BYTES]; /* of the last failure */
};

/* For stores: keeps the text (cut when too long) and returns err. */
int store_fail(struct store *s, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* n == 0 is fine and does nothing. */
WEFT_CHECKED int store_commit(struct store *s, const struct store_write *writes, size_t n);

/* For opening: the newest snapshot and every record after it; and further back so that at least
 * the last tail_revs records (or all there are) come along. WEFT_ENOENT when there is no log. */
WEFT_CHECKED int store_load(struct store *s, const char *name, size_t name_len, uint64_t tail_revs,
                            struct store_log *ret);

/* For a text at an old revision: the newest snapshot at or below rev (none: start from empty) and
 * the records after it up to rev. WEFT_ENOENT; WEFT_EINVAL when rev is above the head; WEFT_EGONE
 * when it is below the base. */
WEFT_CHECKED int store_base(struct store *s, const char *name, size_t name_len, uint64_t rev,
                            struct store_log *ret);

/* Records from..to (1-based, both included, cut at the head), no more than fit max_bytes but at
 * least one; none when the stretch is empty. WEFT_ENOENT; WEFT_EINVAL when from is 0; WEFT_EGONE when
 * record `from` was trimmed away. */
WEFT_CHECKED int store_read(struct store *s, const char *name, size_t name_len, uint64_t from,
                            uint64_t to, size_t max_bytes, struct store_log *ret);

/* Walking all logs, in the byte order of their names: the first one behind `after`, or the first of
 * all when that is NULL. WEFT_ENOENT when there is none. What is written meanwhile may be met or
 * not. `ret` may be what `after` points into. */
WEFT_CHECKED int store_next(struct store *s, const char *after, size_t after_len,
                            struct store_name *ret);

/* Reads the whole store and checks its own structure (not what the bytes mean). 0, WEFT_ECORRUPT,
 * or what kept it from reading. Takes as long as reading everything does. */
WEFT_CHECKED int store_verify(struct store *s);

/* One small step of taking out of the file what was trimmed, in a commit of its own. 1: there is more; 0: there is not; negative: it failed, and may be tried again later. */
WEFT_CHECKED int store_tidy(struct store *s);

/* What the last failed call ran into, in plain words ("database or disk is full (13)"). Valid until
 * the next call. */
const char *store_error_text(struct store *s);

void store_free(struct store *s); /* NULL is fine; closes */

#endif
