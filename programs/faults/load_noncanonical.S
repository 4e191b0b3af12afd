/* An address of more than 48 bits that is no sign extension belongs to neither half. */

#include "tyrne.h"

        .global _start
_start: tyrne_print "a load from an address of 49 bits: expected data_abort_read 0x92000004\n"
        mov     x0, #0x0001000000000000
        ldr     x0, [x0]
        tyrne_exit 1
