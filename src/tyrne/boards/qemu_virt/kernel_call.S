// A system call of the kernel itself, through the EL1 vector: how the kernel checks at boot that it refuses.
// audit: U-24

        .text

// void supervisor_call_from_kernel(TrapFrame *frame): x0 to x8 of the frame go in, x0 to x7 come out. The vector
// preserves every other register.
        .global supervisor_call_from_kernel
supervisor_call_from_kernel:
        mov     x9, x0
        ldp     x0, x1, [x9, #TRAP_FRAME_X + 16 * 0]
        ldp     x2, x3, [x9, #TRAP_FRAME_X + 16 * 1]
        ldp     x4, x5, [x9, #TRAP_FRAME_X + 16 * 2]
        ldp     x6, x7, [x9, #TRAP_FRAME_X + 16 * 3]
        ldr     x8, [x9, #TRAP_FRAME_X + 16 * 4]
        svc     #0
        stp     x0, x1, [x9, #TRAP_FRAME_X + 16 * 0]
        stp     x2, x3, [x9, #TRAP_FRAME_X + 16 * 1]
        stp     x4, x5, [x9, #TRAP_FRAME_X + 16 * 2]
        stp     x6, x7, [x9, #TRAP_FRAME_X + 16 * 3]
        ret
