/* Registers of EL1 do not exist at EL0: this would switch the MMU off. */

#include "attack.h"

        attack  "a write of SCTLR_EL1", undefined_instruction, 0x02000000
        msr     sctlr_el1, xzr
        survived
