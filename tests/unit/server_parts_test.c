/* The server's small parts: numbers that are never used again, lists, the keyed hash, the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/list.h"
#include "server/log.h"
#include "server/numbers.h"
#include "base/siphash.h"

static void test_numbers(void **state)
{
    (void)state;
    enum { N = 1000 };
    static int objects[N];
    static uint64_t numbers[N];
    struct numbers t;
    numbers_init(&t);
    assert_null(numbers_get(&t, 0));
    assert_null(numbers_get(&t, 1));
    for (int i = 0; i < N; i++) {
        assert_int_equal(numbers_put(&t, &objects[i], &numbers[i]), 0);
        assert_true(numbers[i] != 0);
    }
    for (int i = 0; i < N; i += 2)
        numbers_drop(&t, numbers[i]);
    for (int i = 0; i < N; i++)
        assert_ptr_equal(numbers_get(&t, numbers[i]), i % 2 == 0 ? NULL : &objects[i]);
    /* The slots are used again, the numbers are not. */
    size_t cap = t.cap;
    for (int i = 0; i < N; i += 2) {
        uint64_t number = 0;
        assert_int_equal(numbers_put(&t, &objects[i], &number), 0);
        assert_true(number != numbers[i]);
        assert_null(numbers_get(&t, numbers[i]));
        assert_ptr_equal(numbers_get(&t, number), &objects[i]);
    }
    assert_int_equal(t.cap, cap);
    numbers_done(&t);
}

struct item {
    int value;
    struct link link;
};

static void test_list(void **state)
{
    (void)state;
    struct link list;
    struct item items[5] = {{0}};
    list_init(&list);
    assert_true(list_is_empty(&list));
    for (int i = 0; i < 5; i++) {
        items[i].value = i;
        assert_false(link_is_in(&items[i].link));
        list_append(&list, &items[i].link);
        assert_true(link_is_in(&items[i].link));
    }
    int next = 0;
    LINK_EACH(&list, at)
    {
        struct item *item = LINK_OF(at, struct item, link);
        assert_int_equal(item->value, next++);
        link_out(at); /* the current one may go */
        link_out(at); /* and twice is fine */
    }
    assert_int_equal(next, 5);
    assert_true(list_is_empty(&list));
}

/* The first, second, ninth and sixteenth vectors of the paper's reference: key 00 01 .. 0f, message
 * 00 01 .. of that many bytes. */
static void test_siphash(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {{0, 0x726fdb47dd0e0e31u},
                   {1, 0x74f839c593dc67fdu},
                   {8, 0x93f5f5799a932462u},
                   {15, 0xa129ca6149be45e5u}};
    struct siphash_key key = {{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};
    uint8_t message[16];
    for (uint8_t i = 0; i < 16; i++)
        message[i] = i;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(siphash(&key, message, vectors[i].len), vectors[i].hash);
}

static void test_log_quote(void **state)
{
    (void)state;
    char out[LOG_QUOTED_BYTES];
    char much[2 * LOG_QUOTED_BYTES];
    assert_string_equal(log_quote("plain", out), "\"plain\"");
    assert_string_equal(log_quote("a \"b\" \\ \n\x7f", out), "\"a \\\"b\\\" \\\\ \\x0a\\x7f\"");
    memset(much, '\n', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    log_quote(much, out);
    assert_true(strlen(out) < LOG_QUOTED_BYTES);
    assert_int_equal(out[strlen(out) - 1], '"');
}

static void test_log_limit(void **state)
{
    (void)state;
    struct log_limit l = {0};
    uint32_t left_out = 99;
    for (int i = 0; i < 3; i++) {
        assert_true(log_allowed(&l, 500, 3, &left_out));
        assert_int_equal(left_out, 0);
    }
    for (int i = 0; i < 1000; i++)
        assert_false(log_allowed(&l, 600, 3, &left_out));
    assert_true(log_allowed(&l, 500 + 10000, 3, &left_out));
    assert_int_equal(left_out, 1000);
}

/* One line per call, cut when long, nothing below the level. */
static void test_log_line(void **state)
{
    (void)state;
    int ends[2];
    char got[4096];
    char much[3000];
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    assert_int_equal(pipe(ends), 0);
    int kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    log_set_level(LOG_INFO);
    log_line(LOG_DEBUG, "not this", "a=1");
    log_line(LOG_WARN, "this", "a=%d b=%s", 1, "two");
    log_line(LOG_ERROR, "long", "much=%s", much);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    ssize_t n = read(ends[0], got, sizeof got - 1);
    close(ends[0]);
    assert_true(n > 0);
    got[n] = '\0';
    char *end = strchr(got, '\n');
    assert_non_null(end);
    *end = '\0';
    assert_non_null(strstr(got, "Z level=warn msg=\"this\" a=1 b=two"));
    assert_int_equal(strncmp(got, "ts=20", 5), 0);
    char *second = end + 1;
    assert_non_null(strstr(second, "level=error msg=\"long\" much=xxx"));
    assert_int_equal(second[strlen(second) - 1], '\n');
    assert_ptr_equal(strchr(second, '\n'), second + strlen(second) - 1);
    assert_in_range(strlen(second), 900, 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_list),
        cmocka_unit_test(test_siphash),   cmocka_unit_test(test_log_quote),
        cmocka_unit_test(test_log_limit), cmocka_unit_test(test_log_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
