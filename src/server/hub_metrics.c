/* /metrics: counters for whoever watches the server, in the text form of Prometheus (exposition format
 * 0.0.4). Only what is kept anyway, or costs an addition for each commit. */
#include "server/hub_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"

enum { METRICS_BYTES = 2048 + WORKERS_MAX * 3 * 64 };

void metrics_commit(struct hub *h, const struct store_result *result)
{
    struct commit_counters *c = &h->committed;
    uint64_t records = 0;
    if (result->err != 0) {
        tally_add64(&c->failures, 1);
        return;
    }
    for (size_t i = 0; i < store_batch_count(result->batch); i++)
        records += store_batch_kind(result->batch, i) == STORE_RECORD;
    tally_add64(&c->records, records);
    if (!result->leads) /* another hub counts the transaction */
        return;
    tally_add64(&c->commits, 1);
    tally_add64(&c->took_us, (uint64_t)result->took_us);
}

static struct commit_counters sum_commits(const struct hub_all *all)
{
    struct commit_counters sum = {0};
    for (unsigned i = 0; i < all->n; i++) {
        const struct commit_counters *c = &all->hubs[i]->committed;
        sum.commits += tally_read64(&c->commits);
        sum.records += tally_read64(&c->records);
        sum.took_us += tally_read64(&c->took_us);
        sum.failures += tally_read64(&c->failures);
    }
    return sum;
}

size_t metrics_connections(const struct hub_all *all)
{
    size_t sum = 0;
    for (unsigned i = 0; i < all->n; i++)
        sum += tally_read(&all->hubs[i]->n_conns);
    return sum;
}

struct page {
    size_t len;
    char bytes[METRICS_BYTES];
};

static void say(struct page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct page *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(p->bytes + p->len, sizeof p->bytes - p->len, format, args);
    va_end(args);
    WEFT_ASSERT(n >= 0 && (size_t)n < sizeof p->bytes - p->len);
    p->len += (size_t)n;
}

static void say_metric(struct page *p, const char *name, const char *type, const char *help)
{
    say(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void say_all(struct page *p, const struct hub_all *all)
{
    const struct commit_counters c = sum_commits(all);
    say_metric(p, "weft_commits_total", "counter",
               "Commits: groups of records written and, with --sync full, synced.");
    say(p, "weft_commits_total %llu\n", (unsigned long long)c.commits);
    say_metric(p, "weft_commit_records_total", "counter",
               "Records, one for each operation, in these commits.");
    say(p, "weft_commit_records_total %llu\n", (unsigned long long)c.records);
    say_metric(p, "weft_commit_seconds_total", "counter", "Time the store took for these commits.");
    say(p, "weft_commit_seconds_total %.6f\n", (double)c.took_us / 1e6);
    say_metric(p, "weft_commit_failures_total", "counter",
               "Commits that failed; nothing of them was acknowledged.");
    say(p, "weft_commit_failures_total %llu\n", (unsigned long long)c.failures);
    say_metric(p, "weft_connections", "gauge", "WebSockets that are open.");
    say(p, "weft_connections %zu\n", metrics_connections(all));
    say_metric(p, "weft_rooms", "gauge", "Rooms in memory.");
    say(p, "weft_rooms %zu\n", tally_read(&all->n_entries));
}

/* How evenly the rooms are spread. */
static void say_loops(struct page *p, const struct hub_all *all)
{
    say_metric(p, "weft_loop_connections", "gauge", "WebSockets of each event loop.");
    for (unsigned i = 0; i < all->n; i++)
        say(p, "weft_loop_connections{loop=\"%u\"} %zu\n", i, tally_read(&all->hubs[i]->n_conns));
    say_metric(p, "weft_loop_rooms", "gauge", "Rooms in memory of each event loop.");
    for (unsigned i = 0; i < all->n; i++)
        say(p, "weft_loop_rooms{loop=\"%u\"} %zu\n", i, tally_read(&all->hubs[i]->n_entries));
    say_metric(p, "weft_loop_handed_total", "counter",
               "Connections that each event loop was handed by another, which had accepted them.");
    for (unsigned i = 0; i < all->n; i++)
        say(p, "weft_loop_handed_total{loop=\"%u\"} %llu\n", i,
            (unsigned long long)net_handed(all->hubs[i]->net));
}

void http_metrics(struct hub *h, struct net_request *r)
{
    static const struct net_header no_store = {"Cache-Control", "no-store"};
    struct page page;
    page.len = 0;
    say_all(&page, h->all);
    say_loops(&page, h->all);
    struct net_answer answer = {.status = 200,
                                .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                .headers = &no_store,
                                .n_headers = 1,
                                .body = page.bytes,
                                .body_len = page.len};
    net_answer(r, &answer);
}
