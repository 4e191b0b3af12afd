/* The kernel's half of the address space is closed to EL0: this is the first page of its code. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a jump into the kernel: expected instruction_abort 0x8200000f\n"
        ldr     x0, =0xffffffff40080000
        br      x0
        tyrne_exit 1
