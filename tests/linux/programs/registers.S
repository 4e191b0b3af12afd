// Fills every register, the flags among them, calls Linux, and compares. The exit code is 0, or the number of the row
// that came back changed.

        .macro  fill
        ldp     q0, q1, [x0], #32
        ldp     q2, q3, [x0], #32
        ldp     q4, q5, [x0], #32
        ldp     q6, q7, [x0], #32
        ldp     q8, q9, [x0], #32
        ldp     q10, q11, [x0], #32
        ldp     q12, q13, [x0], #32
        ldp     q14, q15, [x0], #32
        ldp     q16, q17, [x0], #32
        ldp     q18, q19, [x0], #32
        ldp     q20, q21, [x0], #32
        ldp     q22, q23, [x0], #32
        ldp     q24, q25, [x0], #32
        ldp     q26, q27, [x0], #32
        ldp     q28, q29, [x0], #32
        ldp     q30, q31, [x0], #32
        .endm

        .macro  keep
        stp     q0, q1, [x0], #32
        stp     q2, q3, [x0], #32
        stp     q4, q5, [x0], #32
        stp     q6, q7, [x0], #32
        stp     q8, q9, [x0], #32
        stp     q10, q11, [x0], #32
        stp     q12, q13, [x0], #32
        stp     q14, q15, [x0], #32
        stp     q16, q17, [x0], #32
        stp     q18, q19, [x0], #32
        stp     q20, q21, [x0], #32
        stp     q22, q23, [x0], #32
        stp     q24, q25, [x0], #32
        stp     q26, q27, [x0], #32
        stp     q28, q29, [x0], #32
        stp     q30, q31, [x0], #32
        .endm

        .text
        .global _start
_start:
        mov     x19, #0                 // the row
        adrp    x0, before
        add     x0, x0, :lo12:before
        mov     x1, #784                // bytes of it
        ldr     x2, =0x1234567
        mov     x3, #0xbeef
1:      mul     x2, x2, x3
        add     x2, x2, #77
        str     x2, [x0], #8
        subs    x1, x1, #8
        b.ne    1b

next:   adrp    x1, rows
        add     x1, x1, :lo12:rows
        add     x1, x1, x19, lsl #5
        ldp     x2, x3, [x1]            // number, x0
        ldp     x4, x5, [x1, #16]       // x1, x2
        cbz     x2, good
        adrp    x0, before
        add     x0, x0, :lo12:before
        str     x3, [x0]                // of x0
        str     x4, [x0, #8]
        str     x5, [x0, #16]
        str     x2, [x0, #64]           // of x8
        tst     x19, #1
        mov     x6, #0xa0000000         // N and C, or Z and V
        mov     x7, #0x50000000
        csel    x6, x6, x7, eq
        str     x6, [x0, #248]
        mov     x7, sp
        str     x7, [x0, #256]
        adrp    x6, row
        str     x19, [x6, :lo12:row]

        add     x0, x0, #272
        fill
        adrp    x0, before
        add     x0, x0, :lo12:before
        ldr     x1, [x0, #248]
        msr     nzcv, x1
        ldp     x1, x2, [x0, #8]
        ldp     x3, x4, [x0, #24]
        ldp     x5, x6, [x0, #40]
        ldp     x7, x8, [x0, #56]
        ldp     x9, x10, [x0, #72]
        ldp     x11, x12, [x0, #88]
        ldp     x13, x14, [x0, #104]
        ldp     x15, x16, [x0, #120]
        ldp     x17, x18, [x0, #136]
        ldp     x19, x20, [x0, #152]
        ldp     x21, x22, [x0, #168]
        ldp     x23, x24, [x0, #184]
        ldp     x25, x26, [x0, #200]
        ldp     x27, x28, [x0, #216]
        ldp     x29, x30, [x0, #232]
        ldr     x0, [x0]
        svc     #0
        adrp    x0, after
        add     x0, x0, :lo12:after
        stp     x1, x2, [x0, #8]
        stp     x3, x4, [x0, #24]
        stp     x5, x6, [x0, #40]
        stp     x7, x8, [x0, #56]
        stp     x9, x10, [x0, #72]
        stp     x11, x12, [x0, #88]
        stp     x13, x14, [x0, #104]
        stp     x15, x16, [x0, #120]
        stp     x17, x18, [x0, #136]
        stp     x19, x20, [x0, #152]
        stp     x21, x22, [x0, #168]
        stp     x23, x24, [x0, #184]
        stp     x25, x26, [x0, #200]
        stp     x27, x28, [x0, #216]
        stp     x29, x30, [x0, #232]
        mrs     x1, nzcv
        mov     x2, sp
        stp     x1, x2, [x0, #248]
        add     x0, x0, #272
        keep

        adrp    x1, after + 8           // all but x0
        add     x1, x1, :lo12:after + 8
        adrp    x2, before + 8
        add     x2, x2, :lo12:before + 8
        mov     x3, #256                // x1 to sp
        bl      compare
        add     x1, x1, #8              // a word that nobody uses
        add     x2, x2, #8
        mov     x3, #512                // the vectors
        bl      compare
        adrp    x6, row
        ldr     x19, [x6, :lo12:row]
        add     x19, x19, #1
        b       next

compare:
        ldr     x4, [x1], #8
        ldr     x5, [x2], #8
        cmp     x4, x5
        b.ne    bad
        subs    x3, x3, #8
        b.ne    compare
        ret

good:   mov     x0, #0
        mov     x8, #94
        svc     #0
bad:    adrp    x6, row
        ldr     x0, [x6, :lo12:row]
        add     x0, x0, #1
        mov     x8, #94
        svc     #0

        .data
        .balign 16
rows:                                   // number, x0, x1, x2
        .xword  172, 0, 0, 0            // getpid
        .xword  64, 1, text, 3          // write
        .xword  64, 77, text, 3         // write: EBADF
        .xword  66, 1, pieces, 2        // writev
        .xword  214, 0, 0, 0            // brk
        .xword  222, 0, 8192, 3         // mmap
        .xword  113, 1, room, 0         // clock_gettime
        .xword  160, room, 0, 0         // uname
        .xword  278, room, 33, 0        // getrandom
        .xword  124, 0, 0, 0            // sched_yield
        .xword  220, 0, 0, 0            // clone: there is none
        .xword  220, 0, 0, 0
        .xword  9999, 0, 0, 0
        .xword  -1, 0, 0, 0
        .xword  0, 0, 0, 0
text:   .ascii  "ok\n"
        .balign 8
pieces: .xword  text, 1, text + 1, 2
row:    .xword  0
        .bss
        .balign 16
before: .space  784
after:  .space  784
room:   .space  512
