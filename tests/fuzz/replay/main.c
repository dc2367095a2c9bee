/* replay - runs a fuzz target without libFuzzer, as a test: every file of its corpus, the empty
 * input, and inputs grown from a fixed seed. It is linked with one tests/fuzz/<name>_fuzz.c; the
 * corpus is tests/fuzz/corpus/<name>/ below WEFT_ROOT (or the current folder). */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUT_BYTES_MAX = 1 << 20, /* a corpus file above this is an error, not a seed */
    RANDOM_RUNS = 2000,        /* about a second for the slowest target */
    RANDOM_BYTES_MAX = 512,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t input[INPUT_BYTES_MAX + 1];

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* The target gets exactly sized heap memory, so that a sanitizer sees a read past the end. */
static void run_input(const uint8_t *bytes, size_t len_bytes)
{
    uint8_t *copy = malloc(len_bytes ? len_bytes : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, len_bytes);
    LLVMFuzzerTestOneInput(copy, len_bytes);
    free(copy);
}

/* Returns the number of files, or -1 after one that could not be read. */
static int run_corpus(const char *dir_path)
{
    DIR *dir = opendir(dir_path);
    if (!dir)
        return 0;
    int count = 0;
    struct dirent *entry;
    while (count >= 0 && (entry = readdir(dir))) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir_path, entry->d_name);
        FILE *file = fopen(path, "rb");
        size_t len_bytes = file ? fread(input, 1, sizeof(input), file) : 0;
        if (!file || len_bytes > INPUT_BYTES_MAX) {
            printf("# cannot use %s\n", path);
            count = -1;
        } else {
            printf("# %s\n", path);
            fflush(stdout);
            run_input(input, len_bytes);
            count++;
        }
        if (file)
            fclose(file);
    }
    closedir(dir);
    return count;
}

static void run_random(void)
{
    uint64_t state = 0x9e3779b97f4a7c15u;
    for (int run = 0; run < RANDOM_RUNS; run++) {
        size_t len_bytes = (size_t)(next_random(&state) % RANDOM_BYTES_MAX);
        for (size_t i = 0; i < len_bytes; i++)
            input[i] = (uint8_t)next_random(&state);
        run_input(input, len_bytes);
    }
}

int main(int argc, char **argv)
{
    const char *root = getenv("WEFT_ROOT");
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    char name[256];
    char dir_path[2048];

    snprintf(name, sizeof(name), "%s", slash ? slash + 1 : argv[0]);
    char *suffix = strstr(name, "_fuzz");
    if (suffix)
        *suffix = '\0';
    snprintf(dir_path, sizeof(dir_path), "%s/tests/fuzz/corpus/%s", root ? root : ".", name);

    printf("1..2\n");
    fflush(stdout);
    int files = run_corpus(dir_path);
    printf("%s 1 - %s: %d corpus files\n", files < 0 ? "not ok" : "ok", name, files);
    fflush(stdout);
    run_input(input, 0);
    run_random();
    printf("ok 2 - %s: empty input and %d random inputs\n", name, RANDOM_RUNS);
    return files < 0;
}
