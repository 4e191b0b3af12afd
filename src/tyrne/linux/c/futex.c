/* futex: threads wait at an address until another wakes them. Those of one address are woken in the order in which they
   came. An address is one of the program's space, which is all that its threads have in common. */

#include "threads.h"

enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4, FUTEX_WAIT_BITSET = 9,
       FUTEX_WAKE_BITSET = 10, FUTEX_COMMANDS = 127 }; /* PRIVATE and CLOCK_REALTIME change nothing */
#define ANY (~0u)

static uint64_t turns; /* waits that have begun */

/* Who waits at an address for any of `bits`, and has done so longest; 0 if nobody does. */
static struct linux_thread *first_at(uint64_t address, uint32_t bits)
{
    struct linux_thread *first = 0;
    for (struct linux_thread *each = linux_threads; each < linux_threads + MOST_THREADS; each++)
        if (each->futex == address && each->waits_for & bits && (!first || each->turn < first->turn))
            first = each;
    return first;
}

/* Wake so many of those that wait at an address; how many there were. */
int64_t linux_wake_futex(uint64_t address, uint32_t most, uint32_t bits)
{
    int64_t woken = 0;
    struct linux_thread *thread;
    while (woken < (int64_t)most && (thread = first_at(address, bits))) {
        thread->futex = 0;
        linux_wake(thread);
        woken++;
    }
    return woken;
}

/* Until the time `at`, unless woken before. A signal whose handler is to run ends it, too. */
static int64_t wait_at(uint64_t address, uint64_t at, uint32_t bits)
{
    struct linux_thread *me = linux_self;
    me->futex = address;
    me->waits_for = bits;
    me->turn = turns++;
    int64_t answer = 0;
    while (me->futex && !answer) {
        answer = linux_wait(at);
        answer = !me->futex ? 0 : answer == 1 ? -ETIMEDOUT : linux_is_interrupted(me->blocked) ? -EINTR : answer;
    }
    me->futex = 0;
    return answer;
}

static int64_t wait(const uint64_t *x, uint32_t bits, int is_span)
{
    const uint64_t *time = (const uint64_t *)x[3];
    if (*(const volatile uint32_t *)x[0] != (uint32_t)x[2])
        return -EAGAIN;
    uint64_t given = time ? linux_nanoseconds_of(time) : TYRNE_NEVER;
    if (time && given == TYRNE_NEVER)
        return -EINVAL;
    uint64_t now = linux_now(), at = time && is_span ? given + now : given;
    if (linux_start.threads > 1)
        return wait_at(x[0], at, bits);
    int64_t slept = linux_sleep(!time ? TYRNE_NEVER : at > now ? at - now : 0); /* nobody is there to wake it */
    return slept ? slept : -ETIMEDOUT;
}

/* Wake some, and let some of the others wait at another address from now on. */
static int64_t requeue(const uint64_t *x, int is_compared)
{
    if (is_compared && *(const volatile uint32_t *)x[0] != (uint32_t)x[5])
        return -EAGAIN;
    if ((int32_t)x[2] < 0 || (int32_t)x[3] < 0)
        return -EINVAL;
    int64_t moved = 0, woken = linux_wake_futex(x[0], (uint32_t)x[2], ANY);
    struct linux_thread *thread;
    while (moved < (int64_t)(uint32_t)x[3] && x[4] != x[0] && (thread = first_at(x[0], ANY))) {
        thread->futex = x[4];
        thread->turn = turns++;
        moved++;
    }
    return is_compared ? woken + moved : woken;
}

int64_t linux_futex(const uint64_t *x)
{
    uint32_t command = x[1] & FUTEX_COMMANDS, bits = (uint32_t)x[5];
    if (!x[0] || x[0] % 4)
        return x[0] ? -EINVAL : -EFAULT;
    switch (command) {
    case FUTEX_WAIT:
        return wait(x, ANY, 1);
    case FUTEX_WAIT_BITSET:
        return bits ? wait(x, bits, 0) : -EINVAL;
    case FUTEX_WAKE:
        return linux_wake_futex(x[0], (uint32_t)x[2], ANY);
    case FUTEX_WAKE_BITSET:
        return bits ? linux_wake_futex(x[0], (uint32_t)x[2], bits) : -EINVAL;
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        return x[4] && x[4] % 4 == 0 ? requeue(x, command == FUTEX_CMP_REQUEUE) : x[4] ? -EINVAL : -EFAULT;
    }
    return -ENOSYS;
}
