#include "bench/proc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 64, LINE_BYTES = 512 };

bool proc_read_list(struct proc *p, const char *list, char *why, size_t why_bytes)
{
    *p = (struct proc){0};
    for (const char *at = list; *at != '\0';) {
        char *end = NULL;
        long pid = strtol(at, &end, 10);
        struct proc_use use;
        if (*at < '0' || *at > '9' || (*end != ',' && *end != '\0') || pid <= 0 ||
            pid > (1 << 22) || p->n_roots == PROC_ROOTS_MAX) {
            snprintf(why, why_bytes,
                     "--pid: found %.100s, expected up to %d process numbers with commas", list,
                     PROC_ROOTS_MAX);
            return false;
        }
        p->roots[p->n_roots++] = (pid_t)pid;
        proc_look(p);
        if (!proc_use(p, &use)) {
            snprintf(why, why_bytes, "--pid: there is no process %ld, or it may not be read", pid);
            return false;
        }
        at = *end == ',' ? end + 1 : end;
    }
    return true;
}

/* The fourth word of stat; the second is a name in parentheses, with anything in it. */
static pid_t parent_of(const char *pid)
{
    char path[PATH_BYTES];
    char line[LINE_BYTES];
    long parent = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return 0;
    if (fgets(line, sizeof line, f) != NULL) {
        const char *name_end = strrchr(line, ')');
        if (name_end != NULL && strlen(name_end) > 4)
            parent = strtol(name_end + 4, NULL, 10);
    }
    fclose(f);
    return (pid_t)parent;
}

static bool has(const struct proc *p, pid_t pid)
{
    for (size_t i = 0; i < p->n_pids; i++)
        if (p->pids[i] == pid)
            return true;
    return false;
}

void proc_look(struct proc *p)
{
    memcpy(p->pids, p->roots, sizeof p->roots);
    p->n_pids = p->n_roots;
    for (size_t before = 0; before != p->n_pids && p->n_pids != 0;) {
        before = p->n_pids;
        DIR *dir = opendir("/proc");
        if (dir == NULL)
            return;
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            if (*e->d_name < '1' || *e->d_name > '9' || p->n_pids == PROC_PIDS_MAX)
                continue;
            pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
            if (!has(p, pid) && has(p, parent_of(e->d_name)))
                p->pids[p->n_pids++] = pid;
        }
        closedir(dir);
    }
}

static bool read_memory(pid_t pid, struct proc_use *add)
{
    char line[LINE_BYTES];
    double peak_kib = 0;
    double rss_kib = 0;
    snprintf(line, sizeof line, "/proc/%ld/status", (long)pid);
    FILE *f = fopen(line, "re");
    if (f == NULL)
        return false;
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak_kib = strtod(line + 6, NULL);
        else if (strncmp(line, "VmRSS:", 6) == 0)
            rss_kib = strtod(line + 6, NULL);
    }
    fclose(f);
    add->rss_bytes += rss_kib * 1024;
    add->peak_bytes += peak_kib * 1024;
    return rss_kib > 0; /* one that has ended and was not waited for has none */
}

bool proc_use(const struct proc *p, struct proc_use *ret)
{
    struct proc_use use = {0};
    for (size_t i = 0; i < p->n_pids; i++) {
        clockid_t clock;
        struct timespec t;
        /* What stat counts in ticks of 10 ms, in nanoseconds. */
        bool there = clock_getcpuclockid(p->pids[i], &clock) == 0 &&
                     clock_gettime(clock, &t) == 0 && read_memory(p->pids[i], &use);
        if (there)
            use.cpu_us += (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
        else if (i < p->n_roots)
            return false;
    }
    *ret = use;
    return true;
}

double proc_own_cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
