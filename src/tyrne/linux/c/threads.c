/* Threads: each is a task in the space of the program, with a stack of the library and a notification of its own, for
   which it waits. The keeper (keeper.c) lets them begin and end: only it has power over tasks.

   | a thread   | its task                             | next                                                  |
   |------------|--------------------------------------|-------------------------------------------------------|
   | UNUSED     | in its own place, or put aside       | RUNS, by `clone`                                      |
   | RUNS       | runs, or waits for its notification  | UNUSED, by `exit`; the first one LEFT, or the end     |
   | LEFT       | waits until all others are UNUSED    | the end                                               |

   Any of them ends all by `exit_group`, a signal or a fault. */

#include "threads.h"

enum { CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_THREAD = 0x10000,
       CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000,
       CLONE_CHILD_SETTID = 0x1000000 };
#define OF_A_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
enum { CLONE = 220 };

void linux_thread_begin(void);
void linux_leave(void);

struct linux_thread linux_threads[MOST_THREADS] = {{.state = RUNS, .alternative = {.flags = SS_DISABLE}, .name = "main"}};
struct linux_thread *linux_self = linux_threads;
uint64_t linux_window_top;     /* one past the stack of the program, and all that it has */
static uint32_t running = 1;   /* threads in the state RUNS */
static uint32_t lock;
static uint64_t first_code;    /* what the first thread has left with */

void linux_lock(struct linux_thread *thread)
{
    if (linux_start.threads > 1)
        while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
            tyrne_task_yield();
    linux_self = thread;
}

void linux_unlock(void)
{
    if (linux_start.threads > 1)
        __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

/* Each has a stack of the library, one behind the other, and its calls have their frames at the top. */
struct linux_thread *linux_thread_of(const struct linux_frame *frame)
{
    uint64_t place = linux_start.threads > 1 ? ((uint64_t)frame - linux_start.stacks) / THREAD_STACK : 0;
    return linux_threads + place;
}

uint64_t linux_number_of(const struct linux_thread *thread)
{
    return PROCESS + (uint64_t)(thread - linux_threads);
}

/* The thread that runs with a number; 0 if none does. */
struct linux_thread *linux_thread_numbered(uint64_t number)
{
    uint64_t place = (uint32_t)number - PROCESS;
    return place < linux_start.threads && linux_threads[place].state == RUNS ? linux_threads + place : 0;
}

int linux_is_alone(void)
{
    return running == 1;
}

static inline uint64_t notification_of(const struct linux_thread *thread)
{
    return linux_start.first + (uint64_t)(thread - linux_threads);
}

/* Wait, and let the others go on meanwhile, until somebody wakes this thread: 0; or until a time: 1. It may be woken for
   what was before. EPERM if there is no clock to wait by. */
int64_t linux_wait(uint64_t at)
{
    struct linux_thread *me = linux_self;
    int64_t result = 0;
    linux_unlock();
    if (at != TYRNE_NEVER && tyrne_end_wait_at(linux_start.clock, at) != TYRNE_STATUS_OK)
        result = -EPERM;
    else if (tyrne_wait(notification_of(me)).x[0] == TYRNE_STATUS_TIMED_OUT)
        result = 1;
    linux_lock(me);
    return result;
}

void linux_wake(const struct linux_thread *thread)
{
    tyrne_notify(notification_of(thread), 1);
}

/* What the keeper answers; 0 if it has done it. */
uint64_t linux_ask(uint64_t label, uint64_t one, uint64_t two, uint64_t three)
{
    struct tyrne_reply reply = tyrne_call(linux_start.keeper, label, one, two, three, TYRNE_NULL_HANDLE);
    return reply.x[0] == TYRNE_STATUS_OK ? reply.x[2] : reply.x[0];
}

/* Memory of so many pages at an address: by the capabilities of the task, or by the keeper where there may be several
   threads. The status; `*name` is what it is given back by. */
uint64_t linux_make_memory(uint64_t pages, uint64_t address, uint64_t *name)
{
    if (linux_start.threads > 1) {
        struct tyrne_reply reply = tyrne_call(linux_start.keeper, MAKE, pages, address, 0, TYRNE_NULL_HANDLE);
        *name = reply.x[3];
        return reply.x[0] == TYRNE_STATUS_OK ? reply.x[2] : reply.x[0];
    }
    struct tyrne_reply made = tyrne_create(linux_start.quota, TYRNE_KIND_MEMORY, pages);
    if (made.x[0] != TYRNE_STATUS_OK)
        return made.x[0];
    *name = made.x[1];
    uint64_t status = tyrne_map(linux_start.space, *name, address, TYRNE_ACCESS_READ_WRITE).x[0];
    if (status != TYRNE_STATUS_OK)
        tyrne_cap_drop(*name);
    return status;
}

void linux_give_memory_back(uint64_t name)
{
    if (linux_start.threads > 1)
        linux_ask(GIVE_BACK, name, 0, 0);
    else
        tyrne_cap_drop(name);
}

static struct linux_thread *unused(void)
{
    for (uint64_t i = 1; i < linux_start.threads; i++)
        if (linux_threads[i].state == UNUSED)
            return linux_threads + i;
    return 0;
}

/* Tell once that there are as many threads as there may be. */
static int64_t too_many(void)
{
    static int told;
    if (!told)
        linux_tell(CLONE, EAGAIN, 0);
    told = 1;
    return -EAGAIN;
}

/* Of the two ways to make a thread the one that all programs know; nobody makes a process. */
int64_t linux_clone(const uint64_t *x)
{
    uint64_t flags = x[0];
    if ((flags & OF_A_THREAD) != OF_A_THREAD)
        return -ENOSYS;
    struct linux_thread *made = unused();
    if (!made)
        return too_many();
    uint64_t local, number = linux_number_of(made);
    __asm__("mrs %0, tpidr_el0" : "=r"(local));
    *made = (struct linux_thread){.state = RUNS, .blocked = linux_self->blocked, .alternative = {.flags = SS_DISABLE}};
    made->clear = flags & CLONE_CHILD_CLEARTID ? x[4] : 0;
    made->put = flags & CLONE_CHILD_SETTID ? x[4] : 0;
    made->local = flags & CLONE_SETTLS ? x[3] : local;
    made->frame = *frame_of(x);
    made->frame.x[0] = 0;
    if (x[1])
        made->frame.sp = x[1];
    memcpy(made->name, linux_self->name, NAME);
    linux_keep_vectors(made->vectors);
    if (flags & CLONE_PARENT_SETTID)
        *(uint32_t *)x[2] = (uint32_t)number;
    if (linux_ask(START, number - PROCESS + 1, (uint64_t)linux_thread_begin, linux_window_top)) {
        made->state = UNUSED;
        return too_many();
    }
    running++;
    return (int64_t)number;
}

/* What a thread does first, on its stack of the library: it fills the frame of a call, and goes on behind it. */
void linux_begin_thread(struct linux_frame *frame)
{
    struct linux_thread *me = linux_thread_of(frame);
    linux_lock(me);
    *frame = me->frame;
    linux_take_vectors(me->vectors);
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(me->local));
    if (me->put)
        *(uint32_t *)me->put = (uint32_t)linux_number_of(me);
    me->exact = linux_pc_of(frame);
    linux_go_on(frame); /* below its stack pointer may be what its maker has left for it */
}

int64_t linux_set_tid_address(const uint64_t *x)
{
    linux_self->clear = x[0];
    return (int64_t)linux_number_of(linux_self);
}

int64_t linux_gettid(const uint64_t *x)
{
    (void)x;
    return (int64_t)linux_number_of(linux_self);
}

/* End the program. Another thread than the first has the keeper let that one exit, so that the program ends as one with
   one thread does. Who ends it keeps the lock. */
_Noreturn void linux_end(uint64_t code)
{
    linux_put_out();
    if (linux_self != linux_threads)
        for (;;)
            linux_ask(END, code & 0xff, (uint64_t)linux_leave, 0);
    tyrne_task_exit(code & 0xff);
}

int64_t linux_exit_group(const uint64_t *x)
{
    linux_end(x[0]);
}

/* A thread is over, and its place another's. The first one waits for the others, and its code is the program's. */
int64_t linux_exit(const uint64_t *x)
{
    struct linux_thread *me = linux_self;
    running--;
    if (me == linux_threads)
        first_code = x[0];
    if (!running && me == linux_threads)
        linux_end(first_code);
    if (me->clear) {
        *(uint32_t *)me->clear = 0;
        linux_wake_futex(me->clear, 1, ~0u);
    }
    if (me == linux_threads) {
        me->state = LEFT;
        while (running)
            linux_wait(TYRNE_NEVER);
        linux_end(first_code);
    }
    if (!running)
        linux_wake(linux_threads);
    linux_drop_signals(me);
    me->state = UNUSED;
    linux_unlock();
    for (;;)
        linux_ask(PUT_ASIDE, 0, 0, 0);
}
