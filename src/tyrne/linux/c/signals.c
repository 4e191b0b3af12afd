/* Signals: who handles which is kept, and nothing is delivered. One that the program sends to itself, as `abort` does,
   ends it if that is what it does by itself. */

#include "linux.h"

enum { SIGKILL = 9, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGURG = 23, SIGWINCH = 28, SIGNALS = 64 };
enum { SIG_IGN = 1 };
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

#define ENDED_BY_SIGNAL 128 /* and the signal: the code that a shell tells */

struct action {
    uint64_t handler, flags, restorer, mask;
};

static struct action actions[SIGNALS + 1];
static uint64_t blocked;
static uint64_t alternative[3] = {0, 2, 0}; /* no stack: SS_DISABLE */

int64_t linux_rt_sigaction(const uint64_t *x)
{
    uint64_t signal = (uint32_t)x[0];
    if (!signal || signal > SIGNALS || (x[1] && (signal == SIGKILL || signal == SIGSTOP)))
        return -EINVAL;
    struct action before = actions[signal];
    if (x[1])
        actions[signal] = *(const struct action *)x[1];
    if (x[2])
        *(struct action *)x[2] = before;
    return 0;
}

int64_t linux_rt_sigprocmask(const uint64_t *x)
{
    uint64_t before = blocked;
    if (x[1]) {
        uint64_t set = *(const uint64_t *)x[1];
        switch ((uint32_t)x[0]) {
        case SIG_BLOCK:
            blocked |= set;
            break;
        case SIG_UNBLOCK:
            blocked &= ~set;
            break;
        case SIG_SETMASK:
            blocked = set;
            break;
        default:
            return -EINVAL;
        }
    }
    if (x[2])
        *(uint64_t *)x[2] = before;
    return 0;
}

int64_t linux_sigaltstack(const uint64_t *x)
{
    uint64_t before[3] = {alternative[0], alternative[1], alternative[2]};
    if (x[0])
        memcpy(alternative, (const void *)x[0], sizeof alternative);
    if (x[1])
        memcpy((void *)x[1], before, sizeof before);
    return 0;
}

static int64_t send(uint64_t signal)
{
    signal = (uint32_t)signal;
    if (signal > SIGNALS)
        return -EINVAL;
    int quiet = !signal || signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
    if (quiet || actions[signal].handler == SIG_IGN)
        return 0;
    if (actions[signal].handler)
        linux_say("[linux: a signal is not delivered to its handler, and ends the program]\n");
    linux_end(ENDED_BY_SIGNAL + signal);
}

static inline int is_own(uint64_t process)
{
    return (int32_t)process == PROCESS || !(uint32_t)process;
}

int64_t linux_kill(const uint64_t *x)
{
    return is_own(x[0]) ? send(x[1]) : -ESRCH;
}

int64_t linux_tgkill(const uint64_t *x)
{
    return is_own(x[0]) && is_own(x[1]) ? send(x[2]) : -ESRCH;
}

int64_t linux_no_child(const uint64_t *x)
{
    (void)x;
    return -ECHILD;
}
