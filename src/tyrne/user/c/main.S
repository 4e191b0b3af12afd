/* The `_start` of a program that has only `main`: its result is the exit code, after destructors and what is printed.
   audit: U-46 */

#include "tyrne.h"

        .section .text._start, "ax"
        .global _start
        .type   _start, %function
_start:
        mov     x3, x0                  // the start page (struct tyrne_start), or 0
        cbz     x3, 3f
        ldp     x0, x1, [x3, #40]       // of it the arguments
        ldr     x2, [x3, #64]           // and the environment
        b       4f
3:      adr     x1, none                // no arguments: a list of them that ends at once,
        mov     x2, x1                  // and no environment
4:      bl      main
        mov     w21, w0                 // an int
        adrp    x19, user_destructors_start
        add     x19, x19, :lo12:user_destructors_start
        adrp    x20, user_destructors_end
        add     x20, x20, :lo12:user_destructors_end
        b       2f
1:      ldr     x0, [x20, #-8]!         // the last one first
        blr     x0
2:      cmp     x20, x19
        b.hi    1b
        .weak   tyrne_flush
        bl      tyrne_flush             // does nothing in a program that does not print: the linker makes it a nop
        mov     x0, x21
        mov     x8, #TYRNE_CALL_TASK_EXIT
        svc     #0
        udf     #0                      // the kernel refused to end the task: a fault does
        .size   _start, . - _start
        .balign 8
none:   .xword  0
