#include "bench/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "bench/adapter.h"

enum kind { TEXT, NUMBER, BYTES, RATE };

struct option {
    enum kind kind;
    size_t offset; /* in struct options */
    const char *flag;
    const char *standard;
    uint64_t least; /* TEXT: bytes */
    uint64_t most;
    const char *help;
};

static const struct option table[] = {
#define X(kind, field, flag, standard, least, most, help)                                          \
    {kind, offsetof(struct options, field), flag, standard, least, most, help},
    OPTIONS(X)
#undef X
};

enum { N_OPTIONS = sizeof table / sizeof table[0], SCENARIO_FLAGS_MAX = 9 };

/* A scenario: flags that stand before those that were given. */
static const struct scenario {
    const char *name;
    const char *about;
    const char *flags[SCENARIO_FLAGS_MAX][2];
} SCENARIOS[] = {
    {"s1", "two people, one types, closed loop", {{"clients", "2"}, {"writers", "1"}}},
    {"s2",
     "a meeting: 50 people, 5 type 20 a second each",
     {{"clients", "50"}, {"writers", "5"}, {"rate", "20"}}},
    {"s3",
     "one hot room: 200 people, 20 type, as fast as p99 stays below 100 ms",
     {{"clients", "200"}, {"writers", "20"}, {"rate", "5"}, {"ramp-p99-ms", "100"}}},
    {"s4",
     "500 rooms of 4 people who type 2 a second each",
     {{"rooms", "500"}, {"clients", "4"}, {"writers", "4"}, {"rate", "2"}}},
    {"s5",
     "10,000 connections in 2,500 rooms where nobody types",
     {{"rooms", "2500"}, {"clients", "4"}, {"writers", "0"}}},
    {"s6",
     "joining a text of 1 MB with 100,000 operations behind it, one after the other",
     {{"clients", "20"},
      {"writers", "0"},
      {"document", "1000000"},
      {"document-ops", "100000"},
      {"join-window", "1"}}},
    {"s7",
     "200 people who move cursors, 5 of them type 20 a second each",
     {{"clients", "200"},
      {"writers", "5"},
      {"rate", "20"},
      {"cursors", "200"},
      {"cursor-rate", "10"}}},
};

enum { N_SCENARIOS = sizeof SCENARIOS / sizeof SCENARIOS[0] };

static bool read_digits(const char **at, uint64_t *ret)
{
    const char *s = *at;
    uint64_t v = 0;
    for (; *s >= '0' && *s <= '9' && v < (uint64_t)1 << 53; s++)
        v = v * 10 + (uint64_t)(*s - '0');
    if (s == *at)
        return false;
    *at = s;
    *ret = v;
    return true;
}

static bool read_bytes(const char *s, uint64_t *ret)
{
    static const char units[] = "kKmMgG";
    uint64_t v = 0;
    if (!read_digits(&s, &v))
        return false;
    const char *unit = *s != '\0' ? strchr(units, *s) : NULL;
    if (unit != NULL) {
        v <<= 10 * ((unit - units) / 2 + 1);
        s++;
    }
    *ret = v;
    return *s == '\0';
}

/* Digits, and perhaps a point and digits: no sign, no exponent, no word such as inf. */
static bool read_rate(const char *s, double *ret)
{
    uint64_t v = 0;
    const char *at = s;
    if (!read_digits(&at, &v) || (*at == '.' && (at++, !read_digits(&at, &v))) || *at != '\0')
        return false;
    *ret = strtod(s, NULL);
    return true;
}

static int say(const struct option *o, const char *found, char *words, size_t words_bytes)
{
    unsigned long long least = o->least;
    unsigned long long most = o->most;
    const char *what = o->kind == TEXT    ? " bytes"
                       : o->kind == BYTES ? " bytes (64k and 16M are understood)"
                                          : "";
    if (*found == '\0')
        found = "nothing";
    snprintf(words, words_bytes, "--%s: found %.100s, expected %llu to %llu%s", o->flag, found,
             least, most, what);
    return WEFT_EINVAL;
}

static int assign(struct options *out, const struct option *o, const char *value, char *words,
                  size_t words_bytes)
{
    char *at = (char *)out + o->offset;
    uint64_t number = 0;
    uint32_t small = 0;
    double rate = 0;
    const char *end = value;
    switch (o->kind) {
    case TEXT:
        if (strlen(value) < o->least || strlen(value) > o->most)
            break;
        memcpy(at, &value, sizeof value);
        return 0;
    case BYTES:
        if (!read_bytes(value, &number) || number < o->least || number > o->most)
            break;
        memcpy(at, &number, sizeof number);
        return 0;
    case NUMBER:
        if (!read_digits(&end, &number) || *end != '\0' || number < o->least || number > o->most)
            break;
        small = (uint32_t)number;
        memcpy(at, &small, sizeof small);
        return 0;
    case RATE:
        if (!read_rate(value, &rate) || rate < (double)o->least || rate > (double)o->most)
            break;
        memcpy(at, &rate, sizeof rate);
        return 0;
    }
    return say(o, value, words, words_bytes);
}

static const struct option *find(const char *flag, size_t len)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (strlen(table[i].flag) == len && memcmp(table[i].flag, flag, len) == 0)
            return &table[i];
    return NULL;
}

static int unknown_flag(const char *arg, size_t len, char *words, size_t words_bytes)
{
    const char *flags[N_OPTIONS];
    char name[41];
    for (size_t i = 0; i < N_OPTIONS; i++)
        flags[i] = table[i].flag;
    snprintf(name, sizeof name, "%.*s", (int)(len < 40 ? len : 40), arg + 2);
    const char *nearest = nearest_word(name, flags, N_OPTIONS);
    if (nearest != NULL)
        snprintf(words, words_bytes, "--%s: unknown flag; did you mean --%s?", name, nearest);
    else
        snprintf(words, words_bytes, "--%s: unknown flag; `weft bench --help` lists them", name);
    return WEFT_EINVAL;
}

/* One pass over the arguments; `only`: nothing but that flag is taken. */
static int read_arguments(struct options *out, int argc, char *const argv[], const char *only,
                          char *words, size_t words_bytes)
{
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
            return WEFT_ENOENT;
        if (strncmp(arg, "--", 2) != 0) {
            snprintf(words, words_bytes, "%.100s: found an argument, expected a flag such as --url",
                     arg);
            return WEFT_EINVAL;
        }
        size_t len = strcspn(arg + 2, "=");
        const struct option *o = find(arg + 2, len);
        if (o == NULL)
            return unknown_flag(arg, len, words, words_bytes);
        const char *value = arg[2 + len] == '=' ? arg + 2 + len + 1 : i + 1 < argc ? argv[++i] : "";
        if (only != NULL && strcmp(o->flag, only) != 0)
            continue;
        int err = assign(out, o, value, words, words_bytes);
        if (err != 0)
            return err;
    }
    return 0;
}

static int take_scenario(struct options *out, char *words, size_t words_bytes)
{
    if (*out->scenario == '\0')
        return 0;
    for (size_t i = 0; i < N_SCENARIOS; i++) {
        if (strcmp(SCENARIOS[i].name, out->scenario) != 0)
            continue;
        const char *const(*flags)[2] = SCENARIOS[i].flags;
        for (size_t j = 0; j < SCENARIO_FLAGS_MAX && flags[j][0] != NULL; j++) {
            int err = assign(out, find(flags[j][0], strlen(flags[j][0])), flags[j][1], words,
                             words_bytes);
            if (err != 0)
                return err;
        }
        return 0;
    }
    snprintf(words, words_bytes, "--scenario: found %.20s, expected s1 to s%d", out->scenario,
             (int)N_SCENARIOS);
    return WEFT_EINVAL;
}

/* What each flag allows and all together do not. */
static int check(const struct options *o, char *words, size_t words_bytes)
{
    const char *wrong = NULL;
    bool name =
        strspn(o->room, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
        strlen(o->room);
    if (adapter_find(o->protocol) == NULL)
        wrong = "--protocol: found one that is not known; `weft bench --help` lists them";
    else if (o->writers > o->clients)
        wrong = "--writers: found more than --clients";
    else if (o->cursors > o->clients)
        wrong = "--cursors: found more than --clients";
    else if (o->slow_readers > o->clients - o->writers)
        wrong = "--slow-readers: found more than the --clients that are no --writers";
    else if ((uint64_t)o->clients * o->rooms > 1000000)
        wrong = "--rooms: found more than a million connections in all";
    else if (!name)
        wrong = "--room: found a character that is no letter, digit or dash";
    else if (o->ramp_p99_ms != 0 && (o->writers == 0 || o->clients < 2 || o->rate <= 0))
        wrong = "--ramp-p99-ms: expected two --clients, --writers, and a --rate to begin with";
    else if (o->seconds < 0.001)
        wrong = "--seconds: found 0; expected 0.001 or more";
    else if (o->cursors != 0 && adapter_find(o->protocol)->cursor == NULL)
        wrong = "--cursors: expected 0, as this --protocol has none";
    else if (o->document != 0 &&
             (o->document_ops > o->document || o->document / o->document_ops > ADAPTER_CHARS_MAX))
        wrong = "--document-ops: expected 1 to 2048 characters of --document for each";
    if (wrong == NULL)
        return 0;
    snprintf(words, words_bytes, "%s", wrong);
    return WEFT_EINVAL;
}

int options_read(struct options *ret, int argc, char *const argv[], char *words, size_t words_bytes)
{
    struct options out;
    int err = 0;
    memset(&out, 0, sizeof out);
    for (size_t i = 0; i < N_OPTIONS && err == 0; i++)
        err = assign(&out, &table[i], table[i].standard, words, words_bytes);
    if (err == 0)
        err = read_arguments(&out, argc, argv, "scenario", words, words_bytes);
    if (err == 0)
        err = take_scenario(&out, words, words_bytes);
    if (err == 0)
        err = read_arguments(&out, argc, argv, NULL, words, words_bytes);
    if (err == 0)
        err = check(&out, words, words_bytes);
    if (err == 0)
        *ret = out;
    return err;
}

void options_print_help(void)
{
    fputs(
        "weft bench [--flag value ...]\n"
        "\n"
        "Loads a server and measures it: rooms full of people who type, over WebSocket, from one\n"
        "thread. Each flag is shown with its default.\n"
        "\n",
        stdout);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s %s", table[i].flag, table[i].standard);
        printf("  %-28s %s\n", left, table[i].help);
    }
    fputs("\nProtocols:\n", stdout);
    for (size_t i = 0; ADAPTERS[i] != NULL; i++)
        printf("  %-12s %s\n", ADAPTERS[i]->name, ADAPTERS[i]->about);
    fputs("\nScenarios, and the flags each stands for:\n", stdout);
    for (size_t i = 0; i < N_SCENARIOS; i++) {
        printf("  %-12s %s\n              ", SCENARIOS[i].name, SCENARIOS[i].about);
        for (size_t j = 0; j < SCENARIO_FLAGS_MAX && SCENARIOS[i].flags[j][0] != NULL; j++)
            printf(" --%s %s", SCENARIOS[i].flags[j][0], SCENARIOS[i].flags[j][1]);
        fputs("\n", stdout);
    }
    fputs(
        "\n"
        "The server must let it: `weft serve --rate-messages 0 --limit-per-address 100000\n"
        "--limit-connections 100000` for the larger ones.\n"
        "\n"
        "Exit status: 0 measured; 1 not measured, or the server did not take what it was offered;\n"
        "2 not understood.\n",
        stdout);
}
