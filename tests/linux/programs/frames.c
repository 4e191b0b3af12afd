/* Returns from a handler with a frame that it has changed: by a seed, or, without one, so that Linux refuses it. */

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

static uint64_t state;

static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void damage(int signal, siginfo_t *info, void *context)
{
    uint64_t *words = context;
    (void)signal, (void)info;
    if (!state) {
        memset(((ucontext_t *)context)->uc_mcontext.__reserved, 0, 16);
        return;
    }
    for (uint64_t count = next() % 4; count + 1; count--) {
        uint64_t drawn = next(), values[] = {0, drawn >> 60, (uint64_t)context + drawn % 8192, drawn, (uint64_t)damage};
        words[next() % 132] = values[next() % 5]; /* as far as the last vector */
    }
}

static void refused(int signal)
{
    printf("the frame is refused: %d\n", signal);
    fflush(stdout);
    exit(3);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = damage, .sa_flags = SA_SIGINFO};
    state = argc > 1 ? strtoul(argv[1], 0, 10) : 0;
    sigaction(SIGUSR1, &action, 0);
    action = (struct sigaction){.sa_handler = refused};
    if (argc < 3)
        sigaction(SIGSEGV, &action, 0);
    for (int i = 0; i < 20; i++)
        raise(SIGUSR1);
    return 0;
}
