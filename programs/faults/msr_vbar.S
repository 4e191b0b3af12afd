/* Registers of EL1 do not exist at EL0: this would take the kernel's vectors. */

#include "attack.h"

        attack  "a write of VBAR_EL1", undefined_instruction, 0x02000000
        msr     vbar_el1, xzr
        survived
