/* docs/protocol.md, against the code: every example of a client's message is taken by the decoder,
 * every example of the server's is JSON, and none of the messages there are is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "wire/wire.h"

enum { TYPES_MAX = 32, LINE_BYTES = 2048 };

struct types {
    char names[TYPES_MAX][16];
    size_t n;
};

static void add_type(struct types *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->names[i], name) == 0)
            return;
    assert_true(t->n < TYPES_MAX);
    assert_true(strlen(name) < sizeof t->names[0]);
    strcpy(t->names[t->n++], name);
}

static void assert_types(const struct types *t, const char *const *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < t->n && strcmp(t->names[k], expected[i]) != 0)
            k++;
        if (k == t->n)
            fail_msg("docs/protocol.md has no example of %s", expected[i]);
    }
    assert_int_equal(t->n, n);
}

static void check_line(const char *line, bool is_client, struct types *t)
{
    json_error_t error;
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        fail_msg("%s\n%s", line, error.text);
    const char *type = json_string_value(json_object_get(json, "type"));
    if (type == NULL)
        fail_msg("%s\nhas no type", line);
    add_type(t, type);
    json_decref(json);
    if (!is_client)
        return;
    struct wire_message m;
    struct room_error refusal;
    if (wire_decode(weft_heap(), line, strcspn(line, "\n"), &m, &refusal) != 0)
        fail_msg("%s\n%s", line, refusal.words);
    wire_message_done(&m);
}

static void test_examples(void **state)
{
    (void)state;
    static const char *const CLIENT[] = {"insert", "delete",  "edit",   "meta", "cursor", "user",
                                         "text",   "history", "signal", "ping", "help"};
    static const char *const SERVER[] = {
        "welcome", "ack",   "insert",  "delete", "edit",    "meta",   "cursor", "join", "user",
        "leave",   "error", "closing", "text",   "history", "signal", "pong",   "help"};
    char path[LINE_BYTES];
    const char *root = getenv("WEFT_ROOT");
    snprintf(path, sizeof path, "%s/docs/protocol.md", root != NULL ? root : ".");
    FILE *f = fopen(path, "r");
    if (f == NULL)
        fail_msg("cannot read %s", path);
    struct types client = {.n = 0};
    struct types server = {.n = 0};
    struct types *in = NULL;
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, f) != NULL) {
        if (strcmp(line, "```json client\n") == 0)
            in = &client;
        else if (strcmp(line, "```json server\n") == 0)
            in = &server;
        else if (strncmp(line, "```", 3) == 0)
            in = NULL;
        else if (in != NULL)
            check_line(line, in == &client, in);
    }
    fclose(f);
    assert_types(&client, CLIENT, sizeof CLIENT / sizeof *CLIENT);
    assert_types(&server, SERVER, sizeof SERVER / sizeof *SERVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
