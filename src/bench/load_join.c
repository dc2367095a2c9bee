#include <stdio.h>

#include "bench/load_state.h"

void load_use_begin(struct load *l, struct load_use *use)
{
    struct proc_use server = {0};
    *use = (struct load_use){.has_server = l->proc.n_roots != 0};
    if (use->has_server && !proc_use(&l->proc, &server))
        load_fail(l, "the server's process is gone");
    use->server_cpu_us = -server.cpu_us;
    use->own_cpu_us = -proc_own_cpu_us();
    use->seconds = -(double)load_now_ns() / 1e9;
}

bool load_use_end(struct load *l, struct load_use *use)
{
    struct proc_use server = {0};
    use->seconds += (double)load_now_ns() / 1e9;
    use->own_cpu_us += proc_own_cpu_us();
    if (use->has_server && !proc_use(&l->proc, &server))
        load_fail(l, "the server's process is gone");
    use->server_cpu_us += server.cpu_us;
    return !l->failed;
}

/* A line a second, for who waits. */
static void tell(struct load *l, const char *what, uint64_t n, uint64_t of)
{
    uint64_t now_ns = load_now_ns();
    if (!l->tells || now_ns - l->told_ns < 1000000000u)
        return;
    fprintf(stderr, "%10llu of %llu %s\n", (unsigned long long)n, (unsigned long long)of, what);
    l->told_ns = now_ns;
}

/* Clients `from` to `to` - 1, so many at a time. */
static int join(struct load *l, size_t from, size_t to)
{
    uint64_t start_ns = load_now_ns();
    uint64_t moved_ns = start_ns;
    uint64_t patience_ns = (uint64_t)l->o->timeout_ms * 1000000;
    double every_ns = l->joining != NULL && l->o->join_rate > 0 ? 1e9 / l->o->join_rate : 0;
    size_t before = l->n_joined;
    size_t seen = 0;
    l->n_started = from;
    l->told_ns = start_ns;
    while (!l->failed && l->n_joined - before < to - from) {
        uint64_t now_ns = load_now_ns();
        uint64_t until_ns = now_ns + 100000000;
        while (l->n_started < to && !l->failed) {
            uint64_t due_ns = now_ns;
            if (every_ns > 0)
                due_ns = start_ns + (uint64_t)(every_ns * (double)(l->n_started - from));
            else if (l->n_started - from - (l->n_joined - before) >= l->o->join_window)
                break;
            if (due_ns > now_ns) {
                until_ns = due_ns < until_ns ? due_ns : until_ns;
                break;
            }
            load_connect(l, l->n_started++, due_ns);
        }
        load_turn(l, until_ns);
        tell(l, "joined", l->n_joined - before, to - from);
        now_ns = load_now_ns();
        if (l->n_joined != seen)
            moved_ns = now_ns;
        seen = l->n_joined;
        if (now_ns - moved_ns > patience_ns)
            load_fail(l, "%zu of %zu had joined when nothing came for %u ms", l->n_joined - before,
                      to - from, l->o->timeout_ms);
    }
    return l->failed ? -1 : 0;
}

/* One client for each room types its text; they stay until everybody has joined, as some servers keep
 * a text no longer than there is somebody in its room. */
static int build(struct load *l, struct load_joined *ret)
{
    uint64_t start_ns = load_now_ns();
    uint64_t moved_ns = start_ns;
    uint64_t wanted = (uint64_t)l->o->document_ops * l->o->rooms;
    uint64_t seen = 0;
    l->joining = NULL;
    if (join(l, l->n_clients, l->n_all) != 0)
        return -1;
    l->m->all = (struct load_counts){0};
    for (size_t i = l->n_clients; i < l->n_all; i++)
        load_pump(l, &l->clients[i]);
    while (!l->failed && l->m->all.acknowledged < wanted) {
        uint64_t now_ns = load_now_ns();
        load_turn(l, now_ns + 100000000);
        if (l->m->all.acknowledged != seen)
            moved_ns = now_ns;
        seen = l->m->all.acknowledged;
        tell(l, "operations of the text", seen, wanted);
        if (l->m->all.refused != 0)
            load_fail(l, "the text could not be built: %s", l->m->refusal);
        else if (now_ns - moved_ns > (uint64_t)l->o->timeout_ms * 1000000)
            load_fail(l,
                      "%llu of %llu operations of the text were acknowledged, then none for %u ms",
                      (unsigned long long)seen, (unsigned long long)wanted, l->o->timeout_ms);
    }
    ret->document_seconds = (double)(load_now_ns() - start_ns) / 1e9;
    ret->document_ops = wanted;
    ret->document_chars = l->o->document / l->o->document_ops * l->o->document_ops;
    return l->failed ? -1 : 0;
}

int load_join(struct load *l, struct load_joined *ret)
{
    *ret = (struct load_joined){0};
    if (l->failed || (l->n_all != l->n_clients && build(l, ret) != 0))
        return -1;
    proc_look(&l->proc);
    ret->n = l->n_clients;
    l->joining = ret;
    if (l->proc.n_roots != 0 && !proc_use(&l->proc, &ret->before))
        load_fail(l, "the server's process is gone");
    load_use_begin(l, &ret->use);
    if (join(l, 0, l->n_clients) != 0 || !load_use_end(l, &ret->use))
        return -1;
    if (ret->use.has_server && !proc_use(&l->proc, &ret->after))
        load_fail(l, "the server's process is gone");
    l->joining = NULL;
    for (size_t i = l->n_clients; i < l->n_all; i++) {
        link_close(&l->clients[i].link);
        l->clients[i].state = CLIENT_GONE;
    }
    return l->failed ? -1 : 0;
}
