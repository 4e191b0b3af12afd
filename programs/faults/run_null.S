/* Nothing is mapped at address 0. */

#include "attack.h"

        attack  "a jump to address 0", instruction_abort, 0x82000006
        mov     x0, #0
        br      x0
        survived
