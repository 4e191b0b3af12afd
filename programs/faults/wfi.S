/* EL0 cannot halt the processor. */

#include "attack.h"

        attack  "wfi", trapped_instruction, 0x07e00000
        wfi
        survived
