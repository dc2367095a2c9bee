#include "support/trap.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

sigjmp_buf trap_here;
char trap_what[256];

static bool is_set;

static const int CAUGHT[] = {SIGSEGV, SIGBUS, SIGFPE};
enum { N_CAUGHT = sizeof CAUGHT / sizeof *CAUGHT };
static struct sigaction before[N_CAUGHT];

void trap_jump(void)
{
    if (is_set) {
        trap_clear();
        siglongjmp(trap_here, 1);
    }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static void on_signal(int number)
{
    (void)snprintf(trap_what, sizeof trap_what, "died of signal %d (%s)", number,
                   strsignal(number));
    trap_jump();
}
#endif

void trap_set(void)
{
    is_set = true;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
    for (size_t i = 0; i < N_CAUGHT; i++)
        (void)sigaction(CAUGHT[i], &action, &before[i]);
#else
    (void)CAUGHT;
    (void)before;
#endif
}

void trap_clear(void)
{
    is_set = false;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    for (size_t i = 0; i < N_CAUGHT; i++)
        (void)sigaction(CAUGHT[i], &before[i], NULL);
#endif
}
