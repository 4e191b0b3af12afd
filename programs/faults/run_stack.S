/* The stack is writable, so it is not executable: instructions put there do not run. */

#include "attack.h"

        attack  "a jump to its stack", instruction_abort, 0x8200000f
        ldr     w0, =0xd65f03c0                 // ret
        str     w0, [sp, #-16]!
        mov     x0, sp
        br      x0
        survived
