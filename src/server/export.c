/* What is exported is checked on the way (room/audit.h): a log that does not hold together is written
 * up to where it breaks, and said to be broken. The folder is only read, also while a server writes
 * to it: what is exported is the log as it was when the command began. */
#include "server/export.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "room/audit.h"
#include "server/command.h"
#include "store/sqlite.h"
#include "store/tip.h"
#include "wire/log_line.h"
#include "wire/wire.h"

enum { WHY_BYTES = 400, READ_BYTES = 8 << 20 };

struct export
{
    struct store *store;
    const char *room;
    bool log;     /* lines of JSON, else the text */
    uint64_t rev; /* the last one */
    struct audit *audit;
    struct buf out;
    char why[WHY_BYTES];
};

static int say(struct export *x, int err)
{
    snprintf(x->why, sizeof x->why, "%s",
             err == WEFT_ENOMEM ? "out of memory" : store_error_text(x->store));
    return err;
}

/* What has gathered, to stdout. */
static int put(struct export *x)
{
    if (fwrite(x->out.data, 1, x->out.len, stdout) != x->out.len) {
        snprintf(x->why, sizeof x->why, "stdout: %m");
        return WEFT_EIO;
    }
    buf_clear(&x->out);
    return 0;
}

static int put_line(struct export *x, const uint8_t *bytes, size_t len)
{
    struct record r;
    struct room_meta meta = {.n = 0};
    struct weft_op op;
    weft_op_init(&op, weft_heap());
    int err = record_decode(bytes, len, &r);
    if (err == 0)
        err = weft_op_decode(bytes + r.op_at, len - r.op_at, &op);
    if (err == 0 && r.meta_at != 0)
        err = record_meta(bytes, len, &r, &meta);
    if (err == 0)
        err = log_line_encode(&r, &op, &meta, &x->out);
    weft_op_done(&op);
    return err == 0 ? put(x) : say(x, err);
}

static int put_records(struct export *x, const struct store_log *piece)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < piece->n_records; i++) {
        const uint8_t *bytes = piece->bytes.data + piece->records[i].at;
        size_t len = piece->records[i].len;
        err = audit_record(x->audit, bytes, len, x->why, sizeof x->why);
        if (err == WEFT_ENOMEM)
            return say(x, err);
        if (err == 0 && x->log)
            err = put_line(x, bytes, len);
    }
    return err;
}

static int put_head(struct export *x, const struct store_log *log)
{
    struct log_head head = {.room_len = (uint8_t)strlen(x->room),
                            .epoch = log->epoch,
                            .base_rev = log->base_rev,
                            .rev = x->rev};
    memcpy(head.room, x->room, head.room_len);
    int err = log_head_encode(&head, &x->out);
    return err == 0 ? put(x) : say(x, err);
}

static int put_text(struct export *x)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    int err = weft_text_iter_at(audit_text(x->audit), 0, &it);
    while (err == 0 && weft_text_iter_next(&it, &chunk, &len))
        if (fwrite(chunk, 1, len, stdout) != len) {
            snprintf(x->why, sizeof x->why, "stdout: %m");
            err = WEFT_EIO;
        }
    return err;
}

/* What log it is: the stretch behind its end has no records, and says so. */
static int look(struct export *x, struct store_log *ret)
{
    int err = store_read(x->store, x->room, strlen(x->room), REV_MAX, REV_MAX, 0, ret);
    if (err != 0)
        return say(x, err);
    uint64_t least = ret->base_rev != 0 ? ret->base_rev : 1;
    if (x->rev != 0 && (x->rev > ret->head || x->rev < least)) {
        snprintf(x->why, sizeof x->why,
                 "--rev: found %" PRIu64 "; expected %" PRIu64 " to %" PRIu64, x->rev, least,
                 ret->head);
        err = WEFT_EINVAL;
    }
    if (err != 0)
        store_log_done(ret);
    else if (x->rev == 0)
        x->rev = ret->head;
    return err;
}

/* Bytes that the audit has taken. */
static int put_base(struct export *x, const uint8_t *bytes, size_t len)
{
    struct snapshot s;
    struct sessions sessions;
    sessions_init(&sessions, weft_heap(), SESSIONS_MAX);
    int err = snapshot_decode(bytes, len, &s, &sessions);
    if (err == 0)
        err = log_base_encode(&s, &sessions, &x->out);
    sessions_done(&sessions);
    return err == 0 ? put(x) : say(x, err);
}

static int begin_trimmed(struct export *x, const struct store_log *log)
{
    struct store_log base;
    int err = store_base(x->store, x->room, strlen(x->room), log->base_rev, &base);
    if (err != 0)
        return say(x, err);
    const uint8_t *bytes = base.bytes.data + base.snapshot_at;
    err = audit_begin(x->audit, log->base_rev, bytes, base.snapshot_len, x->why, sizeof x->why);
    if (err == WEFT_ENOMEM)
        say(x, err);
    if (err == 0 && x->log)
        err = put_head(x, log);
    if (err == 0 && x->log)
        err = put_base(x, bytes, base.snapshot_len);
    store_log_done(&base);
    return err;
}

static int export_log(struct export *x)
{
    struct store_log log;
    int err = look(x, &log);
    if (err != 0)
        return err;
    err = audit_new(weft_heap(), &log.epoch, &x->audit);
    if (err != 0)
        say(x, err);
    if (err == 0 && log.base_rev != 0)
        err = begin_trimmed(x, &log);
    else if (err == 0 && x->log)
        err = put_head(x, &log);
    store_log_done(&log);
    while (err == 0 && audit_rev(x->audit) < x->rev) {
        struct store_log piece;
        err = store_read(x->store, x->room, strlen(x->room), audit_rev(x->audit) + 1, x->rev,
                         READ_BYTES, &piece);
        if (err != 0)
            return say(x, err);
        err = put_records(x, &piece);
        store_log_done(&piece);
    }
    return err == 0 && !x->log ? put_text(x) : err;
}

static int export_room(struct export *x)
{
    int err = export_log(x);
    int status = EXIT_DONE;
    if (err == WEFT_ENOENT)
        fprintf(stderr, "weft: no room %s in this folder\n", x->room);
    else if (err == WEFT_ECORRUPT)
        fprintf(stderr, "weft: %s; %s\n", x->why,
                x->log ? "what was written ends before it" : "nothing was written");
    else if (err != 0)
        fprintf(stderr, "weft: %s\n", x->why);
    if (err != 0)
        status = err == WEFT_ECORRUPT ? EXIT_DAMAGED : EXIT_FAILED;
    if (fflush(stdout) != 0 && err == 0)
        status = command_fail("stdout: not all could be written");
    audit_free(x->audit);
    buf_done(&x->out);
    return status;
}

static const char usage[] =
    "weft export --room NAME [--format text|log] [--rev N] [--data FOLDER]\n"
    "\n"
    "Writes a room to stdout: its text, or its whole log as lines of JSON, which `weft import`\n"
    "reads. Of a log whose beginning was deleted (--history), the room as it was there stands\n"
    "for that. A server may be using the folder.\n"
    "\n"
    "  --room NAME     as in /r/NAME, without percent signs\n"
    "  --format        text (the default) or log\n"
    "  --rev N         as it was at revision N; default the newest\n"
    "  --data FOLDER   default ./weft-data, or WEFT_DATA from the environment\n"
    "\n"
    "Exit status: 0 all was written, 1 it was not, 2 not understood, 3 the log is damaged.\n";

/* False: not understood, and said. */
static bool read_rev(const char *word, uint64_t *ret)
{
    if (word == NULL)
        return true;
    char *end;
    unsigned long long v = strtoull(word, &end, 10);
    if (*word >= '0' && *word <= '9' && *end == '\0' && v != 0 && v <= REV_MAX) {
        *ret = v;
        return true;
    }
    fprintf(stderr, "weft export: --rev: found %.40s; expected a revision, from 1\n", word);
    return false;
}

int command_export(int argc, char **argv)
{
    const char *folder = command_data();
    const char *room = NULL;
    const char *format = "text";
    const char *rev = NULL;
    const struct command_flag flags[] = {
        {"data", &folder}, {"room", &room}, {"format", &format}, {"rev", &rev}, {0}};
    struct export x = {0};
    int status;
    if (!command_read(argc, argv, usage, flags, &status))
        return status;
    if (!command_room("export", room) || !command_format("export", format, &x.log) ||
        !read_rev(rev, &x.rev))
        return EXIT_USAGE;
    x.room = room;
    buf_init(&x.out, weft_heap());
    if (!store_sqlite_is_there(folder, x.why, sizeof x.why) ||
        store_tip_check_unused(folder, x.why, sizeof x.why) != 0 ||
        store_sqlite_open(folder, STORE_READ, &x.store, x.why, sizeof x.why) != 0)
        return command_fail(x.why);
    status = export_room(&x);
    store_free(x.store);
    return status;
}
