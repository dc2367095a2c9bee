#include "bench/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/json_out.h"
#include <weft/version.h>

static const struct {
    const char *name;
    double percent;
} PERCENTILES[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p999", 99.9}};

enum { N_PERCENTILES = sizeof PERCENTILES / sizeof PERCENTILES[0], FEW = 100 };

void report_note(struct report *r, const char *format, ...)
{
    va_list args;
    if (r->n_notes == REPORT_NOTES_MAX)
        return;
    va_start(args, format);
    vsnprintf(r->notes[r->n_notes++], REPORT_NOTE_BYTES, format, args);
    va_end(args);
}

static double us(uint64_t ns)
{
    return (double)ns / 1e3;
}

/* --- the table --- */

/* Three or four digits that count, thousands apart. */
static const char *number(double v, char out[32])
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%.*f", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v);
    size_t at = 0;
    bool whole = v >= 99.95;
    for (int i = 0; i < n && at < 31; i++) {
        if (whole && i != 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

static void row(FILE *out, const char *name, const struct histogram *h)
{
    char cell[32];
    if (h->n == 0)
        return;
    fprintf(out, "%-18s", name);
    for (size_t i = 0; i < N_PERCENTILES; i++)
        fprintf(out, " %10s", number(us(histogram_percentile(h, PERCENTILES[i].percent)), cell));
    fprintf(out, " %10s", number(us(h->most), cell));
    fprintf(out, " %10s", number(histogram_mean(h) / 1e3, cell));
    fprintf(out, " %10llu\n", (unsigned long long)h->n);
}

static void heads(FILE *out)
{
    fprintf(out, "%-18s %10s %10s %10s %10s %10s %10s %10s\n", "microseconds", "p50", "p90", "p99",
            "p99.9", "most", "mean", "n");
}

void report_begin(const struct report *r, FILE *out)
{
    const struct options *o = r->o;
    fprintf(out, "%s, %s%s%s: %u room%s of %u, %u of them type", o->url, o->protocol,
            *o->scenario != '\0' ? ", " : "", o->scenario, o->rooms, o->rooms == 1 ? "" : "s",
            o->clients, o->writers);
    if (o->writers != 0 && o->rate > 0)
        fprintf(out, " %g/s each%s", o->rate, o->ramp_p99_ms != 0 ? " to begin with" : "");
    else if (o->writers != 0)
        fprintf(out, ", %u operation%s in flight each", o->window, o->window == 1 ? "" : "s");
    if (o->cursors != 0)
        fprintf(out, "; %u move cursors %g/s each", o->cursors, o->cursor_rate);
    if (o->slow_readers != 0)
        fprintf(out, "; %u read nothing", o->slow_readers);
    fputs("\n", out);
}

static void memory(FILE *out, const struct proc_use *use)
{
    fprintf(out, "%-18s %.1f MiB, at most %.1f\n", "server memory", use->rss_bytes / (1 << 20),
            use->peak_bytes / (1 << 20));
}

void report_joined(const struct report *r, FILE *out)
{
    const struct load_joined *j = &r->joined;
    char cell[32];
    if (j->document_ops != 0)
        fprintf(out, "%-18s %llu characters a room by %llu operations in %.1f s\n", "text",
                (unsigned long long)j->document_chars, (unsigned long long)j->document_ops,
                j->document_seconds);
    fprintf(out, "%-18s %llu in %.3f s, %s a second, %s bytes each\n", "joined",
            (unsigned long long)j->n, j->use.seconds, number((double)j->n / j->use.seconds, cell),
            number((double)j->bytes / (double)j->n, (char[32]){0}));
    if (j->use.has_server) {
        fprintf(out, "%-18s %s us a join", "server",
                number(j->use.server_cpu_us / (double)j->n, cell));
        if (j->n >= FEW) /* of a few it is what the server sets up once */
            fprintf(out, ", %.2f KiB a connection",
                    (j->after.rss_bytes - j->before.rss_bytes) / 1024 / (double)j->n);
        fputs("\n", out);
    }
    heads(out);
    row(out, "joined", &j->latency);
}

static void steps(const struct report *r, FILE *out)
{
    char cell[3][32];
    if (r->n_steps == 0)
        return;
    fprintf(out, "%-18s %10s %10s %12s\n", "ramp", "offered/s", "taken/s", "p99 us");
    for (size_t i = 0; i < r->n_steps; i++) {
        const struct report_step *s = &r->steps[i];
        fprintf(out, "%-18s %10s %10s %12s\n", s->held ? "  held" : "  not held",
                number(s->offered, cell[0]), number(s->ops_per_s, cell[1]),
                s->has_p99 ? number(s->p99_us, cell[2]) : "-");
    }
}

static void use_of(const struct load_measured *m, FILE *out)
{
    const struct load_use *u = &m->use;
    char cell[32];
    if (u->has_server) {
        fprintf(out, "%-18s %.1f %% of a core", "server", u->server_cpu_us / u->seconds / 1e4);
        if (m->window.acknowledged != 0)
            fprintf(out, ", %s us an operation",
                    number(u->server_cpu_us / (double)m->window.acknowledged, cell));
        if (m->window.delivered != 0)
            fprintf(out, ", %s us a delivery",
                    number(u->server_cpu_us / (double)m->window.delivered, cell));
        fputs("\n", out);
        memory(out, &m->after);
    }
    fprintf(out, "%-18s %.1f %% of a core\n", "generator", u->own_cpu_us / u->seconds / 1e4);
}

void report_table(const struct report *r, FILE *out)
{
    const struct load_measured *m = &r->measured;
    char cell[3][32];
    steps(r, out);
    if (r->has_measured) {
        double s = m->use.seconds;
        row(out, "acknowledged", &m->times.ack);
        row(out, "delivered", &m->times.delivery);
        row(out, "generator late", &m->late);
        fprintf(out, "%-18s %.1f s", "measured", s);
        if (m->offered > 0)
            fprintf(out, ", %s op/s offered", number(m->offered, cell[0]));
        if (m->all.sent != 0)
            fprintf(out, ", %s op/s, %s deliveries/s",
                    number((double)m->window.acknowledged / s, cell[1]),
                    number((double)m->window.delivered / s, cell[2]));
        fputs("\n", out);
        if (m->all.cursors_sent != 0)
            fprintf(out, "%-18s %s/s moved, %s/s read\n", "cursors",
                    number((double)m->window.cursors_sent / s, cell[0]),
                    number((double)m->window.cursors_delivered / s, cell[1]));
        use_of(m, out);
    }
    for (size_t i = 0; i < r->n_notes; i++)
        fprintf(out, "%-18s %s\n", "note", r->notes[i]);
}

/* --- JSON --- */

static void json_histogram(struct json_out *j, const char *key, const struct histogram *h)
{
    if (h->n == 0)
        return;
    json_out_open(j, key, '{');
    json_out_uint(j, "n", h->n);
    json_out_real(j, "min", us(h->least));
    for (size_t i = 0; i < N_PERCENTILES; i++)
        json_out_real(j, PERCENTILES[i].name, us(histogram_percentile(h, PERCENTILES[i].percent)));
    json_out_real(j, "max", us(h->most));
    json_out_real(j, "mean", histogram_mean(h) / 1e3);
    json_out_close(j, '}');
}

static void json_options(struct json_out *j, const struct options *o)
{
    json_out_open(j, "options", '{');
#define JSON_TEXT(flag, field)                            json_out_text(j, flag, o->field)
#define JSON_NUMBER(flag, field)                          json_out_uint(j, flag, o->field)
#define JSON_BYTES(flag, field)                           json_out_uint(j, flag, o->field)
#define JSON_RATE(flag, field)                            json_out_real(j, flag, o->field)
#define X(kind, field, flag, standard, least, most, help) JSON_##kind(flag, field);
    OPTIONS(X)
#undef X
    json_out_close(j, '}');
}

static void json_memory(struct json_out *j, const char *key, const struct proc_use *use)
{
    json_out_open(j, key, '{');
    json_out_real(j, "rss_bytes", use->rss_bytes);
    json_out_real(j, "peak_bytes", use->peak_bytes);
    json_out_close(j, '}');
}

static void json_use(struct json_out *j, const struct load_use *use)
{
    json_out_real(j, "seconds", use->seconds);
    json_out_real(j, "generator_cpu_percent", use->own_cpu_us / use->seconds / 1e4);
    if (!use->has_server)
        return;
    json_out_real(j, "server_cpu_percent", use->server_cpu_us / use->seconds / 1e4);
    json_out_real(j, "server_cpu_us", use->server_cpu_us);
}

static void json_joined(struct json_out *j, const struct load_joined *joined)
{
    double n = (double)joined->n;
    json_out_open(j, "join", '{');
    json_out_uint(j, "n", joined->n);
    json_out_real(j, "per_s", n / joined->use.seconds);
    json_out_real(j, "bytes_each", (double)joined->bytes / n);
    json_use(j, &joined->use);
    if (joined->use.has_server) {
        json_out_real(j, "server_cpu_us_each", joined->use.server_cpu_us / n);
        json_out_real(j, "bytes_per_connection",
                      (joined->after.rss_bytes - joined->before.rss_bytes) / n);
        json_memory(j, "memory_before", &joined->before);
        json_memory(j, "memory_after", &joined->after);
    }
    if (joined->document_ops != 0) {
        json_out_uint(j, "document_characters", joined->document_chars);
        json_out_uint(j, "document_operations", joined->document_ops);
        json_out_real(j, "document_seconds", joined->document_seconds);
    }
    json_histogram(j, "latency_us", &joined->latency);
    json_out_close(j, '}');
}

static void json_rates(struct json_out *j, const struct load_measured *m)
{
    double s = m->use.seconds;
    if (m->offered > 0)
        json_out_real(j, "offered_per_s", m->offered);
    if (m->all.sent != 0) {
        json_out_real(j, "ops_per_s", (double)m->window.acknowledged / s);
        json_out_real(j, "deliveries_per_s", (double)m->window.delivered / s);
    }
    if (m->all.cursors_sent != 0) {
        json_out_real(j, "cursors_sent_per_s", (double)m->window.cursors_sent / s);
        json_out_real(j, "cursors_read_per_s", (double)m->window.cursors_delivered / s);
    }
    json_out_real(j, "bytes_read_per_s", (double)m->window.bytes_in / s);
    if (m->use.has_server && m->window.acknowledged != 0)
        json_out_real(j, "server_cpu_us_per_op",
                      m->use.server_cpu_us / (double)m->window.acknowledged);
    if (m->use.has_server && m->window.delivered != 0)
        json_out_real(j, "server_cpu_us_per_delivery",
                      m->use.server_cpu_us / (double)m->window.delivered);
}

static void json_measured(struct json_out *j, const struct load_measured *m)
{
    json_out_open(j, "load", '{');
    json_use(j, &m->use);
    json_rates(j, m);
    if (m->offered > 0)
        json_out_real(j, "behind_s", m->behind_s);
    json_out_uint(j, "due", m->all.due);
    json_out_uint(j, "sent", m->all.sent);
    json_out_uint(j, "acknowledged", m->all.acknowledged);
    json_out_uint(j, "delivered", m->all.delivered);
    json_out_uint(j, "expected", m->expected);
    json_out_uint(j, "refused", m->all.refused);
    json_out_uint(j, "lost_times", m->times.lost);
    json_out_uint(j, "cursors_sent", m->all.cursors_sent);
    json_out_uint(j, "cursors_read", m->all.cursors_delivered);
    if (m->cut != 0) /* one that is closed in good order is not seen by who does not read */
        json_out_uint(j, "slow_readers_cut", m->cut);
    json_histogram(j, "ack_us", &m->times.ack);
    json_histogram(j, "delivery_us", &m->times.delivery);
    json_histogram(j, "late_us", &m->late);
    if (m->use.has_server)
        json_memory(j, "memory", &m->after);
    json_out_close(j, '}');
}

static void json_steps(struct json_out *j, const struct report *r)
{
    json_out_open(j, "ramp", '[');
    for (size_t i = 0; i < r->n_steps; i++) {
        const struct report_step *s = &r->steps[i];
        json_out_open(j, NULL, '{');
        json_out_real(j, "offered_per_s", s->offered);
        json_out_real(j, "ops_per_s", s->ops_per_s);
        if (s->has_p99)
            json_out_real(j, "p99_us", s->p99_us);
        json_out_bool(j, "held", s->held);
        json_out_close(j, '}');
    }
    json_out_close(j, ']');
}

void report_json(const struct report *r, FILE *out)
{
    struct json_out j = {.out = out};
    json_out_open(&j, NULL, '{');
    json_out_text(&j, "weft", WEFT_VERSION);
    json_out_bool(&j, "ok", r->failure == NULL);
    if (r->failure != NULL)
        json_out_text(&j, "failure", r->failure);
    json_options(&j, r->o);
    if (r->has_joined)
        json_joined(&j, &r->joined);
    if (r->has_measured)
        json_measured(&j, &r->measured);
    if (r->n_steps != 0)
        json_steps(&j, r);
    json_out_open(&j, "notes", '[');
    for (size_t i = 0; i < r->n_notes; i++)
        json_out_text(&j, NULL, r->notes[i]);
    json_out_close(&j, ']');
    json_out_close(&j, '}');
    fputs("\n", out);
}
