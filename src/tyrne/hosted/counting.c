/* Runs the CPU and counts instructions by the block: exactly, also where a trap or the limit falls inside one. */

#include "counting.h"

enum {
    GENERAL = 34,
    PC = 33,
    CODE_HOOK = 4,  /* UC_HOOK_CODE */
    BLOCK_HOOK = 8, /* UC_HOOK_BLOCK */
    REMOVE_CODE = 9 | 2 << 26 | 1 << 30, /* UC_CTL_TB_REMOVE_CACHE */
    SUPERVISOR_CALL = 0x15,
    INSTRUCTION_ABORT = 0x20,
    MISALIGNED_PC = 0x22,
    FETCH_UNMAPPED = 8, /* UC_ERR_FETCH_UNMAPPED */
};

/* A block is about to begin. Its instructions follow each other without a branch. */
static void block_begins(void *engine, uint64_t address, uint32_t size, struct cpu *cpu)
{
    uint64_t length = size / 4, begun = cpu->before + cpu->length;
    if (cpu->inside)
        return;
    if (address & 3) { /* which Unicorn would execute */
        cpu->emu_stop(engine);
        return;
    }
    if (length > cpu->limit - begun) {
        cpu->due = address;
        cpu->due_length = length;
        cpu->reached = 1;
        cpu->emu_stop(engine);
        return;
    }
    cpu->before = begun;
    cpu->block = address;
    cpu->length = length;
}

/* The limit is here, inside a block. */
static void limit_is_here(void *engine, uint64_t address, uint32_t size, struct cpu *cpu)
{
    (void)address, (void)size;
    cpu->reached = 1;
    cpu->emu_stop(engine);
}

/* While the limit falls inside the block that is due, the CPU is stopped before one of its instructions. That needs other
   code for the block, which is forgotten afterwards. */
static int run_into_block(struct cpu *cpu)
{
    uint64_t begun = cpu->before + cpu->length, left = cpu->limit - begun;
    uint64_t end = cpu->due + 4 * (uint64_t)cpu->due_length, hook;
    cpu->stop = cpu->due + 4 * left;
    cpu->before = begun;
    cpu->block = cpu->due;
    cpu->length = left;
    cpu->reached = 0;
    cpu->inside = 1;
    int error = cpu->hook_add(cpu->engine, &hook, CODE_HOOK, (void *)limit_is_here, cpu, cpu->stop, cpu->stop);
    if (!error) {
        cpu->ctl(cpu->engine, REMOVE_CODE, cpu->due, end);
        error = cpu->emu_start(cpu->engine, cpu->due, 0, 0, 0);
        cpu->hook_del(cpu->engine, hook);
        cpu->ctl(cpu->engine, REMOVE_CODE, cpu->due, end);
    }
    cpu->inside = 0;
    return error;
}

/* How many instructions of the last block have begun when the CPU has stopped at `pc` otherwise than by the limit. */
static uint64_t begun_in_block(const struct cpu *cpu, int error, uint64_t pc)
{
    if ((pc & 3) || error == FETCH_UNMAPPED)
        return cpu->length;
    uint64_t before = (pc - cpu->block) / 4;
    if (error != EXCEPTION)
        return before + 1;
    switch (cpu->syndrome >> 26) {
    case SUPERVISOR_CALL: /* the PC is behind it */
        return before;
    case INSTRUCTION_ABORT:
    case MISALIGNED_PC:
        return cpu->length;
    default:
        return before + 1;
    }
}

/* Copy the CPU's state, and clear the exclusive monitor, as the return from an exception does: no store-exclusive finds
   a load from before it, or another thread's. */
void tyrne_take_exception(struct cpu *cpu)
{
    uint64_t *monitor = (uint64_t *)((char *)cpu->state + cpu->monitor);
    cpu->context_save(cpu->engine, cpu->context);
    if (*monitor != UINT64_MAX) {
        *monitor = UINT64_MAX;
        cpu->context_restore(cpu->engine, cpu->context);
    }
}

/* Run from the registers at `places` until a trap, which is then taken, or until `limit` instructions, at least one, have
   begun and the next is due. What emu_start said; -1 where the count does not fit what is known of the last block. */
int tyrne_run(struct cpu *cpu, void *const *places, uint64_t limit)
{
    const uint64_t *pc = places[PC];
    cpu->before = cpu->length = 0;
    cpu->limit = limit;
    cpu->reached = 0;
    cpu->reg_write_batch(cpu->engine, cpu->registers, places, GENERAL - 1);
    int error = cpu->emu_start(cpu->engine, *pc, 0, 0, 0);
    if (cpu->reached && limit > cpu->before + cpu->length)
        error = run_into_block(cpu);
    cpu->reg_read_batch(cpu->engine, cpu->registers, places, GENERAL);
    if (cpu->reached) {
        cpu->instructions += limit;
        return error;
    }
    tyrne_take_exception(cpu);
    const char *exception = (const char *)cpu->state + cpu->exception;
    cpu->syndrome = *(const uint32_t *)exception;
    cpu->address = *(const uint64_t *)(exception + 8);
    uint64_t last = begun_in_block(cpu, error, *pc);
    if (last > cpu->length)
        return -1;
    cpu->instructions += cpu->before + last;
    return error;
}

/* Have the CPU say when a block begins. */
int tyrne_count_blocks(struct cpu *cpu)
{
    uint64_t hook;
    return cpu->hook_add(cpu->engine, &hook, BLOCK_HOOK, (void *)block_begins, cpu, 1, 0);
}

uint64_t tyrne_size_of_cpu(void)
{
    return sizeof(struct cpu);
}
