/* Registers of EL1 do not exist at EL0: this would take the kernel's vectors. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a write of VBAR_EL1: expected undefined_instruction 0x02000000\n"
        msr     vbar_el1, xzr
        tyrne_exit 1
