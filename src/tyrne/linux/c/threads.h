/* The threads of a program: what each has of its own, and the one lock of the library.

   The lock is held while a call is answered, but for the time that it waits. `linux_self` is whose call it is: who holds
   the lock finds itself there. With one thread there is no lock, and nobody to wait for. */
#ifndef TYRNE_LINUX_THREADS_H
#define TYRNE_LINUX_THREADS_H

#include "signals.h"

enum { MOST_THREADS = 8, THREAD_STACK = 16384, NAME = 16 }; /* tyrne.system.limits, tyrne.linux.start */
enum { START = 1, PUT_ASIDE = 2, END = 3, FAULTS_TO = 4, FAULT = 5, GO_ON = 6, GIVE_UP = 7, MAKE = 8, GIVE_BACK = 9 };
/* what the keeper is asked: keeper.c */

enum thread_state { UNUSED, RUNS, LEFT }; /* LEFT: the first thread, which waits until the others are over */

enum { SS_DISABLE = 2 };

struct linux_stack {
    uint64_t from;
    uint32_t flags, unused;
    uint64_t bytes;
};

struct linux_thread {
    enum thread_state state;
    uint32_t waits_for;            /* the bits of FUTEX_WAIT_BITSET */
    uint64_t futex, turn;          /* the address at which it waits, or 0; and since when, among those that do */
    uint64_t clear;                /* where 0 is put when it is over, or 0 */
    uint64_t blocked, pending;     /* signals; those pending are its own, of the queue */
    struct linux_stack alternative;
    uint64_t before_suspended;     /* the mask to come back */
    int suspended;                 /* rt_sigsuspend: the mask was replaced until a handler has run */
    uint64_t exact;                /* where it goes on, if it goes back to linux_restore */
    char name[NAME];
    /* what it begins with */
    uint64_t local, put;           /* tpidr_el0; where its number is put, or 0 */
    struct linux_frame frame;
    uint64_t vectors[66] __attribute__((aligned(16)));
};

extern struct linux_thread linux_threads[MOST_THREADS], *linux_self;
extern uint64_t linux_window_top;

void linux_lock(struct linux_thread *thread);
void linux_unlock(void);
struct linux_thread *linux_thread_of(const struct linux_frame *frame);
struct linux_thread *linux_thread_numbered(uint64_t number);
uint64_t linux_number_of(const struct linux_thread *thread);
uint64_t linux_make_memory(uint64_t pages, uint64_t address, uint64_t *name);
void linux_give_memory_back(uint64_t name);
int linux_is_alone(void);
uint64_t linux_ask(uint64_t label, uint64_t one, uint64_t two, uint64_t three);
void linux_enter(struct linux_frame *frame, const struct linux_sent *sent, uint64_t address);
void linux_hear_faults(void);
void linux_drop_signals(struct linux_thread *thread);
_Noreturn void linux_restore(struct linux_frame *frame);
_Noreturn void linux_go_on(struct linux_frame *frame);
uint64_t linux_pc_of(const struct linux_frame *frame);
int64_t linux_wait(uint64_t at);
void linux_wake(const struct linux_thread *thread);
int64_t linux_wake_futex(uint64_t address, uint32_t most, uint32_t bits);
void linux_keep_vectors(void *vectors);
void linux_take_vectors(const void *vectors);

#endif
