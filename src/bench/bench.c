#include "bench/command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/ramp.h"
#include "bench/report.h"

enum { MEASURED = 0, FAILED = 1, NOT_UNDERSTOOD = 2, WHY_BYTES = 500 };

#define BUSY 90 /* percent of a core: from here on the generator may be what is measured */

static int usage_error(const char *why)
{
    fprintf(stderr, "weft bench: %s\n", why);
    return NOT_UNDERSTOOD;
}

static void note_limits(struct report *r)
{
    const struct load_measured *m = &r->measured;
    double busy = r->has_measured ? m->use.own_cpu_us / m->use.seconds / 1e4
                                  : r->joined.use.own_cpu_us / r->joined.use.seconds / 1e4;
    if (busy >= BUSY)
        report_note(r,
                    "the generator was %.0f %% busy: what the server can do is a lower bound "
                    "here, and times are too long",
                    busy);
    if (r->has_measured && m->times.lost != 0)
        report_note(r,
                    "of %llu deliveries the time could not be told: their operations were too "
                    "long ago; the percentiles are of the others",
                    (unsigned long long)m->times.lost);
    if (r->has_measured && !m->taken)
        report_note(r,
                    "where work piles up, times grow with the length of the run: none are given");
    if (r->has_measured && m->cut != 0)
        report_note(r, "%llu connections that read nothing were closed by the server",
                    (unsigned long long)m->cut);
}

/* What was measured, and yet is no answer to what was asked. */
static bool is_answered(const struct report *r, char *why)
{
    const struct load_measured *m = &r->measured;
    if (!r->has_measured)
        return true;
    if (m->all.refused != 0) {
        snprintf(why, WHY_BYTES, "the server refused %llu messages, the first with %s",
                 (unsigned long long)m->all.refused, m->refusal);
        return false;
    }
    if (!m->taken) {
        snprintf(why, WHY_BYTES,
                 "the server, or this machine, did not take the rate: %.0f op/s were offered, %.0f "
                 "acknowledged, and at the end it was %.1f s behind",
                 m->offered, (double)m->window.acknowledged / m->use.seconds, m->behind_s);
        return false;
    }
    return true;
}

/* False: there is no result, and `why` says why. */
static bool measure(struct load *l, struct report *r, FILE *out, char *why)
{
    const struct options *o = r->o;
    const struct load_step step = {.rate = o->rate, .warm_ms = o->warm_ms, .seconds = o->seconds};
    if (load_join(l, &r->joined) != 0)
        return false;
    r->has_joined = true;
    report_joined(r, out);
    fflush(out);
    if (o->ramp_p99_ms != 0)
        r->has_measured = ramp_run(l, r, why, WHY_BYTES);
    else
        r->has_measured = load_type(l, &step, &r->measured) == 0;
    return r->has_measured;
}

static int run(struct report *r, const struct adapter *adapter, const struct url *url,
               const struct proc *proc, FILE *out, char *why)
{
    struct load *l = load_new(r->o, adapter, url, proc, why, WHY_BYTES);
    if (l == NULL)
        return FAILED;
    report_begin(r, out);
    fflush(out);
    bool measured = measure(l, r, out, why);
    if (!measured && *why == '\0')
        snprintf(why, WHY_BYTES, "%s", load_why(l));
    load_free(l);
    note_limits(r);
    report_table(r, out);
    fflush(out);
    return measured && is_answered(r, why) ? MEASURED : FAILED;
}

/* The file is opened before anything is measured, so that a wrong name costs no time. */
static FILE *open_json(const char *name, char *why)
{
    FILE *f = strcmp(name, "-") == 0 ? stdout : fopen(name, "we");
    if (f == NULL)
        snprintf(why, WHY_BYTES, "--json: %.200s: %s", name, strerror(errno));
    return f;
}

static bool write_json(const struct report *r, FILE *f)
{
    report_json(r, f);
    bool ok = fflush(f) == 0 && ferror(f) == 0;
    if (f != stdout)
        ok = fclose(f) == 0 && ok;
    return ok;
}

int command_bench(int argc, char **argv)
{
    struct options o;
    struct url url;
    struct proc proc;
    FILE *json = NULL;
    char why[WHY_BYTES] = "";
    int err = options_read(&o, argc - 1, argv + 1, why, sizeof why);
    if (err == WEFT_ENOENT) {
        options_print_help();
        return MEASURED;
    }
    if (err != 0 || !url_read(&url, o.url, why, sizeof why) ||
        !proc_read_list(&proc, o.pid, why, sizeof why) ||
        (*o.json != '\0' && (json = open_json(o.json, why)) == NULL))
        return usage_error(why);
    signal(SIGPIPE, SIG_IGN);
    struct report *r = calloc(1, sizeof *r);
    if (r == NULL)
        return usage_error("out of memory");
    r->o = &o;
    /* Where JSON goes to standard output, people read the other one. */
    FILE *out = json == stdout ? stderr : stdout;
    int status = run(r, adapter_find(o.protocol), &url, &proc, out, why);
    if (status != MEASURED) {
        r->failure = why;
        fprintf(stderr, "weft bench: %s\n", why);
    }
    if (json != NULL && !write_json(r, json)) {
        fprintf(stderr, "weft bench: --json: %s: %s\n", o.json, strerror(errno));
        status = FAILED;
    }
    free(r);
    return status;
}
