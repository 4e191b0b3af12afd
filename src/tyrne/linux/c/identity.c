/* Who the program is: one process, a user without any privilege, on a machine with one processor. */

#include "threads.h"

enum { PR_SET_NAME = 15, PR_GET_NAME = 16 };
enum { RLIMIT_STACK = 3, RLIMIT_NOFILE = 7, RLIMITS = 16 };

#define FIELD 65 /* bytes of each part of what uname tells */

int64_t linux_getpid(const uint64_t *x)
{
    (void)x;
    return PROCESS;
}

int64_t linux_getppid(const uint64_t *x)
{
    (void)x;
    return PROCESS - 1;
}

int64_t linux_getuid(const uint64_t *x)
{
    (void)x;
    return USER;
}

/* To become what one is, or what one says with all ones, which is to stay so. */
int64_t linux_setuid(const uint64_t *x)
{
    return (uint32_t)x[0] == USER || (uint32_t)x[0] == ~0u ? 0 : -EPERM;
}

int64_t linux_setresuid(const uint64_t *x)
{
    int64_t first = linux_setuid(x), second = linux_setuid(x + 1);
    return first ? first : second;
}

int64_t linux_getresuid(const uint64_t *x)
{
    for (uint64_t i = 0; i < 3; i++)
        *(uint32_t *)x[i] = USER;
    return 0;
}

int64_t linux_zero(const uint64_t *x)
{
    (void)x;
    return 0;
}

int64_t linux_uname(const uint64_t *x)
{
    static const char *const parts[] = {"Linux", "tyrne", "6.1.0", "#1 Tyrne", "aarch64", "(none)"};
    char *target = (char *)x[0];
    for (uint64_t part = 0; part < 6; part++) {
        const char *text = parts[part];
        for (uint64_t i = 0; i < FIELD; i++)
            *target++ = *text ? *text++ : 0;
    }
    return 0;
}

int64_t linux_prctl(const uint64_t *x)
{
    char *name = (char *)x[1];
    switch ((uint32_t)x[0]) {
    case PR_SET_NAME:
        for (uint64_t i = 0; i < NAME - 1; i++) {
            linux_self->name[i] = *name;
            name += *name != 0;
        }
        return 0;
    case PR_GET_NAME:
        memcpy(name, linux_self->name, NAME);
        return 0;
    }
    return -EINVAL;
}

static int64_t limits(uint64_t which, uint64_t *pair)
{
    if ((uint32_t)which >= RLIMITS)
        return -EINVAL;
    uint64_t limit = which == RLIMIT_STACK ? linux_start.stack_bytes : which == RLIMIT_NOFILE ? 64 : ~0ul;
    if (pair)
        pair[0] = pair[1] = limit;
    return 0;
}

int64_t linux_getrlimit(const uint64_t *x)
{
    return limits(x[0], (uint64_t *)x[1]);
}

int64_t linux_prlimit64(const uint64_t *x)
{
    if (x[0] && x[0] != PROCESS)
        return -ESRCH;
    return x[2] ? -EPERM : limits(x[1], (uint64_t *)x[3]);
}

int64_t linux_sched_yield(const uint64_t *x)
{
    (void)x;
    struct linux_thread *me = linux_self;
    linux_unlock(); /* who yields until another has made a call lets it make that call */
    tyrne_task_yield();
    linux_lock(me);
    return 0;
}

int64_t linux_sched_getaffinity(const uint64_t *x)
{
    if (x[1] < 8)
        return -EINVAL;
    *(uint64_t *)x[2] = 1;
    return 8;
}

int64_t linux_getcpu(const uint64_t *x)
{
    if (x[0])
        *(uint32_t *)x[0] = 0;
    if (x[1])
        *(uint32_t *)x[1] = 0;
    return 0;
}

int64_t linux_sysinfo(const uint64_t *x)
{
    uint64_t *words = (uint64_t *)x[0];
    clear_words(words, 14);
    words[0] = linux_now() / NANOSECONDS;
    words[4] = words[5] = linux_start.heap_pages * PAGE;
    words[10] = 1;                     /* one process */
    *(uint32_t *)(words + 13) = 1;     /* in bytes */
    return 0;
}
