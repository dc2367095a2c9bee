/* A room, its clients and everything that can go wrong between them, in one thread from one seed.
 *
 * Each case has its own mix of typing, delays, cuts, resends, failing and slow commits, crashes,
 * evictions, slow readers and wiped logs. Every code point that is typed is unique, so that each
 * inserted character can be followed. Checked all along: a client's server text is the log's text at
 * its revision, revisions have no gap, nothing is shown that is not on disk, carets lie in the text.
 * Checked when the faults stop and everything has arrived: everybody has one text and one set of
 * entries and people, each character is there exactly once unless it was deleted, each seq stands in
 * the log at most once, and the log gives the same text from its start and from every snapshot.
 *
 * WEFT_SEED and WEFT_CASES choose the cases; WEFT_TRACE=1 prints what happens in them. */
#include "property/room_play.h"

/* --- the end --- */

/* Everything arrives. False: something is still on its way. */
static bool settle(void)
{
    bool quiet = true;
    for (size_t i = 0; i < sim.n_clients; i++) {
        if (sim.links[i] == NULL)
            dial(i);
        speak(i);
    }
    for (struct link *l = sim.server.links; l < sim.server.links + SERVER_LINKS_MAX; l++) {
        if (l->conn != 0 && l->client < 0)
            server_notice(&sim.server, l);
        while (l->conn != 0 && l->n_ups != 0) {
            server_read(&sim.server, l);
            quiet = false;
        }
        look();
    }
    server_submit(&sim.server);
    if (sim.server.disk.committing) {
        server_commit(&sim.server, true);
        quiet = false;
    }
    server_flush(&sim.server);
    for (struct link *l = sim.server.links; l < sim.server.links + SERVER_LINKS_MAX; l++)
        for (int n = 0; n < 4 && l->conn != 0; n++)
            server_write(&sim.server, l, 1 << 20);
    server_trim(&sim.server);
    for (size_t i = 0; i < sim.n_clients; i++) {
        while (take(i))
            quiet = false;
        quiet = quiet && sim.links[i] != NULL && typist_is_quiet(&sim.clients[i]);
    }
    look();
    return quiet;
}

static bool same_meta(const struct room_meta *a, const struct room_meta *b)
{
    struct room_meta sum = *a;
    if (b == NULL || a->n == 0)
        return a->n == 0 && (b == NULL || b->n == 0);
    return a->n == b->n && meta_merge(&sum, b, false) == 0 && sum.n == a->n &&
           memcmp(&sum, a, sizeof sum) == 0;
}

static void everybody_agrees(void)
{
    struct room *room = sim.server.room;
    HOLDS(room != NULL && room_check(room), "there is no sound room at the end");
    struct room_info info = room_info(room);
    HOLDS(info.n_people == sim.n_clients, "not everybody is in the room, or somebody twice");
    for (size_t i = 0; i < sim.n_clients; i++) {
        const struct typist *c = &sim.clients[i];
        HOLDS(c->rev == info.rev && info.rev == disk_head(&sim.server.disk), "not all have all");
        HOLDS(disk_text_is(&sim.server.disk, c->rev, c->view), "two texts at the end");
        HOLDS(same_meta(&c->meta, room_meta_of(room)), "two sets of entries at the end");
        HOLDS(c->n_peers + 1 == sim.n_clients, "somebody does not see everybody");
        for (size_t k = 0; k < c->n_peers; k++) {
            size_t at = 0;
            struct room_person p;
            do {
                HOLDS(at < info.n_people, "somebody is seen who is not there");
                room_person_at(room, at++, &p);
            } while (!uuid_equal(&p.user_id, &c->peers[k].user_id));
        }
    }
}

static void each_character_once(void)
{
    uint8_t *counts = calloc(CHARS_MAX, 1);
    assert_non_null(counts);
    each_char(sim.server.disk.shadow, count_char, counts);
    for (size_t id = 0; id < sim.n_chars; id++) {
        HOLDS(counts[id] <= 1, "a character is there twice");
        if (sim.marks[id].either)
            continue;
        HOLDS(counts[id] == 1 || sim.marks[id].deleted, "a character is lost");
        HOLDS(counts[id] == 0 || !sim.marks[id].deleted, "a deleted character is back");
    }
    free(counts);
}

static void each_seq_once(void)
{
    const struct disk *d = &sim.server.disk;
    for (size_t i = 0; i < sim.n_clients; i++) {
        uint64_t last = 0;
        for (size_t k = 0; k < d->records.n; k++) {
            struct record r;
            HOLDS(record_decode(d->records.items[k].at, d->records.items[k].len, &r) == 0,
                  "a record does not check");
            if (!uuid_equal(&r.user_id, &sim.clients[i].user_id))
                continue;
            HOLDS(r.seq > last, "a seq stands in the log twice, or out of order");
            last = r.seq;
        }
    }
}

static void the_log_gives_the_same_from_everywhere(void)
{
    const struct disk *d = &sim.server.disk;
    char why[200];
    for (size_t i = 0; i <= d->snapshots.n; i++) { /* those that were trimmed away: the next one */
        struct room *room = disk_open(d, &sim.server.config, i, rng_below(&sim.rng, 40), why);
        HOLDS(room != NULL, why);
        HOLDS(room_check(room), "a loaded room does not check");
        HOLDS(disk_text_is(d, disk_head(d), room_text(room)), "a loaded room has another text");
        room_free(room);
    }
}

/* --- a case --- */

static void choose(struct sim *s)
{
    static const unsigned usual[DO_KINDS] = {12, 1, 2, 1, 40, 40, 40, 12, 12, 3,
                                             3,  3, 8, 1, 3,  1,  1,  0,  0};
    for (size_t i = 0; i < DO_KINDS; i++)
        s->weights[i] = usual[i] * (unsigned)(1 + rng_below(&s->rng, 3));
    s->weights[DO_CRASH] = rng_chance(&s->rng, 50) ? 1 : 0;
    s->weights[DO_WIPE] = 0;
    if (rng_chance(&s->rng, 30))
        s->weights[DO_CUT] *= 8;
    if (rng_chance(&s->rng, 30)) /* a slow disk */
        s->weights[DO_COMMIT] = 1;
    if (rng_chance(&s->rng, 30)) /* slow readers */
        s->weights[DO_WRITE] /= 10;
    if (rng_chance(&s->rng, 20))
        s->weights[DO_SET] = 12;
    s->heavy = rng_chance(&s->rng, 4);
    s->fail_percent = rng_chance(&s->rng, 50) ? 0 : (unsigned)rng_between(&s->rng, 1, 40);
}

static enum doing pick(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < DO_KINDS; i++)
        sum += sim.weights[i];
    size_t at = rng_below(&sim.rng, sum);
    enum doing what = 0;
    while (at >= sim.weights[what])
        at -= sim.weights[what++];
    /* A wiped log is rare: it excuses every character so far. */
    return what == DO_CRASH && rng_chance(&sim.rng, 5) ? DO_WIPE : what;
}

static void play(uint64_t seed)
{
    static const size_t outlog_bytes[] = {40, 150, 600, 1 << 20};
    memset(&sim, 0, offsetof(struct sim, server));
    sim.seed = seed;
    sim.rng = rng_of(seed);
    sim.trace = getenv("WEFT_TRACE") != NULL;
    sim.n_chars = 0;
    sim.at = 0;
    memset(sim.marks, 0, sizeof sim.marks);
    memset(sim.links, 0, sizeof sim.links);
    struct uuid epoch = random_uuid();
    server_init(&sim.server, &epoch, outlog_bytes[rng_below(&sim.rng, 4)]);
    if (rng_chance(&sim.rng, 30)) /* so few that clients come back to a history that is gone */
        sim.server.config.history_revs_max = rng_between(&sim.rng, 1, 20);
    if (rng_chance(&sim.rng, 40))
        sim.server.config.snapshot_record_bytes = rng_between(&sim.rng, 1, 4000);
    if (rng_chance(&sim.rng, 30))
        sim.server.config.carets_per_ms = 1;
    if (rng_chance(&sim.rng, 25))
        sim.server.config.retention.revs = rng_between(&sim.rng, 1, 60);
    else if (rng_chance(&sim.rng, 25))
        sim.server.config.retention.ms = (int64_t)rng_between(&sim.rng, 1, 200);
    sim.n_clients = rng_between(&sim.rng, 2, CLIENTS_MAX);
    for (size_t i = 0; i < sim.n_clients; i++)
        typist_init(&sim.clients[i]);
    choose(&sim);

    for (size_t steps = rng_between(&sim.rng, 300, 4000); steps > 0; steps--) {
        enum doing what = pick();
        sim.trail[++sim.at % 24] = what;
        if (sim.trace)
            fprintf(stderr, "%zu: %s\n", sim.at, doing_names[what]);
        happen(what);
    }
    size_t rounds = 0;
    while (!settle())
        HOLDS(++rounds < QUIET_ROUNDS_MAX, "it does not come to rest");
    everybody_agrees();
    each_character_once();
    each_seq_once();
    the_log_gives_the_same_from_everywhere();

    seen.behind += sim.server.n_behind;
    seen.too_slow += sim.server.n_too_slow;
    seen.opened += sim.server.n_opened;
    seen.snapshots += sim.server.n_snapshots;
    seen.fetched += sim.server.n_fetched;
    seen.trims += sim.server.n_trims;
    for (size_t i = 0; i < sim.n_clients; i++)
        typist_done(&sim.clients[i]);
    server_done(&sim.server);
}

static void nothing_is_lost_or_doubled(void **state)
{
    (void)state;
    size_t cases = rng_cases(250);
    signal(SIGABRT, on_abort);
    for (size_t i = 0; i < cases; i++)
        play(rng_seed() + i);
    printf("# %zu edits, %zu cuts, %zu crashes, %zu wiped logs, %zu failed commits, %zu rooms "
           "opened, %zu snapshots, %zu readers behind, %zu too slow, %zu texts as differences, "
           "%zu reads of the log, %zu revisions gone, %zu trims\n",
           seen.edits, seen.cuts, seen.crashes, seen.wipes, seen.failed, seen.opened,
           seen.snapshots, seen.behind, seen.too_slow, seen.diffs, seen.fetched, seen.gone,
           seen.trims);
    assert_true(rng_proved(cases, 250,
                           "lives of a room with cuts, crashes and failed commits: all agree, each "
                           "edit counts once"));
    if (cases < 200)
        return;
    /* What the cases are there for did happen. */
    assert_true(seen.crashes > cases / 4 && seen.cuts > cases && seen.failed > cases / 4);
    assert_true(seen.behind > cases && seen.diffs > cases / 10 && seen.wipes > 0 && seen.gone > 0 &&
                seen.trims > cases / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_doubled),
    };
    return cmocka_run_group_tests_name("a room and its clients", tests, NULL, NULL);
}
