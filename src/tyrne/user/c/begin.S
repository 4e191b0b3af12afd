/* Where a program in C begins that has `main`, constructors or thread-locals: its memory, then they, then `_start`.
   audit: U-45

   The first life finds its memory as the kernel loaded it. A later one, after `task_configure`, finds it as its last
   life left it: then data comes from its copy `.fresh`, and the rest of the writable pages, .bss, is zeros again.
   `.kept` stays as it is. */

#include "tyrne.h"

        .section .text.tyrne_begin, "ax"
        .global tyrne_begin
        .type   tyrne_begin, %function
tyrne_begin:
        mov     x21, x0                 // the start page, or 0
        adrp    x0, lived
        ldrb    w1, [x0, :lo12:lived]
        cbz     w1, 3f
        adrp    x1, user_fresh_start
        add     x1, x1, :lo12:user_fresh_start
        adrp    x2, user_fresh_data
        add     x2, x2, :lo12:user_fresh_data
        mov     x3, x1                  // the copy stands on the first page above: the zeros end there
        adrp    x4, user_fresh_end
        add     x4, x4, :lo12:user_fresh_end
        b       2f
1:      ldp     x5, x6, [x1], #16       // the copy and its place begin at multiples of 16, as the copy ends
        stp     x5, x6, [x2], #16
2:      cmp     x1, x4
        b.lo    1b
        b       5f
4:      stp     xzr, xzr, [x2], #16
5:      cmp     x2, x3
        b.lo    4b
3:      mov     w1, #1
        strb    w1, [x0, :lo12:lived]

        adrp    x0, user_thread_pointer
        add     x0, x0, :lo12:user_thread_pointer
        msr     tpidr_el0, x0
        adrp    x19, user_constructors_start
        add     x19, x19, :lo12:user_constructors_start
        adrp    x20, user_constructors_end
        add     x20, x20, :lo12:user_constructors_end
        b       7f
6:      ldr     x0, [x19], #8
        blr     x0
7:      cmp     x19, x20
        b.lo    6b
        mov     x0, x21
        mov     x29, #0                 // nobody called `_start`
        mov     x30, #0
        b       _start
        .size   tyrne_begin, . - tyrne_begin

        .section .kept.lived, "aw"
lived:  .byte   0

        tyrne_own_start
