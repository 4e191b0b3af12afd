/* Faults of the program, where it may have threads: the keeper hears of each, and lets the thread go on here, on its stack
   of the library, with its registers as they were. They become those of a frame, as a call has one, and a handler runs.

   | a thread of which a fault is known | goes on                                                              |
   |------------------------------------|----------------------------------------------------------------------|
   | its handler is to run              | in the handler, by Linux's frame                                     |
   | the handler returns                | by `rt_sigreturn` and the keeper, at any pc with all registers       |
   | nobody handles it                  | at the same instruction, which is its last: the fault is told as ever |
   | it is one of the library's own     | nowhere: the keeper knows it by its stack, and ends all               |  */

#include "threads.h"

enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8 };
enum { ILL_ILLOPC = 1, TRAP_BRKPT = 1, BUS_ADRALN = 1, BUS_OBJERR = 3, SEGV_MAPERR = 1, SEGV_ACCERR = 2, FPE_FLTUNK = 14 };
enum { FETCH = 0x20, MISALIGNED_PC = 0x22, ACCESS = 0x24, MISALIGNED_SP = 0x26, FLOATING = 0x2c,
       BREAKPOINT = 0x3c }; /* classes of ESR_EL1 */
enum { PERMISSION = 0x0c, LEVELS = 3, OUTSIDE = 0x10, MISALIGNED = 0x21 }; /* of FETCH and ACCESS: what it was */

void linux_fault(void);

/* Which signal a fault sends, and with which code. */
static struct linux_sent signal_of(uint64_t syndrome)
{
    uint32_t class = (uint32_t)(syndrome >> 26), status = syndrome & 0x3f;
    switch (class) {
    case FETCH:
    case ACCESS:
        if (status == OUTSIDE || status == MISALIGNED)
            return (struct linux_sent){.signal = SIGBUS, .code = status == OUTSIDE ? BUS_OBJERR : BUS_ADRALN};
        return (struct linux_sent){.signal = SIGSEGV,
                                   .code = (status & ~LEVELS) == PERMISSION ? SEGV_ACCERR : SEGV_MAPERR};
    case MISALIGNED_PC:
    case MISALIGNED_SP:
        return (struct linux_sent){.signal = SIGBUS, .code = BUS_ADRALN};
    case FLOATING:
        return (struct linux_sent){.signal = SIGFPE, .code = FPE_FLTUNK};
    case BREAKPOINT:
        return (struct linux_sent){.signal = SIGTRAP, .code = TRAP_BRKPT};
    }
    return (struct linux_sent){.signal = SIGILL, .code = ILL_ILLOPC};
}

/* The first handler of a signal of faults: from now on the keeper lets them be handled. */
void linux_hear_faults(void)
{
    static int heard;
    if (!heard && linux_start.threads > 1)
        linux_ask(FAULTS_TO, (uint64_t)linux_fault, linux_start.stacks, 0);
    heard = 1;
}

/* Go on with the registers of the frame where `exact` says, and touch nothing of the program's memory. */
_Noreturn void linux_go_on(struct linux_frame *frame)
{
    linux_ask(GO_ON, linux_self->exact, frame->sp, 0);
    linux_unlock();
    linux_restore(frame);
}

/* What a thread does first whose fault the keeper has heard of. */
void linux_faulted(struct linux_frame *frame)
{
    struct linux_thread *me = linux_thread_of(frame);
    linux_lock(me);
    struct tyrne_reply told = tyrne_call(linux_start.keeper, FAULT, 0, 0, 0, TYRNE_NULL_HANDLE);
    uint64_t syndrome = told.x[3], address = told.x[4];
    frame->sp = told.x[2];
    frame->back = (uint64_t)linux_restore;
    me->exact = told.x[5];
    struct linux_sent sent = signal_of(syndrome);
    if (syndrome >> 26 != FETCH && syndrome >> 26 != ACCESS)
        address = me->exact;
    sent.process = (uint32_t)address;
    sent.user = (uint32_t)(address >> 32);
    uint64_t handler = linux_actions[sent.signal].handler;
    if (handler == SIG_DFL || handler == SIG_IGN || me->blocked & SIGNAL(sent.signal)) {
        linux_ask(GIVE_UP, 0, 0, 0);
        linux_restore(frame); /* and nobody else makes a call any more */
    }
    linux_enter(frame, &sent, address);
    linux_unlock();
}
