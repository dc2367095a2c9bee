/* What weft bench is told: flags, scenarios, addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "bench/options.h"
#include "bench/proc.h"
#include "bench/url.h"

static char words[OPTIONS_WORDS_BYTES];

static int args(struct options *o, char *a, char *b, char *c, char *d)
{
    char *argv[] = {a, b, c, d};
    int argc = 0;
    while (argc < 4 && argv[argc] != NULL)
        argc++;
    return options_read(o, argc, argv, words, sizeof words);
}

static void test_defaults_and_flags(void **state)
{
    (void)state;
    struct options o;
    assert_int_equal(args(&o, NULL, NULL, NULL, NULL), 0);
    assert_string_equal(o.url, "ws://127.0.0.1:8080");
    assert_int_equal(o.clients, 2);
    assert_int_equal(args(&o, "--rate=2.5", "--document", "1k", NULL), 0);
    assert_true(o.rate > 2.49 && o.rate < 2.51);
    assert_int_equal(o.document, 1024);
    assert_int_equal(args(&o, "--rate=1", "--help", NULL, NULL), WEFT_ENOENT);
}

static void test_a_scenario_stands_before_the_flags(void **state)
{
    (void)state;
    struct options o;
    assert_int_equal(args(&o, "--clients", "60", "--scenario", "s2"), 0);
    assert_int_equal(o.clients, 60);
    assert_int_equal(o.writers, 5);
    assert_true(o.rate > 19.9 && o.rate < 20.1);
    assert_int_equal(args(&o, "--scenario=s3", "--ramp-p99-ms=50", NULL, NULL), 0);
    assert_int_equal(o.ramp_p99_ms, 50);
    assert_int_equal(o.clients, 200);
    for (char name[] = "s1"; name[1] <= '7'; name[1]++)
        assert_int_equal(args(&o, "--scenario", name, NULL, NULL), 0);
}

static void test_mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *arg;
        const char *says;
    } bad[] = {
        {"--scenario=s8", "--scenario: found s8, expected s1 to s7"},
        {"--clients=0", "--clients: found 0, expected 1 to"},
        {"--clients=-1", "--clients: found -1"},
        {"--clients=4x", "--clients: found 4x"},
        {"--clients", "--clients: found nothing"},
        {"--rate=1e9", "--rate: found 1e9"},
        {"--rate=nan", "--rate: found nan"},
        {"--rate=1.", "--rate: found 1."},
        {"--writers=3", "--writers: found more than --clients"},
        {"--cursors=3", "--cursors: found more than --clients"},
        {"--slow-readers=2", "--slow-readers: found more"},
        {"--rooms=1000000", "--rooms: found more than a million"},
        {"--room=a/b", "--room: found a character"},
        {"--seconds=0", "--seconds: found 0"},
        {"--ramp-p99-ms=5", "--ramp-p99-ms: expected"},
        {"--document=10", "--document-ops: expected"},
        {"--protocol=telepathy", "--protocol: found"},
        {"--clinets=5", "--clinets: unknown flag; did you mean --clients?"},
        {"--xyzzy", "--xyzzy: unknown flag; `weft bench --help` lists them"},
        {"clients", "clients: found an argument"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct options o;
        char arg[64];
        snprintf(arg, sizeof arg, "%s", bad[i].arg);
        assert_int_equal(args(&o, arg, NULL, NULL, NULL), WEFT_EINVAL);
        if (strstr(words, bad[i].says) != words)
            fail_msg("%s says: %s", arg, words);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "http://a:1", "ws://",     "ws://:80", "ws://a:0",    "ws://a:65536",
        "ws://a:8x",  "ws://a:",    "ws://[::1", "ws://[]",  "ws://[::1]8", "ws://a/b?c",
        "ws://a b/c", "wss://a:1",  "ws:/a",
    };
    struct url u;
    char why[200];
    assert_true(url_read(&u, "ws://example.org", why, sizeof why));
    assert_string_equal(u.host, "example.org");
    assert_string_equal(u.port, "80");
    assert_string_equal(u.path, "");
    assert_true(url_read(&u, "ws://[::1]:8080/a/b/", why, sizeof why));
    assert_string_equal(u.host, "::1");
    assert_string_equal(u.port, "8080");
    assert_string_equal(u.host_header, "[::1]:8080");
    assert_string_equal(u.path, "/a/b");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (url_read(&u, bad[i], why, sizeof why))
            fail_msg("%s was taken", bad[i]);
        assert_non_null(strstr(why, "--url: found"));
    }
}

static void test_processes(void **state)
{
    (void)state;
    struct proc p;
    struct proc_use use;
    char own[40], why[200];
    static const char *const bad[] = {"x", "-1", "0", "99999999", "1 2", ",1"};
    snprintf(own, sizeof own, "%ld", (long)getpid());
    assert_true(proc_read_list(&p, "", why, sizeof why));
    assert_int_equal(p.n_roots, 0);
    assert_true(proc_read_list(&p, own, why, sizeof why));
    proc_look(&p);
    assert_true(proc_use(&p, &use));
    assert_true(use.cpu_us > 0 && use.rss_bytes > 100000 && use.peak_bytes >= use.rss_bytes);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(proc_read_list(&p, bad[i], why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_flags),
        cmocka_unit_test(test_a_scenario_stands_before_the_flags),
        cmocka_unit_test(test_mistakes_are_named),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
