/* A new log, written in one commit: an import is there whole or not at all. Every line is checked as
 * a room checks its log when it is opened (room/audit.h), before anything is written. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "room/audit.h"
#include "server/chance.h"
#include "server/command.h"
#include "server/export.h"
#include "store/batch.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "store/tip.h"
#include "wire/log_line.h"

enum { WHY_BYTES = 400 };

struct import {
    struct store *store;
    const char *room;
    bool replace;
    struct uuid epoch; /* of the new log */
    struct audit *audit;
    struct store_batch *batch;
    struct buf record; /* or a snapshot */
    uint64_t base_rev; /* the new log begins behind it */
    uint32_t sum;
    char why[WHY_BYTES];
};

static int fail(struct import *m, int err, const char *why)
{
    snprintf(m->why, sizeof m->why, "%s", err == WEFT_ENOMEM ? "out of memory" : why);
    return err;
}

/* The log that stands where the new one is to go. */
static int look(struct import *m)
{
    struct store_log old;
    int err = store_read(m->store, m->room, strlen(m->room), REV_MAX, REV_MAX, 0, &old);
    if (err == WEFT_ENOENT)
        return 0;
    if (err != 0)
        return fail(m, err, store_error_text(m->store));
    const struct store_write drop = {
        .kind = STORE_DROP, .name = m->room, .name_len = strlen(m->room), .epoch = old.epoch};
    uint64_t head = old.head;
    store_log_done(&old);
    if (m->replace)
        return fail(m, store_batch_add(m->batch, &drop, 0), "");
    snprintf(m->why, sizeof m->why,
             "the room %s is there already, at revision %" PRIu64
             "; --replace yes ends it and puts the new one in its place",
             m->room, head);
    return WEFT_EINVAL;
}

/* The next record: encoded, checked against the log so far, and gathered. */
static int add(struct import *m, struct record *r, const struct weft_op *op)
{
    r->prev_sum = m->sum;
    buf_clear(&m->record);
    int err = record_encode(r, op, &m->record);
    if (err != 0)
        return fail(m, err, "");
    err = audit_record(m->audit, m->record.data, m->record.len, m->why, sizeof m->why);
    if (err != 0)
        return err == WEFT_ENOMEM ? fail(m, err, "") : err;
    m->sum = r->sum;
    const struct store_write write = {.kind = STORE_RECORD,
                                      .name = m->room,
                                      .name_len = strlen(m->room),
                                      .epoch = m->epoch,
                                      .rev = r->rev,
                                      .bytes = m->record.data,
                                      .len = m->record.len};
    err = store_batch_add(m->batch, &write, 0);
    return err != 0 ? fail(m, err, "") : 0;
}

/* --- a text --- */

static int read_all(struct import *m, struct buf *ret)
{
    enum { PIECE = 1 << 16 };
    size_t n;
    do {
        if (buf_reserve(ret, PIECE) != 0)
            return fail(m, WEFT_ENOMEM, "");
        n = fread(ret->data + ret->len, 1, PIECE, stdin);
        ret->len += n;
        if (ret->len > STORE_ITEM_BYTES_MAX / 2) {
            snprintf(m->why, sizeof m->why,
                     "stdin: found more than %d bytes; expected at most that",
                     STORE_ITEM_BYTES_MAX / 2);
            return WEFT_ELIMIT;
        }
    } while (n != 0);
    return ferror(stdin) ? fail(m, WEFT_EIO, "stdin cannot be read") : 0;
}

static int check_text(struct import *m, const char *text, size_t len)
{
    size_t bad = 0;
    const char *nul = len != 0 ? memchr(text, 0, len) : NULL;
    if (len == 0) {
        snprintf(m->why, sizeof m->why, "stdin: found nothing; expected a text");
        return WEFT_EINVAL;
    }
    if (!utf8_valid(text, len, &bad) || nul != NULL) {
        if (nul != NULL && (size_t)(nul - text) < (bad != 0 ? bad : len))
            bad = (size_t)(nul - text);
        snprintf(m->why, sizeof m->why, "stdin: found byte 0x%02x at offset %zu; expected UTF-8 %s",
                 (unsigned)(uint8_t)text[bad], bad, "without NUL");
        return WEFT_EUTF8;
    }
    return 0;
}

static int import_text(struct import *m)
{
    struct buf text;
    struct weft_op op;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct record r = {.rev = 1, .at_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
    chance_uuid(r.user_id.bytes);
    buf_init(&text, weft_heap());
    weft_op_init(&op, weft_heap());
    int err = read_all(m, &text);
    if (err == 0)
        err = check_text(m, (const char *)text.data, text.len);
    if (err == 0) {
        err = weft_op_insert(&op, (const char *)text.data, text.len);
        err = err != 0 ? fail(m, err, weft_error_text(err)) : add(m, &r, &op);
    }
    weft_op_done(&op);
    buf_done(&text);
    return err;
}

/* --- a log --- */

static int fail_line(struct import *m, uint64_t line, int err, const char *why)
{
    char words[WHY_BYTES];
    /* `why` may be in m->why. */
    snprintf(words, sizeof words, "%s", err == WEFT_ENOMEM ? "out of memory" : why);
    snprintf(m->why, sizeof m->why, "stdin: line %" PRIu64 ": %.300s", line, words);
    return err;
}

/* The room as it was where the log begins. */
static int add_base(struct import *m, const struct log_base *in)
{
    struct snapshot s = {.epoch = m->epoch, .rev = in->rev, .sum = m->sum};
    timeline_add(&s.times, in->rev, in->at_ms);
    buf_clear(&m->record);
    int err = snapshot_encode(&s, &in->sessions, &in->meta, in->text, &m->record);
    if (err == 0)
        err = audit_begin(m->audit, in->rev, m->record.data, m->record.len, m->why, sizeof m->why);
    if (err != 0)
        return err == WEFT_ENOMEM ? fail(m, err, "") : err;
    const struct store_write write = {.kind = STORE_BEGIN,
                                      .name = m->room,
                                      .name_len = strlen(m->room),
                                      .epoch = m->epoch,
                                      .rev = in->rev,
                                      .bytes = m->record.data,
                                      .len = m->record.len};
    err = store_batch_add(m->batch, &write, 0);
    return err != 0 ? fail(m, err, "") : 0;
}

static int fail_rev(struct import *m, uint64_t line, uint64_t found, uint64_t expected)
{
    char words[100];
    snprintf(words, sizeof words, "rev: found %" PRIu64 "; expected %" PRIu64, found, expected);
    return fail_line(m, line, WEFT_EINVAL, words);
}

static int import_base(struct import *m, uint64_t line, const char *json, size_t len)
{
    struct log_base in;
    struct room_error error;
    int err = log_base_decode(json, len, &in, &error);
    if (err != 0)
        return fail_line(m, line, err, error.words);
    if (in.rev != m->base_rev)
        err = fail_rev(m, line, in.rev, m->base_rev);
    else if ((err = add_base(m, &in)) != 0)
        err = fail_line(m, line, err, m->why);
    log_base_done(&in);
    return err;
}

static int import_line(struct import *m, uint64_t line, const char *json, size_t len)
{
    struct log_line in;
    struct room_error error;
    int err = log_line_decode(json, len, &in, &error);
    if (err != 0)
        return fail_line(m, line, err, error.words);
    if (in.record.rev != audit_rev(m->audit) + 1) {
        err = fail_rev(m, line, in.record.rev, audit_rev(m->audit) + 1);
    } else {
        err = add(m, &in.record, &in.op);
        if (err != 0)
            err = fail_line(m, line, err, m->why);
    }
    log_line_done(&in);
    return err;
}

static int import_log(struct import *m)
{
    struct log_head head = {0};
    struct room_error error;
    char *line = NULL;
    size_t cap = 0;
    uint64_t n = 0;
    int err = 0;
    ssize_t len;
    while (err == 0 && (len = getline(&line, &cap, stdin)) >= 0) {
        n++;
        if (n == 2 && m->base_rev != 0)
            err = import_base(m, n, line, (size_t)len);
        else if (n != 1)
            err = import_line(m, n, line, (size_t)len);
        else if ((err = log_head_decode(line, (size_t)len, &head, &error)) != 0)
            err = fail_line(m, n, err, error.words);
        m->base_rev = head.base_rev;
    }
    if (err == 0 && ferror(stdin))
        err = fail(m, WEFT_EIO, "stdin cannot be read");
    if (err == 0 && (n == 0 || audit_rev(m->audit) != head.rev)) {
        snprintf(m->why, sizeof m->why,
                 "stdin: found %" PRIu64 " lines; expected a first one and %" PRIu64 " revisions",
                 n, head.rev - head.base_rev);
        err = WEFT_EINVAL;
    }
    free(line);
    return err;
}

/* --- both --- */

static int import_room(struct import *m, bool log)
{
    size_t n;
    int err = store_batch_new(&m->batch);
    if (err == 0)
        err = audit_new(weft_heap(), &m->epoch, &m->audit);
    if (err != 0)
        return fail(m, err, "");
    m->sum = record_first_sum(&m->epoch);
    err = look(m);
    if (err == 0)
        err = log ? import_log(m) : import_text(m);
    if (err != 0)
        return err;
    const struct store_write *writes = store_batch_writes(m->batch, &n);
    err = store_commit(m->store, writes, n);
    return err != 0 ? fail(m, err, store_error_text(m->store)) : 0;
}

static void say_done(const struct import *m)
{
    uint64_t revs = audit_rev(m->audit) - m->base_rev;
    printf("room %s: %" PRIu64 " revision%s", m->room, revs, revs == 1 ? "" : "s");
    if (m->base_rev != 0)
        printf(" behind revision %" PRIu64, m->base_rev);
    printf(", %zu code points\n", weft_text_size(audit_text(m->audit)).cp);
}

static int import_folder(struct import *m, const char *folder, bool log)
{
    int lock = -1;
    if (store_folder_take(folder, &lock, m->why, sizeof m->why) != 0)
        return command_fail(m->why);
    int err = store_tip_check(folder, m->why, sizeof m->why);
    if (err == 0)
        err = store_folder_settle(folder, m->why, sizeof m->why);
    if (err == 0)
        err = store_sqlite_open(folder, STORE_SYNC_FULL, &m->store, m->why, sizeof m->why);
    if (err == 0)
        err = import_room(m, log);
    if (err == 0)
        say_done(m);
    else
        command_fail(m->why);
    audit_free(m->audit);
    store_batch_free(m->batch);
    buf_done(&m->record);
    store_free(m->store);
    close(lock);
    return err == 0 ? EXIT_DONE : EXIT_FAILED;
}

static const char usage[] =
    "weft import --room NAME [--format text|log] [--replace yes] [--data FOLDER]\n"
    "\n"
    "Makes a room from stdin: from a text, as its first revision, or from the lines that\n"
    "`weft export --format log` has written, with all authors and times. The room gets an epoch of\n"
    "its own. All of it is there afterwards, or nothing. The folder must not be in use.\n"
    "\n"
    "  --room NAME     as in /r/NAME, without percent signs; need not be the exported room's\n"
    "  --format        text (the default) or log\n"
    "  --replace yes   ends a room of that name; clients that knew it merge what they have\n"
    "  --data FOLDER   default ./weft-data, or WEFT_DATA from the environment; made when missing\n"
    "\n"
    "Exit status: 0 all of it is on disk, 1 nothing was changed, 2 not understood.\n";

int command_import(int argc, char **argv)
{
    const char *folder = command_data();
    const char *format = "text";
    const char *replace = "no";
    struct import m = {0};
    const struct command_flag flags[] = {
        {"data", &folder}, {"room", &m.room}, {"format", &format}, {"replace", &replace}, {0}};
    bool log;
    int status;
    if (!command_read(argc, argv, usage, flags, &status))
        return status;
    if (!command_room("import", m.room) || !command_format("import", format, &log))
        return EXIT_USAGE;
    if (strcmp(replace, "yes") != 0 && strcmp(replace, "no") != 0) {
        fprintf(stderr, "weft import: --replace: found %.40s; expected yes or no\n", replace);
        return EXIT_USAGE;
    }
    m.replace = strcmp(replace, "yes") == 0;
    chance_uuid(m.epoch.bytes);
    buf_init(&m.record, weft_heap());
    return import_folder(&m, folder, log);
}
