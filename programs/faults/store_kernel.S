/* The kernel's half of the address space is closed to EL0: this is the first page of its code. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a store to the kernel: expected data_abort_write 0x9200004f\n"
        ldr     x0, =0xffffffff40080000
        str     xzr, [x0]
        tyrne_exit 1
