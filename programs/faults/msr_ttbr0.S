/* Registers of EL1 do not exist at EL0: this would exchange the address space. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a write of TTBR0_EL1: expected undefined_instruction 0x02000000\n"
        msr     ttbr0_el1, xzr
        tyrne_exit 1
