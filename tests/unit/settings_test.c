/* The table of settings: defaults, environment, flags, what beats what, every bound at N and N+1,
 * and the sentence for each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/nearest.h"
#include "server/settings.h"

static const char *env_names[4];
static char *env_values[4];

static char *test_env(const char *name)
{
    for (size_t i = 0; i < 4; i++)
        if (env_names[i] != NULL && strcmp(env_names[i], name) == 0)
            return env_values[i];
    return NULL;
}

static void set_env(size_t i, const char *name, char *value)
{
    env_names[i] = name;
    env_values[i] = value;
}

static int clear_env(void **state)
{
    (void)state;
    memset(env_names, 0, sizeof env_names);
    return 0;
}

static char words[SETTINGS_WORDS_BYTES];

/* Reads "a b c" as three arguments. */
static int read_line(const char *line, struct settings *ret)
{
    static char copy[400];
    char *argv[20];
    char *rest = NULL;
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *at = strtok_r(copy, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest))
        argv[argc++] = at;
    words[0] = '\0';
    return settings_read(ret, argc, argv, test_env, words, sizeof words);
}

static void assert_refused(const char *line, const char *expected)
{
    struct settings s;
    memset(&s, 0x5a, sizeof s);
    struct settings before = s;
    assert_int_equal(read_line(line, &s), WEFT_EINVAL);
    assert_string_equal(words, expected);
    assert_memory_equal(&s, &before, sizeof s);
}

static void test_defaults(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_line("", &s), 0);
    assert_string_equal(s.host, "127.0.0.1");
    assert_int_equal(s.port, 8080);
    assert_string_equal(s.data, "./weft-data");
    assert_int_equal(s.sync, SETTINGS_SYNC_FULL);
    assert_int_equal(s.log_level, 2);
    assert_int_equal(s.limit_message, 1048576);
    assert_int_equal(s.limit_document, 16777216);
    assert_int_equal(s.limit_people, 1000);
    assert_int_equal(s.limit_connections, 10000);
    assert_int_equal(s.limit_per_address, 256);
    assert_int_equal(s.limit_rooms, 10000);
    assert_int_equal(s.limit_memory, 1 << 30);
    assert_int_equal(s.rate_messages, 1000);
    assert_int_equal(s.rate_burst, 10000);
    assert_int_equal(s.rate_queries, 50);
    assert_int_equal(s.rate_queries_burst, 200);
    assert_int_equal(s.slow_ms, 30000);
    assert_int_equal(s.ping_ms, 25000);
    assert_int_equal(s.dead_ms, 60000);
    assert_int_equal(s.idle_room_ms, 60000);
}

static void test_flags_and_environment(void **state)
{
    (void)state;
    struct settings s;
    char nine[] = "9000";
    char off[] = "off";
    char size[] = "2M";
    set_env(0, "WEFT_PORT", nine);
    set_env(1, "WEFT_SYNC", off);
    set_env(2, "WEFT_LIMIT_MESSAGE", size);
    assert_int_equal(read_line("", &s), 0);
    assert_int_equal(s.port, 9000);
    assert_int_equal(s.sync, SETTINGS_SYNC_OFF);
    assert_int_equal(s.limit_message, 2 << 20);
    assert_int_equal(read_line("--port 7 --sync=full --data=/a=b", &s), 0);
    assert_int_equal(s.port, 7);
    assert_int_equal(s.sync, SETTINGS_SYNC_FULL);
    assert_string_equal(s.data, "/a=b");
    assert_int_equal(read_line("--port 7 --port 8", &s), 0);
    assert_int_equal(s.port, 8);
}

static void test_sizes(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_line("--limit-message 64k", &s), 0);
    assert_int_equal(s.limit_message, 65536);
    assert_int_equal(read_line("--limit-message 64K", &s), 0);
    assert_int_equal(s.limit_message, 65536);
    assert_int_equal(read_line("--limit-document 1G", &s), 0);
    assert_int_equal(s.limit_document, 1 << 30);
    assert_int_equal(read_line("--limit-memory 64G", &s), 0);
    assert_true(s.limit_memory == (uint64_t)64 << 30);
    assert_int_equal(read_line("--limit-message 4096", &s), 0);
    assert_int_equal(s.limit_message, 4096);
    assert_refused("--limit-message 64kb",
                   "--limit-message: found 64kb, expected 1024 to 67108864 bytes (64k and 16M are "
                   "understood)");
    assert_refused("--limit-people 1k", "--limit-people: found 1k, expected 1 to 100000");
}

static void test_history(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_line("", &s), 0);
    assert_true(s.history.revs == 0 && s.history.ms == 0);
    assert_int_equal(read_line("--history all", &s), 0);
    assert_true(s.history.revs == 0 && s.history.ms == 0);
    assert_int_equal(read_line("--history 1000", &s), 0);
    assert_true(s.history.revs == 1000 && s.history.ms == 0);
    assert_int_equal(read_line("--history 90m", &s), 0);
    assert_true(s.history.revs == 0 && s.history.ms == 90 * 60000);
    assert_int_equal(read_line("--history 12h", &s), 0);
    assert_true(s.history.ms == 12 * 3600000);
    assert_int_equal(read_line("--history 30d", &s), 0);
    assert_true(s.history.ms == (int64_t)30 * 86400000);
    assert_int_equal(read_line("--history 2w", &s), 0);
    assert_true(s.history.ms == (int64_t)14 * 86400000);
    assert_int_equal(read_line("--history 36525d", &s), 0);
    static const char *const NOT[] = {"0",
                                      "0d",
                                      "-1",
                                      "d",
                                      "1.5d",
                                      "30s",
                                      "3dd",
                                      "36526d",
                                      "9007199254740992w",
                                      "none",
                                      "99999999999999999999d",
                                      "ALL"};
    for (size_t i = 0; i < sizeof NOT / sizeof *NOT; i++) {
        char line[64], expected[200];
        snprintf(line, sizeof line, "--history=%s", NOT[i]);
        snprintf(expected, sizeof expected,
                 "--history: found %s, expected all, revisions such as 1000, or a time such as 12h "
                 "or 30d",
                 NOT[i]);
        assert_refused(line, expected);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_line("--port 65535", &s), 0);
    assert_int_equal(read_line("--port 0", &s), 0);
    assert_refused("--port 65536", "--port: found 65536, expected 0 to 65535");
    assert_refused("--port 70000", "--port: found 70000, expected 0 to 65535");
    assert_refused("--port -1", "--port: found -1, expected 0 to 65535");
    assert_refused("--port 8080x", "--port: found 8080x, expected 0 to 65535");
    assert_refused("--port=", "--port: found nothing, expected 0 to 65535");
    assert_refused("--port", "--port: found nothing, expected 0 to 65535");
    /* Past 64 bits: not what is left of it. */
    assert_refused("--port 18446744073709559696",
                   "--port: found 18446744073709559696, expected 0 to 65535");
    assert_refused("--limit-document 18014398509481985k",
                   "--limit-document: found 18014398509481985k, expected 1024 to 1073741824 bytes "
                   "(64k and 16M are understood)");
    assert_refused("--sync sometimes", "--sync: found sometimes, expected one of full|off");
    assert_refused("--sync ful", "--sync: found ful, expected one of full|off");
    assert_refused("--host=", "--host: found nothing, expected 1 to 255 bytes");
}

static void test_environment_mistake_names_the_variable(void **state)
{
    (void)state;
    char bad[] = "many";
    set_env(0, "WEFT_LIMIT_PEOPLE", bad);
    assert_refused("", "WEFT_LIMIT_PEOPLE: found many, expected 1 to 100000");
}

static void test_unknown(void **state)
{
    (void)state;
    assert_refused("--prot 80", "--prot: unknown flag; did you mean --port?");
    assert_refused("--limit-doc=5", "--limit-doc: unknown flag; did you mean --limit-document?");
    assert_refused("--zzzzzzzz", "--zzzzzzzz: unknown flag; `weft serve --help` lists them");
    assert_refused("8080", "8080: found an argument, expected a flag such as --port");
}

static void test_dead_after_ping(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_line("--ping-ms 500 --dead-ms 501", &s), 0);
    assert_refused("--ping-ms 500 --dead-ms 500",
                   "--dead-ms: found 500, expected more than --ping-ms (500), or nobody could "
                   "answer");
}

/* Every row's own bounds: its most is taken, one more is not, its default lies between. */
static void test_every_number(void **state)
{
    (void)state;
    struct settings s;
    char line[100];
#define ROW_TEXT(flag, least, most)
#define ROW_CHOICE(flag, least, most)
#define ROW_KEEP(flag, least, most)  ROW_NUMBER(flag, least, most)
#define ROW_BYTES(flag, least, most) ROW_NUMBER(flag, least, most)
#define ROW_NUMBER(flag, least, most)                                                              \
    snprintf(line, sizeof line, "--ping-ms 100 --dead-ms 3600000 --%s %llu", flag,                 \
             (unsigned long long)(most));                                                          \
    if (strcmp(flag, "ping-ms") != 0)                                                              \
        assert_int_equal(read_line(line, &s), 0);                                                  \
    snprintf(line, sizeof line, "--%s %llu", flag, (unsigned long long)(most) + 1);                \
    assert_int_equal(read_line(line, &s), WEFT_EINVAL);                                            \
    if ((least) > 0) {                                                                             \
        snprintf(line, sizeof line, "--%s %llu", flag, (unsigned long long)(least)-1);             \
        assert_int_equal(read_line(line, &s), WEFT_EINVAL);                                        \
    }
#define X(kind, field, flag, standard, least, most, choices, help) ROW_##kind(flag, least, most)
    SETTINGS(X)
#undef X
}

static void test_help(void **state)
{
    (void)state;
    struct settings s;
    char help[8192];
    char cut[16];
    assert_int_equal(read_line("--port 80 --help", &s), WEFT_ENOENT);
    assert_int_equal(read_line("-h", &s), WEFT_ENOENT);
    size_t len = settings_help(help, sizeof help);
    assert_true(len < sizeof help);
    assert_int_equal(strlen(help), len);
    assert_int_equal(settings_help(cut, sizeof cut), len);
    assert_int_equal(strlen(cut), sizeof cut - 1);
#define X(kind, field, flag, standard, least, most, choices, help_text)                            \
    assert_non_null(strstr(help, "--" flag " " standard));
    SETTINGS(X)
#undef X
    assert_non_null(strstr(help, "WEFT_LIMIT_PER_ADDRESS"));
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const list[] = {"serve", "help", "--version"};
    assert_string_equal(nearest_word("sevre", list, 3), "serve");
    assert_string_equal(nearest_word("hlep", list, 3), "help");
    assert_null(nearest_word("orchestra", list, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_defaults, clear_env),
        cmocka_unit_test_setup(test_flags_and_environment, clear_env),
        cmocka_unit_test_setup(test_sizes, clear_env),
        cmocka_unit_test_setup(test_history, clear_env),
        cmocka_unit_test_setup(test_bounds, clear_env),
        cmocka_unit_test_setup(test_environment_mistake_names_the_variable, clear_env),
        cmocka_unit_test_setup(test_unknown, clear_env),
        cmocka_unit_test_setup(test_dead_after_ping, clear_env),
        cmocka_unit_test_setup(test_every_number, clear_env),
        cmocka_unit_test_setup(test_help, clear_env),
        cmocka_unit_test_setup(test_nearest, clear_env),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
