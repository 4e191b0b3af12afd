// The way into a panic report: all registers stored, on a stack of its own, with every exception masked. A failed check
// comes this way too: it is a breakpoint.
// audit: U-22

        .text

// From a vector that must not be taken: w0 says which, TPIDR_EL1 holds x0. Nothing returns from here, so TPIDRRO_EL0,
// which EL0 could read, may serve as scratch.
        .global emergency
emergency:
        msr     tpidrro_el0, x1
        adrp    x1, emergency_frame
        add     x1, x1, :lo12:emergency_frame
        stp     x2, x3, [x1, #TRAP_FRAME_X + 16 * 1]
        stp     x4, x5, [x1, #TRAP_FRAME_X + 16 * 2]
        mrs     x2, tpidr_el1
        mrs     x3, tpidrro_el0
        mrs     x4, elr_el1
        mrs     x5, spsr_el1
        stp     x2, x3, [x1, #TRAP_FRAME_X]
        stp     x4, x5, [x1, #TRAP_FRAME_PC]
        stp     x6, x7, [x1, #TRAP_FRAME_X + 16 * 3]
        stp     x8, x9, [x1, #TRAP_FRAME_X + 16 * 4]
        stp     x10, x11, [x1, #TRAP_FRAME_X + 16 * 5]
        stp     x12, x13, [x1, #TRAP_FRAME_X + 16 * 6]
        stp     x14, x15, [x1, #TRAP_FRAME_X + 16 * 7]
        stp     x16, x17, [x1, #TRAP_FRAME_X + 16 * 8]
        stp     x18, x19, [x1, #TRAP_FRAME_X + 16 * 9]
        stp     x20, x21, [x1, #TRAP_FRAME_X + 16 * 10]
        stp     x22, x23, [x1, #TRAP_FRAME_X + 16 * 11]
        stp     x24, x25, [x1, #TRAP_FRAME_X + 16 * 12]
        stp     x26, x27, [x1, #TRAP_FRAME_X + 16 * 13]
        stp     x28, x29, [x1, #TRAP_FRAME_X + 16 * 14]
        mov     x4, sp
        stp     x30, x4, [x1, #TRAP_FRAME_X + 16 * 15]
        adrp    x5, emergency_stack_end
        mov     sp, x5
        mrs     x2, esr_el1
        mrs     x3, far_el1
        bl      k_report_trap                   // (which vector, frame, ESR_EL1, FAR_EL1)
        b       park

        .bss
        .balign 16
emergency_frame:
        .skip   SIZEOF_TRAP_FRAME
