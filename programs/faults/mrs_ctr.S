/* The cache type register is closed to EL0. */

#include "attack.h"

        attack  "a read of CTR_EL0", trapped_instruction, 0x6232c001
        mrs     x0, ctr_el0
        survived
