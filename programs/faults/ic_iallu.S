/* EL0 cannot empty the instruction cache. */

#include "attack.h"

        attack  "ic iallu", undefined_instruction, 0x02000000
        ic      iallu
        survived
