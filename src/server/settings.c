#include "server/settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

enum kind { TEXT, NUMBER, BYTES, CHOICE, KEEP };

struct setting {
    enum kind kind;
    size_t offset; /* in struct settings */
    const char *flag;
    const char *standard;
    uint64_t least; /* TEXT: bytes */
    uint64_t most;
    const char *choices; /* with | between */
    const char *help;
};

static const struct setting table[] = {
#define X(kind, field, flag, standard, least, most, choices, help)                                 \
    {kind, offsetof(struct settings, field), flag, standard, least, most, choices, help},
    SETTINGS(X)
#undef X
};

enum { N_SETTINGS = sizeof table / sizeof table[0], ENV_BYTES = 64 };

static void env_name(const struct setting *s, char out[ENV_BYTES])
{
    size_t n = (size_t)snprintf(out, ENV_BYTES, "WEFT_");
    for (const char *p = s->flag; *p != '\0' && n + 1 < ENV_BYTES; p++)
        out[n++] = *p == '-' ? '_' : (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    out[n] = '\0';
}

/* Decimal digits, for BYTES with one of k, M, G behind them. False: not that, or beyond 2^53. */
static bool read_number(const char *s, bool bytes, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; s[i] >= '0' && s[i] <= '9'; i++) {
        v = v * 10 + (uint64_t)(s[i] - '0');
        if (v > REV_MAX)
            return false;
    }
    if (i == 0)
        return false;
    if (bytes && s[i] != '\0') {
        const char *units = "kKmMgG";
        const char *unit = strchr(units, s[i]);
        if (unit == NULL)
            return false;
        v <<= 10 * ((unit - units) / 2 + 1);
        i++;
    }
    if (s[i] != '\0')
        return false;
    *ret = v;
    return true;
}

static bool read_choice(const char *choices, const char *s, uint32_t *ret)
{
    size_t len = strlen(s);
    uint32_t i = 0;
    for (const char *p = choices;; i++) {
        size_t word = strcspn(p, "|");
        if (word == len && memcmp(p, s, len) == 0) {
            *ret = i;
            return true;
        }
        if (p[word] == '\0')
            return false;
        p += word + 1;
    }
}

/* The longest time is a hundred years: what is older than any log is no time to keep. */
static bool read_keep(const char *s, struct retention *ret)
{
    static const struct {
        char unit;
        uint64_t ms;
    } UNITS[] = {{'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}};
    const uint64_t ms_max = (uint64_t)36525 * 86400000;
    char digits[24];
    uint64_t n = 0;
    size_t len = strlen(s);
    *ret = (struct retention){0};
    if (strcmp(s, "all") == 0)
        return true;
    if (read_number(s, false, &n)) {
        ret->revs = n;
        return n != 0;
    }
    if (len < 2 || len > sizeof digits)
        return false;
    memcpy(digits, s, len - 1);
    digits[len - 1] = '\0';
    if (!read_number(digits, false, &n) || n == 0 || n > ms_max)
        return false;
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
        if (UNITS[i].unit != s[len - 1])
            continue;
        if (n > ms_max / UNITS[i].ms)
            return false;
        ret->ms = (int64_t)(n * UNITS[i].ms);
        return true;
    }
    return false;
}

static void say_expected(const struct setting *s, const char *name, const char *found, char *words,
                         size_t words_bytes)
{
    char expected[160];
    unsigned long long least = s->least;
    unsigned long long most = s->most;
    switch (s->kind) {
    case TEXT:
        snprintf(expected, sizeof expected, "%llu to %llu bytes", least, most);
        break;
    case NUMBER:
        snprintf(expected, sizeof expected, "%llu to %llu", least, most);
        break;
    case BYTES:
        snprintf(expected, sizeof expected, "%llu to %llu bytes (64k and 16M are understood)",
                 least, most);
        break;
    case CHOICE:
        snprintf(expected, sizeof expected, "one of %s", s->choices);
        break;
    case KEEP:
        snprintf(expected, sizeof expected,
                 "all, revisions such as 1000, or a time such as 12h or 30d");
        break;
    }
    if (*found == '\0')
        found = "nothing";
    snprintf(words, words_bytes, "%s: found %.100s, expected %s", name, found, expected);
}

static int assign(struct settings *out, const struct setting *s, const char *name,
                  const char *value, char *words, size_t words_bytes)
{
    char *at = (char *)out + s->offset;
    uint64_t number = 0;
    uint32_t small = 0;
    struct retention keep;
    switch (s->kind) {
    case TEXT:
        if (strlen(value) < s->least || strlen(value) > s->most)
            break;
        memcpy(at, &value, sizeof value);
        return 0;
    case BYTES:
        if (!read_number(value, true, &number) || number < s->least || number > s->most)
            break;
        memcpy(at, &number, sizeof number);
        return 0;
    case NUMBER:
        if (!read_number(value, false, &number) || number < s->least || number > s->most)
            break;
        small = (uint32_t)number;
        memcpy(at, &small, sizeof small);
        return 0;
    case KEEP:
        if (!read_keep(value, &keep))
            break;
        memcpy(at, &keep, sizeof keep);
        return 0;
    case CHOICE:
        if (!read_choice(s->choices, value, &small))
            break;
        memcpy(at, &small, sizeof small);
        return 0;
    }
    say_expected(s, name, value, words, words_bytes);
    return WEFT_EINVAL;
}

static int unknown_flag(const char *arg, char *words, size_t words_bytes)
{
    const char *flags[N_SETTINGS];
    char name[41];
    for (size_t i = 0; i < N_SETTINGS; i++)
        flags[i] = table[i].flag;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
    const char *nearest = nearest_word(name, flags, N_SETTINGS);
    if (nearest != NULL)
        snprintf(words, words_bytes, "--%s: unknown flag; did you mean --%s?", name, nearest);
    else
        snprintf(words, words_bytes, "--%s: unknown flag; `weft serve --help` lists them", name);
    return WEFT_EINVAL;
}

static const struct setting *find_flag(const char *arg, const char **ret_value)
{
    size_t len = strcspn(arg + 2, "=");
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (strlen(table[i].flag) == len && memcmp(table[i].flag, arg + 2, len) == 0) {
            *ret_value = arg[2 + len] == '=' ? arg + 2 + len + 1 : NULL;
            return &table[i];
        }
    }
    return NULL;
}

static int read_arguments(struct settings *out, int argc, char *const argv[], char *words,
                          size_t words_bytes)
{
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        const char *value = NULL;
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
            return WEFT_ENOENT;
        if (strncmp(arg, "--", 2) != 0) {
            snprintf(words, words_bytes,
                     "%.100s: found an argument, expected a flag such as --port", arg);
            return WEFT_EINVAL;
        }
        const struct setting *s = find_flag(arg, &value);
        if (s == NULL)
            return unknown_flag(arg, words, words_bytes);
        char name[ENV_BYTES];
        snprintf(name, sizeof name, "--%s", s->flag);
        if (value == NULL) {
            if (i + 1 == argc) {
                say_expected(s, name, "", words, words_bytes);
                return WEFT_EINVAL;
            }
            value = argv[++i];
        }
        int err = assign(out, s, name, value, words, words_bytes);
        if (err != 0)
            return err;
    }
    return 0;
}

int settings_read(struct settings *ret, int argc, char *const argv[],
                  char *(*env)(const char *name), char *words, size_t words_bytes)
{
    struct settings out;
    memset(&out, 0, sizeof out);
    for (size_t i = 0; i < N_SETTINGS; i++) {
        char name[ENV_BYTES];
        env_name(&table[i], name);
        const char *given = env(name);
        int err = assign(&out, &table[i], given != NULL ? name : table[i].flag,
                         given != NULL ? given : table[i].standard, words, words_bytes);
        if (err != 0)
            return err;
    }
    int err = read_arguments(&out, argc, argv, words, words_bytes);
    if (err != 0)
        return err;
    if (out.dead_ms <= out.ping_ms) {
        snprintf(words, words_bytes,
                 "--dead-ms: found %u, expected more than --ping-ms (%u), or nobody could answer",
                 out.dead_ms, out.ping_ms);
        return WEFT_EINVAL;
    }
    *ret = out;
    return 0;
}

size_t settings_help(char *out, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *s = &table[i];
        char env[ENV_BYTES];
        char left[64];
        env_name(s, env);
        snprintf(left, sizeof left, "--%s %s", s->flag, s->standard);
        int n = snprintf(len < cap ? out + len : NULL, len < cap ? cap - len : 0,
                         "  %-28s %s\n  %-28s %s%s%s\n", left, s->help, "", env,
                         s->kind == CHOICE ? ": " : "", s->choices);
        len += (size_t)n;
    }
    return len;
}
