// Fills every register, the flags and both words of the floating-point unit among them, sends itself a signal whose handler
// changes all of them, and compares. The exit code is 0, or: 1 if a general register, the flags or sp came back changed, 2
// if a vector did, 3 if FPSR or FPCR did, 4 if the handler did not run, or not as Linux calls it.

#define SIGUSR1 10
#define SA_RESTORER 0x04000000
#define WORDS 33        // x0 to x30, the flags, sp
#define VECTORS 272     // where they lie, 16 bytes each
#define ALL 784

        .macro  all_vectors operation
        \operation q0, q1, [x0], #32
        \operation q2, q3, [x0], #32
        \operation q4, q5, [x0], #32
        \operation q6, q7, [x0], #32
        \operation q8, q9, [x0], #32
        \operation q10, q11, [x0], #32
        \operation q12, q13, [x0], #32
        \operation q14, q15, [x0], #32
        \operation q16, q17, [x0], #32
        \operation q18, q19, [x0], #32
        \operation q20, q21, [x0], #32
        \operation q22, q23, [x0], #32
        \operation q24, q25, [x0], #32
        \operation q26, q27, [x0], #32
        \operation q28, q29, [x0], #32
        \operation q30, q31, [x0], #32
        .endm

        .macro  general operation
        \operation x1, x2, [x0, #8]
        \operation x3, x4, [x0, #24]
        \operation x5, x6, [x0, #40]
        \operation x7, x8, [x0, #56]
        \operation x9, x10, [x0, #72]
        \operation x11, x12, [x0, #88]
        \operation x13, x14, [x0, #104]
        \operation x15, x16, [x0, #120]
        \operation x17, x18, [x0, #136]
        \operation x19, x20, [x0, #152]
        \operation x21, x22, [x0, #168]
        \operation x23, x24, [x0, #184]
        \operation x25, x26, [x0, #200]
        \operation x27, x28, [x0, #216]
        \operation x29, x30, [x0, #232]
        .endm

        .macro  address register, symbol
        adrp    \register, \symbol
        add     \register, \register, :lo12:\symbol
        .endm

        .text
        .global _start
_start:
        address x0, before
        mov     x1, #ALL
        ldr     x2, =0x1234567
        mov     x3, #0xbeef
1:      mul     x2, x2, x3
        add     x2, x2, #77
        str     x2, [x0], #8
        subs    x1, x1, #8
        b.ne    1b

        mov     x0, #SIGUSR1
        address x1, with_restorer
        mov     x2, #0
        mov     x3, #8
        mov     x8, #134                // rt_sigaction
        svc     #0
        bl      check
        mov     x0, #SIGUSR1
        address x1, without_restorer    // then the system's own is used
        mov     x2, #0
        mov     x3, #8
        mov     x8, #134
        svc     #0
        bl      check
        adrp    x1, runs
        ldr     x1, [x1, :lo12:runs]
        cmp     x1, #2
        mov     x0, #4
        csel    x0, xzr, x0, eq
        b       end

check:
        adrp    x1, link
        str     x30, [x1, :lo12:link]
        mov     x8, #172                // getpid
        svc     #0
        mov     x1, x0
        address x0, before
        mov     x2, #SIGUSR1
        mov     x3, #129                // kill
        str     x1, [x0]
        str     x2, [x0, #8]
        str     x3, [x0, #64]
        mov     x3, #0xa0000000         // N and C
        mov     x4, sp
        str     x3, [x0, #248]
        str     x4, [x0, #256]
        mov     x1, #0x11               // IOC and IXC
        msr     fpsr, x1
        mov     x1, #0x00c00000         // toward zero
        msr     fpcr, x1
        add     x0, x0, #VECTORS
        all_vectors ldp
        address x0, before
        ldr     x1, [x0, #248]
        msr     nzcv, x1
        general ldp
        ldr     x0, [x0]
        svc     #0
        cbnz    x0, unanswered
        address x0, after
        general stp
        mrs     x1, nzcv
        mov     x2, sp
        stp     x1, x2, [x0, #248]
        add     x0, x0, #VECTORS
        all_vectors stp

        mov     x0, #1
        address x1, after + 8           // without x0
        address x2, before + 8
        mov     x3, #WORDS - 1
        bl      compare
        mov     x0, #2
        address x1, after + VECTORS
        address x2, before + VECTORS
        mov     x3, #64
        bl      compare
        mov     x0, #3
        mrs     x1, fpsr
        cmp     x1, #0x11
        b.ne    end
        mrs     x1, fpcr
        mov     x2, #0x00c00000
        cmp     x1, x2
        b.ne    end
        adrp    x1, link
        ldr     x30, [x1, :lo12:link]
        ret

compare:
        ldr     x4, [x1], #8
        ldr     x5, [x2], #8
        cmp     x4, x5
        b.ne    end
        subs    x3, x3, #1
        b.ne    compare
        ret

unanswered:
        mov     x0, #1
end:    mov     x8, #94
        svc     #0

handler:
        cmp     x0, #SIGUSR1
        b.ne    2f
        ldr     x1, [x29, #8]           // the chain of frames: what x30 was
        address x2, before
        ldr     x2, [x2, #240]
        cmp     x1, x2
        b.ne    2f
        adrp    x1, runs
        ldr     x2, [x1, :lo12:runs]
        add     x2, x2, #1
        str     x2, [x1, :lo12:runs]
        address x0, other
        all_vectors ldp
        mov     x1, #0x0f
        msr     fpsr, x1
        mov     x1, #0x00400000
        msr     fpcr, x1
        msr     nzcv, xzr
        address x0, other
        str     x30, [x0, #-8]
        general ldp
        address x0, other
        ldr     x30, [x0, #-8]
        ret
2:      mov     x0, #4
        b       end

restorer:
        mov     x8, #139
        svc     #0

        .data
        .balign 16
with_restorer:
        .xword  handler, SA_RESTORER, restorer, 0
without_restorer:
        .xword  handler, 0, 0, 0
runs:   .xword  0
link:   .xword  0
        .balign 16
        .space  16
other:  .fill   512, 1, 0x5a
        .bss
        .balign 16
before: .space  ALL
after:  .space  ALL
