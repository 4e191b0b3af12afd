/* Handlers of faults, each of what the first argument names. */

#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int times, told_code, told_signal;
static volatile long told_address;
static char *page;

static void jump(int signal, siginfo_t *information, void *context)
{
    (void)context;
    told_signal = signal;
    told_code = information->si_code;
    told_address = (long)information->si_addr;
    siglongjmp(back, 1);
}

static void skip(int signal, siginfo_t *information, void *context)
{
    ucontext_t *user = context;
    (void)signal;
    __atomic_fetch_add(&times, 1, __ATOMIC_RELAXED);
    told_address = (long)information->si_addr;
    user->uc_mcontext.regs[10] = 4711; /* what the instruction would have loaded */
    user->uc_mcontext.pc += 4;
}

static void repair(int signal, siginfo_t *information, void *context)
{
    (void)signal, (void)context;
    __atomic_fetch_add(&times, 1, __ATOMIC_RELAXED);
    if (mprotect((void *)((unsigned long)information->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE))
        _exit(50);
}

static void handle(int signal, void (*what)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = what, .sa_flags = SA_SIGINFO | flags};
    sigaction(signal, &action, 0);
}

/* Each register holds what it may not lose; x16 and x17 are what a way back would take. */
static long load_with_all_registers(void)
{
    long wrong;
    __asm__ volatile("mov x9, #8\n mov x11, #11\n mov x12, #12\n mov x13, #13\n mov x14, #14\n mov x15, #15\n"
                     "mov x16, #16\n mov x17, #17\n fmov d0, #1.0\n fmov d31, #2.0\n mov x1, #1\n cmp x1, #1\n"
                     "ldr x10, [x9]\n"
                     "mov %0, #0\n cinc %0, %0, ne\n"
                     "cmp x16, #16\n cinc %0, %0, ne\n cmp x17, #17\n cinc %0, %0, ne\n"
                     "cmp x11, #11\n cinc %0, %0, ne\n cmp x15, #15\n cinc %0, %0, ne\n"
                     "cmp x9, #8\n cinc %0, %0, ne\n fmov d1, #1.0\n fcmp d0, d1\n cinc %0, %0, ne\n"
                     "fmov d1, #2.0\n fcmp d31, d1\n cinc %0, %0, ne\n"
                     "mov x1, #4711\n cmp x10, x1\n cinc %0, %0, ne\n"
                     : "=&r"(wrong)
                     :
                     : "x1", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "v0", "v1", "v31", "cc", "memory");
    return wrong;
}

static int deeper(volatile char *above)
{
    volatile char here[4096];
    here[0] = above[0];
    return deeper(here) + here[0];
}

static void *overflow(void *none)
{
    static char other[16384];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    sigaltstack(&stack, 0);
    if (sigsetjmp(back, 1) == 0)
        return (void *)(long)deeper(other);
    return none;
}

static void *loads(void *number)
{
    long wrong = 0;
    for (int i = 0; i < 50; i++)
        wrong += load_with_all_registers();
    return (void *)(wrong + (long)number);
}

int main(int arguments, char **argument)
{
    const char *what = argument[arguments - 1];
    if (!strcmp(what, "jump")) {
        handle(SIGSEGV, jump, 0);
        for (int i = 0; i < 3; i++)
            if (sigsetjmp(back, 1) == 0)
                *(volatile int *)(8l + i) = 1;
        printf("signal %d, code %d, address %ld\n", told_signal, told_code, told_address);
    } else if (!strcmp(what, "code")) {
        handle(SIGSEGV, jump, 0);
        if (sigsetjmp(back, 1) == 0)
            *(volatile int *)main = 1;
        printf("signal %d, code %d, %s\n", told_signal, told_code, told_address == (long)main ? "there" : "elsewhere");
        if (sigsetjmp(back, 1) == 0)
            ((void (*)(void))0x10)();
        printf("signal %d, code %d, address %ld\n", told_signal, told_code, told_address);
    } else if (!strcmp(what, "illegal")) {
        handle(SIGILL, jump, 0);
        handle(SIGTRAP, jump, 0);
        if (sigsetjmp(back, 1) == 0)
            __asm__ volatile("udf #0");
        printf("signal %d\n", told_signal);
        if (sigsetjmp(back, 1) == 0)
            __asm__ volatile("brk #0");
        printf("signal %d, code %d\n", told_signal, told_code);
    } else if (!strcmp(what, "skip")) {
        handle(SIGSEGV, skip, 0);
        long wrong = load_with_all_registers();
        printf("%ld wrong, %d times, address %ld\n", wrong, times, told_address);
    } else if (!strcmp(what, "threads")) {
        pthread_t threads[3];
        long sum = 0;
        handle(SIGSEGV, skip, 0);
        for (long i = 0; i < 3; i++)
            pthread_create(&threads[i], 0, loads, (void *)i);
        for (int i = 0; i < 3; i++) {
            void *result;
            pthread_join(threads[i], &result);
            sum += (long)result;
        }
        printf("%ld, %d times\n", sum, times);
    } else if (!strcmp(what, "overflow")) {
        pthread_t thread;
        void *result = 0;
        handle(SIGSEGV, jump, SA_ONSTACK);
        pthread_create(&thread, 0, overflow, "back");
        pthread_join(thread, &result);
        printf("%s from signal %d\n", (char *)result, told_signal);
    } else if (!strcmp(what, "repair")) {
        page = mmap(0, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        handle(SIGSEGV, repair, 0);
        page[0] = 3;
        page[1] = 4;
        printf("%d and %d, %d times\n", page[0], page[1], times);
    } else if (!strcmp(what, "blocked")) {
        sigset_t all;
        sigfillset(&all);
        handle(SIGSEGV, jump, 0);
        sigprocmask(SIG_BLOCK, &all, 0);
        *(volatile int *)8 = 1;
    } else if (!strcmp(what, "call")) {
        handle(SIGSEGV, jump, 0);
        if (sigsetjmp(back, 1) == 0)
            syscall(113 /* clock_gettime */, 0, 8);
        puts("handled");
    } else if (!strcmp(what, "unhandled")) {
        handle(SIGILL, jump, 0);
        *(volatile int *)8 = 1;
    }
    return 6;
}
