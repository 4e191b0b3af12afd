/* The stack is writable, so it is not executable: instructions put there do not run. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a jump to its stack: expected instruction_abort 0x8200000f\n"
        ldr     w0, =0xd65f03c0                 // ret
        str     w0, [sp, #-16]!
        mov     x0, sp
        br      x0
        tyrne_exit 1
