/* Time: what the CLOCK capability tells of it, by the name `clock`. Time counts from the boot of the system, for each of
   Linux's clocks; without the capability it stands still at 0.

   To sleep takes ARM over the clock, and a notification by the name `quiet` that nobody signals: else EPERM. */

#include "threads.h"

enum { CLOCKS = 12, TIMER_ABSTIME = 1 };

uint64_t linux_now(void)
{
    if (linux_start.clock == TYRNE_NULL_HANDLE)
        return 0;
    struct tyrne_reply reply = tyrne_clock_read(linux_start.clock);
    return reply.x[0] == TYRNE_STATUS_OK ? reply.x[1] : 0;
}

/* With several threads another one may send a signal, which ends it. */
static int64_t sleep_among(uint64_t at)
{
    while (!linux_is_interrupted(linux_self->blocked)) {
        int64_t waited = linux_wait(at);
        if (waited)
            return waited < 0 ? waited : 0;
    }
    return -EINTR;
}

static int64_t sleep_until(uint64_t at)
{
    if (linux_start.threads > 1)
        return sleep_among(at);
    if (linux_start.clock == TYRNE_NULL_HANDLE || linux_start.quiet == TYRNE_NULL_HANDLE)
        return -EPERM;
    uint64_t status = tyrne_sleep_until(linux_start.clock, at, linux_start.quiet);
    return status == TYRNE_STATUS_TIMED_OUT || status == TYRNE_STATUS_OK ? 0 : -EPERM;
}

int64_t linux_sleep(uint64_t nanoseconds)
{
    if (!nanoseconds)
        return 0;
    uint64_t now = linux_now(), at = now + nanoseconds;
    return sleep_until(at < now ? TYRNE_NEVER - 1 : at);
}

/* Nanoseconds of a pair of seconds and nanoseconds; all ones for what is none. */
uint64_t linux_nanoseconds_of(const uint64_t *pair)
{
    if (pair[0] >> 33 || pair[1] >= NANOSECONDS)
        return ~0ul;
    return pair[0] * NANOSECONDS + pair[1];
}

int64_t linux_clock_gettime(const uint64_t *x)
{
    uint64_t *pair = (uint64_t *)x[1], now = linux_now();
    if ((uint32_t)x[0] >= CLOCKS)
        return -EINVAL;
    pair[0] = now / NANOSECONDS;
    pair[1] = now % NANOSECONDS;
    return 0;
}

int64_t linux_clock_getres(const uint64_t *x)
{
    uint64_t *pair = (uint64_t *)x[1];
    if ((uint32_t)x[0] >= CLOCKS)
        return -EINVAL;
    if (pair) {
        pair[0] = 0;
        pair[1] = 16; /* of QEMU's counter */
    }
    return 0;
}

int64_t linux_gettimeofday(const uint64_t *x)
{
    uint64_t *pair = (uint64_t *)x[0], now = linux_now();
    if (pair) {
        pair[0] = now / NANOSECONDS;
        pair[1] = now % NANOSECONDS / 1000;
    }
    return 0;
}

int64_t linux_nanosleep(const uint64_t *x)
{
    uint64_t wanted = linux_nanoseconds_of((const uint64_t *)x[0]), from = linux_now();
    int64_t slept = wanted == ~0ul ? -EINVAL : linux_sleep(wanted);
    uint64_t *rest = (uint64_t *)x[1], gone = linux_now() - from;
    if (slept == -EINTR && rest) {
        rest[0] = gone < wanted ? (wanted - gone) / NANOSECONDS : 0;
        rest[1] = gone < wanted ? (wanted - gone) % NANOSECONDS : 0;
    }
    return slept;
}

int64_t linux_clock_nanosleep(const uint64_t *x)
{
    uint64_t wanted = linux_nanoseconds_of((const uint64_t *)x[2]);
    if ((uint32_t)x[0] >= CLOCKS || wanted == ~0ul)
        return -EINVAL;
    return x[1] & TIMER_ABSTIME ? sleep_until(wanted) : linux_sleep(wanted);
}

int64_t linux_times(const uint64_t *x)
{
    uint64_t *spent = (uint64_t *)x[0], ticks = linux_now() / (NANOSECONDS / 100);
    if (spent) {
        clear_words(spent, 4);
        spent[0] = ticks;
    }
    return (int64_t)ticks;
}

int64_t linux_getrusage(const uint64_t *x)
{
    clear_words((uint64_t *)x[1], 18);
    return 0;
}
