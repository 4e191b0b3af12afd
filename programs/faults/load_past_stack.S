/* Nothing is mapped above the stack. */

#include "attack.h"

        attack  "a load from above its stack", data_abort_read, 0x92000007
        mov     x0, sp
        ldr     x0, [x0]
        survived
