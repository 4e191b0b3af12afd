// Reset to the first task: one core, at EL1, MMU on, running at its high address.
//
// Runs from its physical address until `high`: everything is addressed relative to the PC, no pointer in memory is used.
// audit: U-20

// Values of system registers that only assembly writes (Arm ARM D19).
#define SCTLR_MMU_OFF       0x30d00802          // SCTLR_EL1: what reads as one, and A: unaligned accesses fault
#define SPSR_EL1H_MASKED    0x3c5               // SPSR_EL2: to EL1 with SP_EL1, D A I F masked

        .section .text.boot, "ax"

        .global _start
_start:
        msr     daifset, #0xf
        mrs     x0, mpidr_el1
        ubfx    x1, x0, #32, #8                 // affinity 3
        and     x0, x0, #0xffffff               // affinities 2, 1, 0
        orr     x0, x0, x1
        cbnz    x0, park                        // only core 0 boots
        mrs     x0, currentel
        cmp     x0, #(1 << 2)
        b.eq    at_el1
        cmp     x0, #(2 << 2)
        b.ne    park

        // EL2: let EL1 use the whole CPU, in AArch64, with nothing trapped and no stage 2.
        mov     x0, #(1 << 31 | 1 << 29)        // RW; HCD: nobody is at EL2 to be called
        msr     hcr_el2, x0
        mov     x0, #0x33ff                     // only what reads as one: FP/SIMD is not trapped
        msr     cptr_el2, x0
        msr     hstr_el2, xzr
        mov     x0, #0b11                       // EL1PCEN, EL1PCTEN
        msr     cnthctl_el2, x0
        msr     cntvoff_el2, xzr
        mrs     x0, pmcr_el0
        ubfx    x0, x0, #11, #5                 // HPMN = N: all event counters belong to EL1
        msr     mdcr_el2, x0
        mrs     x0, midr_el1
        msr     vpidr_el2, x0
        mrs     x0, mpidr_el1
        msr     vmpidr_el2, x0
        msr     vttbr_el2, xzr
        ldr     x0, =SCTLR_MMU_OFF
        msr     sctlr_el1, x0
        mov     x0, #SPSR_EL1H_MASKED
        msr     spsr_el2, x0
        adr     x0, at_el1
        msr     elr_el2, x0
        eret

at_el1:
        msr     spsel, #1
        ldr     x0, =SCTLR_MMU_OFF
        msr     sctlr_el1, x0
        adrp    x0, vectors                     // a trap from here on is reported, also before the MMU is on
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        isb
        dsb     sy
        msr     daifclr, #4                     // a system error that is pending from before us is nobody's: it ends here
        isb
        msr     daifset, #4
        adrp    x0, kernel_stack_end
        mov     sp, x0

        adrp    x0, bss_start                   // both are page aligned
        adrp    x1, bss_end
1:
        .set    offset, 0
        .rept   32
        stp     xzr, xzr, [x0, #offset]
        .set    offset, offset + 16
        .endr
        add     x0, x0, #512
        cmp     x0, x1
        b.lo    1b

        bl      k_prepare_translation           // x0 = SCTLR_EL1 with the MMU on
        dsb     sy                              // the tables are in memory, as all that was stored until now
        mrs     x1, ctr_el0
        ubfx    x1, x1, #16, #4                 // DminLine
        mov     x2, #4
        lsl     x1, x2, x1                      // the bytes of a line
        adrp    x2, bss_start                   // whoever loaded us may have left lines of what we have just stored
        adrp    x3, emergency_stack_end
2:
        .rept   8                               // lines of up to 512 bytes: eight of them make whole pages
        dc      ivac, x2
        add     x2, x2, x1
        .endr
        cmp     x2, x3
        b.lo    2b
        tlbi    vmalle1
        ic      iallu
        dsb     sy
        isb
        ldr     x1, =high
        msr     sctlr_el1, x0
        isb
        br      x1                              // fetched through the low half, the one page that it maps
        .ltorg

        .global park
park:
        wfe
        b       park

        .text
high:
        adrp    x0, kernel_stack_end
        mov     sp, x0
        adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        isb
        bl      clear_floating
        bl      k_boot
        b       resume                          // of vectors.S: x0 is the first task, or null
