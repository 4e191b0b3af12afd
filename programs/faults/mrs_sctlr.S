/* Registers of EL1 do not exist at EL0. */

#include "attack.h"

        attack  "a read of SCTLR_EL1", undefined_instruction, 0x02000000
        mrs     x0, sctlr_el1
        survived
