// The exception vectors: EL0 to the kernel and back, and everything that must not happen to a report.
//
// While EL0 runs, SP_EL1 points at the trap frame of the running task: the first store needs no free register. The
// kernel then runs on its one stack, from the top each time. TPIDR_EL1 is scratch of the EL1 vectors.
// audit: U-21

#define CLASS_SVC   0x15                        // ESR_EL1.EC: SVC from AArch64
#define PSTATE_A    (1 << 8)                    // SPSR_EL1.A: system errors are masked

        .if TRAP_FRAME_SP != TRAP_FRAME_X + 31 * 8 || TRAP_FRAME_PSTATE != TRAP_FRAME_PC + 8
        .error "a trap frame must be x0 to x30, sp, pc, pstate without gaps: it is stored in pairs"
        .endif
        .if SIZEOF_TRAP_FRAME % 16 != 0
        .error "a trap frame must keep a stack aligned"
        .endif
        .if TASK_FRAME != 0
        .error "the trap frame must be the first field of a task: one address is both"
        .endif

// x0 to x30, SP_EL0, ELR_EL1 and SPSR_EL1 into the frame at sp; x2 to x4 are lost.
.macro save
        stp     x0, x1, [sp, #TRAP_FRAME_X + 16 * 0]
        stp     x2, x3, [sp, #TRAP_FRAME_X + 16 * 1]
        stp     x4, x5, [sp, #TRAP_FRAME_X + 16 * 2]
        stp     x6, x7, [sp, #TRAP_FRAME_X + 16 * 3]
        stp     x8, x9, [sp, #TRAP_FRAME_X + 16 * 4]
        stp     x10, x11, [sp, #TRAP_FRAME_X + 16 * 5]
        stp     x12, x13, [sp, #TRAP_FRAME_X + 16 * 6]
        stp     x14, x15, [sp, #TRAP_FRAME_X + 16 * 7]
        stp     x16, x17, [sp, #TRAP_FRAME_X + 16 * 8]
        stp     x18, x19, [sp, #TRAP_FRAME_X + 16 * 9]
        stp     x20, x21, [sp, #TRAP_FRAME_X + 16 * 10]
        stp     x22, x23, [sp, #TRAP_FRAME_X + 16 * 11]
        stp     x24, x25, [sp, #TRAP_FRAME_X + 16 * 12]
        stp     x26, x27, [sp, #TRAP_FRAME_X + 16 * 13]
        stp     x28, x29, [sp, #TRAP_FRAME_X + 16 * 14]
        mrs     x2, sp_el0
        stp     x30, x2, [sp, #TRAP_FRAME_X + 16 * 15]
        mrs     x3, elr_el1
        mrs     x4, spsr_el1
        stp     x3, x4, [sp, #TRAP_FRAME_PC]
.endm

// All of them from the frame at sp.
.macro restore
        ldp     x3, x4, [sp, #TRAP_FRAME_PC]
        msr     elr_el1, x3
        msr     spsr_el1, x4
        ldp     x30, x2, [sp, #TRAP_FRAME_X + 16 * 15]
        msr     sp_el0, x2
        ldp     x28, x29, [sp, #TRAP_FRAME_X + 16 * 14]
        ldp     x26, x27, [sp, #TRAP_FRAME_X + 16 * 13]
        ldp     x24, x25, [sp, #TRAP_FRAME_X + 16 * 12]
        ldp     x22, x23, [sp, #TRAP_FRAME_X + 16 * 11]
        ldp     x20, x21, [sp, #TRAP_FRAME_X + 16 * 10]
        ldp     x18, x19, [sp, #TRAP_FRAME_X + 16 * 9]
        ldp     x16, x17, [sp, #TRAP_FRAME_X + 16 * 8]
        ldp     x14, x15, [sp, #TRAP_FRAME_X + 16 * 7]
        ldp     x12, x13, [sp, #TRAP_FRAME_X + 16 * 6]
        ldp     x10, x11, [sp, #TRAP_FRAME_X + 16 * 5]
        ldp     x8, x9, [sp, #TRAP_FRAME_X + 16 * 4]
        ldp     x6, x7, [sp, #TRAP_FRAME_X + 16 * 3]
        ldp     x4, x5, [sp, #TRAP_FRAME_X + 16 * 2]
        ldp     x2, x3, [sp, #TRAP_FRAME_X + 16 * 1]
        ldp     x0, x1, [sp, #TRAP_FRAME_X + 16 * 0]
.endm

// A vector from EL0: `handler` returns the task to run next, which `following` goes on with.
.macro user_vector handler, following
        .balign 0x80
        save
        mrs     x0, esr_el1
        adrp    x2, kernel_stack_end
        mov     sp, x2
        bl      \handler
        b       \following
.endm

// A vector that must not be taken.
.macro panic_vector
        .balign 0x80
        msr     tpidr_el1, x0
        mov     x0, #(. - vectors) >> 7         // which of the 16
        b       emergency
.endm

        .section .text.vectors, "ax"
        .balign 0x800
        .global vectors
vectors:
        panic_vector                            // EL1 with SP_EL0: synchronous, IRQ, FIQ, SError
        panic_vector
        panic_vector
        panic_vector

        .balign 0x80                            // EL1, synchronous: the check at boot, the machine's end, or a panic
        msr     tpidr_el1, x0
        mrs     x0, esr_el1
        lsr     x0, x0, #26
        cmp     x0, #CLASS_SVC
        b.eq    from_kernel
        cbz     x0, undefined
not_ours:
        mov     x0, #4
        b       emergency
        panic_vector                            // EL1: IRQ, FIQ
        panic_vector

        .balign 0x80                            // EL1, SError: start.S takes them before the MMU is on, else a panic
        msr     tpidr_el1, x0
        mrs     x0, sctlr_el1
        tbnz    x0, #0, 1f
        mrs     x0, spsr_el1
        orr     x0, x0, #PSTATE_A               // one: what does not cease is met at EL0
        msr     spsr_el1, x0
        mrs     x0, tpidr_el1
        eret
1:      mov     x0, #7
        b       emergency

        user_vector k_trap, resume_task         // EL0 in AArch64
        user_vector k_trap_irq, resume
        user_vector k_trap_fiq, resume
        panic_vector                            // SError: of an access before, by whomever, so of the machine

        panic_vector                            // EL0 in AArch32
        panic_vector
        panic_vector
        panic_vector
        .balign 0x80

        .text

// x0 = the task to run next, whose frame is its first field; with null the processor rests until there is one.
        .global resume
resume:
        cbz     x0, rest
resume_task:
        mov     sp, x0
        restore
        eret
        dsb     nsh                             // never reached: nor is what follows, speculatively, with EL0's registers
        isb
rest:
        adrp    x2, kernel_stack_end
        mov     sp, x2
        bl      k_rest
        cbnz    x0, resume_task
        b       park

// A supervisor call of the kernel itself: its frame is on the kernel stack.
from_kernel:
        mrs     x0, tpidr_el1
        sub     sp, sp, #SIZEOF_TRAP_FRAME
        save
        mov     x0, sp
        bl      k_trap_from_kernel
        restore
        add     sp, sp, #SIZEOF_TRAP_FRAME
        eret

// EL1: an undefined instruction. In leave.S nobody was there to be asked, and the next one is; elsewhere it is a panic.
undefined:
        msr     tpidrro_el0, x1                 // no task runs any more, or it is a panic
        mrs     x0, elr_el1
        adr     x1, leave_machine
        cmp     x0, x1
        b.lo    1f
        adr     x1, leave_machine_end
        cmp     x0, x1
        b.hs    1f
        add     x0, x0, #8
        msr     elr_el1, x0
        mrs     x0, tpidr_el1
        mrs     x1, tpidrro_el0
        eret
1:      mrs     x1, tpidrro_el0
        b       not_ours
