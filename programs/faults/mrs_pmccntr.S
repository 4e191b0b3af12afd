/* The performance counters are closed to EL0. */

#include "attack.h"

        attack  "a read of PMCCNTR_EL0", trapped_instruction, 0x6230e41b
        mrs     x0, pmccntr_el0
        survived
