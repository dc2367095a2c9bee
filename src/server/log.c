#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level level_now = LOG_INFO;

void log_set_level(enum log_level level)
{
    level_now = level;
}

void log_line(enum log_level level, const char *msg, const char *format, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if (level > level_now)
        return;

    struct timespec now;
    struct tm utc;
    char date[32];
    char line[1024];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    size_t len = (size_t)snprintf(line, sizeof line, "ts=%s.%03ldZ level=%s msg=\"%s\"", date,
                                  now.tv_nsec / 1000000, names[level], msg);
    if (*format != '\0' && len + 1 < sizeof line) {
        va_list args;
        line[len++] = ' ';
        va_start(args, format);
        int n = vsnprintf(line + len, sizeof line - len, format, args);
        va_end(args);
        len += n > 0 ? (size_t)n : 0;
    }
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    line[len++] = '\n';
    /* One write, so that lines of several threads or processes do not mix. When stderr is gone
     * there is nobody to tell. */
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}

const char *log_quote(const char *words, char out[LOG_QUOTED_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    out[n++] = '"';
    for (const char *p = words; *p != '\0' && n + 6 < LOG_QUOTED_BYTES; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') {
            out[n++] = '\\';
            out[n++] = *p;
        } else if (c < 0x20 || c == 0x7f) {
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        } else {
            out[n++] = *p;
        }
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}

int log_allowed(struct log_limit *l, int64_t now_ms, uint32_t burst, uint32_t *ret_left_out)
{
    enum { WINDOW_MS = 10000 };
    if (l->lines == 0 || now_ms - l->since_ms >= WINDOW_MS) {
        l->since_ms = now_ms;
        l->lines = 0;
    }
    if (l->lines >= burst) {
        l->left_out++;
        return 0;
    }
    l->lines++;
    *ret_left_out = l->left_out;
    l->left_out = 0;
    return 1;
}
