/* The code that every task of a batch has in one page: how a generated program gets its registers and how it shows them
   in the end, the witness, and the supervisor. layout.py names the places; a block of registers is

       0 q0 to q31 · 512 x0 to x30 · 760 sp · 768 nzcv · 776 fpcr · 784 fpsr · 792 tpidr_el0                           */

#include "tyrne.h"

        .equ    CODE, 0x00900000
        .equ    DATA, 0x00a00000
        .equ    STACK, 0x00b00000
        .equ    BLOCK, 800

        .macro  exit code
        mov     x0, \code
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
        .endm

// All registers but x30 into the block at x30; x0 is lost.
        .macro  store_all
        .irp    n, 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28
        store_pair \n
        .endr
        str     x30, [x30, #752]
        mov     x0, sp
        str     x0, [x30, #760]
        .irp    q, 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30
        store_vectors \q
        .endr
        store_special nzcv, 768
        store_special fpcr, 776
        store_special fpsr, 784
        store_special tpidr_el0, 792
        .endm
        .altmacro
        .macro  store_pair n
        store_pair_of \n, %(\n + 1), %(512 + 8 * \n)
        .endm
        .macro  store_pair_of a, b, at
        add     x30, x30, #256
        stp     x\a, x\b, [x30, #(\at - 256)]
        sub     x30, x30, #256
        .endm
        .macro  store_vectors n
        store_vectors_of \n, %(\n + 1), %(16 * \n)
        .endm
        .macro  store_vectors_of a, b, at
        stp     q\a, q\b, [x30, #\at]
        .endm
        .macro  store_special name, at
        mrs     x0, \name
        str     x0, [x30, #\at]
        .endm

// All registers from the block at x30, x30 itself the last.
        .macro  load_all
        load_floating
        load_general
        .endm
        .macro  load_floating
        .irp    q, 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30
        load_vectors \q
        .endr
        load_special fpcr, 776
        load_special fpsr, 784
        .endm
        .macro  load_general
        load_special nzcv, 768
        load_special tpidr_el0, 792
        ldr     x0, [x30, #760]
        mov     sp, x0
        .irp    n, 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28
        load_pair \n
        .endr
        ldr     x30, [x30, #752]
        .endm
        .macro  load_pair n
        load_pair_of \n, %(\n + 1), %(512 + 8 * \n)
        .endm
        .macro  load_pair_of a, b, at
        add     x30, x30, #256
        ldp     x\a, x\b, [x30, #(\at - 256)]
        sub     x30, x30, #256
        .endm
        .macro  load_vectors n
        load_vectors_of \n, %(\n + 1), %(16 * \n)
        .endm
        .macro  load_vectors_of a, b, at
        ldp     q\a, q\b, [x30, #\at]
        .endm
        .macro  load_special name, at
        ldr     x0, [x30, #\at]
        msr     \name, x0
        .endm

// x0 = a digest of the x2 words from x1 on; x3, x4 are lost.
        .macro  digest
        movz    x4, #0x7c15
        movk    x4, #0x7f4a, lsl #16
        movk    x4, #0x79b9, lsl #32
        movk    x4, #0x9e37, lsl #48
        mov     x0, x2
1:      ldr     x3, [x1], #8
        eor     x0, x0, x3
        mul     x0, x0, x4
        ror     x0, x0, #29
        sub     x2, x2, #1
        cbnz    x2, 1b
        .endm

        .global _start
_start: b       begin
        b       finish
        b       witness
        b       supervisor
        b       plain

// A generated program: all registers from the start of its data, then its own code.
begin:  movz    x30, #(DATA >> 16), lsl #16
        load_all
        b       _start + (CODE - 0x00800000)

// The same without FP/SIMD, which stays as the kernel gives it to a task that has not used it.
plain:  movz    x30, #(DATA >> 16), lsl #16
        load_general
        b       _start + (CODE - 0x00800000)

// All registers but x30 to the console, then the digests of its memory, and an end.
finish: movz    x30, #((DATA + 0x2000) >> 16), lsl #16
        movk    x30, #((DATA + 0x2000) & 0xffff)
        store_all
        mov     x0, #0
        mov     x1, x30
        mov     x2, #BLOCK
        mov     x8, #TYRNE_CALL_CONSOLE_WRITE
        svc     #0
        movz    x1, #(DATA >> 16), lsl #16
        mov     x2, #(0x3000 / 8)
        digest
        mov     x19, x0
        movz    x1, #(STACK >> 16), lsl #16
        mov     x2, #(0x1000 / 8)
        digest
        mov     x1, x19
        mov     x8, #77                         // a call that every kernel refuses: its arguments are on record
        svc     #0
leave:  exit    #0

// Its data: three blocks, and at 0xc00 the number of rounds and a seed. Nothing of what it holds may ever change, over a
// time that it works and over a call. It exits with 0, or with the number of the check that failed.
witness:
        movz    x30, #(DATA >> 16), lsl #16
        ldr     x0, [x30, #0xc08]
        movz    x1, #(STACK >> 16), lsl #16
        mov     x2, #512
1:      str     x0, [x1], #8
        eor     x0, x0, x0, ror #13
        add     x0, x0, #0x5a5
        sub     x2, x2, #1
        cbnz    x2, 1b
        bl      memory
        movz    x30, #(DATA >> 16), lsl #16
        str     x0, [x30, #0xc10]
round:  load_all
1:      sub     x29, x29, #1
        cbnz    x29, 1b
        add     x30, x30, #0x400
        store_all
        sub     x30, x30, #0x400
        load_all
        svc     #0                              // task_yield: x8 in the block is 3
        add     x30, x30, #0x800
        store_all
        movz    x20, #(DATA >> 16), lsl #16
        sub     x21, x30, #0x800
        cmp     x21, x20
        mov     x22, #1
        b.ne    failed
        add     x21, x20, #0x400                // the block from before the call: x29 has run down to 0
        ldr     x0, [x21, #744]
        mov     x22, #2
        cbnz    x0, failed
        ldr     x0, [x20, #744]
        str     x0, [x21, #744]
        bl      compare
        mov     x22, #3
        cbnz    x0, failed
        add     x21, x20, #0x800                // from after it: x0 to x7 are 0
        mov     x1, #512
1:      ldr     x0, [x21, x1]
        mov     x22, #4
        cbnz    x0, failed
        ldr     x0, [x20, x1]
        str     x0, [x21, x1]
        add     x1, x1, #8
        cmp     x1, #576
        b.ne    1b
        bl      compare
        mov     x22, #5
        cbnz    x0, failed
        bl      memory
        ldr     x1, [x20, #0xc10]
        cmp     x0, x1
        mov     x22, #6
        b.ne    failed
        movz    x30, #(DATA >> 16), lsl #16
        ldr     x0, [x30, #0xc00]
        sub     x0, x0, #1
        str     x0, [x30, #0xc00]
        cbnz    x0, round
        exit    #0
failed: exit    x22

// x0 = 0 if the block at x21 is that at x20, but for x30, which is the address of the block.
compare:
        ldr     x0, [x21, #752]
        sub     x0, x0, x21
        mov     x1, #0
1:      ldr     x2, [x20, x1]
        ldr     x3, [x21, x1]
        eor     x2, x2, x3
        cmp     x1, #752
        csel    x2, xzr, x2, eq
        orr     x0, x0, x2
        add     x1, x1, #8
        cmp     x1, #BLOCK
        b.ne    1b
        ret

// x0 = a digest of the stack and of the second page of data.
memory: movz    x1, #(STACK >> 16), lsl #16
        mov     x2, #512
        digest
        mov     x9, x0
        movz    x1, #(DATA >> 16), lsl #16
        add     x1, x1, #0x1000
        mov     x2, #512
        digest
        eor     x0, x0, x9, ror #7
        ret

// Its data: the number of programs, how many faults each may have, the start and the end of their code; in the second
// page, for each badge, the faults so far and how far into the code its next landing is. A program that faults goes on
// behind the instruction, or where it cannot be executed at all, at the next landing; after its last fault it finishes.
supervisor:
        movz    x22, #(DATA >> 16), lsl #16
        add     x23, x22, #0x1000
        ldp     x24, x25, [x22]
        ldp     x26, x27, [x22, #16]
listen: mov     x0, #0
        mov     x8, #TYRNE_CALL_WAIT
        svc     #0
told:   mov     x19, x1                         // the badge is the handle of the task
        mov     x20, x7
        mov     x28, x5
        cbz     x2, ended
        add     x9, x23, x19, lsl #4
        ldp     x10, x11, [x9]
        add     x10, x10, #1
        cmp     x10, x25
        b.eq    last
        b.hi    over
        lsr     x12, x3, #26
        cmp     x12, #0x20
        mov     x13, #0x22
        ccmp    x12, x13, #4, ne
        b.eq    land
        add     x28, x28, #4
        b       answer
land:   add     x11, x11, #256
        add     x28, x26, x11
        cmp     x28, x27
        b.lo    answer
        mov     x10, x25
last:   mov     x21, #0
1:      mov     x0, x19                         // on record: all its registers
        mov     x1, x21
        mov     x8, #TYRNE_CALL_TASK_READ
        svc     #0
        add     x21, x21, #7
        cmp     x21, #35
        b.ne    1b
        adr     x28, finish
        b       answer
over:   adr     x28, leave
answer: stp     x10, x11, [x9]
        mov     x0, x19
        mov     x1, #32
        mov     x2, x28
        mov     x8, #TYRNE_CALL_TASK_WRITE
        svc     #0
        mov     x0, x20
        mov     x5, #0
        mov     x8, #TYRNE_CALL_REPLY_WAIT
        svc     #0
        b       told
ended:  sub     x24, x24, #1
        cbnz    x24, listen
        exit    #0
