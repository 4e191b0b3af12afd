/* The registers that identify the processor are closed to EL0. */

#include "attack.h"

        attack  "a read of MIDR_EL1", undefined_instruction, 0x02000000
        mrs     x0, midr_el1
        survived
