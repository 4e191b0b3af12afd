/* The kernel's half of the address space is closed to EL0: this is the first page of its code. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a load from the kernel: expected data_abort_read 0x9200000f\n"
        ldr     x0, =0xffffffff40080000
        ldr     x0, [x0]
        tyrne_exit 1
