/* Devices are not mapped at their physical addresses: this is the data register of the UART. */

#include "attack.h"

        attack  "a store to the UART", data_abort_write, 0x92000046
        mov     x0, #0x09000000
        mov     w1, #'!'
        str     w1, [x0]
        survived
