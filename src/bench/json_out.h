/* bench/json_out.h - JSON to a file, one value after the other; no key is ever escaped, as ours need
 * none. */
#ifndef BENCH_JSON_OUT_H
#define BENCH_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_out {
    FILE *out;
    bool comma;
};

/* key: NULL in a list. */
void json_out_open(struct json_out *j, const char *key, char bracket);
void json_out_close(struct json_out *j, char bracket);
void json_out_uint(struct json_out *j, const char *key, uint64_t v);
void json_out_real(struct json_out *j, const char *key, double v); /* nan and inf are left out */
void json_out_bool(struct json_out *j, const char *key, bool v);
void json_out_text(struct json_out *j, const char *key, const char *v);

#endif
