/* The counter is closed to EL0: a task has no clock of its own. */

#include "attack.h"

        attack  "a read of CNTVCT_EL0", trapped_instruction, 0x6234f801
        mrs     x0, cntvct_el0
        survived
