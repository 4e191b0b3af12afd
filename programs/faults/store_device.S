/* Devices are not mapped at their physical addresses: this is the data register of the UART. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a store to the UART: expected data_abort_write 0x92000046\n"
        mov     x0, #0x09000000
        mov     w1, #'!'
        str     w1, [x0]
        tyrne_exit 1
