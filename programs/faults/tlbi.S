/* EL0 cannot drop cached translations. */

#include "attack.h"

        attack  "tlbi vmalle1", undefined_instruction, 0x02000000
        tlbi    vmalle1
        survived
