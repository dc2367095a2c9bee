#include "bench/json_out.h"

#include <math.h>

static void begin(struct json_out *j, const char *key)
{
    if (j->comma)
        fputs(",", j->out);
    if (key != NULL)
        fprintf(j->out, "\"%s\":", key);
    j->comma = true;
}

void json_out_open(struct json_out *j, const char *key, char bracket)
{
    begin(j, key);
    fputc(bracket, j->out);
    j->comma = false;
}

void json_out_close(struct json_out *j, char bracket)
{
    fputc(bracket, j->out);
    j->comma = true;
}

void json_out_uint(struct json_out *j, const char *key, uint64_t v)
{
    begin(j, key);
    fprintf(j->out, "%llu", (unsigned long long)v);
}

void json_out_real(struct json_out *j, const char *key, double v)
{
    if (!isfinite(v))
        return;
    begin(j, key);
    fprintf(j->out, "%.12g", v);
}

void json_out_bool(struct json_out *j, const char *key, bool v)
{
    begin(j, key);
    fputs(v ? "true" : "false", j->out);
}

void json_out_text(struct json_out *j, const char *key, const char *v)
{
    begin(j, key);
    fputc('"', j->out);
    for (const unsigned char *s = (const unsigned char *)v; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(j->out, "\\%c", *s);
        else if (*s < ' ' || *s > '~') /* what servers say need not be UTF-8 */
            fprintf(j->out, "\\u%04x", *s);
        else
            fputc(*s, j->out);
    }
    fputc('"', j->out);
}
