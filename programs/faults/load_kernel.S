/* The kernel's half of the address space is closed to EL0: this is the first page of its code. */

#include "attack.h"

        attack  "a load from the kernel", data_abort_read, 0x9200000f
        ldr     x0, =0xffffffff40080000
        ldr     x0, [x0]
        survived
