/* EL0 cannot choose the stack pointer of EL1. */

#include "attack.h"

        attack  "a write of SPSel", undefined_instruction, 0x02000000
        msr     spsel, #1
        survived
