/* The kernel's half of the address space is closed to EL0: this is the first page of its code. */

#include "attack.h"

        attack  "a store to the kernel", data_abort_write, 0x9200004f
        ldr     x0, =0xffffffff40080000
        str     xzr, [x0]
        survived
