/* The interrupt mask is closed to EL0. */

#include "attack.h"

        attack  "a read of DAIF", trapped_instruction, 0x6232d005
        mrs     x0, daif
        survived
