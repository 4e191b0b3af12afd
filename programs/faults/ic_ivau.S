/* Cache maintenance is closed to EL0. */

#include "attack.h"

        attack  "ic ivau", trapped_instruction, 0x6212dc0a
        adr     x0, _start
        ic      ivau, x0
        survived
