#include "support/room_say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "support/gen.h"

enum { TEXT_SHOWN_BYTES = 60 };

static void say_user(FILE *f, const struct uuid *id)
{
    uint8_t c = id->bytes[15];
    if (c > ' ' && c < 0x7f)
        fputc(c, f);
    else
        fprintf(f, "#%02x%02x", id->bytes[14], c);
}

static void say_text(FILE *f, const struct weft_text *text)
{
    struct weft_text_iter it;
    const char *chunk;
    size_t len;
    size_t bytes = weft_text_size(text).bytes;
    if (bytes > TEXT_SHOWN_BYTES) {
        fprintf(f, "'%zu bytes'", bytes);
        return;
    }
    int err = weft_text_iter_at(text, 0, &it);
    WEFT_ASSERT(err == 0);
    fputc('\'', f);
    while (weft_text_iter_next(&it, &chunk, &len))
        fwrite(chunk, 1, len, f);
    fputc('\'', f);
}

static void say_op(FILE *f, const struct weft_op *op)
{
    char *json = op_json(op);
    if (strlen(json) > TEXT_SHOWN_BYTES)
        fprintf(f, "[%zu in, %zu out]", weft_op_inserted_cp(op), weft_op_deleted_cp(op));
    else
        fputs(json, f);
    free(json);
}

static void say_meta(FILE *f, const struct room_meta *meta)
{
    fputc('{', f);
    for (size_t i = 0; i < meta->n; i++) {
        const struct room_meta_entry *e = &meta->entries[i];
        fprintf(f, "%s%s%.*s", i != 0 ? "," : "", e->removed ? "-" : "", (int)e->key_len, e->key);
        if (!e->removed)
            fprintf(f, "=%.*s", (int)e->value_len, e->value);
    }
    fputc('}', f);
}

static void say_person(FILE *f, const struct room_person *p)
{
    say_user(f, &p->user_id);
    if (p->name_len != 0)
        fprintf(f, " '%.*s'", (int)p->name_len, p->name);
    if (p->has_color)
        fprintf(f, " %.*s", COLOR_BYTES, p->color);
}

static void say_cursor(FILE *f, size_t position_cp, size_t anchor_cp, bool has_anchor)
{
    fprintf(f, "@%zu", position_cp);
    if (has_anchor)
        fprintf(f, "-%zu", anchor_cp);
}

static void say_welcome(FILE *f, const struct room_welcome *w)
{
    fprintf(f, "welcome %llu ", (unsigned long long)w->rev);
    if (w->text != NULL)
        say_text(f, w->text);
    else
        fprintf(f, "resume");
    fprintf(f, " %zu ", w->length_cp);
    say_user(f, &w->user_id);
    fprintf(f, " seq %llu%s", (unsigned long long)w->seq, w->mode == ROOM_READ ? " read" : "");
    if (w->meta != NULL) {
        fputc(' ', f);
        say_meta(f, w->meta);
    }
    for (size_t i = 0; i < w->n_users; i++) {
        fprintf(f, "%s", i == 0 ? " with " : ", ");
        say_person(f, &w->users[i]);
        if (w->users[i].has_cursor)
            say_cursor(f, w->users[i].position_cp, w->users[i].anchor_cp, w->users[i].has_anchor);
    }
}

static void say_edit(FILE *f, const struct room_edit *m)
{
    if (m->composed) {
        fprintf(f, "edit %llu..%llu ", (unsigned long long)m->from, (unsigned long long)m->rev);
    } else {
        fprintf(f, "edit %llu ", (unsigned long long)m->rev);
        say_user(f, &m->user_id);
        fputc(' ', f);
    }
    say_op(f, m->op);
    if (m->meta != NULL) {
        fputc(' ', f);
        say_meta(f, m->meta);
    }
}

static void say_ack(FILE *f, const struct room_ack *m)
{
    fprintf(f, "ack %llu", (unsigned long long)m->rev);
    if (m->seq != 0)
        fprintf(f, " seq %llu", (unsigned long long)m->seq);
    if (m->dup)
        fprintf(f, " dup");
}

static void say_error(FILE *f, const struct room_error *m)
{
    fprintf(f, "error %s", weft_error_wire(m->err));
    if (m->seq != 0)
        fprintf(f, " seq %llu", (unsigned long long)m->seq);
    if (m->retry_ms != 0)
        fprintf(f, " retry %u", m->retry_ms);
    fprintf(f, " (%s)", m->words);
}

static void say_history(FILE *f, const struct room_history_answer *m)
{
    fprintf(f, "history %llu-%llu", (unsigned long long)m->from, (unsigned long long)m->to);
    for (size_t i = 0; i < m->n && m->n <= 10; i++) {
        const struct room_history_item *item = &m->items[i];
        fprintf(f, " <%llu ", (unsigned long long)item->rev);
        say_user(f, &item->user_id);
        if (item->name.len != 0)
            fprintf(f, " '%.*s'", (int)item->name.len, item->name.at);
        fputc(' ', f);
        say_op(f, item->op);
        if (item->meta != NULL) {
            fputc(' ', f);
            say_meta(f, item->meta);
        }
        fputc('>', f);
    }
}

static void say_message(FILE *f, const struct room_message *m)
{
    switch (m->type) {
    case MESSAGE_WELCOME:
        say_welcome(f, &m->welcome);
        break;
    case MESSAGE_ACK:
        say_ack(f, &m->ack);
        break;
    case MESSAGE_EDIT:
        say_edit(f, &m->edit);
        break;
    case MESSAGE_META:
        fprintf(f, "meta %llu ", (unsigned long long)m->meta.rev);
        say_user(f, &m->meta.user_id);
        fputc(' ', f);
        say_meta(f, m->meta.meta);
        break;
    case MESSAGE_CURSOR:
        fprintf(f, "cursor %llu ", (unsigned long long)m->cursor.rev);
        say_user(f, &m->cursor.user_id);
        say_cursor(f, m->cursor.position_cp, m->cursor.anchor_cp, m->cursor.has_anchor);
        break;
    case MESSAGE_JOIN:
    case MESSAGE_USER:
    case MESSAGE_LEAVE:
        fprintf(f, m->type == MESSAGE_JOIN   ? "join "
                   : m->type == MESSAGE_USER ? "user "
                                             : "leave ");
        say_person(f, &m->person);
        break;
    case MESSAGE_ERROR:
        say_error(f, &m->error);
        break;
    case MESSAGE_TEXT:
        fprintf(f, "text %llu ", (unsigned long long)m->text.rev);
        say_text(f, m->text.text);
        break;
    case MESSAGE_HISTORY:
        say_history(f, &m->history);
        break;
    case MESSAGE_SIGNAL:
        fprintf(f, "signal ");
        say_user(f, &m->signal.from);
        fprintf(f, " %.*s", (int)m->signal.data.len, m->signal.data.at);
        break;
    case MESSAGE_CLOSING:
    case MESSAGE_PONG:
    case MESSAGE_HELP:
        WEFT_NEVER("a room never says this");
    }
}

static void say_fetch(FILE *f, uint64_t conn, const struct room_fetch *fetch)
{
    fprintf(f, "fetch %llu #%llu ", (unsigned long long)conn, (unsigned long long)fetch->ticket);
    if (fetch->base)
        fprintf(f, "base %llu", (unsigned long long)fetch->rev);
    else
        fprintf(f, "read %llu-%llu", (unsigned long long)fetch->from,
                (unsigned long long)fetch->to);
}

static void say(FILE *f, const struct room_effect *e)
{
    switch (e->kind) {
    case ROOM_PERSIST:
        fprintf(f, "persist %llu", (unsigned long long)e->rev);
        break;
    case ROOM_SNAPSHOT:
        fprintf(f, "snapshot %llu", (unsigned long long)e->rev);
        if (e->instead != 0)
            fprintf(f, " for %llu", (unsigned long long)e->instead);
        break;
    case ROOM_TRIM:
        fprintf(f, "trim %llu", (unsigned long long)e->rev);
        break;
    case ROOM_SEND:
        fprintf(f, "%llu: ", (unsigned long long)e->conn);
        say_message(f, &e->message);
        break;
    case ROOM_BROADCAST:
        if (e->conn != 0)
            fprintf(f, "!%llu: ", (unsigned long long)e->conn);
        else
            fprintf(f, "*: ");
        say_message(f, &e->message);
        break;
    case ROOM_CLOSE:
        fprintf(f, "close %llu %u (%s)", (unsigned long long)e->conn, (unsigned)e->close.code,
                e->close.reason);
        break;
    case ROOM_FETCH:
        say_fetch(f, e->conn, &e->fetch);
        break;
    }
}

char *say_effect(const struct room_effect *e)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);
    WEFT_ASSERT(f != NULL);
    say(f, e);
    fclose(f);
    return out;
}

char *say_effects(const struct room_effects *fx)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);
    WEFT_ASSERT(f != NULL);
    for (size_t i = 0; i < room_effects_count(fx); i++) {
        if (i != 0)
            fputs("; ", f);
        say(f, room_effects_at(fx, i));
    }
    fclose(f);
    return out;
}

char *say_room(const struct room *room)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);
    WEFT_ASSERT(f != NULL);
    struct room_info info = room_info(room);
    fprintf(f, "rev %llu head %llu base %llu bytes %zu people %zu%s%s presence %llu ",
            (unsigned long long)info.rev, (unsigned long long)info.head_rev,
            (unsigned long long)info.base_rev, info.length_bytes, info.n_people,
            info.wants_flush ? " flush" : "", info.is_idle ? " idle" : "",
            (unsigned long long)info.presence_seq);
    say_text(f, room_text(room));
    if (room_meta_of(room) != NULL)
        say_meta(f, room_meta_of(room));
    for (size_t i = 0; i < info.n_people; i++) {
        struct room_person p;
        room_person_at(room, i, &p);
        fputs("; ", f);
        say_person(f, &p);
        if (p.has_cursor)
            say_cursor(f, p.position_cp, p.anchor_cp, p.has_anchor);
    }
    fclose(f);
    return out;
}
