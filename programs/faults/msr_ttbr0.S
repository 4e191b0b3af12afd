/* Registers of EL1 do not exist at EL0: this would exchange the address space. */

#include "attack.h"

        attack  "a write of TTBR0_EL1", undefined_instruction, 0x02000000
        msr     ttbr0_el1, xzr
        survived
