/* The CPU of the machines in one process, as host code drives it. tyrne/hosted/library.py has the same layout. */

#pragma once

#include <stdint.h>

#define PUBLIC __attribute__((visibility("default")))

enum { EXCEPTION = 21 }; /* UC_ERR_EXCEPTION: the CPU took an exception */

struct cpu {
    void *engine, *context, *state; /* state: what context_save has copied, of which two places are known */
    uint64_t exception, monitor;    /* byte offsets there: {u32 syndrome; u32; u64 address}; what the monitor watches */
    const int *registers;           /* x0 to x30, SP, PSTATE, PC */
    int (*emu_start)(void *, uint64_t, uint64_t, uint64_t, uint64_t);
    int (*emu_stop)(void *);
    int (*reg_read_batch)(void *, const int *, void *const *, int);
    int (*reg_write_batch)(void *, const int *, void *const *, int);
    int (*context_save)(void *, void *);
    int (*context_restore)(void *, void *);
    int (*hook_add)(void *, uint64_t *, int, void *, void *, uint64_t, uint64_t);
    int (*hook_del)(void *, uint64_t);
    int (*ctl)(void *, int, ...);

    uint64_t instructions; /* begun since the start */

    /* Of the last run: instructions of the blocks before the last one, and that one's first address and length. */
    uint64_t before, block, length;
    uint64_t limit;
    uint64_t due;       /* address of the block that would pass the limit */
    uint32_t due_length;
    uint32_t reached;   /* whether the limit ended the run */
    uint32_t syndrome;  /* of the exception that ended it */
    uint32_t inside;    /* whether the run is in the block that is due */
    uint64_t address;
    uint64_t stop;      /* while it is inside: the instruction before which the limit is */
};

PUBLIC int tyrne_run(struct cpu *cpu, void *const *places, uint64_t limit);
PUBLIC void tyrne_take_exception(struct cpu *cpu);
PUBLIC int tyrne_count_blocks(struct cpu *cpu);
PUBLIC uint64_t tyrne_size_of_cpu(void);
