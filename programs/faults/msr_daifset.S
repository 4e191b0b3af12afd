/* The interrupt mask is closed to EL0: a task cannot keep the processor. */

#include "attack.h"

        attack  "masking interrupts", trapped_instruction, 0x620cd3e4
        msr     daifset, #2
        survived
