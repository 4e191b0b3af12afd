/* Cache maintenance is closed to EL0. */

#include "attack.h"

        attack  "dc civac", trapped_instruction, 0x6212dc1c
        mov     x0, sp
        dc      civac, x0
        survived
