/* Signals that a program sends to itself, in each of the ways in which a handler may be set up. */

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static char other_stack[65536] __attribute__((aligned(16)));
static int depth;
static sigjmp_buf place;

static void set(int signal, void (*handler)(int), int flags, int masked)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    if (masked)
        sigaddset(&action.sa_mask, masked);
    sigaction(signal, &action, 0);
}

static void block(int how, int one, int other)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, one);
    sigaddset(&mask, other);
    sigprocmask(how, &mask, 0);
}

static void tell_mask(const char *where)
{
    sigset_t blocked, pending;
    sigprocmask(SIG_BLOCK, 0, &blocked);
    sigpending(&pending);
    printf("%s: blocked", where);
    for (int i = 1; i < 32; i++)
        if (sigismember(&blocked, i))
            printf(" %d", i);
    printf(", pending");
    for (int i = 1; i < 32; i++)
        if (sigismember(&pending, i))
            printf(" %d", i);
    printf("\n");
}

static void tell(int signal)
{
    printf("handler of %d at depth %d\n", signal, depth);
    tell_mask("there");
}

static void nest(int signal)
{
    depth++;
    tell(signal);
    if (depth < 2)
        raise(signal == SIGUSR1 ? SIGUSR2 : SIGUSR1);
    depth--;
    printf("end of %d\n", signal);
}

static void again(int signal)
{
    printf("again %d at depth %d\n", signal, ++depth);
    if (depth < 4)
        raise(signal);
    depth--;
}

static void informed(int signal, siginfo_t *info, void *context)
{
    ucontext_t *there = context;
    printf("info: %d %d errno %d code %d, own %d, user %d, value %d, link %d\n", signal, info->si_signo, info->si_errno,
           info->si_code, info->si_pid == getpid(), info->si_uid == getuid(),
           info->si_code == SI_QUEUE ? info->si_value.sival_int : 0, there->uc_link != 0);
}

static int is_on(const void *pointer, const char *stack)
{
    return (uintptr_t)pointer >= (uintptr_t)stack && (uintptr_t)pointer < (uintptr_t)stack + sizeof other_stack;
}

static void on_stack(int signal)
{
    stack_t now, next = {.ss_flags = SS_DISABLE};
    sigaltstack(0, &now);
    int refused = sigaltstack(&next, 0);
    printf("handler of %d on the other stack: %d, flags %d, size %d, %s\n", signal, is_on(&now, other_stack), now.ss_flags,
           (int)now.ss_size, refused ? strerror(errno) : "changed");
    if (signal == SIGUSR1)
        raise(SIGUSR2);
}

static void leave(int signal)
{
    siglongjmp(place, signal);
}

static int skipped(void)
{
    printf("in another function\n");
    fflush(stdout);
    siglongjmp(place, 1);
}

static void elsewhere(int signal, siginfo_t *info, void *context)
{
    ucontext_t *there = context;
    (void)signal, (void)info;
    there->uc_mcontext.pc = (unsigned long)skipped;
}

static void other_result(int signal, siginfo_t *info, void *context)
{
    ucontext_t *there = context;
    (void)signal, (void)info;
    there->uc_mcontext.regs[0] = 77;
    sigaddset(&there->uc_sigmask, SIGHUP);
}

static void set_informed(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(signal, &action, 0);
}

int main(void)
{
    struct sigaction action;
    set(SIGUSR1, nest, 0, SIGHUP);
    set(SIGUSR2, nest, 0, 0);
    raise(SIGUSR1);
    tell_mask("after");

    set(SIGUSR1, tell, 0, SIGUSR2);
    set(SIGUSR2, tell, 0, 0);
    block(SIG_BLOCK, SIGUSR1, SIGUSR2);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    tell_mask("all blocked");
    block(SIG_UNBLOCK, SIGUSR1, SIGUSR2);
    set(SIGUSR1, tell, 0, 0);
    block(SIG_BLOCK, SIGUSR1, SIGUSR2);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    block(SIG_UNBLOCK, SIGUSR1, SIGUSR2);
    block(SIG_BLOCK, SIGUSR1, SIGKILL);
    raise(SIGUSR1);
    set(SIGUSR1, SIG_IGN, 0, 0);
    tell_mask("ignored while it was pending");
    raise(SIGUSR1);
    raise(SIGCHLD);
    raise(SIGWINCH);
    block(SIG_UNBLOCK, SIGUSR1, SIGUSR2);

    set(SIGUSR1, again, SA_NODEFER, 0);
    raise(SIGUSR1);
    set(SIGUSR1, nest, SA_RESETHAND, 0);
    depth = 4;
    raise(SIGUSR1);
    depth = 0;
    sigaction(SIGUSR1, 0, &action);
    printf("set back: %d\n", action.sa_handler == SIG_DFL);

    set_informed(SIGUSR1, informed);
    kill(getpid(), SIGUSR1);
    raise(SIGUSR1);
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4711});

    set_informed(SIGRTMIN + 1, informed);
    block(SIG_BLOCK, SIGRTMIN + 1, SIGRTMIN + 1);
    for (int i = 1; i <= 3; i++)
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
    block(SIG_UNBLOCK, SIGRTMIN + 1, SIGRTMIN + 1);

    stack_t other = {.ss_sp = other_stack, .ss_size = sizeof other_stack}, small = {.ss_sp = other_stack, .ss_size = 100};
    set(SIGUSR1, on_stack, SA_ONSTACK, 0);
    set(SIGUSR2, on_stack, SA_ONSTACK, 0);
    sigaltstack(&small, 0);
    printf("small: %s\n", strerror(errno));
    raise(SIGUSR2);
    sigaltstack(&other, 0);
    raise(SIGUSR1);
    sigaltstack(0, &small);
    printf("flags %d\n", small.ss_flags);

    set(SIGUSR1, leave, SA_ONSTACK, 0);
    volatile int jumps = 0;
    if (sigsetjmp(place, 1) || !jumps)
        if (++jumps <= 10000)
            raise(SIGUSR1);
    printf("%d jumps\n", jumps - 1);
    tell_mask("after jumps");

    set(SIGABRT, leave, 0, 0);
    if (!sigsetjmp(place, 1))
        abort();
    printf("out of abort\n");

    set_informed(SIGUSR2, elsewhere);
    if (!sigsetjmp(place, 1))
        raise(SIGUSR2);
    set_informed(SIGUSR2, other_result);
    printf("another result: %ld\n", syscall(SYS_kill, getpid(), SIGUSR2));
    tell_mask("with another mask");

    sigset_t wanted, none;
    siginfo_t info;
    sigemptyset(&none);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    block(SIG_BLOCK, SIGUSR1, SIGUSR1);
    raise(SIGUSR1);
    int first = sigtimedwait(&wanted, &info, &(struct timespec){0, 0});
    printf("waited: %d, code %d\n", first, info.si_code);
    first = sigtimedwait(&wanted, &info, &(struct timespec){0, 1000});
    printf("waited: %d, %s\n", first, strerror(errno));
    set(SIGUSR1, tell, 0, 0);
    raise(SIGUSR1);
    first = sigsuspend(&none);
    printf("suspended: %d, %s\n", first, strerror(errno));
    tell_mask("after sigsuspend");

    first = ppoll(0, 0, &(struct timespec){0, 0}, &none);
    printf("polled: %d\n", first);
    raise(SIGUSR1);
    first = ppoll(0, 0, &(struct timespec){0, 0}, &wanted);
    printf("polled with it blocked: %d\n", first);
    first = ppoll(0, 0, &(struct timespec){3, 0}, &none);
    printf("polled: %d, %s\n", first, strerror(errno));
    tell_mask("after ppoll");

    int ends[2];
    set_informed(SIGPIPE, informed);
    first = pipe(ends) || close(ends[0]);
    first += (int)write(ends[1], "", 0);
    printf("to nobody: %d\n", first);
    first = (int)write(ends[1], "x", 1);
    printf("to nobody: %d, %s\n", first, strerror(errno));

    printf("%d %d", kill(getpid(), 99), errno);
    printf(" %d %d", kill(getpid(), 0), sigaction(SIGKILL, &action, 0));
    printf(" %ld %d", syscall(SYS_rt_sigprocmask, 9, &none, 0, 8), errno);
    printf(" %ld %d\n", syscall(SYS_tgkill, getpid(), -1, 1), errno);
    fflush(stdout);
    return 9;
}
