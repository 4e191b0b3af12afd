/* The kernel's half of the address space is closed to EL0: this is the first page of its code. */

#include "attack.h"

        attack  "a jump into the kernel", instruction_abort, 0x8200000f
        ldr     x0, =0xffffffff40080000
        br      x0
        survived
