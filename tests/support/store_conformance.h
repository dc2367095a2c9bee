/* support/store_conformance.h - what every store must do, as cmocka tests.
 *
 *     struct CMUnitTest tests[STORE_CONFORMANCE_TESTS];
 *     store_conformance_tests(&backend, tests);
 *
 * Each test gets a store of its own in an empty folder. The helpers below are for further tests of
 * stores. */
#ifndef SUPPORT_STORE_CONFORMANCE_H
#define SUPPORT_STORE_CONFORMANCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"

struct store_backend {
    const char *name;
    int (*open)(const char *folder, struct store **ret);
    bool persistent; /* opening the same folder again finds what was there */
};

enum { STORE_CONFORMANCE_TESTS = 25, STORE_FOLDER_BYTES = 256 };

void store_conformance_tests(const struct store_backend *backend,
                             struct CMUnitTest out[STORE_CONFORMANCE_TESTS]);

/* An empty folder of its own under $WEFT_TMP or /tmp, and its removal with the files in it. */
void store_folder_make(char out[STORE_FOLDER_BYTES]);
void store_folder_remove(const char *folder);

struct uuid store_epoch(uint8_t which);

/* Writes to a named log (a C string) with epoch store_epoch(1); the bytes are a C string or are
 * made by store_body(). */
struct store_write store_record(const char *log, uint64_t rev, const char *bytes);
struct store_write store_snapshot(const char *log, uint64_t rev, const char *bytes);

/* Appends n records after head (text "<log>:<rev>"), `per_commit` at a time. */
void store_fill(struct store *s, const char *log, uint64_t head, uint64_t n, size_t per_commit);

/* Checks that a log read holds records first..last of store_fill() and nothing else. */
void store_assert_filled(const struct store_log *log, const char *name, uint64_t first,
                         uint64_t last);

#endif
