/* Transitions of the native machine, one after another, as long as nothing of what happens concerns Python: a task runs
   until its next system call or the end of its turn, the kernel answers, the CPU does what the kernel's journal says. */

#include "counting.h"

/* Kinds of records, and how many fields each has: boards/native/journal.py. */
enum { ACTIVATE = 3, CODE_WRITTEN = 4, INVALIDATE_PAGES = 5, INVALIDATE_SPACE = 6, SWITCH_THREAD = 7, CALL = 8, ALARM = 11 };
enum { HEADER = 3, TASKS = 16, EXTENDED = 35, SUPERVISOR_CALL = 0x15 };
enum { INSTRUCTIONS = 1, PENDING_LINE = 2 }; /* words of the header */
enum { SYNCHRONOUS = 0, IRQ = 1 };

/* Why `tyrne_transitions` returns. */
enum reason {
    RECORDS = 0,  /* the journal has a record that Python executes, from word `taken` on; no task where none is left */
    STOPPED = 1,  /* the task has stopped in another way than by a system call or an interrupt: `error` says more */
    UNUSUAL = 2,  /* the task has not run: its registers are none that the CPU can be started with */
    PAUSED = 3,   /* this took long: signals of the host are to be looked at */
    FAILED = 4,   /* a check of the kernel has failed */
};

struct system_register {
    uint32_t crn, crm, op0, op1, op2;
    uint64_t value;
};

struct native {
    struct cpu *cpu;
    int (*reg_write)(void *, int, void *);
    _Bool (*trap)(char **task, uint32_t vector, uint64_t syndrome, uint64_t address);
    uint64_t *journal;
    const uint8_t *fields;                    /* of each kind of record */
    const int *extended;                      /* q0 to q31, FPCR, FPSR, TPIDR_EL0 */
    uint64_t x, sp, pstate, pc;               /* where they are in a task */
    uint64_t q, fpcr, fpsr, tpidr;            /* where they are in a thread's state */
    uint64_t flush_code, flush_translations;  /* what ctl is asked for */
    uint64_t system_register;                 /* the number by which the CPU's registers name one of those */
    uint64_t asked_for[2];                    /* whether somebody wants to know of a call that was granted, or refused */

    char *task;         /* who runs next */
    uint64_t alarm_at;  /* the time, in instructions, at which the kernel wants to be interrupted */
    uint64_t rested;    /* how long nobody was ready: time goes on without instructions */
    uint64_t taken;     /* words of the journal that have been executed */
    uint64_t known;     /* bit n: task n, one of the first, has been seen and has not ended since */
    uint64_t passed;    /* calls of which nobody wants to know */
    int64_t error;
};

static void activate(struct native *n, uint64_t root, uint64_t asid)
{
    struct system_register ttbr0_el1 = {.op0 = 3, .crn = 2, .value = root | asid << 48};
    n->reg_write(n->cpu->engine, (int)n->system_register, &ttbr0_el1);
}

static void switch_thread(struct native *n, char *old, char *new)
{
    void *places[EXTENDED];
    for (char *state = old;; state = new) {
        if (state) {
            for (int i = 0; i < 32; i++)
                places[i] = state + n->q + 16 * i;
            places[32] = state + n->fpcr;
            places[33] = state + n->fpsr;
            places[34] = state + n->tpidr;
            if (state == new) {
                n->cpu->reg_write_batch(n->cpu->engine, n->extended, places, EXTENDED);
                return;
            }
            n->cpu->reg_read_batch(n->cpu->engine, n->extended, places, EXTENDED);
        }
    }
}

/* Whether a call is only counted: its record is task, number, x0 to x5, and x0 to x7 of the reply. */
static int passed_over(struct native *n, const uint64_t *record)
{
    uint64_t task = record[0], status = record[8];
    if (n->asked_for[status != 0] || task >= TASKS || !(n->known >> task & 1))
        return 0;
    n->passed++;
    return 1;
}

/* Execute the journal up to a record that Python executes. Whether that was all. */
static int execute(struct native *n)
{
    uint64_t count = n->journal[0], at = n->taken;
    void *engine = n->cpu->engine;
    while (at < count) {
        const uint64_t *record = n->journal + HEADER + at + 1;
        switch (record[-1]) {
        case ACTIVATE:
            activate(n, record[0], record[1]);
            break;
        case CODE_WRITTEN:
            n->cpu->ctl(engine, (int)n->flush_code);
            break;
        case INVALIDATE_PAGES:
        case INVALIDATE_SPACE:
            n->cpu->ctl(engine, (int)n->flush_translations);
            break;
        case SWITCH_THREAD:
            switch_thread(n, (char *)record[0], (char *)record[1]);
            break;
        case ALARM:
            n->alarm_at = record[0];
            break;
        case CALL:
            if (passed_over(n, record))
                break;
            [[fallthrough]];
        default:
            n->taken = at;
            return 0;
        }
        at += 1 + n->fields[record[-1]];
    }
    n->journal[0] = n->taken = 0;
    return 1;
}

/* Make at most `most` transitions of at most `slice` instructions, at least one, together. The journal is executed. */
PUBLIC int tyrne_transitions(struct native *n, uint64_t most, uint64_t slice)
{
    struct cpu *cpu = n->cpu;
    uint64_t end = cpu->instructions + slice;
    void *places[34];
    for (; most && cpu->instructions < end; most--) {
        if (!n->task)
            return RECORDS;
        for (int i = 0; i < 31; i++)
            places[i] = n->task + n->x + 8 * i;
        places[31] = n->task + n->sp;
        places[32] = n->task + n->pstate;
        places[33] = n->task + n->pc;
        if (*(uint64_t *)places[33] & 3 || *(uint64_t *)places[32] & 0xF)
            return UNUSUAL;
        uint64_t now = cpu->instructions + n->rested;
        uint64_t left = n->alarm_at > now && !n->journal[PENDING_LINE] ? n->alarm_at - now : 0, syndrome = 0;
        uint32_t vector = IRQ;
        if (left) {
            uint64_t room = end - cpu->instructions;
            n->error = tyrne_run(cpu, places, left < room ? left : room);
            if (n->error == EXCEPTION && cpu->syndrome >> 26 == SUPERVISOR_CALL) {
                syndrome = cpu->syndrome;
                vector = SYNCHRONOUS;
            } else if (!cpu->reached || n->error) {
                return STOPPED;
            } else if (left > room) {
                return PAUSED;
            }
        }
        if (vector == IRQ)
            tyrne_take_exception(cpu);
        n->journal[INSTRUCTIONS] = cpu->instructions + n->rested;
        if (!n->trap(&n->task, vector, syndrome, 0))
            return FAILED;
        if (!execute(n))
            return RECORDS;
    }
    return PAUSED;
}

PUBLIC int tyrne_execute(struct native *n)
{
    return execute(n);
}

PUBLIC uint64_t tyrne_size_of_native(void)
{
    return sizeof(struct native);
}
