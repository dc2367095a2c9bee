/* What each client did and saw, as lines of JSON: tests/sim/README.md says what stands in them. */
#include "sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/encode.h"

static void put(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct buf *out, const char *format, ...)
{
    char words[160];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(words, sizeof words, format, args);
    va_end(args);
    sim_must(buf_put(out, words, (size_t)n), "a line of the record");
}

static void put_op(struct buf *out, const struct weft_op *op)
{
    struct json_writer w = jw_begin(out);
    jw_op(&w, op);
    sim_must(jw_end(&w), "an operation in the record");
}

static void put_meta(struct buf *out, const struct room_meta *meta)
{
    struct json_writer w = jw_begin(out);
    write_meta(&w, meta);
    sim_must(jw_end(&w), "entries in the record");
}

void note_begin(struct world *w)
{
    if (w->record == NULL)
        return;
    buf_clear(&w->line);
    put(&w->line, "{\"weft\":\"sim\",\"version\":1,\"seed\":%" PRIu64 ",\"clients\":%zu}\n",
        w->play.seed, w->swarm.n_clients);
    fwrite(w->line.data, 1, w->line.len, w->record);
}

/* The event's own field is in w->line; sent, rev, pending and text follow. */
static void finish(struct world *w, int client)
{
    const struct client *c = w->people[client].client;
    struct json_writer jw;
    put(&w->line, ",\"sent\":[");
    sim_must(buf_put(&w->line, w->sent.data, w->sent.len), "a line of the record");
    put(&w->line, "],\"rev\":%" PRIu64 ",\"pending\":%s,\"text\":", client_rev(c),
        client_is_clean(c) ? "false" : "true");
    jw = jw_begin(&w->line);
    jw_text(&jw, client_text(c));
    sim_must(jw_end(&jw), "a text in the record");
    put(&w->line, "}\n");
    fwrite(w->line.data, 1, w->line.len, w->record);
    buf_clear(&w->sent);
}

static bool start(struct world *w, int client, const char *event)
{
    if (w->record == NULL)
        return false;
    buf_clear(&w->line);
    put(&w->line, "{\"client\":%d,\"event\":\"%s\"", client, event);
    return true;
}

void note_event(struct world *w, int client, const char *event, const uint8_t *message, size_t len)
{
    if (!start(w, client, event))
        return;
    if (message != NULL) {
        put(&w->line, ",\"message\":");
        sim_must(buf_put(&w->line, message, len), "a line of the record");
    }
    finish(w, client);
}

void note_op(struct world *w, int client, const struct weft_op *op)
{
    if (!start(w, client, "edit"))
        return;
    put(&w->line, ",\"op\":");
    put_op(&w->line, op);
    finish(w, client);
}

void note_meta(struct world *w, int client, const struct room_meta *entries)
{
    if (!start(w, client, "meta"))
        return;
    put(&w->line, ",\"meta\":");
    put_meta(&w->line, entries);
    finish(w, client);
}

void note_sent(struct world *w, const struct weft_op *op, const struct room_meta *meta,
               uint64_t rev, uint64_t seq)
{
    if (w->record == NULL)
        return;
    if (w->sent.len != 0)
        put(&w->sent, ",");
    put(&w->sent, "{\"type\":\"%s\",\"%s\":", op != NULL ? "edit" : "meta",
        op != NULL ? "op" : "meta");
    if (op != NULL)
        put_op(&w->sent, op);
    else
        put_meta(&w->sent, meta);
    if (op != NULL)
        put(&w->sent, ",\"rev\":%" PRIu64, rev);
    put(&w->sent, ",\"seq\":%" PRIu64 "}", seq);
}
