/* weft's side of `make bench-engine`, as one worker: a question per line in, an answer in JSON per
 * line out. tests/bench/engine/README.md has the questions and who asks them. Without a question it does nothing, so `make bench` may start it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/engine/engine.h"

enum { WORDS_MAX = 8, LINE_BYTES = 4096 };

static const struct {
    const char *name;
    question *ask;
} questions[] = {
    {"edit", ask_edit},       {"memory", ask_memory},   {"convert", ask_convert},
    {"diff", ask_diff},       {"pair", ask_pair},       {"allpairs", ask_allpairs},
    {"compose", ask_compose}, {"apply", ask_apply},     {"offline", ask_offline},
    {"behind", ask_behind},   {"session", ask_session},
};

static void answer(char *line)
{
    static char none[1];
    char *words[WORDS_MAX];
    size_t n = 0;
    for (char *w = strtok(line, " \n"); w != NULL && n < WORDS_MAX; w = strtok(NULL, " \n"))
        words[n++] = w;
    if (n == 0)
        return;
    while (n < WORDS_MAX)
        words[n++] = none;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        if (strcmp(words[0], questions[i].name) == 0) {
            questions[i].ask(words);
            fflush(stdout);
            return;
        }
    }
    printf("{\"error\":\"unknown question\"}\n");
    fflush(stdout);
}

int main(void)
{
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL)
        answer(line);
    session_end();
    return 0;
}
