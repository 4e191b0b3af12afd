/* EL0 cannot return from an exception. */

#include "attack.h"

        attack  "eret", undefined_instruction, 0x02000000
        eret
        survived
