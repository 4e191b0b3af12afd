/* Signals that the program sends to itself: who handles which, and what is pending. There is nobody else to send one,
   and time sends none: so a signal comes at the end of a call only, where handlers.c looks for it. One that is sent to a
   thread is that thread's; one that is sent to the process is for the first that takes it. */

#include "threads.h"

enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
enum { SEGV_ACCERR = 2 };
enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSYS = 31 };
enum { SET_BYTES = 8, ONCE = SIGRTMIN - 1 }; /* signals up to ONCE are pending once, others are queued */
enum { QUEUED_ONCE = ONCE * (1 + MOST_THREADS), QUEUED = 65 + QUEUED_ONCE }; /* once for any thread, and for each */

#define STOPPING (SIGNAL(SIGTSTP) | SIGNAL(SIGTTIN) | SIGNAL(SIGTTOU)) /* not where nobody could go on with it */
#define QUIET (STOPPING | SIGNAL(SIGCHLD) | SIGNAL(SIGCONT) | SIGNAL(SIGURG) | SIGNAL(SIGWINCH))
#define OF_FAULTS                                                                                     \
    (SIGNAL(SIGILL) | SIGNAL(SIGTRAP) | SIGNAL(SIGBUS) | SIGNAL(SIGFPE) | SIGNAL(SIGSEGV) | SIGNAL(SIGSYS))

struct linux_action linux_actions[SIGNALS + 1];
uint64_t linux_pending; /* for any thread: of the queue, as those of each thread are */
static struct linux_sent queue[QUEUED]; /* in the order in which they were sent */
static struct linux_thread *whose[QUEUED]; /* 0: for any thread */
static uint64_t queued;

/* Take the signals of `set` out of the queue; or only the first one that is for this thread, of a set of one: it is
   copied to `first`. */
static void take(uint64_t set, struct linux_sent *first)
{
    uint64_t kept = 0;
    int taken = 0;
    linux_pending = 0;
    for (struct linux_thread *each = linux_threads; each < linux_threads + MOST_THREADS; each++)
        each->pending = 0;
    for (uint64_t i = 0; i < queued; i++) {
        uint64_t signal = SIGNAL(queue[i].signal);
        if (set & signal && !(first && (taken || (whose[i] && whose[i] != linux_self)))) {
            if (first)
                *first = queue[i];
            taken = 1;
            continue;
        }
        *(whose[i] ? &whose[i]->pending : &linux_pending) |= signal;
        queue[kept] = queue[i];
        whose[kept++] = whose[i];
    }
    queued = kept;
}

/* What was sent to a thread that is over is for nobody, also not for the next one in its place. */
void linux_drop_signals(struct linux_thread *thread)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < queued; i++)
        if (whose[i] != thread) {
            queue[kept] = queue[i];
            whose[kept++] = whose[i];
        }
    queued = kept;
    thread->pending = 0;
}

/* What is pending for this thread. */
uint64_t linux_pending_here(void)
{
    return linux_pending | linux_self->pending;
}

/* Take the pending signal of `set` that Linux would take first: one of a fault, or else the lowest. */
int linux_take_signal(uint64_t set, struct linux_sent *sent)
{
    uint64_t found = linux_pending_here() & set;
    if (!found)
        return 0;
    if (found & OF_FAULTS)
        found &= OF_FAULTS;
    take(found & -found, sent);
    return sent->signal;
}

int linux_is_ignored(uint64_t signal)
{
    uint64_t handler = linux_actions[signal].handler;
    return handler == SIG_IGN || (handler == SIG_DFL && SIGNAL(signal) & QUIET);
}

/* Whether a pending signal that `mask` lets through does anything. */
int linux_is_interrupted(uint64_t mask)
{
    for (uint64_t signal = 1; signal <= SIGNALS; signal++)
        if (linux_pending_here() & ~mask & SIGNAL(signal) && !linux_is_ignored(signal))
            return 1;
    return 0;
}

/* Wake who may have to run a handler: the thread that the signal is for, or all that do not block it. */
static void wake_for(const struct linux_thread *thread, uint64_t set)
{
    for (struct linux_thread *each = linux_threads; each < linux_threads + linux_start.threads; each++)
        if (each != linux_self && each->state == RUNS && (!thread || each == thread) && !(each->blocked & set))
            linux_wake(each);
}

/* To a thread, or to any. */
static int64_t send(const struct linux_sent *sent, struct linux_thread *thread)
{
    uint64_t signal = (uint32_t)sent->signal;
    if (!signal)
        return 0;
    if (signal > SIGNALS)
        return -EINVAL;
    uint64_t set = SIGNAL(signal);
    uint64_t *pending = thread ? &thread->pending : &linux_pending;
    if ((linux_is_ignored(signal) && !((thread ? thread : linux_self)->blocked & set)) || (signal <= ONCE && *pending & set))
        return 0;
    if (signal > ONCE && queued >= QUEUED - QUEUED_ONCE) /* the others have room at any time */
        return -EAGAIN;
    whose[queued] = thread;
    queue[queued++] = *sent;
    *pending |= set;
    wake_for(thread, set);
    return 0;
}

static int64_t send_own(uint64_t signal, int32_t code, struct linux_thread *thread)
{
    const struct linux_sent sent = {.signal = (int32_t)signal, .code = code, .process = PROCESS, .user = USER};
    return send(&sent, thread);
}

/* What the program does sends a signal to the thread that does it. */
int64_t linux_send_own(uint64_t signal, int32_t code)
{
    return send_own(signal, code, linux_self);
}

/* A frame of a signal from which nothing can be taken back: SIGSEGV, which is not to be ignored. */
void linux_force_fault(uint64_t address)
{
    if (linux_self->blocked & SIGNAL(SIGSEGV) || linux_is_ignored(SIGSEGV))
        linux_actions[SIGSEGV].handler = SIG_DFL;
    linux_self->blocked &= ~SIGNAL(SIGSEGV);
    const struct linux_sent sent = {.signal = SIGSEGV, .code = SEGV_ACCERR, .process = (uint32_t)address,
                                    .user = (uint32_t)(address >> 32)};
    send(&sent, linux_self);
}

int64_t linux_rt_sigaction(const uint64_t *x)
{
    uint64_t signal = (uint32_t)x[0];
    if (!signal || signal > SIGNALS || (x[1] && SIGNAL(signal) & NEVER_BLOCKED) || x[3] != SET_BYTES)
        return -EINVAL;
    struct linux_action before = linux_actions[signal];
    if (x[1]) {
        linux_actions[signal] = *(const struct linux_action *)x[1];
        if (SIGNAL(signal) & OF_FAULTS)
            linux_hear_faults();
        if (linux_is_ignored(signal))
            take(SIGNAL(signal), 0);
    }
    if (x[2])
        *(struct linux_action *)x[2] = before;
    return 0;
}

int64_t linux_rt_sigprocmask(const uint64_t *x)
{
    uint64_t before = linux_self->blocked, after = before;
    if (x[3] != SET_BYTES)
        return -EINVAL;
    if (x[1]) {
        uint64_t set = *(const uint64_t *)x[1];
        switch ((uint32_t)x[0]) {
        case SIG_BLOCK:
            after |= set;
            break;
        case SIG_UNBLOCK:
            after &= ~set;
            break;
        case SIG_SETMASK:
            after = set;
            break;
        default:
            return -EINVAL;
        }
    }
    if (x[2])
        *(uint64_t *)x[2] = before;
    linux_self->blocked = after & ~NEVER_BLOCKED;
    return 0;
}

int64_t linux_rt_sigpending(const uint64_t *x)
{
    uint64_t set = linux_pending_here() & linux_self->blocked;
    if (x[1] > SET_BYTES)
        return -EINVAL;
    memcpy((void *)x[0], &set, x[1]);
    return 0;
}

/* While a thread waits for one, only another can send it. */
int64_t linux_rt_sigtimedwait(const uint64_t *x)
{
    const uint64_t *time = (const uint64_t *)x[2];
    struct linux_sent sent;
    if (x[3] != SET_BYTES || (time && (time[0] >> 33 || time[1] >= NANOSECONDS)))
        return -EINVAL;
    uint64_t set = *(const uint64_t *)x[0] & ~NEVER_BLOCKED, span = time ? linux_nanoseconds_of(time) : 0;
    uint64_t at = time ? linux_now() + span : TYRNE_NEVER;
    while (!linux_take_signal(set, &sent)) {
        if (linux_is_alone()) {
            if (!time)
                linux_wait_for_ever();
            linux_sleep(span);
            return -EAGAIN;
        }
        if (linux_is_interrupted(linux_self->blocked))
            return -EINTR;
        uint64_t blocked = linux_self->blocked;
        linux_self->blocked &= ~set; /* so that who sends one wakes it */
        int64_t waited = span || !time ? linux_wait(at) : 1;
        linux_self->blocked = blocked;
        if (waited && !(linux_pending_here() & set))
            return -EAGAIN;
    }
    if (x[1]) {
        clear_words((uint64_t *)x[1], SIGINFO_BYTES / 8);
        memcpy((void *)x[1], &sent, sizeof sent);
    }
    return sent.signal;
}

static inline int is_own(uint64_t process)
{
    return (int32_t)process == PROCESS;
}

int64_t linux_kill(const uint64_t *x)
{
    int own = is_own(x[0]) || is_own(-x[0]) || !(uint32_t)x[0]; /* or its group */
    return own ? send_own(x[1], SI_USER, 0) : -ESRCH;
}

int64_t linux_tkill(const uint64_t *x)
{
    struct linux_thread *thread = linux_thread_numbered(x[0]);
    return (int32_t)x[0] <= 0 ? -EINVAL : thread ? send_own(x[1], SI_TKILL, thread) : -ESRCH;
}

int64_t linux_tgkill(const uint64_t *x)
{
    const uint64_t thread[] = {x[1], x[2]};
    return (int32_t)x[0] <= 0 ? -EINVAL : is_own(x[0]) ? linux_tkill(thread) : -ESRCH;
}

static int64_t queue_for(uint64_t signal, uint64_t information, struct linux_thread *thread)
{
    struct linux_sent sent = *(const struct linux_sent *)information;
    sent.signal = (int32_t)signal;
    return send(&sent, thread);
}

int64_t linux_rt_sigqueueinfo(const uint64_t *x)
{
    return is_own(x[0]) ? queue_for(x[1], x[2], 0) : -ESRCH;
}

int64_t linux_rt_tgsigqueueinfo(const uint64_t *x)
{
    struct linux_thread *thread = linux_thread_numbered(x[1]);
    if ((int32_t)x[0] <= 0 || (int32_t)x[1] <= 0)
        return -EINVAL;
    return is_own(x[0]) && thread ? queue_for(x[2], x[3], thread) : -ESRCH;
}

int64_t linux_no_child(const uint64_t *x)
{
    (void)x;
    return -ECHILD;
}
