/* An address of more than 48 bits that is no sign extension belongs to neither half. */

#include "attack.h"

        attack  "a load from an address of 49 bits", data_abort_read, 0x92000004
        mov     x0, #0x0001000000000000
        ldr     x0, [x0]
        survived
