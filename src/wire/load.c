/* wire/load.c - jansson, with memory of ours.
 *
 * jansson 2.14 does not survive a failed allocation: its lexer ignores that a byte could not be
 * saved, and then reads a string without its closing quote past its end (lex_save and
 * lex_scan_string in its load.c). So it never sees one fail: its memory comes from an arena, and
 * when the arena has none left the parse is abandoned with longjmp. jansson holds nothing but
 * memory, and all of it is the arena's. That also makes a message one or two allocations instead of
 * one for each value, counts them where the caller counts, and frees the tree at once. */
#include "wire/load.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "wire/scan.h"
#include "wire/words.h"

struct parse {
    struct arena *arena;
    jmp_buf out_of_memory;
};

/* The parse under way on this thread. jansson's hooks have no argument to carry it. */
static _Thread_local struct parse *parsing;

static void *hook_malloc(size_t bytes)
{
    if (parsing == NULL)
        return malloc(bytes); /* somebody else in this program uses jansson */
    void *p = arena_take(parsing->arena, bytes);
    if (p == NULL)
        longjmp(parsing->out_of_memory, 1);
    return p;
}

static void hook_free(void *p)
{
    if (parsing == NULL)
        free(p);
}

static void install_hooks(void)
{
    json_set_alloc_funcs(hook_malloc, hook_free);
}

static int parse(struct arena *arena, const char *json, size_t len, const json_t **ret,
                 json_error_t *ret_error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_hooks);
    struct parse p = {.arena = arena};
    parsing = &p;
    if (setjmp(p.out_of_memory) != 0) {
        parsing = NULL;
        return WEFT_ENOMEM;
    }
    /* NUL in a string is let through here, so that the answer can name the field it is in. */
    const json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, ret_error);
    parsing = NULL;
    *ret = root;
    return root != NULL ? 0 : WEFT_EJSON;
}

/* --- what was wrong --- */

/* The field that stands at the trouble, or the whole message. */
static void name_field(const struct scan_facts *f, char out[FOUND_BYTES])
{
    if (f->key.at != NULL)
        words_clean(f->key.at, f->key.len, out, FOUND_BYTES);
    else
        memcpy(out, "message", sizeof "message");
}

static int fail_utf8(const char *json, size_t len, size_t at, struct room_error *ret)
{
    struct scan_facts f = scan_facts_of(json, len, at);
    char field[FOUND_BYTES];
    char found[FOUND_BYTES];
    name_field(&f, field);
    if (json[at] == 0)
        snprintf(found, sizeof found, "a NUL at byte %zu", at);
    else
        snprintf(found, sizeof found, "0x%02x at byte %zu", (unsigned)(uint8_t)json[at], at);
    return words_fail(ret, WEFT_EUTF8, f.seq, field, found,
                      json[at] == 0 ? "text without it" : "valid UTF-8");
}

static int fail_syntax(const json_error_t *error, uint64_t seq, const char *expected,
                       struct room_error *ret)
{
    char where[FOUND_BYTES];
    char found[100];
    snprintf(where, sizeof where, "line %d, column %d", error->line, error->column);
    words_clean(error->text, strnlen(error->text, JSON_ERROR_TEXT_LENGTH - 1), found, sizeof found);
    return words_fail(ret, WEFT_EJSON, seq, where, found, expected);
}

static int fail_parse(const char *json, size_t len, const json_error_t *error, const char *expected,
                      struct room_error *ret)
{
    size_t limit = error->position > 0 ? (size_t)error->position : 0;
    struct scan_facts f = scan_facts_of(json, len, limit);
    char field[FOUND_BYTES];
    char found[FOUND_BYTES];
    name_field(&f, field);
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        words_quote(f.string.at != NULL ? f.string.at : "", f.string.len, found);
        return words_fail(ret, WEFT_EJSON, f.seq, "message, twice the key", found, "each key once");
    case json_error_null_byte_in_key:
        return words_fail(ret, WEFT_EUTF8, f.seq, field, "a NUL in a key", "keys without it");
    case json_error_numeric_overflow:
        words_clean(f.number.at != NULL ? f.number.at : "", f.number.len, found, sizeof found);
        return words_fail(ret, WEFT_EINVAL, f.seq, field, found,
                          "a number within -9007199254740992 to 9007199254740992");
    case json_error_invalid_syntax:
        /* jansson's only complaint about a surrogate; told apart without reading its words. */
        if (f.lone.at == NULL)
            break;
        snprintf(found, sizeof found, "the lone surrogate %.6s", f.lone.at);
        return words_fail(ret, WEFT_EUTF8, f.seq, field, found, "whole characters");
    default:
        break;
    }
    return fail_syntax(error, f.seq, expected, ret);
}

int wire_doc_load(const struct weft_alloc *alloc, const char *json, size_t len,
                  const char *expected, struct wire_doc *ret, struct room_error *ret_error)
{
    size_t bad;
    if (!utf8_valid(json, len, &bad))
        return fail_utf8(json, len, bad, ret_error);
    const char *nul = len != 0 ? memchr(json, 0, len) : NULL;
    if (nul != NULL)
        return fail_utf8(json, len, (size_t)(nul - json), ret_error);
    size_t deep = scan_too_deep(json, len, JSON_DEPTH_MAX);
    if (deep < len) {
        char found[FOUND_BYTES];
        char most[FOUND_BYTES];
        snprintf(found, sizeof found, "brackets %d deep at byte %zu", JSON_DEPTH_MAX + 1, deep);
        snprintf(most, sizeof most, "at most %d", JSON_DEPTH_MAX);
        return words_fail(ret_error, WEFT_EJSON, scan_facts_of(json, len, deep).seq, "message",
                          found, most);
    }
    arena_init(&ret->arena, alloc);
    json_error_t error;
    int err = parse(&ret->arena, json, len, &ret->root, &error);
    if (err == 0)
        return 0;
    arena_done(&ret->arena);
    if (err != WEFT_ENOMEM)
        return fail_parse(json, len, &error, expected, ret_error);
    return words_fail(ret_error, err, scan_facts_of(json, len, len).seq, "server", "no memory left",
                      "to have some: nothing was done, try again");
}

void wire_doc_done(struct wire_doc *doc)
{
    arena_done(&doc->arena);
    doc->root = NULL;
}
