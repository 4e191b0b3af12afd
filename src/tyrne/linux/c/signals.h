/* What signals.c has for handlers.c: who handles which signal, and what is pending; and both for other files. */
#ifndef TYRNE_LINUX_SIGNALS_H
#define TYRNE_LINUX_SIGNALS_H

#include "linux.h"

enum { SIGKILL = 9, SIGSEGV = 11, SIGPIPE = 13, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21,
       SIGTTOU = 22, SIGURG = 23, SIGWINCH = 28, SIGRTMIN = 32, SIGNALS = 64 };
enum { SIG_DFL, SIG_IGN };
enum { SI_USER = 0, SI_TKILL = -6 };

#define SA_SIGINFO 4ul
#define SA_RESTORER 0x04000000ul
#define SA_ONSTACK 0x08000000ul
#define SA_NODEFER 0x40000000ul
#define SA_RESETHAND 0x80000000ul

#define SIGINFO_BYTES 128
#define ENDED_BY_SIGNAL 128 /* and the signal: the code that a shell tells */
#define SIGNAL(number) (1ul << ((number) - 1))
#define NEVER_BLOCKED (SIGNAL(SIGKILL) | SIGNAL(SIGSTOP))

/* Linux's struct sigaction. */
struct linux_action {
    uint64_t handler, flags, restorer, mask;
};

/* The beginning of Linux's siginfo_t: the rest is zeros. After a fault, the address is where process and user are. */
struct linux_sent {
    int32_t signal, error, code, unused;
    uint32_t process, user;
    uint64_t value;
};

extern struct linux_action linux_actions[SIGNALS + 1];
extern uint64_t linux_pending;

struct linux_thread;

int linux_is_ignored(uint64_t signal);
int linux_is_interrupted(uint64_t mask);
int64_t linux_send_own(uint64_t signal, int32_t code);
uint64_t linux_pending_here(void);
int linux_take_signal(uint64_t set, struct linux_sent *sent);
void linux_force_fault(uint64_t address);
int64_t linux_suspend(uint64_t mask);
_Noreturn void linux_wait_for_ever(void);

#endif
