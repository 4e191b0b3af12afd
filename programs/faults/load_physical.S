/* RAM is not mapped at its physical address: the kernel's image lies there. */

#include "attack.h"

        attack  "a load from the kernel by its physical address", data_abort_read, 0x92000005
        mov     x0, #0x40080000
        ldr     x0, [x0]
        survived
