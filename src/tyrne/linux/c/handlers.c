/* Handlers of signals: Linux's frame of a signal on the program's stack, and the way back from it.

   A handler runs at the end of a call. Its frame has all registers of the program; the program may change it, or make
   one up: it can have no more by that than it has anyway, so only what Linux refuses is refused. Layouts and numbers
   are those of Linux's arch/arm64. */

#include "threads.h"

enum { TRAMPOLINES_BYTES = 1 << 20, BRANCH = 5 };
enum { SS_ONSTACK = 1, SMALLEST_STACK = 5120 };
enum { FP_AND_SIMD = 0x46508001, OF_A_FAULT = 0x45535201, RECORDS_BYTES = 4096 };

#define RESTORE 0xa8c97bfdu         /* `ldp x29, x30, [sp], #144` of a trampoline, before its branch back */
#define SS_AUTODISARM 0x80000000u
#define FLAGS 0xf0000000ul          /* of pstate: N, Z, C, V */
#define NOT_OF_PROGRAMS 0x3dful     /* of pstate: mode and masks of interrupts */

struct record {
    uint32_t magic, bytes;
};

struct vectors {
    struct record record;
    uint32_t status, control; /* FPSR, FPCR */
    uint64_t v[32][2];
};

/* Linux's rt_sigframe with siginfo_t and ucontext_t, and above it what x29 points to in a handler. */
struct signal_frame {
    union {
        struct linux_sent sent;
        uint64_t words[SIGINFO_BYTES / 8];
    } information;
    uint64_t flags, link;
    struct linux_stack stack;
    uint64_t mask, unused[16];
    uint64_t fault_address, x[31], sp, pc, pstate, unused_either;
    union {
        uint8_t bytes[RECORDS_BYTES];
        struct {
            struct vectors vectors;
            struct record last;
        } made;
    } records;
    uint64_t chain[2]; /* x29 and x30 */
};
_Static_assert(sizeof(struct vectors) == 528, "as Linux has it");
_Static_assert(__builtin_offsetof(struct signal_frame, fault_address) == SIGINFO_BYTES + 176, "as Linux has it");
_Static_assert(__builtin_offsetof(struct signal_frame, records) == SIGINFO_BYTES + 464, "as Linux has it");
_Static_assert(__builtin_offsetof(struct signal_frame, chain) == 4688, "as Linux has it");

void linux_jump(void);
void linux_restorer(void);
extern const uint8_t linux_code[]; /* the library; below it are the trampolines, TRAMPOLINES_BYTES at most */

/* Where a branch instruction leads; 0 for any other instruction. */
static uint64_t target_of(uint64_t at)
{
    uint32_t word = *(const uint32_t *)at;
    int64_t distance = (int64_t)((uint64_t)word << 38) >> 36;
    return word >> 26 == BRANCH ? at + (uint64_t)distance : 0;
}

/* Where the program goes on: behind a trampoline's branch back, or where the library sends it. */
uint64_t linux_pc_of(const struct linux_frame *frame)
{
    if (frame->back == (uint64_t)linux_restore)
        return linux_self->exact;
    return frame->back == (uint64_t)linux_jump ? frame->x[16] : target_of(frame->back + 4);
}

/* Go on with the registers of the frame: behind a trampoline, at x16, or by the keeper exactly where it says. */
static void go_back(struct linux_frame *frame, uint64_t back)
{
    uint64_t *slot = (uint64_t *)(frame->sp - 144);
    slot[0] = frame->x[29];
    slot[1] = frame->x[30];
    frame->back = back;
}

/* Where the trampoline of the call before `pc` takes registers back, to go on at `pc`; 0 if there is no such call. */
static uint64_t back_to(uint64_t pc)
{
    uint64_t trampoline = pc % 4 ? 0 : target_of(pc - 4);
    if (!trampoline || (uint64_t)linux_code - trampoline > TRAMPOLINES_BYTES)
        return 0;
    uint64_t back = trampoline + 8;
    return *(const uint32_t *)back == RESTORE && target_of(back + 4) == pc ? back : 0;
}

static inline int is_on(const struct linux_stack *stack, uint64_t sp)
{
    return !(stack->flags & SS_AUTODISARM) && sp > stack->from && sp - stack->from <= stack->bytes;
}

static int64_t set_alternative(struct linux_stack next, uint64_t sp)
{
    uint32_t mode = next.flags & ~SS_AUTODISARM;
    if (is_on(&linux_self->alternative, sp))
        return -EPERM;
    if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
        return -EINVAL;
    if (mode == SS_DISABLE)
        next.from = next.bytes = 0;
    else if (next.bytes < SMALLEST_STACK)
        return -ENOMEM;
    linux_self->alternative = next;
    return 0;
}

int64_t linux_sigaltstack(const uint64_t *x)
{
    uint64_t sp = frame_of(x)->sp;
    struct linux_stack before = linux_self->alternative;
    int64_t result = x[0] ? set_alternative(*(const struct linux_stack *)x[0], sp) : 0;
    if (x[1] && !result) {
        uint32_t state = !before.bytes ? SS_DISABLE : is_on(&before, sp) ? SS_ONSTACK : 0;
        before.flags = state | (before.flags & SS_AUTODISARM);
        *(struct linux_stack *)x[1] = before;
    }
    return result;
}

/* Put Linux's frame where the handler's stack is, and go on in the handler. `address` is that of a fault, or 0. */
void linux_enter(struct linux_frame *frame, const struct linux_sent *sent, uint64_t address)
{
    struct linux_action *place = &linux_actions[sent->signal], action = *place;
    uint64_t top = frame->sp, pc = linux_pc_of(frame);
    if (action.flags & SA_ONSTACK && linux_self->alternative.bytes && !is_on(&linux_self->alternative, top))
        top = linux_self->alternative.from + linux_self->alternative.bytes;
    struct signal_frame *made = (struct signal_frame *)(((top & ~15ul) - sizeof *made) & ~15ul);
    clear_words(made->information.words, SIGINFO_BYTES / 8);
    made->information.sent = *sent;
    made->flags = made->link = 0;
    made->fault_address = address;
    made->stack = linux_self->alternative;
    made->mask = linux_self->suspended ? linux_self->before_suspended : linux_self->blocked;
    memcpy(made->x, frame->x, sizeof made->x);
    made->sp = frame->sp;
    made->pc = pc;
    made->pstate = frame->flags;
    made->records.made.vectors.record = (struct record){FP_AND_SIMD, sizeof(struct vectors)};
    linux_keep_vectors(&made->records.made.vectors);
    made->records.made.last = (struct record){0, 0};
    made->chain[0] = frame->x[29];
    made->chain[1] = frame->x[30];

    frame->x[0] = (uint64_t)sent->signal;
    if (action.flags & SA_SIGINFO) {
        frame->x[1] = (uint64_t)&made->information;
        frame->x[2] = (uint64_t)&made->flags;
    }
    frame->x[29] = (uint64_t)made->chain;
    frame->x[30] = action.flags & SA_RESTORER ? action.restorer : (uint64_t)linux_restorer;
    frame->sp = (uint64_t)made;
    frame->x[16] = action.handler;
    go_back(frame, (uint64_t)linux_jump);
    linux_self->suspended = 0;
    linux_self->blocked |= action.mask & ~NEVER_BLOCKED;
    if (!(action.flags & SA_NODEFER))
        linux_self->blocked |= SIGNAL(sent->signal);
    if (action.flags & SA_RESETHAND)
        place->handler = SIG_DFL;
    if (linux_self->alternative.flags & SS_AUTODISARM)
        linux_self->alternative = (struct linux_stack){.flags = SS_DISABLE};
}

/* Each handler interrupts the one before it at its beginning, so the last one runs first, as on Linux. */
static __attribute__((noinline)) void deliver(struct linux_frame *frame)
{
    for (;;) {
        struct linux_sent sent;
        while (linux_take_signal(~linux_self->blocked, &sent)) {
            if (linux_is_ignored((uint64_t)sent.signal))
                continue;
            if (linux_actions[sent.signal].handler == SIG_DFL)
                linux_end(ENDED_BY_SIGNAL + (uint64_t)sent.signal);
            linux_enter(frame, &sent, 0);
        }
        if (!linux_self->suspended)
            return;
        if (linux_is_alone())
            linux_wait_for_ever();
        linux_wait(TYRNE_NEVER);
    }
}

/* What is pending and not blocked, at the end of each call. */
void linux_deliver(struct linux_frame *frame)
{
    if (linux_pending_here() & ~linux_self->blocked || linux_self->suspended)
        deliver(frame);
    if (frame->back == (uint64_t)linux_restore)
        linux_go_on(frame);
}

/* A program that nobody else can end has come to its end. */
_Noreturn void linux_wait_for_ever(void)
{
    linux_say("[linux: the program waits for a signal, and nobody is there to send one]\n");
    linux_end(ENDED_BY_SIGNAL + SIGKILL);
}

/* Have another mask until a handler has run. */
int64_t linux_suspend(uint64_t mask)
{
    linux_self->before_suspended = linux_self->blocked;
    linux_self->blocked = mask & ~NEVER_BLOCKED;
    linux_self->suspended = 1;
    return -EINTR;
}

int64_t linux_rt_sigsuspend(const uint64_t *x)
{
    return x[1] == sizeof linux_self->blocked ? linux_suspend(*(const uint64_t *)x[0]) : -EINVAL;
}

/* The record of the FP/SIMD registers in the frame; none if what is there is not as Linux has it. */
static const struct vectors *vectors_of(const struct signal_frame *made)
{
    const struct vectors *found = 0;
    for (uint64_t at = 0; at <= RECORDS_BYTES - sizeof(struct record);) {
        const struct record *place = (const struct record *)(made->records.bytes + at);
        struct record record = *place;
        if (!record.magic)
            return record.bytes ? 0 : found;
        if (record.bytes < sizeof record || record.bytes % 16 || record.bytes > RECORDS_BYTES - at)
            return 0;
        if (record.magic == FP_AND_SIMD && (found || record.bytes != sizeof *found))
            return 0;
        if (record.magic == FP_AND_SIMD)
            found = (const struct vectors *)place;
        else if (record.magic != OF_A_FAULT)
            return 0;
        at += record.bytes;
    }
    return 0;
}

int64_t linux_rt_sigreturn(const uint64_t *x)
{
    struct linux_frame *frame = frame_of(x);
    const struct signal_frame *made = (const struct signal_frame *)frame->sp;
    const struct vectors *vectors = frame->sp % 16 ? 0 : vectors_of(made);
    if (!vectors || made->pstate & NOT_OF_PROGRAMS) {
        linux_force_fault(frame->sp);
        return 0;
    }
    uint64_t pc = made->pc, back = back_to(pc);
    linux_self->blocked = made->mask & ~NEVER_BLOCKED;
    struct linux_stack stack = made->stack;
    linux_take_vectors(vectors);
    frame->sp = made->sp;
    frame->flags = made->pstate & FLAGS;
    memcpy(frame->x, made->x, sizeof frame->x);
    set_alternative(stack, frame->sp);
    if (!back && linux_start.threads > 1) {
        linux_self->exact = pc;
        frame->back = (uint64_t)linux_restore;
    } else {
        if (!back)
            frame->x[16] = pc; /* no end of a call: there, no register is free to lead to it */
        go_back(frame, back ? back : (uint64_t)linux_jump);
    }
    return (int64_t)frame->x[0];
}
