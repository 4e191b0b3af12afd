/* Signals that end a program, or that nobody sends: what happens is the argument. */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void caught(int signal)
{
    printf("caught %d\n", signal);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    sigset_t none, one;
    setvbuf(stdout, 0, _IONBF, 0);
    sigemptyset(&none);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    signal(SIGSEGV, caught);
    printf("%s\n", what);
    if (!strcmp(what, "suspend")) {
        raise(SIGCHLD);
        sigsuspend(&none);
    } else if (!strcmp(what, "wait")) {
        sigwaitinfo(&one, 0);
    } else if (!strcmp(what, "default")) {
        sigprocmask(SIG_BLOCK, &one, 0);
        raise(SIGUSR1);
        printf("pending\n");
        sigprocmask(SIG_UNBLOCK, &one, 0);
    } else if (!strcmp(what, "kill")) {
        raise(SIGKILL);
    } else if (!strcmp(what, "stop")) {
        raise(SIGTSTP);
        printf("nobody could go on with it\n");
        raise(SIGSTOP);
    } else if (!strcmp(what, "fault")) {
        raise(SIGSEGV);
        *(volatile int *)8 = 1;
    } else if (!strcmp(what, "time")) {
        alarm(1);
        printf("%d %s\n", signalfd(-1, &one, 0), strerror(errno));
        return 4;
    } else if (!strcmp(what, "many")) {
        sigaddset(&one, SIGRTMIN);
        sigprocmask(SIG_BLOCK, &one, 0);
        int sent = 0;
        while (!kill(getpid(), SIGRTMIN))
            sent++;
        printf("%d, %s, and %d\n", sent, strerror(errno), kill(getpid(), SIGUSR1));
        return 5;
    }
    return 0;
}
