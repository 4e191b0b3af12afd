/* Nothing is mapped at address 0. */

#include "attack.h"

        attack  "a load from address 0", data_abort_read, 0x92000006
        mov     x0, #0
        ldr     x0, [x0]
        survived
