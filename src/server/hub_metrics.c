/* /metrics: counters for whoever watches the server, in the text form of Prometheus (exposition format
 * 0.0.4). Only what is kept anyway, or costs an addition for each commit. */
#include "server/hub_state.h"

#include <stdio.h>

enum { METRICS_BYTES = 2048 };

void metrics_commit(struct hub *h, const struct store_batch *batch, int err, int64_t took_us)
{
    struct commit_counters *c = &h->committed;
    if (err != 0) {
        c->failures++;
        return;
    }
    c->commits++;
    c->took_us += (uint64_t)took_us;
    for (size_t i = 0; i < store_batch_count(batch); i++)
        c->records += store_batch_kind(batch, i) == STORE_RECORD;
}

void http_metrics(struct hub *h, struct net_request *r)
{
    static const struct net_header no_store = {"Cache-Control", "no-store"};
    const struct commit_counters *c = &h->committed;
    char body[METRICS_BYTES];
    int len = snprintf(
        body, sizeof body,
        "# HELP weft_commits_total Commits: groups of records written and, with --sync full, synced.\n"
        "# TYPE weft_commits_total counter\n"
        "weft_commits_total %llu\n"
        "# HELP weft_commit_records_total Records, one for each operation, in these commits.\n"
        "# TYPE weft_commit_records_total counter\n"
        "weft_commit_records_total %llu\n"
        "# HELP weft_commit_seconds_total Time the store took for these commits.\n"
        "# TYPE weft_commit_seconds_total counter\n"
        "weft_commit_seconds_total %.6f\n"
        "# HELP weft_commit_failures_total Commits that failed; nothing of them was acknowledged.\n"
        "# TYPE weft_commit_failures_total counter\n"
        "weft_commit_failures_total %llu\n"
        "# HELP weft_connections WebSockets that are open.\n"
        "# TYPE weft_connections gauge\n"
        "weft_connections %zu\n"
        "# HELP weft_rooms Rooms in memory.\n"
        "# TYPE weft_rooms gauge\n"
        "weft_rooms %zu\n",
        (unsigned long long)c->commits, (unsigned long long)c->records, (double)c->took_us / 1e6,
        (unsigned long long)c->failures, h->n_conns, h->n_entries);
    struct net_answer answer = {.status = 200,
                                .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                .headers = &no_store,
                                .n_headers = 1,
                                .body = body,
                                .body_len = (size_t)len};
    net_answer(r, &answer);
}
